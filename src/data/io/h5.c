/* HDF5 in one process.
 *
 * libhdf5 1.10 crashes, at the latest at exit, after one of its own writes has failed.  A new file is therefore
 * built in memory (core driver), and finish writes the image itself, completely or not at all (atomic_file.h).
 * Cost: the size of the file in memory, twice that during finish.  Files carry no time stamps, so the same content
 * gives the same bytes.  Messages use the error stack of libhdf5, which is valid only until the next call of the
 * library, so a failure is reported before anything is closed. */
#include "entente/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entente/memory.h"
#include "format.h"
#include "h5_internal.h"

enum { MAX_RANK = 8, REASON_BYTES = 256, HASH_BYTES = 1 << 20 };

/* ---- why something failed ---- */

/* The innermost entry of the error stack. */
static herr_t take_reason(unsigned depth, const H5E_error2_t *error, void *text)
{
    if (depth == 0 && error->desc) snprintf(text, REASON_BYTES, "%s", error->desc);
    return 0;
}

static const char *reason(char text[REASON_BYTES])
{
    snprintf(text, REASON_BYTES, "libhdf5 gives no reason");
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_reason, text);
    return text;
}

ent_status ent_h5_fail_at(ent_status code, const ent_h5 *file, const char *name, const char *what)
{
    char why[REASON_BYTES];
    if (*file->outside) return ent_h5_refuse_outside(file, name);
    return ent_fail(code, "%s: %s %s: %s", file->path, name, what, reason(why));
}

ent_status ent_h5_no_memory(const ent_h5 *file, const char *name)
{
    return ent_fail(ENT_ENOMEM, "%s: %s: no memory", file->path, name);
}

/* ---- files ---- */

void ent_h5_release(ent_h5 *file)
{
    ent_atomic_file_free(file->part);
    ent_h5_close_lists(file);
    ent_free(file->outside);
    ent_free(file->path);
    ent_free(file);
}

ent_status ent_h5_new_file(const char *path, ent_h5 **out)
{
    ent_h5 *file = ent_alloc(1, sizeof *file);
    char *copy = ent_text(path), *outside = ent_alloc(ENT_H5_OUTSIDE_BYTES, 1);
    if (!file || !copy || !outside) {
        ent_free(file);
        ent_free(copy);
        ent_free(outside);
        return ent_fail(ENT_ENOMEM, "%s: no memory to open it", path);
    }
    file->path = copy;
    file->outside = outside;
    ent_h5_make_lists(file);
    *out = file;
    return ENT_OK;
}

/* Locking by libhdf5 is switched off: files are written under a temporary name until they are complete, and before
 * reading we test for a writer ourselves (is_written).  File systems without locks (ENOLCK, EOPNOTSUPP, ENOSYS,
 * ...) therefore need no configuration. */
hid_t ent_h5_access_list(void)
{
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0))
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_file_locking(list, false, true);
    return list;
#else
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0); /* read when the library is initialised, by the next call */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return H5Pcreate(H5P_FILE_ACCESS);
#endif
}

/* Whether another program has the file open for writing: libhdf5 and h5py then hold a lock on it.  Other errors of
 * the file system say nothing about other programs.  With HDF5_USE_FILE_LOCKING=FALSE, HDF5's own variable, the
 * test is skipped. */
