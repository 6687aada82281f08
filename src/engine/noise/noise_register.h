/* One register as a density matrix, in the basis of Pauli strings: its state is the 4^n expectation values of all
 * strings.
 *
 * These are real: half the memory of the complex entries of a density matrix.  A rotation exp(-i t/2 P) rotates the
 * pairs S, i P S of strings that do not commute with P; a channel scales strings, or adds one to another; a Clifford
 * gate only changes the string that a number belongs to, so that it costs nothing.  All of them are lists of indices.
 * Strings that no readout depends on, or that are still 0, are not in the lists. */
#ifndef ENTENTE_ENGINE_NOISE_REGISTER_H
#define ENTENTE_ENGINE_NOISE_REGISTER_H

#include <stdint.h>

#include "engine/pauli/pauli_noise.h"

/* The operations, on the values v of strings:
 *   NOISE_TURN   v[a], v[b] = cos t v[a] - sin t v[b], cos t v[b] + sin t v[a]
 *   NOISE_SCALE  v[a] = factor v[a], one factor for each string
 *   NOISE_SPILL  v[a] = keep v[a] + spill v[b] */
typedef enum { NOISE_TURN, NOISE_SCALE, NOISE_SPILL } noise_kind;

typedef struct {
    uint16_t a, b;
} noise_pair;

typedef struct {
    noise_kind kind;
    int angle; /* of a turn */
    double keep, spill;
    int64_t count;
    noise_pair *pair;
    double *factor; /* [count] of a NOISE_SCALE, and 1 / factor after them; else NULL */
    int aside;      /* the copy of the state saved before it, if it cannot be undone accurately; or -1 */
} noise_op;

/* The value of a readout is sign times that number. */
typedef struct {
    int index, sign;
} noise_value;

typedef struct {
    int qubits, strings; /* 4^qubits */
    int angles, params, slots;
    pauli_angle *angle;  /* [angles] */
    double (*turned)[2]; /* [angles] cosine and sine of those shared by all samples; set by prepare */
    int ops, asides;
    int64_t op_room;
    noise_op *op;
    int values;
    noise_value *value; /* [values] one for each readout of the circuit */
    int ones;
    uint16_t *one; /* [ones] the strings of Zs, whose initial value is 1 */
} noise_register;

/* Gates on one or two qubits and readouts, at most ENT_NOISE_MOST_QUBITS qubits; noise [qubits].
 * Errors: ENT_EARG for more qubits; ENT_ENOMEM. */
ent_status ent_noise_register_new(const ent_circuit *circuit, const ent_qubit_noise *noise, noise_register **out);
void ent_noise_register_free(noise_register *reg);
void ent_noise_register_prepare(noise_register *reg, const double *params);

#endif
