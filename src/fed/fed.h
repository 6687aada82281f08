/* Internal to the federation's room: the declarations shared by its files.
 *
 * A function takes the parts of the federation that it reads:
 *   ranks, population, features, target, outcome                                the structs below
 *
 *   population  the rows of each client, and the modalities left to each row     pure, the same on all ranks
 *   reads       whether a circuit from a file reads its data
 *   devices     noise, shots, layers and qubits of the clients' devices          pure, the same on all ranks
 *   timeline    the clients of a round, their start and their weight             pure, the same on all ranks
 *   history     the weights from which clients in flight have started            the same on all ranks
 *   schedule    the rank that trains each of them                                pure, the same on all ranks
 *   rows        reading and reducing features; fitting the reductions
 *   store       features of the clients that a rank is training
 *   variates    vectors that clients keep between rounds, each on its home rank
 *   client      local training
 *   rule        the aggregation rules, each a row of a table                     pure
 *   attack      the updates of Byzantine clients                                 pure
 *   aggregate   sums or combination of the clients' updates
 *   checkpoint  saving and restoring a training;  checkpoint_table: its tables, with a checksum for every row
 *   training    what the rounds need, made or restored; the rounds, the checkpoints between them, the end
 *   round       one round, from the timeline to the new weights
 *   select      the round whose weights are kept, by its validation figures
 *   evaluate    predictions and figures;  personal: those of personal models;  result: the file */
#ifndef ENTENTE_FED_ROOM_H
#define ENTENTE_FED_ROOM_H

#include "entente/fed.h"
#include "entente/h5.h"
#include "entente/qasm.h"
#include "entente/rule.h"

/* Rows first..first+n-1 of a part's table with the inputs of the model. */
typedef struct {
    int64_t first, n;
    double *x[ENT_MAX_MODALITIES]; /* [n][features.width] */
    ent_samples samples;
} ent_rows;

typedef struct ent_store ent_store;
typedef struct ent_devices ent_devices;
typedef struct ent_variates ent_variates;
typedef struct ent_timeline ent_timeline;
typedef struct ent_history ent_history;
typedef struct ent_trainer ent_trainer;
typedef struct ent_aggregate ent_aggregate;

/* The parts of a federation.  A function takes only the parts that it reads. */

/* The ranks, and the resources of each. */
typedef struct {
    ent_comm *world; /* all ranks: a failure of one is a failure of all */
    ent_comm *group; /* ranks that hold one state together; NULL if every rank has its own */
    ent_comm *lane;  /* the ranks over which clients and rows are distributed, one of each group; all lanes do the
    * same */
    ent_team *team;  /* the group, as an interface for the model's programs, or NULL */
    int node_ranks, node_cores; /* of the world, on this node */
    int threads;
    ent_watch *watch; /* during a training with checkpoints, else NULL */
} ent_ranks;

/* ranks.c */

/* Every rank for itself, `threads` as in ent_threads_a_rank.  Collective. */
ent_ranks ent_ranks_each(ent_comm *world, int threads);
/* Refuse a number of shards.  Local.  Errors: ENT_ECONFIG. */
ent_status ent_ranks_check(int shards, int ranks);
/* Let every `shards` ranks hold a state together.  Collective. */
ent_status ent_ranks_group(ent_ranks *ranks, int shards);
void ent_ranks_clear(ent_ranks *ranks);
/* Whether to stop, to be called between pieces of work.  Ranks that hold a state together call it in step and get the
 * same answer.  Collective over the group, Local without one. */
ent_status ent_ranks_look(const ent_ranks *ranks, bool *stops);
/* After the work: whether any rank was to stop.  Collective. */
bool ent_ranks_stopped(const ent_ranks *ranks);

/* The rows of each client, and the modalities left to each row: the same on all ranks. */
typedef struct {
    const ent_config *config;
    int modalities;
    int64_t clients, empty_clients;
    ent_missing_inp missing;
    ent_part part[ENT_PARTS];
    ent_devices *devices; /* devices of the clients, once there is a model; NULL: exact and without noise */
} ent_population;

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

/* The target of the predictions. */
typedef struct {
    ent_label label;
    int outputs;
    double *prior;        /* [outputs]: the prediction from the frequencies or the mean of the training labels */
    double alike;         /* how alike the clients' mixtures of classes are (label.c) */
    double *class_weight; /* [outputs] weight of a training sample's loss, by its class; NULL: 1 */
} ent_target;

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

