/* Reads the label file: the number of rows of each id, then their labels, then videos and parts.  The tables are
 * held in memory, at some hundred bytes per row. */
#include "segments.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "entente/folds.h"
#include "entente/memory.h"

void ent_segments_free(ent_segments *s)
{
    ent_h5_names_free(s->name, s->rows);
    ent_free(s->first);
    ent_free(s->interval);
    ent_free(s->label);
    ent_free(s->video);
    ent_free(s->split);
    *s = (ent_segments){.ids = 0};
}

static ent_status no_memory(const ent_csd *labels)
{
    return ent_fail(ENT_ENOMEM, "%s: no memory for its tables", labels->path);
}

/* ---- the numbers ---- */

static ent_status count_rows(const ent_csd *labels, ent_segments *s)
{
    s->ids = labels->ids;
    s->columns = labels->dimension;
    s->first = ent_alloc(s->ids + 1, sizeof *s->first);
    if (!s->first) return no_memory(labels);
    for (int64_t i = 0; i < s->ids; i++) {
        int64_t steps = 0;
        ENT_TRY(ent_csd_steps(labels, i, &steps));
        s->first[i + 1] = s->first[i] + steps;
        ENT_REQUIRE(s->first[i + 1] <= INT32_MAX, ENT_EFORMAT, "%s: more than %d segments", labels->path, INT32_MAX);
    }
    s->rows = s->first[s->ids];
    ENT_REQUIRE(s->rows > 0, ENT_EDATA, "%s: contains no label segment", labels->path);
    return ENT_OK;
}

static ent_status make_tables(const ent_csd *labels, ent_segments *s)
{
    const double bytes = (double)s->rows * (64.0 + 8.0 * (double)s->columns);
    const double available = (double)ent_memory_available_bytes();
    if (bytes >= available) return ent_memory_lacks(bytes, available, "%s: the table of segments", labels->path);
    s->interval = ent_alloc(s->rows, 2 * sizeof *s->interval);
    s->label = ent_alloc(s->rows, (size_t)s->columns * sizeof *s->label);
    s->name = ent_alloc(s->rows, sizeof *s->name);
    s->video = ent_alloc(s->rows, sizeof *s->video);
    s->split = ent_alloc(s->rows, sizeof *s->split);
    return s->interval && s->label && s->name && s->video && s->split ? ENT_OK : no_memory(labels);
}

static ent_status read_id(const ent_csd *labels, int64_t i, ent_segments *s)
{
    const int64_t block = ent_csd_block(labels), count = s->first[i + 1] - s->first[i];
    for (int64_t done = 0, n; done < count; done += n) {
        n = count - done < block ? count - done : block;
        if (n > ENT_GUARD_BYTES / 16) n = ENT_GUARD_BYTES / 16;
        const int64_t row = s->first[i] + done;
        ENT_TRY(ent_csd_intervals(labels, i, done, n, s->interval + 2 * row));
        ENT_TRY(ent_csd_features(labels, i, done, n, s->label + row * s->columns));
        for (int64_t k = 0; k < n; k++)
            ENT_REQUIRE(isfinite(s->label[(row + k) * s->columns]), ENT_EDATA,
                        "%s: id '%s', segment %lld: sentiment %g, want a finite number", labels->path, labels->id[i],
                        (long long)(done + k), s->label[(row + k) * s->columns]);
    }
    return ENT_OK;
}

/* ---- names and videos ---- */

/* An id that ends in [k] names its only row; rows of other ids are numbered. */
static ent_status name_rows(const ent_csd *labels, int64_t i, ent_segments *s)
{
    const char *id = labels->id[i];
    const size_t bytes = strlen(id) + 24;
    const int64_t count = s->first[i + 1] - s->first[i];
    const bool has_number = ent_csd_video_bytes(id) < strlen(id);
    for (int64_t k = 0; k < count; k++) {
        char **name = &s->name[s->first[i] + k];
        *name = ent_alloc((int64_t)bytes, 1);
        if (!*name) return no_memory(labels);
        if (has_number && count == 1)
            snprintf(*name, bytes, "%s", id);
        else
            snprintf(*name, bytes, "%s[%lld]", id, (long long)k);
    }
    return ENT_OK;
}

