/* Builds steps, turns, sums and tables from the tree of nodes. */
#include "batch_plan.h"

#include <math.h>
#include <string.h>

#include "entente/memory.h"

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "batch engine: no memory for the plan of a circuit");
}

static int64_t amplitude_bytes(const batch_plan *plan)
{
    return 2 * (int64_t)plan->shape.lanes * plan->shape.real_bytes;
}

/* ---- turns ---- */

/* Divide `count` rotations into blocks of at most `block` rotations, and these into stages of at most `width`.
 * Writes the widths of all stages, and to stages_of the number of stages per block.  Returns the number of blocks. */
static int share_out(int count, int width, int block, int *widths, int *stages_of)
{
    const int stages = (count + width - 1) / width;
    for (int s = 0; s < stages; s++) widths[s] = count / stages + (s < count % stages);
    int blocks = 0, filled = block;
    for (int s = 0; s < stages; s++) {
        if (filled + widths[s] > block) {
            stages_of[blocks++] = 0;
            filled = 0;
        }
        stages_of[blocks - 1]++;
        filled += widths[s];
    }
    return blocks;
}

static ent_status add_turn(batch_plan *plan, int bits, const int *members, int stages, const int *widths)
{
    batch_turn *turn = &plan->turn[plan->turns++];
    *turn = (batch_turn){.stages = stages};
    uint64_t flip[BATCH_BLOCK], row[BATCH_BLOCK];
    int count = 0;
    for (int s = 0; s < stages; s++) {
        turn->width[s] = widths[s];
        for (int k = 0; k < widths[s]; k++, count++) {
            turn->rotation[count] = members[count];
            flip[count] = plan->list.rotation[members[count]].flip;
            row[count] = plan->list.rotation[members[count]].row;
        }
    }
    return ent_batch_blocks_turn(bits, count, flip, row, amplitude_bytes(plan), &turn->in);
}

static ent_status add_turns(batch_plan *plan, int bits, const int *members, int count, int width, int block)
{
    int widths[BATCH_MAX_BITS], stages_of[BATCH_MAX_BITS], stage = 0;
    const int blocks = share_out(count, width, block, widths, stages_of);
    for (int b = 0; b < blocks; b++) {
        ENT_TRY(add_turn(plan, bits, members, stages_of[b], widths + stage));
        for (int s = 0; s < stages_of[b]; s++) members += widths[stage++];
    }
    return ENT_OK;
}

static ent_status turn_step(batch_plan *plan, const batch_node *node, const int *members, int count)
{
    batch_step *step = &plan->step[plan->steps - 1];
    const batch_shape *shape = &plan->shape;
    step->turn = plan->turns;
    ENT_TRY(add_turns(plan, node->bits, members, count, shape->forward_width, shape->forward_block));
    step->turns = plan->turns - step->turn;
    step->back = plan->turns;
    ENT_TRY(add_turns(plan, node->bits, members, count, shape->back_width, shape->back_block));
    step->backs = plan->turns - step->back;
    return ENT_OK;
}

/* ---- sums and phases ---- */

/* Group `count` rows into independent sets, one sum each; rows with a gradient come first, so that they share
 * sums. */
static ent_status add_sums(batch_plan *plan, int bits, const int *targets, const uint64_t *rows, const int *wanted,
                           int count, int *sums)
{
    *sums = 0;
    int *left = ent_alloc(count, sizeof *left), remaining = count;
    if (!left) return no_memory();
    ent_status status = ENT_OK;
    while (remaining > 0 && status == ENT_OK) {
        uint64_t chosen[64];
        batch_sum *sum = &plan->sum[plan->sums++];
        *sum = (batch_sum){.bits = bits, .target = ent_alloc(bits, sizeof *sum->target)};
        (*sums)++;
        if (!sum->target) {
            status = no_memory();
            break;
        }
        for (int pass = 1; pass >= 0; pass--)
            for (int k = 0; k < count && sum->rows < bits; k++) {
                if (left[k] || wanted[k] != pass || !ent_batch_independent(sum->rows, chosen, rows[k])) continue;
                left[k] = 1;
                remaining--;
                chosen[sum->rows] = rows[k];
                sum->target[sum->rows++] = targets[k];
                sum->wanted |= wanted[k];
            }
        status = ent_batch_blocks_sum(bits, sum->rows, chosen, amplitude_bytes(plan), &sum->in);
    }
    ent_free(left);
    return status;
}

