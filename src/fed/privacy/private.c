#include "fed/privacy/private.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "fed/privacy/participation.h"
#include "fed/privacy/secure_round.h"
#include "privacy/discrete.h"

struct ent_private {
    const ent_config *config;
    ent_gaussian source;
    double *z;       /* [params] normal numbers, and */
    double *sum;     /* [params] of the tree's nodes */
    int64_t *units;  /* [2][params] of the grid: a change, and its noise; NULL without discrete noise */
    double clip;     /* the norm in force */
    double expected; /* number of clients of a round */
    double count_noise;
    int64_t sharers;                  /* number of clients that share the noise of a sum: the least that must answer
    * */
    ent_discrete_grid grid;           /* of each of them */
    double distance;                  /* of discrete from normal noise, ent_discrete_distance */
    ent_participation *participation; /* NULL with Poisson sampling */
    ent_ledger *ledger;
};

/* Whether clients add integers; without noise there is no grid. */
static bool is_discrete(const ent_config_privacy *p)
{
    return p->mode == ENT_PRIVACY_DISTRIBUTED && p->noise_multiplier > 0.0;
}

/* ---- refusals ---- */

static ent_status check_rule(const ent_config *c)
{
    const ent_rule *rule = ent_rule_find(c->federation.aggregation);
    ENT_REQUIRE(!rule->own, ENT_ECONFIG,
                "federation.aggregation: found 'local', want another with privacy.mode: nothing "
                "is sent");
    ENT_REQUIRE(
        !rule->combine, ENT_ECONFIG,
        "federation.aggregation: found a rule that reads single updates, want a rule of sums with privacy.mode: a "
        "median or a choice of updates has no bounded sensitivity");
    ENT_REQUIRE(
        rule->client_vectors == 0 && !rule->extra && c->federation.aggregation != ENT_FEDNOVA, ENT_ECONFIG,
        "federation.aggregation: found a rule whose clients send or keep more than their change, want fedavg, "
        "fedprox, fedavgm, fedadam, fedyogi or fedadagrad with privacy.mode");
    return ENT_OK;
}

static ent_status check_adaptive(const ent_config_privacy *p, double expected)
{
    if (p->adaptive_quantile == 0.0) return ENT_OK;
    const double count = p->count_noise > 0.0 ? p->count_noise : expected / 20.0;
    ENT_REQUIRE(
        p->mode == ENT_PRIVACY_CENTRAL && p->mechanism == ENT_RELEASE_GAUSSIAN && p->clipping == ENT_CLIP_FLAT,
        ENT_ECONFIG,
        "privacy.adaptive_quantile: found %g, want 0 where the mode is not central, the mechanism not gaussian or "
        "the clipping not flat",
        p->adaptive_quantile);
    ENT_REQUIRE(2.0 * count > p->noise_multiplier, ENT_ECONFIG,
                "privacy.count_noise: found %g, want more than half of privacy.noise_multiplier, %g: the number of "
                "unclipped clients would use up epsilon",
                count, p->noise_multiplier / 2.0);
    return ENT_OK;
}

