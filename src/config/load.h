/* From YAML and overrides to the text of a whole configuration.  Local. */
#ifndef ENTENTE_CONFIG_LOAD_H
#define ENTENTE_CONFIG_LOAD_H

#include "entente/config.h"

/* An override: "key.path=value" (model.registers.*.KEY applies to every modality), and its origin, for messages:
 * "--set" or "sweep.yaml:7". */
typedef struct {
    const char *text, *origin;
} ent_set;

/* ent_config_load and ent_config_write in one: the file with the overrides and all defaults in it, as YAML text
 * (ent_free).  Errors: as for these. */
ent_status ent_config_text(const char *path, int sets, const char *const *set, char **text);

/* Another such text from a whole one, `base`, called `name` in messages.  Where an override of data.modalities leaves
 * names out, their registers and rates go too; later overrides of these are refused.  Errors: as above. */
ent_status ent_config_derive(const char *base, const char *name, int sets, const ent_set *set, char **text);

/* If such a text, of the file `from`, names a data set that exists only next to that file (ent_path_named), replace
 * the name in `text`.  Errors: ENT_EIO, naming both places; as above. */
ent_status ent_config_locate(char **text, const char *from);

/* The text of a result or checkpoint, `path`, converted to the present version: keys that did not exist when it was
 * written get the value that corresponds to the behaviour then.  Errors: ENT_ECONFIG, naming the file. */
ent_status ent_config_saved(const char *saved, const char *path, char **text);

#endif
