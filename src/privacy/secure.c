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

static void commit(const ent_secure_graph *g, int64_t client, const uint8_t seed[ENT_KEY_BYTES],
                   uint8_t commitment[ENT_KEY_BYTES])
{
    derive(g, seed, "commitment", client, client, commitment);
}

ent_status ent_secure_client_make(const ent_secure_graph *g, int64_t number, ent_secure_client *out)
{
    ENT_REQUIRE(sodium_init() >= 0, ENT_EIO, "secure aggregation: no random numbers of the operating system");
    out->number = number;
    randombytes_buf(out->mask_secret, sizeof out->mask_secret);
    randombytes_buf(out->cipher_secret, sizeof out->cipher_secret);
    randombytes_buf(out->seed, sizeof out->seed);
    crypto_scalarmult_base(out->keys.mask, out->mask_secret);
    crypto_scalarmult_base(out->keys.cipher, out->cipher_secret);
    commit(g, number, out->seed, out->keys.commitment);
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

ent_status ent_secure_check_keys(const ent_secure_graph *g, const ent_secure_keys *keys)
{
    owned_key *all = ent_alloc(2 * g->clients, sizeof *all);
    ent_status status = all ? ENT_OK : ent_fail(ENT_ENOMEM, "secure aggregation: no memory");
    for (int64_t k = 0; all && k < g->clients; k++) {
        all[2 * k] = (owned_key){keys[k].mask, k};
        all[2 * k + 1] = (owned_key){keys[k].cipher, k};
    }
    if (all) qsort(all, (size_t)(2 * g->clients), sizeof *all, by_key);
    for (int64_t k = 0; status == ENT_OK && k < 2 * g->clients; k++) {
        if (sodium_is_zero(all[k].key, ENT_KEY_BYTES))
            status = ent_fail(ENT_EDATA, "client %lld of the cohort publishes no key", (long long)all[k].client);
        else if (k > 0 && by_key(&all[k - 1], &all[k]) == 0)
            status = ent_fail(ENT_EDATA, "clients %lld and %lld of the cohort publish the same key: one is replayed",
                              (long long)all[k - 1].client, (long long)all[k].client);
    }
    ent_free(all);
    return status;
}

/* The pair's stream, from the secret key of one and the public key of the other. */
static ent_status agree_on(const ent_secure_graph *g, int64_t client, int64_t other, const uint8_t secret[32],
                           const uint8_t theirs[32], const char *purpose, uint8_t key[ENT_KEY_BYTES])
{
    uint8_t shared[32];
    ENT_REQUIRE(crypto_scalarmult(shared, secret, theirs) == 0, ENT_EDATA,
                "client %lld of the cohort publishes a key of low order", (long long)other);
    derive(g, shared, purpose, client, other, key);
    sodium_memzero(shared, sizeof shared);
    return ENT_OK;
}

ent_status ent_secure_agree(const ent_secure_graph *g, const ent_secure_client *client, int64_t other,
                            const ent_secure_keys *theirs, ent_secure_pair *out)
{
    ENT_TRY(agree_on(g, client->number, other, client->mask_secret, theirs->mask, "mask", out->mask));
    return agree_on(g, client->number, other, client->cipher_secret, theirs->cipher, "cipher", out->cipher);
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
    ent_status status = ent_shamir_split(client->mask_secret, g->threshold, g->neighbours, share);
    if (status == ENT_OK) status = ent_shamir_split(client->seed, g->threshold, g->neighbours, share + g->neighbours);
    for (int k = 0; status == ENT_OK && k < g->neighbours; k++) {
        const ent_secure_shares inside = {.mask_secret = share[k], .seed = share[g->neighbours + k]};
        uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];
        nonce_of(client->number, nonce);
        crypto_aead_chacha20poly1305_ietf_encrypt(parcel[k].sealed, NULL, (const uint8_t *)&inside, sizeof inside,
                                                  NULL, 0, NULL, nonce, pair[k].cipher);
    }
    ent_free(share);
    return status;
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
    for (int k = 0; k < g->neighbours; k++)
        ent_mask_add(pair[k].mask, client->number > ent_secure_neighbour(g, client->number, k), n, x);
}

/* ---- server ---- */

