#include "entente/circuit.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "entente/memory.h"

static const ent_gate_info INFO[ENT_GATE_KINDS] = {
    [ENT_X] = {"x", 1, 0},       [ENT_Y] = {"y", 1, 0},       [ENT_Z] = {"z", 1, 0},     [ENT_H] = {"h", 1, 0},
    [ENT_S] = {"s", 1, 0},       [ENT_SDG] = {"sdg", 1, 0},   [ENT_T] = {"t", 1, 0},     [ENT_TDG] = {"tdg", 1, 0},
    [ENT_SX] = {"sx", 1, 0},     [ENT_RX] = {"rx", 1, 1},     [ENT_RY] = {"ry", 1, 1},   [ENT_RZ] = {"rz", 1, 1},
    [ENT_P] = {"p", 1, 1},       [ENT_CX] = {"cx", 2, 0},     [ENT_CY] = {"cy", 2, 0},   [ENT_CZ] = {"cz", 2, 0},
    [ENT_SWAP] = {"swap", 2, 0}, [ENT_CRX] = {"crx", 2, 1},   [ENT_CRY] = {"cry", 2, 1}, [ENT_CRZ] = {"crz", 2, 1},
    [ENT_CP] = {"cp", 2, 1},     [ENT_RXX] = {"rxx", 2, 1},   [ENT_RYY] = {"ryy", 2, 1}, [ENT_RZZ] = {"rzz", 2, 1},
    [ENT_QFT] = {"qft", 0, 0},   [ENT_IQFT] = {"iqft", 0, 0},
};

const ent_gate_info *ent_gate_describe(ent_gate_kind kind)
{
    ENT_ASSERT((int)kind >= 0 && kind < ENT_GATE_KINDS);
    return &INFO[kind];
}

ent_status ent_circuit_new(int qubits, int params, int angles, ent_circuit **out)
{
    ENT_REQUIRE(qubits >= 0 && qubits <= ENT_MAX_QUBITS, ENT_EARG, "circuit of %d qubits, want 0..%d", qubits,
                ENT_MAX_QUBITS);
    ENT_REQUIRE(params >= 0 && angles >= 0, ENT_EARG, "circuit with %d parameters and %d data angles, want 0 or more",
                params, angles);
    ent_circuit *circuit = ent_alloc(1, sizeof *circuit);
    ENT_REQUIRE(circuit, ENT_ENOMEM, "circuit: no memory");
    circuit->qubits = qubits;
    circuit->params = params;
    circuit->angles = angles;
    const ent_status status = ent_circuit_registers(circuit, qubits > 0, &qubits);
    if (status != ENT_OK) {
        ent_circuit_free(circuit);
        return status;
    }
    *out = circuit;
    return ENT_OK;
}

void ent_circuit_free(ent_circuit *circuit)
{
    if (!circuit) return;
    ent_free(circuit->gate);
    ent_free(circuit->readout);
    ent_free(circuit->register_first);
    ent_free(circuit);
}

ent_status ent_circuit_registers(ent_circuit *circuit, int registers, const int *sizes)
{
    int qubits = 0;
    for (int m = 0; m < registers; m++) {
        ENT_REQUIRE(sizes[m] >= 1 && sizes[m] <= circuit->qubits - qubits, ENT_EARG,
                    "register %d of %d qubits from qubit %d of a circuit with %d", m, sizes[m], qubits,
                    circuit->qubits);
        qubits += sizes[m];
    }
    ENT_REQUIRE(qubits == circuit->qubits, ENT_EARG, "registers of %d qubits in all, want the circuit's %d", qubits,
                circuit->qubits);
    int *first = ent_alloc(registers + 1, sizeof *first);
    ENT_REQUIRE(first, ENT_ENOMEM, "circuit of %d registers: no memory", registers);
    for (int m = 0; m < registers; m++) first[m + 1] = first[m] + sizes[m];
    ent_free(circuit->register_first);
    circuit->register_first = first;
    circuit->registers = registers;
    return ENT_OK;
}

