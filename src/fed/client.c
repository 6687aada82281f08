/* A client's work in a round: E epochs of mini-batches, starting from the server's weights with a new optimiser.
 * SGD, momentum (Polyak), Adam (Kingma and Ba 2015, with bias correction); weight decay is decoupled (Loshchilov and
 * Hutter 2019).  Two more are for circuits, and leave all else to Adam:
 *   qng        the angles of registers' circuits go against the natural gradient (ent_model_natural) by natural_rate.
 *              Fusion, maps and head do not: the metric of the fused state is not that of its registers, and those
 *              of a map or a head none of a state
 *   rotosolve  after the step of the others, the angles of circuits and fusion go to the minimum of the batch's loss,
 *              one after the other (ent_model_rotosolve); rate, decay and clipping are not for them
 * Blocks that no sample of a batch trains have gradient exactly 0 and are not changed: neither by the
 * optimiser's
 * memory, nor by decay, nor by the rule's correction.
 *
 * The whole state of a client's training is in ent_work, so it can be interrupted after any batch and resumed. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "clients.h"

/* ---- optimisers that not every model can have ---- */

static const char *const CIRCUITS_BY[] = {[ENT_QNG] = "qng", [ENT_ROTOSOLVE] = "rotosolve"};

/* The room for a metric, of each register by itself. */
static ent_status check_metrics(const ent_config *c, const ent_model *model)
{
    const double most = 1073741824.0;
    char text[32];
    for (int m = 0; m < (int)c->data.modalities_count; m++) {
        int first;
        const int count = ent_model_circuit_angles(model, m, &first);
        const double bytes = ent_metric_bytes(c->model.registers[m].qubits, count);
        ENT_REQUIRE(bytes <= most, ENT_ECONFIG,
                    "client.optimizer: found 'qng', whose metric of register '%s' takes %s, want at most 1 GiB: "
                    "fewer qubits or layers",
                    c->data.modalities[m], ent_bytes_text(bytes, text));
    }
    return ENT_OK;
}

ent_status ent_optimizer_admit(const ent_config *c, ent_model *model)
{
    const ent_optimizer optimizer = c->client.optimizer;
    if (optimizer != ENT_QNG && optimizer != ENT_ROTOSOLVE) return ENT_OK;
    ENT_REQUIRE(
        c->model.kind == ENT_MODEL_QUANTUM, ENT_ECONFIG,
        "client.optimizer: found '%s', want sgd, momentum or adam: model.kind %s has no circuit whose readouts "
        "one head reads",
        CIRCUITS_BY[optimizer], ent_model_kind_name(c->model.kind));
    if (optimizer == ENT_QNG) return check_metrics(c, model);
    ENT_REQUIRE(!ent_rule_find(c->federation.aggregation)->correct, ENT_ECONFIG,
                "client.optimizer: found 'rotosolve', which takes no gradients of angles, and a "
                "federation.aggregation that corrects them: want another of the two");
    const ent_status status = ent_model_rotosolve_check(model);
    return status == ENT_EARG ? ent_fail_in(ENT_ECONFIG, "client.optimizer") : status;
}

/* ---- a client at work ---- */

struct ent_trainer {
    ent_model *model;
    const ent_population *population;
    int params, blocks;
    const ent_block *block;
    ent_work work;
    double *gradient;  /* [params] */
    uint8_t *trains;   /* [blocks] whether the current batch trains it */
    int64_t *order;    /* [order_room] the epoch's permutation of the client's rows */
    uint32_t *context; /* [order_room] their modalities after dropout in this epoch */
    int64_t order_room, ordered_epoch;
    int64_t corrected_step; /* the step of Adam's current bias corrections; 0: none */
    double correct[2];
};

static int64_t most_rows(const ent_population *p)
{
    int64_t most = 0;
    for (int64_t c = 0; c < p->clients; c++)
        if (ent_client_rows_count(p, c) > most) most = ent_client_rows_count(p, c);
    return most;
}

ent_status ent_work_make(int params, int blocks, ent_work *work)
{
    *work = (ent_work){.w = ent_alloc(params, sizeof(double)),
                       .first = ent_alloc(params, sizeof(double)),
                       .second = ent_alloc(params, sizeof(double)),
                       .steps = ent_alloc(blocks, sizeof *work->steps)};
    ENT_REQUIRE(work->w && work->first && work->second && work->steps, ENT_ENOMEM, "client: no memory");
    return ENT_OK;
}

void ent_work_clear(ent_work *work)
{
    ent_free(work->w);
    ent_free(work->first);
    ent_free(work->second);
    ent_free(work->steps);
    *work = (ent_work){.w = NULL};
}

