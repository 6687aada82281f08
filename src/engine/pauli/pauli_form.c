/* From sums of strings to operations.
 *
 * A readout is sum_t c_t prod_m <P_t on register m>.  Strings are split by registers, and common factors of several
 * strings are computed once: K qubits have at most 4^K strings, for any number of layers and readouts.  If the
 * earliest late gates are diagonal, the sum may instead be a few products of sums (pauli_product.c).  If a few qubits
 * are in every gate between registers, it may be a sum of products over what happens to these (pauli_hub.c).  Each
 * readout uses the cheapest form.  Late gates that read data divide the late gates into stages (pauli_stage.c); then
 * all of this is about the strings that the first of them must give. */
#include "pauli_hub.h"
#include "pauli_stage.h"

#include <math.h>

#include "entente/memory.h"

/* Operations of a term: a product and an entry, forward and back. */
static const double TERM_COST = 8.0;
/* A sine and a cosine. */
static const double WAVE_COST = 40.0;
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

static ent_status start(const ent_circuit *circuit, pauli_form *form)
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
    ent_free(form->wave);
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

ent_status ent_pauli_form_wave(pauli_form *form, int angle, int *node)
{
    if (!ent_grow((void **)&form->wave, &form->wave_room, form->waves, sizeof *form->wave)) return no_memory();
    *node = (int)form->nodes;
    form->nodes += PAULI_WAVE_NODES;
    form->wave[form->waves++] = (pauli_wave){*node, angle};
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

/* ---- strings after the first stage ---- */

typedef struct {
    const ent_circuit *circuit;
    const pauli_late *late;
    int64_t prefix; /* number of rotations at the beginning that are about Z-strings */
    int64_t end;    /* number of rotations of the first stage */
    int64_t most, terms;
    pauli_tape *tape;
    pauli_form *form;
    pauli_sum sum, whole; /* before the prefix, and before everything */
    pauli_hubs hubs;
    pauli_stages stages;
} making;

static bool is_diagonal(const pauli_rotation *rotation)
{
    return !pauli_is_channel(rotation) && ent_bits_count(rotation->on.x) == 0;
}

static ent_status too_many(const making *make)
{
    return ent_fail(
        ENT_EARG,
        "pauli engine: found more than %lld Pauli strings for %d readouts, want at most that: several "
        "fusion layers of many registers are cheap only if one register is in every gate between registers "
        "(pattern star, without model.fusion.reupload)",
        (long long)make->most, make->circuit->readouts);
}

/* Back to the prefix, and through those of its rotations that are quarter turns: they all commute. */
static ent_status spread_to_prefix(making *make, const ent_pauli *string, int64_t most, bool *fits)
{
    const pauli_late *late = make->late;
    *fits = true;
    ENT_TRY(ent_pauli_sum_start(&make->sum, string, make->tape));
    for (int64_t k = make->end - 1; k >= 0 && *fits; k--) {
        if (k < make->prefix && late->rotation[k].quarters == 0) continue;
        ENT_TRY(ent_pauli_sum_back(&make->sum, late, k, make->tape, most, fits));
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
static ent_status add_terms(making *make, const ent_pauli *string, double most, ent_bits *cone, int64_t *first,
                            bool *fits)
{
    pauli_form *form = make->form;
    pauli_tape *tape = make->tape;
    const int64_t start[2] = {tape->slots, tape->turns};
    const int64_t left = make->most - make->terms,
                  room = most / TERM_COST < (double)left ? (int64_t)(most / TERM_COST) : left;
    ENT_TRY(spread_to_prefix(make, string, room, fits));
    const int64_t slots = tape->slots, turns = tape->turns;
    const double cost = *fits ? ent_pauli_product_cost(&make->sum, make->late, make->prefix, form) : INFINITY;
    const int64_t worth = cost / TERM_COST < (double)room ? (int64_t)(cost / TERM_COST) : room;
    *first = form->entries;
    if (*fits) ENT_TRY(spread_through_prefix(make, worth, fits));
    if (*fits) return append_terms(make, cone);
    *fits = cost <= most && !isinf(cost);
    tape->slots = *fits ? slots : start[0];
    tape->turns = *fits ? turns : start[1];
    if (!*fits) return ENT_OK;
    return ent_pauli_product_append(&make->sum, make->late, make->prefix, tape, form, cone, first);
}

/* Hubs are those of all late gates, so only of a single stage. */
static ent_status add_string(making *make, const ent_pauli *string, ent_bits *cone, int *node)
{
    pauli_form *form = make->form;
    const int64_t before = form->entries;
    int64_t first;
    bool fits;
    pauli_hub *hub = NULL;
    if (make->stages.count == 1) ENT_TRY(ent_pauli_hub_find(&make->hubs, string, &hub));
    const double cost = hub ? ent_pauli_hub_cost(&make->hubs, hub, string) : INFINITY;
    const double by_hub = isinf(cost) ? INFINITY : hub_margin * cost;
    ENT_TRY(add_terms(make, string, by_hub, cone, &first, &fits));
    if (!fits && isinf(by_hub)) return too_many(make);
    if (!fits) ENT_TRY(ent_pauli_hub_append(&make->hubs, hub, string, cone, &first));
    make->terms += form->entries - before;
    if (make->terms > make->most) return too_many(make);
    return ent_pauli_form_op(form, (pauli_op){.kind = PAULI_SUM, .a = (int)first, .b = (int)(form->entries - first)},
                             node);
}

static ent_status add_first_stage(making *make)
{
    pauli_stage *stage = &make->stages.stage[0];
    stage->node = ent_alloc(stage->strings, sizeof *stage->node);
    stage->cone = ent_alloc(stage->strings, sizeof *stage->cone);
    if (!stage->node || !stage->cone) return no_memory();
    for (int64_t k = 0; k < stage->strings; k++) {
        if (make->end > 0) {
            ENT_TRY(add_string(make, &stage->string[k], &stage->cone[k], &stage->node[k]));
            continue;
        }
        ENT_TRY(ent_pauli_form_string(make->form, &stage->string[k], &stage->node[k]));
        stage->cone[k] = pauli_support(&stage->string[k]);
    }
    return ENT_OK;
}

/* ---- readouts ---- */

static ent_status add_readouts(making *make, pauli_ref *ref)
{
    pauli_stages *stages = &make->stages;
    bool fits;
    for (int r = 0; r < make->circuit->readouts; r++)
        ENT_TRY(ent_pauli_stages_want(stages, &make->circuit->readout[r], stages->count, &ref[r]));
    ENT_TRY(ent_pauli_stages_spread(stages, make->most, &fits));
    if (!fits) return too_many(make);
    for (int s = 1; s < stages->count; s++) make->terms += stages->stage[s].links;
    ENT_TRY(add_first_stage(make));
    ENT_TRY(ent_pauli_stages_append(stages, make->form));
    for (int r = 0; r < make->circuit->readouts; r++) {
        make->form->readout[r] = ent_pauli_stages_node(stages, ref[r]);
        make->form->cone[r] = ent_pauli_stages_cone(stages, ref[r]);
    }
    return ENT_OK;
}

double ent_pauli_form_cost(const pauli_form *form)
{
    double cost = (double)form->atoms + WAVE_COST * (double)form->waves;
    for (int64_t k = 0; k < form->ops; k++)
        cost += form->op[k].kind == PAULI_SUM ? 2.0 + form->op[k].b : form->op[k].kind == PAULI_TIMES ? 2.0 : 6.0;
    return cost;
}

static ent_status make_cut(const ent_circuit *circuit, pauli_late *late, pauli_cut cut, int64_t most,
                           pauli_tape *tape, pauli_form *form)
{
    making make = {.circuit = circuit, .late = late, .most = most, .tape = tape, .form = form};
    pauli_ref *ref = ent_alloc(circuit->readouts, sizeof *ref);
    make.hubs = (pauli_hubs){.late = late, .tape = tape, .form = form};
    ent_status status = ref ? ent_pauli_stages_cut(late, cut, tape, &make.stages) : no_memory();
    if (status == ENT_OK) status = start(circuit, form);
    if (status == ENT_OK) {
        make.end = make.stages.stage[0].end;
        while (make.prefix < make.end && is_diagonal(&late->rotation[make.prefix])) make.prefix++;
        status = add_readouts(&make, ref);
    }
    ent_free(ref);
    ent_pauli_sum_clear(&make.sum);
    ent_pauli_sum_clear(&make.whole);
    ent_pauli_hubs_clear(&make.hubs);
    ent_pauli_stages_clear(&make.stages);
    return status;
}

/* Terms of stages are found at once, those of a whole run at each of its rotations: so many more are allowed. */
enum { AT_ONCE = 8 };

/* With data, in the cheaper of both cuts: first APART, whose strings are bounded, then WHOLE as far as it costs less.
 */
ent_status ent_pauli_form_make(const ent_circuit *circuit, pauli_late *late, int64_t most, pauli_tape *tape,
                               pauli_form *form)
{
    double least = INFINITY;
    ent_status status = ENT_OK;
    for (int cut = ent_pauli_reads_data(late) ? PAULI_CUT_APART : PAULI_CUT_WHOLE; cut >= 0; cut--) {
        pauli_tape other_tape = {0};
        pauli_form other = {0};
        const int64_t times = cut == PAULI_CUT_APART ? AT_ONCE : 1;
        const int64_t there = most < PAULI_MOST_TERMS / times ? times * most : PAULI_MOST_TERMS;
        const int64_t room = least < (double)there ? (int64_t)least : there;
        status = make_cut(circuit, late, (pauli_cut)cut, room, &other_tape, &other);
        if (status == ENT_OK && ent_pauli_form_cost(&other) < least) {
            least = ent_pauli_form_cost(&other);
            const pauli_tape worse_tape = *tape;
            const pauli_form worse = *form;
            *tape = other_tape;
            *form = other;
            other_tape = worse_tape;
            other = worse;
        }
        ent_pauli_tape_clear(&other_tape);
        ent_pauli_form_clear(&other);
        if (status == ENT_ENOMEM) return status;
    }
    return isinf(least) ? status : ENT_OK;
}
