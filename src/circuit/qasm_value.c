/* Expressions, by recursive descent over values that are linear in the inputs.
 *   sum = product { (+|-) product }    product = unary { (*|/|%) unary }    unary = (-|+) unary | power
 *   power = atom [ ** unary ]          atom = number | name | name [ index ] | function ( sums ) | ( sum )
 * In OpenQASM 2 ^ is **.  A quotient of two whole numbers is their real quotient. */
#include "qasm_parse.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum { MAX_DEPTH = 100, MAX_ARGUMENTS = 2 };

static const double PI = 3.14159265358979323846, EULER = 2.71828182845904523536;

static qasm_value number(double value, bool whole)
{
    return (qasm_value){.constant = value, .whole = whole};
}

static void scale(qasm_value *v, double by)
{
    v->constant *= by;
    for (int k = 0; k < v->terms; k++) v->term[k].scale *= by;
}

static ent_status add(qasm_parser *p, const token *sign, qasm_value *sum, qasm_value other)
{
    if (ent_token_is(sign, "-")) scale(&other, -1.0);
    sum->constant += other.constant;
    sum->unknown = sum->unknown || other.unknown;
    sum->whole = sum->whole && other.whole;
    for (int k = 0; k < other.terms; k++) {
        int at = 0;
        while (at < sum->terms &&
               (sum->term[at].source != other.term[k].source || sum->term[at].slot != other.term[k].slot))
            at++;
        if (at == QASM_MOST_TERMS)
            return ent_token_fail(&p->tokens, sign, "a sum of at most %d inputs", QASM_MOST_TERMS);
        if (at < sum->terms)
            sum->term[at].scale += other.term[k].scale;
        else
            sum->term[sum->terms++] = other.term[k];
    }
    return ENT_OK;
}

static ent_status divide(qasm_parser *p, const token *sign, qasm_value *a, const qasm_value *b)
{
    if (b->terms > 0 || (!b->unknown && (b->constant == 0.0 || !isfinite(b->constant))))
        return ent_token_fail(&p->tokens, sign, "a division by a finite number other than 0");
    a->unknown = a->unknown || b->unknown;
    if (a->unknown) return ENT_OK;
    for (int k = 0; k < a->terms; k++) a->term[k].scale /= b->constant;
    a->constant /= b->constant;
    a->whole = a->whole && b->whole && a->constant == floor(a->constant);
    return ENT_OK;
}

static ent_status remainder_of(qasm_parser *p, const token *sign, qasm_value *a, const qasm_value *b)
{
    a->unknown = a->unknown || b->unknown;
    if (a->unknown) return ENT_OK;
    if (!a->whole || !b->whole || b->constant == 0.0)
        return ent_token_fail(&p->tokens, sign, "the remainder of two whole numbers, the second not 0");
    a->constant = fmod(a->constant, b->constant);
    return ENT_OK;
}

static ent_status multiply(qasm_parser *p, const token *sign, qasm_value *a, qasm_value b)
{
    if (ent_token_is(sign, "/")) return divide(p, sign, a, &b);
    if (ent_token_is(sign, "%")) return remainder_of(p, sign, a, &b);
    if (a->terms > 0 && b.terms > 0) return ent_token_fail(&p->tokens, sign, "an angle that is affine in its inputs");
    const bool unknown = a->unknown || b.unknown, whole = a->whole && b.whole;
    if (a->terms == 0) {
        scale(&b, a->constant);
        *a = b;
    } else {
        scale(a, b.constant);
    }
    a->unknown = unknown;
    a->whole = whole;
    return ENT_OK;
}

static ent_status raise_to(qasm_parser *p, const token *sign, qasm_value *a, const qasm_value *b)
{
    if (a->terms > 0 || b->terms > 0) return ent_token_fail(&p->tokens, sign, "a power of numbers, without an input");
    *a = (qasm_value){.constant = pow(a->constant, b->constant),
                      .unknown = a->unknown || b->unknown,
                      .whole = a->whole && b->whole && b->constant >= 0.0};
    return ENT_OK;
}

/* ---- atoms ---- */

static double mod_floor(double a, double b)
{
    return a - b * floor(a / b);
}

