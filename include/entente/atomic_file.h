/* A file that appears complete or not at all: written under a temporary name in the same folder, then renamed.
 * Local. */
#ifndef ENTENTE_ATOMIC_FILE_H
#define ENTENTE_ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/status.h"

typedef struct ent_atomic_file ent_atomic_file;

/* Create `<path>.part-<host>-<pid>-<random>`, a new empty file.
 * Errors: ENT_EFULL, ENT_EIO with the system's reason, ENT_ENOMEM. */
ent_status ent_atomic_file_new(const char *path, ent_atomic_file **out);

/* The temporary name, for code that writes to the file itself. */
const char *ent_atomic_file_name(const ent_atomic_file *file);

/* Reserve `bytes` on disk for the file; its size does not change.  On a file system that cannot reserve space, zeros
 * are written. */
ent_status ent_atomic_file_reserve(ent_atomic_file *file, int64_t bytes);

/* Release the space that is reserved beyond the size of the file. */
ent_status ent_atomic_file_trim(ent_atomic_file *file);

/* Append.  Errors: as above. */
ent_status ent_atomic_file_write(ent_atomic_file *file, const void *bytes, size_t count);

/* Flush the file to disk and rename it to `path`; frees `file` in any case.  Errors: as above; `path` is then
 * unchanged. */
ent_status ent_atomic_file_finish(ent_atomic_file *file);

/* Discard the file.  NULL is legal. */
void ent_atomic_file_free(ent_atomic_file *file);

/* Write a file in one call.  durable = false skips the flush to disk: it is faster, and readers still see a complete
 * file, but the file may be empty after a crash of the machine (not of the process).  Errors: as above. */
ent_status ent_atomic_file_save(const char *path, const void *bytes, size_t count, bool durable);

#endif
