/* Y-type rotations on a block in its buffer, several at once in registers.
 *
 * exp(-i t/2 Y-like) is cos(t/2) (1 + tan(t/2) J) with J real, so re and im are rotated in the same way, with one
 * multiply-add per number and rotation; the cosines are multiplied in later, all at once. */
#ifndef ENTENTE_ENGINE_STATE_STAGES_H
#define ENTENTE_ENGINE_STATE_STAGES_H

#include "engine/state/state_kernels.h"
#include "engine/lower/vector.h"

#if defined(__AVX512F__) && VECTOR_BYTES == 64
#include <immintrin.h>
#define EXCHANGE_UNIT sizeof(REAL)
#elif defined(__AVX2__) && VECTOR_BYTES == 32
#include <immintrin.h>
#define EXCHANGE_UNIT sizeof(float)
#else
#define EXCHANGE_UNIT sizeof(REAL)
#endif

typedef int64_t ivec __attribute__((vector_size(VECTOR_BYTES)));

/* The exchange of lanes with lane ^ mask: for each unit of a vector, the unit that moves there. */
typedef union {
    int32_t of_4[VECTOR_BYTES / 4];
    int64_t of_8[VECTOR_BYTES / 8];
    ivec vector;
} exchange;

static void set_exchange(int mask, exchange *e)
{
    enum { UNITS = VECTOR_BYTES / EXCHANGE_UNIT, EACH = UNITS / LANES };
    for (int u = 0; u < UNITS; u++) {
        const int from = ((u / EACH) ^ mask) * EACH + u % EACH;
        if (EXCHANGE_UNIT == 4)
            e->of_4[u] = from;
        else
            e->of_8[u] = from;
    }
}

ALWAYS vec exchanged(vec x, const exchange *e)
{
#if defined(__AVX512F__) && VECTOR_BYTES == 64
    return sizeof(REAL) == 8 ? (vec)_mm512_permutexvar_pd((__m512i)e->vector, (__m512d)x)
                             : (vec)_mm512_permutexvar_ps((__m512i)e->vector, (__m512)x);
#elif defined(__AVX2__) && VECTOR_BYTES == 32
    return (vec)_mm256_permutevar8x32_ps((__m256)x, (__m256i)e->vector);
#else
    vec y;
    for (int l = 0; l < LANES; l++) y[l] = x[sizeof(REAL) == 4 ? e->of_4[l] : (int)e->of_8[l]];
    return y;
#endif
}

/* A stage in the form used by the loops below. */
typedef struct {
    const state_stage *stage;
    const vec *factor[2 * STATE_WIDTH]; /* [2] by sign */
    const vec *sign[2 * STATE_WIDTH];
    exchange lanes[2 * STATE_WIDTH];
    uint32_t toggle; /* signs of the block */
} stage_run;

/* The cosets of one of the stage's codes. */
typedef struct {
    uint32_t signs; /* bit k: the sign of rotation k there */
    const uint32_t *first, *last;
} coset_run;

ALWAYS coset_run cosets_of(const stage_run *s, uint32_t c)
{
    const state_stage *stage = s->stage;
    return (coset_run){stage->code[c] ^ s->toggle, stage->base + stage->first[c], stage->base + stage->first[c + 1]};
}

ALWAYS vec *line_at(vec *block, uint32_t place)
{
    return (vec *)((char *)block + place);
}

ALWAYS void load(vec *block, uint32_t base, const uint32_t *comb, int part, vec *x, const int width)
{
    UNROLL
    for (int r = 0; r < 1 << width; r++) x[r] = line_at(block, base ^ comb[r])[part];
}

ALWAYS void store(vec *block, uint32_t base, const uint32_t *comb, int part, const vec *x, const int width)
{
    UNROLL
    for (int r = 0; r < 1 << width; r++) line_at(block, base ^ comb[r])[part] = x[r];
}

/* Factors, or signs, of each rotation in each register. */
typedef vec in_registers[2 * STATE_WIDTH][1 << STATE_WIDTH];

/* changed: of these rotations, as the others have them from before. */
ALWAYS void set_registers(const stage_run *s, const vec *const *of, uint32_t signs, uint32_t changed, in_registers to,
                          const int width)
{
    for (int k = 0; k < width + s->stage->selves; k++)
        for (int r = 0; r < 1 << width && changed >> k & 1; r++)
            to[k][r] = of[k][(signs >> k & 1) ^ s->stage->turned[k][r]];
}

/* ---- forward ---- */

ALWAYS void turn_vertical(vec *x, const vec *factor, const int width)
{
    UNROLL
    for (int k = 0; k < width; k++) {
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            const int q = r | 1 << k;
            if (r == q) continue;
            const vec a = x[r], b = x[q];
            x[r] = a + factor[k] * b;
            x[q] = b - factor[k] * a;
        }
    }
}

