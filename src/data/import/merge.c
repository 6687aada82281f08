/* All datasets of the first file are copied block by block under their names; then the additions are written. */
#include "entente/merge.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/csd.h"
#include "entente/dataset.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/split.h"
#include "entente/table.h"
#include "data/dataset_notes.h"

enum { BLOCK_BYTES = 8 << 20, PATH_BYTES = 512 };

typedef struct {
    const ent_merge_inp *inp;
    ent_merge_report *report;
    ent_h5 *from[ENT_MERGE_FILES], *to;
    int64_t rows;
    char **id; /* [rows] of the first file, or NULL */
    int32_t *group;
} merging;

static ent_status no_memory(const merging *g)
{
    return ent_fail(ENT_ENOMEM, "%s: no memory", g->inp->out);
}

/* ---- copying ---- */

static ent_status copy_rows(ent_h5 *from, ent_h5 *to, const char *name, const ent_h5_shape *shape, ent_h5_type type)
{
    int64_t step = 1;
    for (int k = 1; k < shape->rank; k++) step *= shape->size[k];
    const int64_t bytes = step * 8, most = bytes > BLOCK_BYTES ? 1 : bytes > 0 ? BLOCK_BYTES / bytes : 1;
    void *block = ent_alloc(most, (size_t)(bytes > 0 ? bytes : 1));
    ENT_REQUIRE(block, ENT_ENOMEM, "%s: no memory for a block", name);
    ent_status status = ent_h5_write(to, name, type, shape->rank, shape->size, NULL);
    for (int64_t first = 0; first < shape->size[0] && status == ENT_OK; first += most) {
        const int64_t n = shape->size[0] - first < most ? shape->size[0] - first : most;
        status = ent_h5_read_rows(from, name, type, first, n, block);
        if (status == ENT_OK) status = ent_h5_write_rows(to, name, type, first, n, block);
    }
    ent_free(block);
    return status;
}

static ent_status copy_set(ent_h5 *from, ent_h5 *to, const char *name, ent_h5_type real, ent_h5_type whole)
{
    ent_h5_shape shape;
    ENT_TRY(ent_h5_describe(from, name, &shape));
    return copy_rows(from, to, name, &shape, shape.real ? real : whole);
}

static ent_status copy_modality(ent_h5 *from, ent_h5 *to, const char *name)
{
    char path[PATH_BYTES];
    ent_h5_shape shape;
    snprintf(path, sizeof path, "/modality/%s/features", name);
    ENT_REQUIRE(!ent_h5_has(to, path), ENT_EDATA, "modality '%s' is in two of the files", name);
    ENT_TRY(ent_h5_describe(from, path, &shape));
    ENT_TRY(copy_rows(from, to, path, &shape, ent_h5_real_type(&shape)));
    snprintf(path, sizeof path, "/modality/%s/present", name);
    return ent_h5_has(from, path) ? copy_set(from, to, path, ENT_H5_U8, ENT_H5_U8) : ENT_OK;
}

static ent_status copy_modalities(merging *g, int k)
{
    ent_dataset *d;
    ENT_TRY(ent_dataset_open(g->inp->path[k], 0, NULL, NULL, &d));
    ent_status status = ENT_OK;
    if (d->rows != g->rows)
        status = ent_fail(ENT_EDATA, "%s has %lld rows, %s has %lld", g->inp->path[0], (long long)g->rows,
                          g->inp->path[k], (long long)d->rows);
    for (int m = 0; m < d->modalities && status == ENT_OK; m++)
        status = copy_modality(g->from[k], g->to, d->modality[m].name);
    g->report->modalities += d->modalities;
    ent_dataset_free(d);
    return status == ENT_OK ? ENT_OK : ent_fail_in(status, "%s", g->inp->path[k]);
}

static ent_status copy_labels(merging *g)
{
    char **name, path[PATH_BYTES];
    int64_t count;
    ENT_TRY(ent_h5_names(g->from[0], "/label", &name, &count));
    ent_status status = ENT_OK;
    for (int64_t k = 0; k < count && status == ENT_OK; k++) {
        snprintf(path, sizeof path, "/label/%s", name[k]);
        status = copy_set(g->from[0], g->to, path, ENT_H5_F64, ENT_H5_I32);
    }
    ent_h5_names_free(name, count);
    return status;
}

/* The texts that the files give for an attribute, each once: "a; b". */
static ent_status copy_attribute(merging *g, const char *name)
{
    char *text, whole[4096] = "";
    for (int k = 0; k < g->inp->files; k++) {
        const size_t used = strlen(whole);
        if (ent_h5_read_attribute(g->from[k], "/", name, &text) != ENT_OK) continue;
        if (!strstr(whole, text) && used + strlen(text) + 2 < sizeof whole)
            snprintf(whole + used, sizeof whole - used, "%s%s", used ? "; " : "", text);
        ent_free(text);
    }
    return *whole ? ent_h5_write_attribute(g->to, "/", name, whole) : ENT_OK;
}

