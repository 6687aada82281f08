/* The model: from features to outputs and gradients; the quantum model and classical models for comparison.
 *
 * The vector w of parameters is divided into blocks.  Each block says which modalities a sample must have to train
 * it; the server needs nothing else of the missing-modality mechanism (MMA), for any kind of model.
 *
 *   quantum    one circuit per register, a fusion circuit, readout, head.  Source: arXiv 2507.08217.
 *   late       fusion of decisions (Baltrusaitis, Ahuja, Morency, arXiv 1705.09406, section 6.1): a separate quantum
 *              model for each modality, without fusion circuit; the output is the mean over the present modalities of
 *              their log-probabilities (the product rule with equal priors: Kittler et al. 1998, "On combining
 *              classifiers"), or of their values for a real label; head_offset if none is present.  They are trained
 *              separately: the loss is the sum of the losses of the present modalities.
 *   logistic   multinomial logistic regression on the concatenated inputs of all modalities; linear regression for a
 *              real label.
 *   mlp        a multilayer perceptron: one encoder per modality (a dense layer and an activation), whose outputs are
 *              concatenated, a joint dense layer with the same width and activation, a linear output.
 *   multilinear   a product of features of the modalities: with f_m = activation(W_m x_m + b_m) of the same width for
 *              each modality, the outputs are linear in the elementwise product of the (1 + f_m), so they are
 *              multilinear in the features, as the readouts of a fused circuit are in those of its registers.
 * In the classical kinds MMA leaves the terms of absent modalities out of the sums and products; `embed` adds to
 * the outputs.
 * All functions are Local. */
#ifndef ENTENTE_MODEL_H
#define ENTENTE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/ansatz.h"
#include "entente/device.h"
#include "entente/engine.h"
#include "entente/mask.h"
#include "entente/status.h"

enum { ENT_MAX_PROBABILITY_QUBITS = 10 };
enum { ENT_MAX_REGISTERS = 16, ENT_MAX_PAIRS = ENT_MAX_REGISTERS * (ENT_MAX_REGISTERS - 1) / 2 };

typedef enum { ENT_MAP_TANH, ENT_MAP_CLIP } ent_angle_map;

/* Register m: the circuit of one modality. */
typedef struct {
    const char *name;
    ent_ansatz ansatz;
    int64_t inputs;    /* numbers per sample: as many as a layer of the ansatz encodes; with `linear` any number */
    bool linear;       /* a trainable affine map (a "dressed" circuit) from the inputs to the numbers to encode */
    ent_angle_map map; /* angle = pi tanh(z / scale), or z / scale * pi clipped to [-pi, pi] */
    double scale;      /* > 0 */
} ent_register;        /* with ansatz.own_angles each data angle of each layer has a trainable factor, 1 at first */

/* How fusion connects the qubits of a register: not at all; in a chain; in a ring (from 3 qubits on). */
typedef enum { ENT_WITHIN_NONE, ENT_WITHIN_CHAIN, ENT_WITHIN_RING } ent_fusion_within;

/* Fusion: `layers` times, for every pair (a < b) qubit j of a with qubit j mod n_b of b by `gate`, then qubits within
 * the registers by the same gate, then trainable RY and RZ on every qubit.  chain: a pair connects the last qubit of
 * a and the first of b; together with the links within registers all qubits form one chain.  The gate is ENT_CX,
 * ENT_CZ (fixed), ENT_CRX, ENT_CRZ or ENT_RZZ (one parameter each); or ENT_QFT ("QFT mixing", not from the paper):
 * one transform of the qubits of all present registers, register 0 the least significant, left out if fewer than two
 * are present.  The pairs then only determine which <Z Z'> are read.
 * reupload: every layer but the first, which follows the registers' own circuits, begins with the encoding of each
 * present register, with the same data angles (Perez-Salinas et al., arXiv 1907.02085): readouts are then polynomials
 * of a higher degree in the data of several registers together.  With ansatz.own_angles these encodings have factors
 * of their own. */
typedef struct {
    int layers; /* 0: no fusion circuit */
    ent_gate_kind gate;
    bool chain, reupload;
    ent_fusion_within within;
    int pairs;
    int pair[ENT_MAX_PAIRS][2];
} ent_fusion;

