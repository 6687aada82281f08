/* SHA-256 of some bytes as 64 hexadecimal digits (libsodium).  Returns `text`.  Local. */
#ifndef ENTENTE_HASH_H
#define ENTENTE_HASH_H

#include <stddef.h>

char *ent_sha256(const void *data, size_t bytes, char text[65]);

#endif
