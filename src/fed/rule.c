/* The table of aggregation rules.
 *
 *   fedavg   w += mean of the changes, weighted by samples (McMahan et al. 2017, arXiv 1602.05629)
 *   fedprox  the same, with mu/2 |w - base|^2 added to every local objective (Li et al. 2020, arXiv 1812.06127)
 *   local    every client trains alone, in the rounds in which it is drawn; the common weights stay the initial ones */
#include <string.h>

#include "rule.h"

static void step_plain(ent_rule_state *s, const ent_mean *mean, double *w)
{
    for (int k = 0; k < s->params; k++) w[k] += mean->delta[k];
}

static void correct_prox(const ent_rule_state *s, const double *variate, const ent_block *block, const double *w,
                         double *gradient)
{
    (void)variate;
    for (int k = block->first; k < block->first + block->count; k++)
        gradient[k] += s->config->server.mu * (w[k] - s->base[k]);
}

static void begin_local(const ent_rule_state *s, const double *variate, double *w)
{
    for (int k = 0; k < s->params; k++) w[k] += variate[k];
}

static void send_local(const ent_rule_state *s, double *variate, ent_update *update)
{
    memcpy(variate, update->delta, (size_t)s->params * sizeof *variate);
}

static void step_local(ent_rule_state *s, const ent_mean *mean, double *w)
{
    (void)s, (void)mean, (void)w;
}

static const ent_rule RULES[] = {
    [ENT_FEDAVG] = {.name = "fedavg", .step = step_plain},
    [ENT_LOCAL] = {.name = "local",
                   .client_vectors = 1,
                   .own = true,
                   .begin = begin_local,
                   .send = send_local,
                   .step = step_local},
    [ENT_FEDPROX] = {.name = "fedprox", .correct = correct_prox, .step = step_plain},
};

const ent_rule *ent_rule_find(ent_aggregation aggregation)
{
    return &RULES[aggregation];
}
