/* The action of channels on Pauli strings in the Heisenberg picture. */
#ifndef ENTENTE_ENGINE_PAULI_NOISE_H
#define ENTENTE_ENGINE_PAULI_NOISE_H

#include "entente/noise.h"
#include "pauli_late.h"
#include "pauli_spread.h"

enum { PAULI_MOST_CHANNELS = 3 };

/* The channels after a gate on one or two qubits, in the order in which they act; those that change nothing are left
 * out.  noise [qubits] of the gate.  Returns their number. */
int ent_pauli_channels(const ent_gate *gate, const ent_qubit_noise *noise, pauli_channel out[PAULI_MOST_CHANNELS]);
/* The readout error of a qubit; false if there is none. */
bool ent_pauli_readout_error(int qubit, const ent_qubit_noise *noise, pauli_channel *out);

/* The image of the letter (PAULI_X, _Y, _Z) of one qubit under a channel: *keep letter + *spill identity. */
static inline bool pauli_channel_is_double(const pauli_channel *channel)
{
    return channel->qubit[1] >= 0;
}

/* Append to the late gates.  Errors: ENT_ENOMEM. */
ent_status ent_pauli_late_channels(pauli_late *late, const ent_gate *gate, const ent_qubit_noise *noise);
ent_status ent_pauli_late_readout_errors(pauli_late *late, const ent_qubit_noise *noise, int qubits);

/* E^dagger sum for one channel E.  As ent_pauli_sum_rotate. */
ent_status ent_pauli_sum_channel(pauli_sum *sum, const pauli_channel *by, pauli_tape *tape, int64_t most, bool *fits);

#endif
