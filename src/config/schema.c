/* What a configuration may hold: keys, types, names of values, ranges and defaults.  A new key is a field here, a
 * default, and, for a number, a range; checking and loading follow from these tables. */
#include "schema.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char APP_DEFAULTS[] =
    "data: {label: class}\n"
    "model:\n"
    "  kind: quantum\n"
    "  registers: {}\n"
    "  fusion: {pattern: ring, gate: crz, layers: 1}\n"
    "  readout: z\n"
    "  head: linear\n"
    "  loss: auto\n"
    "  hidden: 16\n"
    "  params: 0\n"
    "  activation: tanh\n"
    "missing: {level: sample, rate: {}, absent: [], where: both, empty: keep_one, policy: mma, context: mask}\n"
    "federation: {clients: 8, split: iid, alpha: 0.5, shards_per_client: 2, participation: 1.0, sampling: uniform,\n"
    "  rounds: 20, aggregation: fedavg, on_divergence: auto, evaluate_every: 1}\n"
    "server: {mu: 0.01, learning_rate: 0.0, momentum: 0.9, beta1: 0.9, beta2: 0.99, tau: 0.001, alpha: 0.1,\n"
    "  trim: 0.2, faulty: 1, select: 0}\n"
    "attack: {kind: none, share: 0.0, strength: 1.0}\n"
    "client: {epochs: 1, batch: 16, optimizer: adam, learning_rate: 0.01, momentum: 0.9, beta1: 0.9, beta2: 0.999,\n"
    "  epsilon: 1.0e-8, weight_decay: 0.0, modality_dropout: 0.0}\n"
    "system: {mode: sync, availability: always, rate: 0.8, spread: 1.0, period: 24.0, dropout: 0.0, speed: 100.0,\n"
    "  speed_spread: 0.0, latency_s: 0.0, deadline_s: 0.0, over_selection: 0.0, concurrency: 0, buffer: 10,\n"
    "  staleness: 0.5, max_staleness: 100}\n"
    "personal: {epochs: 0, learning_rate: 0.01}\n"
    "seeds: {split: 1, masks: 2, init: 3, sampling: 4}\n"
    "run: {precision: double, engine: auto, shards: 1, threads: 0, checkpoint_every: 10}\n";

const char APP_REGISTER_DEFAULTS[] =
    "{qubits: 3, layers: 2, angles: 1, ansatz: hea, reduce: pca, map: tanh, scale: 2.0, reupload: true}";

static const cyaml_strval_t REDUCE[] = {
    {"pca", ENT_REDUCE_PCA}, {"linear", ENT_REDUCE_LINEAR}, {"random", ENT_REDUCE_RANDOM}, {"none", ENT_REDUCE_NONE}};
static const cyaml_strval_t KIND[] = {{"quantum", ENT_MODEL_QUANTUM},
                                      {"late", ENT_MODEL_LATE},
                                      {"logistic", ENT_MODEL_LOGISTIC},
                                      {"mlp", ENT_MODEL_MLP}};
static const cyaml_strval_t ACTIVATION[] = {{"tanh", ENT_ACTIVATION_TANH}, {"relu", ENT_ACTIVATION_RELU}};
static const cyaml_strval_t MAP[] = {{"tanh", ENT_MAP_TANH}, {"clip", ENT_MAP_CLIP}};
static const cyaml_strval_t PATTERN[] = {
    {"ring", ENT_PATTERN_RING}, {"all", ENT_PATTERN_ALL}, {"star", ENT_PATTERN_STAR}, {"none", ENT_PATTERN_NONE}};
static const cyaml_strval_t GATE[] = {{"cnot", ENT_CX}, {"cz", ENT_CZ},   {"crx", ENT_CRX},
                                      {"crz", ENT_CRZ}, {"rzz", ENT_RZZ}, {"qft", ENT_QFT}};
static const cyaml_strval_t READOUT[] = {{"z", ENT_READ_Z}, {"zz", ENT_READ_ZZ}};
static const cyaml_strval_t HEAD[] = {{"linear", ENT_HEAD_LINEAR}, {"direct", ENT_HEAD_DIRECT}};
static const cyaml_strval_t LOSS[] = {
    {"auto", ENT_LOSS_AUTO}, {"cross_entropy", ENT_LOSS_CROSS_ENTROPY}, {"mse", ENT_LOSS_SQUARED}};
