/* Privacy loss distributions of the sampled Gaussian mechanism.
 *
 * One round: P = (1 - q) N(0, s^2) + q N(1, s^2) with the client, Q = N(0, s^2) without it.  The loss of an outcome x
 * of the first of two distributions is log of its density over that of the second: for a client that is removed
 * l(x) = log(1 - q + q exp((2 x - 1) / (2 s^2))), x ~ P, which rises with x; for one that is added -l(x), x ~ Q.
 *
 * Losses are put on a grid: the mass that both distributions have between two grid points is assigned to these two so
 * that the masses under both are preserved (connecting the dots: the curve delta(exp(epsilon)) is convex, and is
 * replaced by its chords, so nothing is underestimated).  Losses beyond the grid count as infinite, or are moved up
 * to its first point.
 *
 * Losses of independent rounds add up, so the distribution of their sum is a power of the Fourier transform.  The
 * window of the FFT holds all but exp(-TAIL) of it at either end, by Chernoff's bound, and this counts as infinite
 * loss. */
#include <fftw3.h>
#include <math.h>
#include <stdbool.h>

#include "entente/memory.h"
#include "privacy/pld.h"

static const double TAIL = 40.0;  /* of a window: exp(-40) = 4e-18 */
static const double REACH = 10.0; /* deviations of the noise that one round's grid covers */
enum { COARSE = 4096, FEWEST_BITS = 15, MOST_BITS = 20 };

/* One round's losses (first + k) step. */
typedef struct {
    double step;
    int64_t first, n;
    double *chance;
    double infinite;
} losses;

typedef struct {
    double q, s, low, high; /* outcomes from low to high are on the grid */
} round_of;

static double loss_of(const round_of *r, double x)
{
    const double u = (2.0 * x - 1.0) / (2.0 * r->s * r->s);
    if (r->q == 1.0) return u;
    return u < 600.0 ? log1p(r->q * expm1(u)) : log(r->q) + u;
}

/* The outcome of a loss, within low..high. */
static double outcome_of(const round_of *r, double loss)
{
    double u = loss - log(r->q); /* log((exp(loss) - (1 - q)) / q) */
    if (r->q < 1.0 && loss < 600.0) {
        const double rest = expm1(loss) + r->q;
        if (rest <= 0.0) return r->low;
        u = log(rest / r->q);
    }
    return fmin(fmax(r->s * r->s * u + 0.5, r->low), r->high);
}

/* N(mean, s^2) of a..b. */
static double mass(double a, double b, double mean, double s)
{
    const double root = sqrt(2.0) * s, x = (a - mean) / root, y = (b - mean) / root;
    if (x > 0.0) return 0.5 * (erfc(x) - erfc(y));
    if (y < 0.0) return 0.5 * (erfc(-y) - erfc(-x));
    return 0.5 * (erf(y) - erf(x));
}

/* Between grid points k and k + 1 the first distribution has mass `first`, the second `second`. */
static void connect(losses *out, int64_t k, double first, double second)
{
    const double loss = (double)(out->first + k) * out->step;
    double up = first;
    if (loss < 600.0) up = fmin(fmax((first - exp(loss) * second) / -expm1(-out->step), 0.0), first);
    out->chance[k] += first - up;
    out->chance[k + 1] += up;
}

/* Losses l(x) of a client that is removed. */
static void fill_removed(const round_of *r, losses *out)
{
    double x = r->low;
    for (int64_t k = 0; k + 1 < out->n; k++) {
        const double next = k + 2 == out->n ? r->high : outcome_of(r, (double)(out->first + k + 1) * out->step);
        const double without = mass(x, next, 0.0, r->s), with = mass(x, next, 1.0, r->s);
        connect(out, k, (1.0 - r->q) * without + r->q * with, without);
        x = next;
    }
    out->chance[1] += (1.0 - r->q) * mass(-INFINITY, r->low, 0.0, r->s) + r->q * mass(-INFINITY, r->low, 1.0, r->s);
    out->infinite = (1.0 - r->q) * mass(r->high, INFINITY, 0.0, r->s) + r->q * mass(r->high, INFINITY, 1.0, r->s);
}

/* Losses -l(x) of a client that is added. */
static void fill_added(const round_of *r, losses *out)
{
    double x = r->high;
    for (int64_t k = 0; k + 1 < out->n; k++) {
        const double next = k + 2 == out->n ? r->low : outcome_of(r, -(double)(out->first + k + 1) * out->step);
        const double without = mass(next, x, 0.0, r->s), with = mass(next, x, 1.0, r->s);
        connect(out, k, without, (1.0 - r->q) * without + r->q * with);
        x = next;
    }
    out->chance[1] += mass(r->high, INFINITY, 0.0, r->s);
    out->infinite = mass(-INFINITY, r->low, 0.0, r->s);
}

