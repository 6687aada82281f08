/* Rules that are robust against Byzantine clients.  They use every single change, in each block of the n_b clients
 * that trained it, with equal weights (an attacker could claim any number of samples).
 *
 *   median        in every coordinate the middle value; the mean of the two middle ones if n_b is even
 *   trimmed_mean  in every coordinate the mean without the floor(trim n_b) smallest and largest values
 *   krum          the change with the smallest sum of squared distances to its n_b - f - 2 nearest neighbours;
 *                 f: server.faulty
 *   multi_krum    the mean of the `select` changes that Krum ranks best (default and maximum: n_b - f)
 *
 * Krum chooses block by block.  Clients that trained different blocks can only be compared in common blocks, and sums
 * over different sets of coordinates give no ranking; within a block all are compared in the same coordinates, so the
 * proof applies unchanged, and an attacker who hides in a small block is detected there.
 *
 * Krum needs n_b > 2 f + 2.  If even the largest possible round has fewer clients, the configuration is refused.  In
 * a round that happens to have fewer, the block is unchanged and counted in blocks_short.  Ties: the client with the
 * lower number first.  Cost of Krum: n_b^2 times the size of a block, on rank 0. */
#include <math.h>
#include <stdlib.h>

#include "entente/memory.h"
#include "rules.h"

/* One block: the clients that trained it, and scratch of that length. */
typedef struct {
    const ent_rule_state *s;
    const ent_block *block;
    int64_t n;
    const ent_update **by; /* [n] ascending by client */
    double *value;         /* [n] scratch */
    struct rank {
        double score;
        int64_t number;
    } * rank; /* [n] scratch */
} candidates;

/* Compute the change of a block: delta of its coordinates.  False: too few clients for the rule. */
typedef bool choice(const candidates *c, double *delta);

static void collect(candidates *c, int b, int64_t n, const ent_update *update)
{
    c->block = &c->s->block[b];
    c->n = 0;
    for (int64_t k = 0; k < n; k++)
        if (update[k].weight[b] > 0.0) c->by[c->n++] = &update[k];
}

