/* Early gates and late ones.
 *
 * A gate is late if it acts on more than one register, or if a late gate precedes it on one of its qubits; it then
 * commutes with every early gate that follows it, so that all early gates can go first.  Late gates become rotations
 * exp(-i t/2 P), the Clifford gates among them by quarter turns; global phases are dropped. */
#include "pauli_late.h"
#include "pauli_noise.h"

#include <string.h>

#include "entente/memory.h"

static const double PI = 3.14159265358979323846;

typedef struct {
    const ent_circuit *circuit;
    const ent_qubit_noise *noise; /* [qubits] or NULL */
    int owner[ENT_MAX_QUBITS];    /* register of a qubit */
    ent_bits behind;              /* qubits that a late gate has acted on */
    ent_circuit **early;
    pauli_late *late;
} split;

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "pauli engine: no memory for the late gates of a circuit");
}

static ent_status add(pauli_late *late, const ent_pauli *on, int quarters, int angle)
{
    if (!ent_grow((void **)&late->rotation, &late->rotation_room, late->rotations, sizeof *late->rotation))
        return no_memory();
    late->rotation[late->rotations++] = (pauli_rotation){*on, quarters, angle};
    return ENT_OK;
}

/* exp(-i factor angle / 2 P) */
static ent_status rotate(pauli_late *late, ent_pauli on, double factor, const ent_angle *angle)
{
    if (!ent_grow((void **)&late->angle, &late->angle_room, late->angles, sizeof *late->angle)) return no_memory();
    const bool fixed = angle->source == ENT_ANGLE_FIXED;
    late->angle[late->angles] = (pauli_angle){.slot = fixed ? -1 : angle->slot,
                                              .scale = fixed ? 0.0 : factor * angle->scale,
                                              .offset = factor * angle->offset,
                                              .data = angle->source == ENT_ANGLE_DATA};
    return add(late, &on, 0, (int)late->angles++);
}

static ent_status quarters(pauli_late *late, ent_pauli on, int count)
{
    return add(late, &on, count, -1);
}

/* A rotation by half the angle, and one about the string times the control's Z by minus half the angle. */
static ent_status controlled(pauli_late *late, ent_pauli target, ent_pauli control, const ent_angle *angle)
{
    ENT_TRY(rotate(late, target, 0.5, angle));
    return rotate(late, pauli_times(&target, &control), -0.5, angle);
}

/* exp(i pi/4 (1 - Z)(1 - P)) */
static ent_status controlled_pauli(pauli_late *late, ent_pauli target, ent_pauli control)
{
    ENT_TRY(quarters(late, control, 1));
    ENT_TRY(quarters(late, target, 1));
    return quarters(late, pauli_times(&target, &control), 3);
}

/* diag(1, 1, 1, e^it) */
static ent_status controlled_phase(pauli_late *late, ent_pauli a, ent_pauli b, const ent_angle *angle)
{
    ENT_TRY(rotate(late, a, 0.5, angle));
    ENT_TRY(rotate(late, b, 0.5, angle));
    return rotate(late, pauli_times(&a, &b), -0.5, angle);
}

/* exp(-i pi/4 (XX + YY + ZZ)) */
static ent_status swap(pauli_late *late, int a, int b)
{
    for (int axis = PAULI_X; axis <= PAULI_Z; axis++) {
        const ent_pauli on_a = pauli_single(axis, a), on_b = pauli_single(axis, b);
        ENT_TRY(quarters(late, pauli_times(&on_a, &on_b), 1));
    }
    return ENT_OK;
}

static ent_status late_1q(pauli_late *late, const ent_gate *gate)
{
    const int q = gate->qubit[0];
    const ent_angle eighth = ent_angle_fixed(gate->kind == ENT_T ? PI / 4 : -PI / 4);
    switch (gate->kind) {
    case ENT_X:
    case ENT_Y:
    case ENT_Z:
        return quarters(late, pauli_single((int)gate->kind - ENT_X + PAULI_X, q), 2);
    case ENT_H: /* RY(pi/2) Z */
        ENT_TRY(quarters(late, pauli_single(PAULI_Z, q), 2));
        return quarters(late, pauli_single(PAULI_Y, q), 1);
    case ENT_S:
        return quarters(late, pauli_single(PAULI_Z, q), 1);
    case ENT_SDG:
        return quarters(late, pauli_single(PAULI_Z, q), 3);
    case ENT_T:
    case ENT_TDG:
        return rotate(late, pauli_single(PAULI_Z, q), 1.0, &eighth);
    case ENT_SX:
        return quarters(late, pauli_single(PAULI_X, q), 1);
    case ENT_RX:
    case ENT_RY:
    case ENT_RZ:
        return rotate(late, pauli_single((int)gate->kind - ENT_RX + PAULI_X, q), 1.0, &gate->angle);
    default: /* P */
        return rotate(late, pauli_single(PAULI_Z, q), 1.0, &gate->angle);
    }
}

