/* Open: find the modalities, then read and check the tables with one number per row; the features stay in the
 * file.  Features: the requested rows are read in runs of bounded size.  Requested rows that are close together
 * share a run, because a read costs about as much as the tens of kilobytes between them. */
#include "entente/dataset.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dataset_internal.h"
#include "entente/memory.h"
#include "data/io/format.h"

enum { RUN_BYTES = 8 << 20, GAP_BYTES = 64 << 10, RUNS = 256, BITS = 1 << 16, PATH_BYTES = 2 * ENT_NAME_BYTES };

int64_t ent_names_index(const ent_names *list, const char *name)
{
    for (int64_t k = 0; k < list->count; k++)
        if (strcmp(list->name[k], name) == 0) return k;
    return -1;
}

const char *ent_names_join(const ent_names *list, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (int64_t k = 0; k < list->count; k++) {
        const size_t length = strlen(list->name[k]);
        if (used + length + 6 > bytes) {
            snprintf(text + used, bytes - used, "...");
            break;
        }
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", k > 0 ? ", " : "", list->name[k]);
    }
    return text;
}

ent_status ent_dataset_no_memory(const ent_dataset *d)
{
    return ent_fail(ENT_ENOMEM, "%s: no memory for the tables of %lld rows", d->path, (long long)d->rows);
}

/* ---- modalities ---- */

static ent_status take_modality(ent_dataset *d, const ent_names *there, const char *name)
{
    char list[512];
    ENT_REQUIRE(ent_names_index(there, name) >= 0, ENT_EARG, "%s: no modality '%s'; it has: %s", d->path, name,
                ent_names_join(there, list, sizeof list));
    if (ent_modality_check_name(name) != ENT_OK) return ent_fail_in(ENT_EARG, "%s", d->path);
    for (int m = 0; m < d->modalities; m++)
        ENT_REQUIRE(strcmp(d->modality[m].name, name) != 0, ENT_EARG, "%s: modality '%s' is named twice", d->path,
                    name);
    snprintf(d->modality[d->modalities++].name, ENT_NAME_BYTES, "%s", name);
    return ENT_OK;
}

static ent_status take_modalities(ent_dataset *d, const ent_names *there, int count, const char *const *wanted)
{
    const int64_t n = count > 0 ? count : there->count;
    ENT_REQUIRE(n >= 1, ENT_EFORMAT, "%s: no modality in /modality", d->path);
    ENT_REQUIRE(n <= ENT_MAX_MODALITIES, ENT_EARG, "%s: %lld modalities, want at most %d", d->path, (long long)n,
                ENT_MAX_MODALITIES);
    for (int64_t k = 0; k < n; k++) ENT_TRY(take_modality(d, there, count > 0 ? wanted[k] : there->name[k]));
    return ENT_OK;
}

static ent_status choose_modalities(ent_dataset *d, int count, const char *const *wanted)
{
    ent_names there;
    ENT_REQUIRE(ent_h5_has(d->file, "/modality"), ENT_EFORMAT, "%s: not a data set: it has no group /modality",
                d->path);
    ENT_TRY(ent_h5_names(d->file, "/modality", &there.name, &there.count));
    const ent_status status = take_modalities(d, &there, count, wanted);
    ent_h5_names_free(there.name, there.count);
    return status;
}

static const char *features_path(const ent_dataset *d, int m, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "/modality/%s/features", d->modality[m].name);
    return path;
}

/* Integers of 16 bits: check whether the first of them look like another type. */
static ent_status check_bits(const ent_dataset *d, const char *path, const ent_h5_shape *shape)
{
    if (shape->size[1] > BITS) return ENT_OK;
    const int64_t fit = BITS / shape->size[1], rows = fit < shape->size[0] ? fit : shape->size[0];
    int32_t *number = ent_alloc(BITS, sizeof *number);
    uint16_t *bits = ent_alloc(BITS, sizeof *bits);
    ent_status status = number && bits ? ent_h5_read_rows(d->file, path, ENT_H5_I32, 0, rows, number)
                                       : ent_fail(ENT_ENOMEM, "%s: no memory", d->path);
    for (int64_t k = 0; status == ENT_OK && k < rows * shape->size[1]; k++) bits[k] = (uint16_t)number[k];
    if (status == ENT_OK && ent_format_is_bfloat16(bits, rows * shape->size[1]))
        status =
            ent_fail(ENT_EFORMAT,
                     "%s: %s: found bfloat16 stored as 16-bit integers, want the numbers themselves: write them as "
                     "float32 (tensor.float().numpy())",
                     d->path, path);
    ent_free(number);
    ent_free(bits);
    return status;
}

