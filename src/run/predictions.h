/* What a model predicts of each row, as a file. */
#ifndef ENTENTE_RUN_PREDICTIONS_H
#define ENTENTE_RUN_PREDICTIONS_H

#include <stdbool.h>

#include "entente/fed.h"

/* Whether the name ends as a kind of file does that can be written: .csv or .h5.  Local. */
bool app_predictions_may(const char *path);

/* Before the work: nothing is at the path, and it can be written.  Local.  Errors: ENT_EIO, ENT_EFULL. */
ent_status app_predictions_look(const char *path);

/* The rows that were evaluated, by row number; rank 0, after ent_federation_evaluate.  Columns, datasets:
 *   row, split   in the data set: from 0; 0 train, 1 validation, 2 test (CSV: by name)
 *   client       with `clients`; else the rows have none
 *   label        the class as the data set calls it, or the number
 *   predicted    the same
 *   output       the model's outputs: logits, or the number; CSV: output_<class> for each class
 *   probability  of each class, their softmax; CSV: probability_<class>
 * and in HDF5 /class_name, the class of each output.  Whole or not at all.  Local.  Errors: ENT_EIO, ENT_EFULL, ENT_ENOMEM. */
ent_status app_predictions_save(const char *path, const ent_federation_view *view, bool clients);

#endif
