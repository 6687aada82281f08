/* Secure aggregation between ranks.
 *
 * A rank hosts the clients that it trains, and knows what they know; rank 0 is the server as well.  What a rank sends
 * of its clients' sums is the sum of their masked vectors, so another rank, the server too, sees the vector of no
 * client that it does not host.  Shares travel sealed from host to host.  Masks are added after local training, to
 * the rank's sum: a round that stops in the middle has none, and its checkpoint holds the sum of the clients that are
 * done. */
#ifndef ENTENTE_FED_SECURE_ROUND_H
#define ENTENTE_FED_SECURE_ROUND_H

#include "fed/fed.h"
#include "privacy/secure.h"

/* The clients that were asked and have training rows, ascending: those whose updates count and those who are gone. */
typedef struct ent_secure_cohort {
    int64_t round, clients;
    int *host;      /* [clients] the rank of the lane that has the client's update */
    bool *answered; /* [clients] */
} ent_secure_cohort;

/* Refuse what cannot be aggregated so.  Local.  Errors: ENT_ECONFIG. */
ent_status ent_secure_check(const ent_population *population);
static inline bool ent_is_secure(const ent_config *c)
{
    return c->federation.secure.threshold > 0.0;
}

/* Of so many clients that were asked, how many must answer. */
int64_t ent_secure_fewest(const ent_config *config, int64_t clients);

/* rank [trains->n]: who trains each of these members, -1 for nobody.  `trains` is `all`, or, in a round that goes on,
 * those that were left of it: the others' updates are rank 0's.  Local. */
ent_status ent_secure_cohort_make(const ent_cohort *all, const ent_cohort *trains, const int *rank, int64_t round,
                                  int ranks, ent_secure_cohort *out);
void ent_secure_cohort_clear(ent_secure_cohort *cohort);

/* x [n]: this rank's sums; the last is left free for a check.  Afterwards those of all, the same on all ranks.
 * Collective over the lane.  Errors, agreed on over the lane: ENT_EDATA, the sum does not open, and why; ENT_ENOMEM.
 */
ent_status ent_secure_sum(ent_comm *lane, const ent_config *config, const ent_secure_cohort *cohort, int64_t n,
                          ent_ring *x);

/* What a client sends and gets in a round with vectors of n, besides the weights. */
double ent_secure_bytes_up(const ent_config *config, int64_t clients, int64_t n);
double ent_secure_bytes_down(const ent_config *config, int64_t clients);

/* For tests: is shown what this rank sends of its sums; NULL: nobody is. */
extern void (*ent_secure_watch)(int64_t n, const ent_ring *sent);

#endif
