/* Inside the timeline: drawing without replacement, the simulated clients, the two modes.  All functions are Local
 * and pure: the same on every rank, in any order of rounds. */
#ifndef ENTENTE_FED_TIMELINE_H
#define ENTENTE_FED_TIMELINE_H

#include "entente/random.h"
#include "fed/clients.h"

/* A map from numbers >= 0 to values, in memory and time proportional to its size. */
typedef struct {
    int64_t *key, *value; /* [room], a power of two; key -1: free */
    int64_t room, used;
} ent_map;

void ent_map_clear(ent_map *map);
void ent_map_empty(ent_map *map); /* keeps the memory */
ent_status ent_map_put(ent_map *map, int64_t key, int64_t value);
void ent_map_remove(ent_map *map, int64_t key);
bool ent_map_get(const ent_map *map, int64_t key, int64_t *value); /* value may be NULL */

/* Draw clients without replacement, one after the other: uniformly, or in proportion to their training rows among
 * those not drawn so far (successive sampling; clients without rows are never drawn).  A Fisher-Yates shuffle of the
 * clients, or of the training rows, that stores only the places that have changed: in a random order of all rows, the
 * first rows of the clients appear with exactly these probabilities. */
typedef struct {
    ent_random stream;
    int64_t next; /* completed places of the shuffle */
    ent_map moved, seen;
} ent_draw;

void ent_draw_start(ent_draw *draw, ent_random stream);
void ent_draw_clear(ent_draw *draw);
/* *client = -1 after the last. */
ent_status ent_draw_next(ent_draw *draw, const ent_population *population, int64_t *client);

/* The simulated clients: whether a client is available in a round, and how long its answer takes: latency plus
 * samples times epochs divided by its speed. */
bool ent_client_is_available(const ent_population *population, int64_t client, int64_t round);
double ent_client_seconds(const ent_population *population, int64_t client);
bool ent_client_drops_out(const ent_population *population, int64_t client, int64_t draw);

/* participation * clients, at least 1. */
int64_t ent_timeline_share(const ent_population *population);

/* FedBuff. */
typedef struct ent_buffer ent_buffer;
ent_status ent_buffer_new(const ent_population *population, ent_buffer **out);
void ent_buffer_free(ent_buffer *buffer);
/* The server's next step; members in order of arrival. */
ent_status ent_buffer_step(ent_buffer *buffer, const ent_population *population, ent_cohort *cohort);
/* The oldest round from whose first weights a client in flight has started, if its update may still count; if there
 * is none, the next round. */
int64_t ent_buffer_oldest(const ent_buffer *buffer, int64_t max_staleness);

#endif
