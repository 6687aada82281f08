/* Label, group and part first: columns of text that become numbers.  Then each table goes by in blocks, once more
 * before that where training means are wanted. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/dataset.h"
#include "entente/folds.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/table.h"

enum { PATH_BYTES = 4096, BLOCK_BYTES = 8 << 20 };

typedef struct {
    const ent_table_inp *inp;
    ent_table_report *report;
    ent_table *table[ENT_TABLE_MODALITIES];
    uint8_t *skip[ENT_TABLE_MODALITIES]; /* [columns]: label, group, part */
    int64_t width[ENT_TABLE_MODALITIES];
    int64_t rows;
    int32_t *category, *group;
    float *value;
    uint8_t *part;
    char **class_name, **group_name;
    int64_t class_names, group_names;
    ent_h5 *file;
} import;

static ent_status no_memory(const import *run)
{
    return ent_fail(ENT_ENOMEM, "%s: no memory for tables of %lld rows", run->inp->out, (long long)run->rows);
}

/* ---- a column somewhere ---- */

/* "FILE:COLUMN" is cut where FILE is there and "FILE:COLUMN" is not. */
static const char *cut_column(const char *where, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s", where);
    char *colon = strrchr(path, ':');
    FILE *whole = fopen(path, "rb");
    if (whole) fclose(whole);
    if (whole || !colon) return NULL;
    *colon = '\0';
    return where + (colon - path) + 1;
}

/* A column that is taken from a modality's own file is no feature of it. */
static void skip_column(import *run, const char *path, int64_t column)
{
    for (int m = 0; m < run->inp->modalities; m++)
        if (strcmp(run->inp->path[m], path) == 0) run->skip[m][column] = 1;
}

static ent_status find_column(import *run, ent_table *t, const char *path, const char *name, char ***text)
{
    ENT_REQUIRE(ent_table_rows(t) == run->rows, ENT_EDATA, "%s has %lld rows, %s has %lld", path,
                (long long)ent_table_rows(t), run->inp->path[0], (long long)run->rows);
    ENT_REQUIRE(name || ent_table_columns(t) == 1, ENT_EARG, "%s: %lld columns, want FILE:COLUMN", path,
                (long long)ent_table_columns(t));
    const int64_t column = name ? ent_table_find(t, name) : 0;
    ENT_REQUIRE(column >= 0, ENT_EARG, "%s: no column '%s'", path, name);
    skip_column(run, path, column);
    return ent_table_text(t, column, text);
}

static ent_status read_column(import *run, const char *where, char ***text)
{
    char path[PATH_BYTES];
    ent_table *t;
    const char *name = cut_column(where, path);
    ENT_TRY(ent_table_open(path, &t));
    const ent_status status = find_column(run, t, path, name, text);
    ent_table_free(t);
    return status;
}

/* ---- label, group, part ---- */

static bool all_numbers(int64_t n, char *const *text)
{
    for (int64_t k = 0; k < n; k++) {
        char *end;
        strtod(text[k], &end);
        if (end == text[k] || *end) return false;
    }
    return true;
}

/* Are these classes: words, or whole numbers of which none is negative? */
static bool are_classes(int64_t n, char *const *text)
{
    if (!all_numbers(n, text)) return true;
    for (int64_t k = 0; k < n; k++) {
        const double x = strtod(text[k], NULL);
        if (!(x >= 0.0 && x < ENT_MAX_CLASSES && x == floor(x))) return false;
    }
    return true;
}

static ent_status take_classes(import *run, char *const *text)
{
    run->category = ent_alloc(run->rows, sizeof *run->category);
    if (!run->category) return no_memory(run);
    if (all_numbers(run->rows, text)) {
        for (int64_t k = 0; k < run->rows; k++) run->category[k] = (int32_t)strtod(text[k], NULL);
    } else {
        for (int64_t k = 0; k < run->rows; k++)
            ENT_REQUIRE(*text[k], ENT_EDATA, "%s: row %lld has no label", run->inp->label, (long long)k);
        ENT_TRY(ent_table_number(run->rows, text, run->category, &run->class_name, &run->class_names));
    }
    int32_t most = 1;
    for (int64_t k = 0; k < run->rows; k++) most = run->category[k] > most ? run->category[k] : most;
    ENT_REQUIRE(most < ENT_MAX_CLASSES, ENT_EDATA, "%s: %d classes, want at most %d", run->inp->label, most + 1,
                ENT_MAX_CLASSES);
    run->report->classes = most + 1;
    return ENT_OK;
}

