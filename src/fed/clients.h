/* The clients of a round, up to what they send.
 *   timeline    who takes part, from which weights, with which weight     pure, the same on all ranks
 *   history     the weights from which clients in flight have started     the same on all ranks
 *   schedule    the rank that trains each of them                         pure, the same on all ranks
 *   store       features of the clients that a rank is training
 *   variates    vectors that clients keep between rounds, each on its home rank
 *   client      local training */
#ifndef ENTENTE_FED_CLIENTS_H
#define ENTENTE_FED_CLIENTS_H

#include "entente/rule.h"
#include "fed/features.h"

typedef struct ent_variates ent_variates;
typedef struct ent_timeline ent_timeline;
typedef struct ent_history ent_history;
typedef struct ent_trainer ent_trainer;

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

#endif
