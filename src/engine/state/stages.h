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

typedef int64_t ivec __attribute__((vector_size(VECTOR_BYTES)));

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
    const state_stage *stage;
    const vec *factor[2 * STATE_WIDTH]; /* [2] by sign */
    const vec *sign[2 * STATE_WIDTH];
    exchange lanes[2 * STATE_WIDTH];
    uint32_t toggle; /* signs of the block */
    int scaled;      /* whether all is to be multiplied by `gain` */
    vec gain;
} stage_run;

ALWAYS uint32_t sign_of(uint32_t code, int k)
{
    return code >> (16 + k) & 1;
}

/* ---- forward ---- */

ALWAYS void turn_vertical(vec *x, uint32_t code, const stage_run *s, int width)
{
    UNROLL
    for (int k = 0; k < width; k++) {
        const vec factor = s->factor[k][sign_of(code, k)];
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            const int q = r | 1 << k;
            if (r == q) continue;
            const vec a = x[r], b = x[q];
            x[r] = a + factor * b;
            x[q] = b - factor * a;
        }
    }
}

ALWAYS void turn_lines(vec *block, const stage_run *s, int width, int scaled)
{
    const state_stage *stage = s->stage;
    size_t comb[1 << STATE_WIDTH];
    UNROLL
    for (int r = 0; r < 1 << width; r++) comb[r] = 2 * (size_t)stage->comb[r];
    const vec gain = s->gain;
    for (int64_t h = 0; h < stage->cosets; h++) {
        const uint32_t code = stage->base[h] ^ s->toggle;
        const size_t line = 2 * (size_t)(code & 0xffff);
        for (size_t part = 0; part < 2; part++) {
            vec x[1 << STATE_WIDTH];
            UNROLL
            for (int r = 0; r < 1 << width; r++) x[r] = block[(line ^ comb[r]) + part];
            turn_vertical(x, code, s, width);
            UNROLL
            for (int r = 0; r < 1 << width; r++) block[(line ^ comb[r]) + part] = scaled ? x[r] * gain : x[r];
        }
    }
}

/* The factor of rotation k in register r. */
ALWAYS const vec *factor_in(const vec *factor, uint32_t sign, const stage_run *s, int k, int r)
{
    return factor + (sign ^ s->stage->turned[k][r]);
}

/* x: re in even, im in odd places, so that they share their factors. */
ALWAYS void turn_mixed(vec *x, uint32_t code, const stage_run *s, int width)
{
    for (int k = width; k < width + s->stage->selves; k++) {
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            const vec factor = *factor_in(s->factor[k], sign_of(code, k), s, k, r);
            x[2 * r] += factor * exchanged(x[2 * r], &s->lanes[k]);
            x[2 * r + 1] += factor * exchanged(x[2 * r + 1], &s->lanes[k]);
        }
    }
    UNROLL
    for (int k = 0; k < width; k++) {
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            const int q = r | 1 << k;
            if (r == q) continue;
            const vec at_r = *factor_in(s->factor[k], sign_of(code, k), s, k, r);
            const vec at_q = *factor_in(s->factor[k], sign_of(code, k), s, k, q);
            UNROLL
            for (int part = 0; part < 2; part++) {
                const vec a = x[2 * r + part], b = x[2 * q + part];
                x[2 * r + part] = a + at_r * exchanged(b, &s->lanes[k]);
                x[2 * q + part] = b + at_q * exchanged(a, &s->lanes[k]);
            }
        }
    }
}

ALWAYS void mix_lines(vec *block, const stage_run *s, int width)
{
    const state_stage *stage = s->stage;
    const vec gain = s->gain;
    for (int64_t h = 0; h < stage->cosets; h++) {
        const uint32_t code = stage->base[h] ^ s->toggle;
        vec x[1 << STATE_WIDTH], *at[1 << STATE_WIDTH];
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            at[r] = block + 2 * (size_t)((code & 0xffff) ^ stage->comb[r]);
            x[2 * r] = at[r][0];
            x[2 * r + 1] = at[r][1];
        }
        turn_mixed(x, code, s, width);
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            at[r][0] = s->scaled ? x[2 * r] * gain : x[2 * r];
            at[r][1] = s->scaled ? x[2 * r + 1] * gain : x[2 * r + 1];
        }
    }
}

/* ---- backward ---- */

/* The rotations are taken back; slope[k] gets the sum of sign * bra[p] * ket[p ^ flip], whose factor is the product of
 * the squared cosines of what was taken back before k in the stage. */
ALWAYS void back_vertical(vec *x, vec *y, uint32_t code, vec *slope, const stage_run *s, int width)
{
    UNROLL
    for (int k = 0; k < width; k++) {
        const vec factor = s->factor[k][sign_of(code, k)];
        vec sum = {0};
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            const int q = r | 1 << k;
            if (r == q) continue;
            const vec a = x[r], b = x[q], c = y[r], d = y[q];
            sum += c * b - d * a;
            x[r] = a - factor * b;
            x[q] = b + factor * a;
            y[r] = c - factor * d;
            y[q] = d + factor * c;
        }
        slope[k] += s->sign[k][sign_of(code, k)] * sum;
    }
}

ALWAYS void back_lines(vec *ket, vec *bra, const stage_run *s, vec *slope, int width)
{
    const state_stage *stage = s->stage;
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
            back_vertical(x, y, code, sum, s, width);
            UNROLL
            for (int r = 0; r < 1 << width; r++) {
                ket[(line ^ comb[r]) + part] = s->scaled ? x[r] * s->gain : x[r];
                bra[(line ^ comb[r]) + part] = s->scaled ? y[r] * s->gain : y[r];
            }
        }
    }
    memcpy(slope, sum, sizeof sum);
}

