/* Files named in another file: the data set of a configuration, the base of a sweep.  Local. */
#ifndef ENTENTE_PATH_H
#define ENTENTE_PATH_H

#include "entente/status.h"

enum { ENT_PATH_BYTES = 4096 };

/* Find the file `name` that is named in the file `from`: relative to the working folder; else, unless it begins with
 * '/', relative to the folder of `from`.  Errors: ENT_EIO if it is in neither place (the message names both);
 * ENT_EARG, the path is too long. */
ent_status ent_path_named(const char *name, const char *from, char path[ENT_PATH_BYTES]);

#endif
