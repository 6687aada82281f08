/* Figures over several groups: learning curves, accuracy by missing rate. */
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

/* Horizontal lines; chart_draw_lines points to them. */
typedef struct {
    double x[2], y[2][2];
    char name[2][48];
} rules;

/* The point of a line that is the selected round of all runs of a group, as chart_line.ring. */
static int ring_of(const report_group *g, const chart_line *line)
{
    const int64_t selected = g->run[0]->selected;
    for (int k = 1; k < g->runs; k++)
        if (g->run[k]->selected != selected) return 0;
    for (int k = 0; k < line->n && selected >= 0; k++)
        if (line->x[k] == (double)selected + 1.0) return k + 1;
    return 0;
}

/* Accuracy of the majority class and of guessing, from the first to the last round, if it is the same for all runs.
 * Returns their number. */
static int add_rules(const report_input *input, chart_line *line, rules *own)
{
    int lines = 0;
    const report_run *first = input->run[0];
    const double value[2] = {first->majority, first->chance};
    for (int w = 0; w < 2; w++) {
        bool same = isfinite(value[w]);
        own->x[0] = 1.0;
        own->x[1] = fmax(own->x[1], 1.0);
        for (int k = 0; k < input->runs; k++) {
            same = same && (w == 0 ? input->run[k]->majority : input->run[k]->chance) == value[w];
            own->x[1] = fmax(own->x[1], (double)input->run[k]->rounds);
        }
        if (!same) continue;
        own->y[w][0] = own->y[w][1] = value[w];
        snprintf(own->name[w], sizeof own->name[w], "%s %.3f", w == 0 ? "majority class" : "chance", value[w]);
        line[lines++] = (chart_line){.name = own->name[w], .n = 2, .x = own->x, .y = own->y[w], .colour = -1};
    }
    return lines;
}

/* What a single group of runs shows in addition to the curve: its validation figures, majority class and chance.
 * Returns their number.  Several groups would have too many lines. */
static int add_company(const report_input *input, const char *column, curve *c, chart_line *line, rules *own)
{
    static const char TEST[] = "test_";
    char name[64];
    const report_run *run = input->group[0].run[0];
    const bool accuracy = strcmp(column, "test_accuracy") == 0;
    int lines = 0;
    if (strncmp(column, TEST, sizeof TEST - 1) == 0 && input->groups == 1) {
        snprintf(name, sizeof name, "validation_%.40s", column + sizeof TEST - 1);
        if (curve_make(&input->group[0], name, c, line)) {
            snprintf(c->name, sizeof c->name, "on validation rows");
            line[lines++].colour = 1;
        }
    }
    if (!accuracy || run->rounds < 2) return lines;
    return lines + add_rules(input, line + lines, own);
}

static void draw_curves(draw_page *page, const report_input *input, const char *column, chart_figure figure)
{
    curve c[MOST_GROUPS + 1] = {{.x = NULL}};
    chart_line line[MOST_GROUPS + 3];
    int lines = 0, groups = input->groups < MOST_GROUPS ? input->groups : MOST_GROUPS;
    char caption[640];
    bool several = false, ringed = false;
    rules own = {.x = {0.0}};
    for (int g = 0; g < groups; g++) {
        if (!curve_make(&input->group[g], column, &c[g], &line[lines])) continue;
        line[lines].ring = ring_of(&input->group[g], &line[lines]);
        ringed |= line[lines].ring > 0;
        several |= input->group[g].runs > 1;
        line[lines].colour = chart_colour_of(lines, groups);
        lines++;
    }
    snprintf(caption, sizeof caption, "%s From %d run%s in %d configuration%s%s%s%s", figure.caption, input->runs,
             input->runs == 1 ? "" : "s", input->groups, input->groups == 1 ? "" : "s",
             several ? "; lines are means over seeds, the spread is from the smallest to the largest run." : ".",
             ringed ? " Ringed: the round whose weights are kept (run.select)." : "",
             input->groups > groups ? " The first 24 configurations are drawn." : "");
    figure.caption = caption;
    if (lines > 0) lines += add_company(input, column, &c[groups], &line[lines], &own);
    if (lines > 0) chart_draw_lines(page, &figure, lines, line);
    for (int g = 0; g <= groups; g++) curve_clear(&c[g]);
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
        bool several; /* of one configuration it is beside the test figures */
    } TABLE[] = {
        {"test_accuracy", "Test accuracy by round", "Share of the test samples that are predicted correctly.",
         "test accuracy", "share of samples", false},
        {"train_loss", "Training loss by round", "Mean loss of the samples while clients train on them.",
         "training loss", "per sample", false},
        {"validation_accuracy", "Validation accuracy by round",
         "Share of the validation samples that are predicted correctly.", "validation accuracy", "share of samples",
         true},
        {"validation_loss", "Validation loss by round", "Mean loss of the validation samples.", "validation loss",
         "per sample", true},
        {"test_loss", "Test loss by round", "Mean loss of the test samples.", "test loss", "per sample", false},
        {"epsilon", "Privacy by round",
         "Epsilon of differential privacy that all rounds so far have spent, at the delta of the configuration.",
         "epsilon", "nat", false},
        {"test_mae", "Mean absolute error by round",
         "Mean distance between prediction and label on the test samples.", "mean absolute error", "label's unit",
         false}};
    for (size_t k = 0; k < sizeof TABLE / sizeof *TABLE; k++) {
        if (!any_finite(input, TABLE[k].column) || (TABLE[k].several && input->groups == 1)) continue;
        draw_curves(page, input, TABLE[k].column,
                    (chart_figure){TABLE[k].title,
                                   TABLE[k].caption,
                                   {"round", "number", 0, true, NAN, NAN},
                                   {TABLE[k].name, TABLE[k].unit, 0, false, NAN, NAN}});
    }
}

/* ---- accuracy by missing rate ---- */

/* A group's missing rate: that of all modalities, or the largest; NAN if nothing is made missing. */
static double rate_of(const report_run *run)
{
    const ent_config_missing *c = &run->config->missing;
    double most = 0.0;
    if (c->level == ENT_LEVEL_FIXED) return NAN;
    for (unsigned m = 0; m < run->config->data.modalities_count; m++) most = fmax(most, c->rate[m]);
    return most;
}

/* Whether two configurations differ at most in their missing rates. */
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

/* The line of all groups that differ from group `first` only in the rate; false if an earlier group has drawn it. */
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
             "if they differ). From %d runs; points are means over seeds, bars reach from the smallest to the "
             "largest run.",
             input->runs);
    const chart_figure figure = {"Accuracy against missing rate",
                                 caption,
                                 {"missing rate", "probability", 0, false, NAN, NAN},
                                 {"test accuracy", "share of samples", 0, false, NAN, NAN}};
    if (longest > 1) chart_draw_lines(page, &figure, lines, line);
    ent_free(own);
}
