/* Deep fusion layers in product form, where a few qubits are in every gate between registers.
 *
 * Take these qubits, the hubs, apart: what is left of each register, a piece, meets only hubs.  In a stretch of gates
 * whose parts Q on a hub commute (a slice: one fusion layer), hub and pieces factorise for given eigenvalues x and y
 * of Q on the left and on the right of the operator: with F = exp(-i t/2 Q R) and P_x = (1 + x Q)/2
 *   F^dagger (P_x J P_y) A F = (P_x J P_y) exp(i x t/2 R) A exp(-i y t/2 R)
 * so a readout is a sum over the histories of the hubs, a pair (x, y) for each hub and slice, of the joint operator J
 * of hubs and readout's registers times one small operator A for each other piece.  Where x = y always, A stays 1, so
 * that part of J need not be split; and (x, y) and (y, x) give conjugate numbers, so that the first pair that differs
 * is (1, -1), twice the real part.  One hub: (4^slices - 1)/3 histories, each a product over registers, where sums of
 * strings have up to 4^registers terms.  What pieces do in a history is the same for all readouts. */
#include "pauli_hub.h"

#include <math.h>
#include <string.h>

#include "entente/memory.h"

enum { MOST_HUBS = 3, MOST_SLICES = 12, MOST_JOINT = 5, MOST_HISTORIES = 1 << 14 };

/* Rotations from - 1 down to `to`; from `split` - 1 on, hubs have eigenvalues of axis[hub] (the letter, or -1). */
typedef struct {
    int64_t from, split, to;
    int axis[MOST_HUBS];
} hub_slice;

/* A piece's operator in a history, and its expectation value. */
typedef struct {
    bool made, identity;
    pauli_complex sum;
    pauli_complex_node node;
} piece_state;

/* What has happened to the hubs: the history of the parent, then one slice; side [hub][left, right]. */
typedef struct {
    int parent, slice;
    signed char side[MOST_HUBS][2];
    piece_state *piece; /* [registers] */
    pauli_complex_node *before,
        *after; /* [registers + 1] products of the pieces; re -2: not yet computed, -1: the number 1 */
} hub_history;

struct pauli_hub {
    pauli_hub *next;
    ent_bits qubits, joint; /* the component; hubs and what else is on their registers */
    int hubs, hub[MOST_HUBS];
    ent_bits is_hub;
    int slices;
    hub_slice slice[MOST_SLICES];
    int64_t histories, history_room;
    hub_history *history; /* 0: nothing yet */
    bool serves;
};

static const pauli_complex_node ONE = {-1, -1}, UNKNOWN = {-2, -2};

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "pauli engine: no memory for the histories of a circuit");
}

/* ---- hubs ---- */

static bool meet(ent_bits a, ent_bits b)
{
    return ent_bits_last(ent_bits_and(a, b)) >= 0;
}

static ent_bits without(ent_bits a, ent_bits b)
{
    return ent_bits_xor(a, ent_bits_and(a, b));
}

/* All qubits that gates connect with a readout's. */
static ent_bits component(const pauli_late *late, ent_bits qubits)
{
    for (bool more = true; more;) {
        more = false;
        for (int64_t k = 0; k < late->rotations; k++) {
            const ent_bits on = pauli_support(&late->rotation[k].on), all = ent_bits_or(qubits, on);
            if (!meet(on, qubits) || ent_bits_equal(all, qubits)) continue;
            qubits = all;
            more = true;
        }
    }
    return qubits;
}

static int registers_of(const pauli_form *form, ent_bits qubits)
{
    int count = 0;
    for (int m = 0; m < form->circuit->registers; m++) count += meet(qubits, form->qubits[m]);
    return count;
}

