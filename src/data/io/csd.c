/* Reads a .csd file through a guard: names and shapes first, then blocks of time steps.  Ids are checked when they
 * are used, so opening only costs the list of ids. */
#include "entente/csd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"

enum { PATH_BYTES = 4096 };

static ent_status path_of(const ent_csd *csd, int64_t i, const char *what, char path[PATH_BYTES])
{
    const int length = snprintf(path, PATH_BYTES, "/%s/data/%s/%s", csd->root, csd->id[i], what);
    ENT_REQUIRE(length < PATH_BYTES, ENT_EFORMAT, "%s: an id of %zu bytes, want a path of less than %d", csd->path,
                strlen(csd->id[i]), PATH_BYTES);
    return ENT_OK;
}

/* ---- open ---- */

static ent_status take_root(ent_csd *csd, char **list, int64_t count)
{
    ENT_REQUIRE(count > 0, ENT_EFORMAT, "%s: found no root group, want one", csd->path);
    ENT_REQUIRE(count == 1, ENT_EFORMAT, "%s: found %lld root groups ('%.64s', '%.64s'%s), want one", csd->path,
                (long long)count, list[0], list[1], count > 2 ? ", ..." : "");
    csd->root = ent_text(list[0]);
    ENT_REQUIRE(csd->root, ENT_ENOMEM, "%s: no memory", csd->path);
    return ENT_OK;
}

