/* The campaign loop.  The world is split into groups; rank 0 of each group claims the next point, the group trains
 * it, and rank 0 writes its record.  Before that the data named by the points are compared with the existing
 * records. */
#include "campaign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claim.h"
#include "cli/json.h"
#include "entente/clock.h"
#include "entente/memory.h"
#include "points.h"
#include "record.h"
#include "run/run.h"
#include "run/signals.h"

/* ---- the command line ---- */

#define AT(field) offsetof(campaign_job, field)

static const cli_option OPTIONS[] = {
    {"base", 'b', "CONFIG.yaml", "the base configuration, instead of the one named in the file", AT(base),
     .type = CLI_TEXT},
    CLI_OPTION_SET("override a key of the base configuration, for example data.file=my.h5", AT(sets)),
    CLI_OPTION_OUT("DIR", "folder for records and tables (default: sweep-NAME or study-NAME for NAME.yaml)", AT(out)),
    {"group", 'g', "R", "ranks that train one point together (default: 1; with --index all)", AT(group),
     .type = CLI_WHOLE, .low = 1, .high = INT32_MAX},
    {"index", 'i', "K", "run only point K (counting from 0), for a job array", AT(index), .type = CLI_WHOLE,
     .high = CAMPAIGN_MAX_POINTS - 1},
    {"keep", 0, "WHAT",
     "results: keep a result folder per point; table: keep only the figures (default: as in the file)", AT(keep),
     .type = CLI_TEXT},
    {"retry", 0, NULL, "run failed points again", AT(retry), .type = CLI_SWITCH},
    {"table", 0, NULL, "write the tables from the existing records, and run nothing", AT(table_alone),
     .type = CLI_SWITCH},
    {"test", 0, NULL, "sweeps only: show the test figures of all points, not only those of the selected point",
     AT(test), .type = CLI_SWITCH},
    {"dry-run", 'n', NULL, "list the points and their status, and run nothing", AT(dry_run), .type = CLI_SWITCH},
    CLI_OPTION_JSON(AT(json)),
    CLI_OPTION_QUIET("print only errors", AT(quiet)),
    {0}};

static const char RUNNING[] =
    "Running: the ranks split into groups of R; each group takes the next free point.  The same command "
    "skips every point that has a record, so a job that was killed can simply be started again, and several jobs "
    "or the tasks of an array (--index $SLURM_ARRAY_TASK_ID) may share one folder.  A failed point is recorded "
    "with its error and does not stop the others; the exit code is 0 in this case, too.  When every point has a "
    "record, the tables are written; they do not depend on which job or group ran which point.";

campaign_job campaign_start(const char *kind, const char *table)
{
    return (campaign_job){.kind = kind, .table = table, .index = -1, .begin_s = ent_clock_s()};
}

/* sweep-rates for path/rates.yaml */
static void default_folder(campaign_job *c)
{
    if (c->out) return;
    const char *slash = strrchr(c->spec, '/'), *name = slash ? slash + 1 : c->spec, *dot = strrchr(name, '.');
    const size_t length = dot ? (size_t)(dot - name) : strlen(name), kind = strlen(c->kind);
    const bool named = strncmp(name, c->kind, kind) == 0 && name[kind] == '_'; /* study_paper.yaml: study-paper */
    snprintf(c->named, sizeof c->named, "%s-%.*s", c->kind, (int)(length - (named ? kind + 1 : 0)),
             name + (named ? kind + 1 : 0));
    c->out = c->named;
}

bool campaign_is_sweep(const campaign_job *c)
{
    return strcmp(c->kind, "sweep") == 0;
}

static error_t check(struct argp_state *state, char *value, void *campaign)
{
    campaign_job *c = campaign;
    (void)value;
    if (!c->spec) {
        argp_error(state, "found no argument, want the YAML file of the %s", c->kind);
        return EINVAL;
    }
    if (c->test && !campaign_is_sweep(c)) {
        argp_error(state, "--test: found a study, which shows the test figures of all points");
        return EINVAL;
    }
    if (c->keep && strcmp(c->keep, "table") != 0 && strcmp(c->keep, "results") != 0) {
        argp_error(state, "--keep: found '%s', want table or results", c->keep);
        return EINVAL;
    }
    default_folder(c);
    return 0;
}