/* The qubit in the most gates between registers that no hub is in; -1: there is no such gate. */
static int busiest(const pauli_hub *hub, const pauli_hubs *h)
{
    int gates[ENT_MAX_QUBITS] = {0}, best = -1;
    for (int64_t k = 0; k < h->late->rotations; k++) {
        const ent_bits on = pauli_support(&h->late->rotation[k].on);
        if (!meet(on, hub->qubits) || meet(on, hub->is_hub) || registers_of(h->form, on) < 2) continue;
        for (int q = 0; q < ENT_MAX_QUBITS; q++) gates[q] += ent_bits_has(&on, q);
    }
    for (int q = 0; q < ENT_MAX_QUBITS; q++)
        if (gates[q] > 0 && (best < 0 || gates[q] > gates[best])) best = q;
    return best;
}

static bool choose_hubs(pauli_hub *hub, const pauli_hubs *h)
{
    int q;
    while ((q = busiest(hub, h)) >= 0) {
        if (hub->hubs == MOST_HUBS) return false;
        hub->hub[hub->hubs++] = q;
        ent_bits_add(&hub->is_hub, q);
    }
    for (int m = 0; m < h->form->circuit->registers; m++)
        if (meet(hub->is_hub, h->form->qubits[m]))
            hub->joint = ent_bits_or(hub->joint, ent_bits_and(hub->qubits, h->form->qubits[m]));
    return hub->hubs > 0;
}

/* ---- slices ---- */

/* A gate on a hub and a piece: which hub and the letter there; `axis` -1: another gate.  False: on several hubs. */
static bool conditional(const pauli_hub *hub, const ent_pauli *on, int *which, int *axis)
{
    const ent_pauli inside = pauli_on(on, hub->is_hub);
    *axis = -1;
    if (!meet(pauli_support(on), hub->is_hub) || !meet(without(pauli_support(on), hub->joint), hub->qubits))
        return true;
    for (*which = 0; *which < hub->hubs; ++*which)
        for (int letter = PAULI_X; letter <= PAULI_Z; letter++) {
            const ent_pauli single = pauli_single(letter, hub->hub[*which]);
            *axis = letter;
            if (pauli_equal(&inside, &single)) return true;
        }
    return false;
}

static ent_pauli label(const pauli_hub *hub, const hub_slice *slice, int which)
{
    return pauli_single(slice->axis[which], hub->hub[which]);
}

/* Whether a gate keeps the eigenvalues that a slice has fixed. */
static bool keeps(const pauli_hub *hub, const hub_slice *slice, const ent_pauli *on)
{
    for (int w = 0; w < hub->hubs; w++) {
        if (slice->axis[w] < 0) continue;
        const ent_pauli q = label(hub, slice, w);
        if (!pauli_commute(&q, on)) return false;
    }
    return true;
}

/* Whether the slice can begin with an eigenvalue of the hub: no gate since the split changes it. */
static bool can_fix(const pauli_hub *hub, const pauli_late *late, const hub_slice *slice, int64_t k, int which,
                    int axis)
{
    const ent_pauli q = pauli_single(axis, hub->hub[which]);
    for (int64_t j = slice->split - 1; j > k; j--)
        if (!pauli_commute(&late->rotation[j].on, &q)) return false;
    return true;
}

static bool next_slice(pauli_hub *hub, int64_t from)
{
    if (hub->slices > 0) hub->slice[hub->slices - 1].to = from;
    if (hub->slices == MOST_SLICES) return false;
    hub->slice[hub->slices++] = (hub_slice){.from = from, .split = -1, .axis = {-1, -1, -1}};
    return true;
}

static bool cut_slices(pauli_hub *hub, const pauli_late *late)
{
    next_slice(hub, late->rotations);
    for (int64_t k = late->rotations - 1; k >= 0; k--) {
        const ent_pauli *on = &late->rotation[k].on;
        hub_slice *slice = &hub->slice[hub->slices - 1];
        int which, axis;
        if (!meet(pauli_support(on), hub->is_hub)) continue;
        if (!conditional(hub, on, &which, &axis)) return false;
        const bool fits = keeps(hub, slice, on) && (axis < 0 || slice->split < 0 || slice->axis[which] == axis ||
                                                    can_fix(hub, late, slice, k, which, axis));
        if (!fits && !next_slice(hub, k + 1)) return false;
        slice = &hub->slice[hub->slices - 1];
        if (axis < 0) continue;
        if (slice->split < 0) slice->split = k + 1;
        slice->axis[which] = axis;
    }
    hub->slice[hub->slices - 1].to = 0;
    for (int s = 0; s < hub->slices; s++)
        if (hub->slice[s].split < 0) hub->slice[s].split = hub->slice[s].to;
    return true;
}

