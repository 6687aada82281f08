/* The sizes in the header cannot be trusted, so the buffer grows as the numbers are read. */
#include "entente/idx.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

#include "entente/memory.h"
#include "stream.h"

enum { BLOCK = 1 << 16 };

typedef struct {
    const char *path;
    ent_stream *stream;
} reader;

static ent_status read_bytes(reader *r, void *to, int64_t count, const char *what)
{
    size_t got = 0;
    ENT_TRY(ent_stream_read(r->stream, to, (size_t)count, &got));
    ENT_REQUIRE(got == (size_t)count, ENT_EFORMAT, "%s: too short: it ends in its %s", r->path, what);
    return ENT_OK;
}

static uint32_t big_endian(const uint8_t *b, int bytes)
{
    uint32_t x = 0;
    for (int k = 0; k < bytes; k++) x = x << 8 | b[k];
    return x;
}

static int bytes_of(uint8_t type)
{
    return type == 0x08 || type == 0x09   ? 1
           : type == 0x0b                 ? 2
           : type == 0x0c || type == 0x0d ? 4
           : type == 0x0e                 ? 8
                                          : 0;
}

static float number_of(uint8_t type, const uint8_t *b)
{
    const uint32_t x = big_endian(b, bytes_of(type) < 4 ? bytes_of(type) : 4);
    float real;
    double wide;
    uint64_t both;
    switch (type) {
    case 0x08:
        return (float)x;
    case 0x09:
        return (float)(int8_t)x;
    case 0x0b:
        return (float)(int16_t)x;
    case 0x0c:
        return (float)(int32_t)x;
    case 0x0d:
        memcpy(&real, &x, sizeof real);
        return real;
    default:
        both = (uint64_t)x << 32 | big_endian(b + 4, 4);
        memcpy(&wide, &both, sizeof wide);
        return fabs(wide) <= 3.4028234663852886e38 ? (float)wide : (float)copysign(INFINITY, wide);
    }
}

static ent_status read_head(reader *r, ent_idx *idx, uint8_t *type)
{
    uint8_t head[4], size[4];
    ENT_TRY(read_bytes(r, head, 4, "head"));
    ENT_REQUIRE(head[0] == 0 && head[1] == 0 && bytes_of(head[2]) > 0 && head[3] >= 1 && head[3] <= 8, ENT_EFORMAT,
                "%s: not an IDX file: it begins with %02x%02x%02x%02x, want 0000 08..0e 01..08", r->path, head[0],
                head[1], head[2], head[3]);
    *type = head[2];
    idx->rank = head[3];
    idx->step = 1;
    for (int k = 0; k < idx->rank; k++) {
        ENT_TRY(read_bytes(r, size, 4, "head"));
        idx->size[k] = big_endian(size, 4);
        if (k == 0) continue;
        ENT_REQUIRE(idx->size[k] >= 1 && idx->size[k] <= INT32_MAX / idx->step, ENT_EFORMAT,
                    "%s: size %lld in dimension %d, want 1 to 2^31 - 1 numbers per entry", r->path,
                    (long long)idx->size[k], k);
        idx->step *= idx->size[k];
    }
    ENT_REQUIRE(idx->size[0] >= 1, ENT_EFORMAT, "%s: contains no entry", r->path);
    return ENT_OK;
}

static ent_status grow(reader *r, ent_idx *idx, int64_t count, int64_t *room)
{
    const int64_t all = idx->size[0] * idx->step, twice = *room > 0 ? 2 * *room : BLOCK;
    const int64_t larger = twice < all ? twice : all;
    float *value = ent_alloc(larger, sizeof *value);
    ENT_REQUIRE(value, ENT_ENOMEM, "%s: no memory for %lld numbers", r->path, (long long)larger);
    if (count > 0) memcpy(value, idx->value, (size_t)count * sizeof *value);
    ent_free(idx->value);
    idx->value = value;
    *room = larger;
    return ENT_OK;
}

static ent_status read_numbers(reader *r, ent_idx *idx, uint8_t type)
{
    uint8_t block[BLOCK];
    const int bytes = bytes_of(type);
    const int64_t all = idx->size[0] * idx->step;
    int64_t room = 0;
    for (int64_t count = 0, n; count < all; count += n) {
        n = all - count < BLOCK / bytes ? all - count : BLOCK / bytes;
        ENT_TRY(read_bytes(r, block, n * bytes, "numbers"));
        if (count + n > room) ENT_TRY(grow(r, idx, count, &room));
        for (int64_t k = 0; k < n; k++) idx->value[count + k] = number_of(type, block + k * bytes);
    }
    size_t more = 0;
    ENT_TRY(ent_stream_read(r->stream, block, 1, &more));
    ENT_REQUIRE(more == 0, ENT_EFORMAT, "%s: too long: it continues after %lld numbers", r->path, (long long)all);
    return ENT_OK;
}

static ent_status read_all(reader *r, ent_idx *idx)
{
    uint8_t type = 0;
    ENT_TRY(read_head(r, idx, &type));
    return read_numbers(r, idx, type);
}

ent_status ent_idx_load(const char *path, ent_idx *out)
{
    *out = (ent_idx){.rank = 0};
    reader r = {path, NULL};
    ENT_TRY(ent_stream_open(path, &r.stream));
    const ent_status status = read_all(&r, out);
    ent_stream_close(r.stream);
    if (status != ENT_OK) ent_idx_free(out);
    return status;
}

void ent_idx_free(ent_idx *idx)
{
    ent_free(idx->value);
    *idx = (ent_idx){.rank = 0};
}

const char *ent_idx_library(void)
{
    return zlibVersion();
}
