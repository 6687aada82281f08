/* Pool time steps into one row per segment.  Pure functions: arrays in, arrays out.  Local. */
#ifndef ENTENTE_DATA_POOL_H
#define ENTENTE_DATA_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "entente/csd.h"

/* The sums of several segments of one id. */
typedef struct {
    ent_pool kind;
    ent_nonfinite nonfinite;
    int64_t d, segments;
    const double *interval; /* [segments][2] */
    int *tier;              /* [segments]: tier of the steps in its sums; 0: none yet */
    double *weight, *value, *spread;
    int64_t bad; /* count of non-finite numbers in used steps */
} ent_pooling;

/* Room for `segments` segments.  Errors: ENT_ENOMEM. */
ent_status ent_pool_new(ent_pool kind, ent_nonfinite nonfinite, int64_t d, int64_t segments, ent_pooling *out);
void ent_pool_free(ent_pooling *pool);
size_t ent_pool_bytes(ent_pool kind, int64_t d);

/* Start with these segments, at most as many as there is room for. */
void ent_pool_begin(ent_pooling *pool, int64_t segments, const double *interval);

/* Whether any segment uses the step [start, end]. */
bool ent_pool_wants(const ent_pooling *pool, double start, double end);

/* Add a step.  Returns false if it holds a non-finite number that is used, or one above ENT_LARGEST_FEATURE, in
 * column *column. */
bool ent_pool_add(ent_pooling *pool, double start, double end, const double *x, int64_t *column);

/* Row of segment s: out [ent_pool_width]; NAN where no number was finite.  Returns false if the segment has no
 * step. */
bool ent_pool_row(const ent_pooling *pool, int64_t s, double *out);
int64_t ent_pool_width(ent_pool kind, int64_t d);

#endif
