/* Reads STUDY.yaml.  The axes are setting, rate, variant and seed, in this order, for each data set.  Overrides
 * are applied in the same order, so a variant overrides everything except the seeds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/path.h"
#include "points.h"
#include "record.h"
#include "schema.h"
#include "spec.h"
#include "study.h"

static const char *const COLUMNS[] = {"data", "setting", "rate", "variant", "seed", NULL};
enum { DEFAULT_SEEDS = 5, MAX_SEEDS = 10000 };

typedef struct {
    const campaign_job *c;
    ent_yaml *yaml;
    json_t *plan;
} reader;

static ent_status no_memory(const reader *r)
{
    return ent_fail(ENT_ENOMEM, "%s: no memory", r->yaml->name);
}

static const yaml_node_t *value_of(const reader *r, const yaml_node_t *mapping, const char *key)
{
    const yaml_node_pair_t *top = mapping->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < top; pair++)
        if (strcmp(ent_yaml_scalar(campaign_spec_node(r->yaml, pair->key)), key) == 0)
            return campaign_spec_node(r->yaml, pair->value);
    return NULL;
}

/* Read overrides, none of which may be a seed. */
static ent_status read_set(const reader *r, const yaml_node_t *mapping, const char *key, json_t *sets)
{
    const size_t before = json_array_size(sets);
    ENT_TRY(campaign_spec_overrides(r->yaml, mapping, key, sets));
    for (size_t k = before; k < json_array_size(sets); k++) {
        const json_t *one = json_array_get(sets, k);
        const char *text = json_string_value(json_array_get(one, 0));
        ENT_REQUIRE(strncmp(text, "seeds", 5) != 0, ENT_ECONFIG, "%s: %s: found '%s', want `seeds` to set the seeds",
                    json_string_value(json_array_get(one, 1)), key, text);
    }
    return ENT_OK;
}

/* ---- settings and variants ---- */

/* The modality names of the base, as an array of strings. */
static ent_status modalities_of(const reader *r, int64_t base, json_t **names)
{
    ent_config *config;
    ENT_TRY(ent_config_parse(json_string_value(json_array_get(json_object_get(r->plan, "bases"), (size_t)base)),
                             &config));
    *names = json_array();
    for (unsigned m = 0; m < config->data.modalities_count; m++)
        json_array_append_new(*names, json_string(config->data.modalities[m]));
    ent_config_free(config);
    return ENT_OK;
}

/* An entry of settings or variants that is being read: the axis and column that its alternatives belong to, its name,
 * the names of the base's modalities, and its overrides. */
typedef struct {
    json_t *axis;
    const char *column, *name;
    const json_t *names;
    json_t *set;
} entry_reader;

/* An alternative with the overrides `set` and, for count > 0, data.modalities = names[first..first+count-1] of
 * `node`. */
static ent_status add_alternative(const reader *r, const entry_reader *e, const char *label, const json_t *set,
                                  const yaml_node_t *node, size_t first, size_t count)
{
    json_t *made = campaign_points_alternative(e->column, label), *sets = json_object_get(made, "set");
    if (!made || json_array_append_new(e->axis, made) != 0) return no_memory(r);
    if (count > 0) {
        char text[ENT_MAX_MODALITIES * (ENT_NAME_BYTES + 2) + 32] = "data.modalities=[", where[256];
        for (size_t m = first; m < first + count; m++)
            strcat(strcat(text, m > first ? ", " : ""), json_string_value(json_array_get(e->names, m)));
        json_array_append_new(sets, json_pack("[s+, s]", text, "]", ent_yaml_where(r->yaml, node, where)));
    }
    return json_array_extend(sets, (json_t *)(uintptr_t)set) == 0 ? ENT_OK : no_memory(r);
}

