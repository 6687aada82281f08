/* Exact sums.  Each term is scaled by 2^60, rounded to an integer of 128 bits, and added as four limbs of 32 bits
 * that are held in 64-bit words; carries are resolved only when the value is read.  Cost: a few integer operations
 * per term. */
#include "entente/exact.h"

#include <math.h>
#include <stdbool.h>

__extension__ typedef __int128 int128;

enum { FRACTION_BITS = 60, RANGE_BITS = 66 };

/* x 2^60, rounded to nearest, for |x| < 2^66: the 53-bit mantissa, shifted. */
static int128 to_fixed(double x)
{
    int exponent;
    const double mantissa = frexp(x, &exponent);
    const int shift = exponent - 53 + FRACTION_BITS;
    if (shift < 0) return (int128)rint(ldexp(mantissa, 53 + shift));
    return (int128)(int64_t)ldexp(mantissa, 53) * ((int128)1 << shift);
}

static bool fits(double x)
{
    return fabs(x) < ldexp(1.0, RANGE_BITS);
}

/* fits(x) */
static void add(ent_exact *sum, double x)
{
    int128 rest = to_fixed(x);
    for (int j = 0; j < 3; j++) {
        sum->limb[j] += (int64_t)(rest & 0xffffffff);
        rest >>= 32; /* arithmetic shift: the last limb keeps the sign */
    }
    sum->limb[3] += (int64_t)rest;
}

ent_status ent_exact_add(ent_exact *sum, const double *x, double weight, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        ENT_REQUIRE(fits(x[k] * weight), ENT_ENUMERIC, "term %lld of a sum is %g, want a finite number below 2^%d",
                    (long long)k, x[k] * weight, RANGE_BITS);
    for (int64_t k = 0; k < n; k++) add(&sum[k], x[k] * weight);
    return ENT_OK;
}

double ent_exact_value(const ent_exact *sum)
{
    int128 total = 0;
    for (int j = 3; j >= 0; j--) total = total * ((int128)1 << 32) + sum->limb[j];
    return ldexp((double)total, -FRACTION_BITS);
}

double ent_exact_total(const double *x, int64_t n)
{
    double largest = 0.0, special = 0.0; /* special: the sum of the infinities and NaN */
    int exponent;
    ent_exact sum = {{0}};
    for (int64_t k = 0; k < n; k++) {
        if (!isfinite(x[k])) special += x[k];
        largest = fmax(largest, fabs(x[k]));
    }
    if (isnan(special)) return NAN;
    if (isinf(special) || largest == 0.0) return special;
    frexp(largest, &exponent);
    for (int64_t k = 0; k < n; k++) add(&sum, ldexp(x[k], -exponent));
    return ldexp(ent_exact_value(&sum), exponent);
}
