/* One state over ranks, on the circuits of bench_state:
 *
 *   mpirun -n S bench_shard [-n FIRST:LAST] [-t THREADS] [-l LAYERS] [-r REPEATS] [-q 1]
 *
 * Checked against one rank where the state is small, then the best of some runs: milliseconds, passes, exchanges, bytes
 * that a rank sends in a forward run, also as parts of its state, and the peaks of the resident set in parts, of a
 * forward run and a gradient.  -q 1: RY, the QFT of all qubits, RX. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Best of the repeats in milliseconds, of the slowest rank. */
static double milliseconds(const options *o, ent_shard *shard, const ent_circuit *circuit, const double *params,
                           double *expectations, double *gradient)
{
    const ent_batch batch = {1, NULL, params};
    double best = INFINITY;
    for (int k = 0; k <= o->repeats; k++) {
        ent_comm_barrier(world);
        double start = ent_clock_s(), took;
        if (gradient)
            must(ent_shard_gradient(shard, &batch, ones, (void *)circuit, gradient, NULL));
        else
            must(ent_shard_forward(shard, &batch, expectations));
        took = ent_clock_s() - start;
        ent_comm_max(world, &took, 1);
        if (k > 0) best = fmin(best, took);
    }
    return 1e3 * best;
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
    double peak[2];
    reset_peak();
    const double forward = milliseconds(o, shard, circuit, params, expectations, NULL);
    peak[0] = peak_bytes();
    ent_shard_describe(shard, &info);
    if (n <= 20) verify(circuit, params, expectations);
    const double back = milliseconds(o, shard, circuit, params, expectations, gradient);
    peak[1] = peak_bytes();
    ent_comm_max(world, peak, 2);
    const double sent = (info.sent_bytes - before.sent_bytes) / (o->repeats + 1);
    if (ent_comm_rank(world) == 0)
        printf("%3d qubits, %d ranks of %d threads: forward %9.2f ms, gradient %9.2f ms, %d passes, %d exchanges, "
               "%.1f MB sent (%.2f parts, %.3f a layer), resident %.3f and %.3f parts\n",
               n, ent_comm_size(world), o->threads, forward, back, info.passes, info.exchanges, 1e-6 * sent,
               sent / info.part_bytes, sent / info.part_bytes / o->layers, peak[0] / info.part_bytes,
               peak[1] / info.part_bytes);
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
    }
    for (int n = o.first; n <= o.last; n++) time_size(&o, n);
    ent_comm_finish(world);
    return 0;
}
