#include "privacy/discrete.h"

#include <math.h>

__extension__ typedef unsigned __int128 uint128;

/* Below n, without bias: as many bits as n - 1 has, until they are below. */
static uint128 below(ent_noise_bits *bits, uint128 n)
{
    const uint128 last = n - 1;
    const uint64_t high = (uint64_t)(last >> 64), low = (uint64_t)last;
    if (last == 0) return 0;
    const int spare = high > 0 ? __builtin_clzll(high) : __builtin_clzll(low);
    for (;;) {
        uint128 x = ent_noise_next(bits);
        if (high > 0)
            x = x << 64 >> spare | ent_noise_next(bits) >> spare;
        else
            x >>= spare;
        if (x < n) return x;
    }
}

/* True with chance exp(-above / under), for above <= under. */
static bool survives_short(ent_noise_bits *bits, uint128 above, uint128 under)
{
    uint64_t k = 1;
    while (below(bits, under * k) < above) k++;
    return k % 2 == 1;
}

static bool survives(ent_noise_bits *bits, uint128 above, uint128 under)
{
    for (; above > under; above -= under)
        if (!survives_short(bits, 1, 1)) return false;
    return survives_short(bits, above, under);
}

/* Chances proportional to exp(-|x| / scale). */
static int64_t laplace(ent_noise_bits *bits, uint64_t scale)
{
    for (;;) {
        const uint64_t rest = (uint64_t)below(bits, scale);
        if (!survives_short(bits, rest, scale)) continue;
        uint64_t whole = 0;
        while (survives_short(bits, 1, 1)) whole++;
        const bool negative = ent_noise_next(bits) & 1;
        const uint64_t size = rest + scale * whole;
        if (negative && size == 0) continue;
        if (whole < 8192) return negative ? -(int64_t)size : (int64_t)size; /* else, of chance exp(-8192), again */
    }
}

static uint64_t root_of(uint64_t x)
{
    uint64_t root = (uint64_t)sqrt((double)x);
    while (root * root > x) root--;
    while ((root + 1) * (root + 1) <= x) root++;
    return root;
}

static int64_t draw(ent_noise_bits *bits, uint64_t variance, uint64_t scale)
{
    for (;;) {
        const int64_t x = laplace(bits, scale);
        const int64_t off = (x < 0 ? -x : x) * (int64_t)scale - (int64_t)variance; /* below 2^63 */
        const uint128 size = (uint128)(uint64_t)(off < 0 ? -off : off);
        if (survives(bits, size * size, (uint128)2 * variance * scale * scale)) return x;
    }
}

void ent_discrete_fill(const ent_gaussian *noise, ent_purpose purpose, uint64_t a, uint64_t b, uint64_t variance,
                       int64_t n, int64_t *x)
{
    ent_noise_bits bits = ent_noise_at(noise, purpose, a, b);
    const uint64_t scale = root_of(variance) + 1;
    for (int64_t k = 0; k < n; k++) x[k] = draw(&bits, variance, scale);
}

ent_discrete_grid ent_discrete_grid_of(double clip, double deviation)
{
    int exponent;
    frexp(deviation, &exponent);
    const double unit = ldexp(1.0, exponent - 24), units = deviation / unit;
    return (ent_discrete_grid){
        .unit = unit, .variance = (uint64_t)ceil(units * units), .norm = (int64_t)floor(clip / unit)};
}

static bool fits(const ent_discrete_grid *grid, int64_t n, const int64_t *units)
{
    uint128 square = 0;
    const uint128 norm = (uint128)(uint64_t)grid->norm;
    for (int64_t k = 0; k < n; k++) {
        const uint128 size = (uint128)(uint64_t)(units[k] < 0 ? -units[k] : units[k]);
        square += size * size;
    }
    return square <= norm * norm;
}

void ent_discrete_round(const ent_discrete_grid *grid, int64_t n, const double *x, int64_t *units)
{
    double factor = 1.0;
    do {
        for (int64_t k = 0; k < n; k++) units[k] = (int64_t)trunc(x[k] * factor / grid->unit);
        factor *= 1.0 - 0x1p-30;
    } while (!fits(grid, n, units));
}

double ent_discrete_noise(int64_t shares, uint64_t variance, double norm, int64_t n)
{
    const double two_pi_square = 19.739208802178717, plain = norm / sqrt((double)shares * (double)variance);
    double apart = 0.0;
    for (int64_t k = 1; k < shares; k++) {
        const double term = 10.0 * exp(-two_pi_square * (double)variance * (double)k / (double)(k + 1));
        if (term == 0.0) break;
        apart += term;
    }
    const double d = (double)n;
    return 1.0 / fmin(sqrt(plain * plain + 0.5 * apart * d), plain + apart * sqrt(d));
}

double ent_discrete_distance(double variance, int64_t n)
{
    const double d = (double)n, rare = 100.0, squares = d + 2.0 * sqrt(d * rare) + 2.0 * rare;
    return d / (8.0 * variance) + squares / (24.0 * variance);
}
