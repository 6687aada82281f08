/* The quantum model's blocks.  Order: each register's map and circuit; the fusion; the head. */
#include "model.h"

static const ent_start ZERO = {.kind = ENT_START_ZERO, .factor = 0.0, .divisor = 1.0};
static const ent_start ONE = {.kind = ENT_START_ONE, .factor = 1.0, .divisor = 1.0};
static const ent_start SMALL_ANGLE = {.kind = ENT_START_NORMAL, .factor = 0.1, .divisor = 1.0};
static const ent_start EIGHTH_TURN = {
    .kind = ENT_START_UNIFORM, .factor = 0.78539816339744830962, .divisor = 1.0}; /* pi / 4 */

/* The modalities without which nothing of register m runs. */
static uint32_t needs_of(const ent_model_inp *inp, int m)
{
    return inp->token ? 0 : UINT32_C(1) << m;
}

/* One block, or one for each layer. */
static int place_circuit(const ent_model_inp *inp, const ent_register *reg, uint32_t needs, ent_blocks *blocks)
{
    const int all = ent_ansatz_params(&reg->ansatz), first = blocks->params;
    const int before = blocks->count;
    if (inp->layers_apart == 0) ent_blocks_add(blocks, EIGHTH_TURN, all, needs, "%s/circuit", reg->name);
    for (int layer = 0; layer < reg->ansatz.layers && inp->layers_apart; layer++) {
        const int at = blocks->count;
        ent_blocks_add(blocks, EIGHTH_TURN, all / reg->ansatz.layers, needs, "%s/circuit/%d", reg->name, layer + 1);
        if (blocks->count > at) blocks->block[at].layer = layer;
    }
    for (int b = before; b < blocks->count; b++) blocks->block[b].role = ENT_ROLE_CIRCUIT;
    return first;
}

static void place_token(const ent_model_inp *inp, const ent_register *reg, uint32_t own, ent_register_layout *at,
                        ent_blocks *blocks)
{
    if (!inp->token) return;
    const ent_block token = {.lacks = own, .fan_in = 1.0};
    at->token = ent_blocks_add(blocks, SMALL_ANGLE, at->inputs, 0, "%s/token", reg->name);
    ent_blocks_mark(blocks, at->token, &token);
}

static void place_register(const ent_model_inp *inp, int m, ent_layout *layout)
{
    const ent_register *reg = &inp->reg[m];
    ent_register_layout *at = &layout->reg[m];
    const uint32_t own = UINT32_C(1) << m, needs = needs_of(inp, m);
    at->qubits = reg->ansatz.qubits;
    at->first_qubit = layout->qubits;
    at->angles = ent_ansatz_angles(&reg->ansatz);
    at->inputs = ent_ansatz_inputs(&reg->ansatz);
    at->first_angle = layout->angles;
    layout->qubits += at->qubits;
    layout->angles += at->angles;
    const int maps = reg->linear ? at->inputs : 0;
    at->map_weight = ent_blocks_add(&layout->blocks, ent_start_by_fan_in((double)reg->inputs),
                                    maps * (int)reg->inputs, own, "%s/map/weight", reg->name);
    const ent_block map = {.role = ENT_ROLE_MAP, .fan_in = (double)reg->inputs};
    if (maps > 0) ent_blocks_mark(&layout->blocks, at->map_weight, &map);
    at->map_bias = ent_blocks_add(&layout->blocks, ZERO, maps, own, "%s/map/bias", reg->name);
    at->factor =
        ent_blocks_add(&layout->blocks, ONE, reg->ansatz.own_angles ? at->angles : 0, needs, "%s/factor", reg->name);
    place_token(inp, reg, own, at, &layout->blocks);
    at->circuit = place_circuit(inp, reg, needs, &layout->blocks);
}

