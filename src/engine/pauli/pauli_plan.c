/* From a circuit to a plan, and the coefficients for given parameters. */
#include "pauli_plan.h"

#include <math.h>
#include <string.h>

#include "entente/memory.h"

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "pauli engine: no memory for the plan of a circuit");
}

/* ---- the registers ---- */

static int register_of(const ent_circuit *circuit, int qubit)
{
    int m = 0;
    while (qubit >= circuit->register_first[m + 1]) m++;
    return m;
}

/* A string moved down to qubit 0. */
static ent_pauli moved_down(const ent_pauli *string, int first)
{
    ent_pauli moved = {0};
    for (int q = first; q < ENT_MAX_QUBITS; q++) {
        if (ent_bits_has(&string->x, q)) ent_bits_add(&moved.x, q - first);
        if (ent_bits_has(&string->z, q)) ent_bits_add(&moved.z, q - first);
    }
    return moved;
}

/* The part of register m, which is created when first needed. */
static int part_of(pauli_plan *plan, int m)
{
    int k = 0;
    while (k < plan->parts && plan->part[k].home != m) k++;
    if (k == plan->parts) {
        plan->part[plan->parts++] = (pauli_part){.home = m, .circuit = plan->early[m]};
        plan->early[m] = NULL;
    }
    return k;
}

/* Each register reads the strings that are needed; until there are batch plans, `value` numbers them. */
static ent_status read_atoms(const ent_circuit *circuit, pauli_plan *plan)
{
    plan->input = ent_alloc(plan->form.atoms, sizeof *plan->input);
    plan->part = ent_alloc(circuit->registers, sizeof *plan->part);
    if (!plan->input || !plan->part) return no_memory();
    for (int64_t k = 0; k < plan->form.atoms; k++) {
        const pauli_atom *atom = &plan->form.atom[k];
        const int m = register_of(circuit, ent_bits_last(pauli_support(&atom->string)));
        const ent_pauli string = moved_down(&atom->string, circuit->register_first[m]);
        const int part = part_of(plan, m);
        plan->input[k] = (pauli_input){atom->node, part, plan->part[part].circuit->readouts, 1.0};
        ENT_TRY(ent_circuit_read_pauli(plan->part[part].circuit, &string));
    }
    return ENT_OK;
}

static ent_status make_room(pauli_plan *plan)
{
    const size_t real = plan->precision == ENT_SINGLE ? sizeof(float) : sizeof(double);
    plan->turned = ent_alloc(plan->late.angles, sizeof *plan->turned);
    plan->slope = ent_alloc(plan->late.angles, sizeof *plan->slope);
    plan->value = ent_alloc(ent_pauli_tape_room(&plan->tape), sizeof *plan->value);
    plan->bar = ent_alloc(plan->tape.slots, sizeof *plan->bar);
    plan->coefficient = ent_alloc(plan->form.entries, real);
    return plan->turned && plan->slope && plan->value && plan->bar && plan->coefficient ? ENT_OK : no_memory();
}

ent_status ent_pauli_plan_new(const ent_circuit *circuit, const ent_qubit_noise *noise, ent_precision precision,
                              int64_t most, pauli_plan **out)
{
    pauli_plan *plan = ent_alloc(1, sizeof *plan);
    if (!plan) return no_memory();
    *plan = (pauli_plan){.precision = precision,
                         .registers = circuit->registers,
                         .readouts = circuit->readouts,
                         .params = circuit->params,
                         .angles = circuit->angles};
    plan->early = ent_alloc(circuit->registers, sizeof *plan->early);
    ent_status status = plan->early ? ent_pauli_split(circuit, noise, plan->early, &plan->late) : no_memory();
    if (status == ENT_OK) status = ent_pauli_form_make(circuit, &plan->late, most, &plan->tape, &plan->form);
    if (status == ENT_OK) status = read_atoms(circuit, plan);
    if (status == ENT_OK) status = make_room(plan);
    plan->form.circuit = NULL; /* it may be freed */
    if (status != ENT_OK) {
        ent_pauli_plan_free(plan);
        return status;
    }
    *out = plan;
    return ENT_OK;
}

