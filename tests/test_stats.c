/* The statistics of a study, against enumeration and published values. */
#include "check.h"

#include <stdlib.h>

#include "campaign/stats.h"
#include "entente/random.h"

static void mean_and_deviation(void **state)
{
    (void)state;
    double mean, deviation;
    campaign_mean_deviation(4, (double[]){1, 2, 3, 6}, &mean, &deviation);
    check_near(mean, 3.0, 1e-15);
    check_near(deviation, sqrt(14.0 / 3.0), 1e-15);
    campaign_mean_deviation(1, (double[]){7}, &mean, &deviation);
    assert_true(mean == 7.0 && isnan(deviation));
    campaign_mean_deviation(0, NULL, &mean, &deviation);
    assert_true(isnan(mean) && isnan(deviation));
}

static double wilcoxon(int64_t n, const double *x, double *statistic, int64_t *used)
{
    double p;
    check_ok(campaign_wilcoxon(n, x, statistic, &p, used));
    return p;
}

/* The plants of Darwin (1876), as in the documentation of scipy.stats.wilcoxon: statistic 24, p 0.041259765625. */
static void darwins_plants(void **state)
{
    (void)state;
    const double x[] = {6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75};
    double statistic;
    int64_t used;
    check_near(wilcoxon(15, x, &statistic, &used), 0.041259765625, 1e-15);
    assert_true(statistic == 24.0 && used == 15);
}

static void five_pairs_reach_a_sixteenth(void **state)
{
    (void)state;
    const double up[] = {0.01, 0.02, 0.03, 0.04, 0.05}, mixed[] = {0.01, -0.02, 0.03, 0.04, 0.05};
    double statistic;
    int64_t used;
    check_near(wilcoxon(5, up, &statistic, &used), 0.0625, 1e-15);
    assert_true(statistic == 0.0);
    check_near(wilcoxon(5, mixed, &statistic, &used), 0.1875, 1e-15); /* W = 2: 0, 1, 2 of 32, twice */
    assert_true(statistic == 2.0);
}

/* The rank of |x_k|: 1 + how many are smaller + half of the others that are equal. */
static double mean_rank(int64_t n, const double *x, int64_t k)
{
    double rank = 1.0;
    for (int64_t j = 0; j < n; j++) {
        if (fabs(x[j]) < fabs(x[k]) && x[j] != 0.0) rank += 1.0;
        if (j != k && fabs(x[j]) == fabs(x[k])) rank += 0.5;
    }
    return rank;
}

/* Over all signs: the share whose smaller rank sum is at most that found. */
static double by_enumeration(int64_t n, const double *x)
{
    double rank[16], all = 0.0, found = 0.0;
    int64_t used = 0, extreme = 0;
    for (int64_t k = 0; k < n; k++) {
        if (x[k] == 0.0) continue;
        rank[used] = mean_rank(n, x, k);
        all += rank[used];
        if (x[k] > 0.0) found += rank[used];
        used++;
    }
    const double least = fmin(found, all - found);
    for (int64_t signs = 0; signs < INT64_C(1) << used; signs++) {
        double sum = 0.0;
        for (int64_t k = 0; k < used; k++) sum += signs >> k & 1 ? rank[k] : 0.0;
        extreme += fmin(sum, all - sum) <= least + 1e-9;
    }
    return (double)extreme / (double)(INT64_C(1) << used);
}

/* Whole numbers from -4 to 4: plenty of ties and zeros. */
static void agrees_with_all_signs_tried(void **state)
{
    (void)state;
    for (uint64_t c = 0; c < 300; c++) {
        ent_random stream = ent_random_at(1, ENT_FOR_TEST, c, 0);
        const int64_t n = 1 + (int64_t)ent_random_below(&stream, 12);
        double x[16], statistic;
        int64_t used;
        for (int64_t k = 0; k < n; k++) x[k] = (double)ent_random_below(&stream, 9) - 4.0;
        check_near(wilcoxon(n, x, &statistic, &used), by_enumeration(n, x), 1e-12);
    }
}

/* 0.3 - 0.1 and 0.2 are the same difference of two accuracies, though not the same number. */
static void rounding_errors_add_no_rank(void **state)
{
    (void)state;
    const double x[] = {0.3 - 0.1, 0.2, -0.2, 0.4 - 0.2, 0.1 - 0.1 + 1e-17}, same[] = {0.2, 0.2, -0.2, 0.2};
    double statistic;
    int64_t used;
    assert_true(x[0] != x[1]);
    check_near(wilcoxon(5, x, &statistic, &used), by_enumeration(4, same), 1e-15);
    assert_int_equal(used, 4);
    assert_true(statistic == 2.5);
}

