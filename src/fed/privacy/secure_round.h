/* Secure aggregation between ranks.
 *
 * A rank hosts the clients that it trains, and knows their secrets; rank 0 is the server as well.  A rank sends only
 * the sum of its clients' masked vectors, so no other rank, including the server, sees the vector of a client that it
 * does not host.  Shares are sent sealed from host to host.  Masks are added after local training, to the rank's sum:
 * a round that is interrupted has none, and its checkpoint contains the sum of the clients that are done. */
#ifndef ENTENTE_FED_SECURE_ROUND_H
#define ENTENTE_FED_SECURE_ROUND_H

#include "fed/fed.h"
#include "privacy/secure.h"

/* The clients that were asked and have training rows, ascending: both those that answered and those that dropped
 * out. */
typedef struct ent_secure_cohort {
    int64_t round, clients;
    int *host;      /* [clients] the rank of the lane with the client's update */
    bool *answered; /* [clients] */
} ent_secure_cohort;

/* Refuse settings that secure aggregation does not support.  Local.  Errors: ENT_ECONFIG. */
ent_status ent_secure_check(const ent_population *population);
static inline bool ent_is_secure(const ent_config *c)
{
    return c->federation.secure.threshold > 0.0;
}

/* The number of clients that must answer, of those that were asked. */
int64_t ent_secure_fewest(const ent_config *config, int64_t clients);

/* rank [trains->n]: the rank that trains each of these members, -1 for none.  `trains` is `all`, or, if a round is
 * resumed, those that were left: the updates of the others belong to rank 0.  Local. */
ent_status ent_secure_cohort_make(const ent_cohort *all, const ent_cohort *trains, const int *rank, int64_t round,
                                  int ranks, ent_secure_cohort *out);
void ent_secure_cohort_clear(ent_secure_cohort *cohort);

/* x [n]: this rank's sums; the last entry is reserved for a check.  On return the sums over all ranks, on each of
 * them.  Collective over the lane.  Errors, the same on the whole lane: ENT_EDATA if the sum cannot be unmasked, with
 * the reason; ENT_ENOMEM. */
ent_status ent_secure_sum(ent_comm *lane, const ent_config *config, const ent_secure_cohort *cohort, int64_t n,
                          ent_ring *x);

/* Bytes that a client sends and receives in a round with vectors of n numbers, besides the weights. */
double ent_secure_bytes_up(const ent_config *config, int64_t clients, int64_t n);
double ent_secure_bytes_down(const ent_config *config, int64_t clients);

/* For tests: a callback that receives the sums that this rank sends; NULL: none. */
extern void (*ent_secure_watch)(int64_t n, const ent_ring *sent);

#endif
