/* Defaults, and checks of a configuration in memory, row by row of the table. */
#include <string.h>

#include "keys.h"

void ent_config_default(ent_config *config)
{
    memset(config, 0, sizeof *config);
    for (int k = 0; k < ENT_KEY_COUNT; k++) {
        const ent_key *key = &ENT_KEYS[k];
        for (int m = 0; m < (key->stride > 0 ? ENT_MAX_MODALITIES : 1); m++) {
            void *place = ent_key_place(key, config, m);
            if (key->type == ENT_KEY_TEXT)
                *(const char **)place = key->standard;
            else if (key->standard)
                ent_key_read(key, key->standard, place); /* names: none, as memset has left them */
        }
    }
}

/* ---- names ---- */

static int find_name(const char **names, unsigned count, const char *name)
{
    for (unsigned k = 0; k < count; k++)
        if (strcmp(names[k], name) == 0) return (int)k;
    return -1;
}

static ent_status check_modality(const ent_config_data *data, unsigned k)
{
    const char *name = data->modalities[k];
    if (ent_modality_check_name(name) != ENT_OK) return ent_fail_in(ENT_ECONFIG, "data.modalities");
    ENT_REQUIRE(find_name(data->modalities, k, name) < 0, ENT_ECONFIG, "data.modalities: '%s' occurs twice", name);
    return ENT_OK;
}

static ent_status check_absent(const ent_config_data *data, const char *name)
{
    ENT_REQUIRE(find_name(data->modalities, data->modalities_count, name) >= 0, ENT_ECONFIG,
                "missing.absent: '%s' is not among data.modalities", name);
    return ENT_OK;
}

static ent_status check_plain(const char *path, const char *name)
{
    ENT_REQUIRE(*name && strlen(name) < ENT_NAME_BYTES && !strpbrk(name, "./=:,*"), ENT_ECONFIG,
                "%s: found '%s', want a name of 1 to %d bytes without . / = : , *", path, name, ENT_NAME_BYTES - 1);
    return ENT_OK;
}

static bool are_strings(const ent_key *key)
{
    return key->offset == offsetof(ent_config, model.strings);
}

int ent_key_name_bytes(const ent_key *key)
{
    return are_strings(key) ? 255 : ENT_NAME_BYTES - 1;
}

/* What is in it, the model says. */
static ent_status check_string(const ent_key *key, const char *text)
{
    const int most = ent_key_name_bytes(key);
    ENT_REQUIRE(*text && strlen(text) <= (size_t)most && !strpbrk(text, "./=:,*"), ENT_ECONFIG,
                "%s: found '%s', want registers with Pauli strings of 1 to %d bytes without . / = : , *", key->path,
                text, most);
    return ENT_OK;
}

ent_status ent_key_check_names(const ent_key *key, const ent_config *config, int m, int *item)
{
    const char *const *names = *(const char *const *const *)ent_key_at(key, config, m);
    const unsigned count = *ent_key_names_count(key, (ent_config *)config, m);
    char wanted[512], path[256];
    ent_key_name(key, config, m, path);
    *item = -1;
    ENT_REQUIRE(names || count == 0, ENT_ECONFIG, "%s: found nothing, want %s", path, ent_key_wanted(key, wanted));
    ENT_REQUIRE(count >= key->low && count <= key->high, ENT_ECONFIG, "%s: found %u names, want %g to %g", path,
                count, key->low, key->high);
    for (unsigned k = 0; k < count; k++) {
        *item = (int)k;
        ENT_REQUIRE(names[k], ENT_ECONFIG, "%s: found nothing, want a name", path);
        if (key->offset == offsetof(ent_config, data.modalities))
            ENT_TRY(check_modality(&config->data, k));
        else if (key->offset == offsetof(ent_config, missing.absent))
            ENT_TRY(check_absent(&config->data, names[k]));
        else if (are_strings(key))
            ENT_TRY(check_string(key, names[k]));
        else
            ENT_TRY(check_plain(path, names[k]));
    }
    return ENT_OK;
}

/* ---- the whole ---- */

static ent_status check_value(const ent_key *key, const ent_config *config, int m)
{
    const void *value = ent_key_at(key, config, m);
    char name[256], shown[64], wanted[512];
    if (ent_key_holds(key, value)) return ENT_OK;
    const char *text = ent_key_show(key, value, shown);
    return ent_fail(ENT_ECONFIG, "%s: found %s%s%s, want %s", ent_key_name(key, config, m, name), text ? "'" : "",
                    text ? text : "nothing", text ? "'" : "", ent_key_wanted(key, wanted));
}

ent_status ent_config_check(const ent_config *config)
{
    int item;
    ENT_REQUIRE(config, ENT_EARG, "no configuration");
    for (int k = 0; k < ENT_KEY_COUNT; k++) {
        const ent_key *key = &ENT_KEYS[k];
        const int count = ent_key_count(key, config);
        for (int m = 0; m < count; m++)
            ENT_TRY(key->type == ENT_KEY_NAMES ? ent_key_check_names(key, config, m, &item)
                                               : check_value(key, config, m));
    }
    return ENT_OK;
}