static void nothing_differs(void **state)
{
    (void)state;
    const double x[] = {0, 0, 0};
    double statistic;
    int64_t used;
    assert_true(wilcoxon(3, x, &statistic, &used) == 1.0);
    assert_true(used == 0 && statistic == 0.0);
    assert_true(wilcoxon(0, x, &statistic, &used) == 1.0);
}

/* Beyond the exact range: against random signs. */
static void many_differences(void **state)
{
    (void)state;
    enum { N = 230, TRIES = 20000 };
    double x[N], statistic, all = N * (N + 1) / 2.0;
    int64_t used, extreme = 0;
    for (int k = 0; k < N; k++) x[k] = (k % 9 < 5 ? 1.0 : -1.0) * (k + 1);
    const double p = wilcoxon(N, x, &statistic, &used);
    for (uint64_t t = 0; t < TRIES; t++) {
        ent_random stream = ent_random_at(2, ENT_FOR_TEST, t, 0);
        double sum = 0.0;
        for (int k = 0; k < N; k++) sum += ent_random_below(&stream, 2) ? k + 1.0 : 0.0;
        extreme += fmin(sum, all - sum) <= statistic;
    }
    assert_true(p > 0.01 && p < 0.5);
    check_near(p, (double)extreme / TRIES, 0.015);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of five numbers there are 3125 resamples, all equally likely. */
static void bootstrap_follows_all_resamples(void **state)
{
    (void)state;
    const double x[5] = {0.012, -0.004, 0.030, 0.021, 0.007};
    double mean[3125], low, high;
    for (int r = 0; r < 3125; r++) {
        mean[r] = 0.0;
        for (int k = 0, digits = r; k < 5; k++, digits /= 5) mean[r] += x[digits % 5] / 5.0;
    }
    qsort(mean, 3125, sizeof *mean, by_value);
    check_ok(campaign_bootstrap_mean(5, x, 1, 10000, 0.95, &low, &high));
    assert_true(mean[(int)(0.020 * 3125)] <= low && low <= mean[(int)(0.030 * 3125)]);
    assert_true(mean[(int)(0.970 * 3125)] <= high && high <= mean[(int)(0.980 * 3125)]);
    assert_true(low < high);
    double again[2], other[2];
    check_ok(campaign_bootstrap_mean(5, x, 1, 10000, 0.95, &again[0], &again[1]));
    check_ok(campaign_bootstrap_mean(5, x, 2, 999, 0.95, &other[0], &other[1]));
    assert_true(again[0] == low && again[1] == high);
    assert_true(other[0] != low || other[1] != high);
}

static void bootstrap_of_few(void **state)
{
    (void)state;
    double low, high;
    check_ok(campaign_bootstrap_mean(3, (double[]){0.5, 0.5, 0.5}, 1, 100, 0.95, &low, &high));
    assert_true(low == 0.5 && high == 0.5);
    check_ok(campaign_bootstrap_mean(1, (double[]){0.5}, 1, 100, 0.95, &low, &high));
    assert_true(isnan(low) && isnan(high));
}

static void memory_that_is_not_there(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3};
    double a, b;
    int64_t used;
    check_every_allocation(campaign_wilcoxon(3, x, &a, &b, &used), (void)0);
    check_every_allocation(campaign_bootstrap_mean(3, x, 1, 10, 0.95, &a, &b), (void)0);
}

static const struct CMUnitTest COMPUTES[] = {cmocka_unit_test(mean_and_deviation),
                                             cmocka_unit_test(darwins_plants),
                                             cmocka_unit_test(five_pairs_reach_a_sixteenth),
                                             cmocka_unit_test(agrees_with_all_signs_tried),
                                             cmocka_unit_test(rounding_errors_add_no_rank),
                                             cmocka_unit_test(nothing_differs),
                                             cmocka_unit_test(many_differences),
                                             cmocka_unit_test(bootstrap_follows_all_resamples),
                                             cmocka_unit_test(bootstrap_of_few)};
static const struct CMUnitTest REFUSES[] = {cmocka_unit_test(memory_that_is_not_there)};

CHECK_MAIN(COMPUTES, REFUSES)
