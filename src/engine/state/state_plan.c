/* Compiles a circuit into passes.  Each pass is chosen greedily: it takes rotations in order as long as its space
 * has room for their flips and they commute with the rotations it skips.  A transform is a separate pass, as soon
 * as everything that must precede it is done, but never the first or the last pass, which creates the state or
 * computes the sums. */
#include "state_plan.h"

#include <string.h>

#include "core/gf2.h"
#include "entente/memory.h"

/* Number of rotations that a pass considers, so that planning stays linear in the length of a circuit. */
enum { WINDOW = 2048 };

static int block_limit;

void ent_state_limit_block(int bits)
{
    block_limit = bits;
}

/* ---- the space of a pass ---- */

/* Block bits for a state of this many bits: several blocks, so that all threads have work; but a small state is
 * one block, which runs the whole circuit without touching memory.  A part of a state needs blocks for its slices. */
static int block_bits(const state_plan *plan, int wanted)
{
    const int whole = plan->local_bits < wanted && plan->bits == plan->local_bits;
    int bits = wanted;
    if (block_limit > 0 && block_limit < bits) bits = block_limit;
    if (bits > plan->local_bits - (whole ? 0 : 2)) bits = plan->local_bits - (whole ? 0 : 2);
    if (bits > plan->shape.lane_bits + STATE_LINE_BITS) bits = plan->shape.lane_bits + STATE_LINE_BITS;
    const int least = plan->shape.lane_bits + 1;
    return bits < least ? least : bits;
}

static int run_bits(const state_plan *plan, int bits)
{
    const int room = bits - 2;
    if (plan->shape.run_bits <= room) return plan->shape.run_bits;
    return room > plan->shape.lane_bits ? room : plan->shape.lane_bits;
}

/* Complete the space, sort the vectors above the run by their pivots, which is the order of memory, and write the
 * table of runs. */
static ent_status finish_space(const state_plan *plan, ent_gf2 *space, int bits, int run, state_pass *pass)
{
    for (int b = 0; b < plan->local_bits && space->count < bits; b++) ent_gf2_add_highest(space, UINT64_C(1) << b);
    ent_gf2_sort(space, run);
    pass->bits = space->count;
    pass->fixed = space->pivots;
    for (int k = 0; k < space->count; k++) pass->basis[k] = space->vector[k];
    pass->run_lines = 1 << (run - plan->shape.lane_bits);
    pass->runs = INT64_C(1) << (pass->bits - run);
    pass->run = ent_alloc(pass->runs, sizeof *pass->run);
    ENT_REQUIRE(pass->run, ENT_ENOMEM, "state engine: no memory for a pass");
    for (int64_t r = 1; r < pass->runs; r++) {
        const int low = __builtin_ctzll((uint64_t)r);
        pass->run[r] = pass->run[r & (r - 1)] ^ pass->basis[run + low] >> plan->shape.lane_bits;
    }
    return ENT_OK;
}

/* ---- which rotations ---- */

/* Move what the pass takes from order to taken; returns how many. */
static int take(const state_plan *plan, int bits, int *order, int *count, int *taken, ent_gf2 *space)
{
    int found = 0, left = 0;
    for (int k = 0; k < *count; k++) {
        const lower_rotation *rotation = &plan->list.rotation[order[k]];
        int free_to_go = k < WINDOW && rotation->transform < 0;
        for (int j = 0; j < left && free_to_go; j++) free_to_go = state_commute(&plan->list, order[k], order[j]);
        if (free_to_go && rotation->flip) {
            if (space->count == bits && ent_gf2_reduce(space, rotation->flip, NULL))
                free_to_go = 0;
            else
                ent_gf2_add_highest(space, rotation->flip);
        }
        if (free_to_go)
            taken[found++] = order[k];
        else
            order[left++] = order[k];
    }
    *count = left;
    return found;
}

