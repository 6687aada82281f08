/* Assignment of clients to ranks: the most expensive client first, each to the rank with the lowest cost so far. */
#include <stdlib.h>

#include "entente/memory.h"
#include "clients.h"

typedef struct {
    int64_t member;
    double cost;
} job;

/* The most expensive first; ties in their order. */
static int by_cost(const void *a, const void *b)
{
    const job *x = a, *y = b;
    if (x->cost != y->cost) return x->cost < y->cost ? 1 : -1;
    return (x->member > y->member) - (x->member < y->member);
}

static double client_cost(const ent_population *p, int which, int64_t client)
{
    const ent_part *part = &p->part[which];
    const ent_policy policy = p->config->missing.policy;
    int qubits[ENT_MAX_MODALITIES];
    double cost = 0.0;
    for (int m = 0; m < p->modalities; m++)
        qubits[m] = ent_device_qubits(ent_devices_of(p->devices, client), p->config->model.registers[m].qubits);
    for (int64_t k = part->first[client]; k < part->first[client + 1]; k++)
        cost += ent_policy_cost(policy, p->modalities, qubits, part->context[k]);
    return cost;
}

static int least(int size, const double *load)
{
    int best = 0;
    for (int r = 1; r < size; r++)
        if (load[r] < load[best]) best = r;
    return best;
}

/* Assign jobs[0..n-1] and free them; NULL: there was no memory for them. */
static ent_status deal(int ranks, int64_t n, job *jobs, int *rank)
{
    double *load = ent_alloc(ranks, sizeof *load);
    if (jobs && load) {
        qsort(jobs, (size_t)n, sizeof *jobs, by_cost);
        for (int64_t j = 0; j < n; j++) {
            const int to = jobs[j].cost > 0.0 ? least(ranks, load) : -1;
            rank[jobs[j].member] = to;
            if (to >= 0) load[to] += jobs[j].cost;
        }
    }
    const bool done = jobs && load;
    ent_free(jobs);
    ent_free(load);
    return done ? ENT_OK : ent_fail(ENT_ENOMEM, "schedule of %lld clients: no memory", (long long)n);
}

ent_status ent_schedule_make(const ent_population *p, int ranks, const ent_cohort *cohort, int *rank)
{
    job *jobs = ent_alloc(cohort->n, sizeof *jobs);
    for (int64_t i = 0; i < cohort->n && jobs; i++)
        jobs[i] = (job){i, client_cost(p, ENT_TRAIN, cohort->member[i].client)};
    return deal(ranks, cohort->n, jobs, rank);
}

ent_status ent_schedule_all(const ent_population *p, int ranks, int *rank)
{
    job *jobs = ent_alloc(p->clients, sizeof *jobs);
    for (int64_t c = 0; c < p->clients && jobs; c++) jobs[c] = (job){c, client_cost(p, ENT_TRAIN, c)};
    return deal(ranks, p->clients, jobs, rank);
}

ent_status ent_schedule_own(const ent_population *p, int ranks, const ent_cohort *cohort, int part, int epochs,
                            int *rank)
{
    const double gradient = 3.0 * epochs; /* forward and backward sweep, in units of forward runs */
    job *jobs = ent_alloc(cohort->n, sizeof *jobs);
    for (int64_t i = 0; i < cohort->n && jobs; i++) {
        const int64_t client = cohort->member[i].client;
        jobs[i] = (job){i, client_cost(p, part, client) + gradient * client_cost(p, ENT_TRAIN, client)};
    }
    return deal(ranks, cohort->n, jobs, rank);
}
