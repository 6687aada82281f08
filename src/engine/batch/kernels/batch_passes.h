/* Passes over the amplitudes of a node.  A state is [amplitudes][re, im] of vectors; turns and sums address it by
 * the byte offsets of batch_blocks, everything else by the number of the amplitude. */
#ifndef ENTENTE_ENGINE_BATCH_PASSES_H
#define ENTENTE_ENGINE_BATCH_PASSES_H

#include "engine/lower/vector.h"

#include "engine/batch/batch_kernels.h"

/* The offsets of batch_blocks assume the full width of the instruction set; NARROW = 1 for vectors of half that
 * width. */
static inline vec *at(vec *state, uint32_t byte)
{
    return (vec *)((char *)state + (byte >> NARROW));
}

static inline const vec *const_at(const vec *state, uint32_t byte)
{
    return (const vec *)((const char *)state + (byte >> NARROW));
}

/* The phase of an amplitude in a table. */
static inline const REAL *phase_at(const REAL *table, uint32_t byte)
{
    return table + (byte >> NARROW) / sizeof(vec);
}

/* States from this size on do not fit into the L2 cache.  The addresses of a turn are too scattered for the
 * hardware prefetcher, so the next block is prefetched while the current one is processed: a gradient of 16 qubits
 * takes half the time.  A forward run gains less, and up to 16 qubits it loses 5 %, so it prefetches only beyond
 * that. */
enum { FAR_BACK_BYTES = 1 << 21, FAR_FORWARD_BYTES = 1 << 24 };

ALWAYS void fetch(const vec *state, uint32_t base, const uint32_t *place, int first, const int width)
{
    UNROLL for (int j = 0; j < 1 << width; j++) __builtin_prefetch(const_at(state, base ^ place[j << first]), 1, 2);
}

/* `width` rotations of 2^width amplitudes in registers; place: their offsets.  Each is ((1, -t), (t, 1)): 2
 * multiply-adds per amplitude instead of the 4 operations with cosine and sine; the cosines are collected in the
 * scale of the state.  Rotations about Y are real, so the real and the imaginary parts (the two planes) are
 * processed one after the other, and twice as many amplitudes fit into the registers. */
ALWAYS void turn_group(vec *state, uint32_t base, const uint32_t *place, int first, const vec *const *half,
                       const int width)
{
    vec v[16];
    UNROLL for (int j = 0; j < 1 << width; j++) v[j] = *at(state, base ^ place[j << first]);
    UNROLL for (int q = 0; q < width; q++)
    {
        const vec t = half[q][0];
        UNROLL for (int j = 0; j < 1 << width; j++) if (!(j >> q & 1))
        {
            const vec zero = v[j], one = v[j | 1 << q];
            v[j] = zero - t * one;
            v[j | 1 << q] = one + t * zero;
        }
    }
    UNROLL for (int j = 0; j < 1 << width; j++) * at(state, base ^ place[j << first]) = v[j];
}

/* Local index of the first amplitude of group g: zeros are inserted at bits first..first+width-1. */
ALWAYS int group_start(int g, int first, int width)
{
    const int low = (1 << first) - 1;
    return ((g & ~low) << width) | (g & low);
}

/* Rotations on the local bits first, first + 1, ... of blocks from..to-1.  The order of planes and groups was
 * chosen because compilers produce the best code for it (15 % of a turn). */
ALWAYS void turn_blocks(vec *state, const batch_blocks *in, int64_t from, int64_t to, int first,
                        const vec *const *half, const int width, const int far)
{
    const int groups = 1 << (in->bits - width);
    for (int outer = 0; outer < (width < 4 ? 2 : 1); outer++)
        for (int64_t h = from; h < to; h++)
            for (int g = 0; g < groups; g++)
                for (int plane = outer; plane < (width < 4 ? outer + 1 : 2); plane++) {
                    const uint32_t *place = in->place + group_start(g, first, width);
                    if (far) fetch(state + plane, in->base[h + 1 < in->blocks ? h + 1 : h], place, first, width);
                    turn_group(state + plane, in->base[h], place, first, half, width);
                }
}

/* Undo the same rotations on ket and bra together, and compute their derivatives 2 Re <bra| -i Y/2 |ket> =
 * Re(bra_1* ket_0 - bra_0* ket_1) from the same registers: 6 multiply-adds per amplitude. */