typedef struct {
    campaign_job job; /* first: the options are read into it */
    const campaign_kind *kind;
} campaign_arguments;

static ent_status read_plan(void *arguments, char **text)
{
    const campaign_arguments *a = arguments;
    return a->kind->plan(&a->job, text);
}

static ent_status run_plan(ent_comm *world, void *arguments, const char *text)
{
    campaign_arguments *a = arguments;
    return campaign_run(world, &a->job, text, a->kind->more);
}

int campaign_command(const campaign_kind *kind, int argc, char **argv)
{
    char help[8192];
    campaign_arguments a = {.job = campaign_start(kind->kind, kind->table), .kind = kind};
    snprintf(help, sizeof help, "%s%s", kind->doc, RUNNING);
    const cli_line line = {.options = OPTIONS,
                           .argument = {.what = "file", .offset = AT(spec), .doc = kind->file},
                           .check = check,
                           .doc = help};
    return cli_command(&line, argc, argv, &a, read_plan, run_plan);
}

/* ---- running ---- */

/* The view of one rank on a running campaign. */
typedef struct {
    campaign_job *c;
    const json_t *plan;
    ent_comm *world, *group;
    campaign_claims *claims;   /* on the group's rank 0 */
    uint8_t *ended;            /* [points]: its record has been seen */
    int64_t done, done_before; /* finished points, as last counted and at the start */
    double counted_s;
    int64_t cursor;     /* all points below it are taken or finished */
    int groups, number; /* those of this group */
    int threads;
    bool keep;
    ent_feature_digests known; /* digests of the data, the same on all ranks of the group */
    int64_t ran;               /* points led by this rank */
    int64_t spent_us[2];       /* their time in microseconds times ranks: for set-up, for training */
} campaign;

static bool leads(const campaign *j)
{
    return ent_comm_rank(j->group) == 0;
}

/* Claim the next point for this group; -1 if none is left.  On rank 0 of the group. */
static int64_t take_next(campaign *j)
{
    const int64_t index = j->c->index, points = index >= 0 ? index + 1 : campaign_points_count(j->plan);
    if (j->cursor < index) j->cursor = index;
    while (j->cursor < points) {
        const int64_t k = j->cursor++;
        if (j->ended[k]) continue;
        const char *hash = campaign_points_hash(j->plan, k);
        const campaign_claim claim = campaign_claims_take(j->claims, hash);
        if (claim == CAMPAIGN_CLAIM_TAKEN ||
            (claim == CAMPAIGN_CLAIM_UNKNOWN && k % j->groups != j->number && index < 0))
            continue;
        if (!campaign_record_is_there(j->c->out, hash)) return k;
        campaign_claims_drop(j->claims, hash);
    }
    return -1;
}

static void keep_record(void *context, run_progress *progress, const ent_federation_view *view)
{
    (void)progress;
    *(json_t **)context = campaign_record_done(view);
}

/* Count the records of all groups and jobs that share the folder, at most once every two seconds. */
static void count_ended(campaign *j, int64_t own)
{
    const double now = ent_clock_s();
    const int64_t points = campaign_points_count(j->plan);
    j->done += !j->ended[own];
    j->ended[own] = 1;
    if (now - j->counted_s < 2.0 && j->done < points) return;
    j->done = 0;
    for (int64_t k = 0; k < points; k++) {
        j->ended[k] = j->ended[k] || campaign_record_is_there(j->c->out, campaign_points_hash(j->plan, k));
        j->done += j->ended[k];
    }
    j->counted_s = now;
}

/* The message after Ctrl-C or a signal of the batch system. */
static void say_how_to_go_on(const campaign *j)
{
    char text[160];
    snprintf(text, sizeof text,
             "\nentente: stopped: %lld of %lld points done; run the same command again to continue\n",
             (long long)j->done, (long long)campaign_points_count(j->plan));
    if (ent_comm_rank(j->world) == 0) run_signals_answer(j->c->quiet ? "" : text);
}

