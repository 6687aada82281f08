/* The label of a data set: classes or a real number, and which classes.
 *
 * The column is read as stored, then its kind is decided (ent_task).  Classes are the numbers that occur in any
 * part of the file, so that every row has a defined loss; output c of the model belongs to the c-th of them in
 * ascending order, so gaps do not matter.  Cost: a sort of the column. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset_internal.h"
#include "entente/memory.h"

/* The column. */
typedef struct {
    char path[512];
    int64_t *whole; /* [rows] integers, or */
    double *real;   /* [rows] reals */
} column;

static void column_clear(column *c)
{
    ent_free(c->whole);
    ent_free(c->real);
}

static ent_status find_label(const ent_dataset *d, const char *label)
{
    char list[512];
    ent_names there;
    ENT_TRY(ent_h5_names(d->file, "/label", &there.name, &there.count));
    ent_status status = ENT_OK;
    if (ent_names_index(&there, label) < 0)
        status = ent_fail(ENT_EARG, "%s: no label '%s'; it has: %s", d->path, label,
                          ent_names_join(&there, list, sizeof list));
    ent_h5_names_free(there.name, there.count);
    return status;
}

static ent_status check_finite(const ent_dataset *d, const char *path, const double *value)
{
    for (int64_t k = 0; k < d->rows; k++)
        ENT_REQUIRE(isfinite(value[k]), ENT_EDATA, "%s: %s, row %lld: %g, want a finite number", d->path, path,
                    (long long)k, value[k]);
    return ENT_OK;
}

/* Keep integers if the column was stored as such and is not to be a real label. */
static ent_status read_column(const ent_dataset *d, const ent_label_inp *inp, column *c)
{
    bool real = false;
    void *table = NULL;
    ENT_TRY(find_label(d, inp->name));
    ENT_REQUIRE(snprintf(c->path, sizeof c->path, "/label/%s", inp->name) < (int)sizeof c->path, ENT_EARG,
                "%s: label '%.64s...': name too long", d->path, inp->name);
    ENT_TRY(ent_dataset_table_check(d, c->path, &real));
    real = real || inp->task == ENT_TASK_REGRESSION;
    ENT_TRY(ent_dataset_table(d, c->path, real ? ENT_H5_F64 : ENT_H5_I64, 8, &table));
    if (!real) {
        c->whole = table;
        return ENT_OK;
    }
    c->real = table;
    return check_finite(d, c->path, c->real);
}

static bool is_class(double value)
{
    return value >= 0.0 && value <= INT32_MAX && value == rint(value);
}

static bool is_classification(const ent_dataset *d, const ent_label_inp *inp, const column *c)
{
    if (inp->task != ENT_TASK_AUTO) return inp->task == ENT_TASK_CLASSIFICATION;
    bool classes = c->whole || strncmp(inp->name, "class", strlen("class")) == 0;
    for (int64_t k = 0; c->real && k < d->rows && classes; k++) classes = is_class(c->real[k]);
    return classes;
}

/* Store the class numbers of the rows in d->category. */
static ent_status take_numbers(ent_dataset *d, const column *c)
{
    d->category = ent_alloc(d->rows, sizeof *d->category);
    if (!d->category) return ent_dataset_no_memory(d);
    for (int64_t k = 0; k < d->rows; k++) {
        const double value = c->whole ? (double)c->whole[k] : c->real[k];
        ENT_REQUIRE(is_class(value), ENT_EDATA,
                    "%s: %s, row %lld: class %.17g, want a whole number 0..%d (data.task: regression reads it as a "
                    "number)",
                    d->path, c->path, (long long)k, value, INT32_MAX);
        d->category[k] = (int32_t)value;
    }
    return ENT_OK;
}