static bool is_written(int descriptor)
{
    const char *wanted = getenv("HDF5_USE_FILE_LOCKING");
    if (wanted && (strcmp(wanted, "FALSE") == 0 || strcmp(wanted, "0") == 0)) return false;
    if (flock(descriptor, LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
    flock(descriptor, LOCK_UN);
    return false;
}

/* Check for a regular file that can be read; `start` receives its leading bytes and their number.  Opening a pipe
 * would block until some process writes to it. */
static ent_status look_at(const char *path, char start[8], size_t *count)
{
    struct stat state;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ENT_REQUIRE(descriptor >= 0, ENT_EIO, "%s: %s", path, strerror(errno));
    const bool special = fstat(descriptor, &state) == 0 && !S_ISREG(state.st_mode) && !S_ISDIR(state.st_mode);
    const ssize_t got = special ? 0 : read(descriptor, start, 8);
    const int why = errno;
    const bool written = is_written(descriptor);
    close(descriptor);
    ENT_REQUIRE(!special, ENT_EIO, "%s: not a regular file, want an HDF5 file", path);
    ENT_REQUIRE(got >= 0, ENT_EIO, "%s: %s", path, strerror(why));
    ENT_REQUIRE(!written, ENT_EIO,
                "%s: another program has it open for writing (set HDF5_USE_FILE_LOCKING=FALSE to read it anyway)",
                path);
    *count = (size_t)got;
    return ENT_OK;
}

static ent_status not_opened(const char *path, const char start[8], size_t count)
{
    char why[REASON_BYTES];
    reason(why);
    ENT_REQUIRE(count > 0, ENT_EFORMAT, "%s: empty, want an HDF5 file", path);
    if (memcmp(start, "\211HDF\r\n\032\n", count) == 0 || H5Fis_hdf5(path) > 0)
        return ent_fail(ENT_EFORMAT, "%s: truncated or damaged HDF5 file: %s", path, why);
    const ent_format format = ent_format_of_file(path);
    return ent_fail(ENT_EFORMAT, "%s: not an HDF5 file%s%s", path, format.what ? " but " : "",
                    format.what ? format.what : "");
}

/* libhdf5's own descriptor, which stays with the file that it opened. */
static ent_status remember(ent_h5 *file)
{
    int *handle = NULL;
    const hid_t list = H5Fget_access_plist(file->id);
    const bool plain = list >= 0 && H5Pget_driver(list) == H5FD_SEC2 &&
                       H5Fget_vfd_handle(file->id, H5P_DEFAULT, (void **)&handle) >= 0 && handle;
    if (list >= 0) H5Pclose(list);
    file->descriptor = plain ? *handle : -1;
    file->reads = true;
    return ent_file_state_take(file->path, file->descriptor, &file->opened);
}

const ent_file_state *ent_h5_opened(const ent_h5 *file)
{
    return &file->opened;
}

ent_status ent_h5_settle(const ent_h5 *file, ent_status status)
{
    if (file->reads) ENT_TRY(ent_file_state_check(file->path, file->descriptor, &file->opened));
    return status;
}

ent_status ent_h5_no_set(const ent_h5 *file, const char *name)
{
    return ent_h5_settle(file, ent_fail(ENT_EFORMAT, "%s: no dataset %s", file->path, name));
}

ent_status ent_h5_open(const char *path, ent_h5 **out)
{
    char start[8];
    size_t count = 0;
    ent_h5 *file = NULL;
    ENT_TRY(look_at(path, start, &count));
    ENT_TRY(ent_h5_new_file(path, &file));
    const hid_t list = ent_h5_access_list();
    file->id = H5Fopen(path, H5F_ACC_RDONLY, list);
    const bool opened = file->id >= 0;
    ent_status status = opened ? ENT_OK : not_opened(path, start, count);
    H5Pclose(list);
    if (status == ENT_OK) status = remember(file);
    if (status == ENT_OK)
        *out = file;
    else if (opened)
        ent_h5_close(file);
    else
        ent_h5_release(file);
    return status;
}

ent_status ent_h5_make_image(ent_h5 *file)
{
    const hid_t list = ent_h5_access_list();
    H5Pset_fapl_core(list, (size_t)1 << 20, false);
    file->id = H5Fcreate(file->path, H5F_ACC_TRUNC, H5P_DEFAULT,
                         list); /* the name is only used in libhdf5's table of open files */
    const ent_status status = file->id < 0 ? ent_h5_fail_at(ENT_ENOMEM, file, "/", "cannot be created in memory")
                                           : ENT_OK;
    H5Pclose(list);
    return status;
}

ent_status ent_h5_create(const char *path, ent_h5 **out)
{
    ent_h5 *file = NULL;
    ENT_TRY(ent_h5_new_file(path, &file));
    ent_status status =
        ent_atomic_file_new(path, &file->part); /* now, so that a folder without write permission is reported early */
    if (status == ENT_OK) status = ent_h5_make_image(file);
    if (status == ENT_OK)
        *out = file;
    else
        ent_h5_release(file);
    return status;
}

ent_status ent_h5_write_image(ent_h5 *file)
{
    if (H5Fflush(file->id, H5F_SCOPE_GLOBAL) < 0) return ent_h5_fail_at(ENT_ENOMEM, file, "/", "cannot be assembled");
    const ssize_t bytes = H5Fget_file_image(file->id, NULL, 0);
    if (bytes < 0) return ent_h5_fail_at(ENT_ENOMEM, file, "/", "cannot be assembled");
    char *image = ent_alloc(bytes, 1);
    if (!image) return ent_h5_no_memory(file, "the file's image");
    ent_status status = ENT_OK;
    if (H5Fget_file_image(file->id, image, (size_t)bytes) != bytes)
        status = ent_h5_fail_at(ENT_ENOMEM, file, "/", "cannot be assembled");
    else
        status = ent_atomic_file_write(file->part, image, (size_t)bytes);
    ent_free(image);
    return status;
}

ent_status ent_h5_finish(ent_h5 *file)
{
    if (file->shared) return ent_h5_finish_shared(file);
    ENT_ASSERT(file->part);
    ent_status status = ent_h5_write_image(file);
    if (H5Fclose(file->id) < 0 && status == ENT_OK) status = ent_h5_fail_at(ENT_EIO, file, "/", "cannot be closed");
    if (status == ENT_OK) {
        status = ent_atomic_file_finish(file->part);
        file->part = NULL;
    }
    ent_h5_release(file);
    return status;
}

void ent_h5_close(ent_h5 *file)
{
    if (!file) return;
    H5Fclose(file->id);
    ent_h5_release(file);
}

/* ---- contents of a file ---- */

/* H5Lexists requires that every group along the path exists, so they are tested one by one.  Objects outside the
 * file count as existing; opening them then reports why they are refused. */
bool ent_h5_has(const ent_h5 *file, const char *name)
{
    char path[1024];
    *file->outside = '\0';
    bool there = snprintf(path, sizeof path, "%s", name) < (int)sizeof path;
    for (char *end = path + 1; there && path[0] && *end; end++) {
        if (*end != '/') continue;
        *end = '\0';
        there = H5Lexists(file->id, path, file->link) > 0;
        *end = '/';
    }
    if (there && strcmp(path, "/") != 0)
        there = H5Lexists(file->id, path, file->link) > 0 && H5Oexists_by_name(file->id, path, file->link) > 0;
    return there || *file->outside;
}

typedef struct {
    hid_t set, space, type;
    ent_h5_shape shape;
} array;

static void array_close(array *a)
{
    if (a->type >= 0) H5Tclose(a->type);
    if (a->space >= 0) H5Sclose(a->space);
    if (a->set >= 0) H5Dclose(a->set);
}

static ent_status array_shape(const ent_h5 *file, const char *name, array *a)
{
    hsize_t size[MAX_RANK];
    const int rank = H5Sget_simple_extent_ndims(a->space);
    ENT_REQUIRE(rank >= 1 && rank <= MAX_RANK, ENT_EFORMAT, "%s: %s has rank %d, want 1..%d", file->path, name, rank,
                MAX_RANK);
    H5Sget_simple_extent_dims(a->space, size, NULL);
    a->shape.rank = rank;
    for (int k = 0; k < rank; k++) {
        ENT_REQUIRE(size[k] <= INT64_MAX, ENT_EFORMAT, "%s: %s: damaged shape", file->path, name);
        a->shape.size[k] = (int64_t)size[k];
    }
    const H5T_class_t class = H5Tget_class(a->type);
    ENT_REQUIRE(class == H5T_INTEGER || class == H5T_ENUM || class == H5T_FLOAT, ENT_EFORMAT,
                "%s: %s does not hold numbers", file->path, name);
    a->shape.real = class == H5T_FLOAT;
    a->shape.bytes = (int)H5Tget_size(a->type);
    return ENT_OK;
}

/* Open a dataset of numbers; on success call array_close. */
static ent_status array_open(const ent_h5 *file, const char *name, array *a)
{
    *a = (array){.set = -1, .space = -1, .type = -1};
    if (!ent_h5_has(file, name)) return ent_h5_no_set(file, name);
    ent_status status = ENT_OK;
    a->set = H5Dopen2(file->id, name, file->set_access);
    if (a->set >= 0) status = ent_h5_check_set(file, name, a->set);
    if (status == ENT_OK && a->set >= 0) a->space = H5Dget_space(a->set);
    if (a->space >= 0) a->type = H5Dget_type(a->set);
    if (status == ENT_OK && a->type < 0)
        status = ent_h5_fail_at(ENT_EFORMAT, file, name, "cannot be read");
    else if (status == ENT_OK)
        status = array_shape(file, name, a);
    if (status == ENT_OK) return ENT_OK;
    array_close(a);
    return ent_h5_settle(file, status);
}

ent_status ent_h5_describe(const ent_h5 *file, const char *name, ent_h5_shape *shape)
{
    array a;
    ENT_TRY(array_open(file, name, &a));
    *shape = a.shape;
    array_close(&a);
    return ENT_OK;
}

ent_h5_type ent_h5_real_type(const ent_h5_shape *shape)
{
    return shape->bytes <= (shape->real ? 4 : 2) ? ENT_H5_F32 : ENT_H5_F64;
}

void ent_h5_names_free(char **list, int64_t count)
{
    for (int64_t k = 0; list && k < count; k++) ent_free(list[k]);
    ent_free(list);
}

typedef struct {
    char **name;
    int64_t count, room;
} members;

static herr_t take_member(hid_t group, const char *name, const H5L_info_t *info, void *data)
{
    (void)group, (void)info;
    members *m = data;
    if (m->count == m->room) return 0; /* a damaged group with more members than it claims */
    m->name[m->count] = ent_text(name);
    return m->name[m->count++] ? 0 : -1;
}

/* A damaged group may claim any number of members, but each needs at least one byte of the file. */
static ent_status count_members(const ent_h5 *file, const char *name, hid_t group, int64_t *count)
{
    H5G_info_t info;
    hsize_t bytes = 0;
    if (H5Gget_info(group, &info) < 0) return ent_h5_fail_at(ENT_EFORMAT, file, name, "cannot be read");
    ENT_REQUIRE(H5Fget_filesize(file->id, &bytes) >= 0 && info.nlinks <= bytes, ENT_EFORMAT,
                "%s: %s: damaged: claims %llu members", file->path, name, (unsigned long long)info.nlinks);
    *count = (int64_t)info.nlinks;
    return ENT_OK;
}

static ent_status list_members(const ent_h5 *file, const char *name, hid_t group, char ***list, int64_t *count)
{
    members m = {0};
    ENT_TRY(count_members(file, name, group, &m.room));
    m.name = ent_alloc(m.room, sizeof *m.name);
    if (!m.name) return ent_h5_no_memory(file, name);
    const herr_t walked = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, take_member, &m);
    ent_status status = ENT_OK;
    if (m.count > 0 && !m.name[m.count - 1])
        status = ent_h5_no_memory(file, name);
    else if (walked < 0)
        status = ent_h5_fail_at(ENT_EFORMAT, file, name, "cannot be read");
    if (status == ENT_OK) {
        *list = m.name;
        *count = m.count;
    } else {
        ent_h5_names_free(m.name, m.count);
    }
    return status;
}

ent_status ent_h5_names(const ent_h5 *file, const char *group, char ***list, int64_t *count)
{
    ENT_REQUIRE(ent_h5_has(file, group), ENT_EFORMAT, "%s: no group %s", file->path, group);
    const hid_t id = H5Gopen2(file->id, group, file->group_access);
    if (id < 0) return ent_h5_fail_at(ENT_EFORMAT, file, group, "is not a group");
    const ent_status status = list_members(file, group, id, list, count);
    H5Gclose(id);
    return status;
}

/* ---- arrays ---- */

static hid_t memory_type(ent_h5_type type)
{
    const hid_t native[] = {H5T_NATIVE_UINT8,  H5T_NATIVE_INT32, H5T_NATIVE_UINT32, H5T_NATIVE_INT64,
                            H5T_NATIVE_UINT64, H5T_NATIVE_FLOAT, H5T_NATIVE_DOUBLE};
    return native[type];
}

/* The file type is the same on every machine. */
static hid_t file_type(ent_h5_type type)
{
    const hid_t little_endian[] = {H5T_STD_U8LE,  H5T_STD_I32LE,  H5T_STD_U32LE, H5T_STD_I64LE,
                                   H5T_STD_U64LE, H5T_IEEE_F32LE, H5T_IEEE_F64LE};
    return little_endian[type];
}

/* Abort the read if an integer does not fit the requested type; libhdf5 would clip it. */
static H5T_conv_ret_t refuse_clipping(H5T_conv_except_t what, hid_t from, hid_t to, void *in, void *out, void *data)
{
    (void)from, (void)in, (void)out, (void)data;
    const bool range = what == H5T_CONV_EXCEPT_RANGE_HI || what == H5T_CONV_EXCEPT_RANGE_LOW;
    return range && H5Tget_class(to) == H5T_INTEGER ? H5T_CONV_ABORT : H5T_CONV_UNHANDLED;
}

/* Read the elements selected by the dataspaces `memory` and `part`. */
static ent_status transfer_in(const ent_h5 *file, const char *name, const array *a, ent_h5_type type, hid_t memory,
                              hid_t part, void *data)
{
    const bool want_real = type == ENT_H5_F32 || type == ENT_H5_F64;
    ENT_REQUIRE(want_real || !a->shape.real, ENT_EFORMAT, "%s: %s holds real numbers, want integers", file->path,
                name);
    const hid_t list = H5Pcreate(H5P_DATASET_XFER);
    H5Pset_type_conv_cb(list, refuse_clipping, NULL);
    ent_status status = ENT_OK;
    if (H5Dread(a->set, memory_type(type), memory, part, list, data) < 0)
        status = ent_h5_fail_at(ENT_EFORMAT, file, name, "cannot be read (damaged, or a number out of range)");
    H5Pclose(list);
    return status;
}

ent_status ent_h5_read(const ent_h5 *file, const char *name, ent_h5_type type, int64_t count, void *data)
{
    array a;
    ENT_TRY(array_open(file, name, &a));
    const hssize_t there = H5Sget_simple_extent_npoints(a.space);
    ent_status status = ENT_OK;
    if (there != count)
        status = ent_fail(ENT_EFORMAT, "%s: %s has %lld numbers, want %lld", file->path, name, (long long)there,
                          (long long)count);
    else if (count > 0)
        status = transfer_in(file, name, &a, type, H5S_ALL, H5S_ALL, data);
    array_close(&a);
    return ent_h5_settle(file, status);
}

/* Select rows first..first+n-1 of an array, and create the matching dataspace in memory. */
static ent_status choose_rows(const ent_h5 *file, const char *name, const array *a, int64_t first, int64_t n,
                              hid_t *memory)
{
    const ent_h5_shape *shape = &a->shape;
    ENT_REQUIRE(first >= 0 && n >= 0 && first <= shape->size[0] - n, ENT_EARG,
                "%s: %s has %lld rows, want %lld from row %lld on", file->path, name, (long long)shape->size[0],
                (long long)n, (long long)first);
    hsize_t start[MAX_RANK] = {(hsize_t)first}, size[MAX_RANK] = {(hsize_t)n};
    for (int k = 1; k < shape->rank; k++) size[k] = (hsize_t)shape->size[k];
    *memory = H5Screate_simple(shape->rank, size, NULL);
    if (*memory < 0 || H5Sselect_hyperslab(a->space, H5S_SELECT_SET, start, NULL, size, NULL) < 0) {
        const ent_status status = ent_h5_fail_at(ENT_EIO, file, name, "cannot be selected");
        if (*memory >= 0) H5Sclose(*memory);
        return status;
    }
    return ENT_OK;
}

static ent_status read_run(const ent_h5 *file, const char *name, const array *a, ent_h5_type type, int64_t first,
                           int64_t n, void *data)
{
    hid_t memory;
    ENT_TRY(choose_rows(file, name, a, first, n, &memory));
    const ent_status status = n > 0 ? transfer_in(file, name, a, type, memory, a->space, data) : ENT_OK;
    H5Sclose(memory);
    return status;
}

ent_status ent_h5_read_runs(const ent_h5 *file, const char *name, ent_h5_type type, int64_t runs,
                            const int64_t *first, const int64_t *n, void *data)
{
    array a;
    ENT_TRY(array_open(file, name, &a));
    ent_status status = ENT_OK;
    size_t row_bytes = H5Tget_size(memory_type(type));
    for (int k = 1; k < a.shape.rank; k++) row_bytes *= (size_t)a.shape.size[k];
    for (int64_t k = 0; k < runs && status == ENT_OK; k++) {
        status = read_run(file, name, &a, type, first[k], n[k], data);
        data = (char *)data + (size_t)n[k] * row_bytes;
    }
    array_close(&a);
    return ent_h5_settle(file, status);
}

ent_status ent_h5_read_rows(const ent_h5 *file, const char *name, ent_h5_type type, int64_t first, int64_t n,
                            void *data)
{
    return ent_h5_read_runs(file, name, type, 1, &first, &n, data);
}

/* In pieces of about a mebibyte, in the type of the dataset, without conversion. */
static ent_status hash_open(const ent_h5 *file, const char *name, array *a, int64_t first, int64_t n, ent_hash *hash)
{
    size_t row_bytes = H5Tget_size(a->type);
    for (int k = 1; k < a->shape.rank; k++) row_bytes *= (size_t)a->shape.size[k];
    const int64_t most = row_bytes < HASH_BYTES && row_bytes > 0 ? (int64_t)(HASH_BYTES / row_bytes) : 1;
    char *piece = ent_alloc(n < most ? n : most, row_bytes);
    ent_status status = piece ? ENT_OK : ent_h5_no_memory(file, name);
    for (int64_t done = 0, rows; done < n && row_bytes > 0 && status == ENT_OK; done += rows) {
        hid_t memory;
        rows = n - done < most ? n - done : most;
        status = choose_rows(file, name, a, first + done, rows, &memory);
        if (status != ENT_OK) break;
        if (H5Dread(a->set, a->type, memory, a->space, H5P_DEFAULT, piece) < 0)
            status = ent_h5_fail_at(ENT_EFORMAT, file, name, "cannot be read (damaged)");
        H5Sclose(memory);
        if (status == ENT_OK) ent_hash_add(hash, piece, (size_t)rows * row_bytes);
    }
    ent_free(piece);
    return status;
}

ent_status ent_h5_hash_rows(const ent_h5 *file, const char *name, int64_t first, int64_t n, ent_hash *hash)
{
    array a;
    ENT_TRY(array_open(file, name, &a));
    const ent_status status = hash_open(file, name, &a, first, n, hash);
    array_close(&a);
    return ent_h5_settle(file, status);
}

hid_t ent_h5_make_set(const ent_h5 *file, const char *name, hid_t type, hid_t space)
{
    const hid_t link = H5Pcreate(H5P_LINK_CREATE), create = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_create_intermediate_group(link, 1);
    H5Pset_obj_track_times(create, false);
    if (file->shared) H5Pset_alloc_time(create, H5D_ALLOC_TIME_EARLY);
    if (file->comm) ent_comm_wait_begin("the creation of a table");
    const hid_t set = H5Dcreate2(file->id, name, type, space, link, create, H5P_DEFAULT);
    if (file->comm) ent_comm_wait_end();
    if (set < 0) return set; /* closing would clear the error stack; the library frees the two lists when it ends */
    H5Pclose(link);
    H5Pclose(create);
    return set;
}

static ent_status file_space(const ent_h5 *file, const char *name, int rank, const int64_t *size, hid_t *space)
{
    hsize_t dimension[MAX_RANK];
    ENT_REQUIRE(rank >= 1 && rank <= MAX_RANK, ENT_EARG, "%s: %s: rank %d, want 1..%d", file->path, name, rank,
                MAX_RANK);
    for (int k = 0; k < rank; k++) {
        ENT_REQUIRE(size[k] >= 0, ENT_EARG, "%s: %s: size %lld", file->path, name, (long long)size[k]);
        dimension[k] = (hsize_t)size[k];
    }
    *space = H5Screate_simple(rank, dimension, NULL);
    return ENT_OK;
}

static int64_t bytes_of(hid_t type, hid_t space)
{
    return (int64_t)H5Tget_size(type) * H5Sget_simple_extent_npoints(space);
}

ent_status ent_h5_write_set(ent_h5 *file, const char *name, hid_t stored, hid_t given, hid_t space, const void *data)
{
    ent_status status = ENT_OK;
    ENT_TRY(ent_h5_make_room(file, bytes_of(stored, space)));
    const bool mine = data && (!file->comm || ent_comm_rank(file->comm) == 0) &&
                      H5Sget_simple_extent_npoints(space) > 0;
    const hid_t set = ent_h5_make_set(file, name, stored, space);
    if (set < 0 || (mine && H5Dwrite(set, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0))
        status = ent_h5_fail_at(ENT_EIO, file, name, "cannot be written");
    if (set >= 0 && H5Dclose(set) < 0 && status == ENT_OK)
        status = ent_h5_fail_at(ENT_EIO, file, name, "cannot be written");
    return file->comm ? ent_comm_agree(file->comm, status) : status;
}

ent_status ent_h5_write(ent_h5 *file, const char *name, ent_h5_type type, int rank, const int64_t *size,
                        const void *data)
{
    hid_t space = -1;
    ENT_TRY(file_space(file, name, rank, size, &space));
    const ent_status status = ent_h5_write_set(file, name, file_type(type), memory_type(type), space, data);
    H5Sclose(space);
    return status;
}

ent_status ent_h5_write_rows(ent_h5 *file, const char *name, ent_h5_type type, int64_t first, int64_t n,
                             const void *data)
{
    array a;
    hid_t memory;
    ENT_TRY(array_open(file, name, &a));
    ent_status status = choose_rows(file, name, &a, first, n, &memory);
    if (status == ENT_OK) {
        if (n > 0 && H5Dwrite(a.set, memory_type(type), memory, a.space, H5P_DEFAULT, data) < 0)
            status = ent_h5_fail_at(ENT_EIO, file, name, "cannot be written");
        H5Sclose(memory);
    }
    array_close(&a);
    return status;
}

const char *ent_h5_library(void)
{
    static char text[64];
    unsigned major, minor, release_number;
    H5get_libversion(&major, &minor, &release_number);
#ifdef H5_HAVE_PARALLEL
    const char *kind = "parallel";
#else
    const char *kind = "serial";
#endif
    snprintf(text, sizeof text, "%u.%u.%u, %s", major, minor, release_number, kind);
    return text;
}
