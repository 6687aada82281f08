/* The configuration: a schema for libcyaml, the defaults, and checks with messages that name line, value and wish.
 *
 * The text of a configuration is parsed once by libyaml: --set options are put in, defaults fill the gaps, and a walk
 * along the schema checks every key, type and range while line numbers are at hand.  libcyaml then loads the values.
 * The sections model.registers and missing.rate have one key a modality, so their schema is made at run time. */
#include "config.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "yaml.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char DEFAULTS[] =
    "data: {label: class}\n"
    "model:\n"
    "  registers: {}\n"
    "  fusion: {pattern: ring, gate: crz, layers: 1}\n"
    "  readout: z\n"
    "  head: linear\n"
    "  loss: auto\n"
    "missing: {level: sample, rate: {}, absent: [], where: both, empty: keep_one, policy: mma, context: mask}\n"
    "federation: {clients: 8, split: iid, alpha: 0.5, shards_per_client: 2, participation: 1.0, rounds: 20,\n"
    "  aggregation: fedavg, evaluate_every: 1}\n"
    "client: {epochs: 1, batch: 16, optimizer: adam, learning_rate: 0.01, momentum: 0.9, beta1: 0.9, beta2: 0.999,\n"
    "  epsilon: 1.0e-8, weight_decay: 0.0}\n"
    "seeds: {split: 1, masks: 2, init: 3, sampling: 4}\n"
    "run: {precision: double, engine: auto, shards: 1, threads: 0}\n";

static const char REGISTER_DEFAULTS[] =
    "{qubits: 3, layers: 2, angles: 1, ansatz: hea, reduce: pca, map: tanh, scale: 2.0, reupload: true}";

static const cyaml_strval_t REDUCE[] = {
    {"pca", ENT_REDUCE_PCA}, {"linear", ENT_REDUCE_LINEAR}, {"random", ENT_REDUCE_RANDOM}, {"none", ENT_REDUCE_NONE}};
static const cyaml_strval_t MAP[] = {{"tanh", ENT_MAP_TANH}, {"clip", ENT_MAP_CLIP}};
static const cyaml_strval_t PATTERN[] = {
    {"ring", ENT_PATTERN_RING}, {"all", ENT_PATTERN_ALL}, {"star", ENT_PATTERN_STAR}, {"none", ENT_PATTERN_NONE}};
static const cyaml_strval_t GATE[] = {
    {"cnot", ENT_CX}, {"cz", ENT_CZ}, {"crx", ENT_CRX}, {"crz", ENT_CRZ}, {"rzz", ENT_RZZ}};
static const cyaml_strval_t READOUT[] = {{"z", ENT_READ_Z}, {"zz", ENT_READ_ZZ}};
static const cyaml_strval_t HEAD[] = {{"linear", ENT_HEAD_LINEAR}, {"direct", ENT_HEAD_DIRECT}};
static const cyaml_strval_t LOSS[] = {
    {"auto", ENT_LOSS_AUTO}, {"cross_entropy", ENT_LOSS_CROSS_ENTROPY}, {"mse", ENT_LOSS_SQUARED}};
static const cyaml_strval_t LEVEL[] = {
    {"sample", ENT_LEVEL_SAMPLE}, {"client", ENT_LEVEL_CLIENT}, {"fixed", ENT_LEVEL_FIXED}};
static const cyaml_strval_t WHERE[] = {
    {"both", ENT_WHERE_BOTH}, {"train", ENT_WHERE_TRAIN}, {"test", ENT_WHERE_TEST}};
static const cyaml_strval_t EMPTY[] = {{"keep_one", ENT_KEEP_ONE}, {"skip", ENT_SKIP}, {"allow", ENT_ALLOW}};
static const cyaml_strval_t POLICY[] = {{"mma", ENT_POLICY_MMA},
                                        {"zero", ENT_POLICY_ZERO},
                                        {"mean", ENT_POLICY_MEAN},
                                        {"drop", ENT_POLICY_DROP},
                                        {"none", ENT_POLICY_NONE}};
