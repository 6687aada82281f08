/* Reading HDF5 files from untrusted sources.
 *
 * libhdf5 1.10 may crash or loop forever on a damaged file.  A guard is a separate process that does the reading: if
 * it crashes, runs out of memory or stops responding, the caller gets an error.  It is started before MPI (a process
 * that uses MPI should not fork), serves any number of files, and after its end every call fails with the same
 * message. */
#ifndef ENTENTE_GUARD_H
#define ENTENTE_GUARD_H

#include "entente/h5.h"

typedef struct ent_guard ent_guard;

enum { ENT_GUARD_FILES = 32, ENT_GUARD_BYTES = 8 << 20 };

typedef struct {
    double timeout_s;   /* the longest that one call may take */
    int64_t more_bytes; /* memory it may use beyond the present use of this process; not enforced under a sanitizer */
    bool loud;          /* what it prints (a sanitizer's report) goes to stderr, else nowhere */
} ent_guard_inp;
ent_guard_inp ent_guard_default(void);

/* For a program without MPI: do the whole reading in a guard first, which is then gone.  ENT_OK: doing it again here
 * is safe, and reports the errors that `body` has found.  Local.  Errors: ENT_EFORMAT if the guard did not survive;
 * ENT_EIO. */
typedef ent_status ent_guard_body(void *context);
ent_status ent_guard_try(const ent_guard_inp *inp, const char *path, ent_guard_body *body, void *context);

/* All functions are Local.  Errors of every call: those of ent_h5_*; ENT_EFORMAT if the guard ended or did not
 * respond. */
ent_status ent_guard_start(const ent_guard_inp *inp, ent_guard **out);
void ent_guard_stop(ent_guard *guard); /* NULL is legal */
bool ent_guard_ended(const ent_guard *guard);
int ent_guard_process(const ent_guard *guard); /* its process id, for tests; 0: ended */

ent_status ent_guard_open(ent_guard *guard, const char *path, int *file);
ent_status ent_guard_names(ent_guard *guard, int file, const char *group, char ***list, int64_t *count);
ent_status ent_guard_describe(ent_guard *guard, int file, const char *name, ent_h5_shape *shape);

/* Rows first..first+n-1, `row_bytes` each, at most ENT_GUARD_BYTES together. */
typedef struct {
    ent_h5_type type;
    int64_t first, n;
    size_t row_bytes;
} ent_guard_span;
ent_status ent_guard_rows(ent_guard *guard, int file, const char *name, const ent_guard_span *span, void *out);

#endif