static ent_status take_values(import *run, char *const *text)
{
    run->value = ent_alloc(run->rows, sizeof *run->value);
    if (!run->value) return no_memory(run);
    for (int64_t k = 0; k < run->rows; k++) {
        const double x = strtod(text[k], NULL);
        ENT_REQUIRE(fabs(x) <= FLT_MAX, ENT_EDATA, "%s: row %lld: label '%s', want a finite number", run->inp->label,
                    (long long)k, text[k]);
        run->value[k] = (float)x;
    }
    return ENT_OK;
}

static ent_status read_label(import *run)
{
    char **text;
    ENT_TRY(read_column(run, run->inp->label, &text));
    const ent_status status = are_classes(run->rows, text) ? take_classes(run, text) : take_values(run, text);
    ent_h5_names_free(text, run->rows);
    return status;
}

static ent_status read_group(import *run)
{
    char **text;
    if (!run->inp->group) return ENT_OK;
    ENT_TRY(read_column(run, run->inp->group, &text));
    run->group = ent_alloc(run->rows, sizeof *run->group);
    const ent_status status = run->group
                                  ? ent_table_number(run->rows, text, run->group, &run->group_name, &run->group_names)
                                  : no_memory(run);
    ent_h5_names_free(text, run->rows);
    return status == ENT_OK ? ENT_OK : ent_fail_in(status, "%s", run->inp->group);
}

static int part_of(const char *text)
{
    static const char *const words[] = {"0",        "1",     "2",       "train", "validation", "test",
                                        "training", "valid", "testing", "",      "dev",        ""};
    for (int k = 0; k < 12; k++)
        if (*words[k] && strcmp(text, words[k]) == 0) return k % 3;
    return -1;
}

static ent_status take_parts(import *run, char *const *text)
{
    for (int64_t k = 0; k < run->rows; k++) {
        const int part = part_of(text[k]);
        ENT_REQUIRE(part >= 0, ENT_EDATA, "%s: row %lld: found '%.64s', want 0, 1, 2 or train, validation, test",
                    run->inp->part, (long long)k, text[k]);
        run->part[k] = (uint8_t)part;
    }
    return ENT_OK;
}

/* Deal out whole groups, numbered in the order in which they come, or single rows. */
static ent_status deal_numbered(import *run, const int32_t *number, int64_t count, int64_t *size, int *part)
{
    for (int64_t k = 0; k < run->rows; k++) size[number ? number[k] : k]++;
    ENT_TRY(ent_folds_deal(run->inp->seed, run->inp->share, count, size, part));
    for (int64_t k = 0; k < run->rows; k++) run->part[k] = (uint8_t)part[number ? number[k] : k];
    return ENT_OK;
}

static int by_group(const void *a, const void *b)
{
    const int32_t *x = *(const int32_t *const *)a, *y = *(const int32_t *const *)b;
    return (*x > *y) - (*x < *y);
}

/* number[k]: the place of row k's group among all groups; returns how many there are. */
static int64_t rank_groups(const import *run, const int32_t **order, int32_t *number)
{
    int32_t count = -1;
    for (int64_t k = 0; k < run->rows; k++) order[k] = &run->group[k];
    qsort(order, (size_t)run->rows, sizeof *order, by_group);
    for (int64_t k = 0; k < run->rows; k++) {
        count += k == 0 || *order[k] != *order[k - 1];
        number[order[k] - run->group] = count;
    }
    return count + 1;
}

static ent_status deal_parts(import *run)
{
    const int32_t **order = ent_alloc(run->rows, sizeof *order);
    int32_t *number = ent_alloc(run->rows, sizeof *number);
    int64_t *size = ent_alloc(run->rows, sizeof *size);
    int *part = ent_alloc(run->rows, sizeof *part);
    ent_status status = order && number && size && part ? ENT_OK : no_memory(run);
    if (status == ENT_OK) {
        const int64_t count = run->group ? rank_groups(run, order, number) : run->rows;
        run->report->groups = run->group ? count : 0;
        if (!run->inp->part) status = deal_numbered(run, run->group ? number : NULL, count, size, part);
    }
    ent_free(order);
    ent_free(number);
    ent_free(size);
    ent_free(part);
    return status;
}

static ent_status read_part(import *run)
{
    char **text;
    run->part = ent_alloc(run->rows, 1);
    if (!run->part) return no_memory(run);
    ENT_TRY(deal_parts(run));
    if (run->inp->part) {
        ENT_TRY(read_column(run, run->inp->part, &text));
        const ent_status status = take_parts(run, text);
        ent_h5_names_free(text, run->rows);
        ENT_TRY(status);
    }
    for (int64_t k = 0; k < run->rows; k++) run->report->part[run->part[k]]++;
    ENT_REQUIRE(run->report->part[0] > 0, ENT_EDATA, "%s: no row to train on", run->inp->out);
    return ENT_OK;
}

