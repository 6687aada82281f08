/* Documentation of the table of keys, and its JSON Schema.  Local. */
#ifndef ENTENTE_CONFIG_REFERENCE_H
#define ENTENTE_CONFIG_REFERENCE_H

#include <stdio.h>

/* Every key with its values, default and meaning, as Markdown. */
void ent_config_print_reference(FILE *out);

/* A line for each section and its keys, at most 78 columns wide. */
void ent_config_print_keys(FILE *out);

/* JSON Schema (draft 7): of a configuration, and of what a sweep and a study take as files. */
void ent_config_print_schema(FILE *out);

#endif
