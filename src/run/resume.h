/* What a training finds in its folder.  Local. */
#ifndef ENTENTE_RUN_RESUME_H
#define ENTENTE_RUN_RESUME_H

#include <stdbool.h>

#include "entente/status.h"

typedef enum {
    APP_AFRESH,
    APP_GO_ON, /* from the checkpoint */
    APP_MORE,  /* from the result, which has fewer rounds */
    APP_DONE
} app_begin;

/* <dir>/<last part of folder>: where a result goes that the folder's disk has no room for.  Errors: ENT_EARG too long. */
ent_status app_fallback_path(const char *folder, const char *dir, char path[4096]);

/* Without `resume` there must be neither a result nor a checkpoint, and no result in run.fallback_dir either.  With it either must have been made with the
 * configuration `text`, but for data.file (whose content is checked later), federation.rounds, run.shards, run.threads and
 * run.checkpoint_every.  Errors: ENT_EARG what is there already; ENT_ECONFIG the keys that differ, or fewer rounds than
 * the result has; ENT_EIO, ENT_EFORMAT a file that cannot be read or is damaged.
 *   where  the folder of the result, which may be that in run.fallback_dir if *begin is APP_DONE */
ent_status app_resume_look(const char *folder, bool resume, const char *text, app_begin *begin, char where[4096]);

/* Remove the checkpoint beside a result, unless it is that of more rounds.  Errors: as above. */
ent_status app_resume_tidy(const char *folder);

/* The configuration of the result in a folder, as one of today's (ent_config_saved); ent_free.  With `locate` its data
 * set is looked for beside the result too (ent_config_locate).  Errors: ENT_EARG,
 * ENT_EIO, ENT_EFORMAT; ENT_ECONFIG, naming the file. */
ent_status app_config_result(const char *folder, bool locate, char **text);

#endif
