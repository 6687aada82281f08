/* The participants of a round.
 *
 * sync: a round asks participation * clients (and `over_selection` more) of the available clients, drawn without
 * replacement.  It waits until the wanted number of updates has arrived, until the deadline, or until no more updates
 * are expected: the dropout of a client is noticed when its update would have arrived.  An update that arrives later
 * is lost.  sampling: weighted draws in proportion to samples (successive sampling), so each update
 * then counts once, not by its samples again: weight 1 / samples (Li et al. 2020, arXiv 1907.02189, scheme I, there
 * with replacement).
 *
 * sampling: poisson: every available client takes part with probability `participation`, independently of the
 * others, so rounds differ in size.
 *
 * fedbuff: see timeline_buffer.c; round t is the server's t-th step. */
#include <math.h>
#include <stdlib.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "timeline.h"

/* A client that was asked. */
typedef struct {
    int64_t client;
    double seconds;
} asked;

struct ent_timeline {
    ent_cohort cohort;
    int64_t wanted; /* updates per round */
    asked *ask;     /* [ask_room] */
    int64_t ask_room;
    ent_draw draw;
    ent_buffer *buffer; /* NULL: sync */
    int64_t round;      /* of the cohort; -1 before the first */
};

int64_t ent_timeline_share(const ent_population *p)
{
    const int64_t wanted = llround(p->config->federation.participation * (double)p->clients);
    return wanted < 1 ? 1 : wanted;
}

int64_t ent_timeline_most(const ent_population *p)
{
    return p->config->system.mode == ENT_MODE_SYNC ? ent_timeline_share(p) : p->config->system.buffer;
}

ent_status ent_timeline_new(const ent_population *p, ent_timeline **out)
{
    const ent_config_system *c = &p->config->system;
    const bool sync = c->mode == ENT_MODE_SYNC;
    ent_timeline *t = ent_alloc(1, sizeof *t);
    ENT_REQUIRE(t, ENT_ENOMEM, "timeline: no memory");
    t->round = -1;
    t->wanted = p->config->federation.sampling == ENT_SAMPLING_POISSON ? p->clients : ent_timeline_share(p);
    t->ask_room = (int64_t)fmin((double)p->clients, ceil((double)ent_timeline_share(p) * (1.0 + c->over_selection)));
    t->ask = ent_alloc(sync ? t->ask_room : 0, sizeof *t->ask);
    t->cohort.room = sync ? t->ask_room : c->buffer;
    t->cohort.member = ent_alloc(t->cohort.room, sizeof *t->cohort.member);
    ent_status status = t->ask && t->cohort.member
                            ? ENT_OK
                            : ent_fail(ENT_ENOMEM, "timeline of %lld clients: no memory", (long long)p->clients);
    if (status == ENT_OK && !sync) status = ent_buffer_new(p, &t->buffer);
    if (status != ENT_OK) {
        ent_timeline_free(t);
        return status;
    }
    *out = t;
    return ENT_OK;
}

void ent_timeline_free(ent_timeline *t)
{
    if (!t) return;
    ent_free(t->cohort.member);
    ent_free(t->cohort.gone);
    ent_free(t->ask);
    ent_draw_clear(&t->draw);
    ent_buffer_free(t->buffer);
    ent_free(t);
}