static ent_status find_root(ent_csd *csd)
{
    char **list;
    int64_t count;
    ENT_TRY(ent_guard_names(csd->guard, csd->file, "/", &list, &count));
    const ent_status status = take_root(csd, list, count);
    ent_h5_names_free(list, count);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static ent_status list_ids(ent_csd *csd)
{
    char path[PATH_BYTES], **list;
    int64_t count;
    ENT_REQUIRE(snprintf(path, sizeof path, "/%s", csd->root) < PATH_BYTES - 8, ENT_EFORMAT,
                "%s: a root of %zu bytes, want a path of less than %d", csd->path, strlen(csd->root), PATH_BYTES);
    ENT_TRY(ent_guard_names(csd->guard, csd->file, path, &list, &count));
    bool data = false;
    for (int64_t k = 0; k < count; k++) data = data || strcmp(list[k], "data") == 0;
    ent_h5_names_free(list, count);
    ENT_REQUIRE(data, ENT_EFORMAT, "%s: no group %s/data", csd->path, path);
    strcat(path, "/data");
    ENT_TRY(ent_guard_names(csd->guard, csd->file, path, &csd->id, &csd->ids));
    ENT_REQUIRE(csd->ids > 0, ENT_EFORMAT, "%s: no ids in %s", csd->path, path);
    qsort(csd->id, (size_t)csd->ids, sizeof *csd->id, by_name);
    return ENT_OK;
}

/* Numbers per time step: the product of all sizes except the first. */
static ent_status step_numbers(const ent_csd *csd, int64_t i, const char *path, const ent_h5_shape *shape, int64_t *d)
{
    ENT_REQUIRE(shape->rank >= 2, ENT_EFORMAT, "%s: %s has rank %d, want at least 2: [steps, features]", csd->path,
                path, shape->rank);
    *d = 1;
    for (int k = 1; k < shape->rank; k++) {
        ENT_REQUIRE(shape->size[k] >= 1 && shape->size[k] <= ENT_GUARD_BYTES / (int64_t)sizeof(double) / *d,
                    ENT_EFORMAT, "%s: id '%s': %lld features per step, want 1..%lld", csd->path, csd->id[i],
                    (long long)shape->size[k], (long long)(ENT_GUARD_BYTES / sizeof(double)));
        *d *= shape->size[k];
    }
    return ENT_OK;
}

static ent_status open_all(ent_csd *csd)
{
    char path[PATH_BYTES];
    ent_h5_shape shape;
    ENT_TRY(ent_guard_open(csd->guard, csd->path, &csd->file));
    ENT_TRY(find_root(csd));
    ENT_TRY(list_ids(csd));
    ENT_TRY(path_of(csd, 0, "features", path));
    ENT_TRY(ent_guard_describe(csd->guard, csd->file, path, &shape));
    csd->type = ent_h5_real_type(&shape);
    return step_numbers(csd, 0, path, &shape, &csd->dimension);
}

ent_status ent_csd_open(ent_guard *guard, const char *path, ent_csd *out)
{
    *out = (ent_csd){.guard = guard, .path = ent_text(path)};
    const ent_status status = out->path ? open_all(out) : ent_fail(ENT_ENOMEM, "%s: no memory to open it", path);
    if (status != ENT_OK) ent_csd_close(out);
    return status;
}

void ent_csd_close(ent_csd *csd)
{
    ent_h5_names_free(csd->id, csd->ids);
    ent_free(csd->root);
    ent_free(csd->path);
    *csd = (ent_csd){.guard = NULL};
}

/* ---- time steps ---- */

ent_status ent_csd_steps(const ent_csd *csd, int64_t i, int64_t *steps)
{
    char path[PATH_BYTES];
    ent_h5_shape features, intervals;
    int64_t d = 0;
    ENT_TRY(path_of(csd, i, "features", path));
    ENT_TRY(ent_guard_describe(csd->guard, csd->file, path, &features));
    ENT_TRY(step_numbers(csd, i, path, &features, &d));
    ENT_REQUIRE(d == csd->dimension, ENT_EFORMAT, "%s: id '%s' has %lld features per step, '%s' has %lld", csd->path,
                csd->id[i], (long long)d, csd->id[0], (long long)csd->dimension);
    ENT_TRY(path_of(csd, i, "intervals", path));
    ENT_TRY(ent_guard_describe(csd->guard, csd->file, path, &intervals));
    ENT_REQUIRE(intervals.rank == 2 && intervals.size[1] == 2, ENT_EFORMAT, "%s: %s is not [steps, 2]", csd->path,
                path);
    ENT_REQUIRE(intervals.size[0] == features.size[0], ENT_EFORMAT,
                "%s: id '%s' has %lld intervals and %lld features", csd->path, csd->id[i],
                (long long)intervals.size[0], (long long)features.size[0]);
    *steps = features.size[0];
    return ENT_OK;
}

int64_t ent_csd_block(const ent_csd *csd)
{
    return ENT_GUARD_BYTES / (csd->dimension * (int64_t)sizeof(double));
}

static ent_status check_interval(const ent_csd *csd, int64_t i, int64_t step, const double *at)
{
    for (int k = 0; k < 2; k++)
        ENT_REQUIRE(isfinite(at[k]), ENT_EDATA, "%s: id '%s', step %lld: time %g, want a finite number", csd->path,
                    csd->id[i], (long long)step, at[k]);
    ENT_REQUIRE(at[0] <= at[1], ENT_EDATA, "%s: id '%s', step %lld: starts at %g, after its end at %g", csd->path,
                csd->id[i], (long long)step, at[0], at[1]);
    return ENT_OK;
}

ent_status ent_csd_intervals(const ent_csd *csd, int64_t i, int64_t first, int64_t n, double *interval)
{
    char path[PATH_BYTES];
    ENT_TRY(path_of(csd, i, "intervals", path));
    const ent_guard_span span = {ENT_H5_F64, first, n, 2 * sizeof *interval};
    ENT_TRY(ent_guard_rows(csd->guard, csd->file, path, &span, interval));
    for (int64_t k = 0; k < n; k++) ENT_TRY(check_interval(csd, i, first + k, interval + 2 * k));
    return ENT_OK;
}

ent_status ent_csd_features(const ent_csd *csd, int64_t i, int64_t first, int64_t n, double *x)
{
    char path[PATH_BYTES];
    ENT_TRY(path_of(csd, i, "features", path));
    const ent_guard_span span = {ENT_H5_F64, first, n, (size_t)csd->dimension * sizeof *x};
    return ent_guard_rows(csd->guard, csd->file, path, &span, x);
}

/* ---- ids ---- */

/* The first id that is not less than `id`. */
static int64_t lower_bound(const ent_csd *csd, const char *id)
{
    int64_t low = 0, high = csd->ids;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (strcmp(csd->id[middle], id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t ent_csd_find(const ent_csd *csd, const char *id)
{
    const int64_t at = lower_bound(csd, id);
    return at < csd->ids && strcmp(csd->id[at], id) == 0 ? at : -1;
}

size_t ent_csd_video_bytes(const char *id)
{
    const size_t length = strlen(id);
    if (length < 3 || id[length - 1] != ']') return length;
    size_t at = length - 1;
    while (at > 0 && id[at - 1] >= '0' && id[at - 1] <= '9') at--;
    return at >= 2 && at < length - 1 && id[at - 1] == '[' ? at - 1 : length;
}

int64_t ent_csd_parts(const ent_csd *csd, const char *video, int64_t *count)
{
    char prefix[PATH_BYTES];
    const int length = snprintf(prefix, sizeof prefix, "%s[", video);
    *count = 0;
    if (length >= PATH_BYTES) return 0;
    const int64_t first = lower_bound(csd, prefix);
    while (first + *count < csd->ids && strncmp(csd->id[first + *count], prefix, (size_t)length) == 0) ++*count;
    return first;
}