static ent_status add_lanes(batch_plan *plan, const batch_node *node, const int *members, int count)
{
    batch_step *step = &plan->step[plan->steps - 1];
    step->lane = plan->lanes;
    for (int k = 0; k < count; k++) {
        const lower_rotation *rotation = &plan->list.rotation[members[k]];
        if (!rotation->data) continue;
        if (step->lanes == 0 || plan->lane[plan->lanes - 1].rotations == BATCH_CODE) {
            plan->lane[plan->lanes++].code = ent_alloc(INT64_C(1) << node->bits, 1);
            step->lanes++;
        }
        batch_lane_phase *lane = &plan->lane[plan->lanes - 1];
        if (!lane->code) return no_memory();
        for (uint64_t p = 0; p < UINT64_C(1) << node->bits; p++)
            lane->code[batch_slot(p)] |= (uint8_t)(lower_parity(rotation->row, p) << lane->rotations);
        lane->rotation[lane->rotations++] = members[k];
    }
    return ENT_OK;
}

static ent_status phase_step(batch_plan *plan, const batch_node *node, const int *members, int count)
{
    batch_step *step = &plan->step[plan->steps - 1];
    uint64_t *rows = ent_alloc(count, sizeof *rows);
    int *wanted = ent_alloc(count, sizeof *wanted), shared = 0;
    ent_status status = rows && wanted ? ENT_OK : no_memory();
    for (int k = 0; k < count && status == ENT_OK; k++) {
        rows[k] = plan->list.rotation[members[k]].row;
        wanted[k] = plan->list.rotation[members[k]].term >= 0;
        shared |= !plan->list.rotation[members[k]].data;
    }
    step->sum = plan->sums;
    if (status == ENT_OK) status = add_sums(plan, node->bits, members, rows, wanted, count, &step->sums);
    ent_free(rows);
    ent_free(wanted);
    ENT_TRY(status);
    if (shared) {
        step->table = ent_alloc(INT64_C(2) << node->bits, (size_t)plan->shape.real_bytes);
        if (!step->table) return no_memory();
    }
    return add_lanes(plan, node, members, count);
}

/* ---- readouts ---- */

/* Keep each distinct string once; readout [values]: the first readout that has it. */
static void find_values(batch_plan *plan, const int *root, int *readout)
{
    const lower_list *list = &plan->list;
    for (int r = 0; r < list->readouts; r++) {
        plan->value[r] = -1;
        if (root[r] < 0) continue;
        int v = 0;
        while (v < plan->values && (list->row[readout[v]] != list->row[r] ||
                                    list->flip[readout[v]] != list->flip[r] || root[readout[v]] != root[r]))
            v++;
        if (v == plan->values) readout[plan->values++] = r;
        plan->value[r] = v;
    }
}

/* The number of the amplitude at an address of `base`. */
static uint64_t amplitude_at(const batch_plan *plan, uint32_t byte)
{
    return batch_slot(byte / (uint64_t)amplitude_bytes(plan)); /* its own inverse */
}

static ent_status add_string(const batch_plan *plan, int value, uint64_t row, int odd, batch_read *read)
{
    batch_string *string = &read->string[read->strings++];
    *string = (batch_string){.value = value, .odd = odd, .sign = ent_alloc(read->in.blocks, 1)};
    if (!string->sign) return no_memory();
    int some = 0;
    for (int64_t h = 0; h < read->in.blocks; h++)
        some |= string->sign[h] = (uint8_t)lower_parity(row, amplitude_at(plan, read->in.base[h]));
    if (some) return ENT_OK;
    ent_free(string->sign);
    string->sign = NULL;
    return ENT_OK;
}

/* Collect the values of the node that share the flip of the first one that is not done yet. */
static ent_status add_read(batch_plan *plan, int bits, const int *readout, const int *values, int count, int *done)
{
    const lower_list *list = &plan->list;
    int first = 0;
    while (done[first]) first++;
    const uint64_t flip = list->flip[readout[values[first]]];
    uint64_t odd_row = flip & -flip;
    batch_read *read = &plan->read[plan->reads++];
    *read = (batch_read){.string = ent_alloc(count, sizeof *read->string)};
    if (!read->string) return no_memory();
    for (int k = count - 1; k >= first; k--)
        if (list->flip[readout[values[k]]] == flip && lower_parity(list->row[readout[values[k]]], flip))
            odd_row = list->row[readout[values[k]]];
    read->flip = flip;
    read->row = odd_row;
    ENT_TRY(ent_batch_blocks_turn(bits, 1, &flip, &odd_row, amplitude_bytes(plan), &read->in));
    for (int k = first; k < count; k++) {
        const uint64_t row = list->row[readout[values[k]]];
        if (list->flip[readout[values[k]]] != flip) continue;
        done[k] = 1;
        ENT_TRY(add_string(plan, values[k], row, lower_parity(row, flip), read));
    }
    return ENT_OK;
}

