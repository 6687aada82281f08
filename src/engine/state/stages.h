/* Y-type rotations on a block in its buffer: several at once in registers.
 *
 * exp(-i t/2 Y-like) is cos(t/2) (1 + tan(t/2) J) with J real, so re and im are turned alike, by one multiply-add a
 * number and rotation; the product of a stage's cosines is multiplied in at its end. */
#ifndef ENTENTE_ENGINE_STATE_STAGES_H
#define ENTENTE_ENGINE_STATE_STAGES_H

#include "../state_kernels.h"
#include "../batch/vector.h"

#if defined(__AVX512F__) && VECTOR_BYTES == 64
#include <immintrin.h>
#define EXCHANGE_UNIT sizeof(REAL)
#elif defined(__AVX2__) && VECTOR_BYTES == 32
#include <immintrin.h>
#define EXCHANGE_UNIT sizeof(float)
#else
#define EXCHANGE_UNIT sizeof(REAL)
#endif

/* How lanes are exchanged with lane ^ mask: for each unit of a vector, the unit that goes there. */
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

/* A stage as the loops below want it. */
typedef struct {
    const vec *factor[STATE_WIDTH]; /* [2] by sign */
    const vec *sign[STATE_WIDTH];
    exchange lanes[STATE_WIDTH];
    uint32_t toggle; /* signs of the block */
    vec gain;
} stage_run;

ALWAYS uint32_t sign_of(uint32_t code, int k)
{
    return code >> (16 + k) & 1;
}

/* ---- forward ---- */

ALWAYS void turn_registers(vec *x, uint32_t code, const state_stage *stage, const stage_run *s, int width, int kind)
{
    UNROLL
    for (int k = 0; k < width; k++) {
        const uint32_t sign = sign_of(code, k);
        const vec *const factors = s->factor[k], factor = factors[sign];
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            const int q = r | 1 << k;
            if (r == q) continue;
            const vec a = x[r], b = x[q];
            if (kind == STATE_VERTICAL) {
                x[r] = a + factor * b;
                x[q] = b - factor * a;
            } else {
                x[r] = a + factors[sign ^ stage->turned[k][r]] * exchanged(b, &s->lanes[k]);
                x[q] = b + factors[sign ^ stage->turned[k][q]] * exchanged(a, &s->lanes[k]);
            }
        }
    }
}

ALWAYS void turn_lines(vec *block, const state_stage *stage, const stage_run *s, int width, int kind)
{
    size_t comb[1 << STATE_WIDTH];
    UNROLL
    for (int r = 0; r < 1 << width; r++) comb[r] = 2 * (size_t)stage->comb[r];
    for (int64_t h = 0; h < stage->cosets; h++) {
        const uint32_t code = stage->base[h] ^ s->toggle;
        const size_t line = 2 * (size_t)(code & 0xffff);
        for (size_t part = 0; part < 2; part++) {
            vec x[1 << STATE_WIDTH];
            UNROLL
            for (int r = 0; r < 1 << width; r++) x[r] = block[(line ^ comb[r]) + part];
            turn_registers(x, code, stage, s, width, kind);
            UNROLL
            for (int r = 0; r < 1 << width; r++) block[(line ^ comb[r]) + part] = x[r] * s->gain;
        }
    }
}

ALWAYS void turn_self(vec *block, const state_stage *stage, const stage_run *s, int width)
{
    for (int64_t h = 0; h < stage->cosets; h++) {
        const uint32_t code = stage->base[h] ^ s->toggle;
        const size_t line = 2 * (size_t)(code & 0xffff);
        vec re = block[line], im = block[line + 1];
        UNROLL
        for (int k = 0; k < width; k++) {
            const vec factor = s->factor[k][sign_of(code, k)];
            re += factor * exchanged(re, &s->lanes[k]);
            im += factor * exchanged(im, &s->lanes[k]);
        }
        block[line] = re * s->gain;
        block[line + 1] = im * s->gain;
    }
}

/* ---- backward ---- */

/* The rotations are taken back; slope[k] gets the sum of sign * bra[p] * ket[p ^ flip], whose factor is the product of
 * the squared cosines of the rotations before k in the stage. */
ALWAYS void back_registers(vec *x, vec *y, uint32_t code, vec *slope, const state_stage *stage, const stage_run *s,
                           int width, int kind)
{
    UNROLL
    for (int k = 0; k < width; k++) {
        const uint32_t sign = sign_of(code, k);
        const vec *const factors = s->factor[k], *const signs = s->sign[k], factor = factors[sign];
        vec sum = {0};
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            const int q = r | 1 << k;
            if (r == q) continue;
            const vec a = x[r], b = x[q], c = y[r], d = y[q];
            if (kind == STATE_VERTICAL) {
                sum += c * b - d * a;
                x[r] = a - factor * b;
                x[q] = b + factor * a;
                y[r] = c - factor * d;
                y[q] = d + factor * c;
            } else {
                const uint32_t sign_r = sign ^ stage->turned[k][r], sign_q = sign ^ stage->turned[k][q];
                const vec ae = exchanged(a, &s->lanes[k]), be = exchanged(b, &s->lanes[k]);
                slope[k] += signs[sign_r] * (c * be) + signs[sign_q] * (d * ae);
                x[r] = a - factors[sign_r] * be;
                x[q] = b - factors[sign_q] * ae;
                y[r] = c - factors[sign_r] * exchanged(d, &s->lanes[k]);
                y[q] = d - factors[sign_q] * exchanged(c, &s->lanes[k]);
            }
        }
        if (kind == STATE_VERTICAL) slope[k] += signs[sign] * sum;
    }
}

