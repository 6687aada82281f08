#include "dense.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/linear.h"

ent_status ent_dense_check(const ent_model_inp *inp)
{
    const char *name = ent_model_kind_name(inp->kind);
    ENT_REQUIRE(inp->head == ENT_HEAD_LINEAR, ENT_EARG, "kind %s has no circuit for head direct, want head linear",
                name);
    ENT_REQUIRE(inp->program.precision == ENT_DOUBLE, ENT_EARG, "kind %s computes in double, found precision single",
                name);
    return ENT_OK;
}

ent_status ent_dense_fits(int64_t params)
{
    ENT_REQUIRE(params <= INT_MAX, ENT_EARG, "a model of %lld parameters, want at most %d", (long long)params,
                INT_MAX);
    return ENT_OK;
}

ent_start ent_activation_start(const ent_model_inp *inp, int64_t fan_in)
{
    ent_start normal = ent_start_by_fan_in((double)fan_in);
    if (inp->activation == ENT_ACTIVATION_RELU) normal.factor = sqrt(2.0);
    return normal;
}

void ent_activate(const ent_model_inp *inp, int64_t n, double *a)
{
    if (inp->activation == ENT_ACTIVATION_TANH)
        for (int64_t k = 0; k < n; k++) a[k] = tanh(a[k]);
    else
        for (int64_t k = 0; k < n; k++) a[k] = a[k] > 0.0 ? a[k] : 0.0;
}

void ent_activate_backward(const ent_model_inp *inp, int64_t n, const double *a, double *d)
{
    if (inp->activation == ENT_ACTIVATION_TANH)
        for (int64_t k = 0; k < n; k++) d[k] *= 1.0 - a[k] * a[k];
    else
        for (int64_t k = 0; k < n; k++) d[k] = a[k] > 0.0 ? d[k] : 0.0;
}

void ent_dense_gather(const ent_group *g, int m, double *x)
{
    const int64_t inputs = g->inp->reg[m].inputs;
    for (int64_t k = 0; k < g->n; k++) memcpy(x + k * inputs, ent_group_x(g, k, m), (size_t)inputs * sizeof *x);
}

void ent_dense_forward(int64_t n, int64_t inputs, int64_t outputs, const double *weight, const double *x, double *y)
{
    ent_matrix_multiply(n, outputs, inputs, (ent_factor){false, x, inputs}, (ent_factor){true, weight, inputs}, 1.0,
                        y);
}

void ent_dense_weights(int64_t n, int64_t inputs, int64_t outputs, const double *x, const double *d_y,
                       double *d_weight)
{
    ent_matrix_multiply(outputs, inputs, n, (ent_factor){true, d_y, outputs}, (ent_factor){false, x, inputs}, 1.0,
                        d_weight);
}

void ent_dense_inputs(int64_t n, int64_t inputs, int64_t outputs, const double *weight, const double *d_y,
                      double *d_x)
{
    ent_matrix_multiply(n, inputs, outputs, (ent_factor){false, d_y, outputs}, (ent_factor){false, weight, inputs},
                        0.0, d_x);
}

void ent_dense_bias(int64_t n, int64_t outputs, const double *bias, double *y)
{
    for (int64_t k = 0; k < n; k++) memcpy(y + k * outputs, bias, (size_t)outputs * sizeof *y);
}

void ent_dense_bias_backward(int64_t n, int64_t outputs, const double *d_y, double *d_bias)
{
    for (int64_t k = 0; k < n; k++)
        for (int64_t o = 0; o < outputs; o++) d_bias[o] += d_y[k * outputs + o];
}

void ent_output_place(const ent_model_inp *inp, ent_output_layout *at, ent_blocks *blocks)
{
    const ent_start zero = {.kind = ENT_START_ZERO};
    at->bias = ent_blocks_add(blocks, zero, inp->outputs, 0, "head/bias");
    for (int m = 0; m < inp->registers && inp->embed; m++)
        at->embed[m] =
            ent_blocks_add(blocks, zero, inp->outputs, UINT32_C(1) << m, "head/embed/%s", inp->reg[m].name);
}

void ent_output_start(const ent_group *g, const ent_output_layout *at)
{
    const int outputs = g->inp->outputs;
    ent_dense_bias(g->n, outputs, g->w + at->bias, g->outputs);
    for (int m = 0; m < g->inp->registers && g->inp->embed; m++)
        for (int64_t k = 0; k < g->n * outputs && (g->context >> m & 1); k++)
            g->outputs[k] += g->w[at->embed[m] + k % outputs];
}

void ent_output_backward(const ent_group *g, const ent_output_layout *at, double *loss, double *gradient)
{
    const int outputs = g->inp->outputs;
    for (int64_t k = 0; k < g->n; k++) {
        ent_group_loss(g, k);
        *loss += g->loss[k] * g->share;
    }
    ent_dense_bias_backward(g->n, outputs, g->d_outputs, gradient + at->bias);
    for (int m = 0; m < g->inp->registers && g->inp->embed; m++)
        if (g->context >> m & 1) ent_dense_bias_backward(g->n, outputs, g->d_outputs, gradient + at->embed[m]);
}

ent_group ent_group_one(const ent_group *g, int64_t k)
{
    ent_group one = *g;
    one.n = 1;
    one.index = g->index + k;
    one.outputs = g->outputs + k * g->inp->outputs;
    return one;
}

void ent_encoder_place(const ent_model_inp *inp, int m, int width, ent_encoder *at, ent_blocks *blocks)
{
    const ent_register *reg = &inp->reg[m];
    const ent_start zero = {.kind = ENT_START_ZERO};
    const uint32_t needs = UINT32_C(1) << m;
    at->weight = ent_blocks_add(blocks, ent_activation_start(inp, reg->inputs), width * (int)reg->inputs, needs,
                                "%s/encoder/weight", reg->name);
    at->bias = ent_blocks_add(blocks, zero, width, needs, "%s/encoder/bias", reg->name);
}

void ent_encoder_forward(const ent_group *g, int m, int width, const ent_encoder *at, double *x, double *y)
{
    ent_dense_gather(g, m, x);
    ent_dense_bias(g->n, width, g->w + at->bias, y);
    ent_dense_forward(g->n, g->inp->reg[m].inputs, width, g->w + at->weight, x, y);
    ent_activate(g->inp, g->n * width, y);
}

void ent_encoder_backward(const ent_group *g, int m, int width, const ent_encoder *at, const double *x,
                          const double *d_y, double *gradient)
{
    ent_dense_weights(g->n, g->inp->reg[m].inputs, width, x, d_y, gradient + at->weight);
    ent_dense_bias_backward(g->n, width, d_y, gradient + at->bias);
}
