/* Statements of OpenQASM, one after another, each known by its first word.  The circuit's numbers of qubits and slots
 * grow with the declarations, its list of gates with the gates. */
#include "qasm_parse.h"

#include <string.h>

#include "entente/memory.h"

/* ---- measurement ---- */

static ent_status note_measurement(qasm_parser *p, const qasm_operand *q, const qasm_operand *c)
{
    if (c && c->count != q->count && !p->dry)
        return ent_token_fail(&p->tokens, &c->at, "as many bits as qubits, here %d", q->count);
    for (int k = 0; k < q->count && !p->dry; k++) {
        const int qubit = q->first + k * q->step;
        p->measured[qubit].line = p->statement.line;
        p->measured[qubit].column = p->statement.column;
        p->measurements++;
        if (c) p->bit[c->first + k * c->step] = qubit;
    }
    return ENT_OK;
}

/* "measure q -> c;", "measure q;" */
static ent_status read_measure(qasm_parser *p)
{
    qasm_operand qubits, bits;
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(ent_qasm_operand(p, SYMBOL_QUBITS, &qubits));
    const bool into = ent_token_is(&p->tokens.now, "->");
    if (into) {
        ENT_TRY(ent_token_next(&p->tokens));
        ENT_TRY(ent_qasm_operand(p, SYMBOL_BITS, &bits));
    }
    ENT_TRY(note_measurement(p, &qubits, into ? &bits : NULL));
    return ent_token_expect(&p->tokens, ";");
}

/* "c = measure q;", "c[0] = measure q[0];" */
static ent_status read_assignment(qasm_parser *p)
{
    qasm_operand qubits, bits;
    ENT_TRY(ent_qasm_operand(p, SYMBOL_BITS, &bits));
    ENT_TRY(ent_token_expect(&p->tokens, "="));
    if (!ent_token_is(&p->tokens.now, "measure"))
        return ent_token_fail(&p->tokens, &p->tokens.now, "measure: bits are not computed with");
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(ent_qasm_operand(p, SYMBOL_QUBITS, &qubits));
    ENT_TRY(note_measurement(p, &qubits, &bits));
    return ent_token_expect(&p->tokens, ";");
}

static ent_status read_barrier(qasm_parser *p)
{
    qasm_operand ignored;
    ENT_TRY(ent_token_next(&p->tokens));
    while (!ent_token_is(&p->tokens.now, ";")) {
        ENT_TRY(ent_qasm_operand(p, SYMBOL_QUBITS, &ignored));
        if (!ent_token_is(&p->tokens.now, ",")) break;
        ENT_TRY(ent_token_next(&p->tokens));
    }
    return ent_token_expect(&p->tokens, ";");
}

/* ---- loops ---- */

/* The values of a loop: a list, or first, first + step, .. up to last. */
typedef struct {
    double first, step, last;
    token_stream list;
    bool listed;
} range;

static ent_status read_range(qasm_parser *p, range *r)
{
    enum { MOST = 1 << 20 };
    int bound[3], bounds = 0;
    *r = (range){.listed = ent_token_is(&p->tokens.now, "{")};
    if (!r->listed && !ent_token_is(&p->tokens.now, "["))
        return ent_token_fail(&p->tokens, &p->tokens.now, "a range of constants, [0:3], or a list, {0, 2}");
    ENT_TRY(ent_token_next(&p->tokens));
    r->list = p->tokens;
    if (r->listed) {
        for (bool more = true; more;) {
            ENT_TRY(ent_qasm_integer(p, -MOST, MOST, &bound[0]));
            more = ent_token_is(&p->tokens.now, ",");
            if (more) ENT_TRY(ent_token_next(&p->tokens));
        }
        return ent_token_expect(&p->tokens, "}");
    }
    do {
        if (bounds > 0) ENT_TRY(ent_token_expect(&p->tokens, ":"));
        ENT_TRY(ent_qasm_integer(p, -MOST, MOST, &bound[bounds++]));
    } while (bounds < 3 && (bounds < 2 || ent_token_is(&p->tokens.now, ":")));
    r->first = bound[0];
    r->step = bounds == 3 ? bound[1] : 1;
    r->last = bound[bounds - 1];
    if (r->step == 0.0 && !p->dry) return ent_token_fail(&p->tokens, &p->tokens.now, "a range whose step is not 0");
    return ent_token_expect(&p->tokens, "]");
}