ent_status ent_private_check(const ent_config *c)
{
    const ent_config_privacy *p = &c->privacy;
    if (p->mode == ENT_PRIVACY_NONE) return ENT_OK;
    ENT_TRY(check_rule(c));
    ENT_REQUIRE(c->system.mode == ENT_MODE_SYNC, ENT_ECONFIG,
                "system.mode: found 'fedbuff', want sync with privacy.mode: updates may arrive in later rounds");
    ENT_REQUIRE(c->federation.sampling != ENT_SAMPLING_WEIGHTED, ENT_ECONFIG,
                "federation.sampling: found 'weighted', want uniform or poisson with privacy.mode");
    ENT_REQUIRE(p->mode == ENT_PRIVACY_CENTRAL || p->mechanism == ENT_RELEASE_GAUSSIAN, ENT_ECONFIG,
                "privacy.mechanism: found 'tree', want gaussian with privacy.mode local and distributed");
    ENT_REQUIRE(
        p->mechanism == ENT_RELEASE_GAUSSIAN || p->noise_from == ENT_NOISE_FROM_SEED, ENT_ECONFIG,
        "privacy.noise_from: found 'system', want seed with privacy.mechanism tree, whose nodes are drawn again in "
        "later rounds");
    ENT_REQUIRE(p->accountant == ENT_ACCOUNTANT_RDP || p->delta >= 1e-12, ENT_ECONFIG,
                "privacy.delta: found %g, want at least 1e-12 with privacy.accountant pld", p->delta);
    ENT_REQUIRE(
        p->mode == ENT_PRIVACY_CENTRAL ||
            (c->communication.sparsify == ENT_SPARSIFY_NONE && c->communication.bits == 0),
        ENT_ECONFIG,
        "communication: want sparsify none and bits 0 with privacy.mode local and distributed: their noise is "
        "in every number");
    ENT_REQUIRE(
        p->mode != ENT_PRIVACY_DISTRIBUTED || ent_is_secure(c), ENT_ECONFIG,
        "federation.secure.threshold: found 0, want more with privacy.mode distributed: one client's share of the "
        "noise hides nothing, only the sum's does");
    ENT_REQUIRE(!is_discrete(p) || (p->noise_multiplier >= 1e-3 && p->noise_multiplier * p->clip >= 1e-6),
                ENT_ECONFIG,
                "privacy.noise_multiplier: found %g with clip %g, want 0, or at least 0.001 and 1e-6 over clip, with "
                "privacy.mode distributed, whose noise is made of integers",
                p->noise_multiplier, p->clip);
    return check_adaptive(p, fmax(1.0, c->federation.participation * c->federation.clients));
}

/* ---- start and end ---- */

static bool is_amplified(const ent_config *c)
{
    return c->privacy.mode == ENT_PRIVACY_CENTRAL && c->privacy.mechanism == ENT_RELEASE_GAUSSIAN &&
           c->federation.sampling == ENT_SAMPLING_POISSON;
}

/* The mechanism of one round; that of a tree changes from round to round. */
static ent_status ledger_make(ent_private *a)
{
    const ent_config_privacy *p = &a->config->privacy;
    if (p->mechanism == ENT_RELEASE_TREE) return ENT_OK;
    const double rate = is_amplified(a->config) ? a->config->federation.participation : 1.0;
    return ent_ledger_new(p->accountant, rate, p->noise_multiplier * (p->mode == ENT_PRIVACY_LOCAL ? 0.5 : 1.0),
                          &a->ledger);
}

static ent_status make(bool root, const ent_population *population, const ent_rule_state *s, ent_private **out)
{
    const ent_config_privacy *p = &population->config->privacy;
    ent_private *a = *out = ent_alloc(1, sizeof *a);
    ENT_REQUIRE(a, ENT_ENOMEM, "privacy: no memory");
    a->config = population->config;
    a->clip = p->clip;
    a->sharers = 1;
    if (is_discrete(p)) {
        a->units = ent_alloc(2 * (int64_t)s->params, sizeof *a->units);
        ENT_REQUIRE(a->units, ENT_ENOMEM, "privacy: no memory");
        a->distance = ent_discrete_distance(0x1p46, s->params); /* a share has no less */
    }
    a->expected = fmax(1.0, a->config->federation.participation * (double)population->clients);
    a->count_noise = p->count_noise > 0.0 ? p->count_noise : a->expected / 20.0;
    a->z = ent_alloc(s->params, sizeof *a->z);
    a->sum = ent_alloc(s->params, sizeof *a->sum);
    ENT_REQUIRE(a->z && a->sum, ENT_ENOMEM, "privacy: no memory");
    if (!root) return ENT_OK;
    if (!is_amplified(a->config))
        ENT_TRY(ent_participation_new(population->clients,
                                      p->mechanism == ENT_RELEASE_TREE ? a->config->federation.rounds : 0,
                                      &a->participation));
    return ledger_make(a);
}

ent_status ent_private_new(ent_comm *world, const ent_population *population, const ent_rule_state *s,
                           ent_private **out)
{
    *out = NULL;
    if (population->config->privacy.mode == ENT_PRIVACY_NONE) return ENT_OK;
    const bool root = ent_comm_rank(world) == 0;
    ent_status status = make(root, population, s, out);
    ent_gaussian source = {.seed = population->config->seeds.sampling,
                           .system = population->config->privacy.noise_from == ENT_NOISE_FROM_SYSTEM};
    if (status == ENT_OK && root && source.system) status = ent_gaussian_draw_key(&source);
    status = ent_comm_agree(world, status);
    if (status != ENT_OK) {
        ent_private_free(*out);
        *out = NULL;
        return status;
    }
    ent_comm_broadcast(world, 0, &source, sizeof source);
    (*out)->source = source;
    return ENT_OK;
}

