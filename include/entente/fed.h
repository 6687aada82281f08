/* A federation: clients on ranks, one server, rounds of local training and exact averaging.
 *
 * In every round the clients drawn are dealt to ranks by cost; rank 0 serves and works too.  The same configuration
 * gives the same weights, to the last bit, on any number of ranks and threads.  Every function says Local or
 * Collective (over the world).  Source: model.md, sections 5 to 7; architecture.md, "Same bits everywhere". */
#ifndef ENTENTE_FED_H
#define ENTENTE_FED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/comm.h"
#include "entente/config.h"
#include "entente/dataset.h"
#include "entente/metrics.h"
#include "entente/model.h"
#include "entente/reduce.h"

enum { ENT_PARTS = 3 }; /* train, validation, test */

/* Every row of one part of the data set, the same on all ranks, sorted by client, then row. */
typedef struct {
    int64_t n;
    int64_t *row;
    int32_t *client;
    int64_t *first;    /* [clients + 1] where each client's rows begin; NULL for evaluation alone */
    uint32_t *context; /* after the missing protocol */
    uint8_t *answered; /* 0: policy drop gives this row no prediction; it falls back on the training labels */
    int32_t *category; /* NULL for a real label */
    double *value;     /* NULL where there is none */
    double *target; /* training rows of a real label: what the model learns, (value - mean) / deviation; else NULL */
} ent_part;

/* The figures of a round, one row each, in the order of tables; the struct, result.h5, rounds.csv, checkpoints and
 * the lines of progress come from here.
 *   WHOLE(name, unit, note, description), REAL(the same), METRICS(part, description): an ent_metrics
 *   note        what the line of progress says of a count that is not 0, or NULL */
/* clang-format off */
#define ENT_ROUND_FIGURES(WHOLE, REAL, METRICS) \
    WHOLE(round, "1", NULL, "the round, counted from 0") \
    WHOLE(cohort, "clients", NULL, "clients drawn") \
    WHOLE(trained, "clients", NULL, "clients whose updates count") \
    WHOLE(samples, "samples", NULL, "samples times epochs of these clients") \
    WHOLE(lost, "clients", "lost", "clients that trained and whose update does not count") \
    WHOLE(excluded, "clients", "diverged, left out", \
          "clients that trained, diverged and were left out (federation.on_divergence)") \
    WHOLE(blocks_short, "blocks", "blocks kept: too few clients", \
          "blocks of the weights that stayed, since fewer clients trained them than the rule needs") \
    REAL(simulated_s, "s", NULL, "simulated time that the round takes") \
    REAL(staleness, "rounds", NULL, "mean age of the updates") \
    REAL(train_loss, "nat; of a real label the square of its unit", NULL, \
         "mean loss of the samples while clients train on them") \
    METRICS(validation, "validation part, in rounds that are evaluated: ") \
    METRICS(test, "test part, in rounds that are evaluated: ") \
    REAL(bytes_up, "bytes", NULL, "what the clients send to the server") \
    REAL(bytes_down, "bytes", NULL, "what the server sends to the clients") \
    REAL(compute_s, "s", NULL, "time of the slowest rank in training its clients") \
    REAL(communicate_s, "s", NULL, "time of the slowest rank in aggregation") \
    REAL(wait_s, "s", NULL, "longest wait of a rank for the others") \
    REAL(evaluate_s, "s", NULL, "time of the slowest rank in evaluating the round") \
    REAL(compute_mean_s, "s", NULL, "mean over ranks of compute_s: compute_s over it says how even the work is") \
    REAL(epsilon, "1", "epsilon",                                                                                    \
         "what all rounds so far have given away, at privacy.delta; NaN without privacy.mode")                       \
    REAL(clip, "1", NULL, "norm that the clients' changes were clipped to; NaN without privacy.mode") \
    REAL(unclipped, "1", NULL,                                                                                       \
         "share of the clients below that norm, with noise; NaN without privacy.adaptive_quantile")
/* clang-format on */

