/* Splits.  Each of them shuffles the rows once and then assigns them to clients by a rule that never needs a second
 * try.
 *
 * The properties of a client (its share of each class, its mix, its share of all rows, its shards) are drawn from
 * streams that do not depend on the part; the order of the rows is drawn from one that does.  Cost:
 * dirichlet_client rows x strata, the others rows + clients x strata. */
#include "entente/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/dataset.h"
#include "entente/memory.h"
#include "entente/random.h"

/* b of the streams; a is the class, the client, or 0. */
enum { FOR_SHARES, FOR_DRAWS, FOR_ORDER, PARTS = 16 };

static ent_random stream_of(const ent_split_inp *inp, uint64_t a, int what, int part)
{
    return ent_random_at(inp->seed, ENT_FOR_SPLIT, a, (uint64_t)(what * PARTS + part));
}

static ent_status no_memory(const ent_split_inp *inp)
{
    return ent_fail(ENT_ENOMEM, "split over %d clients: no memory", inp->clients);
}

/* ---- rows in the order in which they are dealt out ---- */

static int32_t stratum_of(const ent_split_rows *rows, int64_t k)
{
    return rows->stratum ? rows->stratum[k] : 0;
}

/* order[first[s] .. first[s+1]-1] are the rows of stratum s, shuffled. */
typedef struct {
    int64_t *order, *first;
} deck;

static void deck_free(deck *d)
{
    ent_free(d->order);
    ent_free(d->first);
    *d = (deck){NULL, NULL};
}

/* A counting sort of `shuffled` keeps the shuffled order inside each stratum. */
static void sort_by_stratum(const ent_split_rows *rows, const int64_t *shuffled, int64_t *next, deck *d)
{
    for (int64_t k = 0; k < rows->n; k++) d->first[stratum_of(rows, k) + 1]++;
    for (int s = 0; s < rows->strata; s++) d->first[s + 1] += d->first[s];
    memcpy(next, d->first, (size_t)rows->strata * sizeof *next);
    for (int64_t k = 0; k < rows->n; k++) d->order[next[stratum_of(rows, shuffled[k])]++] = shuffled[k];
}

static ent_status deck_make(const ent_split_inp *inp, const ent_split_rows *rows, deck *d)
{
    ent_random stream = stream_of(inp, 0, FOR_ORDER, rows->part);
    int64_t *shuffled = ent_alloc(rows->n, sizeof *shuffled), *next = ent_alloc(rows->strata, sizeof *next);
    d->order = ent_alloc(rows->n, sizeof *d->order);
    d->first = ent_alloc((int64_t)rows->strata + 1, sizeof *d->first);
    const int whole = shuffled && next && d->order && d->first;
    if (whole) {
        ent_random_permutation(&stream, rows->n, shuffled);
        sort_by_stratum(rows, shuffled, next, d);
    }
    ent_free(shuffled);
    ent_free(next);
    if (whole) return ENT_OK;
    deck_free(d);
    return no_memory(inp);
}

/* All rows form one stratum: a plain shuffle. */
static ent_status deck_of_all(const ent_split_inp *inp, const ent_split_rows *rows, deck *d)
{
    const ent_split_rows one = {.part = rows->part, .n = rows->n, .strata = 1};
    return deck_make(inp, &one, d);
}

/* ---- the kinds ---- */

static ent_status split_iid(const ent_split_inp *inp, const ent_split_rows *rows, int32_t *client)
{
    deck d;
    ENT_TRY(deck_of_all(inp, rows, &d));
    for (int64_t k = 0; k < rows->n; k++) client[d.order[k]] = (int32_t)(k % inp->clients);
    deck_free(&d);
    return ENT_OK;
}

/* Cut order[0..n-1] at the cumulative shares, each rounded to the nearest row. */
static void cut_by_shares(int clients, const double *share, int64_t n, const int64_t *order, int32_t *client)
{
    double cumulated = 0.0;
    int64_t k = 0;
    for (int c = 0; c < clients; c++) {
        cumulated += share[c];
        const int64_t end = c == clients - 1 ? n : (int64_t)rint(cumulated * (double)n);
        for (; k < end && k < n; k++) client[order[k]] = c;
    }
}

