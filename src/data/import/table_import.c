/* Label, group and part are read first, as text columns that become numbers.  Then each table is read in blocks;
 * if training means are needed, an earlier pass over the table computes them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "entente/dataset.h"
#include "entente/folds.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/table.h"
#include "data/dataset_notes.h"
#include "provenance.h"

enum { PATH_BYTES = 4096, BLOCK_BYTES = 8 << 20 };

typedef struct {
    const ent_table_inp *inp;
    ent_table_report *report;
    ent_table *table[ENT_TABLE_MODALITIES];
    uint8_t *skip[ENT_TABLE_MODALITIES]; /* [columns]: label, group, part */
    int64_t width[ENT_TABLE_MODALITIES];
    int64_t rows;
    int32_t *category, *group;
    double *value;
    uint8_t *part;
    char **class_name, **group_name;
    int64_t class_names, group_names;
    char **noted; /* [noted_count]: the files whose decisions have been reported */
    int noted_count;
    ent_h5 *file;
} import;

static ent_status no_memory(const import *run)
{
    return ent_fail(ENT_ENOMEM, "%s: no memory for tables of %lld rows", run->inp->out, (long long)run->rows);
}

/* ---- a column somewhere ---- */

/* "FILE:COLUMN" is split if FILE exists and "FILE:COLUMN" does not. */
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

/* A column used as label, group or part is not a feature of the modality in the same file. */
static void skip_column(import *run, const char *path, int64_t column)
{
    for (int m = 0; m < run->inp->modalities; m++)
        if (strcmp(run->inp->path[m], path) == 0) run->skip[m][column] = 1;
}

/* Report once per file how its first line was read. */
static ent_status tell_decision(import *run, const ent_table *t, const char *path)
{
    char text[256];
    if (!run->inp->note || !ent_table_decision(t, text, sizeof text)) return ENT_OK;
    for (int k = 0; k < run->noted_count; k++)
        if (strcmp(run->noted[k], path) == 0) return ENT_OK;
    char *copy = ent_text(path);
    if (!copy) return no_memory(run);
    run->noted[run->noted_count++] = copy;
    run->inp->note(run->inp->note_data, path, text);
    return ENT_OK;
}

static ent_status check_rows(const import *run, const ent_table *t, const char *path)
{
    const long long found = ent_table_rows(t), want = run->rows;
    ENT_REQUIRE(found == want, ENT_EDATA, "%s has %lld rows, %s has %lld%s", path, found, run->inp->path[0], want,
                found == want + 1 || found == want - 1
                    ? ": does its first line name the columns (--header yes|no)?  Blank lines at the end are not rows"
                    : "");
    return ENT_OK;
}

static ent_status column_named(const ent_table *t, const char *path, const char *name, int64_t *column)
{
    *column = ent_table_find(t, name);
    ENT_REQUIRE(*column >= 0, ENT_EARG, "%s: no column '%s'", path, name);
    for (int64_t c = *column + 1; c < ent_table_columns(t); c++)
        ENT_REQUIRE(!ent_table_name(t, c) || strcmp(ent_table_name(t, c), name) != 0, ENT_EARG,
                    "%s: two columns '%s': %lld and %lld", path, name, (long long)*column, (long long)c);
    return ENT_OK;
}

static ent_status find_column(import *run, ent_table *t, const char *path, const char *name, char ***text)
{
    const int64_t index = ent_table_index(t), columns = ent_table_columns(t) - (index >= 0);
    int64_t column = index == 0;
    ENT_TRY(ent_table_fit(t, run->rows));
    ENT_TRY(check_rows(run, t, path));
    ENT_TRY(tell_decision(run, t, path));
    ENT_REQUIRE(name || columns == 1, ENT_EARG, "%s: %lld columns, want FILE:COLUMN", path, (long long)columns);
    if (name) ENT_TRY(column_named(t, path, name, &column));
    skip_column(run, path, column);
    return ent_table_text(t, column, text);
}

static ent_status read_column(import *run, const char *where, char ***text)
{
    char path[PATH_BYTES];
    ent_table *t;
    const char *name = cut_column(where, path);
    ENT_TRY(ent_table_open(path, run->inp->header, &t));
    const ent_status status = find_column(run, t, path, name, text);
    ent_table_free(t);
    return status;
}

/* ---- label, group, part ---- */

static bool all_numbers(int64_t n, char *const *text)
{
    double x;
    for (int64_t k = 0; k < n; k++)
        if (!ent_table_decimal(text[k], &x)) return false;
    return true;
}

