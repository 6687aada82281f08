/* Smaller updates: a client sends some of the numbers of its change, rounded to few bits.  These are added to
 * the exact sums like any other change.
 *
 *   top_k     of each block the numbers of largest size, which differ from client to client
 *   random_k  of each block numbers that are drawn for the round, the same for all clients, so that positions are
 * not sent   feedback  a client adds what it has not sent to its next change (Stich, Cordonnier, Jaggi 2018, arXiv
 * 1809.07599;             Karimireddy et al. 2019, arXiv 1901.09847).  Without it random_k is scaled to be unbiased.
 *   bits      each number of a block is rounded, up or down at random without bias, to one of 2^bits - 1 equidistant
 *             values from -M to M, including 0, where M is the largest of the block as a 32-bit number; with one bit
 *             to -M or M (Alistarh et al. 2017, arXiv 1610.02132, with the maximum norm)
 *
 * Pure functions of configuration, seed, client and round.  Local. */
#ifndef ENTENTE_FED_COMPRESS_H
#define ENTENTE_FED_COMPRESS_H

#include "fed/clients.h"

static inline bool ent_compresses(const ent_config *c)
{
    return c->communication.sparsify != ENT_SPARSIFY_NONE || c->communication.bits > 0;
}
static inline bool ent_feeds_back(const ent_config *c)
{
    return c->communication.sparsify != ENT_SPARSIFY_NONE && c->communication.feedback;
}

/* Replace update->delta by what is sent.  left [params]: the part that the client has not sent so far, updated; NULL
 * without feedback.  scratch [params]. */
void ent_compress(const ent_rule_state *s, ent_update *update, double *left, double *scratch);

/* The least 32-bit number that is not below x. */
double ent_compress_single(double x);

/* Bytes of one client's change in a compact encoding: for each block the numbers, their maximum (32 bits) if they are
 * quantised, and for top_k their positions (a bit for each number of the block, or a list, whichever is shorter). */
double ent_compress_bytes(const ent_rule_state *s);

/* The entries of the parameter vector that the clients of a round may send, sent [params]: those drawn by random_k,
 * else all (top_k differs by client, and attackers send anything).  Returns their count. */
int64_t ent_compress_common(const ent_rule_state *s, bool *sent);

#endif
