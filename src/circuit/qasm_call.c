/* Gates: their definitions, and their calls with modifiers and over registers.
 *
 * A call appends operations to the parser's list: that of a kind in circuit.h, or those of the definition's body,
 * read again with the parameters and qubits bound.  Modifiers then change what the call has appended, the innermost
 * first. */
#include <string.h>

#include "entente/memory.h"
#include "qasm_parse.h"

enum { MAX_DEPTH = 60, MAX_MODIFIERS = 16, MAX_CONTROLS = 16, MAX_NAMES = 1024 };

static const double HALF_PI = 1.57079632679489661923;

/* ---- known gates ---- */

typedef enum { FORM_KIND, FORM_NOTHING, FORM_PHASE, FORM_U2, FORM_U3, FORM_U, FORM_CU, FORM_DEFINED } gate_form;

typedef struct {
    gate_form form;
    ent_gate_kind kind;
    int qubits, angles;
    int symbol; /* FORM_DEFINED */
} known_gate;

/* What is no kind of ours and no definition of kinds: angles that differ from those of the call, and phases. */
static const struct {
    const char *name;
    known_gate gate;
} ALIASES[] = {
    {"id", {FORM_NOTHING, ENT_X, 1, 0, 0}},   {"u0", {FORM_NOTHING, ENT_X, 1, 1, 0}},
    {"phase", {FORM_KIND, ENT_P, 1, 1, 0}},   {"u1", {FORM_KIND, ENT_P, 1, 1, 0}},
    {"u2", {FORM_U2, ENT_RY, 1, 2, 0}},       {"u3", {FORM_U3, ENT_RY, 1, 3, 0}},
    {"u", {FORM_U3, ENT_RY, 1, 3, 0}},        {"U", {FORM_U, ENT_RY, 1, 3, 0}},
    {"CX", {FORM_KIND, ENT_CX, 2, 0, 0}},     {"cnot", {FORM_KIND, ENT_CX, 2, 0, 0}},
    {"cphase", {FORM_KIND, ENT_CP, 2, 1, 0}}, {"cu1", {FORM_KIND, ENT_CP, 2, 1, 0}},
    {"cu", {FORM_CU, ENT_RY, 2, 4, 0}},       {"gphase", {FORM_PHASE, ENT_P, 0, 1, 0}},
};

/* Gates of both standard libraries that are made of others. */
static const char PRELUDE[] =
    "gate sxdg a { inv @ sx a; }"
    "gate ch a, b { ctrl @ h a, b; }"
    "gate csx a, b { ctrl @ sx a, b; }"
    "gate cu3(t, p, l) a, b { cu(t, p, l, 0) a, b; }"
    "gate ccx a, b, c { ctrl @ cx a, b, c; }"
    "gate ccz a, b, c { ctrl @ cz a, b, c; }"
    "gate cswap a, b, c { ctrl @ swap a, b, c; }"
    "gate c3x a, b, c, d { ctrl(3) @ x a, b, c, d; }"
    "gate c3sqrtx a, b, c, d { ctrl(3) @ sx a, b, c, d; }"
    "gate c4x a, b, c, d, e { ctrl(4) @ x a, b, c, d, e; }"
    "gate rccx a, b, c { h c; t c; cx b, c; tdg c; cx a, c; t c; cx b, c; tdg c; h c; }"
    "gate rc3x a, b, c, d { h d; t d; cx c, d; tdg d; h d; cx a, d; t d; cx b, d; tdg d; cx a, d; t d; cx b, d; "
    "tdg d; h d; t d; cx c, d; tdg d; h d; }";

/* The definitions by which the writer says what standard libraries lack. */
static const struct {
    ent_gate_kind kind;
    const char *text;
} WRITTEN[] = {{ENT_RXX, ENT_QASM_RXX}, {ENT_RYY, ENT_QASM_RYY}, {ENT_RZZ, ENT_QASM_RZZ}};