/* ---- groups ---- */

typedef struct {
    const char *id;
    int32_t group;
} member;

static int by_id(const void *a, const void *b)
{
    return strcmp(((const member *)a)->id, ((const member *)b)->id);
}

static ent_status check_members(const merging *g, const member *list, int64_t n)
{
    for (int64_t k = 1; k < n; k++)
        ENT_REQUIRE(strcmp(list[k].id, list[k - 1].id) != 0 || list[k].group == list[k - 1].group, ENT_EDATA,
                    "%s: id '%s' has two groups", g->inp->groups, list[k].id);
    return ENT_OK;
}

/* Find the entry of a row: by its id, else by its video. */
static const member *find_member(const char *id, const member *list, int64_t n)
{
    char video[4096];
    const member *own = bsearch(&(member){.id = id}, list, (size_t)n, sizeof *list, by_id);
    const size_t bytes = ent_csd_video_bytes(id);
    if (own || bytes >= sizeof video) return own;
    memcpy(video, id, bytes);
    video[bytes] = '\0';
    return bsearch(&(member){.id = video}, list, (size_t)n, sizeof *list, by_id);
}

static ent_status assign(merging *g, const member *list, int64_t n, uint8_t *used)
{
    int64_t without = 0, first = -1;
    for (int64_t row = 0; row < g->rows; row++) {
        const member *found = find_member(g->id[row], list, n);
        if (found) {
            g->group[row] = found->group;
            used[found - list] = 1;
        } else if (without++ == 0) {
            first = row;
        }
    }
    ENT_REQUIRE(without == 0, ENT_EDATA, "%s: %lld rows have no group, '%s' the first", g->inp->groups,
                (long long)without, g->id[first]);
    for (int64_t k = 0; k < n; k++) g->report->unused += !used[k];
    return ENT_OK;
}

static ent_status assign_by_id(merging *g, int64_t n, char *const *id, const int32_t *number)
{
    ENT_REQUIRE(g->id, ENT_EDATA, "%s: found no /id, want a table of one column with a group for each row",
                g->inp->path[0]);
    member *list = ent_alloc(n, sizeof *list);
    uint8_t *used = ent_alloc(n, 1);
    ent_status status = list && used ? ENT_OK : no_memory(g);
    if (status == ENT_OK) {
        for (int64_t k = 0; k < n; k++) list[k] = (member){id[k], number[k]};
        qsort(list, (size_t)n, sizeof *list, by_id);
        status = check_members(g, list, n);
    }
    if (status == ENT_OK) status = assign(g, list, n, used);
    ent_free(list);
    ent_free(used);
    return status;
}

static ent_status assign_by_row(merging *g, int64_t n, const int32_t *number)
{
    ENT_REQUIRE(n == g->rows, ENT_EDATA, "%s has %lld rows, %s has %lld", g->inp->groups, (long long)n,
                g->inp->path[0], (long long)g->rows);
    memcpy(g->group, number, (size_t)n * sizeof *number);
    return ENT_OK;
}

static int64_t column_of(const ent_table *t, const char *name, int64_t otherwise)
{
    const int64_t found = ent_table_find(t, name);
    return found >= 0 ? found : otherwise;
}

static ent_status check_groups(const merging *g, int64_t n, char *const *text)
{
    for (int64_t k = 0; k < n; k++)
        ENT_REQUIRE(!ent_table_missing(text[k]), ENT_EDATA, "%s: row %lld has no group: found '%s'", g->inp->groups,
                    (long long)k, text[k]);
    return ENT_OK;
}

static ent_status take_groups(merging *g, ent_table *t)
{
    const int64_t n = ent_table_rows(t), index = ent_table_index(t) + 1; /* 1: column 0 is one */
    const int64_t columns = ent_table_columns(t) - index;
    char **id = NULL, **text = NULL, **name = NULL;
    int64_t names = 0;
    int32_t *number = ent_alloc(n, sizeof *number);
    g->group = ent_alloc(g->rows, sizeof *g->group);
    ent_status status = number && g->group ? ENT_OK : no_memory(g);
    if (status == ENT_OK) status = ent_table_text(t, column_of(t, "group", index + (columns > 1)), &text);
    if (status == ENT_OK) status = check_groups(g, n, text);
    if (status == ENT_OK) status = ent_table_number(n, text, number, &name, &names);
    if (status == ENT_OK && columns > 1) status = ent_table_text(t, column_of(t, "id", index), &id);
    if (status == ENT_OK) status = columns > 1 ? assign_by_id(g, n, id, number) : assign_by_row(g, n, number);
    if (status == ENT_OK) status = ent_h5_write(g->to, "/group", ENT_H5_I32, 1, &g->rows, g->group);
    if (status == ENT_OK && name)
        status = ent_h5_write_strings(g->to, "/group_name", names, (const char *const *)name);
    ent_h5_names_free(name, names);
    ent_h5_names_free(text, n);
    ent_h5_names_free(id, n);
    ent_free(number);
    return status;
}