/* ---- features ---- */

typedef struct {
    import *run;
    int m;
    int64_t columns, width, first, n, most;
    double *x, *sum, *count; /* [most][columns], [columns] */
    float *out;              /* [most][width] */
    uint8_t *present;
} work;

static bool is_hole(double x)
{
    return !(fabs(x) <= FLT_MAX);
}

static bool is_feature(const work *w, int64_t c)
{
    return !w->run->skip[w->m][c];
}

static void add_block(work *w)
{
    for (int64_t k = 0; k < w->n; k++) {
        if (w->run->part[w->first + k] != ENT_TRAIN) continue;
        for (int64_t c = 0; c < w->columns; c++) {
            if (is_hole(w->x[k * w->columns + c])) continue;
            w->sum[c] += w->x[k * w->columns + c];
            w->count[c] += 1.0;
        }
    }
}

/* Row k of the block: whether it is there, its holes filled. */
static ent_status take_row(work *w, int64_t k)
{
    const double *x = w->x + k * w->columns;
    float *out = w->out + k * w->width;
    int64_t holes = 0, column = 0;
    for (int64_t c = 0; c < w->columns; c++) {
        if (!is_feature(w, c) || !is_hole(x[c])) continue;
        holes++;
        column = c;
    }
    ENT_REQUIRE(holes == 0 || w->run->inp->holes != ENT_HOLES_ERROR, ENT_EDATA,
                "%s: row %lld, column %lld: %g, want a finite number", w->run->inp->path[w->m],
                (long long)(w->first + k), (long long)column, x[column]);
    w->run->report->holes[w->m] += holes;
    w->present[k] = holes < w->width && (holes == 0 || w->run->inp->holes == ENT_HOLES_MEAN);
    w->run->report->present[w->m] += w->present[k];
    for (int64_t c = 0; c < w->columns; c++) {
        if (!is_feature(w, c)) continue;
        const double mean = w->count[c] > 0.0 ? w->sum[c] / w->count[c] : 0.0;
        *out++ = !w->present[k] ? NAN : is_hole(x[c]) ? (float)mean : (float)x[c];
    }
    return ENT_OK;
}

static ent_status write_block(work *w)
{
    char path[2 * ENT_NAME_BYTES];
    const import *run = w->run;
    for (int64_t k = 0; k < w->n; k++) ENT_TRY(take_row(w, k));
    snprintf(path, sizeof path, "/modality/%s/features", run->inp->name[w->m]);
    ENT_TRY(ent_h5_write_rows(run->file, path, ENT_H5_F32, w->first, w->n, w->out));
    snprintf(path, sizeof path, "/modality/%s/present", run->inp->name[w->m]);
    ENT_TRY(ent_h5_write_rows(run->file, path, ENT_H5_U8, w->first, w->n, w->present));
    if (run->inp->progress)
        run->inp->progress(run->inp->progress_data, run->rows * w->m + w->first + w->n,
                           run->rows * run->inp->modalities);
    return ENT_OK;
}

static ent_status each_block(work *w, bool write)
{
    ent_table *t = w->run->table[w->m];
    ENT_TRY(ent_table_rewind(t));
    for (w->first = 0; w->first < w->run->rows; w->first += w->n) {
        w->n = w->run->rows - w->first < w->most ? w->run->rows - w->first : w->most;
        ENT_TRY(ent_table_next(t, w->n, w->run->skip[w->m], w->x));
        if (write)
            ENT_TRY(write_block(w));
        else
            add_block(w);
    }
    return ENT_OK;
}

static ent_status make_sets(import *run, int m)
{
    char path[2 * ENT_NAME_BYTES];
    snprintf(path, sizeof path, "/modality/%s/features", run->inp->name[m]);
    ENT_TRY(ent_h5_write(run->file, path, ENT_H5_F32, 2, (const int64_t[]){run->rows, run->width[m]}, NULL));
    snprintf(path, sizeof path, "/modality/%s/present", run->inp->name[m]);
    return ent_h5_write(run->file, path, ENT_H5_U8, 1, &run->rows, NULL);
}

