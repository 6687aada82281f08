/* Describes the label in the first lines of a training. */
#ifndef ENTENTE_RUN_NOTE_LABEL_H
#define ENTENTE_RUN_NOTE_LABEL_H

#include "progress.h"

/* "classification, 2 classes (0: 71, 1: 69 training rows)" or "regression, values 12.1 to 33.4"; then possible
 * mistakes: gaps in the class numbers, classes without training rows, numbers that look like classes. */
void run_note_label(run_progress *progress, const ent_federation_view *view);

#endif
