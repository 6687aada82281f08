/* Drawing without replacement, in time and memory proportional to the number of draws.
 *
 * Fisher-Yates: place k gets the entry of a random place j >= k.  A place that was never touched contains its own
 * number, so a hash table of the others is sufficient (open addressing, linear probing). */
#include <string.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "timeline.h"

static int64_t place_of(const ent_map *map, int64_t key)
{
    uint64_t hash = (uint64_t)key * UINT64_C(0x9E3779B97F4A7C15);
    int64_t at = (int64_t)(hash >> 32) & (map->room - 1);
    while (map->key[at] >= 0 && map->key[at] != key) at = (at + 1) & (map->room - 1);
    return at;
}

void ent_map_clear(ent_map *map)
{
    ent_free(map->key);
    ent_free(map->value);
    *map = (ent_map){.room = 0};
}

void ent_map_empty(ent_map *map)
{
    for (int64_t k = 0; k < map->room; k++) map->key[k] = -1;
    map->used = 0;
}

static ent_status grow(ent_map *map)
{
    ent_map larger = {.room = map->room ? 2 * map->room : 64};
    larger.key = ent_alloc(larger.room, sizeof *larger.key);
    larger.value = ent_alloc(larger.room, sizeof *larger.value);
    if (!larger.key || !larger.value) {
        ent_map_clear(&larger);
        return ent_fail(ENT_ENOMEM, "cohort: no memory");
    }
    ent_map_empty(&larger);
    for (int64_t k = 0; k < map->room; k++) {
        if (map->key[k] < 0) continue;
        const int64_t at = place_of(&larger, map->key[k]);
        larger.key[at] = map->key[k];
        larger.value[at] = map->value[k];
    }
    larger.used = map->used;
    ent_map_clear(map);
    *map = larger;
    return ENT_OK;
}

ent_status ent_map_put(ent_map *map, int64_t key, int64_t value)
{
    if (2 * (map->used + 1) > map->room) ENT_TRY(grow(map));
    const int64_t at = place_of(map, key);
    map->used += map->key[at] < 0;
    map->key[at] = key;
    map->value[at] = value;
    return ENT_OK;
}

/* Move up entries that were displaced by the key, so that no probe ends at a hole. */
void ent_map_remove(ent_map *map, int64_t key)
{
    if (map->room == 0) return;
    int64_t at = place_of(map, key);
    if (map->key[at] < 0) return;
    map->key[at] = -1;
    map->used--;
    for (at = (at + 1) & (map->room - 1); map->key[at] >= 0; at = (at + 1) & (map->room - 1)) {
        const int64_t moved = map->key[at], value = map->value[at];
        map->key[at] = -1;
        const int64_t to = place_of(map, moved);
        map->key[to] = moved;
        map->value[to] = value;
    }
}

bool ent_map_get(const ent_map *map, int64_t key, int64_t *value)
{
    if (map->room == 0) return false;
    const int64_t at = place_of(map, key);
    if (map->key[at] < 0) return false;
    if (value) *value = map->value[at];
    return true;
}

void ent_draw_start(ent_draw *draw, ent_random stream)
{
    draw->stream = stream;
    draw->next = 0;
    ent_map_empty(&draw->moved);
    ent_map_empty(&draw->seen);
}

void ent_draw_clear(ent_draw *draw)
{
    ent_map_clear(&draw->moved);
    ent_map_clear(&draw->seen);
}

/* The entry of place draw->next of a shuffle of 0..n-1. */
static ent_status next_number(ent_draw *draw, int64_t n, int64_t *number)
{
    const int64_t k = draw->next++, j = k + (int64_t)ent_random_below(&draw->stream, (uint64_t)(n - k));
    int64_t here = k;
    *number = j;
    ent_map_get(&draw->moved, j, number);
    ent_map_get(&draw->moved, k, &here);
    return j == k ? ENT_OK : ent_map_put(&draw->moved, j, here);
}

ent_status ent_draw_next(ent_draw *draw, const ent_population *p, int64_t *client)
{
    const ent_part *train = &p->part[ENT_TRAIN];
    if (p->config->federation.sampling != ENT_SAMPLING_WEIGHTED) {
        *client = -1;
        return draw->next < p->clients ? next_number(draw, p->clients, client) : ENT_OK;
    }
    while (draw->next < train->n) {
        int64_t row;
        ENT_TRY(next_number(draw, train->n, &row));
        *client = train->client[row];
        if (!ent_map_get(&draw->seen, *client, NULL)) return ent_map_put(&draw->seen, *client, 1);
    }
    *client = -1;
    return ENT_OK;
}
