/* The one rule for names of modalities.  A name is a group in HDF5, a key in YAML, part of a path of keys
 * (model.registers.NAME), an item of lists on the command line (NAME=FILE, NAME:D, a,b) and a heading of CSV
 * columns.  Characters with a special meaning in any of these are not allowed. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "entente/name.h"
#include "entente/visible.h"

static const char *const TAKEN[] = {"fusion", "head"}; /* parameter blocks */

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Length in bytes of the leading character if a name may contain it, else 0. */
static int allowed_bytes(const char *at, bool inside)
{
    if (is_plain(*at) || (inside && *at && strchr("-+() ", *at))) return 1;
    const int bytes = ent_visible_bytes(at);
    return bytes > 1 ? bytes : 0;
}

ent_status ent_modality_check_name(const char *name)
{
    const size_t length = strlen(name);
    ENT_REQUIRE(length >= 1 && length < ENT_NAME_BYTES, ENT_EARG,
                "modality name: found '%.80s' of %zu bytes, want 1..%d bytes", name, length, ENT_NAME_BYTES - 1);
    for (const char *at = name; *at;) {
        const int bytes = at != name && at[1] == '\0' && *at == ' ' ? 0 : allowed_bytes(at, at != name);
        ENT_REQUIRE(
            bytes > 0, ENT_EARG,
            "modality name: found '%s' with '%.1s' at byte %td, want letters, digits, '_', after the first also "
            "'-', '+', '(', ')' and spaces",
            name, at, at - name);
        at += bytes;
    }
    for (size_t k = 0; k < sizeof TAKEN / sizeof *TAKEN; k++)
        ENT_REQUIRE(strcmp(name, TAKEN[k]) != 0, ENT_EARG,
                    "modality name: found '%s', which names a block of parameters", name);
    return ENT_OK;
}