ALWAYS void back_blocks(vec *ket, vec *bra, const batch_blocks *in, int64_t from, int64_t to, int first,
                        const vec *const *half, vec *const *slope, const int width, const int far)
{
    const int size = 1 << width, groups = 1 << (in->bits - width);
    vec sum[4] = {{0}};
    for (int64_t h = from; h < to; h++)
        for (int g = 0; g < groups; g++) {
            const uint32_t *place = in->place + group_start(g, first, width), base = in->base[h];
            const uint32_t next = in->base[h + 1 < in->blocks ? h + 1 : h];
            for (int plane = 0; plane < 2; plane++) {
                vec k[8], b[8];
                if (far) fetch(ket + plane, next, place, first, width);
                if (far) fetch(bra + plane, next, place, first, width);
                UNROLL for (int j = 0; j < size; j++)
                {
                    k[j] = at(ket, base ^ place[j << first])[plane];
                    b[j] = at(bra, base ^ place[j << first])[plane];
                }
                UNROLL for (int q = 0; q < width; q++)
                {
                    const vec t = half[q][0];
                    UNROLL for (int j = 0; j < size; j++) if (!(j >> q & 1))
                    {
                        const vec k0 = k[j], k1 = k[j | 1 << q], b0 = b[j], b1 = b[j | 1 << q];
                        sum[q] = sum[q] + b1 * k0;
                        sum[q] = sum[q] - b0 * k1;
                        k[j] = k0 + t * k1;
                        k[j | 1 << q] = k1 - t * k0;
                        b[j] = b0 + t * b1;
                        b[j | 1 << q] = b1 - t * b0;
                    }
                }
                UNROLL for (int j = 0; j < size; j++)
                {
                    at(ket, base ^ place[j << first])[plane] = k[j];
                    at(bra, base ^ place[j << first])[plane] = b[j];
                }
            }
        }
    UNROLL for (int q = 0; q < width; q++) * slope[q] = *slope[q] + sum[q];
}

ALWAYS void turn_width(vec *state, const batch_blocks *in, int64_t from, int64_t to, int first,
                       const vec *const *half, int width, const int far)
{
    switch (width) {
    case 1:
        turn_blocks(state, in, from, to, first, half, 1, far);
        return;
    case 2:
        turn_blocks(state, in, from, to, first, half, 2, far);
        return;
    case 3:
        turn_blocks(state, in, from, to, first, half, 3, far);
        return;
    default:
        turn_blocks(state, in, from, to, first, half, 4, far);
    }
}

static void turn_near(vec *state, const batch_blocks *in, int64_t from, int64_t to, int first, const vec *const *half,
                      int width)
{
    turn_width(state, in, from, to, first, half, width, 0);
}

static void turn_far(vec *state, const batch_blocks *in, int64_t from, int64_t to, int first, const vec *const *half,
                     int width)
{
    turn_width(state, in, from, to, first, half, width, 1);
}

ALWAYS void back_width(vec *ket, vec *bra, const batch_blocks *in, int64_t from, int64_t to, int first,
                       const vec *const *half, vec *const *slope, int width, const int far)
{
    switch (width) {
    case 1:
        back_blocks(ket, bra, in, from, to, first, half, slope, 1, far);
        return;
    case 2:
        back_blocks(ket, bra, in, from, to, first, half, slope, 2, far);
        return;
    default:
        back_blocks(ket, bra, in, from, to, first, half, slope, 3, far);
    }
}

static void back_near(vec *ket, vec *bra, const batch_blocks *in, int64_t from, int64_t to, int first,
                      const vec *const *half, vec *const *slope, int width)
{
    back_width(ket, bra, in, from, to, first, half, slope, width, 0);
}

static void back_far(vec *ket, vec *bra, const batch_blocks *in, int64_t from, int64_t to, int first,
                     const vec *const *half, vec *const *slope, int width)
{
    back_width(ket, bra, in, from, to, first, half, slope, width, 1);
}

static void multiply(vec *state, int64_t amplitudes, const vec *by)
{
    const vec factor = *by;
    for (int64_t k = 0; k < 2 * amplitudes; k++) state[k] *= factor;
}

