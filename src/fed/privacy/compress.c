#include "fed/privacy/compress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/random.h"

/* The number of values of a block that are sent. */
static int kept_of(const ent_config_communication *c, int count)
{
    if (c->sparsify == ENT_SPARSIFY_NONE) return count;
    const int kept = (int)lround(c->keep * count);
    return kept < 1 ? 1 : kept > count ? count : kept;
}

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Keep the `kept` largest (the first among equals), and set the others to 0. */
static void keep_largest(int count, int kept, double *x, double *scratch)
{
    for (int k = 0; k < count; k++) scratch[k] = fabs(x[k]);
    qsort(scratch, (size_t)count, sizeof *scratch, descending);
    const double least = scratch[kept - 1];
    int equals = 0;
    for (int k = 0; k < kept; k++) equals += scratch[k] == least;
    for (int k = 0; k < count; k++)
        if (fabs(x[k]) < least || (fabs(x[k]) == least && equals-- <= 0)) x[k] = 0.0;
}

/* Select `left` of the remaining values with equal probability (Knuth's algorithm S). */
static bool draws(ent_random *stream, int of, int *left)
{
    const bool drawn = ent_random_below(stream, (uint64_t)of) < (uint64_t)*left;
    *left -= drawn;
    return drawn;
}

static void keep_random(ent_random stream, int count, int kept, double factor, double *x)
{
    for (int k = 0, left = kept; k < count; k++) {
        x[k] = draws(&stream, count - k, &left) ? factor * x[k] : 0.0;
    }
}

double ent_compress_single(double x)
{
    const float near = (float)x;
    return near < x ? nextafterf(near, INFINITY) : near;
}

/* Round to one of the values of `bits` bits, up with the probability that makes it unbiased; 0 stays 0. */
static void round_all(ent_random stream, int count, int bits, double *x)
{
    double most = 0.0;
    for (int k = 0; k < count; k++) most = fmax(most, fabs(x[k]));
    most = ent_compress_single(most);
    const double steps = bits == 1 ? 0.5 : (double)((1 << (bits - 1)) - 1); /* from 0 to `most` */
    for (int k = 0; k < count; k++) {
        const double chance = ent_random_uniform(&stream);
        if (x[k] == 0.0) continue;
        const double at = bits == 1 ? 0.5 * (x[k] / most + 1.0) : steps * x[k] / most, below = floor(at);
        const double value = below + (chance < at - below);
        x[k] = bits == 1 ? most * (2.0 * value - 1.0) : most * value / steps;
    }
}

static ent_random drawn_of(const ent_rule_state *s, int b)
{
    return ent_random_at(s->config->seeds.sampling, ENT_FOR_SPARSE, (uint64_t)s->round, (uint64_t)b);
}

int64_t ent_compress_common(const ent_rule_state *s, bool *sent)
{
    int64_t count = 0;
    for (int b = 0; b < s->blocks; b++) {
        ent_random stream = drawn_of(s, b);
        const bool random = s->config->communication.sparsify == ENT_SPARSIFY_RANDOM &&
                            s->config->attack.kind == ENT_ATTACK_NONE; /* attackers send arbitrary values */
        const int all = s->block[b].count;
        for (int k = 0, left = random ? kept_of(&s->config->communication, all) : all; k < all; k++) {
            sent[s->block[b].first + k] = !random || draws(&stream, all - k, &left);
            count += sent[s->block[b].first + k];
        }
    }
    return count;
}

static void compress_block(const ent_rule_state *s, const ent_update *u, int b, double *x, double *scratch)
{
    const ent_config_communication *c = &s->config->communication;
    const uint64_t seed = s->config->seeds.sampling;
    const int count = s->block[b].count, kept = kept_of(c, count);
    if (c->sparsify == ENT_SPARSIFY_TOP) keep_largest(count, kept, x, scratch);
    if (c->sparsify == ENT_SPARSIFY_RANDOM)
        keep_random(drawn_of(s, b), count, kept, c->feedback ? 1.0 : (double)count / kept, x);
    if (c->bits == 0) return;
    ent_random stream = ent_random_at(seed, ENT_FOR_ROUNDING, (uint64_t)u->client, (uint64_t)s->round);
    stream.next = (uint64_t)s->block[b].first;
    round_all(stream, count, c->bits, x);
}

void ent_compress(const ent_rule_state *s, ent_update *u, double *left, double *scratch)
{
    for (int b = 0; b < s->blocks; b++) {
        const int first = s->block[b].first, count = s->block[b].count;
        double *x = u->delta + first;
        if (u->weight[b] == 0.0) continue;
        for (int k = 0; left && k < count; k++) x[k] = left[first + k] += x[k];
        compress_block(s, u, b, x, scratch);
        for (int k = 0; left && k < count; k++) left[first + k] -= x[k];
    }
}

double ent_compress_bytes(const ent_rule_state *s)
{
    const ent_config_communication *c = &s->config->communication;
    double bits = 0.0;
    for (int b = 0; b < s->blocks; b++) {
        const int count = s->block[b].count, kept = kept_of(c, count);
        bits += (double)kept * (c->bits > 0 ? c->bits : 64) + (c->bits > 0 ? 32 : 0);
        if (c->sparsify == ENT_SPARSIFY_TOP && kept < count)
            bits += fmin(count, (double)kept * ceil(log2((double)count)));
    }
    return ceil(bits / 8.0);
}
