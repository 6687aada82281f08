/* Passes over blocks.  Compiled once for each instruction set and precision, with REAL, VECTOR_BYTES, FORWARD_WIDTH,
 * BACK_WIDTH and TABLE (the name of the table defined here) set by the build. */
#include "state_fourier.h"
#include "state_groups.h"
#include "state_reads.h"

#include <stdlib.h>

/* Cosines are kept away from 0 by less than the rounding error, so that their tangents are finite. */
#define SMALLEST_COSINE (sizeof(REAL) == sizeof(double) ? 0x1p-60 : 0x1p-27)
/* Smallest pending factor of a block, so that products of two states stay in range. */
#define SMALLEST_GAIN (sizeof(REAL) == sizeof(double) ? 0x1p-200 : 0x1p-20)

/* ---- tables of a sample ---- */

static void prepare_rotation(state_run *run, int r, double s, double c)
{
    const lower_rotation *rotation = &run->plan->list.rotation[r];
    if (rotation->flip && fabs(c) < SMALLEST_COSINE) c = copysign(SMALLEST_COSINE, c);
    const REAL factor = (REAL)(rotation->flip ? s / c : s);
    const vec signs = -lane_signs((int)(rotation->row & (LANES - 1)));
    vec(*to)[2] = (vec(*)[2])run->factor + r, (*sign)[2] = (vec(*)[2])run->sign + r;
    run->cosine[r] = c;
    (*to)[0] = factor * signs;
    (*to)[1] = -(factor * signs);
    (*sign)[0] = signs;
    (*sign)[1] = -signs;
}

/* z = z * factor */
static void multiply_number(double z[2], const double factor[2])
{
    const double re = z[0] * factor[0] - z[1] * factor[1];
    z[1] = z[1] * factor[0] + z[0] * factor[1];
    z[0] = re;
}

/* table [2^bits][re, im]: the product, for each index, of the 2-vectors `bit` at its bits; by doubling. */
static void products(const double *bit, int bits, double (*table)[2])
{
    table[0][0] = 1.0;
    table[0][1] = 0.0;
    for (int q = 0; q < bits; q++)
        for (int64_t k = 0; k < INT64_C(1) << q; k++) {
            double *zero = table[k], *one = table[k | INT64_C(1) << q];
            memcpy(one, zero, sizeof table[k]);
            multiply_number(zero, bit + 4 * q);
            multiply_number(one, bit + 4 * q + 2);
        }
}

static void prepare(state_run *run, const double *angle)
{
    const int rotations = run->plan->list.rotations;
    for (int first = 0; first < rotations; first += LANES) {
        wide half = {0};
        vec sine, cosine;
        const int count = rotations - first < LANES ? rotations - first : LANES;
        for (int l = 0; l < count; l++) half[l] = 0.5 * angle[first + l];
        sines_cosines(&half, &sine, &cosine);
        for (int l = 0; l < count; l++) prepare_rotation(run, first + l, (double)sine[l], (double)cosine[l]);
    }
    double table[1 << STATE_LOW_BITS][2];
    REAL *low = run->low;
    products(run->bit, run->low_bits, table);
    for (int64_t k = 0; k < INT64_C(1) << run->low_bits; k++) {
        REAL *line = low + 2 * LANES * (k / LANES) + k % LANES;
        line[0] = (REAL)table[k][0];
        line[LANES] = (REAL)table[k][1];
    }
    const int local = run->plan->local_bits;
    products(run->bit + 4 * run->low_bits, local - run->low_bits, (double(*)[2])run->high);
    for (int q = local; q < run->plan->bits; q++)
        for (int64_t k = 0; k < INT64_C(1) << (local - run->low_bits); k++)
            multiply_number(run->high + 2 * k, run->bit + 4 * q + 2 * (run->outside >> q & 1));
}

/* ---- blocks in and out ---- */

/* Lines that are contiguous in memory, except in small blocks. */
enum { RUN_BITS = 2, RUN_LINES = 1 << RUN_BITS };

/* Line k of a run whose first line is at `slot`: slot_of is linear, and maps lines below 32 to themselves. */
ALWAYS vec *line_of_run(vec *block, uint32_t slot, int k)
{
    return block + 2 * (size_t)(slot ^ (uint32_t)k);
}

