/* The batch engine gives what the reference engine gives: every instruction set, both precisions, any threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "entente/engine.h"
#include "entente/memory.h"

static const char *const ISAS[] = {"baseline", "avx2", "avx512"};
enum { ISA_COUNT = 3 };

static int has(const char *isa)
{
    const char *name;
    return ent_isa_pick(isa, &name) == ENT_OK;
}

/* ---- random circuits ---- */

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int below(uint64_t *state, int n)
{
    return (int)(next(state) % (uint64_t)n);
}

static double uniform(uint64_t *state, double low, double high)
{
    return low + (high - low) * (double)(next(state) >> 11) * 0x1p-53;
}

static ent_angle random_angle(uint64_t *state, int params, int angles)
{
    ent_angle angle = ent_angle_fixed(uniform(state, -7, 7));
    const int which = below(state, 4);
    if (which == 1 && params > 0) angle = ent_angle_param(below(state, params));
    if (which >= 2 && angles > 0) angle = ent_angle_data(below(state, angles));
    if (angle.source != ENT_ANGLE_FIXED && below(state, 3) == 0) {
        angle.scale = uniform(state, -2, 2);
        angle.offset = uniform(state, -2, 2);
    }
    /* Half turns and their neighbours: where the tangent of the half angle is huge. */
    if (angle.source == ENT_ANGLE_FIXED && below(state, 6) == 0)
        angle.offset = 3.14159265358979323846 * (1 + below(state, 3)) + (below(state, 2) ? 0.0 : 1e-9);
    return angle;
}

static ent_circuit *random_circuit(uint64_t *state, int qubits, int gates)
{
    const int params = below(state, 8), angles = below(state, 8);
    ent_circuit *circuit;
    assert_int_equal(ent_circuit_new(qubits, params, angles, &circuit), ENT_OK);
    for (int g = 0; g < gates; g++) {
        ent_gate gate = {.kind = (ent_gate_kind)below(state, ENT_GATE_KINDS)};
        const ent_gate_info *info = ent_gate_describe(gate.kind);
        if (info->qubits > qubits) continue;
        gate.qubit[0] = below(state, qubits);
        gate.qubit[1] = info->qubits == 1 ? gate.qubit[0] : (gate.qubit[0] + 1 + below(state, qubits - 1)) % qubits;
        gate.angle = info->angles ? random_angle(state, params, angles) : ent_angle_none();
        assert_int_equal(ent_circuit_add(circuit, gate), ENT_OK);
    }
    const int every = below(state, 2), strings = below(state, 4);
    for (int q = 0; q < qubits; q++)
        if (every || below(state, 2)) assert_int_equal(ent_circuit_read(circuit, UINT64_C(1) << q), ENT_OK);
    for (int k = 0; k < strings; k++) {
        const uint64_t mask = 1 + next(state) % ((UINT64_C(1) << qubits) - 1);
        assert_int_equal(ent_circuit_read(circuit, mask), ENT_OK);
    }
    return circuit;
}

/* ---- runs ---- */

typedef struct {
    int64_t samples;
    const ent_circuit *circuit;
    double *angles, *params;
    double *expectations, *grad_params, *grad_angles;
} run;

/* loss = sum over samples s and readouts r of sin(s + 2r) e + e^2 / 4 */
static void cotangent(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    const int readouts = ((const ent_circuit *)context)->readouts;
    for (int64_t k = 0; k < count; k++)
        for (int r = 0; r < readouts; r++)
            weights[k * readouts + r] = sin((double)(first + k) + 2.0 * r) + expectations[k * readouts + r] / 2;
}

