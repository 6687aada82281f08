/* The state engine: one large state, in passes over blocks that fit a core's cache (state_plan.h); threads share the
 * blocks of a pass.  state/sweep.c computes.
 *
 * Blocks are dealt out in chunks whose number depends on the circuit alone; every chunk has sums of its own, added in
 * order, so the number of threads cannot change a bit. */
#include "table.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "entente/memory.h"
#include "isa.h"
#include "state_product.h"

enum { CHUNKS = 64, LOW_BITS = 10, THREADS_FROM_BITS = 13 };

typedef struct {
    state_plan *plan;
    const state_kernels *kernels;
    int threads;
    double *params; /* of the call that runs */
    char name[32];
} state_engine;

typedef struct {
    state_run run;
    int threads;
    state_scratch *scratch; /* [threads] */
    double *angle;          /* [rotations] */
    double *sums;           /* [CHUNKS][rotations or values] */
    double *value;          /* [values] */
    double *slope;          /* [rotations] */
    double *part[2];        /* of the contraction with the product */
    double *lower;          /* [CHUNKS][2^low_bits][re, im] */
    double *expectations, *weights;
} state_worker;

/* ---- plan ---- */

static void plan_free(void *plan)
{
    state_engine *engine = plan;
    if (!engine) return;
    ent_state_plan_free(engine->plan);
    ent_free(engine->params);
    ent_free(engine);
}

static ent_status plan_new(const ent_circuit *circuit, const ent_program_inp *inp, void **out)
{
    state_engine *engine = ent_alloc(1, sizeof *engine);
    ENT_REQUIRE(engine, ENT_ENOMEM, "state engine: no memory");
    const char *isa = NULL;
    ent_status status = ent_isa_pick(inp->isa, &isa);
    if (status == ENT_OK) status = ent_isa_state_kernels(inp->isa, inp->precision, &engine->kernels);
    if (status == ENT_OK) status = ent_state_plan_new(circuit, &engine->kernels->shape, &engine->plan);
    if (status == ENT_OK && !(engine->params = ent_alloc(circuit->params, sizeof(double))))
        status = ent_fail(ENT_ENOMEM, "state engine: no memory");
    if (status != ENT_OK) {
        plan_free(engine);
        return status;
    }
    snprintf(engine->name, sizeof engine->name, "state %s", isa);
    engine->threads = inp->threads > 0 ? inp->threads : omp_get_max_threads();
    if (engine->plan->bits < THREADS_FROM_BITS) engine->threads = 1;
    if (engine->threads > CHUNKS) engine->threads = CHUNKS;
    *out = engine;
    return ENT_OK;
}

static const char *describe(const void *plan)
{
    return ((const state_engine *)plan)->name;
}

static void passes(const void *plan, int count[2])
{
    const state_plan *p = ((const state_engine *)plan)->plan;
    count[0] = p->forward.passes;
    count[1] = p->back.passes;
}

static int chunk(const void *plan)
{
    (void)plan;
    return 1;
}

static int64_t partials(const void *plan)
{
    return ((const state_engine *)plan)->plan->params;
}

static ent_status prepare(void *plan, const double *params)
{
    state_engine *engine = plan;
    if (engine->plan->params > 0) memcpy(engine->params, params, (size_t)engine->plan->params * sizeof *params);
    return ENT_OK;
}

/* ---- worker ---- */

/* On huge pages, and not written: the first pass does that, each part by a thread that works on it. */
static void *pages_new(size_t bytes)
{
    enum { HUGE_PAGE = 1 << 21 };
    if (bytes < HUGE_PAGE / 16) return ent_alloc((int64_t)bytes, 1);
    const size_t rounded = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *memory = aligned_alloc(HUGE_PAGE, rounded);
    if (memory) madvise(memory, rounded, MADV_HUGEPAGE); /* advice: it may fail */
    return memory;
}

