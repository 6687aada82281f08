/* Metrics of predictions.  All functions are Local. */
#ifndef ENTENTE_METRICS_H
#define ENTENTE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/status.h"

/* Predictions of n samples.  classes >= 1: output [n][classes] are logits, category [n] the truth, value [n] (may be
 * NULL) an additional real label.  classes = 0: output [n] is the real prediction and value [n] the truth. */
typedef struct {
    int64_t n;
    int classes;
    const double *output;
    const int32_t *category;
    const double *value;
    bool sentiment; /* value is a sentiment as in CMU-MOSEI, whose sign and rounded values are classes */
} ent_predictions;

/* The metrics, one row each.  Every list of them is generated from here: the struct, JSON, HDF5, CSV, checkpoints,
 * reports.
 *   X(A, name, title, unit, low, high, rounds, description); A is passed through
 *   rounds      in the figures of a round: 2 for validation and test, 1 for test only, 0 for neither
 * NaN where a metric does not apply: for a real label that is not a sentiment, all but loss, mae and pearson.
 * calibration is the expected calibration error of Guo et al. 2017, arXiv 1706.04599. */
/* clang-format off */
#define ENT_METRICS(X, A) \
    X(A, loss, "loss", "nat; of a real label the square of its unit", -INFINITY, INFINITY, 2, \
      "mean cross-entropy; of a real label the mean squared error") \
    X(A, accuracy, "accuracy", "1", 0.0, 1.0, 2, \
      "share of samples whose largest logit is their class; of a sentiment: negative against non-negative") \
    X(A, accuracy_nonzero, "accuracy without value 0", "1", 0.0, 1.0, 0, \
      "accuracy without samples whose sentiment is 0: negative against positive; two classes only") \
    X(A, accuracy5, "accuracy, 5 classes", "1", 0.0, 1.0, 0, \
      "of a sentiment as a real label: nearest whole number after clamping to -2..2") \
    X(A, accuracy7, "accuracy, 7 classes", "1", 0.0, 1.0, 0, \
      "of a sentiment as a real label: nearest whole number after clamping to -3..3") \
    X(A, f1_weighted, "F1 weighted", "1", 0.0, 1.0, 1, "F1 of each class, weighted by its samples") \
    X(A, f1_macro, "F1 macro", "1", 0.0, 1.0, 0, "F1 of each class: the plain mean over the classes that occur") \
    X(A, mae, "mean absolute error", "the label's unit", 0.0, INFINITY, 1, \
      "of a real label: mean distance of prediction and label") \
    X(A, pearson, "Pearson correlation", "1", -1.0, 1.0, 1, "of a real label: correlation of prediction and label") \
    X(A, calibration, "calibration error", "1", 0.0, 1.0, 0, \
      "of classes: mean distance of accuracy and largest probability over 15 bins of the latter, weighted by samples")
/* clang-format on */

typedef struct {
    int64_t n; /* samples */
#define ENT_METRIC_FIELD(A, name, ...) double name;
    ENT_METRICS(ENT_METRIC_FIELD, 0)
#undef ENT_METRIC_FIELD
} ent_metrics;

/* ENT_METRIC_loss, ...: their rows. */
#define ENT_METRIC_ROW(A, name, ...) ENT_METRIC_##name,
enum { ENT_METRICS(ENT_METRIC_ROW, 0) ENT_METRIC_COUNT };
#undef ENT_METRIC_ROW

/* Row k of the table; NULL after the last. */
typedef struct {
    const char *name, *title, *unit, *description;
    double low, high;
} ent_metric;
const ent_metric *ent_metric_at(int k);
double ent_metric_value(const ent_metrics *metrics, int k);
/* The k-th row in the order of display, with the loss last.  -1 after the last. */
int ent_metric_shown(int k);

/* Errors: ENT_ENOMEM.  n = 0 gives NaN everywhere. */
ent_status ent_metrics_compute(const ent_predictions *predictions, ent_metrics *metrics);

/* Whether the label has classes to predict: its own, or the signs of a sentiment. */
bool ent_predictions_have_classes(const ent_predictions *predictions);
/* Whether sample k is predicted correctly, by the definition of `accuracy`. */
bool ent_prediction_right(const ent_predictions *predictions, int64_t k);
/* Samples by class: table [classes][classes], a row per true class, a column per predicted one; overwritten.  classes
 * >= 1. */
void ent_predictions_confusion(const ent_predictions *predictions, int64_t *table);
/* The index of the largest logit. */
int ent_predicted_class(int classes, const double *logit);

#endif
