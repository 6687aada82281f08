/* Builds the points of a sweep from one base configuration.
 *
 * Each key of grid is an axis, list is an axis, and random is an axis; the points are their product in this order,
 * with the last axis varying fastest. */
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/path.h"
#include "entente/random.h"
#include "points.h"
#include "schema.h"
#include "spec.h"

static ent_status no_memory(const ent_yaml *yaml)
{
    return ent_fail(ENT_ENOMEM, "%s: no memory", yaml->name);
}

/* A varied key is a column; it may be varied by only one of grid, list and random.  `scale` as in points.h; "again":
 * an earlier entry of the list may have added it. */
static ent_status add_column(ent_yaml *yaml, const yaml_node_t *node, json_t *plan, const char *scale)
{
    const char *key = ent_yaml_scalar(node);
    const bool again = strcmp(scale, "again") == 0;
    json_t *columns = json_object_get(plan, "columns"), *scales = json_object_get(plan, "scales"), *column;
    char where[256];
    size_t c;
    json_array_foreach(columns, c, column)
    {
        if (strcmp(json_string_value(column), key) != 0) continue;
        ENT_REQUIRE(again, ENT_ECONFIG, "%s: '%s' is varied twice", ent_yaml_where(yaml, node, where), key);
        return ENT_OK;
    }
    const bool done = json_array_append_new(columns, json_string(key)) == 0 &&
                      json_array_append_new(scales, json_string(scale)) == 0;
    return done ? ENT_OK : no_memory(yaml);
}

/* Add key=value of `node` to an alternative, as label and override. */
static ent_status choose(ent_yaml *yaml, const yaml_node_t *node, const char *key, json_t *alternative)
{
    char *value;
    ENT_TRY(campaign_spec_override(yaml, node, key, json_object_get(alternative, "set"), &value));
    const int done = json_object_set_new(json_object_get(alternative, "label"), key, json_string(value));
    ent_free(value);
    return done == 0 ? ENT_OK : no_memory(yaml);
}

static ent_status new_alternative(const ent_yaml *yaml, json_t *axis, json_t **alternative)
{
    *alternative = campaign_points_alternative(NULL, NULL);
    return *alternative && json_array_append_new(axis, *alternative) == 0 ? ENT_OK : no_memory(yaml);
}

static ent_status new_axis(const ent_yaml *yaml, json_t *axes, json_t **axis)
{
    *axis = json_array();
    return *axis && json_array_append_new(axes, *axis) == 0 ? ENT_OK : no_memory(yaml);
}

static ent_status read_grid(ent_yaml *yaml, const yaml_node_t *grid, json_t *plan, json_t *axes)
{
    ENT_TRY(campaign_spec_keys(yaml, grid, "grid", NULL));
    const yaml_node_pair_t *top = grid->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = grid->data.mapping.pairs.start; pair < top; pair++) {
        const yaml_node_t *node = campaign_spec_node(yaml, pair->key),
                          *values = campaign_spec_node(yaml, pair->value);
        char key[256];
        int64_t count;
        json_t *axis, *alternative;
        snprintf(key, sizeof key, "grid.%.240s", ent_yaml_scalar(node));
        ENT_TRY(add_column(yaml, node, plan, "grid"));
        ENT_TRY(campaign_spec_list(yaml, values, key, &count));
        ENT_TRY(new_axis(yaml, axes, &axis));
        for (int64_t k = 0; k < count; k++) {
            ENT_TRY(new_alternative(yaml, axis, &alternative));
            ENT_TRY(choose(yaml, campaign_spec_item(yaml, values, k), ent_yaml_scalar(node), alternative));
        }
    }
    return ENT_OK;
}

static ent_status read_list(ent_yaml *yaml, const yaml_node_t *list, json_t *plan, json_t *axes)
{
    const size_t before = json_array_size(json_object_get(plan, "columns"));
    int64_t count;
    json_t *axis, *alternative;
    ENT_TRY(campaign_spec_list(yaml, list, "list", &count));
    ENT_TRY(new_axis(yaml, axes, &axis));
    for (int64_t k = 0; k < count; k++) {
        const yaml_node_t *entry = campaign_spec_item(yaml, list, k);
        ENT_TRY(campaign_spec_keys(yaml, entry, "list", NULL));
        ENT_TRY(new_alternative(yaml, axis, &alternative));
        const yaml_node_pair_t *top = entry->data.mapping.pairs.top;
        for (const yaml_node_pair_t *pair = entry->data.mapping.pairs.start; pair < top; pair++) {
            const yaml_node_t *key = campaign_spec_node(yaml, pair->key);
            bool mine = false; /* an earlier entry may have the same key */
            for (size_t c = before; c < json_array_size(json_object_get(plan, "columns")); c++)
                mine |= strcmp(json_string_value(json_array_get(json_object_get(plan, "columns"), c)),
                               ent_yaml_scalar(key)) == 0;
            ENT_TRY(add_column(yaml, key, plan, mine ? "again" : "list"));
            ENT_TRY(choose(yaml, campaign_spec_node(yaml, pair->value), ent_yaml_scalar(key), alternative));
        }
    }
    return ENT_OK;
}