static const cyaml_strval_t LEVEL[] = {{"sample", ENT_LEVEL_SAMPLE},
                                       {"client", ENT_LEVEL_CLIENT},
                                       {"fixed", ENT_LEVEL_FIXED},
                                       {"exclusive", ENT_LEVEL_EXCLUSIVE}};
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
static const cyaml_strval_t AGGREGATION[] = {{"fedavg", ENT_FEDAVG},
                                             {"fedprox", ENT_FEDPROX},
                                             {"fedavgm", ENT_FEDAVGM},
                                             {"fedadam", ENT_FEDADAM},
                                             {"fedyogi", ENT_FEDYOGI},
                                             {"fedadagrad", ENT_FEDADAGRAD},
                                             {"scaffold", ENT_SCAFFOLD},
                                             {"fednova", ENT_FEDNOVA},
                                             {"feddyn", ENT_FEDDYN},
                                             {"median", ENT_MEDIAN},
                                             {"trimmed_mean", ENT_TRIMMED_MEAN},
                                             {"krum", ENT_KRUM},
                                             {"multi_krum", ENT_MULTI_KRUM},
                                             {"local", ENT_LOCAL}};
static const cyaml_strval_t DIVERGENCE[] = {
    {"auto", ENT_DIVERGENCE_AUTO}, {"stop", ENT_DIVERGENCE_STOP}, {"exclude", ENT_DIVERGENCE_EXCLUDE}};
static const cyaml_strval_t ATTACK[] = {{"none", ENT_ATTACK_NONE},
                                        {"sign_flip", ENT_SIGN_FLIP},
                                        {"noise", ENT_NOISE},
                                        {"scale", ENT_SCALE},
                                        {"nan", ENT_NAN_UPDATE}};
static const cyaml_strval_t SAMPLING[] = {{"uniform", ENT_SAMPLING_UNIFORM}, {"weighted", ENT_SAMPLING_WEIGHTED}};
static const cyaml_strval_t MODE[] = {{"sync", ENT_MODE_SYNC}, {"fedbuff", ENT_MODE_FEDBUFF}};
static const cyaml_strval_t AVAILABILITY[] = {{"always", ENT_AVAILABLE_ALWAYS},
                                              {"bernoulli", ENT_AVAILABLE_BERNOULLI},
                                              {"per_client", ENT_AVAILABLE_PER_CLIENT},
                                              {"diurnal", ENT_AVAILABLE_DIURNAL}};
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
    FIELD_ENUM("sampling", ent_config_federation, sampling, SAMPLING),
    FIELD_INT("rounds", ent_config_federation, rounds),
    FIELD_ENUM("aggregation", ent_config_federation, aggregation, AGGREGATION),
    FIELD_ENUM("on_divergence", ent_config_federation, on_divergence, DIVERGENCE),
    FIELD_INT("evaluate_every", ent_config_federation, evaluate_every),
    CYAML_FIELD_END};

static const cyaml_schema_field_t SERVER_FIELDS[] = {FIELD_REAL("mu", ent_config_server, mu),
                                                     FIELD_REAL("learning_rate", ent_config_server, learning_rate),
                                                     FIELD_REAL("momentum", ent_config_server, momentum),
                                                     FIELD_REAL("beta1", ent_config_server, beta1),
                                                     FIELD_REAL("beta2", ent_config_server, beta2),
                                                     FIELD_REAL("tau", ent_config_server, tau),
                                                     FIELD_REAL("alpha", ent_config_server, alpha),
                                                     FIELD_REAL("trim", ent_config_server, trim),
                                                     FIELD_INT("faulty", ent_config_server, faulty),
                                                     FIELD_INT("select", ent_config_server, select),
                                                     CYAML_FIELD_END};

static const cyaml_schema_field_t ATTACK_FIELDS[] = {
    FIELD_ENUM("kind", ent_config_attack, kind, ATTACK), FIELD_REAL("share", ent_config_attack, share),
    FIELD_REAL("strength", ent_config_attack, strength), CYAML_FIELD_END};

