/* The interface of engines: a table of functions.  program.c manages chunks, threads and sums; an engine computes
 * chunks. */
#ifndef ENTENTE_ENGINE_TABLE_H
#define ENTENTE_ENGINE_TABLE_H

#include <stdbool.h>

#include "entente/engine.h"

/* Samples first..first+count-1. */
typedef struct {
    int64_t first, count;
} ent_chunk;

/* The cotangent: computes the weights of a gradient from expectation values. */
typedef struct {
    ent_cotangent *cotangent;
    void *context;
} ent_pull;

/* What program.c needs to know of a compiled circuit.  It depends only on the plan, so that sums over chunks do not
 * depend on threads. */
typedef struct {
    char name[32];      /* the engine, and its instruction set */
    int chunk;          /* samples */
    int64_t partials;   /* length of the partial sum of a chunk, which begins with the gradient of the parameters */
    double bytes[2];    /* of the states that one thread holds at once: in a forward run, and with a gradient */
    bool inner_threads; /* threads share one sample; then chunks run one after the other in one workspace */
} ent_plan_facts;

typedef struct {
    const char *name;
    int whole_state; /* holds all amplitudes: at most ENT_MAX_STATE_QUBITS qubits */
    /* The compiled circuit: everything that depends neither on parameters nor on samples. */
    ent_status (*plan_new)(const ent_circuit *circuit, const ent_program_inp *inp, ent_plan_facts *facts,
                           void **plan);
    void (*plan_free)(void *plan);
    void (*passes)(const void *plan, int passes[2]); /* or NULL */
    /* The cost of a forward run [0] and of a gradient [1] of a group of samples, in operations on vectors: estimates
     * for comparing engines, fitted to measured times.  *samples: of a group.  NULL: not compared. */
    void (*cost)(const void *plan, double operations[2], int *samples);
    /* The workspace of one thread. */
    ent_status (*worker_new)(const void *plan, void **worker);
    /* Before a gradient: allocate its additional memory, unless it exists; NULL: none needed. */
    ent_status (*worker_back)(const void *plan, void *worker);
    void (*worker_free)(void *worker);
    /* Once per call, before the chunks, by one thread: everything that depends only on the parameters, which live as
     * long as the call; NULL: nothing. */
    ent_status (*prepare)(void *plan, const double *params);
    /* Select the random numbers of the following calls, as ent_program_draw; NULL: it draws none. */
    void (*draw)(void *plan, const ent_draws *draws);
    /* Samples first..first+count-1, count <= chunk.  expectations [count][readouts] of these samples. */
    void (*forward)(const void *plan, void *worker, const ent_batch *batch, int64_t first, int64_t count,
                    double *expectations);
    /* partial [partials]: zero on entry, this chunk's sum on return; grad_angles: of the whole batch, or NULL. */
    void (*gradient)(const void *plan, void *worker, const ent_batch *batch, ent_chunk chunk, const ent_pull *pull,
                     double *partial, double *grad_angles);
    /* grad_params [params] += the gradient that the rest of the partial sum, after the first `params` numbers,
     * represents, summed over all chunks; NULL: there is no rest. */
    void (*collect)(const void *plan, const double *rest, double *grad_params);
} ent_engine;

/* The functions that all engines have, under these names in each file. */
#define ENT_ENGINE_FUNCTIONS                                                                                         \
    .plan_new = plan_new, .plan_free = plan_free, .worker_new = worker_new, .worker_free = worker_free,              \
    .forward = forward, .gradient = gradient

/* The data angles of a sample that has `angles` of them: of the batch, or of its gradient; NULL without. */
static inline const double *ent_sample_angles(const ent_batch *batch, int angles, int64_t sample)
{
    return batch->angles ? batch->angles + sample * angles : NULL;
}
static inline double *ent_sample_slopes(double *grad_angles, int angles, int64_t sample)
{
    return grad_angles ? grad_angles + sample * angles : NULL;
}

/* ENT_ENOMEM, with the bytes that a state would need, for a circuit of more than ENT_MAX_STATE_QUBITS qubits. */
ent_status ent_engine_check_qubits(int qubits, ent_precision precision);

extern const ent_engine ent_engine_reference, ent_engine_batch, ent_engine_state, ent_engine_pauli;

#endif