static const cyaml_strval_t CONTEXT[] = {{"mask", ENT_CONTEXT_MASK}, {"embed", ENT_CONTEXT_EMBED}};
static const cyaml_strval_t SPLIT[] = {{"iid", ENT_SPLIT_IID},
                                       {"dirichlet_class", ENT_SPLIT_DIRICHLET_CLASS},
                                       {"dirichlet_client", ENT_SPLIT_DIRICHLET_CLIENT},
                                       {"shards", ENT_SPLIT_SHARDS},
                                       {"quantity", ENT_SPLIT_QUANTITY},
                                       {"natural", ENT_SPLIT_NATURAL}};
static const cyaml_strval_t AGGREGATION[] = {{"fedavg", ENT_FEDAVG}};
static const cyaml_strval_t OPTIMIZER[] = {{"sgd", ENT_SGD}, {"momentum", ENT_MOMENTUM}, {"adam", ENT_ADAM}};
static const cyaml_strval_t PRECISION[] = {{"double", ENT_DOUBLE}, {"single", ENT_SINGLE}};
static const cyaml_strval_t ENGINE[] = {{"auto", ENT_ENGINE_AUTO},
                                        {"reference", ENT_ENGINE_REFERENCE},
                                        {"batch", ENT_ENGINE_BATCH},
                                        {"state", ENT_ENGINE_STATE}};

#define FIELD_ENUM(key, type, member, table)                                                                         \
    CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT, type, member, table, COUNT(table))
#define FIELD_INT(key, type, member)          CYAML_FIELD_INT(key, CYAML_FLAG_DEFAULT, type, member)
#define FIELD_UINT(key, type, member)         CYAML_FIELD_UINT(key, CYAML_FLAG_DEFAULT, type, member)
#define FIELD_REAL(key, type, member)         CYAML_FIELD_FLOAT(key, CYAML_FLAG_DEFAULT, type, member)
#define FIELD_BOOL(key, type, member)         CYAML_FIELD_BOOL(key, CYAML_FLAG_DEFAULT, type, member)
#define FIELD_TEXT(key, type, member)         CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 1, 4096)
#define FIELD_PART(key, type, member, fields) CYAML_FIELD_MAPPING(key, CYAML_FLAG_DEFAULT, type, member, fields)

static const cyaml_schema_value_t NAME_SCHEMA = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, ENT_NAME_BYTES - 1)};

static const cyaml_schema_field_t DATA_FIELDS[] = {FIELD_TEXT("file", ent_config_data, file),
                                                   CYAML_FIELD_SEQUENCE("modalities", CYAML_FLAG_POINTER,
                                                                        ent_config_data, modalities, &NAME_SCHEMA, 1,
                                                                        ENT_MAX_MODALITIES),
                                                   FIELD_TEXT("label", ent_config_data, label), CYAML_FIELD_END};

static const cyaml_schema_field_t REGISTER_FIELDS[] = {FIELD_INT("qubits", ent_config_register, qubits),
                                                       FIELD_INT("layers", ent_config_register, layers),
                                                       FIELD_INT("angles", ent_config_register, angles),
                                                       FIELD_TEXT("ansatz", ent_config_register, ansatz),
                                                       FIELD_ENUM("reduce", ent_config_register, reduce, REDUCE),
                                                       FIELD_ENUM("map", ent_config_register, map, MAP),
                                                       FIELD_REAL("scale", ent_config_register, scale),
                                                       FIELD_BOOL("reupload", ent_config_register, reupload),
                                                       CYAML_FIELD_END};

static const cyaml_schema_field_t FUSION_FIELDS[] = {FIELD_ENUM("pattern", ent_config_fusion, pattern, PATTERN),
                                                     FIELD_ENUM("gate", ent_config_fusion, gate, GATE),
                                                     FIELD_INT("layers", ent_config_fusion, layers), CYAML_FIELD_END};

