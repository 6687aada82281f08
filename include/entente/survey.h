/* What the numbers of a data set look like, modality by modality.  Local. */
#ifndef ENTENTE_SURVEY_H
#define ENTENTE_SURVEY_H

#include "entente/dataset.h"

/* Of the rows that have the modality. */
typedef struct {
    int64_t present, numbers, nonfinite;
    double low, high, mean, std; /* of the finite numbers; NAN where there is none */
} ent_survey;

/* Reads the features block by block.  Errors: ENT_EIO, ENT_EFORMAT, ENT_ENOMEM. */
ent_status ent_survey_modality(const ent_dataset *dataset, int m, ent_survey *out);

#endif