static ent_status losses_make(const round_of *r, bool added, double step, losses *out)
{
    const double a = loss_of(r, r->low), b = loss_of(r, r->high);
    const double low = added ? -b : a, high = added ? -a : b;
    *out = (losses){.step = step, .first = (int64_t)floor(low / step)};
    out->n = (int64_t)ceil(high / step) - out->first + 1;
    if (out->n < 2) out->n = 2;
    out->chance = ent_alloc(out->n, sizeof *out->chance);
    ENT_REQUIRE(out->chance, ENT_ENOMEM, "privacy losses: no memory");
    added ? fill_added(r, out) : fill_removed(r, out);
    return ENT_OK;
}

/* log E[exp(t loss)], of losses that are finite. */
static double log_moment(const losses *l, double t)
{
    double largest = -INFINITY, sum = 0.0;
    for (int64_t k = 0; k < l->n; k++)
        if (l->chance[k] > 0.0) largest = fmax(largest, t * (double)(l->first + k) * l->step);
    for (int64_t k = 0; k < l->n; k++) sum += exp(t * (double)(l->first + k) * l->step - largest) * l->chance[k];
    return largest + log(sum);
}

static double argument_of(int k)
{
    return 1e-4 * pow(1.6, k);
}

/* All but exp(-TAIL) of the sum of `steps` losses is above *low, and below *high. */
static void window_of(const ent_pld_way *way, int64_t steps, double *low, double *high)
{
    *low = (double)steps * way->least;
    *high = (double)steps * way->most;
    for (int k = 0; k < ENT_PLD_MOMENTS; k++) {
        *high = fmin(*high, ((double)steps * way->moment[0][k] + TAIL) / argument_of(k));
        *low = fmax(*low, -((double)steps * way->moment[1][k] + TAIL) / argument_of(k));
    }
}

static double deviation_of(const losses *l)
{
    double mean = 0.0, square = 0.0;
    for (int64_t k = 0; k < l->n; k++) mean += (double)(l->first + k) * l->step * l->chance[k];
    for (int64_t k = 0; k < l->n; k++) {
        const double off = (double)(l->first + k) * l->step - mean;
        square += off * off * l->chance[k];
    }
    return sqrt(square);
}

/* The moments from which windows are computed, on a coarse grid that the final one divides by a power of two: its
 * distribution is wider, never narrower. */
static ent_status measure(const round_of *r, bool added, double step, ent_pld_way *way, double *deviation)
{
    losses coarse;
    ENT_TRY(losses_make(r, added, step, &coarse));
    way->least = (double)coarse.first * step;
    way->most = (double)(coarse.first + coarse.n - 1) * step;
    for (int k = 0; k < ENT_PLD_MOMENTS; k++) {
        way->moment[0][k] = log_moment(&coarse, argument_of(k));
        way->moment[1][k] = log_moment(&coarse, -argument_of(k));
    }
    *deviation = fmin(*deviation, deviation_of(&coarse));
    ent_free(coarse.chance);
    return ENT_OK;
}

/* The grid: 1/32 of one round's deviation, or coarser if the window of `most` rounds would not fit. */
static ent_status choose_grid(ent_pld *pld, const round_of *r, int64_t most)
{
    double width = 0.0, deviation = INFINITY, low, high;
    pld->step = (loss_of(r, r->high) - loss_of(r, r->low)) / COARSE;
    for (int way = 0; way < pld->ways; way++) {
        ENT_TRY(measure(r, way == 1, pld->step, &pld->way[way], &deviation));
        window_of(&pld->way[way], most, &low, &high);
        width = fmax(width, high - low);
        window_of(&pld->way[way], 1, &low, &high);
        width = fmax(width, high - low);
    }
    while (pld->step > deviation / 32.0 && width / pld->step < ldexp(0.4, MOST_BITS)) pld->step *= 0.5;
    while (width / pld->step > ldexp(0.9, MOST_BITS)) pld->step *= 2.0;
    pld->n = INT64_C(1) << FEWEST_BITS;
    while (width / pld->step > 0.9 * (double)pld->n) pld->n *= 2;
    return ENT_OK;
}

static int64_t modulo(int64_t a, int64_t n)
{
    return (a % n + n) % n;
}

/* The transform of one round's distribution, modulo n. */
static ent_status transform(ent_pld *pld, const round_of *r, int way)
{
    losses one;
    ENT_TRY(losses_make(r, way == 1, pld->step, &one));
    for (int64_t k = 0; k < pld->n; k++) pld->chance[k] = 0.0;
    for (int64_t k = 0; k < one.n; k++) pld->chance[modulo(one.first + k, pld->n)] += one.chance[k];
    pld->way[way].infinite = one.infinite;
    ent_free(one.chance);
    fftw_plan plan;
#pragma omp critical(fftw_planner)
    plan = fftw_plan_dft_r2c_1d((int)pld->n, pld->chance, (fftw_complex *)pld->way[way].transform, FFTW_ESTIMATE);
    fftw_execute(plan);
#pragma omp critical(fftw_planner)
    fftw_destroy_plan(plan);
    return ENT_OK;
}