static run run_new(const ent_circuit *circuit, int64_t samples, uint64_t seed)
{
    run r = {.samples = samples, .circuit = circuit};
    r.angles = ent_alloc(samples * circuit->angles, sizeof(double));
    r.params = ent_alloc(circuit->params, sizeof(double));
    r.expectations = ent_alloc(samples * circuit->readouts, sizeof(double));
    r.grad_params = ent_alloc(circuit->params, sizeof(double));
    r.grad_angles = ent_alloc(samples * circuit->angles, sizeof(double));
    for (int64_t k = 0; k < samples * circuit->angles; k++) r.angles[k] = uniform(&seed, -4, 4);
    for (int k = 0; k < circuit->params; k++) r.params[k] = uniform(&seed, -4, 4);
    return r;
}

static void run_free(run *r)
{
    ent_free(r->angles);
    ent_free(r->params);
    ent_free(r->expectations);
    ent_free(r->grad_params);
    ent_free(r->grad_angles);
}

static void run_go(run *r, const ent_program_inp *inp)
{
    const ent_batch batch = {r->samples, r->angles, r->params};
    ent_program *program;
    memset(r->grad_params, 0, (size_t)r->circuit->params * sizeof(double));
    assert_int_equal(ent_program_new(r->circuit, inp, &program), ENT_OK);
    assert_int_equal(ent_program_forward(program, &batch, r->expectations), ENT_OK);
    assert_int_equal(
        ent_program_gradient(program, &batch, cotangent, (void *)r->circuit, r->grad_params, r->grad_angles), ENT_OK);
    ent_program_free(program);
}

static double largest(const double *a, const double *b, int64_t count)
{
    double most = 0.0;
    for (int64_t k = 0; k < count; k++) {
        const double d = fabs(a[k] - (b ? b[k] : 0.0));
        if (!(d <= most)) most = d;
    }
    return most;
}

/* Distance relative to the larger of 1 and the largest number there is. */
static double distance(const double *a, const double *b, int64_t count)
{
    const double size = largest(b, NULL, count);
    return largest(a, b, count) / (size > 1.0 ? size : 1.0);
}

static void assert_equal(const run *a, const run *b, double tolerance, const char *what)
{
    const ent_circuit *c = a->circuit;
    const double e = distance(a->expectations, b->expectations, a->samples * c->readouts);
    const double p = distance(a->grad_params, b->grad_params, c->params);
    const double d = distance(a->grad_angles, b->grad_angles, a->samples * c->angles);
    if (!(e <= tolerance && p <= tolerance && d <= tolerance))
        fail_msg("%s: %d qubits, %lld gates, %lld samples: distances %.2g %.2g %.2g, want %.2g", what, c->qubits,
                 (long long)c->gates, (long long)a->samples, e, p, d, tolerance);
}

/* The circuit against the reference engine on every instruction set of the machine. */
static void check(const ent_circuit *circuit, int64_t samples, uint64_t seed, ent_precision precision,
                  double tolerance)
{
    run want = run_new(circuit, samples, seed), got = run_new(circuit, samples, seed);
    run_go(&want, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE, .threads = 1});
    for (int k = 0; k < ISA_COUNT; k++) {
        if (!has(ISAS[k])) continue;
        run_go(&got, &(ent_program_inp){ENT_ENGINE_BATCH, precision, 1, ISAS[k]});
        assert_equal(&got, &want, tolerance, ISAS[k]);
    }
    run_free(&want);
    run_free(&got);
}

/* ---- computes ---- */

static void random_circuits(ent_precision precision, int count, double tolerance)
{
    for (int k = 0; k < count; k++) {
        uint64_t state = (uint64_t)k * 1000 + 17;
        const int qubits = 1 + below(&state, k % 10 == 0 ? 9 : 6);
        ent_circuit *circuit = random_circuit(&state, qubits, below(&state, 15 * qubits + 2));
        check(circuit, 1 + below(&state, 21), state, precision, tolerance);
        ent_circuit_free(circuit);
    }
}

static void test_random_double(void **state)
{
    (void)state;
    random_circuits(ENT_DOUBLE, 1200, 1e-13);
}

static void test_random_single(void **state)
{
    (void)state;
    random_circuits(ENT_SINGLE, 400, 3e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_double), cmocka_unit_test(test_random_single)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
