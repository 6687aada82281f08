/* Who takes part: in every round the first clients of a permutation that belongs to the round. */
#include <math.h>
#include <stdlib.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "fed.h"

struct ent_timeline {
    ent_cohort cohort;
    int64_t *order; /* [clients] */
};

int64_t ent_timeline_most(const ent_federation *f)
{
    const int64_t wanted = llround(f->config->federation.participation * (double)f->clients);
    return wanted < 1 ? 1 : wanted;
}

ent_status ent_timeline_new(const ent_federation *f, ent_timeline **out)
{
    ent_timeline *t = ent_alloc(1, sizeof *t);
    ENT_REQUIRE(t, ENT_ENOMEM, "timeline: no memory");
    t->cohort.room = ent_timeline_most(f);
    t->cohort.member = ent_alloc(t->cohort.room, sizeof *t->cohort.member);
    t->order = ent_alloc(f->clients, sizeof *t->order);
    if (!t->cohort.member || !t->order) {
        ent_timeline_free(t);
        return ent_fail(ENT_ENOMEM, "timeline of %lld clients: no memory", (long long)f->clients);
    }
    *out = t;
    return ENT_OK;
}

void ent_timeline_free(ent_timeline *t)
{
    if (!t) return;
    ent_free(t->cohort.member);
    ent_free(t->order);
    ent_free(t);
}

static int by_client(const void *a, const void *b)
{
    const int64_t x = ((const ent_member *)a)->client, y = ((const ent_member *)b)->client;
    return (x > y) - (x < y);
}

ent_status ent_timeline_round(ent_timeline *t, const ent_federation *f, int64_t round, const ent_cohort **cohort)
{
    ent_random stream = ent_random_at(f->config->seeds.sampling, ENT_FOR_COHORT, (uint64_t)round, 0);
    ent_random_permutation(&stream, f->clients, t->order);
    t->cohort.drawn = t->cohort.n = t->cohort.room;
    for (int64_t k = 0; k < t->cohort.n; k++)
        t->cohort.member[k] = (ent_member){.client = t->order[k], .base = round, .weight = 1.0};
    qsort(t->cohort.member, (size_t)t->cohort.n, sizeof *t->cohort.member, by_client);
    *cohort = &t->cohort;
    return ENT_OK;
}
