/* The fusion circuit: entanglers between registers and within them, or one QFT over all registers, then rotations on
 * every qubit, layer by layer; with re-uploading the data are encoded again between two layers. */
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
    fusion->chain = pattern == ENT_PATTERN_CHAIN;
    if (fusion->chain) fusion->within = ENT_WITHIN_CHAIN;
    for (int a = 0; a < registers; a++)
        for (int b = a + 1; b < registers; b++) {
            const bool neighbours = b == a + 1 || (a == 0 && b == registers - 1);
            if (pattern == ENT_PATTERN_ALL || (pattern == ENT_PATTERN_RING && neighbours) ||
                (pattern == ENT_PATTERN_STAR && a == 0) || (fusion->chain && b == a + 1))
                connect(fusion, a, b);
        }
}

int ent_fusion_links_within(const ent_fusion *fusion, int qubits)
{
    const int chain = fusion->within == ENT_WITHIN_NONE ? 0 : qubits - 1;
    return fusion->within == ENT_WITHIN_RING && qubits > 2 ? qubits : chain;
}

void ent_fusion_link(const ent_model_inp *inp, const ent_layout *layout, int k, int j, int qubit[2])
{
    const int a = inp->fusion.pair[k][0], b = inp->fusion.pair[k][1];
    qubit[0] = inp->fusion.chain ? layout->reg[a].qubits - 1 : j;
    qubit[1] = inp->fusion.chain ? 0 : j % layout->reg[b].qubits;
}

static ent_status append_gate(const ent_model_inp *inp, int a, int b, int slot, ent_circuit *circuit)
{
    const bool has_angle = ent_gate_describe(inp->fusion.gate)->angles == 1;
    return ent_circuit_add(circuit, (ent_gate){.kind = inp->fusion.gate,
                                               .qubit = {a, b},
                                               .angle = has_angle ? ent_angle_param(slot) : ent_angle_none()});
}

static ent_status append_pair(const ent_model_inp *inp, const ent_layout *layout, const int *first_qubit, int layer,
                              int k, ent_circuit *circuit)
{
    const int a = first_qubit[inp->fusion.pair[k][0]], b = first_qubit[inp->fusion.pair[k][1]];
    const int links = layout->pair[k].links;
    if (a < 0 || b < 0) return ENT_OK; /* an operand is absent: a no-op */
    for (int j = 0; j < links; j++) {
        int qubit[2];
        ent_fusion_link(inp, layout, k, j, qubit);
        ENT_TRY(append_gate(inp, a + qubit[0], b + qubit[1], layout->pair[k].coupling + layer * links + j, circuit));
    }
    return ENT_OK;
}

static ent_status append_within(const ent_model_inp *inp, const ent_layout *layout, int m, int first_qubit, int layer,
                                ent_circuit *circuit)
{
    const ent_register_layout *reg = &layout->reg[m];
    const int links = ent_fusion_links_within(&inp->fusion, reg->qubits);
    for (int j = 0; j < links && first_qubit >= 0; j++)
        ENT_TRY(append_gate(inp, first_qubit + j, first_qubit + (j + 1) % reg->qubits,
                            reg->within + layer * links + j, circuit));
    return ENT_OK;
}

/* QFT mixing: the present registers are adjacent, so that their qubits form one range.  With fewer than two there
 * is nothing to mix. */
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
    const ent_fusion *fusion = &inp->fusion;
    if (fusion->gate == ENT_QFT) return append_transform(inp, layout, first_qubit, circuit);
    for (int k = 0; k < fusion->pairs && !fusion->chain; k++)
        ENT_TRY(append_pair(inp, layout, first_qubit, layer, k, circuit));
    for (int m = 0; m < inp->registers; m++) { /* a chain: from the first qubit to the last */
        ENT_TRY(append_within(inp, layout, m, first_qubit[m], layer, circuit));
        for (int k = 0; k < fusion->pairs && fusion->chain; k++)
            if (fusion->pair[k][0] == m) ENT_TRY(append_pair(inp, layout, first_qubit, layer, k, circuit));
    }
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

/* The number of times that fusion encodes the data. */
static int encodings(const ent_fusion *fusion)
{
    return fusion->reupload && fusion->layers > 1 ? fusion->layers - 1 : 0;
}

int ent_model_angles(const ent_ansatz *ansatz, const ent_fusion *fusion)
{
    return ent_ansatz_angles(ansatz) + (ansatz->own_angles ? encodings(fusion) * ent_ansatz_inputs(ansatz) : 0);
}

double ent_angle_scale(const ent_ansatz *ansatz, const ent_fusion *fusion, bool linear)
{
    return (linear ? 16.0 : 2.0) * ((ansatz->reupload ? ansatz->layers : 1) + encodings(fusion));
}

ent_status ent_fusion_check(const ent_model_inp *inp)
{
    if (!inp->fusion.reupload) return ENT_OK;
    ENT_REQUIRE(inp->fusion.layers >= 2, ENT_EARG,
                "model.fusion.reupload encodes the data between two layers of the fusion: found model.fusion.layers "
                "%d, want at least 2, or model.fusion.reupload false",
                inp->fusion.layers);
    for (int m = 0; m < inp->registers; m++) {
        const ent_ansatz *a = &inp->reg[m].ansatz;
        ENT_REQUIRE(a->kind == ENT_ANSATZ_QASM || a->encoding != ENT_ENCODE_AMPLITUDE, ENT_EARG,
                    "modality '%s': found encoding amplitude, which prepares amplitudes from |0...0>, with "
                    "model.fusion.reupload: want another encoding, or model.fusion.reupload false",
                    inp->reg[m].name);
    }
    return ENT_OK;
}

static ent_status append_encoding(const ent_model_inp *inp, const ent_layout *layout, int m, int first_qubit,
                                  int layer, ent_circuit *circuit)
{
    const ent_ansatz *ansatz = &inp->reg[m].ansatz;
    const int own = ansatz->own_angles ? ent_ansatz_angles(ansatz) + (layer - 1) * ent_ansatz_inputs(ansatz) : 0;
    return ent_ansatz_append_encoding(ansatz, first_qubit, layout->reg[m].first_angle + own, circuit);
}

ent_status ent_fusion_append(const ent_model_inp *inp, const ent_layout *layout, const int *first_qubit,
                             ent_circuit *circuit)
{
    for (int layer = 0; layer < inp->fusion.layers; layer++) {
        for (int m = 0; m < inp->registers && inp->fusion.reupload && layer > 0; m++)
            if (first_qubit[m] >= 0) ENT_TRY(append_encoding(inp, layout, m, first_qubit[m], layer, circuit));
        ENT_TRY(append_entangler(inp, layout, first_qubit, layer, circuit));
        for (int m = 0; m < inp->registers; m++)
            if (first_qubit[m] >= 0) ENT_TRY(append_rotations(layout, m, first_qubit[m], layer, circuit));
    }
    return ENT_OK;
}
