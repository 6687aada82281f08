/* Clients and server of secure aggregation; the protocol is in the header. */
#include "privacy/secure.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"

void ent_secure_derive(const uint8_t *salt, size_t salt_bytes, const uint8_t *secret, size_t secret_bytes,
                       const uint8_t *info, size_t info_bytes, uint8_t key[ENT_KEY_BYTES])
{
    const uint8_t one = 1;
    uint8_t inner[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, salt, salt_bytes); /* extract */
    crypto_auth_hmacsha256_update(&state, secret, secret_bytes);
    crypto_auth_hmacsha256_final(&state, inner);
    crypto_auth_hmacsha256_init(&state, inner, sizeof inner); /* expand: one block is enough */
    crypto_auth_hmacsha256_update(&state, info, info_bytes);
    crypto_auth_hmacsha256_update(&state, &one, 1);
    crypto_auth_hmacsha256_final(&state, inner);
    memcpy(key, inner, ENT_KEY_BYTES);
    sodium_memzero(inner, sizeof inner);
}

/* What a derived key is bound to: the run, the round, and the two clients in a fixed order. */
typedef struct {
    uint64_t number[2];
    char purpose[16];
} context;

static void derive(const ent_secure_graph *g, const uint8_t shared[32], const char *purpose, int64_t a, int64_t b,
                   uint8_t key[ENT_KEY_BYTES])
{
    const uint64_t salt[2] = {g->seed, g->round};
    context info = {.number = {(uint64_t)(a < b ? a : b), (uint64_t)(a < b ? b : a)}};
    strncpy(info.purpose, purpose, sizeof info.purpose - 1);
    ent_secure_derive((const uint8_t *)salt, sizeof salt, shared, 32, (const uint8_t *)&info, sizeof info, key);
}

const char *ent_secure_fault_text(ent_secure_fault fault)
{
    static const char *const TEXT[] = {[ENT_FAULT_NONE] = "has done nothing wrong",
                                       [ENT_FAULT_NO_KEY] = "publishes no key",
                                       [ENT_FAULT_SAME_KEY] = "publishes the same key as another",
                                       [ENT_FAULT_LOW_ORDER] = "publishes a key of low order",
                                       [ENT_FAULT_PARCEL] = "sends shares that do not open",
                                       [ENT_FAULT_SHARE] = "reveals a wrong share"};
    return TEXT[fault];
}

static void commit(const ent_secure_graph *g, int64_t client, const char *to, const uint8_t secret[ENT_KEY_BYTES],
                   uint8_t commitment[ENT_KEY_BYTES])
{
    derive(g, secret, to, client, client, commitment);
}

ent_status ent_secure_client_make(const ent_secure_graph *g, int64_t number, ent_secure_client *out)
{
    ENT_REQUIRE(sodium_init() >= 0, ENT_EIO, "secure aggregation: no random numbers of the operating system");
    out->number = number;
    randombytes_buf(out->secret, sizeof out->secret);
    randombytes_buf(out->seed, sizeof out->seed);
    randombytes_buf(out->lock, sizeof out->lock);
    crypto_scalarmult_base(out->keys.key, out->secret);
    commit(g, number, "seed", out->seed, out->keys.seed);
    commit(g, number, "lock", out->lock, out->keys.lock);
    return ENT_OK;
}

typedef struct {
    const uint8_t *key;
    int64_t client;
} owned_key;

static int by_key(const void *a, const void *b)
{
    return memcmp(((const owned_key *)a)->key, ((const owned_key *)b)->key, ENT_KEY_BYTES);
}

ent_status ent_secure_check_keys(ent_secure_graph *g, const ent_secure_keys *keys)
{
    owned_key *all = ent_alloc(g->clients, sizeof *all);
    ENT_REQUIRE(all, ENT_ENOMEM, "secure aggregation: no memory");
    for (int64_t k = 0; k < g->clients; k++) all[k] = (owned_key){keys[k].key, k};
    qsort(all, (size_t)g->clients, sizeof *all, by_key);
    for (int64_t k = 0; k < g->clients; k++) {
        if (sodium_is_zero(all[k].key, ENT_KEY_BYTES))
            g->fault[all[k].client] = ENT_FAULT_NO_KEY;
        else if (k > 0 && by_key(&all[k - 1], &all[k]) == 0) /* it is unknown which of them is the owner */
            g->fault[all[k - 1].client] = g->fault[all[k].client] = ENT_FAULT_SAME_KEY;
    }
    ent_free(all);
    return ENT_OK;
}

ent_status ent_secure_agree(const ent_secure_graph *g, const ent_secure_client *client, int64_t other,
                            const ent_secure_keys *theirs, ent_secure_pair *out)
{
    uint8_t shared[32];
    ENT_REQUIRE(crypto_scalarmult(shared, client->secret, theirs->key) == 0, ENT_EDATA,
                "client %lld of the cohort publishes a key of low order", (long long)other);
    derive(g, shared, "mask", client->number, other, out->mask);
    derive(g, shared, "cipher", client->number, other, out->cipher);
    sodium_memzero(shared, sizeof shared);
    return ENT_OK;
}

