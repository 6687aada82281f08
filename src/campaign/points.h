/* The plan of a sweep or a study: base configurations and the points to run, as one JSON object that travels as text.
 *
 *   kind      "sweep" or "study";  keep  "table" or "results": whether a point keeps its result folder
 *   columns   names of the labels of the points;  scales: of a sweep, how the values of each are given: grid, list,
 *             or how they are drawn: uniform, log, integer, choice
 *   bases     texts of whole configurations
 *   spec      the file of the sweep or study;  froms: for each base the file that names its data set
 *   points    {base, label [columns], set ["key=value", ...], hash}: a point is its base with the overrides of `set`;
 *             `hash` is the SHA-256 of its configuration, which names its record
 *
 * Points are products of axes.  An axis is a list of alternatives; an alternative is {label: {column: text}, set:
 * [[override, location], ...]}.  Local. */
#ifndef ENTENTE_CAMPAIGN_POINTS_H
#define ENTENTE_CAMPAIGN_POINTS_H

#include <jansson.h>
#include <stdint.h>

#include "config/load.h"

enum { CAMPAIGN_MAX_POINTS = 100000 };

/* NULL if memory is exhausted. */
json_t *campaign_points_new(const char *kind, const char *spec);

/* Overrides of the command line: applied to every base; no point may set the same key. */
ent_status campaign_points_fix(json_t *plan, int sets, const char *const *set);

/* Add a base: the file with the overrides `set` (an array) and those of campaign_points_fix applied.
 * Errors: ENT_EIO, ENT_ECONFIG. */
ent_status campaign_points_base(json_t *plan, const char *path, const json_t *set, int64_t *base);

/* The alternative {label: {column: text}, set: []}; column NULL: no label.  NULL if memory is exhausted. */
json_t *campaign_points_alternative(const char *column, const char *text);

/* Append every product of the axes (the last axis varies fastest) to the points; each configuration is checked.
 * Errors: ENT_ECONFIG with the location; ENT_ENOMEM. */
ent_status campaign_points_product(json_t *plan, int64_t base, const json_t *axes);

/* As text, for sharing between ranks (ent_free). */
ent_status campaign_points_write(const json_t *plan, char **text);

int64_t campaign_points_count(const json_t *plan);
const json_t *campaign_points_at(const json_t *plan, int64_t k);
const char *campaign_points_hash(const json_t *plan, int64_t k);

/* "a=1 b=2": the labels of a point in readable form.  Returns `text`. */
char *campaign_points_label(const json_t *plan, int64_t k, char text[512]);

/* The configuration of point k (ent_free). */
ent_status campaign_points_text(const json_t *plan, int64_t k, char **text);
/* In that text, replace the name of the data set by its location: relative to the working folder, or else to the
 * folder of the file that names it, the base or the spec.  Errors: as ent_config_locate. */
ent_status campaign_points_locate(const json_t *plan, int64_t k, char **text);

#endif