/* population.c: the parts, their clients and their masks, from population->config.  Local; the same on all ranks. */
ent_status ent_population_make(ent_population *population, const ent_dataset *dataset);
ent_status ent_population_all(ent_population *population, const ent_dataset *dataset, int ranks, uint32_t absent,
                              bool all_rows);
ent_status ent_population_again(ent_population *population, const ent_dataset *dataset, uint32_t absent);
void ent_part_clear(ent_part *part);
static inline int64_t ent_client_rows_count(const ent_population *population, int64_t client)
{
    const int64_t *first = population->part[ENT_TRAIN].first;
    return first[client + 1] - first[client];
}

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

/* assemble.c: from the configuration to a model.  Local. */
void ent_features_measure(ent_federation *f); /* features.angles and features.width */
/* The model and its initial weights, instead of those that there are.  Collective. */
ent_status ent_model_assemble(ent_federation *f);
ent_status ent_model_describe(const ent_federation *f, ent_model_inp *out); /* borrows names and ansaetze of f */

/* devices.c.  Local; the same on all ranks. */

/* *out is NULL if everything is exact and without noise.  Errors: ENT_ECONFIG, naming the key; ENT_ENOMEM. */
ent_status ent_devices_new(const ent_config *config, int modalities, int64_t clients, ent_devices **out);
void ent_devices_free(ent_devices *devices);
/* Whether every layer must be a separate block; the numbers of qubits whose lack must be (ent_model_inp). */
bool ent_devices_layers_apart(const ent_config *config);
uint64_t ent_devices_qubits_apart(const ent_devices *devices);
/* The device that evaluates the common model, and the one that trains a client's; devices may be NULL. */
const ent_device *ent_devices_base(const ent_devices *devices);
const ent_device *ent_devices_of(const ent_devices *devices, int64_t client);
/* The expected number of errors in one run of the client's circuits: the sum over the gates of the probability of an
 * error, plus the mean probability of a wrong readout, with the gates counted from the layers and qubits that its
 * device has. */
double ent_devices_budget(const ent_devices *devices, int64_t client);
/* Select the random numbers of a client's training pass, and of the predictions of a part's rows by the common model
 * or a personal one. */
void ent_devices_train(const ent_devices *devices, int64_t client, int64_t pass, ent_samples *samples);
void ent_devices_predict(const ent_devices *devices, int part, int64_t client, int64_t first, ent_samples *samples);

/* reads.c: check that a register's circuit, from the OpenQASM file `path`, uses all of its data, and that these can
 * change the readouts; `fused`: other gates follow it.  Local.  Errors: ENT_ECONFIG, naming the file;
 * ENT_ENOMEM. */
ent_status ent_ansatz_reads(const char *path, const ent_circuit *circuit, bool fused);

/* timeline.c: a pure function of configuration, seeds and round. */

/* A client whose update counts in a round. */
typedef struct {
    int64_t client;
    int64_t base;  /* the round whose first weights it starts from */
    double weight; /* factor of its number of samples */
} ent_member;

/* Ascending by client. */
typedef struct {
    int64_t n;
    int64_t drawn, lost; /* clients asked; clients that trained, but whose update does not count */
    double simulated_s;  /* duration of the round */
    double staleness;    /* mean over members of round - base */
    ent_member *member;
    int64_t *gone; /* [lost] sync: the lost clients, ascending */
    int64_t room;
} ent_cohort;

ent_status ent_timeline_new(const ent_population *population, ent_timeline **out);
void ent_timeline_free(ent_timeline *timeline);
/* The cohort of any round >= 0, valid until the next call.  For a round that does not follow the last one, all rounds
 * before it are simulated, without training.  Local. */
ent_status ent_timeline_round(ent_timeline *timeline, const ent_population *population, int64_t round,
                              const ent_cohort **cohort);
/* The largest number of updates of a round. */
int64_t ent_timeline_most(const ent_population *population);
/* After a round: the oldest base that a later round can have. */
int64_t ent_timeline_oldest(const ent_timeline *timeline, const ent_population *population);

