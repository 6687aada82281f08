/* One round: the timeline gives the cohort, whose clients are assigned to ranks by cost; local training from each
 * member's base; the step of the rule.
 *
 * A client whose update is out of range or NaN ends the training, or is left out of the round
 * (federation.on_divergence): nothing of it is added, and its vectors are restored.
 *
 * A round that is asked to stop does so after a batch, on all ranks; its state is saved, and the next training
 * resumes with the rest of the cohort and the sums so far. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "entente/clock.h"
#include "entente/memory.h"
#include "entente/shard.h"
#include "fed.h"
#include "fed/saved/saved.h"
#include "fed/privacy/compress.h"
#include "fed/privacy/download.h"
#include "fed/privacy/private.h"
#include "fed/privacy/secure_round.h"

/* This rank's share of a round. */
typedef struct {
    const ent_cohort *cohort;
    int *rank; /* [cohort n] */
    int64_t n;
    int64_t *client;           /* [n] own members, ascending */
    ent_member *member;        /* [n] the same */
    double *variate;           /* [n][client vectors * params], or NULL */
    ent_cohort rest;           /* of an interrupted round */
    ent_work *begun;           /* [n] the state of members whose training had begun, for others w is NULL; or NULL */
    ent_secure_cohort members; /* of secure aggregation */
    ent_secure_round *secure;  /* NULL without */
    bool failed;               /* it could not begin */
    int64_t done;              /* own members that have trained */
    bool at_work;              /* stopped during the next one */
} share;

static void share_clear(share *s)
{
    ent_free(s->rank);
    ent_free(s->client);
    ent_free(s->member);
    ent_free(s->variate);
    ent_free(s->rest.member);
    ent_secure_end(s->secure);
    ent_secure_cohort_clear(&s->members);
    for (int64_t k = 0; s->begun && k < s->n; k++) ent_work_clear(&s->begun[k]);
    ent_free(s->begun);
}

/* The members that were left when the round was interrupted. */
static ent_status take_rest(const ent_training *t, const ent_cohort *whole, share *s)
{
    const ent_inside *inside = t->resume;
    s->rest = (ent_cohort){.drawn = whole->drawn, .n = inside->left};
    s->rest.member = ent_alloc(inside->left, sizeof *s->rest.member);
    ENT_REQUIRE(s->rest.member, ENT_ENOMEM, "round: no memory");
    for (int64_t i = 0; i < inside->left; i++) {
        const int64_t number = inside->member[i];
        ENT_REQUIRE(number >= 0 && number < whole->n, ENT_EFORMAT, "checkpoint: member %lld of a cohort of %lld",
                    (long long)number, (long long)whole->n);
        s->rest.member[i] = whole->member[number];
    }
    return ENT_OK;
}

/* Member i's number in the whole cohort. */
static int64_t number_of(const ent_training *t, int64_t i)
{
    return t->resume ? t->resume->member[i] : i;
}

/* Read the state of own members whose training had begun. */
static ent_status take_begun(const ent_training *t, share *s)
{
    const ent_inside *inside = t->resume;
    s->begun = ent_alloc(s->n, sizeof *s->begun);
    ENT_REQUIRE(s->begun, ENT_ENOMEM, "round: no memory");
    for (int64_t i = 0, k = 0; i < s->cohort->n; i++) {
        if (s->rank[i] != ent_comm_rank(t->f->ranks.lane)) continue;
        for (int64_t j = 0; j < inside->works; j++)
            if (inside->at_work[j] == inside->member[i]) ENT_TRY(ent_checkpoint_work(t, j, &s->begun[k]));
        k++;
    }
    return ENT_OK;
}

static ent_status share_make(const ent_training *t, const ent_cohort *whole, share *s)
{
    const ent_federation *f = t->f;
    if (t->resume) ENT_TRY(take_rest(t, whole, s));
    const ent_cohort *cohort = s->cohort = t->resume ? &s->rest : whole;
    s->rank = ent_alloc(cohort->n, sizeof *s->rank);
    ENT_REQUIRE(s->rank, ENT_ENOMEM, "round: no memory");
    ENT_TRY(ent_schedule_make(&f->population, ent_comm_size(f->ranks.lane), cohort, s->rank));
    for (int64_t i = 0; i < cohort->n; i++) s->n += s->rank[i] == ent_comm_rank(f->ranks.lane);
    s->client = ent_alloc(s->n, sizeof *s->client);
    s->member = ent_alloc(s->n, sizeof *s->member);
    s->variate = t->variates ? ent_alloc(s->n * t->width, sizeof *s->variate) : NULL;
    ENT_REQUIRE(s->client && s->member && (s->variate || !t->variates), ENT_ENOMEM, "round: no memory");
    for (int64_t i = 0, k = 0; i < cohort->n; i++) {
        if (s->rank[i] != ent_comm_rank(f->ranks.lane)) continue;
        s->client[k] = cohort->member[i].client;
        s->member[k++] = cohort->member[i];
    }
    return t->resume ? take_begun(t, s) : ENT_OK;
}

