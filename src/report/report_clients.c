/* Figures by client: accuracy with its worst decile; the split, as classes and modalities of each client. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/path.h"
#include "report.h"

enum { MOST_BARS = 30, MOST_CLIENTS = 120, MOST_DOTS = 30, MOST_CLASSES = 64 };

/* ---- accuracy ---- */

/* The k-th worst client: its number where there is one run, and the mean over runs of their k-th worst. */
typedef struct {
    double accuracy;
    int64_t client;
} entry;

static int by_accuracy(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->accuracy != y->accuracy) return x->accuracy < y->accuracy ? -1 : 1;
    return (x->client > y->client) - (x->client < y->client);
}

/* The clients of a run that have test rows, worst first; list [clients]. */
static int64_t sort_run(const report_run *run, entry *list)
{
    int64_t n = 0;
    for (int64_t c = 0; c < run->clients; c++)
        if (isfinite(run->of_client.accuracy[c])) list[n++] = (entry){run->of_client.accuracy[c], c};
    qsort(list, (size_t)n, sizeof *list, by_accuracy);
    return n;
}

/* Runs with other seeds split the rows differently, so client 3 of one run is not client 3 of another; but each run
 * has a worst client, a second worst, and so on.  In a run with fewer clients with test rows, each is used more
 * often. */
static entry *sorted_clients(const report_group *g, int64_t *n)
{
    const int64_t clients = g->run[0]->clients;
    entry *list = ent_alloc(clients, sizeof *list), *own = ent_alloc(clients, sizeof *own);
    *n = 0;
    for (int k = 0; k < g->runs && list && own; k++) {
        int64_t mine = g->run[k]->clients == clients ? sort_run(g->run[k], own) : 0;
        *n = mine > *n ? mine : *n;
    }
    for (int k = 0; k < g->runs && list && own; k++) {
        const int64_t mine = g->run[k]->clients == clients ? sort_run(g->run[k], own) : 0;
        for (int64_t c = 0; c < *n && mine > 0; c++) {
            list[c].accuracy += own[c * mine / *n].accuracy / g->runs;
            list[c].client = g->runs > 1 ? c + 1 : own[c].client;
        }
    }
    ent_free(own);
    return list;
}

/* The mean over runs of the figures of each run. */
static run_spread spread_of(const report_group *g)
{
    run_spread mean = {.n = 0};
    for (int k = 0; k < g->runs; k++) {
        double *value = ent_copy(g->run[k]->of_client.accuracy, g->run[k]->clients, sizeof *value);
        const run_spread own = run_spread_of(value ? g->run[k]->clients : 0, value);
        mean.mean += own.mean / g->runs;
        mean.spread += own.spread / g->runs;
        mean.worst_decile += own.worst_decile / g->runs;
        mean.gini += own.gini / g->runs;
        ent_free(value);
    }
    return mean;
}

static chart_figure client_figure(const char *title, const char *caption, const char *x, const char *unit)
{
    return (chart_figure){
        title, caption, {x, unit, 0, true, NAN, NAN}, {"test accuracy", "share of samples", 0, false, 0.0, 1.0}};
}

static void sorted_bars(draw_page *page, const chart_figure *figure, const entry *list, int n, int worst)
{
    double value[MOST_BARS];
    uint8_t marked[MOST_BARS];
    char text[MOST_BARS][24];
    const char *name[MOST_BARS];
    for (int k = 0; k < n; k++) {
        value[k] = list[k].accuracy;
        marked[k] = k < worst;
        snprintf(text[k], sizeof text[k], "%lld", (long long)list[k].client);
        name[k] = text[k];
    }
    chart_draw_bars(page, figure,
                    &(chart_bars){.bars = n,
                                  .parts = 1,
                                  .name = name,
                                  .value = value,
                                  .marked = marked,
                                  .mark = "worst decile",
                                  .plain = "other clients"});
}

static void histogram(draw_page *page, const char *title, const char *caption, const entry *list, int64_t n,
                      double limit)
{
    enum { BINS = 20 };
    double value[BINS] = {0};
    uint8_t marked[BINS];
    char text[BINS][24];
    const char *name[BINS];
    for (int64_t k = 0; k < n; k++) {
        const int bin = (int)(fmin(fmax(list[k].accuracy, 0.0), 1.0) * BINS);
        value[bin < BINS ? bin : BINS - 1] += 1.0;
    }
    for (int k = 0; k < BINS; k++) {
        snprintf(text[k], sizeof text[k], "%.2f", (double)k / BINS);
        name[k] = text[k];
        marked[k] = (double)k / BINS <= limit;
    }
    chart_figure figure = client_figure(title, caption, "test accuracy, lower end of a bin", "share of samples");
    figure.y = (chart_axis){"clients", "number", 0, true, 0.0, NAN};
    chart_draw_bars(page, &figure,
                    &(chart_bars){.bars = BINS,
                                  .parts = 1,
                                  .sequence = true,
                                  .name = name,
                                  .value = value,
                                  .marked = marked,
                                  .mark = "bins that the worst decile reaches",
                                  .plain = "other clients"});
}

