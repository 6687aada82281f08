/* Diagonal operations on a block in its buffer: phases, sums with signs, and the observable.
 *
 * The lines are enumerated by three indices i, j, k (state_plan.h), and each row of a group is a sign that depends
 * on i or on j.  The rows in i and those in j each form a tree of at most 2^6 factors, so the factor of a line is
 * first[i] * second[j], and a sum with the sign of a row is a sum over i or over j only. */
#ifndef ENTENTE_ENGINE_STATE_GROUPS_H
#define ENTENTE_ENGINE_STATE_GROUPS_H

#include "state_blocks.h"
#include "state_stages.h"

typedef struct {
    vec *tree[2]; /* [2^bits[t]][2]: re and im of a phase, or a sum in [0] */
} group_run;

static const vec (*pairs(const void *from))[2]
{
    return (const vec(*)[2])from;
}

/* The sign of a row in a block, as an index: 0 for +1. */
static int block_sign(uint64_t row, uint64_t base)
{
    return __builtin_parityll(row & base);
}

/* +1 or -1 for each lane, by the parity of its bits in the mask. */
ALWAYS vec lane_signs(int mask)
{
    lane_bits parity;
    UNROLL
    for (int l = 0; l < LANES; l++) parity[l] = l;
    parity &= mask;
    parity ^= parity >> 2;
    parity ^= parity >> 1;
    const vec one = (vec){0} + (REAL)1;
    return (vec)((lane_bits)one ^ ((parity & 1) << (8 * (int)sizeof(REAL) - 1)));
}

ALWAYS void multiply_complex(vec *re, vec *im, vec fre, vec fim)
{
    const vec new_re = *re * fre - *im * fim;
    *im = *re * fim + *im * fre;
    *re = new_re;
}

/* A fresh row doubles the tree of its part: by the factor c + i f where its bit is 0, and c - i f where it is 1. */
static void grow_phases(vec *tree, uint32_t bit, vec c, vec f)
{
    for (uint32_t i = 0; i < bit; i++) {
        tree[2 * (bit + i)] = tree[2 * i];
        tree[2 * (bit + i) + 1] = tree[2 * i + 1];
        multiply_complex(&tree[2 * (bit + i)], &tree[2 * (bit + i) + 1], c, -f);
        multiply_complex(&tree[2 * i], &tree[2 * i + 1], c, f);
    }
}

/* The factors of all lines, multiplied by `gain`.  Rows on lanes only come first, while a tree is a single factor. */
static void phase_trees(const state_run *run, const state_group *group, uint64_t base, double gain, group_run *g)
{
    for (int t = 0; t < 2; t++) {
        g->tree[t][0] = (vec){0} + (REAL)(t ? gain : 1.0);
        g->tree[t][1] = (vec){0};
    }
    enum { LANES_ALONE, FRESH, OTHERS };
    for (int which = LANES_ALONE; which <= OTHERS; which++)
        for (int k = 0; k < group->rows; k++) {
            const state_row *row = &group->row[k];
            if (which != (row->mask == 0 ? LANES_ALONE : row->fresh ? FRESH : OTHERS)) continue;
            const vec c = (vec){0} + (REAL)run->cosine[row->target];
            const vec *f = pairs(run->factor)[row->target];
            const int sign = block_sign(row->row, base);
            vec *tree = g->tree[row->part];
            if (which == FRESH) {
                grow_phases(tree, row->mask, c, f[sign]);
                continue;
            }
            const uint32_t size = which == OTHERS ? UINT32_C(1) << group->bits[row->part] : 1;
            for (uint32_t i = 0; i < size; i++)
                multiply_complex(&tree[2 * i], &tree[2 * i + 1], c, f[sign ^ __builtin_parity(i & row->mask)]);
        }
}

/* Visit every line once: `body` uses i, j and line. */
#define FOR_LINES(group, body)                                                                                       \
    for (int j = 0; j < 1 << (group)->bits[1]; j++)                                                                  \
        for (int i = 0; i < 1 << (group)->bits[0]; i++) {                                                            \
            const uint32_t with_ij = (group)->x[0][i] ^ (group)->x[1][j];                                            \
            for (int k = 0; k < 1 << (group)->bits[2]; k++) {                                                        \
                const uint32_t line = with_ij ^ (group)->x[2][k];                                                    \
                body                                                                                                 \
            }                                                                                                        \
        }

/* The phase of the lines with these i and j. */
ALWAYS void phase_of(const group_run *g, int i, int j, vec *re, vec *im)
{
    *re = g->tree[0][2 * i];
    *im = g->tree[0][2 * i + 1];
    multiply_complex(re, im, g->tree[1][2 * j], g->tree[1][2 * j + 1]);
}

ALWAYS void phase_lines(const state_group *group, const group_run *g, vec *block, const int deep)
{
    for (int j = 0; j < 1 << group->bits[1]; j++)
        for (int i = 0; i < 1 << group->bits[0]; i++) {
            const uint32_t with_ij = group->x[0][i] ^ group->x[1][j];
            vec re, im;
            phase_of(g, i, j, &re, &im);
            for (int k = 0; k < deep; k++) {
                vec *at = block + 2 * (size_t)(with_ij ^ group->x[2][k]);
                multiply_complex(&at[0], &at[1], re, im);
            }
        }
}

