/* The origin of a sweep's or study's points, and their tables. */
#include "campaign_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entente/guard.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/metrics.h"
#include "report.h"

enum { MOST_ROWS = 1000, MOST_COLUMNS = 64 };

/* ---- origin ---- */

static ent_status read_text(const ent_h5 *file, const char *name, char **out)
{
    return ent_h5_has(file, name) ? ent_h5_read_text(file, name, out) : ENT_OK;
}

/* A list of texts; *count stays where the file lacks it. */
static ent_status read_texts(const ent_h5 *file, const char *name, int64_t *count, char ***out)
{
    return ent_h5_has(file, name) ? ent_h5_read_strings(file, name, out, count) : ENT_OK;
}

static ent_status read_lists(const ent_h5 *file, campaign_origin *o)
{
    int64_t scales = 0, labels = 0;
    ENT_TRY(read_texts(file, "/column/name", &o->columns, &o->column));
    ENT_TRY(read_texts(file, "/column/scale", &scales, &o->scale));
    ENT_TRY(read_texts(file, "/data/file", &o->data, &o->file));
    ENT_TRY(read_texts(file, "/data/label", &labels, &o->label));
    ENT_REQUIRE((!o->scale || scales == o->columns) && labels == o->data, ENT_EFORMAT, "lists of different lengths");
    ENT_TRY(read_text(file, "/version", &o->version));
    ENT_TRY(read_text(file, "/spec", &o->spec));
    for (; o->bases < CAMPAIGN_BASES; o->bases++) {
        char name[32];
        snprintf(name, sizeof name, "/base/%d", o->bases);
        if (!ent_h5_has(file, name)) break;
        ENT_TRY(ent_h5_read_text(file, name, &o->base[o->bases]));
    }
    return ENT_OK;
}

typedef struct {
    const char *path;
    campaign_origin *origin;
} place;

static ent_status read_file(void *context)
{
    const place *at = context;
    ent_h5 *file;
    ENT_TRY(ent_h5_open(at->path, &file));
    const ent_status status = read_lists(file, at->origin);
    ent_h5_close(file);
    return status;
}

static ent_status read_and_drop(void *context)
{
    campaign_origin own = {.version = NULL};
    const ent_status status = read_file(&(place){((const place *)context)->path, &own});
    campaign_origin_clear(&own);
    return status;
}

void campaign_origin_read(const char *folder, const char *table, campaign_origin *out)
{
    char path[4096];
    *out = (campaign_origin){.version = NULL};
    snprintf(path, sizeof path, "%.4000s/%.16s.h5", folder, table);
    if (access(path, F_OK) != 0) {
        out->why_not = ent_text("the table has no file about it");
        return;
    }
    place at = {path, out};
    const ent_guard_inp guard = ent_guard_default();
    ent_status status = ent_guard_try(&guard, path, read_and_drop, &at);
    if (status == ENT_OK) status = read_file(&at);
    if (status == ENT_OK) return;
    campaign_origin_clear(out);
    out->why_not = ent_text(ent_message());
}

void campaign_origin_clear(campaign_origin *o)
{
    char *owned[] = {o->version, o->spec, o->why_not};
    for (int k = 0; k < CAMPAIGN_BASES; k++) ent_free(o->base[k]);
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) ent_free(owned[k]);
    if (o->column) ent_h5_names_free(o->column, o->columns);
    if (o->scale) ent_h5_names_free(o->scale, o->columns);
    if (o->file) ent_h5_names_free(o->file, o->data);
    if (o->label) ent_h5_names_free(o->label, o->data);
    *o = (campaign_origin){.version = NULL};
}

void campaign_origin_head(draw_page *page, const campaign_origin *o)
{
    if (!o->spec) {
        draw_page_paragraph(page, "Origin: unknown (%s).", o->why_not ? o->why_not : "written by an older program");
        return;
    }
    draw_page_paragraph(page, "From %s, by %s.", o->spec, o->version ? o->version : "an older program");
    for (int64_t k = 0; k < o->data; k++)
        draw_page_paragraph(page, "Data set: %s, label %s.", o->file[k], o->label[k]);
}