/* modalities: each (one alternative per modality, NAME_text), a number n (the first n), or a list of names. */
static ent_status add_modalities(const reader *r, const entry_reader *e, const yaml_node_t *node, const char *key)
{
    char at[320];
    int64_t count;
    snprintf(at, sizeof at, "%s.modalities", key);
    if (node->type == YAML_SEQUENCE_NODE) {
        json_t *own = json_array();
        ent_status status = own ? campaign_spec_override(r->yaml, node, "data.modalities", own, NULL) : no_memory(r);
        if (status == ENT_OK && json_array_extend(own, e->set) != 0) status = no_memory(r);
        if (status == ENT_OK) status = add_alternative(r, e, e->name, own, node, 0, 0);
        json_decref(own);
        return status;
    }
    if (strcmp(ent_yaml_scalar(node) ? ent_yaml_scalar(node) : "", "each") != 0) {
        const ent_status status =
            campaign_spec_whole(r->yaml, node, at, 1, (int64_t)json_array_size(e->names), &count);
        if (status != ENT_OK) return ent_fail(status, "%s, `each`, or a list of names", ent_message());
        return add_alternative(r, e, e->name, e->set, node, 0, (size_t)count);
    }
    for (size_t m = 0; m < json_array_size(e->names); m++) {
        char label[320];
        snprintf(label, sizeof label, "%s_%s", e->name, json_string_value(json_array_get(e->names, m)));
        ENT_TRY(add_alternative(r, e, label, e->set, node, m, 1));
    }
    return ENT_OK;
}

static ent_status read_entry(const reader *r, const yaml_node_pair_t *pair, const char *section, const char *column,
                             const json_t *names, json_t *axis)
{
    const char *name = ent_yaml_scalar(campaign_spec_node(r->yaml, pair->key));
    const yaml_node_t *entry = campaign_spec_node(r->yaml, pair->value);
    char key[256];
    snprintf(key, sizeof key, "%s.%.200s", section, name);
    ENT_TRY(campaign_spec_keys(r->yaml, entry, key, CAMPAIGN_ENTRY_KEYS));
    const yaml_node_t *set = value_of(r, entry, "set"), *modalities = value_of(r, entry, "modalities");
    const entry_reader e = {axis, column, name, names, json_array()};
    ent_status status = e.set ? ENT_OK : no_memory(r);
    if (status == ENT_OK && set) status = read_set(r, set, key, e.set);
    if (status == ENT_OK)
        status = modalities ? add_modalities(r, &e, modalities, key)
                            : add_alternative(r, &e, name, e.set, entry, 0, 0);
    json_decref(e.set);
    return status;
}

static ent_status new_axis(const reader *r, json_t *axes, json_t **axis)
{
    *axis = json_array();
    return *axis && json_array_append_new(axes, *axis) == 0 ? ENT_OK : no_memory(r);
}

/* A section of named entries as an axis; a missing section gives one unnamed alternative. */
static ent_status read_entries(const reader *r, const char *section, const char *column, const json_t *names,
                               json_t *axes)
{
    const yaml_node_t *mapping = ent_yaml_find(r->yaml, section);
    json_t *axis;
    ENT_TRY(new_axis(r, axes, &axis));
    if (!mapping)
        return json_array_append_new(axis, campaign_points_alternative(NULL, NULL)) == 0 ? ENT_OK : no_memory(r);
    ENT_TRY(campaign_spec_keys(r->yaml, mapping, section, NULL));
    const yaml_node_pair_t *top = mapping->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < top; pair++)
        ENT_TRY(read_entry(r, pair, section, column, names, axis));
    return ENT_OK;
}

/* ---- rates and seeds ---- */

static ent_status read_rates(const reader *r, json_t *axes)
{
    const yaml_node_t *rates = ent_yaml_find(r->yaml, "rates");
    json_t *axis;
    int64_t count;
    ENT_TRY(new_axis(r, axes, &axis));
    if (!rates)
        return json_array_append_new(axis, campaign_points_alternative(NULL, NULL)) == 0 ? ENT_OK : no_memory(r);
    ENT_TRY(campaign_spec_list(r->yaml, rates, "rates", &count));
    for (int64_t k = 0; k < count; k++) {
        const yaml_node_t *node = campaign_spec_item(r->yaml, rates, k);
        double rate;
        ENT_TRY(campaign_spec_real(r->yaml, node, "rates", 0.0, 1.0, &rate));
        json_t *made = campaign_points_alternative("rate", ent_yaml_scalar(node));
        if (!made || json_array_append_new(axis, made) != 0) return no_memory(r);
        ENT_TRY(campaign_spec_override(r->yaml, node, "missing.rate", json_object_get(made, "set"), NULL));
    }
    return ENT_OK;
}

