/* The keys of sweeps and studies, each with the schema of its value: the reader takes the names from these tables,
 * editors the JSON Schemas.  The contents of overrides come from the table of keys of a configuration. */
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

const char *const CAMPAIGN_KEEP[] = {"table", "results", NULL};

static json_t *keep(void)
{
    return json_pack("{s:[s, s]}", "enum", CAMPAIGN_KEEP[0], CAMPAIGN_KEEP[1]);
}

/* The properties of an object with these keys. */
static json_t *properties_of(const campaign_spec_key *keys)
{
    json_t *properties = json_object();
    for (int k = 0; keys[k].name; k++) json_object_set_new(properties, keys[k].name, keys[k].schema());
    return properties;
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
static json_t *choices(void)
{
    return list_of(json_object());
}

const campaign_spec_key CAMPAIGN_DRAWN_KEYS[] = {
    {"uniform", pair}, {"log", pair}, {"integer", pair}, {"choice", choices}, {NULL, NULL}};

static json_t *drawn(void)
{
    json_t *schema = ent_schema_object(properties_of(CAMPAIGN_DRAWN_KEYS));
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

static json_t *whole_from_0(void)
{
    return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
}

static json_t *draw_count(void)
{
    return json_pack("{s:s, s:i, s:i}", "type", "integer", "minimum", 1, "maximum", CAMPAIGN_MAX_POINTS);
}

static json_t *draw_keys(void)
{
    return ent_schema_overrides(draw_of);
}

const campaign_spec_key CAMPAIGN_RANDOM_KEYS[] = {
    {"draws", draw_count}, {"seed", whole_from_0}, {"keys", draw_keys}, {NULL, NULL}};

static json_t *random_draws(void)
{
    json_t *schema = ent_schema_object(properties_of(CAMPAIGN_RANDOM_KEYS));
    json_object_set_new(schema, "required", json_pack("[s, s]", "draws", "keys"));
    return schema;
}

static json_t *grid(void)
{
    return ent_schema_overrides(list_of);
}

static json_t *list(void)
{
    return list_of(overrides());
}

const campaign_spec_key CAMPAIGN_SWEEP_KEYS[] = {{"base", text}, {"set", overrides},       {"grid", grid},
                                                 {"list", list}, {"random", random_draws}, {"keep", keep},
                                                 {NULL, NULL}};

json_t *campaign_schema_sweep(void)
{
    json_t *properties = properties_of(CAMPAIGN_SWEEP_KEYS);
    json_t *schema = document("A sweep of Entente", properties);
    json_object_set_new(json_object_get(schema, "definitions"), "drawn", drawn());
    json_object_set_new(
        schema, "anyOf",
        json_pack("[{s:[s]}, {s:[s]}, {s:[s]}]", "required", "grid", "required", "list", "required", "random"));
    return schema;
}

static json_t *modalities(void)
{
    return json_pack("{s:[{s:s}, {s:s, s:i}, o]}", "anyOf", "const", "each", "type", "integer", "minimum", 1,
                     list_of(text()));
}

const campaign_spec_key CAMPAIGN_ENTRY_KEYS[] = {{"set", overrides}, {"modalities", modalities}, {NULL, NULL}};

/* The sections settings and variants. */
static json_t *entries(void)
{
    return named(ent_schema_object(properties_of(CAMPAIGN_ENTRY_KEYS)));
}

const campaign_spec_key CAMPAIGN_DATA_KEYS[] = {{"base", text}, {"set", overrides}, {NULL, NULL}};

static json_t *data(void)
{
    return named(ent_schema_object(properties_of(CAMPAIGN_DATA_KEYS)));
}

static json_t *rates(void)
{
    return list_of(json_pack("{s:s, s:i, s:i}", "type", "number", "minimum", 0, "maximum", 1));
}

static json_t *seeds(void)
{
    return json_pack("{s:[{s:s, s:i}, o]}", "anyOf", "type", "integer", "minimum", 1, list_of(whole_from_0()));
}

static json_t *metrics(void)
{
    json_t *names = json_array();
    for (int k = 1; CAMPAIGN_METRICS[k]; k++) json_array_append_new(names, json_string(CAMPAIGN_METRICS[k]));
    return json_pack("{s:o}", "enum", names);
}

const campaign_spec_key CAMPAIGN_STUDY_KEYS[] = {{"base", text},        {"set", overrides},    {"data", data},
                                                 {"settings", entries}, {"variants", entries}, {"rates", rates},
                                                 {"seeds", seeds},      {"reference", text},   {"metric", metrics},
                                                 {"keep", keep},        {NULL, NULL}};

json_t *campaign_schema_study(void)
{
    json_t *properties = properties_of(CAMPAIGN_STUDY_KEYS);
    json_t *schema = document("A study of Entente", properties);
    json_object_set_new(schema, "required", json_pack("[s]", "variants"));
    return schema;
}
