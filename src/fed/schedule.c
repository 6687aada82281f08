/* Who trains whom: the most expensive client first, each to the rank that has least to do. */
#include <stdlib.h>

#include "entente/memory.h"
#include "fed.h"

typedef struct {
    int64_t member;
    double cost;
} job;

/* The most expensive first; of equals the first. */
static int by_cost(const void *a, const void *b)
{
    const job *x = a, *y = b;
    if (x->cost != y->cost) return x->cost < y->cost ? 1 : -1;
    return (x->member > y->member) - (x->member < y->member);
}

/* A sample's cost: its amplitudes, and what head, loss and call cost besides, as if they were 16 of them. */
static double sample_cost(const ent_federation *f, uint32_t context)
{
    const bool masked = f->config->missing.policy == ENT_POLICY_MMA;
    int qubits = 0;
    for (int m = 0; m < f->modalities; m++)
        if (!masked || context >> m & 1) qubits += f->config->model.registers[m].qubits;
    return 16.0 + (double)(INT64_C(1) << qubits);
}

static double client_cost(const ent_federation *f, int which, int64_t client)
{
    const ent_part *part = &f->part[which];
    double cost = 0.0;
    for (int64_t k = part->first[client]; k < part->first[client + 1]; k++) cost += sample_cost(f, part->context[k]);
    return cost;
}

static int least(int size, const double *load)
{
    int best = 0;
    for (int r = 1; r < size; r++)
        if (load[r] < load[best]) best = r;
    return best;
}

/* Deal jobs[0..n-1], or NULL where there was no memory for them; frees them. */
static ent_status deal(const ent_federation *f, int64_t n, job *jobs, int *rank)
{
    const int size = ent_comm_size(f->lane);
    double *load = ent_alloc(size, sizeof *load);
    if (jobs && load) {
        qsort(jobs, (size_t)n, sizeof *jobs, by_cost);
        for (int64_t j = 0; j < n; j++) {
            const int to = jobs[j].cost > 0.0 ? least(size, load) : -1;
            rank[jobs[j].member] = to;
            if (to >= 0) load[to] += jobs[j].cost;
        }
    }
    const bool done = jobs && load;
    ent_free(jobs);
    ent_free(load);
    return done ? ENT_OK : ent_fail(ENT_ENOMEM, "schedule of %lld clients: no memory", (long long)n);
}

ent_status ent_schedule_make(const ent_federation *f, const ent_cohort *cohort, int *rank)
{
    job *jobs = ent_alloc(cohort->n, sizeof *jobs);
    for (int64_t i = 0; i < cohort->n && jobs; i++)
        jobs[i] = (job){i, client_cost(f, ENT_TRAIN, cohort->member[i].client)};
    return deal(f, cohort->n, jobs, rank);
}

ent_status ent_schedule_own(const ent_federation *f, const ent_cohort *cohort, int part, int *rank)
{
    const double gradient = 3.0 * f->config->client.epochs; /* forward and back, in forward runs */
    job *jobs = ent_alloc(cohort->n, sizeof *jobs);
    for (int64_t i = 0; i < cohort->n && jobs; i++) {
        const int64_t client = cohort->member[i].client;
        jobs[i] = (job){i, client_cost(f, part, client) + gradient * client_cost(f, ENT_TRAIN, client)};
    }
    return deal(f, cohort->n, jobs, rank);
}
