/* Write, fsync, close, rename, fsync of the folder: a full disk may show up in any of them. */
#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "entente/memory.h"

struct ent_part {
    char *path, *name; /* the final and the temporary name */
    int descriptor;    /* -1: closed */
};

static ent_status not_written(const ent_part *part)
{
    return ent_fail(ENT_EIO, "%s: cannot be written: %s", part->path, strerror(errno));
}

static void release(ent_part *part)
{
    if (!part) return;
    ent_free(part->path);
    ent_free(part->name);
    ent_free(part);
}

ent_status ent_part_new(const char *path, ent_part **out)
{
    const size_t name_bytes = strlen(path) + 32;
    ent_part *part = ent_alloc(1, sizeof *part);
    if (!part) goto fail;
    part->path = ent_text(path);
    part->name = ent_alloc((int64_t)name_bytes, 1);
    if (!part->path || !part->name) goto fail;
    snprintf(part->name, name_bytes, "%s.part-%ld", path, (long)getpid());
    part->descriptor = open(part->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (part->descriptor < 0) {
        not_written(part);
        release(part);
        return ENT_EIO;
    }
    *out = part;
    return ENT_OK;
fail:
    release(part);
    return ent_fail(ENT_ENOMEM, "%s: no memory to write it", path);
}

const char *ent_part_name(const ent_part *part)
{
    return part->name;
}

ent_status ent_part_write(ent_part *part, const void *bytes, size_t count)
{
    const char *next = bytes;
    while (count > 0) {
        const ssize_t done = write(part->descriptor, next, count);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return not_written(part);
        next += done;
        count -= (size_t)done;
    }
    return ENT_OK;
}

/* The new name reaches the disk with its folder.  EINVAL: a file system that has no fsync for folders. */
static ent_status sync_folder(ent_part *part)
{
    const int folder = open(dirname(part->name), O_RDONLY | O_CLOEXEC);
    if (folder < 0) return not_written(part);
    ent_status status = ENT_OK;
    if (fsync(folder) != 0 && errno != EINVAL) status = not_written(part);
    close(folder);
    return status;
}

static ent_status close_descriptor(ent_part *part)
{
    const int descriptor = part->descriptor;
    part->descriptor = -1;
    return close(descriptor) == 0 ? ENT_OK : not_written(part);
}

ent_status ent_part_finish(ent_part *part)
{
    ent_status status = fsync(part->descriptor) == 0 ? ENT_OK : not_written(part);
    if (status == ENT_OK) status = close_descriptor(part);
    if (status == ENT_OK && rename(part->name, part->path) != 0) status = not_written(part);
    if (status != ENT_OK) {
        ent_part_free(part);
        return status;
    }
    status = sync_folder(part);
    release(part);
    return status;
}

void ent_part_free(ent_part *part)
{
    if (!part) return;
    if (part->descriptor >= 0) close(part->descriptor);
    unlink(part->name);
    release(part);
}
