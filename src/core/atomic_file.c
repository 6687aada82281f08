/* Write, fsync, close, rename, fsync of the folder: a full disk may be reported by any of these steps.  The
 * temporary name contains 64 random bits and must not exist (O_EXCL), so that nobody with write access to the
 * folder can plant a link there beforehand. */
#include "entente/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entente/memory.h"

struct ent_atomic_file {
    char *path, *name; /* the final and the temporary name */
    int descriptor;    /* -1: closed */
};

static ent_status not_written(const ent_atomic_file *file)
{
    const ent_status code = errno == ENOSPC || errno == EDQUOT ? ENT_EFULL : ENT_EIO;
    return ent_fail(code, "%s: cannot be written: %s", file->path, strerror(errno));
}

static void release(ent_atomic_file *file)
{
    if (!file) return;
    ent_free(file->path);
    ent_free(file->name);
    ent_free(file);
}

/* Create a file under a new name.  Returns its descriptor, or -1. */
static int open_new(const char *path, char *name, size_t name_bytes)
{
    char host[65] = "";
    uint64_t random;
    gethostname(host, sizeof host - 1);
    for (int tries = 0; tries < 16; tries++) {
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) return -1;
        snprintf(name, name_bytes, "%s.part-%s-%ld-%016llx", path, host, (long)getpid(), (unsigned long long)random);
        const int descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST) return descriptor;
    }
    return -1;
}

ent_status ent_atomic_file_new(const char *path, ent_atomic_file **out)
{
    const size_t name_bytes = strlen(path) + 128;
    ent_atomic_file *file = ent_alloc(1, sizeof *file);
    if (!file) goto fail;
    file->path = ent_text(path);
    file->name = ent_alloc((int64_t)name_bytes, 1);
    if (!file->path || !file->name) goto fail;
    file->descriptor = open_new(path, file->name, name_bytes);
    if (file->descriptor < 0) {
        const ent_status status = not_written(file);
        release(file);
        return status;
    }
    *out = file;
    return ENT_OK;
fail:
    release(file);
    return ent_fail(ENT_ENOMEM, "%s: no memory to write it", path);
}

const char *ent_atomic_file_name(const ent_atomic_file *file)
{
    return file->name;
}

ent_status ent_atomic_file_reserve(ent_atomic_file *file, int64_t bytes)
{
    if (fallocate(file->descriptor, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) == 0) return ENT_OK;
    if (errno == EOPNOTSUPP || errno == ENOSYS) errno = posix_fallocate(file->descriptor, 0, (off_t)bytes);
    return errno == 0 ? ENT_OK : not_written(file);
}

ent_status ent_atomic_file_trim(ent_atomic_file *file)
{
    struct stat now;
    if (fstat(file->descriptor, &now) != 0) return not_written(file);
    return ftruncate(file->descriptor, now.st_size) == 0 ? ENT_OK : not_written(file);
}

ent_status ent_atomic_file_write(ent_atomic_file *file, const void *bytes, size_t count)
{
    const char *next = bytes;
    while (count > 0) {
        const ssize_t done = write(file->descriptor, next, count);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return not_written(file);
        next += done;
        count -= (size_t)done;
    }
    return ENT_OK;
}

/* The new name reaches the disk with its folder.  EINVAL: the file system does not support fsync of folders. */
static ent_status sync_folder(ent_atomic_file *file)
{
    const int folder = open(dirname(file->name), O_RDONLY | O_CLOEXEC);
    if (folder < 0) return not_written(file);
    ent_status status = ENT_OK;
    if (fsync(folder) != 0 && errno != EINVAL) status = not_written(file);
    close(folder);
    return status;
}

static ent_status close_descriptor(ent_atomic_file *file)
{
    const int descriptor = file->descriptor;
    file->descriptor = -1;
    return close(descriptor) == 0 ? ENT_OK : not_written(file);
}

static ent_status finish(ent_atomic_file *file, bool durable)
{
    ent_status status = !durable || fsync(file->descriptor) == 0 ? ENT_OK : not_written(file);
    if (status == ENT_OK) status = close_descriptor(file);
    if (status == ENT_OK && rename(file->name, file->path) != 0) status = not_written(file);
    if (status != ENT_OK) {
        ent_atomic_file_free(file);
        return status;
    }
    if (durable) status = sync_folder(file);
    release(file);
    return status;
}

ent_status ent_atomic_file_finish(ent_atomic_file *file)
{
    return finish(file, true);
}

ent_status ent_atomic_file_save(const char *path, const void *bytes, size_t count, bool durable)
{
    ent_atomic_file *file;
    ENT_TRY(ent_atomic_file_new(path, &file));
    const ent_status status = ent_atomic_file_write(file, bytes, count);
    if (status == ENT_OK) return finish(file, durable);
    ent_atomic_file_free(file);
    return status;
}

void ent_atomic_file_free(ent_atomic_file *file)
{
    if (!file) return;
    if (file->descriptor >= 0) close(file->descriptor);
    unlink(file->name);
    release(file);
}
