/* A configuration as YAML text: every key, in the order of the table.  Two configurations with the same values have
 * the same text, and reading it gives the same bits. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "entente/memory.h"
#include "keys.h"
#include "yaml.h"

typedef struct {
    const ent_config *config;
    yaml_document_t *document;
    bool failed; /* no memory, or a text that is not UTF-8 */
} writer;

static int add_scalar(writer *w, const char *text, yaml_scalar_style_t style)
{
    const int node = yaml_document_add_scalar(w->document, NULL, (const yaml_char_t *)text, -1, style);
    w->failed |= node == 0;
    return node;
}

/* Quoted where another reader would see a number, a switch or nothing in it. */
static int add_text(writer *w, const char *text)
{
    static const char *const taken[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    bool quoted = strspn(text, "0123456789+-.~") > 0 && *text != '.';
    for (size_t k = 0; k < sizeof taken / sizeof *taken; k++) quoted |= strcasecmp(text, taken[k]) == 0;
    return add_scalar(w, text, quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE);
}

static int add_names(writer *w, const ent_key *key, int m)
{
    const char *const *names = *(const char *const *const *)ent_key_at(key, w->config, m);
    const unsigned count = *ent_key_names_count(key, (ent_config *)w->config, m);
    const int list = yaml_document_add_sequence(w->document, NULL, YAML_FLOW_SEQUENCE_STYLE);
    w->failed |= list == 0;
    for (unsigned k = 0; k < count && !w->failed; k++)
        w->failed |= !yaml_document_append_sequence_item(w->document, list, add_text(w, names[k]));
    return list;
}

/* One choice as it is, several as a list. */
static int add_set(writer *w, const ent_key *key)
{
    char text[64], *rest;
    ent_key_show(key, ent_key_at(key, w->config, 0), text);
    if (*text != '[') return add_scalar(w, text, YAML_PLAIN_SCALAR_STYLE);
    const int list = yaml_document_add_sequence(w->document, NULL, YAML_FLOW_SEQUENCE_STYLE);
    w->failed |= list == 0;
    for (char *name = strtok_r(text, "[, ]", &rest); name && !w->failed; name = strtok_r(NULL, "[, ]", &rest))
        w->failed |= !yaml_document_append_sequence_item(w->document, list, add_text(w, name));
    return list;
}

static int add_value(writer *w, const ent_key *key, int m)
{
    char text[64];
    if (key->type == ENT_KEY_NAMES) return add_names(w, key, m);
    if (key->type == ENT_KEY_SET) return add_set(w, key);
    const char *shown = ent_key_show(key, ent_key_at(key, w->config, m), text);
    return key->type == ENT_KEY_TEXT ? add_text(w, shown) : add_scalar(w, shown, YAML_PLAIN_SCALAR_STYLE);
}

static int add_section(writer *w, const ent_key_span *span, int m);

/* "name: value" for row k of `span`, or for the section that begins there. */
static void add_pair(writer *w, int mapping, const char *name, const ent_key_span *below, int m)
{
    const int key = add_text(w, name);
    const int value = ent_key_is_leaf(below) ? add_value(w, &ENT_KEYS[below->first], m) : add_section(w, below, m);
    if (!w->failed) w->failed = !yaml_document_append_mapping_pair(w->document, mapping, key, value);
}

/* On one line where it holds values only and is not a section of the top. */
static yaml_mapping_style_t style_of(const ent_key_span *span)
{
    const char *path = ENT_KEYS[span->first].path;
    const bool deep = strchr(path, '.') + 1 < path + span->depth;
    return deep && !strchr(path + span->depth, '.') ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE;
}

static int add_section(writer *w, const ent_key_span *span, int m)
{
    const ent_config_data *data = &w->config->data;
    const int mapping = yaml_document_add_mapping(w->document, NULL, style_of(span));
    w->failed |= mapping == 0;
    for (int k = span->first; k < span->last && !w->failed;) {
        size_t length;
        const char *name = ent_key_component(span, k, &length);
        const ent_key_span below = ent_key_below(span, k);
        char plain[ENT_NAME_BYTES];
        snprintf(plain, sizeof plain, "%.*s", (int)length, name);
        if (*name != '*') add_pair(w, mapping, plain, &below, m);
        for (unsigned j = 0; *name == '*' && j < data->modalities_count && !w->failed; j++)
            add_pair(w, mapping, data->modalities[j], &below, (int)j);
        k = below.last;
    }
    return mapping;
}

ent_status ent_config_write(const ent_config *config, char **text)
{
    yaml_document_t document;
    const ent_key_span all = ent_key_all();
    ENT_TRY(ent_config_check(config));
    ENT_REQUIRE(yaml_document_initialize(&document, NULL, NULL, NULL, 1, 1), ENT_ENOMEM, "configuration: no memory");
    writer w = {config, &document, false};
    add_section(&w, &all, 0);
    if (!w.failed) return ent_yaml_emit(&document, text);
    yaml_document_delete(&document);
    return ent_fail(ENT_EARG, "configuration: a text is not UTF-8, or there is no memory");
}