/* ---- the list ---- */

static ent_status history_add(const pauli_hubs *h, pauli_hub *hub, hub_history history, int *index)
{
    const int registers = h->form->circuit->registers;
    if (!ent_grow((void **)&hub->history, &hub->history_room, hub->histories, sizeof *hub->history))
        return no_memory();
    history.piece = ent_alloc(registers, sizeof *history.piece);
    history.before = ent_alloc(registers + 1, sizeof *history.before);
    history.after = ent_alloc(registers + 1, sizeof *history.after);
    hub->history[hub->histories++] = history;
    if (!history.piece || !history.before || !history.after) return no_memory();
    for (int m = 0; m <= registers; m++) history.before[m] = history.after[m] = UNKNOWN;
    *index = (int)hub->histories - 1;
    return ENT_OK;
}

ent_status ent_pauli_hub_find(pauli_hubs *h, const ent_pauli *readout, pauli_hub **out)
{
    const ent_bits qubits = component(h->late, pauli_support(readout));
    pauli_hub *hub = h->first;
    *out = NULL;
    while (hub && !ent_bits_equal(hub->qubits, qubits)) hub = hub->next;
    if (!hub) {
        int root;
        hub = ent_alloc(1, sizeof *hub);
        if (!hub) return no_memory();
        *hub = (pauli_hub){.next = h->first, .qubits = qubits};
        h->first = hub;
        hub->serves = h->late->channels == 0 && choose_hubs(hub, h) && cut_slices(hub, h->late);
        if (hub->serves) ENT_TRY(history_add(h, hub, (hub_history){.parent = -1}, &root));
    }
    if (hub->serves) *out = hub;
    return ENT_OK;
}

static void history_clear(hub_history *history, int registers)
{
    for (int m = 0; history->piece && m < registers; m++) ent_free(history->piece[m].sum.term);
    ent_free(history->piece);
    ent_free(history->before);
    ent_free(history->after);
}

void ent_pauli_hubs_clear(pauli_hubs *h)
{
    while (h->first) {
        pauli_hub *hub = h->first;
        for (int64_t k = 0; k < hub->histories; k++) history_clear(&hub->history[k], h->form->circuit->registers);
        ent_free(hub->history);
        h->first = hub->next;
        ent_free(hub);
    }
}

/* ---- what it costs ---- */

static ent_bits joint_of(const pauli_hub *hub, const pauli_form *form, const ent_pauli *readout)
{
    ent_bits joint = hub->joint;
    for (int m = 0; m < form->circuit->registers; m++)
        if (meet(pauli_support(readout), form->qubits[m]))
            joint = ent_bits_or(joint, ent_bits_and(hub->qubits, form->qubits[m]));
    return joint;
}

double ent_pauli_hub_cost(const pauli_hubs *h, const pauli_hub *hub, const ent_pauli *readout)
{
    const ent_bits joint = joint_of(hub, h->form, readout);
    const int many = ent_bits_count(joint);
    double histories = 0.0, pieces = 0.0;
    int left = 0;
    for (int s = 0; s < hub->slices; s++) left += hub->slice[s].split > hub->slice[s].to;
    if (!meet(pauli_support(readout), hub->is_hub)) left--; /* the first slice then leaves the hubs as they are */
    if (many > MOST_JOINT || left < 0) return INFINITY;
    for (; left > 0; left--)
        histories = ldexp(histories, 2 * hub->hubs) + (ldexp(1.0, 2 * hub->hubs) - ldexp(1.0, hub->hubs)) / 2.0;
    if (histories > MOST_HISTORIES) return INFINITY;
    for (int m = 0; m < h->form->circuit->registers; m++) {
        const ent_bits here = without(ent_bits_and(hub->qubits, h->form->qubits[m]), joint);
        if (ent_bits_count(here) > MOST_JOINT) return INFINITY;
        if (ent_bits_last(here) >= 0) pieces += ldexp(2.0, 2 * ent_bits_count(here)) + 8.0;
    }
    return (1.0 + histories) * ldexp(2.0, 2 * many) + histories * pieces;
}

