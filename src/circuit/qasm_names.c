/* Names and their declarations.  The names of a gate's definition are on top while it is read, and hide all others
 * but constants and the gates before it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "entente/memory.h"
#include "qasm_parse.h"

enum { MAX_INPUTS = 65536, MAX_BITS = 65536, MAX_NOTES = 4096 };

static bool has_name(const symbol *s, const token *name)
{
    return s->length == name->length && memcmp(s->text, name->text, (size_t)s->length) == 0;
}

const symbol *ent_qasm_find(const qasm_parser *p, const token *name)
{
    for (int k = p->symbol_count - 1; k >= p->frame; k--)
        if (p->symbols[k].kind != SYMBOL_GATE && has_name(&p->symbols[k], name)) return &p->symbols[k];
    for (int k = p->outside - 1; k >= 0; k--)
        if (p->symbols[k].kind == SYMBOL_VALUE && has_name(&p->symbols[k], name)) return &p->symbols[k];
    return NULL;
}

int ent_qasm_find_gate(const qasm_parser *p, const token *name)
{
    for (int k = (p->in_gate ? p->outside : p->symbol_count) - 1; k >= 0; k--)
        if (p->symbols[k].kind == SYMBOL_GATE && has_name(&p->symbols[k], name)) return k;
    return -1;
}

ent_status ent_qasm_note(qasm_parser *p, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const size_t before = p->notes ? strlen(p->notes) : 0;
    if (before > MAX_NOTES) return ENT_OK;
    const size_t room = before + strlen(p->tokens.file) + strlen(text) + 4;
    char *longer = ent_alloc((int64_t)room, 1);
    ENT_REQUIRE(longer, ENT_ENOMEM, "%s: no memory", p->tokens.file);
    snprintf(longer, room, "%s%s: %s\n", p->notes ? p->notes : "", p->tokens.file, text);
    ent_free(p->notes);
    p->notes = longer;
    return ENT_OK;
}

ent_status ent_qasm_push(qasm_parser *p, const token *name, symbol s)
{
    ENT_REQUIRE(ent_grow((void **)&p->symbols, &p->symbol_room, p->symbol_count, sizeof *p->symbols), ENT_ENOMEM,
                "%s: %d names: no memory", p->tokens.file, p->symbol_count + 1);
    s.text = name->text;
    s.length = name->length;
    p->symbols[p->symbol_count++] = s;
    return ENT_OK;
}

ent_status ent_qasm_declare(qasm_parser *p, const token *name, symbol s)
{
    double value;
    if (name->kind != TOKEN_NAME) return ent_token_fail(&p->tokens, name, "a name");
    bool taken = ent_qasm_constant(name, &value);
    for (int k = p->in_gate ? p->frame : p->prelude; k < p->symbol_count; k++)
        taken = taken || has_name(&p->symbols[k], name);
    if (taken) return ent_token_fail(&p->tokens, name, "a name that has no meaning yet");
    return ent_qasm_push(p, name, s);
}

/* A name of what there are `count` of already: qubits, bits, inputs. */
static ent_status declare_run(qasm_parser *p, const token *name, symbol s, int *count, int most)
{
    if (p->in_loop) return ent_token_fail(&p->tokens, &p->statement, "declarations outside of loops");
    if (name->kind == TOKEN_NAME && s.size > most - *count)
        return ent_token_fail(&p->tokens, name, "at most %d of its sort, after the %d before", most, *count);
    s.first = *count;
    ENT_TRY(ent_qasm_declare(p, name, s));
    *count += s.size;
    return ENT_OK;
}

/* "[4]" or nothing. */
static ent_status read_size(qasm_parser *p, int most, symbol *s)
{
    s->size = 1;
    s->array = ent_token_is(&p->tokens.now, "[");
    return s->array ? ent_qasm_index(p, 1, most, &s->size) : ENT_OK;
}

/* ---- qubits and bits ---- */