typedef enum {
    ENT_PATTERN_RING,
    ENT_PATTERN_ALL,
    ENT_PATTERN_STAR,
    ENT_PATTERN_NONE,
    ENT_PATTERN_CHAIN
} ent_fusion_pattern;

/* The pairs of a pattern over `registers` registers.  ring: neighbours, and the last with the first; all: every pair;
 * star: register 0 with every other; none: no entangler between registers; chain: neighbours, in one chain of all
 * qubits (`within` becomes a chain). */
void ent_fusion_connect(ent_fusion *fusion, ent_fusion_pattern pattern, int registers);

/* Slots of data angles of a register in the fused model. */
int ent_model_angles(const ent_ansatz *ansatz, const ent_fusion *fusion);

/* The scale for numbers z of variance 1 (standardised features, principal scores, the initial output of a trainable
 * map): 16 with a trainable map, else 2, times the layers, of the ansatz and of the fusion, that encode.  z rotates a
 * qubit in each of them, by about pi / 16 per standard deviation in total: the larger the rotation, the less linear
 * the model is in z, and classes that a linear model separates become harder to learn
 * (benchmarks/choose_defaults.py). */
double ent_angle_scale(const ent_ansatz *ansatz, const ent_fusion *fusion, bool linear);

/* The readouts, as bits; <Z> of every qubit is always read. */
enum {
    ENT_READ_Z = 1,
    ENT_READ_ZZ = 2,            /* <Z Z'> of every qubit pair that fusion connects between registers */
    ENT_READ_XYZ = 4,           /* <X> and <Y> of every qubit */
    ENT_READ_ZZ_WITHIN = 8,     /* <Z Z'> of every pair within a register */
    ENT_READ_PROBABILITIES = 16 /* all probabilities of each register, instead of <Z>; only by itself, with a linear
    * head, registers of at most ENT_MAX_PROBABILITY_QUBITS qubits */
};

/* A Pauli string to be read besides, on the qubits of all registers side by side, register 0 first. */
enum { ENT_MAX_STRINGS = 64 };
typedef struct {
    ent_pauli pauli;
    uint32_t needs; /* the registers that it is on: without one of them it is not read */
} ent_string;

typedef enum { ENT_HEAD_LINEAR, ENT_HEAD_DIRECT } ent_head_kind;

typedef enum {
    ENT_MODEL_QUANTUM,
    ENT_MODEL_LATE,
    ENT_MODEL_LOGISTIC,
    ENT_MODEL_MLP,
    ENT_MODEL_MULTILINEAR
} ent_model_kind;
typedef enum { ENT_ACTIVATION_TANH, ENT_ACTIVATION_RELU } ent_activation;

typedef struct {
    ent_model_kind kind;
    int registers;
    ent_register reg[ENT_MAX_REGISTERS]; /* classical kinds read only `name` and `inputs` */
    ent_fusion fusion;
    unsigned read; /* ENT_READ_... */
    int strings;   /* added by ent_model_add_string, after the registers */
    ent_string string[ENT_MAX_STRINGS];
    ent_head_kind
        head; /* direct: output c is `head_scale` times the mean of <Z> of the present qubits whose number in
                           their register is c modulo the outputs, plus head_offset */
    double head_scale, head_offset;
    int outputs;  /* classes, or 1 for a real label */
    bool squared; /* loss: squared error of a real label; else cross-entropy of the softmax */
    bool mma;     /* absent registers are masked; else every register is taken as present */
    bool token;   /* absent registers run with trained numbers in place of a layer's data angles; not with mma */
    bool embed;   /* only with mma: the head also adds a trainable vector for each present modality */
    int hidden;   /* mlp: width of each encoder and of the joint layer; multilinear: number of products */
    int params;   /* mlp, multilinear: > 0: the width whose number of parameters is nearest, in place of `hidden` */
    ent_activation activation; /* mlp, multilinear */
    const ent_device *device;  /* NULL: exact and without noise; must outlive the model */
    int layers_apart; /* > 0: every layer of the registers' circuits is a separate block, as devices may lack some */
    uint64_t
        qubits_apart; /* bit q: some device has q qubits of a register, and what it lacks is in separate blocks */
    ent_program_inp program;
} ent_model_inp;

