/* What the datasets of a data set file are.  Collective on a shared file. */
#ifndef ENTENTE_DATA_NOTES_H
#define ENTENTE_DATA_NOTES_H

#include "entente/h5.h"

/* After the last dataset.  Errors: as ent_h5_annotate. */
ent_status ent_dataset_annotate(ent_h5 *file);

#endif
