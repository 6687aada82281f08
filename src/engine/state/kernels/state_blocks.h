/* The memory layout of the blocks of a pass. */
#ifndef ENTENTE_ENGINE_STATE_BLOCKS_H
#define ENTENTE_ENGINE_STATE_BLOCKS_H

#include "engine/lower/vector.h"
#include "engine/state/state_kernels.h"

enum { LANE_BITS = LANES == 16 ? 4 : LANES == 8 ? 3 : LANES == 4 ? 2 : 1 };

/* The base of block b: the bits of b are placed at the positions not used by the space of the pass; the highest
 * ones are its slice. */
static uint64_t base_of(const state_pass *pass, int bits, int64_t b)
{
    const uint64_t taken = pass->fixed | pass->slices.leaders;
    uint64_t base = 0;
    for (int k = 0; k < bits; k++) {
        if (taken >> k & 1) continue;
        base |= (uint64_t)(b & 1) << k;
        b >>= 1;
    }
    for (int i = 0; i < pass->slices.bits; i++, b >>= 1) {
        const uint64_t mask = pass->slices.mask[i];
        if (lower_parity(mask, base) != (int)(b & 1)) base |= mask & -mask;
    }
    return base;
}

/* Prefetch distance in runs: the runs are scattered, so hardware prefetchers cannot predict them. */
enum { AHEAD = 16 };

static void ask_ahead(const state_pass *pass, uint64_t base_line, const vec *state, int64_t r)
{
    if (r + AHEAD >= pass->runs) return;
    const vec *at = state + 2 * (base_line ^ pass->run[r + AHEAD]);
    for (int k = 0; k < 2 * pass->run_lines; k += 64 / VECTOR_BYTES) __builtin_prefetch(at + k);
}

#endif