/* The role of a block, for learning rates, local optimisers and rules: angles of a register's circuit, angles of the
 * fusion, weights of a trainable map, the head, or anything else. */
typedef enum { ENT_ROLE_OTHER, ENT_ROLE_CIRCUIT, ENT_ROLE_FUSION, ENT_ROLE_MAP, ENT_ROLE_HEAD } ent_block_role;

enum { ENT_BLOCK_NAME_BYTES = 160 };

/* Parameters first..first+count-1; trained by samples that have all modalities in `needs` and none of `lacks`. */
typedef struct {
    char name[ENT_BLOCK_NAME_BYTES];
    int first, count;
    uint32_t needs, lacks;
    ent_block_role role;
    double fan_in; /* of a map: number of terms of a weighted sum; else 1 */
    int layer;     /* with layers_apart: the layer of the register; else 0 */
    int qubits;    /* with qubits_apart: how many qubits of a register a device needs for it; else 0 */
} ent_block;

typedef struct ent_model ent_model;

const char *ent_model_kind_name(ent_model_kind kind); /* "quantum", ... */

/* Parameters of kind quantum with this description, whatever its kind. */
int ent_model_quantum_params(const ent_model_inp *inp);

/* Errors: ENT_EARG, also for a setting that the kind does not support; ENT_ENOMEM (more qubits than memory holds). */
ent_status ent_model_new(const ent_model_inp *inp, ent_model **out);
void ent_model_free(ent_model *model);

/* Add a readout by text, "text X0Y1" or "text X0 audio Z1": registers by their names, each with letters and its own
 * qubits, or with a letter for each of its qubits (ent_pauli_read).  The head must be linear.  Errors: ENT_EARG, with
 * what is wrong in the text. */
ent_status ent_model_add_string(ent_model_inp *inp, const char *text);

/* The circuit of samples with this context, with its readouts; parameters and data angles keep the full model's
 * slots. Nothing is compiled and no state is held, so the size is not limited.  Only the kind quantum has one.
 * Errors: as ent_model_new, except for the memory of states; ENT_EARG for another kind.  Free with ent_circuit_free.
 * */
ent_status ent_model_circuit(const ent_model_inp *inp, uint32_t context, ent_circuit **out);

int ent_model_params(const ent_model *model);
int ent_model_qubits(const ent_model *model);                           /* 0 for a classical kind */
int ent_model_blocks(const ent_model *model, const ent_block **blocks); /* their number */
const char *ent_model_engine(const ent_model *model); /* "batch avx512", "mlp of width 12, OpenBLAS" */

/* Initial parameters: a function of (seed, the block's name, index), so that models that share a block by name start
 * it alike; with qubits_apart, name and index are those of the whole block.  Circuit angles N(0, 0.1^2) around 0 for
 * rotations of the fusion, uniform in (-pi/4, pi/4) in registers; factors of data angles 1; linear maps and heads
 * N(0, 1/inputs); biases and embeddings 0.  logistic: all 0.  mlp, multilinear: N(0, 1/inputs) for tanh (LeCun et al.
 * 1998), N(0, 2/inputs) for relu (He et al., arXiv 1502.01852); the inputs of the joint layer are all encoders. */
void ent_model_init(const ent_model *model, uint64_t seed, double *w);

/* Samples.  x[m] [n][inputs of register m]; context [n]: bit m is set where modality m is present; category [n] for
 * cross-entropy, value [n] for squared error (NULL to predict).  If a modality is absent, nothing of it is read with
 * mma; without mma, absent[m] [inputs] is read instead, or x[m] itself if absent[m] is NULL. */
typedef struct {
    int64_t n;
    const double *x[ENT_MAX_REGISTERS];
    const uint32_t *context;
    const int32_t *category;
    const double *value;
    const double *absent[ENT_MAX_REGISTERS];
    const double *class_weight; /* [outputs] factor of the loss of a sample of the class; NULL: 1 */
    const double *class_offset; /* [outputs] what the loss adds to the logits, predictions do not; NULL: 0 */
    const ent_device *device;   /* the device to run on; NULL: the model's.  Must outlive the model */
    uint64_t draw[2];           /* with the device's seed and `row`, determines their random numbers */
    const int64_t *row;         /* [n] numbers of the samples, as in the data set; NULL: 0, 1, 2, .. */
    uint32_t encoded;           /* bit m: x[m], but not absent[m], has been encoded by ent_model_encode */
} ent_samples;

