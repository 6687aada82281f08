/* What kind of file some bytes begin, to say more of a file that is something else than was wanted.  Local. */
#ifndef ENTENTE_DATA_FORMAT_H
#define ENTENTE_DATA_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/status.h"

enum { ENT_FORMAT_BYTES = 512 }; /* as many of a file's first bytes as are looked at */

typedef struct {
    const char *what, *remedy; /* "a zip archive", "unpack it"; NULL where nothing is known of the bytes */
} ent_format;

ent_format ent_format_of(const uint8_t *bytes, size_t count);

/* The same of a file's first bytes; nothing where it cannot be read. */
ent_format ent_format_of_file(const char *path);

/* Are these whole numbers of 16 bits the bits of bfloat16, as what has no such type stores them?  True where nearly all
 * have a magnitude of 1e-9 to 1e5 as such, and both signs are common: no count and no pixel has that. */
bool ent_format_is_bfloat16(const uint16_t *number, int64_t count);

#endif
