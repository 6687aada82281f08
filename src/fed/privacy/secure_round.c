#include "fed/privacy/secure_round.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#include "entente/memory.h"

void (*ent_secure_watch)(int64_t n, const ent_ring *sent);

ent_status ent_secure_check(const ent_population *p)
{
    const ent_config_federation *c = &p->config->federation;
    const ent_rule *rule = ent_rule_find(c->aggregation);
    const double cohort = c->participation * (double)p->clients;
    if (!ent_is_secure(p->config)) return ENT_OK;
    ENT_REQUIRE(!rule->own, ENT_ECONFIG,
                "federation.aggregation: found 'local', want another with federation.secure: nothing is sent");
    ENT_REQUIRE(
        !rule->combine, ENT_ECONFIG,
        "federation.aggregation: found a rule that reads single updates (median, trimmed_mean, krum, multi_krum), "
        "want a rule of sums with federation.secure: the server receives only their sum");
    ENT_REQUIRE(p->config->system.mode == ENT_MODE_SYNC, ENT_ECONFIG,
                "system.mode: found 'fedbuff', want sync with federation.secure: masks cancel within a round");
    ENT_REQUIRE(cohort >= 2.0, ENT_ECONFIG,
                "federation.secure: found a cohort of %g, want at least 2 clients: the sum of one is its update",
                cohort);
    ENT_REQUIRE(c->secure.neighbours % 2 == 0, ENT_ECONFIG,
                "federation.secure.neighbours: found %d, want an even number", c->secure.neighbours);
    ENT_REQUIRE((double)c->secure.neighbours < cohort, ENT_ECONFIG,
                "federation.secure.neighbours: found %d, want less than the cohort, %g", c->secure.neighbours,
                cohort);
    return ENT_OK;
}

/* ---- participants ---- */

/* The rank that trains a client; 0 if rank 0 has its update from a checkpoint, or if no rank trains it. */
static int host_of(const ent_cohort *all, int64_t member, const ent_cohort *trains, const int *rank)
{
    int64_t at = member;
    if (trains != all)
        for (at = 0; at < trains->n && trains->member[at].client != all->member[member].client;) at++;
    return at < trains->n && rank[at] > 0 ? rank[at] : 0;
}

ent_status ent_secure_cohort_make(const ent_cohort *all, const ent_cohort *trains, const int *rank, int64_t round,
                                  int ranks, ent_secure_cohort *out)
{
    *out = (ent_secure_cohort){.round = round, .clients = all->n + all->lost};
    out->host = ent_alloc(out->clients, sizeof *out->host);
    out->answered = ent_alloc(out->clients, sizeof *out->answered);
    if (!out->host || !out->answered) {
        ent_secure_cohort_clear(out);
        return ent_fail(ENT_ENOMEM, "secure aggregation: no memory");
    }
    for (int64_t k = 0, member = 0, gone = 0; k < out->clients; k++) {
        out->answered[k] = gone == all->lost || (member < all->n && all->member[member].client < all->gone[gone]);
        if (out->answered[k])
            out->host[k] = host_of(all, member++, trains, rank);
        else
            out->host[k] = (int)(gone++ % ranks);
    }
    return ENT_OK;
}

void ent_secure_cohort_clear(ent_secure_cohort *cohort)
{
    ent_free(cohort->host);
    ent_free(cohort->answered);
    *cohort = (ent_secure_cohort){.clients = 0};
}

/* ---- a round ---- */

typedef struct {
    ent_comm *lane;
    const ent_secure_cohort *cohort;
    int me;
    ent_secure_graph graph;
    int64_t own;               /* clients hosted here, ascending: */
    int64_t *number, *index;   /* [own] in the cohort; [clients] and back, -1 for others */
    ent_secure_client *client; /* [own] */
    ent_secure_keys *keys;     /* [clients] */
    ent_secure_pair *pair;     /* [own][neighbours] */
    ent_secure_parcel *parcel; /* [own][neighbours] that they send */
    ent_secure_shares *held;   /* [own][neighbours] that they received */
    ent_secure_revealed *revealed;
} work;

static int neighbours_of(const ent_config_secure *c, int64_t clients)
{
    return c->neighbours == 0 || c->neighbours >= clients ? (int)clients - 1 : c->neighbours;
}