static void fill_update(ent_training *t, double weight)
{
    const ent_work *work = ent_trainer_work(t->trainer);
    ent_update *u = &t->update;
    u->client = work->client;
    u->samples = work->done;
    u->loss = work->loss;
    u->steps = work->steps;
    u->round = work->round;
    ent_update_weigh(&t->f->population, t->f->model, work->client, weight, u->weight);
    for (int k = 0; k < t->state.params; k++) u->delta[k] = work->w[k] - t->state.base[k];
}

static void compress(ent_training *t, double *variate)
{
    const bool feeds_back = ent_feeds_back(t->f->config);
    double *left = feeds_back ? variate + (int64_t)t->rule->client_vectors * t->state.params : NULL;
    ent_compress(&t->state, &t->update, left, t->scratch);
}

/* Add what the client sends; `variate` is what it keeps. */
static ent_status send_update(ent_training *t, const ent_member *member, double *variate)
{
    fill_update(t, member->weight);
    if (t->rule->send) t->rule->send(&t->state, variate, &t->update);
    if (ent_compresses(t->f->config)) compress(t, variate);
    if (t->privacy) ent_private_clip(t->privacy, &t->state, &t->update);
    if (t->byzantine && t->byzantine[member->client]) ent_attack_apply(&t->state, &t->update);
    return ent_aggregate_add(t->aggregate, &t->update);
}

/* Whether own member k sends nothing, as secure aggregation has left it out. */
static bool is_left_out(const share *s, int64_t k)
{
    return s->secure && ent_secure_excludes(s->secure, s->client[k]);
}

/* Own member s->done; s->at_work where it stops in the middle. */
static ent_status train_client(ent_training *t, share *s, double *variate)
{
    const int64_t k = s->done;
    ent_federation *f = t->f;
    ent_samples samples = ent_store_samples(t->store, s->client[k]);
    samples.class_weight = f->target.class_weight;
    samples.class_offset = t->class_offset;
    if (t->class_offset) ent_label_adjust(&f->population.part[ENT_TRAIN], &f->target, s->client[k], t->class_offset);
    ent_comm_note("round %lld, client %lld", (long long)t->state.round + 1, (long long)s->client[k]);
    t->state.base = ent_history_at(t->history, s->member[k].base);
    ent_work_start(t->trainer, s->member[k].base, s->client[k]);
    memcpy(ent_trainer_work(t->trainer)->w, t->state.base, (size_t)t->state.params * sizeof(double));
    if (t->rule->begin) t->rule->begin(&t->state, variate, ent_trainer_work(t->trainer)->w);
    if (s->begun && s->begun[k].w) ent_work_resume(t->trainer, &s->begun[k]);
    for (bool over = false; !over;) {
        ENT_TRY(ent_work_step(t->trainer, &t->state, variate, &samples, &over));
        if (!over) ENT_TRY(ent_ranks_look(&f->ranks, &s->at_work));
        if (s->at_work) return ENT_OK;
    }
    return send_update(t, &s->member[k], variate);
}

/* The same, but a client that diverges may be left out.  Ranks that hold a state together decide alike. */
static ent_status train_or_exclude(ent_training *t, share *s)
{
    const int64_t width = t->width;
    const size_t bytes = (size_t)width * sizeof *t->kept;
    double *variate = s->variate ? s->variate + s->done * width : NULL;
    if (variate) memcpy(t->kept, variate, bytes);
    ent_status status = train_client(t, s, variate);
    if (status == ENT_ENUMERIC && t->excludes) {
        if (variate) memcpy(variate, t->kept, bytes);
        ent_aggregate_exclude(t->aggregate);
        status = ent_team_settle(t->f->ranks.team, ENT_OK);
    }
    if (status == ENT_OK && !s->at_work) s->done++;
    return status;
}

