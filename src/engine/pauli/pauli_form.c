/* From sums of strings to operations.
 *
 * A readout is sum_t c_t prod_m <P_t on register m>.  Strings are split by registers, and common factors of several
 * strings are computed once: K qubits have at most 4^K strings, for any number of layers and readouts.  If the
 * earliest late gates are diagonal, the sum may instead be a few products of sums (pauli_product.c).  If a few qubits
 * are in every gate between registers, it may be a sum of products over what happens to these (pauli_hub.c).  Each
 * readout uses the cheapest form. */
#include "pauli_form.h"
#include "pauli_hub.h"
#include "pauli_noise.h"

#include <math.h>

#include "entente/memory.h"

/* Operations of a term: a product and an entry, forward and back. */
static const double TERM_COST = 8.0;
/* A form by terms may cost this many times more than one by hubs: terms that readouts share are counted for each. */
static double hub_margin = 4.0;

double ent_pauli_set_hub_margin(double margin)
{
    const double before = hub_margin;
    hub_margin = margin;
    return before;
}

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "pauli engine: no memory for the operations of a circuit");
}

ent_status ent_pauli_form_start(const ent_circuit *circuit, pauli_form *form)
{
    *form = (pauli_form){.circuit = circuit, .nodes = 1};
    form->qubits = ent_alloc(circuit->registers, sizeof *form->qubits);
    form->readout = ent_alloc(circuit->readouts, sizeof *form->readout);
    form->cone = ent_alloc(circuit->readouts, sizeof *form->cone);
    if (!form->qubits || !form->readout || !form->cone) return no_memory();
    for (int m = 0; m < circuit->registers; m++)
        for (int q = circuit->register_first[m]; q < circuit->register_first[m + 1]; q++)
            ent_bits_add(&form->qubits[m], q);
    return ENT_OK;
}

void ent_pauli_form_clear(pauli_form *form)
{
    ent_free(form->qubits);
    ent_free(form->op);
    ent_free(form->entry);
    ent_free(form->atom);
    ent_free(form->readout);
    ent_free(form->cone);
    ent_pauli_map_clear(&form->index);
    *form = (pauli_form){0};
}

ent_status ent_pauli_form_op(pauli_form *form, pauli_op op, int *node)
{
    if (!ent_grow((void **)&form->op, &form->op_room, form->ops, sizeof *form->op)) return no_memory();
    op.out = (int)form->nodes;
    form->nodes += op.kind == PAULI_COMPLEX ? 2 : 1;
    form->op[form->ops++] = op;
    *node = op.out;
    return ENT_OK;
}

ent_status ent_pauli_form_entry(pauli_form *form, pauli_entry entry)
{
    if (!ent_grow((void **)&form->entry, &form->entry_room, form->entries, sizeof *form->entry)) return no_memory();
    form->entry[form->entries++] = entry;
    return ENT_OK;
}

static ent_status add_atom(pauli_form *form, const ent_pauli *string, int *node)
{
    if (!ent_grow((void **)&form->atom, &form->atom_room, form->atoms, sizeof *form->atom)) return no_memory();
    *node = (int)form->nodes++;
    form->atom[form->atoms++] = (pauli_atom){*string, *node};
    return ENT_OK;
}

static ent_bits last_register(const pauli_form *form, const ent_pauli *string)
{
    const int last = ent_bits_last(pauli_support(string));
    int m = 0;
    while (last >= form->circuit->register_first[m + 1]) m++;
    return form->qubits[m];
}

ent_status ent_pauli_form_string(pauli_form *form, const ent_pauli *string, int *node)
{
    *node = ent_bits_last(pauli_support(string)) < 0 ? 0 : ent_pauli_map_find(&form->index, string);
    if (*node >= 0) return ENT_OK;
    const ent_pauli here = pauli_on(string, last_register(form, string)), rest = pauli_times(string, &here);
    if (pauli_equal(&here, string)) {
        ENT_TRY(add_atom(form, string, node));
    } else {
        pauli_op op = {.kind = PAULI_TIMES};
        ENT_TRY(ent_pauli_form_string(form, &rest, &op.a));
        ENT_TRY(ent_pauli_form_string(form, &here, &op.b));
        ENT_TRY(ent_pauli_form_op(form, op, node));
    }
    return ent_pauli_map_add(&form->index, string, *node);
}

/* ---- readouts ---- */

typedef struct {
    const ent_circuit *circuit;
    const pauli_late *late;
    int64_t prefix; /* number of rotations at the beginning that are about Z-strings */
    int64_t most, terms;
    pauli_tape *tape;
    pauli_form *form;
    pauli_sum sum, whole; /* before the prefix, and before everything */
    pauli_hubs hubs;
} making;

static bool is_diagonal(const pauli_rotation *rotation)
{
    return !pauli_is_channel(rotation) && ent_bits_count(rotation->on.x) == 0;
}

static ent_status take_back(making *make, const pauli_rotation *by, int64_t most, bool *fits)
{
    if (pauli_is_channel(by))
        return ent_pauli_sum_channel(&make->sum, &make->late->channel[-1 - by->angle], make->tape, most, fits);
    return ent_pauli_sum_rotate(&make->sum, by, make->tape, most, fits);
}

