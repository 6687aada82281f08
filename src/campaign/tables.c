/* Writes the tables of a campaign from its records only, so that they do not depend on which process wrote those.
 *
 * Records keep all figures.  What a sweep shows is decided here: given the test figures of many points, one would
 * take the best of them, which is biased upwards; so the tables show those of the selected point only, unless all are
 * requested.  A study compares configurations that were chosen beforehand, and shows all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "best.h"
#include "campaign.h"
#include "entente/memory.h"
#include "points.h"
#include "record.h"
#include "rows.h"

typedef struct {
    campaign_job *c;
    const json_t *plan;
    json_t *columns, *rows;                 /* one row per point */
    json_t *pattern_columns, *pattern_rows; /* one row per point and pattern */
    json_t *time_columns, *time_rows;
    campaign_outcomes outcomes;
    json_t *trained_on; /* one record for each data set and set of OpenQASM files, by their names */
} tables;

static void clear(tables *t)
{
    json_t *const part[] = {t->columns,      t->rows,      t->pattern_columns, t->pattern_rows,
                            t->time_columns, t->time_rows, t->trained_on};
    for (size_t k = 0; k < sizeof part / sizeof *part; k++) json_decref(part[k]);
}

/* {point: k, label: ..., ...} */
static json_t *labelled(const json_t *plan, int64_t k)
{
    json_t *row = json_pack("{s:I}", "point", (json_int_t)k);
    const json_t *label = json_object_get(campaign_points_at(plan, k), "label"), *column;
    size_t c;
    json_array_foreach(json_object_get(plan, "columns"), c, column)
        json_object_set(row, json_string_value(column), json_array_get(label, c));
    return row;
}

static void copy_keys(json_t *row, const json_t *from, const char *const *keys)
{
    for (; *keys; keys++) {
        json_t *value = json_object_get(from, *keys);
        json_object_set_new(row, *keys, value ? json_incref(value) : json_null());
    }
}

static const char *const OUTCOME[] = {"status", "error", NULL};
static const char *const SELECTED[] = {"selected", NULL};
static const char *const MODEL[] = {"params", "qubits", "weights_sha256", NULL};
static const char *const PATTERN[] = {"present", "n", "accuracy", "mae", NULL};
static const char *const TIMES[] = {"seconds", "setup_s", "train_s", NULL};
static const char *const LAYOUT[] = {"ranks", "threads", NULL};

static void add_point(tables *t, int64_t k, const json_t *record)
{
    json_t *row = labelled(t->plan, k);
    copy_keys(row, record, OUTCOME);
    if (!record) {
        json_object_set_new(row, "status", json_string("to run"));
        json_object_set_new(row, "error", json_string(""));
    }
    copy_keys(row, json_object_get(record, "metrics"), CAMPAIGN_METRICS);
    copy_keys(row, json_object_get(record, "validation"), CAMPAIGN_VALIDATION);
    copy_keys(row, json_object_get(record, "spent"), CAMPAIGN_SPENT);
    copy_keys(row, record, MODEL);
    if (!json_is_string(json_object_get(row, "weights_sha256")))
        json_object_set_new(row, "weights_sha256", json_string(""));
    json_object_set_new(row, "config_sha256", json_string(campaign_points_hash(t->plan, k)));
    json_array_append_new(t->rows, row);

    size_t p;
    const json_t *pattern;
    json_array_foreach(json_object_get(record, "patterns"), p, pattern)
    {
        json_t *one = labelled(t->plan, k);
        copy_keys(one, pattern, PATTERN);
        json_array_append_new(t->pattern_rows, one);
    }
    json_t *times = json_pack("{s:I}", "point", (json_int_t)k);
    copy_keys(times, json_object_get(record, "times"), TIMES);
    copy_keys(times, record, LAYOUT);
    json_array_append_new(t->time_rows, times);
    campaign_best_see(&t->outcomes.best, k, record);
    t->outcomes.left += !record;
    t->outcomes.failed += campaign_record_is(record, "failed");
    t->outcomes.untrained += campaign_record_is(record, "untrained");
}

