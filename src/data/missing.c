/* One uniform number for each (row or client, modality) says whether it is lost; a second one ranks the modalities,
 * and keep_one keeps the highest rank of those that the row has.  Rows of a client with the same modalities
 * therefore keep the same one, and each modality is kept equally often. */
#include "entente/missing.h"

#include <math.h>
#include <stdbool.h>

#include "entente/random.h"

/* b of the streams: separates the levels and the two uses of a number. */
enum { LOSE = 0, RANK = 1, USES = 2 };

static double number(const ent_missing_inp *inp, int64_t id, int use, int m)
{
    const uint64_t b = ((uint64_t)inp->level * USES + (uint64_t)use) * ENT_MAX_MODALITIES + (uint64_t)m;
    ent_random stream = ent_random_at(inp->seed, ENT_FOR_MASKS, (uint64_t)id, b);
    return ent_random_uniform(&stream);
}

static uint32_t lost(const ent_missing_inp *inp, int modalities, int64_t id)
{
    if (inp->level == ENT_LEVEL_FIXED) return inp->fixed;
    uint32_t mask = 0;
    for (int m = 0; m < modalities; m++)
        if (number(inp, id, LOSE, m) < inp->rate[m]) mask |= UINT32_C(1) << m;
    return mask;
}

static uint32_t one_of(const ent_missing_inp *inp, int modalities, int64_t id, uint32_t stored)
{
    double highest = -1.0;
    uint32_t kept = 0;
    for (int m = 0; m < modalities; m++) {
        const uint32_t bit = UINT32_C(1) << m;
        if (!(stored & bit)) continue;
        const double rank = number(inp, id, RANK, m);
        if (rank > highest) {
            highest = rank;
            kept = bit;
        }
    }
    return kept;
}

/* The modality of an exclusive client.  Among exponential waiting times with rates 1 - p_m, the first to end is
 * that of m with probability proportional to its rate. */
static uint32_t only_one(const ent_missing_inp *inp, int modalities, int64_t id)
{
    double first = INFINITY, sum = 0.0;
    uint32_t kept = 1;
    for (int m = 0; m < modalities; m++) sum += 1.0 - inp->rate[m];
    for (int m = 0; m < modalities; m++) {
        const double wait = -log(number(inp, id, RANK, m)) / (sum > 0.0 ? 1.0 - inp->rate[m] : 1.0);
        if (wait < first) {
            first = wait;
            kept = UINT32_C(1) << m;
        }
    }
    return kept;
}

static bool applies(const ent_missing_inp *inp, int part)
{
    return inp->where == ENT_WHERE_BOTH || (inp->where == ENT_WHERE_TRAIN) == (part == ENT_TRAIN);
}

static uint32_t context_of(const ent_missing_inp *inp, int part, int modalities, int64_t id, uint32_t stored)
{
    if (stored == 0) return inp->empty == ENT_ALLOW ? 0 : ENT_ROW_SKIPPED;
    if (!applies(inp, part)) return stored;
    if (inp->level == ENT_LEVEL_EXCLUSIVE) {
        const uint32_t own = stored & only_one(inp, modalities, id);
        return own != 0 || inp->empty == ENT_ALLOW ? own : ENT_ROW_SKIPPED;
    }
    const uint32_t left = stored & ~lost(inp, modalities, id);
    if (left != 0 || inp->empty == ENT_ALLOW) return left;
    return inp->empty == ENT_SKIP ? ENT_ROW_SKIPPED : one_of(inp, modalities, id, stored);
}

void ent_missing_draw(const ent_missing_inp *inp, int part, int modalities, const ent_missing_rows *rows)
{
    for (int64_t k = 0; k < rows->n; k++) {
        const bool by_client = inp->level == ENT_LEVEL_CLIENT || inp->level == ENT_LEVEL_EXCLUSIVE;
        const int64_t id = by_client ? rows->client[k] : rows->row[k];
        rows->context[k] = context_of(inp, part, modalities, id, rows->stored[k]);
    }
}

/* Index of a number in the row's stream; numbers for different clients never overlap. */
static double dropout_number(const ent_random *stream, int64_t client, int use, int m)
{
    ent_random at = *stream;
    at.next = ((uint64_t)client * USES + (uint64_t)use) * ENT_MAX_MODALITIES + (uint64_t)m;
    return ent_random_uniform(&at);
}

uint32_t ent_modality_dropout(uint64_t seed, double p, uint32_t context, int64_t client, int64_t pass, int64_t row)
{
    if (p <= 0.0) return context;
    const ent_random stream = ent_random_at(seed, ENT_FOR_MODALITY_DROPOUT, (uint64_t)row, (uint64_t)pass);
    double highest = -1.0;
    uint32_t left = 0, kept = 0;
    for (int m = 0; m < ENT_MAX_MODALITIES; m++) {
        const uint32_t bit = UINT32_C(1) << m;
        if (!(context & bit)) continue;
        if (dropout_number(&stream, client, LOSE, m) >= p) left |= bit;
        const double rank = dropout_number(&stream, client, RANK, m);
        if (rank > highest) {
            highest = rank;
            kept = bit;
        }
    }
    return left != 0 ? left : kept;
}