static bool find_gate(const qasm_parser *p, const token *t, known_gate *gate)
{
    const int defined = ent_qasm_find_gate(p, t);
    if (defined >= 0) {
        const qasm_gate *g = &p->symbols[defined].gate;
        *gate = (known_gate){FORM_DEFINED, g->same_as, g->operands, g->angles, defined};
        if (g->same_as != ENT_GATE_KINDS) gate->form = FORM_KIND;
        return true;
    }
    for (int kind = 0; kind < ENT_GATE_KINDS; kind++) {
        const ent_gate_info *info = ent_gate_describe((ent_gate_kind)kind);
        if (info->qubits == 0) continue; /* OpenQASM has no QFT */
        *gate = (known_gate){FORM_KIND, (ent_gate_kind)kind, info->qubits, info->angles, 0};
        if (ent_token_is(t, info->name)) return true;
    }
    for (size_t k = 0; k < sizeof ALIASES / sizeof *ALIASES; k++) {
        *gate = ALIASES[k].gate;
        if (ent_token_is(t, ALIASES[k].name)) return true;
    }
    return false;
}

/* ---- operands ---- */

/* "[2]", "[-1]", "[0:3]", "[0:2:6]" after a register's name. */
static ent_status read_slice(qasm_parser *p, int size, qasm_operand *o)
{
    int bound[3] = {0}, bounds = 0;
    ENT_TRY(ent_token_expect(&p->tokens, "["));
    const token first = p->tokens.now;
    do {
        if (bounds > 0) ENT_TRY(ent_token_next(&p->tokens));
        const bool step = bounds == 1;
        ENT_TRY(ent_qasm_integer(p, -size, size - (step ? 0 : 1), &bound[bounds++]));
    } while (bounds < 3 && ent_token_is(&p->tokens.now, ":"));
    const int step = bounds == 3 ? bound[1] : 1, stop = bound[bounds - 1];
    const int from = bound[0] < 0 ? bound[0] + size : bound[0], to = stop < 0 ? stop + size : stop;
    o->single = bounds == 1;
    o->first += from;
    o->step = step;
    o->count = o->single                ? 1
               : step > 0 && to >= from ? (to - from) / step + 1
               : step < 0 && from >= to ? (from - to) / -step + 1
                                        : 0;
    if (o->count == 0 && !p->dry) return ent_token_fail(&p->tokens, &first, "a range of at least one");
    if (o->count == 0) o->count = 1;
    return ent_token_expect(&p->tokens, "]");
}

ent_status ent_qasm_operand(qasm_parser *p, symbol_kind kind, qasm_operand *o)
{
    const token t = p->tokens.now;
    const symbol *found = t.kind == TOKEN_NAME ? ent_qasm_find(p, &t) : NULL;
    if (!found || found->kind != kind)
        return ent_token_fail(&p->tokens, &t, "the name of a %s", kind == SYMBOL_QUBITS ? "qubit" : "bit");
    const symbol s = *found; /* names may move while an index is read */
    ENT_TRY(ent_token_next(&p->tokens));
    *o = (qasm_operand){s.first, 1, s.size, !s.array, t};
    if (!ent_token_is(&p->tokens.now, "[")) return ENT_OK;
    if (!s.array) return ent_token_fail(&p->tokens, &p->tokens.now, "no index after a single qubit");
    return read_slice(p, s.size, o);
}

/* ---- calls ---- */

typedef enum { MODIFIER_CTRL, MODIFIER_NEGCTRL, MODIFIER_INV, MODIFIER_POW } modifier_kind;
typedef struct {
    modifier_kind kind;
    int controls;
    double power;
    token at;
} modifier;

/* A call as far as it has been read. */
typedef struct {
    token name;
    modifier modifiers[MAX_MODIFIERS];
    int modifier_count, controls;
    known_gate gate;
    qasm_value *angle;     /* [gate.angles], owned */
    qasm_operand *operand; /* [operands], owned */
    int operands;          /* controls + gate.qubits */
    int *qubit;            /* [operands] of one turn, owned */
} call;

ent_status ent_qasm_deeper(qasm_parser *p)
{
    if (p->depth >= MAX_DEPTH)
        return ent_token_fail(&p->tokens, &p->statement, "definitions and loops at most %d deep", MAX_DEPTH);
    if (++p->work > QASM_MOST_WORK)
        return ent_token_fail(&p->tokens, &p->statement, "at most %d gates of definitions and turns of loops",
                              QASM_MOST_WORK);
    p->depth++;
    return ENT_OK;
}