ent_status ent_pld_make(double rate, double noise, int64_t most, ent_pld *out)
{
    const round_of r = {.q = rate, .s = noise, .low = -REACH * noise, .high = 1.0 + REACH * noise};
    *out = (ent_pld){.ways = rate == 1.0 ? 1 : 2};
    ent_status status = choose_grid(out, &r, most);
    out->chance = ent_alloc(out->n, sizeof *out->chance);
    out->sum = ent_alloc(out->n, sizeof *out->sum);
    out->power = ent_alloc(out->n + 2, sizeof *out->power);
    bool there = out->chance && out->sum && out->power;
    for (int way = 0; way < out->ways; way++) {
        out->way[way].transform = ent_alloc(out->n + 2, sizeof *out->way[way].transform);
        there = there && out->way[way].transform;
    }
    if (status == ENT_OK && !there) status = ent_fail(ENT_ENOMEM, "privacy losses: no memory");
    for (int way = 0; way < out->ways && status == ENT_OK; way++) status = transform(out, &r, way);
    if (status != ENT_OK) ent_pld_clear(out);
    return status;
}

void ent_pld_clear(ent_pld *pld)
{
    for (int way = 0; way < 2; way++) ent_free(pld->way[way].transform);
    ent_free(pld->chance);
    ent_free(pld->sum);
    ent_free(pld->power);
    *pld = (ent_pld){.n = 0};
}

/* pld->chance, from pld->first: the sum of `steps` losses. */
static void compose(ent_pld *pld, int number, int64_t steps)
{
    const ent_pld_way *way = &pld->way[number];
    double low, high;
    window_of(way, steps, &low, &high);
    pld->first = (int64_t)floor(low / pld->step);
    for (int64_t k = 0; k <= pld->n / 2; k++) {
        const double real = way->transform[2 * k], imaginary = way->transform[2 * k + 1];
        const double size = pow(hypot(real, imaginary), (double)steps) / (double)pld->n;
        const double angle = atan2(imaginary, real) * (double)steps;
        pld->power[2 * k] = size * cos(angle);
        pld->power[2 * k + 1] = size * sin(angle);
    }
    fftw_plan plan;
#pragma omp critical(fftw_planner)
    plan = fftw_plan_dft_c2r_1d((int)pld->n, (fftw_complex *)pld->power, pld->sum, FFTW_ESTIMATE);
    fftw_execute(plan);
#pragma omp critical(fftw_planner)
    fftw_destroy_plan(plan);
    for (int64_t k = 0; k < pld->n; k++) pld->chance[k] = fmax(pld->sum[modulo(pld->first + k, pld->n)], 0.0);
    pld->infinite = -expm1((double)steps * log1p(-way->infinite)) + 2.0 * exp(-TAIL);
}

static double loss_at(const ent_pld *pld, int64_t k)
{
    return (double)(pld->first + k) * pld->step;
}

double ent_pld_delta(ent_pld *pld, int64_t steps, double epsilon)
{
    double largest = 0.0;
    for (int way = 0; way < pld->ways; way++) {
        compose(pld, way, steps);
        double delta = pld->infinite;
        for (int64_t k = pld->n - 1; k >= 0 && loss_at(pld, k) > epsilon; k--)
            delta -= pld->chance[k] * expm1(epsilon - loss_at(pld, k));
        largest = fmax(largest, delta);
    }
    return fmin(largest, 1.0);
}

/* delta(epsilon) = infinite + above - exp(epsilon) weighted, with the sums of chance and of chance exp(-loss) over
 * the losses above epsilon; from the largest loss down to the first that makes it too large. */
static double epsilon_of(const ent_pld *pld, double delta)
{
    double above = 0.0, weighted = 0.0; /* of chance exp(top - loss), so that nothing overflows */
    const double top = loss_at(pld, pld->n - 1), wanted = delta - pld->infinite;
    if (wanted < 0.0) return INFINITY;
    for (int64_t k = pld->n - 1; k >= 0; k--) {
        const double loss = loss_at(pld, k), below = loss - pld->step;
        above += pld->chance[k];
        weighted += pld->chance[k] * exp(fmin(top - loss, 700.0));
        if (above > wanted && above - weighted * exp(below - top) > wanted)
            return fmax(log((above - wanted) / weighted) + top, 0.0);
        if (below < 0.0) break;
    }
    return 0.0;
}

double ent_pld_epsilon(ent_pld *pld, int64_t steps, double delta)
{
    double largest = 0.0;
    for (int way = 0; way < pld->ways; way++) {
        compose(pld, way, steps);
        largest = fmax(largest, epsilon_of(pld, delta));
    }
    return largest;
}
