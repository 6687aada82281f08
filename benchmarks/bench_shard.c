/* One state over ranks, on the circuits of bench_state:
 *
 *   mpirun -n S bench_shard [-n FIRST:LAST] [-t THREADS] [-l LAYERS] [-r REPEATS] [-q 1] [-m 1]
 *
 * Checked against one rank where the state is small; the best of some runs: milliseconds, passes, exchanges, bytes
 * that a rank sends in a forward run, also as parts of its state, and the peaks of the resident set in parts, of a
 * forward run and a gradient.  Then the gain from exchanges during passes: runs with and without, in
 * pairs.
 * -q 1: RY, the QFT of all qubits, RX.  -m 1: ranks of one node send messages too, instead of swapping in shared
 * memory, where nothing is under way while a pass computes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shard/exchange.h"
#include "entente/clock.h"
#include "entente/memory.h"
#include "entente/shard.h"
#include "problem.h"

typedef struct {
    int first, last, threads, layers, repeats, fourier;
} options;

static ent_comm *world;

static void must(ent_status status)
{
    if (status == ENT_OK) return;
    fprintf(stderr, "bench_shard: %s\n", ent_message());
    ent_comm_abort(world, 1);
}

/* What one way to run takes: of the slowest rank and the fastest run. */
typedef struct {
    double best_s, worst_s, exchange_s, wait_s, overlap_s;
} figures;

