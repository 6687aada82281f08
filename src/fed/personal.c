/* Personal models: every client predicts its rows of a part with its own weights.
 *
 * They start from the common weights, or from where the rule lets a client begin (local, wpqfl), and are fine-tuned
 * for personal.epochs epochs on the client's training rows with the optimiser of the section client (Wang et al.
 * 2019, arXiv 1910.10252); a client without training rows predicts with its starting weights.  Clients are assigned
 * to ranks by cost, except that those with kept weights stay on their home rank; weights are dropped as soon as the
 * client has predicted, so memory is that of one model and of the current rows. */
#include <string.h>

#include "entente/memory.h"
#include "entente/shard.h"
#include "fed.h"

typedef struct {
    ent_training *t;
    ent_config config; /* of the fine-tuning */
    int which;
    const ent_part *part;
    ent_cohort cohort; /* clients that have rows in the part */
    int *rank;
    int64_t n, rows;  /* this rank's */
    int64_t *client;  /* [n] */
    double *output;   /* [rows][outputs] */
    ent_store *store; /* of the part */
} own_models;

static void own_clear(own_models *o)
{
    ent_free(o->cohort.member);
    ent_free(o->rank);
    ent_free(o->client);
    ent_free(o->output);
    ent_store_free(o->store);
}

static int64_t rows_of(const ent_part *part, int64_t client)
{
    return part->first[client + 1] - part->first[client];
}

static ent_status find_cohort(own_models *o)
{
    const ent_federation *f = o->t->f;
    const int size = ent_comm_size(f->ranks.lane);
    const int64_t clients = f->population.clients;
    for (int64_t c = 0; c < clients; c++) o->cohort.n += rows_of(o->part, c) > 0;
    o->cohort.member = ent_alloc(o->cohort.n, sizeof *o->cohort.member);
    o->rank = ent_alloc(o->cohort.n, sizeof *o->rank);
    ENT_REQUIRE(o->cohort.member && o->rank, ENT_ENOMEM, "own models: no memory");
    for (int64_t c = 0, k = 0; c < clients; c++)
        if (rows_of(o->part, c) > 0) o->cohort.member[k++] = (ent_member){.client = c};
    if (!o->t->rule->begin)
        return ent_schedule_own(&f->population, size, &o->cohort, o->which, o->config.client.epochs, o->rank);
    for (int64_t k = 0; k < o->cohort.n; k++) o->rank[k] = (int)(o->cohort.member[k].client % size);
    return ENT_OK;
}

/* personal.learning_rate replaces client.learning_rate; explicit rates of blocks keep their ratio to it. */
static void set_rates(ent_config *config)
{
    ent_config_client *c = &config->client;
    const double ratio = config->personal.learning_rate / c->learning_rate;
    c->learning_rate = config->personal.learning_rate;
    c->natural_rate *= ratio;
    if (c->map_learning_rate > 0.0) c->map_learning_rate *= ratio;
    if (c->head_learning_rate > 0.0) c->head_learning_rate *= ratio;
    c->schedule = ENT_SCHEDULE_CONSTANT;
    c->warm_up = 0;
}

/* Local. */
static ent_status own_make(ent_training *t, int which, int epochs, own_models *o)
{
    const ent_federation *f = t->f;
    *o = (own_models){.t = t, .config = *f->config, .which = which, .part = &f->population.part[which]};
    o->config.client.epochs = epochs;
    set_rates(&o->config);
    o->config.federation.aggregation = ENT_FEDAVG;
    ENT_TRY(ent_store_new(&f->features, &f->population, f->ranks.node_ranks, which, &o->store));
    ENT_TRY(find_cohort(o));
    const int me = ent_comm_rank(f->ranks.lane);
    for (int64_t k = 0; k < o->cohort.n; k++) {
        if (o->rank[k] != me) continue;
        o->n++;
        o->rows += rows_of(o->part, o->cohort.member[k].client);
    }
    o->client = ent_alloc(o->n, sizeof *o->client);
    o->output = ent_alloc(o->rows * f->target.outputs, sizeof *o->output);
    ENT_REQUIRE(o->client && o->output, ENT_ENOMEM, "own models: no memory");
    for (int64_t k = 0, i = 0; k < o->cohort.n; k++)
        if (o->rank[k] == me) o->client[i++] = o->cohort.member[k].client;
    return ENT_OK;
}

/* Train the client's weights in the trainer's work, as in round `rounds`, the one after the last. */
static ent_status make_weights(own_models *o, int64_t client)
{
    const ent_training *t = o->t;
    const double *kept = t->rule->begin ? ent_variates_at(t->variates, client) : NULL;
    ent_work *work = ent_trainer_work(t->trainer);
    ent_work_start(t->trainer, o->config.federation.rounds, client);
    memcpy(work->w, t->f->w, (size_t)t->state.params * sizeof *work->w);
    if (kept) t->rule->begin(&t->state, kept, work->w);
    if (o->config.client.epochs == 0 || ent_client_rows_count(&t->f->population, client) == 0) return ENT_OK;
    ent_samples samples = ent_store_samples(t->store, client);
    samples.class_weight = t->f->target.class_weight;
    ent_rule_state state = t->state;
    state.config = &o->config;
    for (bool over = false; !over;) ENT_TRY(ent_work_step(t->trainer, &state, NULL, &samples, &over));
    return ENT_OK;
}

