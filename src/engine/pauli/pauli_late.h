/* A circuit in two parts: the early gates of each register, and the late gates, as rotations. */
#ifndef ENTENTE_ENGINE_PAULI_LATE_H
#define ENTENTE_ENGINE_PAULI_LATE_H

#include "entente/noise.h"
#include "pauli_string.h"

/* exp(-i t/2 P): t is `quarters` quarter turns, or if that is 0, the angle of this index.  quarters 0 and
 * angle -1 - k: not a rotation but channel k. */
typedef struct {
    ent_pauli on;
    int quarters, angle;
} pauli_rotation;

/* offset + scale * params[slot], or the same with the sample's data; slot -1: a constant. */
typedef struct {
    int slot;
    double scale, offset;
    bool data;
} pauli_angle;

/* A channel in the Heisenberg picture.  On one qubit (qubit[1] is -1), letter L there becomes keep[L] L + spill[L] I;
 * on two, a string with a letter on either is multiplied by keep[0]. */
typedef struct {
    int qubit[2];
    double keep[3], spill[3];
} pauli_channel;

typedef struct {
    int64_t rotations, rotation_room;
    pauli_rotation *rotation; /* in the order of the circuit */
    int64_t angles, angle_room;
    pauli_angle *angle;
    int64_t channels, channel_room;
    pauli_channel *channel;
} pauli_late;

static inline bool pauli_is_channel(const pauli_rotation *rotation)
{
    return rotation->quarters == 0 && rotation->angle < 0;
}

/* Append a gate as rotations.  Errors: ENT_ENOMEM. */
ent_status ent_pauli_late_gate(pauli_late *late, const ent_gate *gate);

/* The index of the fixed angle of this many quarter turns; it is added if missing.  Errors: ENT_ENOMEM. */
ent_status ent_pauli_late_quarters(pauli_late *late, int quarters, int *angle);

/* early [registers]: register m's own circuit on qubits 0.., with the slots of the full circuit, without readouts.
 * noise: NULL, or for each qubit: then late gates have channels, readouts have errors, and a QFT is expanded into
 * gates.
 * Errors: ENT_EARG for circuits that this engine does not support, with the reason; ENT_ENOMEM.  *late and early must
 * be freed in any case. */
ent_status ent_pauli_split(const ent_circuit *circuit, const ent_qubit_noise *noise, ent_circuit **early,
                           pauli_late *late);
void ent_pauli_late_clear(pauli_late *late);

#endif
