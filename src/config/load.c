/* From YAML to an ent_config, by the table of keys.
 *
 * A document is parsed by libyaml and overrides are applied to it.  The configuration starts with the defaults; every
 * key of the document is looked up in the table, checked while its line is known, and written to its field.
 * data.modalities comes first, because their names are keys of model.registers and missing.rate.  Texts and lists
 * belong to the configuration, in blocks that ent_config_free frees: a caller may replace the pointers. */
#include "load.h"

#include <stdio.h>
#include <string.h>

#include "core/nearest.h"
#include "entente/memory.h"
#include "entente/path.h"
#include "keys.h"
#include "yaml.h"

typedef struct block {
    struct block *next;
    const char *memory[];
} block;

typedef struct {
    ent_config config; /* the first: what the caller sees */
    block *blocks;
} loaded;

typedef struct {
    ent_yaml *yaml;
    loaded *out;
    char key[512]; /* the reader's position, "a.b.c" */
} reader;

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "configuration: no memory");
}

/* Zeroed memory that is freed with the configuration. */
static void *keep(loaded *out, size_t bytes)
{
    block *made = ent_alloc((int64_t)(sizeof *made + bytes), 1);
    if (!made) return NULL;
    made->next = out->blocks;
    out->blocks = made;
    return made->memory;
}

