/* Each ansatz is a row of a table: the rotations on every qubit, and the entangler. */
#include "entente/ansatz.h"

#include <string.h>

#include "entente/qasm.h"

enum { MAX_ROTATIONS = 3 };

/* The place of an ansatz in the circuit. */
typedef struct {
    ent_circuit *circuit;
    int qubit, param, angle;
} place;

typedef struct {
    const char *name;
    int rotations;
    ent_gate_kind rotation[MAX_ROTATIONS];
    ent_status (*entangle)(const ent_ansatz *a, int layer, const place *at); /* NULL: not at all */
} recipe;

static ent_status add_pair(const place *at, ent_gate_kind kind, int q, int p)
{
    return ent_circuit_add(
        at->circuit, (ent_gate){.kind = kind, .qubit = {at->qubit + q, at->qubit + p}, .angle = ent_angle_none()});
}

static ent_status add_rotation(const place *at, ent_gate_kind kind, int q, ent_angle angle)
{
    return ent_circuit_add(at->circuit, (ent_gate){.kind = kind, .qubit = {at->qubit + q, 0}, .angle = angle});
}

/* On two qubits the ring is one CNOT. */
static ent_status ring(const ent_ansatz *a, int layer, const place *at)
{
    (void)layer;
    const int pairs = a->qubits > 2 ? a->qubits : a->qubits - 1;
    for (int q = 0; q < pairs; q++) ENT_TRY(add_pair(at, ENT_CX, q, (q + 1) % a->qubits));
    return ENT_OK;
}

static ent_status widening_ring(const ent_ansatz *a, int layer, const place *at)
{
    if (a->qubits == 1) return ENT_OK;
    const int range = layer % (a->qubits - 1) + 1;
    for (int q = 0; q < a->qubits; q++) ENT_TRY(add_pair(at, ENT_CX, q, (q + range) % a->qubits));
    return ENT_OK;
}

static ent_status chain(const ent_ansatz *a, int layer, const place *at)
{
    (void)layer;
    for (int q = 0; q + 1 < a->qubits; q++) ENT_TRY(add_pair(at, ENT_CZ, q, q + 1));
    return ENT_OK;
}

static ent_status cnot_chain(const ent_ansatz *a, int layer, const place *at)
{
    (void)layer;
    for (int q = 0; q + 1 < a->qubits; q++) ENT_TRY(add_pair(at, ENT_CX, q, q + 1));
    return ENT_OK;
}

static const recipe RECIPE[ENT_ANSATZ_QASM] = {
    [ENT_ANSATZ_BASIC] = {"basic", 1, {ENT_RX}, ring},
    [ENT_ANSATZ_STRONG] = {"strong", 3, {ENT_RZ, ENT_RY, ENT_RZ}, widening_ring},
    [ENT_ANSATZ_HEA] = {"hea", 2, {ENT_RY, ENT_RZ}, chain},
    [ENT_ANSATZ_PRODUCT] = {"product", 2, {ENT_RY, ENT_RZ}, NULL},
    [ENT_ANSATZ_REAL_AMPLITUDES] = {"real_amplitudes", 1, {ENT_RY}, cnot_chain},
};

ent_ansatz_kind ent_ansatz_named(const char *name)
{
    int kind = 0;
    while (kind < ENT_ANSATZ_QASM && strcmp(RECIPE[kind].name, name) != 0) kind++;
    return (ent_ansatz_kind)kind;
}

static ent_status check_qasm(const ent_ansatz *a)
{
    ENT_REQUIRE(a->qasm, ENT_EARG, "ansatz of an OpenQASM file: no file");
    const int qubits = ent_qasm_circuit(a->qasm)->qubits;
    ENT_REQUIRE(qubits == a->qubits, ENT_EARG, "ansatz of an OpenQASM file with %d qubits on a register of %d",
                qubits, a->qubits);
    return ENT_OK;
}

ent_status ent_ansatz_check(const ent_ansatz *a)
{
    ENT_REQUIRE((int)a->kind >= 0 && a->kind <= ENT_ANSATZ_QASM, ENT_EARG, "ansatz kind %d", (int)a->kind);
    ENT_REQUIRE(a->qubits >= 1 && a->qubits <= ENT_MAX_STATE_QUBITS, ENT_EARG, "ansatz on %d qubits, want 1..%d",
                a->qubits, ENT_MAX_STATE_QUBITS);
    ENT_REQUIRE(a->layers >= 1 && a->layers <= ENT_MAX_LAYERS, ENT_EARG, "ansatz of %d layers, want 1..%d", a->layers,
                ENT_MAX_LAYERS);
    if (a->kind == ENT_ANSATZ_QASM) return check_qasm(a);
    ENT_REQUIRE(a->angles_per_qubit == 1 || a->angles_per_qubit == 2, ENT_EARG,
                "ansatz with %d data angles per qubit, want 1 or 2", a->angles_per_qubit);
    ENT_REQUIRE(a->encoding != ENT_ENCODE_AMPLITUDE || !a->reupload || a->layers == 1, ENT_EARG,
                "amplitude encoding in each of %d layers: amplitudes are prepared from |0...0>, want reupload false",
                a->layers);
    ENT_REQUIRE(!a->own_angles || a->encoding <= ENT_ENCODE_RZ, ENT_EARG,
                "factors of data angles with an encoding that is not by rotations: want ry, rx or rz");
    return ent_encoding_check(a->encoding, a->qubits, a->angles_per_qubit);
}

int ent_ansatz_params(const ent_ansatz *a)
{
    if (a->kind == ENT_ANSATZ_QASM) return a->layers * ent_qasm_circuit(a->qasm)->params;
    return a->layers * a->qubits * RECIPE[a->kind].rotations;
}

