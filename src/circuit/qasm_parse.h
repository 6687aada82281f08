/* The reader of OpenQASM, internal to this room.
 *
 *   qasm_token    tokens
 *   qasm_value    expressions: linear in the inputs
 *   qasm_ops      gates as lists of operations, and what ctrl, inv and pow make of them
 *   qasm_names    what names mean; declarations
 *   qasm_call     gates: definitions, calls, broadcasting
 *   qasm_parse    all other statements
 * A gate's definition and a loop's body are read again at each use, with the names bound to their current meaning. */
#ifndef ENTENTE_CIRCUIT_QASM_PARSE_H
#define ENTENTE_CIRCUIT_QASM_PARSE_H

#include "qasm_token.h"

#include "entente/circuit.h"
#include "entente/qasm.h"

/* ---- values ---- */

enum { QASM_MOST_TERMS = 8 };

/* constant + the sum of scale * input over the terms. */
typedef struct {
    double constant;
    int terms;
    struct {
        ent_angle_source source;
        int slot;
        double scale;
    } term[QASM_MOST_TERMS];
    bool unknown; /* of a parameter while a definition is only checked */
    bool whole;   /* a whole number, by its type */
} qasm_value;

/* The definitions by which the writer says what standard libraries lack, and by which the reader knows them again. */
#define ENT_QASM_RXX "gate rxx(theta) a, b { h a; h b; cx a, b; rz(theta) b; cx a, b; h a; h b; }"
#define ENT_QASM_RYY                                                                                                 \
    "gate ryy(theta) a, b { rx(pi/2) a; rx(pi/2) b; cx a, b; rz(theta) b; cx a, b; rx(-pi/2) a; rx(-pi/2) b; }"
#define ENT_QASM_RZZ "gate rzz(theta) a, b { cx a, b; rz(theta) b; cx a, b; }"

/* ---- operations ---- */

/* A gate, or with this kind a global phase: angle. */
enum { QASM_PHASE = ENT_GATE_KINDS };

enum { QASM_MOST_OPS = 1 << 22, QASM_MOST_GATES = 1 << 24, QASM_MOST_WORK = 1 << 20 };

typedef struct {
    ent_gate *op; /* [n], owned */
    int64_t n, room;
} qasm_ops;

/* ---- names ---- */

typedef enum { SYMBOL_QUBITS, SYMBOL_BITS, SYMBOL_PARAM, SYMBOL_DATA, SYMBOL_VALUE, SYMBOL_GATE } symbol_kind;

/* A defined gate. */
typedef struct {
    token_stream params, qubits, body; /* at the first name of each list, and after the "{" */
    int angles, operands;
    bool opaque;
    ent_gate_kind same_as; /* ENT_GATE_KINDS: none; else the definition is that of this kind, word for word */
} qasm_gate;

typedef struct {
    const char *text;
    int length;
    symbol_kind kind;
    int first, size; /* qubits, bits, inputs */
    bool array;      /* declared with a size */
    qasm_value value;
    qasm_gate gate;
} symbol;

typedef struct {
    token_stream tokens;
    int version; /* 2 or 3 */
    const ent_qasm_inputs *inputs;
    symbol *symbols; /* [symbol_count], owned */
    int symbol_count;
    int64_t symbol_room;
    int prelude;        /* number of names of predefined gates, which come first and may be redefined by a file */
    int frame, outside; /* in a gate's definition: its first name, and how many names before it are seen; else 0 */
    bool in_gate, in_loop;
    bool dry;               /* only check: nothing is done */
    ent_angle_source asked; /* by an annotation, of the next input; FIXED: none */
    bool by_letter;         /* an input was taken as data for its first letter */
    ent_circuit *circuit;   /* grows while reading */
    qasm_ops ops;           /* of the statement */
    token statement;        /* its first */
    int64_t work;           /* of the statement: gates of definitions, turns of loops */
    int depth;              /* of expressions and statements */
    int bits;
    int *bit; /* [bits] the qubit that was measured into it, or -1; owned */
    int64_t bit_room;
    struct {
        int line, column;
    } measured[ENT_MAX_QUBITS]; /* line 0: not yet */
    int measurements;
    char *notes; /* lines, owned */
} qasm_parser;

