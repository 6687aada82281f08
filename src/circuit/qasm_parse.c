/* Statements of OpenQASM, one after another, each known by its first word.  The circuit's numbers of qubits and slots
 * grow with the declarations, its list of gates with the gates. */
#include "qasm_parse.h"

#include <string.h>

#include "entente/memory.h"

enum { MAX_INPUTS = 65536, MAX_ANGLES = 3, MAX_GATE_QUBITS = 2 };

static const double HALF_PI = 1.57079632679489661923;

static const char GATES[] = "x y z h s sdg t tdg sx id rx ry rz p phase u1 u2 u3 u U cx CX cy cz swap crx cry crz cp "
                            "cphase rxx ryy rzz";

/* A gate's name in the text: as a kind of ours, or as RZ RY RZ, or as nothing. */
typedef enum { FORM_KIND, FORM_NOTHING, FORM_U2, FORM_U3 } gate_form;
typedef struct {
    const char *name;
    gate_form form;
    ent_gate_kind kind;
    int qubits, angles;
} gate_word;

static const gate_word ALIASES[] = {
    {"id", FORM_NOTHING, ENT_X, 1, 0}, {"phase", FORM_KIND, ENT_P, 1, 1}, {"u1", FORM_KIND, ENT_P, 1, 1},
    {"u2", FORM_U2, ENT_RY, 1, 2},     {"u3", FORM_U3, ENT_RY, 1, 3},     {"u", FORM_U3, ENT_RY, 1, 3},
    {"U", FORM_U3, ENT_RY, 1, 3},      {"CX", FORM_KIND, ENT_CX, 2, 0},   {"cphase", FORM_KIND, ENT_CP, 2, 1},
};

static bool find_gate(const token *t, gate_word *word)
{
    for (int kind = 0; kind < ENT_GATE_KINDS; kind++) {
        const ent_gate_info *info = ent_gate_describe((ent_gate_kind)kind);
        if (info->qubits == 0) continue; /* OpenQASM has no QFT */
        *word = (gate_word){info->name, FORM_KIND, (ent_gate_kind)kind, info->qubits, info->angles};
        if (ent_token_is(t, info->name)) return true;
    }
    for (size_t k = 0; k < sizeof ALIASES / sizeof *ALIASES; k++) {
        *word = ALIASES[k];
        if (ent_token_is(t, word->name)) return true;
    }
    return false;
}

const symbol *ent_qasm_find(const qasm_parser *p, const token *name)
{
    for (int k = 0; k < p->symbol_count; k++) {
        const symbol *s = &p->symbols[k];
        if (s->length == name->length && memcmp(s->text, name->text, (size_t)s->length) == 0) return s;
    }
    return NULL;
}

ent_status ent_qasm_integer(qasm_parser *p, int least, int most, int *value)
{
    const token t = p->tokens.now;
    bool integer = t.kind == TOKEN_NUMBER;
    for (int k = 0; k < t.length; k++) integer = integer && t.text[k] >= '0' && t.text[k] <= '9';
    if (!integer || t.value < least || t.value > most)
        return ent_token_fail(&p->tokens, &t, "an integer from %d to %d", least, most);
    *value = (int)t.value;
    return ent_token_next(&p->tokens);
}

ent_status ent_qasm_index(qasm_parser *p, int least, int most, int *value)
{
    ENT_TRY(ent_token_expect(&p->tokens, "["));
    ENT_TRY(ent_qasm_integer(p, least, most, value));
    return ent_token_expect(&p->tokens, "]");
}

/* Declarations. */

static ent_status make_room(qasm_parser *p)
{
    if (p->symbol_count < p->symbol_room) return ENT_OK;
    const int room = p->symbol_room == 0 ? 16 : 2 * p->symbol_room;
    symbol *grown = ent_alloc(room, sizeof *grown);
    ENT_REQUIRE(grown, ENT_ENOMEM, "%s: %d names: no memory", p->tokens.file, room);
    if (p->symbol_count > 0) memcpy(grown, p->symbols, (size_t)p->symbol_count * sizeof *grown);
    ent_free(p->symbols);
    p->symbols = grown;
    p->symbol_room = room;
    return ENT_OK;
}

/* "name;" of what `s` says; `count` is how many of its sort there are. */
static ent_status declare(qasm_parser *p, symbol s, int *count, int most)
{
    const token name = p->tokens.now;
    if (name.kind != TOKEN_NAME) return ent_token_fail(&p->tokens, &name, "a name");
    double value;
    if (ent_qasm_find(p, &name) || ent_qasm_constant(&name, &value))
        return ent_token_fail(&p->tokens, &name, "a name that has no meaning yet");
    if (s.size > most - *count)
        return ent_token_fail(&p->tokens, &name, "at most %d of its sort, after the %d before", most, *count);
    ENT_TRY(make_room(p));
    s.text = name.text;
    s.length = name.length;
    s.first = *count;
    *count += s.size;
    p->symbols[p->symbol_count++] = s;
    ENT_TRY(ent_token_next(&p->tokens));
    return ent_token_expect(&p->tokens, ";");
}

