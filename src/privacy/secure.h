/* Secure aggregation: the server learns the sum of the clients' vectors, and no single one.
 *
 * Bonawitz et al. 2017 (ePrint 2017/281), with the sparse graph of Bell et al. 2020 (ePrint 2020/704).  A round:
 *
 *   1. Every client draws an X25519 key pair, a seed of its own and a lock, and publishes the public key and
 *      commitments to the other two.
 *   2. Each pair of neighbours derives two keys from its common secret, of its stream and of its parcels.  A client
 *      sends the server the keys of its streams under its lock, and splits seed and lock (Shamir) among its
 *      neighbours, sealed for each (ChaCha20-Poly1305 under the pair's other key).
 *   3. It sends its vector plus the stream of its seed, plus a stream for each neighbour, added by the one and
 *      subtracted by the other.  In the sum of all of them the streams of pairs cancel.
 *   4. For a client that has sent its vector, the neighbours reveal the shares of its seed; for one that has not,
 *      those of its lock; never both.  So the server can subtract the remaining streams, if `threshold` of each
 *      client's neighbours have answered.
 *
 * In the papers a client splits the secret key of its masks, so that two key pairs, and two key agreements a
 * neighbour, are needed.  A lock opens the same keys of streams, and less than that secret key: not the keys of
 * parcels.
 *
 * A client that publishes no key or the key of another one, or sends a parcel that does not open, is excluded from
 * the round before vectors are sent, and its neighbours add no streams for it.  Wrong shares that are revealed are
 * found by comparison with the others and ignored; a commitment confirms that the right secret was opened.
 *
 * Streams are added modulo 2^128 to exact sums, so masks leave no trace in a result.  Keys come from the random
 * numbers of the operating system.  All functions are Local: the transport of messages is the caller's. */
#ifndef ENTENTE_PRIVACY_SECURE_H
#define ENTENTE_PRIVACY_SECURE_H

#include <stddef.h>

#include "privacy/mask.h"
#include "privacy/shamir.h"

/* What a client has done wrong. */
typedef enum {
    ENT_FAULT_NONE,
    ENT_FAULT_NO_KEY,
    ENT_FAULT_SAME_KEY,
    ENT_FAULT_LOW_ORDER,
    ENT_FAULT_PARCEL,
    ENT_FAULT_SHARE /* it is not left out, but a share that it has revealed is */
} ent_secure_fault;

/* Who is whose neighbour: on a circle in random order, the nearest on both sides; or all others. */
typedef struct {
    int64_t clients;           /* numbered from 0 */
    int neighbours, threshold; /* of each client; shares that open a secret, 1..neighbours */
    uint64_t seed, round;
    int64_t *at, *place;     /* [clients] the client at each place of the circle, and the place of each client */
    ent_secure_fault *fault; /* [clients] */
} ent_secure_graph;

static inline bool ent_secure_is_out(const ent_secure_graph *graph, int64_t client)
{
    return graph->fault[client] != ENT_FAULT_NONE && graph->fault[client] != ENT_FAULT_SHARE;
}
/* "publishes no key", after the client's name. */
const char *ent_secure_fault_text(ent_secure_fault fault);

/* neighbours: even, or clients - 1.  Errors: ENT_EARG, ENT_ENOMEM. */
ent_status ent_secure_graph_make(int64_t clients, int neighbours, int threshold, uint64_t seed, uint64_t round,
                                 ent_secure_graph *out);
void ent_secure_graph_clear(ent_secure_graph *graph);
/* Neighbour k (0..neighbours-1) of a client; and the client's own number in that neighbour's list. */
int64_t ent_secure_neighbour(const ent_secure_graph *graph, int64_t client, int k);
int ent_secure_back(const ent_secure_graph *graph, int k);

/* What a client publishes: a key, and commitments to the seed and the lock. */
typedef struct {
    uint8_t key[ENT_KEY_BYTES], seed[ENT_KEY_BYTES], lock[ENT_KEY_BYTES];
} ent_secure_keys;

