/* Builds the stages, groups and readouts of a pass: which rotations are combined in registers, and the tables of
 * lines. */
#include "state_plan.h"

#include <string.h>

#include "core/gf2.h"
#include "entente/memory.h"

/* ---- local coordinates ---- */

/* The displacement of bit k of a line in the buffer. */
static uint64_t line_displacement(const state_plan *plan, const state_pass *pass, int k)
{
    const uint32_t line = slot_of(UINT32_C(1) << k); /* slot_of is its own inverse */
    uint64_t sum = 0;
    for (int j = 0; j < pass->bits - plan->shape.lane_bits; j++)
        if (line >> j & 1) sum ^= pass->basis[plan->shape.lane_bits + j];
    return sum;
}

static int line_bits(const state_plan *plan, const state_pass *pass)
{
    return pass->bits - plan->shape.lane_bits;
}

/* A displacement in the space of the pass, as line and lane of the buffer.  The basis is reduced: the highest bit
 * of a vector is in no other. */
static state_place place_of(const state_plan *plan, const state_pass *pass, uint64_t displacement)
{
    uint32_t line = 0;
    for (int k = plan->shape.lane_bits; k < pass->bits; k++)
        if (displacement & ent_gf2_highest(pass->basis[k])) line |= UINT32_C(1) << (k - plan->shape.lane_bits);
    return (state_place){slot_of(line), (int)(displacement & ((UINT64_C(1) << plan->shape.lane_bits) - 1))};
}

/* A row on the buffer: parity(row & displacement) for each bit of line and lane. */
static state_place row_of(const state_plan *plan, const state_pass *pass, uint64_t row)
{
    uint32_t line = 0;
    for (int k = 0; k < line_bits(plan, pass); k++)
        line |= (uint32_t)lower_parity(row, line_displacement(plan, pass, k)) << k;
    return (state_place){line, (int)(row & ((UINT64_C(1) << plan->shape.lane_bits) - 1))};
}

static int line_parity(uint32_t a, uint32_t b)
{
    return __builtin_parity(a & b);
}

/* ---- stages ---- */

typedef struct {
    const lower_rotation *rotation;
    int id, done;
    state_place flip, row;
} local_rotation;

/* A stage under construction: rotations between lines, and within lines. */
typedef struct {
    int kind, width, selves;
    local_rotation *line[STATE_WIDTH], *self[STATE_WIDTH];
    ent_gf2 space;
} choice;

/* Add r to the stage if it fits. */
static void choose(choice *c, int width, local_rotation *r)
{
    if (r->flip.line == 0) {
        if (c->selves < width) c->self[c->selves++] = r;
        return;
    }
    if (c->width == width || ent_gf2_reduce(&c->space, r->flip.line, NULL) == 0) return;
    for (int k = 0; k < c->width && c->kind == STATE_VERTICAL; k++)
        if (line_parity(c->line[k]->row.line, r->flip.line) || line_parity(r->row.line, c->line[k]->flip.line))
            return;
    ent_gf2_add(&c->space, r->flip.line);
    c->line[c->width++] = r;
}

/* The signs of the stage's rotations on a line. */
static uint32_t code_of(const local_rotation *const *chosen, int count, uint32_t line)
{
    uint32_t code = 0;
    for (int k = 0; k < count; k++) code |= (uint32_t)line_parity(chosen[k]->row.line, line) << k;
    return code;
}

/* In a small block most codes have no cosets. */
static void keep_used_codes(uint32_t codes, state_stage *stage)
{
    const uint32_t cosets = stage->first[codes];
    for (uint32_t code = 0; code < codes; code++) {
        const uint32_t begin = stage->first[code];
        if (stage->first[code + 1] == begin) continue;
        stage->code[stage->codes] = code;
        stage->first[stage->codes++] = begin;
    }
    stage->first[stage->codes] = cosets;
}