/* Whether read k can join: no string has signs, and neither flip changes the half of a pair of the other. */
static int joins_tile(const batch_plan *plan, const batch_tile *tile, int k)
{
    const batch_read *read = &plan->read[k];
    int joins = !read->tiled;
    for (int j = 0; j < read->strings; j++) joins &= read->string[j].sign == NULL;
    for (int j = 0; j < tile->reads; j++) {
        const batch_read *other = &plan->read[tile->read[j]];
        joins &= !lower_parity(read->flip, other->row) && !lower_parity(other->flip, read->row);
    }
    return joins;
}

/* Put the reads of a node into tiles, as many together as fit into the registers. */
static ent_status add_tiles(batch_plan *plan, batch_node *node)
{
    const int most = plan->shape.back_width < BATCH_TILE ? plan->shape.back_width : BATCH_TILE;
    node->tile = plan->tiles;
    for (;;) {
        batch_tile *tile = &plan->tile[plan->tiles];
        uint64_t flip[BATCH_TILE], row[BATCH_TILE];
        for (int k = node->read; k < node->read + node->reads && tile->reads < most; k++) {
            if (!joins_tile(plan, tile, k)) continue;
            flip[tile->reads] = plan->read[k].flip;
            row[tile->reads] = plan->read[k].row;
            plan->read[k].tiled = 1;
            tile->read[tile->reads++] = k;
        }
        if (tile->reads == 0) break;
        plan->tiles++;
        ENT_TRY(ent_batch_blocks_turn(node->bits, tile->reads, flip, row, amplitude_bytes(plan), &tile->in));
    }
    node->tiles = plan->tiles - node->tile;
    return ENT_OK;
}

/* All values of node k; values, wanted, done [readouts]; rows too. */
static ent_status read_node(batch_plan *plan, const int *root, const int *readout, int k, int *values, int *flags,
                            uint64_t *rows)
{
    batch_node *node = &plan->node[k];
    int found = 0;
    for (int v = 0; v < plan->values; v++)
        if (root[readout[v]] == k && !plan->list.flip[readout[v]]) {
            rows[found] = plan->list.row[readout[v]];
            flags[found] = 1;
            values[found++] = v;
        }
    node->sum = plan->sums;
    ENT_TRY(add_sums(plan, node->bits, values, rows, flags, found, &node->sums));
    found = 0;
    for (int v = 0; v < plan->values; v++)
        if (root[readout[v]] == k && plan->list.flip[readout[v]]) {
            flags[found] = 0;
            values[found++] = v;
        }
    node->read = plan->reads;
    for (int left = found; left > 0; left -= plan->read[plan->reads - 1].strings)
        ENT_TRY(add_read(plan, node->bits, readout, values, found, flags));
    node->reads = plan->reads - node->read;
    return add_tiles(plan, node);
}

static ent_status add_readouts(batch_plan *plan, const int *root)
{
    const int count = plan->list.readouts;
    uint64_t *rows = ent_alloc(count, sizeof *rows);
    int *readout = ent_alloc(3 * (int64_t)count, sizeof *readout);
    ent_status status = rows && readout ? ENT_OK : no_memory();
    if (status == ENT_OK) find_values(plan, root, readout);
    for (int k = 0; k < plan->nodes && status == ENT_OK; k++)
        status = read_node(plan, root, readout, k, readout + count, readout + 2 * count, rows);
    ent_free(rows);
    ent_free(readout);
    return status;
}

/* ---- the plan ---- */

/* members [count]: the rotations of the step, ascending. */
static ent_status add_step(batch_plan *plan, int node, int step, const int *members, int count)
{
    plan->step[plan->steps++] = (batch_step){0};
    plan->node[node].steps++;
    for (int k = 0; k < count; k++) plan->kind[members[k]] = step & 1 ? BATCH_TURN : BATCH_PHASE;
    return (step & 1 ? turn_step : phase_step)(plan, &plan->node[node], members, count);
}

