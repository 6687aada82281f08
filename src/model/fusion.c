/* The fusion circuit: entanglers between registers, or one QFT over all of them, then rotations on every qubit, layer by
 * layer. */
#include "model.h"

static void connect(ent_fusion *fusion, int a, int b)
{
    fusion->pair[fusion->pairs][0] = a < b ? a : b;
    fusion->pair[fusion->pairs][1] = a < b ? b : a;
    fusion->pairs++;
}

void ent_fusion_connect(ent_fusion *fusion, ent_fusion_pattern pattern, int registers)
{
    fusion->pairs = 0;
    for (int a = 0; a < registers; a++)
        for (int b = a + 1; b < registers; b++) {
            const bool neighbours = b == a + 1 || (a == 0 && b == registers - 1);
            if (pattern == ENT_PATTERN_ALL || (pattern == ENT_PATTERN_RING && neighbours) ||
                (pattern == ENT_PATTERN_STAR && a == 0))
                connect(fusion, a, b);
        }
}

/* Qubit j of the pair's first register with qubit j mod n of its second. */
static ent_status append_pair(const ent_model_inp *inp, const ent_layout *layout, const int *first_qubit, int layer,
                              int k, ent_circuit *circuit)
{
    const int a = inp->fusion.pair[k][0], b = inp->fusion.pair[k][1], links = layout->pair[k].links;
    if (first_qubit[a] < 0 || first_qubit[b] < 0) return ENT_OK; /* an operand is absent: a no-op */
    const bool has_angle = ent_gate_describe(inp->fusion.gate)->angles == 1;
    for (int j = 0; j < links; j++) {
        const int slot = layout->pair[k].coupling + layer * links + j;
        ENT_TRY(ent_circuit_add(circuit,
                                (ent_gate){.kind = inp->fusion.gate,
                                           .qubit = {first_qubit[a] + j, first_qubit[b] + j % layout->reg[b].qubits},
                                           .angle = has_angle ? ent_angle_param(slot) : ent_angle_none()}));
    }
    return ENT_OK;
}

/* QFT mixing: the present registers stand side by side, so that their qubits are one run.  With fewer than two there is
 * nothing to mix. */
static ent_status append_transform(const ent_model_inp *inp, const ent_layout *layout, const int *first_qubit,
                                   ent_circuit *circuit)
{
    int present = 0, qubits = 0;
    for (int m = 0; m < inp->registers; m++) {
        if (first_qubit[m] < 0) continue;
        present++;
        qubits += layout->reg[m].qubits;
    }
    if (present < 2) return ENT_OK;
    return ent_circuit_add(circuit, (ent_gate){ENT_QFT, {0, qubits - 1}, ent_angle_none()});
}

static ent_status append_entangler(const ent_model_inp *inp, const ent_layout *layout, const int *first_qubit,
                                   int layer, ent_circuit *circuit)
{
    if (inp->fusion.gate == ENT_QFT) return append_transform(inp, layout, first_qubit, circuit);
    for (int k = 0; k < inp->fusion.pairs; k++) ENT_TRY(append_pair(inp, layout, first_qubit, layer, k, circuit));
    return ENT_OK;
}

static ent_status append_rotations(const ent_layout *layout, int m, int first_qubit, int layer, ent_circuit *circuit)
{
    const int qubits = layout->reg[m].qubits;
    for (int q = 0; q < qubits; q++) {
        const int slot = layout->reg[m].rotation + 2 * (layer * qubits + q), at = first_qubit + q;
        ENT_TRY(ent_circuit_add(circuit, (ent_gate){ENT_RY, {at, at}, ent_angle_param(slot)}));
        ENT_TRY(ent_circuit_add(circuit, (ent_gate){ENT_RZ, {at, at}, ent_angle_param(slot + 1)}));
    }
    return ENT_OK;
}

ent_status ent_fusion_append(const ent_model_inp *inp, const ent_layout *layout, const int *first_qubit,
                             ent_circuit *circuit)
{
    for (int layer = 0; layer < inp->fusion.layers; layer++) {
        ENT_TRY(append_entangler(inp, layout, first_qubit, layer, circuit));
        for (int m = 0; m < inp->registers; m++)
            if (first_qubit[m] >= 0) ENT_TRY(append_rotations(layout, m, first_qubit[m], layer, circuit));
    }
    return ENT_OK;
}
