/* Two places are tried, and the first match wins.  Only existence is tested: a file that exists but cannot be read
 * counts as found, and the code that opens it reports why it cannot be read. */
#include "entente/path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_absent(const char *path)
{
    return access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

ent_status ent_path_named(const char *name, const char *from, char path[ENT_PATH_BYTES])
{
    const char *slash = strrchr(from, '/');
    const int folder = slash && *name != '/' ? (int)(slash + 1 - from) : 0;
    ENT_REQUIRE((size_t)folder + strlen(name) < ENT_PATH_BYTES, ENT_EARG, "%.40s...: path too long", name);
    snprintf(path, ENT_PATH_BYTES, "%s", name);
    if (!is_absent(path)) return ENT_OK;
    if (folder > 0) snprintf(path, ENT_PATH_BYTES, "%.*s%s", folder, from, name);
    if (folder > 0 && !is_absent(path)) return ENT_OK;
    return folder > 0 ? ent_fail(ENT_EIO, "%s: No such file, neither in the working folder nor as %s beside %s", name,
                                 path, slash + 1)
                      : ent_fail(ENT_EIO, "%s: No such file or directory", name);
}
