/* Aggregation of the clients' updates by blocks (McMahan et al. 2017; blocks that a client has not trained are
 * isolated by the missing-modality mechanism).
 *
 * Block b of client k has the weight n_kb: the samples that trained it (or 1 if the rule takes uniform means), times
 * the member's weight.  The mean is sum_k n_kb delta_kb / sum_k n_kb.  Sums are exact, so the result does not depend
 * on the number or order of ranks.  A rule that needs single updates gets them instead: gathered on rank 0, sorted by
 * client; its result is broadcast. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "clients.h"
#include "server.h"
#include "fed/privacy/compress.h"
#include "fed/privacy/download.h"
#include "fed/privacy/private.h"
#include "fed/privacy/secure_round.h"

struct ent_aggregate {
    const ent_rule *rule;
    int params, blocks;
    const ent_block *block;
    double largest; /* bound on each product, so that a sum over all clients stays in the range of exact sums */
    ent_exact
        *sum; /* delta [params], extra [params], weight [blocks], effort [blocks], loss, and within if `adaptive` */
    bool adaptive;
    bool *sent; /* [params] with secure aggregation: the entries of delta that are sent in the round */
    int64_t count[ENT_TALLY_COUNTS];
    double *each; /* updates as they were added, `record` numbers each; for rules with `combine` */
    int64_t eaches, each_room, record;
    ent_mean mean;
};

static int64_t sums(const ent_aggregate *a)
{
    return 2 * (int64_t)a->params + 2 * (int64_t)a->blocks + 1 + a->adaptive;
}

static ent_exact *loss_of(const ent_aggregate *a)
{
    return a->sum + 2 * (int64_t)a->params + 2 * (int64_t)a->blocks;
}

/* ---- the rule's state ---- */

static int64_t rows_of_block(const ent_population *p, const ent_block *block, int64_t client)
{
    const ent_part *train = &p->part[ENT_TRAIN];
    const int64_t rows = ent_client_rows_count(p, client);
    const ent_device *device = ent_devices_of(p->devices, client);
    if (!ent_device_trains(device, block)) return 0;
    return ent_policy_training(p->config->missing.policy, block, rows, train->context + train->first[client]);
}

void ent_update_weigh(const ent_population *p, const ent_model *model, int64_t client, double weight,
                      double *block_weight)
{
    const ent_privacy_mode privacy = p->config->privacy.mode;
    const bool uniform = ent_rule_find(p->config->federation.aggregation)->uniform || privacy != ENT_PRIVACY_NONE;
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    for (int b = 0; b < blocks; b++) {
        /* if clients add noise, the blocks that they have trained are private */
        const bool hides = privacy == ENT_PRIVACY_LOCAL || privacy == ENT_PRIVACY_DISTRIBUTED;
        const int64_t rows = hides ? 1 : rows_of_block(p, &block[b], client);
        block_weight[b] = weight * (uniform ? (double)(rows > 0) : (double)rows);
    }
}

ent_status ent_rule_state_make(const ent_population *p, const ent_model *model, ent_rule_state *s)
{
    const ent_rule *rule = ent_rule_find(p->config->federation.aggregation);
    *s = (ent_rule_state){.config = p->config, .cohort = ent_timeline_most(p)};
    s->params = ent_model_params(model);
    s->blocks = ent_model_blocks(model, &s->block);
    s->population = ent_alloc(s->blocks, sizeof *s->population);
    if (p->devices) s->budget = ent_alloc(p->clients, sizeof *s->budget);
    bool there = s->population && (s->budget || !p->devices);
    for (int k = 0; k < rule->memory; k++) {
        s->memory[k] = ent_alloc(s->params, sizeof(double));
        there = there && s->memory[k];
    }
    ENT_REQUIRE(there, ENT_ENOMEM, "aggregation: no memory"); /* clear frees what has been allocated */
    for (int64_t c = 0; c < p->clients && p->devices; c++) {
        s->budget[c] = ent_devices_budget(p->devices, c);
        if (c == 0 || s->budget[c] < s->least_budget) s->least_budget = s->budget[c];
    }
    for (int64_t c = 0; c < p->clients; c++)
        for (int b = 0; b < s->blocks && ent_client_rows_count(p, c) > 0; b++)
            s->population[b] += rows_of_block(p, &s->block[b], c) > 0;
    if (rule->start) rule->start(s);
    return ENT_OK;
}

void ent_rule_state_clear(ent_rule_state *s)
{
    ent_free(s->population);
    ent_free(s->budget);
    for (int k = 0; k < ENT_RULE_VECTORS; k++) ent_free(s->memory[k]);
}