#define ENT_WHOLE_FIELD(name, unit, note, description) int64_t name;
#define ENT_REAL_FIELD(name, unit, note, description)  double name;
#define ENT_METRICS_FIELD(name, description)           ent_metrics name; /* n = 0 in rounds that are not evaluated */
typedef struct {
    ENT_ROUND_FIGURES(ENT_WHOLE_FIELD, ENT_REAL_FIELD, ENT_METRICS_FIELD)
} ent_round;
#undef ENT_METRICS_FIELD

/* A round's figures as columns of a table, from column 0 on; NULL after the last.  The figure is NaN where it does
 * not apply.  Local. */
const char *ent_round_column(int column);
double ent_round_figure(const ent_round *round, int column);
/* "3 lost  1 diverged, left out": what is to be said of a round, "" where it is nothing.  Returns `text`. */
char *ent_round_notes(const ent_round *round, char text[256]);

typedef struct {
    uint32_t context;
    int64_t n;
    double accuracy, mae; /* the one is NaN, or the other: mae is that of a label without classes */
} ent_pattern;

/* The figures of a client, one row each: the struct and result.h5.
 *   WHOLE(name, unit, personal, description), REAL(the same); personal: only where clients have models of their own
 *   */
/* clang-format off */
#define ENT_CLIENT_FIGURES(WHOLE, REAL) \
    WHOLE(train_rows, "rows", false, "training rows of the client") \
    WHOLE(test_rows, "rows", false, "test rows of the client") \
    REAL(accuracy, "1", false, "accuracy on its test rows; NaN without any, and where it does not apply") \
    REAL(personal_accuracy, "1", true, "on its test rows, of its own model (fine-tuned, or of wpqfl); else NaN")
/* clang-format on */

typedef struct {
    ENT_CLIENT_FIGURES(ENT_WHOLE_FIELD, ENT_REAL_FIELD)
} ent_client_figures;
#undef ENT_WHOLE_FIELD
#undef ENT_REAL_FIELD

/* Row k of the table; NULL after the last. */
typedef struct {
    const char *name, *unit, *description;
    bool whole, personal;
    size_t offset;
} ent_client_figure;
const ent_client_figure *ent_client_figure_at(int k);

typedef struct ent_federation ent_federation;

/* Have all ranks compute with the best instruction set, and the best kernel of OpenBLAS, that all of them have: the
 * bits are then those of ranks that have no better.  Setting up a federation does so for its own ranks; ranks that
 * split into several federations whose figures are compared do it first.  Collective.  Errors: ENT_EARG, where
 * ENTENTE_ISA names none or OpenBLAS cannot change its kernel. */
ent_status ent_machine_agree(ent_comm *world);

/* Set up for training: open the data, split it, draw the masks, fit the reductions, build the model, draw the initial
 * weights.  Collective.  Errors, the same on all ranks: everything that can be wrong with data and model. */
ent_status ent_federation_new(ent_comm *world, const ent_config *config, ent_federation **out);

/* What to evaluate, and on what. */
typedef struct {
    const char *folder, *data; /* the result; the data set */
    uint32_t absent;           /* bits of the modalities that every row loses */
    bool all_rows;             /* every row, else only the test rows */
    bool masks; /* the test rows, split and masked as in the training, which wants its training rows too */
} ent_load_inp;

/* Set up for evaluation: the model, reductions and weights of a result on the rows of a data set.  Collective. */
ent_status ent_federation_load(ent_comm *world, const ent_config *config, const ent_load_inp *inp,
                               ent_federation **out);
void ent_federation_free(ent_federation *federation);

/* What a configuration asks for, before anything is allocated for it: the circuit of samples that have everything
 * (ent_circuit_free), the rows to train on, and the bytes that features take on a rank of so many while they are
 * read.  Local.  Errors: as ent_federation_new, memory for states apart. */
ent_status ent_federation_foresee(const ent_config *config, int64_t ranks, ent_circuit **circuit, int64_t *train_rows,
                                  double *feature_bytes);

/* Called on rank 0 behind every round; what it returns other than ENT_OK ends the training. */
typedef ent_status ent_round_done(void *context, const ent_federation *federation, const ent_round *round);