void campaign_origin_base(draw_page *page, const campaign_origin *o)
{
    char title[96];
    for (int k = 0; k < o->bases; k++) {
        snprintf(title, sizeof title, "Base configuration %d, of which the points change keys", k + 1);
        draw_page_listing(page, o->bases > 1 ? title : "Base configuration, of which the points change keys",
                          o->base[k]);
    }
}

const char *campaign_origin_scale(const campaign_origin *o, const char *column)
{
    for (int64_t k = 0; k < o->columns && o->scale; k++)
        if (strcmp(o->column[k], column) == 0) return o->scale[k];
    return "";
}

/* ---- tables ---- */

/* Four digits of a long fraction; everything else unchanged. */
static const char *short_number(const char *text, char out[24])
{
    char *end;
    const double value = strtod(text, &end);
    return strlen(text) > 7 && strchr(text, '.') && !*end ? chart_number_text(value, out) : text;
}

static bool any_text(const report_csv *csv, int column)
{
    for (int64_t r = 0; r < csv->rows; r++)
        if (*csv->cell[column][r]) return true;
    return false;
}

int64_t campaign_points_done(const report_csv *points)
{
    const int status = report_csv_find(points, "status");
    int64_t done = 0;
    for (int64_t r = 0; r < points->rows; r++) done += status < 0 || strcmp(points->cell[status][r], "done") == 0;
    return done;
}

void campaign_print_csv(draw_page *page, const char *title, const char *caption, const report_csv *csv)
{
    const int64_t rows = csv->rows < MOST_ROWS ? csv->rows : MOST_ROWS;
    int column[MOST_COLUMNS], columns = 0;
    for (int c = 0; c < csv->columns && columns < MOST_COLUMNS; c++)
        if (!strstr(csv->name[c], "sha256") && any_text(csv, c)) column[columns++] = c;
    const char **cell = ent_alloc((rows + 1) * columns, sizeof *cell);
    char(*text)[24] = ent_alloc(rows * columns, sizeof *text);
    for (int c = 0; c < columns && cell && text; c++) {
        cell[c] = csv->name[column[c]];
        for (int64_t r = 0; r < rows; r++)
            cell[(r + 1) * columns + c] = short_number(csv->cell[column[c]][r], text[r * columns + c]);
    }
    if (cell && text && columns > 0) draw_page_table(page, title, caption, (int)rows + 1, columns, cell);
    ent_free(cell);
    ent_free(text);
}

/* ---- metrics ---- */

/* "validation_accuracy" is the metric accuracy on other rows. */
static const char *bare(const char *name)
{
    static const char VALIDATION[] = "validation_";
    return strncmp(name, VALIDATION, sizeof VALIDATION - 1) == 0 ? name + sizeof VALIDATION - 1 : name;
}

const char *campaign_metric_text(const char *name)
{
    if (strcmp(name, "validation_accuracy") == 0) return "validation accuracy";
    if (strcmp(name, "validation_loss") == 0) return "validation loss";
    for (int k = 0; k < ENT_METRIC_COUNT; k++)
        if (strcmp(ent_metric_at(k)->name, name) == 0) return ent_metric_at(k)->title;
    return name;
}

const char *campaign_metric_unit(const char *name)
{
    if (strstr(name, "accuracy") || strstr(name, "f1")) return "share of samples";
    if (strcmp(bare(name), "loss") == 0) return "per sample";
    return strstr(name, "mae") ? "label's unit" : "number";
}

ent_status report_table(draw_page *page, const char *folder, const char *file)
{
    static const char *const KEY[] = {"point", NULL};
    char path[4096], heading[300];
    report_csv *csv;
    campaign_origin origin;
    const bool study = strcmp(file, "study.csv") == 0;
    ENT_REQUIRE(snprintf(path, sizeof path, "%s/%s", folder, file) < (int)sizeof path, ENT_EARG,
                "%.64s...: the path is too long", folder);
    ENT_TRY(report_csv_read(path, KEY, &csv));
    campaign_origin_read(folder, study ? "study" : "table", &origin);
    snprintf(heading, sizeof heading, "%s %.250s", study ? "Study" : "Sweep", folder);
    draw_page_heading(page, heading);
    campaign_origin_head(page, &origin);
    const ent_status status = (study ? report_study : report_sweep)(page, folder, csv, &origin);
    campaign_origin_base(page, &origin);
    campaign_origin_clear(&origin);
    report_csv_free(csv);
    return status;
}