static ent_status for_each_block(const ent_rule_state *s, int64_t n, const ent_update *update, ent_mean *mean,
                                 choice *choose)
{
    candidates c = {.s = s,
                    .by = ent_alloc(n, sizeof *c.by),
                    .value = ent_alloc(n, sizeof *c.value),
                    .rank = ent_alloc(n, sizeof *c.rank)};
    const bool there = c.by && c.value && c.rank;
    mean->blocks_short = 0;
    for (int b = 0; b < s->blocks && there; b++) {
        collect(&c, b, n, update);
        for (int k = c.block->first; k < c.block->first + c.block->count; k++) mean->delta[k] = 0.0;
        const bool chosen = c.n > 0 && choose(&c, mean->delta);
        mean->weight[b] = chosen ? (double)c.n : 0.0;
        mean->blocks_short += c.n > 0 && !chosen;
    }
    ent_free(c.by);
    ent_free(c.value);
    ent_free(c.rank);
    return there ? ENT_OK : ent_fail(ENT_ENOMEM, "updates of %lld clients: no memory", (long long)n);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- coordinate by coordinate ---- */

/* The mean without `cut` values at each end. */
static void trim(const candidates *c, int64_t cut, double *delta)
{
    for (int k = c->block->first; k < c->block->first + c->block->count; k++) {
        double sum = 0.0;
        for (int64_t i = 0; i < c->n; i++) c->value[i] = c->by[i]->delta[k];
        qsort(c->value, (size_t)c->n, sizeof *c->value, by_value);
        for (int64_t i = cut; i < c->n - cut; i++) sum += c->value[i];
        delta[k] = sum / (double)(c->n - 2 * cut);
    }
}

static bool choose_median(const candidates *c, double *delta)
{
    trim(c, (c->n - 1) / 2, delta);
    return true;
}

static ent_status combine_median(const ent_rule_state *s, int64_t n, const ent_update *update, ent_mean *mean)
{
    return for_each_block(s, n, update, mean, choose_median);
}

const ent_rule ENT_RULE_MEDIAN = {
    .uniform = true, .robust = true, .combine = combine_median, .step = ent_rule_step_plain};

static int64_t trimmed(const ent_rule_state *s, int64_t n)
{
    return (int64_t)floor(s->config->server.trim * (double)n);
}

static bool choose_trimmed(const candidates *c, double *delta)
{
    trim(c, trimmed(c->s, c->n), delta);
    return true;
}

static ent_status combine_trimmed(const ent_rule_state *s, int64_t n, const ent_update *update, ent_mean *mean)
{
    return for_each_block(s, n, update, mean, choose_trimmed);
}

static ent_status check_trimmed(const ent_rule_state *s)
{
    const double share = s->config->server.trim;
    int64_t most = 0;
    for (int b = 0; b < s->blocks; b++)
        if (ent_rule_most(s, b) > most) most = ent_rule_most(s, b);
    ENT_REQUIRE(share < 0.5, ENT_ECONFIG, "server.trim: found %g, want less than 0.5: nothing would be left", share);
    ENT_REQUIRE(trimmed(s, most) > 0, ENT_ECONFIG,
                "server.trim: found %g, which leaves out none of %lld clients per round, want at least %g", share,
                (long long)most, 1.0 / (double)most);
    return ENT_OK;
}

const ent_rule ENT_RULE_TRIMMED_MEAN = {
    .uniform = true, .robust = true, .check = check_trimmed, .combine = combine_trimmed, .step = ent_rule_step_plain};

/* ---- Krum ---- */

static double squared_distance(const ent_block *block, const double *x, const double *y)
{
    double sum = 0.0;
    for (int k = block->first; k < block->first + block->count; k++) sum += (x[k] - y[k]) * (x[k] - y[k]);
    return sum;
}

/* The sum over the `near` nearest others. */
static double score(const candidates *c, int64_t i, int64_t near)
{
    int64_t others = 0;
    double sum = 0.0;
    for (int64_t j = 0; j < c->n; j++)
        if (j != i) c->value[others++] = squared_distance(c->block, c->by[i]->delta, c->by[j]->delta);
    qsort(c->value, (size_t)others, sizeof *c->value, by_value);
    for (int64_t j = 0; j < near; j++) sum += c->value[j];
    return sum;
}

static int by_score(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* The mean of the `wanted` best, in the order of the clients. */
static bool choose_best(const candidates *c, int64_t wanted, double *delta)
{
    const int64_t faulty = c->s->config->server.faulty;
    if (c->n <= 2 * faulty + 2) return false;
    const int64_t take = wanted > 0 && wanted < c->n - faulty ? wanted : c->n - faulty;
    for (int64_t i = 0; i < c->n; i++) c->rank[i] = (struct rank){score(c, i, c->n - faulty - 2), i};
    qsort(c->rank, (size_t)c->n, sizeof *c->rank, by_score);
    for (int64_t i = 0; i < c->n; i++) c->value[c->rank[i].number] = i < take;
    for (int k = c->block->first; k < c->block->first + c->block->count; k++) {
        double sum = 0.0;
        for (int64_t i = 0; i < c->n; i++)
            if (c->value[i] != 0.0) sum += c->by[i]->delta[k];
        delta[k] = sum / (double)take;
    }
    return true;
}

static bool choose_krum(const candidates *c, double *delta)
{
    return choose_best(c, 1, delta);
}

static bool choose_multi_krum(const candidates *c, double *delta)
{
    return choose_best(c, c->s->config->server.select, delta);
}

static ent_status combine_krum(const ent_rule_state *s, int64_t n, const ent_update *update, ent_mean *mean)
{
    return for_each_block(s, n, update, mean, choose_krum);
}

static ent_status combine_multi_krum(const ent_rule_state *s, int64_t n, const ent_update *update, ent_mean *mean)
{
    return for_each_block(s, n, update, mean, choose_multi_krum);
}

static ent_status check_krum(const ent_rule_state *s)
{
    const int64_t faulty = s->config->server.faulty;
    for (int b = 0; b < s->blocks; b++)
        ENT_REQUIRE(
            s->population[b] == 0 || ent_rule_most(s, b) > 2 * faulty + 2, ENT_ECONFIG,
            "server.faulty: found %lld: krum needs more than 2 faulty + 2 = %lld clients that train block '%s' "
            "in a round, and at most %lld exist",
            (long long)faulty, (long long)(2 * faulty + 2), s->block[b].name, (long long)ent_rule_most(s, b));
    return ENT_OK;
}

static ent_status check_multi_krum(const ent_rule_state *s)
{
    const ent_config_server *c = &s->config->server;
    ENT_TRY(check_krum(s));
    ENT_REQUIRE(c->select <= s->cohort - c->faulty, ENT_ECONFIG,
                "server.select: found %d, want at most the clients of a round without server.faulty, %lld", c->select,
                (long long)(s->cohort - c->faulty));
    return ENT_OK;
}

const ent_rule ENT_RULE_KRUM = {
    .uniform = true, .robust = true, .check = check_krum, .combine = combine_krum, .step = ent_rule_step_plain};
const ent_rule ENT_RULE_MULTI_KRUM = {.uniform = true,
                                      .robust = true,
                                      .check = check_multi_krum,
                                      .combine = combine_multi_krum,
                                      .step = ent_rule_step_plain};