void ent_private_free(ent_private *a)
{
    if (!a) return;
    ent_participation_free(a->participation);
    ent_ledger_free(a->ledger);
    ent_free(a->units);
    ent_free(a->z);
    ent_free(a->sum);
    sodium_memzero(&a->source, sizeof a->source);
    ent_free(a);
}

/* ---- clients ---- */

/* The norm over the blocks first..first+n-1 that the client has trained. */
static double norm_of(const ent_rule_state *s, const ent_update *u, int first, int n)
{
    double square = 0.0;
    for (int b = first; b < first + n; b++)
        for (int k = s->block[b].first; u->weight[b] > 0.0 && k < s->block[b].first + s->block[b].count; k++)
            square += u->delta[k] * u->delta[k];
    return sqrt(square);
}

static bool clip_blocks(const ent_rule_state *s, ent_update *u, int first, int n, double limit)
{
    const double norm = norm_of(s, u, first, n);
    if (norm <= limit) return true;
    for (int b = first; b < first + n; b++)
        for (int k = s->block[b].first; k < s->block[b].first + s->block[b].count; k++) u->delta[k] *= limit / norm;
    return false;
}

void ent_private_begin(ent_private *a, const ent_cohort *cohort)
{
    const ent_config_privacy *p = &a->config->privacy;
    if (!is_discrete(p)) return;
    a->sharers = ent_secure_fewest(a->config, cohort->n + cohort->lost);
    a->grid = ent_discrete_grid_of(a->clip, p->noise_multiplier * a->clip / sqrt((double)a->sharers));
}

/* A change and its noise, integers both, so that their sum is exact.  One that has diverged is refused later. */
static void add_discrete(ent_private *a, const ent_rule_state *s, ent_update *u)
{
    int64_t *change = a->units, *noise = a->units + s->params;
    for (int k = 0; k < s->params; k++)
        if (!isfinite(u->delta[k])) return;
    ent_discrete_round(&a->grid, s->params, u->delta, change);
    ent_discrete_fill(&a->source, ENT_FOR_CLIENT_NOISE, (uint64_t)u->client, (uint64_t)s->round, a->grid.variance,
                      s->params, noise);
    for (int k = 0; k < s->params; k++) u->delta[k] = a->grid.unit * (double)(change[k] + noise[k]);
}

void ent_private_clip(ent_private *a, const ent_rule_state *s, ent_update *u)
{
    const ent_config_privacy *p = &a->config->privacy;
    const double each = a->clip / sqrt((double)s->blocks);
    if (p->clipping == ENT_CLIP_FLAT)
        u->within = clip_blocks(s, u, 0, s->blocks, a->clip);
    else
        for (int b = 0; b < s->blocks; b++) clip_blocks(s, u, b, 1, each);
    if (is_discrete(p)) add_discrete(a, s, u);
    if (p->mode != ENT_PRIVACY_LOCAL) return;
    const double deviation = p->noise_multiplier * a->clip;
    ent_gaussian_fill(&a->source, ENT_FOR_CLIENT_NOISE, (uint64_t)u->client, (uint64_t)s->round, s->params, a->z);
    for (int k = 0; k < s->params; k++) u->delta[k] += deviation * a->z[k];
}

/* ---- server ---- */

/* With round t + 1 the sum over rounds 0..t has the nodes of the binary digits of t + 1: the new node minus those
 * that it replaces. */
static void tree_noise(ent_private *a, uint64_t round, int params)
{
    uint64_t done = round + 1;
    int level = 0;
    memset(a->sum, 0, (size_t)params * sizeof *a->sum);
    for (; done % 2 == 0; done /= 2, level++) {
        ent_gaussian_fill(&a->source, ENT_FOR_TREE_NOISE, (uint64_t)level, (round >> level) - 1, params, a->z);
        for (int k = 0; k < params; k++) a->sum[k] -= a->z[k];
    }
    ent_gaussian_fill(&a->source, ENT_FOR_TREE_NOISE, (uint64_t)level, done - 1, params, a->z);
    for (int k = 0; k < params; k++) a->z[k] += a->sum[k];
}

/* Andrew et al., section 2: the noise on the sum, so that it satisfies the guarantee together with the noise on the
 * count. */
