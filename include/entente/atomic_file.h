/* A file that appears whole or not at all: written under a temporary name beside its own, then renamed.  Local. */
#ifndef ENTENTE_ATOMIC_FILE_H
#define ENTENTE_ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/status.h"

typedef struct ent_atomic_file ent_atomic_file;

/* Make `<path>.part-<host>-<pid>-<random>`, empty and new.
 * Errors: ENT_EFULL, ENT_EIO with the system's reason, ENT_ENOMEM. */
ent_status ent_atomic_file_new(const char *path, ent_atomic_file **out);

/* The temporary name, for a writer of its own. */
const char *ent_atomic_file_name(const ent_atomic_file *file);

/* Have the disk set `bytes` aside for it, its size as it is; a file system that cannot do so gets zeros. */
ent_status ent_atomic_file_reserve(ent_atomic_file *file, int64_t bytes);

/* Give back what is set aside beyond its size. */
ent_status ent_atomic_file_trim(ent_atomic_file *file);

/* Append.  Errors: as above. */
ent_status ent_atomic_file_write(ent_atomic_file *file, const void *bytes, size_t count);

/* Bring it to the disk and give it its name; frees `file` in any case.  Errors: as above; then `path` is as it was. */
ent_status ent_atomic_file_finish(ent_atomic_file *file);

/* Throw it away.  NULL is legal. */
void ent_atomic_file_free(ent_atomic_file *file);

/* All of it in one call.  durable = false leaves the disk out: faster, whole for whoever reads it, and after a crash of
 * the machine (not of the process) it may be found empty.  Errors: as above. */
ent_status ent_atomic_file_save(const char *path, const void *bytes, size_t count, bool durable);

#endif