/* history.c: the first weights of rounds first..first+n-1, for members whose base is an earlier round.  Local. */
ent_status ent_history_new(int64_t params, ent_history **out);
void ent_history_free(ent_history *history);
/* Keep w [params] as the first weights of `round`, which must follow the last one kept. */
ent_status ent_history_keep(ent_history *history, int64_t round, const double *w);
const double *ent_history_at(const ent_history *history, int64_t round);
void ent_history_forget(ent_history *history, int64_t before); /* rounds < before */
/* All kept weights, w [n][params], for a checkpoint; and restoring them. */
const double *ent_history_get(const ent_history *history, int64_t *first, int64_t *n);
ent_status ent_history_set(ent_history *history, int64_t first, int64_t n, const double *w);

/* schedule.c: rank[i] of `ranks` trains member i; a member without rows has rank -1.  Longest first, to the rank with
 * the lowest cost so far (Graham 1969).  Cost of a client: the sum of ent_policy_cost over its samples.  Local. */
ent_status ent_schedule_make(const ent_population *population, int ranks, const ent_cohort *cohort, int *rank);
/* The same for all clients, rank [clients]. */
ent_status ent_schedule_all(const ent_population *population, int ranks, int *rank);
/* The same for predicting each member's rows of `part` after `epochs` epochs of training.  Local. */
ent_status ent_schedule_own(const ent_population *population, int ranks, const ent_cohort *cohort, int part,
                            int epochs, int *rank);

/* store.c: features of clients' rows of a part, read when a client needs them, freed when memory is needed.  The
 * store refers to features and population, which must outlive it.  Local. */
ent_status ent_store_new(const ent_features *features, const ent_population *population, int node_ranks, int part,
                         ent_store **out);
void ent_store_free(ent_store *store);
/* Make a client ready without reading: the caller writes its rows to *x, modality after modality [rows][width]; NULL
 * if there is no memory. */
ent_status ent_store_keep(ent_store *store, int64_t client, double **x);
/* Read the rows of the first *ready of clients[0..n-1], at least one. */
ent_status ent_store_fetch(ent_store *store, int64_t n, const int64_t *clients, int64_t *ready);
/* The rows of a client that is ready. */
ent_samples ent_store_samples(const ent_store *store, int64_t client);

/* variates.c: the rule's client_vectors of every client that has trained; zeros before. */
ent_status ent_variates_new(const ent_ranks *ranks, int64_t clients, int64_t width, ent_variates **out);
void ent_variates_free(ent_variates *variates);
/* The vector of a client, on its home rank (client modulo the ranks of the lane); NULL before it has trained.  Local.
 */
const double *ent_variates_at(const ent_variates *v, int64_t client);
/* Members' vectors from their homes to the ranks that train them, and back: mine [own members][width], own members in
 * the order of the cohort.  Collective over the lane. */
ent_status ent_variates_fetch(ent_variates *v, const ent_cohort *cohort, const int *rank, double *mine);
ent_status ent_variates_keep(ent_variates *v, const ent_cohort *cohort, const int *rank, const double *mine);

/* The clients that have a vector on this rank, ascending: clients [*n], allocated.  Local. */
ent_status ent_variates_list(const ent_variates *v, int64_t *n, int64_t **clients);
/* Set the vector of a client whose home is this rank.  Local. */
ent_status ent_variates_set(ent_variates *v, int64_t client, const double *vector);
static inline bool ent_variates_home(const ent_ranks *ranks, int64_t client)
{
    return client % ent_comm_size(ranks->lane) == ent_comm_rank(ranks->lane);
}

/* client.c: local training.  Local. */

/* The whole state of one client's training, from which it can be resumed. */
typedef struct {
    int64_t client, round, done; /* done: rows of all epochs so far */
    double loss;                 /* the sum over these rows */
    double *w, *first, *second;  /* [params] weights, moments of the optimiser */
    int64_t *steps;              /* [blocks] updates of each block */
} ent_work;

ent_status ent_work_make(int params, int blocks, ent_work *work);
void ent_work_clear(ent_work *work);

/* Refuse an optimiser that this model, or the rule, cannot have.  Local.  Errors: ENT_ECONFIG; ENT_ENOMEM. */
ent_status ent_optimizer_admit(const ent_config *config, ent_model *model);
/* The trainer refers to model and population, which must outlive it. */
ent_status ent_trainer_new(ent_model *model, const ent_population *population, ent_trainer **out);
void ent_trainer_free(ent_trainer *trainer);
ent_work *ent_trainer_work(ent_trainer *trainer);
void ent_work_start(ent_trainer *trainer, int64_t round, int64_t client);
/* Resume work that was begun elsewhere; `begun` is copied. */
void ent_work_resume(ent_trainer *trainer, const ent_work *begun);
/* One batch, by rule->config; *over after the last. */
ent_status ent_work_step(ent_trainer *trainer, const ent_rule_state *rule, const double *variate,
                         const ent_samples *samples, bool *over);

