/* Strings in HDF5: a scalar dataset, a list of one length, an attribute. */
#include <string.h>

#include "entente/memory.h"
#include "h5_internal.h"

static hid_t text_type(size_t bytes, H5T_cset_t characters)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes);
    H5Tset_cset(type, characters);
    return type;
}

ent_status ent_h5_write_text(ent_h5 *file, const char *name, const char *text)
{
    const hid_t type = text_type(strlen(text) + 1, H5T_CSET_UTF8), space = H5Screate(H5S_SCALAR);
    const ent_status status = ent_h5_write_set(file, name, type, type, space, text);
    H5Sclose(space);
    H5Tclose(type);
    return status;
}

ent_status ent_h5_write_strings(ent_h5 *file, const char *name, int64_t count, const char *const *text)
{
    size_t width = 1;
    for (int64_t k = 0; k < count; k++)
        if (strlen(text[k]) > width) width = strlen(text[k]);
    char *table = ent_alloc(count, width);
    ent_status status = table ? ENT_OK : ent_h5_no_memory(file, name);
    if (file->comm) status = ent_comm_agree(file->comm, status); /* before the others wait in the collective write */
    if (status != ENT_OK) {
        ent_free(table);
        return status;
    }
    for (int64_t k = 0; k < count; k++) memcpy(table + (size_t)k * width, text[k], strlen(text[k]));
    const hid_t type = text_type(width, H5T_CSET_UTF8),
                space = H5Screate_simple(1, (hsize_t[]){(hsize_t)count}, NULL);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    status = ent_h5_write_set(file, name, type, type, space, table);
    H5Sclose(space);
    H5Tclose(type);
    ent_free(table);
    return status;
}

/* The reverse: read strings of one fixed length. */
static ent_status read_padded(const ent_h5 *file, const char *name, hid_t set, hid_t type, int64_t count, char ***out)
{
    const size_t width = H5Tget_size(type);
    char *table = ent_alloc(count, width), **list = ent_alloc(count, sizeof *list);
    ent_status status = table && list ? ENT_OK : ent_h5_no_memory(file, name);
    if (status == ENT_OK && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, table) < 0)
        status = ent_h5_fail_at(ENT_EFORMAT, file, name, "cannot be read");
    for (int64_t k = 0; status == ENT_OK && k < count; k++) {
        list[k] = ent_alloc((int64_t)width + 1, 1);
        if (list[k])
            memcpy(list[k], table + (size_t)k * width, width);
        else
            status = ent_h5_no_memory(file, name);
    }
    ent_free(table);
    if (status != ENT_OK) ent_h5_names_free(list, count);
    if (status == ENT_OK) *out = list;
    return status;
}

ent_status ent_h5_read_strings(const ent_h5 *file, const char *name, char ***list, int64_t *count)
{
    char **read = NULL;
    if (!ent_h5_has(file, name)) return ent_h5_no_set(file, name);
    const hid_t set = H5Dopen2(file->id, name, file->set_access);
    if (set < 0) return ent_h5_settle(file, ent_h5_fail_at(ENT_EFORMAT, file, name, "cannot be read"));
    ent_status status = ent_h5_check_set(file, name, set);
    if (status != ENT_OK) {
        H5Dclose(set);
        return status;
    }
    const hid_t type = H5Dget_type(set), space = H5Dget_space(set);
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 || n < 0)
        status = ent_fail(ENT_EFORMAT, "%s: %s does not hold strings of one length", file->path, name);
    else
        status = read_padded(file, name, set, type, (int64_t)n, &read);
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(set);
    status = ent_h5_settle(file, status);
    if (status != ENT_OK) {
        ent_h5_names_free(read, read ? (int64_t)n : 0);
        return status;
    }
    *list = read;
    *count = (int64_t)n;
    return ENT_OK;
}

