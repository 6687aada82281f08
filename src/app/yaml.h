/* YAML documents before they become values: parse, find, set, fill in, write.  Over libyaml; Local.
 * Every node remembers where it came from: a line of the file, a --set option, or the defaults. */
#ifndef ENTENTE_APP_YAML_H
#define ENTENTE_APP_YAML_H

#include <stddef.h>
#include <yaml.h>

#include "entente/status.h"

typedef struct {
    char *name; /* of the file, for messages */
    yaml_document_t document;
    char *text; /* what was parsed */
} app_yaml;

/* Errors: ENT_EIO; ENT_ECONFIG for a syntax error, with file, line and column, or a top level that is no mapping. */
ent_status app_yaml_load(const char *path, app_yaml **out);
ent_status app_yaml_parse(const char *text, const char *name, app_yaml **out);
void app_yaml_free(app_yaml *yaml);

/* The node at "a.b.c", or NULL. */
yaml_node_t *app_yaml_find(app_yaml *yaml, const char *path);

/* "a.b.c=value", the value being YAML itself; mappings on the way are made.  Errors: ENT_ECONFIG. */
ent_status app_yaml_set(app_yaml *yaml, const char *assignment);

/* Take over from `defaults` every key that is missing, at any depth. */
ent_status app_yaml_fill(app_yaml *yaml, app_yaml *defaults);

/* A copy of node `from` of another document, with all below it; its number in `yaml`, 0 on failure. */
int app_yaml_copy(app_yaml *yaml, yaml_document_t *other, int from);

/* "file.yaml:12" or "--set" or "default": where a node stands.  Returns `text`. */
char *app_yaml_where(const app_yaml *yaml, const yaml_node_t *node, char text[256]);

/* The whole as YAML text (ent_free). */
ent_status app_yaml_write(app_yaml *yaml, char **text);

#endif
