/* Progress of a training, on the terminal and in its log. */
#ifndef ENTENTE_RUN_PROGRESS_H
#define ENTENTE_RUN_PROGRESS_H

#include <stdbool.h>

#include "entente/fed.h"

/* A bar on a terminal, a line a round elsewhere, the log file, and rounds.csv.  What cannot be written
 * of the two is a warning.
 * Errors: ENT_EIO where it cannot be opened for another reason than a full disk. */
typedef struct app_progress app_progress;
ent_status app_progress_new(const char *log_path, const char *rounds_path, bool append, bool quiet,
                            app_progress **out);
void app_progress_free(app_progress *progress);
/* The reason of an end before the end into the log. */
void app_progress_failed(app_progress *progress, ent_status status);
void app_progress_note(app_progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));
ent_status app_progress_round(void *progress, const ent_federation *federation, const ent_round *round);

#endif