/* attack.c */

ent_status ent_attack_check(const ent_population *population); /* Errors: ENT_ECONFIG.  Local. */
/* The Byzantine clients: *byzantine [clients], allocated, or NULL if there are none.  Local. */
ent_status ent_attack_draw(const ent_population *population, uint8_t **byzantine);
/* Replace an update by what a Byzantine client sends.  Local. */
void ent_attack_apply(const ent_rule_state *s, ent_update *update);

/* aggregate.c */

/* The rule's state before the first round.  Local. */
ent_status ent_rule_state_make(const ent_population *population, const ent_model *model, ent_rule_state *s);
void ent_rule_state_clear(ent_rule_state *s);
/* Refuse a rule or an attack that does not work with this federation.  Local.  Errors: ENT_ECONFIG. */
ent_status ent_rule_admit(const ent_population *population, const ent_model *model);

ent_status ent_aggregate_new(const ent_population *population, const ent_model *model, const ent_rule *rule,
                             ent_aggregate **out);
void ent_aggregate_free(ent_aggregate *aggregate);
void ent_aggregate_start(ent_aggregate *aggregate);
/* block_weight [blocks]: the number of the client's rows that train the block (at most 1 with a rule that takes
 * uniform means), times the member's weight.  Local. */
void ent_update_weigh(const ent_population *population, const ent_model *model, int64_t client, double weight,
                      double *block_weight);
/* Local.  Errors: ENT_ENUMERIC, naming the block; then nothing has been added. */
ent_status ent_aggregate_add(ent_aggregate *aggregate, const ent_update *update);
/* Count a client whose update is left out.  Local. */
void ent_aggregate_exclude(ent_aggregate *aggregate);
/* What has been added on this rank so far, as tables of 8-byte numbers, which may be written to. */
enum { ENT_TALLY_COUNTS = 3 };
typedef struct {
    int64_t sums; /* 4 per sum */
    int64_t *sum;
    int64_t *count; /* [ENT_TALLY_COUNTS] clients, samples, excluded */
    int64_t records, record;
    double *each; /* [records][record] */
} ent_tally;
ent_tally ent_aggregate_see(ent_aggregate *aggregate);
/* Allocate `records` records, to be filled through ent_aggregate_see.  Local. */
ent_status ent_aggregate_reserve(ent_aggregate *aggregate, int64_t records);
/* The mean of what was added on all ranks, or what the rule combines it to, the same on all of them.  It lives until
 * the next start.  secure: the round of secure aggregation, or NULL.  Collective.
 * Errors: ENT_EDATA, secure aggregation does not open the sum. */
struct ent_secure_round;
ent_status ent_aggregate_finish(ent_aggregate *aggregate, const ent_ranks *ranks, const ent_rule_state *s,
                                struct ent_secure_round *secure, ent_mean **mean);
/* Numbers that a client sends in s->round with secure aggregation.  Local. */
int64_t ent_aggregate_ring(const ent_aggregate *aggregate, const ent_rule_state *s);

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
/* The number of rounds that did not change the weights: no client trained, or too few for the rule in every block.
 * Local. */
int64_t ent_untrained_rounds(const ent_outcome *outcome, const ent_model *model);
bool ent_round_is_evaluated(const ent_config_federation *config, int64_t round); /* Local */
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

/* checkpoint.c.  Collective functions fail on all ranks or on none. */

/* Save after round f->outcome.rounds - 1, or, with `inside`, in round f->outcome.rounds; this adds up the sums of the
 * current round over the ranks.  Collective. */
ent_status ent_checkpoint_save(ent_training *t, const ent_inside *inside);
/* Restore f->target.label: how the training of the checkpoint learns a real label (older versions did not standardise
 * it).  Local. */
ent_status ent_checkpoint_label(ent_federation *f);
/* Write the state into a result, between rounds; `file` is rank 0's, and NULL elsewhere.  Collective.  If rank 0 has
 * no memory for the clients' vectors, the result cannot be continued, and a note says so. */
