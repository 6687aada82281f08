/* Readouts in the Heisenberg picture: sums of Pauli strings, propagated back through the late gates. */
#ifndef ENTENTE_ENGINE_PAULI_SPREAD_H
#define ENTENTE_ENGINE_PAULI_SPREAD_H

#include "pauli_late.h"

/* The coefficients of all strings are slots of one array.  A rotation by t turns pairs of them against each other:
 *   c[a], c[b] = cos t c[a] - sin t c[b], cos t c[b] + sin t c[a]
 * so running the tape of all turns for given angles gives their values, and running it back gives the derivatives.
 * angle -1 - k: not a turn but damp k, which cannot be undone, so c[a] is saved before it:
 *   c[a], c[b] = keep c[a], c[b] + spill c[a] */
typedef struct {
    int a, b, angle;
} pauli_turn;

typedef struct {
    double keep, spill;
} pauli_damp;

typedef struct {
    int64_t slots, slot_room;
    double *start; /* [slots] before the first turn */
    int64_t turns, turn_room;
    pauli_turn *turn;
    int64_t damps, damp_room;
    pauli_damp *damp;
} pauli_tape;

/* Append.  Errors: ENT_ENOMEM. */
ent_status ent_pauli_tape_slot(pauli_tape *tape, double start, int *slot);
ent_status ent_pauli_tape_turn(pauli_tape *tape, int a, int b, int angle);
ent_status ent_pauli_tape_damp(pauli_tape *tape, int a, int b, double keep, double spill);
void ent_pauli_tape_clear(pauli_tape *tape);
/* The length of `value` below: the slots, and the numbers saved by damps. */
int64_t ent_pauli_tape_room(const pauli_tape *tape);

/* value [room]; turned [angles][cos, sin]. */
void ent_pauli_tape_run(const pauli_tape *tape, const double (*turned)[2], double *value);
/* bar [slots] the derivatives of the values; overwritten, as are the values.  slope [angles] is accumulated. */
void ent_pauli_tape_back(const pauli_tape *tape, const double (*turned)[2], double *value, double *bar,
                         double *slope);

/* sign * c[slot] * string */
typedef struct {
    ent_pauli string;
    int slot, sign;
} pauli_term;

typedef struct {
    int64_t count, room;
    pauli_term *term;
    pauli_map index;
} pauli_sum;

/* A sum of one string, with a new slot that starts at 1. */
ent_status ent_pauli_sum_start(pauli_sum *sum, const ent_pauli *string, pauli_tape *tape);
ent_status ent_pauli_sum_copy(const pauli_sum *from, pauli_sum *to);
/* F^dagger sum F for one rotation F.  Errors: ENT_ENOMEM; *fits is false if there would be more than `most` terms;
 * the sum is then unusable. */
ent_status ent_pauli_sum_rotate(pauli_sum *sum, const pauli_rotation *by, pauli_tape *tape, int64_t most, bool *fits);
void ent_pauli_sum_clear(pauli_sum *sum);

#endif
