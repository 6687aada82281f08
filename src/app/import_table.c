/* entente import table: makes a data set from CSV files and NumPy arrays. */
#include <errno.h>

#include "app.h"
#include "entente/table.h"
#include "entente/visible.h"

typedef struct {
    ent_table_inp inp;
    int header, holes;
    bool split;
    app_import_to to;
} arguments;

enum { KEY_MODALITY = 'm', KEY_LABEL = 'l', KEY_GROUP = 'g', KEY_PART = 256, KEY_SPLIT, KEY_HEADER, KEY_NONFINITE };

static const struct argp_option OPTIONS[] = {
    {"modality", KEY_MODALITY, "NAME=FILE", 0,
     "a modality and its table (.csv, .csv.gz or .npy); repeat for each modality", 0},
    {"label", KEY_LABEL, "FILE[:COLUMN]", 0,
     "the label: whole numbers or words are classes, other numbers are values", 0},
    {"group", KEY_GROUP, "FILE[:COLUMN]", 0, "a speaker or the like, who becomes a natural client", 0},
    {"part", KEY_PART, "FILE[:COLUMN]", 0, "0, 1, 2 or train, validation, test", 0},
    {"split", KEY_SPLIT, "A,B,C", 0, "or shares of them, by group if there are groups (default: 0.7,0.1,0.2)", 0},
    {"header", KEY_HEADER, "HOW", 0,
     "whether the first line of a CSV file names the columns: yes, no, or detected and reported (auto, default)", 0},
    {"nonfinite", KEY_NONFINITE, "HOW", 0,
     "empty cells and numbers that are not finite: the training mean (mean, default), the row absent (absent), or "
     "refused (error)",
     0},
    APP_IMPORT_OPTIONS("seed of the split (0)"),
    {0}};

static const char *const HEADERS[] = {"auto", "yes", "no", NULL};
static const char *const HOLES[] = {"mean", "absent", "error", NULL};

static error_t check(struct argp_state *state, const arguments *a)
{
    if (app_want(state, a->inp.modalities > 0, "--modality NAME=FILE") ||
        app_want(state, a->inp.label, "--label FILE[:COLUMN]") || app_want(state, a->to.out, "--out FILE") ||
        app_want(state, !a->inp.part || !a->split, "--part or --split, not both"))
        return EINVAL;
    return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    ent_table_inp *inp = &a->inp;
    switch (key) {
    case KEY_MODALITY:
        return app_modality(state, value, &inp->modalities, inp->name, inp->path);
    case KEY_LABEL:
        inp->label = value;
        return 0;
    case KEY_GROUP:
        inp->group = value;
        return 0;
    case KEY_PART:
        inp->part = value;
        return 0;
    case KEY_SPLIT:
        a->split = true;
        return app_shares(state, value, inp->share);
    case KEY_HEADER:
        return app_word(state, value, HEADERS, &a->header);
    case KEY_NONFINITE:
        return app_word(state, value, HOLES, &a->holes);
    case ARGP_KEY_END:
        return check(state, a);
    default:
        return app_import_option(key, value, state, &a->to);
    }
}

static const struct argp ARGP = {
    OPTIONS,
    parse,
    NULL,
    "Make a data set from tables, one row per sample.\v"
    "A column is named as in the first line of the CSV file, else by its number from 0.  If "
    "label, group or part is a column in the file of a modality, it is not a feature; nor "
    "is a first column without a name, which is an index.  Cells that are empty, NA, N/A, null, "
    "None, nan or ? are missing.",
    NULL,
    NULL,
    NULL};

static void print_note(void *quiet, const char *path, const char *text)
{
    char shown[1024];
    if (!*(const bool *)quiet) printf("%s: %s\n", path, ent_visible(text, "", shown, sizeof shown));
}

static void print_report(const arguments *a, const ent_table_report *r)
{
    printf("%s: %lld rows (train %lld, validation %lld, test %lld)", a->inp.out, (long long)r->rows,
           (long long)r->part[0], (long long)r->part[1], (long long)r->part[2]);
    if (r->classes > 0) printf(", %d classes", r->classes);
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
    app_bar bar = {.what = "rows", .quiet = a->to.quiet};
    a->inp.header = (ent_header)a->header;
    a->inp.holes = (ent_holes)a->holes;
    a->inp.note = print_note;
    a->inp.note_data = &a->to.quiet;
    a->inp.out = a->to.out;
    a->inp.seed = (uint64_t)a->to.seed;
    a->inp.progress = app_bar_show;
    a->inp.progress_data = &bar;
    ENT_TRY(app_may_write(NULL, a->to.out, a->to.replace));
    const ent_status status = ent_table_import(&a->inp, &report);
    app_bar_end(&bar);
    if (status == ENT_OK && !a->to.quiet) print_report(a, &report);
    return status;
}

/* Tables are read sequentially, so one process without MPI does it. */
int app_import_table(int argc, char **argv)
{
    arguments a = {.inp = {.share = {0.7, 0.1, 0.2}}};
    app_parse(&ARGP, argc, argv, &a);
    return app_report(run_import(&a));
}