ent_status ent_qasm_read_qubits(qasm_parser *p)
{
    symbol s = {.kind = SYMBOL_QUBITS};
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(read_size(p, ENT_MAX_QUBITS, &s));
    const token name = p->tokens.now;
    ENT_TRY(declare_run(p, &name, s, &p->circuit->qubits, ENT_MAX_QUBITS));
    ENT_TRY(ent_token_next(&p->tokens));
    return ent_token_expect(&p->tokens, ";");
}

/* OpenQASM 2: the size follows the name. */
static ent_status read_old(qasm_parser *p, int most, token *name, symbol *s)
{
    ENT_TRY(ent_token_next(&p->tokens));
    *name = p->tokens.now;
    ENT_TRY(ent_token_next(&p->tokens));
    return read_size(p, most, s);
}

ent_status ent_qasm_read_qreg(qasm_parser *p)
{
    symbol s = {.kind = SYMBOL_QUBITS};
    token name;
    ENT_TRY(read_old(p, ENT_MAX_QUBITS, &name, &s));
    ENT_TRY(declare_run(p, &name, s, &p->circuit->qubits, ENT_MAX_QUBITS));
    return ent_token_expect(&p->tokens, ";");
}

static ent_status declare_bits(qasm_parser *p, const token *name, const symbol *s)
{
    ENT_TRY(declare_run(p, name, *s, &p->bits, MAX_BITS));
    for (int k = p->bits - s->size; k < p->bits; k++) {
        ENT_REQUIRE(ent_grow((void **)&p->bit, &p->bit_room, k, sizeof *p->bit), ENT_ENOMEM, "%s: no memory",
                    p->tokens.file);
        p->bit[k] = -1;
    }
    return ENT_OK;
}

/* "bit c;", "bit[2] c;", and with "= measure q" behind the name: the statement `c = measure q;` follows then. */
ent_status ent_qasm_read_bits(qasm_parser *p)
{
    symbol s = {.kind = SYMBOL_BITS};
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(read_size(p, MAX_BITS, &s));
    const token_stream at_name = p->tokens;
    const token name = p->tokens.now;
    ENT_TRY(declare_bits(p, &name, &s));
    ENT_TRY(ent_token_next(&p->tokens));
    if (ent_token_is(&p->tokens.now, "=")) {
        p->tokens = at_name;
        return ENT_OK;
    }
    return ent_token_expect(&p->tokens, ";");
}

ent_status ent_qasm_read_creg(qasm_parser *p)
{
    symbol s = {.kind = SYMBOL_BITS};
    token name;
    ENT_TRY(read_old(p, MAX_BITS, &name, &s));
    ENT_TRY(declare_bits(p, &name, &s));
    return ent_token_expect(&p->tokens, ";");
}

/* ---- inputs ---- */

static bool is_among(const token *name, unsigned count, const char **names)
{
    for (unsigned k = 0; k < count; k++)
        if (ent_token_is(name, names[k])) return true;
    return false;
}

/* By the mapping, else by the annotation, else by the first letter. */
static ent_status sort_input(qasm_parser *p, const token *name, symbol *s)
{
    const ent_qasm_inputs *map = p->inputs;
    s->kind = p->asked == ENT_ANGLE_DATA ? SYMBOL_DATA : SYMBOL_PARAM;
    if (map && map->data_count + map->params_count > 0) {
        const bool data = is_among(name, map->data_count, map->data);
        const bool param = is_among(name, map->params_count, map->params);
        if (data && param) return ent_token_fail(&p->tokens, name, "an input that the mapping has once");
        if (!data && !param && map->data_count > 0 && map->params_count > 0)
            return ent_token_fail(&p->tokens, name, "an input that the mapping has among data or params");
        const symbol_kind kind = data || (!param && map->data_count == 0) ? SYMBOL_DATA : SYMBOL_PARAM;
        if (p->asked != ENT_ANGLE_FIXED && kind != s->kind)
            return ent_token_fail(&p->tokens, name, "an input that its annotation and the mapping agree on");
        s->kind = kind;
    } else if (p->asked == ENT_ANGLE_FIXED) {
        s->kind = name->text[0] == 'x' ? SYMBOL_DATA : SYMBOL_PARAM;
        p->by_letter = p->by_letter || s->kind == SYMBOL_DATA;
    }
    p->asked = ENT_ANGLE_FIXED;
    return ENT_OK;
}