static const char *keep_text(loaded *out, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = keep(out, bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

void ent_config_free(ent_config *config)
{
    if (!config) return;
    loaded *whole = (loaded *)config;
    for (block *next, *b = whole->blocks; b; b = next) {
        next = b->next;
        ent_free(b);
    }
    ent_free(whole);
}

/* ---- values ---- */

static ent_status refuse(const reader *r, const yaml_node_t *node, const char *wanted)
{
    return ent_yaml_refuse(r->yaml, node, r->key, wanted);
}

/* Suggest the nearest of the allowed choices. */
static ent_status refuse_value(const reader *r, const yaml_node_t *node, const ent_key *key)
{
    char wanted[512];
    const char *text = ent_yaml_scalar(node);
    const ent_status status = refuse(r, node, ent_key_wanted(key, wanted));
    if ((key->type != ENT_KEY_CHOICE && key->type != ENT_KEY_SET) || !text) return status;
    ent_nearest near = ent_nearest_to(text);
    const ent_choice *choice;
    for (int k = 0; (choice = ent_key_choice(key, k)); k++) ent_nearest_try(&near, choice->name);
    return ent_fail(status, "%s%s", ent_message(), ent_nearest_text(&near));
}

static ent_status read_names(reader *r, const ent_key *key, int m, const yaml_node_t *node)
{
    ent_config *config = &r->out->config;
    char wanted[512], where[256];
    int item;
    if (node->type != YAML_SEQUENCE_NODE) return refuse(r, node, ent_key_wanted(key, wanted));
    const yaml_node_item_t *items = node->data.sequence.items.start;
    const unsigned count = (unsigned)(node->data.sequence.items.top - items);
    const char **names = keep(r->out, (count + 1) * sizeof *names);
    if (!names) return no_memory();
    for (unsigned k = 0; k < count; k++) {
        const yaml_node_t *entry = yaml_document_get_node(&r->yaml->document, items[k]);
        const char *text = ent_yaml_scalar(entry);
        if (!text) return refuse(r, entry, "a name");
        names[k] = keep_text(r->out, text);
        if (!names[k]) return no_memory();
    }
    *(const char ***)ent_key_place(key, config, m) = names;
    *ent_key_names_count(key, config, m) = count;
    const ent_status status = ent_key_check_names(key, config, m, &item);
    const yaml_node_t *at = item < 0 ? node : yaml_document_get_node(&r->yaml->document, items[item]);
    return status == ENT_OK ? status : ent_fail_in(status, "%s", ent_yaml_where(r->yaml, at, where));
}

/* One choice, or a list of them. */
static ent_status read_set(reader *r, const ent_key *key, const yaml_node_t *node)
{
    char list[512] = "", wanted[512];
    void *place = ent_key_place(key, &r->out->config, 0);
    if (node->type != YAML_SEQUENCE_NODE) {
        const char *text = ent_yaml_scalar(node);
        return text && ent_key_read(key, text, place) ? ENT_OK : refuse_value(r, node, key);
    }
    for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
        const yaml_node_t *entry = yaml_document_get_node(&r->yaml->document, *item);
        const char *text = ent_yaml_scalar(entry);
        unsigned one;
        if (!text || !ent_key_read(key, text, &one)) return refuse_value(r, entry, key);
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s,", text);
    }
    return ent_key_read(key, list, place) ? ENT_OK : refuse(r, node, ent_key_wanted(key, wanted));
}

static ent_status read_value(reader *r, const ent_key *key, int m, const yaml_node_t *node)
{
    void *place = ent_key_place(key, &r->out->config, m);
    const char *text = ent_yaml_scalar(node);
    if (key->type == ENT_KEY_NAMES) return read_names(r, key, m, node);
    if (key->type == ENT_KEY_SET) return read_set(r, key, node);
    if (key->type != ENT_KEY_TEXT)
        return text && ent_key_read(key, text, place) ? ENT_OK : refuse_value(r, node, key);
    if (!text || !*text) return refuse_value(r, node, key);
    text = keep_text(r->out, text);
    if (!text) return no_memory();
    *(const char **)place = text;
    return ENT_OK;
}

/* ---- sections ---- */

/* Row k's component for messages: the names of the modalities in place of '*'. */
static ent_status unknown_key(reader *r, const ent_key_span *span, const yaml_node_t *node)
{
    const ent_config_data *data = &r->out->config.data;
    const char *text = ent_yaml_scalar(node);
    char where[256], wanted[1024] = "";
    ent_nearest near = ent_nearest_to(text ? text : "");
    for (int k = span->first; k < span->last; k = ent_key_below(span, k).last) {
        size_t length;
        const char *name = ent_key_component(span, k, &length);
        const unsigned names = *name == '*' ? data->modalities_count : 1;
        for (unsigned m = 0; m < names; m++) {
            char one[ENT_NAME_BYTES];
            snprintf(one, sizeof one, "%.*s", *name == '*' ? ENT_NAME_BYTES : (int)length,
                     *name == '*' ? data->modalities[m] : name);
            ent_nearest_try(&near, one);
            snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s%s", *wanted ? ", " : "", one);
        }
    }
    for (int k = 0; k < ENT_KEY_COUNT && text && !*near.found; k++) /* a key of another section? */
        if (strcmp(strrchr(ENT_KEYS[k].path, '.') + 1, text) == 0) ent_nearest_take(&near, ENT_KEYS[k].path);
    return ent_fail(ENT_ECONFIG, "%s: unknown key '%s'%s%s, want one of: %s%s", ent_yaml_where(r->yaml, node, where),
                    text ? text : "?", *r->key ? " in " : "", r->key, wanted, ent_nearest_text(&near));
}

/* The rows of `span` below the component `name`; *m is the modality where that is its name.  False: there are none.
 * */
static bool find_below(const reader *r, const ent_key_span *span, const char *name, ent_key_span *below, int *m)
{
    const ent_config_data *data = &r->out->config.data;
    for (int k = span->first; k < span->last; k = below->last) {
        size_t length;
        const char *component = ent_key_component(span, k, &length);
        *below = ent_key_below(span, k);
        if (*component == '*') {
            for (unsigned j = 0; j < data->modalities_count; j++)
                if (strcmp(data->modalities[j], name) == 0) return *m = (int)j, true;
        } else if (strlen(name) == length && memcmp(component, name, length) == 0) {
            return true;
        }
    }
    return false;
}

static ent_status read_section(reader *r, const ent_key_span *span, int m, const yaml_node_t *node);

/* One value for all modalities, each of which may have its own. */
static ent_status read_for_all(reader *r, const ent_key *key, const yaml_node_t *node)
{
    for (unsigned m = 0; m < r->out->config.data.modalities_count; m++) ENT_TRY(read_value(r, key, (int)m, node));
    return ENT_OK;
}

static bool is_for_all(const ent_key_span *below, const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && strcmp(ENT_KEYS[below->first].path + below->depth, "*") == 0;
}

static ent_status read_pair(reader *r, const ent_key_span *span, int m, const yaml_node_t *mapping,
                            const yaml_node_pair_t *pair)
{
    yaml_document_t *document = &r->yaml->document;
    const yaml_node_t *node = yaml_document_get_node(document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(document, pair->value);
    const char *name = ent_yaml_scalar(node);
    ent_key_span below;
    char where[256];
    if (!name || !find_below(r, span, name, &below, &m)) return unknown_key(r, span, node);
    for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++)
        ENT_REQUIRE(strcmp(ent_yaml_scalar(yaml_document_get_node(document, other->key)), name) != 0, ENT_ECONFIG,
                    "%s: key '%s' occurs twice%s%s", ent_yaml_where(r->yaml, node, where), name,
                    *r->key ? " in " : "", r->key);
    const size_t length = strlen(r->key);
    snprintf(r->key + length, sizeof r->key - length, "%s%s", length ? "." : "", name);
    const ent_key *key = &ENT_KEYS[below.first];
    if (ent_key_is_leaf(&below))
        ENT_TRY(read_value(r, key, m, value));
    else if (is_for_all(&below, value))
        ENT_TRY(read_for_all(r, key, value));
    else
        ENT_TRY(read_section(r, &below, m, value));
    r->key[length] = '\0';
    return ENT_OK;
}

static ent_status read_section(reader *r, const ent_key_span *span, int m, const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE) return refuse(r, node, "a section of keys");
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
        ENT_TRY(read_pair(r, span, m, node, pair));
    return ENT_OK;
}

