/* Names from untrusted files reach terminals and logs: every character is decoded, and those that are not safe to
 * print are written as \xNN.  Backslashes are kept, so applying the function twice changes nothing. */
#include "entente/visible.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The code point of a well-formed UTF-8 sequence and its length; 0 if it is not well formed. */
static int decode(const unsigned char *at, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const int bytes = *at < 0x80 ? 1 : *at < 0xc0 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : *at < 0xf8 ? 4 : 0;
    if (bytes == 0) return 0;
    *point = bytes == 1 ? *at : *at & (0x7fu >> bytes);
    for (int k = 1; k < bytes; k++) {
        if ((at[k] & 0xc0) != 0x80) return 0;
        *point = *point << 6 | (at[k] & 0x3f);
    }
    return *point >= least[bytes] && *point <= 0x10ffff && (*point < 0xd800 || *point > 0xdfff) ? bytes : 0;
}

static int is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069);
}

int ent_visible_bytes(const char *text)
{
    uint32_t point = 0;
    const int bytes = decode((const unsigned char *)text, &point);
    return bytes > 0 && !is_control(point) ? bytes : 0;
}

char *ent_visible(const char *text, const char *keep, char *out, size_t room)
{
    size_t used = 0;
    while (*text) {
        const int bytes = strchr(keep, *text) ? 1 : ent_visible_bytes(text);
        if (used + (bytes > 0 ? (size_t)bytes : 4) >= room) break;
        if (bytes > 0)
            memcpy(out + used, text, (size_t)bytes);
        else
            snprintf(out + used, 5, "\\x%02x", (unsigned)(unsigned char)*text);
        used += bytes > 0 ? (size_t)bytes : 4;
        text += bytes > 0 ? bytes : 1;
    }
    out[used] = '\0';
    return out;
}
