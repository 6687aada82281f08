/* The state engine on a layered circuit: RY and RZ on every qubit, then a ring of CX, L times; <Z> of every qubit.
 *
 *   bench_state [-n FIRST:LAST] [-t FIRST:LAST threads] [-p double|single|both] [-l LAYERS] [-r REPEATS] [-g 0|1]
 *               [-q 1]
 *
 * The answer is checked first (12 qubits against the reference engine).  Then, for each size, the best of some runs:
 * milliseconds, seconds per layer, passes, and the share of the bandwidth of reading and writing in place that the
 * passes reach, measured in the same run on arrays of the state's size.  A pass of this engine covers several layers,
 * so it computes longer than memory takes; the last column is the share of the bandwidth that an engine with three
 * passes per layer would need to be as fast; and the peak of the resident set, in states.
 * -q 1: instead, a QFT by FFTW against the same by this engine's gates, each in a circuit of RY, QFT, RX that is also
 * timed without it. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "entente/clock.h"
#include "entente/engine.h"
#include "entente/memory.h"
#include "problem.h"

typedef struct {
    int first, last, threads, most_threads, layers, repeats, gradient, precisions, fourier;
    ent_precision precision[2];
} options;

static void must(ent_status status)
{
    if (status == ENT_OK) return;
    fprintf(stderr, "bench_state: %s\n", ent_message());
    exit(1);
}

/* Parameters, and results of both kinds of run. */
typedef struct {
    double *params, *expectations, *gradient;
} numbers;

static numbers numbers_new(const ent_circuit *circuit)
{
    const numbers x = {ent_alloc(circuit->params, sizeof(double)), ent_alloc(circuit->readouts, sizeof(double)),
                       ent_alloc(circuit->params, sizeof(double))};
    if (!x.params || !x.expectations || !x.gradient) must(ent_fail(ENT_ENOMEM, "no memory"));
    for (int k = 0; k < circuit->params; k++) x.params[k] = sin(1.0 + 3.7 * k) * 2.0;
    return x;
}

static void numbers_free(numbers *x)
{
    ent_free(x->params);
    ent_free(x->expectations);
    ent_free(x->gradient);
}

static void run(const ent_circuit *circuit, ent_program *program, numbers *x, int gradient)
{
    const ent_batch batch = {1, NULL, x->params};
    memset(x->gradient, 0, (size_t)circuit->params * sizeof(double));
    if (gradient)
        must(ent_program_gradient(program, &batch, ones, (void *)circuit, x->gradient, NULL));
    else
        must(ent_program_forward(program, &batch, x->expectations));
}

/* ---- verify ---- */

static void verify(const options *o)
{
    ent_circuit *circuit = layered_circuit(12, o->layers, 0);
    numbers want = numbers_new(circuit), got = numbers_new(circuit);
    for (int k = 0; k <= o->precisions; k++) {
        const ent_program_inp inp = {.engine = k ? ENT_ENGINE_STATE : ENT_ENGINE_REFERENCE,
                                     .precision = k ? o->precision[k - 1] : ENT_DOUBLE,
                                     .threads = o->threads};
        ent_program *program;
        must(ent_program_new(circuit, &inp, &program));
        run(circuit, program, k ? &got : &want, 0);
        run(circuit, program, k ? &got : &want, 1);
        ent_program_free(program);
        if (k == 0) continue;
        const double e = largest_difference(got.expectations, want.expectations, circuit->readouts);
        const double g = largest_difference(got.gradient, want.gradient, circuit->params);
        printf("verified: 12 qubits, %s, off by %.1e and %.1e\n", inp.precision == ENT_DOUBLE ? "double" : "single",
               e, g);
        if (!(fmax(e, g) < (inp.precision == ENT_DOUBLE ? 1e-12 : 1e-4))) must(ent_fail(ENT_ENUMERIC, "wrong"));
    }
    numbers_free(&want);
    numbers_free(&got);
    ent_circuit_free(circuit);
}

/* ---- time ---- */

static double milliseconds(const ent_circuit *circuit, ent_program *program, numbers *x, int gradient, int repeats)
{
    double best = INFINITY;
    run(circuit, program, x, gradient);
    for (int k = 0; k < repeats; k++) {
        const double start = ent_clock_s();
        run(circuit, program, x, gradient);
        best = fmin(best, ent_clock_s() - start);
    }
    return 1e3 * best;
}

/* x[k] = a x[k] + b in place: bytes read and written per second, the best of several runs. */
static double bandwidth(size_t bytes, int threads, int repeats)
{
    const size_t page = (size_t)1 << 21, rounded = (bytes + page - 1) / page * page;
    double *x = aligned_alloc(page, rounded), best = 0.0;
    if (!x) must(ent_fail(ENT_ENOMEM, "no memory"));
    madvise(x, rounded, MADV_HUGEPAGE);
    const int64_t count = (int64_t)(bytes / sizeof *x);
    for (int r = 0; r <= repeats; r++) {
        const double start = ent_clock_s();
#pragma omp parallel for schedule(static) num_threads(threads)
        for (int64_t k = 0; k < count; k++) x[k] = r ? 0.5 * x[k] + 1.0 : 1.0;
        if (r) best = fmax(best, 2.0 * (double)bytes / (ent_clock_s() - start));
    }
    free(x);
    return best;
}

