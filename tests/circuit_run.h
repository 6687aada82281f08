/* A batch of a circuit with random angles and parameters, and what a program finds for it: shared by the tests of
 * engines. */
#ifndef ENTENTE_TESTS_CIRCUIT_RUN_H
#define ENTENTE_TESTS_CIRCUIT_RUN_H

#include "check.h"

#include "entente/engine.h"

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

/* What a new program finds: forward, then the gradient. */
static inline ent_status result_of(const ent_circuit *circuit, const ent_program_inp *inp, const ent_batch *batch,
                                   result *r)
{
    ent_program *program;
    ENT_TRY(ent_program_new(circuit, inp, &program));
    ent_status status = ent_program_forward(program, batch, r->expectations);
    if (status == ENT_OK)
        status = ent_program_gradient(program, batch, cotangent, (void *)circuit, r->grad_params, r->grad_angles);
    ent_program_free(program);
    return status;
}

/* Bit for bit. */
static inline bool result_is_same(const ent_circuit *circuit, int64_t samples, const result *a, const result *b)
{
    const size_t size = sizeof(double);
    return !memcmp(a->expectations, b->expectations, (size_t)(samples * circuit->readouts) * size) &&
           !memcmp(a->grad_params, b->grad_params, (size_t)circuit->params * size) &&
           !memcmp(a->grad_angles, b->grad_angles, (size_t)(samples * circuit->angles) * size);
}

/* The largest difference, relative to the larger of 1 and the largest number wanted; infinite if a number is not
 * finite. */
static inline double distance(const double *found, const double *wanted, int64_t count)
{
    double most = 0.0, size = 1.0;
    for (int64_t k = 0; k < count; k++) {
        const double off = fabs(found[k] - wanted[k]);
        if (!isfinite(off)) return INFINITY;
        most = fmax(most, off);
        size = fmax(size, fabs(wanted[k]));
    }
    return most / size;
}

static inline double result_distance(const ent_circuit *circuit, int64_t samples, const result *found,
                                     const result *wanted)
{
    const double e = distance(found->expectations, wanted->expectations, samples * circuit->readouts);
    const double p = distance(found->grad_params, wanted->grad_params, circuit->params);
    const double d = distance(found->grad_angles, wanted->grad_angles, samples * circuit->angles);
    return fmax(e, fmax(p, d));
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

/* Forward, then the gradient, which is overwritten. */
static inline ent_status run_once(run *r, ent_program *program)
{
    const ent_batch batch = {r->samples, r->angles, r->params};
    memset(r->grad_params, 0, (size_t)r->circuit->params * sizeof(double));
    ENT_TRY(ent_program_forward(program, &batch, r->expectations));
    return ent_program_gradient(program, &batch, cotangent, (void *)r->circuit, r->grad_params, r->grad_angles);
}

/* A new program, twice: state left by a call does not change the next one. */
static inline void run_go(run *r, const ent_program_inp *inp)
{
    ent_program *program;
    check_ok(ent_program_new(r->circuit, inp, &program));
    for (int again = 0; again < 2; again++) check_ok(run_once(r, program));
    ent_program_free(program);
}

static inline result run_result(const run *r)
{
    return (result){r->expectations, r->grad_params, r->grad_angles};
}

static inline bool run_is_same(const run *a, const run *b)
{
    const result of_a = run_result(a), of_b = run_result(b);
    return result_is_same(a->circuit, a->samples, &of_a, &of_b);
}

/* Programs of both kinds find the same bits for one batch of a circuit. */
static inline void check_same_bits(const ent_circuit *circuit, int64_t samples, uint64_t seed,
                                   const ent_program_inp *a, const ent_program_inp *b)
{
    run of_a = run_new(circuit, samples, seed), of_b = run_new(circuit, samples, seed);
    run_go(&of_a, a);
    run_go(&of_b, b);
    assert_true(run_is_same(&of_a, &of_b));
    run_free(&of_a);
    run_free(&of_b);
}

static inline double run_distance(const run *found, const run *wanted)
{
    const result of_found = run_result(found), of_wanted = run_result(wanted);
    return result_distance(wanted->circuit, wanted->samples, &of_found, &of_wanted);
}

#endif
