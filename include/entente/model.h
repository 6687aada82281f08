/* The model: registers, fusion, mask, head and loss, from features to outputs and gradients.
 *
 * One vector w of parameters, cut into blocks.  Each block says which modalities a sample must have to train it; that
 * is all that the server needs to know of the missing-modality mechanism (MMA).
 * Source: model.md, sections 1 to 5.  All functions are Local. */
#ifndef ENTENTE_MODEL_H
#define ENTENTE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/ansatz.h"
#include "entente/engine.h"
#include "entente/status.h"

enum { ENT_MAX_REGISTERS = 16, ENT_MAX_PAIRS = ENT_MAX_REGISTERS * (ENT_MAX_REGISTERS - 1) / 2 };

typedef enum { ENT_MAP_TANH, ENT_MAP_CLIP } ent_angle_map;

/* Register m: the circuit of one modality. */
typedef struct {
    const char *name;
    ent_ansatz ansatz;
    int64_t inputs;    /* numbers a sample brings: as many as the ansatz has data angles, or any with `linear` */
    bool linear;       /* a trainable affine map (a "dressed" circuit) from the inputs to the angles' numbers */
    ent_angle_map map; /* angle = pi tanh(z / scale), or z / scale * pi clipped to [-pi, pi] */
    double scale;      /* > 0 */
} ent_register;

/* Fusion: `layers` times, for every pair (a < b) qubit j of a with qubit j mod n_b of b by `gate`, then trainable RY
 * and RZ on every qubit.  The gate is ENT_CX, ENT_CZ (fixed), ENT_CRX, ENT_CRZ or ENT_RZZ (a parameter each); or
 * ENT_QFT (ours: "QFT mixing"): one transform of the qubits of all present registers, register 0 the least
 * significant, left out where fewer than two are present.  The pairs then only say which <Z Z'> are read. */
typedef struct {
    int layers; /* 0: no fusion circuit */
    ent_gate_kind gate;
    int pairs;
    int pair[ENT_MAX_PAIRS][2];
} ent_fusion;

typedef enum { ENT_PATTERN_RING, ENT_PATTERN_ALL, ENT_PATTERN_STAR, ENT_PATTERN_NONE } ent_fusion_pattern;

/* The pairs of a pattern over `registers` registers.  ring: neighbours, closed; all: every pair; star: register 0
 * with every other; none: no entangler between registers. */
void ent_fusion_connect(ent_fusion *fusion, ent_fusion_pattern pattern, int registers);

typedef enum { ENT_HEAD_LINEAR, ENT_HEAD_DIRECT } ent_head_kind;

typedef struct {
    int registers;
    ent_register reg[ENT_MAX_REGISTERS];
    ent_fusion fusion;
    bool read_zz; /* read <Z Z'> of every qubit pair that fusion connects, besides every <Z> */
    ent_head_kind
        head; /* direct: output c is `head_scale` times the mean of <Z> of the present qubits whose number in
                           their register is c modulo the outputs, plus head_offset */
    double head_scale, head_offset;
    int outputs;  /* classes, or 1 for a real label */
    bool squared; /* loss: squared error of a real label; else cross-entropy of the softmax */
    bool mma;     /* absent registers are masked; else every register is taken as present */
    bool embed;   /* mma alone: the head also adds a trainable vector for each present modality */
    ent_program_inp program;
} ent_model_inp;

/* Parameters first..first+count-1; trained by a sample that has all modalities of `needs`. */
typedef struct {
    char name[160];
    int first, count;
    uint32_t needs;
} ent_block;

typedef struct ent_model ent_model;

/* Errors: ENT_EARG, ENT_ENOMEM (more qubits than memory holds). */
ent_status ent_model_new(const ent_model_inp *inp, ent_model **out);
void ent_model_free(ent_model *model);

int ent_model_params(const ent_model *model);
int ent_model_qubits(const ent_model *model);
int ent_model_blocks(const ent_model *model, const ent_block **blocks); /* their number */
const char *ent_model_engine(const ent_model *model);

/* Initial parameters: a function of (seed, the block's name, index), so that models that share a block by name start
 * it alike.  Circuit angles N(0, 0.1^2) around 0 for rotations of the fusion, uniform in (-pi/4, pi/4) in registers;
 * linear maps and heads N(0, 1/inputs); biases and embeddings 0. */
void ent_model_init(const ent_model *model, uint64_t seed, double *w);

/* Samples.  x[m] [n][inputs of register m]; context [n]: bit m is set where modality m is present (what x[m] holds
 * elsewhere is never read with mma); category [n] for cross-entropy, value [n] for squared error (NULL to predict). */
typedef struct {
    int64_t n;
    const double *x[ENT_MAX_REGISTERS];
    const uint32_t *context;
    const int32_t *category;
    const double *value;
} ent_samples;

/* outputs [n][outputs]: logits, or the real prediction.  Errors: ENT_ENOMEM. */
ent_status ent_model_predict(ent_model *model, const double *w, const ent_samples *samples, double *outputs);

/* The mean loss over the samples pick[0..n-1] of `samples` (NULL: all n), and its gradient by all parameters,
 * gradient [params], overwritten: exactly 0 for blocks that no picked sample trains.  Errors: ENT_ENOMEM. */
ent_status ent_model_gradient(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                              const int64_t *pick, double *loss, double *gradient);

/* The loss of one sample from its outputs; d_outputs [outputs] (may be NULL) receives its derivative. */
double ent_loss(bool squared, int outputs, const double *output, int32_t category, double value, double *d_outputs);

/* Whether a sample with this context trains a block. */
bool ent_block_trains(const ent_block *block, uint32_t context);

#endif
