/* The pauli engine: circuits whose registers are joined late, without the state of all qubits.
 *
 * Until the first gate between registers the state is a product, so each register is simulated by itself; and a readout
 * taken backwards through the late gates (Heisenberg picture) is a sum of Pauli strings, whose expectation value in a
 * product state is a product of one number a register:
 *   <R> = sum_t c_t prod_m <psi_m| P_t on register m |psi_m>
 * The coefficients depend on parameters only and are computed once for a batch; a sample costs its registers and the
 * products, however many qubits there are.  Backwards, the derivatives by the registers' numbers are the weights with
 * which each register runs its own way back (adjoint differentiation), and the derivatives by the coefficients, summed
 * over the samples, go back through the tape of turns once for a batch.
 *   pauli_late.c     early and late gates
 *   pauli_spread.c   a sum of strings and the rotations that it meets; the tape of its coefficients
 *   pauli_product.c  diagonal layers as products of sums
 *   pauli_form.c     readouts to operations on numbers
 *   pauli_plan.c     all of it for one circuit
 * The registers run on the kernels of the batch engine, kernels/pauli_sweep.c does the rest, samples in lanes.
 * Exact Pauli propagation: Begusic, Gray, Chan, arXiv 2308.05077; Rudolph et al., arXiv 2505.21606. */
#include "engine/engines.h"

#include <stdio.h>
#include <string.h>

#include "engine/isa.h"
#include "entente/memory.h"

enum { CHUNK_WORK = 1 << 14, MOST_GROUPS = 8 };

typedef struct {
    pauli_plan *plan;
    const batch_kernels *batch, *batch_narrow; /* narrow: for a group that is at most half full, or NULL */
    const pauli_kernels *kernels, *narrow;
    int chunk;
    char name[32];
} pauli_engine;

static void plan_free(void *plan)
{
    pauli_engine *engine = plan;
    if (!engine) return;
    ent_pauli_plan_free(engine->plan);
    ent_free(engine);
}

/* Groups of lanes in a chunk: several where a group is so short that handing out chunks and adding up their slopes
 * would show. */
static int groups_of(const pauli_plan *plan)
{
    int64_t work = plan->form.entries + plan->form.ops;
    int groups = 1;
    for (int k = 0; k < plan->parts; k++) work += plan->part[k].plan->amplitudes * plan->part[k].plan->list.rotations;
    while (groups < MOST_GROUPS && groups * work < CHUNK_WORK) groups *= 2;
    return groups;
}

static ent_status plan_new(const ent_circuit *circuit, const ent_program_inp *inp, void **out)
{
    pauli_engine *engine = ent_alloc(1, sizeof *engine);
    ENT_REQUIRE(engine, ENT_ENOMEM, "pauli engine: no memory");
    const char *isa = NULL;
    ent_status status = ent_isa_pick(inp->isa, &isa);
    if (status == ENT_OK) status = ent_isa_kernels(inp->isa, inp->precision, &engine->batch, &engine->batch_narrow);
    if (status == ENT_OK) status = ent_isa_pauli_kernels(inp->isa, inp->precision, &engine->kernels, &engine->narrow);
    if (status == ENT_OK) status = ent_pauli_plan_new(circuit, NULL, inp->precision, PAULI_MOST_TERMS, &engine->plan);
    if (status == ENT_OK) status = ent_pauli_plan_registers(engine->plan, &engine->batch->shape);
    if (status != ENT_OK) {
        plan_free(engine);
        return status;
    }
    snprintf(engine->name, sizeof engine->name, "pauli %s", isa);
    engine->chunk = groups_of(engine->plan) * engine->kernels->lanes;
    *out = engine;
    return ENT_OK;
}

static const char *describe(const void *plan)
{
    return ((const pauli_engine *)plan)->name;
}

static int chunk(const void *plan)
{
    return ((const pauli_engine *)plan)->chunk;
}

/* The circuit's parameters, then the coefficients. */
static int64_t partials(const void *plan)
{
    const pauli_plan *p = ((const pauli_engine *)plan)->plan;
    return p->params + p->form.entries;
}

static size_t vector_bytes(const pauli_engine *engine)
{
    return (size_t)engine->batch->shape.lanes * (size_t)engine->batch->shape.real_bytes;
}

static void bytes(const void *plan, double count[2])
{
    const pauli_engine *engine = plan;
    const pauli_plan *p = engine->plan;
    count[0] = (double)(2 * p->form.nodes + p->form.entries) * (double)vector_bytes(engine);
    for (int k = 0; k < p->parts; k++) count[0] += ent_batch_worker_bytes(p->part[k].plan);
    count[1] = count[0];
}

static void worker_free(void *worker)
{
    pauli_worker *w = worker;
    if (!w) return;
    for (int k = 0; w->part && k < w->parts; k++) ent_batch_worker_free(w->part[k]);
    ent_free(w->part);
    ent_free(w->value);
    ent_free(w->node);
    ent_free(w->bar);
    ent_free(w->slope);
    ent_free(w->expectations);
    ent_free(w->weights);
    ent_free(w);
}