static const struct {
    const char *name;
    double (*of_one)(double);
    double (*of_two)(double, double);
} FUNCTIONS[] = {
    {"sin", sin, NULL},   {"cos", cos, NULL},       {"tan", tan, NULL},     {"exp", exp, NULL},
    {"ln", log, NULL},    {"log", log, NULL},       {"sqrt", sqrt, NULL},   {"arcsin", asin, NULL},
    {"asin", asin, NULL}, {"arccos", acos, NULL},   {"acos", acos, NULL},   {"arctan", atan, NULL},
    {"atan", atan, NULL}, {"ceiling", ceil, NULL},  {"floor", floor, NULL}, {"abs", fabs, NULL},
    {"pow", NULL, pow},   {"mod", NULL, mod_floor},
};
enum { FUNCTION_COUNT = sizeof FUNCTIONS / sizeof *FUNCTIONS };

bool ent_qasm_constant(const token *t, double *value)
{
    static const struct {
        const char *name;
        const double *value;
        double factor;
    } names[] = {{"pi", &PI, 1.0},       {"\xcf\x80", &PI, 1.0}, {"tau", &PI, 2.0},
                 {"\xcf\x84", &PI, 2.0}, {"euler", &EULER, 1.0}, {"\xe2\x84\x87", &EULER, 1.0}};
    *value = t->value;
    if (t->kind == TOKEN_NUMBER) return true;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        *value = names[k].factor * *names[k].value;
        if (ent_token_is(t, names[k].name)) return true;
    }
    return false;
}

static bool is_whole(const token *t)
{
    for (int k = 0; k < t->length; k++)
        if (t->text[k] < '0' || t->text[k] > '9') return false;
    return t->kind == TOKEN_NUMBER;
}

static ent_status read_sum(qasm_parser *p, qasm_value *value);

static ent_status read_function(qasm_parser *p, int f, qasm_value *value)
{
    const token name = p->tokens.now;
    const int count = FUNCTIONS[f].of_two ? 2 : 1;
    qasm_value argument[MAX_ARGUMENTS];
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(ent_token_expect(&p->tokens, "("));
    for (int k = 0; k < count; k++) {
        if (k > 0) ENT_TRY(ent_token_expect(&p->tokens, ","));
        ENT_TRY(read_sum(p, &argument[k]));
        if (argument[k].terms > 0)
            return ent_token_fail(&p->tokens, &name, "numbers, without an input, as a function's arguments");
    }
    *value = number(count == 1 ? FUNCTIONS[f].of_one(argument[0].constant)
                               : FUNCTIONS[f].of_two(argument[0].constant, argument[1].constant),
                    FUNCTIONS[f].of_one == ceil || FUNCTIONS[f].of_one == floor);
    value->unknown = argument[0].unknown || (count == 2 && argument[1].unknown);
    return ent_token_expect(&p->tokens, ")");
}

static ent_status read_symbol(qasm_parser *p, const symbol *found, qasm_value *value)
{
    const symbol s = *found; /* names may move while the index is read */
    int index = 0;
    ENT_TRY(ent_token_next(&p->tokens));
    if (s.kind == SYMBOL_VALUE) {
        *value = s.value;
        return ENT_OK;
    }
    if (s.array) ENT_TRY(ent_qasm_index(p, 0, s.size - 1, &index));
    *value = number(0.0, false);
    value->terms = 1;
    value->term[0].source = s.kind == SYMBOL_PARAM ? ENT_ANGLE_PARAM : ENT_ANGLE_DATA;
    value->term[0].slot = s.first + index;
    value->term[0].scale = 1.0;
    return ENT_OK;
}

static ent_status read_atom(qasm_parser *p, qasm_value *value)
{
    const token t = p->tokens.now;
    double constant;
    const symbol *found = t.kind == TOKEN_NAME ? ent_qasm_find(p, &t) : NULL;
    if (found && (found->kind == SYMBOL_VALUE || found->kind == SYMBOL_PARAM || found->kind == SYMBOL_DATA))
        return read_symbol(p, found, value);
    if (!found && ent_qasm_constant(&t, &constant)) {
        *value = number(constant, is_whole(&t));
        return ent_token_next(&p->tokens);
    }
    for (int f = 0; f < FUNCTION_COUNT && !found; f++)
        if (ent_token_is(&t, FUNCTIONS[f].name)) return read_function(p, f, value);
    if (!ent_token_is(&t, "("))
        return ent_token_fail(&p->tokens, &t,
                              "a number, pi, tau, euler, the name of an input%s, a function, '-' or '('",
                              p->in_gate ? " or parameter" : "");
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(read_sum(p, value));
    return ent_token_expect(&p->tokens, ")");
}

