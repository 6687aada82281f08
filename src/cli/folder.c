/* mkdtemp, files, and rename; what is given up is removed file by file. */
#include "folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "entente/atomic_file.h"

static ent_status failed(const char *path)
{
    return ent_fail(errno == ENOSPC || errno == EDQUOT ? ENT_EFULL : ENT_EIO, "%s: %s", path, strerror(errno));
}

ent_status cli_folder_file(const char *folder, char path[4096], const char *format, ...)
{
    char name[1024];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) return failed(folder);
    ENT_REQUIRE(length < (int)sizeof name && snprintf(path, 4096, "%s/%s", folder, name) < 4096, ENT_EARG,
                "%.64s: path too long", folder);
    return ENT_OK;
}

ent_status cli_folder_begin(cli_folder *folder, const char *path)
{
    struct stat state;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    ENT_REQUIRE(length > 0 && length < sizeof folder->path, ENT_EARG, "'%.64s': want the name of a folder", path);
    snprintf(folder->path, sizeof folder->path, "%.*s", (int)length, path);
    ENT_REQUIRE(lstat(folder->path, &state) != 0, ENT_EARG, "%s: exists already, want the name of a new folder",
                folder->path);
    snprintf(folder->part, sizeof folder->part, "%s.part-XXXXXX", folder->path);
    if (!mkdtemp(folder->part)) return failed(folder->path);
    const mode_t mask = umask(0);
    umask(mask);
    return chmod(folder->part, 0777 & ~mask) == 0 ? ENT_OK : failed(folder->part);
}

/* The folders that lead to a file. */
static ent_status make_way(char *path, size_t from)
{
    for (char *slash = path + from; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        const int made = mkdir(path, 0777);
        const ent_status status = made == 0 || errno == EEXIST ? ENT_OK : failed(path);
        *slash = '/';
        ENT_TRY(status);
    }
    return ENT_OK;
}

ent_status cli_folder_put(cli_folder *folder, const char *name, const void *bytes, size_t count)
{
    char path[8192];
    ENT_REQUIRE(snprintf(path, sizeof path, "%s/%s", folder->part, name) < (int)sizeof path, ENT_EARG,
                "%s: too long a path", name);
    ENT_TRY(make_way(path, strlen(folder->part) + 1));
    return ent_atomic_file_save(path, bytes, count, false);
}

static int remove_one(const char *path, const struct stat *state, int kind, struct FTW *where)
{
    (void)state, (void)kind, (void)where;
    return remove(path);
}

ent_status cli_folder_end(cli_folder *folder, ent_status status)
{
    if (status == ENT_OK && rename(folder->part, folder->path) == 0) return ENT_OK;
    if (status == ENT_OK) status = failed(folder->path);
    nftw(folder->part, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return status;
}
