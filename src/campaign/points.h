/* The plan of a sweep or a study: base configurations and the points to run, as one JSON object that travels as text.
 *
 *   kind      "sweep" or "study";  keep  "table" or "results": whether a point keeps its result folder
 *   columns   names of what tells the points apart
 *   bases     texts of whole configurations
 *   spec      the file of the sweep or study;  froms: of each base the file that names its data set
 *   points    {base, label [columns], set ["key=value", ...], hash}: a point is its base with the overrides of `set`;
 *             `hash` is the SHA-256 of its configuration, by which its record is found again
 *
 * Points are made as products of axes.  An axis is a list of alternatives; an alternative is {label: {column: text},
 * set: [[override, where it stands], ...]}.  Local. */
#ifndef ENTENTE_CAMPAIGN_POINTS_H
#define ENTENTE_CAMPAIGN_POINTS_H

#include <jansson.h>
#include <stdint.h>

#include "config/load.h"

enum { APP_MAX_POINTS = 100000 };

/* NULL without memory. */
json_t *app_points_new(const char *kind, const char *spec);

/* Overrides of the command line: put into every base; no point may set the same key. */
ent_status app_points_fix(json_t *plan, int sets, const char *const *set);

/* A base: the file with `set` (an array of overrides) and those of app_points_fix in it.  Errors: ENT_EIO, ENT_ECONFIG. */
ent_status app_points_base(json_t *plan, const char *path, const json_t *set, int64_t *base);

/* The alternative {label: {column: text}, set: []}; column NULL: no label.  NULL without memory. */
json_t *app_points_alternative(const char *column, const char *text);

/* Every product of the axes (the last runs fastest) behind the points; each configuration is checked.
 * Errors: ENT_ECONFIG, with the place that is wrong; ENT_ENOMEM. */
ent_status app_points_product(json_t *plan, int64_t base, const json_t *axes);

/* As text, to share (ent_free). */
ent_status app_points_write(const json_t *plan, char **text);

int64_t app_points_count(const json_t *plan);
const json_t *app_points_at(const json_t *plan, int64_t k);
const char *app_points_hash(const json_t *plan, int64_t k);

/* "a=1 b=2": the labels of a point, for people.  Returns `text`. */
char *app_points_label(const json_t *plan, int64_t k, char text[512]);

/* The configuration of point k (ent_free). */
ent_status app_points_text(const json_t *plan, int64_t k, char **text);
/* In that text, name the data set where it is found: from the working folder, or else beside the file that names it, the
 * base or the spec.  Errors: as ent_config_locate. */
ent_status app_points_locate(const json_t *plan, int64_t k, char **text);

#endif
