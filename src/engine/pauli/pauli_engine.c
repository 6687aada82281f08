/* The pauli engine: circuits whose registers are entangled late, without the state of all qubits.
 *
 * Until the first gate between registers the state is a product, so each register is simulated separately; and a
 * readout propagated back through the late gates (Heisenberg picture) is a sum of Pauli strings, whose expectation
 * value in a product state is a product of one number per register:
 *   <R> = sum_t c_t prod_m <psi_m| P_t on register m |psi_m>
 * The coefficients depend only on parameters and are computed once per batch; a sample costs its registers and the
 * products, however many qubits there are.  In the backward sweep, the derivatives with respect to the registers'
 * values are the readout weights of each register's own backward sweep (adjoint differentiation), and those with
 * respect to the coefficients, summed over the samples, are propagated back through the tape of turns once per batch.
 *   pauli_late.c     early and late gates
 *   pauli_spread.c   rotations applied to a sum of strings; the tape of its coefficients
 *   pauli_product.c  the first diagonal layer as products of sums
 *   pauli_hub.c      deep layers as products, where a few qubits are in every gate between registers
 *   pauli_form.c     readouts as operations on numbers
 *   pauli_plan.c     the plan of a circuit
 * The registers run on the kernels of the batch engine, kernels/pauli_sweep.c does the rest, with samples in lanes.
 * If a register has more than PAULI_BATCH_QUBITS qubits, samples run one at a time, and such registers on the state
 * engine.  Exact Pauli propagation: Begusic, Gray, Chan, arXiv 2308.05077; Rudolph et al., arXiv 2505.21606. */
#include "engine/engines.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "engine/isa.h"
#include "entente/memory.h"
#include "pauli_run.h"

enum { CHUNK_WORK = 1 << 14, MOST_GROUPS = 8 };

void ent_pauli_engine_free(pauli_engine *engine)
{
    if (!engine) return;
    ent_pauli_plan_free(engine->plan);
    ent_free(engine->params);
    ent_free(engine);
}

static void plan_free(void *plan)
{
    ent_pauli_engine_free(plan);
}

/* Groups of lanes in a chunk: several if a group is so short that scheduling chunks and adding up their slopes would
 * be noticeable. */
static int groups_of(const pauli_plan *plan)
{
    int64_t work = plan->form.entries + plan->form.ops;
    int groups = 1;
    for (int k = 0; k < plan->parts; k++) {
        if (plan->part[k].large) return 1;
        work += plan->part[k].plan->amplitudes * plan->part[k].plan->list.rotations;
    }
    while (groups < MOST_GROUPS && groups * work < CHUNK_WORK) groups *= 2;
    return groups;
}

static ent_status fill_engine(pauli_engine *engine, const ent_circuit *circuit, const ent_program_inp *inp)
{
    const char *isa = NULL;
    ENT_TRY(ent_isa_pick(inp->isa, &isa));
    ENT_TRY(ent_isa_kernels(inp->isa, inp->precision, &engine->batch, &engine->batch_narrow));
    ENT_TRY(ent_isa_pauli_kernels(inp->isa, inp->precision, &engine->kernels, &engine->narrow));
    ENT_TRY(ent_isa_state_kernels(inp->isa, inp->precision, &engine->state));
    ENT_TRY(ent_pauli_plan_new(circuit, NULL, inp->precision, PAULI_MOST_TERMS, &engine->plan));
    ENT_TRY(ent_pauli_plan_registers(engine->plan, &engine->batch->shape, &engine->state->shape));
    for (int k = 0; k < engine->plan->parts; k++) engine->large |= engine->plan->part[k].large != NULL;
    engine->threads = inp->threads > 0 ? inp->threads : omp_get_max_threads();
    engine->params = ent_alloc(circuit->params, sizeof *engine->params);
    ENT_REQUIRE(engine->params, ENT_ENOMEM, "pauli engine: no memory");
    snprintf(engine->name, sizeof engine->name, "pauli %s", isa);
    engine->chunk = engine->large ? 1 : groups_of(engine->plan) * engine->kernels->lanes;
    return ENT_OK;
}

