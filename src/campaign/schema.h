/* The keys of SWEEP.yaml and STUDY.yaml, and the JSON Schema made of them (config/schema.h).  Local. */
#ifndef ENTENTE_CAMPAIGN_SCHEMA_H
#define ENTENTE_CAMPAIGN_SCHEMA_H

#include <jansson.h>

#include "spec.h"

/* The keys that a mapping of these files may have. */
extern const campaign_spec_key CAMPAIGN_SWEEP_KEYS[], CAMPAIGN_RANDOM_KEYS[], CAMPAIGN_DRAWN_KEYS[];
extern const campaign_spec_key CAMPAIGN_STUDY_KEYS[], CAMPAIGN_DATA_KEYS[], CAMPAIGN_ENTRY_KEYS[];

/* The values of `keep`; the first is the default of a sweep, the second that of a study. */
extern const char *const CAMPAIGN_KEEP[];

json_t *campaign_schema_sweep(void);
json_t *campaign_schema_study(void);

#endif
