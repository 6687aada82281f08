/* THE table of configuration keys.  The YAML reader with its checks and messages, the defaults, ent_config_check, the
 * written configuration, `entente config --reference` and `--schema`, and the list of keys in `entente train --help`
 * come from it.
 *
 * To add a key: a field in include/entente/config.h, and one row below, at its place in the section.
 *     {FIELD(client.batch), FROM(1, 1e9), .standard = "8", .unit = "samples", .help = "samples per step"}
 *   FIELD      the field of ent_config, whose name is the key's.  Its C type is the key's: int, double, bool,
 *              uint64_t (a seed), const char *, or an enumeration.  REGISTER: a field of ent_config_register.
 *   the range  FROM(low, high); ABOVE(low, high), without low itself; OF(TABLE), the names of an enumeration
 *   standard   the default, as in YAML
 *   before     how versions without the key behaved, if that is not the default: their results are read with it
 *   when       the key and the choices with which this one is read, "federation.aggregation: fedprox"
 *   MAY_CHANGE a training may be resumed with another value
 * A new section is a row of ENT_SECTIONS as well; a new choice is a row of its table.  Then `ninja reference` writes
 * jobs/REFERENCE.md and the schemas; a test compares them with the table. */
#include "keys.h"

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

static const ent_choice TASK[] = {
    {"auto", ENT_TASK_AUTO}, {"classification", ENT_TASK_CLASSIFICATION}, {"regression", ENT_TASK_REGRESSION}};
static const ent_choice REDUCE[] = {{"pca", ENT_REDUCE_PCA},
                                    {"linear", ENT_REDUCE_LINEAR},
                                    {"random", ENT_REDUCE_RANDOM},
                                    {"none", ENT_REDUCE_NONE},
                                    {"pca_linear", ENT_REDUCE_PCA_LINEAR}};
static const ent_choice KIND[] = {{"quantum", ENT_MODEL_QUANTUM},
                                  {"late", ENT_MODEL_LATE},
                                  {"logistic", ENT_MODEL_LOGISTIC},
                                  {"mlp", ENT_MODEL_MLP},
                                  {"multilinear", ENT_MODEL_MULTILINEAR}};
static const ent_choice ACTIVATION[] = {{"tanh", ENT_ACTIVATION_TANH}, {"relu", ENT_ACTIVATION_RELU}};
static const ent_choice ENCODING[] = {{"ry", ENT_ENCODE_RY}, {"rx", ENT_ENCODE_RX},
                                      {"rz", ENT_ENCODE_RZ}, {"iqp", ENT_ENCODE_IQP},
                                      {"zz", ENT_ENCODE_ZZ}, {"amplitude", ENT_ENCODE_AMPLITUDE}};
static const ent_choice MAP[] = {{"tanh", ENT_MAP_TANH}, {"clip", ENT_MAP_CLIP}};
static const ent_choice PATTERN[] = {{"ring", ENT_PATTERN_RING},
                                     {"all", ENT_PATTERN_ALL},
                                     {"star", ENT_PATTERN_STAR},
                                     {"none", ENT_PATTERN_NONE},
                                     {"chain", ENT_PATTERN_CHAIN}};
static const ent_choice WITHIN[] = {
    {"none", ENT_WITHIN_NONE}, {"chain", ENT_WITHIN_CHAIN}, {"ring", ENT_WITHIN_RING}};
static const ent_choice GATE[] = {{"cnot", ENT_CX}, {"cz", ENT_CZ},   {"crx", ENT_CRX},
                                  {"crz", ENT_CRZ}, {"rzz", ENT_RZZ}, {"qft", ENT_QFT}};
static const ent_choice READOUT[] = {{"z", ENT_READ_Z},
                                     {"zz", ENT_READ_ZZ},
                                     {"xyz", ENT_READ_XYZ},
                                     {"zz_within", ENT_READ_ZZ_WITHIN},
                                     {"probabilities", ENT_READ_PROBABILITIES}};
static const ent_choice HEAD[] = {{"linear", ENT_HEAD_LINEAR}, {"direct", ENT_HEAD_DIRECT}};
static const ent_choice LOSS[] = {
    {"auto", ENT_LOSS_AUTO}, {"cross_entropy", ENT_LOSS_CROSS_ENTROPY}, {"mse", ENT_LOSS_SQUARED}};
static const ent_choice LEVEL[] = {{"sample", ENT_LEVEL_SAMPLE},
                                   {"client", ENT_LEVEL_CLIENT},
                                   {"fixed", ENT_LEVEL_FIXED},
                                   {"exclusive", ENT_LEVEL_EXCLUSIVE}};
static const ent_choice WHERE[] = {{"both", ENT_WHERE_BOTH}, {"train", ENT_WHERE_TRAIN}, {"test", ENT_WHERE_TEST}};
static const ent_choice EMPTY[] = {{"keep_one", ENT_KEEP_ONE}, {"skip", ENT_SKIP}, {"allow", ENT_ALLOW}};
static const ent_choice POLICY[] = {{"mma", ENT_POLICY_MMA},   {"zero", ENT_POLICY_ZERO},
                                    {"mean", ENT_POLICY_MEAN}, {"drop", ENT_POLICY_DROP},
                                    {"none", ENT_POLICY_NONE}, {"token", ENT_POLICY_TOKEN}};