static ent_status check_angle(const ent_circuit *circuit, const ent_gate_info *info, const ent_angle *angle)
{
    ENT_REQUIRE(isfinite(angle->scale) && isfinite(angle->offset), ENT_EARG, "gate %s: angle %g * slot + %g",
                info->name, angle->scale, angle->offset);
    ENT_REQUIRE((int)angle->source >= 0 && angle->source <= ENT_ANGLE_DATA, ENT_EARG, "gate %s: angle source %d",
                info->name, (int)angle->source);
    const int slots = angle->source == ENT_ANGLE_PARAM  ? circuit->params
                      : angle->source == ENT_ANGLE_DATA ? circuit->angles
                                                        : 1;
    ENT_REQUIRE(angle->slot >= 0 && angle->slot < slots, ENT_EARG, "gate %s: angle slot %d, want 0..%d", info->name,
                angle->slot, slots - 1);
    ENT_REQUIRE(info->angles == 1 || (angle->source == ENT_ANGLE_FIXED && angle->offset == 0.0), ENT_EARG,
                "gate %s takes no angle", info->name);
    return ENT_OK;
}

static ent_status check_qubits(const ent_circuit *circuit, const ent_gate_info *info, const int qubit[2])
{
    for (int k = 0; k < 2; k++)
        ENT_REQUIRE(qubit[k] >= 0 && qubit[k] < circuit->qubits, ENT_EARG,
                    "gate %s on qubit %d of a circuit with %d qubits", info->name, qubit[k], circuit->qubits);
    ENT_REQUIRE(info->qubits != 2 || qubit[0] != qubit[1], ENT_EARG, "gate %s twice on qubit %d", info->name,
                qubit[0]);
    ENT_REQUIRE(info->qubits != 0 || qubit[0] <= qubit[1], ENT_EARG,
                "gate %s on qubits %d to %d, want the lowest first", info->name, qubit[0], qubit[1]);
    return ENT_OK;
}

ent_status ent_circuit_add(ent_circuit *circuit, ent_gate gate)
{
    ENT_REQUIRE((int)gate.kind >= 0 && gate.kind < ENT_GATE_KINDS, ENT_EARG, "gate kind %d", (int)gate.kind);
    const ent_gate_info *info = &INFO[gate.kind];
    if (info->qubits == 1) gate.qubit[1] = gate.qubit[0];
    ENT_TRY(check_qubits(circuit, info, gate.qubit));
    ENT_TRY(check_angle(circuit, info, &gate.angle));
    ENT_REQUIRE(ent_grow((void **)&circuit->gate, &circuit->gate_room, circuit->gates, sizeof gate), ENT_ENOMEM,
                "circuit of %lld gates: no memory", (long long)circuit->gates + 1);
    circuit->gate[circuit->gates++] = gate;
    return ENT_OK;
}

ent_status ent_circuit_read_pauli(ent_circuit *circuit, const ent_pauli *string)
{
    const int last = ent_bits_last(ent_bits_or(string->x, string->z));
    ENT_REQUIRE(last >= 0, ENT_EARG, "readout of no qubit, want one of %d at least", circuit->qubits);
    ENT_REQUIRE(last < circuit->qubits, ENT_EARG, "readout of qubit %d of a circuit with %d qubits", last,
                circuit->qubits);
    ENT_REQUIRE(ent_grow((void **)&circuit->readout, &circuit->readout_room, circuit->readouts, sizeof *string),
                ENT_ENOMEM, "circuit of %d readouts: no memory", circuit->readouts + 1);
    circuit->readout[circuit->readouts++] = *string;
    return ENT_OK;
}

