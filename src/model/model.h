/* Internal to the model room: kinds of model, the blocks of the parameter vector, and the functions between files. */
#ifndef ENTENTE_MODEL_ROOM_H
#define ENTENTE_MODEL_ROOM_H

#include "entente/model.h"

/* The initial values of a block's parameters: factor * draw / divisor; the draw is 0, N(0, 1), uniform in (-1, 1),
 * or 1. */
typedef enum { ENT_START_ZERO, ENT_START_NORMAL, ENT_START_UNIFORM, ENT_START_ONE } ent_start_kind;

typedef struct {
    ent_start_kind kind;
    double factor, divisor;
    uint64_t stream; /* of the draws, from a name; 0: from the block's */
    bool goes_on;    /* with the draws of the block before */
} ent_start;

typedef struct {
    int params, count;
    ent_block *block; /* [count] */
    ent_start *start; /* [count] */
    int64_t block_room, start_room;
    bool short_of_memory; /* a block is not there, although its parameters are counted */
} ent_blocks;

/* blocks.c: N(0, 1/fan_in); append a block (none for count 0), and return the position of its first parameter; give
 * the block that begins there the role, fan_in, layer, qubits and lacks of another; check after the last block that
 * there was memory for all (ENT_ENOMEM if not); the initial parameters of all blocks. */
ent_start ent_start_by_fan_in(double fan_in);
__attribute__((format(printf, 5, 6))) int ent_blocks_add(ent_blocks *blocks, ent_start start, int count,
                                                         uint32_t needs, const char *format, ...);
void ent_blocks_mark(ent_blocks *blocks, int first, const ent_block *like);
ent_status ent_blocks_check(const ent_blocks *blocks);
/* Divide each block into ranges of parameters p of equal qubits[p], with names "name[first:end]".  Errors:
 * ENT_ENOMEM. */
ent_status ent_blocks_divide(ent_blocks *blocks, const int *qubits);
void ent_blocks_clear(ent_blocks *blocks);
void ent_blocks_start(const ent_blocks *blocks, uint64_t seed, double *w);

/* Samples of one call that have the same context, and memory for their results. */
typedef struct {
    const ent_model_inp *inp;
    uint32_t context; /* as ent_mask_context gives it: bit m for register m of inp */
    int modality;     /* register m of inp is modality `modality` + m of the samples */
    const double *w;
    const ent_samples *samples;
    int64_t n;
    const int64_t *index;        /* [n] numbers of the samples */
    double share;                /* 1 / samples of the call */
    double *outputs, *d_outputs; /* [n][outputs] */
    double *loss;                /* [n] */
    double *scratch;             /* [n * the body's room] */
} ent_group;

/* The inputs of register m for the group's k-th sample. */
const double *ent_group_x(const ent_group *group, int64_t k, int m);
/* Whether these are data angles already. */
bool ent_group_encoded(const ent_group *group, int64_t k, int m);
/* Compute loss and d_outputs (times `share`) of the k-th sample from its outputs. */
void ent_group_loss(const ent_group *group, int64_t k);

/* What each kind creates from a description; its own struct begins with this one. */
typedef struct {
    const ent_blocks *blocks;
    int qubits;
    int64_t room; /* scratch: numbers per sample */
    char engine[64];
} ent_body;

/* A kind of model.  free(NULL) is legal.
 *   predict    writes the group's outputs
 *   gradient   adds the losses (times `share`) and their gradient; may use outputs, d_outputs and loss
 *   metric     adds the samples' Fubini-Study metrics of register m with respect to its circuit's angles
 *              [count][count]; NULL: the kind has no circuits of registers whose outputs go through a linear head */
typedef struct {
    const char *name;
    ent_status (*make)(const ent_model_inp *inp, ent_body **out);
    void (*free)(ent_body *body);
    ent_status (*predict)(ent_body *body, const ent_group *group);
    ent_status (*gradient)(ent_body *body, const ent_group *group, double *loss, double *gradient);
    ent_status (*metric)(ent_body *body, const ent_group *group, int m, double *metric);
    bool blas; /* uses BLAS: on one thread, so that its bits stay the same */
} ent_kind;

/* model.c: the checks that are common to all kinds. */
ent_status ent_model_check(const ent_model_inp *inp);

/* quantum.c: registers, fusion, head. */
ent_status ent_quantum_check(const ent_model_inp *inp);
extern const ent_kind ent_kind_quantum;
/* late.c: one quantum model per modality, fused by their decisions;  logistic.c: one linear map;  mlp.c: one encoder
 * per modality, and a joint layer;  multilinear.c: products of features of the modalities. */
