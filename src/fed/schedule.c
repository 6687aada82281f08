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

static double client_cost(const ent_federation *f, int64_t client)
{
    const ent_part *train = &f->part[ENT_TRAIN];
    double cost = 0.0;
    for (int64_t k = train->first[client]; k < train->first[client + 1]; k++)
        cost += sample_cost(f, train->context[k]);
    return cost;
}

static int least(int size, const double *load)
{
    int best = 0;
    for (int r = 1; r < size; r++)
        if (load[r] < load[best]) best = r;
    return best;
}

ent_status ent_schedule_make(const ent_federation *f, const ent_cohort *cohort, int *rank)
{
    const int size = ent_comm_size(f->lane);
    job *jobs = ent_alloc(cohort->n, sizeof *jobs);
    double *load = ent_alloc(size, sizeof *load);
    if (jobs && load) {
        for (int64_t i = 0; i < cohort->n; i++) jobs[i] = (job){i, client_cost(f, cohort->member[i].client)};
        qsort(jobs, (size_t)cohort->n, sizeof *jobs, by_cost);
        for (int64_t j = 0; j < cohort->n; j++) {
            const int to = jobs[j].cost > 0.0 ? least(size, load) : -1;
            rank[jobs[j].member] = to;
            if (to >= 0) load[to] += jobs[j].cost;
        }
    }
    const bool done = jobs && load;
    ent_free(jobs);
    ent_free(load);
    return done ? ENT_OK : ent_fail(ENT_ENOMEM, "schedule of %lld clients: no memory", (long long)cohort->n);
}
