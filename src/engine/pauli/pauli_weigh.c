/* Estimates: the cost of a circuit on the pauli engine, and on the others. */
#include <math.h>
#include <stdio.h>

#include "pauli_run.h"

/* Multiply-adds per amplitude of a rotation, and of the readout of a string. */
static const double ROTATION_COST = 2.0, STRING_COST = 1.5;

/* A gate that changes only the meaning of amplitudes costs nothing; a QFT costs about its number of qubits. */
static double rotations_of(const ent_gate *gate)
{
    const ent_gate_kind kind = gate->kind;
    if (kind == ENT_X || kind == ENT_CX || kind == ENT_SWAP) return 0.0;
    return ent_gate_describe(kind)->qubits == 0 ? 1.0 + gate->qubit[1] - gate->qubit[0] : 1.0;
}

static double gates_cost(const ent_circuit *circuit)
{
    double rotations = 0.0;
    for (int64_t g = 0; g < circuit->gates; g++) rotations += rotations_of(&circuit->gate[g]);
    return ROTATION_COST * ldexp(rotations, circuit->qubits);
}

/* Registers are separate until a gate connects them, as in the engines. */
static double whole_cost(const ent_circuit *circuit)
{
    bool late[ENT_MAX_QUBITS] = {false};
    double cost = 0.0;
    for (int64_t g = 0; g < circuit->gates; g++) {
        const ent_gate *gate = &circuit->gate[g];
        int m = 0;
        while (gate->qubit[0] >= circuit->register_first[m + 1]) m++;
        const int size = circuit->register_first[m + 1] - circuit->register_first[m];
        const bool several = gate->qubit[1] >= circuit->register_first[m + 1];
        const bool joined = several || late[gate->qubit[0]] || late[gate->qubit[1]];
        for (int q = gate->qubit[0]; joined && q != gate->qubit[1]; q += q < gate->qubit[1] ? 1 : -1)
            if (ent_gate_describe(gate->kind)->qubits == 0) late[q] = true;
        late[gate->qubit[0]] |= joined;
        late[gate->qubit[1]] |= joined;
        cost += ROTATION_COST * ldexp(rotations_of(gate), joined ? circuit->qubits : size);
    }
    return cost + ldexp(2.0, circuit->qubits);
}

double ent_pauli_part_cost(const pauli_part *part)
{
    const ent_circuit *circuit = part->circuit;
    return gates_cost(circuit) + STRING_COST * ldexp(circuit->readouts, circuit->qubits);
}

static double plan_cost(const pauli_plan *plan)
{
    double cost = ent_pauli_form_cost(&plan->form);
    for (int k = 0; k < plan->parts; k++) cost += ent_pauli_part_cost(&plan->part[k]);
    return cost;
}

/* The parts that the readouts depend on, as in a plan. */
static void describe_cones(const ent_circuit *circuit, const pauli_form *form, ent_engine_weight *out)
{
    for (int r = 0; r < circuit->readouts; r++) {
        const int qubits = ent_bits_count(form->cone[r]);
        if (r == 0 || qubits < out->depends[0]) out->depends[0] = qubits;
        if (qubits > out->depends[1]) out->depends[1] = qubits;
        for (int m = 0; m < circuit->registers; m++) {
            const int here = ent_bits_count(ent_bits_and(form->cone[r], form->qubits[m]));
            if (here > out->depends_in_one) out->depends_in_one = here;
        }
    }
}

/* With the widest vectors. */
static double plan_bytes(const pauli_plan *plan)
{
    double vectors = (double)(2 * plan->form.nodes + plan->form.entries), states = 0.0;
    for (int k = 0; k < plan->parts; k++) {
        const int qubits = plan->part[k].circuit->qubits;
        if (qubits <= PAULI_BATCH_QUBITS)
            vectors += ldexp(8.0, qubits);
        else
            states += 2.0 * ent_state_bytes(qubits, ENT_DOUBLE);
    }
    return 64.0 * vectors + states;
}

bool ent_engine_takes_pauli(const ent_circuit *circuit, const ent_engine_weight *weight)
{
    return circuit->registers > 1 && weight->pauli < weight->whole;
}

/* If the whole state is small, also at most as many as are found quickly. */
static int64_t terms_that_pay(const ent_circuit *circuit, double whole)
{
    enum { SMALL_QUBITS = 20, SMALL_TERMS = 1 << 15 };
    const int64_t most = circuit->qubits <= SMALL_QUBITS ? SMALL_TERMS : PAULI_MOST_TERMS;
    return whole / 4.0 < (double)most ? (int64_t)(whole / 4.0) : most;
}

ent_status ent_engine_weigh(const ent_circuit *circuit, bool forced, ent_engine_weight *out)
{
    pauli_plan *plan = NULL;
    *out = (ent_engine_weight){.whole = whole_cost(circuit), .pauli = INFINITY};
    const int64_t most = forced ? PAULI_MOST_TERMS : terms_that_pay(circuit, out->whole);
    const ent_status status = ent_pauli_plan_new(circuit, NULL, ENT_DOUBLE, most, &plan);
    if (status == ENT_ENOMEM) return status;
    if (status != ENT_OK) {
        snprintf(out->reason, sizeof out->reason, "%s", ent_message());
        return ENT_OK;
    }
    out->pauli = plan_cost(plan);
    out->values = plan->form.atoms;
    out->bytes = plan_bytes(plan);
    describe_cones(circuit, &plan->form, out);
    ent_pauli_plan_free(plan);
    return ENT_OK;
}
