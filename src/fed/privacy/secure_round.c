#include "fed/privacy/secure_round.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"

void (*ent_secure_watch)(int64_t n, const ent_ring *sent);
void (*ent_secure_meddle)(ent_secure_message kind, int64_t client, void *message);

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

/* The rank that trains a client; 0 if rank 0 has its update from a checkpoint (*done), or if no rank trains it.
 */
static int host_of(const ent_cohort *all, int64_t member, const ent_cohort *trains, const int *rank, bool *done)
{
    int64_t at = member;
    if (trains != all)
        for (at = 0; at < trains->n && trains->member[at].client != all->member[member].client;) at++;
    *done = at == trains->n;
    return at < trains->n && rank[at] > 0 ? rank[at] : 0;
}

ent_status ent_secure_cohort_make(const ent_cohort *all, const ent_cohort *trains, const int *rank, int64_t round,
                                  int ranks, ent_secure_cohort *out)
{
    *out = (ent_secure_cohort){.round = round, .clients = all->n + all->lost};
    out->client = ent_alloc(out->clients, sizeof *out->client);
    out->host = ent_alloc(out->clients, sizeof *out->host);
    out->answered = ent_alloc(out->clients, sizeof *out->answered);
    out->done = ent_alloc(out->clients, sizeof *out->done);
    if (!out->client || !out->host || !out->answered || !out->done) {
        ent_secure_cohort_clear(out);
        return ent_fail(ENT_ENOMEM, "secure aggregation: no memory");
    }
    for (int64_t k = 0, member = 0, gone = 0; k < out->clients; k++) {
        out->answered[k] = gone == all->lost || (member < all->n && all->member[member].client < all->gone[gone]);
        out->client[k] = out->answered[k] ? all->member[member].client : all->gone[gone];
        if (out->answered[k])
            out->host[k] = host_of(all, member++, trains, rank, &out->done[k]);
        else
            out->host[k] = (int)(gone++ % ranks);
    }
    return ENT_OK;
}

void ent_secure_cohort_clear(ent_secure_cohort *cohort)
{
    ent_free(cohort->client);
    ent_free(cohort->host);
    ent_free(cohort->answered);
    ent_free(cohort->done);
    *cohort = (ent_secure_cohort){.clients = 0};
}

/* ---- a round ---- */

struct ent_secure_round {
    ent_comm *lane;
    const ent_config *config;
    const ent_secure_cohort *cohort;
    int me;
    ent_secure_graph graph;
    int64_t own;               /* clients hosted here, ascending: */
    int64_t *number, *index;   /* [own] in the cohort; [clients] and back, -1 for others */
    bool *counts;              /* [clients] has answered and is not left out */
    int64_t *complaint;        /* [clients] */
    ent_secure_client *client; /* [own] */
    ent_secure_keys *keys;     /* [clients] */
    ent_secure_pair *pair;     /* [own][neighbours] */
    ent_secure_shares *held;   /* [own][neighbours] that they got */
    ent_secure_locked *locked; /* [clients][neighbours] on rank 0 */
};

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "secure aggregation: no memory");
}

static int neighbours_of(const ent_config_secure *c, int64_t clients)
{
    return c->neighbours == 0 || c->neighbours >= clients ? (int)clients - 1 : c->neighbours;
}

static int share_of(double threshold, int64_t n)
{
    const int share = (int)ceil(threshold * (double)n - 1e-9);
    return share < 1 ? 1 : share;
}

void ent_secure_end(ent_secure_round *w)
{
    if (!w) return;
    const size_t pairs = (size_t)(w->own * w->graph.neighbours);
    if (w->client) sodium_memzero(w->client, (size_t)w->own * sizeof *w->client);
    if (w->pair) sodium_memzero(w->pair, pairs * sizeof *w->pair);
    if (w->held) sodium_memzero(w->held, pairs * sizeof *w->held);
    ent_free(w->number);
    ent_free(w->index);
    ent_free(w->counts);
    ent_free(w->complaint);
    ent_free(w->client);
    ent_free(w->keys);
    ent_free(w->pair);
    ent_free(w->held);
    ent_free(w->locked);
    ent_secure_graph_clear(&w->graph);
    ent_free(w);
}