static const cyaml_schema_field_t FEDERATION_FIELDS[] = {
    FIELD_INT("clients", ent_config_federation, clients),
    FIELD_ENUM("split", ent_config_federation, split, SPLIT),
    FIELD_REAL("alpha", ent_config_federation, alpha),
    FIELD_INT("shards_per_client", ent_config_federation, shards_per_client),
    FIELD_REAL("participation", ent_config_federation, participation),
    FIELD_INT("rounds", ent_config_federation, rounds),
    FIELD_ENUM("aggregation", ent_config_federation, aggregation, AGGREGATION),
    FIELD_INT("evaluate_every", ent_config_federation, evaluate_every),
    CYAML_FIELD_END};

static const cyaml_schema_field_t CLIENT_FIELDS[] = {FIELD_INT("epochs", ent_config_client, epochs),
                                                     FIELD_INT("batch", ent_config_client, batch),
                                                     FIELD_ENUM("optimizer", ent_config_client, optimizer, OPTIMIZER),
                                                     FIELD_REAL("learning_rate", ent_config_client, learning_rate),
                                                     FIELD_REAL("momentum", ent_config_client, momentum),
                                                     FIELD_REAL("beta1", ent_config_client, beta1),
                                                     FIELD_REAL("beta2", ent_config_client, beta2),
                                                     FIELD_REAL("epsilon", ent_config_client, epsilon),
                                                     FIELD_REAL("weight_decay", ent_config_client, weight_decay),
                                                     CYAML_FIELD_END};

static const cyaml_schema_field_t SEEDS_FIELDS[] = {
    FIELD_UINT("split", ent_config_seeds, split), FIELD_UINT("masks", ent_config_seeds, masks),
    FIELD_UINT("init", ent_config_seeds, init), FIELD_UINT("sampling", ent_config_seeds, sampling), CYAML_FIELD_END};

static const cyaml_schema_field_t RUN_FIELDS[] = {FIELD_ENUM("precision", ent_config_run, precision, PRECISION),
                                                  FIELD_ENUM("engine", ent_config_run, engine, ENGINE),
                                                  FIELD_INT("shards", ent_config_run, shards),
                                                  FIELD_INT("threads", ent_config_run, threads), CYAML_FIELD_END};

/* The parts of the schema that depend on the modalities' names. */
typedef struct {
    cyaml_schema_field_t registers[ENT_MAX_MODALITIES + 1], rate[ENT_MAX_MODALITIES + 1];
    cyaml_schema_field_t model[6], missing[8], root[8];
    cyaml_schema_value_t top;
} schema;

static void name_fields(schema *s, unsigned modalities, char *const *name)
{
    memset(s, 0, sizeof *s);
    for (unsigned m = 0; m < modalities; m++) {
        s->registers[m] = (cyaml_schema_field_t){
            .key = name[m],
            .data_offset = (uint32_t)(m * sizeof(ent_config_register)),
            .value = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ent_config_register, REGISTER_FIELDS)}};
        s->rate[m] = (cyaml_schema_field_t){.key = name[m],
                                            .data_offset = (uint32_t)(m * sizeof(double)),
                                            .value = {CYAML_VALUE_FLOAT(CYAML_FLAG_DEFAULT, double)}};
    }
}

