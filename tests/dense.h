/* Dense linear algebra on n <= 6 qubits, written without the engine's index arithmetic: a gate on n qubits is a sum
 * of Kronecker products of 2x2 matrices, and a state is multiplied by the whole 2^n x 2^n matrix. */
#ifndef ENTENTE_TESTS_DENSE_H
#define ENTENTE_TESTS_DENSE_H

#include <complex.h>
#include <math.h>
#include <string.h>

#include "entente/circuit.h"

enum { DENSE_QUBITS = 6, DENSE_DIM = 1 << DENSE_QUBITS };

typedef double complex dense_number;
typedef struct {
    dense_number a[2][2];
} dense_2x2;
typedef struct {
    int dim;
    dense_number a[DENSE_DIM][DENSE_DIM];
} dense_matrix;

static inline dense_number dense_of(double re, double im)
{
    const double parts[2] = {re, im};
    dense_number z;
    memcpy(&z, parts, sizeof z);
    return z;
}

static inline dense_2x2 dense_rows(dense_number a, dense_number b, dense_number c, dense_number d)
{
    return (dense_2x2){{{a, b}, {c, d}}};
}

/* P of "IXYZ", and the projectors on |0> and |1> as '0' and '1'. */
static inline dense_2x2 dense_named(char name)
{
    switch (name) {
    case 'X':
        return dense_rows(0, 1, 1, 0);
    case 'Y':
        return dense_rows(0, dense_of(0, -1), dense_of(0, 1), 0);
    case 'Z':
        return dense_rows(1, 0, 0, -1);
    case '0':
        return dense_rows(1, 0, 0, 0);
    case '1':
        return dense_rows(0, 0, 0, 1);
    default:
        return dense_rows(1, 0, 0, 1);
    }
}

/* One-qubit gates as textbooks print them (Nielsen and Chuang, section 4.2; OpenQASM 3, standard library). */
static inline dense_2x2 dense_gate_1q(ent_gate_kind kind, double t)
{
    const double c = cos(t / 2), s = sin(t / 2), h = 1.0 / sqrt(2.0), pi = acos(-1.0);
    switch (kind) {
    case ENT_X:
        return dense_named('X');
    case ENT_Y:
        return dense_named('Y');
    case ENT_Z:
        return dense_named('Z');
    case ENT_H:
        return dense_rows(h, h, h, -h);
    case ENT_S:
        return dense_rows(1, 0, 0, cexp(dense_of(0, pi / 2)));
    case ENT_SDG:
        return dense_rows(1, 0, 0, cexp(dense_of(0, -pi / 2)));
    case ENT_T:
        return dense_rows(1, 0, 0, cexp(dense_of(0, pi / 4)));
    case ENT_TDG:
        return dense_rows(1, 0, 0, cexp(dense_of(0, -pi / 4)));
    case ENT_SX:
        return dense_rows(dense_of(0.5, 0.5), dense_of(0.5, -0.5), dense_of(0.5, -0.5), dense_of(0.5, 0.5));
    case ENT_RX:
        return dense_rows(c, dense_of(0, -s), dense_of(0, -s), c);
    case ENT_RY:
        return dense_rows(c, -s, s, c);
    case ENT_RZ:
        return dense_rows(cexp(dense_of(0, -t / 2)), 0, 0, cexp(dense_of(0, t / 2)));
    default: /* ENT_P */
        return dense_rows(1, 0, 0, cexp(dense_of(0, t)));
    }
}

/* m += factor * (u at qubit p) (v at qubit q) (I elsewhere), the Kronecker product from qubit n-1 down to 0. */
static inline void dense_add_term(dense_matrix *m, int n, dense_number factor, int p, dense_2x2 u, int q, dense_2x2 v)
{
    static dense_matrix product, grown;
    product.dim = 1;
    product.a[0][0] = factor;
    for (int k = n - 1; k >= 0; k--) {
        const dense_2x2 w = k == p ? u : k == q ? v : dense_named('I');
        grown.dim = 2 * product.dim;
        for (int r = 0; r < grown.dim; r++)
            for (int c = 0; c < grown.dim; c++) grown.a[r][c] = product.a[r / 2][c / 2] * w.a[r % 2][c % 2];
        product = grown;
    }
    for (int r = 0; r < m->dim; r++)
        for (int c = 0; c < m->dim; c++) m->a[r][c] += product.a[r][c];
}

static inline void dense_add_pauli_pair(dense_matrix *m, int n, dense_number factor, char name, int p, int q)
{
    dense_add_term(m, n, factor, p, dense_named(name), q, dense_named(name));
}

/* |0><0| on the control, and u on the target where the control is 1. */
static inline void dense_add_controlled(dense_matrix *m, int n, int control, int target, dense_2x2 u)
{
    dense_add_term(m, n, 1, control, dense_named('0'), target, dense_named('I'));
    dense_add_term(m, n, 1, control, dense_named('1'), target, u);
}

