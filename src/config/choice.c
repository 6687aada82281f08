/* The choices of a key: those of its row, and those that a program adds for its own rules and splits.  These remain
 * for the life of the process, and must be added before other threads read. */
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "keys.h"

typedef struct {
    const char *path; /* of the key */
    ent_choice choice;
} addition;

static addition added[2 * ENT_MOST_OWN];
static int additions;

const ent_choice *ent_key_choice(const ent_key *key, int k)
{
    if (k < key->choices) return &key->choice[k];
    k -= key->choices;
    for (int a = 0; a < additions; a++)
        if (strcmp(added[a].path, key->path) == 0 && k-- == 0) return &added[a].choice;
    return NULL;
}

/* One word of YAML, as it is. */
static bool is_word(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz", others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (!name || !*name || !strchr(letters, *name)) return false;
    for (const char *at = name; *at; at++)
        if (!strchr(letters, *at) && !strchr(others, *at)) return false;
    return strlen(name) < ENT_NAME_BYTES;
}

static const ent_key *key_at(const char *path)
{
    for (int k = 0; k < ENT_KEY_COUNT; k++)
        if (strcmp(ENT_KEYS[k].path, path) == 0) return &ENT_KEYS[k];
    return NULL;
}

ent_status ent_choice_add(const char *path, const char *name, int first, int *value)
{
    const ent_key *key = key_at(path);
    const ent_choice *choice;
    ENT_ASSERT(key);
    ENT_REQUIRE(is_word(name), ENT_EARG,
                "%s: found the name '%s', want a lower-case letter, then letters, digits, _ or -", path,
                name ? name : "");
    int k = 0;
    for (; (choice = ent_key_choice(key, k)); k++)
        ENT_REQUIRE(strcmp(choice->name, name) != 0, ENT_EARG, "%s: the name '%s' is taken", path, name);
    ENT_REQUIRE(k - key->choices < ENT_MOST_OWN, ENT_ENOMEM, "%s: more than %d choices added", path, ENT_MOST_OWN);
    const char *kept = ent_text(name);
    ENT_REQUIRE(kept, ENT_ENOMEM, "%s: no memory", path);
    *value = first + k - key->choices;
    added[additions++] = (addition){key->path, {kept, *value}};
    return ENT_OK;
}