ent_status ent_pauli_engine_new(const ent_circuit *circuit, const ent_program_inp *inp, pauli_engine **out)
{
    pauli_engine *engine = ent_alloc(1, sizeof *engine);
    ENT_REQUIRE(engine, ENT_ENOMEM, "pauli engine: no memory");
    const ent_status status = fill_engine(engine, circuit, inp);
    if (status != ENT_OK) {
        ent_pauli_engine_free(engine);
        return status;
    }
    *out = engine;
    return ENT_OK;
}

static ent_status plan_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_plan_facts *facts, void **out)
{
    pauli_engine *engine = NULL;
    ENT_TRY(ent_pauli_engine_new(circuit, inp, &engine));
    const pauli_plan *p = engine->plan;
    *facts = (ent_plan_facts){.chunk = engine->chunk, .partials = p->params + p->form.entries};
    facts->inner_threads = engine->large;
    snprintf(facts->name, sizeof facts->name, "%s", engine->name);
    ent_pauli_worker_bytes(engine, NULL, facts->bytes);
    *out = engine;
    return ENT_OK;
}

static size_t vector_bytes(const pauli_engine *engine)
{
    return (size_t)engine->batch->shape.lanes * (size_t)engine->batch->shape.real_bytes;
}

void ent_pauli_worker_bytes(const pauli_engine *engine, const bool *mine, double count[2])
{
    const pauli_plan *p = engine->plan;
    count[0] = count[1] = (double)(2 * p->form.nodes + p->form.entries) * (double)vector_bytes(engine);
    for (int k = 0; k < p->parts; k++) {
        const pauli_part *part = &p->part[k];
        if (mine && !mine[k]) continue;
        const double state = part->large ? (double)ent_state_part_bytes(part->large)
                                         : ent_batch_worker_bytes(part->plan);
        count[0] += state;
        count[1] += part->large ? 2.0 * state : state;
    }
}

void ent_pauli_worker_free(pauli_worker *w)
{
    if (!w) return;
    for (int k = 0; k < w->parts; k++) {
        if (w->value && !(w->part && w->part[k])) ent_free(w->value[k]);
        if (w->part) ent_batch_worker_free(w->part[k]);
        if (w->state) ent_state_worker_free(w->state[k]);
    }
    ent_free(w->part);
    ent_free(w->state);
    ent_free(w->value);
    ent_free(w->node);
    ent_free(w->bar);
    ent_free(w->slope);
    ent_free(w->expectations);
    ent_free(w->weights);
    ent_free(w);
}

static void worker_free(void *worker)
{
    ent_pauli_worker_free(worker);
}

static ent_status no_memory(const pauli_engine *engine)
{
    return ent_fail(ENT_ENOMEM, "pauli engine: no memory for %lld numbers of %d samples",
                    (long long)engine->plan->form.nodes, engine->kernels->lanes);
}

static ent_status fill_form(const pauli_engine *engine, pauli_worker *w)
{
    const pauli_form *form = &engine->plan->form;
    const size_t vector = vector_bytes(engine);
    const int64_t outputs = (int64_t)engine->kernels->lanes * engine->plan->readouts;
    w->node = ent_alloc(form->nodes, vector);
    w->bar = ent_alloc(form->nodes, vector);
    w->slope = ent_alloc(form->entries, vector);
    w->expectations = ent_alloc(outputs, sizeof(double));
    w->weights = ent_alloc(outputs, sizeof(double));
    return w->node && w->bar && w->slope && w->expectations && w->weights ? ENT_OK : no_memory(engine);
}

static ent_status fill_registers(const pauli_engine *engine, const bool *mine, pauli_worker *w)
{
    w->part = ent_alloc(w->parts, sizeof *w->part);
    w->state = ent_alloc(w->parts, sizeof *w->state);
    w->value = ent_alloc(w->parts, sizeof *w->value);
    if (!w->part || !w->state || !w->value) return no_memory(engine);
    for (int k = 0; k < w->parts; k++) {
        const pauli_part *part = &engine->plan->part[k];
        const bool here = !mine || mine[k];
        if (here && part->plan) {
            ENT_TRY(ent_batch_worker_new(part->plan, &w->part[k]));
            w->value[k] = w->part[k]->value;
            continue;
        }
        w->value[k] = ent_alloc(part->values, vector_bytes(engine));
        if (!w->value[k]) return no_memory(engine);
        if (here) ENT_TRY(ent_state_worker_new(part->large, engine->state, engine->threads, &w->state[k]));
    }
    return ENT_OK;
}