/* float, angle, float[64], angle[32]. */
static ent_status read_scalar_type(qasm_parser *p)
{
    int width;
    const token t = p->tokens.now;
    if (!ent_token_is(&t, "float") && !ent_token_is(&t, "angle"))
        return ent_token_fail(&p->tokens, &t, "float, angle or an array of them");
    ENT_TRY(ent_token_next(&p->tokens));
    return ent_token_is(&p->tokens.now, "[") ? ent_qasm_index(p, 1, 1024, &width) : ENT_OK;
}

ent_status ent_qasm_read_input(qasm_parser *p)
{
    symbol s = {.size = 1};
    ENT_TRY(ent_token_next(&p->tokens));
    if (ent_token_is(&p->tokens.now, "array")) {
        s.array = true;
        ENT_TRY(ent_token_next(&p->tokens));
        ENT_TRY(ent_token_expect(&p->tokens, "["));
        ENT_TRY(read_scalar_type(p));
        ENT_TRY(ent_token_expect(&p->tokens, ","));
        ENT_TRY(ent_qasm_integer(p, 1, MAX_INPUTS, &s.size));
        ENT_TRY(ent_token_expect(&p->tokens, "]"));
    } else {
        ENT_TRY(read_scalar_type(p));
    }
    const token name = p->tokens.now;
    ENT_TRY(sort_input(p, &name, &s));
    ENT_TRY(declare_run(p, &name, s, s.kind == SYMBOL_DATA ? &p->circuit->angles : &p->circuit->params, MAX_INPUTS));
    ENT_TRY(ent_token_next(&p->tokens));
    return ent_token_expect(&p->tokens, ";");
}

ent_status ent_qasm_check_inputs(const qasm_parser *p)
{
    const ent_qasm_inputs *map = p->inputs;
    for (unsigned k = 0; map && k < map->data_count + map->params_count; k++) {
        const char *name = k < map->data_count ? map->data[k] : map->params[k - map->data_count];
        bool found = false;
        for (int j = p->prelude; j < p->symbol_count; j++) {
            const symbol *s = &p->symbols[j];
            found = found || ((s->kind == SYMBOL_DATA || s->kind == SYMBOL_PARAM) &&
                              (size_t)s->length == strlen(name) && memcmp(s->text, name, (size_t)s->length) == 0);
        }
        ENT_REQUIRE(found, ENT_EFORMAT, "%s: no input is named '%s', which the mapping of inputs has among %s",
                    p->tokens.file, name, k < map->data_count ? "data" : "params");
    }
    return ENT_OK;
}

/* ---- constants ---- */

/* "const float[64] a = 2*pi;" */
ent_status ent_qasm_read_const(qasm_parser *p)
{
    int width;
    ENT_TRY(ent_token_next(&p->tokens));
    const token type = p->tokens.now;
    const bool whole = ent_token_is(&type, "int") || ent_token_is(&type, "uint");
    if (!whole && !ent_token_is(&type, "float") && !ent_token_is(&type, "angle"))
        return ent_token_fail(&p->tokens, &type, "int, uint, float or angle");
    ENT_TRY(ent_token_next(&p->tokens));
    if (ent_token_is(&p->tokens.now, "[")) ENT_TRY(ent_qasm_index(p, 1, 1024, &width));
    const token name = p->tokens.now;
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(ent_token_expect(&p->tokens, "="));
    const token first = p->tokens.now;
    symbol s = {.kind = SYMBOL_VALUE};
    ENT_TRY(ent_qasm_number(p, "a constant", &s.value));
    if (whole && !s.value.whole && !s.value.unknown)
        return ent_token_fail(&p->tokens, &first, "a whole number, for the constant is an integer");
    s.value.whole = whole;
    ENT_TRY(ent_qasm_declare(p, &name, s));
    return ent_token_expect(&p->tokens, ";");
}
