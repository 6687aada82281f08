/* The plan of a circuit on a state that is distributed over 2^s ranks.
 *
 * The index is [rank bits | local bits].  CX, X and SWAP only change the frame, and rank bits are signs in phases, so
 * ranks communicate only for Y-type rotations whose flip has rank bits.  The circuit is divided into segments: each
 * has the rotations with local flips that commute with those left for later.  Between two segments one exchange makes
 * as many other flips local as possible:
 *
 * k rank bits R_i (after renaming ranks linearly, so that they are unit vectors), k local signs rho_i (parities of
 * the local index a) and local bits b_i with rho_i(e_{b_j}) = (i == j).  With delta_i = rho_i(a) ^ r_i, the amplitude
 * moves to rank r ^ sum delta_i R_i and to the local index a ^ sum delta_i e_{b_i}.  This is an involution, linear
 * over GF(2); a rank keeps the amplitudes with delta = 0 and swaps as many with each of 2^k - 1 others.  After it, a
 * displacement is local if its rank part was in the span of the R_i and every rho_i of its local part is 0.  So all
 * flips can be made local if the dimensions of the spans of their rank parts and of their local parts sum to at most
 * the number of local bits: this determines the flips of an exchange, in the order of the circuit. */
#ifndef ENTENTE_ENGINE_SHARD_PLAN_H
#define ENTENTE_ENGINE_SHARD_PLAN_H

#include "engine/state/state_plan.h"

typedef struct {
    int bits;                /* k; 0: no exchange */
    uint64_t rank_basis[32]; /* [s] columns C: the rank number before renaming is C times the one after */
    uint64_t rho[32];        /* [k] on the local index, before */
    int bit[32];             /* [k] b_i */
} shard_exchange;

/* A segment, in its own coordinates: a plan that shares all but rotations, value rows and routes with the first. */
typedef struct {
    state_plan plan;
    shard_exchange before; /* leads to this segment; none for the first */
} shard_segment;

typedef struct {
    state_plan *base; /* owns what the segments share */
    int rank_bits, local_bits;
    int segments;
    int64_t room;
    shard_segment *segment;
} shard_plan;

/* Errors: ENT_ENOMEM. */
ent_status ent_shard_plan_new(const ent_circuit *circuit, const state_shape *shape, int rank_bits, shard_plan **out);
void ent_shard_plan_free(shard_plan *plan);

/* The number after the renaming of the rank with this number before it. */
uint64_t ent_shard_renamed(const shard_exchange *exchange, int rank_bits, uint64_t rank);

#endif