ALWAYS void copy_runs_in(const state_pass *pass, uint64_t base_line, const vec *state, vec *block, const int lines)
{
    for (int64_t r = 0; r < pass->runs; r++) {
        const vec *from = state + 2 * (base_line ^ pass->run[r]);
        const uint32_t slot = slot_of((uint32_t)r * (uint32_t)lines);
        ask_ahead(pass, base_line, state, r);
        for (int k = 0; k < lines; k++) {
            vec *line = line_of_run(block, slot, k);
            line[0] = from[2 * k];
            line[1] = from[2 * k + 1];
        }
    }
}

ALWAYS void copy_runs_out(const state_pass *pass, uint64_t base_line, vec *block, double gain, vec *state,
                          const int lines)
{
    const vec factor = (vec){0} + (REAL)gain;
    for (int64_t r = 0; r < pass->runs; r++) {
        vec *to = state + 2 * (base_line ^ pass->run[r]);
        const uint32_t slot = slot_of((uint32_t)r * (uint32_t)lines);
        for (int k = 0; k < lines; k++) {
            const vec *line = line_of_run(block, slot, k);
            to[2 * k] = factor * line[0];
            to[2 * k + 1] = factor * line[1];
        }
    }
}

static void copy_in(const state_pass *pass, uint64_t base_line, const vec *state, vec *block)
{
    if (pass->run_lines == RUN_LINES)
        copy_runs_in(pass, base_line, state, block, RUN_LINES);
    else
        copy_runs_in(pass, base_line, state, block, pass->run_lines);
}

/* Copy back to memory, multiplied by the pending factor of the block. */
static void copy_out(const state_pass *pass, uint64_t base_line, vec *block, double gain, vec *state)
{
    if (pass->run_lines == RUN_LINES)
        copy_runs_out(pass, base_line, block, gain, state, RUN_LINES);
    else
        copy_runs_out(pass, base_line, block, gain, state, pass->run_lines);
}

/* Fill the block with the product of the prefix instead of loading it from memory. */
static void make_block(const state_run *run, const state_pass *pass, uint64_t base_line, vec *block)
{
    const int low_lines = run->low_bits - LANE_BITS;
    const uint64_t mask = (UINT64_C(1) << low_lines) - 1;
    for (int64_t r = 0; r < pass->runs; r++) {
        const uint32_t slot = slot_of((uint32_t)(r * pass->run_lines));
        for (int k = 0; k < pass->run_lines; k++) {
            const uint64_t line = (base_line ^ pass->run[r]) + (uint64_t)k;
            const vec *low = (const vec *)run->low + 2 * (line & mask);
            const double *high = run->high + 2 * (line >> low_lines);
            const REAL re = (REAL)high[0], im = (REAL)high[1];
            vec *at = line_of_run(block, slot, k);
            at[0] = re * low[0] - im * low[1];
            at[1] = re * low[1] + im * low[0];
        }
    }
}

/* ---- passes ---- */

static void set_stage(const state_run *run, const state_stage *stage, uint64_t base, stage_run *s)
{
    s->stage = stage;
    s->toggle = 0;
    for (int k = 0; k < stage->width + stage->selves; k++) {
        const int r = stage->rotation[k];
        s->factor[k] = pairs(run->factor)[r];
        s->sign[k] = pairs(run->sign)[r];
        if (stage->kind == STATE_MIXED) set_exchange(stage->lanes[k], &s->lanes[k]);
        s->toggle |= (uint32_t)block_sign(run->plan->list.rotation[r].row, base) << k;
    }
}

static void scale(vec *block, int bits, double gain)
{
    const vec factor = (vec){0} + (REAL)gain;
    for (int64_t k = 0; k < INT64_C(2) << (bits - LANE_BITS); k++) block[k] *= factor;
}

/* A stage leaves out its cosines, and they become part of the pending factor *gain of the block.  Only rotations
 * close to half turns could push it out of range; the factor is then multiplied in before or after the stage.
 * Returns the pending factor while the stage runs. */
