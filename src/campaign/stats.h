/* Statistics of a study.  Samples are small (seeds), so methods are exact where possible.  Local. */
#ifndef ENTENTE_CAMPAIGN_STATS_H
#define ENTENTE_CAMPAIGN_STATS_H

#include <stdint.h>

#include "entente/status.h"

/* The mean and the sample standard deviation (n - 1); NaN for n = 0, and for the deviation of n = 1. */
void campaign_mean_deviation(int64_t n, const double *x, double *mean, double *deviation);

/* The percentile bootstrap interval of the mean (Efron and Tibshirani 1993, chapter 13): `resamples` means of n draws
 * with replacement, and between the order statistics at (1 - level) / 2 and (1 + level) / 2, interpolated linearly.
 * Draw j of resample r is a function of (seed, r, j).  NaN for n < 2.  Errors: ENT_ENOMEM. */
ent_status campaign_bootstrap_mean(int64_t n, const double *x, uint64_t seed, int64_t resamples, double level,
                                   double *low, double *high);

/* Wilcoxon's signed-rank test that differences are symmetric about 0 (Wilcoxon 1945), two-sided.
 * Zero differences are dropped, following Wilcoxon; ties get their mean rank; numbers that agree to 1e-9 of the
 * largest count as tied, so that rounding does not affect ranks.  For up to 200 nonzero differences the p value is
 * exact given the ranks, with or without ties: the distribution of the rank sum over all 2^n signs is computed by the
 * shift algorithm (Streitberg and Roehmel 1986).  Beyond that it is the normal approximation with the actual variance
 * of the ranks.
 *   statistic  the smaller of the two rank sums
 *   used       number of nonzero differences; p is 1 if it is 0
 * With n differences p is at least 2^(1-n): 0.0625 for 5.  Errors: ENT_ENOMEM. */
ent_status campaign_wilcoxon(int64_t n, const double *x, double *statistic, double *p, int64_t *used);

#endif
