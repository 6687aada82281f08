/* Reading SWEEP.yaml and STUDY.yaml: what stands where, with file, line, key, the value found and the wish.  Local. */
#ifndef ENTENTE_CAMPAIGN_SPEC_H
#define ENTENTE_CAMPAIGN_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/yaml.h"

/* Node number `number` of the document. */
yaml_node_t *app_spec_node(ent_yaml *yaml, int number);

/* A mapping that has no other keys than these (NULL at the end; `allowed` NULL: any), each once.  `key` "" is the top. */
ent_status app_spec_keys(ent_yaml *yaml, const yaml_node_t *mapping, const char *key, const char *const *allowed);

/* A list that is not empty; its number of items. */
ent_status app_spec_list(ent_yaml *yaml, const yaml_node_t *list, const char *key, int64_t *count);
yaml_node_t *app_spec_item(ent_yaml *yaml, const yaml_node_t *list, int64_t k);

ent_status app_spec_real(ent_yaml *yaml, const yaml_node_t *node, const char *key, double low, double high,
                         double *out);
ent_status app_spec_whole(ent_yaml *yaml, const yaml_node_t *node, const char *key, int64_t low, int64_t high,
                          int64_t *out);
/* One of `words` (NULL at the end), as its number. */
ent_status app_spec_word(ent_yaml *yaml, const yaml_node_t *node, const char *key, const char *const *words,
                         int *out);

/* An override of `key` by `node`: ["key=value", "sweep.yaml:7"], put behind `sets`; `value` (may be NULL) is the
 * value's text (ent_free). */
ent_status app_spec_override(ent_yaml *yaml, const yaml_node_t *node, const char *key, json_t *sets, char **value);

/* The overrides of a mapping {key: value, ...}. */
ent_status app_spec_overrides(ent_yaml *yaml, const yaml_node_t *mapping, const char *key, json_t *sets);

#endif