/* Leave out the test figures of all points but `shown`. */
static void hide_test_figures(tables *t, int64_t shown)
{
    size_t k;
    json_t *row, *kept = json_array();
    json_array_foreach(t->rows, k, row)
    {
        json_object_set_new(row, "selected", json_integer((int64_t)k == shown));
        if ((int64_t)k == shown || t->c->test) continue;
        for (const char *const *name = CAMPAIGN_METRICS; *name; name++) json_object_set_new(row, *name, json_null());
    }
    json_array_foreach(t->pattern_rows, k, row)
    {
        const bool keeps = t->c->test || json_integer_value(json_object_get(row, "point")) == shown;
        if (keeps) json_array_append(kept, row);
    }
    json_decref(t->pattern_rows);
    t->pattern_rows = kept;
}

static json_t *columns_of(const json_t *plan, const char *const *const *groups)
{
    json_t *columns = json_pack("[s]", "point");
    if (plan) json_array_extend(columns, json_object_get(plan, "columns"));
    for (; *groups; groups++)
        for (const char *const *key = *groups; *key; key++) json_array_append_new(columns, json_string(*key));
    return columns;
}

/* Points that name the same data may share a table only if the contents were the same. */
static ent_status check_inputs(tables *t, int64_t k, json_t *record)
{
    char label[512], *of = campaign_record_of(record);
    json_t *before = of ? json_object_get(t->trained_on, of) : NULL;
    if (of && !before) json_object_set(t->trained_on, of, record);
    free(of);
    ENT_REQUIRE(
        !before || campaign_record_same_inputs(before, record), ENT_EDATA,
        "%s: point %lld (%s) was trained on other data than the points before it, under the same name: %s has "
        "changed in between; name another folder with --out, or remove %s/points to train all of them again",
        t->c->out, (long long)k, campaign_points_label(t->plan, k, label), campaign_record_file(record), t->c->out);
    return ENT_OK;
}

static ent_status fill(tables *t)
{
    static const char *const config[] = {"config_sha256", NULL};
    static const char *const *const study[] = {
        OUTCOME, CAMPAIGN_METRICS, CAMPAIGN_VALIDATION, CAMPAIGN_SPENT, MODEL, config, NULL};
    static const char *const *const sweep[] = {OUTCOME,        SELECTED, CAMPAIGN_METRICS, CAMPAIGN_VALIDATION,
                                               CAMPAIGN_SPENT, MODEL,    config,           NULL};
    static const char *const *const pattern[] = {PATTERN, NULL};
    static const char *const *const times[] = {TIMES, LAYOUT, NULL};
    t->columns = columns_of(t->plan, campaign_is_sweep(t->c) ? sweep : study);
    t->pattern_columns = columns_of(t->plan, pattern);
    t->time_columns = columns_of(NULL, times);
    t->rows = json_array();
    t->pattern_rows = json_array();
    t->time_rows = json_array();
    t->trained_on = json_object();
    for (int64_t k = 0; k < campaign_points_count(t->plan); k++) {
        json_t *record = campaign_record_load(t->c->out, campaign_points_hash(t->plan, k));
        const ent_status status = check_inputs(t, k, record);
        if (status == ENT_OK) add_point(t, k, record);
        json_decref(record);
        if (status != ENT_OK) return status;
    }
    const size_t points = (size_t)campaign_points_count(t->plan);
    ENT_REQUIRE(json_array_size(t->rows) == points && json_array_size(t->time_rows) == points, ENT_ENOMEM,
                "table: no memory");
    if (campaign_is_sweep(t->c)) hide_test_figures(t, campaign_best_choose(&t->outcomes.best).point);
    return ENT_OK;
}

static ent_status write_csv(const tables *t, const char *name, const json_t *columns, const json_t *rows)
{
    char path[4096];
    ENT_REQUIRE(snprintf(path, sizeof path, "%s/%s.csv", t->c->out, name) < (int)sizeof path, ENT_EARG,
                "--out: path too long");
    return campaign_rows_csv(columns, rows, path);
}