/* qasm_value.c */

/* A value: numbers, constants, inputs, functions, + - * / % ** and parentheses. */
ent_status ent_qasm_value(qasm_parser *p, qasm_value *value);
/* Without an input.  `what` is for the message. */
ent_status ent_qasm_number(qasm_parser *p, const char *what, qasm_value *value);
/* An integer of least..most; 0 where it is not known. */
ent_status ent_qasm_integer(qasm_parser *p, int least, int most, int *value);
/* "[3]". */
ent_status ent_qasm_index(qasm_parser *p, int least, int most, int *value);
/* The value of a number or of a constant's name; false for any other token. */
bool ent_qasm_constant(const token *t, double *value);

/* qasm_ops.c.  Errors: ENT_ENOMEM; ENT_EFORMAT at the statement for too many. */

ent_status ent_ops_add(qasm_parser *p, unsigned kind, int a, int b, ent_angle angle);
/* The gates of kind on a (and b), one for each term of the angle. */
ent_status ent_ops_turn(qasm_parser *p, unsigned kind, int a, int b, const qasm_value *angle);
/* What a modifier makes of the operations from `begin` on. */
ent_status ent_ops_control(qasm_parser *p, int64_t begin, int control);
ent_status ent_ops_inverse(qasm_parser *p, int64_t begin);
ent_status ent_ops_power(qasm_parser *p, int64_t begin, double power, const token *at);
/* Append all to the circuit, except for phases. */
ent_status ent_ops_flush(qasm_parser *p);

/* qasm_names.c */

/* The meaning of a name, or NULL; the defined gate of that name, or -1. */
const symbol *ent_qasm_find(const qasm_parser *p, const token *name);
int ent_qasm_find_gate(const qasm_parser *p, const token *name);
/* Declare a new name, which must not have a meaning; and one that may hide others. */
ent_status ent_qasm_declare(qasm_parser *p, const token *name, symbol s);
ent_status ent_qasm_push(qasm_parser *p, const token *name, symbol s);
/* A line of notes.  Errors: ENT_ENOMEM. */
ent_status ent_qasm_note(qasm_parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Declarations, from their first word on. */
ent_status ent_qasm_read_qubits(qasm_parser *p);
ent_status ent_qasm_read_qreg(qasm_parser *p);
ent_status ent_qasm_read_bits(qasm_parser *p);
ent_status ent_qasm_read_creg(qasm_parser *p);
ent_status ent_qasm_read_input(qasm_parser *p);
ent_status ent_qasm_read_const(qasm_parser *p);
/* Check that every input of the mapping exists. */
ent_status ent_qasm_check_inputs(const qasm_parser *p);

/* qasm_call.c */

/* Qubits or bits: first, first + step, .., `count` of them. */
typedef struct {
    int first, step, count;
    bool single;
    token at;
} qasm_operand;

/* What is within "p->depth" levels. */
ent_status ent_qasm_deeper(qasm_parser *p);
/* A register, a qubit of it, or a slice. */
ent_status ent_qasm_operand(qasm_parser *p, symbol_kind kind, qasm_operand *o);
/* A gate's definition or an opaque declaration; a gate's call. */
ent_status ent_qasm_define(qasm_parser *p);
ent_status ent_qasm_opaque(qasm_parser *p);
ent_status ent_qasm_call(qasm_parser *p);
/* The predefined gates that consist of others. */
ent_status ent_qasm_prelude(qasm_parser *p);

/* qasm_parse.c */

ent_status ent_qasm_statement(qasm_parser *p);
/* Statements up to the "}", and the "}". */
ent_status ent_qasm_block(qasm_parser *p);
/* The whole text, from the first token to the end. */
ent_status ent_qasm_read(qasm_parser *p);

#endif