ent_status ent_pauli_worker_new(const pauli_engine *engine, const bool *mine, int what, pauli_worker **out)
{
    pauli_worker *w = ent_alloc(1, sizeof *w);
    ENT_REQUIRE(w, ENT_ENOMEM, "pauli engine: no memory");
    w->parts = engine->plan->parts;
    ent_status status = what & PAULI_REGISTERS ? fill_registers(engine, mine, w) : ENT_OK;
    if (status == ENT_OK && what & PAULI_FORM) status = fill_form(engine, w);
    if (status != ENT_OK) {
        ent_pauli_worker_free(w);
        return status;
    }
    *out = w;
    return ENT_OK;
}

static ent_status worker_new(const void *plan, void **out)
{
    pauli_worker *w = NULL;
    ENT_TRY(ent_pauli_worker_new(plan, NULL, PAULI_REGISTERS | PAULI_FORM, &w));
    *out = w;
    return ENT_OK;
}

ent_status ent_pauli_worker_back(const pauli_engine *engine, pauli_worker *w)
{
    for (int k = 0; k < engine->plan->parts; k++)
        if (w->state[k]) ENT_TRY(ent_state_worker_back(w->state[k]));
    return ENT_OK;
}

static ent_status worker_back(const void *plan, void *worker)
{
    return ent_pauli_worker_back(plan, worker);
}

void ent_pauli_engine_prepare(pauli_engine *engine, const double *params)
{
    pauli_plan *p = engine->plan;
    ent_pauli_plan_prepare(p, params);
    for (int k = 0; k < p->parts; k++)
        if (p->part[k].plan) ent_batch_plan_prepare(p->part[k].plan, params);
    if (p->params > 0) memcpy(engine->params, params, (size_t)p->params * sizeof *params);
}

static ent_status prepare(void *plan, const double *params)
{
    ent_pauli_engine_prepare(plan, params);
    return ENT_OK;
}

/* The kernels for the rest of a chunk, as in the batch engine. */
int ent_pauli_worker_use(const pauli_engine *engine, pauli_worker *w, int64_t left, double *total)
{
    const bool narrow = engine->batch_narrow && left <= engine->batch_narrow->shape.lanes;
    const batch_kernels *batch = narrow ? engine->batch_narrow : engine->batch;
    const pauli_kernels *kernels = narrow ? engine->narrow : engine->kernels;
    if (w->kernels && w->kernels != kernels && total) w->kernels->collect(engine->plan, w, total);
    for (int k = 0; k < w->parts && w->part; k++)
        if (w->part[k]) ent_batch_worker_use(w->part[k], batch);
    w->kernels = kernels;
    return left < kernels->lanes ? (int)left : kernels->lanes;
}

/* Lane 0 of value v of a register. */
static size_t lane_0(const pauli_worker *w, int v)
{
    return (size_t)v * (size_t)w->kernels->lanes;
}

void ent_pauli_set_values(const pauli_engine *engine, pauli_worker *w, int k, const double *values)
{
    const int count = engine->plan->part[k].values;
    memset(w->value[k], 0, (size_t)count * vector_bytes(engine));
    for (int v = 0; v < count; v++)
        if (engine->plan->precision == ENT_SINGLE)
            ((float *)w->value[k])[lane_0(w, v)] = (float)values[v];
        else
            ((double *)w->value[k])[lane_0(w, v)] = values[v];
}

void ent_pauli_get_values(const pauli_engine *engine, const pauli_worker *w, int k, double *values)
{
    for (int v = 0; v < engine->plan->part[k].values; v++)
        values[v] = engine->plan->precision == ENT_SINGLE ? (double)((const float *)w->value[k])[lane_0(w, v)]
                                                          : ((const double *)w->value[k])[lane_0(w, v)];
}

