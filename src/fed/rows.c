/* Rows with their features: read as hyperslabs, reduced, and passed to the model as plain arrays.
 *
 * For evaluation a rank has an equal slice of a part; for training, the current clients (store.c).  The reductions
 * are fitted client by client, each on the rank that trains it if all take part; its reduced rows are kept there, so
 * that they are read only once.  Absent features are not read; the policy fills in a substitute (model/mask.c). */
#include <stdlib.h>
#include <string.h>

#include "entente/clock.h"
#include "entente/memory.h"
#include "clients.h"

void ent_rows_clear(ent_rows *rows)
{
    for (int m = 0; m < ENT_MAX_MODALITIES; m++) ent_free(rows->x[m]);
    *rows = (ent_rows){.n = 0};
}

/* Rows in ascending order for the reader, and the destination of each. */
typedef struct {
    int64_t row, to;
} wanted_row;

static int by_row(const void *a, const void *b)
{
    const int64_t x = ((const wanted_row *)a)->row, y = ((const wanted_row *)b)->row;
    return (x > y) - (x < y);
}

/* Raw features of modality m of rows at[0..n-1] of a part: x [n][d], 0 where absent. */
static ent_status read_features(const ent_features *f, const ent_population *p, int which, int m, int64_t n,
                                const int64_t *at, double **x)
{
    const ent_part *part = &p->part[which];
    const int64_t d = f->dataset->modality[m].dimension;
    const bool stored = ent_policy_fill(p->config->missing.policy) == ENT_FILL_STORED;
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

static bool any_training_row_has(const ent_part *train, int m)
{
    for (int64_t k = 0; k < train->n; k++)
        if (train->context[k] >> m & 1) return true;
    return false;
}

static void reduce(const ent_features *f, int m, int64_t n, const double *x, double *z)
{
    if (f->reduction[m]) ent_reduction_apply(f->reduction[m], n, x, z);
}

/* z [n][width], reduced rows: those without the modality are 0 unless the policy fills in a substitute. */
static void blank(const ent_features *f, const ent_population *p, int which, int m, int64_t n, const int64_t *at,
                  double *z)
{
    const ent_part *part = &p->part[which];
    const ent_reduction *reduction = f->reduction[m];
    const ent_fill fill = ent_policy_fill(p->config->missing.policy);
    const bool fills = fill == ENT_FILL_RAW || fill == ENT_FILL_STORED;
    for (int64_t k = 0; k < n; k++)
        if (!reduction || (!fills && !(part->context[at[k]] >> m & 1)))
            memset(z + k * f->width[m], 0, (size_t)f->width[m] * sizeof *z);
}

ent_status ent_rows_read(const ent_features *f, const ent_population *p, int which, int64_t n, const int64_t *at,
                         double *const x[ENT_MAX_MODALITIES])
{
    for (int m = 0; m < p->modalities; m++) {
        double *raw;
        ENT_TRY(read_features(f, p, which, m, n, at, &raw));
        reduce(f, m, n, raw, x[m]);
        blank(f, p, which, m, n, at, x[m]);
        ent_free(raw);
    }
    return ENT_OK;
}

/* ---- fitting ---- */

/* The training clients that this rank fits the reductions to. */
typedef struct {
    int64_t clients;
    int64_t *client; /* [clients] ascending */
    int64_t *first;  /* [clients + 1] */
    int64_t *at;     /* [rows] */
    uint8_t *use;    /* [rows] of the current modality */
    double **kept;   /* [clients] destination of the client's reduced rows of that modality, or NULL */
} home;

static void home_clear(home *h)
{
    ent_free(h->client);
    ent_free(h->first);
    ent_free(h->at);
    ent_free(h->use);
    ent_free(h->kept);
}

static ent_status home_alloc(const ent_population *p, int me, const int *rank, home *h)
{
    int64_t rows = 0;
    for (int64_t c = 0; c < p->clients; c++) {
        if (rank[c] != me) continue;
        h->clients++;
        rows += ent_client_rows_count(p, c);
    }
    h->client = ent_alloc(h->clients, sizeof *h->client);
    h->first = ent_alloc(h->clients + 1, sizeof *h->first);
    h->at = ent_alloc(rows, sizeof *h->at);
    h->use = ent_alloc(rows, sizeof *h->use);
    h->kept = ent_alloc(h->clients, sizeof *h->kept);
    const bool there = h->client && h->first && h->at && h->use && h->kept;
    return there ? ENT_OK : ent_fail(ENT_ENOMEM, "reduction: no memory");
}

/* If all clients take part, these are the clients that this rank trains. */
static ent_status home_make(const ent_ranks *ranks, const ent_population *p, home *h)
{
    const int me = ent_comm_rank(ranks->lane);
    int *rank = ent_alloc(p->clients, sizeof *rank);
    ent_status status = rank ? ent_schedule_all(p, ent_comm_size(ranks->lane), rank)
                             : ent_fail(ENT_ENOMEM, "reduction: no memory");
    if (status == ENT_OK) status = home_alloc(p, me, rank, h);
    for (int64_t c = 0, k = 0; c < p->clients && status == ENT_OK; c++) {
        const int64_t first = p->part[ENT_TRAIN].first[c], n = ent_client_rows_count(p, c);
        if (rank[c] != me) continue;
        h->client[k] = c;
        for (int64_t j = 0; j < n; j++) h->at[h->first[k] + j] = first + j;
        h->first[k + 1] = h->first[k] + n;
        k++;
    }
    ent_free(rank);
    return status;
}

/* Allocate memory for the rows of as many of these clients as possible. */
static ent_status home_keep(home *h, ent_store *store)
{
    for (int64_t k = 0; k < h->clients; k++) {
        ENT_TRY(ent_store_keep(store, h->client[k], &h->kept[k]));
        if (!h->kept[k]) break;
    }
    return ENT_OK;
}

/* Store modality m of the rows that are kept, from their raw features. */
static void keep_rows(const ent_features *f, const ent_population *p, int m, home *h, const double *x)
{
    for (int64_t k = 0; k < h->clients && h->kept[k]; k++) {
        const int64_t first = h->first[k], n = h->first[k + 1] - first;
        if (x) {
            reduce(f, m, n, x + first * f->dataset->modality[m].dimension, h->kept[k]);
            blank(f, p, ENT_TRAIN, m, n, h->at + first, h->kept[k]);
        }
        h->kept[k] += n * f->width[m];
    }
}

static ent_status fit(const ent_ranks *ranks, const ent_population *p, ent_features *f, int m, home *h)
{
    const ent_part *train = &p->part[ENT_TRAIN];
    const ent_modality_info *modality = &f->dataset->modality[m];
    double *x = NULL;
    if (any_training_row_has(train, m)) {
        const int64_t rows = h->first[h->clients];
        for (int64_t k = 0; k < rows; k++) h->use[k] = train->context[h->at[k]] >> m & 1;
        ENT_TRY(ent_comm_agree(ranks->world, read_features(f, p, ENT_TRAIN, m, rows, h->at, &x)));
        const ent_client_rows own = {.clients = h->clients, .first = h->first, .x = x, .use = h->use};
        const ent_reduction_inp inp = {.kind = p->config->model.registers[m].reduce,
                                       .inputs = modality->dimension,
                                       .outputs = (int)f->width[m],
                                       .clip = p->config->data.clip,
                                       .seed = p->config->seeds.init,
                                       .name = modality->name};
        ent_status status = ent_reduction_fit(ranks->lane, &inp, &own, &f->reduction[m]);
        if (status != ENT_OK) ent_fail_in(status, "%s", f->dataset->path);
        status = ent_comm_agree(ranks->world, status);
        if (status != ENT_OK) {
            ent_free(x);
            return status;
        }
    }
    keep_rows(f, p, m, h, x); /* a modality that no training row has is 0, and there is nothing to fit */
    ent_free(x);
    return ENT_OK;
}

static ent_status fit_all(const ent_ranks *ranks, const ent_population *p, ent_features *f)
{
    home h = {.clients = 0};
    ent_status status = home_make(ranks, p, &h);
    if (status == ENT_OK) status = ent_store_new(f, p, ranks->node_ranks, ENT_TRAIN, &f->train);
    if (status == ENT_OK) status = home_keep(&h, f->train);
    status = ent_comm_agree(ranks->world, status);
    for (int m = 0; m < p->modalities && status == ENT_OK; m++) status = fit(ranks, p, f, m, &h);
    home_clear(&h);
    return status;
}

/* ---- loading ---- */

/* The policy's substitutes for modalities that a row loses during training (dropout). */
static ent_status make_absent(const ent_population *p, ent_features *f, int m)
{
    const ent_fill fill = ent_policy_fill(p->config->missing.policy);
    if (fill == ENT_FILL_NOTHING || fill == ENT_FILL_STORED) return ENT_OK;
    double *zero = ent_alloc(f->dataset->modality[m].dimension, sizeof *zero);
    f->absent[m] = ent_alloc(f->width[m], sizeof(double));
    const bool there = zero && f->absent[m];
    if (there && fill == ENT_FILL_RAW && f->reduction[m]) ent_reduction_apply(f->reduction[m], 1, zero, f->absent[m]);
    ent_free(zero);
    return there ? ENT_OK : ent_fail(ENT_ENOMEM, "features: no memory");
}

/* This rank's slice of a part, with its features. */
static ent_status read_slice(const ent_ranks *ranks, const ent_population *p, ent_features *f, int which)
{
    const ent_part *part = &p->part[which];
    const int rank = ent_comm_rank(ranks->lane), size = ent_comm_size(ranks->lane);
    ent_rows *slice = &f->slice[which];
    slice->first = ent_slice_begin(part->n, rank, size);
    slice->n = ent_slice_begin(part->n, rank + 1, size) - slice->first;
    slice->samples = (ent_samples){.n = slice->n,
                                   .context = part->context ? part->context + slice->first : NULL,
                                   .category = part->category ? part->category + slice->first : NULL};
    int64_t *at = ent_alloc(slice->n, sizeof *at);
    bool there = at != NULL;
    for (int m = 0; m < p->modalities; m++) {
        slice->samples.x[m] = slice->x[m] = ent_alloc(slice->n * f->width[m], sizeof(double));
        there = there && slice->x[m];
    }
    for (int64_t k = 0; k < slice->n && there; k++) at[k] = slice->first + k;
    const ent_status status = there ? ent_rows_read(f, p, which, slice->n, at, slice->x)
                                    : ent_fail(ENT_ENOMEM, "features: no memory");
    ent_free(at);
    return status;
}

ent_status ent_rows_load(const ent_ranks *ranks, const ent_population *p, ent_features *f, bool with_fit)
{
    const double start = ent_clock_s();
    if (with_fit) ENT_TRY(fit_all(ranks, p, f));
    ent_status status = ENT_OK;
    for (int m = 0; m < p->modalities && status == ENT_OK; m++) status = make_absent(p, f, m);
    if (status == ENT_OK) status = read_slice(ranks, p, f, ENT_VALIDATION);
    if (status == ENT_OK) status = read_slice(ranks, p, f, ENT_TEST);
    ENT_TRY(ent_comm_agree(ranks->world, status));
    f->read_s = ent_clock_s() - start;
    return ENT_OK;
}
