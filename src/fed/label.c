/* The form in which the model learns the label.
 *
 * A real label is standardised: the model learns (value - mean) / deviation, so that learning rates and initial
 * weights suit any unit; reported figures are in the label's unit.  Mean and deviation are federated: every client
 * contributes count, sum, and then squares about the mean of its training rows, which are added exactly, so that the
 * result does not depend on the order of clients or ranks.  Each sum is scaled by a power of two above the largest
 * magnitude, as in a reduction of features. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "features.h"

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
                "values from %g to %g: their deviation is not a usable number", low, high);
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

/* Shares of a client are taken as if so many times as many rows had the mixture of all (choose_defaults.py). */
static const double COMMON_ROWS = 0.3;

/* How alike the clients' mixtures of classes are: the concentration A of a Dirichlet distribution around the mixture
 * of all rows, by moments.  With n rows of a client, k of a class whose share is p, E (k - n p)^2 = n p (1 - p) (1 +
 * (n - 1) / (1 + A)); summed over clients and classes.  Infinite where they are no less alike than by chance. */
static double likeness(const ent_population *p, const ent_target *target, double *count)
{
    const ent_part *train = &p->part[ENT_TRAIN];
    double squares = 0.0, spread = 0.0, rows = 0.0, rows_squared = 0.0;
    for (int c = 0; c < target->outputs; c++) spread += exp(target->prior[c]) * (1.0 - exp(target->prior[c]));
    for (int64_t i = 0; i < p->clients; i++) {
        const int64_t first = train->first[i], end = train->first[i + 1];
        const double n = (double)(end - first);
        memset(count, 0, (size_t)target->outputs * sizeof *count);
        for (int64_t k = first; k < end; k++) count[train->category[k]] += 1.0;
        for (int c = 0; c < target->outputs; c++) squares += pow(count[c] - n * exp(target->prior[c]), 2.0);
        rows += n;
        rows_squared += n * n;
    }
    const double excess = squares / spread - rows, most = rows_squared - rows;
    return excess > 0.0 && most > 0.0 ? fmax(most / excess - 1.0, 0.0) : INFINITY;
}

void ent_label_adjust(const ent_part *train, const ent_target *target, int64_t client, double *offset)
{
    const int64_t first = train->first[client], end = train->first[client + 1];
    memset(offset, 0, (size_t)target->outputs * sizeof *offset);
    for (int64_t k = first; k < end; k++) offset[train->category[k]] += 1.0;
    const double n = (double)(end - first), s = target->alike + COMMON_ROWS * n;
    for (int c = 0; c < target->outputs; c++)
        offset[c] = isfinite(s) ? log((offset[c] / exp(target->prior[c]) + s) / (n + s)) : 0.0;
}

ent_status ent_label_fit(ent_population *p, ent_target *target)
{
    ent_part *train = &p->part[ENT_TRAIN];
    ent_label *label = &target->label;
    double *count = ent_alloc(target->outputs, sizeof *count);
    target->prior = ent_alloc(target->outputs, sizeof *target->prior);
    train->target = label->classes == 0 ? ent_alloc(train->n, sizeof *train->target) : NULL;
    const bool there = count && target->prior && (train->target || label->classes > 0);
    ent_status status = there ? ENT_OK : ent_fail(ENT_ENOMEM, "label: no memory");
    if (status == ENT_OK && label->classes == 0) status = measure_values(train, label);
    if (status == ENT_OK) {
        ent_label_aim(train, label);
        fill_prior(train, label, target->prior);
        target->alike = label->classes > 0 ? likeness(p, target, count) : INFINITY;
    }
    ent_free(count);
    if (status != ENT_OK) {
        ent_free(target->prior);
        target->prior = NULL;
    }
    return status;
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

void ent_answer_by_prior(const ent_target *target, const ent_part *part, int64_t first, int64_t n, double *output)
{
    const int outputs = target->outputs;
    for (int64_t k = 0; k < n; k++)
        if (!part->answered[first + k]) memcpy(output + k * outputs, target->prior, (size_t)outputs * sizeof *output);
}