static const cyaml_schema_field_t CLIENT_FIELDS[] = {
    FIELD_INT("epochs", ent_config_client, epochs),
    FIELD_INT("batch", ent_config_client, batch),
    FIELD_ENUM("optimizer", ent_config_client, optimizer, OPTIMIZER),
    FIELD_REAL("learning_rate", ent_config_client, learning_rate),
    FIELD_REAL("momentum", ent_config_client, momentum),
    FIELD_REAL("beta1", ent_config_client, beta1),
    FIELD_REAL("beta2", ent_config_client, beta2),
    FIELD_REAL("epsilon", ent_config_client, epsilon),
    FIELD_REAL("weight_decay", ent_config_client, weight_decay),
    FIELD_REAL("modality_dropout", ent_config_client, modality_dropout),
    CYAML_FIELD_END};

static const cyaml_schema_field_t SYSTEM_FIELDS[] = {
    FIELD_ENUM("mode", ent_config_system, mode, MODE),
    FIELD_ENUM("availability", ent_config_system, availability, AVAILABILITY),
    FIELD_REAL("rate", ent_config_system, rate),
    FIELD_REAL("spread", ent_config_system, spread),
    FIELD_REAL("period", ent_config_system, period),
    FIELD_REAL("dropout", ent_config_system, dropout),
    FIELD_REAL("speed", ent_config_system, speed),
    FIELD_REAL("speed_spread", ent_config_system, speed_spread),
    FIELD_REAL("latency_s", ent_config_system, latency_s),
    FIELD_REAL("deadline_s", ent_config_system, deadline_s),
    FIELD_REAL("over_selection", ent_config_system, over_selection),
    FIELD_INT("concurrency", ent_config_system, concurrency),
    FIELD_INT("buffer", ent_config_system, buffer),
    FIELD_REAL("staleness", ent_config_system, staleness),
    FIELD_INT("max_staleness", ent_config_system, max_staleness),
    CYAML_FIELD_END};

static const cyaml_schema_field_t PERSONAL_FIELDS[] = {
    FIELD_INT("epochs", ent_config_personal, epochs), FIELD_REAL("learning_rate", ent_config_personal, learning_rate),
    CYAML_FIELD_END};

static const cyaml_schema_field_t SEEDS_FIELDS[] = {
    FIELD_UINT("split", ent_config_seeds, split), FIELD_UINT("masks", ent_config_seeds, masks),
    FIELD_UINT("init", ent_config_seeds, init), FIELD_UINT("sampling", ent_config_seeds, sampling), CYAML_FIELD_END};

static const cyaml_schema_field_t RUN_FIELDS[] = {FIELD_ENUM("precision", ent_config_run, precision, PRECISION),
                                                  FIELD_ENUM("engine", ent_config_run, engine, ENGINE),
                                                  FIELD_INT("shards", ent_config_run, shards),
                                                  FIELD_INT("threads", ent_config_run, threads),
                                                  FIELD_INT("checkpoint_every", ent_config_run, checkpoint_every),
                                                  CYAML_FIELD_END};

static void name_fields(app_schema *s, unsigned modalities, char *const *name)
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

void app_schema_make(app_schema *s, unsigned modalities, char *const *name)
{
    name_fields(s, modalities, name);
    const cyaml_schema_field_t model[] = {FIELD_ENUM("kind", ent_config_model, kind, KIND),
                                          FIELD_PART("registers", ent_config_model, registers, s->registers),
                                          FIELD_PART("fusion", ent_config_model, fusion, FUSION_FIELDS),
                                          FIELD_ENUM("readout", ent_config_model, readout, READOUT),
                                          FIELD_ENUM("head", ent_config_model, head, HEAD),
                                          FIELD_ENUM("loss", ent_config_model, loss, LOSS),
                                          FIELD_INT("hidden", ent_config_model, hidden),
                                          FIELD_INT("params", ent_config_model, params),
                                          FIELD_ENUM("activation", ent_config_model, activation, ACTIVATION),
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
                                         FIELD_PART("server", ent_config, server, SERVER_FIELDS),
                                         FIELD_PART("attack", ent_config, attack, ATTACK_FIELDS),
                                         FIELD_PART("client", ent_config, client, CLIENT_FIELDS),
                                         FIELD_PART("system", ent_config, system, SYSTEM_FIELDS),
                                         FIELD_PART("personal", ent_config, personal, PERSONAL_FIELDS),
                                         FIELD_PART("seeds", ent_config, seeds, SEEDS_FIELDS),
                                         FIELD_PART("run", ent_config, run, RUN_FIELDS),
                                         CYAML_FIELD_END};
    memcpy(s->root, root, sizeof root);
    s->top = (cyaml_schema_value_t){CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, ent_config, s->root)};
}