extern const ent_kind ent_kind_late, ent_kind_logistic, ent_kind_mlp, ent_kind_multilinear;

/* ---- the quantum model ---- */

/* The places of register m's parts in w, in the data angles and among the full model's qubits. */
typedef struct {
    int qubits, first_qubit;
    int angles, first_angle;  /* slots: of the encoding, or `inputs` per layer that has its own */
    int inputs;               /* numbers that one layer encodes */
    int map_weight, map_bias; /* linear: [inputs][features of a sample] and [inputs] */
    int factor;               /* ansatz.own_angles: [angles] */
    int token;                /* tokens: [inputs], in place of the angles of a layer */
    int circuit;              /* the ansatz's parameters */
    int within;               /* fusion: [layers][links within], where the gate has an angle */
    int rotation;             /* fusion: [layers][qubits][2] */
    int head;                 /* [outputs][qubits] */
    int head_xy;              /* [outputs][2 qubits], X before Y: where they are read */
    int head_within;          /* [outputs][pairs within], where they are read */
    int embed;                /* [outputs] */
} ent_register_layout;

typedef struct {
    int links;    /* qubit pairs: the qubits of the first register; of a chain one */
    int coupling; /* fusion: [layers][links], where the gate has an angle */
    int head;     /* [outputs][links], where ZZ is read */
} ent_pair_layout;

typedef struct {
    int qubits, angles;
    ent_blocks blocks;
    ent_register_layout reg[ENT_MAX_REGISTERS];
    ent_pair_layout pair[ENT_MAX_PAIRS];
    int string[ENT_MAX_STRINGS]; /* [outputs] each, where they are read */
    int bias;                    /* [outputs], linear head */
} ent_layout;

/* Errors: ENT_ENOMEM; with qubits_apart those of ent_masked_circuit.  The layout is to be cleared either way. */
ent_status ent_layout_make(const ent_model_inp *inp, ent_layout *layout);
void ent_layout_clear(ent_layout *layout);

/* The model for one context vector, without its absent parts.  Readouts are in the head's order. */
typedef struct {
    ent_program *program;
    int readouts;
    int features;  /* what the head reads: the readouts, or probabilities made of them (ent_features_forward) */
    int registers; /* whose probabilities are read; 0: readouts as they are */
    int register_qubits[ENT_MAX_REGISTERS];
    int *column;    /* [features]: w[column + output * stride] is the linear head's weight of this feature */
    int *stride;    /* [features] */
    int *of_class;  /* [features]: direct head: which output it belongs to, -1 for none */
    int *share;     /* [outputs]: direct head: how many features belong to it */
    double *weight; /* [features][outputs], at least [features]: the linear head's, for the current parameters */
} ent_masked;

/* parts.c: divide the layout's blocks by the qubits that a device needs for their parameters. */
ent_status ent_layout_divide(const ent_model_inp *inp, ent_layout *layout);

/* device.c: the program of a context's circuit; what the device leaves of a context's circuit, which is replaced:
 * readout [readouts] receives the old number of each that is left. */
ent_status ent_device_program(const ent_model_inp *inp, uint32_t context, const ent_circuit *circuit,
                              ent_program **out);
ent_status ent_device_keep(const ent_model_inp *inp, uint32_t context, int *readout, ent_circuit **circuit);

/* spsa.c: ent_model_gradient from two losses. */
ent_status ent_spsa_gradient(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                             const int64_t *pick, double *loss, double *gradient);
/* model.c: the description it was made from; a visit of each group of picked samples (NULL: all n) that have the
 * same context; outputs of picked samples, [samples n][outputs], each in its sample's place; the mean loss over
 * picked samples. */
const ent_model_inp *ent_model_description(const ent_model *model);
const ent_kind *ent_model_kind_of(const ent_model *model, ent_body **body);
typedef ent_status ent_group_visit(ent_model *model, const ent_group *group, void *context);
ent_status ent_model_groups(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                            const int64_t *pick, ent_group_visit *visit, void *context);
ent_status ent_model_outputs(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                             const int64_t *pick, double *outputs);
ent_status ent_model_loss(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                          const int64_t *pick, double *loss);

/* mask.c: the missing-modality mechanism. */
/* The modalities that make a difference; and those whose circuits run, which is the context of ent_masked_new. */
uint32_t ent_mask_context(const ent_model_inp *inp, uint32_t context);
uint32_t ent_mask_runs(const ent_model_inp *inp, uint32_t context);
ent_status ent_masked_new(const ent_model_inp *inp, const ent_layout *layout, uint32_t context, ent_masked **out);
/* The same without its program, into *masked, which is all 0; and its circuit.  Both are to be freed either way. */
ent_status ent_masked_circuit(const ent_model_inp *inp, const ent_layout *layout, uint32_t context,
                              ent_masked *masked, ent_circuit **circuit);
