/* Shards: one large state, or the registers of a fused circuit, over a group of ranks.
 *
 * A group of S = 2^s ranks holds one state; s bits of the amplitude's index are rank bits.  The circuit is divided
 * into segments that run on local parts, in the passes of the state engine; between two segments one exchange moves
 * as many qubits as possible: through the network, or within a node in shared memory.  All ranks of the group call
 * all functions with the same arguments (Collective), and all get the same results, which do not depend on the
 * number of threads and agree with the reference engine up to rounding. */
#ifndef ENTENTE_SHARD_H
#define ENTENTE_SHARD_H

#include "entente/comm.h"
#include "entente/engine.h"

typedef struct ent_shard ent_shard;

/* Errors, the same on all ranks: ENT_EARG for a group whose size is not a power of two, or larger than 2^(qubits -
 * 1); ENT_ENOMEM if a rank does not have the memory for its part (the message names the rank, the bytes needed and
 * those available).  The group must outlive the shards.  Collective. */
ent_status ent_shard_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_comm *group, ent_shard **out);
void ent_shard_free(ent_shard *shard); /* Local */

/* As ent_program_forward and ent_program_gradient; the first gradient needs the same amount of memory again.  Errors,
 * the same on all ranks: ENT_ENOMEM (as above), ENT_ENUMERIC for numbers out of range.  Collective. */
ent_status ent_shard_forward(ent_shard *shard, const ent_batch *batch, double *expectations);
ent_status ent_shard_gradient(ent_shard *shard, const ent_batch *batch, ent_cotangent *cotangent, void *context,
                              double *grad_params, double *grad_angles);

/* Of a forward run: passes over a rank's part, and exchanges.  Of this rank so far: bytes sent; seconds in exchanges
 * and sums over ranks, and of these the seconds waiting for another rank's data; and seconds of computing while
 * amplitudes were in transit.  An exchange has up to `slices` slices, each sent while the next is computed; slices
 * is 1 if nothing can be sent before everything is computed. */
typedef struct {
    int passes, back_passes, exchanges, slices;
    bool shared; /* the ranks are on one node and swap amplitudes in place: sent_bytes counts those */
    double part_bytes, sent_bytes, exchange_s, wait_s, overlap_s;
} ent_shard_info;
void ent_shard_describe(const ent_shard *shard, ent_shard_info *info); /* Local */

/* The cost of one sample on `shards` ranks; nothing is allocated for states.  Bytes are per rank: of its part of the
 * state in a forward run and in a gradient, moved through memory and sent by one gradient; of the latter two also
 * what can be moved and sent at the same time (overlap_).  Local.  Errors: ENT_EARG as ent_shard_new, ENT_ENOMEM. */
typedef struct {
    int passes, back_passes, exchanges;
    double part_bytes, forward_bytes, gradient_bytes, moved_bytes, sent_bytes, overlap_moved_bytes,
        overlap_sent_bytes;
} ent_shard_estimate;
ent_status ent_shard_foresee(const ent_circuit *circuit, const ent_program_inp *inp, int shards,
                             ent_shard_estimate *out);

/* The same if the registers of a fused circuit are distributed over the ranks, as a team does if the pauli engine
 * costs less: for the rank with the most work, with all its threads; *share: its share of the work, 1 and no
 * exchange if every rank runs the circuit itself.  Local.  Errors: ENT_EARG as the pauli engine, ENT_ENOMEM. */
ent_status ent_registers_foresee(const ent_circuit *circuit, const ent_program_inp *inp, int shards,
                                 ent_shard_estimate *out, double *share);

/* A team, for ent_program_inp: programs then run their circuits on the group (Collective: new, forward and gradient
 * of such a program): register by register if that costs less, with the bits of one rank, else as one state.
 * Between two calls a rank may fail on its own: after a series of calls every rank passes its status to settle, and
 * a failure of one becomes a failure of all.  Errors: ENT_ENOMEM. */
ent_status ent_team_new(ent_comm *group, ent_team **out); /* Local; the group must outlive the team */
void ent_team_free(ent_team *team);                       /* Local; NULL is legal */
/* Agree on a status between two calls: a failure of one rank fails on all.  Collective. */
ent_status ent_team_agree(ent_team *team, ent_status status);
ent_status ent_team_settle(ent_team *team, ent_status status); /* Collective; without a team: `status` */

#endif
