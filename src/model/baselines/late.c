/* Late fusion: one quantum model per modality, each with its own circuit and head, and no fusion circuit.
 *
 *   output = the mean over the present modalities of log softmax(z_m), or of z_m for a real label
 *   loss   = the sum over the present modalities of the loss of z_m
 * So each learns what it would learn by itself.  (Trained through the mean, this would be the fused model without
 * entanglement, as the normalisers of the softmaxes cancel.)  Source: entente/model.h.
 * The parameters of modality m are contiguous in w; except for the bias, its blocks have the same names as in a model
 * of that modality only. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "entente/memory.h"
#include "model/model.h"

typedef struct {
    ent_body body;
    ent_blocks blocks;
    int modalities;
    ent_model_inp inp[ENT_MAX_REGISTERS]; /* of one register each */
    ent_body *alone[ENT_MAX_REGISTERS];
    int first[ENT_MAX_REGISTERS]; /* parameter of modality m */
} late;

static ent_status inp_alone(const ent_model_inp *inp, int m, ent_model_inp *alone)
{
    *alone = *inp;
    alone->registers = 1;
    alone->reg[0] = inp->reg[m];
    alone->fusion = (ent_fusion){.layers = 0};
    return ent_strings_alone(inp, m, alone);
}

/* Parameters of the same name get the same initial values as in a model of that modality only. */
static void take_blocks(late *l, int m)
{
    const ent_blocks *from = l->alone[m]->blocks;
    l->first[m] = l->blocks.params;
    for (int b = 0; b < from->count; b++) {
        const ent_block *block = &from->block[b];
        const bool bias = strcmp(block->name, "head/bias") == 0;
        const int first = ent_blocks_add(&l->blocks, from->start[b], block->count, UINT32_C(1) << m,
                                         bias ? "head/%s/bias" : "%s", bias ? l->inp[m].reg[0].name : block->name);
        ent_blocks_mark(&l->blocks, first, block);
    }
}

static ent_status make_alone(late *l, const ent_model_inp *inp, int m)
{
    ENT_TRY(inp_alone(inp, m, &l->inp[m]));
    ENT_TRY(ent_kind_quantum.make(&l->inp[m], &l->alone[m]));
    take_blocks(l, m);
    ENT_TRY(ent_blocks_check(&l->blocks));
    l->body.qubits += l->alone[m]->qubits;
    if (l->alone[m]->room + inp->outputs > l->body.room) l->body.room = l->alone[m]->room + inp->outputs;
    return ENT_OK;
}

static void body_free(ent_body *body)
{
    late *l = (late *)body;
    if (!l) return;
    for (int m = 0; m < l->modalities; m++) ent_kind_quantum.free(l->alone[m]);
    ent_blocks_clear(&l->blocks);
    ent_free(l);
}

static ent_status make(const ent_model_inp *inp, ent_body **out)
{
    ENT_REQUIRE(!inp->embed, ENT_EARG, "kind late has no joint head that could take context vectors as an input");
    late *l = ent_alloc(1, sizeof *l);
    ENT_REQUIRE(l, ENT_ENOMEM, "model: no memory");
    l->modalities = inp->registers;
    l->body.blocks = &l->blocks;
    for (int m = 0; m < inp->registers; m++) {
        const ent_status status = make_alone(l, inp, m);
        if (status == ENT_OK) continue;
        body_free(&l->body);
        return status;
    }
    snprintf(l->body.engine, sizeof l->body.engine, "%s", l->alone[0]->engine);
    *out = &l->body;
    return ENT_OK;
}

/* The group, for the model of modality m. */
static ent_group group_alone(const late *l, const ent_group *g, int m)
{
    ent_group alone = *g;
    alone.inp = &l->inp[m];
    alone.context = 1;
    alone.modality = m;
    alone.w = g->w + l->first[m];
    return alone;
}

static ent_status differentiate(ent_body *body, const ent_group *g, double *loss, double *gradient)
{
    late *l = (late *)body;
    for (int m = 0; m < l->modalities; m++) {
        if (!(g->context >> m & 1)) continue;
        const ent_group alone = group_alone(l, g, m);
        ENT_TRY(ent_kind_quantum.gradient(l->alone[m], &alone, loss, gradient + l->first[m]));
    }
    return ENT_OK;
}

/* Add the contribution of one modality: its log-probabilities, or its value. */
static void add_decision(const ent_model_inp *inp, const double *z, double *sum)
{
    double largest = z[0], total = 0.0;
    for (int o = 1; o < inp->outputs; o++) largest = fmax(largest, z[o]);
    for (int o = 0; o < inp->outputs; o++) total += exp(z[o] - largest);
    const double normaliser = inp->squared ? 0.0 : largest + log(total);
    for (int o = 0; o < inp->outputs; o++) sum[o] += z[o] - normaliser;
}

static ent_status predict(ent_body *body, const ent_group *g)
{
    late *l = (late *)body;
    const int outputs = g->inp->outputs;
    int present = 0;
    memset(g->outputs, 0, (size_t)(g->n * outputs) * sizeof *g->outputs);
    for (int m = 0; m < l->modalities; m++) {
        if (!(g->context >> m & 1)) continue;
        ent_group alone = group_alone(l, g, m);
        alone.outputs = g->scratch;
        alone.scratch = g->scratch + g->n * outputs;
        ENT_TRY(ent_kind_quantum.predict(l->alone[m], &alone));
        for (int64_t k = 0; k < g->n; k++)
            add_decision(g->inp, alone.outputs + k * outputs, g->outputs + k * outputs);
        present++;
    }
    for (int64_t k = 0; k < g->n * outputs; k++)
        g->outputs[k] = present > 0 ? g->outputs[k] / present : g->inp->head_offset;
    return ENT_OK;
}

const ent_kind ent_kind_late = {"late", make, body_free, predict, differentiate, NULL, false};