/* ---- pieces ---- */

/* The angle of a rotation; quarter turns are fixed ones. */
static ent_status angle_of(pauli_hubs *h, int64_t k, int *angle)
{
    *angle = h->late->rotation[k].angle;
    return h->late->rotation[k].quarters == 0
               ? ENT_OK
               : ent_pauli_late_quarters(h->late, h->late->rotation[k].quarters, angle);
}

/* A gate on a hub and this piece. */
static ent_status condition(pauli_hubs *h, const pauli_hub *hub, const hub_history *history, int64_t k,
                            const ent_pauli *on, piece_state *state)
{
    int which, axis, angle, slot = -1;
    ENT_TRY(angle_of(h, k, &angle));
    conditional(hub, &h->late->rotation[k].on, &which, &axis);
    const signed char *side = history->side[which];
    if (side[0] == side[1])
        return state->identity ? ENT_OK : ent_pauli_complex_rotate(&state->sum, on, side[0], angle, h->tape);
    if (state->identity) {
        ENT_TRY(ent_pauli_tape_slot(h->tape, 1.0, &slot));
        ENT_TRY(ent_pauli_complex_add(&state->sum, (pauli_complex_term){.re = slot, .im = -1}));
        state->identity = false;
    }
    return ent_pauli_complex_multiply(&state->sum, on, side[0], angle, h->tape);
}

/* Register m's piece in a history: as it was before, then through the gates of the last slice. */
static ent_status make_piece(pauli_hubs *h, pauli_hub *hub, int index, int m)
{
    const hub_history *history = &hub->history[index];
    piece_state *state = &history->piece[m];
    const ent_bits piece = without(ent_bits_and(hub->qubits, h->form->qubits[m]), hub->joint);
    if (state->made) return ENT_OK;
    state->identity = true;
    if (history->parent >= 0) {
        const hub_slice *slice = &hub->slice[history->slice];
        ENT_TRY(make_piece(h, hub, history->parent, m));
        const piece_state *before = &hub->history[history->parent].piece[m];
        state->identity = before->identity;
        ENT_TRY(ent_pauli_complex_copy(&before->sum, 1.0, h->tape, &state->sum));
        for (int64_t k = slice->from - 1; k >= slice->to; k--) {
            const ent_pauli *whole = &h->late->rotation[k].on, on = pauli_on(whole, piece);
            int angle;
            if (!meet(pauli_support(whole), piece)) continue;
            if (meet(pauli_support(whole), hub->is_hub)) {
                ENT_TRY(condition(h, hub, history, k, &on, state));
            } else if (!state->identity) {
                ENT_TRY(angle_of(h, k, &angle));
                ENT_TRY(ent_pauli_complex_rotate(&state->sum, &on, 1, angle, h->tape));
            }
        }
    }
    state->node = ONE;
    if (!state->identity) ENT_TRY(ent_pauli_complex_value(&state->sum, h->form, h->tape, &state->node));
    state->made = true;
    return ENT_OK;
}

static ent_status times(pauli_form *form, pauli_complex_node a, pauli_complex_node b, pauli_complex_node *out)
{
    *out = a.re < 0 ? b : a;
    return a.re < 0 || b.re < 0 ? ENT_OK : ent_pauli_complex_times(form, a, b, false, out);
}