/* Phases shared by all samples. */
static void shared_phase(vec *state, int64_t amplitudes, const REAL *table)
{
    for (int64_t p = 0; p < amplitudes; p++) {
        const vec re = state[2 * p], im = state[2 * p + 1];
        const REAL c = table[2 * p], s = table[2 * p + 1];
        state[2 * p] = c * re - s * im;
        state[2 * p + 1] = c * im + s * re;
    }
}

/* Phases that differ between samples: up to BATCH_CODE rotations are looked up together in a table of their
 * products. */
static void lane_phase(vec *state, int64_t amplitudes, const batch_lane_phase *lane, const vec (*half)[2], int back)
{
    vec table[1 << BATCH_CODE][2];
    table[0][0] = (vec){0} + (REAL)1;
    table[0][1] = (vec){0};
    for (int j = 0; j < lane->rotations; j++) {
        const vec s = back ? -half[lane->rotation[j]][0] : half[lane->rotation[j]][0], c = half[lane->rotation[j]][1];
        for (int x = 0; x < 1 << j; x++) {
            const vec re = table[x][0], im = table[x][1];
            table[x][0] = c * re + s * im;
            table[x][1] = c * im - s * re;
            table[x | 1 << j][0] = c * re - s * im;
            table[x | 1 << j][1] = c * im + s * re;
        }
    }
    for (int64_t p = 0; p < amplitudes; p++) {
        const vec re = state[2 * p], im = state[2 * p + 1];
        const vec c = table[lane->code[p]][0], s = table[lane->code[p]][1];
        state[2 * p] = c * re - s * im;
        state[2 * p + 1] = c * im + s * re;
    }
}

/* Sum 2^BATCH_TREE numbers into v[0], and those whose index has bit j set into ones[j]: 30 additions. */
ALWAYS void tree_16(vec v[16], vec ones[BATCH_TREE])
{
    UNROLL for (int j = 0; j < BATCH_TREE; j++)
    {
        UNROLL for (int k = 0; k < 16 >> (j + 1); k++)
        {
            ones[j] += v[2 * k + 1];
            v[k] = v[2 * k] + v[2 * k + 1];
        }
    }
}

/* signed_sum[j] = sum over x of (-1)^{bit j of x} v[x], j < rows; v [2^bits] is overwritten. */
static void tree(vec *v, int bits, int rows, vec *signed_sum)
{
    for (int done = 0; done < bits; done += BATCH_TREE) {
        vec ones[BATCH_TREE] = {{0}};
        const int64_t left = INT64_C(1) << (bits - done);
        for (int64_t h = 0; h < (left + 15) / 16; h++) {
            vec group[16];
            for (int k = 0; k < 16; k++) group[k] = 16 * h + k < left ? v[16 * h + k] : (vec){0};
            tree_16(group, ones);
            v[h] = group[0];
        }
        for (int j = 0; j < BATCH_TREE && done + j < rows; j++) signed_sum[done + j] = ones[j];
    }
    for (int j = 0; j < rows; j++) signed_sum[j] = v[0] - 2 * signed_sum[j];
}

/* The summands: |ket|^2 for a readout, or Im(bra* ket) for phases. */
ALWAYS vec term_of(const vec *k, const vec *b)
{
    return b ? b[0] * k[1] - b[1] * k[0] : k[0] * k[0] + k[1] * k[1];
}

/* amplitude *= conj(phase) */
ALWAYS void take_back(vec *amplitude, const REAL *phase)
{
    const vec re = amplitude[0], im = amplitude[1];
    amplitude[0] = phase[0] * re + phase[1] * im;
    amplitude[1] = phase[0] * im - phase[1] * re;
}

static void take_back_all(vec *state, int64_t amplitudes, const REAL *table)
{
    for (int64_t p = 0; p < amplitudes; p++) take_back(state + 2 * p, table + 2 * p);
}

/* bra NULL: sums of |ket|^2; else of Im(bra* ket), and with a table its phases are undone in both in the same
 * pass. room: [2^bits / 16 + 1] vectors. */
