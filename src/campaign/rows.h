/* A table in memory, as rows of named values, to CSV and HDF5.  Local. */
#ifndef ENTENTE_CAMPAIGN_ROWS_H
#define ENTENTE_CAMPAIGN_ROWS_H

#include <jansson.h>

#include "entente/h5.h"

/* `rows`: an array of objects, each with the names of `columns` (an array of strings) as keys; a value is a text, a
 * number or null. */

/* One line of names, one a row; null is an empty field; numbers are read as the same bits.  Whole or not at all; not
 * forced to the disk, since `--table` makes it again.  Errors: ENT_EIO, ENT_ENOMEM. */
ent_status app_rows_csv(const json_t *columns, const json_t *rows, const char *path);

/* <group>/<name> [rows]: int64 where every value is a whole number; float64 where every value is a number, null (NaN) or a
 * text that is a number; else texts. */
ent_status app_rows_h5(const json_t *columns, const json_t *rows, ent_h5 *file, const char *group);

#endif
