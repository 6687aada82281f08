/* The noise engine: exact expectation values and gradients of circuits with channels after their gates.
 *
 * As in the pauli engine, registers are run separately, and readouts are propagated back through the late gates and
 * their channels (pauli_noise.c).  Each register is a density matrix in the basis of Pauli strings
 * (noise_register.h): 256 real numbers for 4 qubits, samples in lanes.  Gradients: the derivatives by the registers'
 * values are propagated back through transposed channels and inverse turns (adjoint differentiation), while the state
 * is uncomputed.  If late gates produce too many strings, or read data, the whole circuit is one density matrix,
 * provided that it is small enough. */
#include "engine/engines.h"

#include <stdio.h>

#include "engine/isa.h"
#include "engine/noise/noise_engines.h"
#include "entente/memory.h"

enum { CHUNK_NUMBERS = 1 << 12, MOST_GROUPS = 8 };

typedef struct {
    pauli_plan *plan;
    int registers;
    noise_register **reg; /* [registers]: NULL if no readout depends on it */
    const noise_kernels *kernels;
    const pauli_kernels *late;
    int real_bytes;
} noise_engine;

typedef struct {
    pauli_worker late;
    noise_worker *part; /* [registers] */
} worker;

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "noise engine: no memory");
}

static void plan_free(void *plan)
{
    noise_engine *engine = plan;
    if (!engine) return;
    for (int k = 0; engine->reg && k < engine->registers; k++) ent_noise_register_free(engine->reg[k]);
    ent_free(engine->reg);
    ent_pauli_plan_free(engine->plan);
    ent_free(engine);
}

static ent_status make_registers(noise_engine *engine, const ent_circuit *circuit, const ent_qubit_noise *noise)
{
    pauli_plan *p = engine->plan;
    engine->reg = ent_alloc(p->parts, sizeof *engine->reg);
    if (!engine->reg) return no_memory();
    for (engine->registers = 0; engine->registers < p->parts; engine->registers++) {
        pauli_part *part = &p->part[engine->registers];
        const ent_status status = ent_noise_register_new(part->circuit, noise + circuit->register_first[part->home],
                                                         &engine->reg[engine->registers]);
        if (status != ENT_OK) return ent_fail_in(status, "register %d of %d", part->home + 1, p->registers);
        part->values = part->circuit->readouts;
    }
    return ENT_OK;
}

static int groups_of(const noise_engine *engine)
{
    int64_t numbers = engine->plan->form.entries;
    int groups = 1;
    for (int k = 0; k < engine->registers; k++)
        numbers += engine->reg[k]->strings * (int64_t)(1 + engine->reg[k]->ops);
    while (groups < MOST_GROUPS && groups * numbers < CHUNK_NUMBERS) groups *= 2;
    return groups;
}

static double worker_bytes(const noise_engine *engine)
{
    double vectors = (double)(2 * engine->plan->form.nodes + engine->plan->form.entries);
    for (int k = 0; k < engine->registers; k++)
        vectors += (double)engine->reg[k]->strings * (2.0 + engine->reg[k]->asides);
    return vectors * engine->kernels->lanes * engine->real_bytes;
}

/* The circuit, register by register. */
static ent_status make_plan(const ent_circuit *circuit, const ent_program_inp *inp, noise_engine *engine,
                            ent_plan_facts *facts)
{
    const char *isa = NULL;
    ENT_TRY(ent_isa_pick(inp->isa, &isa));
    const pauli_kernels *narrow;
    ENT_TRY(ent_isa_pauli_kernels(inp->isa, inp->precision, &engine->late, &narrow));
    ENT_TRY(ent_isa_noise_kernels(inp->isa, inp->precision, &engine->kernels));
    ENT_TRY(ent_pauli_plan_new(circuit, inp->noise->qubit, inp->precision, PAULI_MOST_TERMS, &engine->plan));
    ENT_TRY(make_registers(engine, circuit, inp->noise->qubit));
    engine->real_bytes = inp->precision == ENT_SINGLE ? sizeof(float) : sizeof(double);
    const double bytes = worker_bytes(engine);
    *facts = (ent_plan_facts){.chunk = groups_of(engine) * engine->kernels->lanes,
                              .partials = circuit->params + engine->plan->form.entries,
                              .bytes = {bytes, bytes}};
    snprintf(facts->name, sizeof facts->name, "noise %s", isa);
    return ENT_OK;
}

