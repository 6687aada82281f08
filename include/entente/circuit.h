/* A circuit: a list of gates on qubits 0..n-1 from |0...0>, with angles that are numbers, trainable parameters or
 * data, and a list of readouts, each the expectation value of a Pauli string.
 *
 * Qubit 0 is the least significant bit of the basis-state index (as in Qiskit and QuEST).  R_P(t) = exp(-i t P / 2).
 * All functions are Local. */
#ifndef ENTENTE_CIRCUIT_H
#define ENTENTE_CIRCUIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "entente/status.h"

enum { ENT_MAX_QUBITS = 256, ENT_MAX_STATE_QUBITS = 62 }; /* of a circuit; of one simulated as a whole state */

/* A set of qubits. */
typedef struct {
    uint64_t word[ENT_MAX_QUBITS / 64]; /* qubit q is bit q % 64 of word[q / 64] */
} ent_bits;

/* A Hermitian Pauli string: X on the qubits only in x, Z on those only in z, Y on those in both. */
typedef struct {
    ent_bits x, z;
} ent_pauli;

typedef enum {
    /* one qubit, no angle */
    ENT_X,
    ENT_Y,
    ENT_Z,
    ENT_H,
    ENT_S,
    ENT_SDG,
    ENT_T,
    ENT_TDG,
    ENT_SX,
    /* one qubit, an angle */
    ENT_RX,
    ENT_RY,
    ENT_RZ,
    ENT_P, /* diag(1, e^it) */
    /* two qubits, no angle; qubit[0] is the control */
    ENT_CX,
    ENT_CY,
    ENT_CZ,
    ENT_SWAP,
    /* two qubits, an angle; qubit[0] is the control */
    ENT_CRX,
    ENT_CRY,
    ENT_CRZ,
    ENT_CP, /* diag(1, 1, 1, e^it) */
    ENT_RXX,
    ENT_RYY,
    ENT_RZZ,
    /* a range of qubits qubit[0], qubit[0] + 1, ..., qubit[1], no angle; qubit[0] is the least significant */
    ENT_QFT,  /* |x> -> 2^(-n/2) sum_y exp(2 pi i x y / 2^n) |y> (Nielsen and Chuang, section 5.1) */
    ENT_IQFT, /* its inverse */
    ENT_GATE_KINDS
} ent_gate_kind;

/* A kind of gate: its name (as in OpenQASM 3's standard library, which has no QFT), number of qubits (1, 2, or 0 for
 * a range), and whether it takes an angle. */
typedef struct {
    const char *name;
    int qubits, angles;
} ent_gate_info;
const ent_gate_info *ent_gate_describe(ent_gate_kind kind);

typedef enum { ENT_ANGLE_FIXED, ENT_ANGLE_PARAM, ENT_ANGLE_DATA } ent_angle_source;

/* An angle in radians: offset, or scale * params[slot] + offset, or scale * data[slot] + offset. */
typedef struct {
    ent_angle_source source;
    int slot;
    double scale, offset;
} ent_angle;

typedef struct {
    ent_gate_kind kind;
    int qubit[2];
    ent_angle angle;
} ent_gate;

/* Fields may be read; only the functions below write to them. */
typedef struct {
    int qubits; /* 0..ENT_MAX_QUBITS; 0: no registers */
    int params; /* slots of trainable parameters, shared by all samples; some may be unused */
    int angles; /* slots of data angles, one set per sample; some may be unused */
    int64_t gates;
    ent_gate *gate;
    int readouts;
    ent_pauli *readout;  /* [readouts] */
    int registers;       /* consecutive ranges of qubits that belong together; 0 if there are no qubits */
    int *register_first; /* [registers + 1]: register m has the qubits register_first[m]..register_first[m + 1] - 1 */
    int64_t gate_room, readout_room;
} ent_circuit;

