/* The aggregation rules, each in a file of this folder. */
#ifndef ENTENTE_FED_RULES_H
#define ENTENTE_FED_RULES_H

#include "entente/rule.h"

#define ENT_RULE_EXTERN(name, id) extern const ent_rule ENT_RULE_##id;
ENT_RULES(ENT_RULE_EXTERN)
#undef ENT_RULE_EXTERN
extern const ent_rule ENT_RULE_WPQFL; /* rule_personal.c */

#endif