static double begin_gain(const state_run *run, const state_stage *stage, int bits, vec *ket, vec *bra, double *gain)
{
    double own = 1.0;
    for (int k = 0; k < stage->width + stage->selves; k++) own *= run->cosine[stage->rotation[k]];
    if (fabs(own) < SMALLEST_GAIN && *gain != 1.0) {
        scale(ket, bits, *gain);
        if (bra) scale(bra, bits, *gain);
        *gain = 1.0;
    }
    const double before = *gain;
    *gain *= own;
    return before;
}

static void end_gain(int bits, vec *ket, vec *bra, double *gain)
{
    if (fabs(*gain) >= SMALLEST_GAIN) return;
    scale(ket, bits, *gain);
    if (bra) scale(bra, bits, *gain);
    *gain = 1.0;
}

/* When a slope was computed, the pending factor was `before` times the cosines of the rotations before it in the
 * stage. */
static void add_slopes(const state_run *run, const state_stage *stage, const vec *slope, double before,
                       double *slopes)
{
    double factor = before * before;
    for (int j = 0; j < stage->width + stage->selves; j++) {
        const int k = j < stage->selves ? stage->width + j
                                        : j - stage->selves; /* rotations within lines come first */
        const int r = stage->rotation[k];
        double total = 0.0;
        for (int l = 0; l < LANES; l++) total += (double)slope[k][l];
        slopes[r] += factor * total;
        factor *= run->cosine[r] * run->cosine[r];
    }
}

static void set_trees(const state_scratch *scratch, group_run *g, vec *sums[2])
{
    vec *tree = scratch->tree;
    for (int t = 0; t < 2; t++) {
        g->tree[t] = tree + ((size_t)t * 2 << STATE_TREES);
        sums[t] = tree + ((size_t)(t + 4) << STATE_TREES);
    }
}

/* Whether it changes the ket. */
static int changes(const state_pass *pass)
{
    return pass->stages > 0 || pass->groups > pass->sums;
}

/* Do all work of the pass on a block.  Returns the pending factor of the block. */
static double run_ops(const state_run *run, const state_pass *pass, uint64_t base, vec *block, group_run *g,
                      double *values)
{
    double gain = 1.0;
    for (int o = 0; o < pass->ops; o++) {
        const state_op *op = &pass->op[o];
        if (op->kind == STATE_GROUP) {
            do_phases(run, &pass->group[op->index], base, gain, block, g);
            gain = 1.0;
        } else if (op->kind == STATE_READ) {
            read_strings(&pass->read[op->index], pass->bits, base, gain, block, values);
        } else {
            stage_run s;
            set_stage(run, &pass->stage[op->index], base, &s);
            begin_gain(run, s.stage, pass->bits, block, NULL, &gain);
            do_stage(block, &s);
            end_gain(pass->bits, block, NULL, &gain);
        }
    }
    return gain;
}

static void forward(const state_run *run, const state_pass *pass, const state_scratch *scratch, int64_t first,
                    int64_t last, int begin, int keep, double *values)
{
    vec *block = scratch->ket, *sums[2];
    group_run g;
    set_trees(scratch, &g, sums);
    for (int64_t b = first; b < last; b++) {
        const uint64_t base = base_of(pass, run->plan->local_bits, b), line = base >> LANE_BITS;
        const uint64_t signs = base | run->outside;
        if (begin)
            make_block(run, pass, line, block);
        else
            copy_in(pass, line, run->ket, block);
        const double gain = run_ops(run, pass, signs, block, &g, values);
        for (int k = pass->groups - pass->sums; k < pass->groups; k++)
            sum_up(&pass->group[k], signs, gain, block, sums, values);
        if (keep && (begin || changes(pass))) copy_out(pass, line, block, gain, run->ket);
    }
}

static void make_bra(const state_run *run, const state_pass *pass, uint64_t base, const vec *ket, vec *bra,
                     vec *const sums[2])
{
    if (pass->sums == 0) memset(bra, 0, sizeof(vec) << (pass->bits - LANE_BITS + 1));
    for (int k = pass->groups - pass->sums, more = 0; k < pass->groups; k++, more = 1)
        observe(run, &pass->group[k], base, ket, bra, sums, more);
}

