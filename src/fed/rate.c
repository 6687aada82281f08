/* The learning rate of a block of parameters in a round.
 *
 * If a step of Adam moves every weight by about the rate, a weighted sum of d inputs of variance 1 moves by about
 * rate * sqrt(d), and by at most about rate * d; so the weights of a trainable map get rate / sqrt(d), and the
 * resulting angles move by about the same amount for any d.  The head gets three times the rate
 * (benchmarks/choose_defaults.py). */
#include <math.h>

#include "entente/rule.h"

static double base_rate(const ent_config_client *c, const ent_block *block)
{
    const double rate = c->learning_rate;
    const bool map = block->role == ENT_ROLE_MAP, head = block->role == ENT_ROLE_HEAD;
    if (c->optimizer == ENT_QNG && block->role == ENT_ROLE_CIRCUIT) return c->natural_rate;
    const double own = map ? c->map_learning_rate : head ? c->head_learning_rate : -1.0;
    if (own != 0.0) return own > 0.0 ? own : rate;
    return map ? rate / sqrt(block->fan_in) : 3.0 * rate;
}

static double schedule(const ent_config *config, int64_t round)
{
    const ent_config_client *c = &config->client;
    const double pi = 3.14159265358979323846, rounds = config->federation.rounds;
    switch (c->schedule) {
    case ENT_SCHEDULE_COSINE:
        return (double)round < rounds ? 0.5 + 0.5 * cos(pi * (double)round / rounds) : 0.0;
    case ENT_SCHEDULE_STEP:
        return pow(c->step_factor, (double)(round / c->step_rounds));
    default:
        return 1.0;
    }
}

double ent_client_rate(const ent_config *config, const ent_block *block, int64_t round)
{
    const double warm = config->client.warm_up, begun = (double)round + 1.0;
    const double rise = begun < warm ? begun / warm : 1.0;
    return base_rate(&config->client, block) * schedule(config, round) * rise;
}