static int share_of(double threshold, int64_t n)
{
    const int share = (int)ceil(threshold * (double)n - 1e-9);
    return share < 1 ? 1 : share;
}

static void work_clear(work *w)
{
    const int64_t pairs = w->own * w->graph.neighbours;
    if (w->client) sodium_memzero(w->client, (size_t)w->own * sizeof *w->client);
    if (w->pair) sodium_memzero(w->pair, (size_t)pairs * sizeof *w->pair);
    if (w->held) sodium_memzero(w->held, (size_t)pairs * sizeof *w->held);
    ent_free(w->number);
    ent_free(w->index);
    ent_free(w->client);
    ent_free(w->keys);
    ent_free(w->pair);
    ent_free(w->parcel);
    ent_free(w->held);
    ent_free(w->revealed);
    ent_secure_graph_clear(&w->graph);
}

static ent_status work_make(work *w, uint64_t seed, const ent_config_secure *c)
{
    const int64_t clients = w->cohort->clients;
    const int neighbours = neighbours_of(c, clients);
    const int with_itself = share_of(c->threshold, neighbours + 1); /* a client answers, and its neighbours for it */
    ENT_TRY(ent_secure_graph_make(clients, neighbours, with_itself > 2 ? with_itself - 1 : 1, seed,
                                  (uint64_t)w->cohort->round, &w->graph));
    w->number = ent_alloc(clients, sizeof *w->number);
    w->index = ent_alloc(clients, sizeof *w->index);
    w->keys = ent_alloc(clients, sizeof *w->keys);
    ENT_REQUIRE(w->number && w->index && w->keys, ENT_ENOMEM, "secure aggregation: no memory");
    for (int64_t k = 0; k < clients; k++) {
        w->index[k] = w->cohort->host[k] == w->me ? w->own : -1;
        if (w->cohort->host[k] == w->me) w->number[w->own++] = k;
    }
    w->client = ent_alloc(w->own, sizeof *w->client);
    w->pair = ent_alloc(w->own * neighbours, sizeof *w->pair);
    w->parcel = ent_alloc(w->own * neighbours, sizeof *w->parcel);
    w->held = ent_alloc(w->own * neighbours, sizeof *w->held);
    w->revealed = ent_alloc(w->own * neighbours, sizeof *w->revealed);
    ENT_REQUIRE(w->client && w->pair && w->parcel && w->held && w->revealed, ENT_ENOMEM,
                "secure aggregation: no memory");
    for (int64_t k = 0; k < w->own; k++) ENT_TRY(ent_secure_client_make(&w->graph, w->number[k], &w->client[k]));
    return ENT_OK;
}

/* Distribute all public keys to all ranks, through the server. */
static ent_status publish(work *w)
{
    ent_secure_keys *mine = ent_alloc(w->own, sizeof *mine);
    void *all = NULL;
    ENT_TRY(ent_comm_agree(w->lane, mine ? ENT_OK : ent_fail(ENT_ENOMEM, "secure aggregation: no memory")));
    for (int64_t k = 0; k < w->own; k++) mine[k] = w->client[k].keys;
    const ent_status status = ent_comm_gather(w->lane, 0, mine, (size_t)w->own * sizeof *mine, &all, NULL);
    ent_free(mine);
    ENT_TRY(status);
    const ent_secure_keys *next = all;
    for (int rank = 0; next && rank < ent_comm_size(w->lane); rank++)
        for (int64_t k = 0; k < w->cohort->clients; k++)
            if (w->cohort->host[k] == rank) w->keys[k] = *next++;
    ent_free(all);
    ent_comm_broadcast(w->lane, 0, w->keys, (size_t)w->cohort->clients * sizeof *w->keys);
    return ent_secure_check_keys(&w->graph, w->keys);
}

/* The shared secrets of each own client and each neighbour; if both are hosted here, they are computed once. */
static ent_status agree(work *w)
{
    const int neighbours = w->graph.neighbours;
    for (int64_t k = 0; k < w->own; k++)
        for (int j = 0; j < neighbours; j++) {
            const int64_t other = ent_secure_neighbour(&w->graph, w->number[k], j), there = w->index[other];
            ent_secure_pair *pair = &w->pair[k * neighbours + j];
            if (there >= 0 && there < k)
                *pair = w->pair[there * neighbours + ent_secure_back(&w->graph, j)];
            else
                ENT_TRY(ent_secure_agree(&w->graph, &w->client[k], other, &w->keys[other], pair));
        }
    for (int64_t k = 0; k < w->own; k++)
        ENT_TRY(ent_secure_seal(&w->graph, &w->client[k], w->pair + k * neighbours, w->parcel + k * neighbours));
    return ENT_OK;
}