static void schema_make(schema *s, unsigned modalities, char *const *name)
{
    name_fields(s, modalities, name);
    const cyaml_schema_field_t model[] = {FIELD_PART("registers", ent_config_model, registers, s->registers),
                                          FIELD_PART("fusion", ent_config_model, fusion, FUSION_FIELDS),
                                          FIELD_ENUM("readout", ent_config_model, readout, READOUT),
                                          FIELD_ENUM("head", ent_config_model, head, HEAD),
                                          FIELD_ENUM("loss", ent_config_model, loss, LOSS),
                                          CYAML_FIELD_END};
    const cyaml_schema_field_t missing[] = {FIELD_ENUM("level", ent_config_missing, level, LEVEL),
                                            FIELD_PART("rate", ent_config_missing, rate, s->rate),
                                            CYAML_FIELD_SEQUENCE("absent", CYAML_FLAG_POINTER, ent_config_missing,
                                                                 absent, &NAME_SCHEMA, 0, ENT_MAX_MODALITIES),
                                            FIELD_ENUM("where", ent_config_missing, where, WHERE),
                                            FIELD_ENUM("empty", ent_config_missing, empty, EMPTY),
                                            FIELD_ENUM("policy", ent_config_missing, policy, POLICY),
                                            FIELD_ENUM("context", ent_config_missing, context, CONTEXT),
                                            CYAML_FIELD_END};
    memcpy(s->model, model, sizeof model);
    memcpy(s->missing, missing, sizeof missing);
    const cyaml_schema_field_t root[] = {FIELD_PART("data", ent_config, data, DATA_FIELDS),
                                         FIELD_PART("model", ent_config, model, s->model),
                                         FIELD_PART("missing", ent_config, missing, s->missing),
                                         FIELD_PART("federation", ent_config, federation, FEDERATION_FIELDS),
                                         FIELD_PART("client", ent_config, client, CLIENT_FIELDS),
                                         FIELD_PART("seeds", ent_config, seeds, SEEDS_FIELDS),
                                         FIELD_PART("run", ent_config, run, RUN_FIELDS),
                                         CYAML_FIELD_END};
    memcpy(s->root, root, sizeof root);
    s->top = (cyaml_schema_value_t){CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, ent_config, s->root)};
}

/* Ranges of numbers, by key; '*' stands for any modality. */
typedef struct {
    const char *key;
    double low, high;
    bool above; /* more than low, not low itself */
} range;

static const range RANGES[] = {{"model.registers.*.qubits", 1, ENT_MAX_QUBITS, false},
                               {"model.registers.*.layers", 1, 1000, false},
                               {"model.registers.*.angles", 1, 2, false},
                               {"model.registers.*.scale", 0, 1e6, true},
                               {"model.fusion.layers", 0, 1000, false},
                               {"missing.rate", 0, 1, false},
                               {"missing.rate.*", 0, 1, false},
                               {"federation.clients", 0, 1e9, false},
                               {"federation.alpha", 0, 1e9, true},
                               {"federation.shards_per_client", 1, 1e6, false},
                               {"federation.participation", 0, 1, true},
                               {"federation.rounds", 0, 1e9, false},
                               {"federation.evaluate_every", 1, 1e9, false},
                               {"client.epochs", 1, 1e6, false},
                               {"client.batch", 1, 1e9, false},
                               {"client.learning_rate", 0, 1e3, true},
                               {"client.momentum", 0, 1, false},
                               {"client.beta1", 0, 1, false},
                               {"client.beta2", 0, 1, false},
                               {"client.epsilon", 0, 1, true},
                               {"client.weight_decay", 0, 1e3, false},
                               {"run.shards", 1, 1 << 30, false},
                               {"run.threads", 0, 4096, false}};

static bool key_matches(const char *pattern, const char *key)
{
    while (*pattern && *key) {
        if (*pattern == '*') {
            pattern++;
            key += strcspn(key, ".");
        } else if (*pattern++ != *key++) {
            return false;
        }
    }
    return *pattern == *key;
}

static const range *find_range(const char *key)
{
    for (size_t k = 0; k < COUNT(RANGES); k++)
        if (key_matches(RANGES[k].key, key)) return &RANGES[k];
    return NULL;
}

/* The walk along the schema. */
typedef struct {
    app_yaml *yaml;
    char key[512]; /* where the walk is, "a.b.c" */
} walk;

