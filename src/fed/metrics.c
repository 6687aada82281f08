#include "entente/metrics.h"

#include <math.h>
#include <string.h>

#include "entente/exact.h"
#include "entente/memory.h"
#include "entente/model.h"

/* ---- the table ---- */

#define ROW(A, name, title, unit, low, high, rounds, description) {#name, title, unit, description, low, high},
static const ent_metric METRIC[] = {ENT_METRICS(ROW, 0)};
#undef ROW

const ent_metric *ent_metric_at(int k)
{
    return k < ENT_METRIC_COUNT ? &METRIC[k] : NULL;
}

double ent_metric_value(const ent_metrics *m, int k)
{
#define VALUE(A, name, ...) m->name,
    const double value[] = {ENT_METRICS(VALUE, 0)};
#undef VALUE
    return value[k];
}

int ent_metric_shown(int k)
{
    return k < ENT_METRIC_COUNT ? (k + 1) % ENT_METRIC_COUNT : -1;
}

/* ---- computing ---- */

int ent_predicted_class(int classes, const double *logit)
{
    int best = 0;
    for (int c = 1; c < classes; c++)
        if (logit[c] > logit[best]) best = c;
    return best;
}

/* Classes for accuracy: a sentiment is negative (0) or not (1). */
static int class_count(const ent_predictions *p)
{
    return p->classes > 0 ? p->classes : 2;
}

static int true_class(const ent_predictions *p, int64_t k)
{
    return p->classes > 0 ? p->category[k] : p->value[k] >= 0.0;
}

static int predicted_class(const ent_predictions *p, int64_t k)
{
    return p->classes > 0 ? ent_predicted_class(p->classes, p->output + k * p->classes) : p->output[k] >= 0.0;
}

bool ent_predictions_have_classes(const ent_predictions *p)
{
    return p->classes > 0 || p->sentiment;
}

bool ent_prediction_right(const ent_predictions *p, int64_t k)
{
    return predicted_class(p, k) == true_class(p, k);
}

static double share_right(const ent_predictions *p, bool without_zero)
{
    int64_t right = 0, count = 0;
    for (int64_t k = 0; k < p->n; k++) {
        if (without_zero && p->value[k] == 0.0) continue;
        count++;
        right += ent_prediction_right(p, k);
    }
    return count > 0 ? (double)right / (double)count : NAN;
}

/* Nearest whole number after clamping to -limit..limit: the 5 and 7 classes of CMU-MOSEI papers. */
static double share_right_rounded(const ent_predictions *p, double limit)
{
    int64_t right = 0;
    for (int64_t k = 0; k < p->n; k++)
        right += rint(fmin(fmax(p->output[k], -limit), limit)) == rint(fmin(fmax(p->value[k], -limit), limit));
    return (double)right / (double)p->n;
}

/* table [classes][3]: samples of the class, predictions of it, both. */
static void f1(const ent_predictions *p, int64_t *table, ent_metrics *metrics)
{
    const int classes = class_count(p);
    for (int64_t k = 0; k < p->n; k++) {
        const int truth = true_class(p, k), predicted = predicted_class(p, k);
        table[3 * truth]++;
        table[3 * predicted + 1]++;
        if (truth == predicted) table[3 * truth + 2]++;
    }
    double weighted = 0.0, sum = 0.0;
    int occurring = 0;
    for (int c = 0; c < classes; c++) {
        const double both = (double)table[3 * c + 2], either = (double)(table[3 * c] + table[3 * c + 1]);
        const double score = either > 0.0 ? 2.0 * both / either : 0.0;
        weighted += score * (double)table[3 * c];
        if (either > 0.0) {
            sum += score;
            occurring++;
        }
    }
    metrics->f1_weighted = weighted / (double)p->n;
    metrics->f1_macro = sum / occurring;
}

/* The sums below do not depend on the order of the samples, so that a part has the same figures in the order of the
 * clients and in that of the file.  term [n] is scratch. */
