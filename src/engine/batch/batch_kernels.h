/* The part of the batch engine that is compiled once for each instruction set and precision: batch/sweep.c. */
#ifndef ENTENTE_ENGINE_BATCH_KERNELS_H
#define ENTENTE_ENGINE_BATCH_KERNELS_H

#include "batch_plan.h"

typedef struct batch_kernels batch_kernels;

/* What one thread works in; all arrays are of vectors of `lanes` reals, a sample in each lane. */
typedef struct {
    void *ket, *bra; /* [amplitudes][re, im] of all nodes */
    void *half;  /* [rotations][2] of half the angle: tangent and cosine for a turn, sine and cosine for a phase */
    void *slope; /* [rotations] derivative by the angle */
    void *scale; /* [nodes][ket, bra] what the state is to be multiplied by */
    void *value; /* [values] of the readouts, then their weights */
    void *tree;  /* room for sums */
    double *expectations, *weights; /* [lanes][readouts] */
    const batch_kernels *kernels;   /* of the last group */
    int64_t version;                /* of the plan's prepare that `half` of the shared rotations is from */
} batch_worker;

struct batch_kernels {
    batch_shape shape;
    /* Up to `lanes` samples.  angles: of the first one.  expectations NULL: they stay in the worker's value.  Leaves the
     * kets where backward wants them. */
    void (*forward)(const batch_plan *plan, batch_worker *worker, const double *angles, int count,
                    double *expectations);
    /* After forward: the slopes of all rotations.  weights NULL: those of the values are in the worker's value. */
    void (*backward)(const batch_plan *plan, batch_worker *worker, const double *weights, int count);
    /* The slope of one rotation, in double. */
    void (*slope)(const batch_worker *worker, int rotation, double *lanes);
};

/* batch_worker.c.  new: errors: ENT_ENOMEM. */
ent_status ent_batch_worker_new(const batch_plan *plan, batch_worker **out);
void ent_batch_worker_free(batch_worker *worker);
/* Bytes of its states. */
double ent_batch_worker_bytes(const batch_plan *plan);
/* Run it with these kernels from now on. */
void ent_batch_worker_use(batch_worker *worker, const batch_kernels *kernels);
/* After backward: the slopes to the slots, a group's samples summed in their order.  grad_angles: of the group's first
 * sample, or NULL; both are added to. */
void ent_batch_add_slopes(const batch_plan *plan, const batch_worker *worker, int count, double *grad_params,
                          double *grad_angles);

extern const batch_kernels ent_batch_baseline_double, ent_batch_baseline_float;
#if defined(__x86_64__)
extern const batch_kernels ent_batch_avx2_double, ent_batch_avx2_float;
extern const batch_kernels ent_batch_avx512_double, ent_batch_avx512_float;
extern const batch_kernels ent_batch_avx512_narrow_double, ent_batch_avx512_narrow_float;
#endif

#endif
