/* The label as the model learns it.
 *
 * A real label is standardised: the model learns (value - mean) / deviation, so that learning rates and starting weights
 * suit any unit, and all that is reported is in the label's unit again.  Mean and deviation are federated: every client
 * gives count, sum, and then squares about the mean of its training rows, which are added exactly, so that neither clients
 * nor ranks nor their order can change a bit.  A power of two above the largest magnitude scales each sum, as in a
 * reduction of features. */
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
                "a label from %g to %g: its deviation is not a number that can be used", low, high);
    return ENT_OK;
}

/* A class that has no training row weighs nothing. */
static ent_status balance_classes(ent_federation *f)
{
    const ent_part *train = &f->part[ENT_TRAIN];
    const int classes = f->label.classes;
    int present = 0;
    f->class_weight = ent_alloc(f->outputs, sizeof *f->class_weight);
    ENT_REQUIRE(f->class_weight, ENT_ENOMEM, "label: no memory");
    for (int64_t k = 0; k < train->n; k++) f->class_weight[train->category[k]] += 1.0;
    for (int c = 0; c < classes; c++) present += f->class_weight[c] > 0.0;
    for (int c = 0; c < classes; c++)
        if (f->class_weight[c] > 0.0) f->class_weight[c] = (double)train->n / (present * f->class_weight[c]);
    return ENT_OK;
}

/* Log-frequencies of the training classes (one sample added to each), or the training mean. */
static void fill_prior(ent_federation *f)
{
    const ent_part *train = &f->part[ENT_TRAIN];
    const int classes = f->label.classes;
    for (int64_t k = 0; k < train->n && classes > 0; k++) f->prior[train->category[k]] += 1.0;
    for (int c = 0; c < classes; c++) f->prior[c] = log((f->prior[c] + 1.0) / (double)(train->n + classes));
    if (classes == 0) f->prior[0] = f->label.mean;
}

ent_status ent_label_fit(ent_federation *f)
{
    ent_part *train = &f->part[ENT_TRAIN];
    f->prior = ent_alloc(f->outputs, sizeof *f->prior);
    train->target = f->label.classes == 0 ? ent_alloc(train->n, sizeof *train->target) : NULL;
    ENT_REQUIRE(f->prior && (train->target || f->label.classes > 0), ENT_ENOMEM, "label: no memory");
    if (f->label.classes == 0) ENT_TRY(measure_values(train, &f->label));
    ent_label_aim(f);
    fill_prior(f);
    if (f->label.classes > 0 && f->config->client.class_weights == ENT_CLASS_WEIGHTS_BALANCED)
        return balance_classes(f);
    return ENT_OK;
}

void ent_label_aim(ent_federation *f)
{
    ent_part *train = &f->part[ENT_TRAIN];
    for (int64_t k = 0; train->target && k < train->n; k++)
        train->target[k] = (train->value[k] - f->label.mean) / f->label.deviation;
}

void ent_label_restore(const ent_federation *f, int64_t n, double *output)
{
    for (int64_t k = 0; k < n && f->label.classes == 0; k++)
        output[k] = f->label.mean + f->label.deviation * output[k];
}

double ent_label_square(const ent_federation *f)
{
    return f->label.classes == 0 ? f->label.deviation * f->label.deviation : 1.0;
}
