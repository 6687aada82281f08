/* Figures of a scaling study: seconds, efficiency and the time split of each kind, and the model as a table.
 * Predictions of the model are dashed, without marks, and labelled as such. */
#include <math.h>
#include <string.h>

#include "report/draw/chart.h"
#include "entente/memory.h"
#include "scaling.h"

enum { MOST_LINES = 12, MOST_POINTS = 64, MOST_BARS = 40 };

/* The series of one kind and mode, drawn together. */
typedef struct {
    const scaling_series *list[MOST_LINES];
    int n, repeats;
    const char *unit; /* what is timed */
} study;

static bool together(const scaling_series *a, const scaling_series *b)
{
    return strcmp(a->first->what, b->first->what) == 0 && strcmp(a->first->mode, b->first->mode) == 0;
}

static void name_of(const scaling_series *s, char text[160])
{
    const scaling_row *r = s->first;
    char size[48];
    const bool weak = strcmp(r->mode, "weak") == 0;
    if (r->qubits > 0)
        snprintf(size, sizeof size, "%d qubits%s", r->qubits, weak ? " and more" : "");
    else
        snprintf(size, sizeof size, "%d clients%s", weak ? r->clients / r->ranks : r->clients,
                 weak ? " per rank" : "");
    const int used =
        snprintf(text, 160, "%.60s, %s, %d thread%s", r->name, size, r->threads, r->threads == 1 ? "" : "s");
    if (r->qubits == 0 && r->shards > 1) snprintf(text + used, 160 - (size_t)used, ", %d shards", r->shards);
}

/* ---- lines ---- */

typedef struct {
    char name[2][200];
    double x[MOST_POINTS], y[MOST_POINTS], low[MOST_POINTS], high[MOST_POINTS];
    double model_x[MOST_POINTS], model_y[MOST_POINTS];
} drawn;

static void draw_series(const scaling_series *s, int colour, bool efficiency, drawn *d, chart_line line[2])
{
    char name[160];
    const int n = s->points < MOST_POINTS - SCALING_EXTRA ? s->points : MOST_POINTS - SCALING_EXTRA;
    name_of(s, name);
    snprintf(d->name[0], sizeof d->name[0], "measured: %s", name);
    snprintf(d->name[1], sizeof d->name[1], "model, not measured: %s", name);
    for (int k = 0; k < n; k++) {
        const scaling_summary *p = &s->point[k];
        d->x[k] = p->ranks;
        d->y[k] = efficiency ? p->efficiency : p->median_s;
        d->low[k] = efficiency ? p->efficiency * p->median_s / p->high_s : p->low_s;
        d->high[k] = efficiency ? p->efficiency * p->median_s / p->low_s : p->high_s;
    }
    const bool modelled = s->model.points > 0;
    int last = n - 1;
    while (last > 0 && s->point[last].crowded) last--;
    d->model_x[0] = d->x[last];
    d->model_y[0] = modelled ? d->y[last] : NAN;
    for (int k = 0; k < SCALING_EXTRA; k++) {
        d->model_x[k + 1] = modelled ? s->extra_p[k] : d->x[last];
        d->model_y[k + 1] = !modelled ? NAN : efficiency ? s->extra_efficiency[k] : s->extra_s[k];
    }
    line[0] = (chart_line){
        .name = d->name[0], .n = n, .x = d->x, .y = d->y, .low = d->low, .high = d->high, .colour = colour};
    line[1] = (chart_line){.name = d->name[1],
                           .n = SCALING_EXTRA + 1,
                           .x = d->model_x,
                           .y = d->model_y,
                           .model = true,
                           .colour = colour};
}