static ent_status write_modality(import *run, int m)
{
    work w = {.run = run, .m = m, .columns = ent_table_columns(run->table[m]), .width = run->width[m]};
    w.most = BLOCK_BYTES / (w.columns * (int64_t)sizeof *w.x);
    w.most = w.most < 1 ? 1 : w.most < run->rows ? w.most : run->rows;
    w.x = ent_alloc(w.most, (size_t)w.columns * sizeof *w.x);
    w.sum = ent_alloc(w.columns, sizeof *w.sum);
    w.count = ent_alloc(w.columns, sizeof *w.count);
    w.out = ent_alloc(w.most, (size_t)w.width * sizeof *w.out);
    w.present = ent_alloc(w.most, 1);
    ent_status status = w.x && w.sum && w.count && w.out && w.present ? make_sets(run, m) : no_memory(run);
    if (status == ENT_OK && run->inp->holes == ENT_HOLES_MEAN) status = each_block(&w, false);
    if (status == ENT_OK) status = each_block(&w, true);
    ent_free(w.x);
    ent_free(w.sum);
    ent_free(w.count);
    ent_free(w.out);
    ent_free(w.present);
    return status;
}

/* ---- all of it ---- */

static ent_status open_tables(import *run)
{
    for (int m = 0; m < run->inp->modalities; m++) {
        ENT_TRY(ent_table_open(run->inp->path[m], &run->table[m]));
        const int64_t rows = ent_table_rows(run->table[m]);
        if (m == 0) run->rows = rows;
        ENT_REQUIRE(rows == run->rows, ENT_EDATA, "%s has %lld rows, %s has %lld", run->inp->path[0],
                    (long long)run->rows, run->inp->path[m], (long long)rows);
        run->skip[m] = ent_alloc(ent_table_columns(run->table[m]), 1);
        if (!run->skip[m]) return no_memory(run);
    }
    return ENT_OK;
}

static ent_status count_features(import *run)
{
    for (int m = 0; m < run->inp->modalities; m++) {
        const int64_t columns = ent_table_columns(run->table[m]);
        for (int64_t c = 0; c < columns; c++) run->width[m] += !run->skip[m][c];
        ENT_REQUIRE(run->width[m] >= 1, ENT_EDATA, "%s: no column is left for features", run->inp->path[m]);
        run->report->dimension[m] = run->width[m];
    }
    return ENT_OK;
}

static ent_status write_names(import *run, const char *path, char **name, int64_t count)
{
    return name ? ent_h5_write_strings(run->file, path, count, (const char *const *)name) : ENT_OK;
}

static ent_status write_all(import *run)
{
    if (run->category) ENT_TRY(ent_h5_write(run->file, "/label/class", ENT_H5_I32, 1, &run->rows, run->category));
    if (run->value) ENT_TRY(ent_h5_write(run->file, "/label/value", ENT_H5_F32, 1, &run->rows, run->value));
    if (run->group) ENT_TRY(ent_h5_write(run->file, "/group", ENT_H5_I32, 1, &run->rows, run->group));
    ENT_TRY(ent_h5_write(run->file, "/split", ENT_H5_U8, 1, &run->rows, run->part));
    ENT_TRY(write_names(run, "/class_name", run->class_name, run->class_names));
    ENT_TRY(write_names(run, "/group_name", run->group_name, run->group_names));
    for (int m = 0; m < run->inp->modalities; m++) ENT_TRY(write_modality(run, m));
    return ent_h5_write_attribute(run->file, "/", "source", "entente import table");
}

static ent_status import_all(import *run)
{
    ENT_REQUIRE(run->inp->modalities >= 1 && run->inp->modalities <= ENT_TABLE_MODALITIES, ENT_EARG,
                "import table: %d modalities, want 1..%d", run->inp->modalities, ENT_TABLE_MODALITIES);
    ENT_TRY(open_tables(run));
    ENT_TRY(read_label(run));
    ENT_TRY(read_group(run));
    ENT_TRY(read_part(run));
    ENT_TRY(count_features(run));
    run->report->rows = run->rows;
    ENT_TRY(ent_h5_create_shared(NULL, run->inp->out, &run->file));
    const ent_status status = write_all(run);
    if (status == ENT_OK) return ent_h5_finish(run->file);
    ent_h5_close(run->file);
    return status;
}

ent_status ent_table_import(const ent_table_inp *inp, ent_table_report *report)
{
import run = {.inp = inp, .report = report };
    *report = (ent_table_report){.rows = 0};
    const ent_status status = import_all(&run);
    for (int m = 0; m < ENT_TABLE_MODALITIES; m++) {
        ent_table_free(run.table[m]);
        ent_free(run.skip[m]);
    }
    ent_h5_names_free(run.class_name, run.class_names);
    ent_h5_names_free(run.group_name, run.group_names);
    ent_free(run.category);
    ent_free(run.value);
    ent_free(run.group);
    ent_free(run.part);
    return status;
}
