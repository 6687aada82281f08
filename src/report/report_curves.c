/* Figures over several groups: learning curves, accuracy by missing rate, test figures, accuracy by context. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "report.h"

enum { MOST_GROUPS = 24 };

/* One group's line: the mean over its runs at the rounds that have a figure, and its spread. */
typedef struct {
    double *x, *y, *low, *high;
    char name[192];
} curve;

static bool curve_make(const report_group *g, const char *column, curve *c, chart_line *line)
{
    const int64_t rounds = g->run[0]->rounds;
    double value[256];
    const int runs = g->runs < 256 ? g->runs : 256;
    int n = 0;
    double **part[] = {&c->x, &c->y, &c->low, &c->high};
    for (int k = 0; k < 4; k++)
        if (!(*part[k] = ent_alloc(rounds, sizeof(double)))) return false;
    const double *round = report_figure(g->run[0], "round"), *figure[256];
    for (int k = 0; k < runs; k++) figure[k] = report_figure(g->run[k], column);
    for (int64_t r = 0; r < rounds; r++) {
        if (!isfinite(round[r])) continue;
        for (int k = 0; k < runs; k++) value[k] = figure[k] ? figure[k][r] : NAN;
        if (report_spread(runs, value, &c->y[n], &c->low[n], &c->high[n]) == 0) continue;
        c->x[n++] = round[r] + 1.0;
    }
    snprintf(c->name, sizeof c->name, "%s%s", g->label, g->runs > 1 ? "" : " (1 run)");
    if (g->runs > 1) snprintf(c->name, sizeof c->name, "%s (%d runs)", g->label, g->runs);
    *line = (chart_line){.name = c->name,
                         .n = n,
                         .x = c->x,
                         .y = c->y,
                         .low = g->runs > 1 ? c->low : NULL,
                         .high = g->runs > 1 ? c->high : NULL};
    return n > 0;
}

static void curve_clear(curve *c)
{
    ent_free(c->x);
    ent_free(c->y);
    ent_free(c->low);
    ent_free(c->high);
}

static void draw_curves(draw_page *page, const report_input *input, const char *column, chart_figure figure)
{
    curve c[MOST_GROUPS] = {{.x = NULL}};
    chart_line line[MOST_GROUPS];
    int lines = 0, groups = input->groups < MOST_GROUPS ? input->groups : MOST_GROUPS;
    char caption[400];
    bool several = false;
    for (int g = 0; g < groups; g++) {
        if (!curve_make(&input->group[g], column, &c[g], &line[lines])) continue;
        several |= input->group[g].runs > 1;
        line[lines].colour = chart_colour_of(lines, groups);
        lines++;
    }
    snprintf(caption, sizeof caption, "%s From %d run%s in %d configuration%s%s%s", figure.caption, input->runs,
             input->runs == 1 ? "" : "s", input->groups, input->groups == 1 ? "" : "s",
             several ? "; lines are means over seeds, the spread reaches from the smallest to the largest run." : ".",
             input->groups > groups ? " The first 24 configurations are drawn." : "");
    figure.caption = caption;
    if (lines > 0) chart_draw_lines(page, &figure, lines, line);
    for (int g = 0; g < groups; g++) curve_clear(&c[g]);
}

static bool any_finite(const report_input *input, const char *column)
{
    for (int k = 0; k < input->runs; k++) {
        const double *figure = report_figure(input->run[k], column);
        for (int64_t r = 0; figure && r < input->run[k]->rounds; r++)
            if (isfinite(figure[r])) return true;
    }
    return false;
}

