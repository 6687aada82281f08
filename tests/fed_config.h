/* A small configuration of a federation: two modalities, everything else near its default; and a data set for it. */
#ifndef ENTENTE_TESTS_FED_CONFIG_H
#define ENTENTE_TESTS_FED_CONFIG_H

#include "entente/synth.h"
#include "fed/fed.h"

static inline ent_config fed_config(const char *data)
{
    static const char *modalities[] = {"text", "audio"};
    ent_config c;
    ent_config_default(&c);
    c.data = (ent_config_data){data, modalities, 2, "class", ENT_TASK_AUTO, 10.0};
    c.model.readout = ENT_READ_ZZ;
    c.missing.rate[0] = c.missing.rate[1] = 0.3;
    c.federation.clients = 7;
    c.federation.rounds = 2;
    c.server.mu = 0.1;
    c.attack.share = 0.3;
    c.attack.strength = 1.5;
    c.system.rate = 0.7;
    c.system.period = 4.0;
    c.client.batch = 8;
    c.client.learning_rate = 0.05;
    c.run.threads = 1;
    c.run.checkpoint_every = 0;
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

/* Buffered asynchronous rounds with clients of different speeds. */
static inline void fed_buffered(ent_config *c, int concurrency, int buffer)
{
    c->system.mode = ENT_MODE_FEDBUFF;
    c->system.concurrency = concurrency;
    c->system.buffer = buffer;
    c->system.speed_spread = 1.0;
}

/* To follow a training: fails after round *context, counted from 0. */
static inline ent_status fail_after_round(void *context, const ent_federation *federation, const ent_round *round)
{
    (void)federation;
    return round->round == *(const int64_t *)context ? ent_fail(ENT_EIO, "log: full") : ENT_OK;
}

static inline ent_synth_inp fed_data(int64_t rows)
{
    static const char *const names[] = {"text", "audio"};
    return (ent_synth_inp){.rows = rows,
                           .modalities = 2,
                           .names = names,
                           .dimension = {4, 3},
                           .classes = 2,
                           .groups = 9,
                           .own = 1.0,
                           .cross = 1.0,
                           .noise = 0.3,
                           .missing = 0.1,
                           .seed = 1};
}

#endif
