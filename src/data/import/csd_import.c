/* Rows are in the order of the ids of the label file, so a rank that takes consecutive ids writes one block of
 * rows.  The time steps of each id are read in blocks, and only the sums of its segments are kept.  Numbers
 * without any finite value are NAN in the file until a second pass replaces them by the training means, which are
 * exact sums over ranks. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "entente/exact.h"
#include "entente/memory.h"
#include "data/dataset_notes.h"
#include "pool.h"
#include "provenance.h"
#include "segments.h"

enum { PATH_BYTES = 2 * ENT_NAME_BYTES, POOL_BYTES = 64 << 20, OUT_BYTES = 4 << 20, STEPS = 1 << 16 };

typedef struct {
    ent_comm *comm;
    const ent_csd_inp *inp;
    ent_csd_report *report;
    ent_csd labels, source[ENT_MAX_MODALITIES];
    ent_segments table;
    int64_t first, end; /* the ids of this rank */
    uint32_t *stored;   /* [rows]: bit m, of this rank's rows */
    ent_h5 *file;
    int64_t done; /* rows times modalities */
} import;

/* The modality being imported. */
typedef struct {
    import *run;
    const ent_csd *from;
    int m;
    int64_t width; /* numbers per row */
    ent_pooling pool;
    double *interval, *x; /* blocks of steps */
    double *out;          /* rows waiting to be written: row..row+n-1 */
    int64_t row, n, room, rooms;
    uint8_t *present;
    int64_t block;
} work;

/* ---- rows out ---- */

static const char *set_name(const import *run, int m, const char *what, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "/modality/%s/%s", run->inp->name[m], what);
    return path;
}

static ent_status flush_rows(work *w)
{
    char path[PATH_BYTES];
    if (w->n == 0) return ENT_OK;
    ENT_TRY(
        ent_h5_write_rows(w->run->file, set_name(w->run, w->m, "features", path), ENT_H5_F64, w->row, w->n, w->out));
    ENT_TRY(ent_h5_write_rows(w->run->file, set_name(w->run, w->m, "present", path), ENT_H5_U8, w->row, w->n,
                              w->present));
    w->row += w->n;
    w->n = 0;
    return ENT_OK;
}

static ent_status take_row(work *w, int64_t s)
{
    const int64_t row = w->row + w->n;
    double *out = w->out + w->n * w->width;
    const bool present = ent_pool_row(&w->pool, s, out);
    w->present[w->n++] = present;
    if (present) {
        w->run->stored[row] |= UINT32_C(1) << w->m;
        w->run->report->modality[w->m].present++;
        for (int64_t j = 0; j < w->width; j++) w->run->report->modality[w->m].filled += isnan(out[j]);
    }
    return w->n == w->room ? flush_rows(w) : ENT_OK;
}

/* ---- steps in ---- */

/* The steps of a block that are used by any segment lie in from..to-1. */
static void find_used(const work *w, int64_t n, int64_t *from, int64_t *to)
{
    *from = n;
    *to = 0;
    for (int64_t k = 0; k < n; k++) {
        if (!ent_pool_wants(&w->pool, w->interval[2 * k], w->interval[2 * k + 1])) continue;
        if (*from > k) *from = k;
        *to = k + 1;
    }
}

/* Add steps first..first+n-1 of source id i to the sums. */
static ent_status add_block(work *w, int64_t i, int64_t first, int64_t n)
{
    int64_t from, to, column = 0;
    ENT_TRY(ent_csd_intervals(w->from, i, first, n, w->interval));
    find_used(w, n, &from, &to);
    if (from >= to) return ENT_OK;
    ENT_TRY(ent_csd_features(w->from, i, first + from, to - from, w->x));
    for (int64_t k = from; k < to; k++) {
        const double *x = w->x + (k - from) * w->from->dimension;
        ENT_REQUIRE(ent_pool_add(&w->pool, w->interval[2 * k], w->interval[2 * k + 1], x, &column), ENT_EDATA,
                    "%s: id '%s', step %lld, column %lld: %g, want " ENT_WANT_FEATURE, w->from->path, w->from->id[i],
                    (long long)(first + k), (long long)column, x[column]);
    }
    return ENT_OK;
}

static ent_status add_id(work *w, int64_t i)
{
    int64_t steps = 0;
    ENT_TRY(ent_csd_steps(w->from, i, &steps));
    for (int64_t first = 0; first < steps; first += w->block)
        ENT_TRY(add_block(w, i, first, steps - first < w->block ? steps - first : w->block));
    return ENT_OK;
}

/* The source ids that match a label id: the same id; else, for a segment, its video; else, for a video, all its
 * segments. */
