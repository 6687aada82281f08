/* entente import csd: makes a data set from files of the CMU Multimodal SDK. */
#include <errno.h>
#include <string.h>

#include "app.h"
#include "entente/csd.h"

typedef struct {
    ent_csd_inp inp;
    int pool, binning, nonfinite; /* as typed */
    bool split;
    app_import_to to;
} arguments;

enum { KEY_MODALITY = 'm', KEY_LABELS = 'l', KEY_POOL = 256, KEY_FOLDS, KEY_SPLIT, KEY_BINNING, KEY_NONFINITE };

static const struct argp_option OPTIONS[] = {
    {"modality", KEY_MODALITY, "NAME=FILE", 0, "a modality and its .csd file; repeat for each modality", 0},
    {"labels", KEY_LABELS, "FILE", 0, "the label file (.csd): every segment becomes a row", 0},
    {"pool", KEY_POOL, "HOW", 0, "how to pool the time steps of a segment: mean (default), mean_std, max or first",
     0},
    {"folds", KEY_FOLDS, "FILE", 0, "lists of ids for train, validation and test; segments in no list are left out",
     0},
    {"split", KEY_SPLIT, "A,B,C", 0, "or shares of train, validation, test, by video (default: 0.7,0.1,0.2)", 0},
    {"binning", KEY_BINNING, "HOW", 0, "three classes as in papers on mosei (default) or mosi", 0},
    {"nonfinite", KEY_NONFINITE, "HOW", 0,
     "numbers that are not finite: the training mean if nothing else is left (mean, default), their time steps "
     "left out (absent), or refused (error)",
     0},
    APP_IMPORT_OPTIONS("seed of the split (0)"),
    {0}};

static const char *const POOLS[] = {"mean", "mean_std", "max", "first", NULL};
static const char *const NONFINITE[] = {"mean", "absent", "error", NULL};
static const char *const BINNINGS[] = {"mosei", "mosi", NULL};

static error_t check(struct argp_state *state, const arguments *a)
{
    if (app_want(state, a->inp.modalities > 0, "--modality NAME=FILE") ||
        app_want(state, a->inp.labels, "--labels FILE") || app_want(state, a->to.out, "--out FILE") ||
        app_want(state, !a->inp.folds || !a->split, "--folds or --split, not both"))
        return EINVAL;
    return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    ent_csd_inp *inp = &a->inp;
    switch (key) {
    case KEY_MODALITY:
        return app_modality(state, value, &inp->modalities, inp->name, inp->path);
    case KEY_LABELS:
        inp->labels = value;
        return 0;
    case KEY_POOL:
        return app_word(state, value, POOLS, &a->pool);
    case KEY_FOLDS:
        inp->folds = value;
        return 0;
    case KEY_SPLIT:
        a->split = true;
        return app_shares(state, value, inp->share);
    case KEY_BINNING:
        return app_word(state, value, BINNINGS, &a->binning);
    case KEY_NONFINITE:
        return app_word(state, value, NONFINITE, &a->nonfinite);
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
    "Make a data set from files of the CMU Multimodal SDK.\v"
    "Every segment of the label file becomes a row; a modality's time steps are weighted by the seconds that they "
    "share with it, and without any the modality is absent.  /label: value (column 0), column_1 .. (the "
    "others), class (value >= 0), class3, class5, class7.  Under mpirun the ids are distributed over the ranks.",
    NULL,
    NULL,
    NULL};

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
    app_bar bar = {.what = "rows", .quiet = a->to.quiet || ent_comm_rank(world) != 0};
    a->inp.pool = (ent_pool)a->pool;
    a->inp.binning = (ent_binning)a->binning;
    a->inp.nonfinite = (ent_nonfinite)a->nonfinite;
    a->inp.out = a->to.out;
    a->inp.seed = (uint64_t)a->to.seed;
    a->inp.progress = app_bar_show;
    a->inp.progress_data = &bar;
    ENT_TRY(app_may_write(world, a->to.out, a->to.replace));
    const ent_status status = ent_csd_import(world, guard, &a->inp, &report);
    app_bar_end(&bar);
    if (status == ENT_OK && ent_comm_rank(world) == 0 && !a->to.quiet) print_report(a, &report);
    return status;
}

int app_import_csd(int argc, char **argv)
{
    arguments a = {.inp = {.share = {0.7, 0.1, 0.2}}};
    ent_comm *world;
    ent_guard *guard;
    const ent_guard_inp inp = ent_guard_default();
    if (ent_guard_start(&inp, &guard) != ENT_OK) return app_report(ENT_EIO); /* must start before MPI */
    ent_status status = app_start(&ARGP, argc, argv, &a, &world);
    if (status != ENT_OK) {
        ent_guard_stop(guard);
        ent_comm_finish(world);
        return APP_USAGE;
    }
    status = run_import(world, guard, &a);
    ent_guard_stop(guard);
    return app_finish(world, status);
}
