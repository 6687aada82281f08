/* The table of aggregation rules.
 *
 *   fedavg   w += mean of the changes, weighted by samples (McMahan et al. 2017, arXiv 1602.05629)
 *   fedprox  the same, with mu/2 |w - base|^2 added to every local objective (Li et al. 2020, arXiv 1812.06127) */
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

static const ent_rule RULES[] = {
    [ENT_FEDAVG] = {.name = "fedavg", .step = step_plain},
    [ENT_FEDPROX] = {.name = "fedprox", .correct = correct_prox, .step = step_plain},
};

const ent_rule *ent_rule_find(ent_aggregation aggregation)
{
    return &RULES[aggregation];
}
