/* Datasets of one dimension, read into memory of their size. */
#include "entente/h5.h"
#include "entente/memory.h"

static size_t bytes_of(ent_h5_type type)
{
    switch (type) {
    case ENT_H5_U8:
        return 1;
    case ENT_H5_I32:
    case ENT_H5_U32:
    case ENT_H5_F32:
        return 4;
    default:
        return 8;
    }
}

ent_status ent_h5_read_list(const ent_h5 *file, const char *name, ent_h5_type type, int64_t *count, void **out)
{
    ent_h5_shape shape;
    ENT_TRY(ent_h5_describe(file, name, &shape));
    ENT_REQUIRE(shape.rank == 1 && (*count < 0 || shape.size[0] == *count), ENT_EFORMAT,
                "%s: %lld numbers in %d dimensions, want a list of %lld", name, (long long)shape.size[0], shape.rank,
                (long long)*count);
    void *data = ent_alloc(shape.size[0], bytes_of(type));
    ENT_REQUIRE(data, ENT_ENOMEM, "%s: no memory", name);
    const ent_status status = ent_h5_read(file, name, type, shape.size[0], data);
    if (status != ENT_OK) {
        ent_free(data);
        return status;
    }
    *count = shape.size[0];
    *out = data;
    return ENT_OK;
}
