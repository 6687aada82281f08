/* Shards: one large state, or the registers of a fused circuit, over a group of ranks.
 *
 * A group of S = 2^s ranks holds one state; s bits of the amplitude's index are rank bits.  The circuit is cut into
 * segments that run on the parts alone, in the state engine's passes; between two segments one exchange moves as many
 * qubits as it can: through the network, or within a node in memory that the ranks share.  All ranks of the group
 * call all functions with the same arguments (Collective), and all get the same results.  They do not depend on the
 * threads; they are those of the reference engine, to rounding. */
#ifndef ENTENTE_SHARD_H
#define ENTENTE_SHARD_H

#include "entente/comm.h"
#include "entente/engine.h"

typedef struct ent_shard ent_shard;

/* Errors, the same on all ranks: ENT_EARG for a group whose size is no power of two, or larger than 2^(qubits - 1);
 * ENT_ENOMEM where one rank has not the memory for its part (the message names the rank, and the bytes needed and
 * there).  The group must outlive the shards.  Collective. */
ent_status ent_shard_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_comm *group, ent_shard **out);
void ent_shard_free(ent_shard *shard); /* Local */

/* As ent_program_forward and ent_program_gradient; the first gradient takes as much memory again.  Errors, the same
 * on all ranks: ENT_ENOMEM (as above), ENT_ENUMERIC for numbers that left their range.  Collective. */
ent_status ent_shard_forward(ent_shard *shard, const ent_batch *batch, double *expectations);
ent_status ent_shard_gradient(ent_shard *shard, const ent_batch *batch, ent_cotangent *cotangent, void *context,
                              double *grad_params, double *grad_angles);

/* What a forward run does: passes over a rank's part and exchanges; and what this rank has done so far: the bytes
 * that it has sent; the seconds in exchanges and sums over ranks, and those of them that it waited for another rank's
 * data; and the seconds in which it computed while amplitudes were under way.  An exchange goes in up to `slices`
 * slices, each of them while the next are computed; slices is 1 where nothing can go before all is computed. */
typedef struct {
    int passes, back_passes, exchanges, slices;
    bool shared; /* the ranks are on one node and swap amplitudes in place: sent_bytes are those that others got so */
    double part_bytes, sent_bytes, exchange_s, wait_s, overlap_s;
} ent_shard_info;
void ent_shard_describe(const ent_shard *shard, ent_shard_info *info); /* Local */

/* What one sample costs over `shards` ranks; nothing is allocated for states.  Bytes are a rank's: of its part of the
 * state, held by a forward run and by a gradient, moved through memory and sent by one gradient; of these two also
 * what can be moved and sent at the same time (overlap_).  Local.  Errors: ENT_EARG as ent_shard_new, ENT_ENOMEM. */
typedef struct {
    int passes, back_passes, exchanges;
    double part_bytes, forward_bytes, gradient_bytes, moved_bytes, sent_bytes, overlap_moved_bytes,
        overlap_sent_bytes;
} ent_shard_estimate;
ent_status ent_shard_foresee(const ent_circuit *circuit, const ent_program_inp *inp, int shards,
                             ent_shard_estimate *out);

/* The same where the registers of a fused circuit are dealt to the ranks, as a team does it where the pauli engine
 * costs less: of the rank with most, with all its threads; *share of all registers' work is that rank's, 1 and no
 * exchange where every rank runs the circuit alike.  Local.  Errors: ENT_EARG as the pauli engine, ENT_ENOMEM. */
ent_status ent_registers_foresee(const ent_circuit *circuit, const ent_program_inp *inp, int shards,
                                 ent_shard_estimate *out, double *share);

/* A team, to be named in ent_program_inp: programs then run their circuits over the group (Collective: new, forward
 * and gradient of such a program): register by register where that costs less, with the bits of one rank, else as one
 * state.  What a rank does between two calls may fail on it alone: at the end of a stretch of
 * calls every rank gives its status to settle, and a failure of one is everyone's.  Errors: ENT_ENOMEM. */
ent_status ent_team_new(ent_comm *group, ent_team **out); /* Local; the group must outlive the team */
void ent_team_free(ent_team *team);                       /* Local; NULL is legal */
/* The same between two calls: what one rank decides is decided by all. */
ent_status ent_team_agree(ent_team *team, ent_status status);
ent_status ent_team_settle(ent_team *team, ent_status status); /* Collective; without a team `status` as it is */

#endif
