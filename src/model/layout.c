/* The quantum model's blocks.  Order: each register's map and circuit; the fusion; the head. */
#include "model.h"

static const ent_start ZERO = {ENT_START_ZERO, 0.0, 1.0};
static const ent_start SMALL_ANGLE = {ENT_START_NORMAL, 0.1, 1.0};
static const ent_start EIGHTH_TURN = {ENT_START_UNIFORM, 0.78539816339744830962, 1.0}; /* pi / 4 */

/* One block, or one for each layer. */
static int place_circuit(const ent_model_inp *inp, const ent_register *reg, uint32_t needs, ent_blocks *blocks)
{
    const int all = ent_ansatz_params(&reg->ansatz), first = blocks->params;
    if (inp->layers_apart == 0) return ent_blocks_add(blocks, EIGHTH_TURN, all, needs, "%s/circuit", reg->name);
    for (int layer = 0; layer < reg->ansatz.layers; layer++) {
        const int before = blocks->count;
        ent_blocks_add(blocks, EIGHTH_TURN, all / reg->ansatz.layers, needs, "%s/circuit/%d", reg->name, layer + 1);
        if (blocks->count > before) blocks->block[before].layer = layer;
    }
    return first;
}

static void place_register(const ent_model_inp *inp, int m, ent_layout *layout)
{
    const ent_register *reg = &inp->reg[m];
    ent_register_layout *at = &layout->reg[m];
    const uint32_t needs = UINT32_C(1) << m;
    at->qubits = reg->ansatz.qubits;
    at->first_qubit = layout->qubits;
    at->angles = ent_ansatz_angles(&reg->ansatz);
    at->first_angle = layout->angles;
    layout->qubits += at->qubits;
    layout->angles += at->angles;
    const int maps = reg->linear ? at->angles : 0;
    at->map_weight = ent_blocks_add(&layout->blocks, ent_start_by_fan_in((double)reg->inputs),
                                    maps * (int)reg->inputs, needs, "%s/map/weight", reg->name);
    at->map_bias = ent_blocks_add(&layout->blocks, ZERO, maps, needs, "%s/map/bias", reg->name);
    at->circuit = place_circuit(inp, reg, needs, &layout->blocks);
}

static void place_fusion(const ent_model_inp *inp, ent_layout *layout)
{
    const ent_fusion *fusion = &inp->fusion;
    for (int k = 0; k < fusion->pairs; k++) {
        const int a = fusion->pair[k][0], b = fusion->pair[k][1];
        layout->pair[k].links = fusion->chain ? 1 : inp->reg[a].ansatz.qubits;
        const int angles = ent_gate_describe(fusion->gate)->angles * fusion->layers * layout->pair[k].links;
        layout->pair[k].coupling = ent_blocks_add(&layout->blocks, SMALL_ANGLE, angles,
                                                  UINT32_C(1) << a | UINT32_C(1) << b, "fusion/%s-%s",
                                                  inp->reg[a].name, inp->reg[b].name);
    }
    for (int m = 0; m < inp->registers; m++) {
        const int links = ent_fusion_links_within(fusion, layout->reg[m].qubits);
        layout->reg[m].within = ent_blocks_add(&layout->blocks, SMALL_ANGLE,
                                               ent_gate_describe(fusion->gate)->angles * fusion->layers * links,
                                               UINT32_C(1) << m, "fusion/%s/within", inp->reg[m].name);
    }
    for (int m = 0; m < inp->registers; m++)
        layout->reg[m].rotation = ent_blocks_add(&layout->blocks, SMALL_ANGLE,
                                                 2 * fusion->layers * layout->reg[m].qubits, UINT32_C(1) << m,
                                                 "fusion/%s", inp->reg[m].name);
}

static void place_head(const ent_model_inp *inp, ent_layout *layout)
{
    if (inp->head == ENT_HEAD_DIRECT) return;
    for (int m = 0; m < inp->registers; m++)
        layout->reg[m].head = ent_blocks_add(&layout->blocks, ent_start_by_fan_in(layout->reg[m].qubits),
                                             inp->outputs * layout->reg[m].qubits, UINT32_C(1) << m, "head/%s",
                                             inp->reg[m].name);
    for (int k = 0; k < inp->fusion.pairs && inp->read_zz; k++) {
        const int a = inp->fusion.pair[k][0], b = inp->fusion.pair[k][1];
        layout->pair[k].head = ent_blocks_add(
            &layout->blocks, ent_start_by_fan_in(layout->pair[k].links), inp->outputs * layout->pair[k].links,
            UINT32_C(1) << a | UINT32_C(1) << b, "head/%s-%s", inp->reg[a].name, inp->reg[b].name);
    }
    layout->bias = ent_blocks_add(&layout->blocks, ZERO, inp->outputs, 0, "head/bias");
    for (int m = 0; m < inp->registers && inp->embed; m++)
        layout->reg[m].embed =
            ent_blocks_add(&layout->blocks, ZERO, inp->outputs, UINT32_C(1) << m, "head/embed/%s", inp->reg[m].name);
}

void ent_layout_make(const ent_model_inp *inp, ent_layout *layout)
{
    *layout = (ent_layout){.qubits = 0};
    for (int m = 0; m < inp->registers; m++) place_register(inp, m, layout);
    place_fusion(inp, layout);
    place_head(inp, layout);
}