static void time_size(const options *o, int n, ent_precision precision)
{
    const double state = ent_state_bytes(n, precision);
    ent_circuit *circuit = layered_circuit(n, o->layers, 0);
    numbers x = numbers_new(circuit);
    ent_program *program;
    must(ent_program_new(
        circuit, &(ent_program_inp){.engine = ENT_ENGINE_STATE, .precision = precision, .threads = o->threads},
        &program));
    const double rate = bandwidth((size_t)state, o->threads, o->repeats);
    int passes[2];
    ent_program_passes(program, passes);
    for (int gradient = 0; gradient <= o->gradient; gradient++) {
        reset_peak();
        const double ms = milliseconds(circuit, program, &x, gradient, o->repeats);
        const double moved = state * (gradient ? 2.0 * passes[0] + 4.0 * passes[1] : 2.0 * passes[0]);
        const double three = state * (gradient ? 3.0 : 1.0) * 2.0 * 3.0 * o->layers;
        printf("%3d %-6s %2d %-8s %9.2f ms %8.5f s/layer %3d passes  %5.1f GB/s in place, share %3.0f %%, as of 3 "
               "passes a layer %4.0f %%, resident %.3f states\n",
               n, precision == ENT_DOUBLE ? "double" : "single", o->threads, gradient ? "gradient" : "forward", ms,
               1e-3 * ms / o->layers, gradient ? passes[0] + passes[1] : passes[0], 1e-9 * rate,
               100.0 * moved / (1e-3 * ms) / rate, 100.0 * three / (1e-3 * ms) / rate, peak_bytes() / state);
    }
    fflush(stdout);
    ent_program_free(program);
    numbers_free(&x);
    ent_circuit_free(circuit);
}

/* ---- QFT ---- */

/* Best of some runs, and the expectation values. */
static double time_fourier(const options *o, int n, ent_precision precision, qft_form form, numbers *x)
{
    ent_circuit *circuit = fourier_circuit(n, form);
    ent_program *program;
    *x = numbers_new(circuit);
    must(ent_program_new(
        circuit, &(ent_program_inp){.engine = ENT_ENGINE_STATE, .precision = precision, .threads = o->threads},
        &program));
    const double ms = milliseconds(circuit, program, x, 0, o->repeats);
    ent_program_free(program);
    ent_circuit_free(circuit);
    return ms;
}

static void compare_fourier(const options *o, int n, ent_precision precision)
{
    numbers x[3];
    double ms[3];
    for (int form = QFT_WHOLE; form <= QFT_NONE; form++)
        ms[form] = time_fourier(o, n, precision, (qft_form)form, &x[form]);
    const double off = largest_difference(x[QFT_WHOLE].expectations, x[QFT_SPELLED_OUT].expectations, n);
    if (!(off < (precision == ENT_DOUBLE ? 1e-12 : 1e-4))) must(ent_fail(ENT_ENUMERIC, "QFT off by %g", off));
    printf("%3d %-6s %2d QFT by FFTW %9.2f ms, by gates %9.2f ms, without %9.2f ms: ratio %.2f (off by %.0e)\n", n,
           precision == ENT_DOUBLE ? "double" : "single", o->threads, ms[QFT_WHOLE], ms[QFT_SPELLED_OUT],
           ms[QFT_NONE], ms[QFT_SPELLED_OUT] / ms[QFT_WHOLE], off);
    fflush(stdout);
    for (int form = QFT_WHOLE; form <= QFT_NONE; form++) numbers_free(&x[form]);
}

static options parse(int argc, char **argv)
{
    options o = {16, 22, 1, 2, 4, 5, 1, 2, 0, {ENT_DOUBLE, ENT_SINGLE}};
    for (int k = 1; k + 1 < argc; k += 2) {
        const char *value = argv[k + 1];
        switch (argv[k][0] == '-' ? argv[k][1] : 0) {
        case 'n':
            if (sscanf(value, "%d:%d", &o.first, &o.last) == 1) o.last = o.first;
            break;
        case 't':
            if (sscanf(value, "%d:%d", &o.threads, &o.most_threads) == 1) o.most_threads = o.threads;
            break;
        case 'l':
            o.layers = atoi(value);
            break;
        case 'r':
            o.repeats = atoi(value);
            break;
        case 'q':
            o.fourier = atoi(value);
            break;
        case 'g':
            o.gradient = atoi(value);
            break;
        case 'p':
            o.precisions = value[0] == 'b' ? 2 : 1;
            if (value[0] == 's') o.precision[0] = ENT_SINGLE;
            break;
        default:
            must(ent_fail(ENT_EARG, "option '%s'", argv[k]));
        }
    }
    return o;
}

int main(int argc, char **argv)
{
    const options o = parse(argc, argv);
    if (o.repeats < 1) must(ent_fail(ENT_EARG, "-r: found %d, want at least 1", o.repeats));
    verify(&o);
    for (int n = o.first; n <= o.last; n++)
        for (int p = 0; p < o.precisions; p++) {
            options at = o;
            for (; at.threads <= o.most_threads; at.threads++)
                (o.fourier ? compare_fourier : time_size)(&at, n, o.precision[p]);
        }
    return 0;
}
