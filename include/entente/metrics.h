/* What is reported about predictions.  All functions are Local.  Source: model.md, section 7. */
#ifndef ENTENTE_METRICS_H
#define ENTENTE_METRICS_H

#include <stdint.h>

#include "entente/status.h"

/* Predictions of n samples.  classes >= 2: output [n][classes] are logits, category [n] the truth, value [n] (may be
 * NULL) a real label beside it.  classes = 0: output [n] is the real prediction and value [n] the truth. */
typedef struct {
    int64_t n;
    int classes;
    const double *output;
    const int32_t *category;
    const double *value;
} ent_predictions;

/* NaN where a figure does not apply.
 *   accuracy          share of the largest logit on the class; real label: negative against non-negative
 *   accuracy_nonzero  the same without samples whose real label is 0 (negative against positive); two classes alone
 *   accuracy5, 7      real label: nearest whole number after clamping to -2..2, -3..3
 *   f1_weighted       F1 of each class weighted by its samples; f1_macro: the plain mean over the classes that occur
 *   mae, pearson      real label */
typedef struct {
    int64_t n;
    double loss, accuracy, accuracy_nonzero, accuracy5, accuracy7, f1_weighted, f1_macro, mae, pearson;
} ent_metrics;

/* Errors: ENT_ENOMEM.  n = 0 gives NaN everywhere. */
ent_status ent_metrics_compute(const ent_predictions *predictions, ent_metrics *metrics);

/* Whether sample k is predicted right, as `accuracy` counts it. */
int ent_prediction_right(const ent_predictions *predictions, int64_t k);

#endif
