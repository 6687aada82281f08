/* Inside the model room: the layout of the parameter vector, and what its files hand each other. */
#ifndef ENTENTE_MODEL_ROOM_H
#define ENTENTE_MODEL_ROOM_H

#include "entente/model.h"

/* Where everything of register m stands in w, in the data angles and among the full model's qubits. */
typedef struct {
    int qubits, first_qubit;
    int angles, first_angle;
    int map_weight, map_bias; /* linear: [angles][inputs] and [angles] */
    int circuit;              /* the ansatz's parameters */
    int rotation;             /* fusion: [layers][qubits][2] */
    int head;                 /* [outputs][qubits] */
    int embed;                /* [outputs] */
} ent_register_layout;

typedef struct {
    int links;    /* qubit pairs: the qubits of the first register */
    int coupling; /* fusion: [layers][links], where the gate has an angle */
    int head;     /* [outputs][links], where ZZ is read */
} ent_pair_layout;

typedef struct {
    int params, qubits, angles, blocks;
    ent_block block[8 * ENT_MAX_REGISTERS + 2 * ENT_MAX_PAIRS];
    ent_register_layout reg[ENT_MAX_REGISTERS];
    ent_pair_layout pair[ENT_MAX_PAIRS];
    int bias; /* [outputs], linear head */
} ent_layout;

/* What ent_model_new refuses. */
ent_status ent_model_check(const ent_model_inp *inp);

void ent_layout_make(const ent_model_inp *inp, ent_layout *layout);

/* What is left of the model for one context vector.  Readouts are in the order in which the head reads them. */
typedef struct {
    ent_program *program;
    int readouts, qubits;
    int *column;   /* [readouts]: w[column + output * stride] is the linear head's weight of this readout */
    int *stride;   /* [readouts] */
    int *of_class; /* [readouts]: direct head: which output it belongs to, -1 for none */
} ent_masked;

/* mask.c: the missing-modality mechanism. */
uint32_t ent_mask_context(const ent_model_inp *inp, uint32_t context);
ent_status ent_masked_new(const ent_model_inp *inp, const ent_layout *layout, uint32_t context, ent_masked **out);
void ent_masked_free(ent_masked *masked);

/* fusion.c: append to a circuit in which register m begins at first_qubit[m], or is absent where that is < 0. */
ent_status ent_fusion_append(const ent_model_inp *inp, const ent_layout *layout, const int *first_qubit,
                             ent_circuit *circuit);

/* angles.c: data angles [layout angles] of one sample, and back: slope [layout angles] is d angle / d z. */
void ent_angles_forward(const ent_model_inp *inp, const ent_layout *layout, const double *w, uint32_t context,
                        const double *const *x, double *angles, double *slope);
void ent_angles_backward(const ent_model_inp *inp, const ent_layout *layout, uint32_t context, const double *const *x,
                         const double *grad_angles, const double *slope, double *gradient);

/* head.c: outputs from readouts, and back.  Gradients are added to. */
void ent_head_forward(const ent_model_inp *inp, const ent_layout *layout, const ent_masked *masked, uint32_t context,
                      const double *w, const double *readouts, double *outputs);
void ent_head_weights(const ent_model_inp *inp, const ent_masked *masked, const double *w, const double *d_outputs,
                      double *d_readouts);
void ent_head_backward(const ent_model_inp *inp, const ent_layout *layout, const ent_masked *masked, uint32_t context,
                       const double *readouts, const double *d_outputs, double *gradient);

#endif
