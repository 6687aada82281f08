/* Discrete Gaussian noise: integers x with probabilities proportional to exp(-x^2 / (2 variance)).
 *
 * Drawn exactly, with integers only (Canonne, Kamath, Steinke 2020, arXiv 2004.00010, algorithms 1 to 3), so no
 * lowest bit of a double reveals anything about what the noise hides.  Clients of secure aggregation add it to
 * integers (Kairouz, Liu, Steinke 2021, arXiv 2102.06387): the change in units of a grid, rounded towards 0, which
 * makes no norm larger.  Local. */
#ifndef ENTENTE_PRIVACY_DISCRETE_H
#define ENTENTE_PRIVACY_DISCRETE_H

#include "privacy/gaussian.h"

/* n numbers of (purpose, a, b), for 1 <= variance <= 2^48. */
void ent_discrete_fill(const ent_gaussian *noise, ent_purpose purpose, uint64_t a, uint64_t b, uint64_t variance,
                       int64_t n, int64_t *x);

/* The grid of one client's share of the noise. */
typedef struct {
    double unit;       /* a power of two: `deviation` is 2^23 to 2^24 of them */
    uint64_t variance; /* of the noise, in units: not below deviation^2 */
    int64_t norm;      /* of a change, in units: `clip`, rounded down */
} ent_discrete_grid;

/* 2^-37 <= deviation, clip / deviation < 2^28. */
ent_discrete_grid ent_discrete_grid_of(double clip, double deviation);

/* x [n] to units, rounded towards 0, of a norm that is not above that of the grid: exactly, in integers.  The norm of
 * x is not above clip, but for rounding. */
void ent_discrete_round(const ent_discrete_grid *grid, int64_t n, const double *x, int64_t *units);

/* The noise multiplier of a normal distribution whose Renyi divergences bound those of the sum of `shares` draws, for
 * changes of this norm in n dimensions: Kairouz, Liu, Steinke, where a sum of discrete Gaussians, which is
 * none, is close to one. */
double ent_discrete_noise(int64_t shares, uint64_t variance, double norm, int64_t n);

/* How much closer or further any outcome's chance can be than that of the rounded normal distribution: the logarithm,
 * except for outcomes of chance exp(-100) together.  Per round, epsilon by privacy loss distributions grows by twice
 * as much.
 *
 * Of one number, with r = x / variance: the chance of rounding to x is the density times the mean over u in
 * (-1/2, 1/2) of exp(-r u - u^2 / (2 variance)), which is at least exp(-1 / (8 variance)) and at most exp(r^2 / 24).
 * The sum of x^2 / variance over n numbers is at most n + 2 sqrt(n L) + 2 L but for chance exp(-L) (Laurent, Massart
 * 2000). */
double ent_discrete_distance(double variance, int64_t n);

#endif