ALWAYS void back_lines(vec *ket, vec *bra, const state_stage *stage, const stage_run *s, vec *slope, int width,
                       int kind)
{
    size_t comb[1 << STATE_WIDTH];
    UNROLL
    for (int r = 0; r < 1 << width; r++) comb[r] = 2 * (size_t)stage->comb[r];
    vec sum[STATE_WIDTH] = {{0}};
    for (int64_t h = 0; h < stage->cosets; h++) {
        const uint32_t code = stage->base[h] ^ s->toggle;
        const size_t line = 2 * (size_t)(code & 0xffff);
        for (size_t part = 0; part < 2; part++) {
            vec x[1 << STATE_WIDTH], y[1 << STATE_WIDTH];
            UNROLL
            for (int r = 0; r < 1 << width; r++) {
                x[r] = ket[(line ^ comb[r]) + part];
                y[r] = bra[(line ^ comb[r]) + part];
            }
            back_registers(x, y, code, sum, stage, s, width, kind);
            UNROLL
            for (int r = 0; r < 1 << width; r++) {
                ket[(line ^ comb[r]) + part] = x[r] * s->gain;
                bra[(line ^ comb[r]) + part] = y[r] * s->gain;
            }
        }
    }
    for (int k = 0; k < width; k++) slope[k] = sum[k];
}

ALWAYS void back_self(vec *ket, vec *bra, const state_stage *stage, const stage_run *s, vec *slope, int width)
{
    vec sum[STATE_WIDTH] = {{0}};
    for (int64_t h = 0; h < stage->cosets; h++) {
        const uint32_t code = stage->base[h] ^ s->toggle;
        const size_t line = 2 * (size_t)(code & 0xffff);
        for (size_t part = 0; part < 2; part++) {
            vec x = ket[line + part], y = bra[line + part];
            UNROLL
            for (int k = 0; k < width; k++) {
                const vec factor = s->factor[k][sign_of(code, k)], sign = s->sign[k][sign_of(code, k)];
                const vec flipped = exchanged(x, &s->lanes[k]);
                sum[k] += sign * (y * flipped);
                x -= factor * flipped;
                y -= factor * exchanged(y, &s->lanes[k]);
            }
            ket[line + part] = x * s->gain;
            bra[line + part] = y * s->gain;
        }
    }
    for (int k = 0; k < width; k++) slope[k] = sum[k];
}

/* ---- all widths ---- */

static void do_stage(vec *block, const state_stage *stage, const stage_run *s)
{
    switch (4 * stage->kind + stage->width - 1) {
    case 4 * STATE_VERTICAL + 0:
        turn_lines(block, stage, s, 1, STATE_VERTICAL);
        return;
    case 4 * STATE_VERTICAL + 1:
        turn_lines(block, stage, s, 2, STATE_VERTICAL);
        return;
    case 4 * STATE_VERTICAL + 2:
        turn_lines(block, stage, s, 3, STATE_VERTICAL);
        return;
    case 4 * STATE_VERTICAL + 3:
        turn_lines(block, stage, s, 4, STATE_VERTICAL);
        return;
    case 4 * STATE_CROSS + 0:
        turn_lines(block, stage, s, 1, STATE_CROSS);
        return;
    case 4 * STATE_CROSS + 1:
        turn_lines(block, stage, s, 2, STATE_CROSS);
        return;
    case 4 * STATE_CROSS + 2:
        turn_lines(block, stage, s, 3, STATE_CROSS);
        return;
    case 4 * STATE_CROSS + 3:
        turn_lines(block, stage, s, 4, STATE_CROSS);
        return;
    case 4 * STATE_SELF + 0:
        turn_self(block, stage, s, 1);
        return;
    case 4 * STATE_SELF + 1:
        turn_self(block, stage, s, 2);
        return;
    case 4 * STATE_SELF + 2:
        turn_self(block, stage, s, 3);
        return;
    default:
        turn_self(block, stage, s, 4);
    }
}

/* On the way back a stage has at most 3 rotations: ket and bra share the registers. */
static void undo_stage(vec *ket, vec *bra, const state_stage *stage, const stage_run *s, vec *slope)
{
    switch (4 * stage->kind + stage->width - 1) {
    case 4 * STATE_VERTICAL + 0:
        back_lines(ket, bra, stage, s, slope, 1, STATE_VERTICAL);
        return;
    case 4 * STATE_VERTICAL + 1:
        back_lines(ket, bra, stage, s, slope, 2, STATE_VERTICAL);
        return;
    case 4 * STATE_VERTICAL + 2:
        back_lines(ket, bra, stage, s, slope, 3, STATE_VERTICAL);
        return;
    case 4 * STATE_CROSS + 0:
        back_lines(ket, bra, stage, s, slope, 1, STATE_CROSS);
        return;
    case 4 * STATE_CROSS + 1:
        back_lines(ket, bra, stage, s, slope, 2, STATE_CROSS);
        return;
    case 4 * STATE_CROSS + 2:
        back_lines(ket, bra, stage, s, slope, 3, STATE_CROSS);
        return;
    case 4 * STATE_SELF + 0:
        back_self(ket, bra, stage, s, slope, 1);
        return;
    case 4 * STATE_SELF + 1:
        back_self(ket, bra, stage, s, slope, 2);
        return;
    default:
        back_self(ket, bra, stage, s, slope, 3);
    }
}

#endif
