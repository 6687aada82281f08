/* Encodings: from the numbers of a sample (n or 2^n inputs), by way of data angles in slots of a circuit, to gates
 * on a register of n qubits.
 *
 *   ry         RY(x_q), followed by RZ(x_{q+n}) if there are two inputs per qubit
 *   rx         RX(x_q)
 *   rz         H, RZ(x_q)
 *   iqp        H, RZ(x_q), then RZZ(x_p x_q) on every pair (Havlicek et al., arXiv 1804.11326; PennyLane's
 *              IQPEmbedding)
 *   zz         H, P(2 x_q), then RZZ(2 (pi - x_p) (pi - x_q)) on every pair (the same; Qiskit's ZZFeatureMap)
 *   amplitude  from |0...0> the state with amplitudes x_k / |x|, k = 0 .. 2^n - 1, by uniformly controlled RY
 *              (Mottonen et al., arXiv quant-ph/0407010); |0...0> if all x are 0
 * Slots: the inputs in the order above, then the products p < q, (0,1), (0,2), .., (1,2), ..; for amplitude the
 * angles of its RY in the order of the gates, then |x|, which no gate reads.  All functions are Local. */
#ifndef ENTENTE_ENCODING_H
#define ENTENTE_ENCODING_H

#include "entente/circuit.h"

typedef enum {
    ENT_ENCODE_RY,
    ENT_ENCODE_RX,
    ENT_ENCODE_RZ,
    ENT_ENCODE_IQP,
    ENT_ENCODE_ZZ,
    ENT_ENCODE_AMPLITUDE,
    ENT_ENCODINGS
} ent_encoding;

enum { ENT_MAX_AMPLITUDE_QUBITS = 12 };

/* Errors: ENT_EARG for two inputs per qubit with an encoding other than ry, and for amplitude on more than
 * ENT_MAX_AMPLITUDE_QUBITS qubits. */
ent_status ent_encoding_check(ent_encoding encoding, int qubits, int per_qubit);

/* The number of inputs, and of slots for data angles, which is the same or larger. */
int ent_encoding_inputs(ent_encoding encoding, int qubits, int per_qubit);
int ent_encoding_slots(ent_encoding encoding, int qubits, int per_qubit);

/* Whether the inputs are angles; those of amplitude are not. */
static inline bool ent_encoding_takes_angles(ent_encoding encoding)
{
    return encoding != ENT_ENCODE_AMPLITUDE;
}

/* Append to `circuit`: register qubit q is circuit qubit first_qubit + q, slot k is slot first_slot + k.
 * Errors: those of ent_circuit_add. */
ent_status ent_encoding_append(ent_encoding encoding, int qubits, int per_qubit, int first_qubit, int first_slot,
                               ent_circuit *circuit);

/* slot [slots] from x [inputs]; they may be the same array, if it is long enough for both. */
void ent_encoding_forward(ent_encoding encoding, int qubits, int per_qubit, const double *x, double *slot);

/* The chain rule back: d_x [inputs], overwritten, from d_slot [slots] and the slots computed by forward.  If a
 * node of the tree has only amplitudes of 0, its angle has no derivative, and 0 is used.  d_x may be d_slot. */
void ent_encoding_backward(ent_encoding encoding, int qubits, int per_qubit, const double *slot, const double *d_slot,
                           double *d_x);

#endif
