/* The part of the batch engine that is compiled once for each instruction set and precision:
 * kernels/batch_sweep.c. */
#ifndef ENTENTE_ENGINE_BATCH_KERNELS_H
#define ENTENTE_ENGINE_BATCH_KERNELS_H

#include "batch_plan.h"

typedef struct batch_kernels batch_kernels;

/* Working memory of one thread; all arrays consist of vectors of `lanes` reals, one sample per lane. */
typedef struct {
    void *ket, *bra; /* [amplitudes][re, im] of all nodes */
    void *half;      /* [rotations][2] of half the angle: tangent and cosine of a turn, sine and cosine of a phase */
    void *slope;     /* [rotations] derivative with respect to the angle */
    void *scale;     /* [nodes][ket, bra] pending factor of the state */
    void *value;     /* [values] values of the readouts, then their weights */
    void *tree;      /* scratch space for sums */
    double *expectations, *weights; /* [lanes][readouts] */
    const batch_kernels *kernels;   /* of the last group */
    int64_t version;                /* the call of prepare that `half` of the shared rotations comes from */
} batch_worker;

struct batch_kernels {
    batch_shape shape;
    /* Run up to `lanes` samples.  angles: those of the first one.  expectations NULL: they stay in the value of
     * the worker.  Leaves the kets where backward expects them. */
    void (*forward)(const batch_plan *plan, batch_worker *worker, const double *angles, int count,
                    double *expectations);
    /* After forward: compute the slopes of all rotations.  weights NULL: the weights of the values are in the
     * value of the worker. */
    void (*backward)(const batch_plan *plan, batch_worker *worker, const double *weights, int count);
    /* The slope of one rotation, in double. */
    void (*slope)(const batch_worker *worker, int rotation, double *lanes);
};

/* batch_worker.c.  new: errors: ENT_ENOMEM. */
ent_status ent_batch_worker_new(const batch_plan *plan, batch_worker **out);
void ent_batch_worker_free(batch_worker *worker);
/* Size of its states in bytes. */
double ent_batch_worker_bytes(const batch_plan *plan);
/* Use these kernels from now on. */
void ent_batch_worker_use(batch_worker *worker, const batch_kernels *kernels);
/* After backward: add the slopes to the slots, summing the samples of a group in order.  grad_angles: that of the
 * first sample of the group, or NULL; both gradients are added to. */
void ent_batch_add_slopes(const batch_plan *plan, const batch_worker *worker, int count, double *grad_params,
                          double *grad_angles);

extern const batch_kernels ent_batch_baseline_double, ent_batch_baseline_float;
#if defined(__x86_64__)
extern const batch_kernels ent_batch_avx2_double, ent_batch_avx2_float;
extern const batch_kernels ent_batch_avx512_double, ent_batch_avx512_float;
extern const batch_kernels ent_batch_avx512_narrow_double, ent_batch_avx512_narrow_float;
#endif

#endif