static ent_status read_qubits(qasm_parser *p)
{
    symbol s = {.kind = SYMBOL_QUBITS, .size = 1};
    ENT_TRY(ent_token_next(&p->tokens));
    if (ent_token_is(&p->tokens.now, "[")) {
        s.array = true;
        ENT_TRY(ent_qasm_index(p, 1, ENT_MAX_QUBITS, &s.size));
    }
    return declare(p, s, &p->circuit->qubits, ENT_MAX_QUBITS);
}

/* float, angle, float[64], angle[32]. */
static ent_status read_scalar_type(qasm_parser *p)
{
    int width;
    if (!ent_token_is(&p->tokens.now, "float") && !ent_token_is(&p->tokens.now, "angle"))
        return ent_token_fail(&p->tokens, &p->tokens.now, "float, angle, or array[float[64], N]");
    ENT_TRY(ent_token_next(&p->tokens));
    return ent_token_is(&p->tokens.now, "[") ? ent_qasm_index(p, 1, 4096, &width) : ENT_OK;
}

/* Behind "array": [float[64], 8]. */
static ent_status read_array_type(qasm_parser *p, int *size)
{
    ENT_TRY(ent_token_expect(&p->tokens, "["));
    ENT_TRY(read_scalar_type(p));
    ENT_TRY(ent_token_expect(&p->tokens, ","));
    ENT_TRY(ent_qasm_integer(p, 1, MAX_INPUTS, size));
    return ent_token_expect(&p->tokens, "]");
}

static ent_status read_input(qasm_parser *p)
{
    symbol s = {.size = 1};
    ENT_TRY(ent_token_next(&p->tokens));
    if (ent_token_is(&p->tokens.now, "array")) {
        s.array = true;
        ENT_TRY(ent_token_next(&p->tokens));
        ENT_TRY(read_array_type(p, &s.size));
    } else {
        ENT_TRY(read_scalar_type(p));
    }
    s.kind = p->tokens.now.kind == TOKEN_NAME && *p->tokens.now.text == 'x' ? SYMBOL_DATA : SYMBOL_PARAM;
    return declare(p, s, s.kind == SYMBOL_DATA ? &p->circuit->angles : &p->circuit->params, MAX_INPUTS);
}

/* Gates. */

/* One qubit, or a whole register. */
typedef struct {
    token at;
    int first, count;
} operand;

static ent_status read_operand(qasm_parser *p, operand *o)
{
    const token t = p->tokens.now;
    const symbol *s = t.kind == TOKEN_NAME ? ent_qasm_find(p, &t) : NULL;
    if (!s || s->kind != SYMBOL_QUBITS) return ent_token_fail(&p->tokens, &t, "the name of a qubit or a register");
    *o = (operand){t, s->first, s->size};
    ENT_TRY(ent_token_next(&p->tokens));
    if (!ent_token_is(&p->tokens.now, "[")) return ENT_OK;
    if (!s->array) return ent_token_fail(&p->tokens, &p->tokens.now, "no index behind a single qubit");
    int index;
    ENT_TRY(ent_qasm_index(p, 0, s->size - 1, &index));
    o->first += index;
    o->count = 1;
    return ENT_OK;
}

static ent_status read_angles(qasm_parser *p, const gate_word *word, ent_angle *angle)
{
    if (word->angles == 0) return ENT_OK;
    ENT_TRY(ent_token_expect(&p->tokens, "("));
    for (int k = 0; k < word->angles; k++) {
        if (k > 0) ENT_TRY(ent_token_expect(&p->tokens, ","));
        ENT_TRY(ent_qasm_angle(p, &angle[k]));
    }
    return ent_token_expect(&p->tokens, ")");
}

static ent_status read_operands(qasm_parser *p, const gate_word *word, operand *o)
{
    for (int k = 0; k < word->qubits; k++) {
        if (k > 0) ENT_TRY(ent_token_expect(&p->tokens, ","));
        ENT_TRY(read_operand(p, &o[k]));
        if (word->qubits > 1 && o[k].count > 1)
            return ent_token_fail(&p->tokens, &o[k].at, "single qubits for gate %s, as in %.*s[0]", word->name,
                                  o[k].at.length < 40 ? o[k].at.length : 40, o[k].at.text);
    }
    if (word->qubits == 2 && o[0].first == o[1].first)
        return ent_token_fail(&p->tokens, &o[1].at, "two different qubits for gate %s", word->name);
    return ent_token_expect(&p->tokens, ";");
}

