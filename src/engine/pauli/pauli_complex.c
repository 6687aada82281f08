/* The tape is real, so a coefficient has two slots.  A rotation about Q on both sides mixes the coefficients of S and
 * i Q S if S and Q do not commute, real and imaginary parts separately; a factor exp(i t/2 Q) on each side with the
 * same sign mixes the real part of that of S with the imaginary part of that of Q S if they commute. */
#include "pauli_complex.h"

#include "entente/memory.h"

ent_status ent_pauli_complex_add(pauli_complex *sum, pauli_complex_term term)
{
    ENT_REQUIRE(ent_grow((void **)&sum->term, &sum->room, sum->count, sizeof *sum->term), ENT_ENOMEM,
                "pauli engine: no memory for the terms of a register");
    sum->term[sum->count++] = term;
    return ENT_OK;
}

int64_t ent_pauli_complex_find(const pauli_complex *sum, const ent_pauli *string)
{
    int64_t k = 0;
    while (k < sum->count && !pauli_equal(&sum->term[k].string, string)) k++;
    return k;
}

/* to gains sign times from, and from loses sign times to: a turn of the plane, unless both are 0. */
static ent_status turn_parts(int *from, int *to, int sign, int angle, pauli_tape *tape)
{
    if (*from < 0 && *to < 0) return ENT_OK;
    if (*from < 0) ENT_TRY(ent_pauli_tape_slot(tape, 0.0, from));
    if (*to < 0) ENT_TRY(ent_pauli_tape_slot(tape, 0.0, to));
    return sign > 0 ? ent_pauli_tape_turn(tape, *from, *to, angle) : ent_pauli_tape_turn(tape, *to, *from, angle);
}

/* The term of a string; it is added if the sum has none. */
static ent_status term_of(pauli_complex *sum, const ent_pauli *string, int64_t *other)
{
    *other = ent_pauli_complex_find(sum, string);
    return *other < sum->count ? ENT_OK : ent_pauli_complex_add(sum, (pauli_complex_term){*string, -1, -1});
}

ent_status ent_pauli_complex_rotate(pauli_complex *sum, const ent_pauli *q, int s, int angle, pauli_tape *tape)
{
    for (int64_t k = 0, count = sum->count, other; k < count; k++) {
        ent_pauli string;
        if (pauli_commute(q, &sum->term[k].string)) continue;
        const int sign = s * pauli_turned(q, &sum->term[k].string, &string);
        ENT_TRY(term_of(sum, &string, &other));
        if (other < k) continue; /* turned with its partner */
        ENT_TRY(turn_parts(&sum->term[k].re, &sum->term[other].re, sign, angle, tape));
        ENT_TRY(turn_parts(&sum->term[k].im, &sum->term[other].im, sign, angle, tape));
    }
    return ENT_OK;
}

ent_status ent_pauli_complex_multiply(pauli_complex *sum, const ent_pauli *q, int s, int angle, pauli_tape *tape)
{
    for (int64_t k = 0, count = sum->count, other; k < count; k++) {
        ent_pauli string;
        if (!pauli_commute(q, &sum->term[k].string)) continue;
        const int sign = s * pauli_product(q, &sum->term[k].string, &string);
        ENT_TRY(term_of(sum, &string, &other));
        if (other < k) continue;
        ENT_TRY(turn_parts(&sum->term[k].re, &sum->term[other].im, sign, angle, tape));
        if (other != k) ENT_TRY(turn_parts(&sum->term[other].re, &sum->term[k].im, sign, angle, tape));
    }
    return ENT_OK;
}

/* A part of the string's coefficient += factor c[from]. */
static ent_status gain(pauli_complex *sum, const ent_pauli *string, bool imaginary, double factor, int from,
                       pauli_tape *tape)
{
    if (from < 0) return ENT_OK;
    int64_t k;
    ENT_TRY(term_of(sum, string, &k));
    int *slot = imaginary ? &sum->term[k].im : &sum->term[k].re;
    if (*slot < 0) ENT_TRY(ent_pauli_tape_slot(tape, 0.0, slot));
    return ent_pauli_tape_damp(tape, from, *slot, 1.0, factor);
}

ent_status ent_pauli_complex_copy(const pauli_complex *sum, double factor, pauli_tape *tape, pauli_complex *out)
{
    for (int64_t k = 0; k < sum->count; k++) {
        const pauli_complex_term *term = &sum->term[k];
        ENT_TRY(gain(out, &term->string, false, factor, term->re, tape));
        ENT_TRY(gain(out, &term->string, true, factor, term->im, tape));
    }
    return ENT_OK;
}

