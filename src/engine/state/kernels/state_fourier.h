/* A Fourier transform on the blocks of a pass: elements are copied from memory into rows (state_plan.h), FFTW
 * transforms the rows, the phases are multiplied in, and the elements are copied back. */
#ifndef ENTENTE_ENGINE_STATE_TRANSFORM_H
#define ENTENTE_ENGINE_STATE_TRANSFORM_H

#include <math.h>

#include "engine/state/state_fft.h"
#include "state_blocks.h"

/* Phases are products of entries of two tables of at most 2^HALF_BITS entries. */
enum { HALF_BITS = 9 };

/* The contribution of the block to an index: j and x of its base, including the constants of the frame. */
static uint64_t parities(const lower_transform *t, int first, int count, uint64_t base)
{
    uint64_t sum = 0;
    for (int k = 0; k < count; k++)
        sum |= (uint64_t)(__builtin_parityll(t->row[first + k] & base) ^ (int)(t->constant >> (first + k) & 1)) << k;
    return sum;
}

/* The offset of an element, in numbers. */
ALWAYS size_t element_at(const state_transform *t, uint32_t element)
{
    return element + (size_t)(element >> t->bits) * (size_t)t->padding;
}

static void gather(const state_pass *pass, uint64_t base_line, uint32_t j, const vec *state, REAL (*rows)[2])
{
    const state_transform *t = pass->transform;
    const uint32_t *line = t->line;
    for (int64_t r = 0; r < pass->runs; r++) {
        const REAL *from = (const REAL *)(state + 2 * (base_line ^ pass->run[r]));
        ask_ahead(pass, base_line, state, r);
        for (int k = 0; k < pass->run_lines; k++, line++, from += 2 * LANES)
            for (int l = 0; l < LANES; l++) {
                REAL *to = rows[element_at(t, *line ^ j ^ t->lane[l])];
                to[0] = from[l];
                to[1] = from[l + LANES];
            }
    }
}

static void scatter(const state_pass *pass, uint64_t base_line, uint32_t j, const REAL (*rows)[2], REAL gain,
                    vec *state)
{
    const state_transform *t = pass->transform;
    const uint32_t *line = t->line;
    for (int64_t r = 0; r < pass->runs; r++) {
        REAL *to = (REAL *)(state + 2 * (base_line ^ pass->run[r]));
        for (int k = 0; k < pass->run_lines; k++, line++, to += 2 * LANES)
            for (int l = 0; l < LANES; l++) {
                const REAL *from = rows[element_at(t, *line ^ j ^ t->lane[l])];
                to[l] = gain * from[0];
                to[l + LANES] = gain * from[1];
            }
    }
}

/* table[k] = exp(2 pi i sign k x 2^first / 2^all) for k < 2^bits, by doubling. */
static void phase_table(uint64_t x, int first, int bits, int all, double sign, REAL (*table)[2])
{
    double z[1 << HALF_BITS][2] = {{1.0, 0.0}};
    for (int b = 0; b < bits; b++) {
        const uint64_t turns = x << (first + b) & ((UINT64_C(1) << all) - 1);
        const double angle = sign * 2.0 * 3.14159265358979323846 * ldexp((double)turns, -all);
        const double c = cos(angle), s = sin(angle);
        for (int k = 0; k < 1 << b; k++) {
            z[k | 1 << b][0] = z[k][0] * c - z[k][1] * s;
            z[k | 1 << b][1] = z[k][0] * s + z[k][1] * c;
        }
    }
    for (int k = 0; k < 1 << bits; k++) {
        table[k][0] = (REAL)z[k][0];
        table[k][1] = (REAL)z[k][1];
    }
}

static void turn_row(const state_transform *t, uint64_t x, int all, double sign, REAL (*row)[2])
{
    const int low = t->bits / 2, high = t->bits - low;
    REAL fine[1 << HALF_BITS][2], coarse[1 << HALF_BITS][2];
    phase_table(x, 0, low, all, sign, fine);
    phase_table(x, low, high, all, sign, coarse);
    for (int h = 0; h < 1 << high; h++, row += 1 << low) {
        const REAL cre = coarse[h][0], cim = coarse[h][1];
        for (int k = 0; k < 1 << low; k++) {
            const REAL fre = cre * fine[k][0] - cim * fine[k][1], fim = cre * fine[k][1] + cim * fine[k][0];
            const REAL re = row[k][0], im = row[k][1];
            row[k][0] = re * fre - im * fim;
            row[k][1] = re * fim + im * fre;
        }
    }
}

/* The phases of all rows; x: that of the base of the block. */
static void turn_rows(const state_pass *pass, const lower_transform *of, uint64_t x, double sign, REAL (*rows)[2])
{
    const state_transform *t = pass->transform;
    for (int64_t r = 0; r < INT64_C(1) << (pass->bits - t->bits) && of->low > 0; r++) {
        uint64_t here = x;
        for (uint64_t rest = (uint64_t)r; rest; rest &= rest - 1) here ^= t->factor[__builtin_ctzll(rest)];
        turn_row(t, here, of->bits + of->low, sign, rows + element_at(t, (uint32_t)r << t->bits));
    }
}

static void transform(const state_run *run, const state_pass *pass, const state_scratch *scratch, void *state,
                      int64_t first, int64_t last, int back)
{
    const lower_transform *of = &run->plan->list.transform[pass->transform->index];
    const int negative = of->inverse ^ back;
    const double sign = negative ? -1.0 : 1.0;
    const REAL gain = (REAL)(pow(0.5, 0.5 * of->bits));
    REAL(*rows)[2] = scratch->ket; /* and beyond it, where the block of the bra is */
    for (int64_t b = first; b < last; b++) {
        const uint64_t base = base_of(pass, run->plan->local_bits, b), line = base >> LANE_BITS;
        const uint32_t j = (uint32_t)parities(of, 0, of->bits, base | run->outside);
        const uint64_t x = parities(of, of->bits, of->low, base | run->outside);
        gather(pass, line, j, state, rows);
        if (back) turn_rows(pass, of, x, sign, rows);
        ent_state_fft_run(pass->transform->fft, negative, rows);
        if (!back) turn_rows(pass, of, x, sign, rows);
        scatter(pass, line, j, (const REAL(*)[2])rows, gain, state);
    }
}

#endif
