/* Steps: which rotations of a node are done together.
 *
 * A rotation goes to the earliest step of its node that it can reach by commuting with all that follows and may join:
 * phase steps (even) take any Z-type rotation, turn steps (odd) those whose bits are apart.  A rotation by the same
 * string as one that it can reach is merged into it.  What can be reached is found from the end: steps are in
 * groups of GROUP, these in groups again, and each group has the span of its strings (lower_span.h), so that a
 * group without obstacle is passed at once.  A circuit of G gates takes about G log G. */
#include "batch_plan.h"

#include "engine/lower/lower_span.h"
#include "entente/memory.h"

enum { GROUP = 16, LEVELS = 4 };

/* The steps of a node. */
typedef struct {
    int steps;
    int64_t room;
    int *member; /* [steps] the last rotation of a step, or -1 */
    lower_span *span[LEVELS];
    int64_t spans[LEVELS], span_room[LEVELS];
} node_steps;

typedef struct {
    lower_list *list;
    const int *home;
    int *step;
    int *next; /* [rotations] the member of the same step before it, or -1 */
    int *tail; /* [rotations] the last of its terms, or -1 */
    int *last; /* [slots] the last rotation by a string in a node, or -1: open addressing */
    int64_t slots;
    node_steps node[2 * BATCH_MAX_BITS];
} finding;

static bool commutes(const lower_rotation *a, const lower_rotation *b)
{
    return lower_commute(a->flip, a->row, b->flip, b->row);
}

/* Whether two Y-type rotations may share a step: neither touches the bit of the other. */
static bool apart(const lower_rotation *a, const lower_rotation *b)
{
    return !lower_parity(a->flip, b->row) && !lower_parity(b->flip, a->row);
}

static bool commutes_with_step(const finding *f, const node_steps *n, int step, const lower_rotation *rotation)
{
    for (int r = n->member[step]; r >= 0; r = f->next[r])
        if (!commutes(rotation, &f->list->rotation[r])) return false;
    return true;
}

static bool joins(const finding *f, const node_steps *n, int step, const lower_rotation *rotation)
{
    const bool turns = rotation->flip != 0;
    if ((step & 1) != turns) return false;
    for (int r = n->member[step]; r >= 0 && turns; r = f->next[r])
        if (!apart(rotation, &f->list->rotation[r])) return false;
    return true;
}

/* The last step before `end` that it does not commute with, or -1: from there, group by group, the largest first. */
static int last_obstacle(const finding *f, const node_steps *n, const lower_rotation *rotation)
{
    int level = LEVELS; /* the size of what is looked at next is GROUP^level steps */
    int64_t size = 1;
    for (int k = 0; k < level; k++) size *= GROUP;
    for (int64_t end = n->steps; end > 0;) {
        while (level > 0 && end % size != 0 && end != n->steps) {
            size /= GROUP;
            level--;
        }
        const int64_t first = (end - 1) / size * size;
        const bool passes =
            level > 0 ? lower_span_commutes(&n->span[level - 1][first / size], rotation->flip, rotation->row)
                      : commutes_with_step(f, n, (int)first, rotation);
        if (passes) {
            end = first;
            for (; level < LEVELS && end % (size * GROUP) == 0; level++) size *= GROUP;
        } else if (level == 0) {
            return (int)first;
        } else {
            size /= GROUP;
            level--;
        }
    }
    return -1;
}

/* ---- the last rotation by a string ---- */

static int64_t *slot_of(const finding *f, int r, int64_t *at)
{
    const lower_rotation *rotation = &f->list->rotation[r];
    uint64_t hash = rotation->flip * UINT64_C(0x9e3779b97f4a7c15) ^ rotation->row * UINT64_C(0xc2b2ae3d27d4eb4f);
    hash = (hash ^ (uint64_t)f->home[r]) * UINT64_C(0x9e3779b97f4a7c15);
    *at = (int64_t)((hash >> 20) % (uint64_t)f->slots);
    for (;; *at = (*at + 1) % f->slots) {
        const int other = f->last[*at];
        if (other < 0) return at;
        const lower_rotation *there = &f->list->rotation[other];
        if (f->home[other] == f->home[r] && there->flip == rotation->flip && there->row == rotation->row) return at;
    }
}