/* ---- operators ---- */

static ent_status read_unary(qasm_parser *p, qasm_value *value);

static ent_status read_power(qasm_parser *p, qasm_value *value)
{
    ENT_TRY(read_atom(p, value));
    const token sign = p->tokens.now;
    if (!ent_token_is(&sign, "**") && !(p->version == 2 && ent_token_is(&sign, "^"))) return ENT_OK;
    qasm_value exponent;
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(read_unary(p, &exponent));
    return raise_to(p, &sign, value, &exponent);
}

static ent_status read_signed(qasm_parser *p, qasm_value *value)
{
    const token sign = p->tokens.now;
    if (!ent_token_is(&sign, "-") && !ent_token_is(&sign, "+")) return read_power(p, value);
    ENT_TRY(ent_token_next(&p->tokens));
    ENT_TRY(read_unary(p, value));
    if (ent_token_is(&sign, "-")) scale(value, -1.0);
    return ENT_OK;
}

/* Every recursion passes through here. */
static ent_status read_unary(qasm_parser *p, qasm_value *value)
{
    if (p->depth == MAX_DEPTH)
        return ent_token_fail(&p->tokens, &p->tokens.now, "at most %d parentheses and signs", MAX_DEPTH);
    p->depth++;
    const ent_status status = read_signed(p, value);
    p->depth--;
    return status;
}

static ent_status read_product(qasm_parser *p, qasm_value *value)
{
    ENT_TRY(read_unary(p, value));
    for (;;) {
        const token sign = p->tokens.now;
        if (!ent_token_is(&sign, "*") && !ent_token_is(&sign, "/") && !ent_token_is(&sign, "%")) return ENT_OK;
        qasm_value factor;
        ENT_TRY(ent_token_next(&p->tokens));
        ENT_TRY(read_unary(p, &factor));
        ENT_TRY(multiply(p, &sign, value, factor));
    }
}

static ent_status read_sum(qasm_parser *p, qasm_value *value)
{
    ENT_TRY(read_product(p, value));
    for (;;) {
        const token sign = p->tokens.now;
        if (!ent_token_is(&sign, "+") && !ent_token_is(&sign, "-")) return ENT_OK;
        qasm_value term;
        ENT_TRY(ent_token_next(&p->tokens));
        ENT_TRY(read_product(p, &term));
        ENT_TRY(add(p, &sign, value, term));
    }
}

/* ---- what the statements ask for ---- */

ent_status ent_qasm_value(qasm_parser *p, qasm_value *value)
{
    const token first = p->tokens.now;
    ENT_TRY(read_sum(p, value));
    bool finite = isfinite(value->constant);
    for (int k = 0; k < value->terms; k++) finite = finite && isfinite(value->term[k].scale);
    if (!finite && !value->unknown) return ent_token_fail(&p->tokens, &first, "an angle that is finite");
    return ENT_OK;
}

ent_status ent_qasm_number(qasm_parser *p, const char *what, qasm_value *value)
{
    const token first = p->tokens.now;
    ENT_TRY(ent_qasm_value(p, value));
    return value->terms == 0 ? ENT_OK : ent_token_fail(&p->tokens, &first, "%s, without an input", what);
}

ent_status ent_qasm_integer(qasm_parser *p, int least, int most, int *value)
{
    const token first = p->tokens.now;
    char what[64];
    qasm_value v;
    snprintf(what, sizeof what, "an integer from %d to %d", least, most);
    ENT_TRY(ent_qasm_number(p, what, &v));
    *value = 0;
    if (v.unknown) return ENT_OK;
    if (!v.whole || v.constant < least || v.constant > most) return ent_token_fail(&p->tokens, &first, "%s", what);
    *value = (int)v.constant;
    return ENT_OK;
}

ent_status ent_qasm_index(qasm_parser *p, int least, int most, int *value)
{
    ENT_TRY(ent_token_expect(&p->tokens, "["));
    ENT_TRY(ent_qasm_integer(p, least, most, value));
    return ent_token_expect(&p->tokens, "]");
}