/* The received parcels, in the order in which they were sent: by sender's host, sender, neighbour. */
static ent_status unpack(work *w, const ent_secure_parcel *next)
{
    const int neighbours = w->graph.neighbours;
    for (int rank = 0; rank < ent_comm_size(w->lane); rank++)
        for (int64_t sender = 0; sender < w->cohort->clients; sender++)
            for (int j = 0; w->cohort->host[sender] == rank && j < neighbours; j++) {
                const int64_t receiver = ent_secure_neighbour(&w->graph, sender, j), at = w->index[receiver];
                const int64_t place = at * neighbours + ent_secure_back(&w->graph, j);
                if (at < 0) continue;
                ENT_TRY(ent_secure_open(&w->graph, sender, receiver, &w->pair[place], next++, &w->held[place]));
            }
    return ENT_OK;
}

/* Bytes of parcels sent to and received from each rank. */
static void count_parcels(const work *w, size_t *to, size_t *from)
{
    for (int64_t sender = 0; sender < w->cohort->clients; sender++)
        for (int j = 0; j < w->graph.neighbours; j++) {
            const int here = w->cohort->host[sender];
            const int there = w->cohort->host[ent_secure_neighbour(&w->graph, sender, j)];
            if (here == w->me) to[there] += sizeof(ent_secure_parcel);
            if (there == w->me) from[here] += sizeof(ent_secure_parcel);
        }
}

static void pack(const work *w, ent_secure_parcel *next)
{
    for (int rank = 0; rank < ent_comm_size(w->lane); rank++)
        for (int64_t k = 0; k < w->own; k++)
            for (int j = 0; j < w->graph.neighbours; j++)
                if (w->cohort->host[ent_secure_neighbour(&w->graph, w->number[k], j)] == rank)
                    *next++ = w->parcel[k * w->graph.neighbours + j];
}

static ent_status send_parcels(work *w)
{
    const int size = ent_comm_size(w->lane);
    const int64_t parcels = w->own * w->graph.neighbours; /* as many are received as are sent: being neighbours is
    * mutual */
    size_t *to = ent_alloc(size, sizeof *to), *from = ent_alloc(size, sizeof *from);
    ent_secure_parcel *out = ent_alloc(parcels, sizeof *out), *in = ent_alloc(parcels, sizeof *in);
    const bool there = to && from && out && in;
    ent_status status =
        ent_comm_agree(w->lane, there ? ENT_OK : ent_fail(ENT_ENOMEM, "secure aggregation: no memory"));
    if (status == ENT_OK) {
        count_parcels(w, to, from);
        pack(w, out);
        ent_comm_exchange(w->lane, out, to, in, from);
        status = unpack(w, in);
    }
    ent_free(to);
    ent_free(from);
    ent_free(out);
    ent_free(in);
    return status;
}

/* The masked sum of own clients, summed over ranks, on all of them. */
static ent_status add_up(const work *w, int64_t n, ent_ring *x)
{
    ent_exact *sum = ent_alloc(n, sizeof *sum);
    ENT_TRY(ent_comm_agree(w->lane, sum ? ENT_OK : ent_fail(ENT_ENOMEM, "secure aggregation: no memory")));
    for (int64_t k = 0; k < w->own; k++)
        if (w->cohort->answered[w->number[k]])
            ent_secure_mask(&w->graph, &w->client[k], w->pair + k * w->graph.neighbours, n, x);
    if (ent_secure_watch) ent_secure_watch(n, x);
    for (int64_t k = 0; k < n; k++) sum[k] = ent_ring_exact(x[k]);
    ent_comm_exact_sum(w->lane, sum, n);
    for (int64_t k = 0; k < n; k++) x[k] = ent_ring_of(&sum[k]);
    ent_free(sum);
    return ENT_OK;
}