static ent_status read_modifier(qasm_parser *p, modifier_kind kind, modifier *m)
{
    *m = (modifier){.kind = kind, .at = p->tokens.now};
    const bool ours = p->in_gate && p->outside < p->prelude; /* a gate that is known beforehand */
    if (p->version == 2 && !ours) return ent_token_fail(&p->tokens, &m->at, "modifiers in OpenQASM 3 only");
    const bool counts = kind == MODIFIER_CTRL || kind == MODIFIER_NEGCTRL;
    m->controls = counts ? 1 : 0;
    ENT_TRY(ent_token_next(&p->tokens));
    if (kind == MODIFIER_POW || (counts && ent_token_is(&p->tokens.now, "("))) {
        qasm_value power;
        ENT_TRY(ent_token_expect(&p->tokens, "("));
        if (counts)
            ENT_TRY(ent_qasm_integer(p, 1, MAX_CONTROLS, &m->controls));
        else
            ENT_TRY(ent_qasm_number(p, "a number as the power", &power));
        m->power = counts ? 0.0 : power.constant;
        ENT_TRY(ent_token_expect(&p->tokens, ")"));
    }
    return ent_token_expect(&p->tokens, "@");
}

static ent_status read_modifiers(qasm_parser *p, call *c)
{
    static const char *const words[] = {"ctrl", "negctrl", "inv", "pow"};
    for (;;) {
        int kind = 0;
        while (kind < 4 && !ent_token_is(&p->tokens.now, words[kind])) kind++;
        if (kind == 4) return ENT_OK;
        if (c->modifier_count == MAX_MODIFIERS)
            return ent_token_fail(&p->tokens, &p->tokens.now, "at most %d modifiers", MAX_MODIFIERS);
        modifier *m = &c->modifiers[c->modifier_count++];
        ENT_TRY(read_modifier(p, (modifier_kind)kind, m));
        c->controls += m->controls;
        if (c->controls > MAX_CONTROLS)
            return ent_token_fail(&p->tokens, &m->at, "at most %d controls", MAX_CONTROLS);
    }
}

static ent_status read_angles(qasm_parser *p, call *c)
{
    if (c->gate.angles == 0 && !ent_token_is(&p->tokens.now, "(")) return ENT_OK;
    ENT_TRY(ent_token_expect(&p->tokens, "("));
    for (int k = 0; k < c->gate.angles; k++) {
        if (k > 0) ENT_TRY(ent_token_expect(&p->tokens, ","));
        ENT_TRY(ent_qasm_value(p, &c->angle[k]));
    }
    return ent_token_expect(&p->tokens, ")");
}

/* *count: turns of the broadcast. */
static ent_status read_operands(qasm_parser *p, call *c, int *count)
{
    *count = 1;
    for (int k = 0; k < c->operands; k++) {
        qasm_operand *o = &c->operand[k];
        if (k > 0) ENT_TRY(ent_token_expect(&p->tokens, ","));
        ENT_TRY(ent_qasm_operand(p, SYMBOL_QUBITS, o));
        if (o->single || p->dry) continue;
        bool first = true;
        for (int j = 0; j < k; j++) first = first && c->operand[j].single;
        if (!first && o->count != *count)
            return ent_token_fail(&p->tokens, &o->at, "registers of the same size for gate %.*s, here %d qubits",
                                  c->name.length, c->name.text, *count);
        *count = o->count;
    }
    return ent_token_expect(&p->tokens, ";");
}

/* The qubits of turn `turn`. */
static ent_status pick_qubits(qasm_parser *p, call *c, int turn)
{
    for (int k = 0; k < c->operands; k++) {
        const qasm_operand *o = &c->operand[k];
        const int q = c->qubit[k] = o->first + (o->single ? 0 : turn * o->step);
        if (p->dry && p->in_loop) continue; /* the indices are not known */
        for (int j = 0; j < k; j++)
            if (c->qubit[j] == q)
                return ent_token_fail(&p->tokens, &o->at, "different qubits for gate %.*s", c->name.length,
                                      c->name.text);
        if (!p->in_gate && p->measured[q].line > 0 && !p->dry)
            return ent_token_fail(&p->tokens, &p->statement,
                                  "measurements at the end only: this gate acts on a qubit that line %d, column %d "
                                  "has measured (a mid-circuit measurement)",
                                  p->measured[q].line, p->measured[q].column);
    }
    return ENT_OK;
}

/* U(theta, phi, lambda) = exp(i (theta + phi + lambda) / 2) RZ(phi) RY(theta) RZ(lambda) in OpenQASM 3, and without
 * the phase as u3; the rightmost acts first. */