/* One turn: the body is read from `body` on, with the name bound; p is then after it. */
static ent_status turn(qasm_parser *p, const token_stream *body, const token *name, double value)
{
    const int names = p->symbol_count;
    const symbol s = {.kind = SYMBOL_VALUE, .value = {.constant = value, .whole = true, .unknown = p->dry}};
    p->tokens = *body;
    ENT_TRY(ent_qasm_deeper(p));
    ENT_TRY(ent_qasm_push(p, name, s));
    if (ent_token_is(&p->tokens.now, "{")) {
        ENT_TRY(ent_token_next(&p->tokens));
        ENT_TRY(ent_qasm_block(p));
    } else {
        ENT_TRY(ent_qasm_statement(p));
    }
    p->symbol_count = names;
    p->depth--;
    return ENT_OK;
}

static ent_status turn_over_list(qasm_parser *p, const range *r, const token_stream *body, const token *name)
{
    int value;
    token_stream at = r->list;
    for (bool more = true; more;) {
        p->tokens = at;
        ENT_TRY(ent_qasm_integer(p, -(1 << 20), 1 << 20, &value));
        more = ent_token_is(&p->tokens.now, ",");
        if (more) ENT_TRY(ent_token_next(&p->tokens));
        at = p->tokens;
        ENT_TRY(turn(p, body, name, value));
    }
    return ENT_OK;
}

/* "for int i in [0:3] { ... }", "for uint[8] i in {0, 2} h q[i];" */
static ent_status read_for(qasm_parser *p)
{
    int width;
    range r;
    ENT_TRY(ent_token_next(&p->tokens));
    if (!ent_token_is(&p->tokens.now, "int") && !ent_token_is(&p->tokens.now, "uint"))
        return ent_token_fail(&p->tokens, &p->tokens.now, "int or uint");
    ENT_TRY(ent_token_next(&p->tokens));
    if (ent_token_is(&p->tokens.now, "[")) ENT_TRY(ent_qasm_index(p, 1, 64, &width));
    const token name = p->tokens.now;
    if (name.kind != TOKEN_NAME) return ent_token_fail(&p->tokens, &name, "a name");
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(ent_token_expect(&p->tokens, "in"));
    ENT_TRY(read_range(p, &r));
    const token_stream body = p->tokens;
    const bool in_loop = p->in_loop, dry = p->dry;
    p->in_loop = p->dry = true; /* once to check it, for it may have no turn */
    ENT_TRY(turn(p, &body, &name, 0.0));
    p->dry = dry;
    const token_stream behind = p->tokens;
    if (!dry && r.listed) ENT_TRY(turn_over_list(p, &r, &body, &name));
    for (double i = r.first; !dry && !r.listed && (r.step > 0.0 ? i <= r.last : i >= r.last); i += r.step)
        ENT_TRY(turn(p, &body, &name, i));
    p->tokens = behind;
    p->in_loop = in_loop;
    return ENT_OK;
}

/* ---- the words that begin statements ---- */

static ent_status read_include(qasm_parser *p)
{
    ENT_TRY(ent_token_next(&p->tokens));
    const token *t = &p->tokens.now;
    static const char *const known[] = {"\"stdgates.inc\"", "\"qelib1.inc\""};
    bool found = false;
    for (int k = 0; k < 2; k++)
        found = found || (t->length == (int)strlen(known[k]) && memcmp(t->text, known[k], (size_t)t->length) == 0);
    if (!found) return ent_token_fail(&p->tokens, t, "%s or %s, whose gates are known", known[0], known[1]);
    ENT_TRY(ent_token_next(&p->tokens));
    return ent_token_expect(&p->tokens, ";");
}