/* A list of texts. */
static ent_status write_texts(ent_h5 *file, const char *name, const json_t *list)
{
    const int64_t n = (int64_t)json_array_size(list);
    const char **text = ent_alloc(n, sizeof *text);
    ENT_REQUIRE(text, ENT_ENOMEM, "%s: no memory", name);
    for (int64_t k = 0; k < n; k++) text[k] = json_string_value(json_array_get(list, (size_t)k));
    const ent_status status = ent_h5_write_strings(file, name, n, text);
    ent_free(text);
    return status;
}

/* The data sets, as the records name them: file, label, digests. */
static ent_status write_data(const tables *t, ent_h5 *file)
{
    static const char *const NAME[] = {"file", "label", "tables", "features"};
    const char *of;
    json_t *record, *list[4];
    ent_status status = ENT_OK;
    if (json_object_size(t->trained_on) == 0) return ENT_OK;
    for (int k = 0; k < 4; k++) list[k] = json_array();
    json_object_foreach(t->trained_on, of, record)
    {
        const json_t *inputs = json_object_get(record, "inputs");
        for (int k = 0; k < 4; k++)
            json_array_append(list[k], json_object_get(k < 2 ? json_object_get(inputs, "of") : inputs, NAME[k]));
    }
    for (int k = 0; k < 4; k++) {
        char name[32];
        snprintf(name, sizeof name, "/data/%s", NAME[k]);
        if (status == ENT_OK) status = write_texts(file, name, list[k]);
        json_decref(list[k]);
    }
    return status;
}

/* A description of the points, for readers of the tables who lack the file. */
static ent_status write_origin(const tables *t, ent_h5 *file)
{
    ENT_TRY(ent_h5_write_text(file, "/version", cli_version_line()));
    ENT_TRY(ent_h5_write_text(file, "/spec", json_string_value(json_object_get(t->plan, "spec"))));
    ENT_TRY(write_texts(file, "/column/name", json_object_get(t->plan, "columns")));
    if (campaign_is_sweep(t->c)) ENT_TRY(write_texts(file, "/column/scale", json_object_get(t->plan, "scales")));
    return write_data(t, file);
}

static ent_status write_file(const tables *t, campaign_more *more, ent_h5 *file)
{
    const json_t *base;
    size_t k;
    ENT_TRY(write_origin(t, file));
    ENT_TRY(campaign_rows_h5(t->columns, t->rows, file, "/point"));
    ENT_TRY(campaign_rows_h5(t->pattern_columns, t->pattern_rows, file, "/pattern"));
    json_array_foreach(json_object_get(t->plan, "bases"), k, base)
    {
        char name[32];
        snprintf(name, sizeof name, "/base/%zu", k);
        ENT_TRY(ent_h5_write_text(file, name, json_string_value(base)));
    }
    return more ? more(t->c, t->plan, t->rows, file) : ENT_OK;
}

