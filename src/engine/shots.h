/* A program whose readouts are estimated from shots, around a program that computes them exactly. */
#ifndef ENTENTE_ENGINE_SHOTS_H
#define ENTENTE_ENGINE_SHOTS_H

#include "entente/engine.h"

typedef struct ent_shots ent_shots;

/* inp: including its shots.  Errors: as ent_program_new; ENT_EARG for fewer than 0 shots. */
ent_status ent_shots_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_shots **out);
void ent_shots_free(ent_shots *shots);
const char *ent_shots_describe(const ent_shots *shots);
void ent_shots_draw(ent_shots *shots, const ent_draws *draws);
ent_status ent_shots_forward(ent_shots *shots, const ent_batch *batch, double *expectations);
ent_status ent_shots_gradient(ent_shots *shots, const ent_batch *batch, ent_cotangent *cotangent, void *context,
                              double *grad_params, double *grad_angles);

/* second_methods.c: the parameter-shift rule of a gate with an angle: d f / d t = sum_k factor[k] f(t + shift[k]). */
typedef struct {
    int terms;
    double shift[4], factor[4];
} ent_shift_rule;
ent_shift_rule ent_shift_rule_of(ent_gate_kind kind);

#endif