/* "@entente.data" and "@entente.param" say what the next input is; others are ignored. */
static ent_status read_annotation(qasm_parser *p)
{
    token line;
    ENT_TRY(ent_token_rest(&p->tokens, &line));
    while (line.length > 0 && strchr(" \t\r", line.text[line.length - 1])) line.length--;
    line.kind = TOKEN_NAME;
    const bool data = ent_token_is(&line, "entente.data"), param = ent_token_is(&line, "entente.param");
    if (line.length == 0) return ent_token_fail(&p->tokens, &p->statement, "the name of an annotation after it");
    if (!data && !param)
        return ent_qasm_note(p, "%d:%d: annotation @%.*s is ignored", line.line, line.column,
                             line.length < 60 ? line.length : 60, line.text);
    if (!ent_token_is(&p->tokens.now, "input"))
        return ent_token_fail(&p->tokens, &p->tokens.now, "an input, which @%.*s is about", line.length, line.text);
    p->asked = data ? ENT_ANGLE_DATA : ENT_ANGLE_PARAM;
    return ENT_OK;
}

static ent_status read_pragma(qasm_parser *p)
{
    token line;
    if (ent_token_is(&p->tokens.now, "#")) ENT_TRY(ent_token_next(&p->tokens));
    if (!ent_token_is(&p->tokens.now, "pragma")) return ent_token_fail(&p->tokens, &p->tokens.now, "pragma");
    ENT_TRY(ent_token_rest(&p->tokens, &line));
    return ent_qasm_note(p, "%d:%d: a pragma is ignored", p->statement.line, p->statement.column);
}

/* What is not simulated, by its first word. */
static const struct {
    const char *word, *reason;
} REFUSED[] = {
    {"reset", "a circuit without resets"},
    {"if", "a circuit without classical control"},
    {"while", "a circuit without classical control; for over a constant range is taken"},
    {"switch", "a circuit without classical control"},
    {"break", "a circuit without classical control"},
    {"continue", "a circuit without classical control"},
    {"return", "a circuit without subroutines"},
    {"def", "a circuit without subroutines; gate is taken"},
    {"extern", "a circuit without external functions"},
    {"end", "a circuit without classical control"},
    {"let", "no aliases: a register, or a slice of it as q[0:2]"},
    {"int", "const int: variables are not computed with"},
    {"uint", "const uint: variables are not computed with"},
    {"float", "const float or input float: variables are not computed with"},
    {"angle", "const angle or input angle: variables are not computed with"},
    {"bool", "const int: variables are not computed with"},
    {"complex", "const float: variables are not computed with"},
    {"array", "input array: variables are not computed with"},
    {"output", "bits without output: what is measured at the end is read out"},
    {"delay", "a circuit without timing"},
    {"box", "a circuit without timing"},
    {"duration", "a circuit without timing"},
    {"stretch", "a circuit without timing"},
    {"cal", "a circuit without calibrations"},
    {"defcal", "a circuit without calibrations"},
    {"defcalgrammar", "a circuit without calibrations"},
    {"OPENQASM", "the version as the first statement"},
};

static const struct {
    const char *word;
    ent_status (*read)(qasm_parser *);
    bool anywhere; /* also in a gate's definition */
} STATEMENTS[] = {
    {"qubit", ent_qasm_read_qubits, false}, {"qreg", ent_qasm_read_qreg, false},
    {"bit", ent_qasm_read_bits, false},     {"creg", ent_qasm_read_creg, false},
    {"input", ent_qasm_read_input, false},  {"const", ent_qasm_read_const, false},
    {"gate", ent_qasm_define, false},       {"opaque", ent_qasm_opaque, false},
    {"include", read_include, false},       {"measure", read_measure, false},
    {"barrier", read_barrier, true},        {"for", read_for, true},
    {"@", read_annotation, false},          {"#", read_pragma, false},
    {"pragma", read_pragma, false},
};

