/* Tables of a checkpoint: rows of 8-byte numbers, written by all ranks in parallel, and for every row 64 bits of its
 * SHA-256, so that a damaged number is detected and never used in training. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/hash.h"
#include "entente/memory.h"
#include "fed/saved/saved.h"

enum { NAME_BYTES = 128 };

static const char *table_name(const ent_place *at, const char *name, char text[NAME_BYTES])
{
    snprintf(text, NAME_BYTES, "%s%s", at->under, name);
    return text;
}

static const char *check_name(const ent_place *at, const char *name, char text[NAME_BYTES])
{
    snprintf(text, NAME_BYTES, "/check%s%s", at->under, name);
    return text;
}

static uint64_t check_of(const void *row, int64_t width)
{
    char digest[65];
    ent_sha256(row, (size_t)width * 8, digest);
    digest[16] = '\0';
    return strtoull(digest, NULL, 16);
}

/* From the numbers of rows of all ranks: the first of this rank, and the total. */
static ent_status place(ent_comm *comm, int64_t mine, int64_t *first, int64_t *total)
{
    const int size = ent_comm_size(comm), rank = ent_comm_rank(comm);
    int64_t *rows = ent_alloc(size, sizeof *rows);
    const ent_status status = ent_comm_agree(comm, rows ? ENT_OK : ent_fail(ENT_ENOMEM, "checkpoint: no memory"));
    if (status == ENT_OK) {
        rows[rank] = mine;
        ent_comm_sum(comm, rows, size);
        *first = *total = 0;
        for (int r = 0; r < size; r++) {
            if (r < rank) *first += rows[r];
            *total += rows[r];
        }
    }
    ent_free(rows);
    return status;
}

static ent_status make(const ent_place *at, const char *name, ent_h5_type type, const int64_t size[2])
{
    char path[NAME_BYTES];
    ENT_TRY(ent_h5_write(at->file, table_name(at, name, path), type, 2, size, NULL));
    return ent_h5_write(at->file, check_name(at, name, path), ENT_H5_U64, 1, size, NULL);
}

ent_status ent_ctable_make(const ent_place *at, ent_comm *comm, const char *name, ent_h5_type type, int64_t mine,
                           int64_t width, int64_t *first)
{
    int64_t size[2] = {0, width};
    ENT_TRY(place(comm, mine, first, &size[0]));
    return ent_comm_agree(comm, at->file ? make(at, name, type, size) : ENT_OK);
}

/* Checksums of the next of n rows, at most CHECKS of them.  Returns their number. */
enum { CHECKS = 1000 };
static int64_t checks_of(const char *rows, int64_t done, int64_t n, int64_t width, uint64_t check[CHECKS])
{
    const int64_t count = n - done < CHECKS ? n - done : CHECKS;
    for (int64_t k = 0; k < count; k++) check[k] = check_of(rows + (size_t)((done + k) * width) * 8, width);
    return count;
}

static ent_status put_checks(const ent_place *at, const char *name, int64_t first, int64_t n, int64_t width,
                             const char *rows)
{
    uint64_t check[CHECKS];
    char path[NAME_BYTES];
    check_name(at, name, path);
    for (int64_t done = 0; done < n; done += CHECKS) {
        const int64_t count = checks_of(rows, done, n, width, check);
        ENT_TRY(ent_h5_write_rows(at->file, path, ENT_H5_U64, first + done, count, check));
    }
    return ENT_OK;
}

ent_status ent_ctable_put(const ent_place *at, const char *name, ent_h5_type type, int64_t first, int64_t n,
                          int64_t width, const void *rows)
{
    char path[NAME_BYTES];
    if (n == 0) return ENT_OK;
    ENT_TRY(ent_h5_write_rows(at->file, table_name(at, name, path), type, first, n, rows));
    return put_checks(at, name, first, n, width, rows);
}

bool ent_ctable_has(const ent_place *at, const char *name)
{
    char path[NAME_BYTES];
    return ent_h5_has(at->file, table_name(at, name, path));
}

ent_status ent_ctable_rows(const ent_place *at, const char *name, int64_t *rows)
{
    ent_h5_shape shape;
    char path[NAME_BYTES];
    ENT_TRY(ent_h5_describe(at->file, table_name(at, name, path), &shape));
    *rows = shape.size[0];
    return ENT_OK;
}

static ent_status check_rows(const ent_place *at, const char *name, int64_t first, int64_t n, int64_t width,
                             const char *rows)
{
    uint64_t found[CHECKS], wanted[CHECKS];
    char path[NAME_BYTES];
    check_name(at, name, path);
    for (int64_t done = 0; done < n; done += CHECKS) {
        const int64_t count = checks_of(rows, done, n, width, wanted);
        ENT_TRY(ent_h5_read_rows(at->file, path, ENT_H5_U64, first + done, count, found));
        for (int64_t k = 0; k < count; k++)
            ENT_REQUIRE(found[k] == wanted[k], ENT_EFORMAT, "%s%s, row %lld: damaged: its checksum is wrong",
                        at->under, name, (long long)(first + done + k));
    }
    return ENT_OK;
}

ent_status ent_ctable_get(const ent_place *at, const char *name, ent_h5_type type, int64_t first, int64_t n,
                          int64_t width, void *rows)
{
    ent_h5_shape shape;
    char path[NAME_BYTES];
    ENT_TRY(ent_h5_describe(at->file, table_name(at, name, path), &shape));
    ENT_REQUIRE(shape.rank == 2 && shape.size[1] == width && shape.size[0] >= first + n, ENT_EFORMAT,
                "%s has another shape, want %lld numbers per row", path, (long long)width);
    if (n == 0) return ENT_OK;
    ENT_TRY(ent_h5_read_rows(at->file, path, type, first, n, rows));
    return check_rows(at, name, first, n, width, rows);
}
