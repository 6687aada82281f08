/* Differential privacy of whole clients in a training.
 *
 *   central  the server adds noise to the sum of clipped changes and divides by the expected cohort: DP-FedAvg
 *            (McMahan et al. 2018, arXiv 1710.06963, the estimator with a fixed denominator), or noise on the sums of
 *            all rounds by tree aggregation: DP-FTRL (Kairouz et al. 2021, arXiv 2103.00039).  The clipping norm may
 *            follow a quantile of the clients' norms (Andrew et al. 2021, arXiv 1905.03871).
 *   local    every client adds noise to its clipped change.
 *   distributed
 *            every client adds its share of the sum's noise, and secure aggregation hides all but the sum; the shares
 *            of as many clients as must answer make up the whole.  Changes and noise are integers, the noise discrete
 *            Gaussian (Kairouz, Liu, Steinke 2021, arXiv 2102.06387), in units of some 2^-24 of a share's deviation
 *
 * Every client has the same weight, in every block; its loss and its number of samples are sent for figures that are
 * outside the guarantee.  What epsilon assumes:
 *
 *   poisson sampling    each round is one of the sampled Gaussian mechanism
 *   other sampling      participation is known: counts the rounds of the client that takes part most often
 *   tree                participation is known: the norm over all nodes that a client is in, of the worst client
 *   distributed         as with other sampling, since the server knows who takes part.  The Renyi divergences of
 *                       integer noise are those of normal noise to the last bit of a double (ent_discrete_noise); for
 *                       privacy loss distributions the distance of both is added (ent_discrete_distance)
 *   local               as with other sampling, each round with sensitivity 2 clip, as a client's change may become
 *                       any other */
#ifndef ENTENTE_FED_PRIVATE_H
#define ENTENTE_FED_PRIVATE_H

#include "fed/clients.h"
#include "fed/server.h"

typedef struct ent_private ent_private;

/* Refuse settings with which the guarantee would not hold.  Local.  Errors: ENT_ECONFIG. */
ent_status ent_private_check(const ent_config *config);

/* *out is NULL if privacy.mode is none.  Collective. */
ent_status ent_private_new(ent_comm *world, const ent_population *population, const ent_rule_state *s,
                           ent_private **out);
void ent_private_free(ent_private *privacy);

/* Restore earlier rounds: who took part, and the current norm.  Local. */
ent_status ent_private_resume(ent_private *privacy, ent_timeline *timeline, const ent_population *population,
                              int64_t rounds, const ent_round *last);

/* Begin a round with the clients that were asked.  Local. */
void ent_private_begin(ent_private *privacy, const ent_cohort *cohort);

/* Clip what the client sends, and add noise to it if clients add noise.  Local. */
void ent_private_clip(ent_private *privacy, const ent_rule_state *s, ent_update *update);

/* Turn the sums over all clients into what is released, in place; all blocks count as trained.  Local, with the same
 * result on all ranks. */
void ent_private_release(ent_private *privacy, const ent_rule_state *s, ent_mean *mean, ent_round *figures);

/* The same for a round in which nothing is released: the norm is unchanged. */
void ent_private_skip(const ent_private *privacy, ent_round *figures);

/* figures->epsilon after a round; on rank 0.  Local. */
ent_status ent_private_account(ent_private *privacy, const ent_cohort *cohort, ent_round *figures);

#endif
