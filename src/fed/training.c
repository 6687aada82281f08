/* A training of a federation: what it needs is made, or restored from a checkpoint; then come the rounds, each
 * evaluated where the configuration says so, and the final evaluation.
 *
 * A training that is asked to stop leaves a checkpoint: inside a round that does so by itself (round.c), else after
 * the last complete round. */
#include <math.h>
#include <stdio.h>

#include "entente/clock.h"
#include "entente/memory.h"
#include "fed.h"
#include "fed/saved/saved.h"
#include "fed/privacy/compress.h"
#include "fed/privacy/download.h"
#include "fed/privacy/private.h"

/* ---- preparation ---- */

/* No round so far, and room for all; by client on rank 0, where they are few enough for a result. */
static ent_status outcome_start(ent_outcome *outcome, int64_t rounds, int64_t clients, bool root)
{
    const int64_t most = INT64_C(4000000);
    ent_free(outcome->round);
    ent_free(outcome->by_client);
    outcome->rounds = 0;
    outcome->trained_samples = outcome->train_s = 0.0;
    outcome->round = ent_alloc(rounds, sizeof *outcome->round);
    outcome->by_client = NULL;
    ENT_REQUIRE(outcome->round, ENT_ENOMEM, "training: no memory");
    if (!root || rounds == 0 || clients > most / rounds) return ENT_OK;
    outcome->by_client = ent_alloc(rounds * clients, sizeof *outcome->by_client);
    ENT_REQUIRE(outcome->by_client, ENT_ENOMEM, "training: no memory");
    for (int64_t k = 0; k < rounds * clients; k++) outcome->by_client[k] = NAN;
    return ENT_OK;
}

/* A real label is learned as before the checkpoint; the model includes its range.  Collective. */
static ent_status keep_label(ent_federation *f)
{
    const ent_label fitted = f->target.label;
    if (!f->keep.resume || f->target.label.classes > 0) return ENT_OK;
    ENT_TRY(ent_comm_agree(f->ranks.world, ent_checkpoint_label(f)));
    if (f->target.label.mean == fitted.mean && f->target.label.deviation == fitted.deviation) return ENT_OK;
    ent_label_aim(&f->population.part[ENT_TRAIN], &f->target.label);
    return ent_model_assemble(f);
}

static ent_status update_make(const ent_rule_state *state, bool extra, ent_update *u)
{
    u->delta = ent_alloc(state->params, sizeof *u->delta);
    u->extra = extra ? ent_alloc(state->params, sizeof *u->extra) : NULL;
    u->weight = ent_alloc(state->blocks, sizeof *u->weight);
    u->effort = ent_alloc(state->blocks, sizeof *u->effort);
    return u->delta && u->weight && u->effort && (u->extra || !extra) ? ENT_OK
                                                                      : ent_fail(ENT_ENOMEM, "training: no memory");
}

static bool excludes(const ent_config *c, const ent_rule *rule)
{
    const ent_divergence wanted = c->federation.on_divergence;
    return wanted == ENT_DIVERGENCE_AUTO ? rule->robust : wanted == ENT_DIVERGENCE_EXCLUDE;
}

/* Not where clients keep models of their own, which are for their own mixture of classes, nor with privacy: the
 * shares of all rows are no part of what epsilon counts. */
static bool adjusts_logits(const ent_config *c, const ent_label *label, const ent_rule *rule)
{
    return c->client.logit_adjustment && label->classes > 0 && !rule->own && c->privacy.mode == ENT_PRIVACY_NONE;
}

static ent_status scratch_make(ent_training *t, const ent_config *config, const ent_target *target)
{
    const bool adjusts = adjusts_logits(config, &target->label, t->rule);
    t->excludes = excludes(config, t->rule);
    t->width = (int64_t)(t->rule->client_vectors + ent_feeds_back(config)) * t->state.params;
    t->kept = ent_alloc(t->width, sizeof *t->kept);
    t->scratch = ent_alloc(t->state.params, sizeof *t->scratch);
    if (adjusts) t->class_offset = ent_alloc(target->outputs, sizeof *t->class_offset);
    return t->kept && t->scratch && (t->class_offset || !adjusts) ? ENT_OK
                                                                  : ent_fail(ENT_ENOMEM, "training: no memory");
}

