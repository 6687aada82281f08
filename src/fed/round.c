/* One round: the cohort by the timeline, its clients dealt to ranks by cost, local training from each member's base,
 * the rule's step. */
#include <math.h>
#include <string.h>

#include "entente/clock.h"
#include "entente/memory.h"
#include "entente/shard.h"
#include "fed.h"

ent_status ent_training_make(ent_federation *f, ent_training *t)
{
    const int params = ent_model_params(f->model);
    *t = (ent_training){.f = f, .rule = ent_rule_find(f->config->federation.aggregation)};
    t->state = (ent_rule_state){.config = f->config, .params = params, .population = f->clients - f->empty_clients};
    t->state.blocks = ent_model_blocks(f->model, &t->state.block);
    t->update.delta = ent_alloc(params, sizeof(double));
    t->update.extra = t->rule->extra ? ent_alloc(params, sizeof(double)) : NULL;
    t->update.weight = ent_alloc(t->state.blocks, sizeof(double));
    bool there = t->update.delta && t->update.weight && (t->update.extra || !t->rule->extra);
    for (int k = 0; k < t->rule->memory; k++) {
        t->state.memory[k] = ent_alloc(params, sizeof(double));
        there = there && t->state.memory[k];
    }
    ENT_TRY(ent_comm_agree(f->world, there ? ENT_OK : ent_fail(ENT_ENOMEM, "training: no memory")));
    ent_status status = ent_store_new(f, ENT_TRAIN, &t->store);
    if (status == ENT_OK) status = ent_trainer_new(f, &t->trainer);
    if (status == ENT_OK) status = ent_aggregate_new(f, t->rule, &t->aggregate);
    if (status == ENT_OK) status = ent_timeline_new(f, &t->timeline);
    if (status == ENT_OK) status = ent_history_new(f, &t->history);
    if (status == ENT_OK && t->rule->client_vectors > 0) status = ent_variates_new(f, &t->variates);
    return ent_comm_agree(f->world, status);
}

void ent_training_clear(ent_training *t)
{
    ent_timeline_free(t->timeline);
    ent_history_free(t->history);
    ent_store_free(t->store);
    ent_variates_free(t->variates);
    ent_trainer_free(t->trainer);
    ent_aggregate_free(t->aggregate);
    ent_free(t->update.delta);
    ent_free(t->update.extra);
    ent_free(t->update.weight);
    for (int k = 0; k < ENT_RULE_VECTORS; k++) ent_free(t->state.memory[k]);
}

/* What this rank has to do in a round. */
typedef struct {
    const ent_cohort *cohort;
    int *rank; /* [cohort n] */
    int64_t n;
    int64_t *client;    /* [n] own members, ascending */
    ent_member *member; /* [n] the same */
    double *variate;    /* [n][client vectors * params], or NULL */
} share;

static void share_clear(share *s)
{
    ent_free(s->rank);
    ent_free(s->client);
    ent_free(s->member);
    ent_free(s->variate);
}

static ent_status share_make(const ent_training *t, const ent_cohort *cohort, share *s)
{
    const ent_federation *f = t->f;
    s->cohort = cohort;
    s->rank = ent_alloc(cohort->n, sizeof *s->rank);
    ENT_REQUIRE(s->rank, ENT_ENOMEM, "round: no memory");
    ENT_TRY(ent_schedule_make(f, cohort, s->rank));
    for (int64_t i = 0; i < cohort->n; i++) s->n += s->rank[i] == ent_comm_rank(f->lane);
    s->client = ent_alloc(s->n, sizeof *s->client);
    s->member = ent_alloc(s->n, sizeof *s->member);
    const int64_t width = (int64_t)t->rule->client_vectors * t->state.params;
    s->variate = t->variates ? ent_alloc(s->n * width, sizeof *s->variate) : NULL;
    ENT_REQUIRE(s->client && s->member && (s->variate || !t->variates), ENT_ENOMEM, "round: no memory");
    for (int64_t i = 0, k = 0; i < cohort->n; i++) {
        if (s->rank[i] != ent_comm_rank(f->lane)) continue;
        s->client[k] = cohort->member[i].client;
        s->member[k++] = cohort->member[i];
    }
    return ENT_OK;
}

static void fill_update(ent_training *t, double weight)
{
    const ent_work *work = ent_trainer_work(t->trainer);
    ent_update *u = &t->update;
    u->client = work->client;
    u->samples = work->done;
    u->loss = work->loss;
    u->steps = work->steps;
    ent_update_weigh(t->f, work->client, weight, u->weight);
    for (int k = 0; k < t->state.params; k++) u->delta[k] = work->w[k] - t->state.base[k];
}

static ent_status train_client(ent_training *t, const share *s, int64_t k)
{
    ent_federation *f = t->f;
    const int64_t width = (int64_t)t->rule->client_vectors * t->state.params;
    double *variate = s->variate ? s->variate + k * width : NULL;
    const ent_samples samples = ent_store_samples(t->store, f, s->client[k]);
    t->state.base = ent_history_at(t->history, s->member[k].base);
    ent_work_start(t->trainer, f, s->member[k].base, s->client[k]);
    memcpy(ent_trainer_work(t->trainer)->w, t->state.base, (size_t)t->state.params * sizeof(double));
    if (t->rule->begin) t->rule->begin(&t->state, variate, ent_trainer_work(t->trainer)->w);
    for (bool over = false; !over;) ENT_TRY(ent_work_step(t->trainer, f, &t->state, variate, &samples, &over));
    fill_update(t, s->member[k].weight);
    if (t->rule->send) t->rule->send(&t->state, variate, &t->update);
    return ent_aggregate_add(t->aggregate, f, &t->update);
}

