/* Level l of the tree has a node for each 2^l rounds that are complete.  Of each client: what it has so far, and per
 * level the node that it was in last and how often.  One more time in a node takes the square from c^2 to (c + 1)^2.
 */
#include "fed/privacy/participation.h"

#include "entente/memory.h"

struct ent_participation {
    int64_t clients, rounds, most;
    int levels;
    int64_t *has;   /* [clients] */
    int32_t *node;  /* [clients][levels] */
    int32_t *count; /* [clients][levels] */
};

ent_status ent_participation_new(int64_t clients, int64_t tree_rounds, ent_participation **out)
{
    ent_participation *p = ent_alloc(1, sizeof *p);
    ENT_REQUIRE(p, ENT_ENOMEM, "privacy: no memory");
    p->clients = clients;
    p->rounds = tree_rounds;
    while (tree_rounds >> p->levels > 0) p->levels++;
    p->has = ent_alloc(clients, sizeof *p->has);
    p->node = ent_alloc(clients * p->levels, sizeof *p->node);
    p->count = ent_alloc(clients * p->levels, sizeof *p->count);
    if (!p->has || !p->node || !p->count) {
        ent_participation_free(p);
        return ent_fail(ENT_ENOMEM, "privacy of %lld clients: no memory", (long long)clients);
    }
    *out = p;
    return ENT_OK;
}

void ent_participation_free(ent_participation *p)
{
    if (!p) return;
    ent_free(p->has);
    ent_free(p->node);
    ent_free(p->count);
    ent_free(p);
}

void ent_participation_add(ent_participation *p, int64_t round, int64_t client)
{
    if (p->levels == 0) p->has[client]++;
    for (int l = 0; l < p->levels; l++) {
        int32_t *node = &p->node[client * p->levels + l], *count = &p->count[client * p->levels + l];
        const int32_t here = (int32_t)(round >> l);
        if ((round >> l) + 1 > p->rounds >> l) break; /* never complete: it gets no noise, and is not released */
        if (*node != here) *count = 0;
        *node = here;
        p->has[client] += 2 * (int64_t)(*count)++ + 1;
    }
    if (p->has[client] > p->most) p->most = p->has[client];
}

int64_t ent_participation_most(const ent_participation *p)
{
    return p->most;
}
