/* entente train: read the configuration, set up the federation, train it, report, save. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "config.h"
#include "entente/memory.h"
#include "resume.h"
#include "signals.h"

enum { MAX_SETS = 256 };

typedef struct {
    const char *config_path, *out;
    char named[512]; /* the folder's name where none is given */
    const char *set[MAX_SETS];
    int sets;
    bool json, quiet, resume;
} arguments;

enum { KEY_SET = 's', KEY_OUT = 'o', KEY_JSON = 'j', KEY_QUIET = 'q', KEY_RESUME = 'r' };

static const struct argp_option OPTIONS[] = {
    {"set", KEY_SET, "KEY=VALUE", 0, "override a key of the configuration, for example client.batch=32", 0},
    {"out", KEY_OUT, "DIR", 0, "folder for the result (default: result-NAME for NAME.yaml)", 0},
    {"resume", KEY_RESUME, NULL, 0,
     "go on from DIR/checkpoint.h5; start afresh where it is not there; end where "
     "DIR/result.h5 is",
     0},
    {"json", KEY_JSON, NULL, 0, "print one JSON object as the last line of standard output", 0},
    {"quiet", KEY_QUIET, NULL, 0, "print nothing else but errors", 0},
    {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case KEY_SET:
        if (a->sets == MAX_SETS) {
            argp_error(state, "more than %d --set", MAX_SETS);
            return EINVAL;
        }
        a->set[a->sets++] = value;
        return 0;
    case KEY_OUT:
        a->out = value;
        return 0;
    case KEY_JSON:
        a->json = true;
        return 0;
    case KEY_QUIET:
        a->quiet = true;
        return 0;
    case KEY_RESUME:
        a->resume = true;
        return 0;
    case ARGP_KEY_ARG:
        if (a->config_path) {
            argp_error(state, "more than one configuration: '%s'", value);
            return EINVAL;
        }
        a->config_path = value;
        return 0;
    case ARGP_KEY_END:
        if (!a->config_path) {
            argp_error(state, "which configuration? Try jobs/quickstart.yaml");
            return EINVAL;
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char DOC[] =
    "Train a multimodal quantum federated model, or one that it is compared with.\v"
    "Run it under mpirun or srun: ranks are hosts of clients, OMP_NUM_THREADS threads each.  The result is "
    "DIR/result.h5 (configuration, figures of every round, masks, weights) and DIR/log.txt.\n\n"
    "SIGUSR1, SIGTERM or SIGINT to any rank: DIR/checkpoint.h5 is written behind the batch at hand and the exit code "
    "is "
    "75; so it is every run.checkpoint_every rounds in passing.  With --resume, on any number of ranks, the run ends "
    "with the bits of one that was never stopped.\n\n"
    "Sections of the configuration and their keys; all but file and modalities\n"
    "have a default:\n"
    "  data:        file, modalities, label\n"
    "  model:       kind (quantum; late: no fusion; logistic and mlp: of a register\n"
    "               reduce, qubits, angles alone, the numbers that it brings),\n"
    "               registers: {NAME: {qubits, layers, angles, ansatz, reduce,\n"
    "               map, scale, reupload}}, fusion: {pattern, gate (qft mixes all\n"
    "               registers), layers}, readout, head, loss; of mlp: hidden, params, activation\n"
    "  missing:     level, rate, absent, where, empty, policy, context\n"
    "  federation:  clients, split, alpha, shards_per_client, participation,\n"
    "               sampling, rounds, aggregation, evaluate_every\n"
    "  server:      mu, learning_rate, momentum, beta1, beta2, tau, alpha, trim,\n"
    "               faulty, select (each taken by some rules of aggregation)\n"
    "  attack:      kind, share, strength\n"
    "  client:      epochs, batch, optimizer, learning_rate, momentum, beta1,\n"
    "               beta2, epsilon, weight_decay, modality_dropout\n"
    "  system:      mode, availability, rate, spread, period, dropout, speed,\n"
    "               speed_spread, latency_s, deadline_s, over_selection,\n"
    "               concurrency, buffer, staleness, max_staleness\n"
    "  personal:    epochs, learning_rate\n"
    "  seeds:       split, masks, init, sampling\n"
    "  run:         precision, engine, shards, threads, checkpoint_every\n"
    "A wrong value is answered with the values allowed.";

static const struct argp ARGP = {OPTIONS, parse, "CONFIG.yaml", DOC, NULL, NULL, NULL};

/* result-mosi for path/mosi.yaml */
static void default_folder(arguments *a)
{
    if (a->out) return;
    const char *slash = strrchr(a->config_path, '/'), *name = slash ? slash + 1 : a->config_path;
    const char *dot = strrchr(name, '.');
    snprintf(a->named, sizeof a->named, "result-%.*s", (int)(dot ? dot - name : (long)strlen(name)), name);
    a->out = a->named;
}

/* With its parents; `made` counts those that were not there. */
static ent_status make_folder(const char *folder, int *made)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", folder);
    for (char *slash = path + 1;; slash++) {
        slash += strcspn(slash, "/");
        const char end = *slash;
        *slash = '\0';
        const bool new = mkdir(path, 0777) == 0;
        ENT_REQUIRE(new || errno == EEXIST, ENT_EIO, "%s: %s", path, strerror(errno));
        *made += new;
        if (end == '\0') return ENT_OK;
        *slash = end;
    }
}

/* Take back what make_folder has made. */
static void remove_folders(const char *folder, int made)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", folder);
    for (; made > 0 && rmdir(path) == 0; made--) {
        char *slash = strrchr(path, '/');
        if (!slash) return;
        *slash = '\0';
    }
}

static ent_status read_config(ent_comm *world, const arguments *a, char **text, ent_config **config, app_begin *begin)
{
    ent_status status = ENT_OK;
    if (ent_comm_rank(world) == 0) {
        status = app_config_text(a->config_path, a->sets, a->set, text);
        if (status == ENT_OK) status = app_resume_look(a->out, a->resume, *text, begin);
    }
    ENT_TRY(app_share(world, status, text));
    ent_comm_broadcast(world, 0, begin, sizeof *begin);
    return ent_comm_agree(world, app_config_parse(*text, config));
}

/* The result's folder and the log in it: rank 0 alone. */
typedef struct {
    int made; /* folders that were not there */
    char log[4096];
    app_progress *progress;
} output;

/* A failing disk leaves nothing behind, unless there is a checkpoint to go on from; after any other failure the log
 * stays and ends with the reason. */
static void close_folder(output *to, const arguments *a, ent_status status)
{
    char checkpoint[4096];
    const bool begun = ent_checkpoint_path(a->out, checkpoint) == ENT_OK && access(checkpoint, F_OK) == 0;
    if (to->progress && status != ENT_OK) app_progress_failed(to->progress, status);
    if (to->progress && status == ENT_EIO && !begun) unlink(to->log);
    app_progress_free(to->progress);
    if (status == ENT_EIO) remove_folders(a->out, to->made);
}

static ent_status open_folder(ent_comm *world, const arguments *a, app_begin begin, output *to)
{
    ent_status status = ENT_OK;
    if (ent_comm_rank(world) == 0) {
        snprintf(to->log, sizeof to->log, "%s/log.txt", a->out);
        status = make_folder(a->out, &to->made);
        if (status == ENT_OK) status = app_progress_new(to->log, begin == APP_GO_ON, a->quiet, &to->progress);
        if (status == ENT_OK) status = ent_checkpoint_clear(a->out, false);
        if (status == ENT_OK && a->resume)
            app_progress_note(to->progress, "%s/checkpoint.h5: %s", a->out,
                              begin == APP_GO_ON ? "going on from it" : "not there, starting afresh");
    }
    return app_agree_with_root(world, status);
}

static void note_setup(app_progress *progress, const ent_federation *federation)
{
    const ent_federation_view v = ent_federation_see(federation);
    app_progress_note(progress,
                      "%lld clients (%lld without a training row), %lld/%lld/%lld rows to train, validate, "
                      "test",
                      (long long)v.clients, (long long)v.empty_clients, (long long)v.part[ENT_TRAIN].n,
                      (long long)v.part[ENT_VALIDATION].n, (long long)v.part[ENT_TEST].n);
    app_progress_note(progress, "model %s: %d qubits, %d parameters, engine %s, %d rank%s of %d thread%s",
                      ent_model_kind_name(v.config->model.kind), v.qubits, v.params, v.engine, v.ranks,
                      v.ranks == 1 ? "" : "s", v.threads, v.threads == 1 ? "" : "s");
    for (unsigned m = 0; m < v.config->data.modalities_count; m++)
        if (!v.reduction[m])
            app_progress_note(progress, "no training row has modality '%s': its features count as 0",
                              v.config->data.modalities[m]);
}

static void report(app_progress *progress, const arguments *a, const ent_federation *federation)
{
    const ent_federation_view view = ent_federation_see(federation);
    app_progress_note(progress, "result: %s/result.h5", a->out);
    if (!a->quiet) app_print_table(stdout, &view);
    if (a->json) app_print_json(stdout, &view);
}

static void warn(void *progress, const char *text)
{
    app_progress_note(progress, "warning: %s", text);
}

static ent_status save(ent_comm *world, const ent_federation *federation, const arguments *a, const char *text)
{
    ENT_TRY(ent_result_save(world, federation, a->out, text, app_version_line()));
    return app_agree_with_root(world, ent_comm_rank(world) == 0 ? ent_checkpoint_clear(a->out, true) : ENT_OK);
}

static ent_status train(ent_comm *world, const arguments *a, const char *text, const ent_config *config,
                        app_begin begin)
{
    ent_federation *federation;
    output to = {.made = 0};
    ENT_TRY(ent_federation_new(world, config, &federation));
    ent_status status = open_folder(world, a, begin, &to);
    if (status == ENT_OK && to.progress) note_setup(to.progress, federation);
    const ent_checkpoint_inp keep = {.folder = a->out,
                                     .config_text = text,
                                     .resume = begin == APP_GO_ON,
                                     .stop = app_signals_came,
                                     .context = to.progress,
                                     .note = warn};
    ent_federation_keep(federation, &keep);
    if (status == ENT_OK) status = ent_federation_train(federation, app_progress_round, to.progress);
    if (status == ENT_OK) status = save(world, federation, a, text);
    if (status == ENT_OK && to.progress) report(to.progress, a, federation);
    close_folder(&to, a, status);
    ent_federation_free(federation);
    return status;
}

/* A job that was put into the queue again, though it had ended. */
static ent_status tell_done(ent_comm *world, const arguments *a)
{
    if (ent_comm_rank(world) == 0 && !a->quiet) printf("%s/result.h5: finished already\n", a->out);
    return app_agree_with_root(world, ent_comm_rank(world) == 0 ? ent_checkpoint_clear(a->out, true) : ENT_OK);
}

int app_train(int argc, char **argv)
{
    arguments a = {.config_path = NULL};
    ent_comm *world;
    char *text = NULL;
    ent_config *config = NULL;
    app_begin begin = APP_AFRESH;
    app_signals_catch();
    ent_status status = app_start(&ARGP, argc, argv, &a, &world);
    if (status != ENT_OK) {
        ent_comm_finish(world);
        return APP_USAGE;
    }
    default_folder(&a);
    status = read_config(world, &a, &text, &config, &begin);
    if (status == ENT_OK) status = begin == APP_DONE ? tell_done(world, &a) : train(world, &a, text, config, begin);
    app_config_free(config);
    ent_free(text);
    return app_finish(world, status);
}
