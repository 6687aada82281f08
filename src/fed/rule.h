/* Aggregation rules: pure functions on vectors of parameters, a row of a table each.
 *
 * A round as a rule sees it: every client starts from `base`, trains (its gradient may be corrected), and sends the
 * change of its weights, block by block with a weight: the samples that trained the block, 0 where none did (the
 * missing-modality mechanism).  The server gets the weighted mean of the changes, or each of them, and makes its step.
 * A block that nobody trained has weight 0 in the mean and must be left as it is.  All functions are Local and give
 * the same bits on every rank. */
#ifndef ENTENTE_FED_RULE_H
#define ENTENTE_FED_RULE_H

#include "entente/config.h"
#include "entente/model.h"

enum { ENT_RULE_VECTORS = 2 };

/* What a rule works with and remembers. */
typedef struct {
    const ent_config *config;
    int params, blocks;
    const ent_block *block;
    int64_t population; /* clients that have training rows */
    int64_t round;
    const double *base;               /* [params] what the client at hand started from */
    double *memory[ENT_RULE_VECTORS]; /* [params] the server's own, the same on all ranks; zeros at the start */
} ent_rule_state;

/* What one client sends. */
typedef struct {
    int64_t client, samples; /* rows times epochs */
    double loss;             /* the sum over them */
    double *delta;           /* [params] change of its weights */
    double *extra;           /* [params] what else the rule wants; NULL without */
    double *weight;          /* [blocks] */
    int64_t *steps;          /* [blocks] local updates */
} ent_update;

/* What the server gets: per block means weighted by `weight`; `extra` is a plain sum over clients. */
typedef struct {
    int64_t clients, samples;
    double loss;    /* the sum over samples */
    double *delta;  /* [params]; 0 in blocks of weight 0 */
    double *extra;  /* [params]; NULL without */
    double *weight; /* [blocks] sums */
} ent_mean;

typedef struct {
    const char *name;
    int memory;         /* vectors of the server */
    int client_vectors; /* vectors that a client keeps between its rounds, one behind the other */
    bool extra;
    bool own; /* every client keeps a model of its own, in its one vector (minus the base); nothing is sent */
    /* Before local training: where the client starts, w [params]; NULL: at the base. */
    void (*begin)(const ent_rule_state *s, const double *variate, double *w);
    /* Change the local gradient of one block at weights w; NULL: leave it. */
    void (*correct)(const ent_rule_state *s, const double *variate, const ent_block *block, const double *w,
                    double *gradient);
    /* After local training: what is sent, and the client's vectors; NULL: the plain change. */
    void (*send)(const ent_rule_state *s, double *variate, ent_update *update);
    /* Combine all updates, ascending by client, instead of their weighted mean; NULL: the mean.  On rank 0 alone. */
    ent_status (*combine)(const ent_rule_state *s, int64_t n, const ent_update *update, ent_mean *mean);
    /* The server's step from the mean to the new weights. */
    void (*step)(ent_rule_state *s, const ent_mean *mean, double *w);
} ent_rule;

const ent_rule *ent_rule_find(ent_aggregation aggregation);

#endif
