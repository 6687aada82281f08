/* Reading SWEEP.yaml and STUDY.yaml; errors give file, line, key, the value found and the value wanted.  Local. */
#ifndef ENTENTE_CAMPAIGN_SPEC_H
#define ENTENTE_CAMPAIGN_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/yaml.h"

/* Node number `number` of the document. */
yaml_node_t *campaign_spec_node(ent_yaml *yaml, int number);

/* A key of a mapping, and the schema of its value (schema.c). */
typedef struct {
    const char *name;
    json_t *(*schema)(void);
} campaign_spec_key;

/* A mapping with only these keys (up to a row without a name; `allowed` NULL: any), each at most once.  `key` "" is
 * the top level. */
ent_status campaign_spec_keys(ent_yaml *yaml, const yaml_node_t *mapping, const char *key,
                              const campaign_spec_key *allowed);

/* A list that must not be empty.  Returns its number of items. */
ent_status campaign_spec_list(ent_yaml *yaml, const yaml_node_t *list, const char *key, int64_t *count);
yaml_node_t *campaign_spec_item(ent_yaml *yaml, const yaml_node_t *list, int64_t k);

ent_status campaign_spec_real(ent_yaml *yaml, const yaml_node_t *node, const char *key, double low, double high,
                              double *out);
ent_status campaign_spec_whole(ent_yaml *yaml, const yaml_node_t *node, const char *key, int64_t low, int64_t high,
                               int64_t *out);
/* The index of one of `words` (NULL-terminated). */
ent_status campaign_spec_word(ent_yaml *yaml, const yaml_node_t *node, const char *key, const char *const *words,
                              int *out);

/* An override of `key` by `node`: ["key=value", "sweep.yaml:7"], appended to `sets`; `value` (may be NULL)
 * receives the text of the value (ent_free). */
ent_status campaign_spec_override(ent_yaml *yaml, const yaml_node_t *node, const char *key, json_t *sets,
                                  char **value);

/* The overrides of a mapping {key: value, ...}. */
ent_status campaign_spec_overrides(ent_yaml *yaml, const yaml_node_t *mapping, const char *key, json_t *sets);

#endif
