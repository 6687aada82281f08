/* Linear algebra over GF(2) by Gauss-Jordan elimination, one vector at a time: O(dimension) word operations each. */
#include "gf2.h"

uint64_t ent_gf2_reduce(const ent_gf2 *space, uint64_t v, uint64_t *made_of)
{
    uint64_t sum = 0;
    for (int k = 0; k < space->count; k++)
        if (v & space->pivot[k]) {
            v ^= space->vector[k];
            sum ^= space->made_of[k];
        }
    if (made_of) *made_of = sum;
    return v;
}

/* v and the sum that it is of what was added, v's own number included. */
static void put(ent_gf2 *space, uint64_t v, uint64_t pivot, uint64_t made_of)
{
    for (int k = 0; k < space->count; k++)
        if (space->vector[k] & pivot) {
            space->vector[k] ^= v;
            space->made_of[k] ^= made_of;
        }
    space->vector[space->count] = v;
    space->pivot[space->count] = pivot;
    space->made_of[space->count++] = made_of;
    space->pivots |= pivot;
}

void ent_gf2_add_at(ent_gf2 *space, uint64_t v, uint64_t pivot)
{
    put(space, v, pivot, UINT64_C(1) << space->count);
}

bool ent_gf2_add(ent_gf2 *space, uint64_t v)
{
    uint64_t made_of;
    v = ent_gf2_reduce(space, v, &made_of);
    if (v) put(space, v, ent_gf2_lowest(v), made_of ^ UINT64_C(1) << space->count);
    return v != 0;
}

bool ent_gf2_add_highest(ent_gf2 *space, uint64_t v)
{
    uint64_t made_of;
    v = ent_gf2_reduce(space, v, &made_of);
    if (v) put(space, v, ent_gf2_highest(v), made_of ^ UINT64_C(1) << space->count);
    return v != 0;
}

static void swap(uint64_t *a, uint64_t *b)
{
    const uint64_t c = *a;
    *a = *b;
    *b = c;
}

void ent_gf2_sort(ent_gf2 *space, int from)
{
    for (int i = from + 1; i < space->count; i++)
        for (int k = i; k > from && space->pivot[k] < space->pivot[k - 1]; k--) {
            swap(&space->pivot[k], &space->pivot[k - 1]);
            swap(&space->vector[k], &space->vector[k - 1]);
            swap(&space->made_of[k], &space->made_of[k - 1]);
        }
}

uint64_t ent_gf2_sum(const uint64_t *vectors, int count, uint64_t which)
{
    uint64_t sum = 0;
    for (int k = 0; k < count; k++)
        if (which >> k & 1) sum ^= vectors[k];
    return sum;
}

void ent_gf2_dual(const uint64_t *rows, int count, int bits, uint64_t *dual)
{
    ent_gf2 space = {0};
    for (int k = 0; k < count; k++) ent_gf2_add(&space, rows[k]);
    for (int j = 0; j < count; j++) {
        dual[j] = 0;
        for (int k = 0; k < count; k++)
            if (space.made_of[k] >> j & 1) dual[j] |= space.pivot[k];
    }
    for (int b = 0, j = count; b < bits; b++) {
        if (space.pivots >> b & 1) continue;
        dual[j] = UINT64_C(1) << b;
        for (int k = 0; k < count; k++)
            if (space.vector[k] >> b & 1) dual[j] |= space.pivot[k];
        j++;
    }
}
