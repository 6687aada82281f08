/* entente merge: combines data sets with the same rows. */
#include "app.h"
#include "entente/merge.h"

typedef struct {
    ent_merge_inp inp;
    cli_list files;
    bool replace;
} arguments;

static error_t check(struct argp_state *state, char *value, void *arguments_)
{
    const arguments *a = arguments_;
    (void)value;
    return cli_want(state, a->files.count <= ENT_MERGE_FILES, "at most 16 files");
}

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    CLI_OPTION_DATA(AT(inp.out)),
    {"with-group-from", 'g', "CSV",
     "groups (natural clients): columns id and group, or a single column with a row for each row of the data",
     AT(inp.groups), .type = CLI_TEXT},
    CLI_OPTION_REPLACE("overwrite the data set", AT(replace)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .argument = {.what = "data set", .wanted = "a data set", .offset = AT(files), .list = true, .doc = "FILE.h5..."},
    .check = check,
    .doc = "Combine the modalities of data sets with the same rows, and add "
           "groups.\vLabels, parts and groups are those of the first file.  An id of the CSV file "
           "is the /id of a row or its video."};

int app_merge(int argc, char **argv)
{
    arguments a = {.replace = false};
    ent_merge_report r;
    cli_parse(&LINE, argc, argv, &a);
    while (a.inp.files < a.files.count) {
        a.inp.path[a.inp.files] = a.files.text[a.inp.files];
        a.inp.files++;
    }
    ent_status status = cli_may_write(NULL, a.inp.out, a.replace);
    if (status == ENT_OK) status = ent_merge(&a.inp, &r);
    if (status != ENT_OK) return cli_report(status);
    printf("%s: %lld rows, %d modalities", a.inp.out, (long long)r.rows, r.modalities);
    if (r.groups > 0) printf(", %lld groups", (long long)r.groups);
    if (r.unused > 0) printf("; %lld ids of the table match no row", (long long)r.unused);
    printf("\n");
    return 0;
}