/* The QFT of qubits first..last, entry by entry: the run's bits of row and column are y and x, all others agree. */
static inline void dense_qft(int first, int last, int sign, dense_matrix *m)
{
    const int size = 2 << (last - first), mask = (size - 1) << first;
    for (int r = 0; r < m->dim; r++)
        for (int c = 0; c < m->dim; c++) {
            const double turns = (double)((r & mask) >> first) * ((c & mask) >> first) / size;
            if ((r & ~mask) == (c & ~mask))
                m->a[r][c] = cexp(dense_of(0, sign * 2.0 * acos(-1.0) * turns)) / sqrt(size);
        }
}

/* The gate as a 2^n x 2^n matrix. */
static inline void dense_gate(ent_gate_kind kind, double t, const int qubit[2], int n, dense_matrix *m)
{
    const int p = qubit[0], q = qubit[1];
    memset(m, 0, sizeof *m);
    m->dim = 1 << n;
    switch (kind) {
    case ENT_QFT:
    case ENT_IQFT:
        dense_qft(p, q, kind == ENT_QFT ? 1 : -1, m);
        return;
    case ENT_CX:
        dense_add_controlled(m, n, p, q, dense_gate_1q(ENT_X, 0));
        return;
    case ENT_CY:
        dense_add_controlled(m, n, p, q, dense_gate_1q(ENT_Y, 0));
        return;
    case ENT_CZ:
        dense_add_controlled(m, n, p, q, dense_gate_1q(ENT_Z, 0));
        return;
    case ENT_CRX:
        dense_add_controlled(m, n, p, q, dense_gate_1q(ENT_RX, t));
        return;
    case ENT_CRY:
        dense_add_controlled(m, n, p, q, dense_gate_1q(ENT_RY, t));
        return;
    case ENT_CRZ:
        dense_add_controlled(m, n, p, q, dense_gate_1q(ENT_RZ, t));
        return;
    case ENT_CP:
        dense_add_controlled(m, n, p, q, dense_gate_1q(ENT_P, t));
        return;
    case ENT_SWAP:
        for (const char *name = "IXYZ"; *name; name++) dense_add_pauli_pair(m, n, 0.5, *name, p, q);
        return;
    case ENT_RXX:
    case ENT_RYY:
    case ENT_RZZ:
        dense_add_pauli_pair(m, n, cos(t / 2), 'I', p, q);
        dense_add_pauli_pair(m, n, dense_of(0, -sin(t / 2)),
                             kind == ENT_RXX   ? 'X'
                             : kind == ENT_RYY ? 'Y'
                                               : 'Z',
                             p, q);
        return;
    default:
        dense_add_term(m, n, 1, p, dense_gate_1q(kind, t), -1, dense_named('I'));
    }
}

static inline void dense_multiply(const dense_matrix *m, const dense_number *from, dense_number *to)
{
    for (int r = 0; r < m->dim; r++) {
        to[r] = 0;
        for (int c = 0; c < m->dim; c++) to[r] += m->a[r][c] * from[c];
    }
}

/* <psi| P |psi> for a Pauli string P, the operator as a product of whole matrices. */
static inline double dense_expectation(const dense_number *psi, int n, const ent_pauli *string)
{
    static dense_matrix m;
    dense_number image[DENSE_DIM], next[DENSE_DIM], sum = 0;
    const int dim = 1 << n;
    memcpy(image, psi, (size_t)dim * sizeof *psi);
    for (int q = 0; q < n; q++) {
        const bool x = ent_bits_has(&string->x, q), z = ent_bits_has(&string->z, q);
        if (!x && !z) continue;
        memset(&m, 0, sizeof m);
        m.dim = dim;
        dense_add_term(&m, n, 1, q, dense_named(x && z ? 'Y' : x ? 'X' : 'Z'), -1, dense_named('I'));
        dense_multiply(&m, image, next);
        memcpy(image, next, (size_t)dim * sizeof *next);
    }
    for (int k = 0; k < dim; k++) sum += conj(psi[k]) * image[k];
    return creal(sum);
}

/* Expectation values of one sample. */
static inline void dense_run(const ent_circuit *circuit, const double *params, const double *data,
                             double *expectations)
{
    static dense_matrix m;
    dense_number psi[DENSE_DIM] = {1}, next[DENSE_DIM];
    for (int64_t g = 0; g < circuit->gates; g++) {
        const ent_gate *gate = &circuit->gate[g];
        dense_gate(gate->kind, ent_angle_value(&gate->angle, params, data), gate->qubit, circuit->qubits, &m);
        dense_multiply(&m, psi, next);
        memcpy(psi, next, sizeof psi);
    }
    for (int r = 0; r < circuit->readouts; r++)
        expectations[r] = dense_expectation(psi, circuit->qubits, &circuit->readout[r]);
}

#endif