ent_status ent_trainer_new(ent_model *model, const ent_population *p, ent_trainer **out)
{
    ent_trainer *t = ent_alloc(1, sizeof *t);
    ENT_REQUIRE(t, ENT_ENOMEM, "client: no memory");
    t->model = model;
    t->population = p;
    t->order_room = most_rows(p);
    t->params = ent_model_params(model);
    t->blocks = ent_model_blocks(model, &t->block);
    const ent_status status = ent_work_make(t->params, t->blocks, &t->work);
    t->gradient = ent_alloc(t->params, sizeof(double));
    t->trains = ent_alloc(t->blocks, sizeof *t->trains);
    t->order = ent_alloc(t->order_room, sizeof *t->order);
    t->context = ent_alloc(t->order_room, sizeof *t->context);
    if (status != ENT_OK || !t->gradient || !t->trains || !t->order || !t->context) {
        ent_trainer_free(t);
        return ent_fail(ENT_ENOMEM, "client: no memory");
    }
    *out = t;
    return ENT_OK;
}

void ent_trainer_free(ent_trainer *t)
{
    if (!t) return;
    ent_work_clear(&t->work);
    ent_free(t->gradient);
    ent_free(t->trains);
    ent_free(t->order);
    ent_free(t->context);
    ent_free(t);
}

ent_work *ent_trainer_work(ent_trainer *t)
{
    return &t->work;
}

/* What moves a block: of the optimisers for circuits, one for each role. */
typedef enum { MOVES_SGD, MOVES_MOMENTUM, MOVES_ADAM, MOVES_LATER } mover;

static mover mover_of(ent_optimizer optimizer, ent_block_role role)
{
    switch (optimizer) {
    case ENT_SGD:
        return MOVES_SGD;
    case ENT_MOMENTUM:
        return MOVES_MOMENTUM;
    case ENT_QNG:
        return role == ENT_ROLE_CIRCUIT ? MOVES_SGD : MOVES_ADAM;
    case ENT_ROTOSOLVE:
        return role == ENT_ROLE_CIRCUIT || role == ENT_ROLE_FUSION ? MOVES_LATER : MOVES_ADAM;
    default:
        return MOVES_ADAM;
    }
}

/* A block's step; correct: Adam's bias corrections. */
static void update(const ent_config_client *c, double rate, const double correct[2], const ent_block *block,
                   const double *gradient, const ent_work *work)
{
    const int n = block->count, at = block->first;
    const double *restrict g = gradient + at;
    double *restrict w = work->w + at, *restrict first = work->first + at, *restrict second = work->second + at;
    const double correct1 = correct[0], correct2 = correct[1], beta1 = c->beta1, beta2 = c->beta2;
    const double epsilon = c->epsilon, decay = rate * c->weight_decay;
    const mover by = mover_of(c->optimizer, block->role);
    if (by == MOVES_LATER) return;
    for (int k = 0; k < n; k++) w[k] -= decay * w[k];
    switch (by) {
    case MOVES_SGD:
        for (int k = 0; k < n; k++) w[k] -= rate * g[k];
        break;
    case MOVES_MOMENTUM:
        for (int k = 0; k < n; k++) {
            first[k] = c->momentum * first[k] + g[k];
            w[k] -= rate * first[k];
        }
        break;
    default:
        for (int k = 0; k < n; k++) {
            first[k] = beta1 * first[k] + (1.0 - beta1) * g[k];
            second[k] = beta2 * second[k] + (1.0 - beta2) * g[k] * g[k];
            w[k] -= rate * (first[k] / correct1) / (sqrt(second[k] / correct2) + epsilon);
        }
        break;
    }
}

/* Update one block by the current gradient. */
static void update_block(ent_trainer *t, const ent_config *config, const ent_block *block, int64_t step)
{
    ent_work *work = &t->work;
    const ent_config_client *c = &config->client;
    if (t->corrected_step != step) { /* most blocks have made the same number of steps */
        t->correct[0] = 1.0 - pow(c->beta1, (double)step);
        t->correct[1] = 1.0 - pow(c->beta2, (double)step);
        t->corrected_step = step;
    }
    update(c, ent_client_rate(config, block, work->round), t->correct, block, t->gradient, work);
}

/* Clip the gradient of the blocks that the batch trains to client.clip_norm.  One that is not finite is left
 * unchanged: the client has diverged. */
static void clip_gradient(ent_trainer *t, double most)
{
    double squares = 0.0;
    for (int b = 0; b < t->blocks; b++)
        for (int k = 0; k < t->block[b].count && t->trains[b]; k++) {
            const double g = t->gradient[t->block[b].first + k];
            squares += g * g;
        }
    const double norm = sqrt(squares);
    if (most == 0.0 || !isfinite(norm) || norm <= most) return;
    for (int k = 0; k < t->params; k++) t->gradient[k] *= most / norm;
}

