/* How a compiled circuit runs, for the engine and for registers that are dealt to ranks: registers forward, the form
 * on their values, registers back. */
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
    bool large;     /* some register runs on the state engine: one sample at a time, threads inside */
    int threads;    /* of these */
    double *params; /* of the call that runs */
    char name[32];
} pauli_engine;

/* Errors: ENT_EARG as ent_pauli_plan_new, ENT_ENOMEM. */
ent_status ent_pauli_engine_new(const ent_circuit *circuit, const ent_program_inp *inp, pauli_engine **out);
void ent_pauli_engine_free(pauli_engine *engine);
/* Once for parameters. */
void ent_pauli_engine_prepare(pauli_engine *engine, const double *params);

/* REGISTERS: those that `mine` [parts] says (NULL: all), with room for the values of the others.  FORM: what the form
 * needs; without REGISTERS `value` is to be set for its kernels, and to be NULL at the end.  Errors: ENT_ENOMEM. */
enum { PAULI_REGISTERS = 1, PAULI_FORM = 2 };
ent_status ent_pauli_worker_new(const pauli_engine *engine, const bool *mine, int what, pauli_worker **out);
/* What a gradient needs besides; nothing where it is there. */
ent_status ent_pauli_worker_back(const pauli_engine *engine, pauli_worker *worker);
void ent_pauli_worker_free(pauli_worker *worker);
/* Bytes of the states of the registers that `mine` says: of a forward run, and with a gradient. */
void ent_pauli_worker_bytes(const pauli_engine *engine, const bool *mine, double count[2]);

/* For the next group of a chunk of which `left` samples are left: how many it has.  The slopes so far go to `total`
 * [form.entries] where they are of the other width; NULL: there are none. */
int ent_pauli_worker_use(const pauli_engine *engine, pauli_worker *worker, int64_t left, double *total);
/* The worker's registers from the data angles of `count` samples to its values; keep: for the way back. */
void ent_pauli_registers_forward(const pauli_engine *engine, pauli_worker *worker, const double *angles, int count,
                                 bool keep);
/* From the derivatives by its values to those by parameters and data angles of the first sample and on, which are
 * added to; grad_angles may be NULL. */
void ent_pauli_registers_backward(const pauli_engine *engine, pauli_worker *worker, int count, double *grad_params,
                                  double *grad_angles);

/* What a large register reports of one sample, or the derivatives by it: [the part's values], all in lane 0. */
void ent_pauli_set_values(const pauli_engine *engine, pauli_worker *worker, int part, const double *values);
void ent_pauli_get_values(const pauli_engine *engine, const pauli_worker *worker, int part, double *values);

/* Multiply-adds of a forward run of a register, and of everything else, for a sample. */
double ent_pauli_part_cost(const pauli_part *part);
double ent_pauli_form_cost(const pauli_form *form);

#endif
