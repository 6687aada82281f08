/* The two engines that run circuits with noise: density matrices, and trajectories. */
#ifndef ENTENTE_ENGINE_NOISE_ENGINES_H
#define ENTENTE_ENGINE_NOISE_ENGINES_H

#include "engine/engines.h"

extern const ent_engine ent_engine_noise, ent_engine_trajectories;

#endif