static const ent_choice CONTEXT[] = {{"mask", ENT_CONTEXT_MASK}, {"embed", ENT_CONTEXT_EMBED}};
static const ent_choice SPLIT[] = {{"iid", ENT_SPLIT_IID},
                                   {"dirichlet_class", ENT_SPLIT_DIRICHLET_CLASS},
                                   {"dirichlet_client", ENT_SPLIT_DIRICHLET_CLIENT},
                                   {"shards", ENT_SPLIT_SHARDS},
                                   {"quantity", ENT_SPLIT_QUANTITY},
                                   {"natural", ENT_SPLIT_NATURAL}};
#define RULE(name, id) {#name, ENT_##id},
static const ent_choice AGGREGATION[] = {ENT_RULES(RULE)};
static const ent_choice DIVERGENCE[] = {
    {"auto", ENT_DIVERGENCE_AUTO}, {"stop", ENT_DIVERGENCE_STOP}, {"exclude", ENT_DIVERGENCE_EXCLUDE}};
static const ent_choice ATTACK[] = {{"none", ENT_ATTACK_NONE},
                                    {"sign_flip", ENT_SIGN_FLIP},
                                    {"noise", ENT_NOISE},
                                    {"scale", ENT_SCALE},
                                    {"nan", ENT_NAN_UPDATE}};
static const ent_choice SAMPLING[] = {
    {"uniform", ENT_SAMPLING_UNIFORM}, {"weighted", ENT_SAMPLING_WEIGHTED}, {"poisson", ENT_SAMPLING_POISSON}};
static const ent_choice PRIVACY[] = {{"none", ENT_PRIVACY_NONE},
                                     {"central", ENT_PRIVACY_CENTRAL},
                                     {"local", ENT_PRIVACY_LOCAL},
                                     {"distributed", ENT_PRIVACY_DISTRIBUTED}};
static const ent_choice RELEASE[] = {{"gaussian", ENT_RELEASE_GAUSSIAN}, {"tree", ENT_RELEASE_TREE}};
static const ent_choice CLIPPING[] = {{"flat", ENT_CLIP_FLAT}, {"block", ENT_CLIP_BLOCK}};
static const ent_choice ACCOUNTANT[] = {{"pld", ENT_ACCOUNTANT_PLD}, {"rdp", ENT_ACCOUNTANT_RDP}};
static const ent_choice NOISE_FROM[] = {{"seed", ENT_NOISE_FROM_SEED}, {"system", ENT_NOISE_FROM_SYSTEM}};
static const ent_choice SPARSIFY[] = {
    {"none", ENT_SPARSIFY_NONE}, {"top_k", ENT_SPARSIFY_TOP}, {"random_k", ENT_SPARSIFY_RANDOM}};
static const ent_choice MODE[] = {{"sync", ENT_MODE_SYNC}, {"fedbuff", ENT_MODE_FEDBUFF}};
static const ent_choice AVAILABILITY[] = {{"always", ENT_AVAILABLE_ALWAYS},
                                          {"bernoulli", ENT_AVAILABLE_BERNOULLI},
                                          {"per_client", ENT_AVAILABLE_PER_CLIENT},
                                          {"diurnal", ENT_AVAILABLE_DIURNAL}};
static const ent_choice SCHEDULE[] = {
    {"constant", ENT_SCHEDULE_CONSTANT}, {"cosine", ENT_SCHEDULE_COSINE}, {"step", ENT_SCHEDULE_STEP}};
static const ent_choice CLASS_WEIGHTS[] = {{"none", ENT_CLASS_WEIGHTS_NONE},
                                           {"balanced", ENT_CLASS_WEIGHTS_BALANCED}};
static const ent_choice OPTIMIZER[] = {
    {"sgd", ENT_SGD}, {"momentum", ENT_MOMENTUM}, {"adam", ENT_ADAM}, {"qng", ENT_QNG}, {"rotosolve", ENT_ROTOSOLVE}};
static const ent_choice PRECISION[] = {{"double", ENT_DOUBLE}, {"single", ENT_SINGLE}};
static const ent_choice METHOD[] = {
    {"auto", ENT_NOISE_AUTO}, {"density", ENT_NOISE_DENSITY}, {"trajectories", ENT_NOISE_TRAJECTORIES}};
static const ent_choice GRADIENT[] = {
    {"adjoint_noisy", ENT_GRADIENT_ADJOINT}, {"shift", ENT_GRADIENT_SHIFT}, {"spsa", ENT_GRADIENT_SPSA}};
static const ent_choice SELECT[] = {{"last", ENT_SELECT_LAST},
                                    {"validation_loss", ENT_SELECT_VALIDATION_LOSS},
                                    {"validation_accuracy", ENT_SELECT_VALIDATION_ACCURACY}};
static const ent_choice ENGINE[] = {{"auto", ENT_ENGINE_AUTO},
                                    {"reference", ENT_ENGINE_REFERENCE},
                                    {"batch", ENT_ENGINE_BATCH},
                                    {"state", ENT_ENGINE_STATE},
                                    {"pauli", ENT_ENGINE_PAULI}};

/* clang-format off */
/* The key's type is that of the field. */
#define TYPE(field) _Generic(((ent_config *)0)->field, \
    int: ENT_KEY_WHOLE, uint64_t: ENT_KEY_SEED, double: ENT_KEY_REAL, bool: ENT_KEY_SWITCH, \
    const char *: ENT_KEY_TEXT, const char **: ENT_KEY_NAMES, default: ENT_KEY_CHOICE)
