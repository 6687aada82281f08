/* Inside the federation's room: what its files share. */
#ifndef ENTENTE_FED_ROOM_H
#define ENTENTE_FED_ROOM_H

#include "entente/fed.h"
#include "entente/qasm.h"

/* This rank's rows of one part: clients rank, rank + size, ...; client j of the rank has samples
 * first[j]..first[j+1]-1. */
typedef struct {
    int64_t n, clients;
    int64_t *first; /* [clients + 1] */
    int64_t *at;    /* [n] position in the part's table */
    int64_t *row;   /* [n] */
    uint32_t *context;
    int32_t *category;
    double *value;
    double *x[ENT_MAX_MODALITIES]; /* [n][numbers a sample] */
    ent_samples samples;           /* the same, as the model takes it */
} ent_local;

struct ent_federation {
    ent_comm *world;
    const ent_config *config;
    ent_dataset *dataset;
    ent_missing_inp missing;
    int modalities;
    int64_t clients, empty_clients;
    ent_part part[ENT_PARTS];
    ent_local local[ENT_PARTS];
    ent_reduction *reduction[ENT_MAX_MODALITIES];
    ent_qasm *qasm[ENT_MAX_MODALITIES];
    ent_model *model;
    double *w;                       /* [params] */
    double *prior;                   /* [outputs]: what the training labels alone predict */
    int classes, outputs, threads;   /* classes: 0 for a real label */
    double label_center, label_half; /* of a real label's range over the training rows */
    ent_round *round;                /* [config rounds] on rank 0 */
    int64_t rounds;
    ent_metrics test;
    double *output; /* [test rows][outputs] on rank 0 */
    ent_pattern *pattern;
    int64_t patterns;
    ent_client_figures *client;
    double train_s, read_s, trained_samples;
};

/* population.c: the parts, their clients and their masks.  Local; the same on all ranks. */
ent_status ent_population_make(ent_federation *f);
ent_status ent_population_all(ent_federation *f, uint32_t absent, bool all_rows);
void ent_part_clear(ent_part *part);

/* federation.c: f->prior, what the training labels alone predict, and a real label's range.  Local. */
ent_status ent_prior_make(ent_federation *f);

/* rows.c: this rank's rows with their features, and the reductions.  Collective. */
ent_status ent_rows_load(ent_federation *f, bool fit);
void ent_local_clear(ent_local *local);

/* assemble.c: from the configuration to a model.  Local. */
ent_status ent_model_assemble(ent_federation *f);
int ent_reduced_inputs(const ent_federation *f, int m);

/* client.c: local training.  w [params] in and out; loss: the sum over the samples it trained on.  Local. */
typedef struct ent_trainer ent_trainer;
ent_status ent_trainer_new(const ent_federation *f, ent_trainer **out);
void ent_trainer_free(ent_trainer *trainer);
ent_status ent_client_train(ent_trainer *trainer, const ent_federation *f, int64_t round, int64_t client,
                            int64_t first, int64_t n, double *w, double *loss);

/* aggregate.c: averaging by blocks, exact. */
typedef struct ent_average ent_average;
ent_status ent_average_new(const ent_federation *f, ent_average **out);
void ent_average_free(ent_average *average);
void ent_average_start(ent_average *average);
/* Local.  A client's weights, with its samples for the block weights.  Errors: ENT_ENUMERIC, naming the block. */
ent_status ent_average_add(ent_average *average, const ent_federation *f, const double *w, int64_t first, int64_t n,
                           double loss);
/* Collective.  The new w on all ranks; the loss's sum. */
void ent_average_finish(ent_average *average, const ent_federation *f, double *w, double *loss);

/* result.c: what a result holds, before and after the model is there.  Local. */
ent_status ent_result_restore_ansatz(const char *folder, const char *modality, ent_qasm **out);
ent_status ent_result_restore_label(ent_federation *f, const char *folder);
ent_status ent_result_restore(ent_federation *f, const char *folder);

/* evaluate.c.  Collective; `output` (rank 0) [rows of the part][outputs], allocated. */
ent_status ent_predict_part(ent_federation *f, int part, double **output);
ent_status ent_measure_part(const ent_federation *f, int part, const double *output, ent_metrics *metrics);

#endif
