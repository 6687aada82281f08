/* The part of the state engine that is compiled once for each instruction set and precision: state/sweep.c. */
#ifndef ENTENTE_ENGINE_STATE_KERNELS_H
#define ENTENTE_ENGINE_STATE_KERNELS_H

#include "state_plan.h"

/* A sample's run: what all threads read, and the state. */
typedef struct {
    const state_plan *plan;
    uint64_t outside; /* the bits of the index above those in this memory */
    void *ket, *bra;  /* [lines][re, im] vectors */
    void *factor;     /* [rotations][2] vectors: tangent (Y) or sine (Z) of half the angle, by the sign of a line */
    void *sign;       /* [rotations][2] vectors: what the slope of a rotation is multiplied by */
    double *cosine;   /* [rotations] of half the angle */
    double *bit;      /* [bits][2 amplitudes][re, im] the prefix's product */
    int low_bits;     /* the product as low part times high part */
    void *low;        /* [2^low_bits] amplitudes as lines */
    double *high;     /* [2^(local_bits - low_bits)][re, im] */
    double *weight;   /* [values] of the readouts, for the way back */
} state_run;

/* What one thread works in. */
typedef struct {
    void *ket, *bra; /* blocks */
    void *tree;      /* [6][2^STATE_TREES] vectors */
} state_scratch;

typedef struct {
    state_shape shape;
    /* The tables of a sample from the rotations' angles (factor, sign, cosine) and from `bit` (low, high). */
    void (*prepare)(state_run *run, const double *angle);
    /* Blocks first..last-1.  begin: make the state from the product; keep: store it; sums [values], added to. */
    void (*forward)(const state_run *run, const state_pass *pass, const state_scratch *scratch, int64_t first,
                    int64_t last, int begin, int keep, double *sums);
    /* The same backwards.  begin: make the bra from ket and weights; end: the ket is not needed any more; slopes
     * [rotations], added to. */
    void (*backward)(const state_run *run, const state_pass *pass, const state_scratch *scratch, int64_t first,
                     int64_t last, int begin, int end, double *slopes);
    /* A pass that is a transform, on ket or bra; back: taken back. */
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
