/* Noisy fused circuits: microseconds per sample of values and gradients, exact, by the noise engine.
 *
 * The circuit is that of bench_fused (registers of `hea` with 2 layers, CRZ between registers, ring), with
 * depolarising and damping of both kinds after every gate and errors of every readout.  Values are first compared
 * with the mean of trajectories, and gradients with central differences along a direction.  Processor time of one
 * thread, the least of several repetitions. */
#include <stdlib.h>
#include <string.h>

#include "problem.h"

#include "entente/memory.h"
#include "entente/model.h"

enum { SAMPLES = 512, MOST_QUBITS = 18, RUNS = 4000 };

static const struct {
    int registers, qubits;
} SIZES[] = {{3, 3}, {3, 4}, {3, 5}, {3, 6}};
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0] };

static void must(ent_status status)
{
    if (status == ENT_OK) return;
    fprintf(stderr, "bench_noise: %s\n", ent_message());
    exit(1);
}

static void expect(bool holds, const char *what, double found, double wanted)
{
    if (holds) return;
    fprintf(stderr, "bench_noise: %s: found %.17g, want %.17g\n", what, found, wanted);
    exit(1);
}

static ent_circuit *fused_circuit(int registers, int qubits)
{
    ent_model_inp inp = {.registers = registers, .outputs = 2, .mma = true, .head = ENT_HEAD_LINEAR};
    for (int m = 0; m < registers; m++) {
        inp.reg[m] = (ent_register){.name = "m", .scale = 1.0, .inputs = qubits};
        inp.reg[m].ansatz = (ent_ansatz){ENT_ANSATZ_HEA, NULL, qubits, 2, 1, false, false, ENT_ENCODE_RY};
    }
    inp.fusion.layers = 1;
    inp.fusion.gate = ENT_CRZ;
    ent_fusion_connect(&inp.fusion, ENT_PATTERN_RING, registers);
    ent_circuit *circuit;
    must(ent_model_circuit(&inp, (UINT32_C(1) << registers) - 1, &circuit));
    return circuit;
}

typedef struct {
    ent_program *program;
    int64_t samples;
    double *angles, *params, *values, *grad_params, *grad_angles;
} run;

static void go(run *r, const ent_circuit *circuit, int gradient)
{
    const ent_batch batch = {r->samples, r->angles, r->params};
    if (!gradient) {
        must(ent_program_forward(r->program, &batch, r->values));
        return;
    }
    memset(r->grad_params, 0, (size_t)circuit->params * sizeof(double));
    must(ent_program_gradient(r->program, &batch, ones, (void *)circuit, r->grad_params, r->grad_angles));
}

/* Seconds per sample. */
static double time_of(run *r, const ent_circuit *circuit, int gradient)
{
    double best = INFINITY, spent = 0.0;
    for (int repeat = 0; repeat < 3 || spent < 0.5; repeat++) {
        const double begin = processor_s();
        r->params[0] += 0.01;
        go(r, circuit, gradient);
        const double took = processor_s() - begin;
        best = fmin(best, took / (double)r->samples);
        spent += took;
    }
    return best;
}

static double sum_of(const double *values, int64_t count)
{
    double sum = 0.0;
    for (int64_t k = 0; k < count; k++) sum += values[k];
    return sum;
}

/* The derivative of the sum of all values along the direction cos(k). */
static void check_gradient(run *r, const ent_circuit *circuit)
{
    double along = 0.0, side[2];
    const double step = 1e-5;
    go(r, circuit, 1);
    for (int k = 0; k < circuit->params; k++) along += r->grad_params[k] * cos(k);
    for (int s = 0; s < 2; s++) {
        for (int k = 0; k < circuit->params; k++) r->params[k] += (s ? 2.0 : -1.0) * step * cos(k);
        go(r, circuit, 0);
        side[s] = sum_of(r->values, r->samples * circuit->readouts);
    }
    for (int k = 0; k < circuit->params; k++) r->params[k] -= step * cos(k);
    const double differences = (side[1] - side[0]) / (2.0 * step);
    expect(fabs(along - differences) < 1e-6 * (double)r->samples, "gradient along a direction", along, differences);
}

/* One sample's values; a trajectory's differ from the mean by about 1 at most. */
static void check_values(const run *r, const ent_circuit *circuit, const ent_noise *noise)
{
    ent_noise other = *noise;
    ent_program *program;
    double mean[MOST_QUBITS], exact[MOST_QUBITS];
    const ent_batch batch = {1, r->angles, r->params};
    other.method = ENT_NOISE_TRAJECTORIES;
    other.trajectories = RUNS;
    must(ent_program_new(circuit, &(ent_program_inp){.threads = 1, .noise = &other}, &program));
    must(ent_program_forward(program, &batch, mean));
    must(ent_program_forward(r->program, &batch, exact));
    ent_program_free(program);
    for (int k = 0; k < circuit->readouts; k++)
        expect(fabs(mean[k] - exact[k]) < 5.0 / sqrt(RUNS), "value against trajectories", exact[k], mean[k]);
}

static void print_case(int registers, int qubits, ent_precision precision)
{
    ent_circuit *circuit = fused_circuit(registers, qubits);
    ent_qubit_noise device[MOST_QUBITS];
    for (int q = 0; q < circuit->qubits; q++)
        device[q] = (ent_qubit_noise){{0.001, 0.002, 0.001}, {0.01, 0.004, 0.002}, 0.02, 0.03};
    const ent_noise noise = {.qubit = device, .method = ENT_NOISE_DENSITY};
    run r = {.samples = SAMPLES};
    const ent_program_inp inp = {.threads = 1, .noise = &noise, .precision = precision};
    must(ent_program_new(circuit, &inp, &r.program));
    r.angles = ent_alloc(SAMPLES * (int64_t)circuit->angles, sizeof(double));
    r.params = ent_alloc(circuit->params, sizeof(double));
    r.values = ent_alloc(SAMPLES * (int64_t)circuit->readouts, sizeof(double));
    r.grad_params = ent_alloc(circuit->params, sizeof(double));
    r.grad_angles = ent_alloc(SAMPLES * (int64_t)circuit->angles, sizeof(double));
    for (int64_t k = 0; k < SAMPLES * (int64_t)circuit->angles; k++) r.angles[k] = sin(1.7 * (double)k) * 3.0;
    for (int k = 0; k < circuit->params; k++) r.params[k] = sin(0.3 * k + 1.0);
    if (precision == ENT_DOUBLE && circuit->qubits <= 12) check_values(&r, circuit, &noise);
    if (precision == ENT_DOUBLE) check_gradient(&r, circuit);
    printf("%dx%d %-6s %10.3f %10.3f  %s\n", registers, qubits, precision == ENT_SINGLE ? "single" : "double",
           1e6 * time_of(&r, circuit, 0), 1e6 * time_of(&r, circuit, 1), ent_program_engine(r.program));
    fflush(stdout);
    ent_program_free(r.program);
    ent_free(r.angles);
    ent_free(r.params);
    ent_free(r.values);
    ent_free(r.grad_params);
    ent_free(r.grad_angles);
    ent_circuit_free(circuit);
}

int main(void)
{
    printf("circuit        values   gradient  engine (microseconds per sample, one thread)\n");
    for (int k = 0; k < SIZE_COUNT; k++)
        for (int precision = ENT_DOUBLE; precision <= ENT_SINGLE; precision++)
            print_case(SIZES[k].registers, SIZES[k].qubits, (ent_precision)precision);
    return 0;
}
