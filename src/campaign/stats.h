/* Statistics of a study: few numbers each (seeds), so exact where that can be had.  Local. */
#ifndef ENTENTE_CAMPAIGN_STATS_H
#define ENTENTE_CAMPAIGN_STATS_H

#include <stdint.h>

#include "entente/status.h"

/* The mean and the sample standard deviation (n - 1); NaN for n = 0, and for the deviation of n = 1. */
void app_mean_deviation(int64_t n, const double *x, double *mean, double *deviation);

/* The percentile bootstrap interval of the mean (Efron and Tibshirani 1993, chapter 13): `resamples` means of n draws
 * with replacement, and between the order statistics at (1 - level) / 2 and (1 + level) / 2, interpolated linearly.
 * Draw j of resample r is a function of (seed, r, j).  n >= 2; NaN below.  Errors: ENT_ENOMEM. */
ent_status app_bootstrap_mean(int64_t n, const double *x, uint64_t seed, int64_t resamples, double level, double *low,
                              double *high);

/* Wilcoxon's signed-rank test that differences are symmetric about 0 (Wilcoxon 1945), two-sided.
 * Differences of 0 are dropped, as Wilcoxon does; equal sizes share their mean rank; numbers that agree to 1e-9 of the
 * largest are equal, so that a rounding makes no rank.  Up to 200 differences that are not 0 the p value is exact given
 * the ranks, ties or not: the distribution of the rank sum over all 2^n signs by the shift algorithm (Streitberg and
 * Roehmel 1986); beyond it is the normal approximation with the variance of the ranks as they are.
 *   statistic  the smaller of the two rank sums
 *   used       differences that are not 0; with none of them p is 1
 * With n differences no p is below 2^(1-n): 0.0625 for 5.  Errors: ENT_ENOMEM. */
ent_status app_wilcoxon(int64_t n, const double *x, double *statistic, double *p, int64_t *used);

#endif
