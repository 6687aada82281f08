/* Memory that the ranks of a group share: a file of /dev/shm that all of them map and that has no name once they
 * have.
 *
 * Not a window of MPI's: that could only be freed by all ranks together, and states are freed by each rank when it
 * ends, also after a failure.  Each rank takes the pages of its own part, so that they are near its cores, and so
 * that a lack of them is a status and not a signal. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "entente/comm.h"
#include "entente/memory.h"

struct ent_shared {
    char *all;
    size_t part, bytes; /* of a rank, rounded up to pages that may be huge; of all */
};

/* The file, by name: made by one rank, opened by the others. */
static ent_status open_file(ent_comm *comm, char name[32], int *fd)
{
    ent_status status = ENT_OK;
    if (ent_comm_rank(comm) == 0) {
        *fd = mkstemp(name);
        if (*fd < 0) status = ent_fail(ENT_EIO, "shared memory: %s: %s", name, strerror(errno));
    }
    ENT_TRY(ent_comm_agree(comm, status));
    ent_comm_broadcast(comm, 0, name, 32);
    if (ent_comm_rank(comm) > 0) *fd = open(name, O_RDWR | O_CLOEXEC);
    if (*fd < 0) status = ent_fail(ENT_EIO, "shared memory: %s: %s", name, strerror(errno));
    status = ent_comm_agree(comm, status);
    if (ent_comm_rank(comm) == 0) unlink(name);
    return status;
}

/* With room for as much as the caller will want. */
static ent_status map(const ent_comm *comm, int fd, size_t later, ent_shared *s)
{
    struct statvfs there;
    ENT_REQUIRE(!fstatvfs(fd, &there), ENT_EIO, "shared memory: %s", strerror(errno));
    const double room = (double)there.f_bavail * (double)there.f_frsize;
    ENT_REQUIRE(((double)s->part + (double)later) * ent_comm_size(comm) <= room, ENT_EIO,
                "shared memory: %.0f bytes are available", room);
    const int failed = posix_fallocate(fd, (off_t)((size_t)ent_comm_rank(comm) * s->part), (off_t)s->part);
    ENT_REQUIRE(!failed, ENT_EIO, "shared memory: %zu bytes: %s", s->part, strerror(failed));
    void *all = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ENT_REQUIRE(all != MAP_FAILED, ENT_EIO, "shared memory: %zu bytes: %s", s->bytes, strerror(errno));
    madvise(all, s->bytes, MADV_HUGEPAGE); /* advice: it may fail */
    s->all = all;
    return ENT_OK;
}

static ent_status share(ent_comm *comm, size_t later, ent_shared *s)
{
    char name[32] = "/dev/shm/entente-XXXXXX";
    int fd = -1;
    ent_status status = open_file(comm, name, &fd);
    if (status == ENT_OK) status = ent_comm_agree(comm, map(comm, fd, later, s));
    if (fd >= 0) close(fd);
    return status;
}

ent_status ent_shared_new(ent_comm *comm, size_t bytes, size_t later, ent_shared **out)
{
    enum { PAGE = 1 << 12, HUGE_PAGE = 1 << 21 };
    const size_t page = bytes < HUGE_PAGE ? PAGE : HUGE_PAGE;
    *out = NULL;
    if (ent_comm_node_ranks(comm) < ent_comm_size(comm)) return ENT_OK;
    ent_shared *s = ent_alloc(1, sizeof *s);
    const ent_status status = ent_comm_agree(comm, s ? ENT_OK : ent_fail(ENT_ENOMEM, "shared memory: no memory"));
    if (status == ENT_OK) {
        s->part = (bytes + page - 1) / page * page;
        s->bytes = s->part * (size_t)ent_comm_size(comm);
        if (share(comm, later, s) == ENT_OK) {
            *out = s;
            return ENT_OK;
        }
    }
    ent_shared_free(s);
    return status;
}

void *ent_shared_part(const ent_shared *shared, int rank)
{
    return shared->all + (size_t)rank * shared->part;
}

void ent_shared_free(ent_shared *shared)
{
    if (!shared) return;
    if (shared->all) munmap(shared->all, shared->bytes);
    ent_free(shared);
}