void report_curves(draw_page *page, const report_input *input)
{
    static const struct {
        const char *column;
        const char *title, *caption, *name, *unit;
    } TABLE[] = {
        {"test_accuracy", "Test accuracy by round", "Share of the test samples that are predicted right.",
         "test accuracy", "share of samples"},
        {"train_loss", "Training loss by round", "Mean loss of the samples while clients train on them.",
         "training loss", "per sample"},
        {"test_loss", "Test loss by round", "Mean loss of the test samples.", "test loss", "per sample"},
        {"epsilon", "Privacy by round",
         "Epsilon of differential privacy at the configuration's delta: what all rounds so far have given away.",
         "epsilon", "nat"},
        {"test_mae", "Mean absolute error by round", "Mean distance of prediction and label on the test samples.",
         "mean absolute error", "label's unit"}};
    for (size_t k = 0; k < sizeof TABLE / sizeof *TABLE; k++) {
        if (!any_finite(input, TABLE[k].column)) continue;
        draw_curves(page, input, TABLE[k].column,
                    (chart_figure){TABLE[k].title,
                                   TABLE[k].caption,
                                   {"round", "number", 0, true, NAN, NAN},
                                   {TABLE[k].name, TABLE[k].unit, 0, false, NAN, NAN}});
    }
}

/* ---- accuracy by missing rate ---- */

/* A group's rate: that of all modalities, or the largest; NAN where none is drawn. */
static double rate_of(const report_run *run)
{
    const ent_config_missing *c = &run->config->missing;
    double most = 0.0;
    if (c->level == ENT_LEVEL_FIXED) return NAN;
    for (unsigned m = 0; m < run->config->data.modalities_count; m++) most = fmax(most, c->rate[m]);
    return most;
}

/* Whether two configurations are the same but for their missing rates. */
static bool same_but_rate(const report_run *a, const report_run *b)
{
    static const char PREFIX[] = "missing.rate";
    int i = 0, j = 0;
    for (;;) {
        while (i < a->leaves && strncmp(a->leaf[i], PREFIX, sizeof PREFIX - 1) == 0) i++;
        while (j < b->leaves && strncmp(b->leaf[j], PREFIX, sizeof PREFIX - 1) == 0) j++;
        if (i == a->leaves || j == b->leaves) return i == a->leaves && j == b->leaves;
        if (strcmp(a->leaf[i++], b->leaf[j++]) != 0) return false;
    }
}

typedef struct {
    double x, y, low, high;
} point;

static int by_x(const void *a, const void *b)
{
    const double x = ((const point *)a)->x, y = ((const point *)b)->x;
    return (x > y) - (x < y);
}

static point accuracy_of(const report_group *g)
{
    double value[256];
    point p = {.x = rate_of(g->run[0])};
    const int runs = g->runs < 256 ? g->runs : 256;
    for (int k = 0; k < runs; k++) value[k] = g->run[k]->metric[ENT_METRIC_accuracy];
    report_spread(runs, value, &p.y, &p.low, &p.high);
    return p;
}

/* "policy mma" without the rate's own entry. */
static void name_without_rate(const char *label, const report_run *run, char *out, size_t room)
{
    const char *at = strstr(label, "rate");
    size_t used = 0;
    if (!at) {
        snprintf(out, room, "%s", label);
        return;
    }
    out[0] = '\0';
    for (const char *part = label; *part;) {
        const size_t n = strcspn(part, ",");
        if (strncmp(part, "rate ", 5) != 0 && used + n + 3 < room)
            used += (size_t)snprintf(out + used, room - used, "%s%.*s", used ? ", " : "", (int)n, part);
        part += n;
        part += strspn(part, ", ");
    }
    const char *policy = report_value(run, "missing.policy");
    if (used == 0) snprintf(out, room, "policy %s", policy ? policy : "as configured");
}

typedef struct {
    char name[192];
    int n;
    double x[MOST_GROUPS], y[MOST_GROUPS], low[MOST_GROUPS], high[MOST_GROUPS];
} rate_line;

