/* The configuration of a run, as plain values: every key of the YAML file, checked, defaults filled in.
 * Filled by app/config.c; read by fed.  Lists are in the order of data.modalities. */
#ifndef ENTENTE_CONFIG_H
#define ENTENTE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/dataset.h"
#include "entente/engine.h"
#include "entente/missing.h"
#include "entente/model.h"
#include "entente/reduce.h"
#include "entente/split.h"

typedef enum { ENT_LOSS_AUTO, ENT_LOSS_CROSS_ENTROPY, ENT_LOSS_SQUARED } ent_loss_kind;
typedef enum { ENT_READ_Z, ENT_READ_ZZ } ent_readout_kind;
typedef enum { ENT_POLICY_MMA, ENT_POLICY_ZERO, ENT_POLICY_MEAN, ENT_POLICY_DROP, ENT_POLICY_NONE } ent_policy;
typedef enum { ENT_CONTEXT_MASK, ENT_CONTEXT_EMBED } ent_context_form;
typedef enum { ENT_FEDAVG, ENT_FEDPROX } ent_aggregation;
typedef enum { ENT_SGD, ENT_MOMENTUM, ENT_ADAM } ent_optimizer;

typedef struct {
    int qubits, layers, angles; /* angles: data angles a qubit, 1 or 2 */
    char *ansatz;               /* basic, strong, hea, or the path of an OpenQASM 3 file */
    ent_reduce_kind reduce;
    ent_angle_map map;
    double scale;
    bool reupload;
} ent_config_register;

typedef struct {
    char *file;
    char **modalities;
    unsigned modalities_count;
    char *label;
} ent_config_data;

typedef struct {
    ent_fusion_pattern pattern;
    ent_gate_kind gate;
    int layers;
} ent_config_fusion;

typedef struct {
    ent_config_register registers[ENT_MAX_MODALITIES];
    ent_config_fusion fusion;
    ent_readout_kind readout;
    ent_head_kind head;
    ent_loss_kind loss;
} ent_config_model;

typedef struct {
    ent_missing_level level;
    double rate[ENT_MAX_MODALITIES];
    char **absent; /* level fixed */
    unsigned absent_count;
    ent_missing_where where;
    ent_missing_empty empty;
    ent_policy policy;
    ent_context_form context;
} ent_config_missing;

typedef struct {
    int clients; /* 0: as many as there are groups (split natural) */
    ent_split_kind split;
    double alpha;
    int shards_per_client;
    double participation; /* share of the clients that train in a round */
    int rounds;
    ent_aggregation aggregation;
    int evaluate_every; /* rounds; the last is always evaluated */
} ent_config_federation;

/* What the aggregation rules take; each says which. */
typedef struct {
    double mu; /* fedprox */
} ent_config_server;

typedef struct {
    int epochs, batch;
    ent_optimizer optimizer;
    double learning_rate, momentum, beta1, beta2, epsilon, weight_decay;
} ent_config_client;

typedef struct {
    uint64_t split, masks, init, sampling;
} ent_config_seeds;

typedef struct {
    ent_precision precision;
    ent_engine_kind engine;
    int shards, threads;  /* threads: a rank's; 0: the cores of the node over its ranks */
    int checkpoint_every; /* rounds; 0: on demand alone */
} ent_config_run;

typedef struct {
    ent_config_data data;
    ent_config_model model;
    ent_config_missing missing;
    ent_config_federation federation;
    ent_config_server server;
    ent_config_client client;
    ent_config_seeds seeds;
    ent_config_run run;
} ent_config;

#endif
