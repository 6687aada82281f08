/* From STUDY.yaml to its points, and from their records to the summary.  Local. */
#ifndef ENTENTE_CAMPAIGN_STUDY_H
#define ENTENTE_CAMPAIGN_STUDY_H

#include "campaign.h"

/* The plan as text (ent_free): columns data, setting, rate, variant, seed; besides `reference`, `metric`, `seeds` (their
 * number).  The points of one cell, equal but for their seed, stand together.
 * Errors: ENT_EIO; ENT_ECONFIG with file, line, key, the value found and the wish. */
ent_status app_study_points(const app_campaign *c, char **text);

/* An app_campaign_more: <out>/summary.csv, /summary in the file, and the same as a text into c->summary.  A row a cell:
 * n, mean, deviation of the metric over the seeds that are done; against the reference of the same data, setting and
 * rate, paired by seed: pairs, difference (mean), low, high (bootstrap, 95 %), p (signed-rank). */
ent_status app_study_summary(app_campaign *c, const json_t *plan, const json_t *rows, ent_h5 *file);

#endif
