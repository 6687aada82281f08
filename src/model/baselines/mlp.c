/* A multilayer perceptron: one encoder per modality, concatenated; a is tanh or relu, H the width:
 *
 *   h_m = a(W_m x_m + b_m)                 for each present modality
 *   j   = a(sum over present m of V_m h_m + c)   a dense layer on all h_m; absent ones are left out
 *   outputs = U j + d
 * Cost: about 6 H (sum of inputs + M H + outputs) a sample and gradient. */
#include "encoded.h"

static int64_t count(const ent_model_inp *inp, int64_t width)
{
    return inp->registers * width * width + width;
}

static void place(const ent_model_inp *inp, ent_encoded *p)
{
    const int width = p->width;
    for (int m = 0; m < inp->registers; m++)
        p->joint[m] = ent_blocks_add(&p->blocks, ent_activation_start(inp, (int64_t)width * inp->registers),
                                     width * width, UINT32_C(1) << m, "fusion/%s", inp->reg[m].name);
    p->joint_bias = ent_blocks_add(&p->blocks, (ent_start){.kind = ENT_START_ZERO}, width, 0, "fusion/bias");
}

static void forward(const ent_encoded *p, const ent_group *g, const ent_encoded_layers *l)
{
    const int64_t n = g->n, width = p->width;
    ent_dense_bias(n, width, g->w + p->joint_bias, l->joint);
    for (int m = 0; m < g->inp->registers; m++)
        if (g->context >> m & 1) ent_dense_forward(n, width, width, g->w + p->joint[m], l->code[m], l->joint);
    ent_activate(g->inp, n * width, l->joint);
}

static void backward(const ent_encoded *p, const ent_group *g, const ent_encoded_layers *l, double *gradient)
{
    ent_activate_backward(g->inp, g->n * p->width, l->joint, l->d_joint);
    ent_dense_bias_backward(g->n, p->width, l->d_joint, gradient + p->joint_bias);
}

static void split(const ent_encoded *p, const ent_group *g, const ent_encoded_layers *l, int m, double *gradient)
{
    const int64_t n = g->n, width = p->width;
    ent_dense_weights(n, width, width, l->code[m], l->d_joint, gradient + p->joint[m]);
    ent_dense_inputs(n, width, width, g->w + p->joint[m], l->d_joint, l->d_code);
}

static const ent_join DENSE = {"mlp", count, place, forward, backward, split};

static ent_status make(const ent_model_inp *inp, ent_body **out)
{
    return ent_encoded_make(&DENSE, inp, out);
}

const ent_kind ent_kind_mlp = {"mlp", make, ent_encoded_free, ent_encoded_predict, ent_encoded_gradient, NULL, true};