static void do_phases(const state_run *run, const state_group *group, uint64_t base, double gain, vec *block,
                      group_run *g)
{
    phase_trees(run, group, base, gain, g);
    if (group->bits[2] == 0)
        phase_lines(group, g, block, 1);
    else
        phase_lines(group, g, block, 1 << group->bits[2]);
}

/* The signed sum of a row over the block, from the sums for each index of its part and the signs of lanes and
 * block. */
static double row_sum(const state_group *group, const state_row *row, uint64_t base, vec *const sums[2])
{
    const vec *value = sums[row->part];
    vec sum = {0};
    for (uint32_t i = 0; i < UINT32_C(1) << group->bits[row->part]; i++)
        if (__builtin_parity(i & row->mask))
            sum -= value[i];
        else
            sum += value[i];
    double total = 0.0;
    for (int l = 0; l < LANES; l++)
        total += __builtin_parity((unsigned)(l & row->lane)) ? -(double)sum[l] : (double)sum[l];
    return block_sign(row->row, base) ? -total : total;
}

/* Im <bra| Z-string |ket> = 2 Re <bra| -i/2 Z-string |ket> for each row, and undo the phases. */
static void undo_phases(const state_run *run, const state_group *group, uint64_t base, double gain, vec *ket,
                        vec *bra, group_run *g, vec *const sums[2], double *slopes)
{
    phase_trees(run, group, base, gain, g);
    memset(sums[0], 0, sizeof(vec) << group->bits[0]);
    for (int j = 0; j < 1 << group->bits[1]; j++) {
        vec sum_j = {0};
        for (int i = 0; i < 1 << group->bits[0]; i++) {
            vec fre, fim, sum_i = {0};
            phase_of(g, i, j, &fre, &fim);
            const uint32_t with_ij = group->x[0][i] ^ group->x[1][j];
            for (int k = 0; k < 1 << group->bits[2]; k++) {
                const uint32_t line = with_ij ^ group->x[2][k];
                vec *x = ket + 2 * line, *y = bra + 2 * line;
                sum_i += y[0] * x[1] - y[1] * x[0];
                multiply_complex(&x[0], &x[1], fre, -fim);
                multiply_complex(&y[0], &y[1], fre, -fim);
            }
            sums[0][i] += sum_i;
            sum_j += sum_i;
        }
        sums[1][j] = sum_j;
    }
    for (int k = 0; k < group->rows; k++)
        slopes[group->row[k].target] += gain * gain * row_sum(group, &group->row[k], base, sums);
}

/* <ket| Z-string |ket> for each row. */
static void sum_up(const state_group *group, uint64_t base, double gain, const vec *ket, vec *const sums[2],
                   double *values)
{
    memset(sums[0], 0, sizeof(vec) << group->bits[0]);
    memset(sums[1], 0, sizeof(vec) << group->bits[1]);
    FOR_LINES(group, {
        const vec *x = ket + 2 * line;
        const vec square = x[0] * x[0] + x[1] * x[1];
        sums[0][i] += square;
        sums[1][j] += square;
    })
    for (int k = 0; k < group->rows; k++)
        values[group->row[k].target] += gain * gain * row_sum(group, &group->row[k], base, sums);
}

/* The observable's value on a line is first[i] + second[j]. */
static void observable_trees(const state_run *run, const state_group *group, uint64_t base, vec *const value[2])
{
    value[0][0] = value[1][0] = (vec){0};
    for (int fresh = 1; fresh >= 0; fresh--)
        for (int k = 0; k < group->rows; k++) {
            const state_row *row = &group->row[k];
            const double weight = run->weight[row->target];
            const vec term = (REAL)(block_sign(row->row, base) ? -weight : weight) * lane_signs(row->lane);
            vec *tree = value[row->part];
            if (row->fresh != fresh) continue;
            for (uint32_t i = 0; fresh && i < row->mask; i++) {
                tree[row->mask + i] = tree[i] - term;
                tree[i] += term;
            }
            for (uint32_t i = 0; !fresh && i < UINT32_C(1) << group->bits[row->part]; i++)
                tree[i] += __builtin_parity(i & row->mask) ? -term : term;
        }
}

/* bra = (or +=) O ket. */
static void observe(const state_run *run, const state_group *group, uint64_t base, const vec *ket, vec *bra,
                    vec *const value[2], int more)
{
    observable_trees(run, group, base, value);
    FOR_LINES(group, {
        const vec factor = value[0][i] + value[1][j];
        const vec *x = ket + 2 * line;
        vec *y = bra + 2 * line;
        y[0] = more ? y[0] + factor * x[0] : factor * x[0];
        y[1] = more ? y[1] + factor * x[1] : factor * x[1];
    })
}

#endif
