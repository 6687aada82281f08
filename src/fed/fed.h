/* A federation as a whole, and a training of it.  A function takes the parts that it reads, which have headers of
 * their own, so most files of the room know no federation:
 *
 *   ranks.h       who computes
 *   population.h  the rows of each client, the modalities left to each row, the clients' devices
 *   features.h    the inputs of the model, and the target of the predictions
 *   clients.h     the clients of a round: who takes part, where each is trained, from which weights
 *   server.h      from the clients' updates to their sum
 *   entente/rule.h  the aggregation rules, each a row of a table
 *   saved/saved.h checkpoints and results
 *
 * The files that work on the whole, and are declared here:
 *   assemble    from the configuration to a model
 *   training    what the rounds need, made or restored; the rounds, the checkpoints between them, the end
 *   round       one round, from the timeline to the new weights
 *   select      the round whose weights are kept, by its validation figures
 *   evaluate    predictions and figures;  personal: those of personal models */
#ifndef ENTENTE_FED_ROOM_H
#define ENTENTE_FED_ROOM_H

#include "entente/h5.h"
#include "entente/qasm.h"
#include "fed/clients.h"
#include "fed/server.h"

/* The outcome of a training: figures, on rank 0. */
typedef struct {
    int64_t rounds;
    ent_round *round;  /* [config rounds] on rank 0 */
    double *by_client; /* [config rounds][clients] on rank 0: test accuracy of each client, NaN where a round is not
                          evaluated; NULL: too many for a result */
    ent_metrics test, personal, constant; /* constant: see ent_federation_view */
    double *output;                       /* [test rows][outputs] on rank 0 */
    ent_pattern *pattern;
    int64_t patterns;
    ent_client_figures *client;
    double train_s, trained_samples;
    int64_t selected; /* the round of the weights, from 0, after the last evaluation */
} ent_outcome;

struct ent_federation {
    const ent_config *config;
    ent_ranks ranks;
    ent_population population;
    ent_features features;
    ent_target target;
    ent_qasm *qasm[ENT_MAX_MODALITIES];
    ent_model *model;
    double *w; /* [params] */
    ent_outcome outcome;
    ent_checkpoint_inp keep;       /* folder NULL: no checkpoints */
    struct ent_training *training; /* of the last training, for a result that can be continued; or NULL */
    ent_inputs inputs;             /* features "": not known so far */
};

/* assemble.c: from the configuration to a model.  Local. */
void ent_features_measure(ent_federation *f); /* features.angles and features.width */
/* The model and its initial weights, instead of those that there are.  Collective. */
ent_status ent_model_assemble(ent_federation *f);
ent_status ent_model_describe(const ent_federation *f, ent_model_inp *out); /* borrows names and ansaetze of f */

/* round.c */

/* The rest of a round that was interrupted.  When saved: this rank's share; when loaded: all of it, without `work`,
 * which is read on the ranks that resume it. */
typedef struct {
    int64_t left, works;
    int64_t *member;      /* [left] members still to train, including those at work: their numbers in the round's
    * cohort */
    int64_t *at_work;     /* [works] those of them whose training has begun */
    const ent_work *work; /* [works] */
    double seconds;       /* duration of the round so far */
} ent_inside;

/* The best round so far by run.select, of those that are evaluated for any number of rounds. */
typedef struct {
    int64_t round; /* from 0; -1: none yet */
    double score;  /* on its validation rows: the accuracy, or minus the loss */
    double *w;     /* [params] its weights; NULL: run.select is last */
    double *last;  /* [params] the last round's, once the federation has the selected ones */
} ent_best;

/* The state of a training. */
typedef struct ent_training {
    ent_federation *f;
    const ent_rule *rule;
    ent_rule_state state;
    ent_timeline *timeline;
    ent_history *history;
    ent_store *store;
    int64_t width;          /* numbers that a client keeps: the rule's vectors, then what it has not sent so far */
    ent_variates *variates; /* NULL if clients keep nothing */
    ent_trainer *trainer;
    ent_aggregate *aggregate;
    struct ent_private *privacy;   /* NULL: none */
    struct ent_download *download; /* NULL where downloads are whole */
    uint8_t *byzantine;            /* [clients], or NULL if there are none */
    bool excludes;                 /* a client that diverges is left out instead of ending the training */
    double *scratch;               /* [params] */
    double *class_offset;          /* [outputs] of the client at work; NULL: none */
    double *kept;                  /* [width] the current client's vectors before its training, or NULL */
    ent_update update;
    ent_best best;
    ent_inside *resume; /* the rest of the round to resume, or NULL */
    bool unmeasured;    /* the last round was stopped in its evaluation */
} ent_training;

void ent_training_free(ent_training *t); /* training.c */
/* Errors: ENT_STOPPED, saved.  Collective. */
ent_status ent_round_run(ent_training *t, ent_round *figures);
/* Evaluate the round, if it is to be evaluated.  Errors: ENT_STOPPED, nothing is saved.  Collective. */
ent_status ent_round_evaluate(ent_training *t, ent_round *figures);
/* evaluate.c: accuracy [clients] of each client's test rows, from the outputs of the test part; NaN without any. */
void ent_measure_by_client(const ent_population *population, const ent_label *label, const double *output,
                           double *accuracy);

/* select.c: the same on all ranks, from rank 0's figures. */

/* Refuse a selection that does not work with this federation.  Local.  Errors: ENT_ECONFIG. */
ent_status ent_select_admit(const ent_federation *f);
ent_status ent_best_make(ent_best *best, ent_select by, int64_t params); /* Local */
void ent_best_clear(ent_best *best);
/* Keep the weights of a round that has been evaluated, if it is better than those before.  Collective. */
void ent_select_keep(ent_training *t, const ent_round *figures);
/* Whether the training ends here by run.patience; may be called repeatedly.  Local. */
bool ent_select_ends(const ent_training *t);
/* After the last round: set f->w to the weights of the selected round (Collective); and restore it (Local). */
void ent_select_take(ent_training *t);
void ent_select_put_back(ent_training *t);

/* figures.c: a round of which nothing is computed so far.  Local. */
ent_round ent_round_empty(void);
/* Field k of a round, from 0 on, and its value; the name is NULL after the last.  Local. */
const char *ent_round_field(int k);
double ent_round_get(const ent_round *round, int k);
void ent_round_set(ent_round *round, int k, double value);
/* The number of rounds that did not change the weights: no client trained, or too few for the rule in each of the
 * model's blocks.  Local. */
int64_t ent_untrained_rounds(const ent_outcome *outcome, int blocks);
bool ent_round_is_evaluated(const ent_config_federation *config, int64_t round); /* Local */

/* personal.c.  Collective. */

/* As ent_predict_part, but each client's rows are predicted by its personal model, fine-tuned by `epochs` epochs. */
ent_status ent_predict_own(ent_training *t, int part, int epochs, double **output);
/* aggregation: local: f->w becomes the mean of the clients' own weights. */
ent_status ent_own_average(ent_training *t);

/* evaluate.c.  Collective; `output` (rank 0) [rows of the part][outputs], allocated.  Errors: ENT_STOPPED too. */
ent_status ent_predict_part(ent_federation *f, int part, double **output);
/* After the last round: final figures, and those of fine-tuning. */
ent_status ent_training_evaluate(ent_training *t);
ent_status ent_measure_part(const ent_part *part, const ent_label *label, const double *output, ent_metrics *metrics);

#endif