typedef struct {
    int64_t number;
    uint8_t secret[ENT_KEY_BYTES], seed[ENT_KEY_BYTES], lock[ENT_KEY_BYTES];
    ent_secure_keys keys;
} ent_secure_client;

/* Shares of one client for one neighbour: the plain text, and sealed for transport. */
typedef struct {
    ent_share seed, lock;
} ent_secure_shares;
enum { ENT_PARCEL_BYTES = sizeof(ent_secure_shares) + 16 };
typedef struct {
    uint8_t sealed[ENT_PARCEL_BYTES];
} ent_secure_parcel;

/* The secrets shared by a pair: the keys of its stream and of its parcels; and the first of them under a
 * lock. */
typedef struct {
    uint8_t mask[ENT_KEY_BYTES], cipher[ENT_KEY_BYTES];
} ent_secure_pair;
typedef struct {
    uint8_t mask[ENT_KEY_BYTES];
} ent_secure_locked;

/* Errors: ENT_EIO, the operating system has no random numbers. */
ent_status ent_secure_client_make(const ent_secure_graph *graph, int64_t number, ent_secure_client *out);
/* Leave out clients that publish no key, or the same as another.  Errors: ENT_ENOMEM. */
ent_status ent_secure_check_keys(ent_secure_graph *graph, const ent_secure_keys *keys);
/* Errors: ENT_EDATA, the other's key gives no secret. */
ent_status ent_secure_agree(const ent_secure_graph *graph, const ent_secure_client *client, int64_t other,
                            const ent_secure_keys *theirs, ent_secure_pair *out);

/* parcel [neighbours] and locked [neighbours] of a client, from pair [neighbours]; those for clients that are left
 * out are zeros.  Errors: ENT_ENOMEM. */
ent_status ent_secure_seal(const ent_secure_graph *graph, const ent_secure_client *client,
                           const ent_secure_pair *pair, ent_secure_parcel *parcel);
void ent_secure_lock(const ent_secure_graph *graph, const ent_secure_client *client, const ent_secure_pair *pair,
                     ent_secure_locked *locked);
/* A parcel that a client got.
 * Errors: ENT_EDATA: the parcel is not what its sender has sealed for this client in this round. */
ent_status ent_secure_open(const ent_secure_graph *graph, int64_t sender, int64_t receiver,
                           const ent_secure_pair *pair, const ent_secure_parcel *parcel, ent_secure_shares *out);

/* x [n] += all streams of the client. */
void ent_secure_mask(const ent_secure_graph *graph, const ent_secure_client *client, const ent_secure_pair *pair,
                     int64_t n, ent_ring *x);

/* A share that neighbour `from` of `client` reveals: of the seed if the client has answered, else of its lock.
 * */
typedef struct {
    int64_t client;
    int from; /* which of the client's neighbours */
    ent_share share;
} ent_secure_revealed;

/* What the server has when it opens a sum. */
typedef struct {
    const ent_secure_keys *keys;     /* [clients] */
    const ent_secure_locked *locked; /* [clients][neighbours] */
    const bool *answered;            /* [clients] whose vectors are in the sum: of none that is left out */
    int64_t shares;
    const ent_secure_revealed *revealed; /* [shares] */
} ent_secure_answers;

/* sum [n] of the vectors of the clients that have answered, in place: subtracts the streams that are left in it.  Who
 * has revealed a wrong share gets ENT_FAULT_SHARE, if there are enough correct ones to tell.
 * Errors (the sum stays masked): ENT_EDATA, too few shares, or shares of another secret; names the client. */
ent_status ent_secure_unmask(ent_secure_graph *graph, const ent_secure_answers *answers, int64_t n, ent_ring *sum);

/* HKDF-SHA256 (RFC 5869). */
void ent_secure_derive(const uint8_t *salt, size_t salt_bytes, const uint8_t *secret, size_t secret_bytes,
                       const uint8_t *info, size_t info_bytes, uint8_t key[ENT_KEY_BYTES]);

#endif
