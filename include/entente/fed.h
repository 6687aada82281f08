/* A federation: clients on ranks, one server, rounds of local training and exact averaging.
 *
 * In every round the drawn clients are assigned to ranks by cost; rank 0 is the server and trains as well.  The same
 * configuration gives the same weights, to the last bit, on any number of ranks and threads.  Every function says
 * Local or Collective (over the world). */
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
    int64_t *first;    /* [clients + 1] the first row of each client; NULL for evaluation only */
    uint32_t *context; /* after the missing protocol */
    uint8_t *answered; /* 0: policy drop gives this row no prediction; it falls back on the training labels */
    int32_t *category; /* NULL for a real label */
    double *value;     /* NULL if there is none */
    double *target; /* training rows of a real label: what the model learns, (value - mean) / deviation; else NULL */
} ent_part;

/* The figures of a round, one row each, in the order of tables; the struct, result.h5, rounds.csv, checkpoints and
 * the lines of progress come from here.
 *   WHOLE(name, unit, note, description), REAL(the same), METRICS(part, description): an ent_metrics
 *   OPTIONAL    a REAL that is NaN unless it is computed; the others are 0 then
 *   note        what the line of progress says of a count that is not 0, or NULL */
/* clang-format off */
#define ENT_ROUND_FIGURES(WHOLE, REAL, OPTIONAL, METRICS) \
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
    OPTIONAL(epsilon, "1", "epsilon", "spent by all rounds so far, at privacy.delta; NaN without privacy.mode") \
    OPTIONAL(clip, "1", NULL, "norm that the clients' changes were clipped to; NaN without privacy.mode") \
    OPTIONAL(unclipped, "1", NULL, \
             "share of the clients below that norm, with noise; NaN without privacy.adaptive_quantile")
/* clang-format on */

#define ENT_WHOLE_FIELD(name, unit, note, description) int64_t name;
#define ENT_REAL_FIELD(name, unit, note, description)  double name;
#define ENT_METRICS_FIELD(name, description)           ent_metrics name; /* n = 0 in rounds that are not evaluated */
typedef struct {
    ENT_ROUND_FIGURES(ENT_WHOLE_FIELD, ENT_REAL_FIELD, ENT_REAL_FIELD, ENT_METRICS_FIELD)
} ent_round;
#undef ENT_METRICS_FIELD

/* A round's figures as columns of a table, from column 0 on; NULL after the last.  The figure is NaN where it does
 * not apply.  Local. */
const char *ent_round_column(int column);
double ent_round_figure(const ent_round *round, int column);
/* "3 lost  1 diverged, left out": the notable counts of a round, or "".  Returns `text`. */
char *ent_round_notes(const ent_round *round, char text[256]);