/* ---- random ---- */

/* The distribution of a key. */
typedef struct {
    const char *key, *kind;
    const yaml_node_t *node; /* its choices */
    double low, high;
    int64_t count; /* choice */
} drawn;

static ent_status read_range(ent_yaml *yaml, const char *key, drawn *d)
{
    const bool choice = strcmp(d->kind, "choice") == 0, whole = strcmp(d->kind, "integer") == 0;
    ENT_TRY(campaign_spec_list(yaml, d->node, key, &d->count));
    if (choice) return ENT_OK;
    if (d->count != 2) return ent_yaml_refuse(yaml, d->node, key, "two numbers, [low, high]");
    const double least = strcmp(d->kind, "log") == 0 ? 1e-300 : -1e300, most = whole ? 1e15 : 1e300;
    ENT_TRY(
        campaign_spec_real(yaml, campaign_spec_item(yaml, d->node, 0), key, whole ? -1e15 : least, most, &d->low));
    return campaign_spec_real(yaml, campaign_spec_item(yaml, d->node, 1), key, d->low, most, &d->high);
}

static ent_status read_drawn(ent_yaml *yaml, const yaml_node_pair_t *pair, drawn *d)
{
    char key[256];
    const yaml_node_t *how = campaign_spec_node(yaml, pair->value);
    d->key = ent_yaml_scalar(campaign_spec_node(yaml, pair->key));
    snprintf(key, sizeof key, "random.keys.%.230s", d->key);
    ENT_TRY(campaign_spec_keys(yaml, how, key, CAMPAIGN_DRAWN_KEYS));
    if (how->data.mapping.pairs.top - how->data.mapping.pairs.start != 1)
        return ent_yaml_refuse(yaml, how, key, "one of: uniform, log, integer, choice");
    d->kind = ent_yaml_scalar(campaign_spec_node(yaml, how->data.mapping.pairs.start->key));
    d->node = campaign_spec_node(yaml, how->data.mapping.pairs.start->value);
    return read_range(yaml, key, d);
}

/* Draw number `draw`, rounded to six digits so that the last bit of exp or log does not matter. */
static ent_status draw_value(ent_yaml *yaml, const drawn *d, uint64_t seed, int64_t draw, json_t *alternative)
{
    ent_random stream = ent_random_at(seed, ENT_FOR_SWEEP, ent_hash_text(d->key), (uint64_t)draw);
    if (strcmp(d->kind, "choice") == 0)
        return choose(yaml, campaign_spec_item(yaml, d->node, (int64_t)ent_random_below(&stream, (uint64_t)d->count)),
                      d->key, alternative);
    char text[64], where[256];
    if (strcmp(d->kind, "integer") == 0) {
        const int64_t low = (int64_t)ceil(d->low), high = (int64_t)floor(d->high);
        if (high < low) return ent_yaml_refuse(yaml, d->node, d->key, "a range that contains a whole number");
        snprintf(text, sizeof text, "%lld",
                 (long long)(low + (int64_t)ent_random_below(&stream, (uint64_t)(high - low) + 1)));
    } else {
        const bool logarithm = strcmp(d->kind, "log") == 0;
        const double low = logarithm ? log(d->low) : d->low, high = logarithm ? log(d->high) : d->high;
        const double value = low + (high - low) * ent_random_uniform(&stream);
        snprintf(text, sizeof text, "%.6g", logarithm ? exp(value) : value);
    }
    json_t *set = json_pack("[s+++, s]", d->key, "=", text, "", ent_yaml_where(yaml, d->node, where));
    return json_array_append_new(json_object_get(alternative, "set"), set) == 0 &&
                   json_object_set_new(json_object_get(alternative, "label"), d->key, json_string(text)) == 0
               ? ENT_OK
               : no_memory(yaml);
}

static ent_status want(const ent_yaml *yaml, const char *key)
{
    return ent_fail(ENT_ECONFIG, "%s: key '%s' is missing", yaml->name, key);
}