/* Whether these are classes: words, or whole numbers none of which is negative. */
static bool are_classes(int64_t n, char *const *text)
{
    if (!all_numbers(n, text)) return true;
    for (int64_t k = 0; k < n; k++) {
        const double x = strtod(text[k], NULL);
        if (!(x >= 0.0 && x < ENT_MAX_CLASSES && x == floor(x))) return false;
    }
    return true;
}

/* Class numbers may have gaps.  category [rows] 0..ENT_MAX_CLASSES - 1 */
static int count_classes(int64_t rows, const int32_t *category)
{
    bool seen[ENT_MAX_CLASSES] = {false};
    int count = 0;
    for (int64_t k = 0; k < rows; k++) {
        count += !seen[category[k]];
        seen[category[k]] = true;
    }
    return count;
}

static ent_status take_classes(import *run, char *const *text)
{
    run->category = ent_alloc(run->rows, sizeof *run->category);
    if (!run->category) return no_memory(run);
    if (all_numbers(run->rows, text)) {
        for (int64_t k = 0; k < run->rows; k++) run->category[k] = (int32_t)strtod(text[k], NULL);
    } else {
        ENT_TRY(ent_table_number(run->rows, text, run->category, &run->class_name, &run->class_names));
    }
    int32_t most = 0;
    for (int64_t k = 0; k < run->rows; k++) most = run->category[k] > most ? run->category[k] : most;
    ENT_REQUIRE(most < ENT_MAX_CLASSES, ENT_EDATA, "%s: %d classes, want at most %d", run->inp->label, most + 1,
                ENT_MAX_CLASSES);
    run->report->classes = count_classes(run->rows, run->category);
    return ENT_OK;
}

static ent_status take_values(import *run, char *const *text)
{
    run->value = ent_alloc(run->rows, sizeof *run->value);
    if (!run->value) return no_memory(run);
    for (int64_t k = 0; k < run->rows; k++) {
        run->value[k] = strtod(text[k], NULL);
        ENT_REQUIRE(isfinite(run->value[k]), ENT_EDATA, "%s: row %lld: label '%s', want a finite number",
                    run->inp->label, (long long)k, text[k]);
    }
    return ENT_OK;
}

/* Missing cells are not words. */
static ent_status check_there(const import *run, const char *where, const char *what, char *const *text)
{
    for (int64_t k = 0; k < run->rows; k++)
        ENT_REQUIRE(!ent_table_missing(text[k]), ENT_EDATA, "%s: row %lld has no %s: found '%s'", where, (long long)k,
                    what, text[k]);
    return ENT_OK;
}

static ent_status read_label(import *run)
{
    char **text;
    ENT_TRY(read_column(run, run->inp->label, &text));
    ent_status status = check_there(run, run->inp->label, "label", text);
    if (status == ENT_OK) status = are_classes(run->rows, text) ? take_classes(run, text) : take_values(run, text);
    ent_h5_names_free(text, run->rows);
    return status;
}

static ent_status read_group(import *run)
{
    char **text;
    if (!run->inp->group) return ENT_OK;
    ENT_TRY(read_column(run, run->inp->group, &text));
    run->group = ent_alloc(run->rows, sizeof *run->group);
    ent_status status = run->group ? check_there(run, run->inp->group, "group", text) : no_memory(run);
    if (status == ENT_OK) {
        status = ent_table_number(run->rows, text, run->group, &run->group_name, &run->group_names);
        if (status != ENT_OK) ent_fail_in(status, "%s", run->inp->group);
    }
    ent_h5_names_free(text, run->rows);
    return status;
}

static int part_of(const char *text)
{
    static const struct {
        const char *word;
        int part;
    } words[] = {{"0", 0},     {"train", 0}, {"training", 0}, {"1", 1},    {"validation", 1}, {"val", 1},
                 {"valid", 1}, {"dev", 1},   {"2", 2},        {"test", 2}, {"testing", 2}};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strcasecmp(text, words[k].word) == 0) return words[k].part;
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

/* Assign whole groups, numbered in order of first appearance, or single rows to the parts. */
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

/* number[k]: the number of the group of row k.  Returns the number of groups. */
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
    double *low, *high;      /* [columns] of the training rows */
    double *out;             /* [most][width] */
    uint8_t *present;
} work;