ent_status ent_circuit_read(ent_circuit *circuit, uint64_t mask)
{
    const ent_pauli string = {.z = ent_bits_of_word(mask)};
    ENT_REQUIRE(mask != 0 && ent_bits_last(string.z) < circuit->qubits, ENT_EARG,
                "readout mask %#llx of a circuit with %d qubits", (unsigned long long)mask, circuit->qubits);
    return ent_circuit_read_pauli(circuit, &string);
}

/* A circuit with the same readouts and registers but without gates, and with other numbers of slots. */
static ent_status frame_of(const ent_circuit *circuit, int params, int angles, ent_circuit **out)
{
    int sizes[ENT_MAX_QUBITS];
    ent_circuit *frame;
    ENT_TRY(ent_circuit_new(circuit->qubits, params, angles, &frame));
    ent_status status = ENT_OK;
    for (int r = 0; r < circuit->readouts && status == ENT_OK; r++)
        status = ent_circuit_read_pauli(frame, &circuit->readout[r]);
    for (int m = 0; m < circuit->registers; m++)
        sizes[m] = circuit->register_first[m + 1] - circuit->register_first[m];
    if (status == ENT_OK) status = ent_circuit_registers(frame, circuit->registers, sizes);
    if (status != ENT_OK) {
        ent_circuit_free(frame);
        return status;
    }
    *out = frame;
    return ENT_OK;
}

ent_status ent_circuit_bind(const ent_circuit *circuit, const double *params, const double *angles, ent_circuit **out)
{
    ent_circuit *bound;
    ENT_TRY(frame_of(circuit, params ? 0 : circuit->params, angles ? 0 : circuit->angles, &bound));
    ent_status status = ENT_OK;
    for (int64_t g = 0; g < circuit->gates && status == ENT_OK; g++) {
        ent_gate gate = circuit->gate[g];
        const bool param = gate.angle.source == ENT_ANGLE_PARAM && params;
        const bool data = gate.angle.source == ENT_ANGLE_DATA && angles;
        if (param || data) gate.angle = ent_angle_fixed(ent_angle_value(&gate.angle, params, angles));
        status = ent_circuit_add(bound, gate);
    }
    if (status != ENT_OK) {
        ent_circuit_free(bound);
        return status;
    }
    *out = bound;
    return ENT_OK;
}

/* number [slots]: the new number of each slot that gates use; old: the slots by their new numbers.  Returns their
 * number. */
static int number_slots(const ent_circuit *circuit, ent_angle_source source, int slots, int *number, int *old)
{
    int used = 0;
    for (int k = 0; k < slots; k++) number[k] = -1;
    for (int64_t g = 0; g < circuit->gates; g++)
        if (circuit->gate[g].angle.source == source) number[circuit->gate[g].angle.slot] = 0;
    for (int k = 0; k < slots; k++) {
        if (number[k] < 0) continue;
        number[k] = used;
        old[used++] = k;
    }
    return used;
}

ent_status ent_circuit_compact(const ent_circuit *circuit, int *param, int *angle, ent_circuit **out)
{
    ent_circuit *compact = NULL;
    int *number[2] = {ent_alloc(circuit->params, sizeof(int)), ent_alloc(circuit->angles, sizeof(int))};
    ent_status status = number[0] && number[1] ? ENT_OK : ent_fail(ENT_ENOMEM, "circuit: no memory");
    if (status == ENT_OK)
        status = frame_of(circuit, number_slots(circuit, ENT_ANGLE_PARAM, circuit->params, number[0], param),
                          number_slots(circuit, ENT_ANGLE_DATA, circuit->angles, number[1], angle), &compact);
    for (int64_t g = 0; g < circuit->gates && status == ENT_OK; g++) {
        ent_gate gate = circuit->gate[g];
        if (gate.angle.source != ENT_ANGLE_FIXED)
            gate.angle.slot = number[gate.angle.source == ENT_ANGLE_DATA][gate.angle.slot];
        status = ent_circuit_add(compact, gate);
    }
    ent_free(number[0]);
    ent_free(number[1]);
    if (status != ENT_OK) {
        ent_circuit_free(compact);
        return status;
    }
    *out = compact;
    return ENT_OK;
}