static void real_errors(const ent_predictions *p, double *term, ent_metrics *metrics)
{
    const int64_t n = p->n;
    for (int64_t k = 0; k < n; k++) term[k] = fabs(p->output[k] - p->value[k]);
    metrics->mae = ent_exact_total(term, n) / (double)n;
    const double mean_y = ent_exact_total(p->output, n) / (double)n,
                 mean_t = ent_exact_total(p->value, n) / (double)n;
    for (int64_t k = 0; k < n; k++) term[k] = (p->output[k] - mean_y) * (p->output[k] - mean_y);
    const double yy = ent_exact_total(term, n);
    for (int64_t k = 0; k < n; k++) term[k] = (p->value[k] - mean_t) * (p->value[k] - mean_t);
    const double tt = ent_exact_total(term, n);
    for (int64_t k = 0; k < n; k++) term[k] = (p->output[k] - mean_y) * (p->value[k] - mean_t);
    metrics->pearson = yy > 0.0 && tt > 0.0 ? ent_exact_total(term, n) / (sqrt(yy) * sqrt(tt)) : NAN;
}

void ent_predictions_confusion(const ent_predictions *p, int64_t *table)
{
    memset(table, 0, (size_t)p->classes * (size_t)p->classes * sizeof *table);
    for (int64_t k = 0; k < p->n; k++) table[true_class(p, k) * p->classes + predicted_class(p, k)]++;
}

/* The softmax's largest probability. */
static double confidence(const ent_predictions *p, int64_t k)
{
    const double *logit = p->output + k * p->classes;
    const double largest = logit[ent_predicted_class(p->classes, logit)];
    double sum = 0.0;
    for (int c = 0; c < p->classes; c++) sum += exp(logit[c] - largest);
    return 1.0 / sum;
}

/* Bins of equal width: (0, 1/15], (1/15, 2/15], ... */
static double calibration_error(const ent_predictions *p)
{
    enum { BINS = 15 };
    ent_exact surplus[BINS] = {{{0}}}; /* confidence less accuracy, times the samples */
    double sum = 0.0;
    for (int64_t k = 0; k < p->n; k++) {
        const double sure = confidence(p, k), more = sure - ent_prediction_right(p, k);
        if (isnan(sure)) return NAN;
        const int bin = (int)ceil(BINS * sure) - 1;
        ent_exact_add(&surplus[bin < 0 ? 0 : bin < BINS ? bin : BINS - 1], &more, 1.0, 1); /* within -1..1 */
    }
    for (int b = 0; b < BINS; b++) sum += fabs(ent_exact_value(&surplus[b]));
    return sum / (double)p->n;
}

static double mean_loss(const ent_predictions *p, double *term)
{
    const int squared = p->classes == 0, outputs = squared ? 1 : p->classes;
    for (int64_t k = 0; k < p->n; k++)
        term[k] = ent_loss(squared, outputs, p->output + k * outputs, squared ? 0 : p->category[k],
                           squared ? p->value[k] : 0.0, NULL);
    return ent_exact_total(term, p->n) / (double)p->n;
}

static void class_figures(const ent_predictions *p, int64_t *table, ent_metrics *metrics)
{
    metrics->accuracy = share_right(p, false);
    if (p->classes > 0) metrics->calibration = calibration_error(p);
    f1(p, table, metrics);
    if (p->sentiment && class_count(p) == 2) metrics->accuracy_nonzero = share_right(p, true);
    if (p->classes > 0) return;
    metrics->accuracy5 = share_right_rounded(p, 2.0);
    metrics->accuracy7 = share_right_rounded(p, 3.0);
}

ent_status ent_metrics_compute(const ent_predictions *p, ent_metrics *metrics)
{
#define NOT_APPLICABLE(A, name, ...) .name = NAN,
    *metrics = (ent_metrics){ENT_METRICS(NOT_APPLICABLE, 0).n = p->n};
#undef NOT_APPLICABLE
    if (p->n == 0) return ENT_OK;
    double *term = ent_alloc(p->n, sizeof *term);
    int64_t *table = ent_alloc(3 * class_count(p), sizeof *table);
    const bool there = term && table;
    if (there) metrics->loss = mean_loss(p, term);
    if (there && p->classes == 0) real_errors(p, term, metrics);
    if (there && ent_predictions_have_classes(p)) class_figures(p, table, metrics);
    ent_free(term);
    ent_free(table);
    return there ? ENT_OK : ent_fail(ENT_ENOMEM, "metrics: no memory");
}