/* "validation accuracy 0.8125  "; a test figure only where it may be shown.  Returns `text`. */
static const char *figure_text(const campaign *j, const json_t *record, char text[64])
{
    static const struct {
        const char *part, *name, *title, *form;
    } FIGURE[] = {{"validation", "validation_accuracy", "validation accuracy", "%s %.4f  "},
                  {"validation", "validation_loss", "validation loss", "%s %.4g  "},
                  {"metrics", "accuracy", "accuracy", "%s %.4f  "},
                  {"metrics", "mae", "mae", "%s %.4g  "}};
    const int figures = campaign_is_sweep(j->c) && !j->c->test ? 2 : 4;
    text[0] = '\0';
    for (int f = 0; f < figures && !*text; f++) {
        const json_t *value = json_object_get(json_object_get(record, FIGURE[f].part), FIGURE[f].name);
        if (json_is_number(value)) snprintf(text, 64, FIGURE[f].form, FIGURE[f].title, json_number_value(value));
    }
    return text;
}

/* available: what the record of a failure leaves out, or "". */
static void tell(campaign *j, int64_t k, const json_t *record, double seconds, const char *available)
{
    char begin[128], label[512], what[1024], left[32], figure[64];
    const long long points = (long long)campaign_points_count(j->plan);
    count_ended(j, k);
    say_how_to_go_on(j);
    if (j->c->quiet) return;
    campaign_points_label(j->plan, k, label);
    const char *error = json_string_value(json_object_get(record, "error"));
    const double rate = (double)(j->done - j->done_before) / (ent_clock_s() - j->c->begin_s);
    const bool alone = j->c->index >= 0;
    snprintf(begin, sizeof begin, "%lld of %lld done, about %s  ", (long long)j->done, points,
             cli_left_text(alone ? 0.0 : (double)(points - j->done) / rate, left));
    if (*error)
        snprintf(what, sizeof what, "point %lld %s: %s%s", (long long)k,
                 json_string_value(json_object_get(record, "status")), error, available);
    else
        snprintf(what, sizeof what, "%s%.2f s  point %lld  %s", figure_text(j, record, figure), seconds, (long long)k,
                 label);
    fprintf(stderr, "%s%s\n", alone ? "" : begin, what);
}

/* On rank 0 of the group. */
static ent_status save_record(campaign *j, int64_t k, json_t *record, const run_times *times, double seconds)
{
    char label[512], available[96];
    const char *left_out = record ? strstr(ent_message(), ENT_AVAILABLE) : NULL;
    snprintf(available, sizeof available, "%s", left_out && campaign_record_is(record, "failed") ? left_out : "");
    const char *hash = campaign_points_hash(j->plan, k);
    json_t *took =
        json_pack("{s:f, s:f, s:f}", "seconds", seconds, "setup_s", times->setup_s, "train_s", times->train_s);
    if (!record || json_object_set_new(record, "hash", json_string(hash)) != 0 ||
        json_object_set_new(record, "label", json_string(campaign_points_label(j->plan, k, label))) != 0 ||
        json_object_set_new(record, "times", took) != 0)
        return ent_fail(ENT_ENOMEM, "point %lld: no memory", (long long)k);
    j->ran++;
    j->spent_us[0] += (int64_t)(1e6 * times->setup_s) * ent_comm_size(j->group);
    j->spent_us[1] += (int64_t)(1e6 * times->train_s) * ent_comm_size(j->group);
    ENT_TRY(campaign_record_save(j->c->out, hash, record));
    tell(j, k, record, seconds, available);
    return ENT_OK;
}

/* The configuration of point k as it runs; the location of its data set is not part of the hash. */
static ent_status text_of(const campaign *j, int64_t k, char **text)
{
    ENT_TRY(campaign_points_text(j->plan, k, text));
    return campaign_points_locate(j->plan, k, text);
}

static ent_status run_point(campaign *j, int64_t k)
{
    char *text = NULL, folder[4096];
    json_t *record = NULL;
    run_times times = {0.0, 0.0};
    const double begin = ent_clock_s();
    ENT_TRY(campaign_record_path(j->c->out, campaign_points_hash(j->plan, k), "", folder));
    ent_status status = cli_share(j->group, leads(j) ? text_of(j, k, &text) : ENT_OK, &text);
    const run_job run = {.text = text,
                         .folder = j->keep ? folder : NULL,
                         .quiet = true,
                         .threads = j->threads,
                         .known = &j->known,
                         .times = &times,
                         .done = keep_record,
                         .context = &record};
    if (status == ENT_OK) status = run_train(j->group, &run);
    ent_free(text);
    if (status == ENT_EBUSY) { /* without locks: another job is running it, and its record is kept */
        if (leads(j)) campaign_claims_drop(j->claims, campaign_points_hash(j->plan, k));
        return ENT_OK;
    }
    if (leads(j)) {
        if (status != ENT_OK) record = campaign_record_failed(ent_message());
        status = save_record(j, k, record, &times, ent_clock_s() - begin);
        campaign_claims_drop(j->claims, campaign_points_hash(j->plan, k));
        json_decref(record);
    }
    return cli_agree_with_root(j->group, leads(j) ? status : ENT_OK);
}