/* The line of all groups that are group `first` but for the rate; false where an earlier group has drawn it. */
static bool rate_line_make(const report_input *input, int first, rate_line *line)
{
    point p[MOST_GROUPS];
    const report_run *run = input->group[first].run[0];
    line->n = 0;
    for (int g = 0; g < input->groups && g < MOST_GROUPS; g++) {
        if (!same_but_rate(run, input->group[g].run[0]) || !isfinite(rate_of(input->group[g].run[0]))) continue;
        if (g < first) return false;
        p[line->n++] = accuracy_of(&input->group[g]);
    }
    qsort(p, (size_t)line->n, sizeof *p, by_x);
    for (int k = 0; k < line->n; k++) {
        line->x[k] = p[k].x;
        line->y[k] = p[k].y;
        line->low[k] = p[k].low;
        line->high[k] = p[k].high;
    }
    name_without_rate(input->group[first].label, run, line->name, sizeof line->name);
    return true;
}

void report_missing(draw_page *page, const report_input *input)
{
    rate_line *own = ent_alloc(MOST_GROUPS, sizeof *own);
    chart_line line[MOST_GROUPS];
    int lines = 0, longest = 0;
    char caption[400];
    for (int g = 0; g < input->groups && g < MOST_GROUPS && own; g++) {
        if (!rate_line_make(input, g, &own[lines]) || own[lines].n == 0) continue;
        if (own[lines].n > longest) longest = own[lines].n;
        line[lines] = (chart_line){.name = own[lines].name,
                                   .n = own[lines].n,
                                   .x = own[lines].x,
                                   .y = own[lines].y,
                                   .low = own[lines].low,
                                   .high = own[lines].high,
                                   .colour = lines};
        lines++;
    }
    snprintf(caption, sizeof caption,
             "Test accuracy after the last round against the probability that a modality is missing (the largest, "
             "where they differ). From %d runs; points are means over seeds, bars reach from the smallest to the "
             "largest run.",
             input->runs);
    const chart_figure figure = {"Accuracy against missing rate",
                                 caption,
                                 {"missing rate", "probability", 0, false, NAN, NAN},
                                 {"test accuracy", "share of samples", 0, false, NAN, NAN}};
    if (longest > 1) chart_draw_lines(page, &figure, lines, line);
    ent_free(own);
}

/* ---- tables ---- */

typedef struct {
    int rows, columns;
    const char **cell;
    char (*text)[96];
} table;

static bool table_new(int rows, int columns, table *t)
{
    *t = (table){rows, columns, ent_alloc((int64_t)rows * columns, sizeof *t->cell),
                 ent_alloc((int64_t)rows * columns, sizeof *t->text)};
    for (int k = 0; t->cell && t->text && k < rows * columns; k++) t->cell[k] = t->text[k];
    return t->cell && t->text;
}

static char *table_at(const table *t, int row, int column)
{
    return t->text[row * t->columns + column];
}

static void table_free(table *t)
{
    ent_free(t->cell);
    ent_free(t->text);
}

static void put_spread(char *text, const char *format, int n, const double *value)
{
    double mean, low, high;
    char one[3][24];
    const int count = report_spread(n, value, &mean, &low, &high);
    snprintf(one[0], 24, format, mean);
    snprintf(one[1], 24, format, low);
    snprintf(one[2], 24, format, high);
    if (count == 0)
        snprintf(text, 96, "-");
    else if (count == 1 || low == high)
        snprintf(text, 96, "%s", one[0]);
    else
        snprintf(text, 96, "%s (%s to %s)", one[0], one[1], one[2]);
}

/* Row 0: the samples that the figures are of; then the metrics as people read them. */
static void put_metric(table *t, const report_input *input, int row, int at, bool *any)
{
    double value[256];
    const int k = row > 0 ? ent_metric_shown(row - 1) : -1;
    *any = false;
    for (int g = 0; g < input->groups; g++) {
        const report_group *group = &input->group[g];
        const int runs = group->runs < 256 ? group->runs : 256;
        for (int r = 0; r < runs; r++) {
            value[r] = k < 0 ? group->run[r]->test_rows : group->run[r]->metric[k];
            *any |= isfinite(value[r]);
        }
        put_spread(table_at(t, at, g + 1), k < 0 ? "%.0f" : "%.4f", runs, value);
    }
    snprintf(table_at(t, at, 0), 96, "%s", k < 0 ? "test samples" : ent_metric_at(k)->title);
}

