/* The ranks of a federation: their threads, the groups that hold one state together, and the request to stop. */
#include <omp.h>
#include <stdlib.h>

#include "entente/cores.h"
#include "entente/shard.h"
#include "ranks.h"

int ent_threads_a_rank(ent_comm *world, int wanted)
{
    enum {
        MOST = 1024
    }; /* more than any node has; with far more, thread creation fails and libgomp ends the
    * process */
    const int share = ent_comm_node_cores(world) / ent_comm_node_ranks(world), bound = ent_cores_here();
    if (wanted > 0) return wanted;
    if (getenv("OMP_NUM_THREADS")) return omp_get_max_threads() < MOST ? omp_get_max_threads() : MOST;
    const int threads = bound < share ? bound : share;
    return threads > 1 ? threads : 1;
}

ent_ranks ent_ranks_each(ent_comm *world, int threads)
{
    return (ent_ranks){.world = world,
                       .lane = world,
                       .node_ranks = ent_comm_node_ranks(world),
                       .node_cores = ent_comm_node_cores(world),
                       .threads = ent_threads_a_rank(world, threads)};
}

ent_status ent_ranks_check(int shards, int ranks)
{
    ENT_REQUIRE((shards & (shards - 1)) == 0, ENT_ECONFIG, "run.shards: found %d, want a power of two", shards);
    ENT_REQUIRE(shards <= ranks, ENT_ECONFIG, "run.shards: found %d, want at most the number of ranks, %d", shards,
                ranks);
    ENT_REQUIRE(ranks % shards == 0, ENT_ECONFIG, "run.shards: found %d, want a divisor of the number of ranks, %d",
                shards, ranks);
    return ENT_OK;
}

/* Ranks g S to g S + S - 1 hold a state together; lane j takes the j-th of each group. */
ent_status ent_ranks_group(ent_ranks *ranks, int shards)
{
    const int rank = ent_comm_rank(ranks->world);
    if (shards == 1) return ENT_OK;
    ENT_TRY(ent_comm_split(ranks->world, rank / shards, &ranks->group));
    ent_comm *lane;
    ENT_TRY(ent_comm_split(ranks->world, rank % shards, &lane));
    ranks->lane = lane;
    return ent_comm_agree(ranks->world, ent_team_new(ranks->group, &ranks->team));
}

void ent_ranks_clear(ent_ranks *ranks)
{
    ent_watch_free(ranks->watch);
    ent_team_free(ranks->team);
    if (ranks->lane != ranks->world) ent_comm_free(ranks->lane);
    ent_comm_free(ranks->group);
}

ent_status ent_ranks_look(const ent_ranks *ranks, bool *stops)
{
    *stops = ranks->watch && ent_watch_look(ranks->watch);
    if (!ranks->watch || !ranks->team) return ENT_OK;
    const ent_status status = ent_team_agree(ranks->team, *stops ? ent_fail(ENT_STOPPED, "stopped") : ENT_OK);
    *stops = status == ENT_STOPPED;
    return *stops ? ENT_OK : status;
}

bool ent_ranks_stopped(const ent_ranks *ranks)
{
    return ranks->watch && ent_watch_end(ranks->watch);
}