ALWAYS void turn_lines(vec *block, const stage_run *s, const int width)
{
    const uint32_t *comb = s->stage->comb;
    for (uint32_t c = 0; c < s->stage->codes; c++) {
        const coset_run run = cosets_of(s, c);
        vec factor[STATE_WIDTH];
        for (int k = 0; k < width; k++) factor[k] = s->factor[k][run.signs >> k & 1];
        for (const uint32_t *h = run.first; h != run.last; h++)
            for (int part = 0; part < 2; part++) {
                vec x[1 << STATE_WIDTH];
                load(block, *h, comb, part, x, width);
                turn_vertical(x, factor, width);
                store(block, *h, comb, part, x, width);
            }
    }
}

ALWAYS void turn_mixed(vec *x, in_registers factor, const stage_run *s, const int width, const int crossing)
{
    for (int k = width; k < width + s->stage->selves; k++) {
        UNROLL
        for (int r = 0; r < 1 << width; r++) x[r] += factor[k][r] * exchanged(x[r], &s->lanes[k]);
    }
    UNROLL
    for (int k = 0; k < width; k++) {
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            const int q = r | 1 << k;
            if (r == q) continue;
            const vec a = x[r], b = x[q];
            x[r] = a + factor[k][r] * (k < crossing ? exchanged(b, &s->lanes[k]) : b);
            x[q] = b + factor[k][q] * (k < crossing ? exchanged(a, &s->lanes[k]) : a);
        }
    }
}

ALWAYS void mix_lines(vec *block, const stage_run *s, const int width, const int crossing)
{
    const uint32_t *comb = s->stage->comb;
    in_registers factor;
    uint32_t before = ~cosets_of(s, 0).signs;
    for (uint32_t c = 0; c < s->stage->codes; c++) {
        const coset_run run = cosets_of(s, c);
        set_registers(s, s->factor, run.signs, run.signs ^ before, factor, width);
        before = run.signs;
        for (const uint32_t *h = run.first; h != run.last; h++)
            for (int part = 0; part < 2; part++) {
                vec x[1 << STATE_WIDTH];
                load(block, *h, comb, part, x, width);
                turn_mixed(x, factor, s, width, crossing);
                store(block, *h, comb, part, x, width);
            }
    }
}

/* ---- backward ---- */

/* Undo the rotations; sum[k] gets the sum of bra[p] * ket[p ^ flip] with the signs of its registers (the caller
 * applies the sign of the cosets), up to a factor: the product of the squared cosines of the rotations undone
 * before k. */
ALWAYS void back_vertical(vec *x, vec *y, const vec *factor, vec *sum, const int width)
{
    UNROLL
    for (int k = 0; k < width; k++) {
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            const int q = r | 1 << k;
            if (r == q) continue;
            const vec a = x[r], b = x[q], c = y[r], d = y[q];
            sum[k] += c * b;
            sum[k] -= d * a;
            x[r] = a - factor[k] * b;
            x[q] = b + factor[k] * a;
            y[r] = c - factor[k] * d;
            y[q] = d + factor[k] * c;
        }
    }
}

ALWAYS void back_lines(vec *ket, vec *bra, const stage_run *s, vec *slope, const int width)
{
    const uint32_t *comb = s->stage->comb;
    for (uint32_t c = 0; c < s->stage->codes; c++) {
        const coset_run run = cosets_of(s, c);
        vec factor[STATE_WIDTH], sum[STATE_WIDTH];
        for (int k = 0; k < width; k++) {
            factor[k] = s->factor[k][run.signs >> k & 1];
            sum[k] = (vec){0};
        }
        for (const uint32_t *h = run.first; h != run.last; h++)
            for (int part = 0; part < 2; part++) {
                vec x[1 << STATE_WIDTH], y[1 << STATE_WIDTH];
                load(ket, *h, comb, part, x, width);
                load(bra, *h, comb, part, y, width);
                back_vertical(x, y, factor, sum, width);
                store(ket, *h, comb, part, x, width);
                store(bra, *h, comb, part, y, width);
            }
        for (int k = 0; k < width; k++) slope[k] += s->sign[k][run.signs >> k & 1] * sum[k];
    }
}

/* Rotation k in registers r and q, which coincide if it acts within lines; t: its tangent, sign: its sign in each. */
ALWAYS void back_pair(vec *x, vec *y, const vec *sign, vec t, vec *sum, const exchange *lanes, const int r,
                      const int q)
{
    const vec a = x[r], b = x[q], c = y[r], d = y[q];
    const vec at_r = sign[r] * (lanes ? exchanged(b, lanes) : b);
    *sum += c * at_r;
    x[r] = a - t * at_r;
    y[r] = c - t * (sign[r] * (lanes ? exchanged(d, lanes) : d));
    if (r == q) return;
    const vec at_q = sign[q] * (lanes ? exchanged(a, lanes) : a);
    *sum += d * at_q;
    x[q] = b - t * at_q;
    y[q] = d - t * (sign[q] * (lanes ? exchanged(c, lanes) : c));
}