/* The rotations that node k has, by their steps, and within a step ascending: counted, then put in place. */
static ent_status sort_members(const batch_plan *plan, const batch_tree *tree, int k, int *members, int **first,
                               int *steps)
{
    *steps = 0;
    for (int r = 0; r < plan->list.rotations; r++)
        if (tree->home[r] == k && tree->step[r] >= *steps) *steps = tree->step[r] + 1;
    int *at = *first = ent_alloc(*steps + 2, sizeof **first);
    if (!at) return no_memory();
    for (int r = 0; r < plan->list.rotations; r++)
        if (tree->home[r] == k && tree->step[r] >= 0) at[tree->step[r] + 2]++;
    for (int s = 0; s < *steps; s++) at[s + 2] += at[s + 1];
    for (int r = 0; r < plan->list.rotations; r++)
        if (tree->home[r] == k && tree->step[r] >= 0) members[at[tree->step[r] + 1]++] = r;
    return ENT_OK;
}

static ent_status add_nodes(batch_plan *plan, const batch_tree *tree, int *members)
{
    for (int k = 0; k < tree->nodes; k++) {
        batch_node *node = &plan->node[plan->nodes++];
        *node = tree->node[k];
        node->state = plan->amplitudes;
        plan->amplitudes += INT64_C(1) << node->bits;
        if (node->bits > plan->most_bits) plan->most_bits = node->bits;
        node->step = plan->steps;
        int *first = NULL, steps;
        ent_status status = sort_members(plan, tree, k, members, &first, &steps);
        for (int s = 0; s < steps && status == ENT_OK; s++)
            if (first[s] < first[s + 1]) status = add_step(plan, k, s, members + first[s], first[s + 1] - first[s]);
        ent_free(first);
        ENT_TRY(status);
    }
    return ENT_OK;
}

/* Allocate everything: a rotation is in at most one step, two turns, one sum and one lane table. */
static ent_status make_room(batch_plan *plan, const batch_tree *tree)
{
    const int64_t rotations = plan->list.rotations, readouts = plan->list.readouts;
    plan->node = ent_alloc(tree->nodes, sizeof *plan->node);
    plan->step = ent_alloc(rotations, sizeof *plan->step);
    plan->turn = ent_alloc(2 * rotations, sizeof *plan->turn);
    plan->sum = ent_alloc(rotations + readouts, sizeof *plan->sum);
    plan->lane = ent_alloc(rotations, sizeof *plan->lane);
    plan->read = ent_alloc(readouts, sizeof *plan->read);
    plan->tile = ent_alloc(readouts + 1, sizeof *plan->tile);
    plan->kind = ent_alloc(rotations, sizeof *plan->kind);
    plan->value = ent_alloc(readouts, sizeof *plan->value);
    plan->angle = ent_alloc(rotations, sizeof *plan->angle);
    plan->prepared = ent_alloc(plan->params, sizeof *plan->prepared);
    const int there = plan->node && plan->step && plan->turn && plan->sum && plan->lane && plan->read && plan->tile &&
                      plan->kind && plan->value && plan->angle && plan->prepared;
    return there ? ENT_OK : no_memory();
}

static ent_status build(batch_plan *plan)
{
    batch_tree *tree;
    ENT_TRY(ent_batch_tree_new(&plan->list, &tree));
    int *members = ent_alloc(plan->list.rotations, sizeof *members);
    ent_status status = members ? make_room(plan, tree) : no_memory();
    if (status == ENT_OK) status = add_nodes(plan, tree, members);
    if (status == ENT_OK) status = add_readouts(plan, tree->root);
    if (status == ENT_OK) {
        plan->scratch = ent_alloc(INT64_C(2) << plan->most_bits, sizeof *plan->scratch);
        if (!plan->scratch) status = no_memory();
    }
    ent_free(members);
    ent_batch_tree_free(tree);
    return status;
}

ent_status ent_batch_plan_new(const ent_circuit *circuit, const batch_shape *shape, batch_plan **out)
{
    batch_plan *plan = ent_alloc(1, sizeof *plan);
    if (!plan) return no_memory();
    *plan = (batch_plan){.shape = *shape, .params = circuit->params, .angles = circuit->angles};
    ent_status status = ent_lower(circuit, NULL, &plan->list);
    if (status == ENT_OK) status = build(plan);
    if (status != ENT_OK) {
        ent_batch_plan_free(plan);
        return status;
    }
    *out = plan;
    return ENT_OK;
}

static void free_blocks(batch_blocks *blocks)
{
    ent_free(blocks->base);
    ent_free(blocks->place);
}

