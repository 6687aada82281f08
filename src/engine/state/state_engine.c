/* The state engine: one large state, processed in passes over blocks that fit into the cache of a core
 * (state_plan.h); threads share the blocks of a pass (state_worker.c).  kernels/state_sweep.c does the
 * computation. */
#include "engine/engines.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "entente/memory.h"
#include "engine/isa.h"
#include "state_worker.h"

typedef struct {
    state_plan *plan;
    const state_kernels *kernels;
    int threads;
} state_engine;

static void plan_free(void *plan)
{
    state_engine *engine = plan;
    if (!engine) return;
    ent_state_plan_free(engine->plan);
    ent_free(engine);
}

static ent_status plan_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_plan_facts *facts, void **out)
{
    state_engine *engine = ent_alloc(1, sizeof *engine);
    ENT_REQUIRE(engine, ENT_ENOMEM, "state engine: no memory");
    const char *isa = NULL;
    ent_status status = ent_isa_pick(inp->isa, &isa);
    if (status == ENT_OK) status = ent_isa_state_kernels(inp->isa, inp->precision, &engine->kernels);
    if (status == ENT_OK) status = ent_state_plan_new(circuit, &engine->kernels->shape, &engine->plan);
    if (status != ENT_OK) {
        plan_free(engine);
        return status;
    }
    const double state = ent_state_bytes(circuit->qubits, inp->precision);
    *facts = (ent_plan_facts){"", 1, circuit->params, {state, 2.0 * state}, true};
    snprintf(facts->name, sizeof facts->name, "state %s", isa);
    engine->threads = inp->threads > 0 ? inp->threads : omp_get_max_threads();
    *out = engine;
    return ENT_OK;
}

static void passes(const void *plan, int count[2])
{
    const state_plan *p = ((const state_engine *)plan)->plan;
    count[0] = p->forward.passes;
    count[1] = p->back.passes;
}

/* As for the batch engine, with one sample; in addition every rotation needs its own tables, whatever its size. */
static void cost(const void *plan, double operations[2], int *samples)
{
    const state_plan *p = ((const state_engine *)plan)->plan;
    int each = 0;
    for (int k = 0; k < p->forward.passes; k++) {
        const state_pass *pass = &p->forward.pass[k];
        for (int s = 0; s < pass->stages; s++) each += pass->stage[s].width + pass->stage[s].selves;
        each += 3 * (pass->groups - pass->sums);
    }
    const double lines = (double)(INT64_C(1) << (p->local_bits - p->shape.lane_bits));
    operations[0] = 45.0 * p->list.rotations + 0.8 * each * lines;
    operations[1] = 60.0 * p->list.rotations + 1.1 * each * lines;
    *samples = 1;
}

static ent_status worker_new(const void *plan, void **out)
{
    const state_engine *engine = plan;
    state_worker *worker = NULL;
    ENT_TRY(ent_state_worker_new(engine->plan, engine->kernels, engine->threads, &worker));
    *out = worker;
    return ENT_OK;
}

static ent_status worker_back(const void *plan, void *worker)
{
    (void)plan;
    return ent_state_worker_back(worker);
}

static void worker_free(void *worker)
{
    ent_state_worker_free(worker);
}

static void forward(const void *plan, void *worker, const ent_batch *batch, int64_t first, int64_t count,
                    double *expectations)
{
    const state_engine *engine = plan;
    for (int64_t k = 0; k < count; k++) {
        ent_state_begin(worker, batch->params, ent_sample_angles(batch, engine->plan->angles, first + k));
        ent_state_forward(worker, engine->plan, 0, 1, 1, 0, NULL);
        ent_state_read(worker, expectations + k * engine->plan->list.readouts);
    }
}

static void gradient(const void *plan, void *worker, const ent_batch *batch, ent_chunk chunk, const ent_pull *pull,
                     double *partial, double *grad_angles)
{
    const state_engine *engine = plan;
    state_worker *w = worker;
    for (int64_t k = chunk.first; k < chunk.first + chunk.count; k++) {
        ent_state_begin(w, batch->params, ent_sample_angles(batch, engine->plan->angles, k));
        ent_state_forward(w, engine->plan, 0, 1, 1, 1, NULL);
        ent_state_read(w, w->expectations);
        pull->cotangent(pull->context, k, 1, w->expectations, w->weights);
        ent_state_weigh(w, w->weights);
        ent_state_backward(w, engine->plan, 0, 1, 1, NULL);
        ent_state_contract(w, 0);
        ent_state_prefix_slopes(w);
        ent_state_add_slopes(w, partial, ent_sample_slopes(grad_angles, engine->plan->angles, k));
    }
}

const ent_engine ent_engine_state = {.name = "state",
                                     .whole_state = 1,
                                     .passes = passes,
                                     .cost = cost,
                                     .worker_back = worker_back,
                                     ENT_ENGINE_FUNCTIONS};
