/* Distributes blocks over threads, and adds sums over chunks of blocks.
 *
 * Blocks are divided into chunks whose number depends only on the circuit.  Every chunk has its own sums, which
 * are added in order, so the result does not depend on the number of threads.  Slices are whole chunks or parts of
 * one, in order, so work done between blocks does not change the result either. */
#include "state_worker.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "state_product.h"

enum { CHUNKS = 64, THREADS_FROM_BITS = 13 };
enum {
    LOOK_BYTES = 1 << 19
}; /* amplitudes of the blocks of a thread between two calls of the work done meanwhile: some 0.1 ms */

/* ---- memory ---- */

size_t ent_state_part_bytes(const state_plan *plan)
{
    return (size_t)2 * (size_t)plan->shape.real_bytes << plan->local_bits;
}

void ent_state_worker_free(state_worker *w)
{
    if (!w) return;
    for (int t = 0; w->scratch && t < w->threads; t++) ent_free(w->scratch[t].tree);
    ent_free(w->scratch);
    ent_free(w->blocks);
    if (w->lent) w->run.ket = w->run.bra = NULL;
    void *const all[] = {w->run.ket, w->run.bra,  w->run.factor, w->run.sign, w->run.cosine,   w->run.bit,
                         w->run.low, w->run.high, w->run.weight, w->angle,    w->sums,         w->value,
                         w->slope,   w->part[0],  w->part[1],    w->lower,    w->expectations, w->weights};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) ent_free(all[k]);
    ent_free(w);
}

/* The blocks of all threads are adjacent on as few huge pages as possible: on scattered pages ket and bra would
 * compete for the sets of L2, and one page per thread would waste memory. */
static int scratch_new(const state_plan *plan, state_worker *w)
{
    const size_t vector = (size_t)plan->shape.real_bytes << plan->shape.lane_bits;
    const size_t block = (size_t)2 * (size_t)plan->shape.real_bytes << plan->shape.forward_bits;
    w->scratch = ent_alloc(w->threads, sizeof *w->scratch);
    w->blocks = ent_alloc_pages(2 * block * (size_t)w->threads);
    int there = w->scratch && w->blocks;
    for (int t = 0; there && t < w->threads; t++) {
        w->scratch[t].ket = (char *)w->blocks + 2 * block * (size_t)t;
        w->scratch[t].bra = (char *)w->scratch[t].ket + block;
        w->scratch[t].tree = ent_alloc(INT64_C(6) << STATE_TREES, vector);
        there = w->scratch[t].tree != NULL;
    }
    return there;
}

static int tables_new(const state_plan *plan, state_worker *w)
{
    const int64_t rotations = plan->list.rotations, low = INT64_C(1) << w->run.low_bits;
    const int64_t high = INT64_C(1) << (plan->local_bits - w->run.low_bits);
    const size_t vector = (size_t)plan->shape.real_bytes << plan->shape.lane_bits;
    const int64_t longest = rotations > plan->values ? rotations : plan->values;
    w->run.factor = ent_alloc(2 * rotations, vector);
    w->run.sign = ent_alloc(2 * rotations, vector);
    w->run.cosine = ent_alloc(rotations, sizeof(double));
    w->run.bit = ent_alloc(4 * (int64_t)plan->bits, sizeof(double));
    w->run.low = ent_alloc(2 * low, (size_t)plan->shape.real_bytes);
    w->run.high = ent_alloc(2 * high, sizeof(double));
    w->run.weight = ent_alloc(plan->values, sizeof(double));
    w->angle = ent_alloc(rotations, sizeof(double));
    w->sums = ent_alloc(CHUNKS * longest, sizeof(double));
    w->value = ent_alloc(plan->values, sizeof(double));
    w->slope = ent_alloc(rotations, sizeof(double));
    w->part[0] = ent_alloc(2 * low, sizeof(double));
    w->part[1] = ent_alloc(INT64_C(2) << (plan->bits - w->run.low_bits), sizeof(double));
    w->lower = ent_alloc(CHUNKS * 2 * low, sizeof(double));
    w->expectations = ent_alloc(plan->list.readouts, sizeof(double));
    w->weights = ent_alloc(plan->list.readouts, sizeof(double));
    return w->run.factor && w->run.sign && w->run.cosine && w->run.bit && w->run.low && w->run.high &&
           w->run.weight && w->angle && w->sums && w->value && w->slope && w->part[0] && w->part[1] && w->lower &&
           w->expectations && w->weights;
}

