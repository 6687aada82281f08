/* The configuration of a run, as plain values: one field per key of the YAML file.  Lists are in the order of
 * data.modalities.
 *
 *     ent_config config;                              or from a file:  ent_config *config;
 *     ent_config_default(&config);                                     ent_config_load("my.yaml", 0, NULL, &config);
 *     config.data.file = "data.h5";                                    ...
 *     config.data.modalities = names;                                  ent_config_free(config);
 *     config.data.modalities_count = 2;
 *
 * Every function that takes an ent_config checks it (ent_config_check).  All functions are Local. */
#ifndef ENTENTE_CONFIG_H
#define ENTENTE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/dataset.h"
#include "entente/engine.h"
#include "entente/mask.h"
#include "entente/missing.h"
#include "entente/model.h"
#include "entente/privacy.h"
#include "entente/qasm.h"
#include "entente/reduce.h"
#include "entente/split.h"

typedef enum { ENT_LOSS_AUTO, ENT_LOSS_CROSS_ENTROPY, ENT_LOSS_SQUARED } ent_loss_kind;
/* The table of aggregation rules, with their names in a configuration.  Rule ID is defined as ENT_RULE_ID in a file
 * of src/fed/rules/, whose rule.c says where each comes from. */
/* clang-format off */
#define ENT_RULES(RULE) \
    RULE(fedavg, FEDAVG) \
    RULE(fedprox, FEDPROX) \
    RULE(fedavgm, FEDAVGM) \
    RULE(fedadam, FEDADAM) \
    RULE(fedyogi, FEDYOGI) \
    RULE(fedadagrad, FEDADAGRAD) \
    RULE(scaffold, SCAFFOLD) \
    RULE(fednova, FEDNOVA) \
    RULE(feddyn, FEDDYN) \
    RULE(median, MEDIAN) \
    RULE(trimmed_mean, TRIMMED_MEAN) \
    RULE(krum, KRUM) \
    RULE(multi_krum, MULTI_KRUM) \
    RULE(qrail, QRAIL) \
    RULE(spoqfl, SPOQFL) \
    RULE(circular, CIRCULAR) \
    RULE(wpqfl, WPQFL) \
    RULE(local, LOCAL)
/* clang-format on */
typedef enum {
#define ENT_RULE_ENUM(name, id) ENT_##id,
    ENT_RULES(ENT_RULE_ENUM)
#undef ENT_RULE_ENUM
        ENT_AGGREGATIONS
} ent_aggregation;

typedef enum { ENT_ATTACK_NONE, ENT_SIGN_FLIP, ENT_NOISE, ENT_SCALE, ENT_NAN_UPDATE } ent_attack_kind;
typedef enum { ENT_DIVERGENCE_AUTO, ENT_DIVERGENCE_STOP, ENT_DIVERGENCE_EXCLUDE } ent_divergence;
typedef enum { ENT_SAMPLING_UNIFORM, ENT_SAMPLING_WEIGHTED, ENT_SAMPLING_POISSON } ent_sampling;
typedef enum { ENT_MODE_SYNC, ENT_MODE_FEDBUFF } ent_mode;
typedef enum {
    ENT_AVAILABLE_ALWAYS,
    ENT_AVAILABLE_BERNOULLI,
    ENT_AVAILABLE_PER_CLIENT,
    ENT_AVAILABLE_DIURNAL
} ent_availability;
typedef enum { ENT_SGD, ENT_MOMENTUM, ENT_ADAM, ENT_QNG, ENT_ROTOSOLVE } ent_optimizer;
typedef enum { ENT_SCHEDULE_CONSTANT, ENT_SCHEDULE_COSINE, ENT_SCHEDULE_STEP } ent_rate_schedule;
typedef enum { ENT_CLASS_WEIGHTS_NONE, ENT_CLASS_WEIGHTS_BALANCED } ent_class_weights;
typedef enum { ENT_PRIVACY_NONE, ENT_PRIVACY_CENTRAL, ENT_PRIVACY_LOCAL, ENT_PRIVACY_DISTRIBUTED } ent_privacy_mode;
typedef enum { ENT_RELEASE_GAUSSIAN, ENT_RELEASE_TREE } ent_release;
typedef enum { ENT_CLIP_FLAT, ENT_CLIP_BLOCK } ent_clipping;
typedef enum { ENT_NOISE_FROM_SEED, ENT_NOISE_FROM_SYSTEM } ent_noise_source;
typedef enum { ENT_SPARSIFY_NONE, ENT_SPARSIFY_TOP, ENT_SPARSIFY_RANDOM } ent_sparsify;

typedef struct {
    int qubits, layers, angles; /* angles: data angles per qubit, 1 or 2 */
    const char *ansatz;         /* basic, strong, hea, product, or the path of an OpenQASM file */
    ent_encoding encoding;
    ent_qasm_inputs inputs; /* of such a file */
    ent_reduce_kind reduce;
    int axes; /* pca_linear: principal axes; 0: 32, or all */
    ent_angle_map map;
    double scale; /* 0: ent_angle_scale */
    bool input_scaling, reupload;
} ent_config_register;

