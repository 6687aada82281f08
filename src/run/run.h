/* One training on a group of ranks, from the text of its configuration. */
#ifndef ENTENTE_RUN_H
#define ENTENTE_RUN_H

#include "progress.h"
#include "resume.h"

/* Called on rank 0 of the group after the result has been saved; `progress` is NULL if there is no folder. */
typedef void run_trained(void *context, run_progress *progress, const ent_federation_view *view);

typedef struct {
    double setup_s; /* opening the data, split, masks, principal axes, model */
    double train_s; /* rounds and evaluation */
} run_times;

/* What to do if the disk has no room for the result: wait for room, fail, or by default: fail if there is a
 * checkpoint to resume from, else wait, as the weights exist only in memory. */
typedef enum { RUN_FULL_FAILS, RUN_FULL_WAITS, RUN_FULL_AUTO } run_full_disk;

typedef struct {
    const char *text;   /* the complete configuration as used */
    const char *folder; /* for result.h5 and log.txt, created if necessary; NULL: nothing is written */
    bool quiet;
    int threads;      /* per rank, if the configuration says 0; 0: ent_threads_a_rank */
    bool checkpoints; /* keep checkpoint.h5 in the folder, stop on a signal (run_signals_catch) */
    run_full_disk on_full_disk;
    bool resume;                /* --resume was given: the log records what was resumed */
    bool allow_isa_change;      /* resume although other instructions were used so far */
    run_begin begin;            /* from the beginning, the checkpoint or the result */
    ent_feature_digests *known; /* digests of features, kept between runs; NULL: computed for each result */
    run_times *times;           /* may be NULL */
    run_trained *done;
    void *context;
} run_job;

/* Collective over the group.  Errors, the same on all ranks: those of the configuration, data and model; ENT_EIO. */
ent_status run_train(ent_comm *group, const run_job *run);

/* Create a folder and its parents; `made` counts the created ones.  Local.  Errors: ENT_EIO. */
ent_status run_make_folder(const char *folder, int *made);

#endif