static ent_status add_1q(qasm_parser *p, ent_gate_kind kind, int q, ent_angle angle)
{
    return ent_circuit_add(p->circuit, (ent_gate){kind, {q, q}, angle});
}

/* U(theta, phi, lambda) = RZ(phi) RY(theta) RZ(lambda) up to a phase; the rightmost acts first. */
static ent_status add_u(qasm_parser *p, int q, ent_angle theta, ent_angle phi, ent_angle lambda)
{
    ENT_TRY(add_1q(p, ENT_RZ, q, lambda));
    ENT_TRY(add_1q(p, ENT_RY, q, theta));
    return add_1q(p, ENT_RZ, q, phi);
}

static ent_status add_gate(qasm_parser *p, const gate_word *word, const ent_angle *angle, int q, int second)
{
    switch (word->form) {
    case FORM_NOTHING:
        return ENT_OK;
    case FORM_U2:
        return add_u(p, q, ent_angle_fixed(HALF_PI), angle[0], angle[1]);
    case FORM_U3:
        return add_u(p, q, angle[0], angle[1], angle[2]);
    default:
        return ent_circuit_add(p->circuit, (ent_gate){word->kind, {q, second}, angle[0]});
    }
}

static ent_status read_gate(qasm_parser *p)
{
    gate_word word;
    if (!find_gate(&p->tokens.now, &word))
        return ent_token_fail(&p->tokens, &p->tokens.now, "qubit, input, include, barrier or a gate of %s", GATES);
    ENT_TRY(ent_token_next(&p->tokens));
    ent_angle angle[MAX_ANGLES] = {{.source = ENT_ANGLE_FIXED}};
    operand o[MAX_GATE_QUBITS] = {{.count = 0}};
    ENT_TRY(read_angles(p, &word, angle));
    ENT_TRY(read_operands(p, &word, o));
    for (int k = 0; k < o[0].count; k++)
        ENT_TRY(add_gate(p, &word, angle, o[0].first + k, word.qubits == 2 ? o[1].first : 0));
    return ENT_OK;
}

static ent_status read_barrier(qasm_parser *p)
{
    ENT_TRY(ent_token_next(&p->tokens));
    if (!ent_token_is(&p->tokens.now, ";")) {
        operand ignored;
        ENT_TRY(read_operand(p, &ignored));
        while (ent_token_is(&p->tokens.now, ",")) {
            ENT_TRY(ent_token_next(&p->tokens));
            ENT_TRY(read_operand(p, &ignored));
        }
    }
    return ent_token_expect(&p->tokens, ";");
}

/* The whole. */

static ent_status read_version(qasm_parser *p)
{
    if (!ent_token_is(&p->tokens.now, "OPENQASM")) return ent_token_fail(&p->tokens, &p->tokens.now, "OPENQASM 3.0;");
    ENT_TRY(ent_token_next(&p->tokens));
    const token *version = &p->tokens.now;
    if (!ent_token_is(version, "3") && !ent_token_is(version, "3.0") && !ent_token_is(version, "3.1"))
        return ent_token_fail(&p->tokens, version, "version 3, 3.0 or 3.1");
    ENT_TRY(ent_token_next(&p->tokens));
    return ent_token_expect(&p->tokens, ";");
}

static ent_status read_include(qasm_parser *p)
{
    ENT_TRY(ent_token_next(&p->tokens));
    static const char standard[] = "\"stdgates.inc\"";
    const token *t = &p->tokens.now;
    if (t->kind != TOKEN_STRING || t->length != (int)strlen(standard) || memcmp(t->text, standard, strlen(standard)))
        return ent_token_fail(&p->tokens, t, "%s", standard);
    ENT_TRY(ent_token_next(&p->tokens));
    return ent_token_expect(&p->tokens, ";");
}

static ent_status read_statement(qasm_parser *p)
{
    static const struct {
        const char *word;
        ent_status (*read)(qasm_parser *);
    } statements[] = {
        {"qubit", read_qubits}, {"input", read_input}, {"include", read_include}, {"barrier", read_barrier}};
    for (size_t k = 0; k < sizeof statements / sizeof *statements; k++)
        if (ent_token_is(&p->tokens.now, statements[k].word)) return statements[k].read(p);
    return read_gate(p);
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
    ENT_TRY(read_version(p));
    while (p->tokens.now.kind != TOKEN_END) ENT_TRY(read_statement(p));
    return set_registers(p);
}
