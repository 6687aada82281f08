/* Vectors of REAL, a sample in each lane, by the compiler's vector types; and sine and cosine.  Wants REAL and
 * VECTOR_BYTES. */
#ifndef ENTENTE_ENGINE_BATCH_VECTOR_H
#define ENTENTE_ENGINE_BATCH_VECTOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef REAL vec __attribute__((vector_size(VECTOR_BYTES)));
typedef double dvec __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t ivec __attribute__((vector_size(VECTOR_BYTES)));

enum { LANES = VECTOR_BYTES / sizeof(REAL), WIDE = VECTOR_BYTES / sizeof(double) };

#define ALWAYS static inline __attribute__((always_inline))
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__)
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* Sine and cosine of each lane, |x| < 2^17: Cody and Waite's reduction by pi/2 in three parts of 33 bits, whose
 * products with the quadrant's number are exact, then the polynomials of fdlibm (k_sin.c, k_cos.c).  Within 1 ulp or
 * so of libm; about 6 cycles a value with 8 lanes, where libm's sincos costs 70. */
ALWAYS void sine_cosine(const dvec *angle, dvec *sine, dvec *cosine)
{
    const double to_integer = 0x1.8p52; /* adding this leaves the integer in the lowest bits */
    const dvec x = *angle, shifted = x * 0x1.45f306dc9c883p-1 + to_integer, quadrant = shifted - to_integer;
    dvec r = x - quadrant * 1.57079632673412561417e+00;
    r = r - quadrant * 6.07710050630396597660e-11;
    const dvec tail = quadrant * 2.02226624879595063154e-21;
    const dvec y = r - tail, z = y * y;
    dvec s = -2.50507602534068634195e-08 + z * 1.58969099521155010221e-10;
    s = 2.75573137070700676789e-06 + z * s;
    s = -1.98412698298579493134e-04 + z * s;
    s = 8.33333333332248946124e-03 + z * s;
    s = -1.66666666666666324348e-01 + z * s;
    s = y + y * (z * s);
    dvec c = 2.08757232129817482790e-09 + z * -1.13596475577881948265e-11;
    c = -2.75573143513906633035e-07 + z * c;
    c = 2.48015872894767294178e-05 + z * c;
    c = -1.38888888888741095749e-03 + z * c;
    c = 4.16666666666666019037e-02 + z * c;
    const dvec half = 0.5 * z, w = 1.0 - half;
    c = w + (((1.0 - w) - half) + z * (z * c));
    const ivec n = (ivec)shifted, swap = -(n & 1);
    const ivec sine_bits = ((ivec)s & ~swap) | ((ivec)c & swap), cosine_bits = ((ivec)c & ~swap) | ((ivec)s & swap);
    *sine = (dvec)(sine_bits ^ ((n & 2) << 62));
    *cosine = (dvec)(cosine_bits ^ (((n + 1) & 2) << 62));
}

/* The same for LANES angles anywhere, of which the first `used` count; the others get what some of them get. */
static void sines_cosines(const double *angle, int used, double *sine, double *cosine)
{
    int small = 1;
    for (int l = 0; l < used; l++) small &= fabs(angle[l]) < 0x1p17;
    dvec x = {0}, s = {0}, c = {0};
    for (int l = 0; small && l < LANES; l += WIDE) {
        if (l < used) {
            memcpy(&x, angle + l, sizeof x);
            sine_cosine(&x, &s, &c);
        }
        memcpy(sine + l, &s, sizeof s);
        memcpy(cosine + l, &c, sizeof c);
    }
    for (int l = 0; !small && l < LANES; l++) {
        sine[l] = sin(angle[l]);
        cosine[l] = cos(angle[l]);
    }
}

#endif
