/* Smaller updates: a client sends some of the numbers of its change, rounded to few bits.  What is sent goes into the
 * exact sums as any other change.
 *
 *   top_k     of each block the numbers of largest size, which differ from client to client
 *   random_k  of each block numbers that are drawn for the round, the same for all clients: nobody sends which
 *   feedback  a client adds what it has not sent to its next change (Stich, Cordonnier, Jaggi 2018, arXiv 1809.07599;
 *             Karimireddy et al. 2019, arXiv 1901.09847).  Without it random_k is scaled to be right in the mean.
 *   bits      each number of a block is rounded, up or down by chance so that the mean is right, to one of 2^bits - 1
 *             equidistant values from -M to M, 0 among them, M the largest of the block as a 32-bit number; with one
 *             bit to -M or M (Alistarh et al. 2017, arXiv 1610.02132, with the largest for the norm)
 *
 * Pure functions of configuration, seed, client and round.  Local. */
#ifndef ENTENTE_FED_COMPRESS_H
#define ENTENTE_FED_COMPRESS_H

#include "fed/fed.h"

static inline bool ent_compresses(const ent_config *c)
{
    return c->communication.sparsify != ENT_SPARSIFY_NONE || c->communication.bits > 0;
}
static inline bool ent_feeds_back(const ent_config *c)
{
    return c->communication.sparsify != ENT_SPARSIFY_NONE && c->communication.feedback;
}

/* update->delta becomes what is sent.  left [params]: what the client has not sent in earlier rounds, then what it
 * has not; NULL without feedback.  scratch [params]. */
void ent_compress(const ent_rule_state *s, ent_update *update, double *left, double *scratch);

/* The least 32-bit number that is not below x. */
double ent_compress_single(double x);

/* Bytes of one client's change as it would travel: for each block the numbers, the largest of them (32 bits) where
 * they have few bits, and, top_k, where they are (a bit for each number of the block, or their places, whichever is
 * less). */
double ent_compress_bytes(const ent_rule_state *s);

/* Numbers of the parameters' vector that all clients of a round send, sent [params]: those that random_k has drawn,
 * else all (top_k differs by client, and attackers send anything); their count. */
int64_t ent_compress_common(const ent_rule_state *s, bool *sent);

#endif
