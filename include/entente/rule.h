/* Aggregation rules: pure functions on vectors of parameters, a row of a table each.
 *
 * A round as a rule sees it: every client starts from `base`, trains (its gradient may be corrected), and sends the
 * change of its weights, block by block with a weight: 0 where none of its samples trained the block (the
 * missing-modality mechanism), else the samples that did, or 1 for a rule that takes uniform means.  The server gets
 * the weighted mean of the changes, or each of them, and makes its step.  A block of weight 0 in the mean was trained
 * by nobody: it and all that the server remembers of it must be left as they are.  What a client holds in a block
 * that it did not train is never read.  All functions are Local and give the same bits on every rank. */
#ifndef ENTENTE_RULE_H
#define ENTENTE_RULE_H

#include "entente/config.h"
#include "entente/model.h"

enum { ENT_RULE_VECTORS = 2 };

/* What a rule works with and remembers. */
typedef struct {
    const ent_config *config;
    int params, blocks;
    const ent_block *block;
    int64_t cohort;      /* clients that a round asks */
    int64_t *population; /* [blocks] clients that have training rows that train the block */
    int64_t round;
    const double *base; /* [params] what the client at hand started from */
    double *budget; /* [clients] errors that are expected in one run of a client's circuits; NULL: none anywhere */
    double least_budget;
    double *memory[ENT_RULE_VECTORS]; /* [params] the server's own, the same on all ranks; zeros before `start` */
} ent_rule_state;

/* What one client sends. */
typedef struct {
    int64_t client, samples; /* rows times epochs */
    double loss;             /* the sum over them */
    double *delta;           /* [params] change of its weights */
    double *extra;           /* [params] what else the rule wants, 0 in blocks of weight 0; NULL without */
    double *weight;          /* [blocks] */
    double *effort;          /* [blocks] a measure of its work, where the rule takes one */
    double within;           /* 1 where its change is within the norm of differential privacy, else 0 */
    const int64_t *steps;    /* [blocks] local updates */
    int64_t round;           /* whose first weights it started from */
} ent_update;

/* What the server gets: per block means weighted by `weight`; `extra` is a plain sum over clients. */
typedef struct {
    int64_t clients, samples;
    int64_t excluded;     /* clients whose update left its range */
    double loss;          /* the sum over samples */
    double within;        /* sum over clients, where a norm follows it (privacy.adaptive_quantile) */
    double *delta;        /* [params]; 0 in blocks of weight 0 */
    double *extra;        /* [params]; NULL without */
    double *weight;       /* [blocks] sums */
    double *effort;       /* [blocks] */
    int64_t blocks_short; /* blocks that clients trained, but fewer than the rule needs: their weight is 0 */
} ent_mean;

typedef struct {
    int memory;         /* vectors of the server */
    int client_vectors; /* vectors that a client keeps between its rounds, one behind the other; zeros at first */
    bool extra;
    bool uniform; /* every client that trained a block counts alike */
    bool robust;  /* leaves out a client that diverged, unless federation.on_divergence says otherwise */
    bool own;     /* every client keeps a model of its own, in its one vector (minus the base); nothing is sent */
    /* Refuse a configuration; NULL: nothing to refuse.  Errors: ENT_ECONFIG. */
    ent_status (*check)(const ent_rule_state *s);
    /* Fill the server's memory before the first round; NULL: zeros. */
    void (*start)(ent_rule_state *s);
    /* Before local training: where the client starts, w [params]; NULL: at the base. */
    void (*begin)(const ent_rule_state *s, const double *variate, double *w);
    /* Change the local gradient of one block at weights w; NULL: leave it. */
    void (*correct)(const ent_rule_state *s, const double *variate, const ent_block *block, const double *w,
                    double *gradient);
    /* After local training: what is sent, and the client's vectors; NULL: the plain change. */
    void (*send)(const ent_rule_state *s, double *variate, ent_update *update);
    /* Combine all updates, ascending by client (of each: client, delta, weight), instead of their weighted mean: into
     * delta, weight and blocks_short.  NULL: the mean.  On rank 0 alone. */
    ent_status (*combine)(const ent_rule_state *s, int64_t n, const ent_update *update, ent_mean *mean);
    /* The server's step from the mean to the new weights. */
    void (*step)(ent_rule_state *s, const ent_mean *mean, double *w);
} ent_rule;

/* The rule of a value of config.federation.aggregation; NULL for one that nobody has registered. */
const ent_rule *ent_rule_find(ent_aggregation aggregation);

/* For the functions of a rule. */

/* w += the mean change. */
void ent_rule_step_plain(ent_rule_state *s, const ent_mean *mean, double *w);

/* |a|_1 of FedNova: the weights with which the gradients of `steps` local updates add up in the change, over the
 * learning rate.  SGD: steps.  Momentum m: the t-th update counts 1 + m + .. + m^(t-1).  Adam: steps (ours). */
double ent_rule_path_length(const ent_config_client *client, int64_t steps);

/* The learning rate of a client that starts from the weights of `round`, in a block: section client's rate for what
 * the block is, times its schedule and warm-up. */
double ent_client_rate(const ent_config *config, const ent_block *block, int64_t round);

/* server.learning_rate, or the rule's own where it is 0. */
static inline double ent_rule_rate(const ent_rule_state *s, double own)
{
    return s->config->server.learning_rate > 0.0 ? s->config->server.learning_rate : own;
}

/* The most clients that can train block b in a round. */
static inline int64_t ent_rule_most(const ent_rule_state *s, int b)
{
    return s->cohort < s->population[b] ? s->cohort : s->population[b];
}

#endif
