/* The predictions of a model for each row, as a file. */
#ifndef ENTENTE_RUN_PREDICTIONS_H
#define ENTENTE_RUN_PREDICTIONS_H

#include <stdbool.h>

#include "entente/fed.h"

/* Whether the name has the extension of a supported format: .csv or .h5.  Local. */
bool run_predictions_may(const char *path);

/* Check, before the work, that the path does not exist and can be written.  Local.  Errors: ENT_EIO, ENT_EFULL. */
ent_status run_predictions_look(const char *path);

/* Write the evaluated rows, ordered by row number; on rank 0, after ent_federation_evaluate.  Columns or datasets:
 *   row, split   row number in the data set, from 0; 0 train, 1 validation, 2 test (CSV: by name)
 *   client       with `clients` only
 *   label        the class as numbered in the data set, or the real label
 *   predicted    the same
 *   output       the outputs of the model: logits, or the real prediction; CSV: output_<class> for each class
 *   probability  of each class, by softmax; CSV: probability_<class>
 * and in HDF5 /class_name, the class of each output, and /class_text, its word where the data set has
 * one.  Written
 * completely or not at all.  Local.  Errors: ENT_EIO, ENT_EFULL, ENT_ENOMEM. */
ent_status run_predictions_save(const char *path, const ent_federation_view *view, bool clients);

#endif
