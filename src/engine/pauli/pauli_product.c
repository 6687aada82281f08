/* A diagonal layer in product form.
 *
 * Let F be rotations exp(-i t/2 Q) about Z-strings Q, and P a string that is X or Y on the qubits K and Z or nothing
 * elsewhere.  With X = s+ + s-, Y = -i s+ + i s- and s+ Z = -s+, s- Z = s-, P is a sum over the signs s of K of
 * products of one s+ or s- per qubit of K, and F^dagger . F multiplies each of these by
 *   exp(i t s(Q) Z(Q without K))      for every Q with an odd number of signs of K; s(Q): their product,
 * which is cos t + i s(Q) sin t Z(...): a factor that depends on one register if Q without K lies in one.  So the
 * expectation value is a product over the registers of sums of strings, instead of a sum of products, whose number
 * doubles with every partner.  The signs s and -s give conjugate numbers: twice the real part of half of them. */
#include <math.h>

#include "entente/memory.h"
#include "pauli_complex.h"

enum { MOST_ENTRIES = 1 << 10, MOST_FLIPPED = 16, PLAIN_COST = 8 };

/* ---- the cost ---- */

static int register_of(const pauli_form *form, ent_bits qubits)
{
    const int last = ent_bits_last(qubits);
    int m = 0;
    while (last >= form->circuit->register_first[m + 1]) m++;
    return m;
}

/* The part outside of K of a rotation that turns the string. */
static ent_bits partners(const pauli_rotation *rotation, const ent_pauli *string)
{
    const ent_bits shared = ent_bits_and(rotation->on.z, string->x);
    return ent_bits_xor(rotation->on.z, shared);
}

static bool turns(const pauli_rotation *rotation, const ent_pauli *string)
{
    return rotation->quarters == 0 && !pauli_commute(&rotation->on, string);
}

static double term_cost(const pauli_term *term, const pauli_late *late, int64_t prefix, const pauli_form *form)
{
    const int flipped = ent_bits_count(term->string.x), registers = form->circuit->registers;
    double cost = 0.0;
    bool turned = false;
    for (int64_t k = 0; k < prefix; k++) turned |= turns(&late->rotation[k], &term->string);
    if (!turned) return PLAIN_COST;
    if (flipped > MOST_FLIPPED) return INFINITY;
    for (int m = 0; m < registers; m++) {
        const ent_pauli here = pauli_on(&term->string, form->qubits[m]);
        ent_pauli seen = {0}; /* all different Z-strings by which it is multiplied, as their union */
        double entries = ldexp(2.0, ent_bits_count(here.x) - 1);
        for (int64_t k = 0; k < prefix; k++) {
            const ent_bits rest = turns(&late->rotation[k], &term->string)
                                      ? partners(&late->rotation[k], &term->string)
                                      : (ent_bits){{0}};
            const ent_bits inside = ent_bits_and(rest, form->qubits[m]);
            if (ent_bits_last(inside) < 0) continue;
            if (!ent_bits_equal(inside, rest)) return INFINITY;
            seen.z = ent_bits_or(seen.z, inside);
        }
        entries *= ldexp(1.0, ent_bits_count(seen.z));
        if (entries > MOST_ENTRIES) return INFINITY;
        if (ent_bits_last(pauli_support(&here)) >= 0 || ent_bits_last(seen.z) >= 0) cost += 4.0 * entries + 12.0;
    }
    return ldexp(cost, flipped - 1);
}

double ent_pauli_product_cost(const pauli_sum *sum, const pauli_late *late, int64_t prefix, const pauli_form *form)
{
    double cost = 0.0;
    if (prefix == 0) return INFINITY;
    for (int64_t k = 0; k < sum->count; k++) cost += term_cost(&sum->term[k], late, prefix, form);
    return cost;
}

/* ---- one register ---- */

/* factor i^power, as slots. */
static ent_status constant(pauli_tape *tape, double factor, int power, int *re, int *im)
{
    *re = *im = -1;
    return ent_pauli_tape_slot(tape, power & 2 ? -factor : factor, power & 1 ? im : re);
}

/* The product of the Zs and of a factor for each qubit of K on this register: with s+- = (X +- i Y) / 2 (sign 1, -1),
 * X becomes (X + i sign Y) / 2 and Y becomes (Y - i sign X) / 2. */
static ent_status flipped_part(const ent_pauli *here, ent_bits minus, double factor, pauli_tape *tape,
                               pauli_complex *sum)
{
    int qubit[MOST_FLIPPED], count = 0;
    for (int q = 0; q < ENT_MAX_QUBITS; q++)
        if (ent_bits_has(&here->x, q)) qubit[count++] = q;
    for (int choice = 0; choice < 1 << count; choice++) {
        pauli_complex_term term = {.string = *here};
        int power = 0;
        for (int k = 0; k < count; k++) {
            const int sign = ent_bits_has(&minus, qubit[k]) ? -1 : 1, is_y = ent_bits_has(&here->z, qubit[k]);
            if (!(choice >> k & 1)) continue; /* the letter unchanged */
            const ent_pauli z = pauli_single(PAULI_Z, qubit[k]);
            term.string = pauli_times(&term.string, &z);
            power += is_y ? -sign : sign;
        }
        ENT_TRY(constant(tape, ldexp(factor, -count), power & 3, &term.re, &term.im));
        ENT_TRY(ent_pauli_complex_add(sum, term));
    }
    return ENT_OK;
}