/* ---- some of the qubits ---- */

/* number [qubits]: the new number of each qubit that is kept, else -1.  Returns how many are kept. */
static int number_qubits(const ent_circuit *circuit, const ent_bits *qubits, int *number)
{
    int kept = 0;
    for (int q = 0; q < circuit->qubits; q++) number[q] = ent_bits_has(qubits, q) ? kept++ : -1;
    return kept;
}

/* Whether any of the gate is left: then on its new qubits. */
static bool move_gate(const int *number, ent_gate *gate)
{
    if (INFO[gate->kind].qubits > 0) {
        for (int k = 0; k < 2; k++) gate->qubit[k] = number[gate->qubit[k]];
        return gate->qubit[0] >= 0 && gate->qubit[1] >= 0;
    }
    int first = gate->qubit[0], last = gate->qubit[1];
    while (first <= last && number[first] < 0) first++;
    while (last > first && number[last] < 0) last--;
    gate->qubit[0] = first <= last ? number[first] : -1;
    gate->qubit[1] = first <= last ? number[last] : -1;
    return first <= last;
}

static bool is_kept(const ent_circuit *circuit, const int *number, const ent_pauli *string)
{
    const ent_bits on = ent_bits_or(string->x, string->z);
    for (int q = 0; q < circuit->qubits; q++)
        if (ent_bits_has(&on, q) && number[q] < 0) return false;
    return true;
}

static ent_pauli move_string(const ent_circuit *circuit, const int *number, const ent_pauli *string)
{
    ent_pauli moved = {.x = {{0}}, .z = {{0}}};
    for (int q = 0; q < circuit->qubits; q++) {
        if (ent_bits_has(&string->x, q)) ent_bits_add(&moved.x, number[q]);
        if (ent_bits_has(&string->z, q)) ent_bits_add(&moved.z, number[q]);
    }
    return moved;
}

static ent_status keep_registers(const ent_circuit *circuit, const int *number, ent_circuit *part)
{
    int sizes[ENT_MAX_QUBITS], registers = 0;
    for (int m = 0; m < circuit->registers; m++) {
        int size = 0;
        for (int q = circuit->register_first[m]; q < circuit->register_first[m + 1]; q++) size += number[q] >= 0;
        if (size > 0) sizes[registers++] = size;
    }
    return ent_circuit_registers(part, registers, sizes);
}

ent_status ent_circuit_keep(const ent_circuit *circuit, const ent_bits *qubits, int *readout, ent_circuit **out)
{
    int number[ENT_MAX_QUBITS];
    const int kept = number_qubits(circuit, qubits, number);
    ENT_REQUIRE(kept > 0 && ent_bits_last(*qubits) < circuit->qubits, ENT_EARG,
                "%d qubits to keep, the last %d, want some of the circuit's %d", ent_bits_count(*qubits),
                ent_bits_last(*qubits), circuit->qubits);
    ent_circuit *part;
    ENT_TRY(ent_circuit_new(kept, circuit->params, circuit->angles, &part));
    ent_status status = keep_registers(circuit, number, part);
    for (int64_t g = 0; g < circuit->gates && status == ENT_OK; g++) {
        ent_gate gate = circuit->gate[g];
        if (move_gate(number, &gate)) status = ent_circuit_add(part, gate);
    }
    for (int r = 0; r < circuit->readouts && status == ENT_OK; r++) {
        if (!is_kept(circuit, number, &circuit->readout[r])) continue;
        const ent_pauli moved = move_string(circuit, number, &circuit->readout[r]);
        readout[part->readouts] = r;
        status = ent_circuit_read_pauli(part, &moved);
    }
    if (status != ENT_OK) {
        ent_circuit_free(part);
        return status;
    }
    *out = part;
    return ENT_OK;
}
