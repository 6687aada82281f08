/* Ansaetze: layered circuits by their standard names, or a layer from an OpenQASM 3 file.
 *
 * A layer is: encode, then trainable rotations, then an entangler.
 *   encode    the encoding's gates (encoding.h): ry by default
 *   basic     RX on every qubit; a ring of CNOTs (q, q+1 mod n): one CNOT for n = 2, none for n = 1
 *             (PennyLane's BasicEntanglerLayers)
 *   strong    RZ RY RZ on every qubit; CNOTs (q, q+r mod n) for every q with r = (layer mod (n-1)) + 1, none for n =
 *   1
 *             (Schuld et al., arXiv 1804.00633; PennyLane's StronglyEntanglingLayers)
 *   hea       RY RZ on every qubit; a chain of CZs (q, q+1)
 *   product   RY RZ on every qubit and no entangler: the state stays a product of single qubits
 *   real_amplitudes   RY on every qubit; a chain of CNOTs (q, q+1) (Qiskit's RealAmplitudes, entanglement linear)
 *   qasm      the gates of the file, data angles included; each layer has trainable parameters of its own, and
 *             without re-uploading the gates with data angles stand in the first layer alone
 * Parameters are numbered layer by layer, in a layer qubit by qubit, on a qubit in the order of its gates.
 * Source: model.md, section 2.  All functions are Local. */
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
    const struct ent_qasm *qasm; /* ENT_ANSATZ_QASM alone: the parsed file */
    int qubits, layers;          /* register's qubits n >= 1, layers >= 1 */
    int angles_per_qubit;        /* 1: RY(x_q); 2: RY(x_q) then RZ(x_{q+n}); not used by ENT_ANSATZ_QASM */
    bool reupload;               /* encode in every layer, else in the first alone */
    bool own_angles;             /* each layer that encodes has data angles of its own */
    ent_encoding encoding;       /* not used by ENT_ANSATZ_QASM; with own_angles one by rotations */
} ent_ansatz;

/* The ansatz of a standard name: basic, strong, hea, product or real_amplitudes; ENT_ANSATZ_QASM for any other, the
 * path of a file. */
ent_ansatz_kind ent_ansatz_named(const char *name);

/* Errors: ENT_EARG for a kind, qubits, layers or angles a qubit out of range, or a file with another number of
 * qubits than the register. */
ent_status ent_ansatz_check(const ent_ansatz *a);

/* Of an ansatz that ent_ansatz_check takes. */
int ent_ansatz_params(const ent_ansatz *a); /* trainable parameters */
/* Slots of data angles: those of the encoding, or with own_angles as many per encoding layer; the numbers of a sample
 * that one layer encodes. */
int ent_ansatz_angles(const ent_ansatz *a);
int ent_ansatz_inputs(const ent_ansatz *a);

/* Append to `circuit`: register qubit q is circuit qubit first_qubit + q, parameter k is slot first_param + k, data
 * angle k is slot first_angle + k.
 * Errors: those of ent_ansatz_check; ENT_EARG where the circuit has too few qubits or slots; ENT_ENOMEM.  The circuit
 * is unchanged then. */
ent_status ent_ansatz_append(const ent_ansatz *a, int first_qubit, int first_param, int first_angle,
                             ent_circuit *circuit);

#endif