static const char *scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static const char *kind_of(const yaml_node_t *node)
{
    return node->type == YAML_SEQUENCE_NODE ? "a list" : node->type == YAML_MAPPING_NODE ? "a section" : "a value";
}

static ent_status refuse(const walk *at, const yaml_node_t *node, const char *wanted)
{
    char where[256];
    const char *value = scalar(node);
    app_yaml_where(at->yaml, node, where);
    if (value) return ent_fail(ENT_ECONFIG, "%s: %s: found '%s', want %s", where, at->key, value, wanted);
    return ent_fail(ENT_ECONFIG, "%s: %s: found %s, want %s", where, at->key, kind_of(node), wanted);
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
    const char *text = scalar(node);
    for (uint32_t k = 0; text && k < value->enumeration.count; k++)
        if (strcmp(value->enumeration.strings[k].str, text) == 0) return ENT_OK;
    char wanted[512];
    list_names(wanted, sizeof wanted, "one of: ", (int)value->enumeration.count, enum_name,
               value->enumeration.strings);
    return refuse(at, node, wanted);
}

static ent_status check_number(const walk *at, const yaml_node_t *node, bool whole)
{
    const char *text = scalar(node);
    const range *allowed = find_range(at->key);
    char wanted[160];
    if (allowed)
        snprintf(wanted, sizeof wanted, "a %snumber %s %.12g%s %.12g", whole ? "whole " : "",
                 allowed->above ? "above" : "from", allowed->low, allowed->above ? " and at most" : " to",
                 allowed->high);
    else
        snprintf(wanted, sizeof wanted, "a whole number from 0 to 18446744073709551615");
    if (!text || !*text || (whole && strspn(text, "+-0123456789") != strlen(text))) return refuse(at, node, wanted);
    char *end;
    errno = 0;
    const double number = strtod(text, &end);
    if (*end || !isfinite(number)) return refuse(at, node, wanted);
    if (!allowed) { /* a seed */
        strtoull(text, &end, 10);
        return errno == 0 && number >= 0 && text[0] != '-' ? ENT_OK : refuse(at, node, wanted);
    }
    if (number < allowed->low || number > allowed->high || (allowed->above && number <= allowed->low))
        return refuse(at, node, wanted);
    return ENT_OK;
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
        const char *text = scalar(entry);
        if (!text || !*text || strlen(text) >= ENT_NAME_BYTES || strchr(text, '/') || strchr(text, '.'))
            return refuse(at, entry, "a name of 1 to 63 characters without '/' and '.'");
    }
    return ENT_OK;
}

static ent_status check_mapping(walk *at, const yaml_node_t *node, const cyaml_schema_field_t *fields);

static ent_status check_value(walk *at, const yaml_node_t *node, const cyaml_schema_value_t *value)
{
    const char *text = scalar(node);
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
    const cyaml_schema_field_t *field = find_field(fields, scalar(key));
    char where[256], wanted[1024];
    app_yaml_where(at->yaml, key, where);
    if (!field) {
        list_names(wanted, sizeof wanted, "", count_fields(fields), field_name, fields);
        return ent_fail(ENT_ECONFIG, "%s: unknown key '%s'%s%s, want one of: %s", where,
                        scalar(key) ? scalar(key) : "?", *at->key ? " in " : "", at->key, wanted);
    }
    for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++) {
        const char *text = scalar(yaml_document_get_node(document, other->key));
        ENT_REQUIRE(!text || strcmp(text, field->key) != 0, ENT_ECONFIG, "%s: key '%s' stands twice%s%s", where,
                    field->key, *at->key ? " in " : "", at->key);
    }
    const size_t length = strlen(at->key);
    snprintf(at->key + length, sizeof at->key - length, "%s%s", length ? "." : "", field->key);
    const ent_status status = check_value(at, yaml_document_get_node(document, pair->value), &field->value);
    if (status == ENT_OK) at->key[length] = '\0';
    return status;
}

