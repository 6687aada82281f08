/* Summary statistics of the features of a data set, per modality.  Local. */
#ifndef ENTENTE_SURVEY_H
#define ENTENTE_SURVEY_H

#include "entente/dataset.h"

/* Over the rows that have the modality; if there are too many, over an evenly spaced subset of rows. */
typedef struct {
    int64_t present;             /* rows that have it */
    int64_t looked;              /* rows that were examined, including absent ones: all rows, or fewer */
    int64_t numbers, nonfinite;  /* of these */
    double low, high, mean, std; /* of the finite numbers; NAN if there are none */
} ent_survey;

enum { ENT_SURVEY_NUMBERS = 1 << 26 }; /* limit of numbers examined */

/* Reads the features block by block, at most ENT_SURVEY_NUMBERS numbers; larger rows are not examined.  `progress`
 * may be NULL.  Errors: ENT_EIO, ENT_EFORMAT, ENT_ENOMEM. */
ent_status ent_survey_modality(const ent_dataset *dataset, int m,
                               void (*progress)(void *data, int64_t done, int64_t all), void *data, ent_survey *out);

#endif
