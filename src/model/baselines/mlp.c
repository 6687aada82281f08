/* A multilayer perceptron: one encoder per modality, concatenated; a is tanh or relu, H the width:
 *
 *   h_m = a(W_m x_m + b_m)                 for each present modality
 *   j   = a(sum over present m of V_m h_m + c)   a dense layer on all h_m; absent ones are left out
 *   outputs = U j + d
 * Cost: about 6 H (sum of inputs + M H + outputs) a sample and gradient. */
#include <stdio.h>

#include "dense.h"
#include "entente/memory.h"

typedef struct {
    ent_body body;
    ent_blocks blocks;
    int width;
    ent_encoder encoder[ENT_MAX_REGISTERS];
    int joint[ENT_MAX_REGISTERS]; /* [H][H] */
    int joint_bias, head;         /* [H], [outputs][H] */
    ent_output_layout output;
} mlp;

/* The parts of a group's scratch memory. */
typedef struct {
    double *x[ENT_MAX_REGISTERS];      /* [n][inputs] */
    double *hidden[ENT_MAX_REGISTERS]; /* [n][H] */
    double *joint, *d_joint, *d_hidden;
} layers;

static int64_t count_params(const ent_model_inp *inp, int64_t width)
{
    const int64_t registers = inp->registers, outputs = inp->outputs;
    int64_t params = registers * width * width + width + outputs * width + outputs;
    for (int m = 0; m < inp->registers; m++) params += width * (inp->reg[m].inputs + 1);
    return params + (inp->embed ? registers * outputs : 0);
}

static void place(const ent_model_inp *inp, mlp *p)
{
    const ent_start zero = {.kind = ENT_START_ZERO};
    const int width = p->width;
    ent_blocks *blocks = &p->blocks;
    for (int m = 0; m < inp->registers; m++) ent_encoder_place(inp, m, width, &p->encoder[m], blocks);
    for (int m = 0; m < inp->registers; m++)
        p->joint[m] = ent_blocks_add(blocks, ent_activation_start(inp, (int64_t)width * inp->registers),
                                     width * width, UINT32_C(1) << m, "fusion/%s", inp->reg[m].name);
    p->joint_bias = ent_blocks_add(blocks, zero, width, 0, "fusion/bias");
    p->head = ent_blocks_add(blocks, ent_start_by_fan_in(width), inp->outputs * width, 0, "head/weight");
    ent_output_place(inp, &p->output, blocks);
}

ent_status ent_mlp_make(const ent_model_inp *inp, ent_body **out)
{
    int64_t width;
    ENT_TRY(ent_dense_check(inp));
    ENT_TRY(ent_dense_width(inp, count_params, &width));
    mlp *p = ent_alloc(1, sizeof *p);
    ENT_REQUIRE(p, ENT_ENOMEM, "model: no memory");
    p->width = (int)width;
    place(inp, p);
    p->body = (ent_body){.blocks = &p->blocks, .room = (inp->registers + 3) * width};
    for (int m = 0; m < inp->registers; m++) p->body.room += inp->reg[m].inputs;
    snprintf(p->body.engine, sizeof p->body.engine, "mlp of width %d, OpenBLAS", p->width);
    const ent_status status = ent_blocks_check(&p->blocks);
    if (status != ENT_OK) {
        ent_mlp_free(&p->body);
        return status;
    }
    *out = &p->body;
    return ENT_OK;
}

void ent_mlp_free(ent_body *body)
{
    mlp *p = (mlp *)body;
    if (!p) return;
    ent_blocks_clear(&p->blocks);
    ent_free(p);
}

static layers cut(const mlp *p, const ent_group *g)
{
    const int64_t hidden = g->n * p->width;
    layers l = {.joint = g->scratch, .d_joint = g->scratch + hidden, .d_hidden = g->scratch + 2 * hidden};
    double *next = g->scratch + 3 * hidden;
    for (int m = 0; m < g->inp->registers; m++) {
        l.hidden[m] = next;
        l.x[m] = next + hidden;
        next = l.x[m] + g->n * g->inp->reg[m].inputs;
    }
    return l;
}

static void forward(const mlp *p, const ent_group *g, const layers *l)
{
    const ent_model_inp *inp = g->inp;
    const int64_t n = g->n, width = p->width;
    ent_dense_bias(n, width, g->w + p->joint_bias, l->joint);
    for (int m = 0; m < inp->registers; m++) {
        if (!(g->context >> m & 1)) continue;
        ent_encoder_forward(g, m, p->width, &p->encoder[m], l->x[m], l->hidden[m]);
        ent_dense_forward(n, width, width, g->w + p->joint[m], l->hidden[m], l->joint);
    }
    ent_activate(inp, n * width, l->joint);
    ent_output_start(g, &p->output);
    ent_dense_forward(n, width, inp->outputs, g->w + p->head, l->joint, g->outputs);
}

static void encoder_backward(const mlp *p, const ent_group *g, const layers *l, int m, double *gradient)
{
    const int64_t n = g->n, width = p->width;
    ent_dense_weights(n, width, width, l->hidden[m], l->d_joint, gradient + p->joint[m]);
    ent_dense_inputs(n, width, width, g->w + p->joint[m], l->d_joint, l->d_hidden);
    ent_activate_backward(g->inp, n * width, l->hidden[m], l->d_hidden);
    ent_encoder_backward(g, m, p->width, &p->encoder[m], l->x[m], l->d_hidden, gradient);
}

ent_status ent_mlp_predict(ent_body *body, const ent_group *g)
{
    const mlp *p = (const mlp *)body;
    for (int64_t k = 0; k < g->n; k++) {
        const ent_group one = ent_group_one(g, k);
        const layers l = cut(p, &one);
        forward(p, &one, &l);
    }
    return ENT_OK;
}

ent_status ent_mlp_gradient(ent_body *body, const ent_group *g, double *loss, double *gradient)
{
    const mlp *p = (const mlp *)body;
    const int64_t n = g->n, width = p->width;
    const layers l = cut(p, g);
    forward(p, g, &l);
    ent_output_backward(g, &p->output, loss, gradient);
    ent_dense_weights(n, width, g->inp->outputs, l.joint, g->d_outputs, gradient + p->head);
    ent_dense_inputs(n, width, g->inp->outputs, g->w + p->head, g->d_outputs, l.d_joint);
    ent_activate_backward(g->inp, n * width, l.joint, l.d_joint);
    ent_dense_bias_backward(n, width, l.d_joint, gradient + p->joint_bias);
    for (int m = 0; m < g->inp->registers; m++)
        if (g->context >> m & 1) encoder_backward(p, g, &l, m, gradient);
    return ENT_OK;
}
