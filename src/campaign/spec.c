/* Checked access to the YAML nodes of a sweep or a study: mappings, lists, numbers, words and overrides. */
#include "spec.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"
#include "entente/memory.h"

yaml_node_t *campaign_spec_node(ent_yaml *yaml, int number)
{
    return yaml_document_get_node(&yaml->document, number);
}

static ent_status unknown_key(ent_yaml *yaml, const yaml_node_t *node, const char *key,
                              const campaign_spec_key *allowed)
{
    char where[256], names[512] = "";
    const char *text = ent_yaml_scalar(node);
    ent_nearest near = ent_nearest_to(text ? text : "");
    for (int k = 0; allowed[k].name; k++) {
        ent_nearest_try(&near, allowed[k].name);
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", k ? ", " : "", allowed[k].name);
    }
    return ent_fail(ENT_ECONFIG, "%s: unknown key '%s'%s%s, want one of: %s%s", ent_yaml_where(yaml, node, where),
                    text ? text : "?", *key ? " in " : "", key, names, ent_nearest_text(&near));
}

ent_status campaign_spec_keys(ent_yaml *yaml, const yaml_node_t *mapping, const char *key,
                              const campaign_spec_key *allowed)
{
    if (mapping->type != YAML_MAPPING_NODE) return ent_yaml_refuse(yaml, mapping, key, "a section of keys");
    const yaml_node_pair_t *first = mapping->data.mapping.pairs.start, *top = mapping->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = first; pair < top; pair++) {
        const yaml_node_t *node = campaign_spec_node(yaml, pair->key);
        const char *text = ent_yaml_scalar(node);
        if (!text || !*text) return ent_yaml_refuse(yaml, node, key, "a key");
        int k = 0;
        while (allowed && allowed[k].name && strcmp(allowed[k].name, text) != 0) k++;
        if (allowed && !allowed[k].name) return unknown_key(yaml, node, key, allowed);
        for (const yaml_node_pair_t *other = first; other < pair; other++)
            if (strcmp(ent_yaml_scalar(campaign_spec_node(yaml, other->key)), text) == 0) {
                char where[256];
                return ent_fail(ENT_ECONFIG, "%s: key '%s' appears twice%s%s", ent_yaml_where(yaml, node, where),
                                text, *key ? " in " : "", key);
            }
    }
    return ENT_OK;
}

ent_status campaign_spec_list(ent_yaml *yaml, const yaml_node_t *list, const char *key, int64_t *count)
{
    if (list->type != YAML_SEQUENCE_NODE) return ent_yaml_refuse(yaml, list, key, "a list of values");
    *count = list->data.sequence.items.top - list->data.sequence.items.start;
    char where[256];
    ENT_REQUIRE(*count > 0, ENT_ECONFIG, "%s: %s: found an empty list, want at least one value",
                ent_yaml_where(yaml, list, where), key);
    return ENT_OK;
}

yaml_node_t *campaign_spec_item(ent_yaml *yaml, const yaml_node_t *list, int64_t k)
{
    return campaign_spec_node(yaml, list->data.sequence.items.start[k]);
}

ent_status campaign_spec_real(ent_yaml *yaml, const yaml_node_t *node, const char *key, double low, double high,
                              double *out)
{
    const char *text = ent_yaml_scalar(node);
    char *end, wanted[96];
    const double value = text ? strtod(text, &end) : NAN;
    snprintf(wanted, sizeof wanted, "a number from %g to %g", low, high);
    if (!text || end == text || *end || !(value >= low && value <= high))
        return ent_yaml_refuse(yaml, node, key, wanted);
    *out = value;
    return ENT_OK;
}

ent_status campaign_spec_whole(ent_yaml *yaml, const yaml_node_t *node, const char *key, int64_t low, int64_t high,
                               int64_t *out)
{
    const char *text = ent_yaml_scalar(node);
    char *end, wanted[96];
    errno = 0;
    const long long value = text ? strtoll(text, &end, 10) : 0;
    snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld", (long long)low, (long long)high);
    if (!text || end == text || *end || errno || value < low || value > high)
        return ent_yaml_refuse(yaml, node, key, wanted);
    *out = value;
    return ENT_OK;
}

ent_status campaign_spec_word(ent_yaml *yaml, const yaml_node_t *node, const char *key, const char *const *words,
                              int *out)
{
    const char *text = ent_yaml_scalar(node);
    char wanted[512] = "one of: ";
    for (int k = 0; words[k]; k++) {
        if (text && strcmp(words[k], text) == 0) {
            *out = k;
            return ENT_OK;
        }
        snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s%s", k ? ", " : "", words[k]);
    }
    return ent_yaml_refuse(yaml, node, key, wanted);
}

ent_status campaign_spec_override(ent_yaml *yaml, const yaml_node_t *node, const char *key, json_t *sets,
                                  char **value)
{
    char *line, where[256];
    ENT_TRY(ent_yaml_line(yaml, node, &line));
    const int added =
        json_array_append_new(sets, json_pack("[s++, s]", key, "=", line, ent_yaml_where(yaml, node, where)));
    if (value)
        *value = line;
    else
        ent_free(line);
    ENT_REQUIRE(added == 0, ENT_ENOMEM, "%s: no memory", yaml->name);
    return ENT_OK;
}

ent_status campaign_spec_overrides(ent_yaml *yaml, const yaml_node_t *mapping, const char *key, json_t *sets)
{
    ENT_TRY(campaign_spec_keys(yaml, mapping, key, NULL));
    const yaml_node_pair_t *top = mapping->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < top; pair++)
        ENT_TRY(campaign_spec_override(yaml, campaign_spec_node(yaml, pair->value),
                                       ent_yaml_scalar(campaign_spec_node(yaml, pair->key)), sets, NULL));
    return ENT_OK;
}
