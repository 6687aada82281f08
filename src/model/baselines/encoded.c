/* Models of encoded modalities: encoders, a join (mlp.c, multilinear.c), a head. */
#include "encoded.h"

#include <stdio.h>

#include "entente/memory.h"

enum { MOST_WIDTH = 1 << 16 };

static int64_t count_params(const ent_join *join, const ent_model_inp *inp, int64_t width)
{
    const int64_t outputs = inp->outputs;
    int64_t params = (join->count ? join->count(inp, width) : 0) + outputs * width + outputs;
    for (int m = 0; m < inp->registers; m++) params += width * (inp->reg[m].inputs + 1);
    return params + (inp->embed ? inp->registers * outputs : 0);
}

/* The count grows with the width: the first that has enough, or the one before it where that is as near. */
static int64_t nearest_width(const ent_join *join, const ent_model_inp *inp)
{
    int64_t width = 1;
    while (width < MOST_WIDTH && count_params(join, inp, width) < inp->params) width++;
    const int64_t above = count_params(join, inp, width) - inp->params;
    const bool less = width > 1 && inp->params - count_params(join, inp, width - 1) <= above;
    return less ? width - 1 : width;
}

/* `hidden`, or the width whose number of parameters is nearest to `params`. */
static ent_status choose_width(const ent_join *join, const ent_model_inp *inp, int64_t *width)
{
    *width = inp->params > 0 ? nearest_width(join, inp) : inp->hidden;
    ENT_REQUIRE(*width >= 1 && *width <= MOST_WIDTH, ENT_EARG, "kind %s of width %lld, want 1..%d", join->name,
                (long long)*width, MOST_WIDTH);
    return ent_dense_fits(count_params(join, inp, *width));
}

static void place(const ent_model_inp *inp, ent_encoded *p)
{
    ent_blocks *blocks = &p->blocks;
    for (int m = 0; m < inp->registers; m++) ent_encoder_place(inp, m, p->width, &p->encoder[m], blocks);
    if (p->join->place) p->join->place(inp, p);
    p->head = ent_blocks_add(blocks, ent_start_by_fan_in(p->width), inp->outputs * p->width, 0, "head/weight");
    ent_output_place(inp, &p->output, blocks);
}

ent_status ent_encoded_make(const ent_join *join, const ent_model_inp *inp, ent_body **out)
{
    int64_t width;
    ENT_TRY(ent_dense_check(inp));
    ENT_TRY(choose_width(join, inp, &width));
    ent_encoded *p = ent_alloc(1, sizeof *p);
    ENT_REQUIRE(p, ENT_ENOMEM, "model: no memory");
    p->join = join;
    p->width = (int)width;
    place(inp, p);
    p->body = (ent_body){.blocks = &p->blocks, .room = (inp->registers + 3) * width};
    for (int m = 0; m < inp->registers; m++) p->body.room += inp->reg[m].inputs;
    snprintf(p->body.engine, sizeof p->body.engine, "%s of width %d, OpenBLAS", join->name, p->width);
    const ent_status status = ent_blocks_check(&p->blocks);
    if (status != ENT_OK) {
        ent_encoded_free(&p->body);
        return status;
    }
    *out = &p->body;
    return ENT_OK;
}

void ent_encoded_free(ent_body *body)
{
    ent_encoded *p = (ent_encoded *)body;
    if (!p) return;
    ent_blocks_clear(&p->blocks);
    ent_free(p);
}

static ent_encoded_layers cut(const ent_encoded *p, const ent_group *g)
{
    const int64_t size = g->n * p->width;
    ent_encoded_layers l = {.joint = g->scratch, .d_joint = g->scratch + size, .d_code = g->scratch + 2 * size};
    double *next = g->scratch + 3 * size;
    for (int m = 0; m < g->inp->registers; m++) {
        l.code[m] = next;
        l.x[m] = next + size;
        next = l.x[m] + g->n * g->inp->reg[m].inputs;
    }
    return l;
}

static void forward(const ent_encoded *p, const ent_group *g, const ent_encoded_layers *l)
{
    for (int m = 0; m < g->inp->registers; m++)
        if (g->context >> m & 1) ent_encoder_forward(g, m, p->width, &p->encoder[m], l->x[m], l->code[m]);
    p->join->forward(p, g, l);
    ent_output_start(g, &p->output);
    ent_dense_forward(g->n, p->width, g->inp->outputs, g->w + p->head, l->joint, g->outputs);
}

ent_status ent_encoded_predict(ent_body *body, const ent_group *g)
{
    const ent_encoded *p = (const ent_encoded *)body;
    for (int64_t k = 0; k < g->n; k++) {
        const ent_group one = ent_group_one(g, k);
        const ent_encoded_layers l = cut(p, &one);
        forward(p, &one, &l);
    }
    return ENT_OK;
}

ent_status ent_encoded_gradient(ent_body *body, const ent_group *g, double *loss, double *gradient)
{
    const ent_encoded *p = (const ent_encoded *)body;
    const ent_encoded_layers l = cut(p, g);
    forward(p, g, &l);
    ent_output_backward(g, &p->output, loss, gradient);
    ent_dense_weights(g->n, p->width, g->inp->outputs, l.joint, g->d_outputs, gradient + p->head);
    ent_dense_inputs(g->n, p->width, g->inp->outputs, g->w + p->head, g->d_outputs, l.d_joint);
    if (p->join->backward) p->join->backward(p, g, &l, gradient);
    for (int m = 0; m < g->inp->registers; m++) {
        if (!(g->context >> m & 1)) continue;
        p->join->split(p, g, &l, m, gradient);
        ent_activate_backward(g->inp, g->n * p->width, l.code[m], l.d_code);
        ent_encoder_backward(g, m, p->width, &p->encoder[m], l.x[m], l.d_code, gradient);
    }
    return ENT_OK;
}
