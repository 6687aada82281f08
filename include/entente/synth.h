/* A synthetic data set of M modalities whose label needs more than one of them. */
#ifndef ENTENTE_SYNTH_H
#define ENTENTE_SYNTH_H

#include <stdint.h>

#include "entente/dataset.h"
#include "entente/status.h"

/* Latent variables h_m ~ N(0, 1), one per modality.  The label's score is
 *     own * h_0 + cross * sum over m of h_m h_{(m+1) mod M} / sqrt(M) + group_shift * (an offset of the row's group)
 * (M = 1: own * h_0), so that one part of it depends on a single modality and another on products of two.  Classes
 * are the score's equal-count bins; /label/value is the score.  Features of modality m: a fixed random direction of
 * length sqrt(d) times h_m / sqrt(d), plus `noise` N(0, 1) on each. */
typedef struct {
    int64_t rows;             /* >= 10; 70 % train, 10 % validation, 20 % test, drawn by row */
    int modalities;           /* 1..ENT_MAX_MODALITIES, named m0, m1, ... or as `names` says */
    const char *const *names; /* [modalities] or NULL */
    int64_t dimension[ENT_MAX_MODALITIES];
    int classes; /* >= 2 */
    int groups;  /* >= 1 */
    double own, cross, noise, group_shift;
    double missing; /* share of each modality that is absent in the file (present = 0, features NaN) */
    uint64_t seed;
} ent_synth_inp;

ent_synth_inp ent_synth_default(void);

/* Write it to `path`, completely (temporary name, flushed, renamed) or not at all.  Local.
 * Errors: ENT_EARG, ENT_EIO (an existing file is not overwritten unless `replace`). */
ent_status ent_synth_write(const ent_synth_inp *inp, const char *path, int replace);

#endif
