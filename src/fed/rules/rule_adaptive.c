/* Rules with an optimiser on the server, whose gradient is minus the mean change D.  With the server's learning rate
 * r (server.learning_rate), element by element in every block that any client trained:
 *
 *   fedavgm     v = momentum v + D;  w += r v                                        r = 1 by default
 *   fedadagrad  m = beta1 m + (1 - beta1) D;  v += D^2;  w += r m / (sqrt v + tau)   r = 0.03
 *   fedadam     m as above;  v = beta2 v + (1 - beta2) D^2;  w as above              r = 0.03
 *   fedyogi     m as above;  v -= (1 - beta2) D^2 sign(v - D^2);  w as above         r = 0.03
 *
 * v starts from tau^2 in the last three; there is no bias correction (both as in the paper).  Its experiments set
 * beta1 = 0 for fedadagrad.  In a block that no client trained in a round, w, m and v are unchanged. */
#include <math.h>

#include "rules.h"

static void step_momentum(ent_rule_state *s, const ent_mean *mean, double *w)
{
    const double rate = ent_rule_rate(s, 1.0);
    double *v = s->memory[0];
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        if (mean->weight[b] == 0.0) continue;
        for (int k = block->first; k < block->first + block->count; k++) {
            v[k] = s->config->server.momentum * v[k] + mean->delta[k];
            w[k] += rate * v[k];
        }
    }
}

const ent_rule ENT_RULE_FEDAVGM = {.memory = 1, .step = step_momentum};

static void start_adaptive(ent_rule_state *s)
{
    for (int k = 0; k < s->params; k++) s->memory[1][k] = s->config->server.tau * s->config->server.tau;
}

/* The second moment after a round with square `d2`. */
typedef double second_moment(double v, double d2, double beta2);

static double adagrad(double v, double d2, double beta2)
{
    (void)beta2;
    return v + d2;
}

static double adam(double v, double d2, double beta2)
{
    return beta2 * v + (1.0 - beta2) * d2;
}

static double yogi(double v, double d2, double beta2)
{
    const double sign = v > d2 ? 1.0 : v < d2 ? -1.0 : 0.0;
    return v - (1.0 - beta2) * d2 * sign;
}

static void step_adaptive(ent_rule_state *s, const ent_mean *mean, double *w, second_moment *second)
{
    const ent_config_server *c = &s->config->server;
    const double rate = ent_rule_rate(s, 0.03);
    double *m = s->memory[0], *v = s->memory[1];
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        if (mean->weight[b] == 0.0) continue;
        for (int k = block->first; k < block->first + block->count; k++) {
            const double d = mean->delta[k];
            m[k] = c->beta1 * m[k] + (1.0 - c->beta1) * d;
            v[k] = second(v[k], d * d, c->beta2);
            w[k] += rate * m[k] / (sqrt(v[k]) + c->tau);
        }
    }
}

static void step_adagrad(ent_rule_state *s, const ent_mean *mean, double *w)
{
    step_adaptive(s, mean, w, adagrad);
}

static void step_adam(ent_rule_state *s, const ent_mean *mean, double *w)
{
    step_adaptive(s, mean, w, adam);
}

static void step_yogi(ent_rule_state *s, const ent_mean *mean, double *w)
{
    step_adaptive(s, mean, w, yogi);
}

const ent_rule ENT_RULE_FEDADAGRAD = {.memory = 2, .start = start_adaptive, .step = step_adagrad};
const ent_rule ENT_RULE_FEDADAM = {.memory = 2, .start = start_adaptive, .step = step_adam};
const ent_rule ENT_RULE_FEDYOGI = {.memory = 2, .start = start_adaptive, .step = step_yogi};
