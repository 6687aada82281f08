/* Progress of a training, on the terminal and in its log. */
#ifndef ENTENTE_RUN_PROGRESS_H
#define ENTENTE_RUN_PROGRESS_H

#include <stdbool.h>

#include "entente/fed.h"

/* A bar on a terminal, a line per round elsewhere, the log file, and rounds.csv.  A failed write to either file is
 * a warning.  Errors: ENT_EIO if the log cannot be opened for another reason than a full disk. */
typedef struct run_progress run_progress;
ent_status run_progress_new(const char *log_path, const char *rounds_path, bool append, bool quiet,
                            run_progress **out);
void run_progress_free(run_progress *progress);
/* Write the reason of an early end to the log. */
void run_progress_failed(run_progress *progress, ent_status status);
void run_progress_note(run_progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));
ent_status run_progress_round(void *progress, const ent_federation *federation, const ent_round *round);

#endif
