/* Random numbers: number k of a stream is word k % 4 of its Philox4x64-10 block k / 4, computed at every draw, so a
 * stream is no more than a key, a counter and a position.  Distributions use standard methods on the uniform
 * draws. */
#include "entente/random.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#endif
#include <Random123/philox.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

ent_random ent_random_at(uint64_t seed, ent_purpose purpose, uint64_t a, uint64_t b)
{
    return (ent_random){.key = {seed, (uint64_t)purpose}, .counter = {a, b}, .next = 0};
}

uint64_t ent_random_bits(const ent_random *stream, uint64_t index)
{
    const philox4x64_ctr_t counter = {{stream->counter[0], stream->counter[1], index / 4, 0}};
    const philox4x64_key_t key = {{stream->key[0], stream->key[1]}};
    return philox4x64(counter, key).v[index % 4];
}

void ent_random_words(const ent_random *stream, uint64_t first, int n, uint64_t *word)
{
    const philox4x64_key_t key = {{stream->key[0], stream->key[1]}};
    for (int k = 0; k < n; k += 4) {
        const philox4x64_ctr_t counter = {{stream->counter[0], stream->counter[1], (first + (uint64_t)k) / 4, 0}};
        const philox4x64_ctr_t block = philox4x64(counter, key);
        memcpy(word + k, block.v, (size_t)(n - k < 4 ? n - k : 4) * sizeof *word);
    }
}

static uint64_t draw(ent_random *stream)
{
    return ent_random_bits(stream, stream->next++);
}

double ent_random_uniform(ent_random *stream)
{
    return ((double)(draw(stream) >> 11) + 0.5) * 0x1p-53;
}

/* Draws from the last, incomplete run of n values are rejected, which affects at most every second draw. */
uint64_t ent_random_below(ent_random *stream, uint64_t n)
{
    const uint64_t whole = UINT64_MAX - UINT64_MAX % n;
    uint64_t bits;
    do bits = draw(stream);
    while (bits >= whole);
    return bits % n;
}

double ent_random_normal(ent_random *stream)
{
    const double two_pi = 6.28318530717958647692;
    const double radius = sqrt(-2.0 * log(ent_random_uniform(stream)));
    return radius * cos(two_pi * ent_random_uniform(stream));
}

/* Below shape 1: Gamma(a) = Gamma(a + 1) U^(1/a), as a sum of logarithms. */
double ent_random_log_gamma(ent_random *stream, double shape)
{
    if (shape < 1.0) {
        const double log_u = log(ent_random_uniform(stream));
        return ent_random_log_gamma(stream, shape + 1.0) + log_u / shape;
    }
    const double d = shape - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        const double x = ent_random_normal(stream), root = 1.0 + c * x;
        const double u = ent_random_uniform(stream);
        if (root <= 0.0) continue;
        const double v = root * root * root;
        if (log(u) < 0.5 * x * x + d - d * v + d * log(v)) return log(d * v);
    }
}

/* Probabilities one after another, each from that before it. */
static int64_t binomial_by_inversion(ent_random *stream, int64_t n, double p)
{
    const double odds = p / (1.0 - p);
    double u = ent_random_uniform(stream), chance = exp((double)n * log1p(-p));
    int64_t k = 0;
    while (u > chance && k < n) {
        u -= chance;
        chance *= odds * (double)(n - k) / (double)(k + 1);
        k++;
    }
    return k;
}

static double log_factorial(double k)
{
    int sign;
    return lgamma_r(k + 1.0, &sign);
}

static int64_t binomial_by_rejection(ent_random *stream, int64_t trials, double p)
{
    const double n = (double)trials, spread = sqrt(n * p * (1.0 - p));
    const double b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p, center = n * p + 0.5;
    const double alpha = (2.83 + 5.1 / b) * spread, sure = 0.92 - 4.2 / b, mode = floor((n + 1.0) * p);
    const double log_odds = log(p / (1.0 - p)), at_mode = log_factorial(mode) + log_factorial(n - mode);
    for (;;) {
        const double u = ent_random_uniform(stream) - 0.5, v = ent_random_uniform(stream), edge = 0.5 - fabs(u);
        const double k = floor((2.0 * a / edge + b) * u + center);
        if (edge >= 0.07 && v <= sure) return (int64_t)k;
        if (k < 0.0 || k > n) continue;
        if (log(v * alpha / (a / (edge * edge) + b)) <=
            at_mode - log_factorial(k) - log_factorial(n - k) + (k - mode) * log_odds)
            return (int64_t)k;
    }
}

int64_t ent_random_binomial(ent_random *stream, int64_t n, double p)
{
    if (p > 0.5) return n - ent_random_binomial(stream, n, 1.0 - p);
    if (p <= 0.0 || n == 0) return 0;
    return (double)n * p < 10.0 ? binomial_by_inversion(stream, n, p) : binomial_by_rejection(stream, n, p);
}

void ent_random_dirichlet(ent_random *stream, double alpha, int n, double *share)
{
    double largest = -INFINITY, sum = 0.0;
    for (int k = 0; k < n; k++) {
        share[k] = ent_random_log_gamma(stream, alpha);
        largest = fmax(largest, share[k]);
    }
    for (int k = 0; k < n; k++) sum += share[k] = exp(share[k] - largest);
    for (int k = 0; k < n; k++) share[k] /= sum;
}

void ent_random_permutation(ent_random *stream, int64_t n, int64_t *order)
{
    for (int64_t k = 0; k < n; k++) order[k] = k;
    for (int64_t k = n - 1; k > 0; k--) {
        const int64_t j = (int64_t)ent_random_below(stream, (uint64_t)k + 1), swap = order[k];
        order[k] = order[j];
        order[j] = swap;
    }
}

uint64_t ent_hash_text(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}