static void draw_lines(draw_page *page, const study *s, bool efficiency)
{
    const scaling_row *first = s->list[0]->first;
    drawn *d = ent_alloc(s->n, sizeof *d);
    chart_line line[2 * MOST_LINES];
    char title[160], caption[640];
    if (!d) return;
    for (int k = 0; k < s->n; k++) draw_series(s->list[k], k, efficiency, &d[k], &line[2 * k]);
    snprintf(title, sizeof title, "%s scaling, %s: %s", strcmp(first->mode, "weak") == 0 ? "Weak" : "Strong",
             first->what, efficiency ? "efficiency" : s->unit);
    snprintf(caption, sizeof caption,
             "%s From %d measured repeats; bars reach from the fastest to the slowest. Dashed: the fitted model "
             "(serial part, parallel part, latency, bandwidth), not measured.",
             efficiency ? "Work per second and rank, relative to that of the fewest ranks; 1 is ideal."
                        : "Median over the repeats of the slowest rank's time, without evaluation and reading.",
             s->repeats);
    const chart_figure figure = {title,
                                 caption,
                                 {"ranks", "number", 2, true, NAN, NAN},
                                 {efficiency ? "efficiency" : s->unit, efficiency ? "ratio" : "s",
                                  efficiency ? 0 : 10, false, efficiency ? 0.0 : NAN, NAN}};
    chart_draw_lines(page, &figure, 2 * s->n, line);
    ent_free(d);
}

/* ---- the time split ---- */

static void draw_split(draw_page *page, const study *s)
{
    const scaling_summary *point[MOST_BARS];
    double value[SCALING_PARTS * MOST_BARS];
    char text[MOST_BARS][24], title[160], caption[640];
    const char *name[MOST_BARS];
    int bars = 0;
    for (int k = 0; k < s->n; k++)
        for (int j = 0; j < s->list[k]->points && bars < MOST_BARS; j++) {
            snprintf(text[bars], sizeof text[bars], "%dx%d", s->list[k]->point[j].ranks, s->list[k]->first->threads);
            name[bars] = text[bars];
            point[bars++] = &s->list[k]->point[j];
        }
    for (int p = 0; p < SCALING_PARTS; p++)
        for (int k = 0; k < bars; k++) value[p * bars + k] = 1e3 * point[k]->part_s[p];
    snprintf(title, sizeof title, "%s scaling, %s: the time split",
             strcmp(s->list[0]->first->mode, "weak") == 0 ? "Weak" : "Strong", s->list[0]->first->what);
    snprintf(
        caption, sizeof caption,
        "Means of the repeats (%d in all). Each part is that of the slowest rank, so the parts may add up to more "
        "than the whole.",
        s->repeats);
    const chart_figure figure = {
        title, caption, {"ranks x threads", "number", 0, true, NAN, NAN}, {s->unit, "ms", 0, false, 0.0, NAN}};
    chart_draw_bars(
        page, &figure,
        &(chart_bars){.bars = bars, .parts = SCALING_PARTS, .name = name, .part = SCALING_PART, .value = value});
}

/* ---- tables ---- */

typedef struct {
    int rows, columns;
    const char **cell;
    char (*text)[64];
} table;

static bool table_new(int rows, int columns, const char *const *head, table *t)
{
    *t = (table){rows, columns, ent_alloc((int64_t)rows * columns, sizeof *t->cell),
                 ent_alloc((int64_t)rows * columns, sizeof *t->text)};
    if (!t->cell || !t->text) return false;
    for (int k = 0; k < rows * columns; k++) t->cell[k] = k < columns ? head[k] : t->text[k];
    return true;
}

static void print_points(draw_page *page, const study *s)
{
    static const char *const HEAD[] = {"ranks x threads", "size",    "seconds", "fastest", "slowest",
                                       "efficiency",      "compute", "commun.", "waiting", "repeats"};
    int rows = 1, at = 1;
    table t;
    char title[160];
    for (int k = 0; k < s->n; k++) rows += s->list[k]->points;
    if (table_new(rows, 10, HEAD, &t)) {
        for (int k = 0; k < s->n; k++)
            for (int j = 0; j < s->list[k]->points; j++, at++) {
                const scaling_summary *p = &s->list[k]->point[j];
                char(*cell)[64] = t.text + (int64_t)at * t.columns;
                snprintf(cell[0], 64, "%d x %d%s", p->ranks, s->list[k]->first->threads,
                         p->crowded ? " crowded" : "");
                snprintf(cell[1], 64, "%.4g", p->work);
                snprintf(cell[2], 64, "%.4g", p->median_s);
                snprintf(cell[3], 64, "%.4g", p->low_s);
                snprintf(cell[4], 64, "%.4g", p->high_s);
                snprintf(cell[5], 64, "%.3f", p->efficiency);
                for (int q = 0; q < 3; q++) snprintf(cell[6 + q], 64, "%.4g", p->part_s[q]);
                snprintf(cell[9], 64, "%d", p->repeats);
            }
        snprintf(title, sizeof title, "%s scaling, %s: measurements",
                 strcmp(s->list[0]->first->mode, "weak") == 0 ? "Weak" : "Strong", s->list[0]->first->what);
        draw_page_table(page, title,
                        strcmp(s->list[0]->first->what, "state") == 0
                            ? "Seconds of one gradient; size: gates times amplitudes."
                            : "Seconds of one round without evaluation; size: samples trained per round.",
                        t.rows, t.columns, t.cell);
    }
    ent_free(t.cell);
    ent_free(t.text);
}