static ent_status late_2q(pauli_late *late, const ent_gate *gate)
{
    const int a = gate->qubit[0], b = gate->qubit[1];
    const ent_pauli control = pauli_single(PAULI_Z, a);
    switch (gate->kind) {
    case ENT_CX:
    case ENT_CY:
    case ENT_CZ:
        return controlled_pauli(late, pauli_single((int)gate->kind - ENT_CX + PAULI_X, b), control);
    case ENT_SWAP:
        return swap(late, a, b);
    case ENT_CRX:
    case ENT_CRY:
    case ENT_CRZ:
        return controlled(late, pauli_single((int)gate->kind - ENT_CRX + PAULI_X, b), control, &gate->angle);
    case ENT_CP:
        return controlled_phase(late, control, pauli_single(PAULI_Z, b), &gate->angle);
    default: { /* RXX, RYY, RZZ */
        const int axis = (int)gate->kind - ENT_RXX + PAULI_X;
        const ent_pauli on_a = pauli_single(axis, a), on_b = pauli_single(axis, b);
        return rotate(late, pauli_times(&on_a, &on_b), 1.0, &gate->angle);
    }
    }
}

static ent_status late_gate(void *late, const ent_gate *gate)
{
    switch (ent_gate_describe(gate->kind)->qubits) {
    case 1:
        return late_1q(late, gate);
    case 2:
        return late_2q(late, gate);
    default:
        return ent_qft_spell_out(gate, late_gate, late);
    }
}

ent_status ent_pauli_late_gate(pauli_late *late, const ent_gate *gate)
{
    return late_gate(late, gate);
}

ent_status ent_pauli_late_quarters(pauli_late *late, int quarters, int *angle)
{
    const double t = quarters * PI / 2;
    for (*angle = 0; *angle < late->angles; ++*angle) {
        const pauli_angle *a = &late->angle[*angle];
        if (a->slot < 0 && !a->data && a->offset == t) return ENT_OK;
    }
    if (!ent_grow((void **)&late->angle, &late->angle_room, late->angles, sizeof *late->angle)) return no_memory();
    late->angle[late->angles++] = (pauli_angle){.slot = -1, .offset = t};
    return ENT_OK;
}

static ent_bits qubits_of(const ent_gate *gate)
{
    ent_bits bits = {0};
    ent_bits_add(&bits, gate->qubit[0]);
    ent_bits_add(&bits, gate->qubit[1]);
    if (ent_gate_describe(gate->kind)->qubits == 0)
        for (int q = gate->qubit[0]; q < gate->qubit[1]; q++) ent_bits_add(&bits, q);
    return bits;
}

static ent_status check_late(const ent_gate *gate, bool several)
{
    const ent_gate_info *info = ent_gate_describe(gate->kind);
    ENT_REQUIRE(info->qubits > 0 || !several, ENT_EARG,
                "pauli engine: found gate %s over several registers, want gates on one or two qubits there",
                info->name);
    return ENT_OK;
}

static ent_status place_gate(void *context, const ent_gate *gate)
{
    split *s = context;
    if (s->noise && ent_gate_describe(gate->kind)->qubits == 0) return ent_qft_spell_out(gate, place_gate, s);
    const ent_bits touched = qubits_of(gate);
    const int home = s->owner[gate->qubit[0]], first = s->circuit->register_first[home];
    const bool several = s->owner[gate->qubit[1]] != home;
    if (several || ent_bits_count(ent_bits_and(touched, s->behind)) > 0) {
        ENT_TRY(check_late(gate, several));
        s->behind = ent_bits_or(s->behind, touched);
        ENT_TRY(late_gate(s->late, gate));
        return s->noise ? ent_pauli_late_channels(s->late, gate, s->noise) : ENT_OK;
    }
    ent_gate moved = *gate;
    moved.qubit[0] -= first;
    moved.qubit[1] -= first;
    return ent_circuit_add(s->early[home], moved);
}

ent_status ent_pauli_split(const ent_circuit *circuit, const ent_qubit_noise *noise, ent_circuit **early,
                           pauli_late *late)
{
    split s = {.circuit = circuit, .noise = noise, .early = early, .late = late};
    for (int m = 0; m < circuit->registers; m++) {
        const int first = circuit->register_first[m], end = circuit->register_first[m + 1];
        for (int q = first; q < end; q++) s.owner[q] = m;
        ENT_TRY(ent_circuit_new(end - first, circuit->params, circuit->angles, &early[m]));
    }
    for (int64_t g = 0; g < circuit->gates; g++) ENT_TRY(place_gate(&s, &circuit->gate[g]));
    return noise ? ent_pauli_late_readout_errors(late, noise, circuit->qubits) : ENT_OK;
}

void ent_pauli_late_clear(pauli_late *late)
{
    ent_free(late->rotation);
    ent_free(late->angle);
    ent_free(late->channel);
    *late = (pauli_late){0};
}
