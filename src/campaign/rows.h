/* Writes a table in memory, given as rows of named values, to CSV and HDF5.  Local. */
#ifndef ENTENTE_CAMPAIGN_ROWS_H
#define ENTENTE_CAMPAIGN_ROWS_H

#include <jansson.h>

#include "entente/h5.h"

/* `rows`: an array of objects, each with the names of `columns` (an array of strings) as keys; a value is a text, a
 * number or null. */

/* A line of names, then one line per row; null is an empty field; numbers read back exactly.  Written completely
 * or not at all; not flushed to disk, since `--table` can write it again.  Errors: ENT_EIO, ENT_ENOMEM. */
ent_status campaign_rows_csv(const json_t *columns, const json_t *rows, const char *path);

/* <group>/<name> [rows]: int64 if every value is a whole number; float64 if every value is a number, null (NaN) or
 * the text of a number; else strings. */
ent_status campaign_rows_h5(const json_t *columns, const json_t *rows, ent_h5 *file, const char *group);

#endif