/* The secret of a client, from its shares among all shares. */
static ent_status open_secret(const ent_secure_graph *g, int64_t shares, const ent_secure_revealed *revealed,
                              int64_t client, int *number, ent_share *share, uint8_t secret[ENT_SECRET_BYTES])
{
    int n = 0;
    for (int64_t k = 0; k < shares && n < g->threshold; k++) {
        ENT_REQUIRE(revealed[k].from >= 0 && revealed[k].from < g->neighbours, ENT_EDATA,
                    "client %lld of the cohort: a share of neighbour %d, want 0..%d", (long long)client,
                    revealed[k].from, g->neighbours - 1);
        number[n] = revealed[k].from;
        share[n++] = revealed[k].share;
    }
    ENT_REQUIRE(n == g->threshold, ENT_EDATA, "client %lld of the cohort: shares of %d of its neighbours, want %d",
                (long long)client, n, g->threshold);
    return ent_shamir_join(n, number, share, secret);
}

static ent_status take_seed(const ent_secure_graph *g, const ent_secure_keys *keys, int64_t client,
                            const uint8_t seed[ENT_KEY_BYTES], int64_t n, ent_ring *sum)
{
    uint8_t commitment[ENT_KEY_BYTES];
    commit(g, client, seed, commitment);
    ENT_REQUIRE(sodium_memcmp(commitment, keys[client].commitment, sizeof commitment) == 0, ENT_EDATA,
                "client %lld of the cohort: the shares of its seed open another one", (long long)client);
    ent_mask_add(seed, true, n, sum);
    return ENT_OK;
}

/* Remove the streams that its answering neighbours have added for their pair with it. */
static ent_status take_pairs(const ent_secure_graph *g, const ent_secure_keys *keys, const bool *answered,
                             int64_t client, const uint8_t secret[ENT_KEY_BYTES], int64_t n, ent_ring *sum)
{
    uint8_t key[ENT_KEY_BYTES];
    crypto_scalarmult_base(key, secret);
    ENT_REQUIRE(sodium_memcmp(key, keys[client].mask, sizeof key) == 0, ENT_EDATA,
                "client %lld of the cohort: the shares of its key open another one", (long long)client);
    for (int k = 0; k < g->neighbours; k++) {
        const int64_t other = ent_secure_neighbour(g, client, k);
        if (!answered[other]) continue;
        ENT_TRY(agree_on(g, client, other, secret, keys[other].mask, "mask", key));
        ent_mask_add(key, other < client, n, sum);
    }
    return ENT_OK;
}

static int by_client(const void *a, const void *b)
{
    const ent_secure_revealed *x = a, *y = b;
    if (x->client != y->client) return x->client < y->client ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

static ent_status unmask(const ent_secure_graph *g, const ent_secure_keys *keys, const bool *answered, int64_t shares,
                         ent_secure_revealed *sorted, int64_t n, ent_ring *sum)
{
    int *number = ent_alloc(g->threshold, sizeof *number);
    ent_share *share = ent_alloc(g->threshold, sizeof *share);
    ent_status status = number && share ? ENT_OK : ent_fail(ENT_ENOMEM, "secure aggregation: no memory");
    if (status == ENT_OK) qsort(sorted, (size_t)shares, sizeof *sorted, by_client);
    for (int64_t client = 0, at = 0; status == ENT_OK && client < g->clients; client++) {
        uint8_t secret[ENT_SECRET_BYTES];
        int64_t end = at;
        while (end < shares && sorted[end].client == client) end++;
        bool needed = answered[client]; /* a stream that nobody has added need not be opened */
        for (int k = 0; k < g->neighbours && !needed; k++) needed = answered[ent_secure_neighbour(g, client, k)];
        if (needed) {
            status = open_secret(g, end - at, sorted + at, client, number, share, secret);
            if (status == ENT_OK)
                status = answered[client] ? take_seed(g, keys, client, secret, n, sum)
                                          : take_pairs(g, keys, answered, client, secret, n, sum);
        }
        at = end;
    }
    ent_free(number);
    ent_free(share);
    return status;
}

ent_status ent_secure_unmask(const ent_secure_graph *g, const ent_secure_keys *keys, const bool *answered,
                             int64_t shares, const ent_secure_revealed *revealed, int64_t n, ent_ring *sum)
{
    ent_secure_revealed *sorted = ent_copy(revealed, shares, sizeof *revealed);
    ent_ring *opened = ent_copy(sum, n, sizeof *sum);
    ent_status status = sorted && opened ? ENT_OK : ent_fail(ENT_ENOMEM, "secure aggregation: no memory");
    if (status == ENT_OK) status = unmask(g, keys, answered, shares, sorted, n, opened);
    if (status == ENT_OK) memcpy(sum, opened, (size_t)n * sizeof *sum);
    ent_free(sorted);
    ent_free(opened);
    return status;
}