static size_t state_bytes(const state_plan *plan)
{
    return (size_t)2 * (size_t)plan->shape.real_bytes << plan->bits;
}

static void worker_free(void *worker)
{
    state_worker *w = worker;
    if (!w) return;
    for (int t = 0; w->scratch && t < w->threads; t++) {
        ent_free(w->scratch[t].ket);
        ent_free(w->scratch[t].tree);
    }
    ent_free(w->scratch);
    void *const all[] = {w->run.ket, w->run.bra,  w->run.factor, w->run.sign, w->run.cosine,   w->run.bit,
                         w->run.low, w->run.high, w->run.weight, w->angle,    w->sums,         w->value,
                         w->slope,   w->part[0],  w->part[1],    w->lower,    w->expectations, w->weights};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) ent_free(all[k]);
    ent_free(w);
}

static int scratch_new(const state_plan *plan, state_scratch *scratch)
{
    const size_t vector = (size_t)plan->shape.real_bytes << plan->shape.lane_bits;
    const size_t block = (size_t)2 * (size_t)plan->shape.real_bytes << plan->shape.forward_bits;
    scratch->ket = pages_new(2 * block); /* both on one huge page: scattered pages would meet in the sets of L2 */
    scratch->bra = scratch->ket ? (char *)scratch->ket + block : NULL;
    scratch->tree = ent_alloc(INT64_C(6) << STATE_TREES, vector);
    return scratch->ket && scratch->bra && scratch->tree;
}

static int tables_new(const state_plan *plan, state_worker *w)
{
    const int64_t rotations = plan->list.rotations, low = INT64_C(1) << w->run.low_bits;
    const int64_t high = INT64_C(1) << (plan->bits - w->run.low_bits);
    const size_t vector = (size_t)plan->shape.real_bytes << plan->shape.lane_bits;
    const int64_t longest = rotations > plan->values ? rotations : plan->values;
    w->run.factor = ent_alloc(2 * rotations, vector);
    w->run.sign = ent_alloc(2 * rotations, vector);
    w->run.cosine = ent_alloc(rotations, sizeof(double));
    w->run.bit = ent_alloc(4 * plan->bits, sizeof(double));
    w->run.low = ent_alloc(2 * low, (size_t)plan->shape.real_bytes);
    w->run.high = ent_alloc(2 * high, sizeof(double));
    w->run.weight = ent_alloc(plan->values, sizeof(double));
    w->angle = ent_alloc(rotations, sizeof(double));
    w->sums = ent_alloc(CHUNKS * longest, sizeof(double));
    w->value = ent_alloc(plan->values, sizeof(double));
    w->slope = ent_alloc(rotations, sizeof(double));
    w->part[0] = ent_alloc(2 * low, sizeof(double));
    w->part[1] = ent_alloc(2 * high, sizeof(double));
    w->lower = ent_alloc(CHUNKS * 2 * low, sizeof(double));
    w->expectations = ent_alloc(plan->list.readouts, sizeof(double));
    w->weights = ent_alloc(plan->list.readouts, sizeof(double));
    return w->run.factor && w->run.sign && w->run.cosine && w->run.bit && w->run.low && w->run.high &&
           w->run.weight && w->angle && w->sums && w->value && w->slope && w->part[0] && w->part[1] && w->lower &&
           w->expectations && w->weights;
}

static ent_status worker_new(const void *plan, void **out)
{
    const state_engine *engine = plan;
    const state_plan *p = engine->plan;
    state_worker *w = ent_alloc(1, sizeof *w);
    ENT_REQUIRE(w, ENT_ENOMEM, "state engine: no memory");
    w->run.plan = p;
    w->run.low_bits = LOW_BITS < p->bits ? LOW_BITS : p->bits;
    w->threads = engine->threads;
    w->scratch = ent_alloc(w->threads, sizeof *w->scratch);
    int there = w->scratch != NULL && tables_new(p, w);
    for (int t = 0; there && t < w->threads; t++) there = scratch_new(p, &w->scratch[t]);
    if (there) w->run.ket = pages_new(state_bytes(p));
    if (there) w->run.bra = pages_new(state_bytes(p)); /* takes no memory before the first gradient */
    if (!there || !w->run.ket || !w->run.bra) {
        worker_free(w);
        char text[32];
        return ent_fail(ENT_ENOMEM, "a state of %d qubits: no %s", p->bits,
                        ent_bytes_text((double)state_bytes(p), text));
    }
    *out = w;
    return ENT_OK;
}