static ent_status make_graph(ent_secure_round *w)
{
    const ent_config_secure *c = &w->config->federation.secure;
    const int neighbours = neighbours_of(c, w->cohort->clients);
    const int with_itself = share_of(c->threshold, neighbours + 1); /* a client answers, and its neighbours for it */
    return ent_secure_graph_make(w->cohort->clients, neighbours, with_itself > 2 ? with_itself - 1 : 1,
                                 w->config->seeds.sampling, (uint64_t)w->cohort->round, &w->graph);
}

static ent_status make(ent_secure_round *w)
{
    const int64_t clients = w->cohort->clients;
    ENT_TRY(make_graph(w));
    w->number = ent_alloc(clients, sizeof *w->number);
    w->index = ent_alloc(clients, sizeof *w->index);
    w->complaint = ent_alloc(clients, sizeof *w->complaint);
    w->keys = ent_alloc(clients, sizeof *w->keys);
    if (!w->number || !w->index || !w->complaint || !w->keys) return no_memory();
    for (int64_t k = 0; k < clients; k++) {
        w->index[k] = w->cohort->host[k] == w->me ? w->own : -1;
        if (w->cohort->host[k] == w->me) w->number[w->own++] = k;
    }
    w->client = ent_alloc(w->own, sizeof *w->client);
    w->pair = ent_alloc(w->own * w->graph.neighbours, sizeof *w->pair);
    w->held = ent_alloc(w->own * w->graph.neighbours, sizeof *w->held);
    w->locked = w->me == 0 ? ent_alloc(clients * w->graph.neighbours, sizeof *w->locked) : NULL;
    if (!w->client || !w->pair || !w->held || (w->me == 0 && !w->locked)) return no_memory();
    for (int64_t k = 0; k < w->own; k++) ENT_TRY(ent_secure_client_make(&w->graph, w->number[k], &w->client[k]));
    return ENT_OK;
}

/* Rows of own clients to rank 0, and there in the order of the cohort: mine [own], all [clients] on rank 0. */
static ent_status collect(ent_secure_round *w, const void *mine, size_t bytes, void *all)
{
    void *gathered = NULL;
    ENT_TRY(ent_comm_gather(w->lane, 0, mine, (size_t)w->own * bytes, &gathered, NULL));
    const uint8_t *next = gathered;
    for (int rank = 0; next && rank < ent_comm_size(w->lane); rank++)
        for (int64_t k = 0; k < w->cohort->clients; k++)
            if (w->cohort->host[k] == rank) {
                memcpy((uint8_t *)all + (size_t)k * bytes, next, bytes);
                next += bytes;
            }
    ent_free(gathered);
    return ENT_OK;
}

/* All public keys on all ranks, by way of the server. */
static ent_status publish(ent_secure_round *w)
{
    ent_secure_keys *mine = ent_alloc(w->own, sizeof *mine);
    ENT_TRY(ent_comm_agree(w->lane, mine ? ENT_OK : no_memory()));
    for (int64_t k = 0; k < w->own; k++) {
        mine[k] = w->client[k].keys;
        if (ent_secure_meddle) ent_secure_meddle(ENT_SENDS_KEYS, w->number[k], &mine[k]);
    }
    const ent_status status = collect(w, mine, sizeof *mine, w->keys);
    ent_free(mine);
    ENT_TRY(status);
    ent_comm_broadcast(w->lane, 0, w->keys, (size_t)w->cohort->clients * sizeof *w->keys);
    return ent_secure_check_keys(&w->graph, w->keys);
}

/* Who has complaints from any rank is left out by all. */
static void settle(ent_secure_round *w, ent_secure_fault fault)
{
    ent_comm_sum(w->lane, w->complaint, w->cohort->clients);
    for (int64_t k = 0; k < w->cohort->clients; k++) {
        if (w->complaint[k] > 0 && !ent_secure_is_out(&w->graph, k)) w->graph.fault[k] = fault;
        w->complaint[k] = 0;
        w->counts[k] = w->cohort->answered[k] && !ent_secure_is_out(&w->graph, k);
    }
}

