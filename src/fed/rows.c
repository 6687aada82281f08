/* This rank's rows: read as hyperslabs, reduced, and handed to the model as plain arrays.
 *
 * A rank holds rows of its own clients alone.  Absent features are not read: they become what the policy says.
 *   mma, drop   0 after the reduction; nothing reads it (mma) or the row is not used (drop)
 *   mean        the federated training mean, which is 0 after standardising
 *   zero        0 in the file's own units
 *   none        what is stored */
#include <stdlib.h>
#include <string.h>

#include "entente/clock.h"
#include "entente/memory.h"
#include "fed.h"

void ent_local_clear(ent_local *local)
{
    ent_free(local->first);
    ent_free(local->at);
    ent_free(local->row);
    ent_free(local->context);
    ent_free(local->category);
    ent_free(local->value);
    for (int m = 0; m < ENT_MAX_MODALITIES; m++) ent_free(local->x[m]);
    *local = (ent_local){.n = 0};
}

static bool is_mine(const ent_federation *f, int64_t client)
{
    return client % ent_comm_size(f->world) == ent_comm_rank(f->world);
}

static ent_status local_alloc(const ent_federation *f, const ent_part *part, ent_local *local)
{
    const int64_t size = ent_comm_size(f->world), rank = ent_comm_rank(f->world);
    for (int64_t k = 0; k < part->n; k++) local->n += is_mine(f, part->client[k]);
    local->clients = (f->clients - rank + size - 1) / size;
    local->first = ent_alloc(local->clients + 1, sizeof *local->first);
    local->at = ent_alloc(local->n, sizeof *local->at);
    local->row = ent_alloc(local->n, sizeof *local->row);
    local->context = ent_alloc(local->n, sizeof *local->context);
    local->category = ent_alloc(local->n, sizeof *local->category);
    local->value = ent_alloc(local->n, sizeof *local->value);
    ENT_REQUIRE(local->first && local->at && local->row && local->context && local->category && local->value,
                ENT_ENOMEM, "rows of %lld clients: no memory", (long long)local->clients);
    return ENT_OK;
}

static ent_status local_make(const ent_federation *f, int which)
{
    const ent_part *part = &f->part[which];
    ent_local *local = (ent_local *)&f->local[which];
    ENT_TRY(local_alloc(f, part, local));
    int64_t n = 0;
    for (int64_t k = 0; k < part->n; k++) {
        if (!is_mine(f, part->client[k])) continue;
        local->first[part->client[k] / ent_comm_size(f->world) + 1]++;
        local->at[n] = k;
        local->row[n] = part->row[k];
        local->context[n] = part->context[k];
        if (part->category) local->category[n] = part->category[k];
        if (part->value) local->value[n] = part->value[k];
        n++;
    }
    for (int64_t j = 0; j < local->clients; j++) local->first[j + 1] += local->first[j];
    local->samples =
        (ent_samples){.n = n, .context = local->context, .category = local->category, .value = local->value};
    return ENT_OK;
}

/* Rows ascending for the reader, and where each goes. */
typedef struct {
    int64_t row, to;
} wanted_row;

static int by_row(const void *a, const void *b)
{
    const int64_t x = ((const wanted_row *)a)->row, y = ((const wanted_row *)b)->row;
    return (x > y) - (x < y);
}

/* Raw features of one modality for this rank's rows of a part: x [n][d], 0 where absent. */
static ent_status read_features(const ent_federation *f, const ent_local *local, int m, float **x)
{
    const int64_t d = f->dataset->modality[m].dimension, n = local->n;
    const bool stored = f->config->missing.policy == ENT_POLICY_NONE;
    wanted_row *order = ent_alloc(n, sizeof *order);
    int64_t *row = ent_alloc(n, sizeof *row);
    uint32_t *present = ent_alloc(n, sizeof *present);
    float *sorted = ent_alloc(n * d, sizeof *sorted);
    *x = ent_alloc(n * d, sizeof **x);
    ent_status status = order && row && present && sorted && *x ? ENT_OK
                                                                : ent_fail(ENT_ENOMEM, "features: no memory");
    if (status != ENT_OK) goto done;
    for (int64_t k = 0; k < n; k++) order[k] = (wanted_row){local->row[k], k};
    qsort(order, (size_t)n, sizeof *order, by_row);
    for (int64_t k = 0; k < n; k++) {
        row[k] = order[k].row;
        present[k] = local->context[order[k].to];
    }
    status = ent_dataset_features(f->dataset, m, n, row, stored ? NULL : present, sorted);
    for (int64_t k = 0; k < n && status == ENT_OK; k++)
        memcpy(*x + order[k].to * d, sorted + k * d, (size_t)d * sizeof *sorted);
done:
    ent_free(order);
    ent_free(row);
    ent_free(present);
    ent_free(sorted);
    if (status != ENT_OK) {
        ent_free(*x);
        *x = NULL;
    }
    return status;
}

