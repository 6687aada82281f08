/* OpenQASM 3 in and out, as far as a parametrised circuit needs it.
 *
 * Read:
 *   OPENQASM 3.0;                              first; also 3 and 3.1
 *   include "stdgates.inc";
 *   qubit[4] q;  qubit a;                      several registers are numbered in the order of declaration
 *   input float[64] theta0;                    float or angle, with a width or without
 *   input array[float[64], 8] theta;           used as theta[0] .. theta[7]
 *   the gates  x y z h s sdg t tdg sx id, rx ry rz p phase u1, u2, u3 u U, cx CX cy cz swap, crx cry crz cp cphase,
 *              rxx ryy rzz (not in stdgates.inc)
 *   a one-qubit gate on a whole register       broadcast
 *   barrier ...;  // ...  and comments of C    ignored
 * An angle is made of numbers, pi, tau (also as Greek letters), inputs, + - * / and parentheses, and is affine in at
 * most one input.  Inputs whose name starts with x (x, x0, x[3]) are data angles, all others trainable parameters;
 * each sort is numbered in the order of declaration.  u2, u3, u and U become RZ RY RZ, equal up to a global phase.
 * Everything else is refused with file, line, column, what was found and what is allowed.  All functions are Local. */
#ifndef ENTENTE_QASM_H
#define ENTENTE_QASM_H

#include <stdio.h>

#include "entente/circuit.h"

typedef struct ent_qasm ent_qasm;

/* Errors: ENT_EIO the file cannot be read; ENT_EFORMAT "file:line:column: found 'if', want ..."; ENT_ENOMEM. */
ent_status ent_qasm_load(const char *path, ent_qasm **out);

/* The same for a text; `name` stands for the file in messages. */
ent_status ent_qasm_parse(const char *text, const char *name, ent_qasm **out);
void ent_qasm_free(ent_qasm *qasm);

/* The file as a circuit without readouts, a register for each declaration of qubits; it belongs to `qasm`. */
const ent_circuit *ent_qasm_circuit(const ent_qasm *qasm);

/* The text that was parsed, to the letter; it belongs to `qasm`. */
const char *ent_qasm_text(const ent_qasm *qasm);

/* Write a circuit as an OpenQASM 3 file that needs stdgates.inc alone: parameter k is the input theta<k>, data angle k
 * the input x<k>, RXX RYY RZZ are written by CX and RZ, a QFT by H, CP and SWAP, readouts as comments.
 * Numbers keep all their bits.  Errors: ENT_EIO. */
ent_status ent_qasm_write(const ent_circuit *circuit, FILE *out);

#endif
