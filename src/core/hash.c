#include "entente/hash.h"

#include <sodium.h>

char *ent_sha256(const void *data, size_t bytes, char text[65])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, data, bytes);
    return sodium_bin2hex(text, 65, digest, sizeof digest);
}
