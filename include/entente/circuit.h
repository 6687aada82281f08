/* A circuit: a list of gates on qubits 0..n-1 from |0...0>, with angles that are numbers, trainable parameters or
 * data, and a list of diagonal readouts.
 *
 * Qubit 0 is the least significant bit of the basis-state index (as in Qiskit and QuEST).  R_P(t) = exp(-i t P / 2).
 * Source: model.md, sections 2 to 4.  All functions are Local. */
#ifndef ENTENTE_CIRCUIT_H
#define ENTENTE_CIRCUIT_H

#include <stdint.h>

#include "entente/status.h"

enum { ENT_MAX_QUBITS = 62 };

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
    /* a run of qubits qubit[0], qubit[0] + 1, ..., qubit[1], no angle; qubit[0] is the least significant */
    ENT_QFT,  /* |x> -> 2^(-n/2) sum_y exp(2 pi i x y / 2^n) |y> (Nielsen and Chuang, section 5.1) */
    ENT_IQFT, /* its inverse */
    ENT_GATE_KINDS
} ent_gate_kind;

/* What a kind is: its name (as in OpenQASM 3's standard library, which has no QFT), qubits (1, 2, or 0 for a run), and
 * whether it takes an angle. */
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

/* Open for reading; built by the functions below alone. */
typedef struct {
    int qubits; /* 0..ENT_MAX_QUBITS; 0: no register at all */
    int params; /* slots of trainable parameters, shared by all samples; not every slot need be used */
    int angles; /* slots of data angles, one set a sample; not every slot need be used */
    int64_t gates;
    ent_gate *gate;
    int readouts;
    uint64_t
        *readout; /* masks: readout r is the expectation value of the product of Z_q over the bits q of the mask */
    int64_t gate_room;
    int readout_room;
} ent_circuit;

/* Errors: ENT_EARG out of range, ENT_ENOMEM. */
ent_status ent_circuit_new(int qubits, int params, int angles, ent_circuit **out);
void ent_circuit_free(ent_circuit *circuit);

/* Append.  Errors: ENT_EARG for a qubit or slot out of range, twice the same qubit, a run that ends before it begins,
 * an angle that is not finite, an angle given to a gate that takes none (give ent_angle_none); ENT_ENOMEM.  The circuit
 * is unchanged then. */
ent_status ent_circuit_add(ent_circuit *circuit, ent_gate gate);
ent_status ent_circuit_read(ent_circuit *circuit, uint64_t readout_mask);

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

/* The angle's value in radians, for a sample's data (may be NULL where no slot is data). */
static inline double ent_angle_value(const ent_angle *a, const double *params, const double *data)
{
    if (a->source == ENT_ANGLE_PARAM) return a->scale * params[a->slot] + a->offset;
    if (a->source == ENT_ANGLE_DATA) return a->scale * data[a->slot] + a->offset;
    return a->offset;
}

/* Call `emit` with each of the H, CP and SWAP gates that ENT_QFT or ENT_IQFT is made of, in order, until one fails:
 * n (n + 1) / 2 + n / 2 of them for n qubits (Nielsen and Chuang, section 5.1).  Errors: those of `emit`. */
typedef ent_status ent_gate_sink(void *context, const ent_gate *gate);
ent_status ent_qft_spell_out(const ent_gate *gate, ent_gate_sink *emit, void *context);

/* The matrix of a gate on one or two qubits at angle t: 2x2 for one qubit, 4x4 for two, row-major, (re, im) pairs.  For two qubits the local
 * basis index is (bit of qubit[0]) + 2 (bit of qubit[1]).  Returns the dimension, 2 or 4. */
int ent_gate_matrix(ent_gate_kind kind, double t, double matrix[32]);

/* The derivative's generator G, as a matrix of the same layout: d/dt U(t) = G U(t).  G = -i P / 2 for R_P, the same
 * on the control's 1 half for a controlled rotation, i |1><1| for P and i |11><11| for CP. */
int ent_gate_generator(ent_gate_kind kind, double matrix[32]);

#endif
