/* Folders that a command writes to.  Local. */
#ifndef ENTENTE_CLI_FOLDER_H
#define ENTENTE_CLI_FOLDER_H

#include <stddef.h>

#include "entente/status.h"

/* The path of a file in a folder, which is made if it is missing.  Errors: ENT_EIO; ENT_EARG, too long. */
ent_status cli_folder_file(const char *folder, char path[4096], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A folder that appears completely or not at all: it is filled under a temporary name next to it, then renamed. */
typedef struct {
    char path[4096], part[4200];
} cli_folder;

/* Refuse a path that exists, or whose folder does not.  Errors: ENT_EARG, ENT_EIO. */
ent_status cli_folder_begin(cli_folder *folder, const char *path);
/* A file in it; folders in `name` are made.  Errors: ENT_EIO, ENT_EFULL, ENT_ENOMEM. */
ent_status cli_folder_put(cli_folder *folder, const char *name, const void *bytes, size_t count);
/* With ENT_OK the folder appears, otherwise it is removed; returns the status, or why it cannot appear. */
ent_status cli_folder_end(cli_folder *folder, ent_status status);

#endif
