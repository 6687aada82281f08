/* Runs one training: set up, train, save, close.  The result is written completely or not at all. */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "config/keys.h"
#include "config/load.h"
#include "entente/clock.h"
#include "entente/folder_claim.h"
#include "entente/memory.h"
#include "note_label.h"
#include "signals.h"
#include "summary.h"

ent_status run_make_folder(const char *folder, int *made)
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

/* Remove the folders that run_make_folder created. */
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

/* The result folder with the log and the table of rounds; only on rank 0. */
typedef struct {
    int made; /* number of folders that were created */
    char log[4096], rounds[4096];
    bool made_log; /* the log did not exist */
    ent_folder_claim *claim;
    run_progress *progress;
} output;

static bool has_checkpoint(const run_job *run)
{
    char checkpoint[4096];
    return run->checkpoints && ent_checkpoint_path(run->folder, checkpoint) == ENT_OK &&
           access(checkpoint, F_OK) == 0;
}

/* After a disk failure a log created by this run is removed, unless there is a checkpoint to resume from; after
 * any other failure the log is kept and ends with the reason. */
static void close_folder(output *to, const run_job *run, ent_status status)
{
    const bool begun = has_checkpoint(run), disk = status == ENT_EIO || status == ENT_EFULL;
    if (to->progress && status != ENT_OK) run_progress_failed(to->progress, status);
    if (to->progress && to->made_log && disk && !begun) unlink(to->log);
    if (to->progress && status != ENT_STOPPED && !begun) unlink(to->rounds); /* the result holds the figures */
    run_progress_free(to->progress);
    ent_folder_claim_drop(to->claim);
    if (disk) remove_folders(run->folder, to->made);
}

/* The state examined before the claim may have changed since. */
static ent_status look_again(const run_job *run)
{
    run_begin begin;
    char where[4096];
    if (!run->checkpoints) return ENT_OK;
    ENT_TRY(run_resume_look(run->folder, run->resume, run->text, &begin, where));
    ENT_REQUIRE(begin == run->begin, ENT_EBUSY, "%s: another process has just written to it: run the command again",
                run->folder);
    return ENT_OK;
}

static ent_status open_log(const run_job *run, output *to)
{
    static const char *const begin[] = {[RUN_AFRESH] = "checkpoint.h5: not found, starting from the beginning",
                                        [RUN_GO_ON] = "checkpoint.h5: resuming from it",
                                        [RUN_MORE] = "result.h5: continuing from it with more rounds"};
    snprintf(to->log, sizeof to->log, "%s/log.txt", run->folder);
    snprintf(to->rounds, sizeof to->rounds, "%s/rounds.csv", run->folder);
    to->made_log = access(to->log, F_OK) != 0;
    ENT_TRY(run_progress_new(to->log, to->rounds, run->begin != RUN_AFRESH, run->quiet, &to->progress));
    if (run->checkpoints) ENT_TRY(ent_checkpoint_clear(run->folder, false));
    if (run->resume) run_progress_note(to->progress, "%s/%s", run->folder, begin[run->begin]);
    return ENT_OK;
}

static ent_status open_folder(ent_comm *world, const run_job *run, output *to)
{
    ent_status status = ENT_OK;
    if (ent_comm_rank(world) == 0) {
        status = run_make_folder(run->folder, &to->made);
        if (status == ENT_OK) status = ent_folder_claim_take(run->folder, &to->claim);
        if (status == ENT_OK) status = look_again(run);
        if (status == ENT_OK) status = open_log(run, to);
    }
    return cli_agree_with_root(world, status);
}

static void warn(void *progress, const char *text)
{
    run_progress_note(progress, "warning: %s", text);
}

static void keep_checkpoints(const run_job *run, const output *to, ent_federation *federation)
{
    const ent_checkpoint_inp keep = {.folder = run->folder,
                                     .config_text = run->text,
                                     .resume = run->begin != RUN_AFRESH,
                                     .allow_isa_change = run->allow_isa_change,
                                     .from_result = run->begin == RUN_MORE,
                                     .stop = run_signals_came,
                                     .context = to->progress,
                                     .note = warn};
    ent_federation_keep(federation, &keep);
}

static ent_status fallback_folder(const run_job *run, const char *dir, char path[4096])
{
    char result[4200];
    int made = 0;
    ENT_TRY(run_fallback_path(run->folder, dir, path));
    snprintf(result, sizeof result, "%s/result.h5", path);
    ENT_REQUIRE(access(result, F_OK) != 0, ENT_EIO, "%s: a result exists already", result);
    return run_make_folder(path, &made);
}

/* Try the fallback folder.  Without one the status is unchanged. */
static ent_status save_elsewhere(ent_comm *group, const run_job *run, const output *to, ent_federation *federation,
                                 ent_status status)
{
    char path[4096] = "";
    const char *dir = ent_federation_see(federation).config->run.fallback_dir;
    if (!dir || strcmp(dir, "none") == 0) return status;
    if (to->progress) run_progress_note(to->progress, "warning: %s", ent_message());
    ENT_TRY(cli_agree_with_root(group, ent_comm_rank(group) == 0 ? fallback_folder(run, dir, path) : ENT_OK));
    ENT_TRY(ent_result_save(group, federation, path, run->text, cli_version_line()));
    if (to->progress) run_progress_note(to->progress, "result: %s/result.h5 (run.fallback_dir)", path);
    return ENT_OK;
}