ALWAYS void signed_sums_of(vec *ket, vec *bra, const REAL *table, const batch_sum *sum, vec *room, vec *signed_sum)
{
    vec ones[BATCH_TREE] = {{0}};
    for (int64_t h = 0; h < sum->in.blocks; h++) {
        vec v[16];
        UNROLL for (int j = 0; j < 16; j++)
        {
            const uint32_t byte = sum->in.base[h] ^ sum->in.place[j];
            vec *k = at(ket, byte), *b = bra ? at(bra, byte) : NULL;
            v[j] = term_of(k, b);
            if (table) {
                take_back(k, phase_at(table, byte));
                take_back(b, phase_at(table, byte));
            }
        }
        tree_16(v, ones);
        room[h] = v[0];
    }
    if (sum->rows > BATCH_TREE) tree(room, sum->bits - BATCH_TREE, sum->rows - BATCH_TREE, signed_sum + BATCH_TREE);
    vec total = room[0];
    if (sum->rows <= BATCH_TREE)
        for (int64_t h = 1; h < sum->in.blocks; h++) total += room[h];
    for (int j = 0; j < BATCH_TREE && j < sum->rows; j++) signed_sum[j] = total - 2 * ones[j];
}

static void signed_sums(vec *ket, vec *bra, const REAL *table, const batch_sum *sum, vec *room, vec *signed_sum)
{
    if (sum->in.bits < BATCH_TREE) {
        for (uint32_t x = 0; x < 1u << sum->bits; x++) {
            const uint32_t byte = sum->in.place[x];
            vec *k = at(ket, byte), *b = bra ? at(bra, byte) : NULL;
            room[x] = term_of(k, b);
            if (table) take_back(k, phase_at(table, byte));
            if (table) take_back(b, phase_at(table, byte));
        }
        tree(room, sum->bits, sum->rows, signed_sum);
    } else if (!bra) {
        signed_sums_of(ket, NULL, NULL, sum, room, signed_sum);
    } else if (!table) {
        signed_sums_of(ket, bra, NULL, sum, room, signed_sum);
    } else {
        signed_sums_of(ket, bra, table, sum, room, signed_sum);
    }
}

/* table[x] = sum over j of weight[j] (-1)^{bit j of x}, j < rows, for x of `bits` bits. */
static void weigh(const vec *weight, int rows, int bits, vec *table)
{
    table[0] = (vec){0};
    for (int j = 0; j < rows && j < bits; j++) table[0] += weight[j];
    for (int j = 0; j < bits; j++)
        for (int64_t x = 0; x < INT64_C(1) << j; x++)
            table[x | INT64_C(1) << j] = j < rows ? table[x] - 2 * weight[j] : table[x];
}

/* bra = O ket or += O ket for the observable sum_j weight[j] (row j's string). */
static void observe(const vec *ket, vec *bra, const batch_sum *sum, const vec *weight, vec *room, int add)
{
    const int rest = sum->bits - sum->in.bits;
    vec low[16];
    weigh(weight, sum->rows, sum->in.bits, low);
    weigh(weight + BATCH_TREE, sum->rows > BATCH_TREE ? sum->rows - BATCH_TREE : 0, rest, room);
    for (int64_t h = 0; h < sum->in.blocks; h++)
        for (int j = 0; j < 1 << sum->in.bits; j++) {
            const uint32_t byte = sum->in.base[h] ^ sum->in.place[j];
            const vec factor = room[h] + low[j];
            const vec *k = const_at(ket, byte);
            vec *b = at(bra, byte);
            b[0] = add ? b[0] + factor * k[0] : factor * k[0];
            b[1] = add ? b[1] + factor * k[1] : factor * k[1];
        }
}

/* The sum over pairs, with the signs of their blocks, of conj(one) zero, where zero is the amplitude at the base
 * of the block. */
static void pair_sum(vec *ket, const batch_blocks *in, const uint8_t *sign, vec *re, vec *im)
{
    vec sum_re = {0}, sum_im = {0};
    for (int64_t h = 0; h < in->blocks; h++) {
        const vec *zero = at(ket, in->base[h]), *one = at(ket, in->base[h] ^ in->place[1]);
        const vec term_re = one[0] * zero[0] + one[1] * zero[1], term_im = one[0] * zero[1] - one[1] * zero[0];
        const REAL by = sign && sign[h] ? (REAL)-1 : (REAL)1;
        sum_re += by * term_re;
        sum_im += by * term_im;
    }
    *re = sum_re;
    *im = sum_im;
}

/* The value of an unsigned string from its sum over pairs. */
ALWAYS vec string_value(const batch_string *string, vec re, vec im, vec factor)
{
    return 2 * factor * (string->odd ? -im : re);
}

