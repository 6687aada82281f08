/* What the label is, in the first lines of a training. */
#ifndef ENTENTE_RUN_NOTE_LABEL_H
#define ENTENTE_RUN_NOTE_LABEL_H

#include "progress.h"

/* "classification, 2 classes (0: 71, 1: 69 training rows)" or "regression, values 12.1 to 33.4"; then what may not be
 * meant: gaps in the classes' numbers, classes that no training row has, numbers that look like classes. */
void app_note_label(app_progress *progress, const ent_federation_view *view);

#endif
