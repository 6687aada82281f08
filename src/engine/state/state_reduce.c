/* Reduces the list of rotations to those that passes are made of. */
#include "state_plan.h"

#include <string.h>

#include "engine/lower/lower_span.h"
#include "entente/memory.h"

/* Rotations that commute with everything after them, including the readouts, have no effect; transforms are kept.
 * room [rotations]. */
static void mark_seen(const lower_list *list, int *room, int *kept)
{
    int transforms = 0;
    lower_span later = {.count = 0}; /* readouts, and what is kept but for transforms */
    for (int k = 0; k < list->readouts; k++) lower_span_add(&later, list->flip[k], list->row[k]);
    for (int r = list->rotations - 1; r >= 0; r--) {
        const lower_rotation *rotation = &list->rotation[r];
        kept[r] = rotation->transform >= 0 || rotation->read >= 0 ||
                  !lower_span_commutes(&later, rotation->flip, rotation->row);
        for (int k = 0; k < transforms && !kept[r]; k++) kept[r] = !state_commute(list, r, room[k]);
        if (rotation->transform >= 0)
            room[transforms++] = r;
        else if (kept[r])
            lower_span_add(&later, rotation->flip, rotation->row);
    }
}

static void append_terms(lower_list *list, int to, int from)
{
    if (list->rotation[to].term < 0) {
        list->rotation[to].term = from;
        return;
    }
    int last = list->rotation[to].term;
    while (list->term[last].next >= 0) last = list->term[last].next;
    list->term[last].next = from;
}

/* Add the angle to an equal earlier rotation if everything between them commutes; before [count]: those that are
 * left. */
static int merge_back(lower_list *list, const int *before, int count, int r)
{
    lower_rotation *rotation = &list->rotation[r];
    if (rotation->transform >= 0 || rotation->read >= 0) return 0;
    for (int at = count - 1; at >= 0; at--) {
        const int k = before[at];
        lower_rotation *earlier = &list->rotation[k];
        if (earlier->flip == rotation->flip && earlier->row == rotation->row && earlier->transform < 0) {
            earlier->offset += rotation->offset;
            earlier->data |= rotation->data;
            append_terms(list, k, rotation->term);
            return 1;
        }
        if (!state_commute(list, k, r)) return 0;
    }
    return 0;
}

static int idle(const lower_rotation *rotation)
{
    return rotation->term < 0 && rotation->offset == 0.0 && rotation->transform < 0 && rotation->read < 0;
}

static int single_bit(uint64_t mask)
{
    return mask != 0 && (mask & (mask - 1)) == 0;
}

/* All bits that a transform flips or reads. */
static void entangle(const lower_transform *t, uint64_t *reached, uint64_t *entangled)
{
    for (int k = 0; k < t->bits + t->low; k++) {
        const uint64_t flip = k < t->bits ? t->flip[k] : 0;
        *entangled |= t->row[k] | flip;
        *reached |= flip;
    }
}

/* Bits that no flip has reached are 0, so a row has no effect there. */
static void split_prefix(lower_list *list, const int *kept, state_prefix *prefix, int *order, int *count)
{
    uint64_t reached = 0, entangled = 0;
    for (int r = 0; r < list->rotations; r++) {
        if (!kept[r] || idle(&list->rotation[r])) continue;
        const lower_rotation *rotation = &list->rotation[r];
        if (rotation->transform >= 0) {
            entangle(&list->transform[rotation->transform], &reached, &entangled);
            order[(*count)++] = r;
            continue;
        }
        if (rotation->read >= 0) {
            order[(*count)++] = r;
            continue;
        }
        const uint64_t row = rotation->row & (reached | rotation->flip);
        const uint64_t touched = rotation->flip | row;
        if (touched == 0) continue; /* a global phase, which affects no derivative */
        if (single_bit(touched) && !(touched & entangled)) {
            prefix->rotation[prefix->rotations] = r;
            prefix->bit[prefix->rotations++] = __builtin_ctzll(touched);
        } else {
            entangled |= touched | rotation->row;
            order[(*count)++] = r;
        }
        reached |= rotation->flip;
    }
}

ent_status ent_state_reduce(lower_list *list, state_prefix *prefix, int *order, int *count)
{
    int *kept = ent_alloc(list->rotations, sizeof *kept);
    prefix->rotation = ent_alloc(list->rotations, sizeof *prefix->rotation);
    prefix->bit = ent_alloc(list->rotations, sizeof *prefix->bit);
    if (!kept || !prefix->rotation || !prefix->bit) {
        ent_free(kept);
        return ent_fail(ENT_ENOMEM, "state engine: no memory for %d rotations", list->rotations);
    }
    mark_seen(list, order, kept);
    *count = 0;
    for (int r = 0; r < list->rotations; r++) {
        if (kept[r]) kept[r] = !merge_back(list, order, *count, r);
        if (kept[r]) order[(*count)++] = r;
    }
    *count = 0;
    split_prefix(list, kept, prefix, order, count);
    ent_free(kept);
    return ENT_OK;
}
