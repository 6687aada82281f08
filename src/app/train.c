/* entente train: reads the configuration, trains the federation, and saves and reports the result. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "config/load.h"
#include "config/reference.h"
#include "run/resume.h"
#include "run/run.h"
#include "run/signals.h"
#include "entente/fed.h"
#include "entente/folder_claim.h"
#include "run/summary.h"
#include "run/predictions.h"
#include "run/progress.h"

typedef struct {
    const char *config_path, *out, *predictions;
    char named[512];  /* the folder if none is given */
    char where[4096]; /* for a result that is already finished */
    cli_sets sets;
    bool json, quiet, resume, allow_isa_change;
    run_begin begin;
    run_full_disk on_full_disk;
    ent_status written; /* of the predictions */
} arguments;

static const char *const FULL[] = {"fail", "wait", "auto", NULL}; /* in the order of run_full_disk */

#define AT(field) offsetof(arguments, field)

static const cli_option OPTIONS[] = {
    CLI_OPTION_SET("override a key of the configuration, for example client.batch=32", AT(sets)),
    CLI_OPTION_OUT("DIR", "folder for the result (default: result-NAME for NAME.yaml)", AT(out)),
    {"resume", 'r', NULL,
     "continue from DIR/checkpoint.h5, or with more rounds from DIR/result.h5; start from the beginning if neither "
     "exists; end at once if the result has all rounds",
     AT(resume), .type = CLI_SWITCH},
    {"allow-isa-change", 0, NULL,
     "with --resume: continue on processors with other instruction sets, although this changes the last bits of the "
     "result",
     AT(allow_isa_change), .type = CLI_SWITCH},
    {"on-full-disk", 0, "fail|wait",
     "what to do if the disk has no room for the result (default: wait, or fail if there is a checkpoint to resume "
     "from)",
     AT(on_full_disk), .type = CLI_WORD, .words = FULL},
    {"predictions", 'p', "FILE",
     "write the label, prediction and outputs of each test row to a new file, .csv or .h5, after the training",
     AT(predictions), .type = CLI_TEXT},
    CLI_OPTION_JSON(AT(json)),
    CLI_OPTION_QUIET("print only errors", AT(quiet)),
    {0}};

/* result-mosi for path/mosi.yaml */
static error_t check(struct argp_state *state, char *value, void *arguments_)
{
    arguments *a = arguments_;
    (void)value;
    if (a->predictions && !run_predictions_may(a->predictions)) {
        argp_error(state, "--predictions: found '%s', want a file that ends in .csv or .h5", a->predictions);
        return EINVAL;
    }
    if (a->out) return 0;
    const char *slash = strrchr(a->config_path, '/'), *name = slash ? slash + 1 : a->config_path;
    const char *dot = strrchr(name, '.');
    snprintf(a->named, sizeof a->named, "result-%.*s", (int)(dot ? dot - name : (long)strlen(name)), name);
    a->out = a->named;
    return 0;
}

static const char DOC[] =
    "Train a multimodal quantum federated model, or a model to compare it with.\v"
    "Run it under mpirun or srun: each rank hosts clients and uses OMP_NUM_THREADS threads.  The result is "
    "DIR/result.h5 (configuration, figures of every round, masks, weights) and DIR/log.txt.\n\n"
    "On SIGUSR1, SIGTERM or SIGINT to any rank, DIR/checkpoint.h5 is written after the current batch, and the exit "
    "code is 75.  It is also written every run.checkpoint_every rounds.  With --resume, on any number of ranks, the "
    "run ends with the same bits as one that was never stopped.\n\n"
    "`entente config --reference` explains each configuration key, and\n"
    "`entente config --print CONFIG.yaml` shows a configuration as it will run.\n"
    "Sections and their keys (all except file and modalities have a default; an\n"
    "error for a wrong value lists the values allowed):\n";

/* Append the keys to the text; argp frees the new text. */
static char *add_keys(int key, const char *text, void *input)
{
    char *whole = NULL;
    size_t length;
    (void)input;
    FILE *out = key == ARGP_KEY_HELP_POST_DOC ? open_memstream(&whole, &length) : NULL;
    if (!out) return (char *)(uintptr_t)text;
    fputs(text, out);
    ent_config_print_keys(out);
    return fclose(out) == 0 ? whole : (char *)(uintptr_t)text;
}

