/* Text from elsewhere, made fit to be printed.  Local. */
#ifndef ENTENTE_VISIBLE_H
#define ENTENTE_VISIBLE_H

#include <stddef.h>

/* Bytes of the character that `text` begins with: 1..4 where it is well-formed UTF-8 (RFC 3629) and no control
 * character, else 0.  Control characters are U+0000..U+001F and U+007F..U+009F, which move a terminal's cursor, name
 * its window or hide what is before them, and U+2028..U+202E and U+2066..U+2069, which break or turn lines round. */
int ent_visible_bytes(const char *text);

/* Copy `text` to `out`, cut to `room` bytes; what is no visible character becomes \xNN, byte by byte, unless it is one
 * of the bytes in `keep`.  Returns `out`. */
char *ent_visible(const char *text, const char *keep, char *out, size_t room);

#endif
