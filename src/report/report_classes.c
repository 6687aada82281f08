/* The classes: confusion matrix, figures of each class, reliability diagram.  The samples of several runs of a
 * configuration are counted together. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "entente/memory.h"
#include "report.h"

enum { MOST_CLASSES = 64, BINS = 15, MOST_LINES = 24 };

/* Of all runs; NULL if their classes differ, or none has any. */
static double *sum_of(const report_group *g)
{
    const report_run *first = g->run[0];
    if (first->classes == 0) return NULL;
    for (int k = 1; k < g->runs; k++)
        if (g->run[k]->classes != first->classes) return NULL;
    double *sum = ent_alloc(first->classes * first->classes, sizeof *sum);
    for (int k = 0; k < g->runs && sum; k++)
        for (int64_t j = 0; j < first->classes * first->classes; j++) sum[j] += (double)g->run[k]->confusion[j];
    return sum;
}

/* ---- confusion ---- */

static void draw_confusion(draw_page *page, const report_group *g, const double *sum)
{
    const report_run *run = g->run[0];
    const int64_t classes = run->classes;
    double *share = ent_alloc(classes * classes, sizeof *share);
    char title[256], caption[400];
    for (int64_t r = 0; r < classes && share; r++) {
        double samples = 0.0;
        for (int64_t c = 0; c < classes; c++) samples += sum[r * classes + c];
        for (int64_t c = 0; c < classes; c++)
            share[r * classes + c] = samples > 0.0 ? sum[r * classes + c] / samples : NAN;
    }
    snprintf(title, sizeof title, "Confusion matrix: %s", g->label);
    snprintf(caption, sizeof caption,
             "Share of the test samples of a true class (row) that are predicted as another (column), of %d run%s. "
             "Blank rows: no sample.",
             g->runs, g->runs == 1 ? "" : "s");
    const chart_figure figure = {
        title, caption, {"predicted class", "name", 0, false, NAN, NAN}, {"true class", "name", 0, false, NAN, NAN}};
    if (share)
        chart_draw_cells(page, &figure,
                         &(chart_cells){.rows = (int)classes,
                                        .columns = (int)classes,
                                        .row = (const char *const *)run->class_text,
                                        .column = (const char *const *)run->class_text,
                                        .value = share,
                                        .name = "predicted",
                                        .unit = "share of the row",
                                        .range = {0.0, 1.0}});
    ent_free(share);
}

/* ---- figures of each class ---- */

static void put_share(double part, double whole, char text[24])
{
    if (whole > 0.0)
        snprintf(text, 24, "%.4f", part / whole);
    else
        snprintf(text, 24, "-");
}

/* samples, recall, precision, F1, accuracy of telling the class from all others */
static void put_class(const double *sum, int64_t classes, int64_t c, char text[5][24])
{
    double samples = 0.0, predicted = 0.0, all = 0.0;
    const double right = sum[c * classes + c];
    for (int64_t k = 0; k < classes; k++) {
        samples += sum[c * classes + k];
        predicted += sum[k * classes + c];
    }
    for (int64_t k = 0; k < classes * classes; k++) all += sum[k];
    snprintf(text[0], 24, "%.0f", samples);
    put_share(right, samples, text[1]);
    put_share(right, predicted, text[2]);
    put_share(2.0 * right, samples + predicted, text[3]);
    put_share(all - samples - predicted + 2.0 * right, all, text[4]);
}

static void print_classes(draw_page *page, const report_group *g, const double *sum)
{
    enum { COLUMNS = 6 };
    const int64_t classes = g->run[0]->classes;
    const char **cell = ent_alloc((classes + 1) * COLUMNS, sizeof *cell);
    char(*text)[5][24] = ent_alloc(classes, sizeof *text), title[256];
    if (cell && text) {
        static const char *const HEAD[COLUMNS] = {"class", "samples", "recall", "precision", "F1", "accuracy"};
        memcpy(cell, HEAD, sizeof HEAD);
        for (int64_t c = 0; c < classes; c++) {
            put_class(sum, classes, c, text[c]);
            cell[(c + 1) * COLUMNS] = g->run[0]->class_text[c];
            for (int k = 0; k < 5; k++) cell[(c + 1) * COLUMNS + k + 1] = text[c][k];
        }
        snprintf(title, sizeof title, "Classes: %s", g->label);
        draw_page_table(
            page, title,
            "Test samples of all runs. Recall: share of the class's samples that are predicted as this class; "
            "precision: share of the samples predicted as this class that belong to it; accuracy: share of all "
            "samples for which \"this class or another\" is predicted correctly.",
            (int)classes + 1, COLUMNS, cell);
    }
    ent_free(cell);
    ent_free(text);
}

