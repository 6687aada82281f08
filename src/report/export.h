/* A result in the formats of other programs: one folder per run, in a new folder.  Local. */
#ifndef ENTENTE_REPORT_EXPORT_H
#define ENTENTE_REPORT_EXPORT_H

#include "cli/folder.h"
#include "report.h"

/* TensorBoard: <name>/events.out.tfevents.<time>.entente, with the figures of rounds as scalars, steps counted from
 * 1, and the configuration as a text.  Errors: those of cli_folder_put. */
ent_status export_tensorboard(const report_run *run, const char *name, cli_folder *to);

/* MLflow's file store: an experiment "entente" with a run.  export_mlflow_begin: what belongs to the experiment. */
ent_status export_mlflow_begin(const report_run *first, const char *name, cli_folder *to);
ent_status export_mlflow(const report_run *run, const char *name, cli_folder *to);

/* Time at which the result was written, in seconds since 1970; 0 if it does not say. */
double export_time_s(const report_run *run);

/* Every finite figure of the rounds, column by column; step counted from 1. */
typedef ent_status export_figure(void *context, const char *name, int64_t step, double value);
ent_status export_figures(const report_run *run, export_figure *take, void *context);

#endif