static ent_status engine_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_plan_facts *facts,
                             void **out)
{
    noise_engine *engine = ent_alloc(1, sizeof *engine);
    if (!engine) return no_memory();
    const ent_status status = make_plan(circuit, inp, engine, facts);
    if (status != ENT_OK) {
        plan_free(engine);
        return status;
    }
    *out = engine;
    return ENT_OK;
}

/* All qubits as one register. */
static ent_status joined_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_plan_facts *facts,
                             void **out)
{
    ent_circuit *joined = NULL;
    ENT_TRY(ent_circuit_new(circuit->qubits, circuit->params, circuit->angles, &joined));
    ent_status status = ENT_OK;
    for (int64_t g = 0; g < circuit->gates && status == ENT_OK; g++)
        status = ent_circuit_add(joined, circuit->gate[g]);
    for (int r = 0; r < circuit->readouts && status == ENT_OK; r++)
        status = ent_circuit_read_pauli(joined, &circuit->readout[r]);
    if (status == ENT_OK) status = engine_new(joined, inp, facts, out);
    ent_circuit_free(joined);
    return status;
}

static ent_status plan_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_plan_facts *facts, void **out)
{
    const ent_status status = engine_new(circuit, inp, facts, out);
    if (status != ENT_EARG || circuit->registers < 2 || circuit->qubits > ENT_NOISE_MOST_QUBITS) return status;
    return joined_new(circuit, inp, facts, out);
}

static void worker_free(void *plain)
{
    worker *w = plain;
    if (!w) return;
    for (int k = 0; w->part && k < w->late.parts; k++) {
        ent_free(w->part[k].ket);
        ent_free(w->part[k].bra);
        ent_free(w->part[k].aside);
        ent_free(w->part[k].turned);
        ent_free(w->part[k].slope);
        ent_free(w->part[k].value);
    }
    ent_free(w->part);
    ent_free(w->late.value);
    ent_free(w->late.node);
    ent_free(w->late.bar);
    ent_free(w->late.slope);
    ent_free(w->late.expectations);
    ent_free(w->late.weights);
    ent_free(w);
}

static ent_status fill_part(const noise_register *reg, size_t vector, noise_worker *w)
{
    w->ket = ent_alloc(reg->strings, vector);
    w->bra = ent_alloc(reg->strings, vector);
    w->aside = ent_alloc((int64_t)reg->asides * reg->strings, vector);
    w->turned = ent_alloc(2 * (int64_t)reg->angles, vector);
    w->slope = ent_alloc(reg->angles, vector);
    w->value = ent_alloc(reg->values, vector);
    return w->ket && w->bra && w->aside && w->turned && w->slope && w->value ? ENT_OK : no_memory();
}

static ent_status fill_worker(const noise_engine *engine, worker *w)
{
    const pauli_plan *p = engine->plan;
    const size_t vector = (size_t)(engine->kernels->lanes * engine->real_bytes);
    const int64_t outputs = (int64_t)engine->kernels->lanes * p->readouts;
    pauli_worker *late = &w->late;
    late->parts = engine->registers;
    late->kernels = engine->late;
    late->value = ent_alloc(p->parts, sizeof *late->value);
    late->node = ent_alloc(p->form.nodes, vector);
    late->bar = ent_alloc(p->form.nodes, vector);
    late->slope = ent_alloc(p->form.entries, vector);
    late->expectations = ent_alloc(outputs, sizeof(double));
    late->weights = ent_alloc(outputs, sizeof(double));
    w->part = ent_alloc(p->parts, sizeof *w->part);
    if (!late->value || !late->node || !late->bar || !late->slope || !late->expectations || !late->weights ||
        !w->part)
        return no_memory();
    for (int k = 0; k < engine->registers; k++) {
        ENT_TRY(fill_part(engine->reg[k], vector, &w->part[k]));
        late->value[k] = w->part[k].value;
    }
    return ENT_OK;
}

