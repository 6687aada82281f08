/* Text from untrusted sources, made safe to print.  Local. */
#ifndef ENTENTE_VISIBLE_H
#define ENTENTE_VISIBLE_H

#include <stddef.h>

/* Bytes of the character that `text` begins with: 1..4 if it is well-formed UTF-8 (RFC 3629) and not a control
 * character, else 0.  Control characters are U+0000..U+001F and U+007F..U+009F, which move a terminal's cursor, set
 * its title or hide preceding text, and U+2028..U+202E and U+2066..U+2069, which break lines or reverse their
 * direction. */
int ent_visible_bytes(const char *text);

/* Copy `text` to `out`, truncated to `room` bytes; anything that is not a visible character becomes \xNN, byte by
 * byte, except for the bytes in `keep`.  Returns `out`. */
char *ent_visible(const char *text, const char *keep, char *out, size_t room);

#endif