/* Checkpoints of a training: <folder>/checkpoint.h5, whole at every instant. */
typedef struct {
    const char *folder, *config_text; /* the folder is there */
    bool resume;                      /* go on from the checkpoint that is there, or */
    bool allow_isa_change;            /* ... although it was made with other instructions: its bits will be others */
    bool from_result;                 /* with `resume`: from the result, which has fewer rounds */
    ent_wish *stop;                   /* asked behind every batch; NULL: never */
    void *context;                    /* of stop and note */
    void (*note)(void *context,
                 const char *text); /* on rank 0: what did not succeed and does not end the run; or NULL */
} ent_checkpoint_inp;

/* What a training reads and its configuration only names: SHA-256 of the tables of its data set (labels, parts,
 * groups, what is present) and of its OpenQASM files, and of the features of all rows; the file's size and time. */
typedef struct {
    char tables[65], features[65];
    int64_t bytes, modified_s;
} ent_inputs;

/* Find that out, once; a training with checkpoints and a result do so by themselves.  `known`: as ent_dataset_digest.
 * Collective.  Errors: ENT_EIO, ENT_EFORMAT, ENT_ENOMEM. */
ent_status ent_federation_identify(ent_federation *federation, ent_feature_digests *known);
/* The same of a configuration whose federation is not wanted.  Collective. */
ent_status ent_inputs_find(ent_comm *world, const ent_config *config, ent_feature_digests *known, ent_inputs *out);

/* Keep checkpoints in the trainings to come: every config->run.checkpoint_every rounds, and when any rank is asked to
 * stop: then within a batch of each rank, and the training returns ENT_STOPPED.  Trainings that go on from it, on any
 * number of ranks, end with the bits of one that was never stopped.  One that cannot be written leaves the one
 * before: in passing that is a note, on demand a failure.  The texts outlive the training.  Local. */
void ent_federation_keep(ent_federation *federation, const ent_checkpoint_inp *inp);

/* The configuration text of a checkpoint.  Local.  Errors: ENT_EIO, ENT_EFORMAT. */
ent_status ent_checkpoint_config(const char *folder, char **text);
/* The path of a folder's checkpoint.  Errors: ENT_EARG, too long.  Local. */
ent_status ent_checkpoint_path(const char *folder, char path[4096]);
/* Take away what writers that were killed have left, and, with `whole`, the checkpoint.  Local.  Errors: ENT_EIO. */
ent_status ent_checkpoint_clear(const char *folder, bool whole);

/* All rounds, then the final evaluation.  Collective.  Resuming, errors: ENT_EFORMAT for a damaged checkpoint,
 * ENT_EDATA for one of other data; it is left as it is. */
ent_status ent_federation_train(ent_federation *federation, ent_round_done *done, void *context);

/* Predictions and figures of the test part with the weights as they are.  Collective; figures on rank 0. */
ent_status ent_federation_evaluate(ent_federation *federation);

/* The label as the model learns it. */
typedef struct {
    int classes;               /* 0 for a real label */
    const int32_t *class_name; /* [classes] what the data set calls them, ascending */
    char *const *class_text;   /* [classes] its words for them; NULL: it has none */
    bool sentiment;            /* values are as CMU-MOSEI's: their signs are classes too */
    double mean, deviation; /* of a real label over the training rows; the model learns (value - mean) / deviation */
    double center, half;    /* of its range there: what the direct head's -1..1 is stretched to */
} ent_label;