static ent_status add_u(qasm_parser *p, int q, const qasm_value angle[3], bool phase)
{
    ENT_TRY(ent_ops_turn(p, ENT_RZ, q, q, &angle[2]));
    ENT_TRY(ent_ops_turn(p, ENT_RY, q, q, &angle[0]));
    ENT_TRY(ent_ops_turn(p, ENT_RZ, q, q, &angle[1]));
    for (int k = 0; k < 3 && phase; k++) {
        qasm_value half = angle[k];
        half.constant *= 0.5;
        for (int j = 0; j < half.terms; j++) half.term[j].scale *= 0.5;
        ENT_TRY(ent_ops_turn(p, QASM_PHASE, 0, 0, &half));
    }
    return ENT_OK;
}

/* cu(theta, phi, lambda, gamma): U without its exp(i theta / 2), and with exp(i gamma), controlled. */
static ent_status add_cu(qasm_parser *p, const int qubit[2], const qasm_value angle[4])
{
    const int64_t begin = p->ops.n;
    ENT_TRY(add_u(p, qubit[1], angle, false));
    for (int k = 1; k < 3; k++) {
        qasm_value half = angle[k];
        half.constant *= 0.5;
        for (int j = 0; j < half.terms; j++) half.term[j].scale *= 0.5;
        ENT_TRY(ent_ops_turn(p, QASM_PHASE, 0, 0, &half));
    }
    if (angle[3].terms > 0 || angle[3].constant != 0.0) ENT_TRY(ent_ops_turn(p, QASM_PHASE, 0, 0, &angle[3]));
    return ent_ops_control(p, begin, qubit[0]);
}

/* The names of a list, bound one after the other. */
static ent_status bind_names(qasm_parser *p, const token_stream *list, int count, const qasm_value *value,
                             const int *qubit)
{
    p->tokens = *list;
    for (int k = 0; k < count; k++) {
        if (k > 0) ENT_TRY(ent_token_expect(&p->tokens, ","));
        const token name = p->tokens.now;
        symbol s = {.kind = value ? SYMBOL_VALUE : SYMBOL_QUBITS, .size = 1, .first = qubit ? qubit[k] : k};
        if (value) s.value = value[k];
        ENT_TRY(ent_qasm_push(p, &name, s));
        ENT_TRY(ent_token_next(&p->tokens));
    }
    return ENT_OK;
}

/* The body of a definition, with its names bound. */
static ent_status run_body(qasm_parser *p, const qasm_gate *g, int index, const qasm_value *value, const int *qubit)
{
    const token_stream back = p->tokens;
    const int frame = p->frame, outside = p->outside, names = p->symbol_count;
    const bool in_gate = p->in_gate, in_loop = p->in_loop;
    ENT_TRY(ent_qasm_deeper(p));
    p->frame = names;
    p->outside = index;
    p->in_gate = true;
    p->in_loop = false;
    ENT_TRY(bind_names(p, &g->params, g->angles, value, NULL));
    ENT_TRY(bind_names(p, &g->qubits, g->operands, NULL, qubit));
    p->tokens = g->body;
    ENT_TRY(ent_qasm_block(p));
    p->tokens = back;
    p->frame = frame;
    p->outside = outside;
    p->symbol_count = names;
    p->in_gate = in_gate;
    p->in_loop = in_loop;
    p->depth--;
    return ENT_OK;
}

static ent_status put_gate(qasm_parser *p, const call *c, const int *qubit)
{
    static const qasm_value half_pi = {.constant = HALF_PI};
    switch (c->gate.form) {
    case FORM_NOTHING:
        return ENT_OK;
    case FORM_PHASE:
        return ent_ops_turn(p, QASM_PHASE, 0, 0, &c->angle[0]);
    case FORM_U2:
        return add_u(p, qubit[0], (const qasm_value[]){half_pi, c->angle[0], c->angle[1]}, false);
    case FORM_U3:
    case FORM_U:
        return add_u(p, qubit[0], c->angle, c->gate.form == FORM_U);
    case FORM_CU:
        return add_cu(p, qubit, c->angle);
    case FORM_DEFINED: {
        const qasm_gate gate = p->symbols[c->gate.symbol].gate; /* names may move */
        return p->dry ? ENT_OK : run_body(p, &gate, c->gate.symbol, c->angle, qubit);
    }
    default:
        if (c->gate.angles > 0)
            return ent_ops_turn(p, c->gate.kind, qubit[0], qubit[c->gate.qubits - 1], &c->angle[0]);
        return ent_ops_add(p, c->gate.kind, qubit[0], qubit[c->gate.qubits - 1], ent_angle_none());
    }
}