/* Split, masks, initialisation and sampling draw from separate streams, so one seed serves all of them. */
static ent_status add_seed(const reader *r, int64_t seed, const char *where, json_t *axis)
{
    static const char *const key[] = {"seeds.split=", "seeds.masks=", "seeds.init=", "seeds.sampling="};
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)seed);
    json_t *made = campaign_points_alternative("seed", text), *set = json_object_get(made, "set");
    if (!made || json_array_append_new(axis, made) != 0) return no_memory(r);
    for (size_t k = 0; k < sizeof key / sizeof *key; k++)
        if (json_array_append_new(set, json_pack("[s+, s]", key[k], text, where)) != 0) return no_memory(r);
    return ENT_OK;
}

static ent_status read_seeds(const reader *r, json_t *axes)
{
    const yaml_node_t *seeds = ent_yaml_find(r->yaml, "seeds");
    json_t *axis;
    int64_t count = DEFAULT_SEEDS;
    char where[256];
    ENT_TRY(new_axis(r, axes, &axis));
    const bool list = seeds && seeds->type == YAML_SEQUENCE_NODE;
    if (list) ENT_TRY(campaign_spec_list(r->yaml, seeds, "seeds", &count));
    if (seeds && !list) ENT_TRY(campaign_spec_whole(r->yaml, seeds, "seeds", 1, MAX_SEEDS, &count));
    for (int64_t k = 0; k < count; k++) {
        int64_t seed = k + 1;
        const yaml_node_t *node = list ? campaign_spec_item(r->yaml, seeds, k) : seeds;
        if (list) ENT_TRY(campaign_spec_whole(r->yaml, node, "seeds", 0, INT64_MAX, &seed));
        ENT_TRY(add_seed(r, seed, node ? ent_yaml_where(r->yaml, node, where) : r->yaml->name, axis));
    }
    return json_object_set_new(r->plan, "seeds", json_integer(count)) == 0 ? ENT_OK : no_memory(r);
}

/* ---- reference, metric, keep ---- */

static ent_status read_reference(const reader *r, const json_t *variants)
{
    const yaml_node_t *node = ent_yaml_find(r->yaml, "reference");
    char names[1024] = "one of: ";
    size_t k;
    const json_t *variant;
    const char *wanted = node ? ent_yaml_scalar(node) : NULL;
    json_array_foreach(variants, k, variant)
    {
        const char *name = json_string_value(json_object_get(json_object_get(variant, "label"), "variant"));
        if (!node || (wanted && strcmp(wanted, name) == 0))
            return json_object_set_new(r->plan, "reference", json_string(name)) == 0 ? ENT_OK : no_memory(r);
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", k ? ", " : "", name);
    }
    return ent_yaml_refuse(r->yaml, node, "reference", names);
}

static ent_status read_words(const reader *r)
{
    const yaml_node_t *metric = ent_yaml_find(r->yaml, "metric"), *keep = ent_yaml_find(r->yaml, "keep");
    int which = 1, kept = 1; /* from accuracy on; the number of samples cannot be compared */
    if (metric) ENT_TRY(campaign_spec_word(r->yaml, metric, "metric", CAMPAIGN_METRICS + 1, &which));
    if (keep) ENT_TRY(campaign_spec_word(r->yaml, keep, "keep", CAMPAIGN_KEEP, &kept));
    const int failed =
        json_object_set_new(r->plan, "metric", json_string(CAMPAIGN_METRICS[1 + which])) != 0 ||
        json_object_set_new(r->plan, "keep", json_string(r->c->keep ? r->c->keep : CAMPAIGN_KEEP[kept])) != 0;
    return failed ? no_memory(r) : ENT_OK;
}

/* ---- the whole ---- */

/* Add all points of a data set: label `data`, its base with `sets` applied. */
static ent_status add_data(const reader *r, const char *label, const char *path, const json_t *sets)
{
    int64_t base;
    json_t *names = NULL, *axes = json_array(), *data;
    ent_status status = axes ? campaign_points_base(r->plan, path, sets, &base) : no_memory(r);
    if (status == ENT_OK) status = modalities_of(r, base, &names);
    if (status == ENT_OK) status = new_axis(r, axes, &data);
    if (status == ENT_OK && json_array_append_new(data, campaign_points_alternative("data", label)) != 0)
        status = no_memory(r);
    if (status == ENT_OK) status = read_entries(r, "settings", "setting", names, axes);
    if (status == ENT_OK) status = read_rates(r, axes);
    if (status == ENT_OK) status = read_entries(r, "variants", "variant", names, axes);
    if (status == ENT_OK) status = read_reference(r, json_array_get(axes, 3));
    if (status == ENT_OK) status = read_seeds(r, axes);
    if (status == ENT_OK) status = campaign_points_product(r->plan, base, axes);
    json_decref(names);
    json_decref(axes);
    return status;
}

