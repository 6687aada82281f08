/* The batch engine: microseconds per sample, forward and gradient, against the machine's own limits and against the
 * reference engine.
 *
 * The circuit: 4 layers of RY (data) and RZ (shared) on every qubit and a ring of CX; all <Z_q>; the gradient of
 * their sum by all angles.  Useful operations, in which the share of the peak is counted: 2 multiply-adds an
 * amplitude and RY forward, 8 with the gradient.  Each answer is compared with the reference engine's before anything
 * is timed; times are the least of several repetitions, each with other parameters. */
#include <argp.h>

#include "batch_problem.h"
#include "batch_traffic.h"
#include "peak/peak.h"

enum { MOST = 16 };

typedef struct {
    int low, high, step, batches, threads_count, isas;
    int64_t batch[MOST];
    int threads[MOST];
    const char *isa[MOST];
    int precision; /* ENT_DOUBLE, ENT_SINGLE, or -1: both */
    double seconds;
    ent_engine_kind engine;
    int reference, mode; /* 0: the tables; 'm', 'S', 'R': one of the others */
} options;

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
        const double start = processor_s();
        for (int k = 0; k < (1 << 24) / bytes; k++) peak->update(buffer, bytes);
        const double rate = 2.0 * (double)((1 << 24) / bytes * bytes) / (processor_s() - start);
        if (rate > best) best = rate;
    }
    return best;
}

static machine measure(const bench_peak *peak)
{
    machine m = {0};
    void *buffer = ent_alloc(1 << 19, 1);
    for (int r = 0; r < 20; r++) {
        const double start = processor_s(), flops = peak->multiply_adds(1 << 18, buffer);
        const double rate = flops / (processor_s() - start);
        if (rate > m.flops) m.flops = rate;
    }
    memset(buffer, 0, 64);
    m.l1_bytes = update_bytes(peak, buffer, 1 << 14);
    m.l2_bytes = update_bytes(peak, buffer, 1 << 19);
    ent_free(buffer);
    return m;
}

/* ---- tables ---- */

static void table_head(void)
{
    printf(
        "us: microseconds per sample; FMA: share of the peak in useful operations; L1, L2: share of the bandwidth, "
        "in\n"
        "bytes that the plan moves; cyc: cycles per amplitude and gate; Mg/s: million gates per second; ref: times "
        "faster\n"
        "than the reference engine, one thread; g/f: gradient over forward.  FMA, L1, L2 are of all threads' "
        "peak.\n");
    printf("%3s %6s %3s | %11s %6s %5s %5s %6s %7s %7s | %11s %6s %5s %5s %7s %4s\n", "n", "batch", "thr",
           "forward us", "FMA", "L1", "L2", "cyc", "Mg/s", "ref", "gradient us", "FMA", "L1", "L2", "ref", "g/f");
}

/* FMA, L1, L2 in per cent. */
static void print_shares(double flops, double l1, double l2, const machine *m, double cores)
{
    printf(" %5.1f%% %4.0f%% %4.0f%%", 100.0 * flops / m->flops / cores, 100.0 * l1 / m->l1_bytes / cores,
           100.0 * l2 / m->l2_bytes / cores);
}

static void print_times_faster(double reference_s, double seconds)
{
    if (reference_s > 0.0)
        printf(" %6.1fx", reference_s / seconds);
    else
        printf(" %7s", "-");
}

static void table_row(const options *o, const machine *m, const ent_circuit *circuit, int64_t samples, int threads,
                      int precision, const char *isa, const double reference_s[2])
{
    problem p = problem_new(circuit, samples);
    p.threads = threads;
    ent_program *program = program_new(circuit, o->engine, precision, threads, isa);
    const traffic t = traffic_of(circuit, precision, isa);
    const double each = 1.0 / (double)samples;
    const double forward = least_s(&p, program, 0, o->seconds) * each;
    const double gradient = least_s(&p, program, 1, o->seconds) * each;
    const int n = circuit->qubits;
    const double amplitudes = ldexp(1.0, n), gates = (double)circuit->gates, flops = 4.0 * LAYERS * n * amplitudes;
    const double cycles = m->flops / (isa[0] == 'a' ? 16.0 : 8.0) / (precision == ENT_SINGLE ? 2.0 : 1.0);
    printf("%3d %6lld %3d | %11.3f", n, (long long)samples, threads, forward * 1e6);
    print_shares(flops / forward, t.l1[0] / forward, t.l2[0] / forward, m, threads);
    printf(" %6.3f %7.1f", forward * cycles / (amplitudes * gates), gates / forward * 1e-6);
    print_times_faster(reference_s[0], forward);
    printf(" | %11.3f", gradient * 1e6);
    print_shares(4.0 * flops / gradient, t.l1[1] / gradient, t.l2[1] / gradient, m, threads);
    print_times_faster(reference_s[1], gradient);
    printf(" %4.1f\n", gradient / forward);
    fflush(stdout);
    ent_program_free(program);
    problem_free(&p);
}