typedef struct {
    const char *file;
    const char **modalities;
    unsigned modalities_count;
    const char *label;
    ent_task task;
    double clip; /* deviations; 0: none */
} ent_config_data;

typedef struct {
    ent_fusion_pattern pattern;
    ent_fusion_within within;
    ent_gate_kind gate;
    int layers;
} ent_config_fusion;

typedef struct {
    ent_model_kind kind;
    ent_config_register registers[ENT_MAX_MODALITIES];
    ent_config_fusion fusion;
    unsigned readout;     /* ENT_READ_... bits */
    const char **strings; /* Pauli strings, as ent_model_add_string takes them */
    unsigned strings_count;
    ent_head_kind head;
    ent_loss_kind loss;
    int hidden, params; /* mlp, multilinear: width, or the number of parameters to come near to (0: `hidden`
                           counts; -k: k times those of the quantum model) */
    ent_activation activation;
} ent_config_model;

typedef struct {
    ent_missing_level level;
    double rate[ENT_MAX_MODALITIES];
    const char **absent; /* level fixed */
    unsigned absent_count;
    ent_missing_where where;
    ent_missing_empty empty;
    ent_policy policy;
    ent_context_form context;
} ent_config_missing;

/* Secure aggregation. */
typedef struct {
    double threshold; /* share of the cohort, and of each client's neighbours, that must answer; 0: no secure
    * aggregation */
    int neighbours;   /* clients that a client shares masks with; 0: the whole cohort */
} ent_config_secure;

typedef struct {
    int clients; /* 0: as many as there are groups (split natural) */
    ent_split_kind split;
    double alpha;
    int shards_per_client;
    double participation; /* share of the clients that train in a round */
    ent_sampling sampling;
    int rounds;
    ent_aggregation aggregation;
    ent_divergence on_divergence; /* of a client; auto: exclude with the robust rules, stop with the others */
    int evaluate_every;           /* rounds; the last is always evaluated */
    ent_config_secure secure;
} ent_config_federation;

/* Differential privacy of whole clients. */
typedef struct {
    ent_privacy_mode mode;
    ent_release mechanism; /* central: noise in every round (DP-FedAvg), or on the sums of all rounds (DP-FTRL) */
    double clip;           /* the largest norm of a client's change */
    ent_clipping clipping;
    double noise_multiplier, delta;
    double adaptive_quantile, adaptive_rate, count_noise; /* quantile 0: the norm stays; count_noise 0: cohort / 20 */
    ent_accountant accountant;
    ent_noise_source noise_from;
} ent_config_privacy;

/* What a client's change, and the weights for the clients, are made smaller by before they are sent. */
typedef struct {
    ent_sparsify sparsify;
    double keep;       /* share of the numbers of a block */
    int bits;          /* of a number; 0: as it is */
    bool feedback;     /* a client adds what it has left out to its next change */
    int download_bits; /* of a number of the difference to what the clients know; 0: the whole model is sent */
} ent_config_communication;

/* The simulated clients: whether they answer, how fast they are, and how the server waits for them.  `rate`, `spread`
 * and `period` belong to the availability; times are simulated seconds. */
typedef struct {
    ent_mode mode;
    ent_availability availability;
    double rate;   /* mean share of available clients */
    double spread; /* per_client: of the log-odds; diurnal: of the phases, in days */
    double period; /* diurnal: rounds per day */
    double dropout;
    double speed, speed_spread; /* samples per second of the median client; spread of their logarithms */
    double latency_s;
    double deadline_s;     /* sync; 0: none */
    double over_selection; /* sync: additional share of clients to ask */
    int concurrency;       /* fedbuff: clients that train at a time; 0: participation times clients */
    int buffer;            /* fedbuff: updates per server step */
    double staleness;      /* fedbuff: exponent */
    int max_staleness;     /* fedbuff: server steps */
} ent_config_system;

/* Fine-tuning of the final model by every client. */
typedef struct {
    int epochs; /* 0: none */
    double learning_rate;
} ent_config_personal;

/* Settings of the aggregation rules, by rule. */
typedef struct {
    double mu;                         /* fedprox: the proximal term's weight */
    double learning_rate;              /* fedavgm, fedadam, fedyogi, fedadagrad, scaffold; 0: the rule's default */
    double momentum;                   /* fedavgm */
    double beta1, beta2;               /* fedadam, fedyogi, fedadagrad (only beta1) */
    double tau;                        /* the same three: degree of adaptivity */
    double alpha;                      /* feddyn: the regulariser's weight */
    double trim;                       /* trimmed_mean: share of the clients that is dropped at each end */
    int faulty;                        /* krum, multi_krum: the largest number of Byzantine clients in a round */
    double temperature, mixing, floor; /* qrail */
    double suppression, threshold;     /* spoqfl */
    double own_share;                  /* wpqfl */
    int select;                        /* multi_krum: number of clients to average; 0: all but `faulty` */
} ent_config_server;

