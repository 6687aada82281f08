/* HDF5 as far as Entente needs it: files, groups by path, arrays, attributes.  The one place that calls libhdf5.
 * All functions are Local (one process per file) unless they say Collective; each message names the file and the
 * dataset.  The error stack of libhdf5 is silenced. */
#ifndef ENTENTE_H5_H
#define ENTENTE_H5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entente/comm.h"
#include "entente/file_state.h"
#include "entente/hash.h"
#include "entente/status.h"

typedef struct ent_h5 ent_h5;

typedef enum { ENT_H5_U8, ENT_H5_I32, ENT_H5_U32, ENT_H5_I64, ENT_H5_U64, ENT_H5_F32, ENT_H5_F64 } ent_h5_type;

/* Reading.  Errors: ENT_EIO (no such file, no permission), ENT_EFORMAT (not HDF5, truncated).  What reads numbers or
 * texts fails with ENT_EIO where the file has changed since it was opened: libhdf5 reads zeros after its end. */
ent_status ent_h5_open(const char *path, ent_h5 **out);
/* What it was then. */
const ent_file_state *ent_h5_opened(const ent_h5 *file);

/* Allow reading from other files (external links, external storage, virtual datasets), in files that are opened
 * afterwards.  The default is not to. */
void ent_h5_allow_external(bool allowed);

/* Writing: to a temporary name in the same folder; ent_h5_finish flushes the file to disk and renames it, so that
 * `path` is either complete or unchanged.  ent_h5_close without finish deletes the temporary file.  Errors:
 * ENT_EFULL, ENT_EIO with the system's reason. */
ent_status ent_h5_create(const char *path, ent_h5 **out);
ent_status ent_h5_finish(ent_h5 *file); /* frees `file` in any case */
void ent_h5_close(ent_h5 *file);        /* NULL is legal */

/* Writing data too large for the memory of one rank, from all ranks of `comm`, by parallel HDF5.  Collective: create,
 * finish, close, ent_h5_write (rank 0's data), ent_h5_write_strings, _text and _attribute, with the same arguments on
 * all ranks, which also agree on a failure.  Local: ent_h5_write_rows and ent_h5_read_rows, for rows that no other
 * rank writes.  `comm` NULL: one process, without MPI. */
ent_status ent_h5_create_shared(ent_comm *comm, const char *path, ent_h5 **out);

/* A dataset's shape.  Errors: ENT_EFORMAT if it is missing or its rank is not 1..8. */
typedef struct {
    int rank;
    int64_t size[8];
    bool real; /* floating point */
    int bytes; /* bytes per number */
} ent_h5_shape;
/* ENT_H5_F32 if a float holds every number of the dataset, else ENT_H5_F64. */
ent_h5_type ent_h5_real_type(const ent_h5_shape *shape);
bool ent_h5_has(const ent_h5 *file, const char *name);
ent_status ent_h5_describe(const ent_h5 *file, const char *name, ent_h5_shape *shape);

/* Names of the members of a group, sorted: list[k] (free each and the list with ent_h5_names_free). */
ent_status ent_h5_names(const ent_h5 *file, const char *group, char ***list, int64_t *count);
void ent_h5_names_free(char **list, int64_t count);

/* A whole array, converted to `type`; `count` is the number of elements of `data` and must equal that of the
 * dataset. */
ent_status ent_h5_read(const ent_h5 *file, const char *name, ent_h5_type type, int64_t count, void *data);
/* A dataset of one dimension; free *data with ent_free.  *count < 0: any length, which is stored there, else the
 * length that it must have.  Errors also: ENT_EFORMAT, another shape; ENT_ENOMEM. */
ent_status ent_h5_read_list(const ent_h5 *file, const char *name, ent_h5_type type, int64_t *count, void **data);
/* Rows first..first+n-1 of a dataset of any rank. */
ent_status ent_h5_read_rows(const ent_h5 *file, const char *name, ent_h5_type type, int64_t first, int64_t n,
                            void *data);
/* Rows first[k]..first[k]+n[k]-1 for k < runs, one run after the other in `data`. */
ent_status ent_h5_read_runs(const ent_h5 *file, const char *name, ent_h5_type type, int64_t runs,
                            const int64_t *first, const int64_t *n, void *data);

/* Write a whole array; missing groups are created.  A size of 0 is legal. */
ent_status ent_h5_write(ent_h5 *file, const char *name, ent_h5_type type, int rank, const int64_t *size,
                        const void *data);
/* Write rows: create the dataset once (data NULL in ent_h5_write), then write its parts. */
ent_status ent_h5_write_rows(ent_h5 *file, const char *name, ent_h5_type type, int64_t first, int64_t n,
                             const void *data);
/* A list of strings [count], padded to the longest. */
ent_status ent_h5_write_strings(ent_h5 *file, const char *name, int64_t count, const char *const *text);
ent_status ent_h5_read_strings(const ent_h5 *file, const char *name, char ***list, int64_t *count); /* names_free */
/* A string as a scalar dataset (name) or as an attribute of an object. */
ent_status ent_h5_write_text(ent_h5 *file, const char *name, const char *text);
ent_status ent_h5_read_text(const ent_h5 *file, const char *name, char **text);
ent_status ent_h5_write_attribute(ent_h5 *file, const char *object, const char *name, const char *text);
ent_status ent_h5_read_attribute(const ent_h5 *file, const char *object, const char *name, char **text);

/* Add rows first..first+n-1 of a dataset of numbers, as they are stored, to a hash.  Local; bounded memory. */
ent_status ent_h5_hash_rows(const ent_h5 *file, const char *name, int64_t first, int64_t n, ent_hash *hash);

/* Descriptions of the datasets of a kind of file. */
typedef struct {
    const char *name; /* a path, or a pattern of fnmatch in which '*' is any text */
    const char *unit; /* "s", ...; "1" for plain numbers, "none" if it is not a quantity */
    const char *description;
} ent_h5_note;

/* Give every dataset of a file that is being written the attributes `description` and `unit` of the first matching
 * row; notes end with name NULL.  After the last dataset, before the seal.  Collective on a shared file.
 * Errors: ENT_EARG, a dataset without a matching row. */
ent_status ent_h5_annotate(ent_h5 *file, const ent_h5_note *notes);

/* Seal a file that is being written, after everything else: /sha256 then holds the SHA-256 of every dataset, or in a
 * shared file of every text.  Collective on a shared file. */
ent_status ent_h5_seal(ent_h5 *file);
/* Check a file against its seal.  count: the number of datasets that the seal covers, 0 for a file without a seal
 * (written by an older version or another program); may be NULL.  Local.
 * Errors: ENT_EFORMAT, "result.h5: /weights/value is not what was written (SHA-256 differs)"; also for a dataset that
 * is missing or was added later. */
ent_status ent_h5_verify(const ent_h5 *file, int64_t *count);

/* "1.10.8, parallel". */
const char *ent_h5_library(void);

#endif
