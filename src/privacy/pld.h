/* Privacy loss distributions of the sampled Gaussian mechanism. */
#ifndef ENTENTE_PRIVACY_PLD_H
#define ENTENTE_PRIVACY_PLD_H

#include "entente/privacy.h"

enum { ENT_PLD_MOMENTS = 44 };

/* One round, for one of the ways in which data sets are neighbours. */
typedef struct {
    double least, most;                /* losses */
    double moment[2][ENT_PLD_MOMENTS]; /* logarithms of E[exp(t loss)], and at -t */
    double *transform;                 /* [n / 2 + 1][re, im] Fourier transform of the distribution */
    double infinite;                   /* chance of an infinite loss */
} ent_pld_way;

typedef struct {
    int ways;
    double step; /* between losses */
    int64_t n;
    ent_pld_way way[2];
    double *power, *sum;
    /* of the sum that was computed last */
    double *chance; /* [n] of loss (first + k) step */
    int64_t first;
    double infinite;
} ent_pld;

/* For up to `most` >= 1 rounds: 0 < rate <= 1, 0 < noise.  Errors: ENT_ENOMEM. */
ent_status ent_pld_make(double rate, double noise, int64_t most, ent_pld *out);
void ent_pld_clear(ent_pld *pld);
/* After 1 <= `steps` <= `most` rounds; INFINITY if no epsilon has this delta. */
double ent_pld_delta(ent_pld *pld, int64_t steps, double epsilon);
double ent_pld_epsilon(ent_pld *pld, int64_t steps, double delta);

#endif