/* The first modality determines the number of rows. */
static ent_status measure_modality(ent_dataset *d, int m)
{
    char path[PATH_BYTES], first[PATH_BYTES];
    ent_h5_shape shape;
    ENT_TRY(ent_h5_describe(d->file, features_path(d, m, path), &shape));
    ENT_REQUIRE(shape.rank == 2, ENT_EFORMAT, "%s: %s has rank %d, want 2: [rows, features]", d->path, path,
                shape.rank);
    ENT_REQUIRE(shape.size[0] >= 1 && shape.size[1] >= 1, ENT_EFORMAT, "%s: %s has %lld rows of %lld features",
                d->path, path, (long long)shape.size[0], (long long)shape.size[1]);
    if (m == 0) d->rows = shape.size[0];
    ENT_REQUIRE(shape.size[0] == d->rows, ENT_EFORMAT, "%s: %s has %lld rows, %s has %lld", d->path,
                features_path(d, 0, first), (long long)d->rows, path, (long long)shape.size[0]);
    d->modality[m].dimension = shape.size[1];
    return shape.bytes == 2 && !shape.real ? check_bits(d, path, &shape) : ENT_OK;
}

/* A damaged shape must not exhaust the memory of the system. */
static ent_status check_table_bytes(const ent_dataset *d)
{
    const double bytes = 40.0 * (double)d->rows, available = (double)ent_memory_available_bytes();
    if (bytes < available) return ENT_OK;
    return ent_memory_lacks(bytes, available, "%s: the table of %lld rows", d->path, (long long)d->rows);
}

/* ---- tables of one number per row ---- */

ent_status ent_dataset_table_check(const ent_dataset *d, const char *path, bool *real)
{
    char first[PATH_BYTES];
    ent_h5_shape shape;
    ENT_TRY(ent_h5_describe(d->file, path, &shape));
    ENT_REQUIRE(shape.rank == 1, ENT_EFORMAT, "%s: %s has rank %d, want 1: [rows]", d->path, path, shape.rank);
    ENT_REQUIRE(shape.size[0] == d->rows, ENT_EFORMAT, "%s: %s has %lld rows, %s has %lld", d->path,
                features_path(d, 0, first), (long long)d->rows, path, (long long)shape.size[0]);
    *real = shape.real;
    return ENT_OK;
}

ent_status ent_dataset_table(const ent_dataset *d, const char *path, ent_h5_type type, size_t size, void **out)
{
    bool real = false;
    ENT_TRY(ent_dataset_table_check(d, path, &real));
    void *table = ent_alloc(d->rows, size);
    if (!table) return ent_dataset_no_memory(d);
    const ent_status status = ent_h5_read(d->file, path, type, d->rows, table);
    if (status == ENT_OK)
        *out = table;
    else
        ent_free(table);
    return status;
}

static ent_status read_present(ent_dataset *d, int m)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/modality/%s/present", d->modality[m].name);
    const uint32_t bit = UINT32_C(1) << m;
    if (!ent_h5_has(d->file, path)) {
        for (int64_t k = 0; k < d->rows; k++) d->stored[k] |= bit;
        return ENT_OK;
    }
    void *table = NULL;
    ENT_TRY(ent_dataset_table(d, path, ENT_H5_U8, 1, &table));
    for (int64_t k = 0; k < d->rows; k++)
        if (((const uint8_t *)table)[k]) d->stored[k] |= bit;
    ent_free(table);
    return ENT_OK;
}

