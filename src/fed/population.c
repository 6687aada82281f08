/* The rows of each client: the split, the missing protocol, and the policy for missing modalities.
 *
 * A pure function of configuration and labels, computed on every rank; costs a few words per row. */
#include <string.h>

#include "entente/memory.h"
#include "extend.h"
#include "population.h"

void ent_part_clear(ent_part *part)
{
    ent_free(part->row);
    ent_free(part->client);
    ent_free(part->first);
    ent_free(part->context);
    ent_free(part->answered);
    ent_free(part->category);
    ent_free(part->value);
    ent_free(part->target);
    *part = (ent_part){.n = 0};
}

static ent_status part_alloc(ent_part *part, int64_t n, bool category, bool value)
{
    *part = (ent_part){.n = n};
    part->row = ent_alloc(n, sizeof *part->row);
    part->client = ent_alloc(n, sizeof *part->client);
    part->context = ent_alloc(n, sizeof *part->context);
    part->answered = ent_alloc(n, sizeof *part->answered);
    part->category = category ? ent_alloc(n, sizeof *part->category) : NULL;
    part->value = value ? ent_alloc(n, sizeof *part->value) : NULL;
    if (part->row && part->client && part->context && part->answered && (part->category || !category) &&
        (part->value || !value))
        return ENT_OK;
    ent_part_clear(part);
    return ent_fail(ENT_ENOMEM, "%lld rows: no memory", (long long)n);
}

/* Labels of the rows of the part, in their order. */
static void take_labels(const ent_dataset *d, ent_part *part)
{
    for (int64_t k = 0; k < part->n; k++) {
        if (part->category) part->category[k] = d->category[part->row[k]];
        if (part->value) part->value[k] = d->value[part->row[k]];
    }
}

static ent_status take_part(const ent_dataset *d, int which, bool all_rows, ent_part *part)
{
    int64_t n = 0;
    for (int64_t r = 0; r < d->rows; r++) n += all_rows || d->split[r] == which;
    ENT_TRY(part_alloc(part, n, d->category != NULL, d->value != NULL));
    n = 0;
    for (int64_t r = 0; r < d->rows; r++)
        if (all_rows || d->split[r] == which) part->row[n++] = r;
    take_labels(d, part);
    memset(part->answered, 1, (size_t)part->n);
    return ENT_OK;
}

/* Classes, or whole numbers for a real label, for splits by label. */
static ent_status strata_of(const ent_part *part, const ent_strata *real, int32_t **stratum)
{
    *stratum = ent_alloc(part->n, sizeof **stratum);
    ENT_REQUIRE(*stratum, ENT_ENOMEM, "split: no memory");
    for (int64_t k = 0; k < part->n; k++)
        (*stratum)[k] = part->category ? part->category[k] : ent_split_stratum(real, part->value[k]);
    return ENT_OK;
}

typedef struct {
    ent_split_inp inp;
    ent_strata strata;
    int classes;
    int32_t *train_group;
    int64_t train_groups;
} splitter;

static ent_status groups_of(const ent_dataset *d, const ent_part *part, int32_t **group)
{
    *group = NULL;
    if (!d->group) return ENT_OK;
    *group = ent_alloc(part->n, sizeof **group);
    ENT_REQUIRE(*group, ENT_ENOMEM, "split: no memory");
    for (int64_t k = 0; k < part->n; k++) (*group)[k] = d->group[part->row[k]];
    return ENT_OK;
}

static ent_status split_part(const splitter *s, const ent_dataset *d, int which, ent_part *part)
{
    int32_t *stratum = NULL, *group = NULL;
    ent_status status = strata_of(part, &s->strata, &stratum);
    if (status == ENT_OK) status = groups_of(d, part, &group);
    if (status == ENT_OK) {
        const ent_split_rows rows = {.part = which,
                                     .n = part->n,
                                     .strata = s->classes,
                                     .stratum = stratum,
                                     .group = group,
                                     .train_groups = s->train_groups,
                                     .train_group = s->train_group};
        status = ent_split(&s->inp, &rows, part->client);
    }
    ent_free(stratum);
    ent_free(group);
    return status;
}

