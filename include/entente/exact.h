/* Exact sums: the result does not depend on the order of the terms, and hence not on ranks, threads or schedule.
 *
 * A double becomes a fixed-point integer of 128 bits with 60 fractional bits; integers add exactly.  A term is
 * rounded once, to a multiple of 2^-60, when it is added.  Range of a term and of a sum: |x| < 2^66.
 * An ent_exact holds four limbs of 32 bits in 64-bit words, so that up to 2^31 of them can be added limb by limb (by
 * MPI_SUM over int64_t) before the carries are taken.  All functions are Local; comm.h adds over ranks. */
#ifndef ENTENTE_EXACT_H
#define ENTENTE_EXACT_H

#include <stdint.h>

#include "entente/status.h"

typedef struct {
    int64_t limb[4]; /* value = sum limb[k] 2^(32 k - 60) */
} ent_exact;

/* sum[k] += x[k] * weight for k < n, the product rounded once to double.
 * Errors: ENT_ENUMERIC if a term is not finite or not below 2^66; `sum` is then unchanged. */
ent_status ent_exact_add(ent_exact *sum, const double *x, double weight, int64_t n);

/* The sum, rounded once to double. */
double ent_exact_value(const ent_exact *sum);

/* The sum of x[0..n-1], n < 2^31, which does not depend on their order: each is rounded once, to a multiple of 2^-60
 * of the power of two above the largest magnitude.  Of any range; NaN and infinities carry over as in a plain sum. */
double ent_exact_total(const double *x, int64_t n);

#endif