void report_clients(draw_page *page, const report_group *g)
{
    int64_t n;
    char title[256], caption[512];
    entry *list = sorted_clients(g, &n);
    if (list && n > 1) {
        const int64_t worst = n / 10 > 0 ? n / 10 : 1;
        const run_spread spread = spread_of(g);
        snprintf(title, sizeof title, "Accuracy by client: %s", g->label);
        snprintf(
            caption, sizeof caption,
            "The %lld clients with test samples%s: mean %.4f, standard deviation %.4f, worst decile (mean of the "
            "worst %lld) %.4f, Gini coefficient %.4f.",
            (long long)n,
            g->runs > 1 ? ", from the worst to the best of each run; figures are means over the runs" : "",
            spread.mean, spread.spread, (long long)worst, spread.worst_decile, spread.gini);
        const chart_figure figure =
            client_figure(title, caption, "client, worst first", g->runs > 1 ? "place in its run" : "number");
        if (n <= MOST_BARS)
            sorted_bars(page, &figure, list, (int)n, (int)worst);
        else
            histogram(page, title, caption, list, n, list[worst - 1].accuracy);
    }
    ent_free(list);
}

/* ---- accuracy over rounds ---- */

enum { CURVES = 4 };

typedef struct {
    int n;
    double *x, *y[CURVES]; /* worst decile, lower quartile, median, best decile */
} client_curves;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Add a round of one run with this weight; false: it has no figures. */
static bool add_round(const report_run *run, int64_t round, double weight, double *value, double *const y[CURVES],
                      int at)
{
    int64_t n = 0;
    for (int64_t c = 0; c < run->clients; c++) {
        const double accuracy = run->by_client[round * run->clients + c];
        if (isfinite(accuracy)) value[n++] = accuracy;
    }
    if (n == 0) return false;
    qsort(value, (size_t)n, sizeof *value, by_value);
    const int64_t decile = n / 10 > 0 ? n / 10 : 1;
    double ends[2] = {0.0, 0.0};
    for (int64_t k = 0; k < decile; k++) {
        ends[0] += value[k] / (double)decile;
        ends[1] += value[n - 1 - k] / (double)decile;
    }
    y[0][at] += weight * ends[0];
    y[1][at] += weight * value[(n - 1) / 4];
    y[2][at] += weight * 0.5 * (value[(n - 1) / 2] + value[n / 2]);
    y[3][at] += weight * ends[1];
    return true;
}

static bool fill_curves(const report_group *g, client_curves *c)
{
    const report_run *first = g->run[0];
    double *value = ent_alloc(first->clients, sizeof *value);
    bool there = value != NULL && (c->x = ent_alloc(first->rounds, sizeof *c->x)) != NULL;
    for (int k = 0; k < CURVES && there; k++) there = (c->y[k] = ent_alloc(first->rounds, sizeof **c->y)) != NULL;
    for (int64_t r = 0; r < first->rounds && there; r++) {
        bool whole = true;
        for (int k = 0; k < g->runs && whole; k++) whole = add_round(g->run[k], r, 1.0 / g->runs, value, c->y, c->n);
        for (int k = 0; k < CURVES && !whole; k++) c->y[k][c->n] = 0.0;
        if (whole) c->x[c->n++] = (double)r + 1.0;
    }
    ent_free(value);
    return there && c->n > 1;
}

static bool have_rounds(const report_group *g)
{
    for (int k = 0; k < g->runs; k++)
        if (!g->run[k]->by_client || g->run[k]->rounds != g->run[0]->rounds ||
            g->run[k]->clients != g->run[0]->clients)
            return false;
    return g->run[0]->clients > 1;
}

