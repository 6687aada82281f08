/* A state over ranks gives what the reference engine gives on one: random circuits of up to 12 qubits, gates on every
 * mix of rank and local bits, as many ranks as there are and every power of two below.  And it gives the same bits on
 * any number of threads, whether exchanges run during passes or after them. */
#include "mpi_check.h"
#include "circuit_run.h"
#include "random_circuit.h"

#include "shard/exchange.h"
#include "entente/memory.h"
#include "entente/shard.h"

static void run_shard(ent_shard *shard, const ent_circuit *circuit, const ent_batch *batch, result *r)
{
    mpi_check(ent_shard_forward(shard, batch, r->expectations) == ENT_OK);
    mpi_check(ent_shard_gradient(shard, batch, cotangent, (void *)circuit, r->grad_params, r->grad_angles) == ENT_OK);
}

/* The most slices so far, and the seconds of computing while one of them was under way. */
static int most_slices;
static double overlap_s;

/* The same bits with exchanges after their passes; only then is nothing in flight during a pass. */
static void check_without_overlap(ent_shard *shard, const ent_circuit *circuit, const ent_batch *batch,
                                  const result *with)
{
    ent_shard_info before, after;
    result without = result_new(circuit, batch->samples);
    ent_shard_describe(shard, &before);
    ent_shard_overlap(0);
    run_shard(shard, circuit, batch, &without);
    ent_shard_overlap(1);
    ent_shard_describe(shard, &after);
    mpi_check(result_is_same(circuit, batch->samples, with, &without));
    mpi_check(after.overlap_s == before.overlap_s);
    if (after.slices > most_slices) most_slices = after.slices;
    overlap_s += before.overlap_s;
    result_free(&without);
}

/* The same bits with parts in shared memory, where nothing is sent. */
static void check_shared(const ent_circuit *circuit, ent_comm *group, const ent_program_inp *inp,
                         const ent_batch *batch, const result *sent)
{
    ent_shard *shard;
    ent_shard_info info;
    result shared = result_new(circuit, batch->samples);
    ent_shard_share(1);
    mpi_check(ent_shard_new(circuit, inp, group, &shard) == ENT_OK);
    ent_shard_share(0);
    run_shard(shard, circuit, batch, &shared);
    ent_shard_describe(shard, &info);
    mpi_check(info.exchanges == 0 || info.shared == (ent_comm_node_ranks(group) == ent_comm_size(group)));
    mpi_check(result_is_same(circuit, batch->samples, sent, &shared));
    ent_shard_free(shard);
    result_free(&shared);
}

static void check_circuit(const ent_circuit *circuit, ent_comm *group, uint64_t seed, ent_precision precision,
                          double tolerance)
{
    const int64_t samples = 2;
    double *angles = random_numbers(seed, samples * circuit->angles),
           *params = random_numbers(~seed, circuit->params);
    const ent_batch batch = {samples, angles, params};
    result wanted = result_new(circuit, samples), found = result_new(circuit, samples);
    ent_shard *shard;
    mpi_check(result_of(circuit, &(ent_program_inp){.engine = ENT_ENGINE_REFERENCE, .threads = 1}, &batch, &wanted) ==
              ENT_OK);
    const ent_program_inp inp = {.precision = precision, .threads = 1};
    ent_shard_share(0);
    mpi_check(ent_shard_new(circuit, &inp, group, &shard) == ENT_OK);
    run_shard(shard, circuit, &batch, &found);
    if (seed % 2 == 0) check_shared(circuit, group, &inp, &batch, &found);
    check_without_overlap(shard, circuit, &batch, &found);
    mpi_check(result_distance(circuit, samples, &found, &wanted) <= tolerance);
    ent_shard_free(shard);
    result_free(&wanted);
    result_free(&found);
    ent_free(angles);
    ent_free(params);
}

static int log2_of(int size)
{
    return __builtin_ctz((unsigned)size);
}

/* The runs so far have used the slices: all of them, with swaps while passes computed. */
static void check_overlapped(void)
{
    if (ent_comm_size(world) == 1) return;
    mpi_check(most_slices >= 8 && overlap_s > 0.0);
    most_slices = 0;
    overlap_s = 0.0;
}

