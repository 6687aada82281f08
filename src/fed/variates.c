/* Vectors that clients keep between rounds (control variates, a dual variable), each on its home rank: client k on
 * rank k mod size of the lane.  Before a round they are sent to the ranks that train, and afterwards back; every rank
 * knows the whole schedule, so only the vectors are sent.  A client that has not trained so far has zeros. */
#include <string.h>

#include "entente/memory.h"
#include "clients.h"

struct ent_variates {
    const ent_ranks *ranks;
    int64_t width; /* numbers per client */
    int64_t homes; /* clients whose home is this rank */
    double **at;   /* [homes] or NULL */
};

ent_status ent_variates_new(const ent_ranks *ranks, int64_t clients, int64_t width, ent_variates **out)
{
    const int size = ent_comm_size(ranks->lane), rank = ent_comm_rank(ranks->lane);
    ent_variates *v = ent_alloc(1, sizeof *v);
    ENT_REQUIRE(v, ENT_ENOMEM, "clients' vectors: no memory");
    v->ranks = ranks;
    v->width = width;
    v->homes = (clients - rank + size - 1) / size;
    v->at = ent_alloc(v->homes, sizeof *v->at);
    if (!v->at) {
        ent_free(v);
        return ent_fail(ENT_ENOMEM, "vectors of %lld clients: no memory", (long long)clients);
    }
    *out = v;
    return ENT_OK;
}

void ent_variates_free(ent_variates *v)
{
    if (!v) return;
    for (int64_t k = 0; k < v->homes; k++) ent_free(v->at[k]);
    ent_free(v->at);
    ent_free(v);
}

ent_status ent_variates_list(const ent_variates *v, int64_t *n, int64_t **clients)
{
    const int64_t size = ent_comm_size(v->ranks->lane), rank = ent_comm_rank(v->ranks->lane);
    *n = 0;
    *clients = ent_alloc(v->homes, sizeof **clients);
    ENT_REQUIRE(*clients, ENT_ENOMEM, "clients' vectors: no memory");
    for (int64_t k = 0; k < v->homes; k++)
        if (v->at[k]) (*clients)[(*n)++] = rank + k * size;
    return ENT_OK;
}

const double *ent_variates_at(const ent_variates *v, int64_t client)
{
    return v->at[client / ent_comm_size(v->ranks->lane)];
}

ent_status ent_variates_set(ent_variates *v, int64_t client, const double *vector)
{
    double **at = &v->at[client / ent_comm_size(v->ranks->lane)];
    if (!*at) *at = ent_alloc(v->width, sizeof **at);
    ENT_REQUIRE(*at, ENT_ENOMEM, "clients' vectors: no memory");
    memcpy(*at, vector, (size_t)v->width * sizeof **at);
    return ENT_OK;
}

/* One direction of a transfer: members grouped by the other rank, in the order of the cohort. */
typedef struct {
    size_t *home_bytes,
        *work_bytes; /* [size]: of the members at home here, by training rank; of those trained here, by home */
    double *home, *work;
} journey;

static void journey_clear(journey *j)
{
    ent_free(j->home_bytes);
    ent_free(j->work_bytes);
    ent_free(j->home);
    ent_free(j->work);
}

static ent_status journey_make(const ent_variates *v, const ent_cohort *cohort, const int *rank, journey *j)
{
    const int size = ent_comm_size(v->ranks->lane), me = ent_comm_rank(v->ranks->lane);
    int64_t home = 0, work = 0;
    *j = (journey){.home_bytes = ent_alloc(size, sizeof *j->home_bytes),
                   .work_bytes = ent_alloc(size, sizeof *j->work_bytes)};
    ENT_REQUIRE(j->home_bytes && j->work_bytes, ENT_ENOMEM, "clients' vectors: no memory");
    for (int64_t i = 0; i < cohort->n; i++) {
        const int of = (int)(cohort->member[i].client % size);
        if (rank[i] < 0) continue;
        if (of == me) j->home_bytes[rank[i]] += (size_t)v->width * sizeof(double), home++;
        if (rank[i] == me) j->work_bytes[of] += (size_t)v->width * sizeof(double), work++;
    }
    j->home = ent_alloc(home * v->width, sizeof *j->home);
    j->work = ent_alloc(work * v->width, sizeof *j->work);
    ENT_REQUIRE(j->home && j->work, ENT_ENOMEM, "clients' vectors: no memory");
    return ENT_OK;
}

