/* entente merge: combines data sets with the same rows. */
#include <errno.h>

#include "app.h"
#include "entente/merge.h"

typedef struct {
    ent_merge_inp inp;
    bool replace;
} arguments;

enum { KEY_OUT = 'o', KEY_GROUP = 'g', KEY_REPLACE = 256 };

static const struct argp_option OPTIONS[] = {
    {"out", KEY_OUT, "FILE", 0, "the data set to write (HDF5)", 0},
    {"with-group-from", KEY_GROUP, "CSV", 0,
     "groups (natural clients): columns id and group, or a single column with a row for each row of the data", 0},
    {"replace", KEY_REPLACE, NULL, 0, "overwrite the data set", 0},
    {0}};

static error_t take_file(struct argp_state *state, arguments *a, const char *path)
{
    if (app_want(state, a->inp.files < ENT_MERGE_FILES, "at most 16 files")) return EINVAL;
    a->inp.path[a->inp.files++] = path;
    return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case KEY_OUT:
        a->inp.out = value;
        return 0;
    case KEY_GROUP:
        a->inp.groups = value;
        return 0;
    case KEY_REPLACE:
        a->replace = true;
        return 0;
    case ARGP_KEY_ARG:
        return take_file(state, a, value);
    case ARGP_KEY_END:
        return app_want(state, a->inp.files > 0, "a data set") || app_want(state, a->inp.out, "--out FILE") ? EINVAL
                                                                                                            : 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    OPTIONS,
    parse,
    "FILE.h5...",
    "Combine the modalities of data sets with the same rows, and add "
    "groups.\vLabels, parts and groups are those of the first file.  An id of the CSV file "
    "is the /id of a row or its video.",
    NULL,
    NULL,
    NULL};

int app_merge(int argc, char **argv)
{
    arguments a = {.replace = false};
    ent_merge_report r;
    app_parse(&ARGP, argc, argv, &a);
    ent_status status = app_may_write(NULL, a.inp.out, a.replace);
    if (status == ENT_OK) status = ent_merge(&a.inp, &r);
    if (status != ENT_OK) return app_report(status);
    printf("%s: %lld rows, %d modalities", a.inp.out, (long long)r.rows, r.modalities);
    if (r.groups > 0) printf(", %lld groups", (long long)r.groups);
    if (r.unused > 0) printf("; %lld ids of the table match no row", (long long)r.unused);
    printf("\n");
    return 0;
}