/* A new pass, and its space with the lowest bits. */
static ent_status grow_route(const state_plan *plan, int wanted, state_route *route, ent_gf2 *space, state_pass **out)
{
    ENT_REQUIRE(ent_grow((void **)&route->pass, &route->room, route->passes, sizeof *route->pass), ENT_ENOMEM,
                "state engine: no memory for a pass");
    *out = &route->pass[route->passes++];
    const int run = run_bits(plan, block_bits(plan, wanted));
    *space = (ent_gf2){0};
    for (int k = 0; k < run; k++) ent_gf2_add_highest(space, UINT64_C(1) << k);
    return ENT_OK;
}

static ent_status add_pass(state_plan *plan, int wanted, int width, int *order, int *count, int *taken,
                           state_route *route)
{
    const int bits = block_bits(plan, wanted);
    state_pass *pass;
    ent_gf2 space;
    ENT_TRY(grow_route(plan, wanted, route, &space, &pass));
    const int found = take(plan, bits, order, count, taken, &space);
    ENT_TRY(finish_space(plan, &space, bits, run_bits(plan, bits), pass));
    return ent_state_pass_fill(plan, width, taken, found, pass);
}

/* Whether no earlier rotation has to precede it. */
static int is_free(const state_plan *plan, const int *order, int k)
{
    for (int j = 0; j < k; j++)
        if (!state_commute(&plan->list, order[k], order[j])) return 0;
    return 1;
}

/* The index in order of the first transform if it can run now, else -1. */
static int find_transform(const state_plan *plan, const int *order, int count)
{
    for (int k = 0; k < count; k++)
        if (plan->list.rotation[order[k]].transform >= 0) return is_free(plan, order, k) ? k : -1;
    return -1;
}

/* Create a pass for the transform at index k of order. */
static ent_status add_transform(state_plan *plan, int k, int *order, int *count, state_route *route)
{
    const int rotation = order[k], bits = block_bits(plan, plan->shape.forward_bits);
    int flips;
    const uint64_t *flip = state_flips(&plan->list, rotation, &flips);
    state_pass *pass;
    ent_gf2 space;
    ENT_TRY(grow_route(plan, plan->shape.forward_bits, route, &space, &pass));
    for (int j = 0; j < flips; j++) ent_gf2_add_highest(&space, flip[j]);
    memmove(order + k, order + k + 1, (size_t)(--*count - k) * sizeof *order);
    ENT_TRY(finish_space(plan, &space, bits, run_bits(plan, bits), pass));
    return ent_state_transform_new(plan, rotation, pass, &pass->transform);
}

/* Of a block and of the rotations that a stage combines. */
typedef struct {
    int bits, width;
} route_shape;

static ent_status make_route(state_plan *plan, route_shape shape, const int *order, int count, int first, int last,
                             state_route *route)
{
    int *left = ent_copy(order, count, sizeof *left), *taken = ent_alloc(count, sizeof *taken), more = count;
    ent_status status = left && taken ? ENT_OK : ent_fail(ENT_ENOMEM, "state engine: no memory for a plan");
    int place = -1;
    while (status == ENT_OK && (route->passes == 0 || more > 0 || (last && place >= 0))) {
        place = first && route->passes == 0 ? -1 : find_transform(plan, left, more);
        status = place >= 0 ? add_transform(plan, place, left, &more, route)
                            : add_pass(plan, shape.bits, shape.width, left, &more, taken, route);
    }
    if (status == ENT_OK && last) status = ent_state_pass_sums(plan, &route->pass[route->passes - 1]);
    ent_free(left);
    ent_free(taken);
    return status;
}

/* ---- the plan ---- */

