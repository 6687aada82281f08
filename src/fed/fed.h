/* Inside the federation's room: what its files share.
 *
 * A function takes the parts of the federation that it reads:
 *   ranks, population, features, target, outcome                                the structs below
 *
 *   population  which client has which rows; what every row has left             pure, the same on all ranks
 *   reads       whether a circuit from a file reads its data
 *   devices     noise, shots and layers of the clients' devices                  pure, the same on all ranks
 *   timeline    which clients take part in a round, from when, with what weight  pure, the same on all ranks
 *   history     the weights that clients in flight have started from             the same on all ranks
 *   schedule    which rank trains which of them                                  pure, the same on all ranks
 *   rows        rows with their features: read, reduced; fitting the reductions
 *   store       features of the clients that a rank is training
 *   variates    vectors that clients keep between rounds, each at its home rank
 *   client      local training
 *   rule        the aggregation rules, one row of a table each                   pure
 *   attack      what Byzantine clients send instead                              pure
 *   aggregate   what the clients send, added up or combined
 *   checkpoint  a training's state in a file, and back;  checkpoint_table: its tables, with a check for every row
 *   round       one round, from the timeline to the new weights
 *   select      the round whose weights are kept, by its validation figures
 *   evaluate    predictions and figures;  personal: those of models of the clients' own;  result: the file */
#ifndef ENTENTE_FED_ROOM_H
#define ENTENTE_FED_ROOM_H

#include "entente/fed.h"
#include "entente/h5.h"
#include "entente/qasm.h"
#include "entente/rule.h"

/* Rows first..first+n-1 of a part's table with their features, as the model takes them. */
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

/* The parts of a federation.  A function takes the parts that it reads. */

/* Who computes: the ranks, and what each of them has. */
typedef struct {
    ent_comm *world; /* all ranks: what fails on one of them fails on all */
    ent_comm *group; /* ranks that hold one state together; NULL where every rank holds its own */
    ent_comm *lane;  /* the ranks that clients and rows are dealt to, one of each group; every lane does the same */
    ent_team *team;  /* the group as the model's programs see it, or NULL */
    int node_ranks, node_cores; /* of the world, on this node */
    int threads;
} ent_ranks;

/* Which client has which rows, and what every row has left: the same on all ranks. */
typedef struct {
    const ent_config *config;
    int modalities;
    int64_t clients, empty_clients;
    ent_missing_inp missing;
    ent_part part[ENT_PARTS];
    ent_devices *devices; /* that run the clients' circuits, once there is a model; NULL: exact and without noise */
} ent_population;

/* What the model reads of the rows. */
typedef struct {
    ent_dataset *dataset;
    ent_reduction *reduction[ENT_MAX_MODALITIES];
    int angles[ENT_MAX_MODALITIES];     /* numbers per sample that a register's circuit takes */
    int64_t width[ENT_MAX_MODALITIES];  /* numbers per sample that the model takes */
    double *absent[ENT_MAX_MODALITIES]; /* [width] what the policy reads of an absent modality, or NULL */
    ent_rows slice[ENT_PARTS];          /* what this rank evaluates, of validation and test */
    ent_store
        *train; /* the training rows that were kept when the reductions were fitted, until a training takes it */
    double read_s;
} ent_features;

/* What the model predicts. */
typedef struct {
    ent_label label;
    int outputs;
    double *prior;        /* [outputs]: what the training labels alone predict */
    double alike;         /* how alike the clients' mixtures of classes are (label.c) */
    double *class_weight; /* [outputs] of a sample's loss in training, by its class; NULL: 1 */
} ent_target;

/* What a training has come to: figures, on rank 0. */
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
    struct ent_training *training; /* of the last training, for a result that more rounds may go on from; or NULL */
    ent_inputs inputs;             /* features "": not known yet */
    ent_watch *watch;              /* while it trains with checkpoints, else NULL */
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

/* target->label of a real label, what the model learns of it, and target->prior, what the training labels alone
 * predict. */
