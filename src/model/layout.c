/* The parameter vector, block by block.  Order: each register's map and circuit; the fusion; the head. */
#include <stdarg.h>
#include <stdio.h>

#include "model.h"

__attribute__((format(printf, 4, 5))) static int add_block(ent_layout *layout, int count, uint32_t needs,
                                                           const char *format, ...)
{
    const int first = layout->params;
    if (count == 0) return first;
    ent_block *block = &layout->block[layout->blocks++];
    *block = (ent_block){.first = first, .count = count, .needs = needs};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(block->name, sizeof block->name, format, arguments);
    va_end(arguments);
    layout->params += count;
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
    at->map_weight = add_block(layout, maps * (int)reg->inputs, needs, "%s/map/weight", reg->name);
    at->map_bias = add_block(layout, maps, needs, "%s/map/bias", reg->name);
    at->circuit = add_block(layout, ent_ansatz_params(&reg->ansatz), needs, "%s/circuit", reg->name);
}

static void place_fusion(const ent_model_inp *inp, ent_layout *layout)
{
    const ent_fusion *fusion = &inp->fusion;
    for (int k = 0; k < fusion->pairs; k++) {
        const int a = fusion->pair[k][0], b = fusion->pair[k][1];
        layout->pair[k].links = inp->reg[a].ansatz.qubits;
        const int angles = ent_gate_describe(fusion->gate)->angles * fusion->layers * layout->pair[k].links;
        layout->pair[k].coupling = add_block(layout, angles, UINT32_C(1) << a | UINT32_C(1) << b, "fusion/%s-%s",
                                             inp->reg[a].name, inp->reg[b].name);
    }
    for (int m = 0; m < inp->registers; m++)
        layout->reg[m].rotation = add_block(layout, 2 * fusion->layers * layout->reg[m].qubits, UINT32_C(1) << m,
                                            "fusion/%s", inp->reg[m].name);
}

static void place_head(const ent_model_inp *inp, ent_layout *layout)
{
    if (inp->head == ENT_HEAD_DIRECT) return;
    for (int m = 0; m < inp->registers; m++)
        layout->reg[m].head =
            add_block(layout, inp->outputs * layout->reg[m].qubits, UINT32_C(1) << m, "head/%s", inp->reg[m].name);
    for (int k = 0; k < inp->fusion.pairs && inp->read_zz; k++) {
        const int a = inp->fusion.pair[k][0], b = inp->fusion.pair[k][1];
        layout->pair[k].head = add_block(layout, inp->outputs * layout->pair[k].links,
                                         UINT32_C(1) << a | UINT32_C(1) << b, "head/%s-%s", inp->reg[a].name,
                                         inp->reg[b].name);
    }
    layout->bias = add_block(layout, inp->outputs, 0, "head/bias");
    for (int m = 0; m < inp->registers && inp->embed; m++)
        layout->reg[m].embed = add_block(layout, inp->outputs, UINT32_C(1) << m, "head/embed/%s", inp->reg[m].name);
}

void ent_layout_make(const ent_model_inp *inp, ent_layout *layout)
{
    *layout = (ent_layout){.params = 0};
    for (int m = 0; m < inp->registers; m++) place_register(inp, m, layout);
    place_fusion(inp, layout);
    place_head(inp, layout);
}