static void large_forward(const pauli_engine *engine, pauli_worker *w, int k, const double *angles, bool keep)
{
    state_worker *state = w->state[k];
    ent_state_begin(state, engine->params, angles);
    ent_state_forward(state, engine->plan->part[k].large, 0, 1, 1, keep, NULL);
    ent_state_read(state, state->expectations);
    ent_pauli_set_values(engine, w, k, state->expectations);
}

static void large_backward(const pauli_engine *engine, pauli_worker *w, int k, double *grad_params,
                           double *grad_angles)
{
    state_worker *state = w->state[k];
    ent_pauli_get_values(engine, w, k, state->weights);
    ent_state_weigh(state, state->weights);
    ent_state_backward(state, engine->plan->part[k].large, 0, 1, 1, NULL);
    ent_state_contract(state, 0);
    ent_state_prefix_slopes(state);
    ent_state_add_slopes(state, grad_params, grad_angles);
}

void ent_pauli_registers_forward(const pauli_engine *engine, pauli_worker *w, const double *angles, int count,
                                 bool keep)
{
    for (int k = 0; k < w->parts; k++)
        if (w->part[k])
            w->part[k]->kernels->forward(engine->plan->part[k].plan, w->part[k], angles, count, NULL);
        else if (w->state[k])
            large_forward(engine, w, k, angles, keep);
}

void ent_pauli_registers_backward(const pauli_engine *engine, pauli_worker *w, int count, double *grad_params,
                                  double *grad_angles)
{
    for (int k = 0; k < w->parts; k++) {
        const batch_plan *plan = engine->plan->part[k].plan;
        if (w->part[k]) {
            w->part[k]->kernels->backward(plan, w->part[k], NULL, count);
            ent_batch_add_slopes(plan, w->part[k], count, grad_params, grad_angles);
        } else if (w->state[k]) {
            large_backward(engine, w, k, grad_params, grad_angles);
        }
    }
}

static void forward(const void *plan, void *worker, const ent_batch *batch, int64_t first, int64_t count,
                    double *expectations)
{
    const pauli_engine *engine = plan;
    pauli_worker *w = worker;
    for (int64_t done = 0, group; done < count; done += group) {
        group = ent_pauli_worker_use(engine, w, count - done, NULL);
        ent_pauli_registers_forward(engine, w, ent_sample_angles(batch, engine->plan->angles, first + done),
                                    (int)group, false);
        w->kernels->forward(engine->plan, w, (int)group, expectations + done * engine->plan->readouts);
    }
}

static void gradient(const void *plan, void *worker, const ent_batch *batch, ent_chunk chunk, const ent_pull *pull,
                     double *partial, double *grad_angles)
{
    const pauli_engine *engine = plan;
    const pauli_plan *p = engine->plan;
    pauli_worker *w = worker;
    double *by_entry = partial + p->params;
    for (int64_t done = 0, group; done < chunk.count; done += group) {
        const int64_t sample = chunk.first + done;
        group = ent_pauli_worker_use(engine, w, chunk.count - done, by_entry);
        ent_pauli_registers_forward(engine, w, ent_sample_angles(batch, p->angles, sample), (int)group, true);
        w->kernels->forward(p, w, (int)group, w->expectations);
        pull->cotangent(pull->context, sample, group, w->expectations, w->weights);
        w->kernels->backward(p, w, (int)group, w->weights);
        ent_pauli_registers_backward(engine, w, (int)group, partial,
                                     ent_sample_slopes(grad_angles, p->angles, sample));
    }
    w->kernels->collect(p, w, by_entry);
}

static void collect(const void *plan, const double *rest, double *grad_params)
{
    ent_pauli_plan_collect(((const pauli_engine *)plan)->plan, rest, grad_params);
}

const ent_engine ent_engine_pauli = {
    .name = "pauli", .worker_back = worker_back, .prepare = prepare, .collect = collect, ENT_ENGINE_FUNCTIONS};
