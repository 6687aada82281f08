/* A hash table with open addressing, at most half full, of the positions of keys in a list: searches touch little
 * memory, and clearing it costs only as much as it contains. */
#include <string.h>

#include "entente/memory.h"
#include "pauli_string.h"

struct pauli_key {
    ent_pauli string;
    int index;
    uint32_t bucket;
};

struct pauli_bucket {
    uint32_t hash;
    int32_t key; /* plus one; 0: empty */
};

/* Multiply and fold (splitmix64's mixing step). */
static uint64_t hash_of(const ent_pauli *string)
{
    uint64_t h = 0;
    for (int k = 0; k < ENT_MAX_QUBITS / 64; k++) {
        h = (h ^ string->x.word[k]) * UINT64_C(0xbf58476d1ce4e5b9);
        h ^= h >> 29;
        h = (h ^ string->z.word[k]) * UINT64_C(0x94d049bb133111eb);
        h ^= h >> 32;
    }
    return h;
}

/* The bucket of a string, or the empty one where it would be. */
static uint32_t place(const pauli_map *map, const ent_pauli *string, uint64_t hash)
{
    const uint64_t last = (uint64_t)map->size - 1;
    uint64_t at = (hash >> 32) & last;
    for (; map->bucket[at].key != 0; at = (at + 1) & last)
        if (map->bucket[at].hash == (uint32_t)hash && pauli_equal(&map->key[map->bucket[at].key - 1].string, string))
            break;
    return (uint32_t)at;
}

int ent_pauli_map_find(const pauli_map *map, const ent_pauli *string)
{
    if (map->count == 0) return -1;
    const int32_t key = map->bucket[place(map, string, hash_of(string))].key;
    return key == 0 ? -1 : map->key[key - 1].index;
}

static void put(pauli_map *map, int64_t key)
{
    struct pauli_key *k = &map->key[key];
    const uint64_t hash = hash_of(&k->string);
    k->bucket = place(map, &k->string, hash);
    map->bucket[k->bucket] = (struct pauli_bucket){(uint32_t)hash, (int32_t)key + 1};
}

static ent_status grow(pauli_map *map)
{
    const int64_t size = map->size == 0 ? 64 : 2 * map->size;
    struct pauli_bucket *bucket = ent_alloc(size, sizeof *bucket);
    ENT_REQUIRE(bucket, ENT_ENOMEM, "pauli engine: no memory for %lld strings", (long long)size);
    ent_free(map->bucket);
    map->bucket = bucket;
    map->size = size;
    for (int64_t k = 0; k < map->count; k++) put(map, k);
    return ENT_OK;
}

ent_status ent_pauli_map_add(pauli_map *map, const ent_pauli *string, int index)
{
    if (2 * (map->count + 1) > map->size) ENT_TRY(grow(map));
    ENT_REQUIRE(ent_grow((void **)&map->key, &map->room, map->count, sizeof *map->key), ENT_ENOMEM,
                "pauli engine: no memory for %lld strings", (long long)map->count + 1);
    map->key[map->count] = (struct pauli_key){*string, index, 0};
    put(map, map->count++);
    return ENT_OK;
}

void ent_pauli_map_empty(pauli_map *map)
{
    for (int64_t k = 0; k < map->count; k++) map->bucket[map->key[k].bucket] = (struct pauli_bucket){0};
    map->count = 0;
}

void ent_pauli_map_clear(pauli_map *map)
{
    ent_free(map->key);
    ent_free(map->bucket);
    *map = (pauli_map){0};
}
