/* The ranks of a federation: who computes. */
#ifndef ENTENTE_FED_RANKS_H
#define ENTENTE_FED_RANKS_H

#include "entente/comm.h"
#include "entente/shard.h"

/* The ranks, and the resources of each. */
typedef struct {
    ent_comm *world; /* all ranks: a failure of one is a failure of all */
    ent_comm *group; /* ranks that hold one state together; NULL if every rank has its own */
    ent_comm *lane;  /* the ranks over which clients and rows are distributed, one of each group; all lanes do the
    * same */
    ent_team *team;  /* the group, as an interface for the model's programs, or NULL */
    int node_ranks, node_cores; /* of the world, on this node */
    int threads;
    ent_watch *watch; /* during a training with checkpoints, else NULL */
} ent_ranks;

/* ranks.c */

/* Every rank for itself, `threads` as in ent_threads_a_rank.  Collective. */
ent_ranks ent_ranks_each(ent_comm *world, int threads);
/* Refuse a number of shards.  Local.  Errors: ENT_ECONFIG. */
ent_status ent_ranks_check(int shards, int ranks);
/* Let every `shards` ranks hold a state together.  Collective. */
ent_status ent_ranks_group(ent_ranks *ranks, int shards);
void ent_ranks_clear(ent_ranks *ranks);
/* Whether to stop, to be called between pieces of work.  Ranks that hold a state together call it in step and get the
 * same answer.  Collective over the group, Local without one. */
ent_status ent_ranks_look(const ent_ranks *ranks, bool *stops);
/* After the work: whether any rank was to stop.  Collective. */
bool ent_ranks_stopped(const ent_ranks *ranks);

#endif