/* ---- products ---- */

typedef struct {
    const pauli_late *late;
    int64_t prefix;
    pauli_tape *tape;
    pauli_form *form;
    pauli_complex sum; /* of one register */
    pauli_entry *last; /* [last_count] the entries of the total */
    int64_t last_count, last_room;
} products;

static ent_status add_last(products *p, int node, const pauli_term *term)
{
    ENT_REQUIRE(ent_grow((void **)&p->last, &p->last_room, p->last_count, sizeof *p->last), ENT_ENOMEM,
                "pauli engine: no memory for products");
    p->last[p->last_count++] = (pauli_entry){node, term->slot, term->sign};
    return ENT_OK;
}

/* The qubits that a term before the prefix acts on. */
static ent_bits touched_by(const products *p, const ent_pauli *string)
{
    ent_bits touched = pauli_support(string);
    for (int64_t k = 0; k < p->prefix; k++)
        if (turns(&p->late->rotation[k], string)) touched = ent_bits_or(touched, p->late->rotation[k].on.z);
    return touched;
}

/* The factor of register m; scalars: including the phases that are on no register. */
static ent_status factor(products *p, const ent_pauli *string, ent_bits minus, int m, bool scalars,
                         pauli_complex_node *out)
{
    const ent_pauli here = pauli_on(string, p->form->qubits[m]);
    p->sum.count = 0;
    ENT_TRY(flipped_part(&here, minus, scalars ? 2.0 : 1.0, p->tape, &p->sum));
    for (int64_t k = 0; k < p->prefix; k++) {
        const pauli_rotation *rotation = &p->late->rotation[k];
        if (!turns(rotation, string)) continue;
        const ent_bits rest = partners(rotation, string);
        const bool is_scalar = ent_bits_last(rest) < 0;
        if (is_scalar ? !scalars : register_of(p->form, rest) != m) continue;
        const ent_pauli by = {.z = rest};
        ENT_TRY(ent_pauli_complex_multiply(&p->sum, &by, ent_bits_parity(rotation->on.z, minus) ? -1 : 1,
                                           rotation->angle, p->tape));
    }
    return ent_pauli_complex_value(&p->sum, p->form, p->tape, out);
}

/* Twice the real part of the product over all registers, for one choice of signs. */
static ent_status product(products *p, const pauli_term *term, ent_bits minus)
{
    const ent_bits touched = touched_by(p, &term->string);
    pauli_complex_node all = {-1, -1};
    int left = 0;
    for (int m = 0; m < p->form->circuit->registers; m++)
        left += ent_bits_last(ent_bits_and(touched, p->form->qubits[m])) >= 0;
    for (int m = 0; m < p->form->circuit->registers; m++) {
        pauli_complex_node by;
        if (ent_bits_last(ent_bits_and(touched, p->form->qubits[m])) < 0) continue;
        ENT_TRY(factor(p, &term->string, minus, m, all.re < 0, &by));
        left--;
        if (all.re < 0)
            all = by;
        else
            ENT_TRY(ent_pauli_complex_times(p->form, all, by, left == 0, &all));
    }
    return add_last(p, all.re, term);
}

static ent_status add_term(products *p, const pauli_term *term)
{
    int qubit[MOST_FLIPPED], flipped = 0;
    bool turned = false;
    for (int64_t k = 0; k < p->prefix; k++) turned |= turns(&p->late->rotation[k], &term->string);
    if (!turned) {
        int node;
        ENT_TRY(ent_pauli_form_string(p->form, &term->string, &node));
        return add_last(p, node, term);
    }
    for (int q = 0; q < ENT_MAX_QUBITS; q++)
        if (ent_bits_has(&term->string.x, q)) qubit[flipped++] = q;
    for (int signs = 0; signs < 1 << (flipped - 1); signs++) { /* the last has the sign 1 */
        ent_bits minus = {0};
        for (int k = 0; k < flipped - 1; k++)
            if (signs >> k & 1) ent_bits_add(&minus, qubit[k]);
        ENT_TRY(product(p, term, minus));
    }
    return ENT_OK;
}

ent_status ent_pauli_product_append(const pauli_sum *sum, const pauli_late *late, int64_t prefix, pauli_tape *tape,
                                    pauli_form *form, ent_bits *cone, int64_t *first)
{
    products p = {.late = late, .prefix = prefix, .tape = tape, .form = form};
    ent_status status = ENT_OK;
    for (int64_t k = 0; k < sum->count && status == ENT_OK; k++) {
        status = add_term(&p, &sum->term[k]);
        *cone = ent_bits_or(*cone, touched_by(&p, &sum->term[k].string));
    }
    *first = form->entries;
    for (int64_t k = 0; k < p.last_count && status == ENT_OK; k++) status = ent_pauli_form_entry(form, p.last[k]);
    ent_free(p.last);
    ent_free(p.sum.term);
    return status;
}
