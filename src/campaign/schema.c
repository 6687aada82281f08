/* The JSON Schemas of sweeps and studies, for editors; the contents of overrides come from the table of keys. */
#include "schema.h"

#include "config/schema.h"
#include "points.h"
#include "record.h"

static json_t *text(void)
{
    return json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
}

/* The contents of `set` and similar mappings, written once in the definitions. */
static json_t *overrides(void)
{
    return json_pack("{s:s}", "$ref", "#/definitions/overrides");
}

static json_t *document(const char *title, json_t *properties)
{
    json_t *schema = ent_schema_document(title, properties);
    json_object_set_new(schema, "definitions", json_pack("{s:o}", "overrides", ent_schema_overrides(NULL)));
    return schema;
}

static json_t *keep(void)
{
    return json_pack("{s:[s, s]}", "enum", "table", "results");
}

/* An object with values of any name that follow `schema` (ownership is taken). */
static json_t *named(json_t *schema)
{
    return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", schema);
}

static json_t *list_of(json_t *schema)
{
    return json_pack("{s:s, s:i, s:o}", "type", "array", "minItems", 1, "items", schema);
}

static json_t *pair(void)
{
    return json_pack("{s:s, s:i, s:i, s:{s:s}}", "type", "array", "minItems", 2, "maxItems", 2, "items", "type",
                     "number");
}

/* One way to draw the values of a key. */
static json_t *drawn(void)
{
    json_t *ways = json_pack("{s:o, s:o, s:o, s:o}", "uniform", pair(), "log", pair(), "integer", pair(), "choice",
                             list_of(json_object()));
    json_t *schema = ent_schema_object(ways);
    json_object_set_new(schema, "minProperties", json_integer(1));
    json_object_set_new(schema, "maxProperties", json_integer(1));
    return schema;
}

/* The same for any key; the program checks its values. */
static json_t *draw_of(json_t *value)
{
    json_decref(value);
    return json_pack("{s:s}", "$ref", "#/definitions/drawn");
}

static json_t *random_draws(void)
{
    json_t *draws = json_pack("{s:s, s:i, s:i}", "type", "integer", "minimum", 1, "maximum", APP_MAX_POINTS);
    json_t *seed = json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
    json_t *schema = ent_schema_object(
        json_pack("{s:o, s:o, s:o}", "draws", draws, "seed", seed, "keys", ent_schema_overrides(draw_of)));
    json_object_set_new(schema, "required", json_pack("[s, s]", "draws", "keys"));
    return schema;
}

json_t *app_schema_sweep(void)
{
    json_t *properties = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "base", text(), "set", overrides(), "grid",
                                   ent_schema_overrides(list_of), "list", list_of(overrides()), "random",
                                   random_draws(), "keep", keep());
    json_t *schema = document("A sweep of Entente", properties);
    json_object_set_new(json_object_get(schema, "definitions"), "drawn", drawn());
    json_object_set_new(
        schema, "anyOf",
        json_pack("[{s:[s]}, {s:[s]}, {s:[s]}]", "required", "grid", "required", "list", "required", "random"));
    return schema;
}

/* The sections settings and variants. */
static json_t *entries(void)
{
    json_t *modalities = json_pack("{s:[{s:s}, {s:s, s:i}, o]}", "anyOf", "const", "each", "type", "integer",
                                   "minimum", 1, list_of(text()));
    return named(ent_schema_object(json_pack("{s:o, s:o}", "set", overrides(), "modalities", modalities)));
}

static json_t *seeds(void)
{
    json_t *one = json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
    return json_pack("{s:[{s:s, s:i}, o]}", "anyOf", "type", "integer", "minimum", 1, list_of(one));
}

static json_t *metrics(void)
{
    json_t *names = json_array();
    for (int k = 1; APP_METRICS[k]; k++) json_array_append_new(names, json_string(APP_METRICS[k]));
    return json_pack("{s:o}", "enum", names);
}

json_t *app_schema_study(void)
{
    json_t *data = named(ent_schema_object(json_pack("{s:o, s:o}", "base", text(), "set", overrides())));
    json_t *rate = json_pack("{s:s, s:i, s:i}", "type", "number", "minimum", 0, "maximum", 1);
    json_t *properties = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "base", text(), "set",
                                   overrides(), "data", data, "settings", entries(), "variants", entries(), "rates",
                                   list_of(rate), "seeds", seeds(), "reference", text(), "metric", metrics(), "keep",
                                   keep());
    json_t *schema = document("A study of Entente", properties);
    json_object_set_new(schema, "required", json_pack("[s]", "variants"));
    return schema;
}
