/* Reduction over ranks: groups of 1, 2, 3 and more ranks, which hold the clients in any order, get the same bits; and
 * a failure of one rank is one of all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reduce_data.h"

/* d is more than one block of second moments. */
enum { D = 300, CLIENTS = 23, K = 6 };

#define CHECK(condition)                                                                                             \
    do {                                                                                                             \
        if (condition) break;                                                                                        \
        fprintf(stderr, "%s:%d: '%s' does not hold: %s\n", __FILE__, __LINE__, #condition, ent_message());           \
        ent_comm_abort(world, 1);                                                                                    \
    } while (0)

static ent_comm *world;

/* The clients of a rank in a layout: dealt in turn, in blocks, backwards, or all to the last rank. */
static int clients_of(int layout, int rank, int size, int *client)
{
    int count = 0;
    for (int k = 0; k < CLIENTS; k++) {
        const int c = layout % 2 == 0 ? k : CLIENTS - 1 - k;
        const int owner = layout == 3 ? size - 1 : layout == 2 ? c * size / CLIENTS : c % size;
        if (owner == rank) client[count++] = c;
    }
    return count;
}

static ent_reduction *fit(ent_comm *comm, int layout)
{
    int client[CLIENTS];
    const int count = clients_of(layout, ent_comm_rank(comm), ent_comm_size(comm), client);
    client_data data = clients_make(count, client, D);
    const ent_reduction_inp inp = {.kind = ENT_REDUCE_PCA, .inputs = D, .outputs = K, .name = "audio"};
    ent_reduction *r = NULL;
    CHECK(ent_reduction_fit(comm, &inp, &data.rows, &r) == ENT_OK);
    clients_free(&data);
    return r;
}

static void same(const double *a, const double *b, int64_t n)
{
    CHECK(memcmp(a, b, (size_t)n * sizeof *a) == 0);
}

static void every_layout_gives_the_same_bits(void)
{
    ent_comm *alone = NULL;
    CHECK(ent_comm_split(world, ent_comm_rank(world), &alone) == ENT_OK);
    ent_reduction *reference = fit(alone, 0);
    for (int ranks = 1; ranks <= ent_comm_size(world); ranks++) {
        ent_comm *group = NULL;
        CHECK(ent_comm_split(world, ent_comm_rank(world) / ranks, &group) == ENT_OK);
        for (int layout = 0; layout < 4; layout++) {
            ent_reduction *r = fit(group, layout);
            CHECK(r->count == reference->count);
            same(r->mean, reference->mean, D);
            same(r->inverse, reference->inverse, D);
            same(r->explained, reference->explained, K);
            same(r->matrix, reference->matrix, (int64_t)K * D);
            ent_reduction_free(r);
        }
        ent_comm_free(group);
    }
    ent_reduction_free(reference);
    ent_comm_free(alone);
}

/* All ranks have the solution of rank 0. */
static void all_ranks_hold_the_same(void)
{
    ent_reduction *r = fit(world, 1);
    double *first = ent_copy(r->matrix, (int64_t)K * D, sizeof *first);
    ent_comm_broadcast(world, 0, first, K * D * sizeof *first);
    same(first, r->matrix, (int64_t)K * D);
    ent_free(first);
    ent_reduction_free(r);
}

/* The last rank fails: a value that is not finite, then the k-th allocation. */
static void one_failure_fails_on_every_rank(void)
{
    int client[CLIENTS];
    const int last = ent_comm_rank(world) == ent_comm_size(world) - 1;
    const int count = clients_of(0, ent_comm_rank(world), ent_comm_size(world), client);
    client_data data = clients_make(count, client, D);
    const ent_reduction_inp inp = {.kind = ENT_REDUCE_PCA, .inputs = D, .outputs = K, .name = "audio"};
    ent_reduction *r = NULL;
    for (int64_t k = 1; k <= 8; k++) {
        if (last) ent_alloc_fail_at(k);
        CHECK(ent_reduction_fit(world, &inp, &data.rows, &r) == ENT_ENOMEM);
        ent_alloc_fail_at(0);
        CHECK(!r && strstr(ent_message(), "modality 'audio'"));
    }
    int64_t row = 0;
    while (last && !data.use[row]) row++;
    if (last) data.x[row * D + 7] = INFINITY;
    CHECK(ent_reduction_fit(world, &inp, &data.rows, &r) == ENT_ENUMERIC);
    CHECK(!r && strstr(ent_message(), "feature 7: inf"));
    memset(data.use, 0, (size_t)data.first[count]);
    CHECK(ent_reduction_fit(world, &inp, &data.rows, &r) == ENT_EDATA);
    CHECK(!r && strstr(ent_message(), "no client has"));
    clients_free(&data);
}

int main(int argc, char **argv)
{
    if (ent_comm_start(&argc, &argv, &world) != ENT_OK) return 1;
    every_layout_gives_the_same_bits();
    all_ranks_hold_the_same();
    one_failure_fails_on_every_rank();
    if (ent_comm_rank(world) == 0) printf("mpi_reduce: all hold on %d ranks\n", ent_comm_size(world));
    ent_comm_finish(world);
    return 0;
}
