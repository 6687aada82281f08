/* Rules for unequal devices.  B_k is the expected number of errors in one run of client k's circuits, from the noise
 * of its device and the gates of the model (state.budget).
 *
 *   qrail     El Maouaki and Shafique 2026, arXiv 2605.25783: weights from a noise budget by temperature scaling,
 *             uniform mixing and a floor.  n_kb is multiplied by q_k = max(floor, m + (1 - m) exp(-(B_k - B) / T)),
 *             with B the least budget of all clients, m server.mixing, T server.temperature.  Different from the
 *             paper: relative to the best client, so that a weight does not depend on the other participants, and
 *             multiplied by the samples
 *   spoqfl    Rahman, Pokharel, Nguyen 2025, arXiv 2507.12492: a client's update is multiplied by
 *             x_k = exp(-g |xi_k|), and left out if x_k < t; g server.suppression, t server.threshold.  Different
 *             from the paper: xi_k is B_k, known before the training, instead of an estimate from gradients
 *   circular  the circular mean of angles (arXiv 2602.03052): a parameter that is an angle moves by
 *             atan2(sum_k n_kb sin d_k, sum_k n_kb cos d_k), with d_k its change; all others as in fedavg.  Angles
 * are             the blocks of circuits and of the fusion.  If all clients started from the same weights, this is
 * the             circular mean of the angles themselves */
#include <math.h>
#include <string.h>

#include "rules.h"

static double budget_of(const ent_rule_state *s, int64_t client)
{
    return s->budget ? s->budget[client] : 0.0;
}

static void weigh(const ent_rule_state *s, double factor, ent_update *u)
{
    for (int b = 0; b < s->blocks; b++) u->weight[b] *= factor;
}

/* Differential privacy needs equal weights of all clients. */
static ent_status check_privacy(const ent_rule_state *s)
{
    ENT_REQUIRE(s->config->privacy.mode == ENT_PRIVACY_NONE, ENT_ECONFIG,
                "federation.aggregation: found a rule that weighs clients by their devices, want another with "
                "privacy.mode, which counts them alike");
    return ENT_OK;
}

/* ---- qrail ---- */

static void send_qrail(const ent_rule_state *s, double *variate, ent_update *u)
{
    const ent_config_server *c = &s->config->server;
    const double beyond = budget_of(s, u->client) - s->least_budget;
    (void)variate;
    weigh(s, fmax(c->floor, c->mixing + (1.0 - c->mixing) * exp(-beyond / c->temperature)), u);
}

const ent_rule ENT_RULE_QRAIL = {.check = check_privacy, .send = send_qrail, .step = ent_rule_step_plain};

/* ---- spoqfl ---- */

static void send_spoqfl(const ent_rule_state *s, double *variate, ent_update *u)
{
    const ent_config_server *c = &s->config->server;
    const double kept = exp(-c->suppression * budget_of(s, u->client));
    (void)variate;
    if (kept < c->threshold) weigh(s, 0.0, u);
    for (int k = 0; k < s->params; k++) u->delta[k] *= kept;
}

static ent_status check_spoqfl(const ent_rule_state *s)
{
    const ent_config_server *c = &s->config->server;
    ENT_TRY(check_privacy(s));
    const double most = exp(-c->suppression * s->least_budget);
    ENT_REQUIRE(most >= c->threshold, ENT_ECONFIG,
                "server.threshold: found %g, which leaves out every client: the least noisy keeps %.3g of its update",
                c->threshold, most);
    return ENT_OK;
}

const ent_rule ENT_RULE_SPOQFL = {.check = check_spoqfl, .send = send_spoqfl, .step = ent_rule_step_plain};

/* ---- circular ---- */

static bool has_angles(const ent_block *block)
{
    return block->role == ENT_ROLE_CIRCUIT || block->role == ENT_ROLE_FUSION;
}

/* If the change is small, both parts are, as compression and clipping need. */
static void send_circular(const ent_rule_state *s, double *variate, ent_update *u)
{
    (void)variate;
    memset(u->extra, 0, (size_t)s->params * sizeof *u->extra);
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        if (u->weight[b] == 0.0 || !has_angles(block)) continue;
        for (int k = block->first; k < block->first + block->count; k++) {
            u->extra[k] = u->weight[b] * (1.0 - cos(u->delta[k]));
            u->delta[k] = sin(u->delta[k]);
        }
    }
}

static void step_circular(ent_rule_state *s, const ent_mean *mean, double *w)
{
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        if (mean->weight[b] == 0.0) continue;
        for (int k = block->first; k < block->first + block->count; k++)
            w[k] += has_angles(block) ? atan2(mean->delta[k], 1.0 - mean->extra[k] / mean->weight[b])
                                      : mean->delta[k];
    }
}

const ent_rule ENT_RULE_CIRCULAR = {.extra = true, .send = send_circular, .step = step_circular};
