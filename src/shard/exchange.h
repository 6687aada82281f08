/* Exchanges of amplitudes between ranks (shard_plan.h).  Ranks of one node share their parts of the state: each of
 * two partners then does half of their swap, in place; nothing is packed or sent. */
#ifndef ENTENTE_ENGINE_SHARD_EXCHANGE_H
#define ENTENTE_ENGINE_SHARD_EXCHANGE_H

#include "entente/comm.h"
#include "shard_plan.h"

enum { SHARD_SLOTS = 2 };

/* An exchange, in place and its own inverse, of one state or of two at once. */
typedef struct {
    const shard_exchange *exchange;
    const state_slices *slices; /* of the pass before it */
    uint64_t rank;              /* this rank's number after the renaming */
    const uint64_t *process;    /* [rank_bits] the rank of the group with the number 1 << b */
    int rank_bits;
    void *state[2];        /* the second may be NULL */
    ent_shared *shared[2]; /* the parts of all ranks, or NULL: they are sent */
} shard_exchange_inp;

/* The part that is swapped with one partner at once: contiguous units of one slice of one state. */
typedef struct {
    int slice, state;
    uint64_t delta;
    int process;    /* the partner */
    uint64_t start; /* the index of unit 0 */
    int64_t first, count;
} shard_piece;

/* Buffers (none if parts are shared, else at most 1/16 of a rank's part in total, but at least one amplitude each),
 * and the current exchange. */
typedef struct {
    ent_comm *comm;
    int threads, local_bits, lane_bits, real_bytes;
    size_t bytes; /* of one buffer */
    struct {
        ent_swap *swap;
        char *send, *recv;
        shard_piece piece;
    } slot[SHARD_SLOTS];
    shard_exchange_inp inp;
    int unit_bits;
    int64_t units;           /* of a slice of a state, with one partner */
    uint64_t step[64];       /* [j] change of the index from unit u to u + 1, if u ends in j ones */
    int ready, more;         /* slices that may be sent; whether there is a `next` piece */
    shard_piece next;        /* to be started */
    int64_t started, ended;  /* pieces: those between them are in slots */
    double left_s;           /* the time when the rank resumed computing with pieces in slots; 0: there were none */
    double moved_bytes;      /* sent since the buffers were made */
    double spent_s, wait_s;  /* seconds in exchanges, and in waiting for data, since then */
    double computed_under_s; /* seconds of computing while pieces were in slots, since then */
} shard_buffers;

ent_status ent_shard_buffers_new(ent_comm *comm, const state_plan *plan, int threads, int shared,
                                 shard_buffers **out); /* Local */
void ent_shard_buffers_free(shard_buffers *buffers);

/* Begin an exchange, continue it while the pass before it computes its slices, and complete it.  Slices that have
 * been passed to `look` belong to the exchange until its end.  All ranks of the group have the same exchanges, but
 * each may call `look` any number of times.
 * look: the first `slices` slices are computed; sends and unpacks what it can without waiting.  Local.
 * end: does the rest.  Collective. */
void ent_shard_exchange_begin(shard_buffers *buffers, const shard_exchange_inp *inp); /* Local */
void ent_shard_exchange_look(shard_buffers *buffers, int slices);
void ent_shard_exchange_end(shard_buffers *buffers);

/* For tests and benchmarks: 0: exchanges begin when everything is computed; 1 (the default): slice by slice.  The
 * results are the same to the last bit. */
void ent_shard_overlap(int on);
/* For tests and benchmarks: 0: parts of ranks of one node are sent as well; 1 (the default): they are shared. */
void ent_shard_share(int on);
int ent_shard_shares(void);
int ent_shard_overlaps(void);

#endif
