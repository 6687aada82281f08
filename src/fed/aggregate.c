/* What the clients send, added up by blocks (McMahan et al. 2017; the missing-modality mechanism's isolation of
 * untrained circuits).
 *
 * Block b of client k weighs n_kb: the samples that trained it, times the member's weight.  The mean is
 * sum_k n_kb delta_kb / sum_k n_kb.  Sums are exact, so neither ranks nor their order can change a bit.  A rule that
 * wants every update gets them instead: gathered at rank 0, sorted by client. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "fed.h"

struct ent_aggregate {
    const ent_rule *rule;
    int params, blocks;
    const ent_block *block;
    ent_exact *sum;   /* delta [params], extra [params], weight [blocks], loss */
    int64_t count[2]; /* clients, samples */
    double *each;     /* updates as they were added, `record` numbers each; for rules with `combine` */
    int64_t eaches, each_room, record;
    ent_mean mean;
};

static int64_t sums(const ent_aggregate *a)
{
    return 2 * (int64_t)a->params + a->blocks + 1;
}

/* A record: client, samples, loss, delta, weight, steps. */
static int64_t record_length(const ent_aggregate *a)
{
    return 3 + (int64_t)a->params + 2 * (int64_t)a->blocks;
}

ent_status ent_aggregate_new(const ent_federation *f, const ent_rule *rule, ent_aggregate **out)
{
    ent_aggregate *a = ent_alloc(1, sizeof *a);
    ENT_REQUIRE(a, ENT_ENOMEM, "server: no memory");
    a->rule = rule;
    a->params = ent_model_params(f->model);
    a->blocks = ent_model_blocks(f->model, &a->block);
    a->record = record_length(a);
    a->sum = ent_alloc(sums(a), sizeof *a->sum);
    a->mean.delta = ent_alloc(a->params, sizeof(double));
    a->mean.extra = ent_alloc(a->params, sizeof(double));
    a->mean.weight = ent_alloc(a->blocks, sizeof(double));
    if (!a->sum || !a->mean.delta || !a->mean.extra || !a->mean.weight) {
        ent_aggregate_free(a);
        return ent_fail(ENT_ENOMEM, "server: no memory");
    }
    *out = a;
    return ENT_OK;
}

void ent_aggregate_free(ent_aggregate *a)
{
    if (!a) return;
    ent_free(a->sum);
    ent_free(a->each);
    ent_free(a->mean.delta);
    ent_free(a->mean.extra);
    ent_free(a->mean.weight);
    ent_free(a);
}

void ent_aggregate_start(ent_aggregate *a)
{
    memset(a->sum, 0, (size_t)sums(a) * sizeof *a->sum);
    a->count[0] = a->count[1] = 0;
    a->eaches = 0;
}

static int64_t rows_of_block(const ent_federation *f, const ent_block *block, int64_t client)
{
    const ent_part *train = &f->part[ENT_TRAIN];
    if (f->config->missing.policy != ENT_POLICY_MMA) return ent_client_rows_count(f, client);
    int64_t count = 0;
    for (int64_t k = train->first[client]; k < train->first[client + 1]; k++)
        count += ent_block_trains(block, train->context[k]);
    return count;
}

void ent_update_weigh(const ent_federation *f, int64_t client, double weight, double *block_weight)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(f->model, &block);
    for (int b = 0; b < blocks; b++) block_weight[b] = weight * (double)rows_of_block(f, &block[b], client);
}

/* A sum over all clients stays in the range of exact sums where every product stays below this. */
static ent_status check_range(const ent_federation *f, int64_t n, const double *x)
{
    const double largest = ldexp(1.0, 65) / (double)(f->part[ENT_TRAIN].n * f->config->client.epochs);
    for (int64_t k = 0; k < n; k++)
        ENT_REQUIRE(fabs(x[k]) < largest, ENT_ENUMERIC, "diverged to %g; a smaller client.learning_rate may help",
                    x[k]);
    return ENT_OK;
}

