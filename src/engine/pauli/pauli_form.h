/* The readouts of a sample as functions of the expectation values of registers: a list of operations on nodes. */
#ifndef ENTENTE_ENGINE_PAULI_FORM_H
#define ENTENTE_ENGINE_PAULI_FORM_H

#include "pauli_spread.h"

typedef enum {
    PAULI_TIMES,   /* a b */
    PAULI_SUM,     /* the sum of the entries a..a+b-1 */
    PAULI_COMPLEX, /* (a + i b) (c + i d): node `out` the real part, the next the imaginary one */
    PAULI_REAL     /* the real part of the same */
} pauli_kind;

typedef struct {
    pauli_kind kind;
    int out, a, b, c, d;
} pauli_op;

/* A summand: sign * c[slot] * node. */
typedef struct {
    int node, slot, sign;
} pauli_entry;

/* The expectation value of a string on one register. */
typedef struct {
    ent_pauli string;
    int node;
} pauli_atom;

/* Cosine and sine of a late angle that reads data: three nodes from `node` on. */
enum { PAULI_WAVE_COS, PAULI_WAVE_SIN, PAULI_WAVE_MINUS_SIN, PAULI_WAVE_NODES };
typedef struct {
    int node, angle; /* angle: its index among the late angles */
} pauli_wave;

typedef struct {
    const ent_circuit *circuit;
    ent_bits *qubits; /* [registers] */
    int64_t nodes;    /* node 0 is the number 1 */
    int64_t ops, op_room, entries, entry_room, atoms, atom_room, waves, wave_room;
    pauli_op *op;
    pauli_entry *entry;
    pauli_atom *atom;
    pauli_wave *wave;
    int *readout;    /* [readouts] its node */
    ent_bits *cone;  /* [readouts] the qubits of the registers that it depends on */
    pauli_map index; /* the nodes of strings: atoms and their products */
} pauli_form;

void ent_pauli_form_clear(pauli_form *form);

/* Errors of all: ENT_ENOMEM.
 * The node of a string's expectation value, which is the product of those on the registers. */
ent_status ent_pauli_form_string(pauli_form *form, const ent_pauli *string, int *node);
/* Append an operation, with one new node, or two for PAULI_COMPLEX; op.out receives the first. */
ent_status ent_pauli_form_op(pauli_form *form, pauli_op op, int *node);
/* Append a summand of the PAULI_SUM that is appended next. */
ent_status ent_pauli_form_entry(pauli_form *form, pauli_entry entry);

/* Append a wave; *node receives its first node. */
ent_status ent_pauli_form_wave(pauli_form *form, int angle, int *node);

/* The largest number of terms of all readouts together. */
enum { PAULI_MOST_TERMS = 1 << 20 };

/* All readouts, propagated back through the late gates, as a tape and a form, both empty ({0}) before.
 * Errors: ENT_EARG if they have more than `most` terms in total, ENT_ENOMEM. */
ent_status ent_pauli_form_make(const ent_circuit *circuit, pauli_late *late, int64_t most, pauli_tape *tape,
                               pauli_form *form);
/* Multiply-adds per sample of a forward run. */
double ent_pauli_form_cost(const pauli_form *form);

/* For tests: set how many times more a readout may cost by strings than by hubs (pauli_hub.c).  Returns the previous
 * value. */
double ent_pauli_set_hub_margin(double margin);

/* pauli_product.c: a sum before the first `prefix` rotations (the quarter turns among them already applied) as a sum
 * of products: its cost in operations; infinite if it is far larger than that of its terms. */
double ent_pauli_product_cost(const pauli_sum *sum, const pauli_late *late, int64_t prefix, const pauli_form *form);
/* Append its operations; the sum is that of the entries from *first to the end.  cone: adds what it depends on. */
ent_status ent_pauli_product_append(const pauli_sum *sum, const pauli_late *late, int64_t prefix, pauli_tape *tape,
                                    pauli_form *form, ent_bits *cone, int64_t *first);

#endif
