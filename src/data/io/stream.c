/* zlib's inflate, member by member: gzread treats anything that follows the last member as the end of the file, so
 * the rest of a damaged file would be missing without an error. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "entente/file_state.h"
#include "entente/memory.h"

enum { BLOCK_BYTES = 1 << 16, GZIP_ONLY = 15 + 16 /* the largest window, and a gzip head */ };

struct ent_stream {
    char *path;
    int descriptor;
    ent_file_state opened;
    bool packed, inside, ended; /* inside: a member */
    int64_t at;                 /* bytes of the contents that have been read */
    int64_t members;
    z_stream z;
    uint8_t *block; /* [BLOCK_BYTES] as they are in the file */
};

bool ent_stream_is_packed(const ent_stream *s)
{
    return s->packed;
}

/* Up to `count` bytes of the file. */
static ent_status read_file(const ent_stream *s, void *to, size_t count, size_t *got)
{
    ssize_t n;
    do n = read(s->descriptor, to, count);
    while (n < 0 && errno == EINTR);
    ENT_REQUIRE(n >= 0, ENT_EIO, "%s: %s", s->path, strerror(errno));
    *got = (size_t)n;
    return ENT_OK;
}

static void begin(ent_stream *s)
{
    s->at = s->members = 0;
    s->inside = s->ended = false;
    s->z.avail_in = 0;
}

/* Compressed or not, by the first two bytes. */
static ent_status look(ent_stream *s)
{
    uint8_t start[2] = {0};
    const ssize_t got = pread(s->descriptor, start, sizeof start, 0);
    ENT_REQUIRE(got >= 0 || errno == ESPIPE, ENT_EIO, "%s: %s", s->path, strerror(errno));
    s->packed = got == 2 && start[0] == 0x1f && start[1] == 0x8b;
    if (!s->packed) return ENT_OK;
    s->block = ent_alloc(BLOCK_BYTES, 1);
    if (s->block && inflateInit2(&s->z, GZIP_ONLY) == Z_OK) return ENT_OK;
    return ent_fail(ENT_ENOMEM, "%s: no memory to unpack it", s->path);
}

ent_status ent_stream_open(const char *path, ent_stream **out)
{
    ent_stream *s = ent_alloc(1, sizeof *s);
    ENT_REQUIRE(s, ENT_ENOMEM, "%s: no memory to read it", path);
    s->path = ent_text(path);
    s->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ent_status status = s->descriptor >= 0 ? ENT_OK : ent_fail(ENT_EIO, "%s: %s", path, strerror(errno));
    if (status == ENT_OK && !s->path) status = ent_fail(ENT_ENOMEM, "%s: no memory to read it", path);
    if (status == ENT_OK) status = ent_file_state_take(path, s->descriptor, &s->opened);
    if (status == ENT_OK) status = look(s);
    if (status == ENT_OK)
        *out = s;
    else
        ent_stream_close(s);
    return status;
}

void ent_stream_close(ent_stream *s)
{
    if (!s) return;
    if (s->packed) inflateEnd(&s->z);
    if (s->descriptor >= 0) close(s->descriptor);
    ent_free(s->block);
    ent_free(s->path);
    ent_free(s);
}

static ent_status damaged(const ent_stream *s, const char *why)
{
    return ent_fail(ENT_EFORMAT, "%s: damaged gzip file: %s, after %lld bytes of its contents", s->path, why,
                    (long long)s->at);
}

/* Between members: the next one begins, or the file ends. */
static ent_status next_member(ent_stream *s)
{
    while (s->members > 0 && s->z.avail_in > 0 && *s->z.next_in == 0) {
        s->z.next_in++;
        s->z.avail_in--;
        s->ended = true; /* unless something else follows */
    }
    if (s->z.avail_in == 0) return ENT_OK;
    if (s->ended || *s->z.next_in != 0x1f) return damaged(s, "something follows the compressed data");
    inflateReset2(&s->z, GZIP_ONLY);
    s->inside = true;
    return ENT_OK;
}