ent_status ent_label_fit(ent_population *population, ent_target *target);
/* target.class_weight: rows over the classes that occur and the rows of the class; 0 for a class without training
 * rows.  Nothing for a real label.  Errors: ENT_ENOMEM. */
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
/* Outputs [n][outputs] of the model into the label's unit: classes stay as they are. */
void ent_label_restore(const ent_label *label, int64_t n, double *output);
/* What a loss of the model is times, to be in the square of the label's unit. */
double ent_label_square(const ent_label *label);

/* rows.c */

/* Fit the reductions over the training rows, which are kept as far as there is room, then read this rank's slices for
 * evaluation.  Collective. */
ent_status ent_rows_load(const ent_ranks *ranks, const ent_population *population, ent_features *features, bool fit);
/* Features of rows at[0..n-1] of a part's table: x[m] [n][features->width[m]].  Local. */
ent_status ent_rows_read(const ent_features *features, const ent_population *population, int part, int64_t n,
                         const int64_t *at, double *const x[ENT_MAX_MODALITIES]);
void ent_rows_clear(ent_rows *rows);
/* Rows begin..end-1 of n are rank r's slice of a part. */
static inline int64_t ent_slice_begin(int64_t n, int rank, int size)
{
    return n / size * rank + (rank < n % size ? rank : n % size);
}

/* assemble.c: from the configuration to a model.  Local. */
void ent_features_measure(ent_federation *f); /* features.angles and features.width */
ent_status ent_model_assemble(ent_federation *f);
ent_status ent_model_describe(const ent_federation *f, ent_model_inp *out); /* borrows names and ansaetze of f */

/* devices.c.  Local; the same on all ranks. */

/* NULL where everything is exact and without noise.  Errors: ENT_ECONFIG, naming the key; ENT_ENOMEM. */
ent_status ent_devices_new(const ent_config *config, int modalities, int64_t clients, ent_devices **out);
void ent_devices_free(ent_devices *devices);
/* Whether layers are to be blocks of their own. */
bool ent_devices_apart(const ent_config *config);
/* What evaluates the common model, and what trains a client's; devices may be NULL. */
const ent_device *ent_devices_base(const ent_devices *devices);
const ent_device *ent_devices_of(const ent_devices *devices, int64_t client);
/* What is expected to go wrong in one run of the client's circuits: the sum over the gates of the chance of an error,
 * plus the mean chance that a readout is wrong, with the gates counted from the registers' layers. */
double ent_devices_budget(const ent_devices *devices, int64_t client);
/* The random numbers of a client's training pass, and of predicting a part's rows by the common model or a client's
 * own. */
void ent_devices_train(const ent_devices *devices, int64_t client, int64_t pass, ent_samples *samples);
void ent_devices_predict(const ent_devices *devices, int part, int64_t client, int64_t first, ent_samples *samples);

/* reads.c: whether a register's circuit, of the OpenQASM file `path`, reads all of its data, and whether these can
 * change what the model reads; `fused`: other gates follow it.  Local.  Errors: ENT_ECONFIG, naming the file;
 * ENT_ENOMEM. */
ent_status ent_ansatz_reads(const char *path, const ent_circuit *circuit, bool fused);

/* timeline.c: a pure function of configuration, seeds and round. */

/* A client that takes part in a round, and whose update counts. */
typedef struct {
    int64_t client;
    int64_t base;  /* the round whose first weights it starts from */
    double weight; /* times its samples */
} ent_member;

/* Ascending by client. */
typedef struct {
    int64_t drawn, lost,
        n;              /* drawn: those that were asked; lost: those that trained and whose update does not count */
    double simulated_s; /* what the round takes */
    double staleness;   /* mean over members of round - base */
    ent_member *member;
    int64_t *gone; /* [lost] sync: who is lost, ascending */
    int64_t room;
} ent_cohort;

ent_status ent_timeline_new(const ent_population *population, ent_timeline **out);
void ent_timeline_free(ent_timeline *timeline);
/* The cohort of any round >= 0; it lives until the next call.  A round that does not follow the last one is found by
 * playing all rounds before it, without training.  Local. */
