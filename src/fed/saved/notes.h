/* What results and checkpoints have in common: descriptions of their datasets, and the configuration. */
#ifndef ENTENTE_FED_NOTES_H
#define ENTENTE_FED_NOTES_H

#include "entente/h5.h"

/* After the last dataset.  Errors: as ent_h5_annotate.  Collective on a shared file. */
ent_status ent_saved_annotate(ent_h5 *file);
/* The configuration text of a file whose seal holds; ent_free.  Errors: ENT_EIO, ENT_EFORMAT.  Local. */
ent_status ent_saved_config(const char *path, char **text);

#endif