/* Not initialised: the first pass does that, each part by the thread that works on it. */
static ent_status state_new(const state_plan *plan, void **state)
{
    const size_t bytes = ent_state_part_bytes(plan);
    *state = ent_alloc_pages(bytes);
    if (*state) return ENT_OK;
    return ent_memory_lacks((double)bytes, (double)ent_memory_available_bytes(), "a state of 2^%d amplitudes",
                            plan->local_bits);
}

ent_status ent_state_worker_back(state_worker *w)
{
    return w->run.bra ? ENT_OK : state_new(w->run.plan, &w->run.bra);
}

void ent_state_worker_lend(state_worker *w, void *ket, void *bra)
{
    if (!w->lent) ent_free(w->run.ket);
    w->lent = 1;
    w->run.ket = ket;
    w->run.bra = bra;
}

/* Half of the bits each, so that both tables of the product are small. */
static int low_bits_of(const state_plan *plan)
{
    const int half = (plan->local_bits + 1) / 2, least = plan->shape.lane_bits;
    return half < least ? least : half < STATE_LOW_BITS ? half : STATE_LOW_BITS;
}

ent_status ent_state_worker_new(const state_plan *plan, const state_kernels *kernels, int threads, state_worker **out)
{
    state_worker *w = ent_alloc(1, sizeof *w);
    ENT_REQUIRE(w, ENT_ENOMEM, "state engine: no memory");
    w->run.plan = plan;
    w->kernels = kernels;
    w->run.low_bits = low_bits_of(plan);
    w->threads = plan->local_bits < THREADS_FROM_BITS ? 1 : threads < CHUNKS ? threads : CHUNKS;
    const int there = tables_new(plan, w) && scratch_new(plan, w);
    ent_status status = there ? state_new(plan, &w->run.ket) : ent_fail(ENT_ENOMEM, "state engine: no memory");
    if (status != ENT_OK) {
        ent_state_worker_free(w);
        return status;
    }
    *out = w;
    return ENT_OK;
}

/* ---- a sample ---- */

void ent_state_begin(state_worker *w, const double *params, const double *data)
{
    const lower_list *list = &w->run.plan->list;
    for (int r = 0; r < list->rotations; r++) {
        w->angle[r] = list->rotation[r].offset;
        for (int t = list->rotation[r].term; t >= 0; t = list->term[t].next) {
            const lower_term *term = &list->term[t];
            w->angle[r] += term->scale * (term->source == ENT_ANGLE_PARAM ? params : data)[term->slot];
        }
    }
    ent_state_product(w->run.plan, w->angle, w->run.bit);
    memset(w->value, 0, (size_t)w->run.plan->values * sizeof *w->value);
    memset(w->slope, 0, (size_t)list->rotations * sizeof *w->slope);
}

/* The first of the items of chunk c. */
static int64_t chunk_at(int64_t things, int c)
{
    return things < CHUNKS ? (c < things ? c : things) : things / CHUNKS * c;
}

static int64_t blocks_of(const state_plan *plan, const state_pass *pass)
{
    return INT64_C(1) << (plan->local_bits - pass->bits);
}

static void add_chunks(const double *sums, int chunks, int64_t length, double *total)
{
    for (int c = 0; c < chunks; c++)
        for (int64_t k = 0; k < length; k++) total[k] += sums[c * length + k];
}

/* The number of chunks that are used by any pass. */
static int chunks_of(const state_plan *plan, const state_route *route)
{
    int64_t most = 1;
    for (int p = 0; p < route->passes; p++) {
        const int64_t blocks = blocks_of(plan, &route->pass[p]);
        if (blocks > most) most = blocks;
    }
    return most < CHUNKS ? (int)most : CHUNKS;
}

