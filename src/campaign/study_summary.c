/* The summary of a study: mean, deviation and paired difference for each cell of variants x settings x rates. */
#include "study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "entente/memory.h"
#include "points.h"
#include "record.h"
#include "rows.h"
#include "stats.h"

enum { RESAMPLES = 10000, BOOTSTRAP_SEED = 1 };
static const double LEVEL = 0.95;
static const char *const CELL[] = {"data", "setting", "rate", "variant"};
enum { DATA, SETTING, RATE, VARIANT, CELL_COLUMNS };

/* The points of a cell: rows first..first+seeds-1. */
typedef struct {
    const json_t *rows;
    const char *metric;
    size_t seeds;
} table;

static const char *label(const table *t, size_t first, int column)
{
    return json_string_value(json_object_get(json_array_get(t->rows, first), CELL[column]));
}

/* The metric of a point, or NaN.  A point that no client trained has none, as its weights are the initial ones. */
static double value_of(const table *t, size_t row)
{
    const json_t *point = json_array_get(t->rows, row), *value = json_object_get(point, t->metric);
    return json_is_number(value) && campaign_record_is(point, "done") ? json_number_value(value) : NAN;
}

static bool same_group(const table *t, size_t a, size_t b)
{
    for (int c = DATA; c < VARIANT; c++)
        if (strcmp(label(t, a, c), label(t, b, c)) != 0) return false;
    return true;
}

/* The reference cell for the group of cell `first`. */
static size_t reference_of(const table *t, size_t first, const char *reference)
{
    for (size_t k = 0; k < json_array_size(t->rows); k += t->seeds)
        if (same_group(t, k, first) && strcmp(label(t, k, VARIANT), reference) == 0) return k;
    return first;
}

/* Differences to the reference, for seeds where both have a value. */
static ent_status compare(const table *t, size_t first, size_t reference, double *x, json_t *row)
{
    int64_t n = 0, used = 0;
    double mean, deviation, low, high, statistic = NAN, p = NAN;
    for (size_t k = 0; k < t->seeds && reference != first; k++) {
        const double difference = value_of(t, first + k) - value_of(t, reference + k);
        if (!isnan(difference)) x[n++] = difference;
    }
    campaign_mean_deviation(n, x, &mean, &deviation);
    ENT_TRY(campaign_bootstrap_mean(n, x, BOOTSTRAP_SEED, RESAMPLES, LEVEL, &low, &high));
    if (n > 0) ENT_TRY(campaign_wilcoxon(n, x, &statistic, &p, &used));
    json_object_set_new(row, "pairs", json_integer(n));
    json_object_set_new(row, "difference", cli_number(mean));
    json_object_set_new(row, "low", cli_number(low));
    json_object_set_new(row, "high", cli_number(high));
    json_object_set_new(row, "p", cli_number(p));
    return ENT_OK;
}

static ent_status summarise_cell(const table *t, size_t first, const char *reference, double *x, json_t *row)
{
    int64_t n = 0;
    double mean, deviation;
    for (int c = 0; c < CELL_COLUMNS; c++) json_object_set_new(row, CELL[c], json_string(label(t, first, c)));
    for (size_t k = 0; k < t->seeds; k++)
        if (!isnan(value_of(t, first + k))) x[n++] = value_of(t, first + k);
    campaign_mean_deviation(n, x, &mean, &deviation);
    json_object_set_new(row, "n", json_integer(n));
    json_object_set_new(row, "mean", cli_number(mean));
    json_object_set_new(row, "deviation", cli_number(deviation));
    json_object_set_new(row, "metric", json_string(t->metric));
    json_object_set_new(row, "reference", json_string(reference));
    return compare(t, first, reference_of(t, first, reference), x, row);
}

static ent_status summarise(const table *t, const char *reference, json_t *cells)
{
    double *x = ent_alloc((int64_t)t->seeds, sizeof *x);
    ent_status status = x && cells ? ENT_OK : ent_fail(ENT_ENOMEM, "summary: no memory");
    for (size_t first = 0; first < json_array_size(t->rows) && status == ENT_OK; first += t->seeds) {
        json_t *row = json_object();
        status = json_array_append_new(cells, row) == 0 ? summarise_cell(t, first, reference, x, row)
                                                        : ent_fail(ENT_ENOMEM, "summary: no memory");
    }
    ent_free(x);
    return status;
}

/* ---- for people ---- */

