/* SHA-256 (libsodium), as 64 hexadecimal digits.  Local. */
#ifndef ENTENTE_HASH_H
#define ENTENTE_HASH_H

#include <stddef.h>

/* The digest of a block of bytes.  Returns `text`. */
char *ent_sha256(const void *data, size_t bytes, char text[65]);

/* The digest of bytes that arrive piece by piece. */
typedef struct {
    _Alignas(16) unsigned char state[128];
} ent_hash;
void ent_hash_begin(ent_hash *hash);
void ent_hash_add(ent_hash *hash, const void *data, size_t bytes);
char *ent_hash_end(ent_hash *hash, char text[65]); /* returns `text` */

#endif
