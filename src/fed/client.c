/* A client's work in a round: E epochs of mini-batches from the server's weights, with an optimiser of its own that
 * starts afresh.  SGD, momentum (Polyak), Adam (Kingma and Ba 2015, with bias correction); weight decay is decoupled
 * (Loshchilov and Hutter 2019).  Blocks that no sample of a batch trains have gradient exactly 0 and are left alone:
 * neither the optimiser's memory nor the decay moves them. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "fed.h"

struct ent_trainer {
    int params;
    double *gradient, *first, *second; /* [params] */
    int64_t *steps;                    /* [blocks] updates that a block has had */
    uint8_t *trains;                   /* [blocks] by the batch at hand */
    int64_t *order;                    /* [order_room] */
    int64_t order_room;
};

ent_status ent_trainer_new(const ent_federation *f, ent_trainer **out)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(f->model, &block);
    ent_trainer *t = ent_alloc(1, sizeof *t);
    ENT_REQUIRE(t, ENT_ENOMEM, "client: no memory");
    t->params = ent_model_params(f->model);
    t->gradient = ent_alloc(t->params, sizeof(double));
    t->first = ent_alloc(t->params, sizeof(double));
    t->second = ent_alloc(t->params, sizeof(double));
    t->steps = ent_alloc(blocks, sizeof *t->steps);
    t->trains = ent_alloc(blocks, sizeof *t->trains);
    const ent_local *train = &f->local[ENT_TRAIN];
    for (int64_t j = 0; j < train->clients; j++)
        if (train->first[j + 1] - train->first[j] > t->order_room)
            t->order_room = train->first[j + 1] - train->first[j];
    t->order = ent_alloc(t->order_room, sizeof *t->order);
    if (!t->gradient || !t->first || !t->second || !t->steps || !t->trains || !t->order) {
        ent_trainer_free(t);
        return ent_fail(ENT_ENOMEM, "client: no memory");
    }
    *out = t;
    return ENT_OK;
}

void ent_trainer_free(ent_trainer *t)
{
    if (!t) return;
    ent_free(t->gradient);
    ent_free(t->first);
    ent_free(t->second);
    ent_free(t->steps);
    ent_free(t->trains);
    ent_free(t->order);
    ent_free(t);
}

/* One block's update by the gradient that is there. */
static void update_block(ent_trainer *t, const ent_config_client *c, const ent_block *block, int64_t step, double *w)
{
    const double rate = c->learning_rate;
    const double correct1 = 1.0 - pow(c->beta1, (double)step), correct2 = 1.0 - pow(c->beta2, (double)step);
    for (int k = block->first; k < block->first + block->count; k++) {
        const double g = t->gradient[k];
        w[k] -= rate * c->weight_decay * w[k];
        switch (c->optimizer) {
        case ENT_SGD:
            w[k] -= rate * g;
            break;
        case ENT_MOMENTUM:
            t->first[k] = c->momentum * t->first[k] + g;
            w[k] -= rate * t->first[k];
            break;
        case ENT_ADAM:
            t->first[k] = c->beta1 * t->first[k] + (1.0 - c->beta1) * g;
            t->second[k] = c->beta2 * t->second[k] + (1.0 - c->beta2) * g * g;
            w[k] -= rate * (t->first[k] / correct1) / (sqrt(t->second[k] / correct2) + c->epsilon);
            break;
        }
    }
}

static void mark_trained(ent_trainer *t, const ent_federation *f, const ent_block *block, int blocks, int64_t n,
                         const int64_t *pick)
{
    memset(t->trains, 0, (size_t)blocks);
    const bool mma = f->config->missing.policy == ENT_POLICY_MMA;
    for (int b = 0; b < blocks; b++)
        for (int64_t k = 0; k < n && !t->trains[b]; k++)
            t->trains[b] = !mma || ent_block_trains(&block[b], f->local[ENT_TRAIN].context[pick[k]]);
}

static ent_status train_batch(ent_trainer *t, const ent_federation *f, int64_t n, const int64_t *pick, double *w,
                              double *loss)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(f->model, &block);
    double mean;
    ENT_TRY(ent_model_gradient(f->model, w, &f->local[ENT_TRAIN].samples, n, pick, &mean, t->gradient));
    *loss += mean * (double)n;
    mark_trained(t, f, block, blocks, n, pick);
    for (int b = 0; b < blocks; b++)
        if (t->trains[b]) update_block(t, &f->config->client, &block[b], ++t->steps[b], w);
    return ENT_OK;
}

ent_status ent_client_train(ent_trainer *t, const ent_federation *f, int64_t round, int64_t client, int64_t first,
                            int64_t n, double *w, double *loss)
{
    const ent_config_client *c = &f->config->client;
    const ent_block *block;
    const int blocks = ent_model_blocks(f->model, &block);
    memset(t->first, 0, (size_t)t->params * sizeof(double));
    memset(t->second, 0, (size_t)t->params * sizeof(double));
    memset(t->steps, 0, (size_t)blocks * sizeof *t->steps);
    *loss = 0.0;
    for (int epoch = 0; epoch < c->epochs; epoch++) {
        ent_random stream = ent_random_at(f->config->seeds.sampling, ENT_FOR_ORDER, (uint64_t)client,
                                          (uint64_t)round * (uint64_t)c->epochs + (uint64_t)epoch);
        ent_random_permutation(&stream, n, t->order);
        for (int64_t k = 0; k < n; k++) t->order[k] += first;
        for (int64_t k = 0; k < n; k += c->batch) {
            const int64_t size = n - k < c->batch ? n - k : c->batch;
            ENT_TRY(train_batch(t, f, size, t->order + k, w, loss));
        }
    }
    return ENT_OK;
}