/* Seconds a sample of the reference engine, forward and gradient. */
static void time_reference(const ent_circuit *circuit, int precision, double least_seconds, double seconds[2])
{
    problem p = problem_new(circuit, 1);
    ent_program *program = program_new(circuit, ENT_ENGINE_REFERENCE, precision, 1, NULL);
    for (int k = 0; k < 2; k++) seconds[k] = least_s(&p, program, k, least_seconds);
    ent_program_free(program);
    problem_free(&p);
}

/* As many samples as keep a call short; a few groups of lanes at least. */
static int64_t bounded(int64_t samples, int n)
{
    const int64_t most = (INT64_C(1) << 22) >> n;
    return samples <= 32 || samples <= most ? samples : most < 32 ? 32 : most;
}

static void run_table(const options *o, const char *isa, int precision)
{
    const machine m = measure(peak_of(isa, precision));
    printf("\n%s %s: one core does %.1f GFLOP/s in multiply-adds, updates %.0f GB/s in L1, %.0f in L2\n", isa,
           precision == ENT_SINGLE ? "single" : "double", m.flops * 1e-9, m.l1_bytes * 1e-9, m.l2_bytes * 1e-9);
    table_head();
    for (int n = o->low; n <= o->high; n += o->step) {
        double reference_s[2] = {0.0, 0.0};
        ent_circuit *circuit = layered_circuit(n, LAYERS, 1);
        if (n <= 12) verify(circuit, precision, isa);
        if (o->reference) time_reference(circuit, precision, o->seconds, reference_s);
        for (int b = 0; b < o->batches; b++)
            for (int t = 0; t < o->threads_count; t++)
                if (o->threads[t] == 1 || o->batch[b] > 8)
                    table_row(o, &m, circuit, bounded(o->batch[b], n), o->threads[t], precision, isa, reference_s);
        ent_circuit_free(circuit);
    }
}

/* ---- registers that are missing ---- */

