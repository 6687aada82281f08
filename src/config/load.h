/* From YAML and overrides to the text of a whole configuration.  Local. */
#ifndef ENTENTE_CONFIG_LOAD_H
#define ENTENTE_CONFIG_LOAD_H

#include "entente/config.h"

/* An override: "key.path=value" (model.registers.*.KEY stands for every modality), and where it stands, for messages:
 * "--set" or "sweep.yaml:7". */
typedef struct {
    const char *text, *origin;
} ent_set;

/* ent_config_load and ent_config_write in one: the file with the overrides and all defaults in it, as YAML text
 * (ent_free).  Errors: as those have. */
ent_status ent_config_text(const char *path, int sets, const char *const *set, char **text);

/* Another such text from a whole one, `base`, called `name` in messages.  Where an override of data.modalities leaves
 * names out, their registers and rates go too; later overrides of these are refused.  Errors: as above. */
ent_status ent_config_derive(const char *base, const char *name, int sets, const ent_set *set, char **text);

/* Where such a text, of the file `from`, names a data set that is only found beside that file (ent_path_named), name
 * it there: `text` is replaced.  Errors: ENT_EIO, both places; as above. */
ent_status ent_config_locate(char **text, const char *from);

/* The text that a file of ours holds, the result or checkpoint `path`, as one of today's: what was no key yet when it
 * was written gets the value by which programs without that key behaved.  Errors: ENT_ECONFIG, naming the file.
 * */
ent_status ent_config_saved(const char *saved, const char *path, char **text);

#endif
