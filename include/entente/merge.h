/* Data sets put together: modalities side by side, and groups from a table.  Local. */
#ifndef ENTENTE_MERGE_H
#define ENTENTE_MERGE_H

#include <stdint.h>

#include "entente/status.h"

enum { ENT_MERGE_FILES = 16 };

/* The first file gives rows, labels, parts and groups; the others, of the same rows (the same /id in the same order
 * where both have one), add their modalities.
 *   groups  a CSV whose columns are id and group (named so, or the first two), in any order of rows; or of one column,
 *           a row for each row of the data.  Words are numbered in sorted order.  Ids match /id, or its video: what
 *           stands before the [k]. */
typedef struct {
    int files;
    const char *path[ENT_MERGE_FILES];
    const char *groups; /* or NULL */
    const char *out;
} ent_merge_inp;

typedef struct {
    int64_t rows, groups, unused; /* unused: ids of the table that no row has */
    int modalities;
} ent_merge_report;

/* Whole or not at all.  Errors: of data sets and tables; ENT_EDATA rows or ids that differ, a modality that two files
 * have, a row without a group (all such are counted), an id with two groups. */
ent_status ent_merge(const ent_merge_inp *inp, ent_merge_report *report);

#endif
