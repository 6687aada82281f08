/* The configuration: defaults filled in, and checks along the schema with messages that name line, value and wish.
 *
 * The text of a configuration is parsed once by libyaml: --set options are put in, defaults fill the gaps, and a walk
 * along the schema checks every key, type and range while line numbers are at hand.  libcyaml then loads the values.
 * The sections model.registers and missing.rate have one key a modality, so their schema is made at run time. */
#include "config.h"

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "entente/fed.h"
#include "entente/memory.h"
#include "schema.h"
#include "yaml.h"

/* The walk along the schema. */
typedef struct {
    app_yaml *yaml;
    char key[512]; /* where the walk is, "a.b.c" */
} walk;

static ent_status refuse(const walk *at, const yaml_node_t *node, const char *wanted)
{
    return app_yaml_refuse(at->yaml, node, at->key, wanted);
}

/* "one of: a, b, c" */
static void list_names(char *text, size_t room, const char *first, int count, const char *(*name)(const void *, int),
                       const void *table)
{
    size_t used = (size_t)snprintf(text, room, "%s", first);
    for (int k = 0; k < count && used < room; k++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", k ? ", " : "", name(table, k));
}

static const char *enum_name(const void *table, int k)
{
    return ((const cyaml_strval_t *)table)[k].str;
}

static const char *field_name(const void *table, int k)
{
    return ((const cyaml_schema_field_t *)table)[k].key;
}

static ent_status check_enum(const walk *at, const yaml_node_t *node, const cyaml_schema_value_t *value)
{
    const char *text = app_yaml_scalar(node);
    for (uint32_t k = 0; text && k < value->enumeration.count; k++)
        if (strcmp(value->enumeration.strings[k].str, text) == 0) return ENT_OK;
    char wanted[512];
    list_names(wanted, sizeof wanted, "one of: ", (int)value->enumeration.count, enum_name,
               value->enumeration.strings);
    return refuse(at, node, wanted);
}

static ent_status refuse_number(const walk *at, const yaml_node_t *node, bool whole, const app_range *allowed)
{
    char wanted[160];
    if (allowed)
        snprintf(wanted, sizeof wanted, "a %snumber %s %.12g%s %.12g", whole ? "whole " : "",
                 allowed->above ? "above" : "from", allowed->low, allowed->above ? " and at most" : " to",
                 allowed->high);
    else
        snprintf(wanted, sizeof wanted, "a whole number from 0 to 18446744073709551615");
    return refuse(at, node, wanted);
}

static ent_status check_number(const walk *at, const yaml_node_t *node, bool whole)
{
    const char *text = app_yaml_scalar(node);
    const app_range *allowed = app_range_find(at->key);
    char *end;
    if (!text || !*text || (whole && strspn(text, "+-0123456789") != strlen(text)))
        return refuse_number(at, node, whole, allowed);
    errno = 0;
    const double number = strtod(text, &end);
    bool right = *end == '\0' && isfinite(number);
    if (right && allowed) {
        right = number >= allowed->low && number <= allowed->high && !(allowed->above && number <= allowed->low);
    } else if (right) { /* a seed */
        strtoull(text, &end, 10);
        right = errno == 0 && number >= 0 && text[0] != '-';
    }
    return right ? ENT_OK : refuse_number(at, node, whole, allowed);
}

static ent_status check_list(walk *at, const yaml_node_t *node, const cyaml_schema_value_t *value)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "a list of %u to %u names", value->sequence.min, value->sequence.max);
    if (node->type != YAML_SEQUENCE_NODE) return refuse(at, node, wanted);
    const int64_t count = node->data.sequence.items.top - node->data.sequence.items.start;
    if (count < value->sequence.min || count > value->sequence.max) {
        char where[256];
        return ent_fail(ENT_ECONFIG, "%s: %s: found %lld names, want %u to %u", app_yaml_where(at->yaml, node, where),
                        at->key, (long long)count, value->sequence.min, value->sequence.max);
    }
    for (int *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
        const yaml_node_t *entry = yaml_document_get_node(&at->yaml->document, *item);
        const char *text = app_yaml_scalar(entry);
        if (!text) return refuse(at, entry, "a name");
    }
    return ENT_OK;
}

