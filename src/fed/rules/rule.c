/* The table of aggregation rules.  A rule is a row here and an ent_rule in one of the files beside.
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
 *   local         every client trains alone, in the rounds in which it is drawn    none            any
 *
 * "By samples": client k counts in block b by the samples that trained it, n_kb; "uniform": by 1 where there are any.
 * Each as in its paper (the three adaptive rules as in the algorithms of its experiments).  Everything is block by
 * block: a block that nobody trained keeps its value, the server's memory of it and the clients' vectors of it. */
#include "fed/extend.h"
#include "rules.h"

static const ent_rule *const RULES[ENT_AGGREGATIONS] = {
    [ENT_FEDAVG] = &ENT_RULE_FEDAVG,
    [ENT_FEDPROX] = &ENT_RULE_FEDPROX,
    [ENT_FEDAVGM] = &ENT_RULE_FEDAVGM,
    [ENT_FEDADAM] = &ENT_RULE_FEDADAM,
    [ENT_FEDYOGI] = &ENT_RULE_FEDYOGI,
    [ENT_FEDADAGRAD] = &ENT_RULE_FEDADAGRAD,
    [ENT_SCAFFOLD] = &ENT_RULE_SCAFFOLD,
    [ENT_FEDNOVA] = &ENT_RULE_FEDNOVA,
    [ENT_FEDDYN] = &ENT_RULE_FEDDYN,
    [ENT_MEDIAN] = &ENT_RULE_MEDIAN,
    [ENT_TRIMMED_MEAN] = &ENT_RULE_TRIMMED_MEAN,
    [ENT_KRUM] = &ENT_RULE_KRUM,
    [ENT_MULTI_KRUM] = &ENT_RULE_MULTI_KRUM,
    [ENT_QRAIL] = &ENT_RULE_QRAIL,
    [ENT_SPOQFL] = &ENT_RULE_SPOQFL,
    [ENT_CIRCULAR] = &ENT_RULE_CIRCULAR,
    [ENT_WPQFL] = &ENT_RULE_WPQFL,
    [ENT_LOCAL] = &ENT_RULE_LOCAL,
};

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
