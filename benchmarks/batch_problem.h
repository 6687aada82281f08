/* What bench_batch runs: circuits, batches for them, one timed call, and the check against the reference engine. */
#ifndef ENTENTE_BENCH_BATCH_PROBLEM_H
#define ENTENTE_BENCH_BATCH_PROBLEM_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/clock.h"
#include "entente/engine.h"
#include "entente/memory.h"
#include "problem.h"

enum { LAYERS = 4 };

static void must(ent_status status)
{
    if (status == ENT_OK) return;
    fprintf(stderr, "bench_batch: %s\n", ent_message());
    exit(1);
}

/* ---- circuits ---- */

/* `registers` registers of n qubits each, of which `present` are present: encoding and layers of each register, then
 * fusion by RZZ around the ring of registers and RY, RZ on every qubit. */
static ent_circuit *fusion_circuit(int registers, int present, int n)
{
    const int all = registers * n;
    ent_circuit *circuit;
    must(ent_circuit_new(all, 8 * all, 2 * all, &circuit));
    for (int m = 0; m < present; m++)
        for (int l = 0; l < 2; l++) {
            for (int q = m * n; q < (m + 1) * n; q++) {
                add(circuit, ENT_RY, q, q, ent_angle_data(l * all + q));
                add(circuit, ENT_RZ, q, q, ent_angle_param(2 * l * all + q));
                add(circuit, ENT_RY, q, q, ent_angle_param((2 * l + 1) * all + q));
            }
            for (int q = 0; q < n; q++) add(circuit, ENT_CX, m * n + q, m * n + (q + 1) % n, ent_angle_none());
        }
    for (int l = 0; l < 2; l++) {
        for (int m = 0; m + 1 < present; m++)
            for (int q = 0; q < n; q++)
                add(circuit, ENT_RZZ, m * n + q, (m + 1) * n + q, ent_angle_param((4 + l) * all + m * n + q));
        for (int q = 0; q < present * n; q++) {
            add(circuit, ENT_RY, q, q, ent_angle_param((6 + l) * all + q));
            add(circuit, ENT_RZ, q, q, ent_angle_param((4 + l) * all + q));
        }
    }
    for (int q = 0; q < present * n; q++) must(ent_circuit_read(circuit, UINT64_C(1) << q));
    return circuit;
}

/* `gates` gates of all kinds on random qubits, half of their angles data and half parameters; all <Z_q>. */
static ent_circuit *random_circuit(int n, int gates, uint64_t seed)
{
    enum { SLOTS = 64 };
    ent_circuit *circuit;
    must(ent_circuit_new(n, SLOTS, SLOTS, &circuit));
    for (int g = 0; g < gates; g++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const int a = (int)(seed >> 33) % n, b = (a + 1 + (int)(seed >> 43) % (n - 1)) % n;
        const ent_gate_kind kind = (ent_gate_kind)((seed >> 53) % ENT_GATE_KINDS);
        const ent_gate_info *info = ent_gate_describe(kind);
        const ent_angle angle = !info->angles ? ent_angle_none()
                                : g % 2       ? ent_angle_data(g / 2 % SLOTS)
                                              : ent_angle_param(g / 2 % SLOTS);
        if (info->qubits == 0)
            add(circuit, kind, a < b ? a : b, a < b ? b : a, angle);
        else
            add(circuit, kind, a, info->qubits == 1 ? a : b, angle);
    }
    for (int q = 0; q < n; q++) must(ent_circuit_read(circuit, UINT64_C(1) << q));
    return circuit;
}

/* ---- runs ---- */

typedef struct {
    const ent_circuit *circuit;
    ent_batch batch;
    int threads; /* that are timed; 0: one */
    double *angles, *params, *expectations, *grad_params, *grad_angles;
} problem;

