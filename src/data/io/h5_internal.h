/* What the files that call libhdf5 share: h5.c reads, and writes through memory; h5_text.c: strings; h5_shared.c writes
 * over ranks. */
#ifndef ENTENTE_DATA_H5_INTERNAL_H
#define ENTENTE_DATA_H5_INTERNAL_H

#include <hdf5.h>

#include "entente/comm.h"
#include "entente/h5.h"
#include "entente/atomic_file.h"

enum { ENT_H5_OUTSIDE_BYTES = 512 };

struct ent_h5 {
    hid_t id;
    hid_t link, set_access, group_access; /* how a path is followed: h5_inside.c */
    char *path;
    char *outside; /* [ENT_H5_OUTSIDE_BYTES]: what the last path that was followed led out of the file, or "" */
    ent_atomic_file *part; /* where it goes once it is whole; NULL while reading, and on ranks > 0 of a shared file */
    bool shared;           /* written in place, by h5_shared.c */
    int64_t room;          /* bytes that the disk has set aside for a shared file */
    ent_comm *comm;        /* of a shared file over MPI, else NULL */
};

/* "file: dataset what: why", the reason out of libhdf5's error stack. */
ent_status ent_h5_fail_at(ent_status code, const ent_h5 *file, const char *name, const char *what);

ent_status ent_h5_no_memory(const ent_h5 *file, const char *name);

/* The object, without a file so far; and its end, when the file is closed. */
ent_status ent_h5_new_file(const char *path, ent_h5 **out);
void ent_h5_release(ent_h5 *file);

/* h5_inside.c: lists of a file that keep paths inside of it; the end of them; the refusal of what file->outside says; the
 * refusal of a dataset whose numbers are outside, or under a filter that is not there. */
void ent_h5_make_lists(ent_h5 *file);
void ent_h5_close_lists(ent_h5 *file);
ent_status ent_h5_refuse_outside(const ent_h5 *file, const char *name);
ent_status ent_h5_check_set(const ent_h5 *file, const char *name, hid_t set);

/* Silences libhdf5 and makes a file access list; H5Pclose. */
hid_t ent_h5_access_list(void);

/* A new dataset; groups on the way are made; negative where it fails. */
hid_t ent_h5_make_set(const ent_h5 *file, const char *name, hid_t type, hid_t space);

/* The same with its content: `given` in memory, `stored` in the file.  On a shared file Collective, rank 0's data. */
ent_status ent_h5_write_set(ent_h5 *file, const char *name, hid_t stored, hid_t given, hid_t space, const void *data);

/* Before something of `bytes` is added to a shared file: have the disk set them aside; of other files nothing is done.
 * Collective on a shared file. */
ent_status ent_h5_make_room(ent_h5 *file, int64_t bytes);

/* A new, empty file in memory. */
ent_status ent_h5_make_image(ent_h5 *file);
/* What it has become, to the temporary file; `file` stays open. */
ent_status ent_h5_write_image(ent_h5 *file);

/* h5_seal.c: the names of all datasets, ordered, but for the seal's; ent_h5_list_clear in any case. */
typedef struct {
    char **name;
    int64_t count, room;
    hid_t link; /* how a link is followed: not out of the file */
    bool failed;
} ent_h5_names_list;
ent_status ent_h5_list_sets(const ent_h5 *file, ent_h5_names_list *list);
void ent_h5_list_clear(ent_h5_names_list *list);

/* h5_text.c: an attribute for which there is room; not agreed on. */
ent_status ent_h5_put_attribute(ent_h5 *file, const char *object, const char *name, const char *text);

/* h5_shared.c: the end of a shared file.  Collective; frees `file`. */
ent_status ent_h5_finish_shared(ent_h5 *file);

#endif