/* A pair's key seals two parcels: the nonce says which client sealed it. */
static void nonce_of(int64_t sender, uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES])
{
    memset(nonce, 0, crypto_aead_chacha20poly1305_IETF_NPUBBYTES);
    memcpy(nonce, &sender, sizeof sender);
}

ent_status ent_secure_seal(const ent_secure_graph *g, const ent_secure_client *client, const ent_secure_pair *pair,
                           ent_secure_parcel *parcel)
{
    ent_share *share = ent_alloc(2 * (int64_t)g->neighbours, sizeof *share);
    ENT_REQUIRE(share, ENT_ENOMEM, "secure aggregation: no memory");
    ent_status status = ent_shamir_split(client->seed, g->threshold, g->neighbours, share);
    if (status == ENT_OK) status = ent_shamir_split(client->lock, g->threshold, g->neighbours, share + g->neighbours);
    for (int k = 0; status == ENT_OK && k < g->neighbours; k++) {
        const ent_secure_shares inside = {.seed = share[k], .lock = share[g->neighbours + k]};
        uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];
        memset(&parcel[k], 0, sizeof parcel[k]);
        if (ent_secure_is_out(g, ent_secure_neighbour(g, client->number, k))) continue;
        nonce_of(client->number, nonce);
        crypto_aead_chacha20poly1305_ietf_encrypt(parcel[k].sealed, NULL, (const uint8_t *)&inside, sizeof inside,
                                                  NULL, 0, NULL, nonce, pair[k].cipher);
    }
    sodium_memzero(share, 2 * (size_t)g->neighbours * sizeof *share);
    ent_free(share);
    return status;
}

/* key ^= block k of the lock's stream, which is used once: a round has a lock of its own. */
static void lock_block(const uint8_t lock[ENT_KEY_BYTES], int k, uint8_t key[ENT_KEY_BYTES])
{
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
    crypto_stream_chacha20_ietf_xor_ic(key, key, ENT_KEY_BYTES, nonce, (uint32_t)k, lock);
}

void ent_secure_lock(const ent_secure_graph *g, const ent_secure_client *client, const ent_secure_pair *pair,
                     ent_secure_locked *locked)
{
    for (int k = 0; k < g->neighbours; k++) {
        memset(&locked[k], 0, sizeof locked[k]);
        if (ent_secure_is_out(g, ent_secure_neighbour(g, client->number, k))) continue;
        memcpy(locked[k].mask, pair[k].mask, ENT_KEY_BYTES);
        lock_block(client->lock, k, locked[k].mask);
    }
}

ent_status ent_secure_open(const ent_secure_graph *g, int64_t sender, int64_t receiver, const ent_secure_pair *pair,
                           const ent_secure_parcel *parcel, ent_secure_shares *out)
{
    (void)g;
    uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];
    nonce_of(sender, nonce);
    ENT_REQUIRE(crypto_aead_chacha20poly1305_ietf_decrypt((uint8_t *)out, NULL, NULL, parcel->sealed,
                                                          ENT_PARCEL_BYTES, NULL, 0, nonce, pair->cipher) == 0,
                ENT_EDATA, "shares of client %lld for client %lld of the cohort: not what was sealed",
                (long long)sender, (long long)receiver);
    return ENT_OK;
}

void ent_secure_mask(const ent_secure_graph *g, const ent_secure_client *client, const ent_secure_pair *pair,
                     int64_t n, ent_ring *x)
{
    ent_mask_add(client->seed, false, n, x);
    for (int k = 0; k < g->neighbours; k++) {
        const int64_t other = ent_secure_neighbour(g, client->number, k);
        if (!ent_secure_is_out(g, other)) ent_mask_add(pair[k].mask, client->number > other, n, x);
    }
}

/* ---- server ---- */

/* The shares of one client's secret, and room to sort them out. */
typedef struct {
    int n;
    int *number;
    ent_share *share;
    bool *wrong;
} hand; /* [neighbours] */

static void hand_clear(hand *h)
{
    ent_free(h->number);
    ent_free(h->share);
    ent_free(h->wrong);
}

static ent_status hand_make(const ent_secure_graph *g, hand *h)
{
    *h = (hand){.number = ent_alloc(g->neighbours, sizeof *h->number),
                .share = ent_alloc(g->neighbours, sizeof *h->share),
                .wrong = ent_alloc(g->neighbours, sizeof *h->wrong)};
    return h->number && h->share && h->wrong ? ENT_OK : ent_fail(ENT_ENOMEM, "secure aggregation: no memory");
}

/* One of each neighbour; those of other senders, or repeated ones, are ignored. */
static void deal(const ent_secure_graph *g, int64_t shares, const ent_secure_revealed *sorted, hand *h)
{
    h->n = 0;
    for (int64_t k = 0; k < shares && h->n < g->neighbours; k++) {
        if (sorted[k].from < 0 || sorted[k].from >= g->neighbours) continue;
        if (h->n > 0 && h->number[h->n - 1] == sorted[k].from) continue;
        h->number[h->n] = sorted[k].from;
        h->share[h->n++] = sorted[k].share;
    }
}

