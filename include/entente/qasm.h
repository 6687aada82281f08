/* Reading and writing OpenQASM 3 and 2, to the extent that circuits with inputs need.
 *
 * Read, in either version:
 *   OPENQASM 3.0;  OPENQASM 2.0;               or no version, which is read as 3
 *   include "stdgates.inc";  "qelib1.inc"      the gates of both are known, with the line or without
 *   qubit[4] q;  qreg q[4];                    several registers are numbered in the order of declaration
 *   bit[4] c;  creg c[4];  c = measure q;  measure q -> c;   at the end: see ent_qasm_bits
 *   input float[64] theta0;                    float or angle, with a width or without
 *   input array[float[64], 8] theta;           used as theta[0] .. theta[7]
 *   const float[64] a = sqrt(2);  const int n = 4;
 *   gate rot(a, b) q, r { rz(a/2) q; cx q, r; }   inlined
 *   for int i in [0:3] { h q[i]; }             over constants; also [0:2:6] and {0, 3, 5}
 *   h q;  cx q[0:2], r;  h q[-1];              over registers and slices of the same size
 *   ctrl @, ctrl(2) @, negctrl @, inv @, pow(0.5) @   version 3
 *   barrier, comments, pragmas, annotations    ignored, all but comments with a note
 * An angle is made of numbers, pi, tau, euler (also as Greek letters), inputs, + - * / % ** (in version 2: ^), sin
 * cos tan arcsin arccos arctan exp ln log sqrt floor ceiling abs mod pow and parentheses, and is linear in its
 * inputs: an angle with several inputs becomes several gates.  The quotient of two integers is their real quotient,
 * in version 3 too.  Other gates are translated into those of circuit.h; all is exact up to a global phase.
 *
 * Whether an input is data or a trainable parameter is given by a mapping, ent_qasm_inputs; else by the annotation
 * before it, @entente.data or @entente.param; else it is data if its name begins with x.  Both kinds are numbered in
 * the order of declaration.
 *
 * Refused, with file, line, column, what was found and what is allowed: measurements before the end, reset, classical
 * control (if, while, switch), variables, subroutines, aliases, timing, calibration.  All functions are Local. */
#ifndef ENTENTE_QASM_H
#define ENTENTE_QASM_H

#include <stdio.h>

#include "entente/circuit.h"

typedef struct ent_qasm ent_qasm;

/* The names of the inputs that are data and of those that are trainable parameters.  If one list is empty, it stands
 * for all inputs that are not in the other. */
typedef struct {
    unsigned data_count, params_count;
    const char **data, **params;
} ent_qasm_inputs;

/* inputs: NULL or both lists empty: by annotation and first letter.
 * Errors: ENT_EIO the file cannot be read; ENT_EFORMAT "file:line:column: found 'if', want ...", or an input of the
 * mapping that the file does not have; ENT_ENOMEM. */
ent_status ent_qasm_load(const char *path, const ent_qasm_inputs *inputs, ent_qasm **out);

/* The same for a text; `name` is the file's in messages. */
ent_status ent_qasm_parse(const char *text, const char *name, const ent_qasm_inputs *inputs, ent_qasm **out);
void ent_qasm_free(ent_qasm *qasm);

/* The file as a circuit without readouts, a register for each declaration of qubits; it belongs to `qasm`. */
const ent_circuit *ent_qasm_circuit(const ent_qasm *qasm);

/* The text that was parsed, unchanged; it belongs to `qasm`. */
const char *ent_qasm_text(const ent_qasm *qasm);

/* The classical bits of all registers, in the order of declaration, and the qubit that is measured into each at the
 * end, or -1; they belong to `qasm`. */
int ent_qasm_bits(const ent_qasm *qasm, const int **qubit);

/* Notes on what was decided or ignored, one per line; may be "".  It belongs to `qasm`. */
const char *ent_qasm_notes(const ent_qasm *qasm);

/* Write a circuit as an OpenQASM file that needs only the standard library: parameter k is the input theta<k>, data
 * angle k the input x<k>; a QFT is written as H, CP and SWAP, and gates that the library lacks are defined; readouts
 * are comments, in the notation of ent_pauli_read.  Numbers are written without loss.
 * Errors: ENT_EARG for version 2, which has no inputs, with a circuit that has some; ENT_EIO. */
ent_status ent_qasm_write(const ent_circuit *circuit, int version, FILE *out);

#endif
