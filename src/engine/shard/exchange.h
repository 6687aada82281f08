/* Amplitudes between ranks: what shard_plan.h calls an exchange. */
#ifndef ENTENTE_ENGINE_SHARD_EXCHANGE_H
#define ENTENTE_ENGINE_SHARD_EXCHANGE_H

#include "entente/comm.h"
#include "shard_plan.h"

enum { SHARD_SLOTS = 2 };

/* Buffers, all together at most 1/16 of a rank's part (of one amplitude each at least). */
typedef struct {
    ent_comm *comm;
    int threads, local_bits, lane_bits, real_bytes;
    size_t bytes; /* of one buffer */
    struct {
        ent_swap *swap;
        char *send, *recv;
    } slot[SHARD_SLOTS];
    double moved_bytes; /* sent since the buffers were made */
    double wait_s;      /* seconds in which data was awaited, since then */
} shard_buffers;

ent_status ent_shard_buffers_new(ent_comm *comm, const state_plan *plan, int threads,
                                 shard_buffers **out); /* Local */
void ent_shard_buffers_free(shard_buffers *buffers);

/* In place; its own inverse.  rank: this rank's number behind the renaming; process[b]: the rank of `comm` that has
 * the number 1 << b.  Collective. */
void ent_shard_exchange(shard_buffers *buffers, const shard_exchange *exchange, uint64_t rank,
                        const uint64_t *process, int rank_bits, void *state);

#endif
