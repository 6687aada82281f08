/* Recognise the kind of a file by its leading bytes, for helpful messages about files of the wrong kind.  Local. */
#ifndef ENTENTE_DATA_FORMAT_H
#define ENTENTE_DATA_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/status.h"

enum { ENT_FORMAT_BYTES = 512 }; /* number of leading bytes that are examined */

typedef struct {
    const char *what, *remedy; /* "a zip archive", "unpack it"; NULL if the bytes are not recognised */
} ent_format;

ent_format ent_format_of(const uint8_t *bytes, size_t count);

/* The same for the leading bytes of a file; nothing if it cannot be read. */
ent_format ent_format_of_file(const char *path);

/* Whether these 16-bit integers are really bfloat16, as stored by programs without that type.  True if nearly all
 * of them, read as bfloat16, have a magnitude of 1e-9 to 1e5, and both signs are common: counts and pixels never
 * look like that. */
bool ent_format_is_bfloat16(const uint16_t *number, int64_t count);

#endif