ent_status ent_timeline_round(ent_timeline *timeline, const ent_population *population, int64_t round,
                              const ent_cohort **cohort);
/* The most updates that a round can have. */
int64_t ent_timeline_most(const ent_population *population);
/* After a round: the oldest base that a later round can have. */
int64_t ent_timeline_oldest(const ent_timeline *timeline, const ent_population *population);

/* history.c: the first weights of rounds first..first+n-1, for members whose base is an earlier round.  Local. */
ent_status ent_history_new(int64_t params, ent_history **out);
void ent_history_free(ent_history *history);
/* Keep w [params] as the first weights of `round`, the one behind the last that is there. */
ent_status ent_history_keep(ent_history *history, int64_t round, const double *w);
const double *ent_history_at(const ent_history *history, int64_t round);
void ent_history_forget(ent_history *history, int64_t before); /* rounds < before */
/* All that is there, w [n][params], and back again: what a checkpoint holds. */
const double *ent_history_get(const ent_history *history, int64_t *first, int64_t *n);
ent_status ent_history_set(ent_history *history, int64_t first, int64_t n, const double *w);

/* schedule.c: rank[i] of `ranks` trains member i; a member without rows has rank -1.  Longest first, to the rank that
 * has least (Graham 1969).  Cost of a client: the sum of ent_policy_cost over its samples.  Local. */
ent_status ent_schedule_make(const ent_population *population, int ranks, const ent_cohort *cohort, int *rank);
/* The same of all clients, rank [clients]. */
ent_status ent_schedule_all(const ent_population *population, int ranks, int *rank);
/* The same for predicting each member's rows of `part` after so many epochs of training.  Local. */
ent_status ent_schedule_own(const ent_population *population, int ranks, const ent_cohort *cohort, int part,
                            int epochs, int *rank);

/* store.c: features of clients' rows of a part, read when a client wants them, given back when room is wanted.  The
 * store looks at features and population, which outlive it.  Local. */
ent_status ent_store_new(const ent_features *features, const ent_population *population, int node_ranks, int part,
                         ent_store **out);
void ent_store_free(ent_store *store);
/* Make a client ready without reading: its rows are to be put at *x, modality after modality [rows][width]; NULL
 * where there is no room. */
ent_status ent_store_keep(ent_store *store, int64_t client, double **x);
/* Make the first *ready of clients[0..n-1] ready, at least one. */
ent_status ent_store_fetch(ent_store *store, int64_t n, const int64_t *clients, int64_t *ready);
/* The rows of a client that is ready. */
ent_samples ent_store_samples(const ent_store *store, int64_t client);

/* variates.c: the rule's client_vectors of every client that has trained; zeros before. */
ent_status ent_variates_new(const ent_ranks *ranks, int64_t clients, int64_t width, ent_variates **out);
void ent_variates_free(ent_variates *variates);
/* What a client keeps, at its home rank (client modulo the ranks of the lane); NULL before it has trained.  Local. */
const double *ent_variates_at(const ent_variates *v, int64_t client);
/* Members' vectors from their homes to the ranks that train them, and back: mine [own members][width], own members in
 * the order of the cohort.  Collective over the lane. */
ent_status ent_variates_fetch(ent_variates *v, const ent_cohort *cohort, const int *rank, double *mine);
ent_status ent_variates_keep(ent_variates *v, const ent_cohort *cohort, const int *rank, const double *mine);

/* Those who have a vector here, ascending: clients [*n], allocated; and one's vector [width], NULL before it has one.
 * Local. */
ent_status ent_variates_list(const ent_variates *v, int64_t *n, int64_t **clients);
/* Set the vector of a client whose home this is.  Local. */
ent_status ent_variates_set(ent_variates *v, int64_t client, const double *vector);
static inline bool ent_variates_home(const ent_ranks *ranks, int64_t client)
{
    return client % ent_comm_size(ranks->lane) == ent_comm_rank(ranks->lane);
}

/* client.c: local training.  Local. */