/* ---- a sample ---- */

static void set_angles(const state_engine *engine, state_worker *w, const double *data)
{
    const batch_list *list = &engine->plan->list;
    for (int r = 0; r < list->rotations; r++) {
        w->angle[r] = list->rotation[r].offset;
        for (int t = list->rotation[r].term; t >= 0; t = list->term[t].next) {
            const batch_term *term = &list->term[t];
            w->angle[r] += term->scale * (term->source == ENT_ANGLE_PARAM ? engine->params : data)[term->slot];
        }
    }
    ent_state_product(engine->plan, w->angle, w->run.bit);
    engine->kernels->prepare(&w->run, w->angle);
}

/* Chunk c of so many things, as first and last. */
static int64_t chunk_at(int64_t things, int c)
{
    return things < CHUNKS ? (c < things ? c : things) : things / CHUNKS * c;
}

static int64_t blocks_of(const state_plan *plan, const state_pass *pass)
{
    return INT64_C(1) << (plan->bits - pass->bits);
}

static void add_chunks(const double *sums, int64_t length, double *total)
{
    for (int c = 0; c < CHUNKS; c++)
        for (int64_t k = 0; k < length; k++) total[k] += sums[c * length + k];
}

static void run_forward(const state_engine *engine, state_worker *w, int keep, double *expectations)
{
    const state_plan *plan = engine->plan;
    const state_route *route = &plan->forward;
    memset(w->sums, 0, (size_t)(CHUNKS * plan->values) * sizeof *w->sums);
    for (int p = 0; p < route->passes; p++) {
        const state_pass *pass = &route->pass[p];
        const int64_t blocks = blocks_of(plan, pass);
        const int last = p == route->passes - 1;
#pragma omp parallel for schedule(dynamic) num_threads(w->threads) if (w->threads > 1)
        for (int c = 0; c < CHUNKS; c++)
            engine->kernels->forward(&w->run, pass, &w->scratch[omp_get_thread_num()], chunk_at(blocks, c),
                                     chunk_at(blocks, c + 1), p == 0, keep || !last,
                                     last ? w->sums + (int64_t)c * plan->values : NULL);
    }
    memset(w->value, 0, (size_t)plan->values * sizeof *w->value);
    add_chunks(w->sums, plan->values, w->value);
    for (int r = 0; r < plan->list.readouts; r++)
        expectations[r] = plan->list.sign[r] * (plan->value[r] < 0 ? 1.0 : w->value[plan->value[r]]);
}

static void contract_prefix(const state_engine *engine, state_worker *w)
{
    const state_plan *plan = engine->plan;
    const int64_t high = INT64_C(1) << (plan->bits - w->run.low_bits), low = INT64_C(2) << w->run.low_bits;
    memset(w->lower, 0, (size_t)(CHUNKS * low) * sizeof *w->lower);
    memset(w->part[0], 0, (size_t)low * sizeof *w->part[0]);
#pragma omp parallel for schedule(dynamic) num_threads(w->threads) if (w->threads > 1)
    for (int c = 0; c < CHUNKS; c++)
        engine->kernels->contract(&w->run, &w->scratch[omp_get_thread_num()], chunk_at(high, c),
                                  chunk_at(high, c + 1), w->part[1], w->lower + c * low);
    add_chunks(w->lower, low, w->part[0]);
    ent_state_product_slopes(plan, w->angle, w->run.bit, w->run.low_bits, w->part, w->slope);
}

