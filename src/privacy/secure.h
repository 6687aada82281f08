/* Secure aggregation: the server learns the sum of the clients' vectors, and no single one.
 *
 * Bonawitz et al. 2017 (ePrint 2017/281), with the sparse graph of Bell et al. 2020 (ePrint 2020/704).  A round:
 *
 *   1. Every client draws two X25519 key pairs and a seed of its own, and publishes the public keys and a commitment.
 *   2. It splits the secret key of its masks and its seed (Shamir) among its neighbours, encrypted for each
 *      (ChaCha20-Poly1305 under the pair's other key).
 *   3. It sends its vector plus the stream of its seed, plus a stream for each neighbour that both can compute, added
 *      by one of them and subtracted by the other.  In the sum over all clients the streams of pairs cancel.
 *   4. For a client that has sent its vector, the neighbours reveal the shares of its seed; for one that has not,
 * those      of its secret key; never both.  So the server can subtract the streams that are left, if `threshold` of
 * each      client's neighbours have answered.
 *
 * Streams are added modulo 2^128 to exact sums, so masks leave no trace in a result.  Keys come from the random
 * numbers of the operating system.  All functions are Local: the transport of messages is the caller's. */
#ifndef ENTENTE_PRIVACY_SECURE_H
#define ENTENTE_PRIVACY_SECURE_H

#include <stddef.h>

#include "privacy/mask.h"
#include "privacy/shamir.h"

/* The neighbours of each client: the nearest on both sides on a circle in random order; or all others. */
typedef struct {
    int64_t clients;           /* numbered from 0 */
    int neighbours, threshold; /* of each client; shares that open a secret, 1..neighbours */
    uint64_t seed, round;
    int64_t *at, *place; /* [clients] the client at each place of the circle, and the place of each client */
} ent_secure_graph;

/* neighbours: even, or clients - 1.  Errors: ENT_EARG, ENT_ENOMEM. */
ent_status ent_secure_graph_make(int64_t clients, int neighbours, int threshold, uint64_t seed, uint64_t round,
                                 ent_secure_graph *out);
void ent_secure_graph_clear(ent_secure_graph *graph);
/* Neighbour k (0..neighbours-1) of a client; and the client's own number in that neighbour's list. */
int64_t ent_secure_neighbour(const ent_secure_graph *graph, int64_t client, int k);
int ent_secure_back(const ent_secure_graph *graph, int k);

/* What a client publishes. */
typedef struct {
    uint8_t mask[ENT_KEY_BYTES], cipher[ENT_KEY_BYTES], commitment[ENT_KEY_BYTES];
} ent_secure_keys;

typedef struct {
    int64_t number;
    uint8_t mask_secret[ENT_KEY_BYTES], cipher_secret[ENT_KEY_BYTES], seed[ENT_KEY_BYTES];
    ent_secure_keys keys;
} ent_secure_client;

/* Shares of one client for one neighbour: the plain text, and sealed for transport. */
typedef struct {
    ent_share mask_secret, seed;
} ent_secure_shares;
enum { ENT_PARCEL_BYTES = sizeof(ent_secure_shares) + 16 };
typedef struct {
    uint8_t sealed[ENT_PARCEL_BYTES];
} ent_secure_parcel;

/* The secrets shared by a pair: the seed of its stream, and the key of its parcels. */
typedef struct {
    uint8_t mask[ENT_KEY_BYTES], cipher[ENT_KEY_BYTES];
} ent_secure_pair;

/* Errors: ENT_EIO, the operating system has no random numbers. */
ent_status ent_secure_client_make(const ent_secure_graph *graph, int64_t number, ent_secure_client *out);
/* Errors: ENT_EDATA: two clients publish the same key, or a client publishes a key that gives no secret. */
ent_status ent_secure_check_keys(const ent_secure_graph *graph, const ent_secure_keys *keys);
ent_status ent_secure_agree(const ent_secure_graph *graph, const ent_secure_client *client, int64_t other,
                            const ent_secure_keys *theirs, ent_secure_pair *out);

/* Seal parcel [neighbours] of a client, with the keys of pair [neighbours]; open one that it received.
 * Errors: ENT_ENOMEM; ENT_EDATA: the parcel was not sealed by its sender for this client in this round. */
ent_status ent_secure_seal(const ent_secure_graph *graph, const ent_secure_client *client,
                           const ent_secure_pair *pair, ent_secure_parcel *parcel);
ent_status ent_secure_open(const ent_secure_graph *graph, int64_t sender, int64_t receiver,
                           const ent_secure_pair *pair, const ent_secure_parcel *parcel, ent_secure_shares *out);

/* x [n] += all streams of the client. */
void ent_secure_mask(const ent_secure_graph *graph, const ent_secure_client *client, const ent_secure_pair *pair,
                     int64_t n, ent_ring *x);

/* A share that neighbour `from` of `client` reveals: of the seed if the client has answered, else of its secret key.
 * */
typedef struct {
    int64_t client;
    int from; /* which of the client's neighbours */
    ent_share share;
} ent_secure_revealed;

/* sum [n] of the vectors of the clients that have answered, in place: subtracts the streams that are left in it.
 * Errors (the sum stays masked): ENT_EDATA, too few shares, or shares of another secret; names the client. */
ent_status ent_secure_unmask(const ent_secure_graph *graph, const ent_secure_keys *keys, const bool *answered,
                             int64_t shares, const ent_secure_revealed *revealed, int64_t n, ent_ring *sum);

/* HKDF-SHA256 (RFC 5869). */
void ent_secure_derive(const uint8_t *salt, size_t salt_bytes, const uint8_t *secret, size_t secret_bytes,
                       const uint8_t *info, size_t info_bytes, uint8_t key[ENT_KEY_BYTES]);

#endif
