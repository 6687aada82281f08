/* The table of keys as JSON Schema (draft 7), by which editors complete and check YAML.  Local. */
#ifndef ENTENTE_CONFIG_SCHEMA_H
#define ENTENTE_CONFIG_SCHEMA_H

#include <jansson.h>

/* A schema document with this title and these `properties` (taken), which are all that an object may have; NULL
 * without memory. */
json_t *ent_schema_document(const char *title, json_t *properties);

/* A schema of an object that has these properties (taken) and no others. */
json_t *ent_schema_object(json_t *properties);

/* Of a configuration. */
json_t *ent_schema_config(void);

/* Of a mapping {client.batch: 32} of overrides; `wrap` makes of a value's schema (taken) that of what is given for a
 * key, NULL: the value itself. */
typedef json_t *ent_schema_wrap(json_t *value);
json_t *ent_schema_overrides(ent_schema_wrap *wrap);

#endif
