/* Rules whose clients keep a vector between rounds that describes how their own optimum differs from the common one.
 * In block b, with N_b clients in the population that can train it, S_b of which did in this round, with equal
 * weights, and the change d_k of client k:
 *
 *   scaffold  local gradient + c - c_k
 *             client: c_k+ = c_k - c - d_k / (r_k |a_k|), the mean gradient along its path (option II)
 *             sends d_k and c_k+ - c_k;  w += r mean of d_k;  c += sum of (c_k+ - c_k) / N_b
 *             r_k: the block's learning rate at the client (ent_client_rate); r: server.learning_rate, default 1.
 *             |a_k|: the steps for SGD; for momentum the path length of FedNova, with which c_k+ is again a mean of
 *             gradients.  Adam's change contains no mean gradient: refused.
 *   feddyn    local gradient - l_k + alpha (w - base)
 *             client: l_k -= alpha d_k (at the optimum of the corrected objective this is its own gradient)
 *             sends d_k;  h -= alpha / N_b times the sum of d_k;  w += mean of d_k - h / alpha
 *
 * Why N_b and not all clients: c and h are the means of c_k and l_k over the clients that have them.  A client that
 * lacks a modality has no gradient in its blocks, where its c_k remains 0; divided by all clients, c would be reduced
 * by the share of those clients, and c - c_k would not vanish when all c_k agree.  Client and server change vectors
 * only in blocks that were trained.  A client's vectors stay with it: attacks change what it sends, not its vectors.
 * */
#include "rules.h"

static ent_status check_scaffold(const ent_rule_state *s)
{
    const ent_optimizer optimizer = s->config->client.optimizer;
    ENT_REQUIRE(optimizer == ENT_SGD || optimizer == ENT_MOMENTUM, ENT_ECONFIG,
                "client.optimizer: found '%s', want sgd or momentum: scaffold reads the clients' mean gradient from "
                "their change",
                optimizer == ENT_ADAM  ? "adam"
                : optimizer == ENT_QNG ? "qng"
                                       : "rotosolve");
    return ENT_OK;
}

static void correct_scaffold(const ent_rule_state *s, const double *variate, const ent_block *block, const double *w,
                             double *gradient)
{
    (void)w;
    for (int k = block->first; k < block->first + block->count; k++) gradient[k] += s->memory[0][k] - variate[k];
}

static void send_scaffold(const ent_rule_state *s, double *variate, ent_update *u)
{
    const ent_config_client *c = &s->config->client;
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        const double length = ent_client_rate(s->config, block, u->round) * ent_rule_path_length(c, u->steps[b]);
        for (int k = block->first; k < block->first + block->count; k++) {
            u->extra[k] = u->steps[b] > 0 ? -s->memory[0][k] - u->delta[k] / length : 0.0;
            variate[k] += u->extra[k];
        }
    }
}

static void step_scaffold(ent_rule_state *s, const ent_mean *mean, double *w)
{
    const double rate = ent_rule_rate(s, 1.0);
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        if (mean->weight[b] == 0.0) continue;
        for (int k = block->first; k < block->first + block->count; k++) {
            w[k] += rate * mean->delta[k];
            s->memory[0][k] += mean->extra[k] / (double)s->population[b];
        }
    }
}

const ent_rule ENT_RULE_SCAFFOLD = {.memory = 1,
                                    .client_vectors = 1,
                                    .extra = true,
                                    .uniform = true,
                                    .check = check_scaffold,
                                    .correct = correct_scaffold,
                                    .send = send_scaffold,
                                    .step = step_scaffold};

static void correct_dyn(const ent_rule_state *s, const double *variate, const ent_block *block, const double *w,
                        double *gradient)
{
    for (int k = block->first; k < block->first + block->count; k++)
        gradient[k] += s->config->server.alpha * (w[k] - s->base[k]) - variate[k];
}

static void send_dyn(const ent_rule_state *s, double *variate, ent_update *u)
{
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        if (u->steps[b] == 0) continue;
        for (int k = block->first; k < block->first + block->count; k++)
            variate[k] -= s->config->server.alpha * u->delta[k];
    }
}

static void step_dyn(ent_rule_state *s, const ent_mean *mean, double *w)
{
    const double alpha = s->config->server.alpha;
    double *h = s->memory[0];
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        const double share = mean->weight[b] / (double)s->population[b];
        if (mean->weight[b] == 0.0) continue;
        for (int k = block->first; k < block->first + block->count; k++) {
            h[k] -= alpha * share * mean->delta[k];
            w[k] += mean->delta[k] - h[k] / alpha;
        }
    }
}

const ent_rule ENT_RULE_FEDDYN = {
    .memory = 1, .client_vectors = 1, .uniform = true, .correct = correct_dyn, .send = send_dyn, .step = step_dyn};
