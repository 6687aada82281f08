/* Each segment keeps its sums per column, because a non-finite number affects only its own column.  Steps fall
 * into three tiers: those that share time with the segment; instants that coincide with it; instants that lie
 * within a step, or steps of zero length within the segment.  A step of a better tier discards the sums of worse
 * ones. */
#include "pool.h"

#include <math.h>
#include <string.h>

#include "entente/memory.h"

enum { NONE, WITHIN, COINCIDES, SHARES };

int64_t ent_pool_width(ent_pool kind, int64_t d)
{
    return kind == ENT_POOL_MEAN_STD ? 2 * d : d;
}

size_t ent_pool_bytes(ent_pool kind, int64_t d)
{
    return (size_t)d * (kind == ENT_POOL_MEAN_STD ? 3 : 2) * sizeof(double) + sizeof(int);
}

ent_status ent_pool_new(ent_pool kind, ent_nonfinite nonfinite, int64_t d, int64_t segments, ent_pooling *out)
{
    const size_t row = (size_t)d * sizeof(double);
    ent_pooling pool = {.kind = kind, .nonfinite = nonfinite, .d = d};
    pool.tier = ent_alloc(segments, sizeof *pool.tier);
    pool.weight = ent_alloc(segments, row);
    pool.value = ent_alloc(segments, row);
    if (kind == ENT_POOL_MEAN_STD) pool.spread = ent_alloc(segments, row);
    *out = pool;
    if (pool.tier && pool.weight && pool.value && (pool.spread || kind != ENT_POOL_MEAN_STD)) return ENT_OK;
    ent_pool_free(out);
    return ent_fail(ENT_ENOMEM, "no memory to pool %lld segments", (long long)segments);
}

void ent_pool_free(ent_pooling *pool)
{
    ent_free(pool->tier);
    ent_free(pool->weight);
    ent_free(pool->value);
    ent_free(pool->spread);
    *pool = (ent_pooling){.d = 0};
}

void ent_pool_begin(ent_pooling *pool, int64_t segments, const double *interval)
{
    pool->segments = segments;
    pool->interval = interval;
    memset(pool->tier, 0, (size_t)segments * sizeof *pool->tier);
}

/* The tier of a step for a segment, and its weight.  Some intervals begin before time 0, where nothing was
 * recorded. */
static int tier_of(const double *segment, double start, double end, double *weight)
{
    const double shared = fmin(end, segment[1]) - fmax(0.0, fmax(start, segment[0]));
    *weight = shared > 0.0 ? shared : 1.0;
    if (shared > 0.0) return SHARES;
    if (end < 0.0 || segment[1] < 0.0) return NONE;
    const bool instant = start == end, at_once = segment[0] == segment[1];
    if (instant && at_once) return start == segment[0] ? COINCIDES : NONE;
    if (instant) return start >= segment[0] && start < segment[1] ? WITHIN : NONE;
    if (at_once) return segment[0] >= start && segment[0] < end ? WITHIN : NONE;
    return NONE;
}

bool ent_pool_wants(const ent_pooling *pool, double start, double end)
{
    double weight;
    for (int64_t s = 0; s < pool->segments; s++)
        if (tier_of(pool->interval + 2 * s, start, end, &weight) != NONE) return true;
    return false;
}

static void clear_row(ent_pooling *pool, int64_t s)
{
    for (int64_t j = s * pool->d; j < (s + 1) * pool->d; j++) {
        pool->weight[j] = pool->kind == ENT_POOL_FIRST ? INFINITY : 0.0;
        pool->value[j] = pool->kind == ENT_POOL_MAX ? -INFINITY : 0.0;
        if (pool->spread) pool->spread[j] = 0.0;
    }
}

static void add_mean(ent_pooling *pool, int64_t at, double weight, const double *x)
{
    for (int64_t j = 0; j < pool->d; j++) {
        if (!isfinite(x[j])) continue;
        pool->weight[at + j] += weight;
        pool->value[at + j] += weight * x[j];
    }
}

