/* Secure aggregation between ranks.
 *
 * A rank hosts the clients that it trains, and knows what they know; rank 0 is the server as well.  What a rank sends
 * of its clients' sums is the sum of their masked vectors, so another rank, the server too, sees the vector of no
 * client that it does not host.  Shares travel sealed from host to host.  Keys and shares are dealt before local
 * training, so that who is left out by then trains nothing; masks are added after it, to the rank's sum.  A round
 * that stops in the middle has none, its checkpoint holds the sum of the clients that are done, and keys are dealt
 * again where it goes on. */
#ifndef ENTENTE_FED_SECURE_ROUND_H
#define ENTENTE_FED_SECURE_ROUND_H

#include "fed/clients.h"
#include "fed/server.h"
#include "privacy/secure.h"

/* The clients that were asked and have training rows, ascending: both those that answered and those that dropped
 * out. */
typedef struct ent_secure_cohort {
    int64_t round, clients;
    int64_t *client; /* [clients] */
    int *host;       /* [clients] the rank of the lane with the client's update */
    bool *answered;  /* [clients] */
    bool *done;      /* [clients] its update is in the sums already, of a round that goes on */
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

/* Keys and shares of a round.  `cohort` outlives it.  Clients that send garbage are left out.  Collective over the
 * lane. Errors, agreed on over the lane: ENT_EDATA, too few answer, and how many; ENT_ENOMEM. */
typedef struct ent_secure_round ent_secure_round;
ent_status ent_secure_begin(ent_comm *lane, const ent_config *config, const ent_secure_cohort *cohort,
                            ent_secure_round **out);
void ent_secure_end(ent_secure_round *round);

/* Whether a client of the cohort is left out: its vector is not to be added.  And how many would have answered, but
 * are left out.  Local. */
bool ent_secure_excludes(const ent_secure_round *round, int64_t client);
int64_t ent_secure_excluded(const ent_secure_round *round);

/* x [n]: this rank's sums; the last entry is reserved for a check.  On return the sums over all ranks, on each of
 * them.  Collective over the lane.  Errors, the same on the whole lane: ENT_EDATA if the sum cannot be unmasked, with
 * the reason; ENT_ENOMEM. */
ent_status ent_secure_sum(ent_secure_round *round, int64_t n, ent_ring *x);

/* Who has done what wrong, "client 3 publishes no key; client 5 reveals a wrong share"; false: nobody.  Wrong shares
 * are known to rank 0.  Local. */
bool ent_secure_report(const ent_secure_round *round, size_t bytes, char *text);

/* Bytes that a client sends and receives in a round with vectors of n numbers, besides the weights. */
double ent_secure_bytes_up(const ent_config *config, int64_t clients, int64_t n);
double ent_secure_bytes_down(const ent_config *config, int64_t clients);

/* For tests: a callback that receives the sums that this rank sends; NULL: none. */
extern void (*ent_secure_watch)(int64_t n, const ent_ring *sent);

/* For tests: may change what a client, by its number in the cohort, sends: its ent_secure_keys, its parcels
 * (ent_secure_parcel [neighbours]), a share that it reveals (ent_secure_revealed); NULL: nobody does. */
typedef enum { ENT_SENDS_KEYS, ENT_SENDS_PARCELS, ENT_SENDS_SHARE } ent_secure_message;
extern void (*ent_secure_meddle)(ent_secure_message kind, int64_t client, void *message);

#endif
