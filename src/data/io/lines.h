/* A text file as a whole.  Local. */
#ifndef ENTENTE_DATA_LINES_H
#define ENTENTE_DATA_LINES_H

#include "entente/h5.h"

/* The text, ended by '\0'; ent_free.  Errors: ENT_EIO; ENT_EFORMAT a zero byte in it; ENT_ENOMEM. */
ent_status ent_file_text(const char *path, char **out);

#endif
