/* YAML documents before they become values: parse, find, set, fill in, write.  Over libyaml; Local.
 * Every node remembers where it came from: a line of the file, a --set option, or the defaults. */
#ifndef ENTENTE_CONFIG_YAML_H
#define ENTENTE_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "entente/status.h"

enum { APP_YAML_ORIGINS = 64 };

typedef struct {
    char *name; /* of the file, for messages */
    yaml_document_t document;
    char *text;                     /* what was parsed */
    char *origin[APP_YAML_ORIGINS]; /* where overrides came from: "--set", "sweep.yaml:7" */
    int origins;
} app_yaml;

/* Errors: ENT_EIO; ENT_ECONFIG for a syntax error, with file, line and column, or a top level that is no mapping. */
ent_status app_yaml_load(const char *path, app_yaml **out);
ent_status app_yaml_parse(const char *text, const char *name, app_yaml **out);
void app_yaml_free(app_yaml *yaml);

/* The node at "a.b.c", or NULL. */
yaml_node_t *app_yaml_find(app_yaml *yaml, const char *path);

/* "a.b.c=value", the value being YAML itself; mappings on the way are made.  `origin` says where that stands, for
 * messages ("--set").  Errors: ENT_ECONFIG. */
ent_status app_yaml_set(app_yaml *yaml, const char *assignment, const char *origin);

/* Take the keys of `mapping` out that are `key`. */
void app_yaml_drop(app_yaml *yaml, yaml_node_t *mapping, const char *key);

/* Take over from `defaults` every key that is missing, at any depth. */
ent_status app_yaml_fill(app_yaml *yaml, app_yaml *defaults);

/* A copy of node `from` of another document, with all below it; its number in `yaml`, 0 on failure. */
int app_yaml_copy(app_yaml *yaml, yaml_document_t *other, int from);

/* "file.yaml:12" or "--set" or "default": where a node stands.  Returns `text`. */
char *app_yaml_where(const app_yaml *yaml, const yaml_node_t *node, char text[256]);

/* The text of a scalar, else NULL. */
const char *app_yaml_scalar(const yaml_node_t *node);

/* ENT_ECONFIG: "file.yaml:12: KEY: found 'x', want WANTED". */
ent_status app_yaml_refuse(const app_yaml *yaml, const yaml_node_t *node, const char *key, const char *wanted);

/* A node as one line of YAML, in the way that `app_yaml_set` takes (ent_free).  Errors: ENT_ENOMEM. */
ent_status app_yaml_line(app_yaml *yaml, const yaml_node_t *node, char **line);

/* The whole as YAML text (ent_free). */
ent_status app_yaml_write(app_yaml *yaml, char **text);

#endif