/* Ids are sorted, so the segments of a video are adjacent. */
static bool same_video(const char *a, const char *b)
{
    const size_t bytes = ent_csd_video_bytes(a);
    return bytes == ent_csd_video_bytes(b) && memcmp(a, b, bytes) == 0;
}

static void number_videos(const ent_csd *labels, ent_segments *s)
{
    s->videos = 0;
    for (int64_t i = 0; i < s->ids; i++) {
        if (i == 0 || !same_video(labels->id[i - 1], labels->id[i])) s->videos++;
        for (int64_t row = s->first[i]; row < s->first[i + 1]; row++) s->video[row] = (int32_t)(s->videos - 1);
    }
}

/* ---- parts ---- */

static ent_status deal_parts(const ent_csd *labels, const ent_csd_inp *inp, ent_segments *s)
{
    int64_t *rows = ent_alloc(s->videos, sizeof *rows);
    int *part = ent_alloc(s->videos, sizeof *part);
    ent_status status = rows && part ? ENT_OK : no_memory(labels);
    if (status == ENT_OK) {
        for (int64_t row = 0; row < s->rows; row++) rows[s->video[row]]++;
        status = ent_folds_deal(inp->seed, inp->share, s->videos, rows, part);
    }
    for (int64_t row = 0; status == ENT_OK && row < s->rows; row++) s->split[row] = (uint8_t)part[s->video[row]];
    ent_free(rows);
    ent_free(part);
    return status;
}

/* The part of a row: looked up by its own name, else by that of its video. */
static int find_part(const ent_folds *folds, const char *name)
{
    const int own = ent_folds_find(folds, name);
    if (own >= 0) return own;
    char video[4096];
    const size_t bytes = ent_csd_video_bytes(name);
    if (bytes >= sizeof video) return -1;
    memcpy(video, name, bytes);
    video[bytes] = '\0';
    return ent_folds_find(folds, video);
}

static void move_row(ent_segments *s, int64_t from, int64_t to)
{
    memmove(s->interval + 2 * to, s->interval + 2 * from, 2 * sizeof *s->interval);
    memmove(s->label + to * s->columns, s->label + from * s->columns, (size_t)s->columns * sizeof *s->label);
    char *name = s->name[to];
    s->name[to] = s->name[from];
    s->name[from] = name;
    s->video[to] = s->video[from];
}

static void apply_folds(const ent_folds *folds, ent_segments *s)
{
    int64_t kept = 0, row = 0;
    for (int64_t i = 0; i < s->ids; i++) {
        const int64_t end = s->first[i + 1];
        s->first[i] = kept;
        for (; row < end; row++) {
            const int part = find_part(folds, s->name[row]);
            if (part < 0) continue;
            move_row(s, row, kept);
            s->split[kept++] = (uint8_t)part;
        }
    }
    s->first[s->ids] = kept;
    for (int64_t k = kept; k < s->rows; k++) {
        ent_free(s->name[k]);
        s->name[k] = NULL;
    }
    s->left_out = s->rows - kept;
    s->rows = kept;
}

/* Videos without remaining rows get no number. */
static void renumber_videos(ent_segments *s)
{
    int32_t last = -1, number = -1;
    for (int64_t row = 0; row < s->rows; row++) {
        if (s->video[row] != last) number++;
        last = s->video[row];
        s->video[row] = number;
    }
    s->videos = number + 1;
}

static ent_status find_parts(const ent_csd *labels, const ent_csd_inp *inp, ent_segments *s)
{
    if (!inp->folds) return deal_parts(labels, inp, s);
    ent_folds folds;
    ENT_TRY(ent_folds_load(inp->folds, &folds));
    apply_folds(&folds, s);
    renumber_videos(s);
    ent_folds_free(&folds);
    ENT_REQUIRE(s->rows > 0, ENT_EDATA, "%s: none of its ids is a video of %s", inp->folds, labels->path);
    return ENT_OK;
}