static ent_status check_mapping(walk *at, const yaml_node_t *node, const cyaml_schema_field_t *fields);

static ent_status check_value(walk *at, const yaml_node_t *node, const cyaml_schema_value_t *value)
{
    const char *text = app_yaml_scalar(node);
    switch (value->type) {
    case CYAML_MAPPING:
        return check_mapping(at, node, value->mapping.fields);
    case CYAML_ENUM:
        return check_enum(at, node, value);
    case CYAML_INT:
    case CYAML_UINT:
        return check_number(at, node, true);
    case CYAML_FLOAT:
        return check_number(at, node, false);
    case CYAML_BOOL:
        return text && (!strcmp(text, "true") || !strcmp(text, "false")) ? ENT_OK : refuse(at, node, "true or false");
    case CYAML_SEQUENCE:
        return check_list(at, node, value);
    default:
        return text && *text ? ENT_OK : refuse(at, node, "a text that is not empty");
    }
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *key)
{
    for (; fields->key; fields++)
        if (key && strcmp(fields->key, key) == 0) return fields;
    return NULL;
}

static int count_fields(const cyaml_schema_field_t *fields)
{
    int count = 0;
    while (fields[count].key) count++;
    return count;
}

static ent_status check_pair(walk *at, const yaml_node_t *mapping, const yaml_node_pair_t *pair,
                             const cyaml_schema_field_t *fields)
{
    yaml_document_t *document = &at->yaml->document;
    const yaml_node_t *key = yaml_document_get_node(document, pair->key);
    const cyaml_schema_field_t *field = find_field(fields, app_yaml_scalar(key));
    char where[256], wanted[1024];
    app_yaml_where(at->yaml, key, where);
    if (!field) {
        list_names(wanted, sizeof wanted, "", count_fields(fields), field_name, fields);
        return ent_fail(ENT_ECONFIG, "%s: unknown key '%s'%s%s, want one of: %s", where,
                        app_yaml_scalar(key) ? app_yaml_scalar(key) : "?", *at->key ? " in " : "", at->key, wanted);
    }
    for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++) {
        const char *text = app_yaml_scalar(yaml_document_get_node(document, other->key));
        ENT_REQUIRE(!text || strcmp(text, field->key) != 0, ENT_ECONFIG, "%s: key '%s' stands twice%s%s", where,
                    field->key, *at->key ? " in " : "", at->key);
    }
    const size_t length = strlen(at->key);
    snprintf(at->key + length, sizeof at->key - length, "%s%s", length ? "." : "", field->key);
    const ent_status status = check_value(at, yaml_document_get_node(document, pair->value), &field->value);
    if (status == ENT_OK) at->key[length] = '\0';
    return status;
}

static bool has_key(const walk *at, const yaml_node_t *mapping, const char *key)
{
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++)
        if (strcmp(app_yaml_scalar(yaml_document_get_node(&at->yaml->document, pair->key)), key) == 0) return true;
    return false;
}

static ent_status check_mapping(walk *at, const yaml_node_t *node, const cyaml_schema_field_t *fields)
{
    if (node->type != YAML_MAPPING_NODE) return refuse(at, node, "a section of keys");
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
        ENT_TRY(check_pair(at, node, pair, fields));
    for (; fields->key; fields++) /* only data.file and data.modalities have no default */
        ENT_REQUIRE(has_key(at, node, fields->key), ENT_ECONFIG, "%s: key '%s%s%s' is missing", at->yaml->name,
                    at->key, *at->key ? "." : "", fields->key);
    return ENT_OK;
}

