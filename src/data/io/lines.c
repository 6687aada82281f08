#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "entente/memory.h"

static ent_status read_text(const char *path, FILE *file, char **out)
{
    struct stat state;
    ENT_REQUIRE(fstat(fileno(file), &state) == 0, ENT_EIO, "%s: %s", path, strerror(errno));
    ENT_REQUIRE(S_ISREG(state.st_mode), ENT_EIO, "%s: not a plain file", path);
    char *text = ent_alloc((int64_t)state.st_size + 1, 1);
    ENT_REQUIRE(text, ENT_ENOMEM, "%s: no memory for its text", path);
    const size_t got = fread(text, 1, (size_t)state.st_size, file);
    if (ferror(file) || memchr(text, '\0', got)) {
        const ent_status status = ferror(file) ? ent_fail(ENT_EIO, "%s: %s", path, strerror(errno))
                                               : ent_fail(ENT_EFORMAT, "%s: not a text: it holds a zero byte", path);
        ent_free(text);
        return status;
    }
    text[got] = '\0';
    *out = text;
    return ENT_OK;
}

ent_status ent_file_text(const char *path, char **out)
{
    FILE *file = fopen(path, "r");
    ENT_REQUIRE(file, ENT_EIO, "%s: %s", path, strerror(errno));
    const ent_status status = read_text(path, file, out);
    fclose(file);
    return status;
}