/* Whether t of the shares open what the client has committed itself to. */
static bool opens(const ent_secure_graph *g, int64_t client, const char *what, const hand *h,
                  const uint8_t commitment[ENT_KEY_BYTES], uint8_t secret[ENT_SECRET_BYTES])
{
    uint8_t found[ENT_KEY_BYTES];
    if (ent_shamir_join(g->threshold, h->number, h->share, secret) != ENT_OK) return false;
    commit(g, client, what, secret, found);
    return sodium_memcmp(found, commitment, sizeof found) == 0;
}

/* Take the wrong shares out of the hand, and note whose they are. */
static ent_status sort_out(ent_secure_graph *g, int64_t client, hand *h)
{
    int kept = 0;
    ENT_TRY(ent_shamir_find_wrong(h->n, h->number, h->share, g->threshold, h->wrong));
    for (int k = 0; k < h->n; k++) {
        if (h->wrong[k]) {
            g->fault[ent_secure_neighbour(g, client, h->number[k])] = ENT_FAULT_SHARE;
            continue;
        }
        h->number[kept] = h->number[k];
        h->share[kept++] = h->share[k];
    }
    h->n = kept;
    return ENT_OK;
}

static ent_status open_secret(ent_secure_graph *g, int64_t client, const char *what, hand *h,
                              const uint8_t commitment[ENT_KEY_BYTES], uint8_t secret[ENT_SECRET_BYTES])
{
    ENT_REQUIRE(h->n >= g->threshold, ENT_EDATA, "client %lld of the cohort: shares of %d of its neighbours, want %d",
                (long long)client, h->n, g->threshold);
    if (opens(g, client, what, h, commitment, secret)) return ENT_OK;
    const ent_status status = sort_out(g, client, h);
    if (status == ENT_ENOMEM) return status;
    ENT_REQUIRE(status == ENT_OK && h->n >= g->threshold && opens(g, client, what, h, commitment, secret), ENT_EDATA,
                "client %lld of the cohort: the shares of its %s open another one", (long long)client, what);
    return ENT_OK;
}

/* Remove the streams that its answering neighbours have added for their pair with it. */
static void take_pairs(const ent_secure_graph *g, const ent_secure_answers *a, int64_t client,
                       const uint8_t lock[ENT_KEY_BYTES], int64_t n, ent_ring *sum)
{
    for (int k = 0; k < g->neighbours; k++) {
        const int64_t other = ent_secure_neighbour(g, client, k);
        if (!a->answered[other]) continue;
        ent_secure_locked key = a->locked[client * g->neighbours + k];
        lock_block(lock, k, key.mask);
        ent_mask_add(key.mask, other < client, n, sum);
    }
}

static int by_client(const void *a, const void *b)
{
    const ent_secure_revealed *x = a, *y = b;
    if (x->client != y->client) return x->client < y->client ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

/* A mask that no client has added need not be opened. */
static bool is_needed(const ent_secure_graph *g, const ent_secure_answers *a, int64_t client)
{
    bool needed = a->answered[client];
    for (int k = 0; k < g->neighbours && !needed; k++) needed = a->answered[ent_secure_neighbour(g, client, k)];
    return needed && !ent_secure_is_out(g, client);
}

static ent_status unmask(ent_secure_graph *g, const ent_secure_answers *a, const ent_secure_revealed *sorted,
                         int64_t n, ent_ring *sum)
{
    hand h;
    ent_status status = hand_make(g, &h);
    for (int64_t client = 0, at = 0; status == ENT_OK && client < g->clients; client++) {
        uint8_t secret[ENT_SECRET_BYTES];
        int64_t end = at;
        while (end < a->shares && sorted[end].client == client) end++;
        if (is_needed(g, a, client)) {
            const bool here = a->answered[client];
            deal(g, end - at, sorted + at, &h);
            status = open_secret(g, client, here ? "seed" : "lock", &h,
                                 here ? a->keys[client].seed : a->keys[client].lock, secret);
            if (status == ENT_OK && here) ent_mask_add(secret, true, n, sum);
            if (status == ENT_OK && !here) take_pairs(g, a, client, secret, n, sum);
        }
        at = end;
    }
    hand_clear(&h);
    return status;
}

ent_status ent_secure_unmask(ent_secure_graph *g, const ent_secure_answers *answers, int64_t n, ent_ring *sum)
{
    ent_secure_revealed *sorted = ent_copy(answers->revealed, answers->shares, sizeof *sorted);
    ent_ring *opened = ent_copy(sum, n, sizeof *sum);
    ent_status status = sorted && opened ? ENT_OK : ent_fail(ENT_ENOMEM, "secure aggregation: no memory");
    if (status == ENT_OK) {
        qsort(sorted, (size_t)answers->shares, sizeof *sorted, by_client);
        status = unmask(g, answers, sorted, n, opened);
    }
    if (status == ENT_OK) memcpy(sum, opened, (size_t)n * sizeof *sum);
    ent_free(sorted);
    ent_free(opened);
    return status;
}