ent_status ent_checkpoint_embed(const ent_training *t, ent_h5 *file);
/* Restore the state of the checkpoint or the result: f->outcome.rounds and its figures, weights, memories, and
 * t->resume.  Collective. */
ent_status ent_checkpoint_load(ent_training *t);
/* Restore the sums of the interrupted round, distributed over the ranks; after ent_aggregate_start.  Local. */
ent_status ent_checkpoint_tally(ent_training *t);
/* Read work k of t->resume->at_work.  Local. */
ent_status ent_checkpoint_work(const ent_training *t, int64_t k, ent_work *work);
void ent_inside_free(ent_inside *inside);

/* machine.c: the instruction set and BLAS kernel of a training, /isa and /blas in a file.  Errors: ENT_EARG if those
 * of the ranks are different.  Local (write: as ent_h5_write_text). */
ent_status ent_machine_write(ent_h5 *file);
ent_status ent_machine_compare(const ent_h5 *file);

/* inputs.c: the digests of ent_federation_identify, /data and /features, in a file.  `whose`: checkpoint, result.
 * Errors: ENT_EDATA.  Local (write: as ent_h5_write_text). */
ent_status ent_inputs_write(const ent_inputs *inputs, ent_h5 *file);
ent_status ent_inputs_compare(const ent_inputs *mine, const char *path, const ent_h5 *file, const char *whose);

/* checkpoint_table.c: tables [rows][width] of 8-byte numbers (ENT_H5_I64 or ENT_H5_F64) in a file; with each table
 * a checksum per row, 64 bits of its SHA-256. */

/* The place of the tables: "" or the group "/resume" of a result.  file NULL: a file that rank 0 writes. */
typedef struct {
    ent_h5 *file;
    const char *under;
} ent_place;

/* Create a table for the rows of all ranks; those of this rank are `mine` rows from *first on.  Collective. */
ent_status ent_ctable_make(const ent_place *at, ent_comm *comm, const char *name, ent_h5_type type, int64_t mine,
                           int64_t width, int64_t *first);
/* Fill n rows.  Local. */
ent_status ent_ctable_put(const ent_place *at, const char *name, ent_h5_type type, int64_t first, int64_t n,
                          int64_t width, const void *rows);
/* The reverse.  Local.  Errors: ENT_EFORMAT: missing, of another shape, or damaged. */
bool ent_ctable_has(const ent_place *at, const char *name);
ent_status ent_ctable_rows(const ent_place *at, const char *name, int64_t *rows);
ent_status ent_ctable_get(const ent_place *at, const char *name, ent_h5_type type, int64_t first, int64_t n,
                          int64_t width, void *rows);

/* personal.c.  Collective. */

/* As ent_predict_part, but each client's rows are predicted by its personal model, fine-tuned by `epochs` epochs. */
ent_status ent_predict_own(ent_training *t, int part, int epochs, double **output);
/* aggregation: local: f->w becomes the mean of the clients' own weights. */
ent_status ent_own_average(ent_training *t);

/* result.c: the path of a folder's result; reading a result, before and after the model is built.  Local. */
ent_status ent_result_path(const char *folder, char path[4096]);
ent_status ent_result_restore_ansatz(const char *folder, const char *modality, const ent_qasm_inputs *inputs,
                                     ent_qasm **out);
/* Restore f->target.label and f->target.prior, and `inp`: how to read the label of another data set in the same way;
 * it borrows `class_name` (ent_free). */
ent_status ent_result_restore_label(ent_federation *f, const char *folder, ent_label_inp *inp, int32_t **class_name);
/* Check that the open data set has the features that the model was trained on. */
ent_status ent_result_check_data(ent_federation *f, const char *folder);
ent_status ent_result_restore(ent_federation *f, const char *folder);

/* evaluate.c.  Collective; `output` (rank 0) [rows of the part][outputs], allocated.  Errors: ENT_STOPPED too. */
ent_status ent_predict_part(ent_federation *f, int part, double **output);
/* Set the outputs of those of the rows first..first+n-1 that policy drop does not answer to target->prior. */
void ent_answer_by_prior(const ent_target *target, const ent_part *part, int64_t first, int64_t n, double *output);
/* After the last round: final figures, and those of fine-tuning. */
ent_status ent_training_evaluate(ent_training *t);
ent_status ent_measure_part(const ent_part *part, const ent_label *label, const double *output, ent_metrics *metrics);

#endif