static const cli_line LINE = {.options = OPTIONS,
                              .argument = {.what = "configuration",
                                           .wanted = "a configuration, for example jobs/quickstart.yaml",
                                           .offset = AT(config_path),
                                           .doc = "CONFIG.yaml"},
                              .check = check,
                              .doc = DOC,
                              .filter = add_keys};

/* Read the text on rank 0, and determine whether there is something to resume. */
static ent_status read_config(void *arguments_, char **text)
{
    arguments *a = arguments_;
    ENT_TRY(ent_config_text(a->config_path, a->sets.count, a->sets.text, text));
    ENT_TRY(ent_folder_claim_look(a->out));
    ENT_TRY(run_resume_look(a->out, a->resume, *text, &a->begin, a->where));
    if (a->predictions && a->begin != RUN_DONE) ENT_TRY(run_predictions_look(a->predictions));
    const ent_status status = ent_config_locate(text, a->config_path);
    return a->begin == RUN_DONE && status == ENT_EIO ? ENT_OK : status; /* a result may outlive its data */
}

static void report(void *arguments_, run_progress *progress, const ent_federation_view *view)
{
    arguments *a = arguments_;
    (void)progress;
    if (!a->quiet) run_print_table(stdout, view);
    if (a->json) run_print_json(view);
    if (a->predictions) a->written = run_predictions_save(a->predictions, view, true);
}

/* Remove a checkpoint that the result has made superfluous. */
static ent_status tidy(const char *folder)
{
    ent_folder_claim *claim;
    ENT_TRY(ent_folder_claim_take(folder, &claim));
    const ent_status status = run_resume_tidy(folder);
    ent_folder_claim_drop(claim);
    return status;
}

/* Check that the result was trained on the data of this configuration; skipped if the data no longer exist.
 * Collective. */
static ent_status check_inputs(ent_comm *world, void *arguments_, const ent_config *config)
{
    const arguments *a = arguments_;
    ent_inputs inputs;
    int64_t gone = ent_comm_rank(world) == 0 && access(config->data.file, F_OK) != 0 && errno == ENOENT;
    ent_comm_sum(world, &gone, 1);
    if (gone) return ENT_OK;
    ENT_TRY(ent_inputs_find(world, config, NULL, &inputs));
    const bool root = ent_comm_rank(world) == 0;
    return cli_agree_with_root(world, root ? ent_result_check_inputs(a->where, config->data.file, &inputs) : ENT_OK);
}

/* A job that was requeued although it had finished. */
static ent_status tell_done(ent_comm *world, arguments *a, const char *text)
{
    ent_status status = ENT_OK;
    ENT_TRY(cli_with_config(world, text, check_inputs, a));
    if (ent_comm_rank(world) == 0) {
        if (strcmp(a->where, a->out) == 0) status = tidy(a->out);
        if (status == ENT_OK && !a->quiet) printf("%s/result.h5: finished already\n", a->where);
        if (status == ENT_OK && a->predictions && access(a->predictions, F_OK) != 0)
            fprintf(stderr, "%s: not written: `entente eval %s --masks training --predictions %s` does so\n",
                    a->predictions, a->where, a->predictions);
    }
    return cli_agree_with_root(world, status);
}

static ent_status train(ent_comm *world, void *arguments_, const char *text)
{
    arguments *a = arguments_;
    ent_comm_broadcast(world, 0, &a->begin, sizeof a->begin);
    if (a->begin == RUN_DONE) return tell_done(world, a, text);
    const run_job run = {.text = text,
                         .folder = a->out,
                         .quiet = a->quiet,
                         .checkpoints = true,
                         .resume = a->resume,
                         .allow_isa_change = a->allow_isa_change,
                         .begin = a->begin,
                         .on_full_disk = a->on_full_disk,
                         .done = report,
                         .context = a};
    ENT_TRY(run_train(world, &run));
    return cli_agree_with_root(world, a->written);
}

int app_train(int argc, char **argv)
{
    arguments a = {.on_full_disk = RUN_FULL_AUTO};
    run_signals_catch();
    ent_comm_end_if(run_signals_came);
    return cli_command(&LINE, argc, argv, &a, read_config, train);
}
