/* Splits of rows over clients.  A pure function of its arguments: every rank computes the same.  All are Local.
 * Ends in bounded time at any alpha: no split is drawn again. */
#ifndef ENTENTE_SPLIT_H
#define ENTENTE_SPLIT_H

#include <stdint.h>

#include "entente/status.h"

typedef enum {
    ENT_SPLIT_IID,              /* sizes equal to within one */
    ENT_SPLIT_DIRICHLET_CLASS,  /* each class spread over the clients by Dir(alpha): Yurochkin et al. 2019 */
    ENT_SPLIT_DIRICHLET_CLIENT, /* each client's class mix drawn from Dir(alpha), sizes equal: Hsu et al. 2019 */
    ENT_SPLIT_SHARDS,           /* sorted by class, cut into shards, `shards` to each client: McMahan et al. 2017 */
    ENT_SPLIT_QUANTITY,         /* sizes by Dir(alpha), classes mixed */
    ENT_SPLIT_NATURAL,          /* by group; if there are more groups than clients, round-robin */
    ENT_SPLITS                  /* and above: registered by the program (ent_split_register in extend.h) */
} ent_split_kind;

typedef struct ent_split_inp ent_split_inp;
typedef struct ent_split_rows ent_split_rows;

/* A custom split, with the contract of ent_split: a pure function of its arguments. */
typedef ent_status ent_split_own(void *context, const ent_split_inp *inp, const ent_split_rows *rows,
                                 int32_t *client);

struct ent_split_inp {
    ent_split_kind kind;
    int clients;  /* >= 1 */
    double alpha; /* > 0, for the Dirichlet splits and quantity */
    int shards;   /* >= 1, shards per client */
    uint64_t seed;
    ent_split_own *own; /* the function to use if kind is ENT_SPLITS or more, and its context */
    void *context;
};

/* client[k] in 0..clients-1 for rows k < n, all of one part (0 train, 1 validation, 2 test).
 *   stratum [n]  class of each row, 0..strata-1 (for a real label: ent_split_strata)
 *   group [n]    may be NULL unless natural
 * The class mix or share of client c is the same for every part, so a client is tested on data like its own; with
 * natural, a group goes to the same client in every part where it occurs in the training part (train_group, sorted
 * unique groups of the training rows), and the other groups are assigned round-robin.
 * Errors: ENT_EARG; ENT_EDATA natural without groups; ENT_ENOMEM. */
struct ent_split_rows {
    int part;
    int64_t n;
    int strata;
    const int32_t *stratum, *group;
    int64_t train_groups;
    const int32_t *train_group;
};
ent_status ent_split(const ent_split_inp *inp, const ent_split_rows *rows, int32_t *client);

/* Sorted unique values of group[0..n-1]: *out is allocated (ent_free). */
ent_status ent_split_groups(int64_t n, const int32_t *group, int32_t **out, int64_t *count);

/* Strata of real labels: the nearest whole number, counted from the smallest of the training rows and clamped to
 * their range (at most ENT_MAX_CLASSES; equal-width bins if there would be more). */
typedef struct {
    double first, width;
    int count;
} ent_strata;
ent_strata ent_split_strata(int64_t n, const double *train_value);
int32_t ent_split_stratum(const ent_strata *strata, double value);

#endif