/* What each own client has in common with each neighbour; a pair that is hosted here is computed once for both. */
static void agree(ent_secure_round *w)
{
    const int neighbours = w->graph.neighbours;
    for (int64_t k = 0; k < w->own; k++)
        for (int j = 0; j < neighbours && !ent_secure_is_out(&w->graph, w->number[k]); j++) {
            const int64_t other = ent_secure_neighbour(&w->graph, w->number[k], j), there = w->index[other];
            ent_secure_pair *pair = &w->pair[k * neighbours + j];
            if (ent_secure_is_out(&w->graph, other)) continue;
            if (there >= 0 && there < k)
                *pair = w->pair[there * neighbours + ent_secure_back(&w->graph, j)];
            else if (ent_secure_agree(&w->graph, &w->client[k], other, &w->keys[other], pair) != ENT_OK)
                w->complaint[other]++;
        }
    settle(w, ENT_FAULT_LOW_ORDER);
}

/* Own clients' parcels, parcel [own][neighbours]; and what they lock, to the server. */
static ent_status seal(ent_secure_round *w, ent_secure_parcel *parcel)
{
    const int neighbours = w->graph.neighbours;
    ent_secure_locked *mine = ent_alloc(w->own * neighbours, sizeof *mine);
    ent_status status = mine && parcel ? ENT_OK : no_memory();
    for (int64_t k = 0; k < w->own && status == ENT_OK; k++) {
        const ent_secure_pair *pair = w->pair + k * neighbours;
        if (ent_secure_is_out(&w->graph, w->number[k])) continue;
        status = ent_secure_seal(&w->graph, &w->client[k], pair, parcel + k * neighbours);
        ent_secure_lock(&w->graph, &w->client[k], pair, mine + k * neighbours);
        if (ent_secure_meddle) ent_secure_meddle(ENT_SENDS_PARCELS, w->number[k], parcel + k * neighbours);
    }
    status = ent_comm_agree(w->lane, status);
    if (status == ENT_OK) status = collect(w, mine, (size_t)neighbours * sizeof *mine, w->locked);
    ent_free(mine);
    return status;
}

/* The received parcels, in the order in which they were sent: by sender's host, sender, neighbour. */
static void unpack(ent_secure_round *w, const ent_secure_parcel *next)
{
    const int neighbours = w->graph.neighbours;
    for (int rank = 0; rank < ent_comm_size(w->lane); rank++)
        for (int64_t sender = 0; sender < w->cohort->clients; sender++)
            for (int j = 0; w->cohort->host[sender] == rank && j < neighbours; j++) {
                const int64_t receiver = ent_secure_neighbour(&w->graph, sender, j), at = w->index[receiver];
                const int64_t place = at * neighbours + ent_secure_back(&w->graph, j);
                if (at < 0) continue;
                const ent_secure_parcel *parcel = next++;
                if (ent_secure_is_out(&w->graph, sender) || ent_secure_is_out(&w->graph, receiver)) continue;
                if (ent_secure_open(&w->graph, sender, receiver, &w->pair[place], parcel, &w->held[place]) != ENT_OK)
                    w->complaint[sender]++;
            }
}

/* Bytes of parcels sent to and received from each rank. */
static void count_parcels(const ent_secure_round *w, size_t *to, size_t *from)
{
    for (int64_t sender = 0; sender < w->cohort->clients; sender++)
        for (int j = 0; j < w->graph.neighbours; j++) {
            const int here = w->cohort->host[sender];
            const int there = w->cohort->host[ent_secure_neighbour(&w->graph, sender, j)];
            if (here == w->me) to[there] += sizeof(ent_secure_parcel);
            if (there == w->me) from[here] += sizeof(ent_secure_parcel);
        }
}

static void pack(const ent_secure_round *w, const ent_secure_parcel *parcel, ent_secure_parcel *next)
{
    for (int rank = 0; rank < ent_comm_size(w->lane); rank++)
        for (int64_t k = 0; k < w->own; k++)
            for (int j = 0; j < w->graph.neighbours; j++)
                if (w->cohort->host[ent_secure_neighbour(&w->graph, w->number[k], j)] == rank)
                    *next++ = parcel[k * w->graph.neighbours + j];
}

