/* The part of the pauli engine that is compiled once for each instruction set and precision: kernels/pauli_sweep.c.
 */
#ifndef ENTENTE_ENGINE_PAULI_KERNELS_H
#define ENTENTE_ENGINE_PAULI_KERNELS_H

#include "engine/state/state_worker.h"
#include "pauli_plan.h"

typedef struct pauli_kernels pauli_kernels;

/* The memory of one thread; all arrays are of vectors of `lanes` reals, one sample per lane. */
typedef struct {
    int parts;
    batch_worker **part;            /* [parts] */
    state_worker **state;           /* [parts] those of large registers; a part that runs elsewhere has neither */
    void **value;                   /* [parts][the part's values] of the registers, then their derivatives */
    void *node, *bar;               /* [form.nodes] values, and their derivatives: zero between two groups */
    void *slope;                    /* [form.entries] derivatives of the coefficients, of several groups */
    double *expectations, *weights; /* [lanes][readouts] */
    double *wave;                   /* [lanes][form.waves] derivatives by the waves' angles */
    const pauli_kernels *kernels;   /* of the last group */
} pauli_worker;

struct pauli_kernels {
    int lanes;
    /* From the registers' values to the readouts of `count` samples; angles: data angles of the first of them on. */
    void (*forward)(const pauli_plan *plan, pauli_worker *worker, const double *angles, int count,
                    double *expectations);
    /* After forward: from the readouts' weights to those of the registers' values, and to the waves; slopes are added
     * to. */
    void (*backward)(const pauli_plan *plan, pauli_worker *worker, int count, const double *weights);
    /* total [form.entries] += the slopes, which are zero afterwards. */
    void (*collect)(const pauli_plan *plan, pauli_worker *worker, double *total);
};

extern const pauli_kernels ent_pauli_baseline_double, ent_pauli_baseline_float;
#if defined(__x86_64__)
extern const pauli_kernels ent_pauli_avx2_double, ent_pauli_avx2_float;
extern const pauli_kernels ent_pauli_avx512_double, ent_pauli_avx512_float;
extern const pauli_kernels ent_pauli_avx512_narrow_double, ent_pauli_avx512_narrow_float;
#endif

#endif