static ent_status predict_client(own_models *o, int64_t client, double *output)
{
    const ent_federation *f = o->t->f;
    ENT_TRY(make_weights(o, client));
    ent_samples samples = ent_store_samples(o->store, client);
    ent_devices_predict(f->population.devices, client, o->part->row + o->part->first[client], &samples);
    ENT_TRY(ent_model_predict(f->model, ent_trainer_work(o->t->trainer)->w, &samples, output));
    ent_label_restore(&f->target.label, samples.n, output);
    ent_answer_by_prior(&f->target, o->part, o->part->first[client], samples.n, output);
    return ENT_OK;
}

/* As many clients at a time as memory allows for their rows. */
static ent_status predict_share(own_models *o)
{
    const int outputs = o->t->f->target.outputs;
    double *output = o->output;
    for (int64_t first = 0, ready; first < o->n; first += ready) {
        ENT_TRY(ent_store_fetch(o->store, o->n - first, o->client + first, &ready));
        if (o->config.client.epochs > 0) ENT_TRY(ent_store_fetch(o->t->store, ready, o->client + first, &ready));
        for (int64_t k = first; k < first + ready; k++) {
            const ent_status status = predict_client(o, o->client[k], output);
            if (status != ENT_OK) return ent_fail_in(status, "own model of client %lld", (long long)o->client[k]);
            output += rows_of(o->part, o->client[k]) * outputs;
        }
    }
    return ENT_OK;
}

/* On rank 0: reorder what the ranks have sent into the order of the part. */
static ent_status put_in_order(const own_models *o, int ranks, int outputs, const double *sent, double **output)
{
    double *all = ent_alloc(o->part->n * outputs, sizeof *all);
    ENT_REQUIRE(all, ENT_ENOMEM, "own models: no memory");
    for (int rank = 0; rank < ranks; rank++)
        for (int64_t k = 0; k < o->cohort.n; k++) {
            const int64_t client = o->cohort.member[k].client, numbers = rows_of(o->part, client) * outputs;
            if (o->rank[k] != rank) continue;
            memcpy(all + o->part->first[client] * outputs, sent, (size_t)numbers * sizeof *all);
            sent += numbers;
        }
    *output = all;
    return ENT_OK;
}

static ent_status predict(own_models *o, double **output)
{
    ent_federation *f = o->t->f;
    double *sent = NULL;
    ENT_TRY(ent_comm_agree(f->ranks.world, ent_team_settle(f->ranks.team, predict_share(o))));
    const size_t bytes = (size_t)(o->rows * f->target.outputs) * sizeof *o->output;
    ent_status status = ent_comm_gather(f->ranks.lane, 0, o->output, bytes, (void **)&sent, NULL);
    if (status == ENT_OK && sent)
        status = put_in_order(o, ent_comm_size(f->ranks.lane), f->target.outputs, sent, output);
    ent_free(sent);
    status = ent_comm_agree(f->ranks.world, status);
    if (status != ENT_OK) {
        ent_free(*output);
        *output = NULL;
    }
    return status;
}

ent_status ent_predict_own(ent_training *t, int which, int epochs, double **output)
{
    own_models o;
    *output = NULL;
    ent_status status = ent_comm_agree(t->f->ranks.world, own_make(t, which, epochs, &o));
    if (status == ENT_OK) status = predict(&o, output);
    own_clear(&o);
    return status;
}

/* Average the clients' weights once, weighted by samples: one round of federated averaging at the end. */
ent_status ent_own_average(ent_training *t)
{
    ent_federation *f = t->f;
    const int size = ent_comm_size(f->ranks.lane);
    ent_status status = ENT_OK;
    ent_aggregate_start(t->aggregate);
    for (int64_t c = ent_comm_rank(f->ranks.lane); c < f->population.clients && status == ENT_OK; c += size) {
        const double *kept = ent_variates_at(t->variates, c);
        if (!kept) continue;
        ent_update *u = &t->update;
        u->client = c;
        u->samples = ent_client_rows_count(&f->population, c);
        u->loss = 0.0;
        memcpy(u->delta, kept, (size_t)t->state.params * sizeof *kept);
        ent_update_weigh(&f->population, f->model, c, 1.0, u->weight);
        status = ent_aggregate_add(t->aggregate, u);
    }
    ENT_TRY(ent_comm_agree(f->ranks.world, status));
    ent_mean *mean;
    ENT_TRY(ent_aggregate_finish(t->aggregate, &f->ranks, &t->state, NULL, &mean));
    for (int k = 0; k < t->state.params; k++) f->w[k] += mean->delta[k];
    return ENT_OK;
}
