/* The batch engine runs one sample per vector lane, so that every gate is contiguous arithmetic, whatever its target
 * qubit.
 *
 * A circuit is compiled once (batch_plan.h), in four steps:
 *   lower/lower.c     translates gates into rotations.  CX, SWAP and X are not run: a frame of Pauli strings, one
 *                   Z-string and one X-string per qubit, records what the amplitudes mean.  All other gates become
 *                   rotations about strings with no Y (they multiply each amplitude by a phase) or with one Y (they
 *                   rotate pairs of amplitudes into each other, in real arithmetic)
 *   batch_nodes.c     moves commuting rotations together and drops those that affect no readout.  A node is a part of
 *                   the state that is not yet entangled with the rest and is simulated separately; its rotations form
 *                   steps, which alternate between phases and turns
 *   batch_addresses.c finds the addresses of the amplitudes that a turn or a sum needs together: linear algebra over
 *                   GF(2)
 *   batch_plan.c      turns steps into passes over memory, and builds the tables of phases for each new set of
 *                   parameters
 * kernels/batch_sweep.c runs the plan for one vector of samples: forward through the nodes, from single bits to
 * the whole state, then back with ket and bra, each derivative taken just before its rotation is undone (adjoint
 * differentiation: Jones and Gacon, arXiv 2009.02823).  This file distributes the samples over threads. */
#include "engine/engines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "engine/isa.h"

enum { CHUNK_AMPLITUDES = 1 << 12, MOST_GROUPS = 8 };

typedef struct {
    batch_plan *plan;
    const batch_kernels *kernels, *narrow; /* narrow: for groups that are at most half full, or NULL */
} batch_engine;

static void plan_free(void *plan)
{
    batch_engine *engine = plan;
    if (!engine) return;
    ent_batch_plan_free(engine->plan);
    ent_free(engine);
}

/* Groups of lanes per chunk: several if a group takes so little time that scheduling of chunks would be
 * noticeable. */
static int groups_of(const batch_plan *plan)
{
    int groups = 1;
    while (groups < MOST_GROUPS && groups * plan->amplitudes * plan->list.rotations < CHUNK_AMPLITUDES) groups *= 2;
    return groups;
}

static ent_status plan_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_plan_facts *facts, void **out)
{
    batch_engine *engine = ent_alloc(1, sizeof *engine);
    ENT_REQUIRE(engine, ENT_ENOMEM, "batch engine: no memory");
    const char *isa = NULL;
    ent_status status = ent_isa_pick(inp->isa, &isa);
    if (status == ENT_OK) status = ent_isa_kernels(inp->isa, inp->precision, &engine->kernels, &engine->narrow);
    if (status == ENT_OK) status = ent_batch_plan_new(circuit, &engine->kernels->shape, &engine->plan);
    if (status != ENT_OK) {
        plan_free(engine);
        return status;
    }
    const double states = ent_batch_worker_bytes(engine->plan);
    const int chunk = groups_of(engine->plan) * engine->kernels->shape.lanes;
    *facts = (ent_plan_facts){"", chunk, circuit->params, {states, states}, false};
    snprintf(facts->name, sizeof facts->name, "batch %s", isa);
    *out = engine;
    return ENT_OK;
}

/* A turn costs one multiply-add per number, a phase three operations per amplitude. */
static void cost(const void *plan, double operations[2], int *samples)
{
    const batch_plan *p = ((const batch_engine *)plan)->plan;
    double sum = 0.0;
    for (const batch_node *node = p->node; node < p->node + p->nodes; node++) {
        int each = 0;
        for (int s = node->step; s < node->step + node->steps; s++) {
            for (int t = 0; t < p->step[s].turns; t++) each += p->turn[p->step[s].turn + t].in.bits;
            if (p->step[s].turns == 0) each += 3;
        }
        sum += (double)each * (double)(INT64_C(1) << node->bits);
    }
    operations[0] = 1000.0 + sum;
    operations[1] = 500.0 + sum;
    *samples = p->shape.lanes;
}

static ent_status worker_new(const void *plan, void **out)
{
    batch_worker *worker = NULL;
    ENT_TRY(ent_batch_worker_new(((const batch_engine *)plan)->plan, &worker));
    *out = worker;
    return ENT_OK;
}

static void worker_free(void *worker)
{
    ent_batch_worker_free(worker);
}

static ent_status prepare(void *plan, const double *params)
{
    ent_batch_plan_prepare(((batch_engine *)plan)->plan, params);
    return ENT_OK;
}

/* The last samples of a batch may not fill a vector.  If they fill at most half of it, vectors of half the width
 * are used, which take half the time on processors that run full-width vectors as two halves.  The choice depends
 * only on the batch, so results do not depend on threads. */
static const batch_kernels *kernels_for(const batch_engine *engine, batch_worker *w, int64_t left)
{
    const batch_kernels *kernels = engine->narrow && left <= engine->narrow->shape.lanes ? engine->narrow
                                                                                         : engine->kernels;
    ent_batch_worker_use(w, kernels);
    return kernels;
}

static int group_size(const batch_kernels *kernels, int64_t left)
{
    return left < kernels->shape.lanes ? (int)left : kernels->shape.lanes;
}

static void forward(const void *plan, void *worker, const ent_batch *batch, int64_t first, int64_t count,
                    double *expectations)
{
    const batch_engine *engine = plan;
    for (int64_t done = 0, group; done < count; done += group) {
        const batch_kernels *kernels = kernels_for(engine, worker, count - done);
        group = group_size(kernels, count - done);
        kernels->forward(engine->plan, worker, ent_sample_angles(batch, engine->plan->angles, first + done),
                         (int)group, expectations + done * engine->plan->list.readouts);
    }
}

static void gradient(const void *plan, void *worker, const ent_batch *batch, ent_chunk chunk, const ent_pull *pull,
                     double *partial, double *grad_angles)
{
    const batch_engine *engine = plan;
    batch_worker *w = worker;
    for (int64_t done = 0; done < chunk.count;) {
        const batch_kernels *kernels = kernels_for(engine, w, chunk.count - done);
        const int group = group_size(kernels, chunk.count - done);
        kernels->forward(engine->plan, w, ent_sample_angles(batch, engine->plan->angles, chunk.first + done), group,
                         w->expectations);
        pull->cotangent(pull->context, chunk.first + done, group, w->expectations, w->weights);
        kernels->backward(engine->plan, w, w->weights, group);
        ent_batch_add_slopes(engine->plan, w, group, partial,
                             ent_sample_slopes(grad_angles, engine->plan->angles, chunk.first + done));
        done += group;
    }
}

const ent_engine ent_engine_batch = {
    .name = "batch", .whole_state = 1, .cost = cost, .prepare = prepare, ENT_ENGINE_FUNCTIONS};
