/* Set up, train, save, close; nothing of the result is there unless all of it is. */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "config/load.h"
#include "entente/clock.h"
#include "entente/folder_claim.h"
#include "entente/memory.h"
#include "signals.h"

ent_status app_make_folder(const char *folder, int *made)
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

/* Take back what app_make_folder has made. */
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

/* The result's folder and the log in it: rank 0 alone. */
typedef struct {
    int made; /* folders that were not there */
    char log[4096];
    bool made_log; /* nor was the log */
    ent_folder_claim *claim;
    app_progress *progress;
} output;

/* A failing disk leaves no log that this run has made, unless there is a checkpoint to go on from; after any other
 * failure the log stays and ends with the reason. */
static void close_folder(output *to, const app_run *run, ent_status status)
{
    char checkpoint[4096];
    const bool begun = run->checkpoints && ent_checkpoint_path(run->folder, checkpoint) == ENT_OK &&
                       access(checkpoint, F_OK) == 0;
    if (to->progress && status != ENT_OK) app_progress_failed(to->progress, status);
    if (to->progress && to->made_log && status == ENT_EIO && !begun) unlink(to->log);
    app_progress_free(to->progress);
    ent_folder_claim_drop(to->claim);
    if (status == ENT_EIO) remove_folders(run->folder, to->made);
}

/* What was looked at before the claim may have become something else since. */
static ent_status look_again(const app_run *run)
{
    app_begin begin;
    if (!run->checkpoints) return ENT_OK;
    ENT_TRY(app_resume_look(run->folder, run->resume, run->text, &begin));
    ENT_REQUIRE(begin == run->begin, ENT_EBUSY, "%s: another process has just written to it: start again",
                run->folder);
    return ENT_OK;
}

static ent_status open_log(const app_run *run, output *to)
{
    const bool goes_on = run->begin == APP_GO_ON;
    snprintf(to->log, sizeof to->log, "%s/log.txt", run->folder);
    to->made_log = access(to->log, F_OK) != 0;
    ENT_TRY(app_progress_new(to->log, goes_on, run->quiet, &to->progress));
    if (run->checkpoints) ENT_TRY(ent_checkpoint_clear(run->folder, false));
    if (run->resume)
        app_progress_note(to->progress, "%s/checkpoint.h5: %s", run->folder,
                          goes_on ? "going on from it" : "not there, starting afresh");
    return ENT_OK;
}

static ent_status open_folder(ent_comm *world, const app_run *run, output *to)
{
    ent_status status = ENT_OK;
    if (ent_comm_rank(world) == 0) {
        status = app_make_folder(run->folder, &to->made);
        if (status == ENT_OK) status = ent_folder_claim_take(run->folder, &to->claim);
        if (status == ENT_OK) status = look_again(run);
        if (status == ENT_OK) status = open_log(run, to);
    }
    return app_agree_with_root(world, status);
}

static void warn(void *progress, const char *text)
{
    app_progress_note(progress, "warning: %s", text);
}

static void keep_checkpoints(const app_run *run, const output *to, ent_federation *federation)
{
    const ent_checkpoint_inp keep = {.folder = run->folder,
                                     .config_text = run->text,
                                     .resume = run->begin == APP_GO_ON,
                                     .stop = app_signals_came,
                                     .context = to->progress,
                                     .note = warn};
    ent_federation_keep(federation, &keep);
}

static ent_status save(ent_comm *group, const app_run *run, const ent_federation *federation)
{
    ENT_TRY(ent_result_save(group, federation, run->folder, run->text, app_version_line()));
    const bool clears = run->checkpoints && ent_comm_rank(group) == 0;
    return app_agree_with_root(group, clears ? ent_checkpoint_clear(run->folder, true) : ENT_OK);
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

static ent_status train(ent_comm *group, const app_run *run, output *to, ent_federation *federation)
{
    if (run->folder) ENT_TRY(open_folder(group, run, to));
    if (to->progress) note_setup(to->progress, federation);
    if (run->checkpoints) keep_checkpoints(run, to, federation);
    const double begin = ent_clock_s();
    ENT_TRY(ent_federation_train(federation, to->progress ? app_progress_round : NULL, to->progress));
    if (run->times) run->times->train_s = ent_clock_s() - begin;
    if (run->folder) ENT_TRY(save(group, run, federation));
    if (!run->done || ent_comm_rank(group) != 0) return ENT_OK;
    const ent_federation_view view = ent_federation_see(federation);
    run->done(run->context, to->progress, &view);
    return ENT_OK;
}

ent_status app_run_train(ent_comm *group, const app_run *run)
{
    ent_config *config;
    ent_federation *federation;
    output to = {.made = 0};
    ENT_TRY(ent_comm_agree(group, ent_config_parse(run->text, &config)));
    if (config->run.threads == 0) config->run.threads = run->threads;
    const double begin = ent_clock_s();
    ent_status status = ent_federation_new(group, config, &federation);
    if (run->times) run->times->setup_s = ent_clock_s() - begin;
    if (status == ENT_OK) {
        status = train(group, run, &to, federation);
        close_folder(&to, run, status);
        ent_federation_free(federation);
    }
    ent_config_free(config);
    return status;
}
