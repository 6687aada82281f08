/* SHA-256 by libsodium; its state is kept in the opaque ent_hash, whose size and alignment are checked at compile
 * time. */
#include "entente/hash.h"

#include <sodium.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(ent_hash), "room for libsodium's state");
_Static_assert(_Alignof(crypto_hash_sha256_state) <= _Alignof(ent_hash), "and its alignment");

static crypto_hash_sha256_state *state_of(ent_hash *hash)
{
    return (crypto_hash_sha256_state *)(void *)hash->state;
}

void ent_hash_begin(ent_hash *hash)
{
    crypto_hash_sha256_init(state_of(hash));
}

void ent_hash_add(ent_hash *hash, const void *data, size_t bytes)
{
    crypto_hash_sha256_update(state_of(hash), data, bytes);
}

char *ent_hash_end(ent_hash *hash, char text[65])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(state_of(hash), digest);
    return sodium_bin2hex(text, 65, digest, sizeof digest);
}

char *ent_sha256(const void *data, size_t bytes, char text[65])
{
    ent_hash hash;
    ent_hash_begin(&hash);
    if (bytes > 0) ent_hash_add(&hash, data, bytes);
    return ent_hash_end(&hash, text);
}
