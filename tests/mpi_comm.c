/* Comm over ranks: the values that each rank holds afterwards follow from the rank numbers only. */
#include "mpi_check.h"

#include <stdlib.h>

#include "entente/clock.h"
#include "entente/random.h"

static int rank_of(void)
{
    return ent_comm_rank(world);
}

static int size_of(void)
{
    return ent_comm_size(world);
}

static void ranks_are_numbered(void **state)
{
    (void)state;
    mpi_check(size_of() >= 1 && rank_of() >= 0 && rank_of() < size_of());
    const char *wanted = getenv("OMPI_COMM_WORLD_SIZE");
    if (wanted) mpi_check(size_of() == atoi(wanted));
    const char *library = ent_comm_library();
    mpi_check(strlen(library) > 3 && !strchr(library, '\n') && !strchr(library, '\t'));
}

static void broadcast_reaches_all_ranks(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1000, 3000000};
    for (int root = 0; root < size_of(); root++)
        for (int k = 0; k < 4; k++) {
            unsigned char *bytes = ent_alloc((int64_t)sizes[k], 1);
            mpi_check(bytes);
            if (rank_of() == root)
                for (size_t j = 0; j < sizes[k]; j++) bytes[j] = (unsigned char)(j * 7 + (size_t)root);
            ent_comm_broadcast(world, root, bytes, sizes[k]);
            for (size_t j = 0; j < sizes[k]; j++) mpi_check(bytes[j] == (unsigned char)(j * 7 + (size_t)root));
            ent_free(bytes);
        }
    ent_comm_broadcast(world, 0, NULL, 0);
}

static void sum_and_max_are_those_of_all_ranks(void **state)
{
    (void)state;
    enum { N = 1000 };
    static int64_t sums[N];
    static double largest[N];
    const int64_t size = size_of();
    for (int k = 0; k < N; k++) {
        sums[k] = (INT64_C(1) << 40) * (rank_of() + 1) - k;
        largest[k] = -(double)((rank_of() + k) % size_of());
    }
    ent_comm_sum(world, sums, N);
    ent_comm_max(world, largest, N);
    for (int k = 0; k < N; k++) {
        mpi_check(sums[k] == (INT64_C(1) << 40) * (size * (size + 1) / 2) - k * size);
        mpi_check(largest[k] == 0.0);
    }
    ent_comm_sum(world, NULL, 0);
    ent_comm_max(world, NULL, 0);
}

/* TERMS terms, each added by the rank `owner` gives; the sum is that of one rank, to the last bit. */
static void exact_sums_do_not_depend_on_the_ranks(void **state)
{
    (void)state;
    enum { TERMS = 1000, SUMS = 5, LAYOUTS = 6 };
    double x[SUMS];
    ent_exact alone[SUMS] = {{{0}}};
    for (int layout = 0; layout < LAYOUTS; layout++) {
        ent_random values = ent_random_at(1, ENT_FOR_TEST, 0, 0);
        ent_random owners = ent_random_at(2, ENT_FOR_TEST, (uint64_t)layout, 0);
        ent_exact shared[SUMS] = {{{0}}};
        for (int k = 0; k < TERMS; k++) {
            for (int j = 0; j < SUMS; j++)
                x[j] = ldexp(ent_random_normal(&values), (int)ent_random_below(&values, 80) - 40);
            if (layout == 0) mpi_check(ent_exact_add(alone, x, 1.0, SUMS) == ENT_OK);
            const int owner = (int)ent_random_below(&owners, (uint64_t)size_of());
            if (owner == rank_of()) mpi_check(ent_exact_add(shared, x, 1.0, SUMS) == ENT_OK);
        }
        ent_comm_exact_sum(world, shared, SUMS);
        for (int j = 0; j < SUMS; j++) mpi_check(ent_exact_value(&shared[j]) == ent_exact_value(&alone[j]));
    }
    ent_comm_exact_sum(world, NULL, 0);
}

/* Rank r gives r * step bytes of value r + 1. */
static void check_gather(int root, size_t step)
{
    const size_t mine = (size_t)rank_of() * step;
    unsigned char *data = ent_alloc((int64_t)mine, 1);
    int64_t *counts = ent_alloc(size_of(), sizeof *counts);
    mpi_check(data && counts);
    memset(data, rank_of() + 1, mine);
    void *all = data; /* anything but NULL */
    mpi_check(ent_comm_gather(world, root, data, mine, &all, counts) == ENT_OK);
    if (rank_of() == root) {
        const unsigned char *next = all;
        for (int r = 0; r < size_of(); r++) {
            mpi_check(counts[r] == (int64_t)((size_t)r * step));
            for (int64_t k = 0; k < counts[r]; k++) mpi_check(*next++ == r + 1);
        }
    } else {
        mpi_check(!all);
    }
    ent_free(all);
    ent_free(data);
    ent_free(counts);
}