static ent_status train_share(ent_training *t, int64_t round, const share *s)
{
    for (int64_t first = 0, ready; first < s->n; first += ready) {
        ENT_TRY(ent_store_fetch(t->store, t->f, s->n - first, s->client + first, &ready));
        for (int64_t k = first; k < first + ready; k++) {
            const ent_status status = train_client(t, s, k);
            if (status != ENT_OK)
                return ent_fail_in(status, "round %lld, client %lld", (long long)round + 1, (long long)s->client[k]);
        }
    }
    return ENT_OK;
}

static ent_status evaluate_round(ent_training *t, ent_round *figures)
{
    ent_federation *f = t->f;
    const int part[2] = {ENT_VALIDATION, ENT_TEST};
    ent_metrics *metrics[2] = {&figures->validation, &figures->test};
    for (int k = 0; k < 2; k++) {
        double *output;
        ENT_TRY(t->rule->own ? ent_predict_own(t, part[k], 0, &output) : ent_predict_part(f, part[k], &output));
        ent_status status = ENT_OK;
        if (ent_comm_rank(f->world) == 0) status = ent_measure_part(f, part[k], output, metrics[k]);
        ent_free(output);
        ENT_TRY(ent_comm_agree(f->world, status));
    }
    return ENT_OK;
}

static void slowest(const ent_federation *f, ent_round *figures)
{
    int64_t nanoseconds = llround(1e9 * figures->compute_s);
    ent_comm_sum(f->world, &nanoseconds, 1);
    figures->compute_mean_s = 1e-9 * (double)nanoseconds / ent_comm_size(f->world);
    double seconds[] = {figures->compute_s, figures->communicate_s, figures->wait_s, figures->evaluate_s};
    ent_comm_max(f->world, seconds, 4);
    figures->compute_s = seconds[0];
    figures->communicate_s = seconds[1];
    figures->wait_s = seconds[2];
    figures->evaluate_s = seconds[3];
}

/* From what was sent to the new weights.  Collective. */
static ent_status serve(ent_training *t, const share *s, ent_round *figures)
{
    ent_federation *f = t->f;
    const ent_mean *mean;
    ENT_TRY(ent_aggregate_finish(t->aggregate, f, &mean));
    if (mean->clients > 0) t->rule->step(&t->state, mean, f->w);
    if (t->variates) ENT_TRY(ent_variates_keep(t->variates, f, s->cohort, s->rank, s->variate));
    figures->trained = mean->clients;
    figures->samples = mean->samples;
    figures->train_loss = mean->samples > 0 ? mean->loss / (double)mean->samples : NAN;
    const double vectors = t->rule->own ? 0.0 : 1.0 + t->rule->extra;
    figures->bytes_up = figures->bytes_down = vectors * (double)mean->clients * t->state.params *
                                              (double)sizeof(double);
    return ENT_OK;
}

static bool is_evaluated(const ent_federation *f, int64_t round)
{
    const ent_config_federation *c = &f->config->federation;
    return (round + 1) % c->evaluate_every == 0 || round + 1 == c->rounds;
}

static ent_status run(ent_training *t, ent_round *figures, share *s)
{
    ent_federation *f = t->f;
    const ent_cohort *cohort;
    double clock[5] = {ent_clock_s()};
    ent_status status = ent_timeline_round(t->timeline, f, figures->round, &cohort);
    if (status == ENT_OK) status = ent_history_keep(t->history, figures->round, f->w);
    if (status == ENT_OK) status = share_make(t, cohort, s);
    if (t->variates) {
        ENT_TRY(ent_comm_agree(f->world, status));
        status = ent_variates_fetch(t->variates, f, cohort, s->rank, s->variate);
    }
    t->state.round = figures->round;
    ent_aggregate_start(t->aggregate);
    if (status == ENT_OK) status = train_share(t, figures->round, s);
    status = ent_team_settle(f->team, status);
    clock[1] = ent_clock_s();
    ENT_TRY(ent_comm_agree(f->world, status));
    clock[2] = ent_clock_s();
    ENT_TRY(serve(t, s, figures));
    ent_history_forget(t->history, ent_timeline_oldest(t->timeline, f));
    figures->cohort = cohort->drawn;
    figures->lost = cohort->lost;
    figures->simulated_s = cohort->simulated_s;
    figures->staleness = cohort->staleness;
    clock[3] = ent_clock_s();
    if (is_evaluated(f, figures->round)) ENT_TRY(evaluate_round(t, figures));
    clock[4] = ent_clock_s();
    figures->compute_s = clock[1] - clock[0];
    figures->wait_s = clock[2] - clock[1];
    figures->communicate_s = clock[3] - clock[2];
    figures->evaluate_s = clock[4] - clock[3];
    slowest(f, figures);
    return ENT_OK;
}

ent_status ent_round_run(ent_training *t, ent_round *figures)
{
    share s = {.n = 0};
    const ent_status status = run(t, figures, &s);
    share_clear(&s);
    return status;
}