static void place_fusion(const ent_model_inp *inp, ent_layout *layout)
{
    const ent_fusion *fusion = &inp->fusion;
    const int before = layout->blocks.count;
    for (int k = 0; k < fusion->pairs; k++) {
        const int a = fusion->pair[k][0], b = fusion->pair[k][1];
        layout->pair[k].links = fusion->chain ? 1 : inp->reg[a].ansatz.qubits;
        const int angles = ent_gate_describe(fusion->gate)->angles * fusion->layers * layout->pair[k].links;
        layout->pair[k].coupling = ent_blocks_add(&layout->blocks, SMALL_ANGLE, angles,
                                                  needs_of(inp, a) | needs_of(inp, b), "fusion/%s-%s",
                                                  inp->reg[a].name, inp->reg[b].name);
    }
    for (int m = 0; m < inp->registers; m++) {
        const int links = ent_fusion_links_within(fusion, layout->reg[m].qubits);
        layout->reg[m].within = ent_blocks_add(&layout->blocks, SMALL_ANGLE,
                                               ent_gate_describe(fusion->gate)->angles * fusion->layers * links,
                                               needs_of(inp, m), "fusion/%s/within", inp->reg[m].name);
    }
    for (int m = 0; m < inp->registers; m++)
        layout->reg[m].rotation = ent_blocks_add(&layout->blocks, SMALL_ANGLE,
                                                 2 * fusion->layers * layout->reg[m].qubits, needs_of(inp, m),
                                                 "fusion/%s", inp->reg[m].name);
    for (int b = before; b < layout->blocks.count; b++) layout->blocks.block[b].role = ENT_ROLE_FUSION;
}

/* The head's weights for `readouts` readouts of register m. */
static int place_weights(const ent_model_inp *inp, int m, int readouts, const char *what, ent_layout *layout)
{
    return ent_blocks_add(&layout->blocks, ent_start_by_fan_in(readouts > 0 ? readouts : 1), inp->outputs * readouts,
                          needs_of(inp, m), "head/%s%s", inp->reg[m].name, what);
}

static void place_head(const ent_model_inp *inp, ent_layout *layout)
{
    const int first = layout->blocks.count;
    if (inp->head == ENT_HEAD_DIRECT) return;
    for (int m = 0; m < inp->registers; m++)
        layout->reg[m].head = place_weights(
            inp, m, inp->read & ENT_READ_PROBABILITIES ? 1 << layout->reg[m].qubits : layout->reg[m].qubits, "",
            layout);
    for (int m = 0; m < inp->registers; m++) {
        const int n = layout->reg[m].qubits;
        layout->reg[m].head_xy = place_weights(inp, m, inp->read & ENT_READ_XYZ ? 2 * n : 0, "/xy", layout);
        layout->reg[m].head_within =
            place_weights(inp, m, inp->read & ENT_READ_ZZ_WITHIN ? n * (n - 1) / 2 : 0, "/zz", layout);
    }
    for (int k = 0; k < inp->fusion.pairs && inp->read & ENT_READ_ZZ; k++) {
        const int a = inp->fusion.pair[k][0], b = inp->fusion.pair[k][1];
        layout->pair[k].head = ent_blocks_add(
            &layout->blocks, ent_start_by_fan_in(layout->pair[k].links), inp->outputs * layout->pair[k].links,
            needs_of(inp, a) | needs_of(inp, b), "head/%s-%s", inp->reg[a].name, inp->reg[b].name);
    }
    for (int k = 0; k < inp->strings; k++) {
        char name[ENT_BLOCK_NAME_BYTES - sizeof "head/"];
        ent_string_name(inp, k, sizeof name, name);
        layout->string[k] = ent_blocks_add(&layout->blocks, ent_start_by_fan_in(inp->strings), inp->outputs,
                                           inp->string[k].needs, "head/%s", name);
    }
    layout->bias = ent_blocks_add(&layout->blocks, ZERO, inp->outputs, 0, "head/bias");
    for (int m = 0; m < inp->registers && inp->embed; m++)
        layout->reg[m].embed =
            ent_blocks_add(&layout->blocks, ZERO, inp->outputs, UINT32_C(1) << m, "head/embed/%s", inp->reg[m].name);
    for (int b = first; b < layout->blocks.count; b++) layout->blocks.block[b].role = ENT_ROLE_HEAD;
}

static void place(const ent_model_inp *inp, ent_layout *layout)
{
    *layout = (ent_layout){.qubits = 0};
    for (int m = 0; m < inp->registers; m++) place_register(inp, m, layout);
    place_fusion(inp, layout);
    place_head(inp, layout);
}

ent_status ent_layout_make(const ent_model_inp *inp, ent_layout *layout)
{
    place(inp, layout);
    ENT_TRY(ent_blocks_check(&layout->blocks));
    return inp->qubits_apart ? ent_layout_divide(inp, layout) : ENT_OK;
}

void ent_layout_clear(ent_layout *layout)
{
    ent_blocks_clear(&layout->blocks);
}

int ent_model_quantum_params(const ent_model_inp *inp)
{
    ent_layout layout;
    place(inp, &layout);
    const int params = layout.blocks.params;
    ent_layout_clear(&layout);
    return params;
}