static double run_once(ent_shard *shard, const ent_circuit *circuit, const double *params, double *expectations,
                       double *gradient, figures *f)
{
    const ent_batch batch = {1, NULL, params};
    ent_shard_info before, after;
    ent_shard_describe(shard, &before);
    if (gradient) memset(gradient, 0, (size_t)circuit->params * sizeof *gradient);
    ent_comm_barrier(world);
    const double start = ent_clock_s();
    if (gradient)
        must(ent_shard_gradient(shard, &batch, ones, (void *)circuit, gradient, NULL));
    else
        must(ent_shard_forward(shard, &batch, expectations));
    const double took = ent_clock_s() - start;
    ent_shard_describe(shard, &after);
    double slowest[] = {took, after.exchange_s - before.exchange_s, after.wait_s - before.wait_s,
                        after.overlap_s - before.overlap_s};
    ent_comm_max(world, slowest, 4);
    if (slowest[0] < f->best_s) *f = (figures){slowest[0], f->worst_s, slowest[1], slowest[2], slowest[3]};
    f->worst_s = fmax(f->worst_s, slowest[0]);
    return slowest[0];
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Pairs of runs, [0] without and [1] with overlap, in turn first; the answers are the same bits.  ratio: how often
 * the first takes the second's time, in pairs: least, median, most. */
static void run_pairs(const options *o, ent_shard *shard, const ent_circuit *circuit, const double *params,
                      double *answer, int is_gradient, figures found[2], double ratio[3])
{
    const int64_t length = is_gradient ? circuit->params : circuit->readouts;
    double *other = ent_alloc(length, sizeof *other), *ratios = ent_alloc(o->repeats, sizeof *ratios);
    found[0] = found[1] = (figures){.best_s = INFINITY};
    for (int k = -1; k < o->repeats; k++) {
        double took[2];
        figures warm = {.best_s = INFINITY};
        for (int turn = 0; turn < 2; turn++) {
            const int on = (turn ^ k) & 1;
            double *to = on ? answer : other;
            ent_shard_overlap(on);
            took[on] = run_once(shard, circuit, params, is_gradient ? NULL : to, is_gradient ? to : NULL,
                                k < 0 ? &warm : &found[on]);
        }
        if (memcmp(answer, other, (size_t)length * sizeof *answer) != 0)
            must(ent_fail(ENT_ENUMERIC, "overlap changes the answer"));
        if (k >= 0) ratios[k] = took[0] / took[1];
    }
    qsort(ratios, (size_t)o->repeats, sizeof *ratios, ascending);
    ratio[0] = ratios[0];
    ratio[1] = ratios[o->repeats / 2];
    ratio[2] = ratios[o->repeats - 1];
    ent_free(other);
    ent_free(ratios);
}

static void print_pairs(const char *what, const figures found[2], const double ratio[3])
{
    if (ent_comm_rank(world) != 0) return;
    for (int on = 0; on < 2; on++)
        printf(
            "    %s %s overlap: %9.2f to %9.2f ms; in the best %8.2f ms for exchanges and sums, %8.2f of it waiting; "
            "%8.2f ms of computing with data under way\n",
            what, on ? "with   " : "without", 1e3 * found[on].best_s, 1e3 * found[on].worst_s,
            1e3 * found[on].exchange_s, 1e3 * found[on].wait_s, 1e3 * found[on].overlap_s);
    printf("    %s without / with, in pairs: %.3f (%.3f to %.3f)\n", what, ratio[1], ratio[0], ratio[2]);
}

static void verify(const ent_circuit *circuit, const double *params, const double *found)
{
    const ent_batch batch = {1, NULL, params};
    double *wanted = ent_alloc(circuit->readouts, sizeof *wanted), worst = 0.0;
    ent_program *program;
    must(ent_program_new(circuit, &(ent_program_inp){.engine = ENT_ENGINE_STATE, .threads = 1}, &program));
    must(ent_program_forward(program, &batch, wanted));
    for (int r = 0; r < circuit->readouts; r++) worst = fmax(worst, fabs(found[r] - wanted[r]));
    if (!(worst < 1e-12)) must(ent_fail(ENT_ENUMERIC, "off by %g", worst));
    ent_program_free(program);
    ent_free(wanted);
}

static void time_size(const options *o, int n)
{
    ent_circuit *circuit = o->fourier ? fourier_circuit(n, QFT_WHOLE) : layered_circuit(n, o->layers, 0);
    double *params = ent_alloc(circuit->params, sizeof *params),
           *gradient = ent_alloc(circuit->params, sizeof *params);
    double *expectations = ent_alloc(circuit->readouts, sizeof *expectations);
    ent_shard *shard;
    ent_shard_info info, before;
    for (int k = 0; k < circuit->params; k++) params[k] = sin(1.0 + 3.7 * k) * 2.0;
    must(ent_shard_new(circuit, &(ent_program_inp){.threads = o->threads}, world, &shard));
    ent_shard_describe(shard, &before);
    double peak[2], ratio[2][3];
    figures forward[2], back[2];
    reset_peak();
    run_pairs(o, shard, circuit, params, expectations, 0, forward, ratio[0]);
    peak[0] = peak_bytes();
    ent_shard_describe(shard, &info);
    if (n <= 20) verify(circuit, params, expectations);
    run_pairs(o, shard, circuit, params, gradient, 1, back, ratio[1]);
    peak[1] = peak_bytes();
    ent_comm_max(world, peak, 2);
    const double sent = (info.sent_bytes - before.sent_bytes) / (2 * (o->repeats + 1));
    if (ent_comm_rank(world) == 0)
        printf("%3d qubits, %d ranks of %d threads: forward %9.2f ms, gradient %9.2f ms, %d passes, %d exchanges of "
               "%d slices, "
               "%.1f MB %s (%.2f parts, %.3f a layer), resident %.3f and %.3f parts\n",
               n, ent_comm_size(world), o->threads, 1e3 * forward[1].best_s, 1e3 * back[1].best_s, info.passes,
               info.exchanges, info.slices, 1e-6 * sent, info.shared ? "swapped" : "sent", sent / info.part_bytes,
               sent / info.part_bytes / o->layers, peak[0] / info.part_bytes, peak[1] / info.part_bytes);
    print_pairs("forward ", forward, ratio[0]);
    print_pairs("gradient", back, ratio[1]);
    fflush(stdout);
    ent_shard_free(shard);
    ent_free(params);
    ent_free(gradient);
    ent_free(expectations);
    ent_circuit_free(circuit);
}

int main(int argc, char **argv)
{
    if (ent_comm_start(&argc, &argv, &world) != ENT_OK) return 1;
    options o = {16, 22, 1, 4, 5, 0};
    for (int k = 1; k + 1 < argc; k += 2) {
        const char *value = argv[k + 1];
        if (strcmp(argv[k], "-n") == 0 && sscanf(value, "%d:%d", &o.first, &o.last) == 1) o.last = o.first;
        if (strcmp(argv[k], "-t") == 0) o.threads = atoi(value);
        if (strcmp(argv[k], "-l") == 0) o.layers = atoi(value);
        if (strcmp(argv[k], "-q") == 0) o.fourier = atoi(value);
        if (strcmp(argv[k], "-r") == 0) o.repeats = atoi(value);
        if (strcmp(argv[k], "-m") == 0) ent_shard_share(!atoi(value));
    }
    if (o.repeats < 1) must(ent_fail(ENT_EARG, "-r: found %d, want at least 1", o.repeats));
    for (int n = o.first; n <= o.last; n++) time_size(&o, n);
    ent_comm_finish(world);
    return 0;
}