void ent_pauli_plan_free(pauli_plan *plan)
{
    if (!plan) return;
    for (int m = 0; plan->early && m < plan->registers; m++) ent_circuit_free(plan->early[m]);
    for (int k = 0; k < plan->parts; k++) {
        ent_circuit_free(plan->part[k].circuit);
        ent_batch_plan_free(plan->part[k].plan);
        ent_state_plan_free(plan->part[k].large);
    }
    ent_free(plan->early);
    ent_free(plan->part);
    ent_pauli_late_clear(&plan->late);
    ent_pauli_tape_clear(&plan->tape);
    ent_pauli_form_clear(&plan->form);
    ent_free(plan->input);
    ent_free(plan->turned);
    ent_free(plan->value);
    ent_free(plan->slope);
    ent_free(plan->bar);
    ent_free(plan->coefficient);
    ent_free(plan);
}

static int batch_limit;

void ent_pauli_limit_batch(int qubits)
{
    batch_limit = qubits;
}

static ent_status plan_part(pauli_part *part, const batch_shape *shape, const state_shape *large)
{
    if (part->circuit->qubits > (batch_limit > 0 ? batch_limit : PAULI_BATCH_QUBITS)) {
        part->values = part->circuit->readouts;
        return ent_state_plan_new(part->circuit, large, &part->large);
    }
    ENT_TRY(ent_batch_plan_new(part->circuit, shape, &part->plan));
    part->values = part->plan->values;
    return ENT_OK;
}

ent_status ent_pauli_plan_registers(pauli_plan *plan, const batch_shape *shape, const state_shape *large)
{
    for (int k = 0; k < plan->parts; k++) {
        const ent_status status = plan_part(&plan->part[k], shape, large);
        if (status != ENT_OK)
            return ent_fail_in(status, "register %d of %d", plan->part[k].home + 1, plan->registers);
    }
    for (int64_t k = 0; k < plan->form.atoms; k++) {
        pauli_input *input = &plan->input[k];
        const batch_plan *from = plan->part[input->part].plan;
        if (!from) continue; /* a large register reports its readouts themselves */
        input->sign = from->list.sign[input->value];
        input->value = from->value[input->value];
    }
    return ENT_OK;
}

/* ---- coefficients ---- */

void ent_pauli_plan_prepare(pauli_plan *plan, const double *params)
{
    for (int64_t k = 0; k < plan->late.angles; k++) {
        const pauli_angle *angle = &plan->late.angle[k];
        if (angle->data) continue; /* of each sample */
        const double t = angle->offset + (angle->slot < 0 ? 0.0 : angle->scale * params[angle->slot]);
        plan->turned[k][0] = cos(t);
        plan->turned[k][1] = sin(t);
    }
    ent_pauli_tape_run(&plan->tape, (const double(*)[2])plan->turned, plan->value);
    for (int64_t k = 0; k < plan->form.entries; k++) {
        const pauli_entry *entry = &plan->form.entry[k];
        const double value = entry->sign * plan->value[entry->slot];
        if (plan->precision == ENT_SINGLE)
            ((float *)plan->coefficient)[k] = (float)value;
        else
            ((double *)plan->coefficient)[k] = value;
    }
}

void ent_pauli_plan_collect(const pauli_plan *plan, const double *by_entry, double *grad_params)
{
    memset(plan->bar, 0, (size_t)plan->tape.slots * sizeof *plan->bar);
    memset(plan->slope, 0, (size_t)plan->late.angles * sizeof *plan->slope);
    for (int64_t k = 0; k < plan->form.entries; k++)
        plan->bar[plan->form.entry[k].slot] += plan->form.entry[k].sign * by_entry[k];
    ent_pauli_tape_back(&plan->tape, (const double(*)[2])plan->turned, plan->value, plan->bar, plan->slope);
    for (int64_t k = 0; k < plan->late.angles; k++)
        if (plan->late.angle[k].slot >= 0 && !plan->late.angle[k].data)
            grad_params[plan->late.angle[k].slot] += plan->late.angle[k].scale * plan->slope[k];
}