/* data.modalities as strings that live as long as the document: `name` has room for ENT_MAX_MODALITIES. */
static ent_status modality_names(app_yaml *yaml, unsigned *count, char **name)
{
    *count = 0;
    const yaml_node_t *list = app_yaml_find(yaml, "data.modalities");
    if (!list || list->type != YAML_SEQUENCE_NODE) return ENT_OK; /* the walk tells */
    for (int *item = list->data.sequence.items.start; item < list->data.sequence.items.top; item++) {
        const yaml_node_t *node = yaml_document_get_node(&yaml->document, *item);
        if (!app_yaml_scalar(node) || *count == ENT_MAX_MODALITIES) return ENT_OK;
        name[*count] = (char *)node->data.scalar.value;
        char where[256];
        app_yaml_where(yaml, node, where);
        if (ent_modality_check_name(name[*count]) != ENT_OK)
            return ent_fail_in(ENT_ECONFIG, "%s: data.modalities", where);
        for (unsigned k = 0; k < *count; k++)
            ENT_REQUIRE(strcmp(name[k], name[*count]) != 0, ENT_ECONFIG, "%s: data.modalities: '%s' stands twice",
                        where, name[k]);
        ++*count;
    }
    return ENT_OK;
}

/* The defaults as a document: a register and a rate for each modality; a single rate is meant for all. */
static ent_status fill_defaults(app_yaml *yaml, unsigned modalities, char *const *name)
{
    char set[ENT_NAME_BYTES + 256], rate[64] = "0.0";
    yaml_node_t *given = app_yaml_find(yaml, "missing.rate");
    if (given && app_yaml_scalar(given)) {
        const walk at = {.yaml = yaml, .key = "missing.rate"};
        ENT_TRY(check_number(&at, given, false)); /* here its line is known */
        snprintf(rate, sizeof rate, "%s", app_yaml_scalar(given));
        ENT_TRY(app_yaml_set(yaml, "missing.rate={}", "--set"));
    }
    app_yaml *defaults;
    ENT_TRY(app_yaml_parse(APP_DEFAULTS, "defaults", &defaults));
    ent_status status = ENT_OK;
    for (unsigned m = 0; m < modalities && status == ENT_OK; m++) {
        snprintf(set, sizeof set, "model.registers.%s=%s", name[m], APP_REGISTER_DEFAULTS);
        status = app_yaml_set(defaults, set, "default");
        snprintf(set, sizeof set, "missing.rate.%s=%s", name[m], rate);
        if (status == ENT_OK) status = app_yaml_set(defaults, set, "default");
    }
    if (status == ENT_OK) status = app_yaml_fill(yaml, defaults);
    app_yaml_free(defaults);
    return status;
}

/* An override that narrows data.modalities leaves out what the others have of their own so far. */
static ent_status set_modalities(app_yaml *yaml, const app_set *set)
{
    char *old[ENT_MAX_MODALITIES], *name[ENT_MAX_MODALITIES];
    unsigned before, after;
    ENT_TRY(modality_names(yaml, &before, old));
    ENT_TRY(app_yaml_set(yaml, set->text, set->origin));
    ENT_TRY(modality_names(yaml, &after, name));
    for (unsigned k = 0; k < before; k++) {
        unsigned m = 0;
        while (m < after && strcmp(name[m], old[k]) != 0) m++;
        if (m < after) continue;
        app_yaml_drop(yaml, app_yaml_find(yaml, "model.registers"), old[k]);
        app_yaml_drop(yaml, app_yaml_find(yaml, "missing.rate"), old[k]);
    }
    return ENT_OK;
}

/* One override; model.registers.* stands for the registers of all modalities. */
static ent_status override(app_yaml *yaml, const app_set *set)
{
    static const char every[] = "model.registers.*.";
    const size_t length = sizeof every - 1;
    char *name[ENT_MAX_MODALITIES];
    unsigned modalities;
    if (strncmp(set->text, "data.modalities=", strlen("data.modalities=")) == 0) return set_modalities(yaml, set);
    if (strncmp(set->text, every, length) != 0) return app_yaml_set(yaml, set->text, set->origin);
    ENT_TRY(modality_names(yaml, &modalities, name));
    for (unsigned m = 0; m < modalities; m++) {
        char text[4096];
        ENT_REQUIRE(snprintf(text, sizeof text, "model.registers.%s.%s", name[m], set->text + length) <
                        (int)sizeof text,
                    ENT_ECONFIG, "%s: %.40s...: too long", set->origin, set->text);
        ENT_TRY(app_yaml_set(yaml, text, set->origin));
    }
    return ENT_OK;
}