static ent_status split_dirichlet_class(const ent_split_inp *inp, const ent_split_rows *rows, int32_t *client)
{
    deck d;
    double *share = ent_alloc(inp->clients, sizeof *share);
    if (!share) return no_memory(inp);
    const ent_status status = deck_make(inp, rows, &d);
    for (int s = 0; status == ENT_OK && s < rows->strata; s++) {
        ent_random stream = stream_of(inp, (uint64_t)s, FOR_SHARES, 0);
        ent_random_dirichlet(&stream, inp->alpha, inp->clients, share);
        cut_by_shares(inp->clients, share, d.first[s + 1] - d.first[s], d.order + d.first[s], client);
    }
    if (status == ENT_OK) deck_free(&d);
    ent_free(share);
    return status;
}

/* Draw one of the strata that still have rows, by weights given as logarithms: near alpha = 0.01 most weights
 * underflow, but not relative to the largest one left. */
static int draw_stratum(int strata, const double *log_weight, const int64_t *next, const int64_t *end,
                        ent_random *stream)
{
    double largest = -INFINITY, sum = 0.0;
    int last = -1;
    for (int s = 0; s < strata; s++)
        if (next[s] < end[s]) largest = fmax(largest, log_weight[s]);
    for (int s = 0; s < strata; s++)
        if (next[s] < end[s]) sum += exp(log_weight[s] - largest);
    double left = ent_random_uniform(stream) * sum;
    for (int s = 0; s < strata; s++) {
        if (next[s] >= end[s]) continue;
        last = s;
        left -= exp(log_weight[s] - largest);
        if (left < 0.0) break;
    }
    return last;
}

/* The clients take turns; each draws a class from the rest of its mix, and takes the next row of that class. */
static void take_turns(const ent_split_inp *inp, const ent_split_rows *rows, const deck *d, const double *mix,
                       int64_t *next, ent_random *draws, int32_t *client)
{
    for (int64_t k = 0; k < rows->n; k++) {
        const int c = (int)(k % inp->clients);
        const int s = draw_stratum(rows->strata, mix + (int64_t)c * rows->strata, next, d->first + 1, &draws[c]);
        client[d->order[next[s]++]] = c;
    }
}

static ent_status split_dirichlet_client(const ent_split_inp *inp, const ent_split_rows *rows, int32_t *client)
{
    deck d = {NULL, NULL};
    ent_status status = no_memory(inp);
    double *mix = ent_alloc((int64_t)inp->clients * rows->strata, sizeof *mix);
    ent_random *draws = ent_alloc(inp->clients, sizeof *draws);
    int64_t *next = NULL;
    if (!mix || !draws) goto done;
    status = deck_make(inp, rows, &d);
    if (status != ENT_OK) goto done;
    next = ent_copy(d.first, rows->strata, sizeof *next);
    if (!next) {
        status = no_memory(inp);
        goto done;
    }
    for (int c = 0; c < inp->clients; c++) {
        ent_random stream = stream_of(inp, (uint64_t)c, FOR_SHARES, 0);
        for (int s = 0; s < rows->strata; s++)
            mix[(int64_t)c * rows->strata + s] = ent_random_log_gamma(&stream, inp->alpha);
        draws[c] = stream_of(inp, (uint64_t)c, FOR_DRAWS, rows->part);
    }
    take_turns(inp, rows, &d, mix, next, draws, client);
done:
    deck_free(&d);
    ent_free(next);
    ent_free(draws);
    ent_free(mix);
    return status;
}

static ent_status split_shards(const ent_split_inp *inp, const ent_split_rows *rows, int32_t *client)
{
    deck d;
    const int64_t shards = (int64_t)inp->clients * inp->shards;
    int64_t *dealt = ent_alloc(shards, sizeof *dealt);
    if (!dealt) return no_memory(inp);
    const ent_status status = deck_make(inp, rows, &d);
    if (status == ENT_OK) {
        ent_random stream = stream_of(inp, 0, FOR_SHARES, 0);
        ent_random_permutation(&stream, shards, dealt);
        for (int64_t k = 0; k < rows->n; k++) { /* row k of n lies in shard k * shards / n */
            const int64_t shard = (int64_t)((double)k * (double)shards / (double)rows->n);
            client[d.order[k]] = (int32_t)(dealt[shard] / inp->shards);
        }
        deck_free(&d);
    }
    ent_free(dealt);
    return status;
}