static ent_status check_mapping(walk *at, const yaml_node_t *node, const cyaml_schema_field_t *fields)
{
    if (node->type != YAML_MAPPING_NODE) return refuse(at, node, "a section of keys");
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
        ENT_TRY(check_pair(at, node, pair, fields));
    for (; fields->key; fields++) { /* only data.file and data.modalities have no default */
        char key[640];
        snprintf(key, sizeof key, "%s%s%s", at->key, *at->key ? "." : "", fields->key);
        ENT_REQUIRE(app_yaml_find(at->yaml, key), ENT_ECONFIG, "%s: key '%s' is missing", at->yaml->name, key);
    }
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
        if (!scalar(node) || *count == ENT_MAX_MODALITIES) return ENT_OK;
        name[*count] = (char *)node->data.scalar.value;
        char where[256];
        app_yaml_where(yaml, node, where);
        ENT_REQUIRE(strcmp(name[*count], "fusion") && strcmp(name[*count], "head"), ENT_ECONFIG,
                    "%s: data.modalities: found '%s', a name that parameter blocks use", where, name[*count]);
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
    if (given && scalar(given)) {
        const walk at = {.yaml = yaml, .key = "missing.rate"};
        ENT_TRY(check_number(&at, given, false)); /* here its line is known */
        snprintf(rate, sizeof rate, "%s", scalar(given));
        ENT_TRY(app_yaml_set(yaml, "missing.rate={}"));
    }
    app_yaml *defaults;
    ENT_TRY(app_yaml_parse(DEFAULTS, "defaults", &defaults));
    ent_status status = ENT_OK;
    for (unsigned m = 0; m < modalities && status == ENT_OK; m++) {
        snprintf(set, sizeof set, "model.registers.%s=%s", name[m], REGISTER_DEFAULTS);
        status = app_yaml_set(defaults, set);
        snprintf(set, sizeof set, "missing.rate.%s=%s", name[m], rate);
        if (status == ENT_OK) status = app_yaml_set(defaults, set);
    }
    if (status == ENT_OK) status = app_yaml_fill(yaml, defaults);
    app_yaml_free(defaults);
    return status;
}

static ent_status complete(app_yaml *yaml, int sets, const char *const *set, char **text)
{
    char *name[ENT_MAX_MODALITIES];
    unsigned modalities;
    for (int k = 0; k < sets; k++) ENT_TRY(app_yaml_set(yaml, set[k]));
    ENT_TRY(modality_names(yaml, &modalities, name));
    ENT_TRY(fill_defaults(yaml, modalities, name));
    schema *s = ent_alloc(1, sizeof *s);
    ENT_REQUIRE(s, ENT_ENOMEM, "configuration: no memory");
    schema_make(s, modalities, name);
    walk at = {.yaml = yaml};
    ent_status status = check_mapping(&at, yaml_document_get_root_node(&yaml->document), s->root);
    ent_free(s);
    return status == ENT_OK ? app_yaml_write(yaml, text) : status;
}

ent_status app_config_text(const char *path, int sets, const char *const *set, char **text)
{
    app_yaml *yaml;
    ENT_TRY(app_yaml_load(path, &yaml));
    const ent_status status = complete(yaml, sets, set, text);
    app_yaml_free(yaml);
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
    schema *s = status == ENT_OK ? ent_alloc(1, sizeof *s) : NULL;
    if (status == ENT_OK && !s) status = ent_fail(ENT_ENOMEM, "configuration: no memory");
    if (status == ENT_OK) {
        schema_make(s, modalities, name);
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
    schema *s = ent_alloc(1, sizeof *s);
    if (!s) return;
    schema_make(s, config->data.modalities_count, config->data.modalities);
    cyaml_free(&CYAML, &s->top, config, 0);
    ent_free(s);
}
