/* bench_train: samples per second of training, and the share of it that is not circuits.
 *
 * Checks first that the engine that trains gives the reference engine's gradient, then times, for the model of
 * jobs/quickstart.yaml (9 qubits) and for models of 12 and 16 qubits of the same kind (data angles that
 * depend on no parameter are computed once, as the command does it):
 *   step       ent_model_gradient on mini-batches: angles, circuits, head, loss
 *   circuits   only the engine, on the same batches, with a cotangent that costs nothing
 *   optimizer  Adam on all parameters, once a mini-batch
 * All samples have all modalities; --missing leaves one of three out of every sample.  The best of several runs
 * counts, the spread is printed. */
#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/clock.h"
#include "entente/memory.h"
#include "entente/random.h"

#include "model/model.h"

enum { SAMPLES = 512, REPEATS = 7 };

typedef struct {
    int batch, threads, qubits; /* qubits 0: 9, 12 and 16 */
    int layers, inputs;         /* of the fusion; features of a trainable map, 0: as many as angles, without one */
    bool zz;
    uint32_t context;
    ent_precision precision;
} settings;

static void must(ent_status status)
{
    if (status == ENT_OK) return;
    fprintf(stderr, "bench_train: %s\n", ent_message());
    exit(1);
}

static ent_model_inp model_inp(int qubits, const settings *s, ent_engine_kind engine)
{
    static const char *const name[3] = {"text", "audio", "vision"};
    ent_model_inp inp = {.registers = 3,
                         .fusion = {.layers = s->layers, .gate = ENT_CRZ},
                         .read = s->zz ? ENT_READ_ZZ : ENT_READ_Z,
                         .outputs = 2,
                         .mma = true,
                         .program = {.engine = engine, .precision = s->precision, .threads = s->threads}};
    for (int m = 0; m < 3; m++) {
        const int n = qubits / 3 + (m < qubits % 3);
        inp.reg[m] = (ent_register){.name = name[m],
                                    .ansatz = {ENT_ANSATZ_HEA, NULL, n, 2, 1, true, false, ENT_ENCODE_RY},
                                    .inputs = n,
                                    .scale = 3.0};
        inp.reg[m].linear = s->inputs > 0;
        if (s->inputs > 0) inp.reg[m].inputs = s->inputs;
    }
    ent_fusion_connect(&inp.fusion, ENT_PATTERN_RING, 3);
    return inp;
}

typedef struct {
    ent_model_inp inp;
    ent_layout layout;
    ent_model *model;
    ent_masked *masked;
    int params;
    double *w, *gradient, *x, *angles, *base, *slope;
    double *grad_angles; /* with a trainable map, else NULL */
    uint32_t *context;
    int32_t *category;
    ent_samples samples;
} bench;

static bench bench_new(int qubits, const settings *s, ent_engine_kind engine)
{
    bench b = {.inp = model_inp(qubits, s, engine)};
    must(ent_model_new(&b.inp, &b.model));
    must(ent_layout_make(&b.inp, &b.layout));
    must(ent_masked_new(&b.inp, &b.layout, s->context, &b.masked));
    b.params = ent_model_params(b.model);
    b.w = ent_alloc(b.params, sizeof(double));
    b.gradient = ent_alloc(b.params, sizeof(double));
    const int64_t width = b.inp.reg[0].inputs; /* of the widest register */
    b.x = ent_alloc(3 * SAMPLES * width, sizeof(double));
    b.angles = ent_alloc(SAMPLES * b.layout.angles, sizeof(double));
    b.base = ent_alloc(b.layout.angles, sizeof(double));
    b.slope = ent_alloc(b.layout.angles, sizeof(double));
    if (s->inputs > 0) b.grad_angles = ent_alloc(SAMPLES * b.layout.angles, sizeof(double));
    b.context = ent_alloc(SAMPLES, sizeof *b.context);
    b.category = ent_alloc(SAMPLES, sizeof *b.category);
    ent_model_init(b.model, 1, b.w);
    ent_random stream = ent_random_at(1, ENT_FOR_TEST, 0, 0);
    for (int k = 0; k < 3 * SAMPLES * width; k++) b.x[k] = ent_random_normal(&stream);
    b.samples = (ent_samples){.n = SAMPLES, .context = b.context, .category = b.category};
    for (int m = 0; m < 3; m++) b.samples.x[m] = b.x + m * SAMPLES * width;
    for (int k = 0; k < SAMPLES; k++) {
        const double *x[3];
        for (int m = 0; m < 3; m++) x[m] = b.samples.x[m] + k * b.inp.reg[m].inputs;
        b.context[k] = s->context;
        b.category[k] = k % 2;
        ent_angles_forward(&b.inp, &b.layout, b.w, s->context, x, b.angles + k * b.layout.angles, b.base, b.slope);
    }
    for (int m = 0; m < 3; m++) ent_model_encode(b.model, m, SAMPLES, b.x + m * SAMPLES * width);
    b.samples.encoded = ent_model_encodes(b.model);
    return b;
}

static void bench_free(bench *b)
{
    ent_model_free(b->model);
    ent_masked_free(b->masked);
    ent_layout_clear(&b->layout);
    ent_free(b->w);
    ent_free(b->gradient);
    ent_free(b->x);
    ent_free(b->angles);
    ent_free(b->base);
    ent_free(b->slope);
    ent_free(b->grad_angles);
    ent_free(b->context);
    ent_free(b->category);
}

static void steps(const bench *b, int batch)
{
    int64_t pick[SAMPLES];
    double loss;
    for (int k = 0; k < SAMPLES; k++) pick[k] = k;
    for (int k = 0; k < SAMPLES; k += batch)
        must(ent_model_gradient(b->model, b->w, &b->samples, batch, pick + k, &loss, b->gradient));
}