static ent_status fill_worker(const pauli_engine *engine, pauli_worker *w)
{
    const pauli_plan *p = engine->plan;
    const size_t vector = vector_bytes(engine);
    const int64_t outputs = (int64_t)engine->kernels->lanes * p->readouts;
    w->parts = p->parts;
    w->part = ent_alloc(p->parts, sizeof *w->part);
    w->value = ent_alloc(p->parts, sizeof *w->value);
    w->node = ent_alloc(p->form.nodes, vector);
    w->bar = ent_alloc(p->form.nodes, vector);
    w->slope = ent_alloc(p->form.entries, vector);
    w->expectations = ent_alloc(outputs, sizeof(double));
    w->weights = ent_alloc(outputs, sizeof(double));
    ENT_REQUIRE(w->part && w->value && w->node && w->bar && w->slope && w->expectations && w->weights, ENT_ENOMEM,
                "pauli engine: no memory for %lld numbers of %d samples", (long long)p->form.nodes,
                engine->kernels->lanes);
    for (int k = 0; k < p->parts; k++) {
        ENT_TRY(ent_batch_worker_new(p->part[k].plan, &w->part[k]));
        w->value[k] = w->part[k]->value;
    }
    return ENT_OK;
}

static ent_status worker_new(const void *plan, void **out)
{
    pauli_worker *w = ent_alloc(1, sizeof *w);
    ENT_REQUIRE(w, ENT_ENOMEM, "pauli engine: no memory");
    const ent_status status = fill_worker(plan, w);
    if (status != ENT_OK) {
        worker_free(w);
        return status;
    }
    *out = w;
    return ENT_OK;
}

static ent_status prepare(void *plan, const double *params)
{
    pauli_plan *p = ((pauli_engine *)plan)->plan;
    ent_pauli_plan_prepare(p, params);
    for (int k = 0; k < p->parts; k++) ent_batch_plan_prepare(p->part[k].plan, params);
    return ENT_OK;
}

/* The kernels for what is left of a chunk, as in the batch engine; slopes of the others go to `total`, unless NULL. */
static const batch_kernels *use_kernels(const pauli_engine *engine, pauli_worker *w, int64_t left, double *total)
{
    const bool narrow = engine->batch_narrow && left <= engine->batch_narrow->shape.lanes;
    const batch_kernels *batch = narrow ? engine->batch_narrow : engine->batch;
    const pauli_kernels *kernels = narrow ? engine->narrow : engine->kernels;
    if (w->kernels && w->kernels != kernels && total) w->kernels->collect(engine->plan, w, total);
    for (int k = 0; k < w->parts; k++) ent_batch_worker_use(w->part[k], batch);
    w->kernels = kernels;
    return batch;
}

/* One group from its data angles to its readouts. */
static void group_forward(const pauli_engine *engine, pauli_worker *w, const batch_kernels *batch,
                          const double *angles, int count, double *expectations)
{
    const pauli_plan *p = engine->plan;
    for (int k = 0; k < p->parts; k++) batch->forward(p->part[k].plan, w->part[k], angles, count, NULL);
    w->kernels->forward(p, w, count, expectations);
}

static const double *angles_of(const pauli_engine *engine, const ent_batch *batch, int64_t sample)
{
    return batch->angles ? batch->angles + sample * engine->plan->angles : NULL;
}

static void forward(const void *plan, void *worker, const ent_batch *batch, int64_t first, int64_t count,
                    double *expectations)
{
    const pauli_engine *engine = plan;
    pauli_worker *w = worker;
    for (int64_t done = 0; done < count; done += w->kernels->lanes) {
        const batch_kernels *kernels = use_kernels(engine, w, count - done, NULL);
        const int64_t left = count - done;
        group_forward(engine, w, kernels, angles_of(engine, batch, first + done),
                      left < w->kernels->lanes ? (int)left : w->kernels->lanes,
                      expectations + done * engine->plan->readouts);
    }
}

static void gradient(const void *plan, void *worker, const ent_batch *batch, int64_t first, int64_t count,
                     ent_cotangent *cotangent, void *context, double *partial, double *grad_angles)
{
    const pauli_engine *engine = plan;
    const pauli_plan *p = engine->plan;
    pauli_worker *w = worker;
    double *by_entry = partial + p->params;
    for (int64_t done = 0; done < count; done += w->kernels->lanes) {
        const batch_kernels *kernels = use_kernels(engine, w, count - done, by_entry);
        const int64_t left = count - done, sample = first + done;
        const int group = left < w->kernels->lanes ? (int)left : w->kernels->lanes;
        group_forward(engine, w, kernels, angles_of(engine, batch, sample), group, w->expectations);
        cotangent(context, sample, group, w->expectations, w->weights);
        w->kernels->backward(p, w, group, w->weights);
        for (int k = 0; k < p->parts; k++) {
            kernels->backward(p->part[k].plan, w->part[k], NULL, group);
            ent_batch_add_slopes(p->part[k].plan, w->part[k], group, partial,
                                 grad_angles ? grad_angles + sample * p->angles : NULL);
        }
    }
    w->kernels->collect(p, w, by_entry);
}

static void collect(const void *plan, const double *partial, double *grad_params)
{
    const pauli_plan *p = ((const pauli_engine *)plan)->plan;
    for (int k = 0; k < p->params; k++) grad_params[k] += partial[k];
    ent_pauli_plan_collect(p, partial + p->params, grad_params);
}

const ent_engine ent_engine_pauli = {.name = "pauli",
                                     .plan_new = plan_new,
                                     .plan_free = plan_free,
                                     .describe = describe,
                                     .chunk = chunk,
                                     .partials = partials,
                                     .bytes = bytes,
                                     .worker_new = worker_new,
                                     .worker_free = worker_free,
                                     .prepare = prepare,
                                     .forward = forward,
                                     .gradient = gradient,
                                     .collect = collect};
