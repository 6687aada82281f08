/* Merge data sets: combine their modalities, and add groups from a table.  Local. */
#ifndef ENTENTE_MERGE_H
#define ENTENTE_MERGE_H

#include <stdint.h>

#include "entente/status.h"

enum { ENT_MERGE_FILES = 16 };

/* The first file provides rows, labels, parts and groups.  The others must have the same rows (the same /id in the
 * same order if both have one) and add their modalities.
 *   groups  a CSV file with the columns id and group (by these names, or the first two), in any order of rows; or
 *           with one column and a row for each row of the data.  Words are numbered in sorted order.  Ids match /id,
 *           or its video: the part before the [k]. */
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

/* The file is written completely or not at all.  Errors: those of data sets and tables; ENT_EDATA rows or ids that
 * differ, a modality in two files, a row without a group (the message gives their number), an id with two groups. */
ent_status ent_merge(const ent_merge_inp *inp, ent_merge_report *report);

#endif
