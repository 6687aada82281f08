/* Values as text, and two configurations compared key by key.  The text of a value gives the same bits when it is
 * read, so values are equal if their texts are. */
#include <stdio.h>
#include <string.h>

#include "entente/memory.h"
#include "keys.h"

int ent_key_count(const ent_key *key, const ent_config *config)
{
    return key->stride > 0 ? (int)config->data.modalities_count : 1;
}

/* "[a, b]" */
static char *names_text(const ent_key *key, ent_config *config, int m)
{
    const char *const *names = *(const char *const *const *)ent_key_at(key, config, m);
    const unsigned count = *ent_key_names_count(key, config, m);
    size_t room = sizeof "[]", used = 1;
    for (unsigned k = 0; k < count; k++) room += strlen(names[k]) + strlen(", ");
    char *text = ent_alloc((int64_t)room, 1);
    if (!text) return NULL;
    *text = '[';
    for (unsigned k = 0; k < count; k++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", k > 0 ? ", " : "", names[k]);
    text[used] = ']';
    return text;
}

char *ent_key_text(const ent_key *key, const ent_config *config, int m)
{
    char text[64];
    if (key->type == ENT_KEY_NAMES) return names_text(key, (ent_config *)(uintptr_t)config, m);
    const char *shown = ent_key_show(key, ent_key_at(key, config, m), text);
    return ent_text(shown ? shown : "");
}

/* Whether the value of the key named by `when` is one of those after it. */
static bool is_read(const char *when, const ent_config *config, int m)
{
    const size_t length = strcspn(when, ":");
    char text[64];
    for (int k = 0; k < ENT_KEY_COUNT; k++) {
        const ent_key *key = &ENT_KEYS[k];
        if (strlen(key->path) != length || strncmp(key->path, when, length) != 0) continue;
        const char *now = ent_key_show(key, ent_key_at(key, config, key->stride > 0 ? m : 0), text);
        for (const char *at = when + length; now && *at;) {
            at += strspn(at, ":, ");
            const size_t word = strcspn(at, ",");
            if (strlen(now) == word && strncmp(now, at, word) == 0) return true;
            at += word;
        }
        return false;
    }
    return true;
}

ent_status ent_config_unread(const ent_config *config, ent_key_unread *unread, void *context)
{
    ent_config standard;
    ent_config_default(&standard);
    for (int k = 0; k < ENT_KEY_COUNT; k++) {
        const ent_key *key = &ENT_KEYS[k];
        for (int m = 0; key->when && m < ent_key_count(key, config); m++) {
            if (is_read(key->when, config, m)) continue;
            char name[256], *one = ent_key_text(key, config, m), *two = ent_key_text(key, &standard, m);
            const bool there = one && two;
            if (there && strcmp(one, two) != 0) unread(context, ent_key_name(key, config, m, name), key->when);
            ent_free(one);
            ent_free(two);
            ENT_REQUIRE(there, ENT_ENOMEM, "configuration: no memory");
        }
    }
    return ENT_OK;
}

/* The number of now's modality m in the other configuration; -1: it has none of that name. */
static int modality_of(const ent_config_data *now, int m, const ent_config_data *then)
{
    for (unsigned k = 0; k < then->modalities_count; k++)
        if (strcmp(now->modalities[m], then->modalities[k]) == 0) return (int)k;
    return -1;
}

ent_status ent_config_compare(const ent_config *now, const ent_config *then, ent_key_differs *differs, void *context)
{
    for (int k = 0; k < ENT_KEY_COUNT; k++) {
        const ent_key *key = &ENT_KEYS[k];
        for (int m = 0; m < ent_key_count(key, now); m++) {
            const int other = key->stride > 0 ? modality_of(&now->data, m, &then->data) : 0;
            char name[256], *one = ent_key_text(key, now, m);
            char *two = other < 0 ? ent_text("nothing") : ent_key_text(key, then, other);
            const bool there = one && two;
            if (there && strcmp(one, two) != 0) differs(context, key, ent_key_name(key, now, m, name), one, two);
            ent_free(one);
            ent_free(two);
            ENT_REQUIRE(there, ENT_ENOMEM, "configuration: no memory");
        }
    }
    return ENT_OK;
}