/* Ranges of numbers, by key; '*' stands for any modality. */

static const app_range RANGES[] = {{"model.registers.*.qubits", 1, ENT_MAX_QUBITS, false},
                                   {"model.registers.*.layers", 1, 1000, false},
                                   {"model.registers.*.angles", 1, 2, false},
                                   {"model.registers.*.scale", 0, 1e6, true},
                                   {"model.fusion.layers", 0, 1000, false},
                                   {"model.hidden", 1, 65536, false},
                                   {"model.params", 0, 1e9, false},
                                   {"missing.rate", 0, 1, false},
                                   {"missing.rate.*", 0, 1, false},
                                   {"federation.clients", 0, 1e9, false},
                                   {"federation.alpha", 0, 1e9, true},
                                   {"federation.shards_per_client", 1, 1e6, false},
                                   {"federation.participation", 0, 1, true},
                                   {"federation.rounds", 0, 1e9, false},
                                   {"federation.evaluate_every", 1, 1e9, false},
                                   {"server.mu", 0, 1e6, false},
                                   {"server.learning_rate", 0, 1e3, false},
                                   {"server.momentum", 0, 1, false},
                                   {"server.beta1", 0, 1, false},
                                   {"server.beta2", 0, 1, false},
                                   {"server.tau", 0, 1, true},
                                   {"server.alpha", 0, 1e6, true},
                                   {"server.trim", 0, 0.5, false},
                                   {"server.faulty", 0, 1e9, false},
                                   {"server.select", 0, 1e9, false},
                                   {"attack.share", 0, 1, false},
                                   {"attack.strength", 0, 1e6, true},
                                   {"client.epochs", 1, 1e6, false},
                                   {"client.batch", 1, 1e9, false},
                                   {"client.learning_rate", 0, 1e3, true},
                                   {"client.momentum", 0, 1, false},
                                   {"client.beta1", 0, 1, false},
                                   {"client.beta2", 0, 1, false},
                                   {"client.epsilon", 0, 1, true},
                                   {"client.weight_decay", 0, 1e3, false},
                                   {"system.rate", 0, 1, true},
                                   {"system.spread", 0, 1e3, false},
                                   {"system.period", 0, 1e9, true},
                                   {"system.dropout", 0, 0.99, false},
                                   {"system.speed", 0, 1e12, true},
                                   {"system.speed_spread", 0, 10, false},
                                   {"system.latency_s", 0, 1e9, false},
                                   {"system.deadline_s", 0, 1e9, false},
                                   {"system.over_selection", 0, 1e3, false},
                                   {"system.concurrency", 0, 1e9, false},
                                   {"system.buffer", 1, 1e9, false},
                                   {"system.staleness", 0, 100, false},
                                   {"system.max_staleness", 0, 1e9, false},
                                   {"personal.epochs", 0, 1e6, false},
                                   {"personal.learning_rate", 0, 1e3, true},
                                   {"client.modality_dropout", 0, 1, false},
                                   {"run.shards", 1, 1 << 30, false},
                                   {"run.threads", 0, 4096, false},
                                   {"run.checkpoint_every", 0, 1e9, false}};

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

const app_range *app_range_find(const char *key)
{
    for (size_t k = 0; k < COUNT(RANGES); k++)
        if (key_matches(RANGES[k].key, key)) return &RANGES[k];
    return NULL;
}
