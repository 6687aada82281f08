/* The prefix of a plan: rotations of single bits that are not entangled yet, as 2-vectors. */
#ifndef ENTENTE_ENGINE_STATE_PRODUCT_H
#define ENTENTE_ENGINE_STATE_PRODUCT_H

#include "state_plan.h"

/* Compute bit [bits of the plan][2 amplitudes][re, im] from the angles of the rotations. */
void ent_state_product(const state_plan *plan, const double *angle, double *bit);

/* The slopes of the rotations of the prefix, after the bra before all passes has been contracted with the product:
 * part[k] [2^bits of the part][re, im] is, over the indices of the part's bits, the sum of conj(bra) times the
 * product of all other bits.  Low bits are part 0.  The parts are overwritten. */
void ent_state_product_slopes(const state_plan *plan, const double *angle, const double *bit, int low_bits,
                              double *part[2], double *slopes);

#endif