/* A mistyped number of clients must not make the system run out of memory. */
static ent_status check_clients(const ent_population *p)
{
    const double bytes = 100.0 * (double)p->clients, available = (double)ent_memory_available_bytes();
    if (bytes < available) return ENT_OK;
    return ent_memory_lacks(bytes, available, "federation.clients: the table of %lld clients", (long long)p->clients);
}

static ent_status splitter_make(ent_population *p, const ent_dataset *d, splitter *s)
{
    const ent_config_federation *c = &p->config->federation;
    const ent_part *train = &p->part[ENT_TRAIN];
    *s = (splitter){.inp = {.kind = c->split,
                            .clients = c->clients,
                            .alpha = c->alpha,
                            .shards = c->shards_per_client,
                            .seed = p->config->seeds.split},
                    .classes = d->classes};
    ent_split_find_own(&s->inp);
    if (!train->category) {
        s->strata = ent_split_strata(train->n, train->value);
        s->classes = s->strata.count;
    }
    if (c->split == ENT_SPLIT_NATURAL) {
        ENT_REQUIRE(d->group, ENT_EDATA, "%s: no dataset /group, which federation.split: natural needs", d->path);
        int32_t *group;
        ENT_TRY(groups_of(d, train, &group));
        const ent_status status = ent_split_groups(train->n, group, &s->train_group, &s->train_groups);
        ent_free(group);
        ENT_TRY(status);
        if (s->inp.clients == 0) s->inp.clients = (int)s->train_groups;
    }
    ENT_REQUIRE(s->inp.clients >= 1, ENT_ECONFIG,
                "federation.clients: found 0, want 1 or more (0: one client per group, needs split: natural)");
    p->clients = s->inp.clients;
    return ENT_OK;
}

/* Sort by client; rows stay ascending inside a client.  Counting sort. */
static ent_status sort_by_client(const ent_dataset *d, ent_part *part, int64_t clients)
{
    int64_t *next = ent_alloc(clients + 1, sizeof *next), *row = ent_alloc(part->n, sizeof *row);
    int32_t *client = ent_alloc(part->n, sizeof *client);
    if (next && row && client) {
        for (int64_t k = 0; k < part->n; k++) next[part->client[k] + 1]++;
        for (int64_t c = 0; c < clients; c++) next[c + 1] += next[c];
        for (int64_t k = 0; k < part->n; k++) {
            const int64_t to = next[part->client[k]]++;
            row[to] = part->row[k];
            client[to] = part->client[k];
        }
        memcpy(part->row, row, (size_t)part->n * sizeof *row);
        memcpy(part->client, client, (size_t)part->n * sizeof *client);
        take_labels(d, part);
    }
    const bool done = next && row && client;
    ent_free(next);
    ent_free(row);
    ent_free(client);
    return done ? ENT_OK : ent_fail(ENT_ENOMEM, "split: no memory");
}

/* Draw the masks and apply them: remove skipped rows, and training rows that the policy does not use; mark the other
 * rows that it does not answer. */
static ent_status mask_part(ent_population *p, const ent_dataset *d, int which)
{
    ent_part *part = &p->part[which];
    uint32_t *stored = ent_alloc(part->n, sizeof *stored);
    ENT_REQUIRE(stored, ENT_ENOMEM, "masks: no memory");
    for (int64_t k = 0; k < part->n; k++) stored[k] = d->stored[part->row[k]];
    const ent_missing_rows rows = {part->n, part->row, part->client, stored, part->context};
    ent_missing_draw(&p->missing, which, p->modalities, &rows);
    ent_free(stored);
    int64_t kept = 0;
    for (int64_t k = 0; k < part->n; k++) {
        if (part->context[k] == ENT_ROW_SKIPPED) continue;
        const bool used = ent_policy_uses(p->config->missing.policy, p->modalities, part->context[k]);
        if (which == ENT_TRAIN && !used) continue;
        part->row[kept] = part->row[k];
        part->client[kept] = part->client[k];
        part->context[kept] = part->context[k];
        part->answered[kept] = used;
        kept++;
    }
    part->n = kept;
    take_labels(d, part);
    return ENT_OK;
}

