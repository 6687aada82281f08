/* A batch of a circuit with random angles and parameters, and what a program finds for it: shared by the tests of
 * engines. */
#ifndef ENTENTE_TESTS_CIRCUIT_RUN_H
#define ENTENTE_TESTS_CIRCUIT_RUN_H

#include <math.h>
#include <string.h>

#include "entente/engine.h"
#include "entente/memory.h"

/* splitmix64 */
static inline uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline int below(uint64_t *state, int n)
{
    return (int)(next(state) % (uint64_t)n);
}

static inline double uniform(uint64_t *state, double low, double high)
{
    return low + (high - low) * (double)(next(state) >> 11) * 0x1p-53;
}

/* loss = sum over samples s and readouts r of sin(s + 2r) e + e^2 / 4; context: the circuit */
static inline void cotangent(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    const int readouts = ((const ent_circuit *)context)->readouts;
    for (int64_t k = 0; k < count; k++)
        for (int r = 0; r < readouts; r++)
            weights[k * readouts + r] = sin((double)(first + k) + 2.0 * r) + expectations[k * readouts + r] / 2;
}

typedef struct {
    double *expectations, *grad_params, *grad_angles;
} result;

static inline result result_new(const ent_circuit *circuit, int64_t samples)
{
    return (result){ent_alloc(samples * circuit->readouts, sizeof(double)),
                    ent_alloc(circuit->params, sizeof(double)), ent_alloc(samples * circuit->angles, sizeof(double))};
}

static inline void result_free(result *r)
{
    ent_free(r->expectations);
    ent_free(r->grad_params);
    ent_free(r->grad_angles);
}

typedef struct {
    int64_t samples;
    const ent_circuit *circuit;
    double *angles, *params;
    double *expectations, *grad_params, *grad_angles;
} run;

static inline run run_new(const ent_circuit *circuit, int64_t samples, uint64_t seed)
{
    const result found = result_new(circuit, samples);
    run r = {samples,
             circuit,
             ent_alloc(samples * circuit->angles, sizeof(double)),
             ent_alloc(circuit->params, sizeof(double)),
             found.expectations,
             found.grad_params,
             found.grad_angles};
    for (int64_t k = 0; k < samples * circuit->angles; k++) r.angles[k] = uniform(&seed, -4, 4);
    for (int k = 0; k < circuit->params; k++) r.params[k] = uniform(&seed, -4, 4);
    return r;
}

static inline void run_free(run *r)
{
    ent_free(r->angles);
    ent_free(r->params);
    ent_free(r->expectations);
    ent_free(r->grad_params);
    ent_free(r->grad_angles);
}

/* Forward, then the gradient, which is written over. */
static inline ent_status run_once(run *r, ent_program *program)
{
    const ent_batch batch = {r->samples, r->angles, r->params};
    memset(r->grad_params, 0, (size_t)r->circuit->params * sizeof(double));
    ENT_TRY(ent_program_forward(program, &batch, r->expectations));
    return ent_program_gradient(program, &batch, cotangent, (void *)r->circuit, r->grad_params, r->grad_angles);
}

#endif
