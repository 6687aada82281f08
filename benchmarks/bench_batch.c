/* The batch engine: microseconds a sample, forward and gradient, against the machine's own limits.
 *
 * The circuit: 4 layers of RY (data) and RZ (shared) on every qubit and a ring of CX; all <Z_q>; the gradient of their
 * sum by all angles.  Useful operations, in which the share of the peak is counted: 2 multiply-adds an amplitude and
 * RY forward, 8 with the gradient.  Each answer is compared with the reference engine's before anything is timed;
 * times are the least of several repetitions. */
#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "entente/engine.h"
#include "entente/memory.h"
#include "peak/peak.h"

enum { LAYERS = 4, MOST = 16 };

typedef struct {
    int low, high, batches, threads_count, isas;
    int64_t batch[MOST];
    int threads[MOST];
    const char *isa[MOST];
    int precision; /* ENT_DOUBLE, ENT_SINGLE, or -1: both */
    double seconds;
    int missing, reference;
} options;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(ent_status status)
{
    if (status == ENT_OK) return;
    fprintf(stderr, "bench_batch: %s\n", ent_message());
    exit(1);
}

/* ---- the machine ---- */

typedef struct {
    double flops, l1_bytes, l2_bytes; /* a second */
} machine;

static const bench_peak *peak_of(const char *isa, int precision)
{
#if defined(__x86_64__)
    if (strcmp(isa, "avx512") == 0) return precision ? &bench_peak_avx512_float : &bench_peak_avx512_double;
    if (strcmp(isa, "avx2") == 0) return precision ? &bench_peak_avx2_float : &bench_peak_avx2_double;
#endif
    (void)isa;
    return precision ? &bench_peak_baseline_float : &bench_peak_baseline_double;
}

static double update_bytes(const bench_peak *peak, void *buffer, int64_t bytes)
{
    double best = 0.0;
    for (int r = 0; r < 20; r++) {
        const double start = now_s();
        for (int k = 0; k < (1 << 24) / bytes; k++) peak->update(buffer, bytes);
        const double rate = 2.0 * (double)((1 << 24) / bytes * bytes) / (now_s() - start);
        if (rate > best) best = rate;
    }
    return best;
}

static machine measure(const bench_peak *peak)
{
    machine m = {0};
    void *buffer = ent_alloc(1 << 19, 1);
    for (int r = 0; r < 20; r++) {
        const double start = now_s(), flops = peak->multiply_adds(1 << 18, buffer);
        const double rate = flops / (now_s() - start);
        if (rate > m.flops) m.flops = rate;
    }
    memset(buffer, 0, 64);
    m.l1_bytes = update_bytes(peak, buffer, 1 << 14);
    m.l2_bytes = update_bytes(peak, buffer, 1 << 19);
    ent_free(buffer);
    return m;
}

/* ---- circuits ---- */

static void add(ent_circuit *circuit, ent_gate_kind kind, int a, int b, ent_angle angle)
{
    must(ent_circuit_add(circuit, (ent_gate){kind, {a, b}, angle}));
}

static ent_circuit *comparison_circuit(int n)
{
    ent_circuit *circuit;
    must(ent_circuit_new(n, LAYERS * n, LAYERS * n, &circuit));
    for (int l = 0; l < LAYERS; l++) {
        for (int q = 0; q < n; q++) {
            add(circuit, ENT_RY, q, q, ent_angle_data(l * n + q));
            add(circuit, ENT_RZ, q, q, ent_angle_param(l * n + q));
        }
        for (int q = 0; q < n && n > 1; q++) add(circuit, ENT_CX, q, (q + 1) % n, ent_angle_none());
    }
    for (int q = 0; q < n; q++) must(ent_circuit_read(circuit, UINT64_C(1) << q));
    return circuit;
}

/* `registers` registers of n qubits each, of which `present` are there: encoding and layers of each register, then
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

/* ---- runs ---- */

typedef struct {
    const ent_circuit *circuit;
    ent_batch batch;
    double *angles, *params, *expectations, *grad_params, *grad_angles;
} problem;

static void ones(void *context, int64_t first, int64_t count, const double *expectations, double *weights)
{
    (void)first;
    (void)expectations;
    for (int64_t k = 0; k < count * ((const ent_circuit *)context)->readouts; k++) weights[k] = 1.0;
}

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

static void run_gradient(problem *p, ent_program *program)
{
    memset(p->grad_params, 0, (size_t)p->circuit->params * sizeof(double));
    must(ent_program_gradient(program, &p->batch, ones, (void *)p->circuit, p->grad_params, p->grad_angles));
}