/* Set <ket| string |ket> as the value of each string (formula in state_reads.h); strings without signs share a
 * sum. */
static void read_strings(vec *ket, const batch_read *read, const vec *factor, vec *value)
{
    vec re = {0}, im = {0};
    int summed = 0;
    for (int k = 0; k < read->strings; k++) {
        const batch_string *string = &read->string[k];
        vec own_re, own_im;
        if (string->sign) {
            pair_sum(ket, &read->in, string->sign, &own_re, &own_im);
        } else {
            if (!summed) pair_sum(ket, &read->in, NULL, &re, &im);
            summed = 1;
            own_re = re;
            own_im = im;
        }
        value[string->value] = string_value(string, own_re, own_im, *factor);
    }
}

/* The amplitudes of block h, to registers. */
ALWAYS void tile_load(const vec *ket, const batch_blocks *in, int64_t h, vec *re, vec *im, const int width)
{
    UNROLL for (int j = 0; j < 1 << width; j++)
    {
        const vec *from = const_at(ket, in->base[h] ^ in->place[j]);
        re[j] = from[0];
        im[j] = from[1];
    }
}

/* The same sums of several reads from amplitudes in registers: 2 multiply-adds per amplitude and read. */
ALWAYS void tile_sums(const vec *ket, const batch_blocks *in, vec (*total)[2], const int width)
{
    vec sum[BATCH_TILE][2] = {{{0}}};
    for (int64_t h = 0; h < in->blocks; h++) {
        vec re[1 << BATCH_TILE], im[1 << BATCH_TILE];
        tile_load(ket, in, h, re, im, width);
        UNROLL for (int q = 0; q < width; q++)
        {
            UNROLL for (int j = 0; j < 1 << width; j++) if (!(j >> q & 1))
            {
                const int one = j | 1 << q;
                sum[q][0] = sum[q][0] + re[one] * re[j];
                sum[q][1] = sum[q][1] + re[one] * im[j];
                sum[q][0] = sum[q][0] + im[one] * im[j];
                sum[q][1] = sum[q][1] - im[one] * re[j];
            }
        }
    }
    UNROLL for (int q = 0; q < width; q++)
    {
        total[q][0] = sum[q][0];
        total[q][1] = sum[q][1];
    }
}

static void read_tile(const vec *ket, const batch_tile *tile, const batch_read *read, const vec *factor, vec *value)
{
    vec sum[BATCH_TILE][2];
    if (tile->reads == 1)
        tile_sums(ket, &tile->in, sum, 1);
    else if (tile->reads == 2)
        tile_sums(ket, &tile->in, sum, 2);
    else
        tile_sums(ket, &tile->in, sum, 3);
    for (int q = 0; q < tile->reads; q++) {
        const batch_read *own = &read[tile->read[q]];
        for (int k = 0; k < own->strings; k++)
            value[own->string[k].value] = string_value(&own->string[k], sum[q][0], sum[q][1], *factor);
    }
}

/* bra += the Hermitian operator with `re + i im` below and its conjugate above the diagonal, applied to each pair. */
static void observe_pairs(vec *ket, vec *bra, const batch_blocks *in, const uint8_t *sign, const vec *re,
                          const vec *im)
{
    for (int64_t h = 0; h < in->blocks; h++) {
        const vec *zero = at(ket, in->base[h]), *one = at(ket, in->base[h] ^ in->place[1]);
        vec *to_zero = at(bra, in->base[h]), *to_one = at(bra, in->base[h] ^ in->place[1]);
        const REAL by = sign && sign[h] ? (REAL)-1 : (REAL)1;
        const vec c = by * *re, s = by * *im;
        to_one[0] += c * zero[0] - s * zero[1];
        to_one[1] += c * zero[1] + s * zero[0];
        to_zero[0] += c * one[0] + s * one[1];
        to_zero[1] += c * one[1] - s * one[0];
    }
}

/* The operator of a read's strings without signs. */
static int unsigned_weight(const batch_read *read, const vec *weight, vec *re, vec *im)
{
    int some = 0;
    *re = *im = (vec){0};
    for (int k = 0; k < read->strings; k++) {
        const batch_string *string = &read->string[k];
        if (string->sign) continue;
        some = 1;
        if (string->odd)
            *im += weight[string->value];
        else
            *re += weight[string->value];
    }
    return some;
}