/* The lines without the pivots, sorted by code. */
static ent_status stage_bases(const choice *c, const local_rotation *const *chosen, int bits, uint32_t line_bytes,
                              state_stage *stage)
{
    const int count = c->width + c->selves;
    const uint32_t codes = UINT32_C(1) << count;
    stage->first = ent_alloc(codes + 2, sizeof *stage->first);
    stage->code = ent_alloc(codes, sizeof *stage->code);
    stage->base = ent_alloc(INT64_C(1) << (bits - c->width), sizeof *stage->base);
    ENT_REQUIRE(stage->first && stage->code && stage->base, ENT_ENOMEM, "state engine: no memory for a stage");
    uint32_t *next = stage->first + 1; /* position of the next line of code c; at the end, where code c + 1 begins */
    for (uint32_t line = 0; line < UINT32_C(1) << bits; line++)
        if (!(line & c->space.pivots)) next[code_of(chosen, count, line) + 1]++;
    for (uint32_t code = 0; code < codes; code++) next[code + 1] += next[code];
    for (uint32_t line = 0; line < UINT32_C(1) << bits; line++)
        if (!(line & c->space.pivots)) stage->base[next[code_of(chosen, count, line)]++] = line * line_bytes;
    keep_used_codes(codes, stage);
    return ENT_OK;
}

static ent_status make_stage(const state_plan *plan, const state_pass *pass, const choice *c, state_stage *stage)
{
    const uint32_t line_bytes = (uint32_t)(2 * plan->shape.real_bytes) << plan->shape.lane_bits;
    const local_rotation *chosen[2 * STATE_WIDTH];
    uint64_t flips[STATE_WIDTH] = {0};
    stage->kind = c->kind;
    stage->width = c->width;
    stage->selves = c->selves;
    for (int k = 0; k < c->width + c->selves; k++) {
        chosen[k] = k < c->width ? c->line[k] : c->self[k - c->width];
        stage->rotation[k] = chosen[k]->id;
        stage->lanes[k] = chosen[k]->flip.lane;
        if (k < c->width) flips[k] = chosen[k]->flip.line;
        if (k < c->width) stage->crossing += chosen[k]->flip.lane != 0;
    }
    for (uint32_t r = 0; r < UINT32_C(1) << c->width; r++) {
        const uint32_t line = (uint32_t)ent_gf2_sum(flips, c->width, r);
        stage->comb[r] = line * line_bytes;
        for (int k = 0; k < c->width + c->selves; k++)
            stage->turned[k][r] = (uint8_t)line_parity(chosen[k]->row.line, line);
    }
    return stage_bases(c, chosen, line_bits(plan, pass), line_bytes, stage);
}

/* ---- groups ---- */

static ent_status group_tables(const state_plan *plan, const state_pass *pass, const uint64_t *rows, int count,
                               state_group *group)
{
    const int bits = line_bits(plan, pass);
    uint64_t dual[64];
    ent_gf2_dual(rows, count, bits, dual);
    group->bits[0] = count < STATE_TREE ? count : STATE_TREE;
    group->bits[1] = count - group->bits[0];
    group->bits[2] = bits - count;
    const uint64_t *part = dual;
    for (int t = 0; t < 3; part += group->bits[t++]) {
        const uint32_t size = UINT32_C(1) << group->bits[t];
        group->x[t] = ent_alloc(size, sizeof *group->x[t]);
        ENT_REQUIRE(group->x[t], ENT_ENOMEM, "state engine: no memory for a table");
        for (uint32_t k = 0; k < size; k++) group->x[t][k] = (uint32_t)ent_gf2_sum(part, group->bits[t], k);
    }
    return ENT_OK;
}

/* Place the row in a group whose fresh rows span `space`; returns 0 if it would need bits of both parts. */
static int place_row(ent_gf2 *space, uint32_t line, state_row *row)
{
    uint64_t made_of;
    const uint64_t rest = ent_gf2_reduce(space, line, &made_of);
    row->fresh = rest != 0;
    if (rest) made_of = UINT64_C(1) << space->count;
    row->part = made_of >> STATE_TREE != 0;
    if (row->part && made_of & ((UINT64_C(1) << STATE_TREE) - 1)) return 0;
    row->mask = (uint32_t)(row->part ? made_of >> STATE_TREE : made_of);
    ent_gf2_add(space, line);
    return 1;
}

