/* How often clients have taken part, for mechanisms without amplification by random sampling.  Local. */
#ifndef ENTENTE_FED_PARTICIPATION_H
#define ENTENTE_FED_PARTICIPATION_H

#include <stdint.h>

#include "entente/status.h"

typedef struct ent_participation ent_participation;

/* tree_rounds 0: counts rounds; else computes the squared sensitivity of a binary tree over this number of rounds:
 * the sum over all complete nodes of the square of the number of rounds below it in which the client takes part. */
ent_status ent_participation_new(int64_t clients, int64_t tree_rounds, ent_participation **out);
void ent_participation_free(ent_participation *participation);
/* Rounds must not decrease; a client takes part at most once in each. */
void ent_participation_add(ent_participation *participation, int64_t round, int64_t client);
/* The largest value of any client. */
int64_t ent_participation_most(const ent_participation *participation);

#endif
