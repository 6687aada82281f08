/* Builds the points of a STUDY.yaml, and the summary from their records.  Local. */
#ifndef ENTENTE_CAMPAIGN_STUDY_H
#define ENTENTE_CAMPAIGN_STUDY_H

#include "campaign.h"

/* The plan as text (ent_free): columns data, setting, rate, variant, seed; also `reference`, `metric`, `seeds`
 * (their number).  The points of a cell, which differ only in their seed, are adjacent.  Errors: ENT_EIO;
 * ENT_ECONFIG with file, line, key, the value found and the value wanted. */
ent_status campaign_study_points(const campaign_job *c, char **text);

/* A campaign_more: <out>/summary.csv, /summary in the file, and the same as text in c->summary.  One row per
 * cell: n, mean and deviation of the metric over the finished seeds; compared with the reference of the same data,
 * setting and rate, paired by seed: pairs, difference (mean), low, high (bootstrap, 95 %), p (signed-rank); metric
 * and reference, the same in all rows. */
ent_status campaign_study_summary(campaign_job *c, const json_t *plan, const json_t *rows, ent_h5 *file);

#endif