static void gather_keeps_rank_order(void **state)
{
    (void)state;
    for (int root = 0; root < size_of(); root++) {
        check_gather(root, 0);
        check_gather(root, 1);
        check_gather(root, 100003);
    }
    void *all;
    mpi_check(ent_comm_gather(world, 0, NULL, 0, &all, NULL) == ENT_OK); /* `counts` may be NULL */
    ent_free(all);
}

/* Several concurrent swaps with every rank, including this one; each is complete after a successful test or a
 * wait. */
static void swaps_are_complete_when_a_test_succeeds(void **state)
{
    (void)state;
    enum { SWAPS = 3, NUMBERS = 50000 };
    for (int k = 0; k < size_of(); k++) {
        const int other = (k - rank_of() + size_of()) % size_of(); /* its own partner's partner */
        ent_swap *swap[SWAPS];
        int *send[SWAPS], *recv[SWAPS];
        for (int s = 0; s < SWAPS; s++) {
            check_ok(ent_swap_new(world, &swap[s]));
            send[s] = ent_alloc(NUMBERS, sizeof **send);
            recv[s] = ent_alloc(NUMBERS, sizeof **recv);
            for (int i = 0; i < NUMBERS; i++) send[s][i] = i + s * NUMBERS + rank_of();
            mpi_check(ent_swap_test(swap[s])); /* none has begun */
            ent_swap_start(swap[s], other, send[s], recv[s], NUMBERS * sizeof **send);
        }
        for (int s = 0; s < SWAPS; s++) {
            if (s == 1) ent_swap_wait(swap[s]);
            while (!ent_swap_test(swap[s])) continue;
            for (int i = 0; i < NUMBERS; i++) mpi_check(recv[s][i] == i + s * NUMBERS + other);
            ent_swap_free(swap[s]);
            ent_free(send[s]);
            ent_free(recv[s]);
        }
    }
}

static void split_makes_groups_by_color(void **state)
{
    (void)state;
    ent_comm *group;
    const int color = rank_of() % 2;
    mpi_check(ent_comm_split(world, color, &group) == ENT_OK);
    mpi_check(ent_comm_size(group) == (size_of() + 1 - color) / 2);
    mpi_check(ent_comm_rank(group) == rank_of() / 2);
    int64_t sum = rank_of(), wanted = 0;
    for (int r = color; r < size_of(); r += 2) wanted += r;
    ent_comm_sum(group, &sum, 1);
    mpi_check(sum == wanted);
    ent_comm_barrier(group);
    ent_comm_free(group);
    ent_comm_free(NULL);
}

static void agreement_without_a_failure(void **state)
{
    (void)state;
    ent_fail(ENT_EARG, "an older message");
    mpi_check(ent_comm_agree(world, ENT_OK) == ENT_OK);
    ent_comm_barrier(world);
}

/* True from a time on. */
static bool wishes_from(void *at)
{
    return ent_clock_s() >= *(const double *)at;
}

/* Look until a rank asks to stop; ten seconds are a failure. */
static bool look_for_long(ent_watch *watch)
{
    const double end = ent_clock_s() + 10.0;
    while (ent_clock_s() < end)
        if (ent_watch_look(watch)) return true;
    return false;
}

static void a_request_to_stop_reaches_all_ranks(void **state)
{
    (void)state;
    for (int who = 0; who < size_of(); who++) {
        double at = rank_of() == who ? ent_clock_s() + 0.03 : INFINITY;
        ent_watch *watch;
        mpi_check(ent_watch_new(world, wishes_from, &at, &watch) == ENT_OK);
        mpi_check(look_for_long(watch));
        mpi_check(ent_watch_end(watch));
        at = INFINITY; /* nothing of it is left */
        ent_comm_barrier(world);
        for (int k = 0; k < 3; k++) {
            mpi_check(!ent_watch_look(watch));
            mpi_check(!ent_watch_end(watch));
        }
        ent_watch_free(watch);
    }
}

static void a_request_while_waiting_reaches_busy_ranks(void **state)
{
    (void)state;
    for (int who = 0; who < size_of(); who++) {
        const bool waits = rank_of() == who && size_of() > 1;
        double at = rank_of() == who ? ent_clock_s() + 0.03 : INFINITY;
        ent_watch *watch;
        mpi_check(ent_watch_new(world, wishes_from, &at, &watch) == ENT_OK);
        if (!waits) mpi_check(look_for_long(watch));
        mpi_check(ent_watch_end(watch));
        ent_watch_free(watch);
    }
}

