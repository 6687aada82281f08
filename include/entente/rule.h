/* Aggregation rules: pure functions on vectors of parameters, each rule a row of a table.
 *
 * In a round, every client starts from `base`, trains (its gradient may be corrected), and sends the change of its
 * weights, block by block with a weight: 0 if none of its samples trained the block (the missing-modality mechanism),
 * else the number of samples that did, or 1 for a rule that takes uniform means.  The server receives the weighted
 * mean of the changes, or each of them, and makes its step.  A block of weight 0 in the mean was not trained by any
 * client: the block and the server's memory of it must not be changed.  A client's values in blocks that it did not
 * train are never read.  All functions are Local and give the same bits on every rank. */
#ifndef ENTENTE_RULE_H
#define ENTENTE_RULE_H

#include "entente/config.h"
#include "entente/model.h"

enum { ENT_RULE_VECTORS = 2 };

/* The state of a rule. */
typedef struct {
    const ent_config *config;
    int params, blocks;
    const ent_block *block;
    int64_t cohort;      /* number of clients asked in a round */
    int64_t *population; /* [blocks] number of clients with training rows that train the block */
    int64_t round;
    const double *base; /* [params] the weights from which the current client started */
    double *budget;     /* [clients] expected errors in one run of a client's circuits; NULL: no client has any */
    double least_budget;
    double *memory[ENT_RULE_VECTORS]; /* [params] the server's memory, the same on all ranks; zeros before `start` */
} ent_rule_state;

/* What one client sends. */
typedef struct {
    int64_t client, samples; /* rows times epochs */
    double loss;             /* their sum */
    double *delta;           /* [params] change of its weights */
    double *extra;           /* [params] what else the rule needs, 0 in blocks of weight 0; NULL: nothing */
    double *weight;          /* [blocks] */
    double *effort;          /* [blocks] a measure of its work, if the rule uses one */
    double within;           /* 1 if its change is within the norm of differential privacy, else 0 */
    const int64_t *steps;    /* [blocks] local updates */
    int64_t round;           /* the round with whose first weights it started */
} ent_update;

/* What the server receives: means per block, weighted by `weight`; `extra` is a plain sum over clients. */
typedef struct {
    int64_t clients, samples;
    int64_t excluded;     /* clients whose update was out of range or NaN */
    double loss;          /* the sum over samples */
    double within;        /* sum over clients, if a norm follows it (privacy.adaptive_quantile) */
    double *delta;        /* [params]; 0 in blocks of weight 0 */
    double *extra;        /* [params]; NULL without */
    double *weight;       /* [blocks] sums */
    double *effort;       /* [blocks] */
    int64_t blocks_short; /* blocks that clients trained, but fewer than the rule needs: their weight is 0 */
} ent_mean;

typedef struct {
    int memory;         /* vectors of the server */
    int client_vectors; /* vectors that a client keeps between rounds, contiguous; initially zeros */
    bool extra;
    bool uniform; /* all clients that trained a block have the same weight */
    bool robust;  /* leaves out a client that diverged, unless federation.on_divergence says otherwise */
    bool own;     /* every client keeps its own model, in its one vector (minus the base); nothing is sent */
    /* Refuse configurations; NULL: none.  Errors: ENT_ECONFIG. */
    ent_status (*check)(const ent_rule_state *s);
    /* Fill the server's memory before the first round; NULL: zeros. */
    void (*start)(ent_rule_state *s);
    /* Before local training: set the client's starting point, w [params]; NULL: the base. */
    void (*begin)(const ent_rule_state *s, const double *variate, double *w);
    /* Change the local gradient of one block at weights w; NULL: unchanged. */
    void (*correct)(const ent_rule_state *s, const double *variate, const ent_block *block, const double *w,
                    double *gradient);
    /* After local training: set what is sent, and the client's vectors; NULL: sends the plain change. */
    void (*send)(const ent_rule_state *s, double *variate, ent_update *update);
    /* Combine all updates, ascending by client (of each: client, delta, weight), instead of their weighted mean: into
     * delta, weight and blocks_short.  NULL: the mean.  On rank 0 only. */
    ent_status (*combine)(const ent_rule_state *s, int64_t n, const ent_update *update, ent_mean *mean);
    /* The server's step: from the mean to the new weights. */
    void (*step)(ent_rule_state *s, const ent_mean *mean, double *w);
} ent_rule;

/* The rule of a value of config.federation.aggregation; NULL if it is not registered. */
const ent_rule *ent_rule_find(ent_aggregation aggregation);

/* For the functions of a rule. */

/* w += the mean change. */
void ent_rule_step_plain(ent_rule_state *s, const ent_mean *mean, double *w);

/* |a|_1 of FedNova: the weights with which the gradients of `steps` local updates add up in the change, over the
 * learning rate.  SGD: steps.  Momentum m: the t-th update counts 1 + m + .. + m^(t-1).  Adam: steps (not from the
 * paper). */
double ent_rule_path_length(const ent_config_client *client, int64_t steps);

/* The learning rate of a client that starts from the weights of `round`, in a block: the rate of section client for
 * this kind of block, times schedule and warm-up. */
double ent_client_rate(const ent_config *config, const ent_block *block, int64_t round);

/* server.learning_rate, or the rule's default if it is 0. */
static inline double ent_rule_rate(const ent_rule_state *s, double own)
{
    return s->config->server.learning_rate > 0.0 ? s->config->server.learning_rate : own;
}

/* The largest number of clients that can train block b in a round. */
static inline int64_t ent_rule_most(const ent_rule_state *s, int b)
{
    return s->cohort < s->population[b] ? s->cohort : s->population[b];
}

#endif