/* Wait until the next try; false: asked to stop. */
static bool pause_for_room(ent_comm *group)
{
    enum { SECONDS = 5, STEPS = 50 };
    const struct timespec step = {.tv_nsec = 1000000000L * SECONDS / STEPS};
    int64_t asked = 0;
    for (int k = 0; k < STEPS && !run_signals_came(NULL); k++) nanosleep(&step, NULL);
    asked = run_signals_came(NULL);
    ent_comm_sum(group, &asked, 1);
    return asked == 0;
}

/* Save into the folder itself; the checkpoint is then no longer needed. */
static ent_status save_here(ent_comm *group, const run_job *run, const output *to, ent_federation *federation)
{
    ENT_TRY(ent_result_save(group, federation, run->folder, run->text, cli_version_line()));
    if (to->progress) run_progress_note(to->progress, "result: %s/result.h5", run->folder);
    const bool clears = run->checkpoints && ent_comm_rank(group) == 0;
    return cli_agree_with_root(group, clears ? ent_checkpoint_clear(run->folder, true) : ENT_OK);
}

/* Save the result; while no disk has room, keep the weights and try again. */
static ent_status save(ent_comm *group, const run_job *run, const output *to, ent_federation *federation)
{
    const bool root = ent_comm_rank(group) == 0;
    int64_t waits =
        root && (run->on_full_disk == RUN_FULL_WAITS || (run->on_full_disk == RUN_FULL_AUTO && !has_checkpoint(run)));
    ent_comm_sum(group, &waits, 1);
    for (int64_t turn = 0;; turn++) {
        ent_status status = save_here(group, run, to, federation);
        if (status == ENT_EFULL || status == ENT_EIO) status = save_elsewhere(group, run, to, federation, status);
        if (status != ENT_EFULL || !waits) return status;
        if (to->progress && turn % 60 == 0)
            run_progress_note(to->progress,
                              "warning: %s; waiting for room with the trained weights (SIGTERM ends it)",
                              ent_message());
        if (!pause_for_room(group)) return status;
    }
}

static void warn_layout(run_progress *progress, const ent_federation_view *v)
{
    char text[256];
    if (cli_idle_text(v->ranks / v->config->run.shards, v->clients, text)) warn(progress, text);
    if (v->config->privacy.mode != ENT_PRIVACY_NONE && v->config->privacy.noise_from == ENT_NOISE_FROM_SEED)
        warn(progress,
             "the noise of privacy.mode comes from seeds.sampling: for studies; who knows the seed can take it away "
             "(privacy.noise_from: system)");
    if (cli_oversubscribed_text(v->node_ranks, v->threads, v->node_cores, text)) warn(progress, text);
}

/* A feature that is constant over all training rows carries no information, and is often a mistake. */
static void note_constant(run_progress *progress, const char *name, const ent_reduction *r)
{
    char list[160] = "";
    int64_t constant = 0;
    for (int64_t j = 0; j < r->inputs; j++) {
        if (r->inverse[j] > 0.0) continue;
        const size_t used = strlen(list);
        if (constant++ < 8) snprintf(list + used, sizeof list - used, " %lld", (long long)j);
    }
    if (constant > 0)
        run_progress_note(progress,
                          "modality '%s': %lld of %lld features %s constant in the training rows: column%s%s%s", name,
                          (long long)constant, (long long)r->inputs, constant == 1 ? "is" : "are",
                          constant == 1 ? "" : "s", list, constant > 8 ? " ..." : "");
}

/* What was decided on reading the circuits' files, a line each. */
static void note_ansaetze(run_progress *progress, const ent_federation_view *v)
{
    for (unsigned m = 0; m < v->config->data.modalities_count; m++)
        for (const char *line = v->ansatz_notes[m]; line && *line;) {
            const int length = (int)strcspn(line, "\n");
            run_progress_note(progress, "%.*s", length, line);
            line += length + (line[length] == '\n');
        }
}

enum { MOST_UNREAD = 4 };

typedef struct {
    char text[1024];
    size_t used;
    int keys;
} unread_list;

static void add_unread(void *list_, const char *name, const char *when)
{
    unread_list *list = list_;
    if (list->keys++ >= MOST_UNREAD) return;
    list->used += (size_t)snprintf(list->text + list->used, sizeof list->text - list->used,
                                   "%s%.64s (only with %.120s)", list->used > 0 ? ", " : "", name, when);
}

/* Factors on strengths that are all 0. */
static bool scales_nothing(const ent_config *c)
{
    const ent_config_noise *n = &c->noise;
    const double strength[] = {n->t1_us,
                               n->readout.p01,
                               n->readout.p10,
                               n->after_1q.depolarizing,
                               n->after_1q.amplitude_damping,
                               n->after_1q.phase_damping,
                               n->after_2q.depolarizing,
                               n->after_2q.amplitude_damping,
                               n->after_2q.phase_damping};
    for (size_t k = 0; k < sizeof strength / sizeof *strength; k++)
        if (strength[k] > 0.0) return false;
    return strcmp(c->devices.noise, "1") != 0 || c->devices.spread > 0.0;
}

