/* One training, from the text of its configuration, over a group of ranks. */
#ifndef ENTENTE_RUN_H
#define ENTENTE_RUN_H

#include "progress.h"
#include "resume.h"

/* Called on the group's rank 0 once the result is saved; `progress` is NULL where there is no folder. */
typedef void app_trained(void *context, app_progress *progress, const ent_federation_view *view);

typedef struct {
    double setup_s; /* opening the data, the split, masks, principal axes, the model */
    double train_s; /* rounds and evaluation */
} app_run_times;

/* A result that its disk has no room for: wait for room, fail, or by itself: fail where there is a checkpoint to go on
 * from, else wait, for the weights are nowhere else. */
typedef enum { APP_FULL_FAILS, APP_FULL_WAITS, APP_FULL_AUTO } app_full_disk;

typedef struct {
    const char *text;   /* the configuration as used, whole */
    const char *folder; /* for result.h5 and log.txt, made if need be; NULL: nothing is written */
    bool quiet;
    int threads;      /* a rank's, where the configuration says 0; 0: ent_threads_a_rank */
    bool checkpoints; /* keep checkpoint.h5 in the folder, stop on a signal (app_signals_catch) */
    app_full_disk on_full_disk;
    bool resume;                /* going on was asked for: the log says what became of it */
    bool allow_isa_change;      /* go on although other instructions were used so far */
    app_begin begin;            /* afresh, or from the checkpoint, or from the result */
    ent_feature_digests *known; /* digests of features from one run to the next; NULL: a result finds them itself */
    app_run_times *times;       /* may be NULL */
    app_trained *done;
    void *context;
} app_run;

/* Collective over the group.  Errors, the same on all ranks: what is wrong with configuration, data and model; ENT_EIO. */
ent_status app_run_train(ent_comm *group, const app_run *run);

/* Make a folder with its parents; `made` counts those that were not there.  Local.  Errors: ENT_EIO. */
ent_status app_make_folder(const char *folder, int *made);

#endif
