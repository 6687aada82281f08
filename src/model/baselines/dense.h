/* What the classical kinds of model share: dense layers on a group of samples, by BLAS, and their bias.
 * Matrices are row-major: samples x [n][inputs], weights [outputs][inputs]. */
#ifndef ENTENTE_MODEL_DENSE_H
#define ENTENTE_MODEL_DENSE_H

#include "model/model.h"

/* Errors: ENT_EARG for settings that only a circuit has. */
ent_status ent_dense_check(const ent_model_inp *inp);

/* The inputs of register m for the group's samples, gathered: x [n][inputs]. */
void ent_dense_gather(const ent_group *group, int m, double *x);

/* y += x weight^T;  d_weight += d_y^T x;  d_x = d_y weight.  y, d_y [n][outputs]. */
void ent_dense_forward(int64_t n, int64_t inputs, int64_t outputs, const double *weight, const double *x, double *y);
void ent_dense_weights(int64_t n, int64_t inputs, int64_t outputs, const double *x, const double *d_y,
                       double *d_weight);
void ent_dense_inputs(int64_t n, int64_t inputs, int64_t outputs, const double *weight, const double *d_y,
                      double *d_x);

/* Set every row of y to the bias;  d_bias += the rows of d_y, in order. */
void ent_dense_bias(int64_t n, int64_t outputs, const double *bias, double *y);
void ent_dense_bias_backward(int64_t n, int64_t outputs, const double *d_y, double *d_bias);

/* The bias of the model's outputs, and the context embedding. */
typedef struct {
    int bias, embed[ENT_MAX_REGISTERS]; /* [outputs] each */
} ent_output_layout;

void ent_output_place(const ent_model_inp *inp, ent_output_layout *at, ent_blocks *blocks);
/* The group's outputs before any weight is added. */
void ent_output_start(const ent_group *group, const ent_output_layout *at);
/* Losses and d_outputs of the group's outputs, and the gradient by the bias and the context embedding. */
void ent_output_backward(const ent_group *group, const ent_output_layout *at, double *loss, double *gradient);

/* Only the k-th sample of a group: the result of BLAS for a row may depend on its neighbours, which in a prediction
 * depend on the number of ranks. */
ent_group ent_group_one(const ent_group *group, int64_t k);

/* The largest number of parameters of a model: they are counted by int. */
ent_status ent_dense_fits(int64_t params);

/* The encoder of a modality, a(W x + b) of `width` numbers, as blocks "<modality>/encoder/...". */
typedef struct {
    int weight, bias; /* [width][inputs], [width] */
} ent_encoder;
void ent_encoder_place(const ent_model_inp *inp, int m, int width, ent_encoder *at, ent_blocks *blocks);
/* x [n][inputs] gathered, y [n][width]; and back from d_y, the derivative before the activation. */
void ent_encoder_forward(const ent_group *group, int m, int width, const ent_encoder *at, double *x, double *y);
void ent_encoder_backward(const ent_group *group, int m, int width, const ent_encoder *at, const double *x,
                          const double *d_y, double *gradient);

/* The activation: initial weights in front of it; n numbers in place; and back, from the values a: 1 - a^2 for tanh,
 * a > 0 for relu. */
ent_start ent_activation_start(const ent_model_inp *inp, int64_t fan_in);
void ent_activate(const ent_model_inp *inp, int64_t n, double *a);
void ent_activate_backward(const ent_model_inp *inp, int64_t n, const double *a, double *d);

#endif