#define PLACE(field) .type = TYPE(field), .offset = offsetof(ent_config, field)
#define FIELD(field) .path = #field, PLACE(field)
#define SET(field, table) .path = #field, .type = ENT_KEY_SET, .offset = offsetof(ent_config, field), OF(table)
#define REGISTER(field) .path = "model.registers.*." #field, PLACE(model.registers[0].field), \
    .stride = sizeof(ent_config_register)
#define RATE .path = "missing.rate.*", PLACE(missing.rate[0]), .stride = sizeof(double)
#define MAY_CHANGE .may_change = true
#define FACTOR .path = "noise.factor.*", PLACE(noise.factor[0]), .stride = sizeof(double)
#define FROM(from, to) .low = (from), .high = (to)
#define ABOVE(from, to) .low = (from), .high = (to), .above = true
#define OF(table) .choice = (table), .choices = COUNT(table)
#define NAMES_OF(list) REGISTER(list), .count_offset = offsetof(ent_config, model.registers[0].list##_count)
#define COUNTED_BY(field) .count_offset = offsetof(ent_config, field)

const ent_section ENT_SECTIONS[] = {
    {"data",            "the data set"},
    {"model",           "the quantum model, or a classical one for comparison"},
    {"model.registers", "one register of qubits per modality, by its name"},
    {"model.registers.*.inputs", "which inputs of an OpenQASM file are data and which are trainable, by their names"},
    {"model.fusion",    "the circuit that connects the registers"},
    {"missing",         "which modalities are missing, and how this is handled"},
    {"missing.rate",    "one number for all modalities, or one for each by its name"},
    {"federation",      "the clients and the rounds"},
    {"federation.secure", "secure aggregation: the server learns only the sum of the clients' updates"},
    {"server",          "settings of the aggregation rules"},
    {"attack",          "simulated Byzantine clients, which do not send what they trained"},
    {"client",          "how a client trains"},
    {"privacy",         "differential privacy of whole clients"},
    {"communication",   "compression of updates and weights"},
    {"system",          "the simulated clients: whether they answer, how fast they are, how the server waits"},
    {"personal",        "fine-tuning of the final model by every client"},
    {"noise",           "noise of the quantum device, after every gate; all 0: none"},
    {"noise.after_1q",  "strengths after each gate on one qubit"},
    {"noise.after_2q",  "strengths after each gate on two qubits"},
    {"noise.readout",   "readout errors"},
    {"noise.factor",    "factor of a register's strengths: one number for all, or one for each by its name"},
    {"devices",         "unequal devices of the clients: lists of numbers, assigned to the clients in turn"},
    {"seeds",           "seeds of the random numbers"},
    {"run",             "how the training is computed"},
};
const int ENT_SECTION_COUNT = COUNT(ENT_SECTIONS);

#define QUANTUM   "model.kind: quantum, late"
#define WIDE      "model.kind: mlp, multilinear"
#define ADAPTIVE  "federation.aggregation: fedadam, fedyogi, fedadagrad"
#define BY_ADAM   "client.optimizer: adam, qng, rotosolve"
#define FEDBUFF   "system.mode: fedbuff"
#define PRIVATE   "privacy.mode: central, local, distributed"