typedef struct {
    uint32_t context;
    int64_t n;
    double accuracy, mae; /* one of them is NaN: mae is for labels without classes */
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

/* Make all ranks compute with the best instruction set, and the best OpenBLAS kernel, that all of them have, so that
 * results are the same on each.  Setting up a federation does this for its own ranks; ranks that split into several
 * federations whose figures are compared must do it first.  Collective.  Errors: ENT_EARG if ENTENTE_ISA names no
 * instruction set, or if OpenBLAS cannot change its kernel. */
ent_status ent_machine_agree(ent_comm *world);

/* Set up for training: open the data, split it, draw the masks, fit the reductions, build the model, draw the initial
 * weights.  Collective.  Errors, the same on all ranks: everything that can be wrong with data and model. */
ent_status ent_federation_new(ent_comm *world, const ent_config *config, ent_federation **out);

/* The result to evaluate, and the rows. */
typedef struct {
    const char *folder, *data; /* the result; the data set */
    uint32_t absent;           /* bits of the modalities to remove from every row */
    bool all_rows;             /* every row, else only the test rows */
    bool masks; /* the test rows, split and masked as in the training, for which the training rows are needed */
} ent_load_inp;

/* Set up for evaluation: the model, reductions and weights of a result on the rows of a data set.  Collective. */
ent_status ent_federation_load(ent_comm *world, const ent_config *config, const ent_load_inp *inp,
                               ent_federation **out);
void ent_federation_free(ent_federation *federation);

/* The demands of a configuration, before anything is allocated: the circuit of samples with all modalities
 * (ent_circuit_free), the number of training rows, and the bytes of features per rank while they are read, on `ranks`
 * ranks.  Local.  Errors: as ent_federation_new, except for the memory of states. */
ent_status ent_federation_foresee(const ent_config *config, int64_t ranks, ent_circuit **circuit, int64_t *train_rows,
                                  double *feature_bytes);

/* Called on rank 0 after every round; any status other than ENT_OK ends the training. */
typedef ent_status ent_round_done(void *context, const ent_federation *federation, const ent_round *round);

/* Checkpoints of a training: <folder>/checkpoint.h5; a complete checkpoint exists at all times. */
typedef struct {
    const char *folder, *config_text; /* the folder exists */
    bool resume;                      /* continue from the checkpoint, or */
    bool allow_isa_change;            /* ... even if it was made with another instruction set: results differ in
    * their last bits */
    bool from_result;                 /* with `resume`: from the result, which has fewer rounds */
    ent_stop_request *stop;           /* called after every batch; NULL: never */
    void *context;                    /* of stop and note */
    void (*note)(void *context, const char *text); /* on rank 0: failures that do not end the run; or NULL */
} ent_checkpoint_inp;

/* The inputs that a configuration only names: SHA-256 of the tables of its data set (labels, parts, groups, presence)
 * and of its OpenQASM files, and of the features of all rows; the file's size and time. */
typedef struct {
    char tables[65], features[65];
    int64_t bytes, modified_s;
} ent_inputs;

/* Compute them, once; trainings with checkpoints, and results, do so by themselves.  `known`: as ent_dataset_digest.
 * Collective.  Errors: ENT_EIO, ENT_EFORMAT, ENT_ENOMEM. */
ent_status ent_federation_identify(ent_federation *federation, ent_feature_digests *known);
/* The same for a configuration, without a federation.  Collective. */
ent_status ent_inputs_find(ent_comm *world, const ent_config *config, ent_feature_digests *known, ent_inputs *out);

/* Keep checkpoints in the following trainings: every config->run.checkpoint_every rounds, and when any rank is asked
 * to stop: then each rank finishes its batch, and the training returns ENT_STOPPED.  A training that continues from
 * it, on any number of ranks, ends with the same bits as one that was never stopped.  If a checkpoint cannot be
 * written, the previous one remains: this gives a note for a periodic one, and a failure for a requested one.  The
 * texts must outlive the training.  Local. */
void ent_federation_keep(ent_federation *federation, const ent_checkpoint_inp *inp);

/* The configuration text of a checkpoint.  Local.  Errors: ENT_EIO, ENT_EFORMAT. */
ent_status ent_checkpoint_config(const char *folder, char **text);
/* The path of a folder's checkpoint.  Errors: ENT_EARG, too long.  Local. */
ent_status ent_checkpoint_path(const char *folder, char path[4096]);
/* Remove the files of writers that were killed, and, with `whole`, the checkpoint.  Local.  Errors: ENT_EIO. */
ent_status ent_checkpoint_clear(const char *folder, bool whole);

/* All rounds, then the final evaluation.  Collective.  Errors when resuming: ENT_EFORMAT for a damaged checkpoint,
 * ENT_EDATA for one made with other data; the checkpoint is not changed. */
ent_status ent_federation_train(ent_federation *federation, ent_round_done *done, void *context);

/* Predictions and figures of the test part with the current weights.  Collective; figures on rank 0. */
ent_status ent_federation_evaluate(ent_federation *federation);

/* The form in which the model learns the label. */
typedef struct {
    int classes;               /* 0 for a real label */
    const int32_t *class_name; /* [classes] their values in the data set, ascending */
    char *const *class_text;   /* [classes] its words for them; NULL: it has none */
    bool sentiment;            /* values as in CMU-MOSEI, whose signs are classes too */
    double mean, deviation; /* of a real label over the training rows; the model learns (value - mean) / deviation */
    double center, half;    /* of its range there, onto which the direct head's -1..1 is mapped */
} ent_label;

/* Fields may be read.  Tables of figures exist on rank 0 after train or evaluate. */
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
    const ent_reduction *const *reduction; /* [modalities]; NULL if no training row has the modality */
    const char *engine;
    int threads, ranks;
    int node_ranks, node_cores;       /* of rank 0's node: ranks, and the cores that they may use together */
    int64_t rounds, untrained_rounds; /* untrained: rounds that did not change the weights */
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

/* What the clients' devices have in turn, as "2, 3, 4 qubits of each register; 100, 0 shots"; "" if they are alike.
 * Truncated to `room` bytes.  Local. */
void ent_devices_text(const ent_config *config, size_t room, char *text);

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

/* The model's circuit for samples of this context (bits of the modalities; 0: that of the row, or all modalities);
 * parameter k is weight k, data angles are ordered by register.  row >= 0: bind the data angles of this row of the
 * data set (loaded with ent_load_inp.all_rows).  weights: bind the weights.  Free with ent_circuit_free.  Local.
 * Errors: ENT_EARG for a kind of model without a circuit; ENT_EDATA, no such row; ENT_ENOMEM. */
ent_status ent_federation_circuit(ent_federation *federation, uint32_t context, int64_t row, bool weights,
                                  ent_circuit **out);
/* The same for a configuration, before there are weights.  Local.  Errors: as ent_federation_new, except for the
 * memory of states. */
ent_status ent_config_circuit(const ent_config *config, uint32_t context, ent_circuit **out);

/* Write <folder>/result.h5, completely or not at all; the folder exists.  Rank 0 writes.  Collective.
 * `config_text` is the configuration as used, `created` a date.  After a training with checkpoints, further rounds
 * can continue from the result. */
ent_status ent_result_save(ent_comm *world, ent_federation *federation, const char *folder, const char *config_text,
                           const char *version);
/* Check that the folder's result was trained on `inputs`, of the data set at `path`; results of older versions lack
 * this information and pass.  Local.  Errors: ENT_EDATA, naming the difference. */
ent_status ent_result_check_inputs(const char *folder, const char *path, const ent_inputs *inputs);
/* The configuration text of a result, after checking every dataset of the file (ent_h5_verify): the first step in
 * using a result.  Local.  Errors: ENT_EIO; ENT_EFORMAT, naming the damaged dataset. */
ent_status ent_result_config(const char *folder, char **text);

/* Threads per rank: `wanted`; if 0, OMP_NUM_THREADS; if that is not set, the node's cores divided by its ranks.
 * Collective. */
int ent_threads_a_rank(ent_comm *world, int wanted);

#endif