/* The modalities whose data angles depend on no parameter: bit m for x[m].  They can be computed once for samples
 * that are used repeatedly, with the same bits. */
uint32_t ent_model_encodes(const ent_model *model);
/* Convert features x [n][inputs] of modality m to data angles, in place; does nothing if these depend on parameters.
 * */
void ent_model_encode(const ent_model *model, int m, int64_t n, double *x);

/* outputs [n][outputs]: logits, or the real prediction; the bits of a sample do not depend on the other samples.
 * Errors: ENT_ENOMEM. */
ent_status ent_model_predict(ent_model *model, const double *w, const ent_samples *samples, double *outputs);

/* The mean (of the weighted) loss over the samples pick[0..n-1] of `samples` (NULL: all n), and its gradient by all
 * parameters, gradient [params], overwritten: exactly 0 for blocks that no picked sample trains.  The same picks in
 * the same order give the same bits, on any number of threads.  Errors: ENT_ENOMEM. */
ent_status ent_model_gradient(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                              const int64_t *pick, double *loss, double *gradient);

/* The number of trainable angles of register m's circuit, and the first of them, which are adjacent. */
int ent_model_circuit_angles(const ent_model *model, int m, int *first);

/* The quantum natural gradient (Stokes et al., arXiv 1909.02108).  In place, the gradient by the angles of each
 * register's circuit becomes (F + damping)^-1 times it, where F is the Fubini-Study metric of the register's state by
 * these angles, its mean over the picked samples that run the register.  The state is that without noise, with the
 * layers and qubits of the samples' device; all of gradient [params] that is no such angle is left as it is.
 * damping > 0.
 * Errors: ENT_EARG, the kind has no such metric; ENT_ENOMEM. */
ent_status ent_model_natural(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                             const int64_t *pick, double damping, double *gradient);

/* Rotosolve (Ostaszewski, Grant, Benedetti, arXiv 1905.09692; Nakanishi, Fujii, Todo, arXiv 1903.12166): the angles
 * of the circuits and of the fusion, in blocks b where trains[b] is not 0, one after the other, each to the value
 * that minimises the mean loss over the picked samples while all others stay.  The readouts are trigonometric
 * polynomials in an angle, of degree 1 for one rotation, so few runs give the outputs at all of its values, and the
 * minimum of the loss is found without others: on a grid, then at the root of the derivative.  w [params] in
 * place; an angle moves by half a period at most.
 * Errors: ENT_EARG, an angle that cannot be solved for (ent_model_rotosolve_check); ENT_ENOMEM. */
ent_status ent_model_rotosolve(ent_model *model, const ent_samples *samples, int64_t n, const int64_t *pick,
                               const uint8_t *trains, double *w);
/* Refuse a model with an angle that gates take times a factor that is not whole, or more than ENT_MAX_SOLVED times;
 * or of another kind than quantum.  Errors: ENT_EARG, naming the block; ENT_ENOMEM. */
enum { ENT_MAX_SOLVED = 32 };
ent_status ent_model_rotosolve_check(ent_model *model);

/* The loss of one sample from its outputs; d_outputs [outputs] (may be NULL) receives its derivative. */
double ent_loss(bool squared, int outputs, const double *output, int32_t category, double value, double *d_outputs);

/* How many of a register's layers and qubits a device has; device may be NULL. */
int ent_device_layers(const ent_device *device, int layers);
int ent_device_qubits(const ent_device *device, int qubits);
/* Whether a device has the layer and the qubits of a block. */
bool ent_device_trains(const ent_device *device, const ent_block *block);

/* Whether a sample with this context trains a block, with or without masking; and the number of n samples that do. */
bool ent_block_trains(const ent_block *block, uint32_t context);
bool ent_policy_trains(ent_policy policy, const ent_block *block, uint32_t context);
int64_t ent_policy_training(ent_policy policy, const ent_block *block, int64_t n, const uint32_t *context);

#endif