/* Many periods without a pause; in each, any number of ranks ask to stop, or none. */
static void every_rank_may_ask_in_every_period(void **state)
{
    (void)state;
    double at = INFINITY;
    ent_watch *watch;
    mpi_check(ent_watch_new(world, wishes_from, &at, &watch) == ENT_OK);
    for (uint64_t period = 0; period < 500; period++) {
        bool any = false;
        for (int r = 0; r < size_of(); r++) {
            ent_random chance = ent_random_at(1, ENT_FOR_COHORT, period, (uint64_t)r);
            const bool asks = ent_random_uniform(&chance) < 0.3;
            if (r == rank_of()) at = asks ? 0.0 : INFINITY;
            any |= asks;
        }
        for (int k = 0; k < (rank_of() + 1) * 50 && !ent_watch_look(watch); k++) continue;
        mpi_check(ent_watch_end(watch) == any);
    }
    ent_watch_free(watch);
}

/* Ranks `first` and above fail: all learn of the lowest. */
static void one_failure_fails_on_every_rank(void **state)
{
    (void)state;
    for (int first = 0; first < size_of(); first++) {
        ent_status mine = ENT_OK;
        ent_fail(ENT_EARG, "an older message");
        if (rank_of() >= first) mine = ent_fail((ent_status)(ENT_EARG + first % 3), "rank %d broke", rank_of());
        const ent_status agreed = ent_comm_agree(world, mine);
        mpi_check(agreed == (ent_status)(ENT_EARG + first % 3));
        char wanted[64];
        snprintf(wanted, sizeof wanted, first == 0 ? "rank %d broke" : "rank %d: rank %d broke", first, first);
        mpi_check(strcmp(ent_message(), wanted) == 0);
    }
    ent_comm_barrier(world);
}

/* A single rank in the middle fails, the others continue to the agreement. */
static void one_failure_among_many_is_named(void **state)
{
    (void)state;
    const int failing = size_of() / 2;
    const ent_status mine = rank_of() == failing ? ent_fail(ENT_EIO, "no such file") : ENT_OK;
    mpi_check(ent_comm_agree(world, mine) == ENT_EIO);
    char wanted[64];
    snprintf(wanted, sizeof wanted, size_of() == 1 ? "no such file" : "rank %d: no such file", failing);
    mpi_check(strcmp(ent_message(), wanted) == 0);
}

/* Every allocation of every rank in turn: all ranks get ENT_ENOMEM, none hangs, nothing leaks. */
static ent_status gather_with_failure(int failing, int64_t k, void **all)
{
    const char data[3] = "ab";
    if (rank_of() == failing) ent_alloc_fail_at(k);
    const ent_status status = ent_comm_gather(world, 0, data, sizeof data, all, NULL);
    ent_alloc_fail_at(0);
    return status;
}

static void short_memory_on_one_rank_is_agreed_on(void **state)
{
    (void)state;
    for (int failing = 0; failing < size_of(); failing++) {
        const int64_t allocations = failing == 0 ? 2 : 1;
        void *all = NULL;
        for (int64_t k = 1; k <= allocations; k++) {
            mpi_check(gather_with_failure(failing, k, &all) == ENT_ENOMEM);
            mpi_check(!all && strstr(ent_message(), "gather"));
        }
        mpi_check(gather_with_failure(failing, allocations + 1, &all) == ENT_OK);
        ent_free(all);
        ent_comm *group = NULL;
        if (rank_of() == failing) ent_alloc_fail_at(1);
        mpi_check(ent_comm_split(world, 0, &group) == ENT_ENOMEM);
        ent_alloc_fail_at(0);
        mpi_check(!group);
    }
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(ranks_are_numbered),
    cmocka_unit_test(broadcast_reaches_all_ranks),
    cmocka_unit_test(sum_and_max_are_those_of_all_ranks),
    cmocka_unit_test(exact_sums_do_not_depend_on_the_ranks),
    cmocka_unit_test(gather_keeps_rank_order),
    cmocka_unit_test(swaps_are_complete_when_a_test_succeeds),
    cmocka_unit_test(split_makes_groups_by_color),
    cmocka_unit_test(agreement_without_a_failure),
    cmocka_unit_test(a_request_to_stop_reaches_all_ranks),
    cmocka_unit_test(a_request_while_waiting_reaches_busy_ranks),
    cmocka_unit_test(every_rank_may_ask_in_every_period),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(one_failure_fails_on_every_rank),
    cmocka_unit_test(one_failure_among_many_is_named),
    cmocka_unit_test(short_memory_on_one_rank_is_agreed_on),
};
MPI_CHECK_MAIN(computes, refuses)
