/* An open file is asked by its descriptor: one that was replaced by a new file of the same name is still complete. */
#include "entente/file_state.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { TIME_BYTES = 48 };

static int64_t nanoseconds(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

ent_status ent_file_state_take(const char *path, int descriptor, ent_file_state *out)
{
    struct stat now;
    ENT_REQUIRE((descriptor < 0 ? stat(path, &now) : fstat(descriptor, &now)) == 0, ENT_EIO, "%s: %s", path,
                strerror(errno));
    *out = (ent_file_state){.device = (int64_t)now.st_dev, .inode = (int64_t)now.st_ino};
    if (!S_ISREG(now.st_mode)) return ENT_OK; /* a pipe is modified by who writes to it */
    out->bytes = (int64_t)now.st_size;
    out->modified_ns = nanoseconds(&now.st_mtim);
    out->changed_ns = nanoseconds(&now.st_ctim);
    return ENT_OK;
}

static const char *time_text(int64_t ns, char text[TIME_BYTES])
{
    struct tm local;
    const time_t seconds = (time_t)(ns / 1000000000);
    if (!localtime_r(&seconds, &local)) return "?";
    const size_t used = strftime(text, TIME_BYTES, "%Y-%m-%d %H:%M:%S", &local);
    snprintf(text + used, TIME_BYTES - used, ".%03d", (int)(ns / 1000000 % 1000));
    return text;
}

ent_status ent_file_state_check(const char *path, int descriptor, const ent_file_state *opened)
{
    ent_file_state now;
    char found[TIME_BYTES], want[TIME_BYTES];
    ENT_TRY(ent_file_state_take(path, descriptor, &now));
    const bool replaced = now.device != opened->device || now.inode != opened->inode;
    const bool same = now.bytes == opened->bytes && now.modified_ns == opened->modified_ns && !replaced;
    ENT_REQUIRE(same, ENT_EIO,
                "%s: the file has changed since it was opened: found %s%lld bytes, modified %s, want %lld bytes, "
                "modified %s",
                path, replaced ? "another file of " : "", (long long)now.bytes, time_text(now.modified_ns, found),
                (long long)opened->bytes, time_text(opened->modified_ns, want));
    return ENT_OK;
}