static void ones(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    (void)first;
    (void)expectations;
    const int64_t n = count * *(const int *)context;
    for (int64_t k = 0; k < n; k++) weights[k] = 1.0;
}

static void circuits(const bench *b, int batch)
{
    for (int k = 0; k < SAMPLES; k += batch) {
        const ent_batch part = {batch, b->angles + k * b->layout.angles, b->w};
        must(
            ent_program_gradient(b->masked->program, &part, ones, &b->masked->readouts, b->gradient, b->grad_angles));
    }
}

/* Adam as client.c does it, for its cost. */
static void optimizer(const bench *b, int batch)
{
    static double first[1 << 16], second[1 << 16];
    for (int k = 0; k < SAMPLES; k += batch)
        for (int p = 0; p < b->params; p++) {
            const double g = b->gradient[p];
            first[p] = 0.9 * first[p] + 0.1 * g;
            second[p] = 0.999 * second[p] + 0.001 * g * g;
            b->w[p] -= 1e-9 * first[p] / (sqrt(second[p]) + 1e-8);
        }
}

/* Microseconds per sample: the best and the worst of several runs. */
typedef struct {
    double best, worst;
} timing;

static timing time_of(void (*run)(const bench *, int), const bench *b, int batch)
{
    timing t = {INFINITY, 0.0};
    run(b, batch);
    for (int r = 0; r < REPEATS; r++) {
        const double start = ent_clock_s();
        run(b, batch);
        const double us = 1e6 * (ent_clock_s() - start) / SAMPLES;
        t.best = fmin(t.best, us);
        t.worst = fmax(t.worst, us);
    }
    return t;
}

/* The gradient of the engine at hand against the reference engine's. */
static double error_against_reference(int qubits, const settings *s, const bench *fast)
{
    bench slow = bench_new(qubits, s, ENT_ENGINE_REFERENCE);
    double loss, worst = 0.0, size = 0.0;
    must(ent_model_gradient(slow.model, slow.w, &slow.samples, 16, NULL, &loss, slow.gradient));
    must(ent_model_gradient(fast->model, fast->w, &fast->samples, 16, NULL, &loss, fast->gradient));
    for (int p = 0; p < slow.params; p++) {
        worst = fmax(worst, fabs(slow.gradient[p] - fast->gradient[p]));
        size = fmax(size, fabs(slow.gradient[p]));
    }
    bench_free(&slow);
    return worst / size;
}

static void measure(int qubits, const settings *s)
{
    bench b = bench_new(qubits, s, ENT_ENGINE_AUTO);
    const double error = error_against_reference(qubits, s, &b);
    if (error > (s->precision == ENT_SINGLE ? 1e-4 : 1e-11)) {
        fprintf(stderr, "bench_train: %d qubits: the gradient is off by %g of its size\n", qubits, error);
        exit(1);
    }
    const timing step = time_of(steps, &b, s->batch), circuit = time_of(circuits, &b, s->batch);
    const timing adam = time_of(optimizer, &b, s->batch);
    const double all = step.best + adam.best;
    printf("%6d  %7d  %9.2f  %9.2f (to %.2f)  %9.2f  %9.2f  %10.0f  %11.1f %%   %s, error %.1e\n", qubits, b.params,
           all, circuit.best, circuit.worst, step.best - circuit.best, adam.best, 1e6 / all,
           100.0 * (all - circuit.best) / all, ent_program_engine(b.masked->program), error);
    bench_free(&b);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    settings *s = state->input;
    switch (key) {
    case 'b':
        s->batch = atoi(value);
        break;
    case 't':
        s->threads = atoi(value);
        break;
    case 's':
        s->precision = ENT_SINGLE;
        break;
    case 'n':
        s->qubits = atoi(value);
        break;
    case 'l':
        s->layers = atoi(value);
        break;
    case 'z':
        s->zz = false;
        break;
    case 'i':
        s->inputs = atoi(value);
        break;
    case 'm':
        s->context = 3;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    if (s->qubits < 0 || s->qubits > 20) argp_error(state, "--qubits wants 1 to 20");
    if (s->batch < 1 || SAMPLES % s->batch) argp_error(state, "--batch wants a divisor of %d", SAMPLES);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"batch", 'b', "N", 0, "samples a mini-batch (16)", 0},
        {"threads", 't', "N", 0, "threads (1)", 0},
        {"qubits", 'n', "N", 0, "one model of N qubits (default: 9, 12, 16)", 0},
        {"single", 's', NULL, 0, "single precision", 0},
        {"missing", 'm', NULL, 0, "the third modality is absent", 0},
        {"layers", 'l', "N", 0, "fusion layers (2)", 0},
        {"z", 'z', NULL, 0, "read <Z>, not <ZZ> as well", 0},
        {"inputs", 'i', "N", 0, "a trainable map from N features per modality", 0},
        {0}};
    static const struct argp argp = {options, parse, NULL, "Time the training of small federated models.",
                                     NULL,    NULL,  NULL};
    settings s = {.batch = 16, .threads = 1, .context = 7, .precision = ENT_DOUBLE, .layers = 2, .zz = true};
    argp_parse(&argp, argc, argv, 0, NULL, &s);
    printf("batch %d, %d thread%s, %s, %s; microseconds per sample, best of %d\n", s.batch, s.threads,
           s.threads == 1 ? "" : "s", s.precision == ENT_SINGLE ? "single" : "double",
           s.context == 7 ? "all modalities" : "one of three absent", REPEATS);
    printf("qubits   params       step   circuits             head etc.  optimizer   samples/s  not circuits\n");
    if (s.qubits > 0) {
        measure(s.qubits, &s);
        return 0;
    }
    measure(9, &s);
    measure(12, &s);
    measure(16, &s);
    return 0;
}
