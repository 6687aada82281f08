/* A data set is one file.  In HDF5 a link may lead into another file, and a dataset may keep its numbers in files
 * of any kind or in other datasets, so an untrusted file could make this process read anything that its user may
 * read.  All three are refused unless allowed: links by a callback that libhdf5 calls before it follows one,
 * anywhere along a path; datasets by their properties, before any number is read.  A missing filter is reported
 * here as well, because libhdf5 reports it only when the numbers are read. */
#include <stdio.h>
#include <string.h>

#include "h5_internal.h"

static bool follows = false;

void ent_h5_allow_external(bool allowed)
{
    follows = allowed;
}

static herr_t refuse_link(const char *parent, const char *group, const char *file, const char *object,
                          unsigned *flags, hid_t access, void *data)
{
    (void)parent, (void)group, (void)object, (void)flags, (void)access;
    snprintf(data, ENT_H5_OUTSIDE_BYTES, "a link into another file, '%.255s'", file);
    return -1;
}

void ent_h5_make_lists(ent_h5 *file)
{
    file->link = H5Pcreate(H5P_LINK_ACCESS);
    file->set_access = H5Pcreate(H5P_DATASET_ACCESS);
    file->group_access = H5Pcreate(H5P_GROUP_ACCESS);
    if (follows) { /* targets of links are opened like the file itself, without locks */
        const hid_t access = ent_h5_access_list();
        H5Pset_elink_fapl(file->link, access);
        H5Pset_elink_fapl(file->set_access, access);
        H5Pset_elink_fapl(file->group_access, access);
        H5Pclose(access);
        return;
    }
    H5Pset_elink_cb(file->link, refuse_link, file->outside);
    H5Pset_elink_cb(file->set_access, refuse_link, file->outside);
    H5Pset_elink_cb(file->group_access, refuse_link, file->outside);
}

void ent_h5_close_lists(ent_h5 *file)
{
    H5Pclose(file->link);
    H5Pclose(file->set_access);
    H5Pclose(file->group_access);
}

ent_status ent_h5_refuse_outside(const ent_h5 *file, const char *name)
{
    return ent_fail(ENT_EFORMAT, "%s: %s is outside the file: %s; want everything in one file, or --allow-external",
                    file->path, name, file->outside);
}

static ent_status check_storage(const ent_h5 *file, const char *name, hid_t create)
{
    char from[256] = "";
    off_t offset;
    hsize_t bytes;
    *file->outside = '\0';
    if (H5Pget_layout(create) == H5D_VIRTUAL) {
        H5Pget_virtual_filename(create, 0, from, sizeof from);
        snprintf(file->outside, ENT_H5_OUTSIDE_BYTES, "a virtual dataset of numbers in '%s' and possibly other files",
                 from);
    } else if (H5Pget_external_count(create) > 0) {
        H5Pget_external(create, 0, sizeof from - 1, from, &offset, &bytes);
        snprintf(file->outside, ENT_H5_OUTSIDE_BYTES, "external storage, in '%s'", from);
    }
    return *file->outside ? ent_h5_refuse_outside(file, name) : ENT_OK;
}

static ent_status check_filters(const ent_h5 *file, const char *name, hid_t create)
{
    const int count = H5Pget_nfilters(create);
    for (int k = 0; k < count; k++) {
        char filter[64] = "";
        unsigned flags, config;
        size_t values = 0;
        const H5Z_filter_t id =
            H5Pget_filter2(create, (unsigned)k, &flags, &values, NULL, sizeof filter, filter, &config);
        ENT_REQUIRE(
            id < 0 || H5Zfilter_avail(id) > 0, ENT_EFORMAT,
            "%s: %s is compressed by the filter '%s' (%d), which this HDF5 library lacks: rewrite it where the "
            "filter's plugin is installed: h5repack -f GZIP=4 OLD.h5 NEW.h5%s",
            file->path, name, filter, (int)id,
            strcmp(filter, "lzf") == 0 ? ", or with h5py, which has it: x = f[name][()]; del f[name]; f[name] = x"
                                       : "");
    }
    return ENT_OK;
}

ent_status ent_h5_check_set(const ent_h5 *file, const char *name, hid_t set)
{
    const hid_t create = H5Dget_create_plist(set);
    if (create < 0) return ent_h5_fail_at(ENT_EFORMAT, file, name, "cannot be read");
    ent_status status = follows ? ENT_OK : check_storage(file, name, create);
    if (status == ENT_OK) status = check_filters(file, name, create);
    H5Pclose(create);
    return status;
}