/* One client's training as far as it has come; everything that it needs to go on. */
typedef struct {
    int64_t client, round, done; /* done: rows of all epochs so far */
    double loss;                 /* the sum over these rows */
    double *w, *first, *second;  /* [params] weights, the optimiser's memory */
    int64_t *steps;              /* [blocks] updates that a block has had */
} ent_work;

ent_status ent_work_make(const ent_model *model, ent_work *work);
void ent_work_clear(ent_work *work);

/* Refuse an optimiser that this model, or the rule, cannot have.  Local.  Errors: ENT_ECONFIG; ENT_ENOMEM. */
ent_status ent_optimizer_admit(const ent_config *config, ent_model *model);
/* The trainer looks at model and population, which outlive it. */
ent_status ent_trainer_new(ent_model *model, const ent_population *population, ent_trainer **out);
void ent_trainer_free(ent_trainer *trainer);
ent_work *ent_trainer_work(ent_trainer *trainer);
void ent_work_start(ent_trainer *trainer, int64_t round, int64_t client);
/* Go on with work that was begun elsewhere: `begun` is copied. */
void ent_work_resume(ent_trainer *trainer, const ent_work *begun);
/* One batch, by rule->config; *over after the last. */
ent_status ent_work_step(ent_trainer *trainer, const ent_rule_state *rule, const double *variate,
                         const ent_samples *samples, bool *over);

/* attack.c */

ent_status ent_attack_check(const ent_population *population); /* Errors: ENT_ECONFIG.  Local. */
/* Who is Byzantine: *byzantine [clients], allocated, or NULL where nobody is.  Local. */
ent_status ent_attack_draw(const ent_population *population, uint8_t **byzantine);
/* What a Byzantine client sends.  Local. */
void ent_attack_apply(const ent_rule_state *s, ent_update *update);

/* aggregate.c */

/* The rule's state before the first round.  Local. */
ent_status ent_rule_state_make(const ent_population *population, const ent_model *model, ent_rule_state *s);
void ent_rule_state_clear(ent_rule_state *s);
/* Refuse a rule or an attack that this federation cannot have.  Local.  Errors: ENT_ECONFIG. */
ent_status ent_rule_admit(const ent_population *population, const ent_model *model);

ent_status ent_aggregate_new(const ent_population *population, const ent_model *model, const ent_rule *rule,
                             ent_aggregate **out);
void ent_aggregate_free(ent_aggregate *aggregate);
void ent_aggregate_start(ent_aggregate *aggregate);
/* Per block the client's rows that train it (1 for any with a rule that takes uniform means), times the member's
 * weight: block_weight [blocks].  Local. */
void ent_update_weigh(const ent_population *population, const ent_model *model, int64_t client, double weight,
                      double *block_weight);
/* Local.  Errors: ENT_ENUMERIC, naming the block; then nothing has been added. */
ent_status ent_aggregate_add(ent_aggregate *aggregate, const ent_update *update);
/* Count a client whose update is left out.  Local. */
void ent_aggregate_exclude(ent_aggregate *aggregate);
/* What was added on this rank so far, as tables of 8-byte numbers; open for reading. */
enum { ENT_TALLY_COUNTS = 3 };
typedef struct {
    int64_t sums; /* 4 a sum */
    int64_t *sum;
    int64_t *count; /* [ENT_TALLY_COUNTS] clients, samples, excluded */
    int64_t records, record;
    double *each; /* [records][record] */
} ent_tally;
ent_tally ent_aggregate_see(ent_aggregate *aggregate);
/* Room for `records` of them, to be filled through ent_aggregate_see.  Local. */
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

/* A round that was stopped inside: what is left of it.  Saved: what this rank has of it; loaded: all of it, without
 * `work`, which is read where it goes on. */
typedef struct {
    int64_t left, works;
    int64_t *member;      /* [left] members still to train, at work or not: their numbers in the round's cohort */
    int64_t *at_work;     /* [works] those of them that are at work */
    const ent_work *work; /* [works] */
    double seconds;       /* that it has taken so far */
} ent_inside;