static ent_status read_one(qasm_parser *p)
{
    const token t = p->tokens.now;
    for (size_t k = 0; k < sizeof STATEMENTS / sizeof *STATEMENTS; k++) {
        if (!ent_token_is(&t, STATEMENTS[k].word)) continue;
        if (p->in_gate && !STATEMENTS[k].anywhere)
            return ent_token_fail(&p->tokens, &t, "gates only in a gate's definition");
        return STATEMENTS[k].read(p);
    }
    for (size_t k = 0; k < sizeof REFUSED / sizeof *REFUSED; k++)
        if (ent_token_is(&t, REFUSED[k].word)) return ent_token_fail(&p->tokens, &t, "%s", REFUSED[k].reason);
    const symbol *found = t.kind == TOKEN_NAME ? ent_qasm_find(p, &t) : NULL;
    if (found && found->kind == SYMBOL_BITS && ent_qasm_find_gate(p, &t) < 0) return read_assignment(p);
    return ent_qasm_call(p);
}

ent_status ent_qasm_statement(qasm_parser *p)
{
    if (!p->in_gate) p->statement = p->tokens.now;
    if (!p->in_gate && !p->in_loop) p->work = 0;
    return read_one(p);
}

ent_status ent_qasm_block(qasm_parser *p)
{
    while (!ent_token_is(&p->tokens.now, "}")) {
        if (p->tokens.now.kind == TOKEN_END) return ent_token_fail(&p->tokens, &p->tokens.now, "'}'");
        ENT_TRY(ent_qasm_statement(p));
    }
    return ent_token_next(&p->tokens);
}

/* ---- the whole ---- */

static ent_status read_version(qasm_parser *p)
{
    p->version = 3;
    if (!ent_token_is(&p->tokens.now, "OPENQASM")) return ENT_OK;
    ENT_TRY(ent_token_next(&p->tokens));
    const token *version = &p->tokens.now;
    const bool two = ent_token_is(version, "2") || ent_token_is(version, "2.0");
    if (!two && !ent_token_is(version, "3") && !ent_token_is(version, "3.0") && !ent_token_is(version, "3.1"))
        return ent_token_fail(&p->tokens, version, "version 2.0, 3, 3.0 or 3.1");
    p->version = two ? 2 : 3;
    ENT_TRY(ent_token_next(&p->tokens));
    return ent_token_expect(&p->tokens, ";");
}

/* Every declaration of qubits is a register. */
static ent_status set_registers(const qasm_parser *p)
{
    int sizes[ENT_MAX_QUBITS], registers = 0;
    for (int k = 0; k < p->symbol_count; k++)
        if (p->symbols[k].kind == SYMBOL_QUBITS) sizes[registers++] = p->symbols[k].size;
    return ent_circuit_registers(p->circuit, registers, sizes);
}

ent_status ent_qasm_read(qasm_parser *p)
{
    p->version = 3; /* of the gates that are known beforehand */
    ENT_TRY(ent_qasm_prelude(p));
    ENT_TRY(read_version(p));
    while (p->tokens.now.kind != TOKEN_END) ENT_TRY(ent_qasm_statement(p));
    ENT_TRY(ent_qasm_check_inputs(p));
    if (p->measurements > 0)
        ENT_TRY(ent_qasm_note(p, "measurements at the end are no part of the circuit: they say what is read out"));
    if (p->by_letter && p->circuit->params > 0)
        ENT_TRY(ent_qasm_note(p, "inputs whose name begins with x are taken as data, all others as trainable"));
    return set_registers(p);
}