/* The first training gets the rows that were kept when the reductions were fitted. */
static ent_status take_store(ent_federation *f, ent_store **out)
{
    if (!f->features.train) return ent_store_new(&f->features, &f->population, f->ranks.node_ranks, ENT_TRAIN, out);
    *out = f->features.train;
    f->features.train = NULL;
    return ENT_OK;
}

/* What is decided before a client trains, and what one client needs.  Local. */
static ent_status make_state(const ent_federation *f, ent_training *t)
{
    ent_status status = ent_rule_state_make(&f->population, f->model, &t->state);
    if (status == ENT_OK) status = update_make(&t->state, t->rule->extra, &t->update);
    if (status == ENT_OK) status = scratch_make(t, f->config, &f->target);
    if (status == ENT_OK) status = ent_best_make(&t->best, f->config->run.select, t->state.params);
    if (status == ENT_OK) status = ent_attack_draw(&f->population, &t->byzantine);
    return status;
}

/* What the rounds need.  Local. */
static ent_status make_parts(ent_federation *f, ent_training *t)
{
    ent_status status = take_store(f, &t->store);
    if (status == ENT_OK) status = ent_timeline_new(&f->population, &t->timeline);
    if (status == ENT_OK) status = ent_history_new(t->state.params, &t->history);
    if (status == ENT_OK && t->width > 0)
        status = ent_variates_new(&f->ranks, f->population.clients, t->width, &t->variates);
    if (status == ENT_OK) status = ent_download_new(&f->population, &t->state, f->w, &t->download);
    if (status == ENT_OK) status = ent_trainer_new(f->model, &f->population, &t->trainer);
    if (status == ENT_OK) status = ent_aggregate_new(&f->population, f->model, t->rule, &t->aggregate);
    return status;
}

static bool stop_requested(void *keep_)
{
    const ent_checkpoint_inp *keep = keep_;
    return keep->stop && keep->stop(keep->context);
}

/* The state of the checkpoint, and what follows from the rounds before it.  Collective. */
static ent_status resume(ent_training *t)
{
    const ent_federation *f = t->f;
    const ent_outcome *outcome = &f->outcome;
    ENT_TRY(ent_checkpoint_load(t));
    const ent_round *last = outcome->rounds > 0 ? &outcome->round[outcome->rounds - 1] : NULL;
    ent_status status = ENT_OK;
    if (t->privacy) status = ent_private_resume(t->privacy, t->timeline, &f->population, outcome->rounds, last);
    if (status == ENT_OK && t->download)
        status = ent_download_resume(t->download, t->timeline, &f->population, outcome->rounds);
    return ent_comm_agree(f->ranks.world, status);
}

/* Everything before the first round.  *out must be freed in any case.  Collective. */
static ent_status prepare(ent_federation *f, ent_training **out)
{
    ent_training *t = *out = ent_alloc(1, sizeof *t);
    ENT_TRY(ent_comm_agree(f->ranks.world, t ? ENT_OK : ent_fail(ENT_ENOMEM, "training: no memory")));
    t->f = f;
    t->rule = ent_rule_find(f->config->federation.aggregation);
    if (f->keep.folder) ENT_TRY(ent_federation_identify(f, NULL));
    ENT_TRY(keep_label(f));
    ENT_TRY(ent_comm_agree(f->ranks.world, make_state(f, t)));
    ENT_TRY(ent_comm_agree(f->ranks.world, make_parts(f, t)));
    ENT_TRY(ent_comm_agree(f->ranks.world, ent_private_new(f->ranks.world, &f->population, &t->state, &t->privacy)));
    if (f->keep.folder)
        ENT_TRY(
            ent_comm_agree(f->ranks.world, ent_watch_new(f->ranks.world, stop_requested, &f->keep, &f->ranks.watch)));
    return f->keep.resume ? resume(t) : ENT_OK;
}

void ent_training_free(ent_training *t)
{
    if (!t) return;
    ent_timeline_free(t->timeline);
    ent_history_free(t->history);
    ent_store_free(t->store);
    ent_variates_free(t->variates);
    ent_trainer_free(t->trainer);
    ent_aggregate_free(t->aggregate);
    ent_private_free(t->privacy);
    ent_download_free(t->download);
    ent_inside_free(t->resume);
    ent_best_clear(&t->best);
    ent_rule_state_clear(&t->state);
    ent_free(t->byzantine);
    ent_free(t->kept);
    ent_free(t->scratch);
    ent_free(t->class_offset);
    ent_free(t->update.delta);
    ent_free(t->update.extra);
    ent_free(t->update.weight);
    ent_free(t->update.effort);
    ent_free(t);
}

