/* A small configuration of a federation: two modalities, everything else near its default. */
#ifndef ENTENTE_TESTS_FED_CONFIG_H
#define ENTENTE_TESTS_FED_CONFIG_H

#include "fed/fed.h"

static inline ent_config fed_config(char *data)
{
    static char *modalities[] = {"text", "audio"};
    ent_config c = {.data = {data, modalities, 2, "class"},
                    .model = {.fusion = {ENT_PATTERN_RING, ENT_CRZ, 1}, .readout = ENT_READ_ZZ},
                    .missing = {.rate = {0.3, 0.3}},
                    .federation = {.clients = 7,
                                   .alpha = 0.5,
                                   .shards_per_client = 2,
                                   .participation = 1.0,
                                   .rounds = 2,
                                   .evaluate_every = 1},
                    .server = {.mu = 0.1,
                               .momentum = 0.9,
                               .beta1 = 0.9,
                               .beta2 = 0.99,
                               .tau = 0.001,
                               .alpha = 0.1,
                               .trim = 0.2,
                               .faulty = 1},
                    .attack = {.share = 0.3, .strength = 1.5},
                    .system = {.rate = 0.7, .spread = 1.0, .period = 4.0, .speed = 100.0, .max_staleness = 100},
                    .client = {1, 8, ENT_ADAM, 0.05, 0.9, 0.9, 0.999, 1e-8, 0.0, 0.0},
                    .seeds = {1, 2, 3, 4},
                    .run = {.shards = 1, .threads = 1}};
    for (int m = 0; m < 2; m++)
        c.model.registers[m] = (ent_config_register){.qubits = 2,
                                                     .layers = 1,
                                                     .angles = 1,
                                                     .ansatz = "hea",
                                                     .reduce = ENT_REDUCE_PCA,
                                                     .scale = 2.0,
                                                     .reupload = true};
    return c;
}

#endif
