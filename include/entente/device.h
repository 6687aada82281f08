/* The device that runs a model's circuits: its noise, its readout, its limits.
 *
 * Random numbers (trajectories, shots) are functions of the device's seed and of the fields `draw` and `row` of
 * ent_samples. */
#ifndef ENTENTE_DEVICE_H
#define ENTENTE_DEVICE_H

#include <stdint.h>

#include "entente/noise.h"

/* ADJOINT: exact derivatives, with shots with normal noise of their variance; SHIFT: the parameter-shift rule, each
 * value from `shots` shots (see ent_shot_gradient).  SPSA: of all parameters at once, from the loss at two
 * points along a random direction (Spall 1992, "Multivariate stochastic approximation using a simultaneous
 * perturbation gradient approximation"). */
typedef enum { ENT_GRADIENT_ADJOINT, ENT_GRADIENT_SHIFT, ENT_GRADIENT_SPSA } ent_gradient_kind;

typedef struct {
    const ent_qubit_noise *noise; /* [registers] of each qubit of register m; NULL: none */
    ent_noise_method method;
    int trajectories;
    int64_t shots; /* 0: exact expectation values */
    ent_gradient_kind gradient;
    double spsa_step; /* distance of the two points from the parameters, in each of these */
    int layers;       /* number of layers of the registers' circuits, further ones are left out; 0: all */
    int qubits;       /* of each register the first ones, what is also on another is left out; 0: all */
    uint64_t seed;
} ent_device;

#endif
