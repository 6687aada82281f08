/* Readouts with an X or a Y, on a block in its buffer.
 *
 * A string maps amplitude p, with the sign of its row, to p ^ flip.  The value of an even string is the real part
 * of the sum of these signs times conj(psi[p ^ flip]) psi[p]; that of an odd string (with a factor i) is minus the
 * imaginary part. */
#ifndef ENTENTE_ENGINE_STATE_READS_H
#define ENTENTE_ENGINE_STATE_READS_H

#include "state_groups.h"

/* The sign of a row on a line, the same for all lanes. */
ALWAYS REAL line_sign(const state_row *row, int block, uint32_t line)
{
    return __builtin_parity(row->mask & line) ^ block ? (REAL)-1 : (REAL)1;
}

/* p and p ^ flip give the same term, so if lines are flipped, one line of each pair is enough. */
static void read_strings(const state_read *read, int bits, uint64_t base, double gain, const vec *ket, double *values)
{
    const uint32_t lines = UINT32_C(1) << (bits - LANE_BITS), pivot = read->line & -read->line;
    exchange lanes;
    set_exchange(read->lane, &lanes);
    for (int k = 0; k < read->rows; k++) {
        const state_row *row = &read->row[k];
        const int block = block_sign(row->row, base);
        vec sum = {0};
        for (uint32_t line = 0; line < lines; line++) {
            if (line & pivot) continue;
            const vec *a = ket + 2 * (size_t)line, *b = ket + 2 * (size_t)(line ^ read->line);
            const vec re = exchanged(b[0], &lanes), im = exchanged(b[1], &lanes);
            const REAL sign = line_sign(row, block, line);
            sum += sign * (row->part ? im * a[0] - re * a[1] : re * a[0] + im * a[1]);
        }
        const vec signs = lane_signs(row->lane);
        double total = 0.0;
        for (int l = 0; l < LANES; l++) total += (double)(signs[l] * sum[l]);
        values[row->target] += (pivot ? 2.0 : 1.0) * gain * gain * total;
    }
}

/* bra += O ket. */
static void observe_strings(const state_run *run, const state_read *read, int bits, uint64_t base, const vec *ket,
                            vec *bra)
{
    const uint32_t lines = UINT32_C(1) << (bits - LANE_BITS);
    exchange lanes;
    set_exchange(read->lane, &lanes);
    for (int k = 0; k < read->rows; k++) {
        const state_row *row = &read->row[k];
        const int block = block_sign(row->row, base);
        const REAL weight = (REAL)run->weight[row->target];
        const vec factor = weight * lane_signs(row->lane);
        for (uint32_t line = 0; line < lines; line++) {
            const vec *from = ket + 2 * (size_t)(line ^ read->line);
            vec *to = bra + 2 * (size_t)line;
            const vec by = line_sign(row, block, line) * factor;
            const vec re = exchanged(from[0], &lanes), im = exchanged(from[1], &lanes);
            to[0] += by * (row->part ? im : re);
            to[1] += by * (row->part ? -re : im);
        }
    }
}

#endif
