/* Privacy loss distributions. */
#ifndef ENTENTE_PRIVACY_PLD_H
#define ENTENTE_PRIVACY_PLD_H

#include "entente/privacy.h"

/* The losses of all steps, one distribution for each way in which data sets are neighbours. */
typedef struct {
    double step; /* between losses */
    int64_t n, first[2];
    double *chance[2]; /* [n] of loss (first + k) step; [1] NULL where it is the same as [0] */
    double infinite[2];
} ent_pld;

/* Of all steps of the mechanism: 0 < rate, 0 < noise, steps > 0.  Errors: ENT_ENOMEM. */
ent_status ent_pld_make(const ent_mechanism *mechanism, ent_pld *out);
void ent_pld_clear(ent_pld *pld);
double ent_pld_delta(const ent_pld *pld, double epsilon);
/* INFINITY where no epsilon has this delta. */
double ent_pld_epsilon(const ent_pld *pld, double delta);

#endif
