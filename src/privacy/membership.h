/* Membership inference: how well a score tells rows that a model was trained on from rows that it was not.
 *
 *   threshold  the score itself: members have smaller losses (Yeom et al. 2018, arXiv 1709.01604)
 *   ratio      the logarithm of the likelihood ratio of two normal distributions, of the score among members and
 *              among the others, for each class separately (Carlini et al. 2022, arXiv 2112.03570, without shadow
 *              models: the attacker knows half of the rows)
 *
 * Rows are split in two halves at random; the threshold and the distributions of each half come from the other, so
 * that nothing is fitted to the rows that it is measured on, and no advantage is expected if there is none.  Local.
 * */
#ifndef ENTENTE_PRIVACY_MEMBERSHIP_H
#define ENTENTE_PRIVACY_MEMBERSHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/status.h"

typedef struct {
    int64_t n;
    const double *score; /* [n] larger for members: minus the loss, or the log-odds of the true class */
    const bool *member;  /* [n] */
    const int32_t *kind; /* [n] the class, 0..kinds-1; NULL: one kind */
    int kinds;
} ent_membership;

typedef struct {
    double low, value, high; /* a percentile bootstrap interval of 95 % */
} ent_interval;

enum { ENT_ROC_POINTS = 101 };
typedef struct {
    int64_t members, others;
    ent_interval area;          /* under the ROC curve: 0.5 for a guess */
    ent_interval advantage;     /* true positive rate less false positive rate, at the other half's best threshold */
    double at_1_percent;        /* true positive rate at a false positive rate of 1 % */
    double roc[ENT_ROC_POINTS]; /* true positive rate at false positive rates 0, 0.01, .. 1 */
} ent_attack_figures;

/* By the score itself, or by the likelihood ratio.  `seed`: for the halves and for 400 resamples.
 * Errors: ENT_EDATA, fewer than 4 members or others; ENT_ENOMEM. */
ent_status ent_membership_attack(const ent_membership *rows, bool ratio, uint64_t seed, ent_attack_figures *out);

/* The largest advantage against a mechanism that is (epsilon, delta)-private: (e^epsilon - 1 + 2 delta) / (e^epsilon
 * + 1) (Kairouz, Oh, Viswanath 2015, arXiv 1311.0776). */
double ent_membership_bound(double epsilon, double delta);

#endif
