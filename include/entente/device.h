/* The device that runs a model's circuits: its noise, how it reads, what it lacks.
 *
 * Random numbers (trajectories, shots) are functions of the device's seed and of what ent_samples says of its
 * samples. */
#ifndef ENTENTE_DEVICE_H
#define ENTENTE_DEVICE_H

#include <stdint.h>

#include "entente/noise.h"

/* ADJOINT: exact derivatives, with shots with normal noise of their variance; SHIFT: the parameter-shift rule, each
 * value from so many shots (ent_shot_gradient says more).  SPSA: of all parameters at once, from the loss at two
 * points along a random direction (Spall 1992, "Multivariate stochastic approximation using a simultaneous
 * perturbation gradient approximation"). */
typedef enum { ENT_GRADIENT_ADJOINT, ENT_GRADIENT_SHIFT, ENT_GRADIENT_SPSA } ent_gradient_kind;

typedef struct {
    const ent_qubit_noise *noise; /* [registers] of each qubit of register m; NULL: none */
    ent_noise_method method;
    int trajectories;
    int64_t shots; /* 0: exact expectation values */
    ent_gradient_kind gradient;
    double spsa_step; /* distance of the two points from the parameters, of each of them */
    int layers;       /* of the registers' circuits, those beyond are left out; 0: all */
    uint64_t seed;
} ent_device;

#endif