/* The same backwards, on ket and bra, which share one pending factor. */
static double undo_ops(const state_run *run, const state_pass *pass, uint64_t base, vec *ket, vec *bra, group_run *g,
                       vec *const sums[2], double *slopes)
{
    double gain = 1.0;
    for (int o = pass->ops - 1; o >= 0; o--) {
        const state_op *op = &pass->op[o];
        if (op->kind == STATE_GROUP) {
            undo_phases(run, &pass->group[op->index], base, gain, ket, bra, g, sums, slopes);
            gain = 1.0;
        } else if (op->kind == STATE_READ) {
            observe_strings(run, &pass->read[op->index], pass->bits, base, ket, bra);
        } else {
            stage_run s;
            vec slope[2 * STATE_WIDTH] = {{0}};
            set_stage(run, &pass->stage[op->index], base, &s);
            const double before = begin_gain(run, s.stage, pass->bits, ket, bra, &gain);
            undo_stage(ket, bra, &s, slope);
            end_gain(pass->bits, ket, bra, &gain);
            add_slopes(run, s.stage, slope, before, slopes);
        }
    }
    return gain;
}

static void backward(const state_run *run, const state_pass *pass, const state_scratch *scratch, int64_t first,
                     int64_t last, int begin, int end, double *slopes)
{
    vec *ket = scratch->ket, *bra = scratch->bra, *sums[2];
    group_run g;
    set_trees(scratch, &g, sums);
    for (int64_t b = first; b < last; b++) {
        const uint64_t base = base_of(pass, run->plan->local_bits, b), line = base >> LANE_BITS;
        const uint64_t signs = base | run->outside;
        copy_in(pass, line, run->ket, ket);
        if (begin)
            make_bra(run, pass, signs, ket, bra, sums);
        else
            copy_in(pass, line, run->bra, bra);
        const double gain = undo_ops(run, pass, signs, ket, bra, &g, sums, slopes);
        if (!end && changes(pass)) copy_out(pass, line, ket, gain, run->ket);
        copy_out(pass, line, bra, gain, run->bra);
    }
}

/* ---- the product, backwards ---- */

static void contract(const state_run *run, const state_scratch *scratch, int64_t first, int64_t last, double *upper,
                     double *lower)
{
    const int64_t lines = INT64_C(1) << (run->low_bits - LANE_BITS);
    const vec *low = run->low;
    vec *below = scratch->ket;
    memset(below, 0, (size_t)lines * 2 * sizeof *below);
    for (int64_t h = first; h < last; h++) {
        const vec *bra = (const vec *)run->bra + 2 * lines * h;
        const REAL re = (REAL)run->high[2 * h], im = (REAL)run->high[2 * h + 1];
        vec sum_re = {0}, sum_im = {0};
        for (int64_t k = 0; k < lines; k++) {
            const vec x = bra[2 * k], y = bra[2 * k + 1];
            sum_re += x * low[2 * k] + y * low[2 * k + 1];
            sum_im += x * low[2 * k + 1] - y * low[2 * k];
            below[2 * k] += x * re + y * im;
            below[2 * k + 1] += x * im - y * re;
        }
        upper[2 * h] = upper[2 * h + 1] = 0.0;
        for (int l = 0; l < LANES; l++) {
            upper[2 * h] += (double)sum_re[l];
            upper[2 * h + 1] += (double)sum_im[l];
        }
    }
    for (int64_t k = 0; k < lines; k++)
        for (int l = 0; l < LANES; l++)
            for (int part = 0; part < 2; part++) lower[2 * (k * LANES + l) + part] += (double)below[2 * k + part][l];
}

const state_kernels TABLE = {.shape = {.lane_bits = LANE_BITS,
                                       .real_bytes = sizeof(REAL),
                                       .run_bits = LANE_BITS + RUN_BITS,
                                       .forward_bits = sizeof(REAL) == 8 ? 15 : 16,
                                       .back_bits = sizeof(REAL) == 8 ? 14 : 15,
                                       .forward_width = FORWARD_WIDTH,
                                       .back_width = BACK_WIDTH},
                             .prepare = prepare,
                             .forward = forward,
                             .backward = backward,
                             .transform = transform,
                             .contract = contract};