const ent_key ENT_KEYS[] = {
    {FIELD(data.file), MAY_CHANGE,
     .help = "the data set, an HDF5 file; from the working folder, else from the folder of the file that names it"},
    {FIELD(data.modalities), FROM(1, ENT_MAX_MODALITIES), COUNTED_BY(data.modalities_count),
     .help = "names of the modalities to train on"},
    {FIELD(data.label), .standard = "class", .help = "name of the label in the file"},
    {FIELD(data.task), OF(TASK), .standard = "auto",
     .help = "auto: integers are classes, and so are whole numbers from 0 in a label whose name begins with class"},
    {FIELD(data.clip), FROM(0, 1e9), .standard = "10.0", .before = "0.0", .unit = "deviations",
     .help = "standardised features that are further from the mean are cut to it; 0: none is"},

    {FIELD(model.kind), OF(KIND), .standard = "quantum",
     .help = "quantum: the fused model; late: one quantum model per modality; logistic, mlp and multilinear "
             "(products of features of the modalities): classical"},
    {REGISTER(qubits), FROM(1, ENT_MAX_STATE_QUBITS), .standard = "6",
     .help = "qubits of the register; where the whole state is needed (fusion by qft, run.engine batch or state), it "
             "has 2 to the sum over all registers amplitudes: set fewer there"},
    {REGISTER(layers), FROM(1, 1000), .standard = "2", .when = QUANTUM, .help = "layers of the ansatz"},
    {REGISTER(angles), FROM(1, 2), .standard = "2", .help = "data angles per qubit"},
    {REGISTER(ansatz), .standard = "hea", .when = QUANTUM,
     .help = "basic, strong, hea, product, real_amplitudes, or the path of an OpenQASM file, 3 or 2"},
    {REGISTER(encoding), OF(ENCODING), .standard = "ry", .when = QUANTUM,
     .help = "of the data: rotations, feature maps with products of pairs (iqp, zz), or 2^qubits features as "
             "amplitudes"},
    {NAMES_OF(inputs.data), FROM(0, 65536), .standard = "[]", .when = QUANTUM,
     .help = "inputs that are data; with params empty all others are trainable; both empty: as the file says"},
    {NAMES_OF(inputs.params), FROM(0, 65536), .standard = "[]", .when = QUANTUM,
     .help = "inputs that are trainable; with data empty all others are data"},
    {REGISTER(reduce), OF(REDUCE), .standard = "linear",
     .help = "how features become the data angles, qubits times angles of them: principal axes, a trainable map, a "
             "random projection, as they are; pca_linear: principal axes, each of variance 1, then a trainable map"},
    {REGISTER(axes), FROM(0, 65536), .standard = "0", .when = "model.registers.*.reduce: pca_linear",
     .help = "how many principal axes; 0: 32, or as many as there are features"},
    {REGISTER(map), OF(MAP), .standard = "tanh", .when = QUANTUM,
     .help = "from a number z to an angle: pi tanh(z / scale), or pi z / scale clipped to -pi..pi"},
    {REGISTER(scale), FROM(0, 1e6), .standard = "0.0", .when = QUANTUM,
     .help = "scale of that map; 0: 16 where z is from a trainable map, else 2, times the layers that encode z. A "
             "map's "
             "weights start with variance 1 / inputs, so that the deviation of z is 1 whatever the inputs, and one "
             "deviation turns a qubit by about pi / 16 in all layers together"},
    {REGISTER(input_scaling), .standard = "false", .when = QUANTUM,
     .help = "each data angle of each layer has a trainable factor, 1 at first"},
    {REGISTER(reupload), .standard = "true", .when = QUANTUM,
     .help = "encode the data in every layer, not only in the first"},
    {FIELD(model.fusion.pattern), OF(PATTERN), .standard = "ring", .when = "model.kind: quantum",
     .help = "which pairs of registers are joined; chain: all qubits in one line, within registers too"},
    {FIELD(model.fusion.within), OF(WITHIN), .standard = "none", .when = "model.kind: quantum",
     .help = "which neighbouring qubits of each register are joined in every fusion layer"},
    {FIELD(model.fusion.gate), OF(GATE), .standard = "crz", .when = "model.kind: quantum",
     .help = "the gate that connects them; qft: one Fourier transform of all present registers"},
    {FIELD(model.fusion.layers), FROM(0, 1000), .standard = "1", .when = "model.kind: quantum",
     .help = "layers of the fusion circuit; 0: no fusion"},
    {SET(model.readout, READOUT), .standard = "[zz, xyz]", .when = "model.kind: quantum, late",
     .help = "one or a list; z, always: <Z> of every qubit; xyz: also <X> and <Y>; zz: <ZZ> of every pair of qubits "
             "that fusion joins between registers; zz_within: <ZZ> of every pair within a register; probabilities, "
             "only "
             "by itself: of all outcomes of each register"},
    {FIELD(model.strings), FROM(0, ENT_MAX_STRINGS), COUNTED_BY(model.strings_count), .standard = "[]",
     .when = "model.kind: quantum, late",
     .help = "Pauli strings to read besides, by registers and their own qubits: [text X0Y1, text Z0 audio Z2]; one "
             "on an absent register is not read"},
    {FIELD(model.head), OF(HEAD), .standard = "linear",
     .help = "a trainable linear layer, or the expectation values directly"},
    {FIELD(model.loss), OF(LOSS), .standard = "auto",
     .help = "auto: cross_entropy for classes, mse for a real label"},
    {FIELD(model.hidden), FROM(1, 65536), .standard = "16", .unit = "neurons", .when = WIDE,
     .help = "width of each layer, number of products"},
    {FIELD(model.params), FROM(-1000, 1e9), .standard = "0", .unit = "parameters", .when = WIDE,
     .help = "the width is chosen to match this number as closely as possible; 0: hidden counts; -1, -10: as many as "
             "the fused quantum model of the same configuration has, ten times as many"},
    {FIELD(model.activation), OF(ACTIVATION), .standard = "tanh", .when = WIDE,
     .help = "activation of the hidden layers"},

    {FIELD(missing.level), OF(LEVEL), .standard = "sample",
     .help = "what loses a modality: each sample, each client, everything (fixed); exclusive: a client has only one"},
    {RATE, FROM(0, 1), .standard = "0.0", .help = "chance that the modality is missing"},
    {FIELD(missing.absent), FROM(0, ENT_MAX_MODALITIES), COUNTED_BY(missing.absent_count), .standard = "[]",
     .when = "missing.level: fixed", .help = "the modalities that are missing"},
    {FIELD(missing.where), OF(WHERE), .standard = "both", .help = "in the training rows, the test rows, or both"},
    {FIELD(missing.empty), OF(EMPTY), .standard = "keep_one",
     .help = "what happens to a row that would lose everything"},
    {FIELD(missing.policy), OF(POLICY), .standard = "mma",
     .help = "mma leaves out circuits; zero, mean fill in; drop leaves out the row; none takes what is stored; token "
             "runs the circuit with trained angles in place of data"},
    {FIELD(missing.context), OF(CONTEXT), .standard = "mask", .when = "missing.policy: mma",
     .help = "embed: the head also gets a trainable vector for each present modality"},

    {FIELD(federation.clients), FROM(0, 1e9), .standard = "8", .unit = "clients",
     .help = "how many; 0: one per group of the data set (split natural)"},
    {FIELD(federation.split), OF(SPLIT), .standard = "iid", .help = "how the rows are distributed over the clients"},
    {FIELD(federation.alpha), ABOVE(0, 1e9), .standard = "0.5",
     .when = "federation.split: dirichlet_class, dirichlet_client, quantity",
     .help = "concentration of the Dirichlet distribution: the smaller, the more the clients differ"},
    {FIELD(federation.shards_per_client), FROM(1, 1e6), .standard = "2", .when = "federation.split: shards",
     .help = "shards of sorted rows that each client gets"},
    {FIELD(federation.participation), ABOVE(0, 1), .standard = "1.0",
     .help = "share of the clients that train in a round"},
    {FIELD(federation.sampling), OF(SAMPLING), .standard = "uniform",
     .help = "evenly, in proportion to their samples, or each independently with this chance (poisson)"},
    {FIELD(federation.rounds), MAY_CHANGE, FROM(0, 1e9), .standard = "100", .unit = "rounds",
     .help = "rounds of training"},
    {FIELD(federation.aggregation), OF(AGGREGATION), .standard = "fedavg",
     .help = "the aggregation rule; local: every client keeps its own model"},
    {FIELD(federation.on_divergence), OF(DIVERGENCE), .standard = "auto",
     .help = "when a client diverges: end the run, or leave it out; auto: exclude with the robust rules, else stop"},
    {FIELD(federation.evaluate_every), FROM(1, 1e9), .standard = "1", .unit = "rounds",
     .help = "distance of evaluations; the last round always has one"},
    {FIELD(federation.secure.threshold), FROM(0, 1), .standard = "0.0",
     .help = "share of the cohort, and of a client's neighbours, that must answer; 0: no secure aggregation"},
    {FIELD(federation.secure.neighbours), FROM(0, 1e6), .standard = "0", .unit = "clients",
     .help = "clients that a client shares masks with, an even number; 0: the whole cohort"},

    {FIELD(server.mu), FROM(0, 1e6), .standard = "0.01", .when = "federation.aggregation: fedprox",
     .help = "weight of the proximal term"},
    {FIELD(server.learning_rate), FROM(0, 1e3), .standard = "0.0",
     .when = "federation.aggregation: fedavgm, fedadam, fedyogi, fedadagrad, scaffold",
     .help = "the server's learning rate; 0: 1 for fedavgm and scaffold, 0.03 for the others"},
    {FIELD(server.momentum), FROM(0, 1), .standard = "0.9", .when = "federation.aggregation: fedavgm",
     .help = "the server's momentum"},
    {FIELD(server.beta1), FROM(0, 1), .standard = "0.9", .when = ADAPTIVE, .help = "decay of the first moment"},
    {FIELD(server.beta2), FROM(0, 1), .standard = "0.99", .when = "federation.aggregation: fedadam, fedyogi",
     .help = "decay of the second moment"},
    {FIELD(server.tau), ABOVE(0, 1), .standard = "0.001", .when = ADAPTIVE, .help = "degree of adaptivity"},
    {FIELD(server.alpha), ABOVE(0, 1e6), .standard = "0.1", .when = "federation.aggregation: feddyn",
     .help = "weight of the regulariser"},
    {FIELD(server.trim), FROM(0, 0.5), .standard = "0.2", .when = "federation.aggregation: trimmed_mean",
     .help = "share of the clients that is dropped at each end"},
    {FIELD(server.faulty), FROM(0, 1e9), .standard = "1", .unit = "clients",
     .when = "federation.aggregation: krum, multi_krum", .help = "how many may be Byzantine in a round"},
    {FIELD(server.select), FROM(0, 1e9), .standard = "0", .unit = "clients",
     .when = "federation.aggregation: multi_krum", .help = "how many are averaged; 0: all but faulty"},

    {FIELD(server.temperature), ABOVE(0, 1e6), .standard = "1.0", .when = "federation.aggregation: qrail",
     .help = "errors per run by which a client's weight falls to 1/e"},
    {FIELD(server.mixing), FROM(0, 1), .standard = "0.1", .when = "federation.aggregation: qrail",
     .help = "share of the weight that does not depend on noise"},
    {FIELD(server.floor), FROM(0, 1), .standard = "0.01", .when = "federation.aggregation: qrail",
     .help = "the least weight, relative to that of the client with the least noise"},
    {FIELD(server.suppression), FROM(0, 1e6), .standard = "1.0", .when = "federation.aggregation: spoqfl",
     .help = "a client's update is times exp(-suppression B), B the errors that are expected in one run"},
    {FIELD(server.threshold), FROM(0, 1), .standard = "0.1", .when = "federation.aggregation: spoqfl",
     .help = "clients whose factor is less are left out"},
    {FIELD(server.own_share), FROM(0, 1), .standard = "0.5", .when = "federation.aggregation: wpqfl",
     .help = "a client starts a round from the common weights and, with this share, its own last ones"},

    {FIELD(attack.kind), OF(ATTACK), .standard = "none",
     .help = "they send -strength times their change, strength times it (scale), normal noise, or nan"},
    {FIELD(attack.share), FROM(0, 1), .standard = "0.0", .when = "attack.kind: sign_flip, noise, scale, nan",
     .help = "share of the clients with training rows that attack"},
    {FIELD(attack.strength), ABOVE(0, 1e6), .standard = "1.0", .when = "attack.kind: sign_flip, noise, scale",
     .help = "factor, or deviation of the noise"},

    {FIELD(client.epochs), FROM(1, 1e6), .standard = "1", .unit = "epochs",
     .help = "passes over the client's rows in a round"},
    {FIELD(client.batch), FROM(1, 1e9), .standard = "16", .unit = "samples", .help = "samples per step"},
    {FIELD(client.optimizer), OF(OPTIMIZER), .standard = "adam",
     .help = "the client's optimiser; qng: quantum natural gradient for registers' circuits, rotosolve: angles one "
             "after the other to the minimum of the batch's loss, and both adam for all else"},
    {FIELD(client.batch_share), FROM(0, 1), .standard = "0.0",
     .help = "a step takes this share of the client's rows, at least one; 0: client.batch is used"},
    {FIELD(client.learning_rate), ABOVE(0, 1e3), .standard = "0.05",
     .help = "the client's learning rate, for circuits and all blocks without their own rate"},
    {FIELD(client.map_learning_rate), FROM(-1, 1e3), .standard = "0.0", .before = "-1.0", .when = QUANTUM,
     .help = "of the weights of trainable maps; 0: learning_rate / sqrt(inputs of the map), below 0: learning_rate"},
    {FIELD(client.head_learning_rate), FROM(-1, 1e3), .standard = "0.0", .before = "-1.0", .when = QUANTUM,
     .help = "of the head; 0: 3 times learning_rate, below 0: learning_rate"},
    {FIELD(client.schedule), OF(SCHEDULE), .standard = "cosine", .before = "constant",
     .help = "how the rates change over the rounds; cosine: (1 + cos(pi round / rounds)) / 2 times; step: "
             "step_factor times every step_rounds; the rounds are federation.rounds, also where --resume changes "
             "them"},
    {FIELD(client.warm_up), FROM(0, 1e9), .standard = "0", .unit = "rounds",
     .help = "the rates rise linearly over the first rounds"},
    {FIELD(client.step_rounds), FROM(1, 1e9), .standard = "10", .unit = "rounds", .when = "client.schedule: step",
     .help = "distance of the steps"},
    {FIELD(client.step_factor), ABOVE(0, 1), .standard = "0.5", .when = "client.schedule: step",
     .help = "what a step multiplies the rates by"},
    {FIELD(client.clip_norm), FROM(0, 1e9), .standard = "0.0",
     .help = "a step's gradient is shortened to this Euclidean norm; 0: never"},
    {FIELD(client.class_weights), OF(CLASS_WEIGHTS), .standard = "none",
     .help = "balanced: a sample's loss counts rows / (classes * rows of its class), over all training rows"},
    {FIELD(client.logit_adjustment), .standard = "true", .before = "false",
     .help = "the loss adds to a class's logit the logarithm of its share of the client's rows over its share of all "
             "rows: clients with other mixtures of classes then learn the same; not with privacy"},
    {FIELD(client.momentum), FROM(0, 1), .standard = "0.9", .when = "client.optimizer: momentum",
     .help = "its momentum"},
    {FIELD(client.beta1), FROM(0, 1), .standard = "0.9", .when = BY_ADAM,
     .help = "decay of the first moment"},
    {FIELD(client.beta2), FROM(0, 1), .standard = "0.999", .when = BY_ADAM,
     .help = "decay of the second moment"},
    {FIELD(client.epsilon), ABOVE(0, 1), .standard = "0.001", .when = BY_ADAM,
     .help = "added to the root of the second moment; a client whose gradients are smaller moves less than the rate"},
    {FIELD(client.natural_rate), ABOVE(0, 1e3), .standard = "0.5", .when = "client.optimizer: qng",
     .help = "learning rate of registers' circuits, along the natural gradient"},
    {FIELD(client.damping), ABOVE(0, 1e6), .standard = "0.1", .when = "client.optimizer: qng",
     .help = "added to the diagonal of the metric"},
    {FIELD(client.weight_decay), FROM(0, 1e3), .standard = "0.0", .help = "weight decay per step"},
    {FIELD(client.modality_dropout), FROM(0, 1), .standard = "0.0",
     .help = "probability that a present modality is treated as missing in training"},

    {FIELD(privacy.mode), OF(PRIVACY), .standard = "none",
     .help = "who adds noise: the server; every client for itself; or, distributed, all clients together under "
             "secure aggregation"},
    {FIELD(privacy.mechanism), OF(RELEASE), .standard = "gaussian", .when = "privacy.mode: central",
     .help = "fresh noise in every round (DP-FedAvg), or tree aggregation over all rounds (DP-FTRL)"},
    {FIELD(privacy.clip), ABOVE(0, 1e6), .standard = "1.0", .when = PRIVATE,
     .help = "norm that a client's change is clipped to; with adaptive_quantile, in the first round"},
    {FIELD(privacy.clipping), OF(CLIPPING), .standard = "flat", .when = PRIVATE,
     .help = "the whole change, or each of B blocks to clip / sqrt(B)"},
    {FIELD(privacy.noise_multiplier), FROM(0, 1e6), .standard = "1.0", .when = PRIVATE,
     .help = "deviation of the noise over clip"},
    {FIELD(privacy.delta), ABOVE(0, 0.999999), .standard = "1.0e-5", .when = PRIVATE,
     .help = "chance that epsilon does not hold; well below 1 over the clients"},
    {FIELD(privacy.accountant), OF(ACCOUNTANT), .standard = "pld", .when = PRIVATE,
     .help = "what finds epsilon: privacy loss distributions, or Renyi divergences"},
    {FIELD(privacy.adaptive_quantile), FROM(0, 1), .standard = "0.0", .when = "privacy.mode: central",
     .help = "share of the clients that the norm settles to leave unclipped; 0: it stays at clip"},
    {FIELD(privacy.adaptive_rate), ABOVE(0, 10), .standard = "0.2", .when = "privacy.mode: central",
     .help = "how fast it does"},
    {FIELD(privacy.count_noise), FROM(0, 1e9), .standard = "0.0", .unit = "clients", .when = "privacy.mode: central",
     .help = "deviation of the noise on the number of unclipped clients; 0: a twentieth of the cohort"},
    {FIELD(privacy.noise_from), OF(NOISE_FROM), .standard = "seed", .when = PRIVATE,
     .help = "seeds.sampling, so that runs repeat and who knows it can take the noise away; or the operating system"},

    {FIELD(communication.sparsify), OF(SPARSIFY), .standard = "none",
     .help = "which numbers of a change are sent: all, the largest, or some at random"},
    {FIELD(communication.keep), ABOVE(0, 1), .standard = "0.1", .when = "communication.sparsify: top_k, random_k",
     .help = "share of each block's numbers that is sent"},
    {FIELD(communication.bits), FROM(0, 8), .standard = "0", .unit = "bits",
     .help = "stochastic quantisation of each number (QSGD); 0: 64-bit numbers"},
    {FIELD(communication.feedback), .standard = "true", .when = "communication.sparsify: top_k, random_k",
     .help = "a client adds what it did not send to its next change"},
    {FIELD(communication.download_bits), FROM(0, 8), .standard = "0", .unit = "bits",
     .help = "quantisation of the difference to the model that the clients know, what rounding leaves out added to "
             "the next; 0: the whole model, 64-bit numbers"},

    {FIELD(system.mode), OF(MODE), .standard = "sync",
     .help = "sync: rounds wait for their clients; fedbuff: a buffer of updates"},
    {FIELD(system.availability), OF(AVAILABILITY), .standard = "always",
     .help = "which clients can be asked in a round"},
    {FIELD(system.rate), ABOVE(0, 1), .standard = "0.8",
     .when = "system.availability: bernoulli, per_client, diurnal",
     .help = "mean share of available clients"},
    {FIELD(system.spread), FROM(0, 1e3), .standard = "1.0", .when = "system.availability: per_client, diurnal",
     .help = "per_client: of the log-odds; diurnal: of the phases, in days"},
    {FIELD(system.period), ABOVE(0, 1e9), .standard = "24.0", .unit = "rounds",
     .when = "system.availability: diurnal", .help = "length of a day"},
    {FIELD(system.dropout), FROM(0, 0.99), .standard = "0.0", .help = "chance that a client does not answer"},
    {FIELD(system.speed), ABOVE(0, 1e12), .standard = "100.0", .unit = "samples/s",
     .help = "of the median client, simulated"},
    {FIELD(system.speed_spread), FROM(0, 10), .standard = "0.0",
     .help = "spread of the logarithm of the clients' speeds"},
    {FIELD(system.latency_s), FROM(0, 1e9), .standard = "0.0", .unit = "s",
     .help = "additional simulated time of every answer"},
    {FIELD(system.deadline_s), FROM(0, 1e9), .standard = "0.0", .unit = "s", .when = "system.mode: sync",
     .help = "answers that come later are left out; 0: none"},
    {FIELD(system.over_selection), FROM(0, 1e3), .standard = "0.0", .when = "system.mode: sync",
     .help = "share of clients that is asked in excess of those wanted"},
    {FIELD(system.concurrency), FROM(0, 1e9), .standard = "0", .unit = "clients", .when = FEDBUFF,
     .help = "clients that train at a time; 0: participation times clients"},
    {FIELD(system.buffer), FROM(1, 1e9), .standard = "10", .unit = "updates", .when = FEDBUFF,
     .help = "updates per server step"},
    {FIELD(system.staleness), FROM(0, 100), .standard = "0.5", .when = FEDBUFF,
     .help = "exponent of the weight of stale updates"},
    {FIELD(system.max_staleness), FROM(0, 1e9), .standard = "100", .unit = "server steps", .when = FEDBUFF,
     .help = "updates that are older are left out"},

    {FIELD(personal.epochs), FROM(0, 1e6), .standard = "0", .unit = "epochs",
     .help = "epochs of fine-tuning; 0: none, and only wpqfl has models of the clients' own"},
    {FIELD(personal.learning_rate), ABOVE(0, 1e3), .standard = "0.01", .help = "learning rate of the fine-tuning"},

    {FIELD(noise.after_1q.depolarizing), FROM(0, 1), .standard = "0.0", .when = QUANTUM,
     .help = "chance that its qubit is replaced by a random one"},
    {FIELD(noise.after_1q.amplitude_damping), FROM(0, 1), .standard = "0.0", .when = QUANTUM,
     .help = "chance that a 1 decays to 0"},
    {FIELD(noise.after_1q.phase_damping), FROM(0, 1), .standard = "0.0", .when = QUANTUM,
     .help = "coherences are times sqrt(1 - phase_damping)"},
    {FIELD(noise.after_2q.depolarizing), FROM(0, 1), .standard = "0.0", .when = QUANTUM,
     .help = "chance that its two qubits are replaced by random ones"},
    {FIELD(noise.after_2q.amplitude_damping), FROM(0, 1), .standard = "0.0", .when = QUANTUM,
     .help = "of each of its qubits"},
    {FIELD(noise.after_2q.phase_damping), FROM(0, 1), .standard = "0.0", .when = QUANTUM,
     .help = "of each of its qubits"},
    {FIELD(noise.t1_us), FROM(0, 1e12), .standard = "0.0", .unit = "us", .when = QUANTUM,
     .help = "relaxation time, which with gate times gives the dampings; 0: they are as given"},
    {FIELD(noise.t2_us), FROM(0, 1e12), .standard = "0.0", .unit = "us", .when = QUANTUM,
     .help = "dephasing time; 0: twice t1_us"},
    {FIELD(noise.gate_1q_us), FROM(0, 1e6), .standard = "0.035", .unit = "us", .when = QUANTUM,
     .help = "length of a gate on one qubit"},
    {FIELD(noise.gate_2q_us), FROM(0, 1e6), .standard = "0.3", .unit = "us", .when = QUANTUM,
     .help = "length of a gate on two qubits"},
    {FIELD(noise.readout.p01), FROM(0, 1), .standard = "0.0", .when = QUANTUM,
     .help = "chance that a 0 is read as 1"},
    {FIELD(noise.readout.p10), FROM(0, 1), .standard = "0.0", .when = QUANTUM,
     .help = "chance that a 1 is read as 0"},
    {FACTOR, FROM(0, 1e6), .standard = "1.0", .help = "strengths beyond 1 are 1"},
    {FIELD(noise.method), OF(METHOD), .standard = "auto", .when = QUANTUM,
     .help = "density: exact, registers of up to 7 qubits; trajectories: means of random runs; auto: density if it "
             "can"},
    {FIELD(noise.trajectories), FROM(1, 1e6), .standard = "100", .when = QUANTUM, .help = "runs per sample"},

    {FIELD(devices.noise), .standard = "1", .when = QUANTUM,
     .help = "factors on the strengths of section noise, such as 0, 1, 5"},
    {FIELD(devices.spread), FROM(0, 10), .standard = "0.0", .when = QUANTUM,
     .help = "each client's noise is also times exp(spread x), x normal"},
    {FIELD(devices.shots), .standard = "run", .when = QUANTUM,
     .help = "shots, such as 100, 1000, 0 (exact); run: those of run.shots"},
    {FIELD(devices.layers), .standard = "0", .when = QUANTUM,
     .help = "layers of the registers' circuits that a client has, such as 1, 2, 2; it does not train those "
             "beyond; 0: all"},
    {FIELD(devices.qubits), .standard = "0", .when = QUANTUM,
     .help = "qubits of each register that a client has, such as 2, 3, 4; it does not train what needs more; 0, or "
             "at least as many as the register has: all"},

    {FIELD(seeds.split), .standard = "1", .help = "how the rows are distributed over the clients"},
    {FIELD(seeds.masks), .standard = "2", .help = "which modalities are missing"},
    {FIELD(seeds.init), .standard = "3", .help = "initial weights, and random projections"},
    {FIELD(seeds.sampling), .standard = "4", .help = "cohorts, batches, the simulated clients, attacks"},
    {FIELD(seeds.shots), .standard = "5", .help = "shots, trajectories, directions of spsa, devices that are drawn"},

    {FIELD(run.shots), FROM(0, 1e9), .standard = "0", .unit = "shots", .when = QUANTUM,
     .help = "number of samples that each readout is estimated from; 0: exact expectation values"},
    {FIELD(run.gradient), OF(GRADIENT), .standard = "adjoint_noisy",
     .help = "adjoint_noisy: exact, with shots with noise of their variance; shift: the parameter-shift rule; spsa: "
             "from two losses"},
    {FIELD(run.spsa_step), ABOVE(0, 10), .standard = "0.1", .when = "run.gradient: spsa",
     .help = "how far all parameters are moved for the two losses"},
    {FIELD(run.precision), OF(PRECISION), .standard = "double", .help = "precision of the quantum states"},
    {FIELD(run.engine), OF(ENGINE), .standard = "auto",
     .help = "what computes the circuits; auto: pauli where it costs less, else batch, from 17 qubits on state"},
    {FIELD(run.shards), MAY_CHANGE, FROM(1, 1 << 30), .standard = "1", .unit = "ranks",
     .help = "ranks that run one circuit together, registers dealt to them or parts of one state; a power of two "
             "that "
             "divides their number"},
    {FIELD(run.threads), MAY_CHANGE, FROM(0, 4096), .standard = "0", .unit = "threads",
     .help = "threads per rank; 0: OMP_NUM_THREADS, else the node's cores over its ranks"},
    {FIELD(run.select), OF(SELECT), .standard = "last",
     .help = "the round whose weights are saved and evaluated on the test rows: the last, or the best on the "
             "validation rows, the first of equal ones"},
    {FIELD(run.patience), FROM(0, 1e9), .standard = "0", .unit = "rounds",
     .when = "run.select: validation_loss, validation_accuracy",
     .help = "the training ends after this number of rounds without a better one; 0: never"},
    {FIELD(run.checkpoint_every), MAY_CHANGE, FROM(0, 1e9), .standard = "10", .unit = "rounds",
     .help = "distance of checkpoints; 0: only on a signal"},
    {FIELD(run.fallback_dir), MAY_CHANGE, .standard = "none",
     .help = "folder for results that do not fit on the disk of their own folder, each in a subfolder; none: "
             "there is none"},
    {FIELD(run.stall_timeout_s), MAY_CHANGE, FROM(0, 1e9), .standard = "0.0", .unit = "s",
     .help = "end the job when a rank has waited so long for another in one call; 0: never"},
};
/* clang-format on */
const int ENT_KEY_COUNT = COUNT(ENT_KEYS);
