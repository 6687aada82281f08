/* FedAvg by blocks (McMahan et al. 2017; the missing-modality mechanism's isolation of untrained circuits).
 *
 * Block b of client k weighs as many samples as trained it: n_kb.  New block = sum_k n_kb w_kb / sum_k n_kb; a block
 * that nobody trained keeps its value.  Sums are exact, so neither ranks nor their order can change a bit. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "fed.h"

struct ent_average {
    int params, blocks;
    const ent_block *block;
    ent_exact *sum;   /* [params + 1]; the last is the loss */
    int64_t *samples; /* [blocks] */
};

ent_status ent_average_new(const ent_federation *f, ent_average **out)
{
    ent_average *a = ent_alloc(1, sizeof *a);
    ENT_REQUIRE(a, ENT_ENOMEM, "server: no memory");
    a->params = ent_model_params(f->model);
    a->blocks = ent_model_blocks(f->model, &a->block);
    a->sum = ent_alloc(a->params + 1, sizeof *a->sum);
    a->samples = ent_alloc(a->blocks, sizeof *a->samples);
    if (!a->sum || !a->samples) {
        ent_average_free(a);
        return ent_fail(ENT_ENOMEM, "server: no memory");
    }
    *out = a;
    return ENT_OK;
}

void ent_average_free(ent_average *a)
{
    if (!a) return;
    ent_free(a->sum);
    ent_free(a->samples);
    ent_free(a);
}

void ent_average_start(ent_average *a)
{
    memset(a->sum, 0, (size_t)(a->params + 1) * sizeof *a->sum);
    memset(a->samples, 0, (size_t)a->blocks * sizeof *a->samples);
}

static int64_t samples_of_block(const ent_federation *f, const ent_block *block, int64_t first, int64_t n)
{
    if (f->config->missing.policy != ENT_POLICY_MMA) return n;
    int64_t count = 0;
    for (int64_t k = first; k < first + n; k++) count += ent_block_trains(block, f->local[ENT_TRAIN].context[k]);
    return count;
}

/* A sum over all training rows (and epochs) stays in the range of exact sums where every number stays below this. */
static double largest_addend(const ent_federation *f)
{
    return ldexp(1.0, 65) / (double)(f->part[ENT_TRAIN].n * f->config->client.epochs);
}

static ent_status check_range(const ent_federation *f, int64_t n, const double *x)
{
    for (int64_t k = 0; k < n; k++)
        ENT_REQUIRE(fabs(x[k]) < largest_addend(f), ENT_ENUMERIC,
                    "diverged to %g; a smaller client.learning_rate may help", x[k]);
    return ENT_OK;
}

static ent_status add_block(ent_average *a, const ent_federation *f, int b, const double *w, int64_t samples)
{
    const ent_block *block = &a->block[b];
    const ent_status status = check_range(f, block->count, w + block->first);
    if (status != ENT_OK) return ent_fail_in(status, "weights of block '%s'", block->name);
    a->samples[b] += samples;
    return ent_exact_add(a->sum + block->first, w + block->first, (double)samples, block->count);
}

ent_status ent_average_add(ent_average *a, const ent_federation *f, const double *w, int64_t first, int64_t n,
                           double loss)
{
    for (int b = 0; b < a->blocks; b++) {
        const int64_t samples = samples_of_block(f, &a->block[b], first, n);
        if (samples > 0) ENT_TRY(add_block(a, f, b, w, samples));
    }
    const double mean_loss = loss / (double)(n * f->config->client.epochs);
    const ent_status status = check_range(f, 1, &mean_loss);
    if (status != ENT_OK) return ent_fail_in(status, "training loss");
    return ent_exact_add(&a->sum[a->params], &loss, 1.0, 1);
}

void ent_average_finish(ent_average *a, const ent_federation *f, double *w, double *loss)
{
    ent_comm_exact_sum(f->world, a->sum, a->params + 1);
    ent_comm_sum(f->world, a->samples, a->blocks);
    for (int b = 0; b < a->blocks; b++) {
        const ent_block *block = &a->block[b];
        if (a->samples[b] == 0) continue;
        for (int k = block->first; k < block->first + block->count; k++)
            w[k] = ent_exact_value(&a->sum[k]) / (double)a->samples[b];
    }
    *loss = ent_exact_value(&a->sum[a->params]);
}
