/* From a YAML file and --set options to an ent_config.  Local. */
#ifndef ENTENTE_CONFIG_LOAD_H
#define ENTENTE_CONFIG_LOAD_H

#include "entente/config.h"

/* An override: "key.path=value" (model.registers.*.KEY stands for every modality), and where it stands, for messages: "--set" or "sweep.yaml:7". */
typedef struct {
    const char *text, *origin;
} app_set;

/* The file with the overrides and all defaults in it, checked, as YAML text (ent_free).  Errors: ENT_EIO; ENT_ECONFIG
 * with file, line, key, the value found and the values allowed. */
ent_status app_config_text(const char *path, int sets, const char *const *set, char **text);

/* Another such text from a whole one, `base`, called `name` in messages.  Where an override of data.modalities leaves
 * names out, their registers and rates go too; later overrides of these are refused.  Errors: as above. */
ent_status app_config_derive(const char *base, const char *name, int sets, const app_set *set, char **text);

/* The text that a file of ours holds, the result or checkpoint `path`, as one of today's: what was no key yet when it was
 * written gets its default, which is how programs before that key behaved.  Errors: ENT_ECONFIG, naming the file. */
ent_status app_config_saved(const char *saved, const char *path, char **text);

/* That of the result in a folder.  Errors: also ENT_EARG, ENT_EIO, ENT_EFORMAT. */
ent_status app_config_result(const char *folder, char **text);

/* The values of such a text.  Free with app_config_free. */
ent_status app_config_parse(const char *text, ent_config **out);
void app_config_free(ent_config *config);

#endif
