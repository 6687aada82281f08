/* Segments and exchanges, chosen greedily. */
#include "shard_plan.h"

#include <stdbool.h>
#include <string.h>

#include "core/gf2.h"
#include "entente/memory.h"

/* ---- coordinates ---- */

static uint64_t low_mask(int bits)
{
    return (UINT64_C(1) << bits) - 1;
}

/* x with C x = rank. */
uint64_t ent_shard_renamed(const shard_exchange *exchange, int rank_bits, uint64_t rank)
{
    ent_gf2 columns = {0};
    uint64_t x;
    for (int k = 0; k < rank_bits; k++) ent_gf2_add(&columns, exchange->rank_basis[k]);
    ent_gf2_reduce(&columns, rank, &x);
    return x;
}

/* Apply the exchange to a displacement or an index, after the renaming. */
static uint64_t exchanged(const shard_exchange *e, int local_bits, uint64_t p)
{
    uint64_t moved = p;
    for (int k = 0; k < e->bits; k++)
        if (lower_parity(e->rho[k], p & low_mask(local_bits)) ^ (int)(p >> (local_bits + k) & 1))
            moved ^= UINT64_C(1) << e->bit[k] ^ UINT64_C(1) << (local_bits + k);
    return moved;
}

static uint64_t flip_behind(const shard_plan *plan, const shard_exchange *e, uint64_t flip)
{
    const int local = plan->local_bits;
    const uint64_t rank = ent_shard_renamed(e, plan->rank_bits, flip >> local);
    return exchanged(e, local, rank << local | (flip & low_mask(local)));
}

/* A row is a parity of the index: bit q of the new row is the old row's parity on the preimage of unit vector q. */
static uint64_t row_behind(const shard_plan *plan, const shard_exchange *e, uint64_t row)
{
    const int local = plan->local_bits;
    uint64_t result = 0;
    for (int q = 0; q < local + plan->rank_bits; q++) {
        const uint64_t was = exchanged(e, local, UINT64_C(1) << q);
        uint64_t rank = 0;
        for (int k = 0; k < plan->rank_bits; k++)
            if (was >> (local + k) & 1) rank ^= e->rank_basis[k];
        result |= (uint64_t)lower_parity(row, rank << local | (was & low_mask(local))) << q;
    }
    return result;
}

/* ---- which rotations ---- */

/* Whether it commutes with all of `left`. */
static int is_free(const lower_list *list, int r, const int *left, int count)
{
    for (int k = 0; k < count; k++)
        if (!state_commute(list, r, left[k])) return 0;
    return 1;
}

static int flips_are_local(const state_plan *plan, int r)
{
    int count;
    const uint64_t *flip = state_flips(&plan->list, r, &count);
    for (int k = 0; k < count; k++)
        if (flip[k] >> plan->local_bits) return 0;
    return 1;
}

/* Move the rotations with local flips that can run from order to taken; returns their number. */
static int take_local(const state_plan *plan, int *order, int *count, int *taken)
{
    int found = 0, left = 0;
    for (int k = 0; k < *count; k++) {
        if (flips_are_local(plan, order[k]) && is_free(&plan->list, order[k], order, left))
            taken[found++] = order[k];
        else
            order[left++] = order[k];
    }
    *count = left;
    return found;
}

/* Add all flips of rotation or transform r to the spaces if the exchange can then make them local. */
static int add_flips(const shard_plan *plan, const state_plan *at, int r, ent_gf2 *ranks, ent_gf2 *locals)
{
    ent_gf2 more_ranks = *ranks, more_locals = *locals;
    int count;
    const uint64_t *flip = state_flips(&at->list, r, &count);
    for (int k = 0; k < count; k++) {
        ent_gf2_add(&more_ranks, flip[k] >> plan->local_bits);
        ent_gf2_add(&more_locals, flip[k] & low_mask(plan->local_bits));
    }
    if (more_ranks.count + more_locals.count > plan->local_bits) return 0;
    *ranks = more_ranks;
    *locals = more_locals;
    return 1;
}

