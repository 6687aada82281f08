/* The header is a Python dictionary with three known keys; the numbers after it are read in place.  In Fortran
 * order the numbers of a column are adjacent, so a block of rows is read column by column; a compressed array in that
 * order is kept in memory. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "format.h"
#include "table_reader.h"

enum { HEAD_BYTES = 1 << 16, BLOCK_BYTES = 1 << 16 };

/* ---- the head ---- */

/* The text after 'key': in the dictionary. */
static const char *value_of(const char *head, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s'", key);
    const char *at = strstr(head, quoted);
    if (!at) return NULL;
    at += strlen(quoted);
    at += strspn(at, " ");
    if (*at != ':') return NULL;
    at++;
    return at + strspn(at, " ");
}

/* "'<f8'": the type as NumPy spells it, without its quotes. */
static ent_status take_type(ent_table *t, const char *descr)
{
    char text[16] = "";
    ENT_REQUIRE(descr && *descr == '\'', ENT_EFORMAT, "%s: found an array of records, want numbers", t->path);
    snprintf(text, sizeof text, "%.*s", (int)strcspn(descr + 1, "'"), descr + 1);
    const char *at = text, order = *at;
    if (strchr("<>|=", *at) && *at) at++;
    t->type = *at;
    ENT_REQUIRE(t->type != 'O', ENT_EFORMAT, "%s: found an array of Python objects, want numbers", t->path);
    t->size = *at ? atoi(at + 1) : 0;
    ENT_REQUIRE(t->type != 'V', ENT_EFORMAT,
                "%s: raw bytes of type '%s', as which bfloat16 is stored: want numbers, write it as float32 "
                "(x.astype('float32'))",
                t->path, text);
    const bool whole = t->type && strchr("iub", t->type) &&
                       (t->size == 1 || t->size == 2 || t->size == 4 || t->size == 8);
    const bool real = t->type == 'f' && (t->size == 2 || t->size == 4 || t->size == 8);
    ENT_REQUIRE(whole || real, ENT_EFORMAT,
                "%s: numbers of type '%s', want integers, booleans, or reals of 2, 4 or 8 bytes", t->path, text);
    t->swapped = order == '>'; /* little endian, as on this machine */
    return ENT_OK;
}

static ent_status take_shape(ent_table *t, const char *shape)
{
    ENT_REQUIRE(shape && *shape == '(', ENT_EFORMAT, "%s: damaged header: no shape", t->path);
    t->columns = 1;
    for (const char *at = shape + 1 + strspn(shape + 1, " "); isdigit((unsigned char)*at); t->rank++) {
        char *end;
        errno = 0;
        const long long size = strtoll(at, &end, 10);
        ENT_REQUIRE(t->rank < 8 && !errno, ENT_EFORMAT, "%s: damaged header: invalid shape", t->path);
        t->shape[t->rank] = size;
        if (t->rank > 0) {
            ENT_REQUIRE(size >= 1 && size <= INT32_MAX / t->columns, ENT_EFORMAT, "%s: %lld columns", t->path, size);
            t->columns *= size;
        }
        at = end + strspn(end, ", ");
    }
    ENT_REQUIRE(t->rank >= 1 && t->shape[0] >= 1, ENT_EFORMAT, "%s: an array without rows", t->path);
    t->rows = t->shape[0];
    return ENT_OK;
}

static ent_status take_head(ent_table *t, const char *head)
{
    const char *order = value_of(head, "fortran_order");
    ENT_REQUIRE(order, ENT_EFORMAT, "%s: damaged header: no fortran_order", t->path);
    t->fortran = strncmp(order, "True", 4) == 0;
    ENT_TRY(take_type(t, value_of(head, "descr")));
    return take_shape(t, value_of(head, "shape"));
}

static ent_status read_exactly(ent_table *t, void *to, size_t count)
{
    size_t got;
    ENT_TRY(ent_stream_read(t->stream, to, count, &got));
    ENT_REQUIRE(got == count, ENT_EFORMAT, "%s: truncated in its header", t->path);
    return ENT_OK;
}

static ent_status read_head(ent_table *t, char *head)
{
    uint8_t start[12];
    ENT_TRY(ent_stream_seek(t->stream, 0));
    ENT_TRY(read_exactly(t, start, 10));
    uint32_t length = start[8] | (uint32_t)start[9] << 8;
    if (start[6] >= 2) {
        ENT_TRY(read_exactly(t, start + 10, 2));
        length |= (uint32_t)start[10] << 16 | (uint32_t)start[11] << 24;
    }
    ENT_REQUIRE(length < HEAD_BYTES, ENT_EFORMAT, "%s: found a header of %u bytes", t->path, length);
    ENT_TRY(read_exactly(t, head, length));
    head[length] = '\0';
    t->data_at = (start[6] >= 2 ? 12 : 10) + (int64_t)length;
    return take_head(t, head);
}

/* A compressed file is unpacked to find its length, which also checks its contents. */
static ent_status check_length(const ent_table *t)
{
    const int64_t row = t->columns * t->size;
    int64_t there;
    ENT_REQUIRE(t->rows < INT64_MAX / row, ENT_EFORMAT, "%s: damaged header: %lld rows of %lld bytes", t->path,
                (long long)t->rows, (long long)row);
    ENT_TRY(ent_stream_left(t->stream, t->rows * row, &there));
    ENT_REQUIRE(there / row >= t->rows, ENT_EFORMAT, "%s: truncated: %lld bytes of numbers, want %lld rows of %lld",
                t->path, (long long)there, (long long)t->rows, (long long)row);
    ENT_REQUIRE(there == t->rows * row, ENT_EFORMAT, "%s: too long: %lld bytes of numbers%s, want %lld", t->path,
                (long long)there, ent_stream_is_packed(t->stream) ? " or more" : "", (long long)(t->rows * row));
    return ENT_OK;
}