/* The product of the pieces of registers first..end-1; products that begin at 0 or end at the last are kept. */
static ent_status pieces_between(pauli_hubs *h, pauli_hub *hub, int index, int first, int end,
                                 pauli_complex_node *out)
{
    const int registers = h->form->circuit->registers;
    pauli_complex_node *kept = first == 0         ? &hub->history[index].before[end]
                               : end == registers ? &hub->history[index].after[first]
                                                  : NULL;
    pauli_complex_node rest;
    *out = ONE;
    if (kept && kept->re != UNKNOWN.re) *out = *kept;
    if (first == end || (kept && kept->re != UNKNOWN.re)) return ENT_OK;
    const int one = first == 0 ? end - 1 : first;
    ENT_TRY(make_piece(h, hub, index, one));
    ENT_TRY(pieces_between(h, hub, index, first == 0 ? 0 : first + 1, first == 0 ? end - 1 : end, &rest));
    ENT_TRY(times(h->form, rest, hub->history[index].piece[one].node, out));
    if (kept) *kept = *out;
    return ENT_OK;
}

/* ---- readouts ---- */

/* A readout while it is propagated back. */
typedef struct {
    pauli_hubs *h;
    pauli_hub *hub;
    ent_bits joint;
    pauli_entry *last; /* [last_count] the entries of the total */
    int64_t last_count, last_room;
} descent;

static ent_status add_last(descent *d, pauli_entry entry)
{
    if (!ent_grow((void **)&d->last, &d->last_room, d->last_count, sizeof *d->last)) return no_memory();
    d->last[d->last_count++] = entry;
    return ENT_OK;
}

/* Joint operator times the pieces of the other registers. */
static ent_status finish(descent *d, const pauli_complex *joint, int index)
{
    pauli_form *form = d->h->form;
    const int registers = form->circuit->registers;
    pauli_complex_node all, run;
    int slot = -1;
    if (index == 0) { /* nothing has happened: it is real, and there is no other factor */
        for (int64_t k = 0; k < joint->count; k++) {
            int node;
            ENT_TRY(ent_pauli_form_string(form, &joint->term[k].string, &node));
            ENT_TRY(add_last(d, (pauli_entry){node, joint->term[k].re, 1}));
        }
        return ENT_OK;
    }
    pauli_complex_node others = ONE;
    for (int first = 0, end; first < registers; first = end + 1) {
        for (end = first; end < registers && !meet(d->joint, form->qubits[end]); end++) continue;
        ENT_TRY(pieces_between(d->h, d->hub, index, first, end, &run));
        ENT_TRY(times(form, others, run, &others));
    }
    ENT_TRY(ent_pauli_complex_value(joint, form, d->h->tape, &all));
    if (others.re >= 0) ENT_TRY(ent_pauli_complex_times(form, all, others, true, &all));
    ENT_TRY(ent_pauli_tape_slot(d->h->tape, 1.0, &slot));
    return add_last(d, (pauli_entry){all.re, slot, 1});
}

/* The joint operator through rotations from - 1 down to `to`. */
static ent_status through(const descent *d, pauli_complex *joint, int64_t from, int64_t to)
{
    for (int64_t k = from - 1; k >= to; k--) {
        const ent_pauli *on = &d->h->late->rotation[k].on;
        int angle;
        if (!ent_bits_equal(ent_bits_and(pauli_support(on), d->joint), pauli_support(on))) continue;
        ENT_TRY(angle_of(d->h, k, &angle));
        ENT_TRY(ent_pauli_complex_rotate(joint, on, 1, angle, d->h->tape));
    }
    return ENT_OK;
}

static ent_status find_history(const descent *d, const hub_history *wanted, int *index)
{
    for (int64_t k = 1; k < d->hub->histories; k++) {
        const hub_history *there = &d->hub->history[k];
        if (there->parent != wanted->parent || there->slice != wanted->slice ||
            memcmp(there->side, wanted->side, sizeof there->side) != 0)
            continue;
        *index = (int)k;
        return ENT_OK;
    }
    return history_add(d->h, d->hub, *wanted, index);
}

static ent_status descend(descent *d, pauli_complex *joint, int slice, int index);
static ent_status take_part(descent *d, const pauli_complex *joint, int which, const int side[2], bool same,
                            hub_history *history);

