/* The simulated clients: functions of the configuration, seeds.sampling, the client and the round.
 *
 *   bernoulli    available with probability `rate`
 *   per_client   with its own probability: its log-odds are those of `rate` plus `spread` times a normal number
 *   diurnal      with probability rate + min(rate, 1 - rate) sin(2 pi (round / period + spread u)), u the client's
 *                phase in 0..1: the mean over a day is `rate`
 *   speed        `speed` exp(speed_spread z) samples per second, z normal (log-normal) */
#include <math.h>

#include "entente/random.h"
#include "timeline.h"

/* b of the streams ENT_FOR_SYSTEM. */
enum { ITS_RATE, ITS_PHASE, ITS_SPEED };

static ent_random property(const ent_population *p, int64_t client, int which)
{
    return ent_random_at(p->config->seeds.sampling, ENT_FOR_SYSTEM, (uint64_t)client, (uint64_t)which);
}

static double chance(const ent_population *p, int64_t client, int64_t round)
{
    const double two_pi = 6.28318530717958647692;
    const ent_config_system *c = &p->config->system;
    ent_random stream;
    switch (c->availability) {
    case ENT_AVAILABLE_ALWAYS:
        return 1.0;
    case ENT_AVAILABLE_BERNOULLI:
        return c->rate;
    case ENT_AVAILABLE_PER_CLIENT:
        stream = property(p, client, ITS_RATE);
        return c->rate / (c->rate + (1.0 - c->rate) * exp(-c->spread * ent_random_normal(&stream)));
    case ENT_AVAILABLE_DIURNAL:
        stream = property(p, client, ITS_PHASE);
        return c->rate + fmin(c->rate, 1.0 - c->rate) *
                             sin(two_pi * ((double)round / c->period + c->spread * ent_random_uniform(&stream)));
    }
    return 1.0;
}

bool ent_client_is_available(const ent_population *p, int64_t client, int64_t round)
{
    if (p->config->system.availability == ENT_AVAILABLE_ALWAYS) return true;
    ent_random stream =
        ent_random_at(p->config->seeds.sampling, ENT_FOR_AVAILABLE, (uint64_t)client, (uint64_t)round);
    return ent_random_uniform(&stream) < chance(p, client, round);
}

double ent_client_seconds(const ent_population *p, int64_t client)
{
    const ent_config_system *c = &p->config->system;
    ent_random stream = property(p, client, ITS_SPEED);
    const double speed = c->speed_spread > 0.0 ? c->speed * exp(c->speed_spread * ent_random_normal(&stream))
                                               : c->speed;
    return c->latency_s + (double)(ent_client_rows_count(p, client) * p->config->client.epochs) / speed;
}

bool ent_client_drops_out(const ent_population *p, int64_t client, int64_t draw)
{
    const double dropout = p->config->system.dropout;
    ent_random stream = ent_random_at(p->config->seeds.sampling, ENT_FOR_DROPOUT, (uint64_t)client, (uint64_t)draw);
    return dropout > 0.0 && ent_random_uniform(&stream) < dropout;
}
