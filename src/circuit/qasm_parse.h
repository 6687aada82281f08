/* The reader of OpenQASM, inside this room. */
#ifndef ENTENTE_CIRCUIT_QASM_PARSE_H
#define ENTENTE_CIRCUIT_QASM_PARSE_H

#include "qasm_token.h"

#include "entente/circuit.h"

/* What a name stands for: a register of qubits, or inputs from `first` on. */
typedef enum { SYMBOL_QUBITS, SYMBOL_PARAM, SYMBOL_DATA } symbol_kind;
typedef struct {
    const char *text;
    int length;
    symbol_kind kind;
    int first, size;
    bool array; /* declared with a size */
} symbol;

typedef struct {
    token_stream tokens;
    symbol *symbols; /* [symbol_count], owned */
    int symbol_count, symbol_room;
    ent_circuit *circuit; /* grows while reading */
    int depth;            /* of parentheses and signs */
} qasm_parser;

/* The symbol that a name token stands for, or NULL. */
const symbol *ent_qasm_find(const qasm_parser *p, const token *name);

/* "[3]", an integer of least..most. */
ent_status ent_qasm_index(qasm_parser *p, int least, int most, int *value);

/* An integer of least..most. */
ent_status ent_qasm_integer(qasm_parser *p, int least, int most, int *value);

/* The value of a number, pi or tau; false for any other token. */
bool ent_qasm_constant(const token *t, double *value);

/* An angle: numbers, pi, tau, inputs, + - * / and parentheses. */
ent_status ent_qasm_angle(qasm_parser *p, ent_angle *angle);

/* The whole text, from the first token to the end. */
ent_status ent_qasm_read(qasm_parser *p);

#endif
