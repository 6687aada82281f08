/* entente import csd: makes a data set from files of the CMU Multimodal SDK. */
#include <string.h>

#include "app.h"
#include "entente/csd.h"

typedef struct {
    ent_csd_inp inp;
    cli_files from;
    cli_shares split;
    cli_import_to to;
} arguments;

static const char *const POOLS[] = {"mean", "mean_std", "max", "first", NULL};
static const char *const NONFINITE[] = {"mean", "absent", "error", NULL};
static const char *const BINNINGS[] = {"mosei", "mosi", NULL};

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    {"modality", 'm', "NAME=FILE", "a modality and its .csd file; repeat for each modality", AT(from),
     .type = CLI_FILES, .required = true},
    {"labels", 'l', "FILE", "the label file (.csd): every segment becomes a row", AT(inp.labels), .type = CLI_TEXT,
     .required = true},
    {"pool", 0, "HOW", "how to pool the time steps of a segment: mean (default), mean_std, max or first",
     AT(inp.pool), .type = CLI_WORD, .words = POOLS},
    {"folds", 0, "FILE", "lists of ids for train, validation and test; segments in no list are left out",
     AT(inp.folds), .type = CLI_TEXT},
    {"split", 0, "A,B,C", "instead of --folds: shares of train, validation and test, by video (default: 0.7,0.1,0.2)",
     AT(split), .type = CLI_SHARES, .instead_of = "folds"},
    {"binning", 0, "HOW", "three classes as in papers on mosei (default) or mosi", AT(inp.binning), .type = CLI_WORD,
     .words = BINNINGS},
    {"nonfinite", 0, "HOW",
     "numbers that are not finite: the training mean if nothing else is left (mean, default), their time steps "
     "left out (absent), or refused (error)",
     AT(inp.nonfinite), .type = CLI_WORD, .words = NONFINITE},
    CLI_IMPORT_OPTIONS("seed of the split (0)", AT(to)),
    {0}};

static const cli_line LINE = {
    .options = OPTIONS,
    .doc =
        "Make a data set from files of the CMU Multimodal SDK.\v"
        "Every segment of the label file becomes a row; a modality's time steps are weighted by the seconds that "
        "they "
        "share with it, and without any the modality is absent.  /label: value (column 0), column_1 .. (the "
        "others), class (value >= 0), class3, class5, class7.  Under mpirun the ids are distributed over the ranks."};

static void print_report(const arguments *a, const ent_csd_report *r)
{
    const ent_csd_inp *inp = &a->inp;
    printf("%s: %lld rows of %lld videos (train %lld, validation %lld, test %lld)\n", inp->out, (long long)r->rows,
           (long long)r->videos, (long long)r->part[0], (long long)r->part[1], (long long)r->part[2]);
    for (int m = 0; m < inp->modalities; m++) {
        const ent_csd_counts *c = &r->modality[m];
        printf("  %-16s present in %lld rows", inp->name[m], (long long)c->present);
        if (c->nonfinite > 0) printf("; %lld non-finite numbers", (long long)c->nonfinite);
        if (c->filled > 0) printf(", %lld numbers of the rows replaced by the training mean", (long long)c->filled);
        if (c->ids_unlabelled > 0) printf("; %lld ids without labels", (long long)c->ids_unlabelled);
        if (c->ids_missing > 0) printf("; lacks %lld ids of the labels", (long long)c->ids_missing);
        printf("\n");
    }
    if (r->left_out > 0) printf("  %lld segments are in no fold and were left out\n", (long long)r->left_out);
    if (r->bare > 0) printf("  %lld rows have no modality at all\n", (long long)r->bare);
}

static ent_status run_import(ent_comm *world, ent_guard *guard, arguments *a)
{
    ent_csd_report report;
    cli_bar bar = {.what = "rows", .quiet = a->to.quiet || ent_comm_rank(world) != 0};
    cli_files_copy(&a->from, &a->inp.modalities, a->inp.name, a->inp.path);
    memcpy(a->inp.share, a->split.of, sizeof a->inp.share);
    a->inp.out = a->to.out;
    a->inp.seed = (uint64_t)a->to.seed;
    a->inp.progress = cli_bar_show;
    a->inp.progress_data = &bar;
    ENT_TRY(cli_may_write(world, a->to.out, a->to.replace));
    const ent_status status = ent_csd_import(world, guard, &a->inp, &report);
    cli_bar_end(&bar);
    if (status == ENT_OK && ent_comm_rank(world) == 0 && !a->to.quiet) print_report(a, &report);
    return status;
}

int app_import_csd(int argc, char **argv)
{
    arguments a = {.split = {.of = {0.7, 0.1, 0.2}}};
    ent_comm *world;
    ent_guard *guard;
    const ent_guard_inp inp = ent_guard_default();
    if (ent_guard_start(&inp, &guard) != ENT_OK) return cli_report(ENT_EIO); /* must start before MPI */
    ent_status status = cli_start(&LINE, argc, argv, &a, &world);
    if (status != ENT_OK) {
        ent_guard_stop(guard);
        ent_comm_finish(world);
        return CLI_USAGE;
    }
    status = run_import(world, guard, &a);
    ent_guard_stop(guard);
    return cli_finish(world, status);
}