static ent_status train_share(ent_training *t, int64_t round, share *s)
{
    for (int64_t first = 0, ready; first < s->n; first += ready) {
        ENT_TRY(ent_store_fetch(t->store, s->n - first, s->client + first, &ready));
        while (s->done < first + ready) {
            bool stops;
            ENT_TRY(ent_ranks_look(&t->f->ranks, &stops));
            if (stops) return ENT_OK;
            if (is_left_out(s, s->done)) {
                s->done++;
                continue;
            }
            const ent_status status = train_or_exclude(t, s);
            if (status != ENT_OK)
                return ent_fail_in(status, "round %lld, client %lld", (long long)round + 1,
                                   (long long)s->client[s->done]);
            if (s->at_work) return ENT_OK;
        }
    }
    return ENT_OK;
}

static void slowest(ent_comm *world, ent_round *figures)
{
    int64_t nanoseconds = llround(1e9 * figures->compute_s);
    ent_comm_sum(world, &nanoseconds, 1);
    figures->compute_mean_s = 1e-9 * (double)nanoseconds / ent_comm_size(world);
    double seconds[] = {figures->compute_s, figures->communicate_s, figures->wait_s};
    ent_comm_max(world, seconds, 3);
    figures->compute_s = seconds[0];
    figures->communicate_s = seconds[1];
    figures->wait_s = seconds[2];
}

/* What has travelled: the change that a client sends is compressed; what a rule sends besides it is not.  Clients
 * that are lost have got the weights as well.  Under masks all numbers that somebody sends travel. */
static void count_bytes(const ent_training *t, const ent_cohort *cohort, ent_round *figures)
{
    const ent_config *c = t->f->config;
    const int64_t all = cohort->n + cohort->lost;
    const double vector = (double)t->state.params * (double)sizeof(double);
    if (t->rule->own) return;
    figures->bytes_down = (double)all * (t->rule->extra + !t->download) * vector;
    if (t->download) figures->bytes_down += ent_download_bytes(t->download, &t->state, cohort, figures->round);
    figures->bytes_up = (double)cohort->n * (ent_compress_bytes(&t->state) + t->rule->extra * vector);
    if (!ent_is_secure(c)) return;
    figures->bytes_down += (double)all * ent_secure_bytes_down(c, all);
    figures->bytes_up = (double)cohort->n * ent_secure_bytes_up(c, all, ent_aggregate_ring(t->aggregate, &t->state)) +
                        (double)cohort->lost * ent_secure_bytes_up(c, all, 0);
}

/* A round with noise only: it must not be visible that no client has trained. */
static bool is_noisy(const ent_training *t)
{
    return t->f->config->privacy.mode == ENT_PRIVACY_CENTRAL;
}

static void note(const ent_training *t, const ent_round *figures, const char *what, const char *why)
{
    const ent_checkpoint_inp *keep = &t->f->keep;
    char text[1024];
    if (ent_comm_rank(t->f->ranks.world) > 0 || !keep->note) return;
    snprintf(text, sizeof text, "round %lld%s: secure aggregation: %.800s", (long long)figures->round + 1, what, why);
    keep->note(keep->context, text);
}

static void report_faults(const ent_training *t, const share *s, const ent_round *figures)
{
    char text[600];
    if (s->secure && ent_secure_report(s->secure, sizeof text, text)) note(t, figures, "", text);
}

/* Weights, the server's memory and the clients' vectors are unchanged. */
static void fail_round(ent_training *t, ent_round *figures)
{
    figures->train_loss = NAN;
    if (t->privacy) ent_private_skip(t->privacy, figures);
    note(t, figures, " failed, the weights are unchanged", ent_message());
}

/* Keys and shares of the round's clients, before they train; the round has failed where too few answer.  Collective.
 */
static ent_status begin_secure(ent_training *t, ent_status status, const ent_cohort *cohort, share *s,
                               ent_round *figures)
{
    const ent_ranks *ranks = &t->f->ranks;
    if (status == ENT_OK)
        status = ent_secure_cohort_make(cohort, s->cohort, s->rank, t->state.round, ent_comm_size(ranks->lane),
                                        &s->members);
    ENT_TRY(ent_comm_agree(ranks->world, status));
    status = ent_secure_begin(ranks->lane, t->f->config, &s->members, &s->secure);
    status = ent_comm_agree(ranks->world, status);
    s->failed = status == ENT_EDATA;
    if (!s->failed) return status;
    fail_round(t, figures);
    report_faults(t, s, figures);
    return ENT_OK;
}

