/* Sums of Pauli strings with complex coefficients, on the way to products of complex numbers. */
#ifndef ENTENTE_ENGINE_PAULI_COMPLEX_H
#define ENTENTE_ENGINE_PAULI_COMPLEX_H

#include "pauli_form.h"

/* c[re] + i c[im] times a string; -1: a part that is 0. */
typedef struct {
    ent_pauli string;
    int re, im;
} pauli_complex_term;

typedef struct {
    int64_t count, room;
    pauli_complex_term *term;
} pauli_complex;

/* Errors of all: ENT_ENOMEM. */
ent_status ent_pauli_complex_add(pauli_complex *sum, pauli_complex_term term);
/* sum.count if it has no such string. */
int64_t ent_pauli_complex_find(const pauli_complex *sum, const ent_pauli *string);

/* exp(i s t/2 Q) sum exp(-i s t/2 Q), s = 1 or -1. */
ent_status ent_pauli_complex_rotate(pauli_complex *sum, const ent_pauli *q, int s, int angle, pauli_tape *tape);
/* exp(i s t/2 Q) sum exp(i s t/2 Q): strings that do not commute with Q stay as they are. */
ent_status ent_pauli_complex_multiply(pauli_complex *sum, const ent_pauli *q, int s, int angle, pauli_tape *tape);
/* out += factor sum, in slots of its own. */
ent_status ent_pauli_complex_copy(const pauli_complex *sum, double factor, pauli_tape *tape, pauli_complex *out);
/* out += factor (1 + x Q)/2 sum (1 + y Q)/2; x, y = 1 or -1. */
ent_status ent_pauli_complex_project(const pauli_complex *sum, const ent_pauli *q, const int side[2], double factor,
                                     pauli_tape *tape, pauli_complex *out);

/* Nodes of a complex number's parts; im -1: it is real. */
typedef struct {
    int re, im;
} pauli_complex_node;

/* The expectation value of a sum, with a real part in any case. */
ent_status ent_pauli_complex_value(const pauli_complex *sum, pauli_form *form, pauli_tape *tape,
                                   pauli_complex_node *out);
/* a b; last: only its real part is needed. */
ent_status ent_pauli_complex_times(pauli_form *form, pauli_complex_node a, pauli_complex_node b, bool last,
                                   pauli_complex_node *out);

#endif