/* One rotation within lines: x of the ket, y of the bra. */
ALWAYS void back_self(vec *x, vec *y, uint32_t code, vec *slope, const stage_run *s, int width, int k)
{
    UNROLL
    for (int r = 0; r < 1 << width; r++) {
        const uint32_t sign = sign_of(code, k) ^ s->stage->turned[k][r];
        const vec factor = s->factor[k][sign];
        vec sum = {0};
        UNROLL
        for (int p = 2 * r; p < 2 * r + 2; p++) {
            const vec flipped = exchanged(x[p], &s->lanes[k]);
            sum += y[p] * flipped;
            x[p] -= factor * flipped;
            y[p] -= factor * exchanged(y[p], &s->lanes[k]);
        }
        slope[k] += s->sign[k][sign] * sum;
    }
}

ALWAYS void back_cross(vec *x, vec *y, uint32_t code, vec *slope, const stage_run *s, int width, int k)
{
    UNROLL
    for (int r = 0; r < 1 << width; r++) {
        const int q = r | 1 << k;
        if (r == q) continue;
        const uint32_t sign_r = sign_of(code, k) ^ s->stage->turned[k][r];
        const uint32_t sign_q = sign_of(code, k) ^ s->stage->turned[k][q];
        const vec at_r = s->factor[k][sign_r], at_q = s->factor[k][sign_q];
        vec sum_r = {0}, sum_q = {0};
        UNROLL
        for (int part = 0; part < 2; part++) {
            const vec a = x[2 * r + part], b = x[2 * q + part], c = y[2 * r + part], d = y[2 * q + part];
            const vec ae = exchanged(a, &s->lanes[k]), be = exchanged(b, &s->lanes[k]);
            sum_r += c * be;
            sum_q += d * ae;
            x[2 * r + part] = a - at_r * be;
            x[2 * q + part] = b - at_q * ae;
            y[2 * r + part] = c - at_r * exchanged(d, &s->lanes[k]);
            y[2 * q + part] = d - at_q * exchanged(c, &s->lanes[k]);
        }
        slope[k] += s->sign[k][sign_r] * sum_r + s->sign[k][sign_q] * sum_q;
    }
}

ALWAYS void unmix_lines(vec *ket, vec *bra, const stage_run *s, vec *slope, int width)
{
    const state_stage *stage = s->stage;
    for (int64_t h = 0; h < stage->cosets; h++) {
        const uint32_t code = stage->base[h] ^ s->toggle;
        size_t line[1 << STATE_WIDTH];
        vec x[1 << STATE_WIDTH], y[1 << STATE_WIDTH];
        UNROLL
        for (int r = 0; r < 1 << width; r++) {
            line[r] = 2 * (size_t)((code & 0xffff) ^ stage->comb[r]);
            x[2 * r] = ket[line[r]];
            x[2 * r + 1] = ket[line[r] + 1];
            y[2 * r] = bra[line[r]];
            y[2 * r + 1] = bra[line[r] + 1];
        }
        for (int k = width; k < width + stage->selves; k++) back_self(x, y, code, slope, s, width, k);
        UNROLL
        for (int k = 0; k < width; k++) back_cross(x, y, code, slope, s, width, k);
        UNROLL
        for (int r = 0; r < 1 << width; r++)
            for (int part = 0; part < 2; part++) {
                const vec a = x[2 * r + part], c = y[2 * r + part];
                ket[line[r] + (size_t)part] = s->scaled ? a * s->gain : a;
                bra[line[r] + (size_t)part] = s->scaled ? c * s->gain : c;
            }
    }
}

/* ---- all widths ---- */

#define TURN_CASE(width)                                                                                             \
    case 8 * STATE_VERTICAL + (width):                                                                               \
        if (s->scaled)                                                                                               \
            turn_lines(block, s, width, 1);                                                                          \
        else                                                                                                         \
            turn_lines(block, s, width, 0);                                                                          \
        return;
#define MIX_CASE(width)                                                                                              \
    case 8 * STATE_MIXED + (width):                                                                                  \
        mix_lines(block, s, width);                                                                                  \
        return;

static void do_stage(vec *block, const stage_run *s)
{
    switch (8 * s->stage->kind + s->stage->width) {
        TURN_CASE(1)
        TURN_CASE(2)
        TURN_CASE(3)
        MIX_CASE(0)
        MIX_CASE(1)
        MIX_CASE(2)
#if FORWARD_WIDTH == 4
        TURN_CASE(4)
        MIX_CASE(3)
#endif
    }
}

#define BACK_CASE(width)                                                                                             \
    case 8 * STATE_VERTICAL + (width):                                                                               \
        back_lines(ket, bra, s, slope, width);                                                                       \
        return;
#define UNMIX_CASE(width)                                                                                            \
    case 8 * STATE_MIXED + (width):                                                                                  \
        unmix_lines(ket, bra, s, slope, width);                                                                      \
        return;

/* Ket and bra share the registers, so that fewer rotations fit at once. */
static void undo_stage(vec *ket, vec *bra, const stage_run *s, vec *slope)
{
    switch (8 * s->stage->kind + s->stage->width) {
        BACK_CASE(1)
        BACK_CASE(2)
        UNMIX_CASE(0)
        UNMIX_CASE(1)
#if BACK_WIDTH == 3
        BACK_CASE(3)
        UNMIX_CASE(2)
#endif
    }
}

#endif