typedef struct {
    double rest;
    int client;
} remainder_of;

static int larger_first(const void *a, const void *b)
{
    const remainder_of *x = a, *y = b;
    if (x->rest != y->rest) return x->rest < y->rest ? 1 : -1;
    return x->client - y->client;
}

/* Sizes that add up to n, by the largest-remainder method. */
static void sizes_of(int clients, const double *share, int64_t n, remainder_of *rest, int64_t *size)
{
    int64_t left = n;
    for (int c = 0; c < clients; c++) {
        const double wanted = share[c] * (double)n;
        size[c] = (int64_t)fmin(floor(wanted), (double)left);
        left -= size[c];
        rest[c] = (remainder_of){wanted - floor(wanted), c};
    }
    qsort(rest, (size_t)clients, sizeof *rest, larger_first);
    for (int64_t k = 0; left > 0; k++, left--) size[rest[k % clients].client]++;
}

static ent_status split_quantity(const ent_split_inp *inp, const ent_split_rows *rows, int32_t *client)
{
    deck d;
    double *share = ent_alloc(inp->clients, sizeof *share);
    remainder_of *rest = ent_alloc(inp->clients, sizeof *rest);
    int64_t *size = ent_alloc(inp->clients, sizeof *size), k = 0;
    ent_status status = share && rest && size ? deck_of_all(inp, rows, &d) : no_memory(inp);
    if (status == ENT_OK) {
        ent_random stream = stream_of(inp, 0, FOR_SHARES, 0);
        ent_random_dirichlet(&stream, inp->alpha, inp->clients, share);
        sizes_of(inp->clients, share, rows->n, rest, size);
        for (int c = 0; c < inp->clients; c++)
            for (const int64_t end = k + size[c]; k < end; k++) client[d.order[k]] = c;
        deck_free(&d);
    }
    ent_free(size);
    ent_free(rest);
    ent_free(share);
    return status;
}

/* ---- by group ---- */