void report_client_rounds(draw_page *page, const report_group *g)
{
    static const char *const NAME[CURVES] = {"worst decile", "lower quartile", "median", "best decile"};
    client_curves c = {.n = 0};
    chart_line line[CURVES];
    char title[256], caption[320];
    if (have_rounds(g) && fill_curves(g, &c)) {
        for (int k = 0; k < CURVES; k++)
            line[k] = (chart_line){.name = NAME[k], .n = c.n, .x = c.x, .y = c.y[k], .colour = k};
        snprintf(title, sizeof title, "Accuracy of clients by round: %s", g->label);
        snprintf(
            caption, sizeof caption,
            "Over the clients with test samples after each evaluated round%s; deciles are means of the worst and "
            "best tenth, at least one client.",
            g->runs > 1 ? ", means over the runs" : "");
        const chart_figure figure = {title,
                                     caption,
                                     {"round", "number", 0, true, NAN, NAN},
                                     {"test accuracy", "share of samples", 0, false, 0.0, 1.0}};
        chart_draw_lines(page, &figure, CURVES, line);
    }
    ent_free(c.x);
    for (int k = 0; k < CURVES; k++) ent_free(c.y[k]);
}

/* ---- the split ---- */

/* Rows by client and a second property. */
typedef struct {
    int rows, columns, stride; /* every stride-th client is shown */
    double *value;             /* [rows][columns] */
    char row_text[MOST_CLASSES][64], column_text[MOST_CLIENTS][24];
    const char *row[MOST_CLASSES], *column[MOST_CLIENTS];
} counts;

static counts *counts_new(const report_run *run, int rows)
{
    counts *c = ent_alloc(1, sizeof *c);
    if (!c) return NULL;
    c->stride = (int)((run->clients + MOST_CLIENTS - 1) / MOST_CLIENTS);
    c->columns = (int)((run->clients + c->stride - 1) / c->stride);
    c->rows = rows;
    c->value = ent_alloc((int64_t)rows * c->columns, sizeof *c->value);
    for (int k = 0; k < c->columns; k++) {
        snprintf(c->column_text[k], sizeof c->column_text[k], "%d", k * c->stride);
        c->column[k] = c->column_text[k];
    }
    for (int k = 0; k < rows; k++) c->row[k] = c->row_text[k];
    if (c->value) return c;
    ent_free(c);
    return NULL;
}

static void counts_free(counts *c)
{
    if (c) ent_free(c->value);
    ent_free(c);
}

static void counts_add(counts *c, int row, int client, double by)
{
    if (client % c->stride == 0) c->value[row * c->columns + client / c->stride] += by;
}

static void draw(draw_page *page, const counts *c, const chart_figure *figure, const char *name, const char *unit,
                 bool dots)
{
    chart_draw_cells(page, figure,
                     &(chart_cells){.rows = c->rows,
                                    .columns = c->columns,
                                    .sequence = true,
                                    .row = c->row,
                                    .column = c->column,
                                    .value = c->value,
                                    .name = name,
                                    .unit = unit,
                                    .dots = dots});
}

static const char *sampled(const counts *c, char text[64])
{
    text[0] = '\0';
    if (c->stride > 1) snprintf(text, 64, " One client in %d is shown.", c->stride);
    return text;
}

/* The class of a row; the class of a sentiment is its sign. */
static int class_of(const ent_dataset *d, int64_t row)
{
    if (d->category) return d->category[row] < MOST_CLASSES ? d->category[row] : MOST_CLASSES - 1;
    return d->value[row] >= 0.0;
}

static void draw_classes(draw_page *page, const report_run *run, const ent_dataset *d)
{
    const int classes = d->category ? (d->classes < MOST_CLASSES ? d->classes : MOST_CLASSES) : 2;
    char caption[400], more[64];
    counts *c = counts_new(run, classes);
    if (!c) return;
    for (int64_t k = 0; k < run->train_rows; k++) counts_add(c, class_of(d, run->row[k]), run->client[k], 1.0);
    for (int k = 0; k < classes; k++)
        if (d->class_text)
            snprintf(c->row_text[k], sizeof c->row_text[k], "%s", d->class_text[k]);
        else if (d->category)
            snprintf(c->row_text[k], sizeof c->row_text[k], "%d", d->class_name[k]);
        else
            snprintf(c->row_text[k], sizeof c->row_text[k], "%s", k ? ">= 0" : "< 0");
    snprintf(caption, sizeof caption, "Training rows of each client by class, %s, from the run %.100s.%s%s",
             c->columns <= MOST_DOTS ? "as area" : "as colour", run->folder, sampled(c, more),
             d->classes > MOST_CLASSES ? " All classes from 63 on are in the last row." : "");
    const chart_figure figure = {"The split: classes by client",
                                 caption,
                                 {"client", "number", 0, true, NAN, NAN},
                                 {d->category ? "class" : "label",
                                  d->class_text ? "name"
                                  : d->category ? "number"
                                                : "sign",
                                  0, true, NAN, NAN}};
    draw(page, c, &figure, "training rows", "number", c->columns <= MOST_DOTS);
    counts_free(c);
}