static ent_status send_parcels(ent_secure_round *w, const ent_secure_parcel *parcel)
{
    const int size = ent_comm_size(w->lane);
    const int64_t parcels = w->own * w->graph.neighbours; /* as many are received as are sent: being neighbours is
    * mutual */
    size_t *to = ent_alloc(size, sizeof *to), *from = ent_alloc(size, sizeof *from);
    ent_secure_parcel *out = ent_alloc(parcels, sizeof *out), *in = ent_alloc(parcels, sizeof *in);
    const ent_status status = ent_comm_agree(w->lane, to && from && out && in ? ENT_OK : no_memory());
    if (status == ENT_OK) {
        count_parcels(w, to, from);
        pack(w, parcel, out);
        ent_comm_exchange(w->lane, out, to, in, from);
        unpack(w, in);
        settle(w, ENT_FAULT_PARCEL);
    }
    ent_free(to);
    ent_free(from);
    ent_free(out);
    ent_free(in);
    return status;
}

static ent_status deal_shares(ent_secure_round *w)
{
    ent_secure_parcel *parcel = ent_alloc(w->own * w->graph.neighbours, sizeof *parcel);
    ent_status status = seal(w, parcel);
    if (status == ENT_OK) status = send_parcels(w, parcel);
    ent_free(parcel);
    return status;
}

int64_t ent_secure_fewest(const ent_config *config, int64_t clients)
{
    const int share = share_of(config->federation.secure.threshold, clients);
    return share < 2 ? 2 : share;
}

/* The same on all ranks. */
static ent_status check_answers(const ent_secure_round *w)
{
    int64_t answered = 0;
    for (int64_t k = 0; k < w->cohort->clients; k++) answered += w->counts[k];
    const int64_t wanted = ent_secure_fewest(w->config, w->cohort->clients);
    ENT_REQUIRE(answered >= wanted, ENT_EDATA,
                "%lld of %lld clients have answered, want %lld (federation.secure.threshold %g)", (long long)answered,
                (long long)w->cohort->clients, (long long)wanted, w->config->federation.secure.threshold);
    for (int64_t k = 0; k < w->cohort->clients; k++)
        ENT_REQUIRE(!w->cohort->done[k] || w->counts[k], ENT_EDATA,
                    "client %lld %s, and its update is in the sums of the checkpoint already",
                    (long long)w->cohort->client[k], ent_secure_fault_text(w->graph.fault[k]));
    return ENT_OK;
}

static ent_status begin(ent_secure_round *w)
{
    w->counts = ent_copy(w->cohort->answered, w->cohort->clients, sizeof *w->counts);
    ENT_TRY(ent_comm_agree(w->lane, w->counts ? ENT_OK : no_memory()));
    ENT_TRY(check_answers(w)); /* there may be nobody */
    ENT_TRY(ent_comm_agree(w->lane, make(w)));
    ENT_TRY(ent_comm_agree(w->lane, publish(w)));
    agree(w);
    ENT_TRY(ent_comm_agree(w->lane, deal_shares(w)));
    return check_answers(w);
}

