/* Descriptions of the datasets of results and checkpoints.  Collective on a shared file. */
#ifndef ENTENTE_FED_NOTES_H
#define ENTENTE_FED_NOTES_H

#include "entente/h5.h"

/* After the last dataset.  Errors: as ent_h5_annotate. */
ent_status ent_saved_annotate(ent_h5 *file);

#endif
