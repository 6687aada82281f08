/* local: the baseline without any federation.  Every client trains its own model in the rounds in which it is drawn;
 * its vector is the change of its weights from the common initial ones, which never change. */
#include <string.h>

#include "rules.h"

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

const ent_rule ENT_RULE_LOCAL = {
    .client_vectors = 1, .own = true, .begin = begin_local, .send = send_local, .step = step_local};
