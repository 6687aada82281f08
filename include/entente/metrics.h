/* Metrics of predictions.  All functions are Local.  Source: model.md, section 7. */
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

/* NaN where a figure does not apply: for a real label that is not a sentiment, all but loss, mae and pearson.
 *   loss              mean cross-entropy; real label: mean squared error, in the square of the label's unit
 *   accuracy          share of samples whose largest logit is that of the class; sentiment: negative against
 *                     non-negative
 *   accuracy_nonzero  the same without samples whose sentiment is 0 (negative against positive); two classes only
 *   accuracy5, 7      sentiment as a real label: nearest whole number after clamping to -2..2, -3..3
 *   f1_weighted       F1 of each class weighted by its samples; f1_macro: the plain mean over the classes that occur
 *   mae, pearson      real label, mae in its unit */
typedef struct {
    int64_t n;
    double loss, accuracy, accuracy_nonzero, accuracy5, accuracy7, f1_weighted, f1_macro, mae, pearson;
} ent_metrics;

/* Errors: ENT_ENOMEM.  n = 0 gives NaN everywhere. */
ent_status ent_metrics_compute(const ent_predictions *predictions, ent_metrics *metrics);

/* Whether the label has classes to predict: its own, or the signs of a sentiment. */
bool ent_predictions_have_classes(const ent_predictions *predictions);
/* Whether sample k is predicted correctly, by the definition of `accuracy`. */
bool ent_prediction_right(const ent_predictions *predictions, int64_t k);
/* The index of the largest logit. */
int ent_predicted_class(int classes, const double *logit);

#endif
