/* What every test over ranks includes: cmocka on every rank, and checks that end all ranks, since the others would
 * wait for ever in the next collective. */
#ifndef ENTENTE_TESTS_MPI_CHECK_H
#define ENTENTE_TESTS_MPI_CHECK_H

#include "check.h"

#include "entente/comm.h"
#include "entente/memory.h"

static ent_comm *world;

#define mpi_check(condition)                                                                                         \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            fprintf(stderr, "rank %d: '%s' does not hold at %s:%d (%s)\n", ent_comm_rank(world), #condition,         \
                    __FILE__, __LINE__, ent_message());                                                              \
            ent_comm_abort(world, 1);                                                                                \
        }                                                                                                            \
    } while (0)

/* main: as CHECK_MAIN, each group within set_up and tear_down; only rank 0 reports.  A start allocates nothing: one
 * rank that could not would leave the others waiting for it. */
#define MPI_CHECK_MAIN_WITHIN(computes, refuses, set_up, tear_down)                                                  \
    int main(int argc, char **argv)                                                                                  \
    {                                                                                                                \
        ent_alloc_fail_at(1);                                                                                        \
        if (ent_comm_start(&argc, &argv, &world) != ENT_OK) return 1;                                                \
        ent_alloc_fail_at(0);                                                                                        \
        if (ent_comm_rank(world) > 0 && !freopen("/dev/null", "w", stdout)) return 1;                                \
        int failed = cmocka_run_group_tests_name("computes", computes, set_up, tear_down);                           \
        failed += cmocka_run_group_tests_name("refuses", refuses, set_up, tear_down);                                \
        ent_comm_finish(world);                                                                                      \
        return failed;                                                                                               \
    }

#define MPI_CHECK_MAIN(computes, refuses) MPI_CHECK_MAIN_WITHIN(computes, refuses, NULL, NULL)

#endif