/* (1 + x Q) S (1 + y Q)/4 is (S + x Q S)/2 if S commutes with Q and x = y, or does not and x = -y; else 0.  In the
 * second case Q S = -i (i Q S). */
ent_status ent_pauli_complex_project(const pauli_complex *sum, const ent_pauli *q, const int side[2], double factor,
                                     pauli_tape *tape, pauli_complex *out)
{
    const double half = 0.5 * factor;
    for (int64_t k = 0; k < sum->count; k++) {
        const pauli_complex_term *term = &sum->term[k];
        const bool commute = pauli_commute(q, &term->string);
        ent_pauli string;
        if (commute != (side[0] == side[1])) continue;
        ENT_TRY(gain(out, &term->string, false, half, term->re, tape));
        ENT_TRY(gain(out, &term->string, true, half, term->im, tape));
        if (commute) {
            const double sign = side[0] * pauli_product(q, &term->string, &string);
            ENT_TRY(gain(out, &string, false, sign * half, term->re, tape));
            ENT_TRY(gain(out, &string, true, sign * half, term->im, tape));
        } else {
            const double sign = side[0] * pauli_turned(q, &term->string, &string);
            ENT_TRY(gain(out, &string, true, -sign * half, term->re, tape));
            ENT_TRY(gain(out, &string, false, sign * half, term->im, tape));
        }
    }
    return ENT_OK;
}

/* ---- nodes ---- */

static ent_status append_part(const pauli_complex *sum, bool imaginary, pauli_form *form, int *node)
{
    const int64_t first = form->entries;
    for (int64_t k = 0; k < sum->count; k++) { /* nodes first, because entries must be contiguous */
        int unused;
        ENT_TRY(ent_pauli_form_string(form, &sum->term[k].string, &unused));
    }
    for (int64_t k = 0; k < sum->count; k++) {
        const int slot = imaginary ? sum->term[k].im : sum->term[k].re;
        int from;
        if (slot < 0) continue;
        ENT_TRY(ent_pauli_form_string(form, &sum->term[k].string, &from));
        ENT_TRY(ent_pauli_form_entry(form, (pauli_entry){from, slot, 1}));
    }
    *node = -1;
    if (form->entries == first) return ENT_OK;
    return ent_pauli_form_op(form, (pauli_op){.kind = PAULI_SUM, .a = (int)first, .b = (int)(form->entries - first)},
                             node);
}

ent_status ent_pauli_complex_value(const pauli_complex *sum, pauli_form *form, pauli_tape *tape,
                                   pauli_complex_node *out)
{
    ENT_TRY(append_part(sum, false, form, &out->re));
    ENT_TRY(append_part(sum, true, form, &out->im));
    if (out->re >= 0) return ENT_OK;
    int zero = -1;
    const int64_t first = form->entries;
    ENT_TRY(ent_pauli_tape_slot(tape, 0.0, &zero));
    ENT_TRY(ent_pauli_form_entry(form, (pauli_entry){0, zero, 1}));
    return ent_pauli_form_op(form, (pauli_op){.kind = PAULI_SUM, .a = (int)first, .b = 1}, &out->re);
}

ent_status ent_pauli_complex_times(pauli_form *form, pauli_complex_node a, pauli_complex_node b, bool last,
                                   pauli_complex_node *out)
{
    *out = (pauli_complex_node){-1, -1};
    if (a.im >= 0 && b.im >= 0) {
        ENT_TRY(ent_pauli_form_op(
            form, (pauli_op){.kind = last ? PAULI_REAL : PAULI_COMPLEX, .a = a.re, .b = a.im, .c = b.re, .d = b.im},
            &out->re));
        if (!last) out->im = out->re + 1;
        return ENT_OK;
    }
    const int im = a.im >= 0 ? a.im : b.im, other = a.im >= 0 ? b.re : a.re;
    ENT_TRY(ent_pauli_form_op(form, (pauli_op){.kind = PAULI_TIMES, .a = a.re, .b = b.re}, &out->re));
    if (im < 0 || last) return ENT_OK;
    return ent_pauli_form_op(form, (pauli_op){.kind = PAULI_TIMES, .a = im, .b = other}, &out->im);
}