/* The flips that the exchange makes local: as many as fit, in order.  skipped has room for all. */
static void choose_flips(const shard_plan *plan, const state_plan *at, const int *order, int count, int *skipped,
                         ent_gf2 *ranks, ent_gf2 *locals)
{
    int left = 0;
    for (int k = 0; k < count; k++)
        if (!is_free(&at->list, order[k], skipped, left) || !add_flips(plan, at, order[k], ranks, locals))
            skipped[left++] = order[k];
}

/* The exchange for these spaces.  A local bit that is not a pivot of the flips gives a sign that none of them
 * changes: the parity of the bit and of the pivots of the vectors that contain it.  High bits first, so that
 * contiguous amplitudes move. */
static void make_exchange(const shard_plan *plan, const ent_gf2 *ranks, const ent_gf2 *locals, shard_exchange *e)
{
    ent_gf2 all = *ranks;
    for (int k = 0; k < ranks->count; k++) e->rank_basis[k] = ranks->vector[k];
    for (int b = 0, count = ranks->count; b < plan->rank_bits; b++)
        if (ent_gf2_add(&all, UINT64_C(1) << b)) e->rank_basis[count++] = UINT64_C(1) << b;
    for (int b = plan->local_bits - 1; b >= 0 && e->bits < ranks->count; b--) {
        if (locals->pivots >> b & 1) continue;
        uint64_t rho = UINT64_C(1) << b;
        for (int k = 0; k < locals->count; k++)
            if (locals->vector[k] >> b & 1) rho |= locals->pivot[k];
        e->rho[e->bits] = rho;
        e->bit[e->bits++] = b;
    }
    ENT_ASSERT(e->bits == ranks->count);
}

/* The slices of the pass just before the exchange.  A bit f that is not a pivot of the pass's space gives a sign that
 * is constant on each block: the parity of f and of the pivots of the vectors that contain it, which are higher.  The
 * origin and the destination of an amplitude are in the same slice if the signs do not depend on the bits b_i: signs
 * that do not, and sums of those that do, by elimination.  High bits first, so that contiguous amplitudes move.  The
 * number of slices is limited so that each leaves enough for every partner to fill a buffer. */
static void cut_pass(const shard_plan *plan, const shard_exchange *e, state_pass *pass)
{
    state_slices *slices = &pass->slices;
    int most = 6 - e->bits < 2 ? 2 : 6 - e->bits < STATE_SLICE_BITS ? 6 - e->bits : STATE_SLICE_BITS;
    if (most > plan->local_bits - pass->bits) most = plan->local_bits - pass->bits;
    uint64_t moved = 0;
    ent_gf2 sees = {0};
    for (int i = 0; i < e->bits; i++) moved |= UINT64_C(1) << e->bit[i];
    for (int f = plan->local_bits - 1; f >= 0 && slices->bits < most; f--) {
        if (pass->fixed >> f & 1) continue;
        uint64_t mask = UINT64_C(1) << f;
        for (int k = 0; k < pass->bits; k++)
            if (pass->basis[k] >> f & 1) mask |= ent_gf2_highest(pass->basis[k]);
        mask = ent_gf2_reduce(&sees, mask, NULL);
        if (mask & moved) {
            ent_gf2_add_at(&sees, mask, ent_gf2_lowest(mask & moved));
        } else {
            slices->mask[slices->bits++] = mask;
            slices->leaders |= UINT64_C(1) << f;
        }
    }
}

/* ---- segments ---- */

/* Map rotations, transforms and value rows to the coordinates after the exchange. */
static void move_behind(const shard_plan *plan, const shard_exchange *e, state_plan *to)
{
    for (int r = 0; r < to->list.rotations; r++) {
        lower_rotation *rotation = &to->list.rotation[r];
        rotation->flip = flip_behind(plan, e, rotation->flip);
        rotation->row = row_behind(plan, e, rotation->row);
    }
    for (int k = 0; k < to->list.transforms; k++) {
        lower_transform *t = &to->list.transform[k];
        for (int j = 0; j < t->bits; j++) t->flip[j] = flip_behind(plan, e, t->flip[j]);
        for (int j = 0; j < t->bits + t->low; j++) t->row[j] = row_behind(plan, e, t->row[j]);
    }
    for (int v = 0; v < to->sums; v++) to->value_row[v] = row_behind(plan, e, to->value_row[v]);
}

