/* The table of aggregation rules.  A rule is a row here and an ent_rule in one of the other files of this folder.
 *
 *   rule          source                                                     mean of the clients   local optimiser
 *   fedavg        McMahan et al. 2017, arXiv 1602.05629                      by samples            any
 *   fedprox       Li et al. 2020, arXiv 1812.06127                           by samples            any
 *   fedavgm       Hsu, Qi, Brown 2019, arXiv 1909.06335                      by samples            any
 *   fedadam, fedyogi, fedadagrad
 *                 Reddi et al. 2021, arXiv 2003.00295, Algorithm 2           by samples            any
 *   scaffold      Karimireddy et al. 2020, arXiv 1910.06378, option II       uniform               sgd, momentum
 *   fednova       Wang et al. 2020, arXiv 2007.07481                         by samples            any (adam: ours)
 *   feddyn        Acar et al. 2021, arXiv 2111.04263                         uniform               any
 *   median, trimmed_mean
 *                 Yin et al. 2018, arXiv 1803.01498                          uniform               any
 *   krum, multi_krum
 *                 Blanchard et al. 2017, arXiv 1703.02757                    uniform               any
 *   qrail         El Maouaki, Shafique 2026, arXiv 2605.25783                by samples, quality  any
 *   spoqfl        Rahman, Pokharel, Nguyen 2025, arXiv 2507.12492            by samples            any
 *   circular      circular mean of angles, arXiv 2602.03052                  by samples            any
 *   wpqfl         Gurung, Pokhrel 2025, IEEE TAI 6(8)                        by samples            any
 *   local         every client trains by itself, in the rounds in which it is drawn    none            any
 *
 * "By samples": client k has the weight n_kb in block b, the samples that trained it; "uniform": 1 if there are any.
 * Each as in its paper (the three adaptive rules as in the algorithms of its experiments).  Everything is done block
 * by block: for a block that no client trained, its value, the server's memory and the clients' vectors are
 * unchanged. */
#include "fed/extend.h"
#include "rules.h"

#define ROW(name, id) [ENT_##id] = &ENT_RULE_##id,
static const ent_rule *const RULES[ENT_AGGREGATIONS] = {ENT_RULES(ROW)};

const ent_rule *ent_rule_find(ent_aggregation aggregation)
{
    return (int)aggregation >= 0 && aggregation < ENT_AGGREGATIONS ? RULES[aggregation] : ent_rule_own(aggregation);
}

void ent_rule_step_plain(ent_rule_state *s, const ent_mean *mean, double *w)
{
    for (int k = 0; k < s->params; k++) w[k] += mean->delta[k];
}

double ent_rule_path_length(const ent_config_client *client, int64_t steps)
{
    const double kept = client->optimizer == ENT_MOMENTUM ? client->momentum : 0.0;
    double update = 0.0, length = 0.0;
    for (int64_t t = 0; t < steps; t++) {
        update = kept * update + 1.0;
        length += update;
    }
    return length;
}
