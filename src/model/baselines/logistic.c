/* Multinomial logistic regression (linear regression for a real label): outputs = bias + sum over the present
 * modalities of weight_m x_m.  Convex, so it starts at 0.  Cost: 4 inputs * outputs per sample and gradient. */
#include <stdio.h>

#include "dense.h"
#include "entente/memory.h"

typedef struct {
    ent_body body;
    ent_blocks blocks;
    int weight[ENT_MAX_REGISTERS]; /* [outputs][inputs] */
    ent_output_layout output;
} logistic;

static void body_free(ent_body *body)
{
    logistic *l = (logistic *)body;
    if (!l) return;
    ent_blocks_clear(&l->blocks);
    ent_free(l);
}

static ent_status make(const ent_model_inp *inp, ent_body **out)
{
    ENT_TRY(ent_dense_check(inp));
    int64_t inputs = 0;
    for (int m = 0; m < inp->registers; m++) inputs += inp->reg[m].inputs;
    ENT_TRY(ent_dense_fits((inputs + 1 + inp->registers) * inp->outputs));
    logistic *l = ent_alloc(1, sizeof *l);
    ENT_REQUIRE(l, ENT_ENOMEM, "model: no memory");
    for (int m = 0; m < inp->registers; m++)
        l->weight[m] = ent_blocks_add(&l->blocks, (ent_start){.kind = ENT_START_ZERO},
                                      (int)inp->reg[m].inputs * inp->outputs, UINT32_C(1) << m, "head/%s",
                                      inp->reg[m].name);
    ent_output_place(inp, &l->output, &l->blocks);
    l->body = (ent_body){.blocks = &l->blocks, .room = inputs};
    snprintf(l->body.engine, sizeof l->body.engine, "logistic, OpenBLAS");
    const ent_status status = ent_blocks_check(&l->blocks);
    if (status != ENT_OK) {
        body_free(&l->body);
        return status;
    }
    *out = &l->body;
    return ENT_OK;
}

/* Where the inputs of the modality after m begin in the scratch memory. */
static double *next_inputs(const ent_group *g, int m, double *x)
{
    return x + g->n * g->inp->reg[m].inputs;
}

static void forward(const logistic *l, const ent_group *g)
{
    double *x = g->scratch;
    ent_output_start(g, &l->output);
    for (int m = 0; m < g->inp->registers; x = next_inputs(g, m, x), m++) {
        if (!(g->context >> m & 1)) continue;
        ent_dense_gather(g, m, x);
        ent_dense_forward(g->n, g->inp->reg[m].inputs, g->inp->outputs, g->w + l->weight[m], x, g->outputs);
    }
}

static ent_status predict(ent_body *body, const ent_group *g)
{
    for (int64_t k = 0; k < g->n; k++) {
        const ent_group one = ent_group_one(g, k);
        forward((const logistic *)body, &one);
    }
    return ENT_OK;
}

static ent_status differentiate(ent_body *body, const ent_group *g, double *loss, double *gradient)
{
    const logistic *l = (const logistic *)body;
    double *x = g->scratch;
    forward(l, g);
    ent_output_backward(g, &l->output, loss, gradient);
    for (int m = 0; m < g->inp->registers; x = next_inputs(g, m, x), m++)
        if (g->context >> m & 1)
            ent_dense_weights(g->n, g->inp->reg[m].inputs, g->inp->outputs, x, g->d_outputs, gradient + l->weight[m]);
    return ENT_OK;
}

const ent_kind ent_kind_logistic = {"logistic", make, body_free, predict, differentiate, NULL, true};