/* Append a segment: with its own rotations, transforms and value rows, in its coordinates. */
static ent_status add_segment(shard_plan *plan, const shard_exchange *e, shard_segment **out)
{
    ENT_REQUIRE(ent_grow((void **)&plan->segment, &plan->room, plan->segments, sizeof *plan->segment), ENT_ENOMEM,
                "shards: no memory for a segment");
    const state_plan *last = plan->segments > 0 ? &plan->segment[plan->segments - 1].plan : plan->base;
    shard_segment *segment = &plan->segment[plan->segments++];
    segment->plan = *last;
    segment->plan.forward = segment->plan.back = (state_route){0};
    segment->before = *e;
    segment->plan.list.rotation = ent_copy(last->list.rotation, last->list.rotations, sizeof *last->list.rotation);
    segment->plan.list.transform = ent_copy(last->list.transform, last->list.transforms, sizeof(lower_transform));
    segment->plan.value_row = ent_copy(last->value_row, last->sums, sizeof *last->value_row);
    ENT_REQUIRE(segment->plan.list.rotation && segment->plan.list.transform && segment->plan.value_row, ENT_ENOMEM,
                "shards: no memory for a segment");
    if (e->bits > 0) move_behind(plan, e, &segment->plan);
    *out = segment;
    return ENT_OK;
}

static ent_status make_segments(shard_plan *plan, int *order, int count, int *room)
{
    shard_exchange e = {0};
    do {
        shard_segment *segment = NULL;
        ENT_TRY(add_segment(plan, &e, &segment));
        const int found = take_local(&segment->plan, order, &count, room);
        ENT_TRY(ent_state_plan_routes(&segment->plan, room, found, plan->segments == 1, count == 0));
        if (e.bits > 0) cut_pass(plan, &e, &segment->plan.back.pass[0]);
        if (count == 0) return ENT_OK;
        ent_gf2 ranks = {0}, locals = {0};
        choose_flips(plan, &segment->plan, order, count, room, &ranks, &locals);
        e = (shard_exchange){0};
        make_exchange(plan, &ranks, &locals, &e);
        cut_pass(plan, &e, &segment->plan.forward.pass[segment->plan.forward.passes - 1]);
    } while (count > 0);
    return ENT_OK;
}

/* ---- the initial coordinates ---- */

/* Which bits become rank bits: those that the rotations need last. */
static uint64_t pick_rank_bits(const shard_plan *plan, int qubits, const int *order, int count, int *skipped)
{
    uint64_t used = 0;
    int left = 0;
    for (int k = 0; k < count; k++) {
        const lower_list *list = &plan->base->list;
        int flips;
        const uint64_t *flip = state_flips(list, order[k], &flips);
        uint64_t more = used;
        for (int j = 0; j < flips; j++) more |= flip[j];
        if (is_free(list, order[k], skipped, left) && __builtin_popcountll(more) <= qubits - plan->rank_bits)
            used = more;
        else
            skipped[left++] = order[k];
    }
    uint64_t picked = 0;
    for (int q = qubits - 1; q >= 0 && __builtin_popcountll(picked) < plan->rank_bits; q--)
        if (!(used >> q & 1)) picked |= UINT64_C(1) << q;
    return picked;
}

static uint64_t moved(const int *to, int qubits, uint64_t mask)
{
    uint64_t result = 0;
    for (int q = 0; q < qubits; q++)
        if (mask >> q & 1) result |= UINT64_C(1) << to[q];
    return result;
}