/* A value that is set and not read is often a mistake. */
static void note_unread(run_progress *progress, const ent_config *config)
{
    unread_list list = {.used = 0};
    if (scales_nothing(config))
        run_progress_note(progress,
                          "without effect: devices.noise and devices.spread, as all strengths of noise are 0");
    if (ent_config_unread(config, add_unread, &list) != ENT_OK || list.keys == 0) return;
    run_progress_note(progress, "without effect: %s%s", list.text, list.keys > MOST_UNREAD ? ", ..." : "");
}

static void note_setup(run_progress *progress, const ent_federation *federation)
{
    const ent_federation_view v = ent_federation_see(federation);
    run_note_label(progress, &v);
    run_progress_note(progress,
                      "%lld clients (%lld without a training row), %lld/%lld/%lld rows to train, validate, "
                      "test",
                      (long long)v.clients, (long long)v.empty_clients, (long long)v.part[ENT_TRAIN].n,
                      (long long)v.part[ENT_VALIDATION].n, (long long)v.part[ENT_TEST].n);
    run_progress_note(progress, "model %s: %d qubits, %d parameters, engine %s, %d rank%s of %d thread%s",
                      ent_model_kind_name(v.config->model.kind), v.qubits, v.params, v.engine, v.ranks,
                      v.ranks == 1 ? "" : "s", v.threads, v.threads == 1 ? "" : "s");
    char devices[1024];
    ent_devices_text(v.config, sizeof devices, devices);
    if (*devices) run_progress_note(progress, "devices of the clients, in turn: %s", devices);
    warn_layout(progress, &v);
    note_unread(progress, v.config);
    note_ansaetze(progress, &v);
    for (unsigned m = 0; m < v.config->data.modalities_count; m++) {
        if (v.reduction[m])
            note_constant(progress, v.config->data.modalities[m], v.reduction[m]);
        else
            run_progress_note(progress, "no training row has modality '%s': its features count as 0",
                              v.config->data.modalities[m]);
    }
}

/* The existing rounds had the learning rates of a shorter schedule. */
static void note_schedule(run_progress *progress, const ent_federation *federation)
{
    const ent_config *c = ent_federation_see(federation).config;
    if (c->client.schedule == ENT_SCHEDULE_COSINE)
        run_progress_note(progress,
                          "client.schedule: cosine has ended in the existing rounds; further rounds have the "
                          "rates of a schedule over %d, so the weights are not those of %d rounds in one run",
                          c->federation.rounds, c->federation.rounds);
}

/* What makes the figures of little use. */
static void note_figures(run_progress *progress, const ent_federation *federation)
{
    char text[256];
    const ent_federation_view v = ent_federation_see(federation);
    if (run_constant_is_better(&v, text)) run_progress_note(progress, "warning: %s", text);
    if (v.untrained_rounds > 0)
        run_progress_note(progress, "warning: no client trained in %lld of %lld rounds",
                          (long long)v.untrained_rounds, (long long)v.rounds);
}

static ent_status train(ent_comm *group, const run_job *run, output *to, ent_federation *federation)
{
    if (run->folder) ENT_TRY(open_folder(group, run, to));
    if (to->progress) note_setup(to->progress, federation);
    if (to->progress && run->begin == RUN_MORE) note_schedule(to->progress, federation);
    if (run->checkpoints) keep_checkpoints(run, to, federation);
    const double begin = ent_clock_s();
    ENT_TRY(ent_federation_train(federation, to->progress ? run_progress_round : NULL, to->progress));
    if (run->times) run->times->train_s = ent_clock_s() - begin;
    if (to->progress) note_figures(to->progress, federation);
    if (run->folder) ENT_TRY(save(group, run, to, federation));
    if (!run->done || ent_comm_rank(group) != 0) return ENT_OK;
    const ent_federation_view view = ent_federation_see(federation);
    run->done(run->context, to->progress, &view);
    return ENT_OK;
}

ent_status run_train(ent_comm *group, const run_job *run)
{
    ent_config *config;
    ent_federation *federation;
    output to = {.made = 0};
    ENT_TRY(ent_comm_agree(group, ent_config_parse(run->text, &config)));
    ent_comm_limit_waits(config->run.stall_timeout_s);
    if (config->run.threads == 0) config->run.threads = run->threads;
    const double begin = ent_clock_s();
    ent_status status = ent_federation_new(group, config, &federation);
    if (run->times) run->times->setup_s = ent_clock_s() - begin;
    if (status == ENT_OK) {
        if (run->known) status = ent_federation_identify(federation, run->known);
        if (status == ENT_OK) status = train(group, run, &to, federation);
        close_folder(&to, run, status);
        ent_federation_free(federation);
    }
    ent_config_free(config);
    return status;
}
