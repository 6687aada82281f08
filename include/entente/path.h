/* Files that another file names: a configuration its data set, a sweep its base.  Local. */
#ifndef ENTENTE_PATH_H
#define ENTENTE_PATH_H

#include "entente/status.h"

enum { ENT_PATH_BYTES = 4096 };

/* Where the file `name` is that the file `from` names: as it is from the working folder; else, unless it begins with
 * '/', in the folder of `from`.  Errors: ENT_EIO, it is at neither, and both are named; ENT_EARG, too long a path. */
ent_status ent_path_named(const char *name, const char *from, char path[ENT_PATH_BYTES]);

#endif
