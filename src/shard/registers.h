/* A fused circuit whose registers are distributed over the ranks of a group: the pauli engine on several ranks. */
#ifndef ENTENTE_ENGINE_SHARD_REGISTERS_H
#define ENTENTE_ENGINE_SHARD_REGISTERS_H

#include "entente/comm.h"
#include "entente/engine.h"

typedef struct ent_registers ent_registers;

/* *out NULL: every rank should run the circuit itself, because it is so small that messages would cost more than they
 * save, or because its registers share parameters or data angles.  Errors, the same on all ranks: those of the pauli
 * engine; ENT_ENOMEM, with *outgrown set if a rank could not hold the states of its registers, the large ones
 * spread over all ranks.  The group must outlive it.  Collective. */
ent_status ent_registers_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_comm *group, bool *outgrown,
                             ent_registers **out);
void ent_registers_free(ent_registers *registers); /* Local */

/* As ent_program_forward and ent_program_gradient, with the bits of the pauli engine on one rank, unless a register
 * is spread: then with its values to rounding.  Collective. */
ent_status ent_registers_forward(ent_registers *registers, const ent_batch *batch, double *expectations);
ent_status ent_registers_gradient(ent_registers *registers, const ent_batch *batch, ent_cotangent *cotangent,
                                  void *context, double *grad_params, double *grad_angles);

/* Registers of this rank and those spread over all ranks, and its share of their total cost; and, so far: bytes sent
 * to each other rank, and seconds in exchanges. */
typedef struct {
    int registers, mine, spread;
    double share, sent_bytes, exchange_s;
} ent_registers_info;
void ent_registers_describe(const ent_registers *registers, ent_registers_info *info); /* Local */

/* For tests: distribute small circuits too; 0 switches this off. */
void ent_registers_always(int on);
/* For tests: a rank has at most this many bytes for states; 0 switches this off. */
void ent_registers_limit(double bytes);

#endif