/* All qubits are one register at first.  Errors: ENT_EARG out of range, ENT_ENOMEM. */
ent_status ent_circuit_new(int qubits, int params, int angles, ent_circuit **out);
void ent_circuit_free(ent_circuit *circuit);

/* Append.  Errors (the circuit is then unchanged): ENT_EARG for a qubit or slot out of range, the same qubit twice, a
 * range that ends before it begins, an angle that is not finite, or an angle for a gate that takes none (use
 * ent_angle_none); ENT_ENOMEM. */
ent_status ent_circuit_add(ent_circuit *circuit, ent_gate gate);

/* Append a readout: the product of Z_q over the bits q of the mask, and any Pauli string.  Errors (the
 * circuit is then unchanged): ENT_EARG for one on no qubit or on one out of range; ENT_ENOMEM. */
ent_status ent_circuit_read(ent_circuit *circuit, uint64_t z_mask);
ent_status ent_circuit_read_pauli(ent_circuit *circuit, const ent_pauli *string);

/* Divide the qubits into registers of these sizes, in order: parts of the circuit that are separate until gates join
 * them.  Results do not depend on it.  Errors (the circuit is then unchanged): ENT_EARG unless every size is at
 * least 1 and their sum is the number of qubits; ENT_ENOMEM. */
ent_status ent_circuit_registers(ent_circuit *circuit, int registers, const int *sizes);

/* The same circuit with numbers in place of its parameters and data angles: params [circuit params], angles [circuit
 * angles]; NULL leaves that kind unchanged.  The angles of its gates are equal to those of the circuit, bit for bit.
 * Free with ent_circuit_free.
 * Errors: ENT_EARG for an angle that is not finite; ENT_ENOMEM. */
ent_status ent_circuit_bind(const ent_circuit *circuit, const double *params, const double *angles,
                            ent_circuit **out);

/* The same circuit with only those parameters and data angles that gates use, renumbered in their order: param
 * [circuit params] and angle [circuit angles] receive the old number of each new one.  Free with ent_circuit_free.
 * Errors: ENT_ENOMEM. */
ent_status ent_circuit_compact(const ent_circuit *circuit, int *param, int *angle, ent_circuit **out);

/* The circuit on some of its qubits, numbered anew in their order, registers without any left out.  The others are
 * never touched: gates and readouts that are also on one of them are left out, a gate on a range is on what is left
 * of it.  Parameters and data angles keep their slots.  readout [circuit readouts] receives the old number of each
 * readout that is kept.  Free with ent_circuit_free.
 * Errors: ENT_EARG for no qubit, or one out of range; ENT_ENOMEM. */
ent_status ent_circuit_keep(const ent_circuit *circuit, const ent_bits *qubits, int *readout, ent_circuit **out);

/* A Pauli string as text, "X0Z3Y17": letters with their qubits, truncated to `room` bytes.  Returns `text`. */
char *ent_pauli_text(const ent_pauli *string, char *text, size_t room);

/* A Pauli string from that notation, or from a letter for each of `qubits` qubits, "ZZI", the last for qubit 0 as in
 * Qiskit.  Errors: ENT_EARG, naming what is wrong in the text. */
ent_status ent_pauli_read(const char *text, int qubits, ent_pauli *string);

/* Draw a circuit: as text of ASCII characters, in blocks of at most 120 columns, or as an SVG file.  A '*' is a
 * control.  Parameters and data angles are named as in ent_qasm_write.  Errors: ENT_EIO; ENT_ENOMEM. */
ent_status ent_circuit_draw_text(const ent_circuit *circuit, FILE *out);
ent_status ent_circuit_draw_svg(const ent_circuit *circuit, FILE *out);