/* Call for every vector of this rank, in the order of its buffer: by the other rank, then by member.  `number` counts
 * this rank's members in the order of the cohort. */
typedef ent_status visit(ent_variates *v, int64_t client, int64_t number, double *in_buffer, double *mine);

static ent_status for_each(ent_variates *v, const ent_cohort *cohort, const int *rank, bool at_home, double *buffer,
                           double *mine, visit *call)
{
    const int size = ent_comm_size(v->ranks->lane), me = ent_comm_rank(v->ranks->lane);
    for (int other = 0; other < size; other++)
        for (int64_t i = 0, number = 0; i < cohort->n; i++) {
            const int64_t client = cohort->member[i].client;
            const int of = (int)(client % size), here = at_home ? of : rank[i], there = at_home ? rank[i] : of;
            if (rank[i] < 0 || here != me) continue;
            if (there == other) {
                ENT_TRY(call(v, client / size, number, buffer, mine));
                buffer += v->width;
            }
            number++;
        }
    return ENT_OK;
}

static ent_status load(ent_variates *v, int64_t home, int64_t number, double *in_buffer, double *mine)
{
    (void)number, (void)mine;
    if (v->at[home]) memcpy(in_buffer, v->at[home], (size_t)v->width * sizeof *in_buffer);
    return ENT_OK;
}

static ent_status save(ent_variates *v, int64_t home, int64_t number, double *in_buffer, double *mine)
{
    (void)number, (void)mine;
    if (!v->at[home]) v->at[home] = ent_alloc(v->width, sizeof(double));
    ENT_REQUIRE(v->at[home], ENT_ENOMEM, "clients' vectors: no memory");
    memcpy(v->at[home], in_buffer, (size_t)v->width * sizeof *in_buffer);
    return ENT_OK;
}

static ent_status to_mine(ent_variates *v, int64_t home, int64_t number, double *in_buffer, double *mine)
{
    (void)home;
    memcpy(mine + number * v->width, in_buffer, (size_t)v->width * sizeof *mine);
    return ENT_OK;
}

static ent_status from_mine(ent_variates *v, int64_t home, int64_t number, double *in_buffer, double *mine)
{
    (void)home;
    memcpy(in_buffer, mine + number * v->width, (size_t)v->width * sizeof *mine);
    return ENT_OK;
}

ent_status ent_variates_fetch(ent_variates *v, const ent_cohort *cohort, const int *rank, double *mine)
{
    journey j;
    ent_status status = ent_comm_agree(v->ranks->world, journey_make(v, cohort, rank, &j));
    if (status == ENT_OK) {
        for_each(v, cohort, rank, true, j.home, NULL, load);
        ent_comm_exchange(v->ranks->lane, j.home, j.home_bytes, j.work, j.work_bytes);
        for_each(v, cohort, rank, false, j.work, mine, to_mine);
    }
    journey_clear(&j);
    return status;
}

ent_status ent_variates_keep(ent_variates *v, const ent_cohort *cohort, const int *rank, const double *mine)
{
    journey j;
    ent_status status = ent_comm_agree(v->ranks->world, journey_make(v, cohort, rank, &j));
    if (status == ENT_OK) {
        for_each(v, cohort, rank, false, j.work, (double *)mine, from_mine);
        ent_comm_exchange(v->ranks->lane, j.work, j.work_bytes, j.home, j.home_bytes);
        status = for_each(v, cohort, rank, true, j.home, NULL, save);
        status = ent_comm_agree(v->ranks->world, status);
    }
    journey_clear(&j);
    return status;
}
