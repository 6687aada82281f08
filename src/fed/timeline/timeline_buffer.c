/* Asynchronous training with a buffer: FedBuff (Nguyen et al. 2022, arXiv 2106.06639) in simulated time.
 *
 * `concurrency` clients train at a time.  Updates that arrive go into the buffer; when it has `buffer` of them, the
 * server makes a step, with weight (1 + s)^-staleness for an update that started s steps ago.  When a client is done,
 * another one starts, from the server's current weights.  A client is asked again only after its update has been used
 * or lost, so a step has no client twice.  Clients without training rows are not asked.  If no client can be asked
 * and none is training, the server makes a step with the updates that it has.
 *
 * Durations do not depend on what is learnt, so all of this can be simulated without any training: a queue of events
 * ordered by (time, order of the start). */
#include <math.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "timeline.h"

enum { TRIES = 256 }; /* draws before all clients are searched for one that is free */

typedef struct {
    double at;     /* time of its end */
    int64_t order; /* of its start */
    int64_t client, base;
    bool arrives;
} flight;

struct ent_buffer {
    flight *heap; /* [room] a heap, the next one first */
    int64_t count, room;
    ent_map busy; /* in flight or in the buffer */
    int64_t step, started;
    bool nobody;       /* no client is free, and none has become free since the last search */
    double now, begin; /* begin: of this step */
};

static int64_t clients_with_rows(const ent_population *p)
{
    int64_t count = 0;
    for (int64_t c = 0; c < p->clients; c++) count += ent_client_rows_count(p, c) > 0;
    return count;
}

ent_status ent_buffer_new(const ent_population *p, ent_buffer **out)
{
    const ent_config_system *c = &p->config->system;
    const int64_t can = clients_with_rows(p);
    ENT_REQUIRE(c->buffer <= can, ENT_ECONFIG,
                "system.buffer: found %d, want at most %lld, the number of clients with training rows", c->buffer,
                (long long)can);
    ent_buffer *b = ent_alloc(1, sizeof *b);
    ENT_REQUIRE(b, ENT_ENOMEM, "timeline: no memory");
    b->room = c->concurrency > 0 ? c->concurrency : ent_timeline_share(p);
    if (b->room > can) b->room = can;
    b->heap = ent_alloc(b->room, sizeof *b->heap);
    if (!b->heap) {
        ent_buffer_free(b);
        return ent_fail(ENT_ENOMEM, "timeline of %lld clients: no memory", (long long)p->clients);
    }
    *out = b;
    return ENT_OK;
}

void ent_buffer_free(ent_buffer *b)
{
    if (!b) return;
    ent_free(b->heap);
    ent_map_clear(&b->busy);
    ent_free(b);
}

static bool is_before(const flight *a, const flight *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(ent_buffer *b, flight in)
{
    int64_t at = b->count++;
    for (; at > 0 && is_before(&in, &b->heap[(at - 1) / 2]); at = (at - 1) / 2) b->heap[at] = b->heap[(at - 1) / 2];
    b->heap[at] = in;
}

static flight pop(ent_buffer *b)
{
    const flight first = b->heap[0], last = b->heap[--b->count];
    int64_t at = 0;
    for (int64_t child = 1; child < b->count; child = 2 * at + 1) {
        if (child + 1 < b->count && is_before(&b->heap[child + 1], &b->heap[child])) child++;
        if (!is_before(&b->heap[child], &last)) break;
        b->heap[at] = b->heap[child];
        at = child;
    }
    b->heap[at] = last;
    return first;
}

static bool is_free(const ent_buffer *b, const ent_population *p, int64_t client)
{
    return ent_client_rows_count(p, client) > 0 && !ent_map_get(&b->busy, client, NULL) &&
           ent_client_is_available(p, client, b->step);
}

/* A client that can be asked now; -1: there is none. */
static int64_t find_client(const ent_buffer *b, const ent_population *p)
{
    const ent_part *train = &p->part[ENT_TRAIN];
    const bool uniform = p->config->federation.sampling == ENT_SAMPLING_UNIFORM;
    ent_random stream = ent_random_at(p->config->seeds.sampling, ENT_FOR_COHORT, (uint64_t)b->started, 1);
    int64_t client = 0;
    for (int k = 0; k < TRIES; k++) {
        client = uniform ? (int64_t)ent_random_below(&stream, (uint64_t)p->clients)
                         : train->client[ent_random_below(&stream, (uint64_t)train->n)];
        if (is_free(b, p, client)) return client;
    }
    for (int64_t k = 0; k < p->clients; k++, client = (client + 1) % p->clients)
        if (is_free(b, p, client)) return client;
    return -1;
}

/* Start clients until `concurrency` of them train. */
static ent_status fill(ent_buffer *b, const ent_population *p, ent_cohort *cohort)
{
    while (b->count < b->room && !b->nobody) {
        const int64_t client = find_client(b, p);
        b->nobody = client < 0;
        if (b->nobody) break;
        ENT_TRY(ent_map_put(&b->busy, client, 1));
        push(b, (flight){.at = b->now + ent_client_seconds(p, client),
                         .order = b->started,
                         .client = client,
                         .base = b->step,
                         .arrives = !ent_client_drops_out(p, client, b->started)});
        b->started++;
        cohort->drawn++;
    }
    return ENT_OK;
}

static double weight_of(const ent_population *p, const ent_buffer *b, const flight *done)
{
    const double fresh = pow(1.0 + (double)(b->step - done->base), -p->config->system.staleness);
    const bool uniform = p->config->federation.sampling == ENT_SAMPLING_UNIFORM;
    return uniform ? fresh : fresh / (double)ent_client_rows_count(p, done->client);
}

ent_status ent_buffer_step(ent_buffer *b, const ent_population *p, ent_cohort *cohort)
{
    const ent_config_system *c = &p->config->system;
    cohort->drawn = cohort->lost = cohort->n = 0;
    b->begin = b->now;
    while (cohort->n < c->buffer) {
        ENT_TRY(fill(b, p, cohort));
        if (b->count == 0) break;
        const flight done = pop(b);
        b->now = done.at;
        if (done.arrives && b->step - done.base <= c->max_staleness) {
            cohort->member[cohort->n++] =
                (ent_member){.client = done.client, .base = done.base, .weight = weight_of(p, b, &done)};
        } else {
            cohort->lost++;
            ent_map_remove(&b->busy, done.client);
            b->nobody = false;
        }
    }
    for (int64_t k = 0; k < cohort->n; k++) ent_map_remove(&b->busy, cohort->member[k].client);
    cohort->simulated_s = b->now - b->begin;
    b->step++;
    b->nobody = false;
    return ENT_OK;
}

int64_t ent_buffer_oldest(const ent_buffer *b, int64_t max_staleness)
{
    int64_t oldest = b->step;
    for (int64_t k = 0; k < b->count; k++)
        if (b->heap[k].base < oldest) oldest = b->heap[k].base;
    return oldest > b->step - max_staleness ? oldest : b->step - max_staleness;
}