static ent_status load(const ent_csd *labels, const ent_csd_inp *inp, ent_segments *s)
{
    ENT_TRY(count_rows(labels, s));
    ENT_TRY(make_tables(labels, s));
    for (int64_t i = 0; i < s->ids; i++) {
        ENT_TRY(read_id(labels, i, s));
        ENT_TRY(name_rows(labels, i, s));
    }
    number_videos(labels, s);
    ENT_TRY(find_parts(labels, inp, s));
    int64_t train = 0;
    for (int64_t row = 0; row < s->rows; row++) train += s->split[row] == ENT_TRAIN;
    ENT_REQUIRE(train > 0, ENT_EDATA, "%s: no row to train on: all rows are validation or test", labels->path);
    return ENT_OK;
}

ent_status ent_segments_load(const ent_csd *labels, const ent_csd_inp *inp, ent_segments *out)
{
    *out = (ent_segments){.ids = 0};
    const ent_status status = load(labels, inp, out);
    if (status != ENT_OK) ent_segments_free(out);
    return status;
}

/* ---- writing ---- */

int32_t ent_sentiment_class(double value, int classes, ent_binning binning)
{
    const double limit = (classes - 1) / 2;
    if (classes == 2) return value >= 0.0;
    if (classes == 3 && binning == ENT_BINNING_MOSEI) return (value > 0.0) - (value < 0.0) + 1;
    return (int32_t)(rint(fmin(fmax(value, -limit), limit)) + limit);
}

static ent_status write_column(const ent_segments *s, int64_t column, double *table, ent_h5 *file)
{
    char path[64] = "/label/value";
    if (column > 0) snprintf(path, sizeof path, "/label/column_%lld", (long long)column);
    for (int64_t row = 0; row < s->rows; row++) table[row] = s->label[row * s->columns + column];
    return ent_h5_write(file, path, ENT_H5_F64, 1, &s->rows, table);
}

static ent_status write_class(const ent_segments *s, int classes, ent_binning binning, int32_t *table, ent_h5 *file)
{
    char path[64] = "/label/class";
    if (classes > 2) snprintf(path, sizeof path, "/label/class%d", classes);
    for (int64_t row = 0; row < s->rows; row++)
        table[row] = ent_sentiment_class(s->label[row * s->columns], classes, binning);
    return ent_h5_write(file, path, ENT_H5_I32, 1, &s->rows, table);
}

static ent_status write_labels(const ent_segments *s, ent_binning binning, void *table, ent_h5 *file)
{
    static const int classes[] = {2, 3, 5, 7};
    for (int64_t column = 0; column < s->columns; column++) ENT_TRY(write_column(s, column, table, file));
    for (int k = 0; k < 4; k++) ENT_TRY(write_class(s, classes[k], binning, table, file));
    return ENT_OK;
}

ent_status ent_segments_write(ent_comm *comm, const ent_segments *s, ent_binning binning, ent_h5 *file)
{
    void *table = ent_alloc(s->rows, sizeof(double));
    ent_status status = table ? ENT_OK
                              : ent_fail(ENT_ENOMEM, "no memory for a table of %lld rows", (long long)s->rows);
    status = ent_comm_agree(comm, status);
    if (status == ENT_OK) status = write_labels(s, binning, table, file);
    ent_free(table);
    ENT_TRY(status);
    ENT_TRY(ent_h5_write(file, "/split", ENT_H5_U8, 1, &s->rows, s->split));
    ENT_TRY(ent_h5_write(file, "/group", ENT_H5_I32, 1, &s->rows, s->video));
    ENT_TRY(ent_h5_write_strings(file, "/id", s->rows, (const char *const *)s->name));
    return ent_h5_write(file, "/interval", ENT_H5_F64, 2, (const int64_t[]){s->rows, 2}, s->interval);
}