static int64_t source_ids(const ent_csd *from, const char *label, int64_t *count)
{
    char video[4096];
    const int64_t own = ent_csd_find(from, label);
    const size_t bytes = ent_csd_video_bytes(label);
    *count = own >= 0;
    if (own >= 0 || bytes >= sizeof video) return own;
    memcpy(video, label, bytes);
    video[bytes] = '\0';
    if (!label[bytes]) return ent_csd_parts(from, video, count);
    const int64_t at = ent_csd_find(from, video);
    *count = at >= 0;
    return at;
}

/* Import some segments of label id i, as many as there is room for sums. */
static ent_status pool_segments(work *w, int64_t i, int64_t row, int64_t n)
{
    int64_t count;
    const int64_t first = source_ids(w->from, w->run->labels.id[i], &count);
    ent_pool_begin(&w->pool, n, w->run->table.interval + 2 * row);
    for (int64_t k = 0; k < count; k++) ENT_TRY(add_id(w, first + k));
    for (int64_t s = 0; s < n; s++) ENT_TRY(take_row(w, s));
    return ENT_OK;
}

static void tell(work *w, int64_t rows)
{
    import *run = w->run;
    run->done += rows;
    if (run->inp->progress)
        run->inp->progress(run->inp->progress_data, run->done,
                           (run->table.first[run->end] - run->table.first[run->first]) * run->inp->modalities);
}

static ent_status pool_ids(work *w)
{
    const ent_segments *table = &w->run->table;
    w->row = table->first[w->run->first];
    for (int64_t i = w->run->first; i < w->run->end; i++) {
        for (int64_t row = table->first[i], n; row < table->first[i + 1]; row += n) {
            n = table->first[i + 1] - row < w->rooms ? table->first[i + 1] - row : w->rooms;
            ENT_TRY(pool_segments(w, i, row, n));
            tell(w, n);
        }
    }
    return flush_rows(w);
}

/* ---- one modality ---- */

static int64_t at_most(int64_t bytes, int64_t item, int64_t largest)
{
    const int64_t n = bytes / item;
    return n < 1 ? 1 : n < largest ? n : largest;
}

static ent_status work_new(import *run, int m, work *w)
{
    const ent_csd *from = &run->source[m];
    const int64_t d = from->dimension;
    *w = (work){.run = run, .from = from, .m = m, .width = ent_pool_width(run->inp->pool, d)};
    w->block = ent_csd_block(from) < STEPS ? ent_csd_block(from) : STEPS;
    w->room = at_most(OUT_BYTES, w->width * (int64_t)sizeof *w->out, run->table.rows);
    w->rooms = at_most(POOL_BYTES, (int64_t)ent_pool_bytes(run->inp->pool, d), run->table.rows);
    w->interval = ent_alloc(w->block, 2 * sizeof *w->interval);
    w->x = ent_alloc(w->block, (size_t)d * sizeof *w->x);
    w->out = ent_alloc(w->room, (size_t)w->width * sizeof *w->out);
    w->present = ent_alloc(w->room, 1);
    if (!w->interval || !w->x || !w->out || !w->present)
        return ent_fail(ENT_ENOMEM, "%s: no memory for a block of steps", from->path);
    return ent_pool_new(run->inp->pool, run->inp->nonfinite, d, w->rooms, &w->pool);
}

static void work_free(work *w)
{
    ent_pool_free(&w->pool);
    ent_free(w->interval);
    ent_free(w->x);
    ent_free(w->out);
    ent_free(w->present);
}

/* ---- training means in place of NAN ---- */

typedef struct {
    const import *run;
    int m;
    int64_t width, first, n; /* the rows of this rank held in `x` */
    double *x;
    ent_exact *sum; /* [width + 1 per column: sums, then counts] */
    double *mean;
} filling;

static bool is_present(const filling *f, int64_t k)
{
    return f->run->stored[f->first + k] >> f->m & 1;
}

static ent_status add_rows(filling *f)
{
    for (int64_t k = 0; k < f->n; k++) {
        if (!is_present(f, k) || f->run->table.split[f->first + k] != ENT_TRAIN) continue;
        for (int64_t j = 0; j < f->width; j++) {
            const double value = f->x[k * f->width + j], one = 1.0;
            if (isnan(value)) continue;
            if (ent_exact_add(&f->sum[j], &value, 1.0, 1) != ENT_OK)
                return ent_fail_in(ENT_EDATA, "modality '%s', column %lld: no training mean", f->run->inp->name[f->m],
                                   (long long)j);
            ENT_TRY(ent_exact_add(&f->sum[f->width + j], &one, 1.0, 1));
        }
    }
    return ENT_OK;
}