/* Open for reading.  Tables of figures are there on rank 0 after train or evaluate. */
typedef struct {
    const ent_config *config;
    int64_t clients, empty_clients; /* empty: without a training row */
    const ent_part *part;           /* [ENT_PARTS] */
    const uint8_t *split;           /* [rows of the data set] the part that each row is in */
    int params, qubits, outputs;
    ent_label label;
    const double *weights; /* [params] */
    const ent_block *block;
    int blocks;
    const ent_reduction *const *reduction; /* [modalities]; NULL where no training row has the modality */
    const char *engine;
    int threads, ranks;
    int node_ranks, node_cores;       /* of rank 0's node: ranks, and the cores that they may use together */
    int64_t rounds, untrained_rounds; /* untrained: the weights were as before after it */
    const ent_round *round;           /* [rounds] */
    int64_t selected_round;           /* the round of the weights, from 0 (run.select), if rounds > 0 */
    ent_metrics test;
    ent_metrics
        personal; /* of the clients' own models (fine-tuned, or of wpqfl), pooled; n = 0 where there are none */
    ent_metrics constant; /* of the validation rows, answered by the frequencies of the training rows' classes or by
                             the mean of their labels; n = 0 without a training */
    const double *output; /* [test rows][outputs], in the order of part[ENT_TEST] */
    int64_t patterns;
    const ent_pattern *pattern;       /* by number of modalities, most first */
    const ent_client_figures *client; /* [clients] */
    double samples_per_s, train_s, read_s;
    ent_inputs inputs;                            /* "" before ent_federation_identify */
    const char *ansatz_notes[ENT_MAX_MODALITIES]; /* of OpenQASM files (ent_qasm_notes), or NULL */
} ent_federation_view;
ent_federation_view ent_federation_see(const ent_federation *federation);

/* Fourier coefficients of every output in data angle `angle` of a modality, everything else as in the first `samples`
 * test rows that have the modality; every modality is taken as present.  points 0: four times the degree and 8.
 * Source: Schuld, Sweke, Meyer, arXiv 2008.08605.  Collective.  Errors: ENT_EARG no such angle, too few points,
 * frequencies that are not whole numbers; ENT_EDATA no such row; ENT_ENOMEM. */
typedef struct {
    int degree, points, outputs; /* degree: the highest frequency that the circuit can have */
    int64_t samples;
    double *mean, *largest; /* [outputs][points / 2 + 1] of |c_k| over the samples */
} ent_spectrum;
ent_status ent_federation_spectrum(ent_federation *federation, int modality, int angle, int points, int64_t samples,
                                   ent_spectrum *out);
void ent_spectrum_clear(ent_spectrum *spectrum); /* Local */

/* The model's circuit for samples of this context (bits of the modalities), parameter k being weight k, data angles
 * register by register; 0: of the row, or with everything.  row >= 0: its data angles are those of this row of the
 * data set, which ent_load_inp.all_rows has loaded.  weights: its parameters are the weights.  Free with
 * ent_circuit_free.  Local.  Errors: ENT_EARG for a kind of model without a circuit; ENT_EDATA, no such row;
 * ENT_ENOMEM. */
ent_status ent_federation_circuit(ent_federation *federation, uint32_t context, int64_t row, bool weights,
                                  ent_circuit **out);
/* The same of a configuration, before there are weights.  Local.  Errors: as ent_federation_new, memory for states
 * apart. */
ent_status ent_config_circuit(const ent_config *config, uint32_t context, ent_circuit **out);

/* Write <folder>/result.h5, whole or not at all; the folder is there.  Rank 0 writes.  Collective.
 * `config_text` is the configuration as used, `created` a date.  After a training with checkpoints the result holds
 * what more rounds need to go on from it. */
ent_status ent_result_save(ent_comm *world, ent_federation *federation, const char *folder, const char *config_text,
                           const char *version);
/* Whether `inputs`, of the data set at `path`, are what the folder's result was trained on; a result of an older
 * program does not know.  Local.  Errors: ENT_EDATA, what differs. */
ent_status ent_result_check_inputs(const char *folder, const char *path, const ent_inputs *inputs);
/* The configuration text of a result, every dataset of which is what was written (ent_h5_verify): whoever uses a
 * result begins here.  Local.  Errors: ENT_EIO; ENT_EFORMAT, the dataset that is damaged. */
ent_status ent_result_config(const char *folder, char **text);

/* Threads of a rank: `wanted`, or for 0 OMP_NUM_THREADS, else the node's cores over its ranks.  Collective. */
int ent_threads_a_rank(ent_comm *world, int wanted);

#endif