/* From what was sent to the new weights.  Collective. */
static ent_status serve(ent_training *t, const share *s, ent_round *figures)
{
    ent_federation *f = t->f;
    ent_mean *mean;
    const ent_status status = ent_aggregate_finish(t->aggregate, &f->ranks, &t->state, s->secure, &mean);
    const bool failed = status == ENT_EDATA && s->secure;
    if (failed) fail_round(t, figures);
    report_faults(t, s, figures);
    if (failed) return ENT_OK;
    ENT_TRY(status);
    ENT_REQUIRE(mean->clients > 0 || mean->excluded == 0, ENT_ENUMERIC,
                "round %lld: all of its clients diverged (%lld); a smaller client.learning_rate may help",
                (long long)figures->round + 1, (long long)mean->excluded);
    if (t->privacy) ent_private_release(t->privacy, &t->state, mean, figures);
    if (mean->clients > 0 || is_noisy(t)) t->rule->step(&t->state, mean, f->w);
    if (t->variates) ENT_TRY(ent_variates_keep(t->variates, s->cohort, s->rank, s->variate));
    figures->trained = mean->clients;
    figures->excluded = mean->excluded;
    figures->samples = mean->samples;
    figures->blocks_short = mean->blocks_short;
    figures->train_loss = mean->samples > 0 ? ent_label_square(&f->target.label) * mean->loss / (double)mean->samples
                                            : NAN;
    return ENT_OK;
}

/* Members of all ranks that have trained send their vectors home; those of the others are unchanged. */
static ent_status keep_done(ent_training *t, share *s)
{
    const ent_federation *f = t->f;
    const ent_cohort *cohort = s->cohort;
    int64_t *done = ent_alloc(cohort->n, sizeof *done), mine = 0;
    ent_status status = ent_comm_agree(f->ranks.world, done ? ENT_OK : ent_fail(ENT_ENOMEM, "round: no memory"));
    if (status == ENT_OK) {
        for (int64_t i = 0; i < cohort->n; i++)
            if (s->rank[i] == ent_comm_rank(f->ranks.lane)) done[i] = mine++ < s->done;
        ent_comm_sum(f->ranks.lane, done, cohort->n);
        for (int64_t i = 0; i < cohort->n; i++)
            if (!done[i]) s->rank[i] = -1;
        status = ent_variates_keep(t->variates, cohort, s->rank, s->variate);
    }
    ent_free(done);
    return status;
}

/* The rest of this rank's share: own members from s->done on, those that were left out, as keys are dealt again, and
 * those of them that are at work. */
static void list_rest(const ent_training *t, const share *s, ent_inside *inside, ent_work *work)
{
    for (int64_t i = 0, k = 0; i < s->cohort->n; i++) {
        if (s->rank[i] != ent_comm_rank(t->f->ranks.lane)) continue;
        const bool here = k == s->done && s->at_work, waits = !here && s->begun && s->begun[k].w;
        if (k >= s->done || is_left_out(s, k)) inside->member[inside->left++] = number_of(t, i);
        if (k >= s->done && (here || waits)) {
            work[inside->works] = here ? *ent_trainer_work(t->trainer) : s->begun[k];
            inside->at_work[inside->works++] = number_of(t, i);
        }
        k++;
    }
}

/* Save the state inside the round; the status is ENT_STOPPED if that succeeds. */
static ent_status stop(ent_training *t, share *s, double seconds)
{
    ent_federation *f = t->f;
    ent_work *work = ent_alloc(s->n, sizeof *work);
    ent_inside inside = {.member = ent_alloc(s->n, sizeof *inside.member),
                         .at_work = ent_alloc(s->n, sizeof *inside.at_work),
                         .work = work,
                         .seconds = seconds + (t->resume ? t->resume->seconds : 0.0)};
    const bool there = work && inside.member && inside.at_work;
    ent_status status = ent_comm_agree(f->ranks.world, there ? ENT_OK : ent_fail(ENT_ENOMEM, "round: no memory"));
    if (status == ENT_OK) {
        list_rest(t, s, &inside, work);
        if (t->variates) status = keep_done(t, s);
    }
    if (status == ENT_OK) status = ent_checkpoint_save(t, &inside);
    ent_free(work);
    ent_free(inside.member);
    ent_free(inside.at_work);
    if (status != ENT_OK)
        return ent_fail_in(status, "stopped in round %lld without a checkpoint", (long long)f->outcome.rounds + 1);
    return ent_fail(ENT_STOPPED, "checkpoint written at round %lld (inside): run again with --resume",
                    (long long)f->outcome.rounds + 1);
}

/* Those that the clients of the next round start from. */
static const double *first_weights(const ent_training *t)
{
    return t->download ? t->download->known : t->f->w;
}

