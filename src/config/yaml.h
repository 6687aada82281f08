/* YAML documents before they become values: parse, find, set, write.  Over libyaml; Local.
 * Every node remembers where it came from: a line of the file, or an override. */
#ifndef ENTENTE_CONFIG_YAML_H
#define ENTENTE_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "entente/status.h"

enum { ENT_YAML_ORIGINS = 64 };

typedef struct {
    char *name; /* of the file, for messages */
    yaml_document_t document;
    char *text;                     /* what was parsed */
    char *origin[ENT_YAML_ORIGINS]; /* where overrides came from: "--set", "sweep.yaml:7" */
    int origins;
} ent_yaml;

/* Errors: ENT_EIO; ENT_ECONFIG for a syntax error, with file, line and column, or a top level that is no mapping. */
ent_status ent_yaml_load(const char *path, ent_yaml **out);
ent_status ent_yaml_parse(const char *text, const char *name, ent_yaml **out);
void ent_yaml_free(ent_yaml *yaml);

/* The node at "a.b.c", or NULL. */
yaml_node_t *ent_yaml_find(ent_yaml *yaml, const char *path);

/* "a.b.c=value", the value being YAML itself; mappings on the way are made.  `origin` says where that is, for
 * messages ("--set").  Errors: ENT_ECONFIG. */
ent_status ent_yaml_set(ent_yaml *yaml, const char *assignment, const char *origin);

/* Take out of a mapping the key `name`, of a list the items that are `name`; `node` may be NULL. */
void ent_yaml_drop(ent_yaml *yaml, yaml_node_t *node, const char *name);

/* "file.yaml:12" or "--set": where a node is.  Returns `text`. */
char *ent_yaml_where(const ent_yaml *yaml, const yaml_node_t *node, char text[256]);

/* The text of a scalar, else NULL. */
const char *ent_yaml_scalar(const yaml_node_t *node);

/* ENT_ECONFIG: "file.yaml:12: KEY: found 'x', want WANTED". */
ent_status ent_yaml_refuse(const ent_yaml *yaml, const yaml_node_t *node, const char *key, const char *wanted);

/* A node as one line of YAML, in the way that `ent_yaml_set` takes (ent_free).  Errors: ENT_ENOMEM. */
ent_status ent_yaml_line(ent_yaml *yaml, const yaml_node_t *node, char **line);

/* A document as YAML text (ent_free); the document is deleted. */
ent_status ent_yaml_emit(yaml_document_t *document, char **text);

#endif
