/* A circuit in two parts: what each register does by itself, and the late gates, as rotations. */
#ifndef ENTENTE_ENGINE_PAULI_LATE_H
#define ENTENTE_ENGINE_PAULI_LATE_H

#include "pauli_string.h"

/* exp(-i t/2 P): t is `quarters` quarter turns, or where that is 0 the angle of this index. */
typedef struct {
    ent_pauli on;
    int quarters, angle;
} pauli_rotation;

/* offset + scale * params[slot]; slot -1: a number. */
typedef struct {
    int slot;
    double scale, offset;
} pauli_angle;

typedef struct {
    int64_t rotations, rotation_room;
    pauli_rotation *rotation; /* in the order of the circuit */
    int64_t angles, angle_room;
    pauli_angle *angle;
} pauli_late;

/* early [registers]: register m's own circuit on qubits 0.., with the slots of the whole, without readouts.
 * Errors: ENT_EARG for what this engine does not run, with the reason; ENT_ENOMEM.  *late and early are to be freed in
 * any case. */
ent_status ent_pauli_split(const ent_circuit *circuit, ent_circuit **early, pauli_late *late);
void ent_pauli_late_clear(pauli_late *late);

#endif