static int64_t batch_of(const ent_config_client *c, int64_t rows)
{
    const int64_t share = llround(c->batch_share * (double)rows);
    if (c->batch_share == 0.0) return c->batch;
    return share > 0 ? share : 1;
}

static void mark_trained(ent_trainer *t, const ent_samples *samples, int64_t n, const int64_t *pick)
{
    const ent_policy policy = t->population->config->missing.policy;
    memset(t->trains, 0, (size_t)t->blocks);
    for (int b = 0; b < t->blocks; b++)
        for (int64_t k = 0; k < n && !t->trains[b]; k++)
            t->trains[b] = ent_device_trains(samples->device, &t->block[b]) &&
                           ent_policy_trains(policy, &t->block[b], samples->context[pick[k]]);
}

void ent_work_start(ent_trainer *t, int64_t round, int64_t client)
{
    ent_work *work = &t->work;
    const size_t bytes = (size_t)t->params * sizeof(double);
    memset(work->first, 0, bytes);
    memset(work->second, 0, bytes);
    memset(work->steps, 0, (size_t)t->blocks * sizeof *work->steps);
    work->client = client;
    work->round = round;
    work->done = 0;
    work->loss = 0.0;
    t->ordered_epoch = -1;
}

void ent_work_resume(ent_trainer *t, const ent_work *begun)
{
    ent_work *work = &t->work;
    const size_t bytes = (size_t)t->params * sizeof(double);
    memcpy(work->w, begun->w, bytes);
    memcpy(work->first, begun->first, bytes);
    memcpy(work->second, begun->second, bytes);
    memcpy(work->steps, begun->steps, (size_t)t->blocks * sizeof *work->steps);
    work->client = begun->client;
    work->round = begun->round;
    work->done = begun->done;
    work->loss = begun->loss;
    t->ordered_epoch = -1;
}

/* The order of the client's rows in an epoch, and their modalities. */
static void begin_epoch(ent_trainer *t, const ent_config *config, int64_t n, int64_t epoch)
{
    const ent_part *train = &t->population->part[ENT_TRAIN];
    const uint64_t seed = config->seeds.sampling;
    const int64_t client = t->work.client, first = train->first[client];
    const int64_t pass = t->work.round * config->client.epochs + epoch;
    if (t->ordered_epoch == epoch) return;
    ent_random stream = ent_random_at(seed, ENT_FOR_ORDER, (uint64_t)client, (uint64_t)pass);
    ent_random_permutation(&stream, n, t->order);
    for (int64_t k = 0; k < n; k++)
        t->context[k] = ent_modality_dropout(seed, config->client.modality_dropout, train->context[first + k], client,
                                             pass, train->row[first + k]);
    t->ordered_epoch = epoch;
}

/* From the gradient of the picks to new weights. */
static ent_status move(ent_trainer *t, const ent_rule_state *rule, const double *variate, const ent_samples *seen,
                       int64_t n, const int64_t *pick)
{
    const ent_config_client *c = &rule->config->client;
    const ent_rule *correct = ent_rule_find(rule->config->federation.aggregation);
    ent_work *work = &t->work;
    clip_gradient(t, c->clip_norm);
    for (int b = 0; b < t->blocks; b++)
        if (t->trains[b] && correct->correct) correct->correct(rule, variate, &t->block[b], work->w, t->gradient);
    if (c->optimizer == ENT_QNG)
        ENT_TRY(ent_model_natural(t->model, work->w, seen, n, pick, c->damping, t->gradient));
    for (int b = 0; b < t->blocks; b++)
        if (t->trains[b]) update_block(t, rule->config, &t->block[b], ++work->steps[b]);
    if (c->optimizer != ENT_ROTOSOLVE) return ENT_OK;
    return ent_model_rotosolve(t->model, seen, n, pick, t->trains, work->w);
}

ent_status ent_work_step(ent_trainer *t, const ent_rule_state *rule, const double *variate,
                         const ent_samples *samples, bool *over)
{
    const ent_config_client *c = &rule->config->client;
    ent_work *work = &t->work;
    const int64_t epoch = work->done / samples->n, at = work->done % samples->n;
    const int64_t batch = batch_of(c, samples->n), n = samples->n - at < batch ? samples->n - at : batch;
    double mean;
    ent_samples seen = *samples;
    seen.context = t->context;
    ent_devices_train(t->population->devices, work->client, work->round * c->epochs + epoch, &seen);
    begin_epoch(t, rule->config, samples->n, epoch);
    mark_trained(t, &seen, n, t->order + at);
    ENT_TRY(ent_model_gradient(t->model, work->w, &seen, n, t->order + at, &mean, t->gradient));
    work->loss += mean * (double)n;
    work->done += n;
    ENT_TRY(move(t, rule, variate, &seen, n, t->order + at));
    *over = work->done == samples->n * c->epochs;
    return ENT_OK;
}