static void merge(const finding *f, int into, int from)
{
    lower_rotation *to = &f->list->rotation[into];
    const lower_rotation *rotation = &f->list->rotation[from];
    to->offset += rotation->offset;
    to->data |= rotation->data;
    if (rotation->term < 0) return;
    if (to->term < 0)
        to->term = rotation->term;
    else
        f->list->term[f->tail[into]].next = rotation->term;
    f->tail[into] = f->tail[from];
}

/* ---- placing ---- */

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "batch engine: no memory for the steps of a circuit");
}

static ent_status add_step(node_steps *n)
{
    if (!ent_grow((void **)&n->member, &n->room, n->steps, sizeof *n->member)) return no_memory();
    int64_t size = GROUP;
    for (int level = 0; level < LEVELS; level++, size *= GROUP) {
        if (n->steps / size < n->spans[level]) continue;
        if (!ent_grow((void **)&n->span[level], &n->span_room[level], n->spans[level], sizeof *n->span[level]))
            return no_memory();
        n->span[level][n->spans[level]++] = (lower_span){.count = 0};
    }
    n->member[n->steps++] = -1;
    return ENT_OK;
}

static ent_status put(finding *f, node_steps *n, int r, int step)
{
    const lower_rotation *rotation = &f->list->rotation[r];
    while (n->steps <= step) ENT_TRY(add_step(n));
    f->next[r] = n->member[step];
    n->member[step] = r;
    f->step[r] = step;
    int64_t size = GROUP;
    for (int level = 0; level < LEVELS; level++, size *= GROUP)
        lower_span_add(&n->span[level][step / size], rotation->flip, rotation->row);
    return ENT_OK;
}

/* Of the rotations by the same string only the last can be reached: the others are before an obstacle that it had. */
static ent_status place(finding *f, int r)
{
    node_steps *n = &f->node[f->home[r]];
    const lower_rotation *rotation = &f->list->rotation[r];
    const int obstacle = last_obstacle(f, n, rotation);
    int64_t slot;
    slot_of(f, r, &slot);
    if (f->last[slot] >= 0 && f->step[f->last[slot]] >= obstacle) {
        merge(f, f->last[slot], r);
        f->step[r] = -1;
        return ENT_OK;
    }
    int step = obstacle + 1;
    while (step < n->steps && !joins(f, n, step, rotation)) step++;
    if (step == n->steps && (step & 1) != (rotation->flip != 0)) step++;
    ENT_TRY(put(f, n, r, step));
    f->last[slot] = r;
    return ENT_OK;
}

static void clear(finding *f)
{
    for (int k = 0; k < 2 * BATCH_MAX_BITS; k++) {
        ent_free(f->node[k].member);
        for (int level = 0; level < LEVELS; level++) ent_free(f->node[k].span[level]);
    }
    ent_free(f->next);
    ent_free(f->tail);
    ent_free(f->last);
    ent_free(f);
}

ent_status ent_batch_steps_find(lower_list *list, const batch_tree *tree, const int *order)
{
    finding *f = ent_alloc(1, sizeof *f);
    if (!f) return no_memory();
    f->list = list;
    f->home = tree->home;
    f->step = tree->step;
    f->slots = 2 * (int64_t)list->rotations + 1;
    f->next = ent_alloc(list->rotations, sizeof *f->next);
    f->tail = ent_alloc(list->rotations, sizeof *f->tail);
    f->last = ent_alloc(f->slots, sizeof *f->last);
    ent_status status = f->next && f->tail && f->last ? ENT_OK : no_memory();
    for (int64_t k = 0; k < f->slots && status == ENT_OK; k++) f->last[k] = -1;
    for (int r = 0; r < list->rotations && status == ENT_OK; r++) f->tail[r] = list->rotation[r].term;
    for (int k = 0; k < list->rotations && status == ENT_OK; k++) status = place(f, order[k]);
    clear(f);
    return status;
}