void report_metrics(draw_page *page, const report_input *input)
{
    table t;
    int used = 1;
    char caption[256];
    if (!table_new(ENT_METRIC_COUNT + 2, input->groups + 1, &t)) return;
    snprintf(table_at(&t, 0, 0), 96, "test figure");
    for (int g = 0; g < input->groups; g++)
        snprintf(table_at(&t, 0, g + 1), 96, "%.84s (%d)", input->group[g].label, input->group[g].runs);
    for (int row = 0; row <= ENT_METRIC_COUNT; row++) {
        bool any;
        put_metric(&t, input, row, used, &any);
        used += any;
    }
    snprintf(caption, sizeof caption,
             "After the last round; in the head each configuration and its number of runs. Of several runs: the mean "
             "(smallest to largest). From %d run%s.",
             input->runs, input->runs == 1 ? "" : "s");
    draw_page_table(page, "Test figures", caption, used, t.columns, t.cell);
    table_free(&t);
}

/* The rows of the table: all contexts that occur, most modalities first. */
static int contexts_of(const report_input *input, uint32_t *context, int room)
{
    int n = 0;
    for (int k = 0; k < input->runs; k++)
        for (int64_t p = 0; p < input->run[k]->patterns; p++) {
            int at = 0;
            while (at < n && context[at] != input->run[k]->pattern[p]) at++;
            if (at == n && n < room) context[n++] = input->run[k]->pattern[p];
        }
    for (int k = 1; k < n; k++) {
        const uint32_t c = context[k];
        int at = k;
        for (; at > 0 && __builtin_popcount(context[at - 1]) < __builtin_popcount(c); at--)
            context[at] = context[at - 1];
        context[at] = c;
    }
    return n;
}

static void context_cell(const report_group *g, uint32_t context, char *samples, char *accuracy)
{
    double right[256], n[256];
    int count = 0;
    for (int k = 0; k < g->runs && count < 256; k++)
        for (int64_t p = 0; p < g->run[k]->patterns; p++)
            if (g->run[k]->pattern[p] == context && count < 256) {
                right[count] = g->run[k]->pattern_accuracy[p];
                n[count++] = (double)g->run[k]->pattern_n[p];
            }
    put_spread(samples, "%.0f", count, n);
    put_spread(accuracy, "%.4f", count, right);
}

void report_contexts(draw_page *page, const report_input *input)
{
    enum { MOST = 256 };
    uint32_t context[MOST];
    char name[256], caption[256];
    table t;
    const int n = contexts_of(input, context, MOST);
    if (n == 0 || !table_new(n + 1, 2 * input->groups + 1, &t)) return;
    snprintf(table_at(&t, 0, 0), 96, "modalities present");
    for (int g = 0; g < input->groups; g++) {
        snprintf(table_at(&t, 0, 2 * g + 1), 96, "samples");
        snprintf(table_at(&t, 0, 2 * g + 2), 96, "accuracy%s%.80s", input->groups > 1 ? ": " : "",
                 input->groups > 1 ? input->group[g].label : "");
        for (int k = 0; k < n; k++)
            context_cell(&input->group[g], context[k], table_at(&t, k + 1, 2 * g + 1),
                         table_at(&t, k + 1, 2 * g + 2));
    }
    for (int k = 0; k < n; k++)
        snprintf(table_at(&t, k + 1, 0), 96, "%.90s", report_context_text(input->run[0], context[k], name));
    snprintf(
        caption, sizeof caption,
        "Test samples by their context vector: which modalities are present. Of several runs: the mean (smallest "
        "to largest). From %d run%s.",
        input->runs, input->runs == 1 ? "" : "s");
    draw_page_table(page, "Accuracy by context vector", caption, t.rows, t.columns, t.cell);
    table_free(&t);
}
