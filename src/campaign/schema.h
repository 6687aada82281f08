/* The keys of SWEEP.yaml and STUDY.yaml, and the JSON Schema made of them (config/schema.h).  Local. */
#ifndef ENTENTE_CAMPAIGN_SCHEMA_H
#define ENTENTE_CAMPAIGN_SCHEMA_H

#include <jansson.h>

#include "spec.h"

/* The keys that a mapping of these files may have. */
extern const app_spec_key APP_SWEEP_KEYS[], APP_RANDOM_KEYS[], APP_DRAWN_KEYS[];
extern const app_spec_key APP_STUDY_KEYS[], APP_DATA_KEYS[], APP_ENTRY_KEYS[];

/* The values of `keep`; the first is the default of a sweep, the second that of a study. */
extern const char *const APP_KEEP[];

json_t *app_schema_sweep(void);
json_t *app_schema_study(void);

#endif
