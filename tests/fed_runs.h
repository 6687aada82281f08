/* What the tests of federations over ranks share: a small data set, a plain configuration, and training on all ranks
 * and on rank 0 only. */
#ifndef ENTENTE_TESTS_FED_RUNS_H
#define ENTENTE_TESTS_FED_RUNS_H

#include "fed_config.h"
#include "mpi_check.h"
#include "temp_folder.h"

enum { ROWS = 120 };

static char data_path[512], whole_path[512]; /* with and without rows that lack something in the file */
static ent_comm *alone;                      /* rank 0 by itself; the others form a group that is not used */

static inline ent_config plain_config(void)
{
    return fed_config(data_path);
}

static inline ent_federation *train(ent_comm *group, const ent_config *config)
{
    ent_federation *f = NULL;
    mpi_check(ent_federation_new(group, config, &f) == ENT_OK);
    mpi_check(ent_federation_train(f, NULL, NULL) == ENT_OK);
    return f;
}

/* Train on all ranks and on rank 0 by itself: the same weights on every rank, the same figures on rank 0. */
static inline void check_same_bits(const ent_config *config)
{
    ent_federation *all = train(world, config);
    const ent_federation_view v = ent_federation_see(all);
    double *weights = ent_copy(v.weights, v.params, sizeof *weights);
    mpi_check(weights && v.rounds == config->federation.rounds);
    if (ent_comm_rank(world) == 0) {
        ent_federation *one = train(alone, config);
        const ent_federation_view w = ent_federation_see(one);
        mpi_check(w.params == v.params && w.patterns == v.patterns && w.clients == v.clients);
        mpi_check(memcmp(&w.test, &v.test, sizeof w.test) == 0);
        mpi_check(memcmp(&w.personal, &v.personal, sizeof w.personal) == 0);
        mpi_check(memcmp(w.client, v.client, (size_t)w.clients * sizeof *w.client) == 0);
        mpi_check(memcmp(w.output, v.output, (size_t)(v.part[ENT_TEST].n * v.outputs) * sizeof *v.output) == 0);
        for (int64_t r = 0; r < v.rounds; r++) {
            mpi_check(v.round[r].trained == w.round[r].trained && v.round[r].samples == w.round[r].samples);
            mpi_check(v.round[r].train_loss == w.round[r].train_loss);
            mpi_check(v.round[r].blocks_short == w.round[r].blocks_short);
            mpi_check(v.round[r].excluded == w.round[r].excluded);
        }
        memcpy(weights, w.weights, (size_t)w.params * sizeof *weights);
        ent_federation_free(one);
    }
    ent_comm_broadcast(world, 0, weights, (size_t)v.params * sizeof *weights);
    mpi_check(memcmp(weights, v.weights, (size_t)v.params * sizeof *weights) == 0);
    ent_free(weights);
    ent_federation_free(all);
}

/* The k-th allocation of a training fails on the last rank, for every step-th k, later for fewer: all ranks report
 * the same. */
static inline void check_failing_allocations(const ent_config *config, int64_t step)
{
    ent_status status = ENT_ENOMEM;
    for (int64_t k = 1; status != ENT_OK; k += k < 12 * step ? step : k / 12) {
        ent_federation *f = NULL;
        mpi_check(ent_federation_new(world, config, &f) == ENT_OK);
        if (ent_comm_rank(world) == ent_comm_size(world) - 1) ent_alloc_fail_at(k);
        status = ent_federation_train(f, NULL, NULL);
        ent_alloc_fail_at(0);
        double highest = (double)status, lowest = -(double)status;
        ent_comm_max(world, &highest, 1);
        ent_comm_max(world, &lowest, 1);
        mpi_check(highest == -lowest && (status == ENT_OK || status == ENT_ENOMEM));
        ent_federation_free(f);
    }
}

static inline int set_up(void **state)
{
    const bool root = ent_comm_rank(world) == 0;
    mpi_check(!root || temp_folder_make(state) == 0);
    ent_comm_broadcast(world, 0, temp_folder, sizeof temp_folder);
    snprintf(data_path, sizeof data_path, "%s/data.h5", temp_folder);
    snprintf(whole_path, sizeof whole_path, "%s/whole.h5", temp_folder);
    ent_synth_inp inp = fed_data(ROWS);
    mpi_check(!root || ent_synth_write(&inp, data_path, 0) == ENT_OK);
    inp.missing = 0.0;
    mpi_check(!root || ent_synth_write(&inp, whole_path, 0) == ENT_OK);
    ent_comm_barrier(world);
    return ent_comm_split(world, root ? 0 : 1, &alone) == ENT_OK ? 0 : -1;
}

static inline int tear_down(void **state)
{
    ent_comm_free(alone);
    ent_comm_barrier(world);
    return ent_comm_rank(world) == 0 ? temp_folder_remove(state) : 0;
}

/* main: as MPI_CHECK_MAIN, with the data set. */
#define FED_RUNS_MAIN(computes, refuses) MPI_CHECK_MAIN_WITHIN(computes, refuses, set_up, tear_down)

#endif