static bool is_hole(double x)
{
    return !isfinite(x);
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

/* Count the holes of row k of the block; *column is the last one.  Numbers too large for a sum of squares are
 * refused. */
static ent_status count_holes(const work *w, int64_t k, int64_t *holes, int64_t *column)
{
    const double *x = w->x + k * w->columns;
    const char *path = w->run->inp->path[w->m];
    *holes = 0;
    for (int64_t c = 0; c < w->columns; c++) {
        if (!is_feature(w, c)) continue;
        ENT_REQUIRE(is_hole(x[c]) || fabs(x[c]) <= ENT_LARGEST_FEATURE, ENT_EDATA,
                    "%s: row %lld, column %lld: found %g, want " ENT_WANT_FEATURE, path, (long long)(w->first + k),
                    (long long)c, x[c]);
        if (!is_hole(x[c])) continue;
        ++*holes;
        *column = c;
    }
    ENT_REQUIRE(*holes == 0 || w->run->inp->holes != ENT_HOLES_ERROR, ENT_EDATA,
                "%s: row %lld, column %lld: %g, want a finite number", path, (long long)(w->first + k),
                (long long)*column, x[*column]);
    return ENT_OK;
}

/* Process row k of the block: set whether it is present, and fill its holes. */
static ent_status take_row(work *w, int64_t k)
{
    const double *x = w->x + k * w->columns;
    double *out = w->out + k * w->width;
    int64_t holes, column;
    ENT_TRY(count_holes(w, k, &holes, &column));
    w->run->report->holes[w->m] += holes;
    w->present[k] = holes < w->width && (holes == 0 || w->run->inp->holes == ENT_HOLES_MEAN);
    w->run->report->present[w->m] += w->present[k];
    const bool trains = w->present[k] && w->run->part[w->first + k] == ENT_TRAIN;
    for (int64_t c = 0; c < w->columns; c++) {
        if (!is_feature(w, c)) continue;
        const double mean = w->count[c] > 0.0 ? w->sum[c] / w->count[c] : 0.0;
        *out++ = !w->present[k] ? NAN : is_hole(x[c]) ? mean : x[c];
        if (!trains || is_hole(x[c])) continue;
        w->low[c] = fmin(w->low[c], x[c]);
        w->high[c] = fmax(w->high[c], x[c]);
    }
    return ENT_OK;
}

/* Columns that are constant, or empty, over all training rows. */
static void report_constant(const work *w)
{
    ent_table_report *r = w->run->report;
    for (int64_t c = 0; c < w->columns; c++) {
        if (!is_feature(w, c) || w->low[c] < w->high[c]) continue;
        if (r->constant[w->m]++ == 0) r->first_constant[w->m] = c;
    }
}

static ent_status write_block(work *w)
{
    char path[2 * ENT_NAME_BYTES];
    const import *run = w->run;
    for (int64_t k = 0; k < w->n; k++) ENT_TRY(take_row(w, k));
    snprintf(path, sizeof path, "/modality/%s/features", run->inp->name[w->m]);
    ENT_TRY(ent_h5_write_rows(run->file, path, ENT_H5_F64, w->first, w->n, w->out));
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
    const ent_h5_type type = ent_table_is_float(run->table[m]) ? ENT_H5_F32 : ENT_H5_F64;
    snprintf(path, sizeof path, "/modality/%s/features", run->inp->name[m]);
    ENT_TRY(ent_h5_write(run->file, path, type, 2, (const int64_t[]){run->rows, run->width[m]}, NULL));
    snprintf(path, sizeof path, "/modality/%s/present", run->inp->name[m]);
    return ent_h5_write(run->file, path, ENT_H5_U8, 1, &run->rows, NULL);
}

static ent_status work_new(import *run, int m, work *w)
{
    *w = (work){.run = run, .m = m, .columns = ent_table_columns(run->table[m]), .width = run->width[m]};
    w->most = BLOCK_BYTES / (w->columns * (int64_t)sizeof *w->x);
    w->most = w->most < 1 ? 1 : w->most < run->rows ? w->most : run->rows;
    w->x = ent_alloc(w->most, (size_t)w->columns * sizeof *w->x);
    w->sum = ent_alloc(w->columns, sizeof *w->sum);
    w->count = ent_alloc(w->columns, sizeof *w->count);
    w->low = ent_alloc(w->columns, sizeof *w->low);
    w->high = ent_alloc(w->columns, sizeof *w->high);
    w->out = ent_alloc(w->most, (size_t)w->width * sizeof *w->out);
    w->present = ent_alloc(w->most, 1);
    if (!w->x || !w->sum || !w->count || !w->low || !w->high || !w->out || !w->present) return no_memory(run);
    for (int64_t c = 0; c < w->columns; c++) {
        w->low[c] = INFINITY;
        w->high[c] = -INFINITY;
    }
    return ENT_OK;
}

static void work_free(work *w)
{
    ent_free(w->x);
    ent_free(w->sum);
    ent_free(w->count);
    ent_free(w->low);
    ent_free(w->high);
    ent_free(w->out);
    ent_free(w->present);
}

static ent_status write_modality(import *run, int m)
{
    work w;
    ent_status status = work_new(run, m, &w);
    if (status == ENT_OK) status = make_sets(run, m);
    if (status == ENT_OK && run->inp->holes == ENT_HOLES_MEAN) status = each_block(&w, false);
    if (status == ENT_OK) status = each_block(&w, true);
    if (status == ENT_OK) report_constant(&w);
    work_free(&w);
    return status;
}

/* ---- all of it ---- */

static ent_status open_table(import *run, int m)
{
    const char *path = run->inp->path[m];
    ENT_TRY(ent_table_open(path, run->inp->header, &run->table[m]));
    ent_table *t = run->table[m];
    if (m == 0) run->rows = ent_table_rows(t);
    ENT_TRY(ent_table_fit(t, run->rows));
    ENT_TRY(check_rows(run, t, path));
    ENT_TRY(tell_decision(run, t, path));
    run->skip[m] = ent_alloc(ent_table_columns(t), 1);
    if (!run->skip[m]) return no_memory(run);
    if (ent_table_index(t) >= 0) run->skip[m][ent_table_index(t)] = 1;
    return ENT_OK;
}

static ent_status open_tables(import *run)
{
    run->noted = ent_alloc(ENT_TABLE_MODALITIES + 3, sizeof *run->noted);
    if (!run->noted) return no_memory(run);
    for (int m = 0; m < run->inp->modalities; m++) ENT_TRY(open_table(run, m));
    return ENT_OK;
}

static ent_status count_features(import *run)
{
    for (int m = 0; m < run->inp->modalities; m++) {
        const int64_t columns = ent_table_columns(run->table[m]);
        for (int64_t c = 0; c < columns; c++) run->width[m] += !run->skip[m][c];
        ENT_REQUIRE(run->width[m] >= 1, ENT_EDATA, "%s: no column left for features", run->inp->path[m]);
        run->report->dimension[m] = run->width[m];
    }
    return ENT_OK;
}

static ent_status write_names(import *run, const char *path, char **name, int64_t count)
{
    return name ? ent_h5_write_strings(run->file, path, count, (const char *const *)name) : ENT_OK;
}

static ent_status write_source(const import *run)
{
    static const char *const header[] = {"auto", "yes", "no"}, *const holes[] = {"mean", "absent", "error"};
    const ent_table_inp *inp = run->inp;
    ent_provenance source = {.used = 0};
    ent_provenance_add(&source, "entente import table");
    for (int m = 0; m < inp->modalities; m++)
        ent_provenance_add(&source, "--modality %s=%s", inp->name[m], ent_provenance_file(inp->path[m]));
    ent_provenance_add(&source, "--label %s", ent_provenance_file(inp->label));
    if (inp->group) ent_provenance_add(&source, "--group %s", ent_provenance_file(inp->group));
    if (inp->part) ent_provenance_add(&source, "--part %s", ent_provenance_file(inp->part));
    if (!inp->part)
        ent_provenance_add(&source, "--split %g,%g,%g --seed %llu", inp->share[0], inp->share[1], inp->share[2],
                           (unsigned long long)inp->seed);
    ent_provenance_add(&source, "--header %s --nonfinite %s", header[inp->header], holes[inp->holes]);
    return ent_provenance_write(&source, run->file);
}

static ent_status write_all(import *run)
{
    if (run->category) ENT_TRY(ent_h5_write(run->file, "/label/class", ENT_H5_I32, 1, &run->rows, run->category));
    if (run->value) ENT_TRY(ent_h5_write(run->file, "/label/value", ENT_H5_F64, 1, &run->rows, run->value));
    if (run->group) ENT_TRY(ent_h5_write(run->file, "/group", ENT_H5_I32, 1, &run->rows, run->group));
    ENT_TRY(ent_h5_write(run->file, "/split", ENT_H5_U8, 1, &run->rows, run->part));
    ENT_TRY(write_names(run, "/class_name", run->class_name, run->class_names));
    ENT_TRY(write_names(run, "/group_name", run->group_name, run->group_names));
    for (int m = 0; m < run->inp->modalities; m++) ENT_TRY(write_modality(run, m));
    ENT_TRY(ent_dataset_annotate(run->file));
    return write_source(run);
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
    ent_h5_names_free(run.noted, run.noted_count);
    ent_h5_names_free(run.class_name, run.class_names);
    ent_h5_names_free(run.group_name, run.group_names);
    ent_free(run.category);
    ent_free(run.value);
    ent_free(run.group);
    ent_free(run.part);
    return status;
}
