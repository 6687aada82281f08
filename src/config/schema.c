/* JSON Schema from the table: an object for each section, a range or an enumeration for each key.  What depends on
 * other values cannot be said in it: that registers and rates are named as data.modalities are.
 *
 * Functions of jansson propagate NULL, so lack of memory is checked once, in the final result. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "schema.h"

static json_t *number(double value)
{
    return value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *of_number(const ent_key *key)
{
    return json_pack("{s:s, s:o, s:o}", "type", key->type == ENT_KEY_WHOLE ? "integer" : "number",
                     key->above ? "exclusiveMinimum" : "minimum", number(key->low), "maximum", number(key->high));
}

static json_t *of_choice(const ent_key *key)
{
    json_t *names = json_array();
    for (int k = 0; k < key->choices; k++) json_array_append_new(names, json_string(key->choice[k].name));
    return json_pack("{s:o}", "enum", names);
}

static json_t *of_set(const ent_key *key)
{
    json_t *list =
        json_pack("{s:s, s:o, s:i, s:b}", "type", "array", "items", of_choice(key), "minItems", 1, "uniqueItems", 1);
    return json_pack("{s:[o, o]}", "anyOf", of_choice(key), list);
}

static json_t *of_names(const ent_key *key)
{
    const bool given = !key->standard; /* data.modalities: each once, none that names a block of parameters */
    char pattern[64];
    snprintf(pattern, sizeof pattern, "^%s[^./=:,*]{1,%d}$", given ? "(?!(fusion|head)$)" : "",
             ent_key_name_bytes(key));
    json_t *name = json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
    return json_pack("{s:s, s:o, s:o, s:o, s:b}", "type", "array", "items", name, "minItems", number(key->low),
                     "maxItems", number(key->high), "uniqueItems", given);
}

static json_t *of_type(const ent_key *key)
{
    switch (key->type) {
    case ENT_KEY_CHOICE:
        return of_choice(key);
    case ENT_KEY_SET:
        return of_set(key);
    case ENT_KEY_NAMES:
        return of_names(key);
    case ENT_KEY_SEED:
        return json_pack("{s:s, s:i, s:f}", "type", "integer", "minimum", 0, "maximum", 18446744073709551615.0);
    case ENT_KEY_SWITCH:
        return json_pack("{s:s}", "type", "boolean");
    case ENT_KEY_TEXT:
        return json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
    default:
        return of_number(key);
    }
}

static json_t *standard_of(const ent_key *key)
{
    const bool set = key->type == ENT_KEY_SET && key->standard[0] != '[';
    const bool text = key->type == ENT_KEY_TEXT || key->type == ENT_KEY_CHOICE || set;
    return text ? json_string(key->standard) : json_loads(key->standard, JSON_DECODE_ANY, NULL);
}

static json_t *of_key(const ent_key *key)
{
    char text[512];
    json_t *schema = of_type(key);
    snprintf(text, sizeof text, "%s%s%s%s%s%s", key->help, key->unit ? " (" : "", key->unit ? key->unit : "",
             key->unit ? ")" : "", key->when ? "; only with " : "", key->when ? key->when : "");
    json_object_set_new(schema, "description", json_string(text));
    if (key->standard) json_object_set_new(schema, "default", standard_of(key));
    return schema;
}

json_t *ent_schema_object(json_t *properties)
{
    return json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties, "additionalProperties", 0);
}

json_t *ent_schema_document(const char *title, json_t *properties)
{
    json_t *schema = json_pack("{s:s, s:s}", "$schema", "http://json-schema.org/draft-07/schema#", "title", title);
    json_t *object = ent_schema_object(properties);
    json_object_update(schema, object);
    json_decref(object);
    return schema;
}

static const char *help_of(const char *path, size_t length)
{
    for (int k = 0; k < ENT_SECTION_COUNT; k++)
        if (strlen(ENT_SECTIONS[k].path) == length && strncmp(ENT_SECTIONS[k].path, path, length) == 0)
            return ENT_SECTIONS[k].help;
    return NULL;
}

static json_t *of_span(const ent_key_span *span);

/* One schema for the values of all names; where that is a key, one value for all will do. */
static json_t *of_modalities(const ent_key_span *below)
{
    json_t *object = json_pack("{s:s, s:o}", "type", "object", "additionalProperties", of_span(below));
    return ent_key_is_leaf(below) ? json_pack("{s:[o, o]}", "anyOf", of_span(below), object) : object;
}