ent_status ent_secure_begin(ent_comm *lane, const ent_config *config, const ent_secure_cohort *cohort,
                            ent_secure_round **out)
{
    ent_secure_round *w = *out = ent_alloc(1, sizeof *w);
    ENT_TRY(ent_comm_agree(lane, w ? ENT_OK : no_memory()));
    *w = (ent_secure_round){.lane = lane, .config = config, .cohort = cohort, .me = ent_comm_rank(lane)};
    return begin(w);
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bool ent_secure_excludes(const ent_secure_round *w, int64_t client)
{
    const int64_t *first = w->cohort->client;
    const int64_t *at = bsearch(&client, first, (size_t)w->cohort->clients, sizeof *first, ascending);
    return at && ent_secure_is_out(&w->graph, at - first);
}

int64_t ent_secure_excluded(const ent_secure_round *w)
{
    int64_t excluded = 0;
    for (int64_t k = 0; k < w->cohort->clients; k++) excluded += w->cohort->answered[k] && !w->counts[k];
    return excluded;
}

bool ent_secure_report(const ent_secure_round *w, size_t bytes, char *text)
{
    size_t used = 0;
    text[0] = '\0';
    for (int64_t k = 0; w->graph.fault && k < w->cohort->clients; k++) {
        if (w->graph.fault[k] == ENT_FAULT_NONE || used >= bytes) continue;
        used += (size_t)snprintf(text + used, bytes - used, "%sclient %lld %s", used > 0 ? "; " : "",
                                 (long long)w->cohort->client[k], ent_secure_fault_text(w->graph.fault[k]));
    }
    return used > 0;
}

/* The masked sum of own clients, summed over ranks, on all of them. */
static ent_status add_up(const ent_secure_round *w, int64_t n, ent_ring *x)
{
    ent_exact *sum = ent_alloc(n, sizeof *sum);
    ENT_TRY(ent_comm_agree(w->lane, sum ? ENT_OK : no_memory()));
    for (int64_t k = 0; k < w->own; k++)
        if (w->counts[w->number[k]])
            ent_secure_mask(&w->graph, &w->client[k], w->pair + k * w->graph.neighbours, n, x);
    if (ent_secure_watch) ent_secure_watch(n, x);
    for (int64_t k = 0; k < n; k++) sum[k] = ent_ring_exact(x[k]);
    ent_comm_exact_sum(w->lane, sum, n);
    for (int64_t k = 0; k < n; k++) x[k] = ent_ring_of(&sum[k]);
    ent_free(sum);
    return ENT_OK;
}

/* Own clients that have answered reveal the shares that the server needs for each neighbour: revealed
 * [own][neighbours]; returns how many. */
static int64_t reveal(const ent_secure_round *w, ent_secure_revealed *revealed)
{
    int64_t shares = 0;
    const int neighbours = w->graph.neighbours;
    for (int64_t k = 0; k < w->own; k++)
        for (int j = 0; w->counts[w->number[k]] && j < neighbours; j++) {
            const int64_t other = ent_secure_neighbour(&w->graph, w->number[k], j);
            const ent_secure_shares *held = &w->held[k * neighbours + j];
            ent_secure_revealed *next = &revealed[shares];
            if (ent_secure_is_out(&w->graph, other)) continue;
            *next = (ent_secure_revealed){.client = other,
                                          .from = ent_secure_back(&w->graph, j),
                                          .share = w->counts[other] ? held->seed : held->lock};
            if (ent_secure_meddle) ent_secure_meddle(ENT_SENDS_SHARE, w->number[k], next);
            shares++;
        }
    return shares;
}

/* The server unmasks the sum and broadcasts it. */
static ent_status open_sum(ent_secure_round *w, int64_t n, ent_ring *x)
{
    ent_secure_revealed *revealed = ent_alloc(w->own * w->graph.neighbours, sizeof *revealed);
    ENT_TRY(ent_comm_agree(w->lane, revealed ? ENT_OK : no_memory()));
    const int64_t mine = reveal(w, revealed);
    int64_t all = mine;
    void *gathered = NULL;
    ent_comm_sum(w->lane, &all, 1);
    ent_status status = ent_comm_gather(w->lane, 0, revealed, (size_t)mine * sizeof *revealed, &gathered, NULL);
    ent_free(revealed);
    ENT_TRY(status);
    const ent_secure_answers answers = {
        .keys = w->keys, .locked = w->locked, .answered = w->counts, .shares = all, .revealed = gathered};
    if (w->me == 0) status = ent_secure_unmask(&w->graph, &answers, n, x);
    ent_free(gathered);
    ENT_TRY(ent_comm_agree(w->lane, status));
    ent_comm_broadcast(w->lane, 0, x, (size_t)n * sizeof *x);
    return ENT_OK;
}

ent_status ent_secure_sum(ent_secure_round *w, int64_t n, ent_ring *x)
{
    const uint64_t seed = w->config->seeds.sampling, round = (uint64_t)w->cohort->round;
    x[n - 1] = ent_ring_check(seed, round, n - 1, x);
    ENT_TRY(add_up(w, n, x));
    ENT_TRY(open_sum(w, n, x));
    ENT_REQUIRE(x[n - 1] == ent_ring_check(seed, round, n - 1, x), ENT_EDATA,
                "a client has sent a wrong vector: the check of the sum fails");
    return ENT_OK;
}

double ent_secure_bytes_up(const ent_config *config, int64_t clients, int64_t n)
{
    const double neighbours = neighbours_of(&config->federation.secure, clients);
    return (double)n * sizeof(ent_ring) + sizeof(ent_secure_keys) +
           neighbours * (sizeof(ent_secure_parcel) + sizeof(ent_secure_locked) + sizeof(ent_share));
}

double ent_secure_bytes_down(const ent_config *config, int64_t clients)
{
    const double neighbours = neighbours_of(&config->federation.secure, clients);
    return neighbours * (sizeof(ent_secure_keys) + sizeof(ent_secure_parcel));
}