/* The weighted sum of squares about the running mean (West 1979). */
static void add_mean_std(ent_pooling *pool, int64_t at, double weight, const double *x)
{
    for (int64_t j = 0; j < pool->d; j++) {
        if (!isfinite(x[j])) continue;
        const double old = pool->weight[at + j], all = old + weight;
        const double step = old > 0.0 ? x[j] - pool->value[at + j] : 0.0;
        pool->value[at + j] = old > 0.0 ? pool->value[at + j] + step * (weight / all) : x[j];
        pool->spread[at + j] += old * (weight / all) * step * step;
        pool->weight[at + j] = all;
    }
}

static void add_max(ent_pooling *pool, int64_t at, const double *x)
{
    for (int64_t j = 0; j < pool->d; j++) {
        if (!isfinite(x[j])) continue;
        pool->weight[at + j] = 1.0;
        pool->value[at + j] = fmax(pool->value[at + j], x[j]);
    }
}

/* The weight is the start time of the step that was taken. */
static void add_first(ent_pooling *pool, int64_t at, double start, const double *x)
{
    for (int64_t j = 0; j < pool->d; j++) {
        if (!isfinite(x[j]) || start >= pool->weight[at + j]) continue;
        pool->weight[at + j] = start;
        pool->value[at + j] = x[j];
    }
}

static void add_to(ent_pooling *pool, int64_t s, double start, double weight, const double *x)
{
    const int64_t at = s * pool->d;
    switch (pool->kind) {
    case ENT_POOL_MEAN:
        add_mean(pool, at, weight, x);
        break;
    case ENT_POOL_MEAN_STD:
        add_mean_std(pool, at, weight, x);
        break;
    case ENT_POOL_MAX:
        add_max(pool, at, x);
        break;
    case ENT_POOL_FIRST:
        add_first(pool, at, start, x);
        break;
    }
}

static int64_t count_bad(const ent_pooling *pool, const double *x, int64_t *column)
{
    int64_t bad = 0;
    for (int64_t j = pool->d - 1; j >= 0; j--) {
        if (isfinite(x[j])) continue;
        bad++;
        *column = j;
    }
    return bad;
}

bool ent_pool_add(ent_pooling *pool, double start, double end, const double *x, int64_t *column)
{
    if (!ent_pool_wants(pool, start, end)) return true;
    for (int64_t j = 0; j < pool->d; j++) {
        *column = j;
        if (isfinite(x[j]) && fabs(x[j]) > ENT_LARGEST_FEATURE) return false;
    }
    const int64_t bad = count_bad(pool, x, column);
    pool->bad += bad;
    if (bad > 0 && pool->nonfinite == ENT_NONFINITE_ERROR) return false;
    if (bad > 0 && pool->nonfinite == ENT_NONFINITE_ABSENT) return true;
    for (int64_t s = 0; s < pool->segments; s++) {
        double weight;
        const int tier = tier_of(pool->interval + 2 * s, start, end, &weight);
        if (tier == NONE || tier < pool->tier[s]) continue;
        if (tier > pool->tier[s]) clear_row(pool, s);
        pool->tier[s] = tier;
        add_to(pool, s, start, weight, x);
    }
    return true;
}

static bool has_number(const ent_pooling *pool, int64_t at)
{
    return pool->kind == ENT_POOL_FIRST ? isfinite(pool->weight[at]) : pool->weight[at] > 0.0;
}

bool ent_pool_row(const ent_pooling *pool, int64_t s, double *out)
{
    for (int64_t j = 0; j < pool->d; j++) {
        const int64_t at = s * pool->d + j;
        const bool some = pool->tier[s] != NONE && has_number(pool, at);
        const double value = pool->kind == ENT_POOL_MEAN ? pool->value[at] / pool->weight[at] : pool->value[at];
        out[j] = some ? value : NAN;
        if (pool->spread) out[pool->d + j] = some ? sqrt(fmax(pool->spread[at], 0.0) / pool->weight[at]) : NAN;
    }
    return pool->tier[s] != NONE;
}