/* Groups of this many ranks, each with the same circuits. */
static void random_circuits(int shards, ent_precision precision, int count, double tolerance)
{
    ent_comm *group;
    mpi_check(ent_comm_split(world, ent_comm_rank(world) / shards, &group) == ENT_OK);
    for (int k = 0; k < count; k++) {
        const int n = 1 + k % 12, gates = 6 * (k % 13) + n;
        if (log2_of(shards) > 0 && log2_of(shards) >= n) continue;
        ent_circuit *circuit = random_circuit((uint64_t)k, n, gates, k % 5, k % 4, 1 + k % 7);
        ent_state_limit_block(k % 8);
        check_circuit(circuit, group, (uint64_t)k, precision, tolerance);
        ent_state_limit_block(0);
        ent_circuit_free(circuit);
    }
    ent_comm_free(group);
}

static void test_random_double(void **state)
{
    (void)state;
    for (int shards = 1; shards <= ent_comm_size(world); shards *= 2) {
        const int count = shards < ent_comm_size(world) ? 24 : shards < 8 ? 120 : 60;
        random_circuits(shards, ENT_DOUBLE, check_turns(count), 1e-12);
    }
    check_overlapped();
}

static void test_random_single(void **state)
{
    (void)state;
    random_circuits(ent_comm_size(world), ENT_SINGLE, check_turns(60), 3e-5);
    check_overlapped();
}

/* Parts that are large enough for threads. */
static void test_threads(void **state)
{
    (void)state;
    const int64_t samples = 1;
    ent_circuit *circuit = random_circuit(9, 13 + log2_of(ent_comm_size(world)), 60, 4, 3, 5);
    double *angles = random_numbers(1, circuit->angles), *params = random_numbers(2, circuit->params);
    const ent_batch batch = {samples, angles, params};
    result one = result_new(circuit, samples);
    ent_state_limit_block(7);
    for (int threads = 1; threads <= 3; threads++) {
        result several = result_new(circuit, samples);
        result *found = threads == 1 ? &one : &several;
        ent_shard *shard;
        const ent_program_inp inp = {.threads = threads};
        ent_shard_share(0);
        mpi_check(ent_shard_new(circuit, &inp, world, &shard) == ENT_OK);
        run_shard(shard, circuit, &batch, found);
        check_shared(circuit, world, &inp, &batch, found);
        check_without_overlap(shard, circuit, &batch, found);
        mpi_check(result_is_same(circuit, samples, &one, found));
        ent_shard_free(shard);
        result_free(&several);
    }
    ent_state_limit_block(0);
    check_overlapped();
    result_free(&one);
    ent_free(angles);
    ent_free(params);
    ent_circuit_free(circuit);
}

/* Parts of 2^16 amplitudes, where rank bits are chosen by the cost of the plan: as the whole state. */
static void test_chosen_rank_bits(void **state)
{
    (void)state;
    ent_circuit *circuit = random_circuit(5, 16 + log2_of(ent_comm_size(world)), 80, 4, 3, 5);
    double *angles = random_numbers(3, circuit->angles), *params = random_numbers(4, circuit->params);
    const ent_batch batch = {1, angles, params};
    result wanted = result_new(circuit, 1), found = result_new(circuit, 1);
    ent_shard *shard;
    mpi_check(result_of(circuit, &(ent_program_inp){.engine = ENT_ENGINE_STATE, .threads = 1}, &batch, &wanted) ==
              ENT_OK);
    mpi_check(ent_shard_new(circuit, &(ent_program_inp){.threads = 1}, world, &shard) == ENT_OK);
    mpi_check(ent_shard_gradient(shard, &batch, cotangent, circuit, found.grad_params, found.grad_angles) == ENT_OK);
    mpi_check(distance(found.grad_params, wanted.grad_params, circuit->params) <= 1e-12);
    mpi_check(distance(found.grad_angles, wanted.grad_angles, circuit->angles) <= 1e-12);
    ent_shard_free(shard);
    result_free(&wanted);
    result_free(&found);
    ent_free(angles);
    ent_free(params);
    ent_circuit_free(circuit);
}

/* ---- refuses ---- */

