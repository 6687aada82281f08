/* wpqfl: weighted personalisation (Gurung and Pokhrel, "Performance Analysis and Design of a Weighted Personalized
 * Quantum Federated Learning", IEEE Transactions on Artificial Intelligence 6(8), 2025, doi
 * 10.1109/TAI.2025.3545393).
 *
 * From the abstract: federated averaging of quantum models, with weighted personalisation and a correction of local
 * drift.  What it leaves open, decided here:
 *   average         the server takes the mean by samples of the clients' last weights, as fedavg
 *   weights         a client starts its next round from (1 - s) w + s w_k, with w the common weights, w_k its own at
 *                   the end of its last round and s server.own_share, one for all clients
 *   drift           is corrected by the same step: it shrinks a client's distance from the common weights to s times
 *                   itself in every round
 *   blocks          only blocks that the client has ever trained are its own; in all others it has the common weights
 *   evaluation      test figures are those of the common weights, personal figures those of the clients' mixtures,
 *                   fine-tuned by personal.epochs
 * A client keeps two vectors: w_k, and 1 for every parameter that it has trained.  s = 0 is fedavg. */
#include "rules.h"

static void begin_wpqfl(const ent_rule_state *s, const double *variate, double *w)
{
    const double share = s->config->server.own_share;
    for (int k = 0; k < s->params; k++)
        if (variate[s->params + k] != 0.0) w[k] += share * (variate[k] - w[k]);
}

static void send_wpqfl(const ent_rule_state *s, double *variate, ent_update *u)
{
    for (int b = 0; b < s->blocks; b++) {
        const ent_block *block = &s->block[b];
        for (int k = block->first; k < block->first + block->count && u->steps[b] > 0; k++) {
            variate[k] = s->base[k] + u->delta[k];
            variate[s->params + k] = 1.0;
        }
    }
}

const ent_rule ENT_RULE_WPQFL = {
    .client_vectors = 2, .begin = begin_wpqfl, .send = send_wpqfl, .step = ent_rule_step_plain};