static ent_status too_many(const making *make, int readout)
{
    return ent_fail(ENT_EARG,
                    "pauli engine: found more than %lld Pauli strings by readout %d of %d, want at most that "
                    "for all readouts together; deep fusion of many registers is cheap only if one register is in "
                    "every gate between registers (pattern star); otherwise the number grows like 4^registers",
                    (long long)make->most, readout + 1, make->circuit->readouts);
}

/* Back to the prefix, and through those of its rotations that are quarter turns: they all commute. */
static ent_status spread_to_prefix(making *make, int readout, int64_t most, bool *fits)
{
    const pauli_late *late = make->late;
    *fits = true;
    ENT_TRY(ent_pauli_sum_start(&make->sum, &make->circuit->readout[readout], make->tape));
    for (int64_t k = late->rotations - 1; k >= 0 && *fits; k--) {
        if (k < make->prefix && late->rotation[k].quarters == 0) continue;
        ENT_TRY(take_back(make, &late->rotation[k], most, fits));
    }
    return ENT_OK;
}

/* The sum before everything, unless it has more than `most` terms. */
static ent_status spread_through_prefix(making *make, int64_t most, bool *fits)
{
    *fits = make->sum.count <= most;
    ENT_TRY(ent_pauli_sum_copy(&make->sum, &make->whole));
    for (int64_t k = make->prefix - 1; k >= 0 && *fits; k--)
        if (make->late->rotation[k].quarters == 0)
            ENT_TRY(ent_pauli_sum_rotate(&make->whole, &make->late->rotation[k], make->tape, most, fits));
    return ENT_OK;
}

static ent_status append_terms(making *make, ent_bits *cone)
{
    int *node = ent_alloc(make->whole.count, sizeof *node);
    if (!node) return no_memory();
    ent_status status = ENT_OK;
    for (int64_t k = 0; k < make->whole.count && status == ENT_OK; k++) {
        status = ent_pauli_form_string(make->form, &make->whole.term[k].string, &node[k]);
        *cone = ent_bits_or(*cone, pauli_support(&make->whole.term[k].string));
    }
    for (int64_t k = 0; k < make->whole.count && status == ENT_OK; k++)
        status = ent_pauli_form_entry(make->form,
                                      (pauli_entry){node[k], make->whole.term[k].slot, make->whole.term[k].sign});
    ent_free(node);
    return status;
}

/* As terms or by products of the first layer, unless that costs more than `most` operations or there are too many
 * terms; in that case, what the attempt left on the tape is removed. */
static ent_status add_strings(making *make, int readout, double most, int64_t *first, bool *fits)
{
    pauli_form *form = make->form;
    pauli_tape *tape = make->tape;
    const int64_t start[2] = {tape->slots, tape->turns};
    const int64_t left = make->most - make->terms,
                  room = most / TERM_COST < (double)left ? (int64_t)(most / TERM_COST) : left;
    ENT_TRY(spread_to_prefix(make, readout, room, fits));
    const int64_t slots = tape->slots, turns = tape->turns;
    const double cost = *fits ? ent_pauli_product_cost(&make->sum, make->late, make->prefix, form) : INFINITY;
    const int64_t worth = cost / TERM_COST < (double)room ? (int64_t)(cost / TERM_COST) : room;
    *first = form->entries;
    if (*fits) ENT_TRY(spread_through_prefix(make, worth, fits));
    if (*fits) return append_terms(make, &form->cone[readout]);
    *fits = cost <= most && !isinf(cost);
    tape->slots = *fits ? slots : start[0];
    tape->turns = *fits ? turns : start[1];
    if (!*fits) return ENT_OK;
    return ent_pauli_product_append(&make->sum, make->late, make->prefix, tape, form, &form->cone[readout], first);
}

static ent_status add_readout(making *make, int readout)
{
    pauli_form *form = make->form;
    const ent_pauli *string = &make->circuit->readout[readout];
    const int64_t before = form->entries;
    int64_t first;
    bool fits;
    pauli_hub *hub;
    ENT_TRY(ent_pauli_hub_find(&make->hubs, string, &hub));
    const double cost = hub ? ent_pauli_hub_cost(&make->hubs, hub, string) : INFINITY;
    const double by_hub = isinf(cost) ? INFINITY : hub_margin * cost;
    ENT_TRY(add_strings(make, readout, by_hub, &first, &fits));
    if (!fits && isinf(by_hub)) return too_many(make, readout);
    if (!fits) ENT_TRY(ent_pauli_hub_append(&make->hubs, hub, string, &form->cone[readout], &first));
    make->terms += form->entries - before;
    if (make->terms > make->most) return too_many(make, readout);
    return ent_pauli_form_op(form, (pauli_op){.kind = PAULI_SUM, .a = (int)first, .b = (int)(form->entries - first)},
                             &form->readout[readout]);
}

ent_status ent_pauli_form_make(const ent_circuit *circuit, pauli_late *late, int64_t most, pauli_tape *tape,
                               pauli_form *form)
{
    making make = {.circuit = circuit, .late = late, .most = most, .tape = tape, .form = form};
    make.hubs = (pauli_hubs){.late = late, .tape = tape, .form = form};
    while (make.prefix < late->rotations && is_diagonal(&late->rotation[make.prefix])) make.prefix++;
    ent_status status = ENT_OK;
    for (int r = 0; r < circuit->readouts && status == ENT_OK; r++) status = add_readout(&make, r);
    ent_pauli_sum_clear(&make.sum);
    ent_pauli_sum_clear(&make.whole);
    ent_pauli_hubs_clear(&make.hubs);
    return status;
}