/* Own clients that have answered reveal the shares that the server needs for each neighbour. */
static int64_t reveal(work *w)
{
    int64_t shares = 0;
    const int neighbours = w->graph.neighbours;
    for (int64_t k = 0; k < w->own; k++)
        for (int j = 0; w->cohort->answered[w->number[k]] && j < neighbours; j++) {
            const int64_t other = ent_secure_neighbour(&w->graph, w->number[k], j);
            const ent_secure_shares *held = &w->held[k * neighbours + j];
            w->revealed[shares++] =
                (ent_secure_revealed){.client = other,
                                      .from = ent_secure_back(&w->graph, j),
                                      .share = w->cohort->answered[other] ? held->seed : held->mask_secret};
        }
    return shares;
}

/* The server unmasks the sum and broadcasts it. */
static ent_status open_sum(work *w, int64_t n, ent_ring *x)
{
    const int64_t mine = reveal(w);
    int64_t all = mine;
    void *gathered = NULL;
    ent_comm_sum(w->lane, &all, 1);
    ENT_TRY(ent_comm_gather(w->lane, 0, w->revealed, (size_t)mine * sizeof *w->revealed, &gathered, NULL));
    ent_status status = ENT_OK;
    if (w->me == 0) status = ent_secure_unmask(&w->graph, w->keys, w->cohort->answered, all, gathered, n, x);
    ent_free(gathered);
    ENT_TRY(ent_comm_agree(w->lane, status));
    ent_comm_broadcast(w->lane, 0, x, (size_t)n * sizeof *x);
    return ENT_OK;
}

int64_t ent_secure_fewest(const ent_config *config, int64_t clients)
{
    const int share = share_of(config->federation.secure.threshold, clients);
    return share < 2 ? 2 : share;
}

static ent_status check_answers(const ent_config *config, const ent_secure_cohort *cohort)
{
    int64_t answered = 0;
    for (int64_t k = 0; k < cohort->clients; k++) answered += cohort->answered[k];
    const int64_t wanted = ent_secure_fewest(config, cohort->clients);
    ENT_REQUIRE(answered >= wanted, ENT_EDATA,
                "%lld of %lld clients have answered, want %lld (federation.secure.threshold %g)", (long long)answered,
                (long long)cohort->clients, (long long)wanted, config->federation.secure.threshold);
    return ENT_OK;
}

static ent_status play(work *w, const ent_config *config, int64_t n, ent_ring *x)
{
    const uint64_t seed = config->seeds.sampling, round = (uint64_t)w->cohort->round;
    ENT_TRY(ent_comm_agree(w->lane, work_make(w, seed, &config->federation.secure)));
    x[n - 1] = ent_ring_check(seed, round, n - 1, x);
    ENT_TRY(ent_comm_agree(w->lane, publish(w)));
    ENT_TRY(ent_comm_agree(w->lane, agree(w)));
    ENT_TRY(ent_comm_agree(w->lane, send_parcels(w)));
    ENT_TRY(add_up(w, n, x));
    ENT_TRY(open_sum(w, n, x));
    ENT_REQUIRE(x[n - 1] == ent_ring_check(seed, round, n - 1, x), ENT_EDATA,
                "a client has sent a wrong vector: the check of the sum fails");
    return ENT_OK;
}

ent_status ent_secure_sum(ent_comm *lane, const ent_config *config, const ent_secure_cohort *cohort, int64_t n,
                          ent_ring *x)
{
    ENT_TRY(check_answers(config, cohort));
    work w = {.lane = lane, .cohort = cohort, .me = ent_comm_rank(lane)};
    const ent_status status = play(&w, config, n, x);
    work_clear(&w);
    return status;
}

double ent_secure_bytes_up(const ent_config *config, int64_t clients, int64_t n)
{
    const double neighbours = neighbours_of(&config->federation.secure, clients);
    return (double)n * sizeof(ent_ring) + sizeof(ent_secure_keys) +
           neighbours * (sizeof(ent_secure_parcel) + sizeof(ent_share));
}

double ent_secure_bytes_down(const ent_config *config, int64_t clients)
{
    const double neighbours = neighbours_of(&config->federation.secure, clients);
    return neighbours * (sizeof(ent_secure_keys) + sizeof(ent_secure_parcel));
}