/* Collect the rows that fit into a group; `taken` marks them. */
static ent_status make_group(const state_plan *plan, const state_pass *pass, const state_row *rows, int count,
                             int *taken, state_group *group)
{
    ent_gf2 space = {0};
    uint64_t lines[STATE_LINE_BITS];
    group->row = ent_alloc(count, sizeof *group->row);
    ENT_REQUIRE(group->row, ENT_ENOMEM, "state engine: no memory for %d rows", count);
    for (int k = 0; k < count; k++) {
        const state_place local = row_of(plan, pass, rows[k].row);
        state_row row = {.target = rows[k].target, .row = rows[k].row, .lane = local.lane};
        taken[k] = place_row(&space, local.line, &row);
        if (!taken[k]) continue;
        if (row.fresh) lines[space.count - 1] = local.line;
        group->row[group->rows++] = row;
    }
    return group_tables(plan, pass, lines, space.count, group);
}

/* ---- a pass ---- */

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "state engine: no memory for a pass");
}

static ent_status add_op(state_pass *pass, int kind, int index)
{
    if (!ent_grow((void **)&pass->op, &pass->op_room, pass->ops, sizeof *pass->op)) return no_memory();
    pass->op[pass->ops++] = (state_op){kind, index};
    return ENT_OK;
}

static ent_status new_group(state_pass *pass, state_group **group)
{
    if (!ent_grow((void **)&pass->group, &pass->group_room, pass->groups, sizeof *pass->group)) return no_memory();
    *group = &pass->group[pass->groups++];
    **group = (state_group){0};
    return ENT_OK;
}

static int ready(const state_plan *plan, const local_rotation *all, int r)
{
    if (all[r].done) return 0;
    for (int k = 0; k < r; k++)
        if (!all[k].done && !state_commute(&plan->list, all[k].id, all[r].id)) return 0;
    return 1;
}

/* Build one stage from the ready rotations, or none.  Rotations that flip lanes come first and determine its kind. */
static ent_status next_stage(const state_plan *plan, int width, local_rotation *all, int count, state_pass *pass,
                             int *left)
{
    int *is_ready = ent_alloc(count, sizeof *is_ready);
    ENT_REQUIRE(is_ready, ENT_ENOMEM, "state engine: no memory for %d rotations", count);
    choice c = {.kind = STATE_VERTICAL};
    for (int r = 0; r < count; r++) {
        is_ready[r] = all[r].rotation->flip != 0 && all[r].rotation->read < 0 && ready(plan, all, r);
        if (is_ready[r] && all[r].flip.lane != 0) c.kind = STATE_MIXED;
    }
    for (int lanes = 1; lanes >= 0; lanes--)
        for (int r = 0; r < count; r++)
            if (is_ready[r] && (all[r].flip.lane != 0) == lanes) choose(&c, width, &all[r]);
    ent_free(is_ready);
    if (c.width + c.selves == 0) return ENT_OK;
    if (!ent_grow((void **)&pass->stage, &pass->stage_room, pass->stages, sizeof *pass->stage)) return no_memory();
    state_stage *stage = &pass->stage[pass->stages++];
    *stage = (state_stage){0};
    ENT_TRY(make_stage(plan, pass, &c, stage));
    ENT_TRY(add_op(pass, STATE_STAGE, pass->stages - 1));
    for (int k = 0; k < c.width; k++) c.line[k]->done = 1;
    for (int k = 0; k < c.selves; k++) c.self[k]->done = 1;
    *left -= c.width + c.selves;
    return ENT_OK;
}

/* Build a group from the ready Z-type rotations. */
static ent_status next_group(const state_plan *plan, local_rotation *all, int count, state_pass *pass, int *left)
{
    state_row *rows = ent_alloc(count, sizeof *rows);
    int *from = ent_alloc(count, sizeof *from), *taken = ent_alloc(count, sizeof *taken), found = 0;
    state_group *group = NULL;
    ent_status status = rows && from && taken ? new_group(pass, &group)
                                              : ent_fail(ENT_ENOMEM, "state engine: no memory");
    for (int r = 0; status == ENT_OK && r < count; r++)
        if (all[r].rotation->flip == 0 && ready(plan, all, r)) {
            rows[found] = (state_row){.target = all[r].id, .row = all[r].rotation->row};
            from[found++] = r;
        }
    if (status == ENT_OK) status = make_group(plan, pass, rows, found, taken, group);
    if (status == ENT_OK) status = add_op(pass, STATE_GROUP, pass->groups - 1);
    for (int k = 0; status == ENT_OK && k < found; k++) {
        all[from[k]].done = taken[k];
        *left -= taken[k];
    }
    ent_free(rows);
    ent_free(from);
    ent_free(taken);
    return status;
}

