/* Ansaetze: layered circuits by their standard names, or a layer from an OpenQASM 3 file.
 *
 * A layer is: encode, then trainable rotations, then an entangler.
 *   encode    the encoding's gates (encoding.h): ry by default
 *   basic     RX on every qubit; a ring of CNOTs (q, q+1 mod n): one CNOT for n = 2, none for n = 1
 *             (PennyLane's BasicEntanglerLayers)
 *   strong    RZ RY RZ on every qubit; CNOTs (q, q+r mod n) for every q with r = (layer mod (n-1)) + 1, none for
 *             n = 1 (Schuld et al., arXiv 1804.00633; PennyLane's StronglyEntanglingLayers)
 *   hea       RY RZ on every qubit; a chain of CZs (q, q+1)
 *   product   RY RZ on every qubit and no entangler: the state remains a product of single qubits
 *   real_amplitudes   RY on every qubit; a chain of CNOTs (q, q+1) (Qiskit's RealAmplitudes, entanglement linear)
 *   qasm      the gates of the file, including those with data angles; each layer has its own trainable parameters,
 *             and without re-uploading only the first layer has the gates with data angles
 * Parameters are numbered layer by layer, within a layer qubit by qubit, on a qubit in the order of its gates.
 * All functions are Local. */
#ifndef ENTENTE_ANSATZ_H
#define ENTENTE_ANSATZ_H

#include <stdbool.h>

#include "entente/circuit.h"
#include "entente/encoding.h"

struct ent_qasm;

enum { ENT_MAX_LAYERS = 10000 };

typedef enum {
    ENT_ANSATZ_BASIC,
    ENT_ANSATZ_STRONG,
    ENT_ANSATZ_HEA,
    ENT_ANSATZ_PRODUCT,
    ENT_ANSATZ_REAL_AMPLITUDES,
    ENT_ANSATZ_QASM
} ent_ansatz_kind;

typedef struct {
    ent_ansatz_kind kind;
    const struct ent_qasm *qasm; /* only ENT_ANSATZ_QASM: the parsed file */
    int qubits, layers;          /* of the register, both >= 1 */
    int angles_per_qubit;        /* 1: RY(x_q); 2: RY(x_q) then RZ(x_{q+n}); not used by ENT_ANSATZ_QASM */
    bool reupload;               /* encode in every layer, else only in the first */
    bool own_angles;             /* each layer that encodes has its own data angles */
    ent_encoding encoding;       /* not used by ENT_ANSATZ_QASM; with own_angles: one by rotations */
} ent_ansatz;

/* The ansatz with a standard name: basic, strong, hea, product or real_amplitudes; ENT_ANSATZ_QASM for any other
 * name, which is the path of a file. */
ent_ansatz_kind ent_ansatz_named(const char *name);

/* Errors: ENT_EARG for a kind, qubits, layers or angles per qubit out of range, or if the file's number of qubits is
 * not that of the register. */
ent_status ent_ansatz_check(const ent_ansatz *a);

/* Of an ansatz that passes ent_ansatz_check. */
int ent_ansatz_params(const ent_ansatz *a); /* trainable parameters */
/* Slots of data angles: those of the encoding, or with own_angles that many per encoding layer; the numbers of a
 * sample that one layer encodes. */
int ent_ansatz_angles(const ent_ansatz *a);
int ent_ansatz_inputs(const ent_ansatz *a);

/* Append to `circuit`: register qubit q is circuit qubit first_qubit + q, parameter k is slot first_param + k, data
 * angle k is slot first_angle + k.
 * Errors (the circuit is then unchanged): those of ent_ansatz_check; ENT_EARG if the circuit has too few qubits or
 * slots; ENT_ENOMEM. */
ent_status ent_ansatz_append(const ent_ansatz *a, int first_qubit, int first_param, int first_angle,
                             ent_circuit *circuit);

/* Append only the encoding: of a file, its gates with data angles in their order.  Data angle k of a layer is slot
 * first_angle + k.
 * Errors (the circuit is then unchanged): those above; ENT_EARG for an encoding that starts from |0...0>. */
ent_status ent_ansatz_append_encoding(const ent_ansatz *a, int first_qubit, int first_angle, ent_circuit *circuit);

#endif