/* Room for the features of any context and device. */
int ent_masked_most_features(const ent_model_inp *inp, const ent_layout *layout);
void ent_masked_free(ent_masked *masked);

/* strings.c: the checks; string k if register m begins at first_qubit[m]; the strings of one register, for a model of
 * that register only; a name for the weights of string k. */
ent_status ent_strings_check(const ent_model_inp *inp);
ent_pauli ent_string_placed(const ent_model_inp *inp, int k, const int *first_qubit);
ent_status ent_strings_alone(const ent_model_inp *inp, int m, ent_model_inp *alone);
void ent_string_name(const ent_model_inp *inp, int k, size_t room, char *text);

/* fusion.c: what is refused; links within a register of this many qubits; the two qubits, in their registers, of link
 * j of pair k. */
ent_status ent_fusion_check(const ent_model_inp *inp);
int ent_fusion_links_within(const ent_fusion *fusion, int qubits);
void ent_fusion_link(const ent_model_inp *inp, const ent_layout *layout, int k, int j, int qubit[2]);
/* Append to a circuit in which register m begins at first_qubit[m], or is absent if that is < 0. */
ent_status ent_fusion_append(const ent_model_inp *inp, const ent_layout *layout, const int *first_qubit,
                             ent_circuit *circuit);

/* angles.c: n numbers of a register to data angles, for a register without a trainable map; in place where they are
 * the same array. */
void ent_angles_encode(const ent_register *reg, int64_t n, const double *z, double *angles);
/* A register with a trainable map.  columns [numbers per sample][inputs]: its weights, computed once per parameter
 * vector; data angles [inputs] of a sample and d angle / d z; and back, for `count` samples at once, from d_z
 * [count], `stride` apart, in their order. */
enum { ENT_ANGLES_TOGETHER = 4 };
void ent_angles_prepare(const ent_register *reg, const ent_register_layout *at, const double *w, double *columns);
void ent_angles_linear(const ent_register *reg, const ent_register_layout *at, const double *columns, const double *w,
                       const double *x, double *angles, double *slope);
void ent_angles_backward(const ent_register *reg, const ent_register_layout *at, int count, const double *const *x,
                         const double *d_z, int stride, double *gradient);

/* A register whose layers have factors: from the angles of one layer, in the first `inputs` of `angles`, to those of
 * all, the former into base [inputs]; and back, from d_angles [angles] to those of one layer, in the first `inputs`,
 * adding to the factors' gradient. */
void ent_angles_spread(const ent_register_layout *at, const double *w, double *base, double *angles);
void ent_angles_gather(const ent_register_layout *at, const double *w, const double *base, double *d_angles,
                       double *gradient);

/* From the numbers that a layer encodes to the slots of its encoding, in place; and back, from the derivatives of the
 * slots to those of the numbers. */
void ent_angles_derive(const ent_register *reg, double *angles);
void ent_angles_underive(const ent_register *reg, const double *angles, double *d_angles);

/* Data angles [layout angles] of one sample; base and slope [layout angles] are scratch. */
void ent_angles_forward(const ent_model_inp *inp, const ent_layout *layout, const double *w, uint32_t context,
                        const double *const *x, double *angles, double *base, double *slope);

/* probabilities.c: what the head reads, features [masked features] of one sample, and back; d_features is
 * overwritten. */
void ent_features_forward(const ent_masked *masked, const double *readouts, double *features);
void ent_features_backward(const ent_masked *masked, double *d_features, double *d_readouts);

/* head.c: prepare once per parameter vector, before forward and weights; outputs from features, for one sample; and
 * back, for n samples at once, after which the weights must be prepared again.  Gradients are accumulated in the
 * order of the samples. */
void ent_head_prepare(const ent_model_inp *inp, ent_masked *masked, const double *w);
void ent_head_forward(const ent_model_inp *inp, const ent_layout *layout, const ent_masked *masked, uint32_t context,
                      const double *w, const double *features, double *outputs);
void ent_head_weights(const ent_model_inp *inp, const ent_masked *masked, const double *d_outputs,
                      double *d_features);
void ent_head_backward(const ent_model_inp *inp, const ent_layout *layout, ent_masked *masked, uint32_t context,
                       int64_t n, const double *features, const double *d_outputs, double *gradient);

#endif
