/* Rules that use the weighted mean directly, D = sum_k n_kb d_kb / sum_k n_kb in every block b.
 *
 *   fedavg   w += D
 *   fedprox  the same, with server.mu / 2 |w - base|^2 added to every local objective
 *   fednova  client k sends d_k / |a_k|, its change over the length of its path; with the mean length
 *            T = sum_k n_kb |a_kb| / sum_k n_kb the server does w += T D: clients that make many local steps do not
 *            pull the mean to their own optimum.  |a_k| is the paper's |a_k|_1 for SGD and for momentum (its section
 *            4.2); Adam's change is not a fixed sum of gradients, so every step counts 1, as all have about the same
 *            size.  Weight decay counts as part of the gradient.  Steps are those of the block. */
#include "rules.h"

const ent_rule ENT_RULE_FEDAVG = {.step = ent_rule_step_plain};

static void correct_prox(const ent_rule_state *s, const double *variate, const ent_block *block, const double *w,
                         double *gradient)
{
    (void)variate;
    for (int k = block->first; k < block->first + block->count; k++)
        gradient[k] += s->config->server.mu * (w[k] - s->base[k]);
}

const ent_rule ENT_RULE_FEDPROX = {.correct = correct_prox, .step = ent_rule_step_plain};

static void send_nova(const ent_rule_state *s, double *variate, ent_update *u)
{
    (void)variate;
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        u->effort[b] = ent_rule_path_length(&s->config->client, u->steps[b]);
        if (u->steps[b] == 0) continue;
        for (int k = block->first; k < block->first + block->count; k++) u->delta[k] /= u->effort[b];
    }
}

static void step_nova(ent_rule_state *s, const ent_mean *mean, double *w)
{
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        if (mean->weight[b] == 0.0) continue;
        for (int k = block->first; k < block->first + block->count; k++) w[k] += mean->effort[b] * mean->delta[k];
    }
}

const ent_rule ENT_RULE_FEDNOVA = {.send = send_nova, .step = step_nova};
