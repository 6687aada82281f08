/* Shared by the files that call libhdf5: h5.c reads, and writes through memory; h5_text.c handles strings;
 * h5_shared.c writes from several ranks. */
#ifndef ENTENTE_DATA_H5_INTERNAL_H
#define ENTENTE_DATA_H5_INTERNAL_H

#include <hdf5.h>

#include "entente/comm.h"
#include "entente/h5.h"
#include "entente/atomic_file.h"

enum { ENT_H5_OUTSIDE_BYTES = 512 };

struct ent_h5 {
    hid_t id;
    hid_t link, set_access, group_access; /* how paths are followed: h5_inside.c */
    char *path;
    char *outside; /* [ENT_H5_OUTSIDE_BYTES]: where the last path led out of the file, or "" */
    ent_atomic_file
        *part;      /* the file it becomes when complete; NULL for reading, and on ranks > 0 of a shared file */
    bool shared;    /* written in place, by h5_shared.c */
    int64_t room;   /* bytes reserved on disk for a shared file */
    ent_comm *comm; /* for a shared file over MPI, else NULL */
    bool reads;     /* opened for reading */
    int descriptor; /* libhdf5's, or -1 */
    ent_file_state opened;
};

/* The status of reading `file`; a failure if the file has changed since it was opened, whatever was read. */
ent_status ent_h5_settle(const ent_h5 *file, ent_status status);
ent_status ent_h5_no_set(const ent_h5 *file, const char *name);

/* Fail with "file: dataset what: why", the reason taken from libhdf5's error stack. */
ent_status ent_h5_fail_at(ent_status code, const ent_h5 *file, const char *name, const char *what);

ent_status ent_h5_no_memory(const ent_h5 *file, const char *name);

/* Create the object, without a file yet; and free it when the file is closed. */
ent_status ent_h5_new_file(const char *path, ent_h5 **out);
void ent_h5_release(ent_h5 *file);

/* h5_inside.c: create and close the property lists that keep paths inside the file; fail for the target in
 * file->outside; refuse a dataset whose numbers are outside the file or need a missing filter. */
void ent_h5_make_lists(ent_h5 *file);
void ent_h5_close_lists(ent_h5 *file);
ent_status ent_h5_refuse_outside(const ent_h5 *file, const char *name);
ent_status ent_h5_check_set(const ent_h5 *file, const char *name, hid_t set);

/* Silence libhdf5 and create a file access list; free it with H5Pclose. */
hid_t ent_h5_access_list(void);

/* Create a dataset and missing groups along its path; negative on failure. */
hid_t ent_h5_make_set(const ent_h5 *file, const char *name, hid_t type, hid_t space);

/* The same with contents: type `given` in memory, `stored` in the file.  Collective on a shared file, with the
 * data of rank 0. */
ent_status ent_h5_write_set(ent_h5 *file, const char *name, hid_t stored, hid_t given, hid_t space, const void *data);

/* Reserve disk space before `bytes` are added to a shared file; does nothing for other files.  Collective on a
 * shared file. */
ent_status ent_h5_make_room(ent_h5 *file, int64_t bytes);

/* A new, empty file in memory. */
ent_status ent_h5_make_image(ent_h5 *file);
/* Write its image to the temporary file; `file` stays open. */
ent_status ent_h5_write_image(ent_h5 *file);

/* h5_seal.c: the sorted names of all datasets except the seal; ent_h5_list_clear in any case. */
typedef struct {
    char **name;
    int64_t count, room;
    hid_t link; /* how links are followed: not out of the file */
    bool failed;
} ent_h5_names_list;
ent_status ent_h5_list_sets(const ent_h5 *file, ent_h5_names_list *list);
void ent_h5_list_clear(ent_h5_names_list *list);

/* h5_text.c: write an attribute for which space is reserved; without agreement of the ranks. */
ent_status ent_h5_put_attribute(ent_h5 *file, const char *object, const char *name, const char *text);

/* h5_shared.c: finish a shared file.  Collective; frees `file`. */
ent_status ent_h5_finish_shared(ent_h5 *file);

#endif