static void print_model(draw_page *page, const study *s)
{
    static const char *const HEAD[] = {"threads",   "terms of points", "error", "serial s", "parallel s",
                                       "latency s", "ns per byte",     "ranks", "seconds",  "efficiency"};
    table t;
    if (table_new(1 + s->n * SCALING_EXTRA, 10, HEAD, &t)) {
        for (int k = 0; k < s->n; k++)
            for (int j = 0; j < SCALING_EXTRA; j++) {
                const scaling_series *own = s->list[k];
                const scaling_model *m = &own->model;
                char(*cell)[64] = t.text + (int64_t)(1 + k * SCALING_EXTRA + j) * t.columns;
                snprintf(cell[0], 64, "%d", own->first->threads);
                if (m->points == 0) continue; /* all crowded */
                if (j == 0) {
                    snprintf(cell[1], 64, "%d of %d", m->terms, m->points);
                    snprintf(cell[2], 64, "%.1f %%", 100.0 * m->error);
                    snprintf(cell[3], 64, "%.3g", m->serial_s);
                    snprintf(cell[4], 64, "%.3g", m->parallel_s);
                    snprintf(cell[5], 64, "%.3g", m->latency_s);
                    snprintf(cell[6], 64, "%.3g", 1e9 * m->byte_s);
                }
                snprintf(cell[7], 64, "%.0f", own->extra_p[j]);
                snprintf(cell[8], 64, "%.4g", own->extra_s[j]);
                snprintf(cell[9], 64, "%.3f", own->extra_efficiency[j]);
            }
        draw_page_table(
            page, "Larger machines: model, not measured",
            "seconds = serial + parallel * work / ranks + latency * log2(ranks) + bytes * s/byte, fitted to "
            "the measured medians without negative terms. With as many terms as points, nothing is left to "
            "check the model.",
            t.rows, t.columns, t.cell);
    }
    ent_free(t.cell);
    ent_free(t.text);
}

/* ---- all ---- */

static void draw_study(draw_page *page, const study *s)
{
    draw_lines(page, s, false);
    draw_lines(page, s, true);
    draw_split(page, s);
    if (page->kind == DRAW_SVG) return;
    print_points(page, s);
    print_model(page, s);
}

static void draw_all(draw_page *page, const scaling_series *list, int count)
{
    for (int k = 0; k < count; k++) {
        study s = {.unit = strcmp(list[k].first->what, "state") == 0 ? "time of a gradient" : "time of a round"};
        bool earlier = false;
        for (int j = 0; j < k; j++) earlier |= together(&list[j], &list[k]);
        for (int j = k; j < count && !earlier; j++)
            if (together(&list[j], &list[k]) && s.n < MOST_LINES) {
                s.list[s.n++] = &list[j];
                for (int p = 0; p < list[j].points; p++) s.repeats += list[j].point[p].repeats;
            }
        if (s.n > 0) draw_study(page, &s);
    }
}

ent_status report_scaling_draw(draw_page *page, int folders, const char *const *folder)
{
    scaling_rows rows = {.n = 0};
    scaling_series *list = NULL;
    int count = 0;
    ent_status status = ENT_OK;
    for (int k = 0; k < folders && status == ENT_OK; k++) {
        char path[4096];
        snprintf(path, sizeof path, "%.4000s/scaling.csv", folder[k]);
        status = scaling_rows_read(&rows, path);
    }
    if (status == ENT_OK) status = scaling_series_make(&rows, &list, &count);
    if (status == ENT_OK) {
        if (page->kind != DRAW_SVG) draw_page_heading(page, "Scaling");
        draw_all(page, list, count);
    }
    scaling_series_free(list, count);
    scaling_rows_free(&rows);
    return status;
}