/* The best round so far by run.select, of those that are evaluated whatever the number of rounds. */
typedef struct {
    int64_t round; /* from 0; -1: none yet */
    double score;  /* of its validation rows: the accuracy, or minus the loss */
    double *w;     /* [params] its weights; NULL: run.select is last */
    double *last;  /* [params] those of the last round, once the federation has the selected ones */
} ent_best;

/* What a training run works in. */
typedef struct ent_training {
    ent_federation *f;
    const ent_rule *rule;
    ent_rule_state state;
    ent_timeline *timeline;
    ent_history *history;
    ent_store *store;
    int64_t width;          /* numbers that a client keeps: the rule's vectors, then what it has not sent */
    ent_variates *variates; /* NULL where clients keep nothing */
    ent_trainer *trainer;
    ent_aggregate *aggregate;
    struct ent_private *privacy;   /* NULL without */
    struct ent_download *download; /* NULL where downloads are whole */
    uint8_t *byzantine;            /* [clients], or NULL where nobody is */
    bool excludes;                 /* a client that diverges is left out, and does not end the training */
    double *scratch;               /* [params] */
    double *class_offset;          /* [outputs] of the client at work; NULL: none */
    double *kept;                  /* [width] those of the client at work as they were before it, or NULL */
    ent_update update;
    ent_best best;
    ent_inside *resume; /* the round to go on with was stopped inside; else NULL */
    bool unmeasured;    /* the last round was stopped in its evaluation */
} ent_training;

ent_status ent_training_make(ent_federation *f, ent_training *t); /* Collective */
void ent_training_clear(ent_training *t);
/* Errors: ENT_STOPPED, saved.  Collective. */
ent_status ent_round_run(ent_training *t, ent_round *figures);
/* Rounds after which the weights were as before: no client trained, or too few for the rule in every block.  Local.
 */
int64_t ent_untrained_rounds(const ent_outcome *outcome, const ent_model *model);
bool ent_round_is_evaluated(const ent_config_federation *config, int64_t round); /* Local */
/* Where the round is to be evaluated.  Errors: ENT_STOPPED, nothing is saved.  Collective. */
ent_status ent_round_evaluate(ent_training *t, ent_round *figures);
/* evaluate.c: accuracy [clients] of each client's test rows, from the outputs of the test part; NaN without any. */
void ent_measure_by_client(const ent_population *population, const ent_label *label, const double *output,
                           double *accuracy);
/* Room for these, all NaN, where there are few enough.  Errors: ENT_ENOMEM.  Local. */
ent_status ent_by_client_make(const ent_federation *f, double **out);

/* select.c: the same on all ranks, from rank 0's figures. */

/* Refuse a selection that this federation cannot make.  Local.  Errors: ENT_ECONFIG. */
ent_status ent_select_admit(const ent_federation *f);
ent_status ent_best_make(ent_training *t); /* Local */
void ent_best_clear(ent_best *best);
/* Keep the weights of a round that has been evaluated, if it is better than those before.  Collective. */
void ent_select_keep(ent_training *t, const ent_round *figures);
/* Whether the training ends here by run.patience, as many times as it is asked.  Local. */
bool ent_select_ends(const ent_training *t);
/* After the last round: f->w becomes the weights of the selected round; and back.  Collective; Local. */
void ent_select_take(ent_training *t);
void ent_select_put_back(ent_training *t);

/* figures.c: field k of a round, from 0 on, and its value; the name is NULL after the last.  Local. */
const char *ent_round_field(int k);
double ent_round_get(const ent_round *round, int k);
void ent_round_set(ent_round *round, int k, double value);

/* checkpoint.c.  Failures of what is Collective are agreed on. */

/* Whether to stop here, to be asked between pieces of work.  Ranks that hold a state together ask in step and get the
 * same answer.  Collective over the group, Local without. */
ent_status ent_checkpoint_look(const ent_federation *f, bool *stops);
/* Save behind round f->outcome.rounds - 1, or, with `inside`, in round f->outcome.rounds; then the sums of the round
 * at hand are no longer apart by rank.  Collective. */