static ent_status run_points(campaign *j)
{
    for (;;) {
        int64_t k = leads(j) ? take_next(j) : 0;
        ent_comm_broadcast(j->group, 0, &k, sizeof k);
        if (k < 0) return ENT_OK;
        ENT_TRY(run_point(j, k));
    }
}

/* Find out which points have finished; with --retry failed ones are run again.  On rank 0 of the world. */
static ent_status look(campaign *j)
{
    for (int64_t k = 0; k < campaign_points_count(j->plan); k++) {
        const char *hash = campaign_points_hash(j->plan, k);
        json_t *record = campaign_record_load(j->c->out, hash);
        char path[4096];
        j->ended[k] = record && !(j->c->retry && campaign_record_is(record, "failed"));
        if (record && !j->ended[k] && (j->c->index < 0 || j->c->index == k) &&
            campaign_record_path(j->c->out, hash, ".json", path) == ENT_OK)
            unlink(path);
        json_decref(record);
    }
    return ENT_OK;
}

/* The next point from *k on whose record names other data (or OpenQASM files) than all records before it; a number
 * beyond the last point if there is none.  On rank 0. */
static int64_t next_inputs(const campaign *j, json_t *seen, int64_t k)
{
    for (bool fresh = false; k < campaign_points_count(j->plan); k++) {
        json_t *record = j->ended[k] ? campaign_record_load(j->c->out, campaign_points_hash(j->plan, k)) : NULL;
        char *of = campaign_record_of(record);
        fresh = of && !json_object_get(seen, of) && access(campaign_record_file(record), F_OK) == 0;
        if (fresh) json_object_set(seen, of, record);
        free(of);
        json_decref(record);
        if (fresh) break;
    }
    return k;
}

/* Compare the present data of point k with its record.  Collective. */
static ent_status check_point(campaign *j, int64_t k)
{
    const bool root = ent_comm_rank(j->world) == 0;
    char *text = NULL;
    ent_config *config;
    ent_inputs inputs;
    ENT_TRY(cli_share(j->world, root ? text_of(j, k, &text) : ENT_OK, &text));
    ent_status status = ent_comm_agree(j->world, ent_config_parse(text, &config));
    ent_free(text);
    if (status != ENT_OK) return status;
    status = ent_inputs_find(j->world, config, &j->known, &inputs);
    if (status == ENT_OK && root) {
        json_t *record = campaign_record_load(j->c->out, campaign_points_hash(j->plan, k));
        if (!campaign_record_has_inputs(record, &inputs))
            status = ent_fail(
                ENT_EDATA,
                "%s: its points were trained on other data, or with other OpenQASM files, than those that %s "
                "and the configuration name now: name another folder with --out, or remove %s/points to train "
                "all of them again",
                j->c->out, config->data.file, j->c->out);
        json_decref(record);
    }
    ent_config_free(config);
    return cli_agree_with_root(j->world, status);
}

/* Check that the finished and the remaining points use the same data, as they go into one table.  Collective. */
static ent_status check_inputs(campaign *j)
{
    const int64_t points = campaign_points_count(j->plan);
    json_t *seen = json_object();
    ent_status status = ENT_OK;
    for (int64_t k = 0; status == ENT_OK; k++) {
        if (ent_comm_rank(j->world) == 0) k = next_inputs(j, seen, k);
        ent_comm_broadcast(j->world, 0, &k, sizeof k);
        if (k == points) break;
        status = check_point(j, k);
    }
    json_decref(seen);
    return status;
}

static ent_status prepare(campaign *j)
{
    char path[4096];
    int made = 0;
    ENT_REQUIRE(snprintf(path, sizeof path, "%s/points", j->c->out) < (int)sizeof path, ENT_EARG,
                "--out: path of %zu bytes is too long", strlen(j->c->out));
    ENT_TRY(run_make_folder(path, &made));
    return made == 0 ? look(j) : ENT_OK;
}

