/* The part of the noise engine that is compiled once for each instruction set and precision: kernels/noise_sweep.c.
 */
#ifndef ENTENTE_ENGINE_NOISE_KERNELS_H
#define ENTENTE_ENGINE_NOISE_KERNELS_H

#include "noise_register.h"

/* What one thread works in for one register; all arrays are of vectors of `lanes` reals, a sample in each lane. */
typedef struct {
    void *ket, *bra; /* [strings] expectation values, and their derivatives */
    void *aside;     /* [asides][strings] */
    void *turned;    /* [angles][2] cosine and sine */
    void *slope;     /* [angles] their derivatives */
    void *value;     /* [values] of the readouts, then their derivatives */
} noise_worker;

typedef struct {
    int lanes;
    /* Up to `lanes` samples; angles: of the first one. */
    void (*forward)(const noise_register *reg, noise_worker *worker, const double *angles, int count);
    /* After forward, with the derivatives in `value`: the slopes. */
    void (*backward)(const noise_register *reg, noise_worker *worker);
    /* The slope of one angle, in double. */
    void (*slope)(const noise_worker *worker, int angle, double *lanes);
} noise_kernels;

extern const noise_kernels ent_noise_baseline_double, ent_noise_baseline_float;
#if defined(__x86_64__)
extern const noise_kernels ent_noise_avx2_double, ent_noise_avx2_float;
extern const noise_kernels ent_noise_avx512_double, ent_noise_avx512_float;
#endif

#endif