void ent_batch_plan_free(batch_plan *plan)
{
    if (!plan) return;
    for (int k = 0; k < plan->steps; k++) ent_free(plan->step[k].table);
    for (int k = 0; k < plan->turns; k++) free_blocks(&plan->turn[k].in);
    for (int k = 0; k < plan->sums; k++) {
        free_blocks(&plan->sum[k].in);
        ent_free(plan->sum[k].target);
    }
    for (int k = 0; k < plan->lanes; k++) ent_free(plan->lane[k].code);
    for (int k = 0; k < plan->reads; k++) {
        free_blocks(&plan->read[k].in);
        for (int j = 0; j < plan->read[k].strings; j++) ent_free(plan->read[k].string[j].sign);
        ent_free(plan->read[k].string);
    }
    for (int k = 0; k < plan->tiles; k++) free_blocks(&plan->tile[k].in);
    ent_lower_clear(&plan->list);
    ent_free(plan->node);
    ent_free(plan->step);
    ent_free(plan->turn);
    ent_free(plan->sum);
    ent_free(plan->lane);
    ent_free(plan->read);
    ent_free(plan->tile);
    ent_free(plan->kind);
    ent_free(plan->value);
    ent_free(plan->angle);
    ent_free(plan->prepared);
    ent_free(plan->scratch);
    ent_free(plan);
}

/* ---- the tables of phases ---- */

/* factor[x] = product over the sum's shared rotations j of exp(-i angle_j / 2 (-1)^{bit j of x}), by doubling. */
static void double_up(const batch_plan *plan, const batch_sum *sum, double (*factor)[2])
{
    factor[0][0] = 1.0;
    factor[0][1] = 0.0;
    for (int j = 0; j < sum->bits; j++) {
        const int shared = j < sum->rows && !plan->list.rotation[sum->target[j]].data;
        const double half = shared ? 0.5 * plan->angle[sum->target[j]] : 0.0;
        const double c = cos(half), s = sin(half);
        for (int64_t x = 0; x < INT64_C(1) << j; x++) {
            const double re = factor[x][0], im = factor[x][1];
            double *zero = factor[x], *one = factor[x | INT64_C(1) << j];
            zero[0] = re * c + im * s;
            zero[1] = im * c - re * s;
            one[0] = re * c - im * s;
            one[1] = im * c + re * s;
        }
    }
}

/* Set entry p of the table to the factor, or multiply it by the factor. */
static void store(const batch_plan *plan, void *table, int64_t p, const double factor[2], int multiply)
{
    double *wide = (double *)table + 2 * p;
    float *narrow = (float *)table + 2 * p;
    const int is_double = plan->shape.real_bytes == sizeof(double);
    double re = factor[0], im = factor[1];
    if (multiply) {
        const double old_re = is_double ? wide[0] : (double)narrow[0],
                     old_im = is_double ? wide[1] : (double)narrow[1];
        re = old_re * factor[0] - old_im * factor[1];
        im = old_re * factor[1] + old_im * factor[0];
    }
    if (is_double) {
        wide[0] = re;
        wide[1] = im;
    } else {
        narrow[0] = (float)re;
        narrow[1] = (float)im;
    }
}

static void fill_table(batch_plan *plan, const batch_step *step)
{
    double(*factor)[2] = (double(*)[2])plan->scratch;
    for (int k = 0; k < step->sums; k++) {
        const batch_sum *sum = &plan->sum[step->sum + k];
        double_up(plan, sum, factor);
        for (int64_t x = 0; x < INT64_C(1) << sum->bits; x++) {
            const int64_t at = sum->in.base[x >> sum->in.bits] ^ sum->in.place[x & ((1 << sum->in.bits) - 1)];
            store(plan, step->table, at / amplitude_bytes(plan), factor[x], k > 0);
        }
    }
}

void ent_batch_plan_prepare(batch_plan *plan, const double *params)
{
    const size_t bytes = (size_t)plan->params * sizeof *params;
    if (plan->version > 0 && (bytes == 0 || memcmp(params, plan->prepared, bytes) == 0)) return;
    if (bytes > 0) memcpy(plan->prepared, params, bytes);
    for (int r = 0; r < plan->list.rotations; r++) {
        const lower_rotation *rotation = &plan->list.rotation[r];
        plan->angle[r] = rotation->offset;
        for (int t = rotation->term; t >= 0; t = plan->list.term[t].next)
            if (plan->list.term[t].source == ENT_ANGLE_PARAM)
                plan->angle[r] += plan->list.term[t].scale * params[plan->list.term[t].slot];
    }
    for (int k = 0; k < plan->steps; k++)
        if (plan->step[k].table) fill_table(plan, &plan->step[k]);
    plan->version++;
}