static ent_status check_update(const ent_aggregate *a, const ent_federation *f, const ent_update *u)
{
    for (int b = 0; b < a->blocks; b++) {
        const ent_block *block = &a->block[b];
        ent_status status = u->weight[b] > 0.0 ? check_range(f, block->count, u->delta + block->first) : ENT_OK;
        if (status == ENT_OK && u->extra) status = check_range(f, block->count, u->extra + block->first);
        if (status != ENT_OK) return ent_fail_in(status, "weights of block '%s'", block->name);
    }
    const double mean_loss = u->loss / (double)u->samples;
    const ent_status status = check_range(f, 1, &mean_loss);
    return status == ENT_OK ? ENT_OK : ent_fail_in(status, "training loss");
}

static ent_status add_sums(ent_aggregate *a, const ent_update *u)
{
    ent_exact *extra = a->sum + a->params, *weight = extra + a->params;
    for (int b = 0; b < a->blocks; b++) {
        const ent_block *block = &a->block[b];
        if (u->weight[b] == 0.0) continue;
        ENT_TRY(ent_exact_add(a->sum + block->first, u->delta + block->first, u->weight[b], block->count));
        ENT_TRY(ent_exact_add(weight + b, &u->weight[b], 1.0, 1));
    }
    if (u->extra) ENT_TRY(ent_exact_add(extra, u->extra, 1.0, a->params));
    return ENT_OK;
}

static ent_status grow(ent_aggregate *a, int64_t room)
{
    double *grown = ent_alloc(room * a->record, sizeof *grown);
    ENT_REQUIRE(grown, ENT_ENOMEM, "updates of %lld clients: no memory", (long long)room);
    if (a->eaches > 0) memcpy(grown, a->each, (size_t)(a->eaches * a->record) * sizeof *grown);
    ent_free(a->each);
    a->each = grown;
    a->each_room = room;
    return ENT_OK;
}

ent_status ent_aggregate_reserve(ent_aggregate *a, int64_t records)
{
    if (records > a->each_room) ENT_TRY(grow(a, records));
    a->eaches = records;
    return ENT_OK;
}

ent_tally ent_aggregate_see(ent_aggregate *a)
{
    return (ent_tally){.sums = sums(a),
                       .sum = (int64_t *)a->sum,
                       .count = a->count,
                       .records = a->eaches,
                       .record = a->record,
                       .each = a->each};
}

static ent_status add_record(ent_aggregate *a, const ent_update *u)
{
    if (a->eaches == a->each_room) ENT_TRY(grow(a, 2 * a->each_room + 16));
    double *to = a->each + a->eaches++ * a->record;
    *to++ = (double)u->client;
    *to++ = (double)u->samples;
    *to++ = u->loss;
    memcpy(to, u->delta, (size_t)a->params * sizeof *to);
    memcpy(to += a->params, u->weight, (size_t)a->blocks * sizeof *to);
    to += a->blocks;
    for (int b = 0; b < a->blocks; b++) to[b] = (double)u->steps[b];
    return ENT_OK;
}

ent_status ent_aggregate_add(ent_aggregate *a, const ent_federation *f, const ent_update *u)
{
    ENT_TRY(check_update(a, f, u));
    ENT_TRY(a->rule->combine ? add_record(a, u) : add_sums(a, u));
    a->count[0]++;
    a->count[1] += u->samples;
    return ent_exact_add(a->sum + sums(a) - 1, &u->loss, 1.0, 1);
}

static void mean_of_sums(ent_aggregate *a)
{
    const ent_exact *extra = a->sum + a->params, *weight = extra + a->params;
    for (int b = 0; b < a->blocks; b++) {
        const ent_block *block = &a->block[b];
        a->mean.weight[b] = ent_exact_value(&weight[b]);
        for (int k = block->first; k < block->first + block->count; k++)
            a->mean.delta[k] = a->mean.weight[b] > 0.0 ? ent_exact_value(&a->sum[k]) / a->mean.weight[b] : 0.0;
    }
    for (int k = 0; k < a->params; k++) a->mean.extra[k] = ent_exact_value(&extra[k]);
}

ent_status ent_aggregate_finish(ent_aggregate *a, const ent_federation *f, const ent_mean **mean)
{
    ent_comm_exact_sum(f->lane, a->sum, sums(a));
    ent_comm_sum(f->lane, a->count, 2);
    a->mean.clients = a->count[0];
    a->mean.samples = a->count[1];
    a->mean.loss = ent_exact_value(&a->sum[sums(a) - 1]);
    mean_of_sums(a);
    *mean = &a->mean;
    return ENT_OK;
}