static int by_number(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Fill d->class_name with the numbers that occur. */
static ent_status find_classes(ent_dataset *d, const char *path)
{
    int32_t *sorted = ent_copy(d->category, d->rows, sizeof *sorted);
    if (!sorted) return ent_dataset_no_memory(d);
    qsort(sorted, (size_t)d->rows, sizeof *sorted, by_number);
    int64_t n = 0;
    for (int64_t k = 0; k < d->rows; k++)
        if (k == 0 || sorted[k] != sorted[k - 1]) sorted[n++] = sorted[k];
    d->class_name = sorted;
    d->classes = n <= ENT_MAX_CLASSES ? (int)n : 0;
    ENT_REQUIRE(d->classes > 0, ENT_EDATA,
                "%s: %s: %lld different classes, want at most %d (data.task: regression reads them as numbers)",
                d->path, path, (long long)n, ENT_MAX_CLASSES);
    return ENT_OK;
}

/* Replace class numbers by their indices. */
static ent_status place_classes(ent_dataset *d, const char *path)
{
    for (int64_t k = 0; k < d->rows; k++) {
        const int32_t *at = bsearch(&d->category[k], d->class_name, (size_t)d->classes, sizeof *at, by_number);
        if (!at) {
            char list[256] = "";
            for (int c = 0; c < d->classes && strlen(list) + 24 < sizeof list; c++)
                snprintf(list + strlen(list), sizeof list - strlen(list), "%s%d", c ? ", " : "", d->class_name[c]);
            return ent_fail(ENT_EDATA, "%s: %s, row %lld: class %d, the trained model knows: %s", d->path, path,
                            (long long)k, d->category[k], list);
        }
        d->category[k] = (int32_t)(at - d->class_name);
    }
    return ENT_OK;
}

/* The words of the classes of /label/class, if /class_name has one for each. */
static ent_status take_words(ent_dataset *d, const char *path)
{
    char **word;
    int64_t words;
    if (strcmp(path, "/label/class") != 0 || !ent_h5_has(d->file, "/class_name")) return ENT_OK;
    if (ent_h5_read_strings(d->file, "/class_name", &word, &words) != ENT_OK) return ENT_OK; /* no texts */
    if (words <= d->class_name[d->classes - 1]) {
        ent_h5_names_free(word, words);
        return ENT_OK;
    }
    d->class_text = ent_alloc(d->classes, sizeof *d->class_text);
    bool whole = d->class_text != NULL;
    for (int c = 0; c < d->classes && whole; c++) {
        d->class_text[c] = ent_text(word[d->class_name[c]]);
        whole = d->class_text[c] != NULL;
    }
    ent_h5_names_free(word, words);
    return whole ? ENT_OK : ent_dataset_no_memory(d);
}

static ent_status take_classes(ent_dataset *d, const ent_label_inp *inp, const column *c)
{
    void *beside = NULL;
    ENT_TRY(take_numbers(d, c));
    if (inp->classes > 0) {
        d->classes = inp->classes;
        d->class_name = ent_copy(inp->class_name, inp->classes, sizeof *d->class_name);
        if (!d->class_name) return ent_dataset_no_memory(d);
    } else {
        ENT_TRY(find_classes(d, c->path));
    }
    ENT_TRY(place_classes(d, c->path));
    ENT_TRY(take_words(d, c->path));
    if (!ent_h5_has(d->file, "/label/value")) return ENT_OK;
    ENT_TRY(ent_dataset_table(d, "/label/value", ENT_H5_F64, sizeof *d->value, &beside));
    d->value = beside;
    return check_finite(d, "/label/value", d->value);
}

static bool is_sentiment(const ent_dataset *d)
{
    double low = 0.0, high = 0.0;
    for (int64_t k = 0; d->value && k < d->rows; k++) {
        low = fmin(low, d->value[k]);
        high = fmax(high, d->value[k]);
    }
    return low < 0.0 && high > 0.0 && low >= -3.0 && high <= 3.0;
}

ent_status ent_dataset_label(ent_dataset *d, const ent_label_inp *inp)
{
    column c = {.whole = NULL};
    ent_status status = read_column(d, inp, &c);
    if (status == ENT_OK && is_classification(d, inp, &c)) {
        status = take_classes(d, inp, &c);
    } else if (status == ENT_OK) {
        d->value = c.real;
        c.real = NULL;
    }
    column_clear(&c);
    d->sentiment = is_sentiment(d);
    return status;
}