/* clang-format off */
#define METRIC(A, name, title, unit, low, high, rounds, description) {"/point/" #name, unit, description},
static const ent_h5_note NOTES[] = {
    {"/version", "none", "Entente's version"},
    {"/spec", "none", "file of the sweep or study"},
    {"/column/name", "none", "labels of the points"},
    {"/column/scale", "none", "how their values are given or drawn: grid, list, uniform, log, integer, choice"},
    {"/data/file", "none", "data sets of the points, each once"},
    {"/data/label", "none", "their labels"},
    {"/data/tables", "none", "SHA-256 of the tables of the data set and of the OpenQASM files"},
    {"/data/features", "none", "SHA-256 of the features of the data set"},
    {"/base/*", "none", "configuration in which the points change keys, YAML"},
    {"/*/point", "1", "number of the point"},
    {"/point/status", "none", "done, failed, untrained or to run"},
    {"/point/error", "none", "why the point has failed"},
    {"/point/selected", "1", "1: the best point by its validation figures; the others have no test figures, unless "
                             "they were asked for (--test)"},
    {"/*/n", "samples", "samples to which the figures refer"},
    ENT_METRICS(METRIC, 0)
    {"/point/validation_n", "samples", "samples of the validation part"},
    {"/point/validation_loss", "as the loss", "loss on the validation part after the round of the weights"},
    {"/point/validation_accuracy", "1", "accuracy on the validation part after the round of the weights"},
    {"/point/bytes_up", "bytes", "what the clients sent to the server in all rounds"},
    {"/point/bytes_down", "bytes", "what the server sent to the clients in all rounds"},
    {"/point/epsilon", "1", "spent by all rounds, at privacy.delta; NaN without privacy.mode"},
    {"/point/params", "1", "weights of the model"},
    {"/point/qubits", "1", "qubits of the model"},
    {"/point/weights_sha256", "none", "SHA-256 of the weights after the selected round"},
    {"/point/config_sha256", "none", "SHA-256 of the point's configuration: the name of its record"},
    {"/pattern/present", "none", "modalities that the samples have"},
    {"/pattern/accuracy", "1", "accuracy on them"},
    {"/pattern/mae", "the label's unit", "mean absolute error on them"},
    {"/summary/mean", "as the metric", "mean of the metric over the seeds"},
    {"/summary/deviation", "as the metric", "standard deviation over the seeds"},
    {"/summary/pairs", "1", "seeds that have the reference too"},
    {"/summary/difference", "as the metric", "mean difference from the reference, paired by seed"},
    {"/summary/low", "as the metric", "lower end of the percentile bootstrap interval of the difference"},
    {"/summary/high", "as the metric", "upper end of the percentile bootstrap interval of the difference"},
    {"/summary/metric", "none", "the metric"},
    {"/summary/reference", "none", "the variant that the others are compared with"},
    {"/summary/p", "1", "Wilcoxon's signed-rank test, two-sided, exact"},
    {"/point/*", "as the key", "value of a key of the configuration that differs between points"},
    {"/pattern/*", "as the key", "value of a key of the configuration that differs between points"},
    {"/summary/*", "as the key", "value of a key of the configuration that differs between points"},
    {NULL, NULL, NULL}};
#undef METRIC
/* clang-format on */

static ent_status write_h5(const tables *t, campaign_more *more)
{
    char path[4096];
    ent_h5 *file;
    ENT_REQUIRE(snprintf(path, sizeof path, "%s/%s.h5", t->c->out, t->c->table) < (int)sizeof path, ENT_EARG,
                "--out: path too long");
    ENT_TRY(ent_h5_create(path, &file));
    ent_status status = write_file(t, more, file);
    if (status == ENT_OK) status = ent_h5_annotate(file, NOTES);
    if (status == ENT_OK) return ent_h5_finish(file);
    ent_h5_close(file);
    return status;
}

static ent_status write_all(const tables *t, campaign_more *more)
{
    ENT_TRY(write_csv(t, "times", t->time_columns, t->time_rows));
    ENT_TRY(write_csv(t, "patterns", t->pattern_columns, t->pattern_rows));
    ENT_TRY(write_h5(t, more));
    return write_csv(t, t->c->table, t->columns, t->rows);
}

/* Points may finish while the tables are being written; the tables are then written again, so that the last writer
 * has seen every record. */
ent_status campaign_tables(campaign_job *c, const json_t *plan, bool incomplete, campaign_more *more,
                           campaign_outcomes *outcomes)
{
    ent_status status = ENT_OK;
    int64_t before = -1;
    for (;;) {
        tables t = {.c = c, .plan = plan};
        status = fill(&t);
        *outcomes = t.outcomes;
        const int64_t left = outcomes->left;
        const bool again = status == ENT_OK && left != before && (left == 0 || incomplete);
        if (again) status = write_all(&t, more);
        clear(&t);
        if (!again || status != ENT_OK || left == 0) return status;
        before = left;
    }
}