/* Collect the ready readouts that share the flip of the first one, if any. */
static ent_status next_read(const state_plan *plan, local_rotation *all, int count, state_pass *pass, int *left)
{
    int first = 0;
    while (first < count && !(all[first].rotation->read >= 0 && ready(plan, all, first))) first++;
    if (first == count) return ENT_OK;
    const uint64_t flip = all[first].rotation->flip;
    if (!ent_grow((void **)&pass->read, &pass->read_room, pass->reads, sizeof *pass->read)) return no_memory();
    state_read *read = &pass->read[pass->reads++];
    *read = (state_read){.line = all[first].flip.line,
                         .lane = all[first].flip.lane,
                         .row = ent_alloc(count - first, sizeof *read->row)};
    ENT_REQUIRE(read->row, ENT_ENOMEM, "state engine: no memory for %d readouts", count - first);
    for (int r = first; r < count; r++) {
        const lower_rotation *from = all[r].rotation;
        if (from->read < 0 || from->flip != flip || !ready(plan, all, r)) continue;
        read->row[read->rows++] = (state_row){.target = from->read,
                                              .row = from->row,
                                              .part = lower_parity(from->row, flip),
                                              .mask = all[r].row.line,
                                              .lane = all[r].row.lane};
        all[r].done = 1;
    }
    *left -= read->rows;
    return add_op(pass, STATE_READ, pass->reads - 1);
}

ent_status ent_state_pass_fill(const state_plan *plan, int width, const int *rotation, int count, state_pass *pass)
{
    local_rotation *all = ent_alloc(count, sizeof *all);
    ENT_REQUIRE(all, ENT_ENOMEM, "state engine: no memory for %d rotations", count);
    for (int k = 0; k < count; k++) {
        const lower_rotation *from = &plan->list.rotation[rotation[k]];
        all[k] =
            (local_rotation){from, rotation[k], 0, place_of(plan, pass, from->flip), row_of(plan, pass, from->row)};
    }
    ent_status status = ENT_OK;
    for (int left = count, before; status == ENT_OK && left > 0;) {
        before = left;
        status = next_stage(plan, width, all, count, pass, &left);
        if (status == ENT_OK && left == before) status = next_read(plan, all, count, pass, &left);
        if (status == ENT_OK && left == before) status = next_group(plan, all, count, pass, &left);
    }
    ent_free(all);
    return status;
}

ent_status ent_state_pass_sums(const state_plan *plan, state_pass *pass)
{
    state_row *rows = ent_alloc(plan->sums, sizeof *rows);
    int *taken = ent_alloc(plan->sums, sizeof *taken), left = plan->sums;
    ent_status status = rows && taken ? ENT_OK : ent_fail(ENT_ENOMEM, "state engine: no memory");
    for (int v = 0; status == ENT_OK && v < left; v++) rows[v] = (state_row){.target = v, .row = plan->value_row[v]};
    while (status == ENT_OK && left > 0) {
        state_group *group = NULL;
        status = new_group(pass, &group);
        if (status == ENT_OK) status = make_group(plan, pass, rows, left, taken, group);
        int kept = 0;
        for (int k = 0; status == ENT_OK && k < left; k++)
            if (!taken[k]) rows[kept++] = rows[k];
        left = kept;
        pass->sums++;
    }
    ent_free(rows);
    ent_free(taken);
    return status;
}

void ent_state_pass_clear(state_pass *pass)
{
    for (int k = 0; k < pass->stages; k++) {
        ent_free(pass->stage[k].base);
        ent_free(pass->stage[k].first);
        ent_free(pass->stage[k].code);
    }
    for (int k = 0; k < pass->groups; k++) {
        ent_free(pass->group[k].row);
        for (int t = 0; t < 3; t++) ent_free(pass->group[k].x[t]);
    }
    for (int k = 0; k < pass->reads; k++) ent_free(pass->read[k].row);
    ent_free(pass->stage);
    ent_free(pass->group);
    ent_free(pass->read);
    ent_free(pass->op);
    ent_free(pass->run);
    ent_state_transform_free(pass->transform);
    *pass = (state_pass){0};
}