ent_status ent_h5_put_attribute(ent_h5 *file, const char *object, const char *name, const char *text)
{
    ent_status status = ENT_OK;
    const hid_t type = text_type(strlen(text) + 1, H5T_CSET_UTF8), space = H5Screate(H5S_SCALAR);
    const hid_t id = H5Acreate_by_name(file->id, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (id < 0 || H5Awrite(id, type, text) < 0) status = ent_h5_fail_at(ENT_EIO, file, name, "cannot be written");
    if (id >= 0) H5Aclose(id);
    H5Sclose(space);
    H5Tclose(type);
    return status;
}

ent_status ent_h5_write_attribute(ent_h5 *file, const char *object, const char *name, const char *text)
{
    ENT_TRY(ent_h5_make_room(file, (int64_t)strlen(text) + 1));
    const ent_status status = ent_h5_put_attribute(file, object, name, text);
    return file->comm ? ent_comm_agree(file->comm, status) : status;
}

/* An open dataset or attribute. */
typedef struct {
    hid_t id;
    bool attribute;
} holder;

static herr_t read_whole(holder from, hid_t type, void *data)
{
    if (from.attribute) return H5Aread(from.id, type, data);
    return H5Dread(from.id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
}

/* The copy in `*text` is NULL on failure.  A string of variable length is in libhdf5's memory until copied. */
static herr_t copy_string(holder from, hid_t stored, char **text)
{
    const bool variable = H5Tis_variable_str(stored) > 0;
    const size_t bytes = variable ? H5T_VARIABLE : H5Tget_size(stored) + 1;
    const hid_t type = text_type(bytes, H5Tget_cset(stored));
    char *there = NULL;
    herr_t result = 0;
    if (variable) {
        result = read_whole(from, type, &there);
        *text = result < 0 ? NULL : ent_text(there ? there : "");
        if (there) H5free_memory(there);
    } else if ((*text = ent_alloc((int64_t)bytes, 1))) {
        result = read_whole(from, type, *text);
    }
    H5Tclose(type);
    return result;
}

static ent_status read_string(const ent_h5 *file, const char *name, holder from, char **text)
{
    char *copy = NULL;
    const hid_t type = from.attribute ? H5Aget_type(from.id) : H5Dget_type(from.id);
    const hid_t space = from.attribute ? H5Aget_space(from.id) : H5Dget_space(from.id);
    ent_status status = ENT_OK;
    if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1)
        status = ent_fail(ENT_EFORMAT, "%s: %s is not a single string", file->path, name);
    else if (copy_string(from, type, &copy) < 0)
        status = ent_fail(ENT_EFORMAT, "%s: %s cannot be read: damaged", file->path, name);
    else if (!copy)
        status = ent_h5_no_memory(file, name);
    H5Sclose(space);
    H5Tclose(type);
    status = ent_h5_settle(file, status);
    if (status == ENT_OK)
        *text = copy;
    else
        ent_free(copy);
    return status;
}

ent_status ent_h5_read_text(const ent_h5 *file, const char *name, char **text)
{
    if (!ent_h5_has(file, name)) return ent_h5_no_set(file, name);
    const hid_t id = H5Dopen2(file->id, name, file->set_access);
    if (id < 0) return ent_h5_settle(file, ent_h5_fail_at(ENT_EFORMAT, file, name, "cannot be read"));
    ent_status status = ent_h5_check_set(file, name, id);
    if (status == ENT_OK) status = read_string(file, name, (holder){id, false}, text);
    H5Dclose(id);
    return status;
}

ent_status ent_h5_read_attribute(const ent_h5 *file, const char *object, const char *name, char **text)
{
    ENT_REQUIRE(ent_h5_has(file, object) && H5Aexists_by_name(file->id, object, name, file->link) > 0, ENT_EFORMAT,
                "%s: %s has no attribute '%s'", file->path, object, name);
    const hid_t id = H5Aopen_by_name(file->id, object, name, H5P_DEFAULT, file->link);
    if (id < 0) return ent_h5_settle(file, ent_h5_fail_at(ENT_EFORMAT, file, name, "cannot be read"));
    const ent_status status = read_string(file, name, (holder){id, true}, text);
    H5Aclose(id);
    return status;
}