static ent_status control_by(qasm_parser *p, int64_t begin, bool negative, int control)
{
    const int64_t n = p->ops.n;
    if (n == begin) return ENT_OK;
    ENT_TRY(ent_ops_control(p, begin, control));
    if (!negative) return ENT_OK;
    ENT_TRY(ent_ops_add(p, ENT_X, control, control, ent_angle_none()));
    for (int64_t k = p->ops.n - 1; k > begin && !p->dry; k--) p->ops.op[k] = p->ops.op[k - 1];
    if (!p->dry) p->ops.op[begin] = (ent_gate){ENT_X, {control, control}, ent_angle_none()};
    return ent_ops_add(p, ENT_X, control, control, ent_angle_none());
}

/* Modifiers from the last to the first; their controls are the first operands, in order. */
static ent_status modify(qasm_parser *p, const call *c, int64_t begin)
{
    int control = c->controls;
    for (int m = c->modifier_count - 1; m >= 0; m--) {
        const modifier *by = &c->modifiers[m];
        for (int k = 0; k < by->controls; k++)
            ENT_TRY(control_by(p, begin, by->kind == MODIFIER_NEGCTRL, c->qubit[--control]));
        if (by->kind == MODIFIER_INV) ENT_TRY(ent_ops_inverse(p, begin));
        if (by->kind == MODIFIER_POW) ENT_TRY(ent_ops_power(p, begin, by->power, &by->at));
    }
    return ENT_OK;
}

static ent_status make_call(qasm_parser *p, call *c)
{
    int turns;
    ENT_REQUIRE(c->angle && c->operand && c->qubit, ENT_ENOMEM, "%s: no memory", p->tokens.file);
    ENT_TRY(read_angles(p, c));
    ENT_TRY(read_operands(p, c, &turns));
    for (int turn = 0; turn < turns; turn++) {
        const int64_t begin = p->ops.n;
        ENT_TRY(pick_qubits(p, c, turn));
        ENT_TRY(put_gate(p, c, c->qubit + c->controls));
        ENT_TRY(modify(p, c, begin));
        if (!p->in_gate) ENT_TRY(ent_ops_flush(p));
    }
    return ENT_OK;
}

ent_status ent_qasm_call(qasm_parser *p)
{
    call c = {.controls = 0};
    ENT_TRY(read_modifiers(p, &c));
    c.name = p->tokens.now;
    if (!find_gate(p, &c.name, &c.gate))
        return ent_token_fail(&p->tokens, &c.name,
                              "a statement, a gate of stdgates.inc or qelib1.inc, or one that is defined before");
    if (c.gate.form == FORM_DEFINED && p->symbols[c.gate.symbol].gate.opaque)
        return ent_token_fail(&p->tokens, &c.name, "a gate with a definition: this one is declared opaque");
    ENT_TRY(ent_token_next(&p->tokens));
    c.operands = c.controls + c.gate.qubits;
    c.angle = ent_alloc(c.gate.angles + 1, sizeof *c.angle);
    c.operand = ent_alloc(c.operands, sizeof *c.operand);
    c.qubit = ent_alloc(c.operands, sizeof *c.qubit);
    const ent_status status = make_call(p, &c);
    ent_free(c.angle);
    ent_free(c.operand);
    ent_free(c.qubit);
    return status;
}

/* ---- definitions ---- */

/* "a, b, c", each once.  Returns their number. */
static ent_status read_names(qasm_parser *p, int *count)
{
    const int names = p->symbol_count;
    *count = 0;
    do {
        if (*count > 0) ENT_TRY(ent_token_next(&p->tokens));
        const token name = p->tokens.now;
        if (name.kind != TOKEN_NAME) return ent_token_fail(&p->tokens, &name, "a name");
        if (++*count > MAX_NAMES) return ent_token_fail(&p->tokens, &name, "at most %d names", MAX_NAMES);
        ENT_TRY(ent_qasm_declare(p, &name, (symbol){.kind = SYMBOL_BITS}));
        ENT_TRY(ent_token_next(&p->tokens));
    } while (ent_token_is(&p->tokens.now, ","));
    p->symbol_count = names;
    return ENT_OK;
}