static int by_value(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

ent_status ent_split_groups(int64_t n, const int32_t *group, int32_t **out, int64_t *count)
{
    int32_t *sorted = ent_copy(group, n, sizeof *sorted);
    ENT_REQUIRE(sorted, ENT_ENOMEM, "groups of %lld rows: no memory", (long long)n);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    int64_t unique = 0;
    for (int64_t k = 0; k < n; k++)
        if (k == 0 || sorted[k] != sorted[k - 1]) sorted[unique++] = sorted[k];
    *out = sorted;
    *count = unique;
    return ENT_OK;
}

static const int32_t *find_group(const int32_t *groups, int64_t count, int32_t group)
{
    if (count == 0) return NULL;
    return bsearch(&group, groups, (size_t)count, sizeof group, by_value);
}

/* Keep only the groups that do not occur in the training rows. */
static int64_t keep_unseen(const ent_split_rows *rows, int32_t *groups, int64_t count)
{
    int64_t kept = 0;
    for (int64_t k = 0; k < count; k++)
        if (!find_group(rows->train_group, rows->train_groups, groups[k])) groups[kept++] = groups[k];
    return kept;
}

static ent_status split_natural(const ent_split_inp *inp, const ent_split_rows *rows, int32_t *client)
{
    ENT_REQUIRE(rows->group, ENT_EDATA, "split natural: the data has no groups");
    int32_t *unseen = NULL;
    int64_t count = 0;
    ENT_TRY(ent_split_groups(rows->n, rows->group, &unseen, &count));
    count = keep_unseen(rows, unseen, count);
    for (int64_t k = 0; k < rows->n; k++) {
        const int32_t *seen = find_group(rows->train_group, rows->train_groups, rows->group[k]);
        const int64_t place = seen ? seen - rows->train_group : find_group(unseen, count, rows->group[k]) - unseen;
        client[k] = (int32_t)(place % inp->clients);
    }
    ent_free(unseen);
    return ENT_OK;
}

/* ---- */

static ent_status check(const ent_split_inp *inp, const ent_split_rows *rows)
{
    const int drawn = inp->kind == ENT_SPLIT_DIRICHLET_CLASS || inp->kind == ENT_SPLIT_DIRICHLET_CLIENT ||
                      inp->kind == ENT_SPLIT_QUANTITY;
    ENT_REQUIRE(inp->clients >= 1, ENT_EARG, "split: %d clients, want at least 1", inp->clients);
    ENT_REQUIRE(!drawn || (inp->alpha >= 1e-300 && isfinite(inp->alpha)), ENT_EARG,
                "split: alpha %g, want at least 1e-300", inp->alpha);
    ENT_REQUIRE(inp->kind != ENT_SPLIT_SHARDS || inp->shards >= 1, ENT_EARG,
                "split: %d shards per client, want at least 1", inp->shards);
    ENT_REQUIRE(rows->strata >= 1, ENT_EARG, "split: %d strata, want at least 1", rows->strata);
    for (int64_t k = 0; k < rows->n; k++)
        ENT_REQUIRE(stratum_of(rows, k) >= 0 && stratum_of(rows, k) < rows->strata, ENT_EARG,
                    "split: row %lld is in stratum %d, want 0..%d", (long long)k, stratum_of(rows, k),
                    rows->strata - 1);
    return ENT_OK;
}

/* The result of a custom split is checked before it is used. */
static ent_status split_own(const ent_split_inp *inp, const ent_split_rows *rows, int32_t *client)
{
    ENT_REQUIRE(inp->own, ENT_EARG, "split: found kind %d, want one below %d or one that is registered",
                (int)inp->kind, (int)ENT_SPLITS);
    ENT_TRY(inp->own(inp->context, inp, rows, client));
    for (int64_t k = 0; k < rows->n; k++)
        ENT_REQUIRE(client[k] >= 0 && client[k] < inp->clients, ENT_EARG,
                    "split: row %lld was given to client %d, want 0 to %d", (long long)k, client[k],
                    inp->clients - 1);
    return ENT_OK;
}

ent_status ent_split(const ent_split_inp *inp, const ent_split_rows *rows, int32_t *client)
{
    static ent_status (*const kinds[])(const ent_split_inp *, const ent_split_rows *, int32_t *) = {
        [ENT_SPLIT_IID] = split_iid,
        [ENT_SPLIT_DIRICHLET_CLASS] = split_dirichlet_class,
        [ENT_SPLIT_DIRICHLET_CLIENT] = split_dirichlet_client,
        [ENT_SPLIT_SHARDS] = split_shards,
        [ENT_SPLIT_QUANTITY] = split_quantity,
        [ENT_SPLIT_NATURAL] = split_natural,
    };
    ENT_TRY(check(inp, rows));
    if ((int)inp->kind < 0 || inp->kind >= ENT_SPLITS) return split_own(inp, rows, client);
    return kinds[inp->kind](inp, rows, client);
}

/* ---- strata of real labels ---- */

ent_strata ent_split_strata(int64_t n, const double *train_value)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t k = 0; k < n; k++) {
        low = fmin(low, train_value[k]);
        high = fmax(high, train_value[k]);
    }
    if (n == 0) return (ent_strata){.first = 0.0, .width = 1.0, .count = 1};
    const double whole = floor(high + 0.5) - floor(low + 0.5) + 1.0;
    if (whole <= ENT_MAX_CLASSES) return (ent_strata){floor(low + 0.5), 1.0, (int)whole};
    const double width = high / ENT_MAX_CLASSES -
                         low / ENT_MAX_CLASSES; /* kept separate, as high - low may overflow */
    return (ent_strata){low + 0.5 * width, width, ENT_MAX_CLASSES};
}

int32_t ent_split_stratum(const ent_strata *strata, double value)
{
    const double place = floor((value - strata->first) / strata->width + 0.5);
    return (int32_t)fmin(fmax(place, 0.0), strata->count - 1.0);
}