static double sum_noise(const ent_private *a)
{
    const ent_config_privacy *p = &a->config->privacy;
    const double z = p->noise_multiplier;
    if (p->adaptive_quantile == 0.0 || z == 0.0) return z;
    return 1.0 / sqrt(1.0 / (z * z) - 0.25 / (a->count_noise * a->count_noise));
}

static void adapt(ent_private *a, const ent_rule_state *s, const ent_mean *mean, ent_round *figures)
{
    const ent_config_privacy *p = &a->config->privacy;
    double noise = 0.0;
    ent_gaussian_fill(&a->source, ENT_FOR_COUNT_NOISE, (uint64_t)s->round, 0, 1, &noise);
    const double deviation = p->noise_multiplier > 0.0 ? a->count_noise : 0.0;
    const double centred = mean->within - 0.5 * (double)mean->clients + deviation * noise;
    figures->unclipped = centred / a->expected + 0.5;
    a->clip *= exp(-p->adaptive_rate * (figures->unclipped - p->adaptive_quantile));
}

void ent_private_release(ent_private *a, const ent_rule_state *s, ent_mean *mean, ent_round *figures)
{
    const ent_config_privacy *p = &a->config->privacy;
    figures->clip = a->clip;
    if (p->mode == ENT_PRIVACY_LOCAL) return;
    if (p->mechanism == ENT_RELEASE_TREE)
        tree_noise(a, (uint64_t)s->round, s->params);
    else
        ent_gaussian_fill(&a->source, ENT_FOR_SUM_NOISE, (uint64_t)s->round, 0, s->params, a->z);
    const double deviation = p->mode == ENT_PRIVACY_CENTRAL ? sum_noise(a) * a->clip : 0.0;
    for (int b = 0; b < s->blocks; b++) {
        for (int k = s->block[b].first; k < s->block[b].first + s->block[b].count; k++)
            mean->delta[k] = (mean->delta[k] * mean->weight[b] + deviation * a->z[k]) / a->expected;
        mean->weight[b] = a->expected;
    }
    if (p->adaptive_quantile > 0.0) adapt(a, s, mean, figures);
}

void ent_private_skip(const ent_private *a, ent_round *figures)
{
    figures->clip = a->clip;
}

/* ---- epsilon ---- */

static ent_status epsilon_of(ent_private *a, int64_t rounds, double *epsilon)
{
    const ent_config_privacy *p = &a->config->privacy;
    if (!a->participation) return ent_ledger_epsilon(a->ledger, rounds, p->delta, epsilon);
    const int64_t most = ent_participation_most(a->participation);
    if (p->mechanism == ENT_RELEASE_GAUSSIAN) {
        ENT_TRY(ent_ledger_epsilon(a->ledger, most, p->delta, epsilon));
        if (p->accountant == ENT_ACCOUNTANT_PLD) *epsilon += 2.0 * (double)most * a->distance;
        return ENT_OK;
    }
    const ent_mechanism once = {
        .rate = most > 0 ? 1.0 : 0.0, .noise = most > 0 ? p->noise_multiplier / sqrt((double)most) : 0.0, .steps = 1};
    return ent_privacy_epsilon(p->accountant, &once, p->delta, epsilon);
}

ent_status ent_private_account(ent_private *a, const ent_cohort *cohort, ent_round *figures)
{
    for (int64_t k = 0; a->participation && k < cohort->n; k++)
        ent_participation_add(a->participation, figures->round, cohort->member[k].client);
    return epsilon_of(a, figures->round + 1, &figures->epsilon);
}

ent_status ent_private_resume(ent_private *a, ent_timeline *timeline, const ent_population *population,
                              int64_t rounds, const ent_round *last)
{
    const ent_config_privacy *p = &a->config->privacy;
    for (int64_t r = 0; a->participation && r < rounds; r++) {
        const ent_cohort *cohort;
        ENT_TRY(ent_timeline_round(timeline, population, r, &cohort));
        for (int64_t k = 0; k < cohort->n; k++) ent_participation_add(a->participation, r, cohort->member[k].client);
    }
    if (p->adaptive_quantile == 0.0 || rounds == 0 || isnan(last->clip)) return ENT_OK;
    a->clip = last->clip;
    if (!isnan(last->unclipped)) a->clip *= exp(-p->adaptive_rate * (last->unclipped - p->adaptive_quantile));
    return ENT_OK;
}