static double figure(const json_t *cell, const char *name)
{
    const json_t *value = json_object_get(cell, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static const char *word(const json_t *cell, int column)
{
    return json_string_value(json_object_get(cell, CELL[column]));
}

static void print_group(FILE *out, const json_t *cell, const char *metric)
{
    fprintf(out, "\n%s", word(cell, DATA));
    if (*word(cell, SETTING)) fprintf(out, ", %s", word(cell, SETTING));
    if (*word(cell, RATE)) fprintf(out, ", missing rate %s", word(cell, RATE));
    fprintf(out, "\n  %-20s %3s  %-18s  %-28s  %s\n", "variant", "n", metric, "difference [95 %]", "p");
}

static void print_cell(FILE *out, const json_t *cell)
{
    char spread[64] = "", difference[96] = "", p[32] = "";
    const double deviation = figure(cell, "deviation"), low = figure(cell, "low"), d = figure(cell, "difference");
    if (!isnan(figure(cell, "mean")))
        snprintf(spread, sizeof spread, isnan(deviation) ? "%.4f" : "%.4f +- %.4f", figure(cell, "mean"), deviation);
    if (!isnan(d))
        snprintf(difference, sizeof difference, isnan(low) ? "%+.4f" : "%+.4f [%+.4f, %+.4f]", d, low,
                 figure(cell, "high"));
    if (!isnan(d)) snprintf(p, sizeof p, "%.4g", figure(cell, "p"));
    fprintf(out, "  %-20s %3.0f  %-18s  %-28s  %s\n", word(cell, VARIANT), figure(cell, "n"), spread, difference, p);
}

static void print_cells(FILE *out, const json_t *cells, const json_t *plan)
{
    const char *metric = json_string_value(json_object_get(plan, "metric"));
    const char *reference = json_string_value(json_object_get(plan, "reference"));
    const long long seeds = (long long)json_integer_value(json_object_get(plan, "seeds"));
    const json_t *cell, *before = NULL;
    size_t k;
    json_array_foreach(cells, k, cell)
    {
        bool same = before != NULL;
        for (int c = DATA; c < VARIANT && same; c++) same = strcmp(word(cell, c), word(before, c)) == 0;
        if (!same) print_group(out, cell, metric);
        print_cell(out, cell);
        before = cell;
    }
    fprintf(
        out,
        "\n%s of the test split: mean +- standard deviation over n of %lld seeds.  difference: from %s, paired by "
        "seed,\nwith a percentile bootstrap interval (%d resamples).  p: Wilcoxon's signed-rank test, two-sided, "
        "exact;\nwith %lld pairs it cannot be below %.4g.  No correction is made for multiple comparisons.\n\n",
        metric, seeds, reference, RESAMPLES, seeds, seeds > 1 ? pow(2.0, (double)(1 - seeds)) : 1.0);
}

static ent_status describe(campaign_job *c, const json_t *cells, const json_t *plan)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    ENT_REQUIRE(out, ENT_ENOMEM, "summary: no memory");
    print_cells(out, cells, plan);
    fclose(out);
    ent_free(c->summary);
    c->summary = text ? ent_text(text) : NULL;
    free(text);
    ENT_REQUIRE(c->summary, ENT_ENOMEM, "summary: no memory");
    return ENT_OK;
}

static ent_status save(campaign_job *c, const json_t *cells, const json_t *plan, ent_h5 *file)
{
    char path[4096];
    json_t *columns = json_pack("[s, s, s, s, s, s, s, s, s, s, s, s, s, s]", CELL[DATA], CELL[SETTING], CELL[RATE],
                                CELL[VARIANT], "n", "mean", "deviation", "pairs", "difference", "low", "high", "p",
                                "metric", "reference");
    ENT_REQUIRE(columns, ENT_ENOMEM, "summary: no memory");
    snprintf(path, sizeof path, "%s/summary.csv", c->out);
    ent_status status = campaign_rows_h5(columns, cells, file, "/summary");
    if (status == ENT_OK) status = campaign_rows_csv(columns, cells, path);
    json_decref(columns);
    return status == ENT_OK ? describe(c, cells, plan) : status;
}

ent_status campaign_study_summary(campaign_job *c, const json_t *plan, const json_t *rows, ent_h5 *file)
{
    const table t = {rows, json_string_value(json_object_get(plan, "metric")),
                     (size_t)json_integer_value(json_object_get(plan, "seeds"))};
    json_t *cells = json_array();
    ent_status status = summarise(&t, json_string_value(json_object_get(plan, "reference")), cells);
    if (status == ENT_OK) status = save(c, cells, plan, file);
    json_decref(cells);
    return status;
}

/* ---- the command ---- */
