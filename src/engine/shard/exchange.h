/* Amplitudes between ranks: what shard_plan.h calls an exchange.  Ranks of one node share their parts: there each of
 * two partners swaps half of what the two swap, in place; nothing is packed or sent. */
#ifndef ENTENTE_ENGINE_SHARD_EXCHANGE_H
#define ENTENTE_ENGINE_SHARD_EXCHANGE_H

#include "entente/comm.h"
#include "shard_plan.h"

enum { SHARD_SLOTS = 2 };

/* An exchange, in place and its own inverse, of one state or of two at once. */
typedef struct {
    const shard_exchange *exchange;
    const state_slices *slices; /* of the pass in front of it */
    uint64_t rank;              /* this rank's number behind the renaming */
    const uint64_t *process;    /* [rank_bits] the rank of the group that has the number 1 << b */
    int rank_bits;
    void *state[2];        /* the second may be NULL */
    ent_shared *shared[2]; /* where the parts of all ranks are, or NULL: they are sent */
} shard_exchange_inp;

/* What is swapped with one partner at once: units, contiguous in memory, of one slice of one state. */
typedef struct {
    int slice, state;
    uint64_t delta;
    int process;    /* the partner */
    uint64_t start; /* the index of unit 0 */
    int64_t first, count;
} shard_piece;

/* Buffers, none where parts are shared, else all together at most 1/16 of a rank's part (of one amplitude each at
 * least), and the exchange that is under way. */
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
    uint64_t step[64];       /* [j] what changes of an index from unit u to u + 1, if u ends in j ones */
    int ready, more;         /* slices that may go; whether `next` is a piece still */
    shard_piece next;        /* to be started */
    int64_t started, ended;  /* pieces: those between them are in slots */
    double left_s;           /* the clock when the rank went on to compute with pieces in slots; 0: with none */
    double moved_bytes;      /* sent since the buffers were made */
    double spent_s, wait_s;  /* seconds in exchanges, and those of them in which data was awaited, since then */
    double computed_under_s; /* seconds of computing while pieces were in slots, since then */
} shard_buffers;

ent_status ent_shard_buffers_new(ent_comm *comm, const state_plan *plan, int threads, int shared,
                                 shard_buffers **out); /* Local */
void ent_shard_buffers_free(shard_buffers *buffers);

/* An exchange begins, goes on while the pass in front of it computes its slices, and ends, when all is where it
 * belongs; the state of the slices that are given is the exchange's until then.  All ranks of the group have the same
 * exchanges, but each looks as often as it likes.
 * look: the first `slices` slices are done; sends and puts away what it can without waiting.  Local.
 * end: the rest, Collective. */
void ent_shard_exchange_begin(shard_buffers *buffers, const shard_exchange_inp *inp); /* Local */
void ent_shard_exchange_look(shard_buffers *buffers, int slices);
void ent_shard_exchange_end(shard_buffers *buffers);

/* For tests and benchmarks: 0: exchanges begin when all is computed; 1 (the default): slice by slice.  The results
 * are the same bits. */
void ent_shard_overlap(int on);
/* For tests and benchmarks: 0: parts of ranks of one node are sent as well; 1 (the default): they are shared. */
void ent_shard_share(int on);
int ent_shard_shares(void);
int ent_shard_overlaps(void);

#endif