static ent_status worker_new(const void *plan, void **out)
{
    worker *w = ent_alloc(1, sizeof *w);
    if (!w) return no_memory();
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
    noise_engine *engine = plan;
    ent_pauli_plan_prepare(engine->plan, params);
    for (int k = 0; k < engine->registers; k++) ent_noise_register_prepare(engine->reg[k], params);
    return ENT_OK;
}

/* One group from its data angles to its readouts. */
static void group_forward(const noise_engine *engine, worker *w, const ent_batch *batch, int64_t sample, int count,
                          double *expectations)
{
    const double *angles = batch->angles ? batch->angles + sample * engine->plan->angles : NULL;
    for (int k = 0; k < engine->registers; k++) engine->kernels->forward(engine->reg[k], &w->part[k], angles, count);
    engine->late->forward(engine->plan, &w->late, count, expectations);
}

static int group_of(const noise_engine *engine, int64_t left)
{
    return left < engine->kernels->lanes ? (int)left : engine->kernels->lanes;
}

static void forward(const void *plan, void *plain, const ent_batch *batch, int64_t first, int64_t count,
                    double *expectations)
{
    const noise_engine *engine = plan;
    for (int64_t done = 0; done < count; done += engine->kernels->lanes)
        group_forward(engine, plain, batch, first + done, group_of(engine, count - done),
                      expectations + done * engine->plan->readouts);
}

/* A group's samples are summed in their order. */
static void add_slopes(const noise_engine *engine, int k, const noise_worker *w, int count, double *grad_params,
                       double *grad_angles)
{
    const noise_register *reg = engine->reg[k];
    for (int a = 0; a < reg->angles; a++) {
        const pauli_angle *angle = &reg->angle[a];
        if (angle->slot < 0 || (angle->data && !grad_angles)) continue;
        double slope[64], total = 0.0;
        engine->kernels->slope(w, a, slope);
        for (int l = 0; l < count && angle->data; l++)
            grad_angles[(int64_t)l * reg->slots + angle->slot] += angle->scale * slope[l];
        for (int l = 0; l < count && !angle->data; l++) total += slope[l];
        if (!angle->data) grad_params[angle->slot] += angle->scale * total;
    }
}

static void gradient(const void *plan, void *plain, const ent_batch *batch, ent_chunk chunk, const ent_pull *pull,
                     double *partial, double *grad_angles)
{
    const noise_engine *engine = plan;
    const pauli_plan *p = engine->plan;
    worker *w = plain;
    for (int64_t done = 0; done < chunk.count; done += engine->kernels->lanes) {
        const int64_t sample = chunk.first + done;
        const int group = group_of(engine, chunk.count - done);
        group_forward(engine, w, batch, sample, group, w->late.expectations);
        pull->cotangent(pull->context, sample, group, w->late.expectations, w->late.weights);
        engine->late->backward(p, &w->late, group, w->late.weights);
        for (int k = 0; k < engine->registers; k++) {
            engine->kernels->backward(engine->reg[k], &w->part[k]);
            add_slopes(engine, k, &w->part[k], group, partial, grad_angles ? grad_angles + sample * p->angles : NULL);
        }
    }
    engine->late->collect(p, &w->late, partial + p->params);
}

static void collect(const void *plan, const double *rest, double *grad_params)
{
    ent_pauli_plan_collect(((const noise_engine *)plan)->plan, rest, grad_params);
}

const ent_engine ent_engine_noise = {.name = "noise", .prepare = prepare, .collect = collect, ENT_ENGINE_FUNCTIONS};
