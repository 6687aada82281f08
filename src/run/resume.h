/* Examines what a training finds in its folder.  Local. */
#ifndef ENTENTE_RUN_RESUME_H
#define ENTENTE_RUN_RESUME_H

#include <stdbool.h>

#include "entente/status.h"

typedef enum {
    RUN_AFRESH,
    RUN_GO_ON, /* from the checkpoint */
    RUN_MORE,  /* from the result, which has fewer rounds */
    RUN_DONE
} run_begin;

/* <dir>/<last part of folder>: the fallback for a result if the disk of the folder is full.  Errors: ENT_EARG too
 * long. */
ent_status run_fallback_path(const char *folder, const char *dir, char path[4096]);

/* Without `resume` neither a result nor a checkpoint may exist, nor a result in run.fallback_dir.  With it they must
 * have been made with the configuration `text`, except for the keys that may change (config/keys.c; the content of
 * data.file is checked later).  Errors: ENT_EARG what exists already;
 * ENT_ECONFIG the keys that differ, or fewer rounds than the result has; ENT_EIO, ENT_EFORMAT a file that cannot be
 * read or is damaged.
 *   where  the folder of the result; if *begin is RUN_DONE it may be the one in run.fallback_dir */
ent_status run_resume_look(const char *folder, bool resume, const char *text, run_begin *begin, char where[4096]);

/* Remove the checkpoint next to a result, unless it is for more rounds.  Errors: as above. */
ent_status run_resume_tidy(const char *folder);

/* The configuration of the result in a folder, converted to the present version (ent_config_saved); ent_free.  With
 * `locate` its data set is also searched for next to the result (ent_config_locate).  Errors: ENT_EARG,
 * ENT_EIO, ENT_EFORMAT; ENT_ECONFIG, naming the file. */
ent_status run_config_result(const char *folder, bool locate, char **text);

/* A result folder on the command line, and the data set to use instead of that of the training, or NULL.  The first
 * field of a command's arguments, which run_read_result takes: it reads the configuration as run_config_result. */
typedef struct {
    const char *folder, *data;
} run_result;
ent_status run_read_result(void *arguments, char **text);

#endif
