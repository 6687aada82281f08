/* A product fusion without circuits: multilinear in features of the modalities, as the readouts of a fused circuit
 * are multilinear in those of its registers.  a is tanh or relu, H the width:
 *
 *   f_m = a(W_m x_m + b_m)                              for each present modality
 *   p   = product over present m of (1 + f_m)           element by element; an absent modality has factor 1
 *   outputs = U p + d
 * So U p contains the products of the features of every set of present modalities, with tensors of rank H (low-rank
 * fusion with a 1 appended to the features: Zadeh et al., arXiv 1707.07250; Liu et al., arXiv 1806.00064).
 * Cost: about 6 H (sum of inputs + M + outputs) a sample and gradient. */
#include <stdio.h>
#include <string.h>

#include "dense.h"
#include "entente/memory.h"

typedef struct {
    ent_body body;
    ent_blocks blocks;
    int width;
    ent_encoder encoder[ENT_MAX_REGISTERS];
    int head; /* [outputs][H] */
    ent_output_layout output;
} multilinear;

/* A group's scratch, cut up. */
typedef struct {
    double *x[ENT_MAX_REGISTERS];       /* [n][inputs] */
    double *feature[ENT_MAX_REGISTERS]; /* [n][H] */
    double *product, *d_product, *d_feature;
} layers;

static int64_t count_params(const ent_model_inp *inp, int64_t width)
{
    const int64_t outputs = inp->outputs;
    int64_t params = outputs * width + outputs;
    for (int m = 0; m < inp->registers; m++) params += width * (inp->reg[m].inputs + 1);
    return params + (inp->embed ? inp->registers * outputs : 0);
}

static void place(const ent_model_inp *inp, multilinear *p)
{
    ent_blocks *blocks = &p->blocks;
    for (int m = 0; m < inp->registers; m++) ent_encoder_place(inp, m, p->width, &p->encoder[m], blocks);
    p->head = ent_blocks_add(blocks, ent_start_by_fan_in(p->width), inp->outputs * p->width, 0, "head/weight");
    ent_output_place(inp, &p->output, blocks);
}

ent_status ent_multilinear_make(const ent_model_inp *inp, ent_body **out)
{
    int64_t width;
    ENT_TRY(ent_dense_check(inp));
    ENT_TRY(ent_dense_width(inp, count_params, &width));
    multilinear *p = ent_alloc(1, sizeof *p);
    ENT_REQUIRE(p, ENT_ENOMEM, "model: no memory");
    p->width = (int)width;
    place(inp, p);
    p->body = (ent_body){.blocks = &p->blocks, .room = (inp->registers + 3) * width};
    for (int m = 0; m < inp->registers; m++) p->body.room += inp->reg[m].inputs;
    snprintf(p->body.engine, sizeof p->body.engine, "multilinear of width %d, OpenBLAS", p->width);
    const ent_status status = ent_blocks_check(&p->blocks);
    if (status != ENT_OK) {
        ent_multilinear_free(&p->body);
        return status;
    }
    *out = &p->body;
    return ENT_OK;
}

void ent_multilinear_free(ent_body *body)
{
    multilinear *p = (multilinear *)body;
    if (!p) return;
    ent_blocks_clear(&p->blocks);
    ent_free(p);
}

static layers cut(const multilinear *p, const ent_group *g)
{
    const int64_t size = g->n * p->width;
    layers l = {.product = g->scratch, .d_product = g->scratch + size, .d_feature = g->scratch + 2 * size};
    double *next = g->scratch + 3 * size;
    for (int m = 0; m < g->inp->registers; m++) {
        l.feature[m] = next;
        l.x[m] = next + size;
        next = l.x[m] + g->n * g->inp->reg[m].inputs;
    }
    return l;
}

static void forward(const multilinear *p, const ent_group *g, const layers *l)
{
    const ent_model_inp *inp = g->inp;
    const int64_t n = g->n, width = p->width;
    for (int64_t k = 0; k < n * width; k++) l->product[k] = 1.0;
    for (int m = 0; m < inp->registers; m++) {
        if (!(g->context >> m & 1)) continue;
        ent_encoder_forward(g, m, p->width, &p->encoder[m], l->x[m], l->feature[m]);
        for (int64_t k = 0; k < n * width; k++) l->product[k] *= 1.0 + l->feature[m][k];
    }
    ent_output_start(g, &p->output);
    ent_dense_forward(n, width, inp->outputs, g->w + p->head, l->product, g->outputs);
}

/* The product of the other factors is computed again instead of by division, as a factor may be 0. */
static void encoder_backward(const multilinear *p, const ent_group *g, const layers *l, int m, double *gradient)
{
    const int64_t n = g->n, width = p->width;
    memcpy(l->d_feature, l->d_product, (size_t)(n * width) * sizeof *l->d_feature);
    for (int other = 0; other < g->inp->registers; other++) {
        if (other == m || !(g->context >> other & 1)) continue;
        for (int64_t k = 0; k < n * width; k++) l->d_feature[k] *= 1.0 + l->feature[other][k];
    }
    ent_activate_backward(g->inp, n * width, l->feature[m], l->d_feature);
    ent_encoder_backward(g, m, p->width, &p->encoder[m], l->x[m], l->d_feature, gradient);
}

ent_status ent_multilinear_predict(ent_body *body, const ent_group *g)
{
    const multilinear *p = (const multilinear *)body;
    for (int64_t k = 0; k < g->n; k++) {
        const ent_group one = ent_group_one(g, k);
        const layers l = cut(p, &one);
        forward(p, &one, &l);
    }
    return ENT_OK;
}

ent_status ent_multilinear_gradient(ent_body *body, const ent_group *g, double *loss, double *gradient)
{
    const multilinear *p = (const multilinear *)body;
    const layers l = cut(p, g);
    forward(p, g, &l);
    ent_output_backward(g, &p->output, loss, gradient);
    ent_dense_weights(g->n, p->width, g->inp->outputs, l.product, g->d_outputs, gradient + p->head);
    ent_dense_inputs(g->n, p->width, g->inp->outputs, g->w + p->head, g->d_outputs, l.d_product);
    for (int m = 0; m < g->inp->registers; m++)
        if (g->context >> m & 1) encoder_backward(p, g, &l, m, gradient);
    return ENT_OK;
}