/* Whole numbers low..high of any integer type; `what` names one of them in messages. */
static ent_status read_whole(const ent_dataset *d, const char *path, const char *what, int64_t low, int64_t high,
                             int64_t **out)
{
    void *table = NULL;
    ENT_TRY(ent_dataset_table(d, path, ENT_H5_I64, sizeof **out, &table));
    int64_t *number = table;
    for (int64_t k = 0; k < d->rows; k++) {
        if (number[k] >= low && number[k] <= high) continue;
        const long long found = number[k];
        ent_free(table);
        return ent_fail(ENT_EDATA, "%s: %s, row %lld: %s %lld, want %lld..%lld", d->path, path, (long long)k, what,
                        found, (long long)low, (long long)high);
    }
    *out = number;
    return ENT_OK;
}

static ent_status read_split(ent_dataset *d)
{
    int64_t *number = NULL;
    ENT_TRY(read_whole(d, "/split", "part", ENT_TRAIN, ENT_TEST, &number));
    d->split = ent_alloc(d->rows, sizeof *d->split);
    for (int64_t k = 0; d->split && k < d->rows; k++) d->split[k] = (uint8_t)number[k];
    ent_free(number);
    return d->split ? ENT_OK : ent_dataset_no_memory(d);
}

/* A text attribute of the file; "" if it is missing or of another type. */
static ent_status read_attribute(ent_dataset *d, const char *name, char **text)
{
    const ent_status status = ent_h5_read_attribute(d->file, "/", name, text);
    if (status == ENT_OK || status == ENT_ENOMEM) return status;
    *text = ent_text("");
    return *text ? ENT_OK : ent_dataset_no_memory(d);
}

/* ---- open and free ---- */

static ent_status read_tables(ent_dataset *d, const ent_label_inp *label)
{
    void *group = NULL;
    d->stored = ent_alloc(d->rows, sizeof *d->stored);
    if (!d->stored) return ent_dataset_no_memory(d);
    for (int m = 0; m < d->modalities; m++) ENT_TRY(read_present(d, m));
    ENT_TRY(read_split(d));
    if (ent_h5_has(d->file, "/group")) {
        ENT_TRY(ent_dataset_table(d, "/group", ENT_H5_I32, sizeof *d->group, &group));
        d->group = group;
    }
    if (label) ENT_TRY(ent_dataset_label(d, label));
    ENT_TRY(read_attribute(d, "name", &d->name));
    ENT_TRY(read_attribute(d, "source", &d->source));
    return read_attribute(d, "licence", &d->licence);
}

static ent_status read_all(ent_dataset *d, int count, const char *const *modalities, const ent_label_inp *label)
{
    ENT_TRY(ent_h5_open(d->path, &d->file));
    ENT_TRY(choose_modalities(d, count, modalities));
    for (int m = 0; m < d->modalities; m++) ENT_TRY(measure_modality(d, m));
    ENT_TRY(check_table_bytes(d));
    return read_tables(d, label);
}

ent_status ent_dataset_open(const char *path, int count, const char *const *modalities, const ent_label_inp *label,
                            ent_dataset **out)
{
    ent_dataset *d = ent_alloc(1, sizeof *d);
    ENT_REQUIRE(d, ENT_ENOMEM, "%s: no memory to open it", path);
    d->path = ent_text(path);
    const ent_status status = d->path ? read_all(d, count, modalities, label)
                                      : ent_fail(ENT_ENOMEM, "%s: no memory to open it", path);
    if (status == ENT_OK)
        *out = d;
    else
        ent_dataset_free(d);
    return status;
}

void ent_dataset_free(ent_dataset *d)
{
    if (!d) return;
    ent_h5_close(d->file);
    ent_free(d->stored);
    ent_free(d->split);
    ent_free(d->group);
    ent_free(d->class_name);
    if (d->class_text) ent_h5_names_free(d->class_text, d->classes);
    ent_free(d->category);
    ent_free(d->value);
    ent_free(d->name);
    ent_free(d->source);
    ent_free(d->licence);
    ent_free(d->path);
    ent_free(d);
}

/* ---- features ---- */

/* The rows requested by one call, and where they are stored. */
typedef struct {
    const ent_dataset *dataset;
    int m;
    int64_t d, n;
    const int64_t *row;
    const uint32_t *present;
    const int64_t *to; /* [n]: position of each in `out`; NULL: one after the other */
    double *out;
} request;

static bool is_wanted(const request *q, int64_t k)
{
    return !q->present || (q->present[k] >> q->m & 1);
}

