/* The part of the state engine that is compiled once for each instruction set and precision:
 * kernels/state_sweep.c. */
#ifndef ENTENTE_ENGINE_STATE_KERNELS_H
#define ENTENTE_ENGINE_STATE_KERNELS_H

#include "state_plan.h"

/* The run of a sample: data read by all threads, and the state. */
typedef struct {
    const state_plan *plan;
    uint64_t outside; /* the index bits above those held in this memory */
    void *ket, *bra;  /* [lines][re, im] vectors */
    void *factor;     /* [rotations][2] vectors: tangent (Y) or sine (Z) of half the angle, for each sign of a line */
    void *sign;       /* [rotations][2] vectors: factor of the slope of a rotation */
    double *cosine;   /* [rotations] cosine of half the angle */
    double *bit;      /* [bits][2 amplitudes][re, im] the product of the prefix */
    int low_bits;     /* the product is split into a low and a high part */
    void *low;        /* [2^low_bits] amplitudes as lines */
    double *high;     /* [2^(local_bits - low_bits)][re, im] */
    double *weight;   /* [values] weights of the readouts, for the backward sweep */
} state_run;

/* Working memory of one thread. */
typedef struct {
    void *ket, *bra; /* blocks */
    void *tree;      /* [6][2^STATE_TREES] vectors */
} state_scratch;

typedef struct {
    state_shape shape;
    /* Compute the tables of a sample from the angles of the rotations (factor, sign, cosine) and from `bit` (low,
     * high). */
    void (*prepare)(state_run *run, const double *angle);
    /* Process blocks first..last-1.  begin: create the state from the product; keep: store it; sums [values],
     * added to. */
    void (*forward)(const state_run *run, const state_pass *pass, const state_scratch *scratch, int64_t first,
                    int64_t last, int begin, int keep, double *sums);
    /* The same backwards.  begin: create the bra from ket and weights; end: the ket is no longer needed; slopes
     * [rotations], added to. */
    void (*backward)(const state_run *run, const state_pass *pass, const state_scratch *scratch, int64_t first,
                     int64_t last, int begin, int end, double *slopes);
    /* A transform pass, on ket or bra; back: undo it. */
    void (*transform)(const state_run *run, const state_pass *pass, const state_scratch *scratch, void *state,
                      int64_t first, int64_t last, int back);
    /* sum over the low part of conj(bra) low, for each high part first..last-1: upper [][re, im]; and, added to, the
     * sum over these high parts of conj(bra) high: lower [2^low_bits][re, im]. */
    void (*contract)(const state_run *run, const state_scratch *scratch, int64_t first, int64_t last, double *upper,
                     double *lower);
} state_kernels;

extern const state_kernels ent_state_baseline_double, ent_state_baseline_float;
#if defined(__x86_64__)
extern const state_kernels ent_state_avx2_double, ent_state_avx2_float;
extern const state_kernels ent_state_avx512_double, ent_state_avx512_float;
#endif

#endif
