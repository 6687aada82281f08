/* The inputs of the model, and what it predicts. */
#ifndef ENTENTE_FED_FEATURES_H
#define ENTENTE_FED_FEATURES_H

#include "entente/fed.h"
#include "fed/population.h"
#include "fed/ranks.h"

typedef struct ent_store ent_store;

/* Rows first..first+n-1 of a part's table with the inputs of the model. */
typedef struct {
    int64_t first, n;
    double *x[ENT_MAX_MODALITIES]; /* [n][features.width] */
    ent_samples samples;
} ent_rows;

/* The inputs of the model. */
typedef struct {
    ent_dataset *dataset;
    ent_reduction *reduction[ENT_MAX_MODALITIES];
    int angles[ENT_MAX_MODALITIES];     /* data angles of a register's circuit per sample */
    int64_t width[ENT_MAX_MODALITIES];  /* inputs of the model per sample */
    double *absent[ENT_MAX_MODALITIES]; /* [width] the policy's substitute for an absent modality, or NULL */
    ent_rows slice[ENT_PARTS];          /* this rank's slice of validation and test rows */
    ent_store *train; /* training rows kept from fitting the reductions, until a training takes them over */
    double read_s;
} ent_features;

/* rows.c */

/* Fit the reductions to the training rows, keeping as many of them as memory allows, then read this rank's slices for
 * evaluation.  Collective. */
ent_status ent_rows_load(const ent_ranks *ranks, const ent_population *population, ent_features *features, bool fit);
/* Features of rows at[0..n-1] of a part's table: x[m] [n][features->width[m]].  Local. */
ent_status ent_rows_read(const ent_features *features, const ent_population *population, int part, int64_t n,
                         const int64_t *at, double *const x[ENT_MAX_MODALITIES]);
void ent_rows_clear(ent_rows *rows);
/* The first row of rank r's slice of a part of n rows. */
static inline int64_t ent_slice_begin(int64_t n, int rank, int size)
{
    return n / size * rank + (rank < n % size ? rank : n % size);
}

/* reads.c: check that a register's circuit, from the OpenQASM file `path`, uses all of its data, and that these can
 * change the readouts; `fused`: other gates follow it.  Local.  Errors: ENT_ECONFIG, naming the file;
 * ENT_ENOMEM. */
ent_status ent_ansatz_reads(const char *path, const ent_circuit *circuit, bool fused);

/* The target of the predictions. */
typedef struct {
    ent_label label;
    int outputs;
    double *prior;        /* [outputs]: the prediction from the frequencies or the mean of the training labels */
    double alike;         /* how alike the clients' mixtures of classes are (label.c) */
    double *class_weight; /* [outputs] weight of a training sample's loss, by its class; NULL: 1 */
} ent_target;

/* label.c.  Local; the same on all ranks. */

/* Sets target->label of a real label with its learned form, and target->prior: the prediction from the frequencies or
 * the mean of the training labels. */
ent_status ent_label_fit(ent_population *population, ent_target *target);
/* Sets target->class_weight: rows / (classes that occur * rows of the class); 0 for a class without training rows.
 * Does nothing for a real label.  Errors: ENT_ENOMEM. */
ent_status ent_label_balance(const ent_part *train, ent_target *target);
/* offset [outputs] for the loss of a client: the logarithm of the share of each class in its training rows over that
 * in all rows.  Logits that predict well where classes are mixed as in all rows then have the least loss for every
 * client, whatever its own mixture (Menon et al., arXiv 2007.07314; between clients: Zhang et al., arXiv 2209.00189).
 * With n rows, k of a class whose share in all rows is p: log((k / p + s) / (n + s)), as if s more rows were mixed as
 * all are; s is target->alike, which is infinite (offsets 0) for clients that differ by chance only, and a part of n.
 * Local. */
void ent_label_adjust(const ent_part *train, const ent_target *target, int64_t client, double *offset);
/* What the model learns, for the label as it is now. */
void ent_label_aim(ent_part *train, const ent_label *label);
/* Convert outputs [n][outputs] of the model to the label's unit; those for classes are unchanged. */
void ent_label_restore(const ent_label *label, int64_t n, double *output);
/* The factor that converts a loss of the model to the square of the label's unit. */
double ent_label_square(const ent_label *label);

/* Set the outputs of those of the rows first..first+n-1 that policy drop does not answer to target->prior. */
void ent_answer_by_prior(const ent_target *target, const ent_part *part, int64_t first, int64_t n, double *output);

#endif