ent_status ent_checkpoint_save(ent_training *t, const ent_inside *inside);
/* How the training of the checkpoint learns a real label, into f->target.label: programs before it was standardised
 * learned it as it is.  Local. */
ent_status ent_checkpoint_label(ent_federation *f);
/* Into a result, where nothing of a round is under way; `file` is rank 0's, and NULL elsewhere.  Collective.  Without
 * memory for the clients' vectors on rank 0 the result holds nothing to go on from, and a note says so. */
ent_status ent_checkpoint_embed(const ent_training *t, ent_h5 *file);
/* Back to where the checkpoint, or the result, was: f->outcome.rounds and its figures, weights, memories, and
 * t->resume.  Collective. */
ent_status ent_checkpoint_load(ent_training *t);
/* What had been added up in the round that was stopped, shared out to the ranks; behind ent_aggregate_start.  Local.
 */
ent_status ent_checkpoint_tally(ent_training *t);
/* Work k of t->resume->at_work.  Local. */
ent_status ent_checkpoint_work(const ent_training *t, int64_t k, ent_work *work);
void ent_inside_free(ent_inside *inside);

/* machine.c: what a training computes with, /isa and /blas, in a file.  Errors: ENT_EARG, it is not what the ranks
 * have here.  Local (write: as ent_h5_write_text). */
ent_status ent_machine_write(ent_h5 *file);
ent_status ent_machine_compare(const ent_h5 *file);

/* inputs.c: the digests of ent_federation_identify, /data and /features, in a file.  `whose`: checkpoint, result.
 * Errors: ENT_EDATA.  Local (write: as ent_h5_write_text). */
ent_status ent_inputs_write(const ent_inputs *inputs, ent_h5 *file);
ent_status ent_inputs_compare(const ent_inputs *mine, const char *path, const ent_h5 *file, const char *whose);

/* checkpoint_table.c: tables [rows][width] of 8-byte numbers (ENT_H5_I64 or ENT_H5_F64) in a file; beside each table
 * its checks, 64 bits of every row's SHA-256. */

/* Where the tables are: "" or the group "/resume" of a result.  file NULL: of a file that rank 0 writes. */
typedef struct {
    ent_h5 *file;
    const char *under;
} ent_place;

/* Make a table of all ranks' rows, `mine` of this rank, from row *first on.  Collective. */
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

/* As ent_predict_part, each client's rows by a model of its own: what it starts from, fine-tuned by `epochs`. */
ent_status ent_predict_own(ent_training *t, int part, int epochs, double **output);
/* aggregation: local: f->w becomes the mean of the clients' own weights. */
ent_status ent_own_average(ent_training *t);

/* result.c: the path of a folder's result, and what a result holds, before and after the model is there.  Local. */
ent_status ent_result_path(const char *folder, char path[4096]);
ent_status ent_result_restore_ansatz(const char *folder, const char *modality, const ent_qasm_inputs *inputs,
                                     ent_qasm **out);
/* f->target.label and f->target.prior; how to read the label of a data set alike: `class_name` is what `inp` borrows
 * (ent_free). */
ent_status ent_result_restore_label(ent_federation *f, const char *folder, ent_label_inp *inp, int32_t **class_name);
/* Whether the data set that is open has what the model was trained on: the same number of features. */
ent_status ent_result_check_data(ent_federation *f, const char *folder);
ent_status ent_result_restore(ent_federation *f, const char *folder);

/* evaluate.c.  Collective; `output` (rank 0) [rows of the part][outputs], allocated.  Errors: ENT_STOPPED too. */
ent_status ent_predict_part(ent_federation *f, int part, double **output);
/* Rows first..first+n-1 of a part that policy drop does not answer get what the training labels alone predict. */
void ent_answer_by_prior(const ent_target *target, const ent_part *part, int64_t first, int64_t n, double *output);
/* After the last round: final figures, and those of fine-tuning. */
ent_status ent_training_evaluate(ent_training *t);
ent_status ent_measure_part(const ent_part *part, const ent_label *label, const double *output, ent_metrics *metrics);

#endif