int ent_ansatz_angles(const ent_ansatz *a)
{
    if (a->own_angles && a->reupload) return a->layers * ent_ansatz_inputs(a);
    if (a->kind == ENT_ANSATZ_QASM) return ent_qasm_circuit(a->qasm)->angles;
    return ent_encoding_slots(a->encoding, a->qubits, a->angles_per_qubit);
}

int ent_ansatz_inputs(const ent_ansatz *a)
{
    if (a->kind == ENT_ANSATZ_QASM) return ent_qasm_circuit(a->qasm)->angles;
    return ent_encoding_inputs(a->encoding, a->qubits, a->angles_per_qubit);
}

/* The first data angle that a layer reads. */
static int first_angle(const ent_ansatz *a, int layer, const place *at)
{
    return at->angle + (a->own_angles && a->reupload ? layer * ent_ansatz_inputs(a) : 0);
}

static ent_status named_layer(const ent_ansatz *a, int layer, const place *at)
{
    const recipe *r = &RECIPE[a->kind];
    if (layer == 0 || a->reupload)
        ENT_TRY(ent_encoding_append(a->encoding, a->qubits, a->angles_per_qubit, at->qubit, first_angle(a, layer, at),
                                    at->circuit));
    int slot = at->param + layer * a->qubits * r->rotations;
    for (int q = 0; q < a->qubits; q++)
        for (int k = 0; k < r->rotations; k++) ENT_TRY(add_rotation(at, r->rotation[k], q, ent_angle_param(slot++)));
    return r->entangle ? r->entangle(a, layer, at) : ENT_OK;
}

static ent_status qasm_layer(const ent_ansatz *a, int layer, const place *at)
{
    const ent_circuit *file = ent_qasm_circuit(a->qasm);
    for (int64_t g = 0; g < file->gates; g++) {
        ent_gate gate = file->gate[g];
        if (gate.angle.source == ENT_ANGLE_DATA) {
            if (layer > 0 && !a->reupload) continue;
            gate.angle.slot += first_angle(a, layer, at);
        }
        if (gate.angle.source == ENT_ANGLE_PARAM) gate.angle.slot += at->param + layer * file->params;
        gate.qubit[0] += at->qubit;
        gate.qubit[1] += at->qubit;
        ENT_TRY(ent_circuit_add(at->circuit, gate));
    }
    return ENT_OK;
}

static ent_status encode(const ent_ansatz *a, const place *at)
{
    if (a->kind != ENT_ANSATZ_QASM)
        return ent_encoding_append(a->encoding, a->qubits, a->angles_per_qubit, at->qubit, at->angle, at->circuit);
    const ent_circuit *file = ent_qasm_circuit(a->qasm);
    for (int64_t g = 0; g < file->gates; g++) {
        ent_gate gate = file->gate[g];
        if (gate.angle.source != ENT_ANGLE_DATA) continue;
        gate.angle.slot += at->angle;
        gate.qubit[0] += at->qubit;
        gate.qubit[1] += at->qubit;
        ENT_TRY(ent_circuit_add(at->circuit, gate));
    }
    return ENT_OK;
}

static ent_status check_place(const ent_ansatz *a, int params, int angles, const place *at)
{
    const ent_circuit *c = at->circuit;
    ENT_REQUIRE(at->qubit >= 0 && at->qubit <= c->qubits - a->qubits, ENT_EARG,
                "ansatz on %d qubits from qubit %d of a circuit with %d", a->qubits, at->qubit, c->qubits);
    ENT_REQUIRE(at->param >= 0 && at->param <= c->params - params, ENT_EARG,
                "ansatz with %d parameters from slot %d of a circuit with %d", params, at->param, c->params);
    ENT_REQUIRE(at->angle >= 0 && at->angle <= c->angles - angles, ENT_EARG,
                "ansatz with %d data angles from slot %d of a circuit with %d", angles, at->angle, c->angles);
    return ENT_OK;
}

ent_status ent_ansatz_append(const ent_ansatz *a, int first_qubit, int first_param, int first_angle,
                             ent_circuit *circuit)
{
    const place at = {circuit, first_qubit, first_param, first_angle};
    ENT_TRY(ent_ansatz_check(a));
    ENT_TRY(check_place(a, ent_ansatz_params(a), ent_ansatz_angles(a), &at));
    const int64_t gates = circuit->gates;
    for (int layer = 0; layer < a->layers; layer++) {
        const ent_status status = a->kind == ENT_ANSATZ_QASM ? qasm_layer(a, layer, &at) : named_layer(a, layer, &at);
        if (status != ENT_OK) {
            circuit->gates = gates;
            return status;
        }
    }
    return ENT_OK;
}

ent_status ent_ansatz_append_encoding(const ent_ansatz *a, int first_qubit, int first_angle, ent_circuit *circuit)
{
    const place at = {circuit, first_qubit, 0, first_angle};
    ENT_TRY(ent_ansatz_check(a));
    const bool file = a->kind == ENT_ANSATZ_QASM;
    ENT_REQUIRE(file || a->encoding != ENT_ENCODE_AMPLITUDE, ENT_EARG,
                "amplitude encoding after other gates: amplitudes are prepared from |0...0>");
    ENT_TRY(check_place(
        a, 0, file ? ent_ansatz_inputs(a) : ent_encoding_slots(a->encoding, a->qubits, a->angles_per_qubit), &at));
    const int64_t gates = circuit->gates;
    const ent_status status = encode(a, &at);
    if (status != ENT_OK) circuit->gates = gates;
    return status;
}
