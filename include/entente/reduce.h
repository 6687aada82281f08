/* Reduction of features, fitted over clients without any raw row leaving its client: standardise, then project.
 *
 * Every client sends sums over its own present training rows; the sums are added exactly, so the result does not
 * depend on the ranks or their order, and equals that of the pooled data.  Count and sum give the mean; the squares
 * about it give the variance; for pca the second moments give the d x d correlation matrix, whose eigenproblem rank 0
 * solves once (LAPACK).  Each sum is scaled by a power of two above the largest magnitude. */
#ifndef ENTENTE_REDUCE_H
#define ENTENTE_REDUCE_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/comm.h"
#include "entente/status.h"

typedef enum {
    ENT_REDUCE_PCA,       /* principal axes; the first output has variance 1 over the training rows, the others
                           their share of it */
    ENT_REDUCE_LINEAR,    /* no reduction here: the model trains an affine map of all standardised features */
    ENT_REDUCE_RANDOM,    /* a fixed Gaussian projection from the seed, entries N(0, 1/d) */
    ENT_REDUCE_NONE,      /* the standardised features as they are; d must equal the outputs */
    ENT_REDUCE_PCA_LINEAR /* principal axes whose scores have variance 1 each over the training rows, an axis without
                             variance 0; the model trains an affine map of them */
} ent_reduce_kind;

typedef struct {
    ent_reduce_kind kind;
    int64_t inputs;   /* d */
    double clip;      /* > 0: standardised features are clipped to -clip..clip, also for pca; 0: not */
    int outputs;      /* pca, pca_linear: at most `inputs`; random: any; none: equal to `inputs`; linear: ignored */
    uint64_t seed;    /* random */
    const char *name; /* name of the modality, for messages and for the random stream */
} ent_reduction_inp;

/* This rank's clients: rows of client j are x[first[j] .. first[j+1]-1][d]; where use[k] is 0 the row is absent. */
typedef struct {
    int64_t clients;
    const int64_t *first; /* [clients + 1] */
    const double *x;
    const uint8_t *use; /* [rows] */
} ent_client_rows;

/* Fields may be read, not written. */
typedef struct {
    ent_reduce_kind kind;
    int64_t inputs;
    int outputs;       /* numbers per row after ent_reduction_apply (linear: = inputs) */
    double clip;       /* as in ent_reduction_inp */
    double *mean;      /* [inputs] */
    double *inverse;   /* [inputs] 1 / standard deviation (population); 0 for a constant column */
    double *matrix;    /* [outputs][inputs] of the standardised features; NULL for linear and none */
    double *explained; /* [outputs] share of the variance (pca, pca_linear), else NULL */
    int64_t count;     /* training rows that it was fitted on */
} ent_reduction;

/* Whether the kind projects on principal axes; whether it projects at all. */
static inline bool ent_reduce_has_axes(ent_reduce_kind kind)
{
    return kind == ENT_REDUCE_PCA || kind == ENT_REDUCE_PCA_LINEAR;
}
static inline bool ent_reduce_projects(ent_reduce_kind kind)
{
    return ent_reduce_has_axes(kind) || kind == ENT_REDUCE_RANDOM;
}
/* Whether the model trains a map of what the reduction gives. */
static inline bool ent_reduce_is_trained(ent_reduce_kind kind)
{
    return kind == ENT_REDUCE_LINEAR || kind == ENT_REDUCE_PCA_LINEAR;
}

/* A standardised feature, clipped to -clip..clip. */
static inline double ent_reduce_clip(double clip, double deviations)
{
    if (clip <= 0.0) return deviations;
    return deviations > clip ? clip : deviations < -clip ? -clip : deviations;
}

/* Fit.  Collective.  Sign of a principal axis: its entry of largest magnitude is positive.
 * Errors, on all ranks: ENT_EDATA no present row at any client; ENT_EARG more outputs than inputs (pca), d != outputs
 * (none): "modality 'audio': 74 features, want ..."; ENT_ENUMERIC, ENT_ENOMEM. */
ent_status ent_reduction_fit(ent_comm *comm, const ent_reduction_inp *inp, const ent_client_rows *rows,
                             ent_reduction **out);
void ent_reduction_free(ent_reduction *reduction);

/* z [n][outputs] from x [n][inputs].  Local. */
void ent_reduction_apply(const ent_reduction *reduction, int64_t n, const double *x, double *z);

#endif