/* Sets of qubits. */
static inline ent_bits ent_bits_of_word(uint64_t low)
{
    const ent_bits bits = {{low, 0, 0, 0}};
    return bits;
}
static inline bool ent_bits_has(const ent_bits *b, int qubit)
{
    return b->word[qubit / 64] >> (qubit % 64) & 1;
}
static inline void ent_bits_add(ent_bits *b, int qubit)
{
    b->word[qubit / 64] |= UINT64_C(1) << (qubit % 64);
}
static inline ent_bits ent_bits_and(ent_bits a, ent_bits b)
{
    for (int k = 0; k < ENT_MAX_QUBITS / 64; k++) a.word[k] &= b.word[k];
    return a;
}
static inline ent_bits ent_bits_or(ent_bits a, ent_bits b)
{
    for (int k = 0; k < ENT_MAX_QUBITS / 64; k++) a.word[k] |= b.word[k];
    return a;
}
static inline ent_bits ent_bits_xor(ent_bits a, ent_bits b)
{
    for (int k = 0; k < ENT_MAX_QUBITS / 64; k++) a.word[k] ^= b.word[k];
    return a;
}
static inline int ent_bits_count(ent_bits b)
{
    int count = 0;
    for (int k = 0; k < ENT_MAX_QUBITS / 64; k++) count += __builtin_popcountll(b.word[k]);
    return count;
}
static inline bool ent_bits_equal(ent_bits a, ent_bits b)
{
    return ent_bits_count(ent_bits_xor(a, b)) == 0;
}
/* Of the qubits that are in both. */
static inline int ent_bits_parity(ent_bits a, ent_bits b)
{
    return ent_bits_count(ent_bits_and(a, b)) & 1;
}
/* The highest qubit, or -1 if there is none. */
static inline int ent_bits_last(ent_bits b)
{
    for (int k = ENT_MAX_QUBITS / 64 - 1; k >= 0; k--)
        if (b.word[k]) return 64 * k + 63 - __builtin_clzll(b.word[k]);
    return -1;
}

/* Angles. */
static inline ent_angle ent_angle_fixed(double radians)
{
    const ent_angle angle = {ENT_ANGLE_FIXED, 0, 0.0, radians};
    return angle; /* C++ has no compound literals */
}
static inline ent_angle ent_angle_none(void)
{
    return ent_angle_fixed(0.0);
}
static inline ent_angle ent_angle_param(int slot)
{
    const ent_angle angle = {ENT_ANGLE_PARAM, slot, 1.0, 0.0};
    return angle;
}
static inline ent_angle ent_angle_data(int slot)
{
    const ent_angle angle = {ENT_ANGLE_DATA, slot, 1.0, 0.0};
    return angle;
}

/* The angle's value in radians, for a sample's data (may be NULL if no slot is data). */
static inline double ent_angle_value(const ent_angle *a, const double *params, const double *data)
{
    if (a->source == ENT_ANGLE_PARAM) return a->scale * params[a->slot] + a->offset;
    if (a->source == ENT_ANGLE_DATA) return a->scale * data[a->slot] + a->offset;
    return a->offset;
}

/* Call `emit` with each of the H, CP and SWAP gates that ENT_QFT or ENT_IQFT consists of, in order, until one fails:
 * n (n + 1) / 2 + n / 2 of them for n qubits (Nielsen and Chuang, section 5.1).  Errors: those of `emit`. */
typedef ent_status ent_gate_sink(void *context, const ent_gate *gate);
ent_status ent_qft_spell_out(const ent_gate *gate, ent_gate_sink *emit, void *context);

/* The matrix of a gate on one or two qubits at angle t: 2x2 for one qubit, 4x4 for two, row-major, (re, im) pairs.
 * For two qubits the local basis index is (bit of qubit[0]) + 2 (bit of qubit[1]).  Returns the dimension, 2 or 4. */
int ent_gate_matrix(ent_gate_kind kind, double t, double matrix[32]);

/* The derivative's generator G, as a matrix of the same layout: d/dt U(t) = G U(t).  G = -i P / 2 for R_P, the same
 * on the control's 1 half for a controlled rotation, i |1><1| for P and i |11><11| for CP. */
int ent_gate_generator(ent_gate_kind kind, double matrix[32]);

#endif