static int by_client(const void *a, const void *b)
{
    const int64_t x = ((const ent_member *)a)->client, y = ((const ent_member *)b)->client;
    return (x > y) - (x < y);
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int by_seconds(const void *a, const void *b)
{
    const asked *x = a, *y = b;
    if (x->seconds != y->seconds) return x->seconds < y->seconds ? -1 : 1;
    return (x->client > y->client) - (x->client < y->client);
}

static ent_status ask(ent_timeline *t, const ent_population *p, int64_t client, int64_t round, int64_t *n)
{
    if (!ent_client_is_available(p, client, round)) return ENT_OK;
    ENT_REQUIRE(ent_grow((void **)&t->ask, &t->ask_room, *n, sizeof *t->ask), ENT_ENOMEM, "cohort: no memory");
    t->ask[(*n)++] = (asked){.client = client, .seconds = ent_client_seconds(p, client)};
    return ENT_OK;
}

/* Each client independently with the same probability: the distances of those that are drawn are geometric. */
static ent_status ask_each(ent_timeline *t, const ent_population *p, int64_t round, int64_t *n)
{
    ent_random stream = ent_random_at(p->config->seeds.sampling, ENT_FOR_COHORT, (uint64_t)round, 0);
    const double log_rest = log1p(-p->config->federation.participation); /* -infinity: all are drawn */
    *n = 0;
    for (int64_t client = 0; client < p->clients; client++) {
        const double skip = floor(log(ent_random_uniform(&stream)) / log_rest);
        if (skip >= (double)(p->clients - client)) break;
        client += (int64_t)skip;
        ENT_TRY(ask(t, p, client, round, n));
    }
    return ENT_OK;
}

/* Fill t->ask with *n available clients. */
static ent_status ask_clients(ent_timeline *t, const ent_population *p, int64_t round, int64_t *n)
{
    if (p->config->federation.sampling == ENT_SAMPLING_POISSON) return ask_each(t, p, round, n);
    const bool all = t->ask_room == p->clients;
    ent_draw_start(&t->draw, ent_random_at(p->config->seeds.sampling, ENT_FOR_COHORT, (uint64_t)round, 0));
    *n = 0;
    for (int64_t next = 0, client, room = t->ask_room; *n < room; next++) {
        if (all)
            client = next < p->clients ? next : -1;
        else
            ENT_TRY(ent_draw_next(&t->draw, p, &client));
        if (client < 0) break;
        ENT_TRY(ask(t, p, client, round, n));
    }
    return ENT_OK;
}

static double weight_of(const ent_population *p, int64_t client)
{
    if (p->config->federation.sampling != ENT_SAMPLING_WEIGHTED) return 1.0;
    return 1.0 / (double)ent_client_rows_count(p, client);
}

/* Allocate memory for all drawn clients, as members and as lost. */
static ent_status make_room(ent_cohort *cohort)
{
    const int64_t room = cohort->drawn > cohort->room ? 2 * cohort->drawn : cohort->room;
    if (room > cohort->room || !cohort->gone) {
        ent_member *member = ent_alloc(room, sizeof *member);
        int64_t *gone = ent_alloc(room, sizeof *gone);
        ent_free(cohort->member);
        ent_free(cohort->gone);
        cohort->member = member;
        cohort->gone = gone;
        cohort->room = member && gone ? room : 0;
        ENT_REQUIRE(member && gone, ENT_ENOMEM, "cohort: no memory");
    }
    return ENT_OK;
}

static ent_status sync_round(ent_timeline *t, const ent_population *p, int64_t round)
{
    const double deadline = p->config->system.deadline_s;
    ent_cohort *cohort = &t->cohort;
    ENT_TRY(ask_clients(t, p, round, &cohort->drawn));
    qsort(t->ask, (size_t)cohort->drawn, sizeof *t->ask, by_seconds);
    ENT_TRY(make_room(cohort));
    double last = 0.0; /* time of the last event that the server waits for */
    cohort->n = cohort->lost = 0;
    for (int64_t k = 0; k < cohort->drawn; k++) {
        const asked *a = &t->ask[k];
        const bool over = cohort->n == t->wanted || (deadline > 0.0 && a->seconds > deadline);
        const bool empty = ent_client_rows_count(p, a->client) == 0;
        if (!over) last = a->seconds;
        if (empty) continue; /* it has nothing to send */
        if (over || ent_client_drops_out(p, a->client, round))
            cohort->gone[cohort->lost++] = a->client;
        else
            cohort->member[cohort->n++] =
                (ent_member){.client = a->client, .base = round, .weight = weight_of(p, a->client)};
    }
    const bool ran_out = cohort->lost > 0 && cohort->n < t->wanted && deadline > 0.0;
    cohort->simulated_s = ran_out ? deadline : last;
    return ENT_OK;
}

static ent_status fedbuff_round(ent_timeline *t, const ent_population *p, int64_t round)
{
    if (round < t->round) {
        ent_buffer *fresh;
        ENT_TRY(ent_buffer_new(p, &fresh));
        ent_buffer_free(t->buffer);
        t->buffer = fresh;
        t->round = -1;
    }
    for (int64_t step = t->round + 1; step <= round; step++) ENT_TRY(ent_buffer_step(t->buffer, p, &t->cohort));
    return ENT_OK;
}

ent_status ent_timeline_round(ent_timeline *t, const ent_population *p, int64_t round, const ent_cohort **cohort)
{
    if (round != t->round) {
        ENT_TRY(t->buffer ? fedbuff_round(t, p, round) : sync_round(t, p, round));
        t->round = round;
        qsort(t->cohort.member, (size_t)t->cohort.n, sizeof *t->cohort.member, by_client);
        if (t->cohort.gone) qsort(t->cohort.gone, (size_t)t->cohort.lost, sizeof *t->cohort.gone, by_number);
        double sum = 0.0;
        for (int64_t k = 0; k < t->cohort.n; k++) sum += (double)(round - t->cohort.member[k].base);
        t->cohort.staleness = t->cohort.n > 0 ? sum / (double)t->cohort.n : 0.0;
    }
    *cohort = &t->cohort;
    return ENT_OK;
}

int64_t ent_timeline_oldest(const ent_timeline *t, const ent_population *p)
{
    return t->buffer ? ent_buffer_oldest(t->buffer, p->config->system.max_staleness) : t->round + 1;
}
