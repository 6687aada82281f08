/* Random fused models, as circuits. */
#ifndef ENTENTE_TESTS_RANDOM_MODEL_H
#define ENTENTE_TESTS_RANDOM_MODEL_H

#include "circuit_run.h"

#include "entente/model.h"

/* The most that is drawn of each: registers, their qubits and the qubits of all, the layers and angles per qubit of a
 * register, the layers of gates between registers. */
typedef struct {
    int registers, each, qubits, depth, layers;
} model_limits;

/* At least two registers; some of them absent, sometimes. */
static inline ent_circuit *random_model(uint64_t *state, model_limits most)
{
    static const ent_gate_kind gates[] = {ENT_CX, ENT_CZ, ENT_CRX, ENT_CRZ, ENT_RZZ};
    ent_model_inp inp = {.registers = 2 + below(state, most.registers - 1),
                         .read = below(state, 2) ? ENT_READ_ZZ : ENT_READ_Z,
                         .outputs = 2,
                         .mma = true,
                         .head = ENT_HEAD_LINEAR};
    int qubits = 0;
    for (int m = 0; m < inp.registers; m++) {
        const int left = most.qubits - qubits - (inp.registers - 1 - m), angles = 1 + below(state, most.depth);
        const int n = 1 + below(state, left < most.each ? left : most.each);
        qubits += n;
        inp.reg[m] = (ent_register){.name = "m", .scale = 1.0, .inputs = n * angles};
        inp.reg[m].ansatz = (ent_ansatz){.kind = (ent_ansatz_kind)below(state, ENT_ANSATZ_QASM),
                                         .qubits = n,
                                         .layers = 1 + below(state, most.depth),
                                         .angles_per_qubit = angles,
                                         .reupload = below(state, 2),
                                         .own_angles = below(state, 4) == 0};
        if (angles == 1 && !inp.reg[m].ansatz.own_angles)
            inp.reg[m].ansatz.encoding = (ent_encoding)below(state, ENT_ENCODE_AMPLITUDE);
    }
    inp.fusion.layers = 1 + below(state, most.layers);
    inp.fusion.gate =
        gates[below(state, qubits * inp.fusion.layers > 12 ? 2 : 5)]; /* few strings where they are long */
    inp.fusion.reupload = inp.fusion.layers > 1 && qubits * inp.fusion.layers <= 12 && below(state, 2);
    if (below(state, 3) == 0) inp.fusion.within = (ent_fusion_within)below(state, 3);
    ent_fusion_connect(&inp.fusion, (ent_fusion_pattern)below(state, 5), inp.registers);
    const uint32_t all = (UINT32_C(1) << inp.registers) - 1;
    ent_circuit *circuit;
    check_ok(ent_model_circuit(&inp, below(state, 2) ? all : 1 + (uint32_t)below(state, (int)all), &circuit));
    return circuit;
}

#endif
