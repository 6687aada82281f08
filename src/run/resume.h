/* What a training finds in its folder.  Local. */
#ifndef ENTENTE_RUN_RESUME_H
#define ENTENTE_RUN_RESUME_H

#include <stdbool.h>

#include "entente/status.h"

typedef enum { APP_AFRESH, APP_GO_ON, APP_DONE } app_begin;

/* Without `resume` there must be neither a result nor a checkpoint.  With it: a result is APP_DONE; a checkpoint is
 * APP_GO_ON if its configuration is `text` but for data.file (whose content is checked), federation.rounds, run.shards,
 * run.threads and run.checkpoint_every.  Errors: ENT_EARG what is there already; ENT_ECONFIG the key that differs;
 * ENT_EIO, ENT_EFORMAT a checkpoint that cannot be read. */
ent_status app_resume_look(const char *folder, bool resume, const char *text, app_begin *begin);

/* The configuration of the result in a folder, as one of today's (ent_config_saved); ent_free.  Errors: ENT_EARG,
 * ENT_EIO, ENT_EFORMAT; ENT_ECONFIG, naming the file. */
ent_status app_config_result(const char *folder, char **text);

#endif
