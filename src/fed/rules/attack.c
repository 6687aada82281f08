/* Simulated Byzantine clients, which train but send something else.  With attack.strength s, in every block that the
 * client trained, its change d and whatever else the rule sends are replaced by:
 *
 *   sign_flip  -s d
 *   noise      N(0, s^2) in place of d (the Gaussian attack of Blanchard et al. 2017)
 *   scale      s d
 *   nan        NaN in place of d, for any s
 *
 * round(share n) of the n clients with training rows are Byzantine, the same in every round.  Their losses, sample
 * counts and the vectors that they keep are honest. */
#include <math.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "fed/server.h"

static int64_t attackers(const ent_population *p)
{
    const ent_config_attack *c = &p->config->attack;
    return c->kind == ENT_ATTACK_NONE ? 0 : llround(c->share * (double)(p->clients - p->empty_clients));
}

ent_status ent_attack_check(const ent_population *p)
{
    const ent_config_attack *c = &p->config->attack;
    const int64_t clients = p->clients - p->empty_clients;
    ENT_REQUIRE(c->kind == ENT_ATTACK_NONE || c->share == 0.0 || attackers(p) > 0, ENT_ECONFIG,
                "attack.share: found %g, which selects none of %lld clients, want at least %g", c->share,
                (long long)clients, 0.5 / (double)clients);
    return ENT_OK;
}

ent_status ent_attack_draw(const ent_population *p, uint8_t **byzantine)
{
    *byzantine = NULL;
    if (attackers(p) == 0) return ENT_OK;
    int64_t *order = ent_alloc(p->clients, sizeof *order);
    uint8_t *drawn = ent_alloc(p->clients, sizeof *drawn);
    if (order && drawn) {
        ent_random stream = ent_random_at(p->config->seeds.sampling, ENT_FOR_BYZANTINE, 0, 0);
        ent_random_permutation(&stream, p->clients, order);
        for (int64_t k = 0, left = attackers(p); left > 0; k++) {
            if (ent_client_rows_count(p, order[k]) == 0) continue;
            drawn[order[k]] = 1;
            left--;
        }
        *byzantine = drawn;
    }
    ent_free(order);
    if (*byzantine) return ENT_OK;
    ent_free(drawn);
    return ent_fail(ENT_ENOMEM, "attack of %lld clients: no memory", (long long)p->clients);
}

static void change(const ent_config_attack *c, ent_random *stream, int n, double *x)
{
    for (int k = 0; k < n; k++) {
        switch (c->kind) {
        case ENT_ATTACK_NONE:
            break;
        case ENT_SIGN_FLIP:
            x[k] *= -c->strength;
            break;
        case ENT_NOISE:
            x[k] = c->strength * ent_random_normal(stream);
            break;
        case ENT_SCALE:
            x[k] *= c->strength;
            break;
        case ENT_NAN_UPDATE:
            x[k] = NAN;
            break;
        }
    }
}

void ent_attack_apply(const ent_rule_state *s, ent_update *u)
{
    ent_random stream =
        ent_random_at(s->config->seeds.sampling, ENT_FOR_ATTACK, (uint64_t)u->client, (uint64_t)s->round);
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        if (u->weight[b] == 0.0) continue;
        change(&s->config->attack, &stream, block->count, u->delta + block->first);
        if (u->extra) change(&s->config->attack, &stream, block->count, u->extra + block->first);
    }
}
