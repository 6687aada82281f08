/* Mean, bootstrap interval and signed-rank test; methods and sources are given in stats.h. */
#include "stats.h"

#include <math.h>
#include <stdlib.h>

#include "entente/memory.h"
#include "entente/random.h"

enum { EXACT_UP_TO = 200 };

void campaign_mean_deviation(int64_t n, const double *x, double *mean, double *deviation)
{
    double sum = 0.0, squares = 0.0;
    for (int64_t k = 0; k < n; k++) sum += x[k];
    *mean = n > 0 ? sum / (double)n : NAN;
    for (int64_t k = 0; k < n; k++) squares += (x[k] - *mean) * (x[k] - *mean);
    *deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int64_t n, double share)
{
    const double at = share * (double)(n - 1);
    const int64_t k = (int64_t)at;
    return k + 1 < n ? sorted[k] + (at - (double)k) * (sorted[k + 1] - sorted[k]) : sorted[n - 1];
}

ent_status campaign_bootstrap_mean(int64_t n, const double *x, uint64_t seed, int64_t resamples, double level,
                                   double *low, double *high)
{
    *low = *high = NAN;
    if (n < 2) return ENT_OK;
    double *mean = ent_alloc(resamples, sizeof *mean);
    ENT_REQUIRE(mean, ENT_ENOMEM, "bootstrap of %lld resamples: no memory", (long long)resamples);
    for (int64_t r = 0; r < resamples; r++) {
        ent_random stream = ent_random_at(seed, ENT_FOR_BOOTSTRAP, (uint64_t)r, 0);
        double sum = 0.0;
        for (int64_t k = 0; k < n; k++) sum += x[ent_random_below(&stream, (uint64_t)n)];
        mean[r] = sum / (double)n;
    }
    qsort(mean, (size_t)resamples, sizeof *mean, by_value);
    *low = quantile(mean, resamples, 0.5 * (1.0 - level));
    *high = quantile(mean, resamples, 0.5 * (1.0 + level));
    ent_free(mean);
    return ENT_OK;
}

/* ---- Wilcoxon ---- */

typedef struct {
    double size; /* |difference| */
    int negative;
    int64_t rank2; /* twice its mean rank, a whole number */
} signed_rank;

static int by_size(const void *a, const void *b)
{
    const signed_rank *x = a, *y = b;
    return (x->size > y->size) - (x->size < y->size);
}

/* Sort and rank the nonzero differences by size.  Returns their number. */
static int64_t rank_differences(int64_t n, const double *x, signed_rank *out)
{
    double largest = 0.0;
    int64_t used = 0;
    for (int64_t k = 0; k < n; k++) largest = fmax(largest, fabs(x[k]));
    const double equal = 1e-9 * largest;
    for (int64_t k = 0; k < n; k++)
        if (fabs(x[k]) > equal) out[used++] = (signed_rank){.size = fabs(x[k]), .negative = x[k] < 0.0};
    qsort(out, (size_t)used, sizeof *out, by_size);
    for (int64_t first = 0, end; first < used; first = end) {
        for (end = first + 1; end < used && out[end].size - out[end - 1].size <= equal;) end++;
        for (int64_t k = first; k < end; k++)
            out[k].rank2 = first + 1 + end; /* twice the mean of the ranks first+1..end */
    }
    return used;
}

/* P(rank sum <= w) over all signs, with sums in units of 1/2: each rank either shifts the distribution or not. */
static ent_status exact_tail(int64_t n, const signed_rank *ranked, int64_t w2, double *p)
{
    const int64_t most = n * (n + 1);
    double *share = ent_alloc(most + 1, sizeof *share);
    ENT_REQUIRE(share, ENT_ENOMEM, "signed-rank test of %lld differences: no memory", (long long)n);
    int64_t reached = 0;
    share[0] = 1.0;
    for (int64_t k = 0; k < n; k++) {
        const int64_t rank = ranked[k].rank2;
        reached += rank;
        for (int64_t s = reached; s >= 0; s--) share[s] = 0.5 * (share[s] + (s >= rank ? share[s - rank] : 0.0));
    }
    *p = 0.0;
    for (int64_t s = 0; s <= w2; s++) *p += share[s];
    ent_free(share);
    return ENT_OK;
}

/* Given the ranks r, the rank sum has mean sum r / 2 and variance sum r^2 / 4. */
static double normal_tail(int64_t n, const signed_rank *ranked, int64_t w2)
{
    double mean = 0.0, variance = 0.0;
    for (int64_t k = 0; k < n; k++) {
        const double rank = 0.5 * (double)ranked[k].rank2;
        mean += 0.5 * rank;
        variance += 0.25 * rank * rank;
    }
    return 0.5 * erfc((mean - 0.5 * (double)w2) / sqrt(2.0 * variance));
}

static ent_status test(int64_t n, const signed_rank *ranked, double *statistic, double *p)
{
    int64_t sum2[2] = {0, 0};
    for (int64_t k = 0; k < n; k++) sum2[ranked[k].negative] += ranked[k].rank2;
    const int64_t least = sum2[0] < sum2[1] ? sum2[0] : sum2[1];
    double tail = 0.5;
    if (n > 0 && n <= EXACT_UP_TO) ENT_TRY(exact_tail(n, ranked, least, &tail));
    if (n > EXACT_UP_TO) tail = normal_tail(n, ranked, least);
    *statistic = 0.5 * (double)least;
    *p = fmin(1.0, 2.0 * tail);
    return ENT_OK;
}

ent_status campaign_wilcoxon(int64_t n, const double *x, double *statistic, double *p, int64_t *used)
{
    signed_rank *ranked = ent_alloc(n, sizeof *ranked);
    ENT_REQUIRE(ranked, ENT_ENOMEM, "signed-rank test of %lld differences: no memory", (long long)n);
    *used = rank_differences(n, x, ranked);
    const ent_status status = test(*used, ranked, statistic, p);
    ent_free(ranked);
    return status;
}