static ent_status write_groups(merging *g)
{
    ent_table *t;
    if (!g->inp->groups)
        return ent_h5_has(g->from[0], "/group") ? copy_set(g->from[0], g->to, "/group", ENT_H5_F32, ENT_H5_I32)
                                                : ENT_OK;
    ENT_TRY(ent_table_open(g->inp->groups, ENT_HEADER_AUTO, &t));
    ent_status status = ent_table_columns(t) == 1 ? ent_table_fit(t, g->rows) : ENT_OK;
    if (status == ENT_OK) status = take_groups(g, t);
    ent_table_free(t);
    ENT_TRY(status);
    int32_t *unique;
    ENT_TRY(ent_split_groups(g->rows, g->group, &unique, &g->report->groups));
    ent_free(unique);
    return ENT_OK;
}

/* ---- all of it ---- */

static ent_status check_ids(const merging *g, int k)
{
    char **id;
    int64_t count, row = 0;
    if (!g->id || !ent_h5_has(g->from[k], "/id")) return ENT_OK;
    ENT_TRY(ent_h5_read_strings(g->from[k], "/id", &id, &count));
    while (row < g->rows && row < count && strcmp(id[row], g->id[row]) == 0) row++;
    ent_status status = ENT_OK;
    if (row < g->rows || row < count)
        status = ent_fail(ENT_EDATA, "%s: row %lld has the id '%s', in %s it has '%s'", g->inp->path[k],
                          (long long)row, row < count ? id[row] : "none", g->inp->path[0],
                          row < g->rows ? g->id[row] : "none");
    ent_h5_names_free(id, count);
    return status;
}

static ent_status open_first(merging *g)
{
    ent_dataset *d;
    int64_t count = 0;
    ENT_TRY(ent_dataset_open(g->inp->path[0], 0, NULL, NULL, &d));
    g->rows = g->report->rows = d->rows;
    ent_dataset_free(d);
    if (!ent_h5_has(g->from[0], "/id")) return ENT_OK;
    ENT_TRY(ent_h5_read_strings(g->from[0], "/id", &g->id, &count));
    if (count == g->rows) return ENT_OK;
    ent_h5_names_free(g->id, count);
    g->id = NULL;
    return ent_fail(ENT_EFORMAT, "%s: %lld ids of %lld rows", g->inp->path[0], (long long)count, (long long)g->rows);
}

static ent_status write_all(merging *g)
{
    ENT_TRY(copy_labels(g));
    ENT_TRY(copy_set(g->from[0], g->to, "/split", ENT_H5_U8, ENT_H5_U8));
    ENT_TRY(write_groups(g));
    static const char *const more[] = {"/interval",
                                       "/image"}; /* datasets that importers write in addition to the rows */
    for (int k = 0; k < 2; k++)
        if (ent_h5_has(g->from[0], more[k])) ENT_TRY(copy_set(g->from[0], g->to, more[k], ENT_H5_F64, ENT_H5_I32));
    if (g->id) ENT_TRY(ent_h5_write_strings(g->to, "/id", g->rows, (const char *const *)g->id));
    for (int k = 0; k < g->inp->files; k++) {
        ENT_TRY(check_ids(g, k));
        ENT_TRY(copy_modalities(g, k));
    }
    static const char *const attribute[] = {"name", "source", "licence"};
    for (int k = 0; k < 3; k++) ENT_TRY(copy_attribute(g, attribute[k]));
    return ent_dataset_annotate(g->to);
}

static ent_status run(merging *g)
{
    ENT_REQUIRE(g->inp->files >= 1 && g->inp->files <= ENT_MERGE_FILES, ENT_EARG, "merge: %d files, want 1..%d",
                g->inp->files, ENT_MERGE_FILES);
    for (int k = 0; k < g->inp->files; k++) ENT_TRY(ent_h5_open(g->inp->path[k], &g->from[k]));
    ENT_TRY(open_first(g));
    ENT_TRY(ent_h5_create_shared(NULL, g->inp->out, &g->to));
    const ent_status status = write_all(g);
    if (status == ENT_OK) return ent_h5_finish(g->to);
    ent_h5_close(g->to);
    return status;
}

ent_status ent_merge(const ent_merge_inp *inp, ent_merge_report *report)
{
    merging g = {.inp = inp, .report = report};
    *report = (ent_merge_report){.rows = 0};
    const ent_status status = run(&g);
    for (int k = 0; k < ENT_MERGE_FILES; k++) ent_h5_close(g.from[k]);
    ent_h5_names_free(g.id, g.rows);
    ent_free(g.group);
    return status;
}