/* The first row of each client. */
static ent_status find_first(ent_part *part, int64_t clients)
{
    part->first = ent_alloc(clients + 1, sizeof *part->first);
    ENT_REQUIRE(part->first, ENT_ENOMEM, "split: no memory");
    for (int64_t k = 0; k < part->n; k++) part->first[part->client[k] + 1]++;
    for (int64_t c = 0; c < clients; c++) part->first[c + 1] += part->first[c];
    return ENT_OK;
}

static void count_empty(ent_population *p)
{
    p->empty_clients = 0;
    for (int64_t c = 0; c < p->clients; c++) p->empty_clients += ent_client_rows_count(p, c) == 0;
}

ent_status ent_population_make(ent_population *p, const ent_dataset *d)
{
    splitter s;
    for (int k = 0; k < ENT_PARTS; k++) ENT_TRY(take_part(d, k, false, &p->part[k]));
    ENT_REQUIRE(p->part[ENT_TRAIN].n > 0, ENT_EDATA, "%s: no row of /split is 0: nothing to train on", d->path);
    ent_status status = splitter_make(p, d, &s);
    if (status == ENT_OK) status = check_clients(p);
    for (int k = 0; k < ENT_PARTS && status == ENT_OK; k++) {
        status = split_part(&s, d, k, &p->part[k]);
        if (status == ENT_OK) status = sort_by_client(d, &p->part[k], p->clients);
        if (status == ENT_OK) status = mask_part(p, d, k);
        if (status == ENT_OK) status = find_first(&p->part[k], p->clients);
    }
    ent_free(s.train_group);
    ENT_TRY(status);
    ENT_REQUIRE(p->part[ENT_TRAIN].n > 0, ENT_EDATA, "%s: the missing protocol and policy leave no training row",
                d->path);
    count_empty(p);
    return ENT_OK;
}

/* Remove rows without any modality, as in training. */
static void leave_out_empty(const ent_population *p, const ent_dataset *d, ent_part *part)
{
    int64_t kept = 0;
    for (int64_t k = 0; k < part->n; k++)
        if (d->stored[part->row[k]] || p->config->missing.empty == ENT_ALLOW) part->row[kept++] = part->row[k];
    part->n = kept;
}

/* For evaluation only: one part, divided among as many clients as there are ranks, every row without `absent`. */
ent_status ent_population_all(ent_population *p, const ent_dataset *d, int ranks, uint32_t absent, bool all_rows)
{
    ent_part *part = &p->part[ENT_TEST];
    ENT_TRY(take_part(d, ENT_TEST, all_rows, part));
    ENT_REQUIRE(part->n > 0, ENT_EDATA, "%s: no row of /split is 2 (test)", d->path);
    leave_out_empty(p, d, part);
    ENT_REQUIRE(part->n > 0, ENT_EDATA, "%s: no row has a modality of the model", d->path);
    p->clients = ranks;
    for (int64_t k = 0; k < part->n; k++) part->client[k] = (int32_t)(k * p->clients / part->n);
    p->missing = (ent_missing_inp){.level = ENT_LEVEL_FIXED, .fixed = absent, .empty = ENT_ALLOW};
    return mask_part(p, d, ENT_TEST);
}

/* For evaluation as in the training: with its split and its masks; then `absent` is removed from every row. */
ent_status ent_population_again(ent_population *p, const ent_dataset *d, uint32_t absent)
{
    ent_part *part = &p->part[ENT_TEST];
    ENT_TRY(ent_population_make(p, d));
    ENT_REQUIRE(part->n > 0, ENT_EDATA, "%s: the missing protocol leaves no test row (2 in /split)", d->path);
    ent_part_clear(&p->part[ENT_VALIDATION]);
    for (int64_t k = 0; k < part->n; k++) {
        part->context[k] &= ~absent;
        part->answered[k] = ent_policy_uses(p->config->missing.policy, p->modalities, part->context[k]);
    }
    return ENT_OK;
}
