/* One pass over the rows, then the checks: the file may have been edited, truncated or concatenated since it was
 * written. */
#include "report_csv.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/metrics.h"
#include "entente/table.h"

enum { MOST_COLUMNS = 10000, MOST_KEYS = 16 };

/* Columns of figures, besides the metrics: their names, or how these begin or end ('*'), and the range of their
 * values. */
static const struct {
    const char *name;
    double low, high;
} FIGURES[] = {
    {"accuracy*", 0.0, 1.0},
    {"p", 0.0, 1.0},
    {"n", 0.0, DBL_MAX},
    {"point", 0.0, DBL_MAX},
    {"bytes_*", 0.0, DBL_MAX},
    {"epsilon", 0.0, DBL_MAX},
    {"params", 0.0, DBL_MAX},
    {"qubits", 0.0, DBL_MAX},
    {"ranks", 0.0, DBL_MAX},
    {"threads", 0.0, DBL_MAX},
    {"seconds", 0.0, DBL_MAX},
    {"*_s", 0.0, DBL_MAX},
    {"pairs", 0.0, DBL_MAX},
    {"round", 0.0, DBL_MAX},
    {"deviation", 0.0, DBL_MAX},
    {"mean", -DBL_MAX, DBL_MAX},
    {"difference", -DBL_MAX, DBL_MAX},
    {"low", -DBL_MAX, DBL_MAX},
    {"high", -DBL_MAX, DBL_MAX},
};

/* ---- reading ---- */

static ent_status no_memory(const report_csv *csv)
{
    return ent_fail(ENT_ENOMEM, "%s: no memory", csv->path);
}

static ent_status take_names(const ent_table *table, report_csv *csv)
{
    const int columns = (int)ent_table_columns(table);
    for (int c = 0; c < columns; c++) {
        const char *name = ent_table_name(table, c);
        ENT_REQUIRE(report_csv_find(csv, name) < 0, ENT_EFORMAT, "%s: two columns '%s': %d and %d", csv->path, name,
                    report_csv_find(csv, name) + 1, c + 1);
        csv->name[c] = ent_text(name);
        csv->cell[c] = ent_alloc(csv->rows, sizeof **csv->cell);
        csv->columns++;
        if (!csv->name[c] || !csv->cell[c]) return no_memory(csv);
    }
    return ENT_OK;
}

static ent_status read_rows(ent_table *table, report_csv *csv)
{
    const int64_t columns = ent_table_columns(table);
    ENT_REQUIRE(columns < MOST_COLUMNS, ENT_EFORMAT, "%s: %lld columns, want less than %d", csv->path,
                (long long)columns, MOST_COLUMNS);
    csv->rows = ent_table_rows(table);
    csv->name = ent_alloc(columns, sizeof *csv->name);
    csv->cell = ent_alloc(columns, sizeof *csv->cell);
    csv->line = ent_alloc(csv->rows, sizeof *csv->line);
    if (!csv->name || !csv->cell || !csv->line) return no_memory(csv);
    ENT_TRY(take_names(table, csv));
    for (int64_t r = 0; r < csv->rows; r++) {
        char *const *cell;
        ENT_TRY(ent_table_cells(table, &cell, &csv->line[r]));
        for (int c = 0; c < csv->columns; c++) {
            csv->cell[c][r] = ent_text(cell[c]);
            if (!csv->cell[c][r]) return no_memory(csv);
        }
    }
    return ENT_OK;
}

/* ---- checking ---- */

static bool matches(const char *pattern, const char *name)
{
    const size_t length = strlen(pattern), own = strlen(name);
    if (*pattern == '*') return own >= length && strcmp(name + own - (length - 1), pattern + 1) == 0;
    if (pattern[length - 1] == '*') return strncmp(name, pattern, length - 1) == 0;
    return strcmp(name, pattern) == 0;
}

static ent_status refuse(const report_csv *csv, int column, int64_t row, double low, double high)
{
    char range[64] = "";
    if (high < DBL_MAX)
        snprintf(range, sizeof range, " from %g to %g", low, high);
    else if (low > -DBL_MAX)
        snprintf(range, sizeof range, " of %g or more", low);
    return ent_fail(ENT_EFORMAT, "%s:%lld: column %d '%s': found '%.64s', want a number%s", csv->path,
                    (long long)csv->line[row], column + 1, csv->name[column], csv->cell[column][row], range);
}

static ent_status check_column(const report_csv *csv, int c, double low, double high)
{
    for (int64_t r = 0; r < csv->rows; r++) {
        const double value = report_csv_number(csv, c, r);
        if (*csv->cell[c][r] && !(value >= low && value <= high)) return refuse(csv, c, r, low, high);
    }
    return ENT_OK;
}

