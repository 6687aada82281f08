/* What the numbers of a data set look like, modality by modality.  Local. */
#ifndef ENTENTE_SURVEY_H
#define ENTENTE_SURVEY_H

#include "entente/dataset.h"

/* Of the rows that have the modality; the numbers of rows spread evenly, where there are too many of them. */
typedef struct {
    int64_t present;             /* rows that have it, of all */
    int64_t looked;              /* rows whose numbers were looked at, or that were absent: all, or fewer */
    int64_t numbers, nonfinite;  /* of these */
    double low, high, mean, std; /* of the finite numbers; NAN where there is none */
} ent_survey;

enum { ENT_SURVEY_NUMBERS = 1 << 26 }; /* the most that are looked at */

/* Reads the features block by block, ENT_SURVEY_NUMBERS of them at most; rows of more than that are not looked at.
 * `progress` may be NULL.  Errors: ENT_EIO, ENT_EFORMAT, ENT_ENOMEM. */
ent_status ent_survey_modality(const ent_dataset *dataset, int m,
                               void (*progress)(void *data, int64_t done, int64_t all), void *data, ent_survey *out);

#endif