static problem problem_new(const ent_circuit *circuit, int64_t samples)
{
    problem p = {.circuit = circuit};
    p.angles = ent_alloc(samples * circuit->angles, sizeof(double));
    p.params = ent_alloc(circuit->params, sizeof(double));
    p.expectations = ent_alloc(samples * circuit->readouts, sizeof(double));
    p.grad_params = ent_alloc(circuit->params, sizeof(double));
    p.grad_angles = ent_alloc(samples * circuit->angles, sizeof(double));
    for (int64_t k = 0; k < samples * circuit->angles; k++) p.angles[k] = 3.0 * sin(1.7 * (double)k + 0.4);
    for (int k = 0; k < circuit->params; k++) p.params[k] = 3.0 * cos(2.3 * k);
    p.batch = (ent_batch){samples, p.angles, p.params};
    return p;
}

static void problem_free(problem *p)
{
    ent_free(p->angles);
    ent_free(p->params);
    ent_free(p->expectations);
    ent_free(p->grad_params);
    ent_free(p->grad_angles);
}

/* One call, with other parameters than the last, as in training: what the engine prepares from them counts. */
static void run_once(problem *p, ent_program *program, int gradient)
{
    if (p->circuit->params > 0) p->params[0] = -p->params[0];
    if (!gradient) {
        must(ent_program_forward(program, &p->batch, p->expectations));
        return;
    }
    memset(p->grad_params, 0, (size_t)p->circuit->params * sizeof(double));
    must(ent_program_gradient(program, &p->batch, ones, (void *)p->circuit, p->grad_params, p->grad_angles));
}

/* The time that passes; of one thread processor time where that is less, as when other processes used its core. */
static double once_s(problem *p, ent_program *program, int gradient)
{
    const double worked = processor_s(), before = ent_clock_s();
    run_once(p, program, gradient);
    const double passed = ent_clock_s() - before;
    return p->threads > 1 ? passed : fmin(passed, processor_s() - worked);
}

/* Least seconds of one call; at least three calls, unless they take seconds. */
static double least_s(problem *p, ent_program *program, int gradient, double seconds)
{
    double best = INFINITY;
    const double start = ent_clock_s();
    for (int k = 0; k < 3 || ent_clock_s() - start < seconds; k++) {
        best = fmin(best, once_s(p, program, gradient));
        if (ent_clock_s() - start > 2.0) break;
    }
    return best;
}

static ent_program *program_new(const ent_circuit *circuit, ent_engine_kind engine, int precision, int threads,
                                const char *isa)
{
    ent_program *program;
    const ent_program_inp inp = {
        .engine = engine, .precision = (ent_precision)precision, .threads = threads, .isa = isa};
    must(ent_program_new(circuit, &inp, &program));
    return program;
}

static double difference(const double *a, const double *b, int64_t count)
{
    double most = 0.0, size = 1.0;
    for (int64_t k = 0; k < count; k++) {
        if (fabs(b[k]) > size) size = fabs(b[k]);
        if (!(fabs(a[k] - b[k]) <= most)) most = fabs(a[k] - b[k]);
    }
    return most / size;
}

/* The answers first: 3 samples against the reference engine. */
static void verify(const ent_circuit *circuit, int precision, const char *isa)
{
    problem got = problem_new(circuit, 3), want = problem_new(circuit, 3);
    ent_program *batch = program_new(circuit, ENT_ENGINE_BATCH, precision, 1, isa);
    ent_program *reference = program_new(circuit, ENT_ENGINE_REFERENCE, ENT_DOUBLE, 1, NULL);
    for (int gradient = 0; gradient < 2; gradient++) {
        run_once(&got, batch, gradient);
        run_once(&want, reference, gradient);
    }
    const double tolerance = precision == ENT_SINGLE ? 1e-4 : 1e-13;
    const double e = difference(got.expectations, want.expectations, 3 * circuit->readouts);
    const double p = difference(got.grad_params, want.grad_params, circuit->params);
    const double a = difference(got.grad_angles, want.grad_angles, 3 * circuit->angles);
    if (!(e < tolerance && p < tolerance && a < tolerance)) {
        fprintf(stderr, "bench_batch: %s, %d qubits: off by %.2g %.2g %.2g\n", isa, circuit->qubits, e, p, a);
        exit(1);
    }
    ent_program_free(batch);
    ent_program_free(reference);
    problem_free(&got);
    problem_free(&want);
}

#endif
