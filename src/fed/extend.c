/* Rules and splits registered by a program: a name in the table of configuration keys, and its functions here. */
#include "entente/extend.h"

#include "config/keys.h"
#include "extend.h"

static struct {
    ent_split_own *split;
    void *context;
} splits[ENT_MOST_OWN];
static ent_rule rules[ENT_MOST_OWN];

ent_status ent_rule_register(const char *name, const ent_rule *rule, ent_aggregation *out)
{
    int value;
    ENT_REQUIRE(rule && rule->step, ENT_EARG, "rule '%s': no step", name ? name : "");
    ENT_TRY(ent_choice_add("federation.aggregation", name, ENT_AGGREGATIONS, &value));
    rules[value - ENT_AGGREGATIONS] = *rule;
    *out = (ent_aggregation)value;
    return ENT_OK;
}

ent_status ent_split_register(const char *name, ent_split_own *split, void *context, ent_split_kind *out)
{
    int value;
    ENT_REQUIRE(split, ENT_EARG, "split '%s': no function", name ? name : "");
    ENT_TRY(ent_choice_add("federation.split", name, ENT_SPLITS, &value));
    splits[value - ENT_SPLITS].split = split;
    splits[value - ENT_SPLITS].context = context;
    *out = (ent_split_kind)value;
    return ENT_OK;
}

const ent_rule *ent_rule_own(ent_aggregation aggregation)
{
    const int k = (int)aggregation - ENT_AGGREGATIONS;
    return k >= 0 && k < ENT_MOST_OWN && rules[k].step ? &rules[k] : NULL;
}

void ent_split_find_own(ent_split_inp *inp)
{
    const int k = (int)inp->kind - ENT_SPLITS;
    if (k < 0 || k >= ENT_MOST_OWN) return;
    inp->own = splits[k].split;
    inp->context = splits[k].context;
}
