/* One large state and the passes over it: what the state engine and the shards have in common. */
#ifndef ENTENTE_ENGINE_STATE_WORKER_H
#define ENTENTE_ENGINE_STATE_WORKER_H

#include <stddef.h>

#include "state_kernels.h"

typedef struct {
    state_run run;
    const state_kernels *kernels;
    int threads;
    state_scratch *scratch; /* [threads] */
    void *blocks;           /* where the threads' blocks are */
    double *angle;          /* [rotations] */
    double *sums;           /* [chunks][rotations or values] */
    double *value;          /* [values] */
    double *slope;          /* [rotations] */
    double *part[2];        /* of the contraction with the product: low, and high for the whole index */
    double *lower;          /* [chunks][2^low_bits][re, im] */
    double *expectations, *weights;
    int lent; /* ket and bra are the caller's */
} state_worker;

/* The ket and what its passes need; threads: at most; memory is touched by the first pass.  Errors: ENT_ENOMEM. */
ent_status ent_state_worker_new(const state_plan *plan, const state_kernels *kernels, int threads,
                                state_worker **out);
/* The bra, before the first way back; nothing where it is there.  Errors: ENT_ENOMEM. */
ent_status ent_state_worker_back(state_worker *worker);
void ent_state_worker_free(state_worker *worker);
/* Ket, or ket and bra, in the caller's memory from now on, before anything has been run. */
void ent_state_worker_lend(state_worker *worker, void *ket, void *bra);

/* Bytes of a state, or of a rank's part of it. */
size_t ent_state_part_bytes(const state_plan *plan);

/* A sample begins: its angles, and the product of the prefix. */
void ent_state_begin(state_worker *worker, const double *params, const double *data);

/* What is done with a pass's slices while it goes on: called again and again between blocks, outside of any parallel
 * region, with the number of slices that are done; at last with all. */
typedef struct {
    void (*look)(void *context, int slices);
    void *context;
} state_between;

/* All passes of a plan, whose rotations are those of the sample in any coordinates.  outside: the bits of the index
 * above the local ones.  begin: make the state; last: sum up into value (added to); keep: leave the state behind.
 * between: in the pass that is done last, or NULL; the results do not depend on it. */
void ent_state_forward(state_worker *worker, const state_plan *plan, uint64_t outside, int begin, int last, int keep,
                       const state_between *between);
/* The same backwards; begin: make the bra from the weights of the values; slopes are added to. */
void ent_state_backward(state_worker *worker, const state_plan *plan, uint64_t outside, int begin, int end,
                        const state_between *between);

/* Expectation values from value, and the weights of values from those of the expectation values. */
void ent_state_read(const state_worker *worker, double *expectations);
void ent_state_weigh(state_worker *worker, const double *weights);

/* Behind the last backward pass: contract the bra with the product, into part (added to); then, part being the sum
 * over all ranks, the slopes of the prefix. */
void ent_state_contract(state_worker *worker, uint64_t outside);
void ent_state_prefix_slopes(state_worker *worker);

/* The slopes to the slots of their terms; either may be NULL. */
void ent_state_add_slopes(const state_worker *worker, double *grad_params, double *grad_data);

#endif