/* The means of clients' vectors are taken over clients that start from the same weights and count alike; vectors that
 * say where a client begins are its own. */
static ent_status check_vectors(const ent_config *c)
{
    const ent_rule *rule = ent_rule_find(c->federation.aggregation);
    if (rule->client_vectors == 0 || rule->begin) return ENT_OK;
    ENT_REQUIRE(c->system.mode == ENT_MODE_SYNC, ENT_ECONFIG,
                "system.mode: found 'fedbuff', want sync: scaffold and feddyn are not defined for stale updates");
    ENT_REQUIRE(
        c->federation.sampling != ENT_SAMPLING_WEIGHTED, ENT_ECONFIG,
        "federation.sampling: found 'weighted', want uniform: scaffold and feddyn give all clients the same weight");
    return ENT_OK;
}

static ent_status check_communication(const ent_config *c)
{
    const bool whole = !ent_compresses(c) && !ent_downloads_less(c);
    ENT_REQUIRE(whole || !ent_rule_find(c->federation.aggregation)->own, ENT_ECONFIG,
                "communication: want sparsify none, bits 0 and download_bits 0 with federation.aggregation local: "
                "nothing is sent");
    return ENT_OK;
}

static ent_status check_sampling(const ent_config *c)
{
    if (c->federation.sampling != ENT_SAMPLING_POISSON) return ENT_OK;
    ENT_REQUIRE(c->system.mode == ENT_MODE_SYNC, ENT_ECONFIG,
                "system.mode: found 'fedbuff', want sync with federation.sampling poisson");
    ENT_REQUIRE(c->system.over_selection == 0.0, ENT_ECONFIG,
                "system.over_selection: found %g, want 0 with federation.sampling poisson", c->system.over_selection);
    return ENT_OK;
}

ent_status ent_rule_admit(const ent_population *p, const ent_model *model)
{
    const ent_rule *rule = ent_rule_find(p->config->federation.aggregation);
    ent_rule_state s;
    ent_status status = ent_rule_state_make(p, model, &s);
    if (status == ENT_OK) status = check_vectors(p->config);
    if (status == ENT_OK) status = check_sampling(p->config);
    if (status == ENT_OK) status = check_communication(p->config);
    if (status == ENT_OK) status = ent_secure_check(p);
    if (status == ENT_OK) status = ent_private_check(p->config);
    if (status == ENT_OK && rule->check) status = rule->check(&s);
    if (status == ENT_OK) status = ent_attack_check(p);
    ent_rule_state_clear(&s);
    return status;
}

/* ---- sums ---- */

/* A record: client, delta, weight. */
static int64_t record_length(const ent_aggregate *a)
{
    return 1 + (int64_t)a->params + (int64_t)a->blocks;
}