static void move_bits(shard_plan *plan, int qubits, uint64_t picked)
{
    int to[64], local = 0, rank = plan->local_bits;
    for (int q = 0; q < qubits; q++) to[q] = picked >> q & 1 ? rank++ : local++;
    state_plan *base = plan->base;
    for (int r = 0; r < base->list.rotations; r++) {
        lower_rotation *rotation = &base->list.rotation[r];
        rotation->flip = moved(to, qubits, rotation->flip);
        rotation->row = moved(to, qubits, rotation->row);
    }
    for (int k = 0; k < base->list.transforms; k++) {
        lower_transform *t = &base->list.transform[k];
        for (int j = 0; j < t->bits; j++) t->flip[j] = moved(to, qubits, t->flip[j]);
        for (int j = 0; j < t->bits + t->low; j++) t->row[j] = moved(to, qubits, t->row[j]);
    }
    for (int v = 0; v < base->sums; v++) base->value_row[v] = moved(to, qubits, base->value_row[v]);
    for (int k = 0; k < base->prefix.rotations; k++) base->prefix.bit[k] = to[base->prefix.bit[k]];
}

/* The plan with these bits as rank bits, or with those that are needed last. */
static ent_status plan_with(const ent_circuit *circuit, const state_shape *shape, int rank_bits,
                            const uint64_t *picked, shard_plan **out)
{
    shard_plan *plan = ent_alloc(1, sizeof *plan);
    ENT_REQUIRE(plan, ENT_ENOMEM, "shards: no memory");
    int *order = NULL, count = 0, *room = NULL;
    ent_status status = ent_state_plan_begin(circuit, shape, rank_bits, &plan->base, &order, &count);
    if (status == ENT_OK && !(room = ent_alloc(count, sizeof *room)))
        status = ent_fail(ENT_ENOMEM, "shards: no memory");
    if (status == ENT_OK) {
        plan->rank_bits = rank_bits;
        plan->local_bits = plan->base->local_bits;
        move_bits(plan, circuit->qubits,
                  picked ? *picked : pick_rank_bits(plan, circuit->qubits, order, count, room));
        status = make_segments(plan, order, count, room);
    }
    ent_free(order);
    ent_free(room);
    if (status != ENT_OK) {
        ent_shard_plan_free(plan);
        return status;
    }
    *out = plan;
    return ENT_OK;
}

/* In reads and writes of the state: a backward pass handles two states, and an exchange moves about half as much as a
 * pass: forward of one state, backward of two. */
static int cost_of(const shard_plan *plan)
{
    int halves = 3 * (plan->segments - 1);
    for (int s = 0; s < plan->segments; s++)
        halves += 2 * plan->segment[s].plan.forward.passes + 4 * plan->segment[s].plan.back.passes;
    return halves;
}

/* Try adjacent bits at every position for a cheaper plan.  A circuit of few qubits is not worth the effort. */
ent_status ent_shard_plan_new(const ent_circuit *circuit, const state_shape *shape, int rank_bits, shard_plan **out)
{
    enum { TRIED_FROM_BITS = 16 };
    shard_plan *best = NULL;
    ENT_TRY(plan_with(circuit, shape, rank_bits, NULL, &best));
    const bool tries = rank_bits > 0 && best->local_bits >= TRIED_FROM_BITS && best->segments > 1;
    for (int q = circuit->qubits - rank_bits; q >= 0 && tries; q--) {
        const uint64_t picked = low_mask(rank_bits) << q;
        shard_plan *other = NULL;
        const ent_status status = plan_with(circuit, shape, rank_bits, &picked, &other);
        if (status != ENT_OK) {
            ent_shard_plan_free(best);
            return status;
        }
        const bool cheaper = cost_of(other) < cost_of(best);
        ent_shard_plan_free(cheaper ? best : other);
        if (cheaper) best = other;
    }
    *out = best;
    return ENT_OK;
}

void ent_shard_plan_free(shard_plan *plan)
{
    if (!plan) return;
    for (int k = 0; k < plan->segments; k++) {
        ent_state_plan_free_routes(&plan->segment[k].plan);
        ent_free(plan->segment[k].plan.list.rotation);
        ent_free(plan->segment[k].plan.list.transform);
        ent_free(plan->segment[k].plan.value_row);
    }
    ent_free(plan->segment);
    ent_state_plan_free(plan->base);
    ent_free(plan);
}
