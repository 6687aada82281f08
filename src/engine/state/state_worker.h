/* One large state and the passes over it, shared by the state engine and the shards. */
#ifndef ENTENTE_ENGINE_STATE_WORKER_H
#define ENTENTE_ENGINE_STATE_WORKER_H

#include <stddef.h>

#include "state_kernels.h"

typedef struct {
    state_run run;
    const state_kernels *kernels;
    int threads;
    state_scratch *scratch; /* [threads] */
    void *blocks;           /* memory of the blocks of the threads */
    double *angle;          /* [rotations] */
    double *sums;           /* [chunks][rotations or values] */
    double *value;          /* [values] */
    double *slope;          /* [rotations] */
    double *part[2];        /* the contraction with the product: low part, and high part for the whole index */
    double *lower;          /* [chunks][2^low_bits][re, im] */
    double *expectations, *weights;
    int lent; /* ket and bra are the caller's */
} state_worker;

/* Allocate the ket and everything its passes need; threads: maximum number; the first pass touches the memory.
 * Errors: ENT_ENOMEM. */
ent_status ent_state_worker_new(const state_plan *plan, const state_kernels *kernels, int threads,
                                state_worker **out);
/* Allocate the bra before the first backward sweep, unless it exists.  Errors: ENT_ENOMEM. */
ent_status ent_state_worker_back(state_worker *worker);
void ent_state_worker_free(state_worker *worker);
/* Ket, or ket and bra, in the caller's memory from now on, before anything has been run. */
void ent_state_worker_lend(state_worker *worker, void *ket, void *bra);

/* Size in bytes of a state, or of the part of a rank. */
size_t ent_state_part_bytes(const state_plan *plan);

/* Begin a sample: set its angles, and compute the product of the prefix. */
void ent_state_begin(state_worker *worker, const double *params, const double *data);

/* Work to do with the slices of a pass while it runs: called repeatedly between blocks, outside any parallel
 * region, with the number of completed slices, and finally with all of them. */
typedef struct {
    void (*look)(void *context, int slices);
    void *context;
} state_between;

/* Run all passes of a plan, whose rotations are those of the sample in any coordinates.  outside: the bits of the
 * index above the local ones.  begin: create the state; last: compute the sums (added to value); keep: store the
 * final state. between: called during the last pass, or NULL; the results do not depend on it. */
void ent_state_forward(state_worker *worker, const state_plan *plan, uint64_t outside, int begin, int last, int keep,
                       const state_between *between);
/* The same backwards; begin: create the bra from the weights of the values; slopes are added to. */
void ent_state_backward(state_worker *worker, const state_plan *plan, uint64_t outside, int begin, int end,
                        const state_between *between);

/* Compute the expectation values from value, and the weights of values from those of the expectation values. */
void ent_state_read(const state_worker *worker, double *expectations);
void ent_state_weigh(state_worker *worker, const double *weights);

/* After the last backward pass: contract the bra with the product (added to part); then, with part summed over all
 * ranks, compute the slopes of the prefix. */
void ent_state_contract(state_worker *worker, uint64_t outside);
void ent_state_prefix_slopes(state_worker *worker);

/* Add the slopes to the slots of their terms; either gradient may be NULL. */
void ent_state_add_slopes(const state_worker *worker, double *grad_params, double *grad_data);

#endif