/* The keys without a default are all in the section `data`. */
static ent_status check_given(const reader *r)
{
    for (int k = 0; k < ENT_KEY_COUNT; k++)
        ENT_REQUIRE(ENT_KEYS[k].standard || ent_yaml_find(r->yaml, ENT_KEYS[k].path), ENT_ECONFIG,
                    "%s: key '%s' is missing", r->yaml->name, ENT_KEYS[k].path);
    return ENT_OK;
}

static ent_status read_modalities(reader *r)
{
    const char key[] = "data.modalities";
    const yaml_node_t *node = ent_yaml_find(r->yaml, key);
    for (int k = 0; node && k < ENT_KEY_COUNT; k++)
        if (strcmp(ENT_KEYS[k].path, key) == 0) {
            snprintf(r->key, sizeof r->key, "%s", key);
            ENT_TRY(read_names(r, &ENT_KEYS[k], 0, node));
            r->key[0] = '\0';
        }
    return ENT_OK;
}

/* The behaviour of a version that did not have the key. */
static void take_before(ent_config *config)
{
    for (int k = 0; k < ENT_KEY_COUNT; k++)
        for (int m = 0; m < (ENT_KEYS[k].stride > 0 ? ENT_MAX_MODALITIES : 1) && ENT_KEYS[k].before; m++)
            ent_key_read(&ENT_KEYS[k], ENT_KEYS[k].before, ent_key_place(&ENT_KEYS[k], config, m));
}

static ent_status read_document(ent_yaml *yaml, bool saved, ent_config **out)
{
    reader r = {.yaml = yaml, .out = ent_alloc(1, sizeof *r.out)};
    const ent_key_span all = ent_key_all();
    if (!r.out) return no_memory();
    ent_config_default(&r.out->config);
    if (saved) take_before(&r.out->config);
    ent_status status = read_modalities(&r);
    if (status == ENT_OK) status = read_section(&r, &all, 0, yaml_document_get_root_node(&yaml->document));
    if (status == ENT_OK) status = check_given(&r);
    if (status != ENT_OK) {
        ent_config_free(&r.out->config);
        return status;
    }
    *out = &r.out->config;
    return ENT_OK;
}

/* ---- overrides ---- */

/* data.modalities as strings that live as long as the document; what is wrong with them is found when they are read.
 * */
static unsigned names_now(ent_yaml *yaml, const char *name[ENT_MAX_MODALITIES])
{
    unsigned count = 0;
    const yaml_node_t *list = ent_yaml_find(yaml, "data.modalities");
    if (!list || list->type != YAML_SEQUENCE_NODE) return 0;
    for (int *item = list->data.sequence.items.start; item < list->data.sequence.items.top; item++) {
        const yaml_node_t *node = yaml_document_get_node(&yaml->document, *item);
        if (!ent_yaml_scalar(node) || count == ENT_MAX_MODALITIES) return 0;
        name[count++] = ent_yaml_scalar(node);
    }
    return count;
}

/* An override that narrows data.modalities leaves out what the others have of their own so far. */
static ent_status set_modalities(ent_yaml *yaml, const ent_set *set)
{
    const char *old[ENT_MAX_MODALITIES], *name[ENT_MAX_MODALITIES];
    const unsigned before = names_now(yaml, old);
    ENT_TRY(ent_yaml_set(yaml, set->text, set->origin));
    const unsigned after = names_now(yaml, name);
    for (unsigned k = 0; k < before; k++) {
        unsigned m = 0;
        while (m < after && strcmp(name[m], old[k]) != 0) m++;
        if (m < after) continue;
        ent_yaml_drop(yaml, ent_yaml_find(yaml, "model.registers"), old[k]);
        ent_yaml_drop(yaml, ent_yaml_find(yaml, "missing.rate"), old[k]);
        ent_yaml_drop(yaml, ent_yaml_find(yaml, "noise.factor"), old[k]);
        ent_yaml_drop(yaml, ent_yaml_find(yaml, "missing.absent"), old[k]);
    }
    return ENT_OK;
}

