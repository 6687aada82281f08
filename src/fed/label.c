/* The label as the model learns it.
 *
 * A real label is standardised: the model learns (value - mean) / deviation, so that learning rates and starting
 * weights suit any unit, and all that is reported is in the label's unit again.  Mean and deviation are federated:
 * every client gives count, sum, and then squares about the mean of its training rows, which are added exactly, so
 * that neither clients nor ranks nor their order can change a bit.  A power of two above the largest magnitude scales
 * each sum, as in a reduction of features. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "fed.h"

/* The mean of ((value - about)^power) over the training rows, power 1 or 2. */
static ent_status mean_about(const ent_part *train, double about, int power, double *out)
{
    double most = 0.0;
    int exponent;
    ent_exact sum = {{0}};
    for (int64_t k = 0; k < train->n; k++) most = fmax(most, fabs(train->value[k] - about));
    frexp(most, &exponent);
    for (int64_t k = 0; k < train->n; k++) {
        const double part = ldexp(train->value[k] - about, -exponent), term = power == 2 ? part * part : part;
        ENT_TRY(ent_exact_add(&sum, &term, 1.0, 1));
    }
    *out = ldexp(ent_exact_value(&sum) / (double)train->n, power * exponent);
    return ENT_OK;
}

/* Mean, deviation and range over the training rows. */
static ent_status measure_values(const ent_part *train, ent_label *label)
{
    double low = INFINITY, high = -INFINITY, square = 0.0;
    for (int64_t k = 0; k < train->n; k++) {
        low = fmin(low, train->value[k]);
        high = fmax(high, train->value[k]);
    }
    ENT_TRY(mean_about(train, 0.0, 1, &label->mean));
    ENT_TRY(mean_about(train, label->mean, 2, &square));
    label->deviation = high > low ? sqrt(square) : 1.0;
    label->center = 0.5 * low + 0.5 * high;
    label->half = high > low ? 0.5 * high - 0.5 * low : 1.0;
    ENT_REQUIRE(isfinite(label->deviation) && label->deviation > 0.0, ENT_ENUMERIC,
                "values from %g to %g: their deviation is not a number that can be used", low, high);
    return ENT_OK;
}

/* Log-frequencies of the training classes (one sample added to each), or the training mean. */
static void fill_prior(const ent_part *train, const ent_label *label, double *prior)
{
    const int classes = label->classes;
    for (int64_t k = 0; k < train->n && classes > 0; k++) prior[train->category[k]] += 1.0;
    for (int c = 0; c < classes; c++) prior[c] = log((prior[c] + 1.0) / (double)(train->n + classes));
    if (classes == 0) prior[0] = label->mean;
}

ent_status ent_label_balance(const ent_part *train, ent_target *target)
{
    const int classes = target->label.classes;
    int present = 0;
    if (classes == 0) return ENT_OK;
    double *weight = target->class_weight = ent_alloc(target->outputs, sizeof *weight);
    ENT_REQUIRE(weight, ENT_ENOMEM, "label: no memory");
    for (int64_t k = 0; k < train->n; k++) weight[train->category[k]] += 1.0;
    for (int c = 0; c < classes; c++) present += weight[c] > 0.0;
    for (int c = 0; c < classes; c++)
        if (weight[c] > 0.0) weight[c] = (double)train->n / (present * weight[c]);
    return ENT_OK;
}

ent_status ent_label_fit(ent_part *train, ent_target *target)
{
    ent_label *label = &target->label;
    target->prior = ent_alloc(target->outputs, sizeof *target->prior);
    train->target = label->classes == 0 ? ent_alloc(train->n, sizeof *train->target) : NULL;
    ENT_REQUIRE(target->prior && (train->target || label->classes > 0), ENT_ENOMEM, "label: no memory");
    if (label->classes == 0) ENT_TRY(measure_values(train, label));
    ent_label_aim(train, label);
    fill_prior(train, label, target->prior);
    return ENT_OK;
}

void ent_label_aim(ent_part *train, const ent_label *label)
{
    for (int64_t k = 0; train->target && k < train->n; k++)
        train->target[k] = (train->value[k] - label->mean) / label->deviation;
}

void ent_label_restore(const ent_label *label, int64_t n, double *output)
{
    for (int64_t k = 0; k < n && label->classes == 0; k++) output[k] = label->mean + label->deviation * output[k];
}

double ent_label_square(const ent_label *label)
{
    return label->classes == 0 ? label->deviation * label->deviation : 1.0;
}
