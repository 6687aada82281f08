/* A file that all ranks write: parallel HDF5 under a temporary name; rank 0 brings it to the disk and renames it.
 * Every dataset is contiguous and gets its place when it is made, so each rank writes its rows on its own.  The same
 * driver serves one rank and many, so the file does not depend on their number.  Without MPI: HDF5's plain driver. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "entente/memory.h"
#include "h5_internal.h"

static ent_status agree(const ent_h5 *file, ent_status status)
{
    return file->comm ? ent_comm_agree(file->comm, status) : status;
}

static bool is_root(const ent_h5 *file)
{
    return !file->comm || ent_comm_rank(file->comm) == 0;
}

/* Rank 0's temporary name on all ranks. */
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

static ent_status create_named(ent_h5 *file, const char *name)
{
    const hid_t list = ent_h5_access_list();
    if (file->comm) H5Pset_fapl_mpio(list, *(const MPI_Comm *)ent_comm_mpi(file->comm), MPI_INFO_NULL);
    file->id = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, list);
    const ent_status status = file->id < 0 ? ent_h5_fail_at(ENT_EIO, file, "/", "cannot be made") : ENT_OK;
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
    status = agree(file, is_root(file) ? ent_atomic_file_new(path, &file->part) : ENT_OK);
    if (status == ENT_OK) status = share_name(file, &name);
    if (status == ENT_OK) status = create_named(file, name);
    ent_free(name);
    if (status == ENT_OK)
        *out = file;
    else
        ent_h5_release(file);
    return status;
}

static ent_status reserve(const ent_h5 *file, double bytes)
{
    const int descriptor = open(ent_atomic_file_name(file->part), O_WRONLY | O_CLOEXEC);
    const bool done = descriptor >= 0 && fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) == 0;
    const int why = errno;
    if (descriptor >= 0) close(descriptor);
    ENT_REQUIRE(done || why == EOPNOTSUPP || why == ENOSYS, ENT_EIO, "%s: cannot be written: %s", file->path,
                strerror(why));
    return ENT_OK;
}

ent_status ent_h5_reserve(ent_h5 *file, double bytes)
{
    return agree(file, is_root(file) ? reserve(file, bytes) : ENT_OK);
}

ent_status ent_h5_finish_shared(ent_h5 *file)
{
    ent_status status = ENT_OK;
    if (H5Fflush(file->id, H5F_SCOPE_GLOBAL) < 0) status = ent_h5_fail_at(ENT_EIO, file, "/", "cannot be written");
    if (H5Fclose(file->id) < 0 && status == ENT_OK) status = ent_h5_fail_at(ENT_EIO, file, "/", "cannot be closed");
    status = agree(file, status);
    if (status == ENT_OK) {
        if (file->part) status = ent_atomic_file_finish(file->part);
        file->part = NULL;
        status = agree(file, status);
    }
    ent_h5_release(file);
    return status;
}