static void test_groups(void **state)
{
    (void)state;
    ent_comm *group;
    ent_shard *shard;
    const int rank = ent_comm_rank(world), size = ent_comm_size(world);
    ent_circuit *circuit = random_circuit(1, 3, 20, 2, 1, 2);
    mpi_check(ent_comm_split(world, rank < 3, &group) == ENT_OK);
    if (rank < 3 && size >= 3) {
        mpi_check(ent_shard_new(circuit, &(ent_program_inp){.threads = 1}, group, &shard) == ENT_EARG);
        mpi_check(strstr(ent_message(), "3 shards, want a power of two") != NULL);
    }
    ent_comm_free(group);
    if (size >= 8) {
        mpi_check(ent_shard_new(circuit, &(ent_program_inp){.threads = 1}, world, &shard) == ENT_EARG);
        mpi_check(strstr(ent_message(), "8 shards of a state of 3 qubits") != NULL);
    }
    ent_circuit_free(circuit);
}

static void test_memory(void **state)
{
    (void)state;
    ent_circuit *circuit = random_circuit(1, 50, 20, 2, 1, 2);
    ent_shard *shard;
    mpi_check(ent_shard_new(circuit, &(ent_program_inp){.threads = 1}, world, &shard) == ENT_ENOMEM);
    mpi_check(strstr(ent_message(), "bytes") != NULL);
    ent_circuit_free(circuit);
}

/* The k-th allocation fails only on the last rank, for every k: all ranks name that rank, and for a state also the
 * bytes needed and available. */
static void check_one_rank(int shares)
{
    ent_shard_share(shares);
    ent_circuit *circuit = random_circuit(1, 6, 60, 2, 1, 2);
    ent_shard *shard;
    const int last = ent_comm_size(world) - 1;
    char rank[32], bytes[64];
    snprintf(rank, sizeof rank, "rank %d: ", last);
    snprintf(bytes, sizeof bytes, "needs %d bytes", 16 << (6 - log2_of(last + 1)));
    ent_status status = ENT_ENOMEM;
    int of_a_state = 0;
    const bool parts = last > 0 && shares; /* the bra is shared memory */
    for (int k = 1; status != ENT_OK; k++) {
        if (ent_comm_rank(world) == last) ent_alloc_fail_at(k);
        status = ent_shard_new(circuit, &(ent_program_inp){.threads = 1, .isa = "baseline"}, world, &shard);
        ent_alloc_fail_at(0);
        if (status == ENT_OK) break;
        mpi_check(status == ENT_ENOMEM && (last == 0 || strstr(ent_message(), rank) == ent_message()));
        of_a_state += strstr(ent_message(), bytes) && strstr(ent_message(), ENT_AVAILABLE);
    }
    mpi_check(of_a_state == 1);
    double expectations[2], grad_params[2] = {0}, angle = 0.5, params[2] = {0.1, 0.2};
    const ent_batch batch = {1, &angle, params};
    mpi_check(ent_shard_forward(shard, &batch, expectations) == ENT_OK);
    if (ent_comm_rank(world) == last) ent_alloc_fail_at(1); /* the bra */
    status = ent_shard_gradient(shard, &batch, cotangent, circuit, grad_params, NULL);
    ent_alloc_fail_at(0);
    mpi_check(status == ENT_ENOMEM && (parts || strstr(ent_message(), bytes)) && grad_params[0] == 0.0);
    mpi_check(last == 0 || strstr(ent_message(), rank) == ent_message());
    mpi_check(ent_shard_gradient(shard, &batch, cotangent, circuit, grad_params, NULL) == ENT_OK);
    ent_shard_free(shard);
    ent_circuit_free(circuit);
}

static void test_one_rank(void **state)
{
    (void)state;
    check_one_rank(0);
    check_one_rank(1);
}

static const struct CMUnitTest computes[] = {cmocka_unit_test(test_random_double),
                                             cmocka_unit_test(test_random_single), cmocka_unit_test(test_threads),
                                             cmocka_unit_test(test_chosen_rank_bits)};
static const struct CMUnitTest refuses[] = {cmocka_unit_test(test_groups), cmocka_unit_test(test_memory),
                                            cmocka_unit_test(test_one_rank)};

MPI_CHECK_MAIN(computes, refuses)