static ent_status open_claims(campaign *j)
{
    char path[4096];
    if (!leads(j)) return ENT_OK;
    ENT_TRY(campaign_record_path(j->c->out, "claims", "", path));
    return campaign_claims_open(path, &j->claims);
}

static ent_status split(campaign *j)
{
    const int64_t ranks = ent_comm_size(j->world);
    const int64_t size = j->c->group > 0 ? j->c->group : j->c->index >= 0 ? ranks : 1;
    ENT_REQUIRE(size <= ranks, ENT_EARG, "--group: found %lld, want at most the number of ranks, %lld",
                (long long)size, (long long)ranks);
    ENT_TRY(ent_machine_agree(j->world)); /* the same for all groups */
    j->groups = (int)((ranks + size - 1) / size);
    j->number = (int)(ent_comm_rank(j->world) / size);
    j->keep = strcmp(json_string_value(json_object_get(j->plan, "keep")), "results") == 0;
    j->threads = ent_threads_a_rank(j->world, 0);
    const int64_t points = campaign_points_count(j->plan);
    j->ended = ent_alloc(points, 1);
    ENT_TRY(ent_comm_agree(j->world, j->ended ? ENT_OK : ent_fail(ENT_ENOMEM, "points: no memory")));
    ENT_TRY(cli_agree_with_root(j->world, ent_comm_rank(j->world) == 0 ? prepare(j) : ENT_OK));
    ent_comm_broadcast(j->world, 0, j->ended, (size_t)points);
    ENT_TRY(check_inputs(j));
    for (int64_t k = 0; k < points; k++) j->done_before += j->ended[k];
    j->done = j->done_before;
    say_how_to_go_on(j);
    ENT_TRY(ent_comm_split(j->world, j->number, &j->group));
    return ent_comm_agree(j->world, open_claims(j));
}

/* The outcome of a campaign: its points, and sums over ranks for the points of this run. */
typedef struct {
    campaign_outcomes outcomes;
    int64_t ran;
    double wall_s, setup_share, train_share;
} ending;

/* The best point of a sweep; a study compares means over seeds instead. */
static void print_best(const campaign_job *c, const json_t *plan, const campaign_best *best)
{
    char label[512];
    const campaign_choice choice = campaign_best_choose(best);
    if (!campaign_is_sweep(c)) return;
    if (choice.point < 0)
        printf("best: none selected: %s%s\n", choice.why_not,
               best->done > 0 && !c->test ? "; the table has the test figures with --test" : "");
    else
        printf("best: point %lld by %s %.6g%s%s\n", (long long)choice.point, choice.by, choice.value,
               *campaign_points_label(plan, choice.point, label) ? ": " : "", label);
}

static json_t *best_json(const campaign_best *best)
{
    const campaign_choice choice = campaign_best_choose(best);
    if (choice.point < 0) return json_null();
    return json_pack("{s:I, s:s, s:o}", "point", (json_int_t)choice.point, "by", choice.by, "value",
                     cli_number(choice.value));
}

static void print_json(const campaign *j, const ending *e)
{
    const json_int_t points = campaign_points_count(j->plan), failed = e->outcomes.failed, left = e->outcomes.left,
                     untrained = e->outcomes.untrained;
    json_t *object = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:i, s:f, s:f}", "points", points, "done",
                               points - failed - untrained - left, "failed", failed, "untrained", untrained, "left",
                               left, "ran", (json_int_t)e->ran, "seconds", e->wall_s, "ranks",
                               ent_comm_size(j->world), "training_share", e->train_share, "setup_share",
                               e->setup_share);
    if (object && campaign_is_sweep(j->c)) json_object_set_new(object, "best", best_json(&e->outcomes.best));
    cli_print_json(object);
}

