/* Smaller downloads: the server sends the difference to the model that the clients know, rounded to few bits.
 *
 *   known   the model that the clients have, and train from: the first weights, plus every message so far
 *   w       the server's own weights, the result of the training
 *
 * After a round the server sends w - known, rounded, and the clients add that to what they know.  What rounding has
 * left out stays in w - known and is part of the next message: error feedback of the server (Tang et al. 2019, arXiv
 * 1905.05957; Philippenko, Dieuleveut 2020, arXiv 2006.14591).  Each number of a block is rounded to the nearest of
 * 2^bits - 1 equidistant values from -M to M, M the largest of the block as a 32-bit number; with one bit to minus
 * or plus the block's mean size (Karimireddy et al. 2019, arXiv 1901.09847).  Both shrink the difference, so the
 * feedback is stable; stochastic rounding to few bits would not be.
 *
 * A client that has not taken part in the last rounds gets the messages that it has missed, or the whole model as
 * 64-bit numbers where that is less; the first time the whole model.  Either gives the same weights, to the last bit.
 *
 * Pure functions of the weights.  Local; the same on all ranks. */
#ifndef ENTENTE_FED_DOWNLOAD_H
#define ENTENTE_FED_DOWNLOAD_H

#include "fed/clients.h"

typedef struct ent_download {
    double *known;  /* [params] */
    int64_t *since; /* [clients] the round whose first weights a client has; -1: none yet */
} ent_download;

static inline bool ent_downloads_less(const ent_config *c)
{
    return c->communication.download_bits > 0;
}

/* *out is NULL where downloads are whole.  w [params]: the first weights.  Errors: ENT_ENOMEM. */
ent_status ent_download_new(const ent_population *population, const ent_rule_state *s, const double *w,
                            ent_download **out);
void ent_download_free(ent_download *download);

/* After a round, or before any that goes on from a checkpoint with `known`: known += w - known, rounded. */
void ent_download_send(ent_download *download, const ent_rule_state *s, const double *w);

/* Bytes that the clients of a round get, and from then on have its first weights.  Rounds ascend. */
double ent_download_bytes(ent_download *download, const ent_rule_state *s, const ent_cohort *cohort, int64_t round);

/* Rounds that were trained before: who has which weights. */
ent_status ent_download_resume(ent_download *download, ent_timeline *timeline, const ent_population *population,
                               int64_t rounds);

#endif