static bool any_training_row_has(const ent_federation *f, int m)
{
    const ent_part *train = &f->part[ENT_TRAIN];
    for (int64_t k = 0; k < train->n; k++)
        if (train->context[k] >> m & 1) return true;
    return false;
}

static ent_status fit(ent_federation *f, int m, const float *x)
{
    const ent_local *train = &f->local[ENT_TRAIN];
    const ent_config_register *c = &f->config->model.registers[m];
    if (!any_training_row_has(f, m)) return ENT_OK; /* nothing to fit; the features are 0 */
    uint8_t *use = ent_alloc(train->n, sizeof *use);
    ent_status status = ent_comm_agree(f->world, use ? ENT_OK : ent_fail(ENT_ENOMEM, "reduction: no memory"));
    if (status != ENT_OK) return status;
    for (int64_t k = 0; k < train->n; k++) use[k] = train->context[k] >> m & 1;
    const ent_client_rows rows = {.clients = train->clients, .first = train->first, .x = x, .use = use};
    const ent_reduction_inp inp = {.kind = c->reduce,
                                   .inputs = f->dataset->modality[m].dimension,
                                   .outputs = ent_reduced_inputs(f, m),
                                   .seed = f->config->seeds.init,
                                   .name = f->dataset->modality[m].name};
    status = ent_reduction_fit(f->world, &inp, &rows, &f->reduction[m]);
    if (status != ENT_OK) ent_fail_in(status, "%s", f->dataset->path);
    ent_free(use);
    return status;
}

/* z [n][outputs]; rows without the modality become 0 but for the policies that put something there. */
static ent_status reduce(const ent_federation *f, ent_local *local, int m, const float *x)
{
    const ent_reduction *reduction = f->reduction[m];
    const ent_policy policy = f->config->missing.policy;
    const bool linear = f->config->model.registers[m].reduce == ENT_REDUCE_LINEAR;
    const int64_t outputs = linear ? f->dataset->modality[m].dimension : ent_reduced_inputs(f, m);
    local->x[m] = ent_alloc(local->n * outputs, sizeof(double));
    ENT_REQUIRE(local->x[m], ENT_ENOMEM, "features: no memory");
    local->samples.x[m] = local->x[m];
    if (!reduction) return ENT_OK;
    ent_reduction_apply(reduction, local->n, x, local->x[m]);
    for (int64_t k = 0; k < local->n; k++)
        if (!(local->context[k] >> m & 1) && policy != ENT_POLICY_ZERO && policy != ENT_POLICY_NONE)
            memset(local->x[m] + k * outputs, 0, (size_t)outputs * sizeof(double));
    return ENT_OK;
}

static ent_status load_modality(ent_federation *f, int m, bool with_fit)
{
    float *x[ENT_PARTS] = {NULL};
    ent_status status = ENT_OK;
    for (int p = 0; p < ENT_PARTS && status == ENT_OK; p++) status = read_features(f, &f->local[p], m, &x[p]);
    status = ent_comm_agree(f->world, status);
    if (status == ENT_OK && with_fit) status = fit(f, m, x[ENT_TRAIN]);
    for (int p = 0; p < ENT_PARTS && status == ENT_OK; p++) status = reduce(f, &f->local[p], m, x[p]);
    for (int p = 0; p < ENT_PARTS; p++) ent_free(x[p]);
    return ent_comm_agree(f->world, status);
}

ent_status ent_rows_load(ent_federation *f, bool with_fit)
{
    const double start = ent_clock_s();
    ent_status status = ENT_OK;
    for (int p = 0; p < ENT_PARTS && status == ENT_OK; p++) status = local_make(f, p);
    ENT_TRY(ent_comm_agree(f->world, status));
    for (int m = 0; m < f->modalities; m++) ENT_TRY(load_modality(f, m, with_fit));
    f->read_s = ent_clock_s() - start;
    return ENT_OK;
}
