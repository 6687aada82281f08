/* Angle expressions, by recursive descent over values of the form scale * input + offset.
 *   sum = product { (+|-) product }    product = factor { (*|/) factor }    factor = - factor | ( sum ) | atom */
#include "qasm_parse.h"

#include <math.h>
#include <stddef.h>

enum { MAX_DEPTH = 100 };

static const double PI = 3.14159265358979323846;

static bool same_input(const ent_angle *a, const ent_angle *b)
{
    return a->source == b->source && a->slot == b->slot;
}

static ent_angle scaled(ent_angle a, double by)
{
    a.scale *= by;
    a.offset *= by;
    return a;
}

static ent_status add(qasm_parser *p, const token *sign, ent_angle *sum, ent_angle term)
{
    if (ent_token_is(sign, "-")) term = scaled(term, -1.0);
    if (sum->source != ENT_ANGLE_FIXED && term.source != ENT_ANGLE_FIXED && !same_input(sum, &term))
        return ent_token_fail(&p->tokens, sign, "an angle of at most one input");
    const double scale = sum->scale + term.scale, offset = sum->offset + term.offset;
    if (sum->source == ENT_ANGLE_FIXED) *sum = term;
    sum->scale = scale;
    sum->offset = offset;
    return ENT_OK;
}

static ent_status multiply(qasm_parser *p, const token *sign, ent_angle *product, ent_angle factor)
{
    if (ent_token_is(sign, "/")) {
        if (factor.source != ENT_ANGLE_FIXED || factor.offset == 0.0 || !isfinite(factor.offset))
            return ent_token_fail(&p->tokens, sign, "a division by a finite number other than 0");
        product->scale /= factor.offset;
        product->offset /= factor.offset;
        return ENT_OK;
    }
    if (product->source != ENT_ANGLE_FIXED && factor.source != ENT_ANGLE_FIXED)
        return ent_token_fail(&p->tokens, sign, "an angle that is affine in its input");
    *product = product->source == ENT_ANGLE_FIXED ? scaled(factor, product->offset) : scaled(*product, factor.offset);
    return ENT_OK;
}

bool ent_qasm_constant(const token *t, double *value)
{
    const bool is_pi = ent_token_is(t, "pi") || ent_token_is(t, "\xcf\x80");
    const bool is_tau = ent_token_is(t, "tau") || ent_token_is(t, "\xcf\x84");
    if (t->kind == TOKEN_NUMBER)
        *value = t->value;
    else if (is_pi || is_tau)
        *value = is_pi ? PI : 2.0 * PI;
    else
        return false;
    return true;
}

static ent_status read_input(qasm_parser *p, const symbol *input, ent_angle *angle)
{
    int index = 0;
    ENT_TRY(ent_token_next(&p->tokens));
    if (input->array) ENT_TRY(ent_qasm_index(p, 0, input->size - 1, &index));
    const ent_angle_source source = input->kind == SYMBOL_PARAM ? ENT_ANGLE_PARAM : ENT_ANGLE_DATA;
    *angle = (ent_angle){source, input->first + index, 1.0, 0.0};
    return ENT_OK;
}

static ent_status read_atom(qasm_parser *p, ent_angle *angle)
{
    const token t = p->tokens.now;
    double value;
    if (ent_qasm_constant(&t, &value)) {
        *angle = ent_angle_fixed(value);
        return ent_token_next(&p->tokens);
    }
    const symbol *found = t.kind == TOKEN_NAME ? ent_qasm_find(p, &t) : NULL;
    if (!found || found->kind == SYMBOL_QUBITS)
        return ent_token_fail(&p->tokens, &t, "a number, pi, tau, the name of an input, '-' or '('");
    return read_input(p, found, angle);
}

static ent_status read_sum(qasm_parser *p, ent_angle *angle);

static ent_status read_nested(qasm_parser *p, ent_angle *angle);

static ent_status read_factor(qasm_parser *p, ent_angle *angle)
{
    const token t = p->tokens.now;
    if (!ent_token_is(&t, "-") && !ent_token_is(&t, "(")) return read_atom(p, angle);
    if (p->depth == MAX_DEPTH) return ent_token_fail(&p->tokens, &t, "at most %d parentheses and signs", MAX_DEPTH);
    p->depth++;
    const ent_status status = read_nested(p, angle);
    p->depth--;
    return status;
}

/* Behind "-" a factor, behind "(" a sum and ")". */
static ent_status read_nested(qasm_parser *p, ent_angle *angle)
{
    const bool negative = ent_token_is(&p->tokens.now, "-");
    ENT_TRY(ent_token_next(&p->tokens));
    if (negative) {
        ENT_TRY(read_factor(p, angle));
        *angle = scaled(*angle, -1.0);
        return ENT_OK;
    }
    ENT_TRY(read_sum(p, angle));
    return ent_token_expect(&p->tokens, ")");
}

static ent_status read_product(qasm_parser *p, ent_angle *angle)
{
    ENT_TRY(read_factor(p, angle));
    for (;;) {
        const token sign = p->tokens.now;
        if (!ent_token_is(&sign, "*") && !ent_token_is(&sign, "/")) return ENT_OK;
        ent_angle factor;
        ENT_TRY(ent_token_next(&p->tokens));
        ENT_TRY(read_factor(p, &factor));
        ENT_TRY(multiply(p, &sign, angle, factor));
    }
}

static ent_status read_sum(qasm_parser *p, ent_angle *angle)
{
    ENT_TRY(read_product(p, angle));
    for (;;) {
        const token sign = p->tokens.now;
        if (!ent_token_is(&sign, "+") && !ent_token_is(&sign, "-")) return ENT_OK;
        ent_angle term;
        ENT_TRY(ent_token_next(&p->tokens));
        ENT_TRY(read_product(p, &term));
        ENT_TRY(add(p, &sign, angle, term));
    }
}

ent_status ent_qasm_angle(qasm_parser *p, ent_angle *angle)
{
    const token first = p->tokens.now;
    ENT_TRY(read_sum(p, angle));
    if (!isfinite(angle->scale) || !isfinite(angle->offset))
        return ent_token_fail(&p->tokens, &first, "an angle that is finite");
    return ENT_OK;
}