/* From after the name to the "{" or ";". */
static ent_status read_signature(qasm_parser *p, qasm_gate *g)
{
    const bool in_gate = p->in_gate;
    const int frame = p->frame;
    p->in_gate = true; /* parameters and qubits are names of their own */
    p->frame = p->symbol_count;
    if (ent_token_is(&p->tokens.now, "(")) {
        ENT_TRY(ent_token_next(&p->tokens));
        g->params = p->tokens;
        if (!ent_token_is(&p->tokens.now, ")")) ENT_TRY(read_names(p, &g->angles));
        ENT_TRY(ent_token_expect(&p->tokens, ")"));
    }
    g->qubits = p->tokens;
    ENT_TRY(read_names(p, &g->operands));
    p->in_gate = in_gate;
    p->frame = frame;
    return ENT_OK;
}

/* Whether the text from `a` on, up to the first "}", is that of `b`, token by token. */
static bool same_tokens(token_stream a, const char *b)
{
    token_stream wanted;
    if (ent_token_start(&wanted, "", b) != ENT_OK) return false;
    for (;;) {
        if (a.now.length != wanted.now.length || memcmp(a.now.text, wanted.now.text, (size_t)a.now.length) != 0)
            return false;
        if (ent_token_is(&a.now, "}")) return true;
        if (ent_token_next(&a) != ENT_OK || ent_token_next(&wanted) != ENT_OK) return false;
    }
}

static ent_status check_body(qasm_parser *p, const qasm_gate *g)
{
    const bool dry = p->dry;
    qasm_value *value = ent_alloc(g->angles + 1, sizeof *value);
    ENT_REQUIRE(value, ENT_ENOMEM, "%s: no memory", p->tokens.file);
    for (int k = 0; k < g->angles; k++) value[k].unknown = true;
    p->dry = true;
    const ent_status status = run_body(p, g, p->symbol_count, value, NULL);
    p->dry = dry;
    ent_free(value);
    return status;
}

/* Continue after the "}": tokens only, as the body has been read. */
static ent_status skip_body(qasm_parser *p)
{
    for (int depth = 1; depth > 0;) {
        if (p->tokens.now.kind == TOKEN_END) return ent_token_fail(&p->tokens, &p->tokens.now, "'}'");
        depth += ent_token_is(&p->tokens.now, "{") - ent_token_is(&p->tokens.now, "}");
        ENT_TRY(ent_token_next(&p->tokens));
    }
    return ENT_OK;
}

ent_status ent_qasm_define(qasm_parser *p)
{
    symbol s = {.kind = SYMBOL_GATE, .gate = {.same_as = ENT_GATE_KINDS}};
    if (p->in_loop) return ent_token_fail(&p->tokens, &p->statement, "declarations outside of loops");
    const token_stream start = p->tokens;
    ENT_TRY(ent_token_next(&p->tokens));
    const token name = p->tokens.now;
    if (name.kind != TOKEN_NAME) return ent_token_fail(&p->tokens, &name, "a name");
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(read_signature(p, &s.gate));
    ENT_TRY(ent_token_expect(&p->tokens, "{"));
    s.gate.body = p->tokens;
    for (size_t k = 0; k < sizeof WRITTEN / sizeof *WRITTEN; k++)
        if (same_tokens(start, WRITTEN[k].text)) s.gate.same_as = WRITTEN[k].kind;
    ENT_TRY(check_body(p, &s.gate));
    ENT_TRY(skip_body(p));
    return ent_qasm_declare(p, &name, s);
}

ent_status ent_qasm_opaque(qasm_parser *p)
{
    symbol s = {.kind = SYMBOL_GATE, .gate = {.opaque = true, .same_as = ENT_GATE_KINDS}};
    ENT_TRY(ent_token_next(&p->tokens));
    const token name = p->tokens.now;
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(read_signature(p, &s.gate));
    ENT_TRY(ent_qasm_declare(p, &name, s));
    return ent_token_expect(&p->tokens, ";");
}

ent_status ent_qasm_prelude(qasm_parser *p)
{
    const token_stream text = p->tokens;
    ENT_TRY(ent_token_start(&p->tokens, text.file, PRELUDE));
    while (p->tokens.now.kind != TOKEN_END) {
        ENT_TRY(ent_qasm_define(p));
        p->work = 0;
    }
    p->prelude = p->symbol_count;
    p->tokens = text;
    return ENT_OK;
}
