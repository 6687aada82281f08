/* A file that appears whole or not at all: written under a temporary name beside its own, then renamed.  Local. */
#ifndef ENTENTE_DATA_PART_H
#define ENTENTE_DATA_PART_H

#include <stddef.h>

#include "entente/status.h"

typedef struct ent_part ent_part;

/* Make `<path>.part-<pid>`, empty.  Errors: ENT_EIO with the system's reason, ENT_ENOMEM. */
ent_status ent_part_new(const char *path, ent_part **out);

/* The temporary name, for a writer of its own. */
const char *ent_part_name(const ent_part *part);

/* Append.  Errors: ENT_EIO. */
ent_status ent_part_write(ent_part *part, const void *bytes, size_t count);

/* Bring it to the disk and give it its name; frees `part` in any case.  Errors: ENT_EIO; then `path` is as it was. */
ent_status ent_part_finish(ent_part *part);

/* Throw it away.  NULL is legal. */
void ent_part_free(ent_part *part);

#endif
