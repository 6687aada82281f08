/* The graph of neighbours: a circle in random order, each client joined to the neighbours / 2 nearest on either side
 * (a Harary graph on random places, Bell et al. 2020, section 3.1). */
#include "entente/memory.h"
#include "entente/random.h"
#include "privacy/secure.h"

ent_status ent_secure_graph_make(int64_t clients, int neighbours, int threshold, uint64_t seed, uint64_t round,
                                 ent_secure_graph *out)
{
    ENT_REQUIRE(clients >= 2, ENT_EARG, "secure aggregation of %lld client: its sum would be the client's own",
                (long long)clients);
    ENT_REQUIRE(neighbours == clients - 1 || (neighbours >= 2 && neighbours < clients && neighbours % 2 == 0),
                ENT_EARG, "%d neighbours of %lld clients, want an even number from 2, or %lld", neighbours,
                (long long)clients, (long long)clients - 1);
    ENT_REQUIRE(threshold >= 1 && threshold <= neighbours, ENT_EARG, "%d shares of %d, want 1..%d", threshold,
                neighbours, neighbours);
    *out = (ent_secure_graph){
        .clients = clients, .neighbours = neighbours, .threshold = threshold, .seed = seed, .round = round};
    out->at = ent_alloc(clients, sizeof *out->at);
    out->place = ent_alloc(clients, sizeof *out->place);
    out->fault = ent_alloc(clients, sizeof *out->fault);
    if (!out->at || !out->place || !out->fault) {
        ent_secure_graph_clear(out);
        return ent_fail(ENT_ENOMEM, "secure aggregation: no memory");
    }
    ent_random stream = ent_random_at(seed, ENT_FOR_SECURE, round, 0);
    ent_random_permutation(&stream, clients, out->at);
    for (int64_t k = 0; k < clients; k++) out->place[out->at[k]] = k;
    return ENT_OK;
}

void ent_secure_graph_clear(ent_secure_graph *graph)
{
    ent_free(graph->at);
    ent_free(graph->place);
    ent_free(graph->fault);
    *graph = (ent_secure_graph){.clients = 0};
}

static int64_t offset_of(const ent_secure_graph *g, int k)
{
    const int half = g->neighbours / 2;
    if (g->neighbours == g->clients - 1) return k + 1;
    return k < half ? k + 1 : g->clients - (k - half + 1);
}

int64_t ent_secure_neighbour(const ent_secure_graph *g, int64_t client, int k)
{
    return g->at[(g->place[client] + offset_of(g, k)) % g->clients];
}

int ent_secure_back(const ent_secure_graph *g, int k)
{
    if (g->neighbours == g->clients - 1) return g->neighbours - 1 - k;
    return (k + g->neighbours / 2) % g->neighbours;
}
