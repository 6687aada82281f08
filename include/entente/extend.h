/* Custom aggregation rules and splits, registered under names that configurations may then use.
 *
 * Register them before any configuration is read, in the same order on every rank.  A registration lasts for the life
 * of the process.  Local.  Errors: ENT_EARG for a name that is taken or that YAML would not read as one word, and for
 * a missing function; ENT_ENOMEM if 32 are registered already. */
#ifndef ENTENTE_EXTEND_H
#define ENTENTE_EXTEND_H

#include "entente/config.h"
#include "entente/rule.h"
#include "entente/split.h"

/* *out: the value of config.federation.aggregation.  `rule` is copied; it needs a step, unless it has `own` models.
 * */
ent_status ent_rule_register(const char *name, const ent_rule *rule, ent_aggregation *out);

/* *out: the value of config.federation.split. */
ent_status ent_split_register(const char *name, ent_split_own *split, void *context, ent_split_kind *out);

#endif
