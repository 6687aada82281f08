/* The rows of the table of aggregation rules, by file. */
#ifndef ENTENTE_FED_RULES_H
#define ENTENTE_FED_RULES_H

#include "entente/rule.h"

extern const ent_rule ENT_RULE_FEDAVG, ENT_RULE_FEDPROX, ENT_RULE_FEDNOVA;                       /* rule_mean.c */
extern const ent_rule ENT_RULE_FEDAVGM, ENT_RULE_FEDADAM, ENT_RULE_FEDYOGI, ENT_RULE_FEDADAGRAD; /* rule_adaptive.c */
extern const ent_rule ENT_RULE_SCAFFOLD, ENT_RULE_FEDDYN;                                        /* rule_variates.c */
extern const ent_rule ENT_RULE_MEDIAN, ENT_RULE_TRIMMED_MEAN, ENT_RULE_KRUM, ENT_RULE_MULTI_KRUM; /* rule_robust.c */
extern const ent_rule ENT_RULE_QRAIL, ENT_RULE_SPOQFL, ENT_RULE_CIRCULAR;                         /* rule_noise.c */
extern const ent_rule ENT_RULE_LOCAL;                                                             /* rule_local.c */
extern const ent_rule ENT_RULE_WPQFL; /* rule_personal.c */

#endif