/* Least seconds of one call; at least three calls. */
static double least_s(problem *p, ent_program *program, int gradient, double seconds)
{
    double best = INFINITY;
    const double start = now_s();
    for (int k = 0; k < 3 || now_s() - start < seconds; k++) {
        const double before = now_s();
        if (gradient)
            run_gradient(p, program);
        else
            must(ent_program_forward(program, &p->batch, p->expectations));
        const double took = now_s() - before;
        if (took < best) best = took;
        if (now_s() - start > 10.0) break;
    }
    return best;
}

static ent_program *program_new(const ent_circuit *circuit, ent_engine_kind engine, int precision, int threads,
                                const char *isa)
{
    ent_program *program;
    const ent_program_inp inp = {engine, (ent_precision)precision, threads, isa};
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
    must(ent_program_forward(batch, &got.batch, got.expectations));
    must(ent_program_forward(reference, &want.batch, want.expectations));
    run_gradient(&got, batch);
    run_gradient(&want, reference);
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

/* ---- tables ---- */

static void table_head(void)
{
    printf("%3s %6s %4s  %10s %7s %8s %7s %7s %7s %9s  %10s %7s %8s\n", "n", "batch", "thr", "forward us", "peak",
           "Mgates/s", "L1", "L2", "cyc/ag", "vs ref", "gradnt us", "peak", "vs ref");
}

static void table_row(const options *o, const machine *m, int n, int64_t samples, int threads, int precision,
                      const char *isa, const double reference_s[2])
{
    ent_circuit *circuit = comparison_circuit(n);
    problem p = problem_new(circuit, samples);
    ent_program *program = program_new(circuit, ENT_ENGINE_BATCH, precision, threads, isa);
    const double each = 1.0 / (double)samples;
    const double forward = least_s(&p, program, 0, o->seconds) * each;
    const double gradient = least_s(&p, program, 1, o->seconds) * each;
    const double amplitudes = ldexp(1.0, n), gates = 3.0 * LAYERS * n, turns = (double)LAYERS * n;
    const double flops = 4.0 * turns * amplitudes, real = precision == ENT_SINGLE ? 4.0 : 8.0;
    /* What a gate by gate simulation in a cache would read and write: the share that is saved shows as more than 1. */
    const double bytes = 4.0 * real * amplitudes * turns;
    const double cycles = m->flops / (isa[0] == 'a' ? 16.0 : 8.0) / (8.0 / real);
    printf("%3d %6lld %4d  %10.3f %6.1f%% %8.1f %6.2fx %6.2fx %7.3f", n, (long long)samples, threads, forward * 1e6,
           100.0 * flops / forward / m->flops / threads, gates / forward * 1e-6,
           bytes / forward / m->l1_bytes / threads, bytes / forward / m->l2_bytes / threads,
           forward * cycles / (amplitudes * gates));
    if (reference_s[0] > 0.0)
        printf(" %8.1fx", reference_s[0] / forward);
    else
        printf(" %9s", "");
    printf("  %10.3f %6.1f%%", gradient * 1e6, 400.0 * flops / gradient / m->flops / threads);
    if (reference_s[1] > 0.0) printf(" %7.1fx", reference_s[1] / gradient);
    printf("\n");
    fflush(stdout);
    ent_program_free(program);
    problem_free(&p);
    ent_circuit_free(circuit);
}

/* Seconds a sample of the reference engine, forward and gradient. */
static void time_reference(const options *o, int n, int precision, double seconds[2])
{
    ent_circuit *circuit = comparison_circuit(n);
    problem p = problem_new(circuit, 1);
    ent_program *program = program_new(circuit, ENT_ENGINE_REFERENCE, precision, 1, NULL);
    for (int k = 0; k < 2; k++) seconds[k] = least_s(&p, program, k, o->seconds);
    ent_program_free(program);
    problem_free(&p);
    ent_circuit_free(circuit);
}

static void run_table(const options *o, const char *isa, int precision)
{
    const machine m = measure(peak_of(isa, precision));
    printf("\n%s %s: one core does %.1f GFLOP/s in multiply-adds, updates %.0f GB/s in L1, %.0f in L2\n", isa,
           precision == ENT_SINGLE ? "single" : "double", m.flops * 1e-9, m.l1_bytes * 1e-9, m.l2_bytes * 1e-9);
    table_head();
    for (int n = o->low; n <= o->high; n += n < 4 || !(n % 2) ? (o->high - o->low > 3 && n >= 4 ? 2 : 1) : 1) {
        double reference_s[2] = {0.0, 0.0};
        ent_circuit *circuit = comparison_circuit(n);
        if (n <= 14) verify(circuit, precision, isa);
        ent_circuit_free(circuit);
        if (o->reference) time_reference(o, n, precision, reference_s);
        for (int b = 0; b < o->batches; b++)
            for (int t = 0; t < o->threads_count; t++)
                if (o->batch[b] * (INT64_C(1) << n) <= INT64_C(1) << 23 || b == 0)
                    table_row(o, &m, n, o->batch[b], o->threads[t], precision, isa, reference_s);
    }
}

static void run_missing(const options *o, const char *isa)
{
    printf("\n3 registers of 4 qubits, double, %s: microseconds a sample\n", isa);
    double all[2] = {0.0, 0.0};
    for (int present = 3; present >= 1; present--) {
        ent_circuit *circuit = fusion_circuit(3, present, 4);
        verify(circuit, ENT_DOUBLE, isa);
        problem p = problem_new(circuit, 256);
        ent_program *program = program_new(circuit, ENT_ENGINE_BATCH, ENT_DOUBLE, 1, isa);
        printf("%d of 3 present:", present);
        for (int k = 0; k < 2; k++) {
            const double seconds = least_s(&p, program, k, o->seconds) / 256.0;
            if (present == 3) all[k] = seconds;
            printf("  %s %8.3f (1/%.1f)", k ? "gradient" : "forward", seconds * 1e6, all[k] / seconds);
        }
        printf("\n");
        ent_program_free(program);
        problem_free(&p);
        ent_circuit_free(circuit);
    }
}

/* ---- the command ---- */

static const struct argp_option OPTIONS[] = {
    {"qubits", 'n', "LOW-HIGH", 0, "qubits (8-14); in steps of 2 from 4 up where more than four", 0},
    {"batches", 'b', "LIST", 0, "samples (512)", 0},
    {"threads", 't', "LIST", 0, "threads (1,2)", 0},
    {"isa", 'i', "LIST", 0, "instruction sets (the best there is); all: every one of this machine", 0},
    {"precision", 'p', "NAME", 0, "double, single or both (both)", 0},
    {"seconds", 's', "S", 0, "repeat each measurement for S seconds (0.2)", 0},
    {"no-reference", 'r', NULL, 0, "do not time the reference engine", 0},
    {"missing", 'm', NULL, 0, "only the cost of a missing register", 0},
    {0}};

static int parse_list(char *text, long *out)
{
    int count = 0;
    for (char *item = strtok(text, ","); item && count < MOST; item = strtok(NULL, ",")) out[count++] = atol(item);
    return count;
}

static void parse_isas(options *o, char *text)
{
    static const char *const every[] = {"baseline", "avx2", "avx512"};
    const char *name;
    o->isas = 0;
    if (strcmp(text, "all") == 0) {
        for (int k = 0; k < 3; k++)
            if (ent_isa_pick(every[k], &name) == ENT_OK) o->isa[o->isas++] = name;
        return;
    }
    for (char *item = strtok(text, ","); item && o->isas < MOST; item = strtok(NULL, ",")) {
        must(ent_isa_pick(item, &name));
        o->isa[o->isas++] = name;
    }
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    options *o = state->input;
    long list[MOST];
    switch (key) {
    case 'n':
        if (sscanf(text, "%d-%d", &o->low, &o->high) == 1) o->high = o->low;
        return 0;
    case 'b':
        o->batches = parse_list(text, list);
        for (int k = 0; k < o->batches; k++) o->batch[k] = list[k];
        return 0;
    case 't':
        o->threads_count = parse_list(text, list);
        for (int k = 0; k < o->threads_count; k++) o->threads[k] = (int)list[k];
        return 0;
    case 'i':
        parse_isas(o, text);
        return 0;
    case 'p':
        o->precision = strcmp(text, "double") == 0 ? ENT_DOUBLE : strcmp(text, "single") == 0 ? ENT_SINGLE : -1;
        return 0;
    case 's':
        o->seconds = atof(text);
        return 0;
    case 'r':
        o->reference = 0;
        return 0;
    case 'm':
        o->missing = 1;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    options o = {.low = 8,
                 .high = 14,
                 .batches = 1,
                 .batch = {512},
                 .threads_count = 2,
                 .threads = {1, 2},
                 .precision = -1,
                 .seconds = 0.2,
                 .reference = 1};
    const struct argp argp = {OPTIONS, parse, NULL, "Time the batch engine of Entente.", NULL, NULL, NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (o.isas == 0) {
        must(ent_isa_pick(NULL, &o.isa[0]));
        o.isas = 1;
    }
    for (int k = 0; k < o.isas; k++) {
        for (int precision = 0; precision < 2 && !o.missing; precision++)
            if (o.precision < 0 || o.precision == precision) run_table(&o, o.isa[k], precision);
        run_missing(&o, o.isa[k]);
    }
    return 0;
}