/* Simulated Byzantine clients, which do not send what they trained. */
typedef struct {
    ent_attack_kind kind;
    double share; /* of the clients that have training rows */
    double strength;
} ent_config_attack;

typedef struct {
    int epochs, batch;
    ent_optimizer optimizer;
    double batch_share;                           /* of the client's rows; 0: `batch` counts */
    double learning_rate;                         /* of blocks without their own */
    double map_learning_rate, head_learning_rate; /* 0, below 0: ent_client_rate */
    ent_rate_schedule schedule;
    int warm_up, step_rounds; /* rounds */
    double step_factor;
    double clip_norm; /* of a step's gradient; 0: none */
    ent_class_weights class_weights;
    bool logit_adjustment;
    double momentum, beta1, beta2, epsilon, weight_decay;
    double natural_rate, damping; /* qng */
    double modality_dropout;      /* chance that a present modality counts as absent while training */
} ent_config_client;

/* The noise of the common device.  Damping is given by strengths, or by relaxation times and the durations of
 * gates. */
typedef struct {
    ent_gate_noise after_1q, after_2q;
    double t1_us, t2_us, gate_1q_us, gate_2q_us; /* t1 0: times are not used; t2 0: twice t1 */
    struct {
        double p01, p10;
    } readout;
    double factor[ENT_MAX_MODALITIES]; /* multiplies all strengths of the register */
    ent_noise_method method;
    int trajectories;
} ent_config_noise;

/* Devices of the clients: lists of numbers, assigned to the clients in turn; "": all clients have the device of the
 * section noise and run.shots. */
typedef struct {
    const char *noise;  /* factors of the strengths in section noise */
    const char *shots;  /* instead of run.shots */
    const char *layers; /* layers of the registers' circuits that a client has; 0: all */
    const char *qubits; /* of each register that a client has, the first ones; 0: all */
    double spread;      /* of the logarithm of an additional random factor of each client */
} ent_config_devices;

typedef struct {
    uint64_t split, masks, init, sampling, shots;
} ent_config_seeds;

typedef enum { ENT_SELECT_LAST, ENT_SELECT_VALIDATION_LOSS, ENT_SELECT_VALIDATION_ACCURACY } ent_select;

typedef struct {
    ent_precision precision;
    ent_engine_kind engine;
    int shots; /* per readout; 0: exact */
    ent_gradient_kind gradient;
    double spsa_step;
    int shards, threads;      /* threads: per rank; 0: the cores of the node divided by its ranks */
    ent_select select;        /* the round whose weights are evaluated and saved */
    int patience;             /* the training ends after this number of rounds without a better one; 0: never */
    int checkpoint_every;     /* rounds; 0: only on demand */
    double stall_timeout_s;   /* the job ends after waiting this long for other ranks; 0: never */
    const char *fallback_dir; /* for a result that cannot be written to its own folder; "none": no such folder */
} ent_config_run;

typedef struct {
    ent_config_data data;
    ent_config_model model;
    ent_config_missing missing;
    ent_config_federation federation;
    ent_config_server server;
    ent_config_attack attack;
    ent_config_client client;
    ent_config_privacy privacy;
    ent_config_communication communication;
    ent_config_system system;
    ent_config_personal personal;
    ent_config_noise noise;
    ent_config_devices devices;
    ent_config_seeds seeds;
    ent_config_run run;
} ent_config;

/* The default of every key.  data.file is NULL and data.modalities is empty: they have no default. */
void ent_config_default(ent_config *config);

/* Check every value against the range of its key.  Errors: ENT_ECONFIG: "client.batch: found '0', want a whole
 * number from 1 to 1000000000". */
ent_status ent_config_check(const ent_config *config);

/* A YAML file, and overrides "key.path=value", the value being YAML; model.registers.*.KEY is that key of every
 * register.  Keys that are not given have their defaults.  Free with ent_config_free; fields may be changed before.
 * Errors: ENT_EIO; ENT_ECONFIG with file, line, key, the value found and the values allowed; ENT_ENOMEM. */
ent_status ent_config_load(const char *path, int sets, const char *const *set, ent_config **out);

/* The same from YAML text. */
ent_status ent_config_parse(const char *text, ent_config **out);

/* Of ent_config_load and ent_config_parse; NULL is legal. */
void ent_config_free(ent_config *config);

/* As YAML text that gives the same configuration again, to the last bit (ent_free).  Every key is in it, so equal
 * configurations have equal texts.  Errors: those of ent_config_check; ENT_ENOMEM. */
ent_status ent_config_write(const ent_config *config, char **text);

#endif
