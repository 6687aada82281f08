/* entente import table: makes a data set from CSV files and NumPy arrays. */
#include <string.h>

#include "app.h"
#include "entente/table.h"
#include "entente/visible.h"

typedef struct {
    ent_table_inp inp;
    cli_files from;
    cli_shares split;
    cli_import_to to;
} arguments;

static const char *const HEADERS[] = {"auto", "yes", "no", NULL};
static const char *const HOLES[] = {"mean", "absent", "error", NULL};

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"modality", 'm', "NAME=FILE", "a modality and its table (.csv or .npy, plain or .gz); repeat for each modality",
     AT(from), .type = CLI_FILES, .required = true},
    {"label", 'l', "FILE[:COLUMN]", "the label: whole numbers or words are classes, other numbers are values",
     AT(inp.label), .type = CLI_TEXT, .required = true},
    {"group", 'g', "FILE[:COLUMN]", "a speaker or the like, who becomes a natural client", AT(inp.group),
     .type = CLI_TEXT},
    {"part", 0, "FILE[:COLUMN]", "0, 1, 2 or train, validation, test", AT(inp.part), .type = CLI_TEXT},
    {"split", 0, "A,B,C",
     "instead of --part: shares of train, validation and test, by group if there are groups (default: 0.7,0.1,0.2)",
     AT(split), .type = CLI_SHARES, .instead_of = "part"},
    {"header", 0, "HOW",
     "whether the first line of a CSV file names the columns: yes, no, or detected and reported (auto, default)",
     AT(inp.header), .type = CLI_WORD, .words = HEADERS},
    {"nonfinite", 0, "HOW",
     "empty cells and numbers that are not finite: the training mean (mean, default), the row absent (absent), or "
     "refused (error)",
     AT(inp.holes), .type = CLI_WORD, .words = HOLES},
    CLI_IMPORT_OPTIONS("seed of the split (0)", AT(to)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .doc = "Make a data set from tables, one row per sample.\v"
           "A column is named as in the first line of the CSV file, else by its number from 0.  If "
           "label, group or part is a column in the file of a modality, it is not a feature; nor "
           "is a first column without a name, which is an index.  Cells that are empty, NA, N/A, null, "
           "None, nan or ? are missing."};

static void print_note(void *quiet, const char *path, const char *text)
{
    char shown[1024];
    if (!*(const bool *)quiet) printf("%s: %s\n", path, ent_visible(text, "", shown, sizeof shown));
}

static void print_report(const arguments *a, const ent_table_report *r)
{
    printf("%s: %lld rows (train %lld, validation %lld, test %lld)", a->inp.out, (long long)r->rows,
           (long long)r->part[0], (long long)r->part[1], (long long)r->part[2]);
    if (r->classes > 0) printf(", %d class%s", r->classes, r->classes == 1 ? "" : "es");
    if (r->groups > 0) printf(", %lld groups", (long long)r->groups);
    printf("\n");
    for (int m = 0; m < a->inp.modalities; m++) {
        printf("  %-16s %lld features, present in %lld rows", a->inp.name[m], (long long)r->dimension[m],
               (long long)r->present[m]);
        if (r->holes[m] > 0) printf("; %lld numbers missing or not finite", (long long)r->holes[m]);
        if (r->constant[m] > 0)
            printf("; %lld constant in the training rows, the first in column %lld", (long long)r->constant[m],
                   (long long)r->first_constant[m]);
        printf("\n");
    }
}

static ent_status run_import(arguments *a)
{
    ent_table_report report;
    cli_bar bar = {.what = "rows", .quiet = a->to.quiet};
    a->inp.note = print_note;
    a->inp.note_data = &a->to.quiet;
    cli_files_copy(&a->from, &a->inp.modalities, a->inp.name, a->inp.path);
    memcpy(a->inp.share, a->split.of, sizeof a->inp.share);
    a->inp.out = a->to.out;
    a->inp.seed = (uint64_t)a->to.seed;
    a->inp.progress = cli_bar_show;
    a->inp.progress_data = &bar;
    ENT_TRY(cli_may_write(NULL, a->to.out, a->to.replace));
    const ent_status status = ent_table_import(&a->inp, &report);
    cli_bar_end(&bar);
    if (status == ENT_OK && !a->to.quiet) print_report(a, &report);
    return status;
}

/* Tables are read sequentially, so one process without MPI does it. */
int app_import_table(int argc, char **argv)
{
    arguments a = {.split = {.of = {0.7, 0.1, 0.2}}};
    cli_parse(&LINE, argc, argv, &a);
    return cli_report(run_import(&a));
}