static void run_backward(const state_engine *engine, state_worker *w)
{
    const state_plan *plan = engine->plan;
    const state_route *route = &plan->back;
    memset(w->run.weight, 0, (size_t)plan->values * sizeof *w->run.weight);
    for (int r = 0; r < plan->list.readouts; r++)
        if (plan->value[r] >= 0) w->run.weight[plan->value[r]] += plan->list.sign[r] * w->weights[r];
    memset(w->sums, 0, (size_t)(CHUNKS * plan->list.rotations) * sizeof *w->sums);
    for (int p = route->passes - 1; p >= 0; p--) {
        const state_pass *pass = &route->pass[p];
        const int64_t blocks = blocks_of(plan, pass);
#pragma omp parallel for schedule(dynamic) num_threads(w->threads) if (w->threads > 1)
        for (int c = 0; c < CHUNKS; c++)
            engine->kernels->backward(&w->run, pass, &w->scratch[omp_get_thread_num()], chunk_at(blocks, c),
                                      chunk_at(blocks, c + 1), p == route->passes - 1, p == 0,
                                      w->sums + (int64_t)c * plan->list.rotations);
    }
    memset(w->slope, 0, (size_t)plan->list.rotations * sizeof *w->slope);
    add_chunks(w->sums, plan->list.rotations, w->slope);
    contract_prefix(engine, w);
}

static const double *data_of(const state_engine *engine, const ent_batch *batch, int64_t sample)
{
    return batch->angles ? batch->angles + sample * engine->plan->angles : NULL;
}

static void forward(const void *plan, void *worker, const ent_batch *batch, int64_t first, int64_t count,
                    double *expectations)
{
    const state_engine *engine = plan;
    for (int64_t k = 0; k < count; k++) {
        set_angles(engine, worker, data_of(engine, batch, first + k));
        run_forward(engine, worker, 0, expectations + k * engine->plan->list.readouts);
    }
}

static void add_slopes(const state_engine *engine, const state_worker *w, double *partial, double *grad_data)
{
    const batch_list *list = &engine->plan->list;
    for (int r = 0; r < list->rotations; r++)
        for (int t = list->rotation[r].term; t >= 0; t = list->term[t].next) {
            const batch_term *term = &list->term[t];
            if (term->source == ENT_ANGLE_PARAM) partial[term->slot] += term->scale * w->slope[r];
            if (term->source == ENT_ANGLE_DATA && grad_data) grad_data[term->slot] += term->scale * w->slope[r];
        }
}

static void gradient(const void *plan, void *worker, const ent_batch *batch, int64_t first, int64_t count,
                     ent_cotangent *cotangent, void *context, double *partial, double *grad_angles)
{
    const state_engine *engine = plan;
    state_worker *w = worker;
    for (int64_t k = first; k < first + count; k++) {
        set_angles(engine, w, data_of(engine, batch, k));
        run_forward(engine, w, 1, w->expectations);
        cotangent(context, k, 1, w->expectations, w->weights);
        run_backward(engine, w);
        add_slopes(engine, w, partial, grad_angles ? grad_angles + k * engine->plan->angles : NULL);
    }
}

static void collect(const void *plan, const double *partial, double *grad_params)
{
    const int params = ((const state_engine *)plan)->plan->params;
    for (int k = 0; k < params; k++) grad_params[k] += partial[k];
}

const ent_engine ent_engine_state = {.name = "state",
                                     .plan_new = plan_new,
                                     .plan_free = plan_free,
                                     .describe = describe,
                                     .passes = passes,
                                     .chunk = chunk,
                                     .partials = partials,
                                     .inner_threads = 1,
                                     .worker_new = worker_new,
                                     .worker_free = worker_free,
                                     .prepare = prepare,
                                     .forward = forward,
                                     .gradient = gradient,
                                     .collect = collect};