static bool rows_exist(const report_run *run, const ent_dataset *d)
{
    for (int64_t k = 0; k < run->train_rows; k++)
        if (run->row[k] < 0 || run->row[k] >= d->rows) return false;
    return true;
}

/* The result holds no labels: they are read from the data set, if it still exists. */
static void classes_of_run(draw_page *page, const report_run *run)
{
    ent_dataset *d;
    const ent_config_data *c = &run->config->data;
    const ent_label_inp label = {.name = c->label, .task = c->task};
    char result[ENT_PATH_BYTES], file[ENT_PATH_BYTES];
    snprintf(result, sizeof result, "%s/result.h5", run->folder);
    if (ent_path_named(c->file, result, file) != ENT_OK || ent_dataset_open(file, 0, NULL, &label, &d) != ENT_OK) {
        draw_page_paragraph(page, "Classes by client are left out, because the data set cannot be read: %s",
                            ent_message());
        return;
    }
    if (!d->category && !d->sentiment)
        ; /* numbers have no classes */
    else if (rows_exist(run, d))
        draw_classes(page, run, d);
    else
        draw_page_paragraph(page, "Classes by client are left out: %s is not the data set of the training.", c->file);
    ent_dataset_free(d);
}

static void draw_modalities(draw_page *page, const report_run *run)
{
    const int modalities = (int)run->config->data.modalities_count;
    char caption[400], more[64];
    counts *c = counts_new(run, modalities);
    if (!c) return;
    for (int64_t k = 0; k < run->train_rows; k++)
        for (int m = 0; m < modalities; m++)
            if (run->context[k] >> m & 1) counts_add(c, m, run->client[k], 1.0);
    for (int m = 0; m < modalities; m++) {
        snprintf(c->row_text[m], sizeof c->row_text[m], "%s", run->config->data.modalities[m]);
        for (int k = 0; k < c->columns; k++) {
            const int64_t rows = run->of_client.train_rows[k * c->stride];
            c->value[m * c->columns + k] = rows > 0 ? c->value[m * c->columns + k] / (double)rows : NAN;
        }
    }
    snprintf(caption, sizeof caption,
             "Share of a client's training rows that have a modality after the missing protocol, from the run "
             "%.100s; clients without rows are blank.%s",
             run->folder, sampled(c, more));
    const chart_figure figure = {"The split: modalities by client",
                                 caption,
                                 {"client", "number", 0, true, NAN, NAN},
                                 {"modality", "name", 0, true, NAN, NAN}};
    draw(page, c, &figure, "rows that have it", "share", false);
    counts_free(c);
}

void report_split(draw_page *page, const report_run *run)
{
    if (run->train_rows == 0) return;
    classes_of_run(page, run);
    draw_modalities(page, run);
}

/* ---- clients that diverged ---- */

/* The number of updates of a run that were left out, and of rounds that had any. */
static double excluded_of(const report_run *run, int64_t *rounds)
{
    double sum = 0.0;
    *rounds = 0;
    const double *excluded = report_figure(run, "excluded");
    for (int64_t r = 0; excluded && r < run->rounds; r++) {
        sum += excluded[r];
        *rounds += excluded[r] > 0.0;
    }
    return sum;
}

/* Nothing is drawn if no client diverged. */
void report_excluded(draw_page *page, const report_input *input)
{
    int rows = 1;
    int64_t rounds;
    for (int k = 0; k < input->runs; k++) rows += excluded_of(input->run[k], &rounds) > 0.0;
    const char **cell = rows > 1 ? ent_alloc(3 * (int64_t)rows, sizeof *cell) : NULL;
    char(*text)[2][48] = rows > 1 ? ent_alloc(rows, sizeof *text) : NULL;
    if (cell && text) {
        const char **row = cell;
        row[0] = "result";
        row[1] = "updates left out";
        row[2] = "in rounds";
        for (int k = 0, at = 0; k < input->runs; k++) {
            const double sum = excluded_of(input->run[k], &rounds);
            if (sum == 0.0) continue;
            snprintf(text[at][0], sizeof text[at][0], "%.0f", sum);
            snprintf(text[at][1], sizeof text[at][1], "%lld of %lld", (long long)rounds,
                     (long long)input->run[k]->rounds);
            row += 3;
            row[0] = input->run[k]->folder;
            row[1] = text[at][0];
            row[2] = text[at++][1];
        }
        draw_page_table(page, "Clients that diverged",
                        "Updates with numbers that are out of range or NaN: they are left out "
                        "(federation.on_divergence).",
                        rows, 3, cell);
    }
    ent_free(cell);
    ent_free(text);
}
