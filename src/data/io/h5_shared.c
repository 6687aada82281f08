/* A file written by all ranks: parallel HDF5 under a temporary name; rank 0 flushes it to disk and renames it.  Every
 * dataset is contiguous and is allocated when it is created, so each rank writes its rows independently.  The same
 * driver is used for any number of ranks, so the file does not depend on it.  Without MPI: HDF5's plain driver.
 *
 * libhdf5 does not survive a failed write of its own, and with MPI crashes in MPI_Finalize.  It must therefore
 * never see a full disk: rank 0 writes an empty file by itself, and disk space is reserved before libhdf5 opens it
 * and again before anything is added, for the numbers and BESIDE bytes of metadata.  The unused part is released
 * at the end. */
#include <string.h>

#include "entente/memory.h"
#include "h5_internal.h"

enum { EMPTY = 16384, BESIDE = 4096 };

static ent_status agree(const ent_h5 *file, ent_status status)
{
    return file->comm ? ent_comm_agree(file->comm, status) : status;
}

static bool is_root(const ent_h5 *file)
{
    return !file->comm || ent_comm_rank(file->comm) == 0;
}

/* Share the temporary name of rank 0 with all ranks. */
static ent_status share_name(const ent_h5 *file, char **out)
{
    char *name = file->part ? ent_text(ent_atomic_file_name(file->part)) : NULL;
    size_t bytes = name ? strlen(name) + 1 : 0;
    if (file->comm) {
        ent_comm_broadcast(file->comm, 0, &bytes, sizeof bytes);
        if (!is_root(file)) name = ent_alloc((int64_t)bytes, 1);
    }
    const ent_status status =
        agree(file, name && bytes > 0 ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory to write it", file->path));
    if (status != ENT_OK) {
        ent_free(name);
        return status;
    }
    if (file->comm) ent_comm_broadcast(file->comm, 0, name, bytes);
    *out = name;
    return ENT_OK;
}

ent_status ent_h5_make_room(ent_h5 *file, int64_t bytes)
{
    if (!file->shared) return ENT_OK;
    file->room += bytes + BESIDE;
    return agree(file, is_root(file) ? ent_atomic_file_reserve(file->part, file->room) : ENT_OK);
}

/* Create an empty file, completely on disk. */
static ent_status write_empty(ent_h5 *file)
{
    ENT_TRY(ent_h5_make_image(file));
    const ent_status status = ent_h5_write_image(file);
    H5Fclose(file->id);
    file->id = -1;
    return status;
}

static ent_status open_named(ent_h5 *file, const char *name)
{
    const hid_t list = ent_h5_access_list();
    if (file->comm) H5Pset_fapl_mpio(list, *(const MPI_Comm *)ent_comm_mpi(file->comm), MPI_INFO_NULL);
    ent_comm_wait_begin("the opening of a file");
    file->id = H5Fopen(name, H5F_ACC_RDWR, list);
    ent_comm_wait_end();
    const ent_status status = file->id < 0 ? ent_h5_fail_at(ENT_EIO, file, "/", "cannot be created") : ENT_OK;
    H5Pclose(list);
    return agree(file, status);
}

ent_status ent_h5_create_shared(ent_comm *comm, const char *path, ent_h5 **out)
{
    ent_h5 *file = NULL;
    char *name = NULL;
    ent_status status = ent_h5_new_file(path, &file);
    if (comm) status = ent_comm_agree(comm, status);
    if (status != ENT_OK) {
        if (file) ent_h5_release(file);
        return status;
    }
    file->comm = comm;
    file->shared = true;
    file->id = -1;
    status = agree(file, is_root(file) ? ent_atomic_file_new(path, &file->part) : ENT_OK);
    if (status == ENT_OK) status = ent_h5_make_room(file, EMPTY);
    if (status == ENT_OK) status = agree(file, is_root(file) ? write_empty(file) : ENT_OK);
    if (status == ENT_OK) status = share_name(file, &name);
    if (status == ENT_OK) status = open_named(file, name);
    ent_free(name);
    if (status == ENT_OK)
        *out = file;
    else
        ent_h5_release(file);
    return status;
}

ent_status ent_h5_finish_shared(ent_h5 *file)
{
    ent_status status = ENT_OK;
    ent_comm_wait_begin("the closing of a file");
    if (H5Fflush(file->id, H5F_SCOPE_GLOBAL) < 0) status = ent_h5_fail_at(ENT_EIO, file, "/", "cannot be written");
    if (H5Fclose(file->id) < 0 && status == ENT_OK) status = ent_h5_fail_at(ENT_EIO, file, "/", "cannot be closed");
    ent_comm_wait_end();
    status = agree(file, status);
    if (status == ENT_OK && file->part) status = ent_atomic_file_trim(file->part);
    if (status == ENT_OK && file->part) {
        status = ent_atomic_file_finish(file->part);
        file->part = NULL;
    }
    status = agree(file, status);
    ent_h5_release(file);
    return status;
}