static ent_status read_random(ent_yaml *yaml, const yaml_node_t *random, json_t *plan, json_t *axes)
{
    int64_t draws, seed = 1;
    json_t *axis, *alternative;
    ENT_TRY(campaign_spec_keys(yaml, random, "random", CAMPAIGN_RANDOM_KEYS));
    const yaml_node_t *node = ent_yaml_find(yaml, "random.draws"), *keys = ent_yaml_find(yaml, "random.keys");
    if (!node) return want(yaml, "random.draws");
    if (!keys) return want(yaml, "random.keys");
    ENT_TRY(campaign_spec_whole(yaml, node, "random.draws", 1, CAMPAIGN_MAX_POINTS, &draws));
    node = ent_yaml_find(yaml, "random.seed");
    if (node) ENT_TRY(campaign_spec_whole(yaml, node, "random.seed", 0, INT64_MAX, &seed));
    ENT_TRY(campaign_spec_keys(yaml, keys, "random.keys", NULL));
    ENT_TRY(new_axis(yaml, axes, &axis));
    for (int64_t k = 0; k < draws; k++) ENT_TRY(new_alternative(yaml, axis, &alternative));
    const yaml_node_pair_t *top = keys->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = keys->data.mapping.pairs.start; pair < top; pair++) {
        drawn d;
        ENT_TRY(read_drawn(yaml, pair, &d));
        ENT_TRY(add_column(yaml, campaign_spec_node(yaml, pair->key), plan, d.kind));
        for (int64_t k = 0; k < draws; k++)
            ENT_TRY(draw_value(yaml, &d, (uint64_t)seed, k, json_array_get(axis, (size_t)k)));
    }
    return ENT_OK;
}

/* ---- the whole ---- */

static ent_status read_axes(ent_yaml *yaml, json_t *plan, json_t *axes)
{
    const yaml_node_t *grid = ent_yaml_find(yaml, "grid"), *list = ent_yaml_find(yaml, "list"),
                      *random = ent_yaml_find(yaml, "random");
    ENT_REQUIRE(grid || list || random, ENT_ECONFIG, "%s: nothing is varied, want grid, list or random", yaml->name);
    if (grid) ENT_TRY(read_grid(yaml, grid, plan, axes));
    if (list) ENT_TRY(read_list(yaml, list, plan, axes));
    if (random) ENT_TRY(read_random(yaml, random, plan, axes));
    return ENT_OK;
}

static ent_status read_base(ent_yaml *yaml, const campaign_job *c, json_t *plan, int64_t *base)
{
    const yaml_node_t *node = ent_yaml_find(yaml, "base"), *set = ent_yaml_find(yaml, "set");
    char path[4096];
    if (c->base)
        snprintf(path, sizeof path, "%s", c->base);
    else if (!node)
        return want(yaml, "base");
    else if (!ent_yaml_scalar(node))
        return ent_yaml_refuse(yaml, node, "base", "a configuration's file");
    else
        ENT_TRY(ent_path_named(ent_yaml_scalar(node), c->spec, path));
    json_t *sets = json_array();
    ent_status status = sets ? ENT_OK : no_memory(yaml);
    if (status == ENT_OK && set) status = campaign_spec_overrides(yaml, set, "set", sets);
    if (status == ENT_OK) status = campaign_points_base(plan, path, sets, base);
    json_decref(sets);
    return status;
}

static ent_status read_keep(ent_yaml *yaml, const campaign_job *c, json_t *plan)
{
    const yaml_node_t *node = ent_yaml_find(yaml, "keep");
    int keep = 0;
    if (node) ENT_TRY(campaign_spec_word(yaml, node, "keep", CAMPAIGN_KEEP, &keep));
    return json_object_set_new(plan, "keep", json_string(c->keep ? c->keep : CAMPAIGN_KEEP[keep])) == 0
               ? ENT_OK
               : no_memory(yaml);
}

static ent_status read_sweep(ent_yaml *yaml, const campaign_job *c, json_t *plan, json_t *axes)
{
    int64_t base;
    ENT_TRY(campaign_spec_keys(yaml, ent_yaml_find(yaml, ""), "", CAMPAIGN_SWEEP_KEYS));
    ENT_TRY(campaign_points_fix(plan, c->sets.count, c->sets.text));
    ENT_TRY(read_base(yaml, c, plan, &base));
    ENT_TRY(read_keep(yaml, c, plan));
    ENT_TRY(read_axes(yaml, plan, axes));
    return campaign_points_product(plan, base, axes);
}

ent_status campaign_sweep_points(const campaign_job *c, char **text)
{
    ent_yaml *yaml;
    ENT_TRY(ent_yaml_load(c->spec, &yaml));
    json_t *plan = campaign_points_new("sweep", c->spec), *axes = json_array();
    ent_status status = plan && axes ? read_sweep(yaml, c, plan, axes) : no_memory(yaml);
    if (status == ENT_OK) status = campaign_points_write(plan, text);
    json_decref(axes);
    json_decref(plan);
    ent_yaml_free(yaml);
    return status;
}

/* ---- the command ---- */