static ent_status put_means(filling *f)
{
    char path[PATH_BYTES];
    bool changed = false;
    for (int64_t at = 0; at < f->n * f->width; at++) {
        if (!isnan(f->x[at]) || !is_present(f, at / f->width)) continue;
        f->x[at] = f->mean[at % f->width];
        changed = true;
    }
    if (!changed) return ENT_OK;
    return ent_h5_write_rows(f->run->file, set_name(f->run, f->m, "features", path), ENT_H5_F64, f->first, f->n,
                             f->x);
}

/* Read the rows of this rank block by block, and apply a function to each block. */
static ent_status each_block(filling *f, ent_status (*what)(filling *))
{
    char path[PATH_BYTES];
    const int64_t *first = f->run->table.first, end = first[f->run->end];
    const int64_t most = at_most(OUT_BYTES, f->width * (int64_t)sizeof *f->x, f->run->table.rows);
    set_name(f->run, f->m, "features", path);
    for (f->first = first[f->run->first]; f->first < end; f->first += f->n) {
        f->n = end - f->first < most ? end - f->first : most;
        ENT_TRY(ent_h5_read_rows(f->run->file, path, ENT_H5_F64, f->first, f->n, f->x));
        ENT_TRY(what(f));
    }
    return ENT_OK;
}

/* A column without any finite training number gets the mean 0. */
static void find_means(filling *f)
{
    for (int64_t j = 0; j < f->width; j++) {
        const double count = ent_exact_value(&f->sum[f->width + j]);
        f->mean[j] = count > 0.0 ? ent_exact_value(&f->sum[j]) / count : 0.0;
    }
}

static ent_status fill(import *run, filling *f)
{
    f->x = ent_alloc(at_most(OUT_BYTES, f->width * (int64_t)sizeof *f->x, run->table.rows),
                     (size_t)f->width * sizeof *f->x);
    f->sum = ent_alloc(2 * f->width, sizeof *f->sum);
    f->mean = ent_alloc(f->width, sizeof *f->mean);
    ent_status status = f->x && f->sum && f->mean ? ENT_OK : ent_fail(ENT_ENOMEM, "no memory for training means");
    if (status == ENT_OK) status = each_block(f, add_rows);
    ENT_TRY(ent_comm_agree(run->comm, status));
    ent_comm_exact_sum(run->comm, f->sum, 2 * f->width);
    find_means(f);
    return ent_comm_agree(run->comm, each_block(f, put_means));
}

static ent_status fill_modality(import *run, int m)
{
    filling f = {.run = run, .m = m, .width = ent_pool_width(run->inp->pool, run->source[m].dimension)};
    const ent_status status = fill(run, &f);
    ent_free(f.x);
    ent_free(f.sum);
    ent_free(f.mean);
    return status;
}

/* ---- all of it ---- */

static ent_status pool_modality(import *run, int m)
{
    work w;
    ent_status status = work_new(run, m, &w);
    if (status == ENT_OK) status = pool_ids(&w);
    ent_csd_counts *counts = &run->report->modality[m];
    counts->nonfinite = w.pool.bad;
    work_free(&w);
    ENT_TRY(ent_comm_agree(run->comm, status));
    ent_comm_sum(run->comm, &counts->present, 1);
    ent_comm_sum(run->comm, &counts->nonfinite, 1);
    ent_comm_sum(run->comm, &counts->filled, 1);
    ENT_REQUIRE(counts->present > 0, ENT_EDATA,
                "%s: no time step overlaps a label segment: %lld of its %lld ids have no label", run->source[m].path,
                (long long)counts->ids_unlabelled, (long long)run->source[m].ids);
    return counts->filled > 0 ? fill_modality(run, m) : ENT_OK;
}

static ent_status make_sets(import *run)
{
    char path[PATH_BYTES];
    for (int m = 0; m < run->inp->modalities; m++) {
        const int64_t width = ent_pool_width(run->inp->pool, run->source[m].dimension);
        ENT_TRY(ent_h5_write(run->file, set_name(run, m, "features", path), run->source[m].type, 2,
                             (const int64_t[]){run->table.rows, width}, NULL));
        ENT_TRY(ent_h5_write(run->file, set_name(run, m, "present", path), ENT_H5_U8, 1, &run->table.rows, NULL));
    }
    return ENT_OK;
}

static ent_status write_attributes(import *run)
{
    static const char *const pool[] = {"mean", "mean_std", "max", "first"}, *const nonfinite[] = {"mean", "absent",
                                                                                                  "error"};
    ent_provenance source = {.used = 0};
    const ent_csd_inp *inp = run->inp;
    ent_provenance_add(&source, "entente import csd --labels %s", ent_provenance_file(inp->labels));
    for (int m = 0; m < inp->modalities; m++)
        ent_provenance_add(&source, "--modality %s=%s", inp->name[m], ent_provenance_file(inp->path[m]));
    ent_provenance_add(&source, "--pool %s --nonfinite %s --binning %s", pool[inp->pool], nonfinite[inp->nonfinite],
                       inp->binning ? "mosi" : "mosei");
    if (inp->folds)
        ent_provenance_add(&source, "--folds %s", ent_provenance_file(inp->folds));
    else
        ent_provenance_add(&source, "--split %g,%g,%g --seed %llu", inp->share[0], inp->share[1], inp->share[2],
                           (unsigned long long)inp->seed);
    ENT_TRY(ent_h5_write_attribute(run->file, "/", "name", run->labels.root));
    return ent_provenance_write(&source, run->file);
}

