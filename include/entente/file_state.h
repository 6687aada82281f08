/* What a file was when it was opened, and whether it still is.  A file that is cut short or rewritten while it is
 * read would otherwise be read as a mixture, or as zeros.  Local. */
#ifndef ENTENTE_FILE_STATE_H
#define ENTENTE_FILE_STATE_H

#include <stdint.h>

#include "entente/status.h"

typedef struct {
    int64_t device, inode, bytes, modified_ns, changed_ns;
} ent_file_state;

/* Of the file that is open as `descriptor`; -1: of the one that has the name `path`.  Errors: ENT_EIO. */
ent_status ent_file_state_take(const char *path, int descriptor, ent_file_state *out);
/* Errors: ENT_EIO where bytes, time of modification or (by name) the file itself differ, with both. */
ent_status ent_file_state_check(const char *path, int descriptor, const ent_file_state *opened);

#endif