/* The run that begins with entry k of the list.  Returns the entry after its end; *last is its last row. */
static int64_t run_end(const request *q, int64_t k, int64_t *last)
{
    const int64_t row_bytes = q->d * (int64_t)sizeof *q->out;
    const int64_t longest = RUN_BYTES / row_bytes, gap = GAP_BYTES / row_bytes + 1, first = q->row[k];
    *last = first;
    for (k++; k < q->n; k++) {
        if (!is_wanted(q, k)) continue;
        ENT_ASSERT(q->row[k] >= *last);
        if (q->row[k] - *last > gap || q->row[k] - first >= longest) break;
        *last = q->row[k];
    }
    return k;
}

static ent_status take_row(const request *q, int64_t k, const double *from)
{
    const ent_modality_info *modality = &q->dataset->modality[q->m];
    for (int64_t j = 0; j < q->d; j++)
        ENT_REQUIRE(fabs(from[j]) <= ENT_LARGEST_FEATURE, ENT_EDATA,
                    "%s: modality '%s', row %lld, column %lld: %g, want " ENT_WANT_FEATURE, q->dataset->path,
                    modality->name, (long long)q->row[k], (long long)j, from[j]);
    memcpy(q->out + (q->to ? q->to[k] : k) * q->d, from, (size_t)q->d * sizeof *from);
    return ENT_OK;
}

/* Runs that are read together: entries begin[k]..end[k]-1 of the list lie in rows first[k]..first[k]+n[k]-1 of the
 * file. */
typedef struct {
    int64_t begin[RUNS], end[RUNS], first[RUNS], n[RUNS];
    int count;
    int64_t rows; /* the sum of n */
} run_list;

/* Collect the runs from entry k of the list on, as many as may be read together.  Returns the entry after their
 * end. */
static int64_t find_runs(const request *q, int64_t k, run_list *runs)
{
    const int64_t most = RUN_BYTES / (q->d * (int64_t)sizeof *q->out);
    runs->count = 0;
    runs->rows = 0;
    while (k < q->n && runs->count < RUNS) {
        if (!is_wanted(q, k)) {
            k++;
            continue;
        }
        int64_t last;
        const int64_t end = run_end(q, k, &last), n = last - q->row[k] + 1;
        if (runs->count > 0 && runs->rows + n > most) break;
        runs->begin[runs->count] = k;
        runs->end[runs->count] = end;
        runs->first[runs->count] = q->row[k];
        runs->n[runs->count++] = n;
        runs->rows += n;
        k = end;
    }
    return k;
}

static ent_status take_runs(const request *q, const run_list *runs, double *buffer)
{
    char path[PATH_BYTES];
    ENT_TRY(ent_h5_read_runs(q->dataset->file, features_path(q->dataset, q->m, path), ENT_H5_F64, runs->count,
                             runs->first, runs->n, buffer));
    for (int r = 0; r < runs->count; r++) {
        for (int64_t k = runs->begin[r]; k < runs->end[r]; k++)
            if (is_wanted(q, k)) ENT_TRY(take_row(q, k, buffer + (q->row[k] - runs->first[r]) * q->d));
        buffer += runs->n[r] * q->d;
    }
    return ENT_OK;
}

ent_status ent_dataset_features(const ent_dataset *dataset, int m, int64_t n, const int64_t *row,
                                const uint32_t *present, const int64_t *to, double *out)
{
    ENT_ASSERT(m >= 0 && m < dataset->modalities);
    const request q = {dataset, m, dataset->modality[m].dimension, n, row, present, to, out};
    run_list *runs = ent_alloc(1, sizeof *runs);
    double *buffer = NULL;
    int64_t room = 0;
    ent_status status = runs ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory to read features", dataset->path);
    memset(out, 0, (size_t)(n * q.d) * sizeof *out);
    for (int64_t k = 0; k < n && status == ENT_OK;) {
        k = find_runs(&q, k, runs);
        if (runs->rows > room) {
            ent_free(buffer);
            buffer = ent_alloc(room = runs->rows, (size_t)q.d * sizeof *buffer);
        }
        if (runs->count > 0)
            status = buffer ? take_runs(&q, runs, buffer)
                            : ent_fail(ENT_ENOMEM, "%s: no memory to read features", dataset->path);
    }
    ent_free(runs);
    ent_free(buffer);
    return status;
}