static ent_status unpack_some(ent_stream *s, uint8_t *to, size_t count, size_t *got)
{
    s->z.next_out = to;
    s->z.avail_out = (unsigned)count;
    const int code = inflate(&s->z, Z_NO_FLUSH);
    *got = count - s->z.avail_out;
    if (code == Z_MEM_ERROR) return ent_fail(ENT_ENOMEM, "%s: no memory to unpack it", s->path);
    if (code == Z_NEED_DICT || (code < 0 && code != Z_BUF_ERROR))
        return damaged(s, s->z.msg ? s->z.msg : "it needs a dictionary");
    if (code == Z_STREAM_END) {
        s->inside = false;
        s->members++;
    }
    return ENT_OK;
}

/* At least one byte, unless the contents end here. */
static ent_status unpack(ent_stream *s, uint8_t *to, size_t count, size_t *got)
{
    for (*got = 0; *got == 0;) {
        if (s->z.avail_in == 0) {
            size_t n = 0;
            ENT_TRY(read_file(s, s->block, BLOCK_BYTES, &n));
            s->z.next_in = s->block;
            s->z.avail_in = (unsigned)n;
            if (n == 0 && s->inside) return damaged(s, "it ends within the compressed data");
            if (n == 0) return ENT_OK;
        }
        if (!s->inside) ENT_TRY(next_member(s));
        if (s->inside) ENT_TRY(unpack_some(s, to, count, got));
    }
    return ENT_OK;
}

ent_status ent_stream_read(ent_stream *s, void *to, size_t count, size_t *got)
{
    enum { MOST = 1 << 30 }; /* of one call of zlib */
    ent_status status = ENT_OK;
    size_t n = 1;
    for (*got = 0; *got < count && n > 0 && status == ENT_OK;) {
        const size_t some = count - *got < MOST ? count - *got : MOST;
        uint8_t *next = (uint8_t *)to + *got;
        status = s->packed ? unpack(s, next, some, &n) : read_file(s, next, some, &n);
        if (status != ENT_OK) break;
        *got += n;
        s->at += (int64_t)n;
    }
    ENT_TRY(ent_file_state_check(s->path, s->descriptor, &s->opened));
    return status;
}

/* Skip up to `count` bytes. */
static ent_status skip(ent_stream *s, int64_t count, int64_t *skipped)
{
    uint8_t *nowhere = ent_alloc(BLOCK_BYTES, 1);
    ent_status status = nowhere ? ENT_OK : ent_fail(ENT_ENOMEM, "%s: no memory to unpack it", s->path);
    size_t got = 1;
    for (*skipped = 0; *skipped < count && got > 0 && status == ENT_OK; *skipped += (int64_t)got) {
        const int64_t some = count - *skipped < BLOCK_BYTES ? count - *skipped : BLOCK_BYTES;
        got = 0;
        status = ent_stream_read(s, nowhere, (size_t)some, &got);
    }
    ent_free(nowhere);
    return status;
}

ent_status ent_stream_left(ent_stream *s, int64_t most, int64_t *left)
{
    if (s->packed) return skip(s, most + 1, left);
    *left = s->opened.bytes - s->at;
    return ent_stream_seek(s, s->opened.bytes);
}

ent_status ent_stream_seek(ent_stream *s, int64_t at)
{
    int64_t skipped = 0;
    if (at == s->at) return ENT_OK;
    ENT_TRY(ent_file_state_check(s->path, s->descriptor, &s->opened));
    if (!s->packed || at < s->at) {
        ENT_REQUIRE(lseek(s->descriptor, s->packed ? 0 : (off_t)at, SEEK_SET) >= 0, ENT_EIO, "%s: %s", s->path,
                    strerror(errno));
        begin(s);
        if (!s->packed) s->at = at;
    }
    const int64_t wanted = at - s->at;
    if (wanted > 0) ENT_TRY(skip(s, wanted, &skipped));
    ENT_REQUIRE(skipped == wanted, ENT_EFORMAT, "%s: truncated: it ends after %lld bytes, want %lld", s->path,
                (long long)s->at, (long long)at);
    return ENT_OK;
}