/* Who takes part, what this rank has to do, and what is there already of a round that was stopped. */
static ent_status prepare(ent_training *t, int64_t round, share *s, const ent_cohort **cohort)
{
    ent_federation *f = t->f;
    ent_status status = ent_timeline_round(t->timeline, &f->population, round, cohort);
    if (status == ENT_OK) status = ent_history_keep(t->history, round, first_weights(t));
    if (status == ENT_OK) status = share_make(t, *cohort, s);
    if (t->variates) {
        ENT_TRY(ent_comm_agree(f->ranks.world, status));
        status = ent_variates_fetch(t->variates, s->cohort, s->rank, s->variate);
    }
    t->state.round = round;
    ent_aggregate_start(t->aggregate);
    if (status == ENT_OK && t->privacy) ent_private_begin(t->privacy, *cohort);
    if (status == ENT_OK && t->resume) status = ent_checkpoint_tally(t);
    return status;
}

/* What the clients of this rank do, as far as they get; *clock: when that was over. */
static ent_status train_clients(ent_training *t, ent_status status, share *s, double *clock, bool *stops)
{
    ent_federation *f = t->f;
    if (status == ENT_OK && !s->failed) status = train_share(t, t->state.round, s);
    status = ent_team_settle(f->ranks.team, status);
    *clock = ent_clock_s();
    *stops = ent_ranks_stopped(&f->ranks);
    return ent_comm_agree(f->ranks.world, status);
}

static ent_status run(ent_training *t, ent_round *figures, share *s)
{
    ent_federation *f = t->f;
    const ent_cohort *cohort;
    double clock[4] = {ent_clock_s()}, dealt_s = 0.0; /* what keys and shares have taken */
    bool stops;
    figures->epsilon = figures->clip = figures->unclipped = NAN;
    ent_status status = prepare(t, figures->round, s, &cohort);
    if (ent_is_secure(f->config)) {
        dealt_s = -ent_clock_s();
        status = begin_secure(t, status, cohort, s, figures);
        dealt_s += ent_clock_s();
    }
    ENT_TRY(train_clients(t, status, s, &clock[1], &stops));
    if (stops) return stop(t, s, clock[1] - clock[0]);
    clock[2] = ent_clock_s();
    if (!s->failed) ENT_TRY(serve(t, s, figures));
    if (t->download) ent_download_send(t->download, &t->state, f->w);
    count_bytes(t, cohort, figures);
    if (t->privacy && ent_comm_rank(f->ranks.world) == 0) status = ent_private_account(t->privacy, cohort, figures);
    ENT_TRY(ent_comm_agree(f->ranks.world, status));
    ent_history_forget(t->history, ent_timeline_oldest(t->timeline, &f->population));
    figures->cohort = cohort->drawn;
    figures->lost = cohort->lost;
    figures->simulated_s = cohort->simulated_s;
    figures->staleness = cohort->staleness;
    clock[3] = ent_clock_s();
    figures->compute_s = clock[1] - clock[0] - dealt_s + (t->resume ? t->resume->seconds : 0.0);
    figures->wait_s = clock[2] - clock[1];
    figures->communicate_s = clock[3] - clock[2] + dealt_s;
    slowest(f->ranks.world, figures);
    return ENT_OK;
}

ent_status ent_round_run(ent_training *t, ent_round *figures)
{
    share s = {.n = 0};
    const ent_status status = run(t, figures, &s);
    share_clear(&s);
    ent_inside_free(t->resume);
    t->resume = NULL;
    return status;
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
        if (ent_comm_rank(f->ranks.world) == 0)
            status = ent_measure_part(&f->population.part[part[k]], &f->target.label, output, metrics[k]);
        if (f->outcome.by_client && part[k] == ENT_TEST)
            ent_measure_by_client(&f->population, &f->target.label, output,
                                  f->outcome.by_client + figures->round * f->population.clients);
        ent_free(output);
        ENT_TRY(ent_comm_agree(f->ranks.world, status));
    }
    return ENT_OK;
}

ent_status ent_round_evaluate(ent_training *t, ent_round *figures)
{
    if (!ent_round_is_evaluated(&t->f->config->federation, figures->round)) return ENT_OK;
    const double begin = ent_clock_s();
    ent_comm_note("the evaluation after round %lld", (long long)figures->round + 1);
    const ent_status status = evaluate_round(t, figures);
    if (status == ENT_OK) {
        figures->evaluate_s = ent_clock_s() - begin;
        ent_comm_max(t->f->ranks.world, &figures->evaluate_s, 1);
    } else {
        figures->validation = figures->test = (ent_metrics){.n = 0};
    }
    return status;
}
