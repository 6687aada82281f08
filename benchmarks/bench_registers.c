/* Registers of a fused circuit dealt to ranks, against threads of one rank:
 *
 *   mpirun --bind-to none -n S bench_registers [-r MxN] [-b SAMPLES] [-k REPEATS] [-s 1]
 *
 * A batch's gradient by S ranks of one thread, and by the pauli engine on rank 0 with S threads while the others
 * sleep, in turns; the same bits are demanded first.  Prints the best of either, how many times the ranks' rate is
 * that of the threads, the median of it in pairs, and the bytes that a rank sends per sample. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shard/registers.h"
#include "entente/clock.h"
#include "entente/memory.h"
#include "entente/model.h"
#include "problem.h"

typedef struct {
    int registers, qubits, samples, repeats;
    ent_precision precision;
} options;

static ent_comm *world;

static void must(ent_status status)
{
    if (status == ENT_OK) return;
    fprintf(stderr, "bench_registers: %s\n", ent_message());
    ent_comm_abort(world, 1);
}

static ent_circuit *fused_circuit(int registers, int qubits)
{
    ent_model_inp inp = {.registers = registers, .outputs = 2, .mma = true, .head = ENT_HEAD_LINEAR};
    for (int m = 0; m < registers; m++) {
        inp.reg[m] = (ent_register){.name = "m", .scale = 1.0, .inputs = qubits};
        inp.reg[m].ansatz = (ent_ansatz){ENT_ANSATZ_HEA, NULL, qubits, 2, 1, false, false, ENT_ENCODE_RY};
    }
    inp.fusion = (ent_fusion){.layers = 1, .gate = ENT_CRZ};
    ent_fusion_connect(&inp.fusion, ENT_PATTERN_RING, registers);
    ent_circuit *circuit;
    must(ent_model_circuit(&inp, (UINT32_C(1) << registers) - 1, &circuit));
    return circuit;
}

/* Wait for rank 0 without taking a core from it. */
static void sleep_until(ent_swap *swap, int rank)
{
    char mine = 0, other;
    ent_swap_start(swap, rank, &mine, &other, 1);
    while (!ent_swap_test(swap)) nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

typedef struct {
    ent_circuit *circuit;
    ent_batch batch;
    ent_registers *dealt;
    ent_program *threads; /* rank 0 only */
    ent_swap *swap;
    double *gradient[2];
} bench;

/* Seconds by ranks (0) or by threads (1); of the slowest rank. */
static double run(bench *b, int way)
{
    double took = 0.0;
    memset(b->gradient[way], 0, (size_t)b->circuit->params * sizeof(double));
    ent_comm_barrier(world);
    const double begin = ent_clock_s();
    if (way == 0) {
        must(ent_registers_gradient(b->dealt, &b->batch, ones, b->circuit, b->gradient[0], NULL));
        took = ent_clock_s() - begin;
    } else if (ent_comm_rank(world) == 0) {
        must(ent_program_gradient(b->threads, &b->batch, ones, b->circuit, b->gradient[1], NULL));
        took = ent_clock_s() - begin;
        for (int rank = 1; rank < ent_comm_size(world); rank++) sleep_until(b->swap, rank);
    } else {
        sleep_until(b->swap, 0);
    }
    ent_comm_max(world, &took, 1);
    return took;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void time_all(bench *b, const options *o)
{
    double best[2] = {INFINITY, INFINITY}, *ratio = ent_alloc(o->repeats, sizeof *ratio);
    ent_registers_info before, after;
    run(b, 0);
    run(b, 1);
    if (ent_comm_rank(world) == 0 &&
        memcmp(b->gradient[0], b->gradient[1], (size_t)b->circuit->params * sizeof(double)) != 0)
        must(ent_fail(ENT_ENUMERIC, "ranks and threads give different bits"));
    ent_registers_describe(b->dealt, &before);
    for (int k = 0; k < o->repeats; k++) {
        double took[2];
        for (int turn = 0; turn < 2; turn++) took[turn ^ (k & 1)] = run(b, turn ^ (k & 1));
        for (int way = 0; way < 2; way++) best[way] = fmin(best[way], took[way]);
        ratio[k] = took[1] / took[0];
    }
    ent_registers_describe(b->dealt, &after);
    qsort(ratio, (size_t)o->repeats, sizeof *ratio, ascending);
    double seconds = (after.exchange_s - before.exchange_s) / o->repeats;
    ent_comm_max(world, &seconds, 1);
    if (ent_comm_rank(world) == 0)
        printf("%dx%d ring, %s, %d samples: %d ranks %.2f us per sample, %d threads %.2f; ranks / threads %.3f, in "
               "pairs "
               "%.3f (%.3f to %.3f); %.0f bytes sent per sample; %.2f ms of %.2f in exchanges\n",
               o->registers, o->qubits, o->precision == ENT_SINGLE ? "single" : "double", o->samples,
               ent_comm_size(world), 1e6 * best[0] / o->samples, ent_comm_size(world), 1e6 * best[1] / o->samples,
               best[1] / best[0], ratio[o->repeats / 2], ratio[0], ratio[o->repeats - 1],
               (after.sent_bytes - before.sent_bytes) / o->repeats / o->samples, 1e3 * seconds, 1e3 * best[0]);
    ent_free(ratio);
}

static void bench_size(const options *o)
{
    bench b = {.circuit = fused_circuit(o->registers, o->qubits)};
    const ent_program_inp inp = {.engine = ENT_ENGINE_PAULI, .precision = o->precision, .threads = 1};
    ent_program_inp local = inp;
    double *angles = ent_alloc((int64_t)o->samples * b.circuit->angles, sizeof *angles),
           *params = ent_alloc(b.circuit->params, sizeof *params);
    for (int64_t k = 0; k < (int64_t)o->samples * b.circuit->angles; k++) angles[k] = sin(1.7 * (double)k) * 3.0;
    for (int k = 0; k < b.circuit->params; k++) params[k] = sin(0.3 * k + 1.0);
    b.batch = (ent_batch){o->samples, angles, params};
    for (int way = 0; way < 2; way++) b.gradient[way] = ent_alloc(b.circuit->params, sizeof(double));
    bool outgrown;
    ent_registers_always(1);
    must(ent_registers_new(b.circuit, &inp, world, &outgrown, &b.dealt));
    local.threads = ent_comm_size(world);
    if (ent_comm_rank(world) == 0) must(ent_program_new(b.circuit, &local, &b.threads));
    must(ent_swap_new(world, &b.swap));
    time_all(&b, o);
    ent_swap_free(b.swap);
    ent_program_free(b.threads);
    ent_registers_free(b.dealt);
    ent_circuit_free(b.circuit);
    for (int way = 0; way < 2; way++) ent_free(b.gradient[way]);
    ent_free(angles);
    ent_free(params);
}

int main(int argc, char **argv)
{
    if (ent_comm_start(&argc, &argv, &world) != ENT_OK) return 1;
    options o = {4, 12, 64, 7, ENT_DOUBLE};
    for (int k = 1; k + 1 < argc; k += 2) {
        const char *value = argv[k + 1];
        if (strcmp(argv[k], "-r") == 0 && sscanf(value, "%dx%d", &o.registers, &o.qubits) != 2)
            must(ent_fail(ENT_EARG, "-r: found %s, want MxN", value));
        if (strcmp(argv[k], "-b") == 0) o.samples = atoi(value);
        if (strcmp(argv[k], "-k") == 0) o.repeats = atoi(value);
        if (strcmp(argv[k], "-s") == 0) o.precision = atoi(value) ? ENT_SINGLE : ENT_DOUBLE;
    }
    if (o.repeats < 1 || o.samples < 1) must(ent_fail(ENT_EARG, "-b, -k: found %d, %d", o.samples, o.repeats));
    bench_size(&o);
    ent_comm_finish(world);
    return 0;
}