/* The tables in the coordinates of the plan. */
static void use_plan(state_worker *w, const state_plan *plan, uint64_t outside)
{
    w->run.plan = plan;
    w->run.outside = outside;
    w->kernels->prepare(&w->run, w->angle);
}

/* ---- passes ---- */

/* A pass in one direction. */
typedef struct {
    const state_pass *pass;
    int64_t blocks;
    int back, begin, keep; /* keep; in the backward direction: not the end */
    double *sums;          /* [chunks][length], or NULL */
    int64_t length;
} pass_run;

static void run_blocks(state_worker *w, const pass_run *r, int chunk, int64_t first, int64_t last)
{
    const state_scratch *scratch = &w->scratch[omp_get_thread_num()];
    double *sums = r->sums ? r->sums + chunk * r->length : NULL;
    if (r->pass->transform) {
        w->kernels->transform(&w->run, r->pass, scratch, w->run.ket, first, last, r->back);
        if (r->back) w->kernels->transform(&w->run, r->pass, scratch, w->run.bra, first, last, 1);
    } else if (r->back) {
        w->kernels->backward(&w->run, r->pass, scratch, first, last, r->begin, !r->keep, sums);
    } else {
        w->kernels->forward(&w->run, r->pass, scratch, first, last, r->begin, r->keep, sums);
    }
}

/* Run `blocks` blocks of chunk c, after the first `done` blocks. */
static void run_chunk(state_worker *w, const pass_run *r, int c, int64_t done, int64_t blocks)
{
    const int64_t begin = chunk_at(r->blocks, c) + done, end = chunk_at(r->blocks, c + 1);
    if (begin < end) run_blocks(w, r, c, begin, end - begin < blocks ? end : begin + blocks);
}

/* The same for `count` chunks.  One thread runs without a parallel region, which would cost as much as the gates
 * of a small circuit. */
