/* Vectors of REAL with one sample per lane, using the vector types of the compiler; and sine and cosine.  REAL and
 * VECTOR_BYTES must be defined. */
#ifndef ENTENTE_ENGINE_BATCH_VECTOR_H
#define ENTENTE_ENGINE_BATCH_VECTOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES = VECTOR_BYTES / sizeof(REAL), DOUBLES = VECTOR_BYTES / sizeof(double) };

typedef REAL vec __attribute__((vector_size(VECTOR_BYTES)));
typedef double dvec __attribute__((vector_size(VECTOR_BYTES)));
typedef double wide __attribute__((vector_size(LANES * sizeof(double)))); /* angles are double in both precisions */
typedef int64_t wide_bits __attribute__((vector_size(LANES * sizeof(double))));

#define ALWAYS static inline __attribute__((always_inline))
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__)
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* Integers of the width of REAL. */
typedef __typeof__((vec){0} < (vec){0}) lane_bits;

/* c[0] + c[1] z + c[2] z^2 + ... */
ALWAYS vec polynomial(const vec *z, const double *c, const int count)
{
    vec sum = (vec){0} + (REAL)c[count - 1];
    UNROLL for (int k = count - 2; k >= 0; k--) sum = sum * *z + (REAL)c[k];
    return sum;
}

/* sin(y) = y + y z S(z), cos(y) = 1 - z/2 + z^2 C(z), z = y^2, |y| <= pi/4, with the polynomials of fdlibm (k_sin.c,
 * k_cos.c) in double and of Cephes (sinf.c) in single. */
ALWAYS vec sine_near_zero(const vec *y, const vec *z)
{
    static const double wide_terms[] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,
                                        -1.98412698298579493134e-04, 2.75573137070700676789e-06,
                                        -2.50507602534068634195e-08, 1.58969099521155010221e-10},
                        terms[] = {-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4};
    const int is_double = sizeof(REAL) == sizeof(double);
    const vec s = is_double ? polynomial(z, wide_terms, 6) : polynomial(z, terms, 3);
    return *y + *y * (*z * s);
}

ALWAYS vec cosine_near_zero(const vec *z)
{
    static const double wide_terms[] = {4.16666666666666019037e-02, -1.38888888888741095749e-03,
                                        2.48015872894767294178e-05, -2.75573143513906633035e-07,
                                        2.08757232129817482790e-09, -1.13596475577881948265e-11},
                        terms[] = {4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5};
    const int is_double = sizeof(REAL) == sizeof(double);
    const vec c = is_double ? polynomial(z, wide_terms, 6) : polynomial(z, terms, 3);
    const vec half = *z * (REAL)0.5, w = (REAL)1 - half;
    return w + ((((REAL)1 - w) - half) + *z * (*z * c));
}

/* Sine and cosine of each lane, |x| < 2^17: Cody and Waite's reduction by pi/2 in three parts of 33 bits, whose
 * products with the quadrant number are exact; in double for both precisions.  Within about 1 ulp of libm, and
 * about 6 cycles per value with 8 lanes, where sincos of libm takes 70. */
ALWAYS void sine_cosine(const wide *x, vec *sine, vec *cosine)
{
    const double to_integer = 0x1.8p52; /* adding this leaves the integer in the lowest bits */
    const wide shifted = *x * 0x1.45f306dc9c883p-1 + to_integer, quadrant = shifted - to_integer;
    wide r = *x - quadrant * 1.57079632673412561417e+00;
    r = r - quadrant * 6.07710050630396597660e-11;
    r = r - quadrant * 2.02226624879595063154e-21;
    const vec y = __builtin_convertvector(r, vec), z = y * y;
    const vec s = sine_near_zero(&y, &z), c = cosine_near_zero(&z);
    const lane_bits n = __builtin_convertvector((wide_bits)shifted & 3, lane_bits), swap = -(n & 1);
    const int to_sign = 8 * (int)sizeof(REAL) - 2;
    const lane_bits sine_bits = ((lane_bits)s & ~swap) | ((lane_bits)c & swap),
                    cosine_bits = ((lane_bits)c & ~swap) | ((lane_bits)s & swap);
    *sine = (vec)(sine_bits ^ ((n & 2) << to_sign));
    *cosine = (vec)(cosine_bits ^ (((n + 1) & 2) << to_sign));
}

/* The same for angles of any size. */
static inline void sines_cosines(const wide *angle, vec *sine, vec *cosine)
{
    int small = 1;
    for (int l = 0; l < LANES; l++) small &= fabs((*angle)[l]) < 0x1p17;
    if (small) {
        sine_cosine(angle, sine, cosine);
        return;
    }
    for (int l = 0; l < LANES; l++) {
        (*sine)[l] = (REAL)sin((*angle)[l]);
        (*cosine)[l] = (REAL)cos((*angle)[l]);
    }
}

#endif
