/* JSON Schema of SWEEP.yaml and STUDY.yaml (config/schema.h).  Local. */
#ifndef ENTENTE_CAMPAIGN_SCHEMA_H
#define ENTENTE_CAMPAIGN_SCHEMA_H

#include <jansson.h>

json_t *app_schema_sweep(void);
json_t *app_schema_study(void);

#endif
