/* The server: from the clients' updates to their sum, or to what a rule combines them to; and Byzantine clients,
 * whose updates are replaced. */
#ifndef ENTENTE_FED_SERVER_H
#define ENTENTE_FED_SERVER_H

#include "entente/rule.h"
#include "fed/population.h"
#include "fed/ranks.h"

typedef struct ent_aggregate ent_aggregate;

/* attack.c */

ent_status ent_attack_check(const ent_population *population); /* Errors: ENT_ECONFIG.  Local. */
/* The Byzantine clients: *byzantine [clients], allocated, or NULL if there are none.  Local. */
ent_status ent_attack_draw(const ent_population *population, uint8_t **byzantine);
/* Replace an update by what a Byzantine client sends.  Local. */
void ent_attack_apply(const ent_rule_state *s, ent_update *update);

/* aggregate.c */

/* The rule's state before the first round.  Local. */
ent_status ent_rule_state_make(const ent_population *population, const ent_model *model, ent_rule_state *s);
void ent_rule_state_clear(ent_rule_state *s);
/* Refuse a rule or an attack that does not work with this federation.  Local.  Errors: ENT_ECONFIG. */
ent_status ent_rule_admit(const ent_population *population, const ent_model *model);

ent_status ent_aggregate_new(const ent_population *population, const ent_model *model, const ent_rule *rule,
                             ent_aggregate **out);
void ent_aggregate_free(ent_aggregate *aggregate);
void ent_aggregate_start(ent_aggregate *aggregate);
/* block_weight [blocks]: the number of the client's rows that train the block (at most 1 with a rule that takes
 * uniform means), times the member's weight.  Local. */
void ent_update_weigh(const ent_population *population, const ent_model *model, int64_t client, double weight,
                      double *block_weight);
/* Local.  Errors: ENT_ENUMERIC, naming the block; then nothing has been added. */
ent_status ent_aggregate_add(ent_aggregate *aggregate, const ent_update *update);
/* Count a client whose update is left out.  Local. */
void ent_aggregate_exclude(ent_aggregate *aggregate);
/* What has been added on this rank so far, as tables of 8-byte numbers, which may be written to. */
enum { ENT_TALLY_COUNTS = 3 };
typedef struct {
    int64_t sums; /* 4 per sum */
    int64_t *sum;
    int64_t *count; /* [ENT_TALLY_COUNTS] clients, samples, excluded */
    int64_t records, record;
    double *each; /* [records][record] */
} ent_tally;
ent_tally ent_aggregate_see(ent_aggregate *aggregate);
/* Allocate `records` records, to be filled through ent_aggregate_see.  Local. */
ent_status ent_aggregate_reserve(ent_aggregate *aggregate, int64_t records);
/* The mean of what was added on all ranks, or what the rule combines it to, the same on all of them.  It lives until
 * the next start.  secure: the round of secure aggregation, or NULL.  Collective.
 * Errors: ENT_EDATA, secure aggregation does not open the sum. */
struct ent_secure_round;
ent_status ent_aggregate_finish(ent_aggregate *aggregate, const ent_ranks *ranks, const ent_rule_state *s,
                                struct ent_secure_round *secure, ent_mean **mean);
/* Numbers that a client sends in s->round with secure aggregation.  Local. */
int64_t ent_aggregate_ring(const ent_aggregate *aggregate, const ent_rule_state *s);

#endif
