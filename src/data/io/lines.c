/* Reads blocks, and extends a line until its end is found. */
#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "entente/memory.h"
#include "stream.h"

static ent_status read_text(const char *path, FILE *file, char **out)
{
    struct stat state;
    ENT_REQUIRE(fstat(fileno(file), &state) == 0, ENT_EIO, "%s: %s", path, strerror(errno));
    ENT_REQUIRE(S_ISREG(state.st_mode), ENT_EIO, "%s: not a regular file", path);
    char *text = ent_alloc((int64_t)state.st_size + 1, 1);
    ENT_REQUIRE(text, ENT_ENOMEM, "%s: no memory for its text", path);
    const size_t got = fread(text, 1, (size_t)state.st_size, file);
    if (ferror(file) || memchr(text, '\0', got)) {
        const ent_status status = ferror(file)
                                      ? ent_fail(ENT_EIO, "%s: %s", path, strerror(errno))
                                      : ent_fail(ENT_EFORMAT, "%s: not a text file: it contains a zero byte", path);
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

/* ---- line by line ---- */

enum { BLOCK_BYTES = 1 << 16, FIRST_ROOM = 256 };

struct ent_lines {
    char *path;
    ent_stream *stream;
    char *block; /* [BLOCK_BYTES]: bytes at..end-1 are unread */
    size_t at, end;
    char *line;
    size_t length, room;
    int64_t number;
};

ent_status ent_lines_open(const char *path, ent_lines **out)
{
    ent_lines *lines = ent_alloc(1, sizeof *lines);
    ENT_REQUIRE(lines, ENT_ENOMEM, "%s: no memory to read it", path);
    lines->path = ent_text(path);
    lines->block = ent_alloc(BLOCK_BYTES, 1);
    ent_status status = lines->path && lines->block ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory to read it", path);
    if (status == ENT_OK) status = ent_stream_open(path, &lines->stream);
    if (status == ENT_OK)
        *out = lines;
    else
        ent_lines_close(lines);
    return status;
}

void ent_lines_close(ent_lines *lines)
{
    if (!lines) return;
    ent_stream_close(lines->stream);
    ent_free(lines->path);
    ent_free(lines->block);
    ent_free(lines->line);
    ent_free(lines);
}

int64_t ent_lines_number(const ent_lines *lines)
{
    return lines->number;
}

ent_status ent_lines_rewind(ent_lines *lines)
{
    lines->at = lines->end = 0;
    lines->number = 0;
    return ent_stream_seek(lines->stream, 0);
}

static ent_status read_block(ent_lines *lines)
{
    lines->at = lines->end = 0;
    return ent_stream_read(lines->stream, lines->block, BLOCK_BYTES, &lines->end);
}

/* Append to the line, with room for a '\0'. */
static ent_status append(ent_lines *lines, const char *bytes, size_t count)
{
    if (lines->length + count >= lines->room) {
        size_t room = lines->room > 0 ? lines->room : FIRST_ROOM;
        while (lines->length + count >= room) room *= 2;
        char *grown = ent_alloc((int64_t)room, 1);
        ENT_REQUIRE(grown, ENT_ENOMEM, "%s: no memory for a line of %zu bytes", lines->path, room);
        if (lines->length > 0) memcpy(grown, lines->line, lines->length);
        ent_free(lines->line);
        lines->line = grown;
        lines->room = room;
    }
    memcpy(lines->line + lines->length, bytes, count);
    lines->length += count;
    lines->line[lines->length] = '\0';
    return ENT_OK;
}

/* Read up to the end of the line or of the file; *there is false if the file was already at its end. */
static ent_status collect(ent_lines *lines, bool *there)
{
    *there = false;
    lines->length = 0;
    for (;;) {
        if (lines->at == lines->end) ENT_TRY(read_block(lines));
        if (lines->end == 0) return ENT_OK;
        *there = true;
        const char *from = lines->block + lines->at, *end = memchr(from, '\n', lines->end - lines->at);
        const size_t count = end ? (size_t)(end - from) : lines->end - lines->at;
        ENT_TRY(append(lines, from, count));
        lines->at += count + (end != NULL);
        if (end) return ENT_OK;
    }
}

ent_status ent_lines_next(ent_lines *lines, char **line)
{
    bool there;
    *line = NULL;
    ENT_TRY(collect(lines, &there));
    if (!there) return ENT_OK;
    lines->number++;
    const long long number = lines->number;
    ENT_REQUIRE(!memchr(lines->line, '\0', lines->length), ENT_EFORMAT, "%s:%lld: zero byte in a text file",
                lines->path, number);
    if (lines->length > 0 && lines->line[lines->length - 1] == '\r') lines->line[lines->length - 1] = '\0';
    ENT_REQUIRE(!strchr(lines->line, '\r'), ENT_EFORMAT,
                "%s:%lld: found a carriage return within a line, want lines that end in LF or CRLF", lines->path,
                number);
    *line = lines->line;
    if (number == 1 && strncmp(*line, "\xef\xbb\xbf", 3) == 0) *line += 3;
    return ENT_OK;
}