/* One override; model.registers.* means the registers of all modalities. */
static ent_status override(ent_yaml *yaml, const ent_set *set)
{
    static const char every[] = "model.registers.*.";
    const size_t length = sizeof every - 1;
    const char *name[ENT_MAX_MODALITIES];
    if (strncmp(set->text, "data.modalities=", strlen("data.modalities=")) == 0) return set_modalities(yaml, set);
    if (strncmp(set->text, every, length) != 0) return ent_yaml_set(yaml, set->text, set->origin);
    const unsigned modalities = names_now(yaml, name);
    for (unsigned m = 0; m < modalities; m++) {
        char text[4096];
        ENT_REQUIRE(snprintf(text, sizeof text, "model.registers.%s.%s", name[m], set->text + length) <
                        (int)sizeof text,
                    ENT_ECONFIG, "%s: %.40s...: too long", set->origin, set->text);
        ENT_TRY(ent_yaml_set(yaml, text, set->origin));
    }
    return ENT_OK;
}

/* Takes the document; `saved`: a whole configuration written by this or an older version. */
static ent_status complete(ent_yaml *yaml, bool saved, int sets, const ent_set *set, ent_config **out)
{
    ent_status status = ENT_OK;
    for (int k = 0; k < sets && status == ENT_OK; k++) status = override(yaml, &set[k]);
    if (status == ENT_OK) status = read_document(yaml, saved, out);
    ent_yaml_free(yaml);
    return status;
}

/* ---- what is called ---- */

ent_status ent_config_load(const char *path, int sets, const char *const *set, ent_config **out)
{
    ent_yaml *yaml;
    ent_set *given = ent_alloc(sets, sizeof *given);
    if (!given) return no_memory();
    for (int k = 0; k < sets; k++) given[k] = (ent_set){set[k], "--set"};
    ent_status status = ent_yaml_load(path, &yaml);
    if (status == ENT_OK) status = complete(yaml, false, sets, given, out);
    ent_free(given);
    return status;
}

ent_status ent_config_parse(const char *text, ent_config **out)
{
    ent_yaml *yaml;
    ENT_TRY(ent_yaml_parse(text, "configuration", &yaml));
    return complete(yaml, false, 0, NULL, out);
}

/* Takes the configuration. */
static ent_status write_and_free(ent_config *config, char **text)
{
    const ent_status status = ent_config_write(config, text);
    ent_config_free(config);
    return status;
}

ent_status ent_config_text(const char *path, int sets, const char *const *set, char **text)
{
    ent_config *config;
    ENT_TRY(ent_config_load(path, sets, set, &config));
    return write_and_free(config, text);
}

ent_status ent_config_derive(const char *base, const char *name, int sets, const ent_set *set, char **text)
{
    ent_yaml *yaml;
    ent_config *config;
    ENT_TRY(ent_yaml_parse(base, name, &yaml));
    ENT_TRY(complete(yaml, true, sets, set, &config));
    return write_and_free(config, text);
}

ent_status ent_config_locate(char **text, const char *from)
{
    char path[ENT_PATH_BYTES], *located;
    ent_config *config;
    ENT_TRY(ent_config_parse(*text, &config));
    ent_status status = ent_path_named(config->data.file, from, path);
    config->data.file = path;
    if (status == ENT_OK) status = ent_config_write(config, &located);
    ent_config_free(config);
    if (status != ENT_OK) return status == ENT_EIO ? ent_fail_in(status, "data.file") : status;
    ent_free(*text);
    *text = located;
    return ENT_OK;
}

ent_status ent_config_saved(const char *saved, const char *path, char **text)
{
    ent_yaml *yaml;
    ent_config *config;
    ent_status status = ent_yaml_parse(saved, "/config", &yaml);
    if (status == ENT_OK) {
        status = complete(yaml, true, 0, NULL, &config);
        if (status == ENT_ECONFIG) ent_fail(status, "%s (written by a newer Entente?)", ent_message());
        if (status == ENT_OK) status = write_and_free(config, text);
    }
    return status == ENT_ECONFIG ? ent_fail_in(status, "%s", path) : status;
}
