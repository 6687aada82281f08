/* A circuit compiled for the pauli engine: the circuits of the registers, and the readouts as functions of their
 * values. */
#ifndef ENTENTE_ENGINE_PAULI_PLAN_H
#define ENTENTE_ENGINE_PAULI_PLAN_H

#include "engine/batch/batch_kernels.h"
#include "engine/state/state_plan.h"
#include "pauli_form.h"

/* A register that readouts depend on: its own circuit, with the needed strings as readouts. */
typedef struct {
    int home; /* the register */
    ent_circuit *circuit;
    batch_plan *plan;  /* NULL if the register does not run on the batch engine */
    int values;        /* numbers that it reports */
    state_plan *large; /* what runs it in that case */
} pauli_part;

/* An expectation value of a register: sign * its value, or just `sign` if value is -1. */
typedef struct {
    int node, part, value;
    double sign;
} pauli_input;

typedef struct {
    ent_precision precision;
    int registers, readouts, params, angles;
    ent_circuit **early; /* [registers] those that no readout depends on; else NULL */
    int parts;
    pauli_part *part; /* [parts] */
    pauli_late late;
    pauli_tape tape;
    pauli_form form;
    pauli_input *input;    /* [form.atoms] */
    double (*turned)[2];   /* [late.angles] cosine and sine; set by prepare */
    double *value, *slope; /* [tape's room] of the coefficients; [late.angles] */
    double *bar;           /* [tape.slots] */
    void *coefficient;     /* [form.entries], in the plan's precision */
} pauli_plan;

/* Without the registers' batch plans; noise as in ent_pauli_split.  Errors: ENT_EARG for a circuit that this engine
 * does not support, or that has more than `most` terms; ENT_ENOMEM. */
ent_status ent_pauli_plan_new(const ent_circuit *circuit, const ent_qubit_noise *noise, ent_precision precision,
                              int64_t most, pauli_plan **out);
void ent_pauli_plan_free(pauli_plan *plan);

/* Larger registers run on the state engine, one sample after another in passes over memory. */
enum { PAULI_BATCH_QUBITS = 16 };
/* For tests: another limit; 0 restores the default. */
void ent_pauli_limit_batch(int qubits);

/* The registers' plans, and the inputs.  Errors: ENT_ENOMEM. */
ent_status ent_pauli_plan_registers(pauli_plan *plan, const batch_shape *shape, const state_shape *large);

/* Coefficients for these parameters. */
void ent_pauli_plan_prepare(pauli_plan *plan, const double *params);
/* grad_params += the derivatives of the late angles; by_entry [form.entries]: those of the coefficients. */
void ent_pauli_plan_collect(const pauli_plan *plan, const double *by_entry, double *grad_params);

#endif
