/* How often clients have taken part, for mechanisms whose privacy does not rest on who is drawn by chance.  Local. */
#ifndef ENTENTE_FED_PARTICIPATION_H
#define ENTENTE_FED_PARTICIPATION_H

#include <stdint.h>

#include "entente/status.h"

typedef struct ent_participation ent_participation;

/* tree_rounds 0: rounds are counted; else the squared norm of what a client is in of a binary tree over so many
 * rounds: the sum, over all complete nodes, of the square of the rounds below it in which the client takes part. */
ent_status ent_participation_new(int64_t clients, int64_t tree_rounds, ent_participation **out);
void ent_participation_free(ent_participation *participation);
/* Rounds do not descend; a client takes part once in each. */
void ent_participation_add(ent_participation *participation, int64_t round, int64_t client);
/* Of the client that has most. */
int64_t ent_participation_most(const ent_participation *participation);

#endif