static ent_status write_all(import *run)
{
    ENT_TRY(ent_segments_write(run->comm, &run->table, run->inp->binning, run->file));
    ENT_TRY(make_sets(run));
    ENT_TRY(write_attributes(run));
    ENT_TRY(ent_dataset_annotate(run->file));
    for (int m = 0; m < run->inp->modalities; m++) ENT_TRY(pool_modality(run, m));
    return ENT_OK;
}

/* Count the ids of the modality that no label id refers to, and the label ids without a match. */
static ent_status count_ids(import *run, int m)
{
    const ent_csd *from = &run->source[m];
    uint8_t *asked = ent_alloc(from->ids, 1);
    ENT_REQUIRE(asked, ENT_ENOMEM, "%s: no memory", from->path);
    ent_csd_counts *counts = &run->report->modality[m];
    for (int64_t i = 0; i < run->labels.ids; i++) {
        int64_t count;
        const int64_t first = source_ids(from, run->labels.id[i], &count);
        for (int64_t k = 0; k < count; k++) asked[first + k] = 1;
        counts->ids_missing += count == 0;
    }
    for (int64_t i = 0; i < from->ids; i++) counts->ids_unlabelled += !asked[i];
    ent_free(asked);
    return ENT_OK;
}

/* The ids first..end-1 of this rank, chosen so that all ranks get about the same number of rows. */
static void share_ids(import *run)
{
    const int64_t size = ent_comm_size(run->comm), rank = ent_comm_rank(run->comm), rows = run->table.rows;
    int64_t i = 0;
    while (i < run->table.ids && run->table.first[i] < rows * rank / size) i++;
    run->first = i;
    while (i < run->table.ids && run->table.first[i] < rows * (rank + 1) / size) i++;
    run->end = rank == size - 1 ? run->table.ids : i;
}

static ent_status open_files(import *run, ent_guard *guard)
{
    ENT_TRY(ent_csd_open(guard, run->inp->labels, &run->labels));
    for (int m = 0; m < run->inp->modalities; m++) {
        ENT_TRY(ent_csd_open(guard, run->inp->path[m], &run->source[m]));
        ENT_TRY(count_ids(run, m));
    }
    ENT_TRY(ent_segments_load(&run->labels, run->inp, &run->table));
    run->stored = ent_alloc(run->table.rows, sizeof *run->stored);
    ENT_REQUIRE(run->stored, ENT_ENOMEM, "no memory for a table of %lld rows", (long long)run->table.rows);
    share_ids(run);
    return ENT_OK;
}

static void write_report(import *run)
{
    ent_csd_report *report = run->report;
    const ent_segments *table = &run->table;
    report->rows = table->rows;
    report->videos = table->videos;
    report->left_out = table->left_out;
    for (int64_t row = 0; row < table->rows; row++) report->part[table->split[row]]++;
    for (int64_t row = table->first[run->first]; row < table->first[run->end]; row++)
        report->bare += run->stored[row] == 0;
    ent_comm_sum(run->comm, &report->bare, 1);
}

static ent_status check(const ent_csd_inp *inp)
{
    ENT_REQUIRE(inp->modalities >= 1 && inp->modalities <= ENT_MAX_MODALITIES, ENT_EARG,
                "import csd: %d modalities, want 1..%d", inp->modalities, ENT_MAX_MODALITIES);
    return ENT_OK;
}

ent_status ent_csd_import(ent_comm *comm, ent_guard *guard, const ent_csd_inp *inp, ent_csd_report *report)
{
import run = {.comm = comm, .inp = inp, .report = report };
    *report = (ent_csd_report){.rows = 0};
    ENT_TRY(check(inp));
    ent_status status = ent_comm_agree(comm, open_files(&run, guard));
    if (status == ENT_OK) status = ent_h5_create_shared(comm, inp->out, &run.file);
    if (status == ENT_OK) {
        status = write_all(&run);
        if (status == ENT_OK) {
            write_report(&run);
            status = ent_h5_finish(run.file);
        } else {
            ent_h5_close(run.file);
        }
    }
    for (int m = 0; m < inp->modalities; m++) ent_csd_close(&run.source[m]);
    ent_csd_close(&run.labels);
    ent_segments_free(&run.table);
    ent_free(run.stored);
    return status;
}