/* From hub `which` on: split the joint operator by the eigenvalues of the hubs and descend into each part, except the
 * one whose eigenvalues are the same on both sides throughout (see descend).  same: they are, so far. */
static ent_status split(descent *d, pauli_complex *joint, int which, bool same, hub_history *history)
{
    const pauli_hub *hub = d->hub;
    const hub_slice *slice = &hub->slice[history->slice];
    int index;
    while (which < hub->hubs && slice->axis[which] < 0) which++;
    if (which < hub->hubs) {
        for (int sides = 0; sides < 4; sides++) {
            const int side[2] = {sides & 1 ? -1 : 1, sides & 2 ? -1 : 1};
            ENT_TRY(take_part(d, joint, which, side, same, history));
        }
        return ENT_OK;
    }
    if (same) return ENT_OK;
    ENT_TRY(find_history(d, history, &index));
    ENT_TRY(through(d, joint, slice->split, slice->to));
    return descend(d, joint, history->slice + 1, index);
}

static ent_status take_part(descent *d, const pauli_complex *joint, int which, const int side[2], bool same,
                            hub_history *history)
{
    const hub_slice *slice = &d->hub->slice[history->slice];
    const ent_pauli q = label(d->hub, slice, which);
    const bool differ = side[0] != side[1];
    int last = d->hub->hubs - 1;
    while (slice->axis[last] < 0) last--;
    if (same && differ && side[0] < 0) return ENT_OK; /* the conjugate of another part */
    if (same && !differ && which == last) return ENT_OK;
    pauli_complex part = {0};
    history->side[which][0] = (signed char)side[0];
    history->side[which][1] = (signed char)side[1];
    ent_status status = ent_pauli_complex_project(joint, &q, side, same && differ ? 2.0 : 1.0, d->h->tape, &part);
    if (status == ENT_OK && part.count > 0) status = split(d, &part, which + 1, same && !differ, history);
    ent_free(part.term);
    return status;
}

/* What commutes with all that the slice fixes. */
static void keep_same(const pauli_hub *hub, const hub_slice *slice, pauli_complex *joint)
{
    int64_t kept = 0;
    for (int64_t k = 0; k < joint->count; k++)
        if (keeps(hub, slice, &joint->term[k].string)) joint->term[kept++] = joint->term[k];
    joint->count = kept;
}

static ent_status descend(descent *d, pauli_complex *joint, int slice, int index)
{
    if (slice == d->hub->slices) return finish(d, joint, index);
    const hub_slice *here = &d->hub->slice[slice];
    hub_history history = {.parent = index, .slice = slice};
    ENT_TRY(through(d, joint, here->from, here->split));
    ENT_TRY(split(d, joint, 0, index == 0, &history));
    if (index != 0) return ENT_OK;
    keep_same(d->hub, here, joint);
    if (joint->count == 0) return ENT_OK;
    ENT_TRY(through(d, joint, here->split, here->to));
    return descend(d, joint, slice + 1, 0);
}

ent_status ent_pauli_hub_append(pauli_hubs *h, pauli_hub *hub, const ent_pauli *readout, ent_bits *cone,
                                int64_t *first)
{
    descent d = {.h = h, .hub = hub, .joint = joint_of(hub, h->form, readout)};
    pauli_complex joint = {0};
    int slot = -1;
    ent_status status = ent_pauli_tape_slot(h->tape, 1.0, &slot);
    if (status == ENT_OK) status = ent_pauli_complex_add(&joint, (pauli_complex_term){*readout, slot, -1});
    if (status == ENT_OK) status = descend(&d, &joint, 0, 0);
    *cone = ent_bits_or(*cone, hub->qubits);
    *first = h->form->entries;
    for (int64_t k = 0; k < d.last_count && status == ENT_OK; k++) status = ent_pauli_form_entry(h->form, d.last[k]);
    ent_free(d.last);
    ent_free(joint.term);
    return status;
}