static ent_status check_figures(const report_csv *csv)
{
    for (int c = 0; c < csv->columns; c++) {
        for (int k = 0; k < ENT_METRIC_COUNT; k++) {
            const ent_metric *metric = ent_metric_at(k);
            if (strcmp(metric->name, csv->name[c]) == 0)
                ENT_TRY(check_column(csv, c, fmax(metric->low, -DBL_MAX), fmin(metric->high, DBL_MAX)));
        }
        for (size_t k = 0; k < sizeof FIGURES / sizeof *FIGURES; k++)
            if (matches(FIGURES[k].name, csv->name[c]))
                ENT_TRY(check_column(csv, c, FIGURES[k].low, FIGURES[k].high));
    }
    return ENT_OK;
}

/* A row with the cells that identify it. */
typedef struct {
    int64_t row;
    int keys;
    const char *cell[MOST_KEYS];
} known;

static int by_key(const void *a, const void *b)
{
    const known *x = a, *y = b;
    for (int k = 0; k < x->keys; k++) {
        const int order = strcmp(x->cell[k], y->cell[k]);
        if (order != 0) return order;
    }
    return 0;
}

static ent_status check_rows(const report_csv *csv, const char *const *key)
{
    int column[MOST_KEYS], keys = 0;
    for (; key && *key; key++)
        if (report_csv_find(csv, *key) >= 0) column[keys++] = report_csv_find(csv, *key);
    known *list = keys > 0 ? ent_alloc(csv->rows, sizeof *list) : NULL;
    if (keys == 0) return ENT_OK;
    if (!list) return no_memory(csv);
    for (int64_t r = 0; r < csv->rows; r++) {
        list[r] = (known){.row = r, .keys = keys};
        for (int k = 0; k < keys; k++) list[r].cell[k] = csv->cell[column[k]][r];
    }
    qsort(list, (size_t)csv->rows, sizeof *list, by_key);
    ent_status status = ENT_OK;
    for (int64_t r = 1; r < csv->rows && status == ENT_OK; r++) {
        const int64_t one = csv->line[list[r - 1].row], other = csv->line[list[r].row];
        if (by_key(&list[r - 1], &list[r]) == 0)
            status = ent_fail(ENT_EFORMAT,
                              "%s:%lld: repeats the row of line %lld: the same '%s' (%.64s), want each once",
                              csv->path, (long long)(one > other ? one : other),
                              (long long)(one > other ? other : one), csv->name[column[0]], list[r].cell[0]);
    }
    ent_free(list);
    return status;
}

ent_status report_csv_read(const char *path, const char *const *key, report_csv **out)
{
    ent_table *table;
    ENT_TRY(ent_table_open(path, ENT_HEADER_YES, &table));
    report_csv *csv = ent_alloc(1, sizeof *csv);
    if (csv) csv->path = ent_text(path);
    ent_status status = csv && csv->path ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory", path);
    if (status == ENT_OK && !ent_table_name(table, 0))
        status = ent_fail(ENT_EFORMAT, "%s: the first line names no columns", path);
    if (status == ENT_OK) status = read_rows(table, csv);
    if (status == ENT_OK) status = check_figures(csv);
    if (status == ENT_OK) status = check_rows(csv, key);
    ent_table_free(table);
    if (status == ENT_OK)
        *out = csv;
    else
        report_csv_free(csv);
    return status;
}

void report_csv_free(report_csv *csv)
{
    if (!csv) return;
    for (int c = 0; c < csv->columns; c++) {
        ent_h5_names_free(csv->cell[c], csv->rows);
        ent_free(csv->name[c]);
    }
    ent_free(csv->name);
    ent_free(csv->cell);
    ent_free(csv->line);
    ent_free(csv->path);
    ent_free(csv);
}

/* ---- looking up ---- */

int report_csv_find(const report_csv *csv, const char *name)
{
    for (int c = 0; c < csv->columns; c++)
        if (strcmp(csv->name[c], name) == 0) return c;
    return -1;
}

double report_csv_number(const report_csv *csv, int column, int64_t row)
{
    char *end;
    const char *text = csv->cell[column][row];
    const double value = strtod(text, &end);
    return end != text && *end == '\0' ? value : NAN;
}

double report_csv_value(const report_csv *csv, const char *name, int64_t row)
{
    const int column = report_csv_find(csv, name);
    return column < 0 ? NAN : report_csv_number(csv, column, row);
}

ent_status report_csv_want(const report_csv *csv, const char *name, int64_t row, double low, double high, double *out)
{
    const int column = report_csv_find(csv, name);
    ENT_REQUIRE(column >= 0, ENT_EFORMAT, "%s: no column '%s'", csv->path, name);
    *out = report_csv_number(csv, column, row);
    return *out >= low && *out <= high ? ENT_OK : refuse(csv, column, row, low, high);
}