static void run_chunks(state_worker *w, const pass_run *r, int first, int count, int64_t done, int64_t blocks)
{
    if (w->threads == 1 || count == 1) {
        for (int c = first; c < first + count; c++) run_chunk(w, r, c, done, blocks);
        return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(w->threads)
    for (int c = first; c < first + count; c++) run_chunk(w, r, c, done, blocks);
}

/* Number of chunks that the threads share at a time, so that few threads are idle at the end. */
static int chunks_at_once(int threads)
{
    int chunks = 1;
    while (chunks < CHUNKS && 5 * chunks < 4 * threads * ((chunks + threads - 1) / threads)) chunks *= 2;
    return chunks;
}

/* Chunk by chunk, and in parts of chunks if they are large. */
static void run_slices(state_worker *w, const pass_run *r, const state_between *between)
{
    const size_t block_bytes = (size_t)2 * (size_t)w->run.plan->shape.real_bytes << r->pass->bits;
    const int64_t step = block_bytes < LOOK_BYTES ? (int64_t)(LOOK_BYTES / block_bytes) : 1;
    const int64_t length = chunk_at(r->blocks, 1), slice = r->blocks >> r->pass->slices.bits;
    const int count = chunks_at_once(w->threads);
    for (int c = 0; c < CHUNKS && c < r->blocks; c += count)
        for (int64_t done = 0; done < length; done += step) {
            run_chunks(w, r, c, count, done, step);
            const int64_t behind = done + step < length ? chunk_at(r->blocks, c) : chunk_at(r->blocks, c + count);
            between->look(between->context, (int)(behind / slice));
        }
}

static void run_pass(state_worker *w, const pass_run *r, const state_between *between)
{
    if (between)
        run_slices(w, r, between);
    else
        run_chunks(w, r, 0, r->blocks < CHUNKS ? (int)r->blocks : CHUNKS, 0, r->blocks);
}

void ent_state_forward(state_worker *w, const state_plan *plan, uint64_t outside, int begin, int last, int keep,
                       const state_between *between)
{
    const int chunks = chunks_of(plan, &plan->forward);
    use_plan(w, plan, outside);
    memset(w->sums, 0, (size_t)(chunks * plan->values) * sizeof *w->sums);
    for (int p = 0; p < plan->forward.passes; p++) {
        const state_pass *pass = &plan->forward.pass[p];
        const int is_end = p == plan->forward.passes - 1;
        const pass_run run = {.pass = pass,
                              .blocks = blocks_of(plan, pass),
                              .begin = begin && p == 0,
                              .keep = keep || !(last && is_end),
                              .sums = w->sums,
                              .length = plan->values};
        run_pass(w, &run, is_end ? between : NULL);
    }
    add_chunks(w->sums, chunks, plan->values, w->value);
}

void ent_state_backward(state_worker *w, const state_plan *plan, uint64_t outside, int begin, int end,
                        const state_between *between)
{
    const state_route *route = &plan->back;
    const int chunks = chunks_of(plan, route);
    use_plan(w, plan, outside);
    memset(w->sums, 0, (size_t)(chunks * plan->list.rotations) * sizeof *w->sums);
    for (int p = route->passes - 1; p >= 0; p--) {
        const state_pass *pass = &route->pass[p];
        const pass_run run = {.pass = pass,
                              .blocks = blocks_of(plan, pass),
                              .back = 1,
                              .begin = begin && p == route->passes - 1,
                              .keep = !(end && p == 0),
                              .sums = w->sums,
                              .length = plan->list.rotations};
        run_pass(w, &run, p == 0 ? between : NULL);
    }
    add_chunks(w->sums, chunks, plan->list.rotations, w->slope);
}

void ent_state_read(const state_worker *w, double *expectations)
{
    const state_plan *plan = w->run.plan;
    for (int r = 0; r < plan->list.readouts; r++)
        expectations[r] = plan->list.sign[r] * (plan->value[r] < 0 ? 1.0 : w->value[plan->value[r]]);
}

void ent_state_weigh(state_worker *w, const double *weights)
{
    const state_plan *plan = w->run.plan;
    memset(w->run.weight, 0, (size_t)plan->values * sizeof *w->run.weight);
    for (int r = 0; r < plan->list.readouts; r++)
        if (plan->value[r] >= 0) w->run.weight[plan->value[r]] += plan->list.sign[r] * weights[r];
}

/* ---- the prefix ---- */

void ent_state_contract(state_worker *w, uint64_t outside)
{
    const state_plan *plan = w->run.plan;
    const int64_t high = INT64_C(1) << (plan->local_bits - w->run.low_bits), low = INT64_C(2) << w->run.low_bits;
    const int chunks = high < CHUNKS ? (int)high : CHUNKS;
    double *mine = w->part[1] + 2 * (outside >> w->run.low_bits);
    memset(w->lower, 0, (size_t)(chunks * low) * sizeof *w->lower);
    memset(w->part[0], 0, (size_t)low * sizeof *w->part[0]);
    memset(w->part[1], 0, ((size_t)2 << (plan->bits - w->run.low_bits)) * sizeof *w->part[1]);
#pragma omp parallel for schedule(dynamic) num_threads(w->threads) if (w->threads > 1)
    for (int c = 0; c < chunks; c++)
        w->kernels->contract(&w->run, &w->scratch[omp_get_thread_num()], chunk_at(high, c), chunk_at(high, c + 1),
                             mine, w->lower + c * low);
    add_chunks(w->lower, chunks, low, w->part[0]);
}

void ent_state_prefix_slopes(state_worker *w)
{
    ent_state_product_slopes(w->run.plan, w->angle, w->run.bit, w->run.low_bits, w->part, w->slope);
}

void ent_state_add_slopes(const state_worker *w, double *grad_params, double *grad_data)
{
    const lower_list *list = &w->run.plan->list;
    for (int r = 0; r < list->rotations; r++)
        for (int t = list->rotation[r].term; t >= 0; t = list->term[t].next) {
            const lower_term *term = &list->term[t];
            double *to = term->source == ENT_ANGLE_PARAM ? grad_params : grad_data;
            if (to) to[term->slot] += term->scale * w->slope[r];
        }
}