static void print_end(const campaign *j, const ending *e)
{
    const campaign_job *c = j->c;
    const int ranks = ent_comm_size(j->world);
    const long long points = (long long)campaign_points_count(j->plan), failed = (long long)e->outcomes.failed,
                    left = (long long)e->outcomes.left, untrained = (long long)e->outcomes.untrained,
                    done = points - failed - untrained - left;
    if (!c->quiet) {
        if (c->summary) fputs(c->summary, stdout);
        printf("%lld points: %lld done, %lld failed, %lld left.  This run: %lld in %.1f s on %d rank%s", points, done,
               failed, left, (long long)e->ran, e->wall_s, ranks, ranks == 1 ? "" : "s");
        if (e->ran > 0)
            printf(", %.1f %% of it training, %.1f %% setting up data and models", 100.0 * e->train_share,
                   100.0 * e->setup_share);
        printf(".\n");
        if (untrained > 0)
            printf("warning: %lld more untrained: no client trained in any of their rounds\n", untrained);
        if (left > 0)
            printf("%s: the tables are written when no point is left, or with --table\n", c->out);
        else
            printf("%s/%s.csv\n", c->out, c->table);
        if (left == 0) print_best(c, j->plan, &e->outcomes.best);
    }
    if (c->json) print_json(j, e);
}

static ent_status run(campaign *j, campaign_more *more)
{
    ENT_TRY(split(j));
    ENT_TRY(ent_comm_agree(j->world, run_points(j)));
    int64_t sum[3] = {j->ran, j->spent_us[0], j->spent_us[1]};
    ent_comm_sum(j->world, sum, 3);
    if (ent_comm_rank(j->world) != 0) return cli_agree_with_root(j->world, ENT_OK);
    ending e = {.ran = sum[0]};
    const ent_status status = campaign_tables(j->c, j->plan, false, more, &e.outcomes);
    e.wall_s = ent_clock_s() - j->c->begin_s;
    e.setup_share = 1e-6 * (double)sum[1] / (e.wall_s * ent_comm_size(j->world));
    e.train_share = 1e-6 * (double)sum[2] / (e.wall_s * ent_comm_size(j->world));
    if (status == ENT_OK) print_end(j, &e);
    return cli_agree_with_root(j->world, status);
}

static ent_status list_points(const campaign_job *c, const json_t *plan)
{
    for (int64_t k = 0; k < campaign_points_count(plan); k++) {
        char label[512];
        json_t *record = campaign_record_load(c->out, campaign_points_hash(plan, k));
        printf("%6lld  %-7s  %.12s  %s\n", (long long)k,
               record ? json_string_value(json_object_get(record, "status")) : "to run",
               campaign_points_hash(plan, k), campaign_points_label(plan, k, label));
        json_decref(record);
    }
    return ENT_OK;
}

/* --table: only on rank 0. */
static ent_status write_tables(campaign_job *c, const json_t *plan, campaign_more *more)
{
    campaign_outcomes outcomes;
    ENT_REQUIRE(access(c->out, F_OK) == 0, ENT_EIO, "%s: %s", c->out, strerror(errno));
    ENT_TRY(campaign_tables(c, plan, true, more, &outcomes));
    if (!c->quiet) {
        if (c->summary) fputs(c->summary, stdout);
        printf("%s/%s.csv: %lld points, %lld failed, %lld without a record\n", c->out, c->table,
               (long long)campaign_points_count(plan), (long long)outcomes.failed, (long long)outcomes.left);
        print_best(c, plan, &outcomes.best);
    }
    return ENT_OK;
}

static ent_status check_index(const campaign_job *c, const json_t *plan)
{
    const int64_t points = campaign_points_count(plan);
    ENT_REQUIRE(c->index < points, ENT_EARG, "--index: found %lld, want 0 to %lld for %lld points",
                (long long)c->index, (long long)(points - 1), (long long)points);
    return ENT_OK;
}

ent_status campaign_run(ent_comm *world, campaign_job *c, const char *text, campaign_more *more)
{
    json_t *plan = json_loads(text, 0, NULL);
    campaign j = {.c = c, .plan = plan, .world = world};
    const bool root = ent_comm_rank(world) == 0;
    ent_status status = ent_comm_agree(world, plan ? ENT_OK : ent_fail(ENT_ENOMEM, "points: no memory"));
    if (status == ENT_OK) status = check_index(c, plan);
    if (status == ENT_OK && c->dry_run)
        status = root ? list_points(c, plan) : ENT_OK;
    else if (status == ENT_OK && c->table_alone)
        status = cli_agree_with_root(world, root ? write_tables(c, plan, more) : ENT_OK);
    else if (status == ENT_OK)
        status = run(&j, more);
    campaign_claims_close(j.claims);
    ent_comm_free(j.group);
    ent_free(j.ended);
    ent_free(c->summary);
    json_decref(plan);
    return status;
}