ALWAYS void back_mixed(vec *x, vec *y, in_registers sign, const vec *t, vec *slope, const stage_run *s,
                       const int width, const int crossing)
{
    for (int k = width; k < width + s->stage->selves; k++) {
        UNROLL
        for (int r = 0; r < 1 << width; r++) back_pair(x, y, sign[k], t[k], &slope[k], &s->lanes[k], r, r);
    }
    UNROLL
    for (int k = 0; k < width; k++) {
        UNROLL
        for (int r = 0; r < 1 << width; r++)
            if (!(r >> k & 1))
                back_pair(x, y, sign[k], t[k], &slope[k], k < crossing ? &s->lanes[k] : NULL, r, r | 1 << k);
    }
}

ALWAYS void unmix_lines(vec *ket, vec *bra, const stage_run *s, vec *slope, const int width, const int crossing)
{
    const uint32_t *comb = s->stage->comb;
    in_registers sign;
    vec t[2 * STATE_WIDTH];
    uint32_t before = ~cosets_of(s, 0).signs;
    for (int k = 0; k < width + s->stage->selves; k++) t[k] = s->factor[k][0] * s->sign[k][0];
    for (uint32_t c = 0; c < s->stage->codes; c++) {
        const coset_run run = cosets_of(s, c);
        set_registers(s, s->sign, run.signs, run.signs ^ before, sign, width);
        before = run.signs;
        for (const uint32_t *h = run.first; h != run.last; h++)
            for (int part = 0; part < 2; part++) {
                vec x[1 << STATE_WIDTH], y[1 << STATE_WIDTH];
                load(ket, *h, comb, part, x, width);
                load(bra, *h, comb, part, y, width);
                back_mixed(x, y, sign, t, slope, s, width, crossing);
                store(ket, *h, comb, part, x, width);
                store(bra, *h, comb, part, y, width);
            }
    }
}

/* ---- all widths ---- */

enum { CASE_OF_KIND = 64, CASE_OF_WIDTH = 8 };
#define CASE(kind, width, crossing, call)                                                                            \
    case CASE_OF_KIND *(kind) + CASE_OF_WIDTH *(width) + (crossing):                                                 \
        call;                                                                                                        \
        return;
#define TURN_CASE(width)          CASE(STATE_VERTICAL, width, 0, turn_lines(block, s, width))
#define MIX_CASE(width, crossing) CASE(STATE_MIXED, width, crossing, mix_lines(block, s, width, crossing))
#define BACK_CASE(width)          CASE(STATE_VERTICAL, width, 0, back_lines(ket, bra, s, slope, width))
#define UNMIX_CASE(width, crossing)                                                                                  \
    CASE(STATE_MIXED, width, crossing, unmix_lines(ket, bra, s, slope, width, crossing))

static int case_of(const state_stage *stage)
{
    return CASE_OF_KIND * stage->kind + CASE_OF_WIDTH * stage->width + stage->crossing;
}

static void do_stage(vec *block, const stage_run *s)
{
    switch (case_of(s->stage)) {
        TURN_CASE(1)
        TURN_CASE(2)
        TURN_CASE(3)
        MIX_CASE(0, 0)
        MIX_CASE(1, 0)
        MIX_CASE(1, 1)
        MIX_CASE(2, 0)
        MIX_CASE(2, 1)
        MIX_CASE(2, 2)
        MIX_CASE(3, 0)
        MIX_CASE(3, 1)
        MIX_CASE(3, 2)
        MIX_CASE(3, 3)
#if FORWARD_WIDTH == 4
        TURN_CASE(4)
        MIX_CASE(4, 0)
        MIX_CASE(4, 1)
        MIX_CASE(4, 2)
        MIX_CASE(4, 3)
        MIX_CASE(4, 4)
#endif
    }
}

/* Ket and bra share the registers, so fewer rotations fit at once. */
static void undo_stage(vec *ket, vec *bra, const stage_run *s, vec *slope)
{
    switch (case_of(s->stage)) {
        BACK_CASE(1)
        BACK_CASE(2)
        UNMIX_CASE(0, 0)
        UNMIX_CASE(1, 0)
        UNMIX_CASE(1, 1)
        UNMIX_CASE(2, 0)
        UNMIX_CASE(2, 1)
        UNMIX_CASE(2, 2)
#if BACK_WIDTH == 3
        BACK_CASE(3)
        UNMIX_CASE(3, 0)
        UNMIX_CASE(3, 1)
        UNMIX_CASE(3, 2)
        UNMIX_CASE(3, 3)
#endif
    }
}

#endif