static void run_missing(const options *o, const char *isa)
{
    printf("\n3 registers of 4 qubits, double, %s: microseconds per sample\n", isa);
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

/* ---- sweep: nowhere slower than the reference engine ---- */

/* Least seconds a call of both engines, call after call in turn, so that both meet the same noise. */
static void race(problem *p, ent_program *const program[2], int gradient, double seconds, double best[2])
{
    const double start = ent_clock_s();
    do {
        for (int e = 0; e < 2; e++) best[e] = fmin(best[e], once_s(p, program[e], gradient));
    } while (ent_clock_s() - start < seconds);
}

/* Returns how often the batch engine was slower. */
static int sweep_point(const options *o, const ent_circuit *circuit, int64_t samples, int precision, const char *isa)
{
    problem p = problem_new(circuit, samples);
    ent_program *program[2] = {program_new(circuit, ENT_ENGINE_BATCH, precision, 1, isa),
                               program_new(circuit, ENT_ENGINE_REFERENCE, precision, 1, NULL)};
    int slower = 0;
    printf("%3d %6lld", circuit->qubits, (long long)samples);
    for (int gradient = 0; gradient < 2; gradient++) {
        double best[2] = {INFINITY, INFINITY};
        for (int tries = 0; tries < 3 && (tries == 0 || best[0] > best[1]); tries++)
            race(&p, program, gradient, o->seconds, best);
        printf("  %11.2f %11.2f %7.2fx %s", best[0] * 1e6, best[1] * 1e6, best[1] / best[0],
               best[0] > best[1] ? "SLOWER" : "      ");
        slower += best[0] > best[1];
    }
    printf("\n");
    fflush(stdout);
    for (int e = 0; e < 2; e++) ent_program_free(program[e]);
    problem_free(&p);
    return slower;
}

static int run_sweep(const options *o, const char *isa, int precision)
{
    static const int64_t SAMPLES[] = {1, 2, 3, 8, 64};
    int slower = 0;
    printf("\n%s %s, one thread: microseconds a call of the batch engine, of the reference engine, and the ratio\n",
           isa, precision == ENT_SINGLE ? "single" : "double");
    printf("%3s %6s  %11s %11s %8s %6s  %11s %11s %8s\n", "n", "batch", "forward", "reference", "ratio", "",
           "gradient", "reference", "ratio");
    for (int n = 1; n <= 20; n++) {
        ent_circuit *circuit = layered_circuit(n, LAYERS, 1);
        for (int b = 0; b < 5; b++) /* beyond: the reference engine takes minutes, its time a sample stays the same */
            if (b == 0 || SAMPLES[b] << n <= 1 << 16) slower += sweep_point(o, circuit, SAMPLES[b], precision, isa);
        ent_circuit_free(circuit);
    }
    return slower;
}

/* ---- random circuits ---- */

static void run_random(const options *o, const char *isa, int precision)
{
    enum { CIRCUITS = 4, SAMPLES = 64 };
    printf(
        "\n%s %s, one thread, random circuits of all gates, %d samples: microseconds per sample, million gates per\n"
        "second, times faster than the reference engine\n",
        isa, precision == ENT_SINGLE ? "single" : "double", SAMPLES);
    printf("%3s %6s  %11s %8s %8s  %11s %8s %8s\n", "n", "gates", "forward us", "Mg/s", "ref", "gradient us", "Mg/s",
           "ref");
    for (int n = 8; n <= 12; n += 2)
        for (int k = 0; k < CIRCUITS; k++) {
            ent_circuit *circuit = random_circuit(n, 12 * n, (uint64_t)(100 * n + k));
            double reference_s[2];
            verify(circuit, precision, isa);
            time_reference(circuit, precision, o->seconds, reference_s);
            problem p = problem_new(circuit, SAMPLES);
            ent_program *program = program_new(circuit, ENT_ENGINE_BATCH, precision, 1, isa);
            printf("%3d %6lld", n, (long long)circuit->gates);
            for (int gradient = 0; gradient < 2; gradient++) {
                const double seconds = least_s(&p, program, gradient, o->seconds) / SAMPLES;
                printf("  %11.3f %8.1f %7.1fx", seconds * 1e6, (double)circuit->gates / seconds * 1e-6,
                       reference_s[gradient] / seconds);
            }
            printf("\n");
            ent_program_free(program);
            problem_free(&p);
            ent_circuit_free(circuit);
        }
}

/* ---- the command ---- */

static const struct argp_option OPTIONS[] = {
    {"qubits", 'n', "LOW-HIGH", 0, "qubits (4-16); by twos where more than four", 0},
    {"batches", 'b', "LIST", 0, "samples (1,16,512)", 0},
    {"threads", 't', "LIST", 0, "threads (1,2)", 0},
    {"isa", 'i', "LIST", 0, "instruction sets (the best there is); all: every one of this machine", 0},
    {"precision", 'p', "NAME", 0, "double, single or both (both)", 0},
    {"engine", 'e', "NAME", 0, "batch, or state for the same table with its times (batch)", 0},
    {"seconds", 's', "S", 0, "repeat each measurement for S seconds (0.2)", 0},
    {"no-reference", 'r', NULL, 0, "do not time the reference engine", 0},
    {"missing", 'm', NULL, 0, "only the cost of a missing register", 0},
    {"sweep", 'S', NULL, 0,
     "only: is it slower than the reference engine anywhere, 1 to 20 qubits?  Exit code 1 then", 0},
    {"random", 'R', NULL, 0, "only random circuits of all gates", 0},
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
        o->step = o->high - o->low > 4 ? 2 : 1;
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
    case 'e':
        o->engine = strcmp(text, "state") == 0 ? ENT_ENGINE_STATE : ENT_ENGINE_BATCH;
        return 0;
    case 's':
        o->seconds = atof(text);
        return 0;
    case 'r':
        o->reference = 0;
        return 0;
    case 'm':
    case 'S':
    case 'R':
        o->mode = key;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Returns how often the batch engine was slower than the reference engine, where that is asked. */
static int run(const options *o, const char *isa)
{
    int slower = 0;
    for (int precision = 0; precision < 2; precision++) {
        if (o->precision >= 0 && o->precision != precision) continue;
        if (o->mode == 0) run_table(o, isa, precision);
        if (o->mode == 'S') slower += run_sweep(o, isa, precision);
        if (o->mode == 'R') run_random(o, isa, precision);
    }
    if (o->mode == 'm' || (o->mode == 0 && o->engine == ENT_ENGINE_BATCH)) run_missing(o, isa);
    return slower;
}

int main(int argc, char **argv)
{
    options o = {.low = 4,
                 .high = 16,
                 .step = 2,
                 .batches = 3,
                 .batch = {1, 16, 512},
                 .threads_count = 2,
                 .threads = {1, 2},
                 .precision = -1,
                 .engine = ENT_ENGINE_BATCH,
                 .seconds = 0.2,
                 .reference = 1};
    const struct argp argp = {OPTIONS, parse, NULL, "Time the batch engine of Entente.", NULL, NULL, NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (o.isas == 0) {
        must(ent_isa_pick(NULL, &o.isa[0]));
        o.isas = 1;
    }
    int slower = 0;
    for (int k = 0; k < o.isas; k++) slower += run(&o, o.isa[k]);
    if (slower > 0) printf("\nslower than the reference engine in %d places\n", slower);
    return slower > 0;
}
