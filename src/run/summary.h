/* Figures of a model: a table for the terminal, one JSON object for programs. */
#ifndef ENTENTE_RUN_SUMMARY_H
#define ENTENTE_RUN_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "entente/fed.h"

/* The interval that contains the accuracy of `level` of all resamples of n rows with replacement (the percentile
 * bootstrap with infinitely many): quantiles of the binomial distribution.  NaN for n < 1. */
void run_accuracy_interval(int64_t n, double accuracy, double level, double *low, double *high);

void run_print_table(FILE *out, const ent_federation_view *view);
/* Whether the model is worse on the validation rows than the most frequent class or the mean of the training labels;
 * `text` then says so. */
bool run_constant_is_better(const ent_federation_view *view, char text[256]);
/* Over the values that are not NaN; `value` is sorted.  worst_decile: the mean of the lowest tenth, at least one. */
typedef struct {
    int64_t n;
    double mean, spread, worst_decile;
    double gini; /* of the values: 0 where all are equal, towards 1 where few have all */
} run_spread;
run_spread run_spread_of(int64_t n, double *value);
void run_print_spread(FILE *out, const char *name, const run_spread *spread); /* does nothing for n < 2 */
void run_print_json(const ent_federation_view *view);                         /* to standard output */

#endif