void report_confusion(draw_page *page, const report_group *g)
{
    double *sum = sum_of(g);
    if (sum && g->run[0]->classes > MOST_CLASSES)
        draw_page_paragraph(page, "The confusion matrix of %s is left out: %lld classes, want at most %d.", g->label,
                            (long long)g->run[0]->classes, MOST_CLASSES);
    else if (sum)
        draw_confusion(page, g, sum);
    ent_free(sum);
}

void report_classes(draw_page *page, const report_group *g)
{
    double *sum = sum_of(g);
    if (sum) print_classes(page, g, sum);
    ent_free(sum);
}

/* ---- reliability ---- */

typedef struct {
    double x[BINS], y[BINS]; /* mean of the largest probability, accuracy */
    int n;
    char name[200];
} diagram;

/* The largest probability of a row, and whether its class is right. */
static double confidence_of(const report_run *run, int64_t k, bool *right)
{
    const double *logit = run->output + k * run->classes;
    const int best = ent_predicted_class((int)run->classes, logit);
    double sum = 0.0;
    for (int64_t c = 0; c < run->classes; c++) sum += exp(logit[c] - logit[best]);
    *right = best == run->truth[k];
    return 1.0 / sum;
}

static bool diagram_make(const report_group *g, diagram *d)
{
    double count[BINS] = {0}, probability[BINS] = {0}, hits[BINS] = {0}, all = 0.0, error = 0.0;
    for (int r = 0; r < g->runs; r++)
        for (int64_t k = 0; k < g->run[r]->tested; k++) {
            bool right;
            const double p = confidence_of(g->run[r], k, &right);
            const int bin = isfinite(p) ? (int)fmin(ceil(p * BINS) - 1.0, BINS - 1.0) : -1;
            if (bin < 0) continue;
            count[bin] += 1.0;
            probability[bin] += p;
            hits[bin] += right;
            all += 1.0;
        }
    d->n = 0;
    for (int b = 0; b < BINS; b++) {
        if (count[b] == 0.0) continue;
        d->x[d->n] = probability[b] / count[b];
        d->y[d->n++] = hits[b] / count[b];
        error += fabs(probability[b] - hits[b]);
    }
    snprintf(d->name, sizeof d->name, "%.150s, error %.4f", g->label, all > 0.0 ? error / all : NAN);
    return all > 0.0;
}

void report_reliability(draw_page *page, const report_input *input)
{
    static const double END[2] = {0.0, 1.0};
    diagram *own = ent_alloc(MOST_LINES, sizeof *own);
    chart_line line[MOST_LINES + 1];
    int lines = 0;
    for (int g = 0; g < input->groups && lines < MOST_LINES && own; g++) {
        if (!diagram_make(&input->group[g], &own[lines])) continue;
        line[lines] = (chart_line){
            .name = own[lines].name, .n = own[lines].n, .x = own[lines].x, .y = own[lines].y, .colour = lines};
        lines++;
    }
    const int measured = lines;
    for (int k = 0; k < measured; k++) line[k].colour = chart_colour_of(k, measured);
    line[lines++] = (chart_line){.name = "calibrated", .n = 2, .x = END, .y = END, .colour = -1};
    const chart_figure figure = {
        "Reliability",
        "Accuracy of the test samples in 15 equal bins of the largest probability that the model gives, against its "
        "mean in the bin; below the diagonal the model is overconfident. Error: the expected calibration error (Guo "
        "et "
        "al. "
        "2017), the mean distance from the diagonal over samples, of all runs together.",
        {"largest probability", "mean of the bin", 0, false, 0.0, 1.0},
        {"accuracy", "share of samples", 0, false, 0.0, 1.0}};
    if (measured > 0) chart_draw_lines(page, &figure, lines, line);
    ent_free(own);
}