/* Names of what must be given in these rows. */
static json_t *required_in(const ent_key_span *span)
{
    json_t *names = json_array();
    for (int k = span->first; k < span->last; k = ent_key_below(span, k).last) {
        size_t length;
        const char *name = ent_key_component(span, k, &length);
        bool given = true;
        for (int j = k; j < ent_key_below(span, k).last; j++) given &= ENT_KEYS[j].standard != NULL;
        if (!given) json_array_append_new(names, json_stringn(name, length));
    }
    return names;
}

static json_t *of_span(const ent_key_span *span)
{
    size_t length;
    if (ent_key_is_leaf(span)) return of_key(&ENT_KEYS[span->first]);
    const char *first = ent_key_component(span, span->first, &length);
    const ent_key_span names = ent_key_below(span, span->first);
    json_t *schema, *properties = json_object(), *required = required_in(span);
    for (int k = span->first; k < span->last && *first != '*';) {
        const char *name = ent_key_component(span, k, &length);
        const ent_key_span below = ent_key_below(span, k);
        char text[64];
        snprintf(text, sizeof text, "%.*s", (int)length, name);
        json_object_set_new(properties, text, of_span(&below));
        k = below.last;
    }
    schema = *first == '*' ? of_modalities(&names) : ent_schema_object(json_incref(properties));
    if (json_array_size(required) > 0) json_object_set(schema, "required", required);
    const char *help = help_of(ENT_KEYS[span->first].path, span->depth ? span->depth - 1 : 0);
    if (help) json_object_set_new(schema, "description", json_string(help));
    json_decref(properties);
    json_decref(required);
    return schema;
}

json_t *ent_schema_config(void)
{
    const ent_key_span all = ent_key_all();
    json_t *object = of_span(&all), *properties = json_incref(json_object_get(object, "properties"));
    json_t *schema = ent_schema_document("A configuration of Entente", properties);
    json_object_set(schema, "required", json_object_get(object, "required"));
    json_decref(object);
    return schema;
}

/* ---- overrides ---- */

/* "model.registers.*.qubits" as a pattern of paths. */
static void pattern_of(const char *path, size_t length, char text[256])
{
    size_t used = (size_t)snprintf(text, 256, "^");
    for (size_t k = 0; k < length && used < 240; k++)
        used += (size_t)snprintf(text + used, 256 - used, "%.*s",
                                 path[k] == '*'   ? 5
                                 : path[k] == '.' ? 2
                                                  : 1,
                                 path[k] == '*'   ? "[^.]+"
                                 : path[k] == '.' ? "\\."
                                                  : path + k);
    snprintf(text + used, 256 - used, "$");
}

/* Each path below `span`: the keys, and what has a value per modality as a whole. */
static void add_paths(const ent_key_span *span, ent_schema_wrap *wrap, json_t *properties, json_t *patterns)
{
    for (int k = span->first; k < span->last;) {
        size_t length;
        const char *name = ent_key_component(span, k, &length), *path = ENT_KEYS[k].path;
        const ent_key_span below = ent_key_below(span, k);
        const size_t whole = (size_t)(name - path) + length;
        char text[256];
        const bool each = memchr(path, '*', whole) != NULL, all = path[whole] == '.' && path[whole + 1] == '*';
        json_t *value = each || all || ent_key_is_leaf(&below) ? of_span(&below) : NULL;
        if (value && wrap) value = wrap(value);
        if (value && each) {
            pattern_of(path, whole, text);
            json_object_set_new(patterns, text, value);
        } else if (value) {
            snprintf(text, sizeof text, "%.*s", (int)whole, path);
            json_object_set_new(properties, text, value);
        }
        if (!ent_key_is_leaf(&below)) add_paths(&below, wrap, properties, patterns);
        k = below.last;
    }
}

json_t *ent_schema_overrides(ent_schema_wrap *wrap)
{
    const ent_key_span all = ent_key_all();
    json_t *properties = json_object(), *patterns = json_object();
    add_paths(&all, wrap, properties, patterns);
    json_t *schema = ent_schema_object(properties);
    json_object_set_new(schema, "patternProperties", patterns);
    return schema;
}