/* Check whether the first 16-bit integers look like another type. */
static ent_status check_bits(ent_table *t)
{
    if (t->size != 2 || t->type == 'f' || t->type == 'b') return ENT_OK;
    size_t count;
    ENT_TRY(ent_stream_seek(t->stream, t->data_at));
    ENT_TRY(ent_stream_read(t->stream, t->block, BLOCK_BYTES, &count));
    count /= 2;
    uint16_t *number = (uint16_t *)(void *)t->block; /* aligned to 64 bytes */
    for (size_t k = 0; k < count && t->swapped; k++) number[k] = (uint16_t)(number[k] << 8 | number[k] >> 8);
    ENT_REQUIRE(!ent_format_is_bfloat16(number, (int64_t)count), ENT_EFORMAT,
                "%s: found bfloat16 stored as 16-bit integers, want the numbers themselves: write them as float32 "
                "(tensor.float().numpy())",
                t->path);
    return ENT_OK;
}

/* A compressed file can only be read from its start. */
static ent_status keep_unpacked(ent_table *t)
{
    const int64_t bytes = t->rows * t->columns * t->size;
    const double available = (double)ent_memory_available_bytes();
    char want[32];
    size_t got;
    if (!t->fortran || !ent_stream_is_packed(t->stream)) return ENT_OK;
    if ((double)bytes >= available)
        return ent_memory_lacks((double)bytes, available,
                                "%s: a compressed array in Fortran order (unpack it with gunzip)", t->path);
    t->unpacked = ent_alloc(bytes, 1);
    ENT_REQUIRE(t->unpacked, ENT_ENOMEM, "%s: no memory for %s", t->path, ent_bytes_text((double)bytes, want));
    ENT_TRY(ent_stream_seek(t->stream, t->data_at));
    return ent_stream_read(t->stream, t->unpacked, (size_t)bytes, &got);
}

ent_status ent_npy_open(ent_table *t)
{
    char *head = ent_alloc(HEAD_BYTES, 1);
    t->block = ent_alloc(BLOCK_BYTES, 1);
    ent_status status = head && t->block ? read_head(t, head) : ent_fail(ENT_ENOMEM, "%s: no memory", t->path);
    ent_free(head);
    ENT_TRY(status);
    ENT_TRY(check_length(t));
    ENT_TRY(check_bits(t));
    return keep_unpacked(t);
}

/* ---- the numbers ---- */

/* IEEE 754 half precision: sign, 5 bits of exponent, 10 of fraction. */
static double half_of(uint64_t bits)
{
    const int exponent = (int)(bits >> 10 & 31);
    const double fraction = (double)(bits & 1023) / 1024.0, sign = bits >> 15 ? -1.0 : 1.0;
    if (exponent == 31) return fraction > 0.0 ? NAN : sign * INFINITY;
    return sign * (exponent == 0 ? ldexp(fraction, -14) : ldexp(1.0 + fraction, exponent - 15));
}

static double number_of(const ent_table *t, const uint8_t *from)
{
    uint64_t bits = 0;
    float real;
    double wide;
    for (int k = 0; k < t->size; k++) bits |= (uint64_t)from[t->swapped ? t->size - 1 - k : k] << (8 * k);
    if (t->type == 'f' && t->size == 2) return half_of(bits);
    if (t->type == 'f' && t->size == 4) {
        const uint32_t half = (uint32_t)bits;
        memcpy(&real, &half, sizeof real);
        return (double)real;
    }
    if (t->type == 'f') {
        memcpy(&wide, &bits, sizeof wide);
        return wide;
    }
    if (t->type == 'b') return bits != 0;
    if (t->type == 'u') return (double)bits;
    const int unused = 64 - 8 * t->size;
    return (double)((int64_t)(bits << unused) >> unused);
}

/* Read `count` numbers from number `first` of the file on into every step-th element of x. */
static ent_status read_run(ent_table *t, int64_t first, int64_t count, int64_t step, double *x)
{
    size_t got;
    const uint8_t *unpacked = t->unpacked ? t->unpacked + first * t->size : NULL;
    for (int64_t k = 0; unpacked && k < count; k++) x[k * step] = number_of(t, unpacked + k * t->size);
    if (unpacked) return ENT_OK;
    ENT_TRY(ent_stream_seek(t->stream, t->data_at + first * t->size));
    for (int64_t done = 0, n; done < count; done += n) {
        n = count - done < BLOCK_BYTES / t->size ? count - done : BLOCK_BYTES / t->size;
        ENT_TRY(ent_stream_read(t->stream, t->block, (size_t)(n * t->size), &got));
        ENT_REQUIRE(got == (size_t)(n * t->size), ENT_EIO, "%s: the file has become shorter", t->path);
        for (int64_t k = 0; k < n; k++) x[(done + k) * step] = number_of(t, t->block + k * t->size);
    }
    return ENT_OK;
}

/* The position in a file in Fortran order at which column c, counted in C order, begins. */
static int64_t fortran_offset(const ent_table *t, int64_t c)
{
    int64_t offset = 0, stride = t->rows * t->columns;
    for (int k = t->rank - 1; k >= 1; k--) {
        stride /= t->shape[k];
        offset += c % t->shape[k] * stride;
        c /= t->shape[k];
    }
    return offset;
}

ent_status ent_npy_next(ent_table *t, int64_t n, double *x)
{
    if (!t->fortran) return read_run(t, t->at * t->columns, n * t->columns, 1, x);
    for (int64_t c = 0; c < t->columns; c++) ENT_TRY(read_run(t, fortran_offset(t, c) + t->at, n, t->columns, x + c));
    return ENT_OK;
}