/* The base file: given by --base, by `own`, or by the study. */
static ent_status base_path(const reader *r, const yaml_node_t *own, char path[4096])
{
    const yaml_node_t *node = own ? own : ent_yaml_find(r->yaml, "base");
    if (r->c->base && own)
        return ent_yaml_refuse(r->yaml, own, "base", "no base here with --base, which applies to every data set");
    if (r->c->base) {
        ENT_REQUIRE(snprintf(path, 4096, "%s", r->c->base) < 4096, ENT_EARG, "--base: path too long");
        return ENT_OK;
    }
    ENT_REQUIRE(node, ENT_ECONFIG, "%s: key 'base' is missing", r->yaml->name);
    if (!ent_yaml_scalar(node)) return ent_yaml_refuse(r->yaml, node, "base", "a configuration's file");
    return ent_path_named(ent_yaml_scalar(node), r->c->spec, path);
}

/* `entry`: one of the data section, or NULL; its label is `name`, else the name of the base file. */
static ent_status read_data(const reader *r, const char *name, const yaml_node_t *entry)
{
    char path[4096], key[256] = "data", label[256];
    const yaml_node_t *top = ent_yaml_find(r->yaml, "set"), *set = entry ? value_of(r, entry, "set") : NULL;
    ENT_TRY(base_path(r, entry ? value_of(r, entry, "base") : NULL, path));
    const char *slash = strrchr(path, '/'), *stem = slash ? slash + 1 : path;
    snprintf(label, sizeof label, "%.*s", (int)strcspn(stem, "."), stem);
    if (name) snprintf(key, sizeof key, "data.%.200s", name);
    json_t *sets = json_array();
    ent_status status = sets ? ENT_OK : no_memory(r);
    if (status == ENT_OK && top) status = read_set(r, top, "set", sets);
    if (status == ENT_OK && set) status = read_set(r, set, key, sets);
    if (status == ENT_OK) status = add_data(r, name ? name : label, path, sets);
    json_decref(sets);
    return status;
}

static ent_status read_study(const reader *r)
{
    ENT_TRY(campaign_spec_keys(r->yaml, ent_yaml_find(r->yaml, ""), "", CAMPAIGN_STUDY_KEYS));
    ENT_REQUIRE(ent_yaml_find(r->yaml, "variants"), ENT_ECONFIG, "%s: key 'variants' is missing", r->yaml->name);
    for (int k = 0; COLUMNS[k]; k++)
        json_array_append_new(json_object_get(r->plan, "columns"), json_string(COLUMNS[k]));
    ENT_TRY(campaign_points_fix(r->plan, r->c->sets.count, r->c->sets.text));
    ENT_TRY(read_words(r));
    const yaml_node_t *data = ent_yaml_find(r->yaml, "data");
    if (!data) return read_data(r, NULL, NULL);
    ENT_TRY(campaign_spec_keys(r->yaml, data, "data", NULL));
    const yaml_node_pair_t *top = data->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = data->data.mapping.pairs.start; pair < top; pair++) {
        const char *name = ent_yaml_scalar(campaign_spec_node(r->yaml, pair->key));
        const yaml_node_t *entry = campaign_spec_node(r->yaml, pair->value);
        char key[256];
        snprintf(key, sizeof key, "data.%.200s", name);
        ENT_TRY(campaign_spec_keys(r->yaml, entry, key, CAMPAIGN_DATA_KEYS));
        ENT_TRY(read_data(r, name, entry));
    }
    return ENT_OK;
}

ent_status campaign_study_points(const campaign_job *c, char **text)
{
    ent_yaml *yaml;
    ENT_TRY(ent_yaml_load(c->spec, &yaml));
    const reader r = {c, yaml, campaign_points_new("study", c->spec)};
    ent_status status = r.plan ? read_study(&r) : no_memory(&r);
    if (status == ENT_OK) status = campaign_points_write(r.plan, text);
    json_decref(r.plan);
    ent_yaml_free(yaml);
    return status;
}