static ent_status complete(app_yaml *yaml, int sets, const app_set *set, char **text)
{
    char *name[ENT_MAX_MODALITIES];
    unsigned modalities;
    for (int k = 0; k < sets; k++) ENT_TRY(override(yaml, &set[k]));
    ENT_TRY(modality_names(yaml, &modalities, name));
    ENT_TRY(fill_defaults(yaml, modalities, name));
    app_schema *s = ent_alloc(1, sizeof *s);
    ENT_REQUIRE(s, ENT_ENOMEM, "configuration: no memory");
    app_schema_make(s, modalities, name);
    walk at = {.yaml = yaml};
    ent_status status = check_mapping(&at, yaml_document_get_root_node(&yaml->document), s->root);
    ent_free(s);
    return status == ENT_OK ? app_yaml_write(yaml, text) : status;
}

ent_status app_config_text(const char *path, int sets, const char *const *set, char **text)
{
    app_yaml *yaml;
    app_set *given = ent_alloc(sets, sizeof *given);
    ENT_REQUIRE(given, ENT_ENOMEM, "configuration: no memory");
    for (int k = 0; k < sets; k++) given[k] = (app_set){set[k], "--set"};
    ent_status status = app_yaml_load(path, &yaml);
    if (status == ENT_OK) {
        status = complete(yaml, sets, given, text);
        app_yaml_free(yaml);
    }
    ent_free(given);
    return status;
}

ent_status app_config_derive(const char *base, const char *name, int sets, const app_set *set, char **text)
{
    app_yaml *yaml;
    ENT_TRY(app_yaml_parse(base, name, &yaml));
    const ent_status status = complete(yaml, sets, set, text);
    app_yaml_free(yaml);
    return status;
}

ent_status app_config_saved(const char *saved, const char *path, char **text)
{
    app_yaml *yaml;
    ent_status status = app_yaml_parse(saved, "/config", &yaml);
    if (status == ENT_OK) {
        status = complete(yaml, 0, NULL, text);
        app_yaml_free(yaml);
        if (status == ENT_ECONFIG) ent_fail(status, "%s (written by a newer Entente?)", ent_message());
    }
    return status == ENT_ECONFIG ? ent_fail_in(status, "%s", path) : status;
}

ent_status app_config_result(const char *folder, char **text)
{
    char *saved, path[4096];
    struct stat state;
    ENT_REQUIRE(stat(folder, &state) != 0 || S_ISDIR(state.st_mode), ENT_EARG,
                "%s: not a folder: want the one that holds result.h5", folder);
    ENT_TRY(ent_result_config(folder, &saved));
    snprintf(path, sizeof path, "%s/result.h5", folder);
    const ent_status status = app_config_saved(saved, path, text);
    ent_free(saved);
    return status;
}

static const cyaml_config_t CYAML = {.log_fn = NULL, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};

ent_status app_config_parse(const char *text, ent_config **out)
{
    app_yaml *yaml;
    char *name[ENT_MAX_MODALITIES];
    unsigned modalities;
    cyaml_data_t *data = NULL;
    ENT_TRY(app_yaml_parse(text, "configuration", &yaml));
    ent_status status = modality_names(yaml, &modalities, name);
    app_schema *s = status == ENT_OK ? ent_alloc(1, sizeof *s) : NULL;
    if (status == ENT_OK && !s) status = ent_fail(ENT_ENOMEM, "configuration: no memory");
    if (status == ENT_OK) {
        app_schema_make(s, modalities, name);
        const cyaml_err_t error = cyaml_load_data((const uint8_t *)text, strlen(text), &CYAML, &s->top, &data, NULL);
        if (error != CYAML_OK) status = ent_fail(ENT_ECONFIG, "configuration: %s", cyaml_strerror(error));
    }
    ent_free(s);
    app_yaml_free(yaml);
    if (status == ENT_OK) *out = (ent_config *)data;
    return status;
}

void app_config_free(ent_config *config)
{
    if (!config) return;
    app_schema *s = ent_alloc(1, sizeof *s);
    if (!s) return;
    app_schema_make(s, config->data.modalities_count, config->data.modalities);
    cyaml_free(&CYAML, &s->top, config, 0);
    ent_free(s);
}
