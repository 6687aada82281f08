/* Gates as matrices: the definition that every kernel is tested against.
 *
 * Every kind is one of: a fixed 2x2; cos(t/2) I - i sin(t/2) P; a phase; the same on the control's 1 half. */
#include "entente/circuit.h"

#include <complex.h>
#include <math.h>
#include <string.h>

typedef double complex number;

static const double ROOT_HALF = 0.70710678118654752440;

/* a b / c d from four numbers. */
static void set2(number u[4], number a, number b, number c, number d)
{
    u[0] = a;
    u[1] = b;
    u[2] = c;
    u[3] = d;
}

/* CMPLX, which glibc provides only for gcc. */
static number from(double re, double im)
{
    const double parts[2] = {re, im};
    number z;
    memcpy(&z, parts, sizeof z);
    return z;
}

/* The Pauli matrix of a kind: of the gate itself, of the rotation's axis, of the controlled gate's target. */
static char pauli_of(ent_gate_kind kind)
{
    switch (kind) {
    case ENT_X:
    case ENT_RX:
    case ENT_CX:
    case ENT_CRX:
    case ENT_RXX:
        return 'X';
    case ENT_Y:
    case ENT_RY:
    case ENT_CY:
    case ENT_CRY:
    case ENT_RYY:
        return 'Y';
    case ENT_Z:
    case ENT_RZ:
    case ENT_CZ:
    case ENT_CRZ:
    case ENT_RZZ:
        return 'Z';
    default:
        return 0;
    }
}

static void pauli(char name, number p[4])
{
    switch (name) {
    case 'X':
        set2(p, 0, 1, 1, 0);
        break;
    case 'Y':
        set2(p, 0, from(0, -1), from(0, 1), 0);
        break;
    default:
        set2(p, 1, 0, 0, -1);
        break;
    }
}

/* cos(t/2) I - i sin(t/2) P for a P with P^2 = I, of dimension d. */
static void rotation(const number *p, int d, double t, number *u)
{
    const double c = cos(t / 2), s = sin(t / 2);
    for (int r = 0; r < d; r++)
        for (int k = 0; k < d; k++) u[r * d + k] = (r == k ? c : 0.0) + from(0, -s) * p[r * d + k];
}

static void matrix_1q(ent_gate_kind kind, double t, number u[4])
{
    const number t_phase = from(ROOT_HALF, ROOT_HALF);
    switch (kind) {
    case ENT_X:
    case ENT_Y:
    case ENT_Z:
        pauli(pauli_of(kind), u);
        return;
    case ENT_H:
        set2(u, ROOT_HALF, ROOT_HALF, ROOT_HALF, -ROOT_HALF);
        return;
    case ENT_S:
        set2(u, 1, 0, 0, from(0, 1));
        return;
    case ENT_SDG:
        set2(u, 1, 0, 0, from(0, -1));
        return;
    case ENT_T:
        set2(u, 1, 0, 0, t_phase);
        return;
    case ENT_TDG:
        set2(u, 1, 0, 0, conj(t_phase));
        return;
    case ENT_SX:
        set2(u, from(0.5, 0.5), from(0.5, -0.5), from(0.5, -0.5), from(0.5, 0.5));
        return;
    case ENT_P:
        set2(u, 1, 0, 0, from(cos(t), sin(t)));
        return;
    default:
        break;
    }
    number p[4];
    pauli(pauli_of(kind), p);
    rotation(p, 2, t, u);
}

/* Local index = control + 2 target: |control = 1> are the indices 1 and 3. */
static void controlled(const number u[4], number zero_half, number m[16])
{
    memset(m, 0, 16 * sizeof *m);
    m[0 * 4 + 0] = m[2 * 4 + 2] = zero_half;
    for (int r = 0; r < 2; r++)
        for (int k = 0; k < 2; k++) m[(1 + 2 * r) * 4 + (1 + 2 * k)] = u[2 * r + k];
}

static void pauli_pair(char name, number m[16])
{
    number p[4];
    pauli(name, p);
    for (int r = 0; r < 4; r++)
        for (int k = 0; k < 4; k++) m[r * 4 + k] = p[(r >> 1) * 2 + (k >> 1)] * p[(r & 1) * 2 + (k & 1)];
}

static void matrix_2q(ent_gate_kind kind, double t, number m[16])
{
    number u[4], pair[16];
    switch (kind) {
    case ENT_SWAP:
        memset(m, 0, 16 * sizeof *m);
        m[0] = m[1 * 4 + 2] = m[2 * 4 + 1] = m[15] = 1;
        return;
    case ENT_CX:
    case ENT_CY:
    case ENT_CZ:
        pauli(pauli_of(kind), u);
        break;
    case ENT_CP:
        matrix_1q(ENT_P, t, u);
        break;
    case ENT_RXX:
    case ENT_RYY:
    case ENT_RZZ:
        pauli_pair(pauli_of(kind), pair);
        rotation(pair, 4, t, m);
        return;
    default: {
        number p[4];
        pauli(pauli_of(kind), p);
        rotation(p, 2, t, u);
    }
    }
    controlled(u, 1, m);
}

static int to_pairs(const number *m, int d, double *matrix)
{
    for (int k = 0; k < d * d; k++) {
        matrix[2 * k] = creal(m[k]);
        matrix[2 * k + 1] = cimag(m[k]);
    }
    return d;
}

int ent_gate_matrix(ent_gate_kind kind, double t, double matrix[32])
{
    ENT_ASSERT(ent_gate_describe(kind)->qubits > 0);
    number m[16];
    if (ent_gate_describe(kind)->qubits == 1) {
        matrix_1q(kind, t, m);
        return to_pairs(m, 2, matrix);
    }
    matrix_2q(kind, t, m);
    return to_pairs(m, 4, matrix);
}

int ent_gate_generator(ent_gate_kind kind, double matrix[32])
{
    ENT_ASSERT(ent_gate_describe(kind)->angles == 1);
    number p[4], m[16];
    if (kind == ENT_P || kind == ENT_CP)
        set2(p, 0, 0, 0, from(0, 1));
    else
        pauli(pauli_of(kind), p);
    const number factor = kind == ENT_P || kind == ENT_CP ? 1 : from(0, -0.5);
    if (kind == ENT_RXX || kind == ENT_RYY || kind == ENT_RZZ) {
        pauli_pair(pauli_of(kind), m);
        for (int k = 0; k < 16; k++) m[k] *= factor;
        return to_pairs(m, 4, matrix);
    }
    for (int k = 0; k < 4; k++) p[k] *= factor;
    if (ent_gate_describe(kind)->qubits == 1) return to_pairs(p, 2, matrix);
    controlled(p, 0, m);
    return to_pairs(m, 4, matrix);
}