/* ---- the rounds ---- */

/* A periodic checkpoint: if it fails, the previous one remains, and the training continues. */
static void keep_checkpoint(ent_training *t)
{
    const ent_federation *f = t->f;
    const int every = f->config->run.checkpoint_every;
    if (!f->keep.folder || every == 0 || f->outcome.rounds % every != 0 ||
        f->outcome.rounds == f->config->federation.rounds)
        return;
    if (ent_checkpoint_save(t, NULL) == ENT_OK || ent_comm_rank(f->ranks.world) > 0 || !f->keep.note) return;
    char text[1024];
    snprintf(text, sizeof text, "no checkpoint after round %lld: %.900s", (long long)f->outcome.rounds,
             ent_message());
    f->keep.note(f->keep.context, text);
}

/* Stopped between two rounds, or during an evaluation. */
static ent_status stop_after_round(ent_training *t)
{
    const long long rounds = (long long)t->f->outcome.rounds;
    const ent_status status = ent_checkpoint_save(t, NULL);
    if (status != ENT_OK) return ent_fail_in(status, "stopped after round %lld without a checkpoint", rounds);
    return ent_fail(ENT_STOPPED, "checkpoint written after round %lld: run again with --resume", rounds);
}

/* After the training of the last round. */
static ent_status finish_round(ent_training *t, ent_round_done *done, void *context)
{
    ent_federation *f = t->f;
    ent_round *figures = &f->outcome.round[f->outcome.rounds - 1];
    ent_status status = ent_round_evaluate(t, figures);
    t->unmeasured = status == ENT_STOPPED;
    if (t->unmeasured) return stop_after_round(t);
    if (status == ENT_OK) ent_select_keep(t, figures);
    if (status == ENT_OK && done && ent_comm_rank(f->ranks.world) == 0) status = done(context, f, figures);
    return ent_comm_agree(f->ranks.world, status);
}

static ent_status run_rounds(ent_training *t, ent_round_done *done, void *context)
{
    ent_federation *f = t->f;
    const double begin = ent_clock_s(), before_s = f->outcome.train_s + (t->resume ? t->resume->seconds : 0.0);
    ent_status status = t->unmeasured ? finish_round(t, done, context) : ENT_OK;
    while (f->outcome.rounds < f->config->federation.rounds && status == ENT_OK && !ent_select_ends(t)) {
        ent_round *figures = &f->outcome.round[f->outcome.rounds];
        *figures = ent_round_empty();
        figures->round = f->outcome.rounds;
        status = ent_round_run(t, figures);
        if (status != ENT_OK) break;
        f->outcome.rounds++;
        f->outcome.trained_samples += (double)figures->samples;
        status = finish_round(t, done, context);
        f->outcome.train_s = before_s + ent_clock_s() - begin;
        if (status == ENT_OK) keep_checkpoint(t);
    }
    if (status != ENT_OK) return status;
    ent_select_take(t);
    status = ent_training_evaluate(t);
    if (status != ENT_STOPPED) return status;
    ent_select_put_back(t);
    return stop_after_round(t);
}

ent_status ent_federation_train(ent_federation *f, ent_round_done *done, void *context)
{
    ent_training *t = NULL;
    /* Again, as the caller owns it and may have changed it. */
    ENT_TRY(ent_comm_agree(f->ranks.world, ent_config_check(f->config)));
    ent_training_free(f->training);
    f->training = NULL;
    ENT_TRY(ent_comm_agree(f->ranks.world, outcome_start(&f->outcome, f->config->federation.rounds,
                                                         f->population.clients, ent_comm_rank(f->ranks.world) == 0)));
    ent_status status = prepare(f, &t);
    if (status == ENT_OK) status = run_rounds(t, done, context);
    ent_watch_free(f->ranks.watch);
    f->ranks.watch = NULL;
    if (status != ENT_OK || !f->keep.folder) {
        ent_training_free(t);
        return status;
    }
    ent_store_free(t->store); /* a result that can be continued needs the rest */
    t->store = NULL;
    f->training = t;
    return ENT_OK;
}
