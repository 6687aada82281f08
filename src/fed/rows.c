/* Rows with their features: read as hyperslabs, reduced, and handed to the model as plain arrays.
 *
 * For evaluation a rank holds an even slice of a part; for training, the clients at hand (store.c).  The reductions are
 * fitted client by client, each at one rank.  Absent features are not read: they become what the policy says.
 *   mma, drop   0 after the reduction; nothing reads it (mma) or the row is not used (drop)
 *   mean        the federated training mean, which is 0 after standardising
 *   zero        0 in the file's own units
 *   none        what is stored */
#include <stdlib.h>
#include <string.h>

#include "entente/clock.h"
#include "entente/memory.h"
#include "fed.h"

void ent_rows_clear(ent_rows *rows)
{
    for (int m = 0; m < ENT_MAX_MODALITIES; m++) ent_free(rows->x[m]);
    *rows = (ent_rows){.n = 0};
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

/* Raw features of modality m of rows at[0..n-1] of a part: x [n][d], 0 where absent. */
static ent_status read_features(const ent_federation *f, const ent_part *part, int m, int64_t n, const int64_t *at,
                                double **x)
{
    const int64_t d = f->dataset->modality[m].dimension;
    const bool stored = f->config->missing.policy == ENT_POLICY_NONE;
    wanted_row *order = ent_alloc(n, sizeof *order);
    int64_t *row = ent_alloc(n, sizeof *row), *to = ent_alloc(n, sizeof *to);
    uint32_t *present = ent_alloc(n, sizeof *present);
    *x = ent_alloc(n * d, sizeof **x);
    ent_status status = order && row && to && present && *x ? ENT_OK : ent_fail(ENT_ENOMEM, "features: no memory");
    for (int64_t k = 0; k < n && status == ENT_OK; k++) order[k] = (wanted_row){part->row[at[k]], k};
    if (status == ENT_OK) qsort(order, (size_t)n, sizeof *order, by_row);
    for (int64_t k = 0; k < n && status == ENT_OK; k++) {
        row[k] = order[k].row;
        to[k] = order[k].to;
        present[k] = part->context[at[to[k]]];
    }
    if (status == ENT_OK) status = ent_dataset_features(f->dataset, m, n, row, stored ? NULL : present, to, *x);
    ent_free(order);
    ent_free(row);
    ent_free(to);
    ent_free(present);
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

/* The training clients that this rank sums up over: those whose first row is in its slice of the part. */
typedef struct {
    ent_client_rows rows;
    int64_t *first; /* [clients + 1] */
    uint8_t *use;
    double *x;
} home;

static void home_clear(home *h)
{
    ent_free(h->first);
    ent_free(h->use);
    ent_free(h->x);
}

static int64_t first_client_from(const ent_federation *f, int64_t row)
{
    int64_t client = 0;
    while (client < f->clients && f->part[ENT_TRAIN].first[client] < row) client++;
    return client;
}

static ent_status home_make(const ent_federation *f, int m, home *h)
{
    const ent_part *train = &f->part[ENT_TRAIN];
    const int rank = ent_comm_rank(f->lane), size = ent_comm_size(f->lane);
    const int64_t begin = first_client_from(f, ent_slice_begin(train->n, rank, size));
    const int64_t end = rank + 1 == size ? f->clients
                                         : first_client_from(f, ent_slice_begin(train->n, rank + 1, size));
    const int64_t row = train->first[begin], n = train->first[end] - row;
    int64_t *at = ent_alloc(n, sizeof *at);
    h->first = ent_alloc(end - begin + 1, sizeof *h->first);
    h->use = ent_alloc(n, sizeof *h->use);
    ent_status status = at && h->first && h->use ? ENT_OK : ent_fail(ENT_ENOMEM, "reduction: no memory");
    for (int64_t c = begin; c <= end && status == ENT_OK; c++) h->first[c - begin] = train->first[c] - row;
    for (int64_t k = 0; k < n && status == ENT_OK; k++) {
        at[k] = row + k;
        h->use[k] = train->context[row + k] >> m & 1;
    }
    if (status == ENT_OK) status = read_features(f, train, m, n, at, &h->x);
    ent_free(at);
    h->rows = (ent_client_rows){.clients = end - begin, .first = h->first, .x = h->x, .use = h->use};
    return status;
}

static ent_status fit(ent_federation *f, int m)
{
    const ent_config_register *c = &f->config->model.registers[m];
    if (!any_training_row_has(f, m)) return ENT_OK; /* nothing to fit; the features are 0 */
    home h = {.x = NULL};
    ent_status status = ent_comm_agree(f->world, home_make(f, m, &h));
    if (status == ENT_OK) {
        const ent_reduction_inp inp = {.kind = c->reduce,
                                       .inputs = f->dataset->modality[m].dimension,
                                       .outputs = (int)ent_reduced_width(f, m),
                                       .clip = f->config->data.clip,
                                       .seed = f->config->seeds.init,
                                       .name = f->dataset->modality[m].name};
        status = ent_reduction_fit(f->lane, &inp, &h.rows, &f->reduction[m]);
        if (status != ENT_OK) ent_fail_in(status, "%s", f->dataset->path);
        status = ent_comm_agree(f->world, status);
    }
    home_clear(&h);
    return status;
}

/* z [n][width]; rows without the modality become 0 but for the policies that put something there. */
static void reduce(const ent_federation *f, const ent_part *part, int m, int64_t n, const int64_t *at,
                   const double *x, double *z)
{
    const ent_reduction *reduction = f->reduction[m];
    const ent_policy policy = f->config->missing.policy;
    const int64_t width = ent_reduced_width(f, m);
    const bool fills = policy == ENT_POLICY_ZERO || policy == ENT_POLICY_NONE;
    if (reduction) ent_reduction_apply(reduction, n, x, z);
    for (int64_t k = 0; k < n; k++)
        if (!reduction || (!fills && !(part->context[at[k]] >> m & 1)))
            memset(z + k * width, 0, (size_t)width * sizeof *z);
}

ent_status ent_rows_read(const ent_federation *f, int which, int64_t n, const int64_t *at,
                         double *const x[ENT_MAX_MODALITIES])
{
    const ent_part *part = &f->part[which];
    for (int m = 0; m < f->modalities; m++) {
        double *raw;
        ENT_TRY(read_features(f, part, m, n, at, &raw));
        reduce(f, part, m, n, at, raw, x[m]);
        ent_free(raw);
    }
    return ENT_OK;
}

/* What the policy reads where a modality is absent, for those that a row loses while it is trained on. */
static ent_status make_absent(ent_federation *f, int m)
{
    const ent_policy policy = f->config->missing.policy;
    if (policy == ENT_POLICY_MMA || policy == ENT_POLICY_NONE) return ENT_OK;
    double *zero = ent_alloc(f->dataset->modality[m].dimension, sizeof *zero);
    f->absent[m] = ent_alloc(ent_reduced_width(f, m), sizeof(double));
    const bool there = zero && f->absent[m];
    if (there && policy == ENT_POLICY_ZERO && f->reduction[m])
        ent_reduction_apply(f->reduction[m], 1, zero, f->absent[m]);
    ent_free(zero);
    return there ? ENT_OK : ent_fail(ENT_ENOMEM, "features: no memory");
}

/* This rank's slice of a part, with its features. */
static ent_status read_slice(ent_federation *f, int which)
{
    const ent_part *part = &f->part[which];
    const int rank = ent_comm_rank(f->lane), size = ent_comm_size(f->lane);
    ent_rows *slice = &f->slice[which];
    slice->first = ent_slice_begin(part->n, rank, size);
    slice->n = ent_slice_begin(part->n, rank + 1, size) - slice->first;
    slice->samples = (ent_samples){.n = slice->n,
                                   .context = part->context ? part->context + slice->first : NULL,
                                   .category = part->category ? part->category + slice->first : NULL};
    int64_t *at = ent_alloc(slice->n, sizeof *at);
    bool there = at != NULL;
    for (int m = 0; m < f->modalities; m++) {
        slice->samples.x[m] = slice->x[m] = ent_alloc(slice->n * ent_reduced_width(f, m), sizeof(double));
        there = there && slice->x[m];
    }
    for (int64_t k = 0; k < slice->n && there; k++) at[k] = slice->first + k;
    const ent_status status = there ? ent_rows_read(f, which, slice->n, at, slice->x)
                                    : ent_fail(ENT_ENOMEM, "features: no memory");
    ent_free(at);
    return status;
}

ent_status ent_rows_load(ent_federation *f, bool with_fit)
{
    const double start = ent_clock_s();
    for (int m = 0; m < f->modalities && with_fit; m++) ENT_TRY(fit(f, m));
    ent_status status = ENT_OK;
    for (int m = 0; m < f->modalities && status == ENT_OK; m++) status = make_absent(f, m);
    if (status == ENT_OK) status = read_slice(f, ENT_VALIDATION);
    if (status == ENT_OK) status = read_slice(f, ENT_TEST);
    ENT_TRY(ent_comm_agree(f->world, status));
    f->read_s = ent_clock_s() - start;
    return ENT_OK;
}