ent_status ent_aggregate_new(const ent_population *p, const ent_model *model, const ent_rule *rule,
                             ent_aggregate **out)
{
    ent_aggregate *a = ent_alloc(1, sizeof *a);
    ENT_REQUIRE(a, ENT_ENOMEM, "server: no memory");
    a->rule = rule;
    a->params = ent_model_params(model);
    a->adaptive = p->config->privacy.adaptive_quantile > 0.0 && p->config->privacy.mode == ENT_PRIVACY_CENTRAL;
    a->blocks = ent_model_blocks(model, &a->block);
    a->largest = ldexp(1.0, 65) / (double)(p->part[ENT_TRAIN].n * p->config->client.epochs);
    a->record = record_length(a);
    a->sum = ent_alloc(sums(a), sizeof *a->sum);
    a->sent = ent_alloc(a->params, sizeof *a->sent);
    a->mean.delta = ent_alloc(a->params, sizeof(double));
    a->mean.extra = ent_alloc(a->params, sizeof(double));
    a->mean.weight = ent_alloc(a->blocks, sizeof(double));
    a->mean.effort = ent_alloc(a->blocks, sizeof(double));
    if (!a->sum || !a->sent || !a->mean.delta || !a->mean.extra || !a->mean.weight || !a->mean.effort) {
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
    ent_free(a->sent);
    ent_free(a->each);
    ent_free(a->mean.delta);
    ent_free(a->mean.extra);
    ent_free(a->mean.weight);
    ent_free(a->mean.effort);
    ent_free(a);
}

void ent_aggregate_start(ent_aggregate *a)
{
    memset(a->sum, 0, (size_t)sums(a) * sizeof *a->sum);
    memset(a->count, 0, sizeof a->count);
    a->eaches = 0;
}

static ent_status check_range(const ent_aggregate *a, int64_t n, const double *x)
{
    for (int64_t k = 0; k < n; k++)
        ENT_REQUIRE(fabs(x[k]) < a->largest, ENT_ENUMERIC, "diverged to %g; a smaller client.learning_rate may help",
                    x[k]);
    return ENT_OK;
}

static ent_status check_update(const ent_aggregate *a, const ent_update *u)
{
    for (int b = 0; b < a->blocks; b++) {
        const ent_block *block = &a->block[b];
        ent_status status = u->weight[b] > 0.0 ? check_range(a, block->count, u->delta + block->first) : ENT_OK;
        if (status == ENT_OK && u->extra) status = check_range(a, block->count, u->extra + block->first);
        if (status != ENT_OK) return ent_fail_in(status, "weights of block '%s'", block->name);
    }
    const double mean_loss = u->loss / (double)u->samples;
    const ent_status status = check_range(a, 1, &mean_loss);
    return status == ENT_OK ? ENT_OK : ent_fail_in(status, "training loss");
}

static ent_status add_sums(ent_aggregate *a, const ent_update *u)
{
    ent_exact *extra = a->sum + a->params, *weight = extra + a->params, *effort = weight + a->blocks;
    for (int b = 0; b < a->blocks; b++) {
        const ent_block *block = &a->block[b];
        if (u->weight[b] == 0.0) continue;
        ENT_TRY(ent_exact_add(a->sum + block->first, u->delta + block->first, u->weight[b], block->count));
        ENT_TRY(ent_exact_add(effort + b, &u->effort[b], u->weight[b], 1));
        ENT_TRY(ent_exact_add(weight + b, &u->weight[b], 1.0, 1));
    }
    if (u->extra) ENT_TRY(ent_exact_add(extra, u->extra, 1.0, a->params));
    return ENT_OK;
}

/* `more` records after those that are there. */
static ent_status grow(ent_aggregate *a, int64_t more)
{
    ENT_REQUIRE(ent_grow_by((void **)&a->each, &a->each_room, a->eaches, more, (size_t)a->record * sizeof *a->each),
                ENT_ENOMEM, "updates of %lld clients: no memory", (long long)(a->eaches + more));
    a->eaches += more;
    return ENT_OK;
}

ent_status ent_aggregate_reserve(ent_aggregate *a, int64_t records)
{
    a->eaches = 0;
    return grow(a, records);
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
    ENT_TRY(grow(a, 1));
    double *to = a->each + (a->eaches - 1) * a->record;
    *to++ = (double)u->client;
    memcpy(to, u->delta, (size_t)a->params * sizeof *to);
    memcpy(to + a->params, u->weight, (size_t)a->blocks * sizeof *to);
    return ENT_OK;
}

ent_status ent_aggregate_add(ent_aggregate *a, const ent_update *u)
{
    ENT_TRY(check_update(a, u));
    ENT_TRY(a->rule->combine ? add_record(a, u) : add_sums(a, u));
    a->count[0]++;
    a->count[1] += u->samples;
    if (a->adaptive) ENT_TRY(ent_exact_add(loss_of(a) + 1, &u->within, 1.0, 1));
    return ent_exact_add(loss_of(a), &u->loss, 1.0, 1);
}

void ent_aggregate_exclude(ent_aggregate *a)
{
    a->count[2]++;
}

static void mean_of_sums(ent_aggregate *a)
{
    const ent_exact *extra = a->sum + a->params, *weight = extra + a->params, *effort = weight + a->blocks;
    for (int b = 0; b < a->blocks; b++) {
        const ent_block *block = &a->block[b];
        const double sum = a->mean.weight[b] = ent_exact_value(&weight[b]);
        a->mean.effort[b] = sum > 0.0 ? ent_exact_value(&effort[b]) / sum : 0.0;
        for (int k = block->first; k < block->first + block->count; k++)
            a->mean.delta[k] = sum > 0.0 ? ent_exact_value(&a->sum[k]) / sum : 0.0;
    }
    for (int k = 0; k < a->params; k++) a->mean.extra[k] = ent_exact_value(&extra[k]);
}

/* ---- combining ---- */

static int by_client(const void *a, const void *b)
{
    const ent_update *x = a, *y = b;
    return (x->client > y->client) - (x->client < y->client);
}

/* All updates from their records, by the rule.  On rank 0. */
static ent_status combine_records(ent_aggregate *a, const ent_rule_state *s, int64_t n, double *record)
{
    ent_update *update = ent_alloc(n, sizeof *update);
    ENT_REQUIRE(update, ENT_ENOMEM, "updates of %lld clients: no memory", (long long)n);
    for (int64_t k = 0; k < n; k++, record += a->record)
        update[k] = (ent_update){.client = (int64_t)record[0], .delta = record + 1, .weight = record + 1 + a->params};
    qsort(update, (size_t)n, sizeof *update, by_client);
    const ent_status status = a->rule->combine(s, n, update, &a->mean);
    ent_free(update);
    return status;
}

static ent_status combine(ent_aggregate *a, const ent_ranks *ranks, const ent_rule_state *s)
{
    void *records = NULL;
    ent_status status =
        ent_comm_gather(ranks->lane, 0, a->each, (size_t)(a->eaches * a->record) * sizeof(double), &records, NULL);
    if (status == ENT_OK && ent_comm_rank(ranks->lane) == 0) status = combine_records(a, s, a->count[0], records);
    ent_free(records);
    ENT_TRY(ent_comm_agree(ranks->world, status));
    ent_comm_broadcast(ranks->lane, 0, a->mean.delta, (size_t)a->params * sizeof(double));
    ent_comm_broadcast(ranks->lane, 0, a->mean.weight, (size_t)a->blocks * sizeof(double));
    ent_comm_broadcast(ranks->lane, 0, &a->mean.blocks_short, sizeof a->mean.blocks_short);
    return ENT_OK;
}

/* The sums that clients send, as ring elements: delta where `sent`, extra if there is one, and everything else. */
static int64_t ring_of_sums(const ent_aggregate *a, const bool *sent, bool back, ent_ring *x)
{
    int64_t n = 0;
    for (int64_t k = 0; k < sums(a); k++) {
        if (k < a->params && !sent[k]) continue;
        if (!a->rule->extra && k >= a->params && k < 2 * (int64_t)a->params) continue;
        if (back)
            a->sum[k] = ent_ring_exact(x[n++]);
        else
            x[n++] = ent_ring_of(&a->sum[k]);
    }
    return n;
}

int64_t ent_aggregate_ring(const ent_aggregate *a, const ent_rule_state *s)
{
    const int64_t others = sums(a) - a->params - (a->rule->extra ? 0 : a->params);
    return ent_compress_common(s, a->sent) + others + 2; /* the number of samples, and a check */
}

/* Sum the clients' updates under masks; the number of clients is not secret. */
static ent_status add_securely(ent_aggregate *a, const ent_ranks *ranks, const ent_rule_state *s,
                               ent_secure_round *round)
{
    const int64_t n = ent_aggregate_ring(a, s);
    ent_ring *x = ent_alloc(n, sizeof *x);
    ent_status status =
        ent_comm_agree(ranks->world, x ? ENT_OK : ent_fail(ENT_ENOMEM, "secure aggregation: no memory"));
    if (status == ENT_OK) {
        const int64_t at = ring_of_sums(a, a->sent, false, x);
        x[at] = (ent_ring)(uint64_t)a->count[1];
        status = ent_comm_agree(ranks->world, ent_secure_sum(round, n, x));
    }
    if (status == ENT_OK) {
        const int64_t at = ring_of_sums(a, a->sent, true, x);
        int64_t counts[2] = {a->count[0], a->count[2]};
        ent_comm_sum(ranks->lane, counts, 2);
        a->count[0] = counts[0];
        a->count[1] = (int64_t)(uint64_t)x[at];
        a->count[2] = counts[1] + ent_secure_excluded(round);
    }
    ent_free(x);
    return status;
}

ent_status ent_aggregate_finish(ent_aggregate *a, const ent_ranks *ranks, const ent_rule_state *s,
                                ent_secure_round *secure, ent_mean **mean)
{
    if (secure) {
        ENT_TRY(add_securely(a, ranks, s, secure));
    } else {
        ent_comm_exact_sum(ranks->lane, a->sum, sums(a));
        ent_comm_sum(ranks->lane, a->count, ENT_TALLY_COUNTS);
    }
    a->mean.clients = a->count[0];
    a->mean.samples = a->count[1];
    a->mean.excluded = a->count[2];
    a->mean.loss = ent_exact_value(loss_of(a));
    a->mean.within = a->adaptive ? ent_exact_value(loss_of(a) + 1) : 0.0;
    if (a->rule->combine)
        ENT_TRY(combine(a, ranks, s));
    else
        mean_of_sums(a);
    *mean = &a->mean;
    return ENT_OK;
}
