/* Rules and splits registered by a program.  Local. */
#ifndef ENTENTE_FED_EXTEND_H
#define ENTENTE_FED_EXTEND_H

#include "entente/rule.h"
#include "entente/split.h"

/* NULL if it is not registered. */
const ent_rule *ent_rule_own(ent_aggregation aggregation);
/* Fill in inp->own and inp->context for a registered inp->kind. */
void ent_split_find_own(ent_split_inp *inp);

#endif