/* Equal strings of Zs share one value; an empty string is a constant. */
static ent_status find_values(state_plan *plan)
{
    lower_list *list = &plan->list;
    plan->value = ent_alloc(list->readouts, sizeof *plan->value);
    plan->value_row = ent_alloc(list->readouts, sizeof *plan->value_row);
    ENT_REQUIRE(plan->value && plan->value_row, ENT_ENOMEM, "state engine: no memory for %d readouts",
                list->readouts);
    for (int r = 0; r < list->readouts; r++) {
        if (list->flip[r]) continue;
        int v = 0;
        while (v < plan->sums && plan->value_row[v] != list->row[r]) v++;
        plan->value[r] = list->row[r] == 0 ? -1 : v;
        if (list->row[r] != 0 && v == plan->sums) plan->value_row[plan->sums++] = list->row[r];
    }
    plan->values = plan->sums;
    for (int r = 0; r < list->readouts; r++) {
        if (!list->flip[r]) continue;
        plan->value[r] = plan->values;
        ENT_TRY(ent_lower_read(list, r, plan->values++));
    }
    return ENT_OK;
}

ent_status ent_state_plan_routes(state_plan *plan, const int *order, int count, int first, int last)
{
    const state_shape *s = &plan->shape;
    ENT_TRY(make_route(plan, (route_shape){s->forward_bits, s->forward_width}, order, count, first, last,
                       &plan->forward));
    return make_route(plan, (route_shape){s->back_bits, s->back_width}, order, count, first, last, &plan->back);
}

/* An exchange between ranks can make any flips local, up to half the number of local bits (shard_plan.h). */
static lower_pieces pieces_of(const state_plan *plan)
{
    const int block = block_bits(plan, plan->shape.forward_bits), run = run_bits(plan, block);
    if (plan->bits == plan->local_bits) return (lower_pieces){run, block, block};
    const int room = block - run, half = plan->local_bits / 2;
    return (lower_pieces){run, block, room < half ? room : half};
}

ent_status ent_state_plan_begin(const ent_circuit *circuit, const state_shape *shape, int rank_bits, state_plan **out,
                                int **order, int *count)
{
    const int own = circuit->qubits - rank_bits, least = shape->lane_bits + 1;
    state_plan *plan = ent_alloc(1, sizeof *plan);
    ENT_REQUIRE(plan, ENT_ENOMEM, "state engine: no memory");
    plan->shape = *shape;
    plan->local_bits = own > least ? own : least; /* bits without a qubit fill up a vector */
    plan->bits = plan->local_bits + rank_bits;
    plan->params = circuit->params;
    plan->angles = circuit->angles;
    const lower_pieces pieces = pieces_of(plan);
    ent_status status = ent_lower(circuit, &pieces, &plan->list);
    if (status == ENT_OK) status = find_values(plan);
    int *rest = status == ENT_OK ? ent_alloc(plan->list.rotations, sizeof *rest) : NULL;
    if (status == ENT_OK && !rest) status = ent_fail(ENT_ENOMEM, "state engine: no memory for an order");
    if (status == ENT_OK) status = ent_state_reduce(&plan->list, &plan->prefix, rest, count);
    if (status != ENT_OK) {
        ent_free(rest);
        ent_state_plan_free(plan);
        return status;
    }
    *out = plan;
    *order = rest;
    return ENT_OK;
}

ent_status ent_state_plan_new(const ent_circuit *circuit, const state_shape *shape, state_plan **out)
{
    state_plan *plan;
    int *order, count;
    ENT_TRY(ent_state_plan_begin(circuit, shape, 0, &plan, &order, &count));
    const ent_status status = ent_state_plan_routes(plan, order, count, 1, 1);
    ent_free(order);
    if (status != ENT_OK) {
        ent_state_plan_free(plan);
        return status;
    }
    *out = plan;
    return ENT_OK;
}

static void route_clear(state_route *route)
{
    for (int k = 0; k < route->passes; k++) ent_state_pass_clear(&route->pass[k]);
    ent_free(route->pass);
    *route = (state_route){0};
}

void ent_state_plan_free_routes(state_plan *plan)
{
    route_clear(&plan->forward);
    route_clear(&plan->back);
}

void ent_state_plan_free(state_plan *plan)
{
    if (!plan) return;
    ent_state_plan_free_routes(plan);
    ent_lower_clear(&plan->list);
    ent_free(plan->value);
    ent_free(plan->value_row);
    ent_free(plan->prefix.rotation);
    ent_free(plan->prefix.bit);
    ent_free(plan);
}
