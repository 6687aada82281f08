/* What a configuration may hold, as tables: schema.c fills them, config.c walks along them.  Local. */
#ifndef ENTENTE_CONFIG_SCHEMA_H
#define ENTENTE_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>

#include "entente/config.h"

/* YAML texts: all sections but data.file, data.modalities and what stands once a modality; one register. */
extern const char APP_DEFAULTS[], APP_REGISTER_DEFAULTS[];

/* The parts of the schema that depend on the modalities' names. */
typedef struct {
    cyaml_schema_field_t registers[ENT_MAX_MODALITIES + 1], rate[ENT_MAX_MODALITIES + 1];
    cyaml_schema_field_t model[10], missing[8], root[16];
    cyaml_schema_value_t top;
} app_schema;

void app_schema_make(app_schema *s, unsigned modalities, char *const *name);

/* The range of a number; NULL for a key without one (a seed). */
typedef struct {
    const char *key;
    double low, high;
    bool above; /* more than low, not low itself */
} app_range;
const app_range *app_range_find(const char *key);

#endif
