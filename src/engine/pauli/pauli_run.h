/* Execution of a compiled circuit, for the engine and for registers distributed over ranks: registers forward, the
 * form on their values, registers backward. */
#ifndef ENTENTE_ENGINE_PAULI_RUN_H
#define ENTENTE_ENGINE_PAULI_RUN_H

#include "entente/engine.h"
#include "pauli_kernels.h"

typedef struct {
    pauli_plan *plan;
    const batch_kernels *batch, *batch_narrow; /* narrow: for a group that is at most half full, or NULL */
    const pauli_kernels *kernels, *narrow;
    const state_kernels *state;
    int chunk;
    bool large;     /* some register runs on the state engine: one sample at a time, shared by threads */
    int threads;    /* of these */
    double *params; /* of the current call */
    char name[32];
} pauli_engine;

/* Errors: ENT_EARG as ent_pauli_plan_new, ENT_ENOMEM. */
ent_status ent_pauli_engine_new(const ent_circuit *circuit, const ent_program_inp *inp, pauli_engine **out);
void ent_pauli_engine_free(pauli_engine *engine);
/* Once per parameter vector. */
void ent_pauli_engine_prepare(pauli_engine *engine, const double *params);

/* REGISTERS: those selected by `mine` [parts] (NULL: all), with memory for the values of the others.  FORM: what the
 * form needs; without REGISTERS the caller sets `value` for its kernels, and resets it to NULL at the end.
 * Errors: ENT_ENOMEM. */
enum { PAULI_REGISTERS = 1, PAULI_FORM = 2 };
ent_status ent_pauli_worker_new(const pauli_engine *engine, const bool *mine, int what, pauli_worker **out);
/* Allocate the additional memory of a gradient, unless it exists. */
ent_status ent_pauli_worker_back(const pauli_engine *engine, pauli_worker *worker);
void ent_pauli_worker_free(pauli_worker *worker);
/* Bytes of the states of the registers selected by `mine`: of a forward run, and with a gradient. */
void ent_pauli_worker_bytes(const pauli_engine *engine, const bool *mine, double count[2]);

/* Begin the next group of a chunk that has `left` samples left; returns the size of the group.  Slopes of the other
 * width are added to `total` [form.entries]; NULL: there are none. */
int ent_pauli_worker_use(const pauli_engine *engine, pauli_worker *worker, int64_t left, double *total);
/* Run the worker's registers on the data angles of `count` samples; keep: for the backward sweep. */
void ent_pauli_registers_forward(const pauli_engine *engine, pauli_worker *worker, const double *angles, int count,
                                 bool keep);
/* The backward sweep: from the derivatives of its values, add those of parameters and of data angles (from the first
 * sample on); grad_angles may be NULL. */
void ent_pauli_registers_backward(const pauli_engine *engine, pauli_worker *worker, int count, double *grad_params,
                                  double *grad_angles);

/* Add the slopes of late data angles to those of the registers; mine [form.waves]: only these, NULL: all. */
void ent_pauli_add_waves(const pauli_plan *plan, const pauli_worker *worker, const bool *mine, int count,
                         double *grad_angles);

/* What a large register reports of one sample, or the derivatives of it: [the part's values], all in lane 0. */
void ent_pauli_set_values(const pauli_engine *engine, pauli_worker *worker, int part, const double *values);
void ent_pauli_get_values(const pauli_engine *engine, const pauli_worker *worker, int part, double *values);

/* Multiply-adds per sample of a forward run of a register. */
double ent_pauli_part_cost(const pauli_part *part);

#endif