/* bra += the strings times their weights; strings without signs are combined into one operator. */
static void observe_strings(vec *ket, vec *bra, const batch_read *read, const vec *weight)
{
    vec re, im;
    for (int k = 0; k < read->strings; k++) {
        const batch_string *string = &read->string[k];
        const vec none = {0}, own = weight[string->value];
        if (!string->sign) continue;
        observe_pairs(ket, bra, &read->in, string->sign, string->odd ? &none : &own, string->odd ? &own : &none);
    }
    if (unsigned_weight(read, weight, &re, &im)) observe_pairs(ket, bra, &read->in, NULL, &re, &im);
}

/* The same for several reads: 4 multiply-adds per amplitude and read, one plane of the bra after the other. */
ALWAYS void observe_in_registers(const vec *ket, vec *bra, const batch_blocks *in, vec (*by)[2], const int width)
{
    for (int64_t h = 0; h < in->blocks; h++) {
        vec re[1 << BATCH_TILE], im[1 << BATCH_TILE];
        tile_load(ket, in, h, re, im, width);
        for (int plane = 0; plane < 2; plane++) {
            UNROLL for (int j = 0; j < 1 << width; j++)
            {
                vec *to = at(bra, in->base[h] ^ in->place[j]) + plane, sum = *to;
                UNROLL for (int q = 0; q < width; q++)
                {
                    const int other = j ^ 1 << q;
                    const vec s = j >> q & 1 ? by[q][1] : -by[q][1];
                    sum = sum + by[q][0] * (plane ? im[other] : re[other]);
                    sum = plane ? sum + s * re[other] : sum - s * im[other];
                }
                *to = sum;
            }
        }
    }
}

static void observe_tile(const vec *ket, vec *bra, const batch_tile *tile, const batch_read *read, const vec *weight)
{
    vec by[BATCH_TILE][2];
    for (int q = 0; q < tile->reads; q++) unsigned_weight(&read[tile->read[q]], weight, &by[q][0], &by[q][1]);
    if (tile->reads == 1)
        observe_in_registers(ket, bra, &tile->in, by, 1);
    else if (tile->reads == 2)
        observe_in_registers(ket, bra, &tile->in, by, 2);
    else
        observe_in_registers(ket, bra, &tile->in, by, 3);
}

/* state = left x right * scale. */
static void product(const vec *left, int left_bits, const vec *right, int right_bits, const vec *scale, vec *state)
{
    for (uint64_t h = 0; h < UINT64_C(1) << left_bits; h++) {
        const vec *from = left + 2 * batch_slot(h);
        const vec re = from[0] * *scale, im = from[1] * *scale;
        const uint64_t slot = batch_slot(h << right_bits);
        for (uint64_t l = 0; l < UINT64_C(1) << right_bits; l++) {
            vec *to = state + 2 * (slot ^ l);
            to[0] = re * right[2 * l] - im * right[2 * l + 1];
            to[1] = re * right[2 * l + 1] + im * right[2 * l];
        }
    }
}

/* The bras of two nodes from the bra of their product, each contracted with the ket of the other. */
static void contract(const vec *bra, const vec *left, int left_bits, const vec *right, int right_bits,
                     const vec *left_scale, const vec *right_scale, vec *bra_left, vec *bra_right)
{
    memset(bra_right, 0, sizeof *bra_right << (right_bits + 1));
    for (uint64_t h = 0; h < UINT64_C(1) << left_bits; h++) {
        const vec lr = left[2 * batch_slot(h)], li = left[2 * batch_slot(h) + 1];
        const uint64_t slot = batch_slot(h << right_bits);
        vec re = {0}, im = {0};
        for (uint64_t l = 0; l < UINT64_C(1) << right_bits; l++) {
            const vec br = bra[2 * (slot ^ l)], bi = bra[2 * (slot ^ l) + 1];
            const vec rr = right[2 * l], ri = right[2 * l + 1];
            re += br * rr + bi * ri;
            im += bi * rr - br * ri;
            bra_right[2 * l] += br * lr + bi * li;
            bra_right[2 * l + 1] += bi * lr - br * li;
        }
        bra_left[2 * batch_slot(h)] = re * *left_scale;
        bra_left[2 * batch_slot(h) + 1] = im * *left_scale;
    }
    multiply(bra_right, INT64_C(1) << right_bits, right_scale);
}

#endif
