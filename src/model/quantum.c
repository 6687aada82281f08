/* The quantum model: a circuit for each context, run for all samples of a group at once.
 *
 * A group's circuits go through the engine as one batch; head and loss are computed sample by sample inside the
 * engine's cotangent, their gradients are added up afterwards in the order of the samples, so no thread can change a
 * bit.  Cost: the engine's, plus outputs * readouts and (linear maps) angles * inputs a sample. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "entente/memory.h"
#include "model.h"

typedef struct {
    ent_body body;
    ent_model_inp inp;
    ent_layout layout;
    bool trains_angles;  /* something between the inputs and the circuit is trained */
    ent_masked **masked; /* [2^registers], made when a context is first met */
} quantum;

/* A group's run: its circuit, and its scratch cut up. */
typedef struct {
    const quantum *model;
    const ent_group *group;
    const ent_masked *masked;
    double *angles, *angle, *slope, *grad_angles; /* [n][layout angles]; `angle` before the factors, and its slope */
    double *readouts;                             /* [n][masked readouts] */
} run;

static ent_status check_register(const ent_register *reg)
{
    const int angles = ent_ansatz_inputs(&reg->ansatz);
    ENT_REQUIRE(reg->scale > 0.0 && isfinite(reg->scale), ENT_EARG, "modality '%s': angle scale %g, want more than 0",
                reg->name, reg->scale);
    ENT_REQUIRE(reg->linear || reg->inputs == angles, ENT_EARG, "modality '%s': %lld numbers a sample, want %d",
                reg->name, (long long)reg->inputs, angles);
    return ENT_OK;
}

ent_status ent_quantum_check(const ent_model_inp *inp)
{
    int qubits = 0, direct = 0;
    for (int m = 0; m < inp->registers; m++) {
        ENT_TRY(check_register(&inp->reg[m]));
        qubits += inp->reg[m].ansatz.qubits;
        if (inp->reg[m].ansatz.qubits > direct) direct = inp->reg[m].ansatz.qubits;
    }
    ENT_REQUIRE(qubits <= ENT_MAX_QUBITS, ENT_EARG, "%d qubits in all, want at most %d", qubits, ENT_MAX_QUBITS);
    ENT_REQUIRE(inp->head == ENT_HEAD_LINEAR || direct >= inp->outputs, ENT_EARG,
                "head direct with %d outputs wants a register of as many qubits; the largest has %d", inp->outputs,
                direct);
    return ENT_OK;
}

static ent_status masked_for(quantum *q, uint32_t context, const ent_masked **masked)
{
    if (!q->masked[context]) ENT_TRY(ent_masked_new(&q->inp, &q->layout, context, &q->masked[context]));
    *masked = q->masked[context];
    return ENT_OK;
}

static ent_status fill_body(quantum *q)
{
    const ent_masked *full;
    ENT_TRY(masked_for(q, (UINT32_C(1) << q->inp.registers) - 1, &full));
    q->body.blocks = &q->layout.blocks;
    q->body.qubits = q->layout.qubits;
    q->body.room = 4 * q->layout.angles + full->readouts;
    snprintf(q->body.engine, sizeof q->body.engine, "%s", ent_program_engine(full->program));
    return ENT_OK;
}

ent_status ent_quantum_make(const ent_model_inp *inp, ent_body **out)
{
    ENT_TRY(ent_quantum_check(inp));
    quantum *q = ent_alloc(1, sizeof *q);
    ENT_REQUIRE(q, ENT_ENOMEM, "model: no memory");
    q->inp = *inp;
    ent_layout_make(inp, &q->layout);
    for (int m = 0; m < inp->registers; m++) q->trains_angles |= inp->reg[m].linear || inp->reg[m].ansatz.own_angles;
    q->masked = ent_alloc(INT64_C(1) << inp->registers, sizeof *q->masked);
    const ent_status status = q->masked ? fill_body(q) : ent_fail(ENT_ENOMEM, "model: no memory");
    if (status != ENT_OK) {
        ent_quantum_free(&q->body);
        return status;
    }
    *out = &q->body;
    return ENT_OK;
}

void ent_quantum_free(ent_body *body)
{
    quantum *q = (quantum *)body;
    if (!q) return;
    for (int64_t c = 0; q->masked && c < INT64_C(1) << q->inp.registers; c++) ent_masked_free(q->masked[c]);
    ent_free(q->masked);
    ent_free(q);
}

static ent_status run_make(quantum *q, const ent_group *g, run *r)
{
    const int64_t angles = g->n * q->layout.angles;
    *r = (run){.model = q,
               .group = g,
               .angles = g->scratch,
               .angle = g->scratch + angles,
               .slope = g->scratch + 2 * angles,
               .grad_angles = g->scratch + 3 * angles,
               .readouts = g->scratch + 4 * angles};
    return masked_for(q, g->context, &r->masked);
}

static void sample_inputs(const ent_group *g, int64_t k, const double *x[ENT_MAX_REGISTERS])
{
    for (int m = 0; m < g->inp->registers; m++) x[m] = ent_group_x(g, k, m);
}

static void run_angles(const run *r)
{
    const quantum *q = r->model;
    const ent_group *g = r->group;
    const int angles = q->layout.angles;
    const double *x[ENT_MAX_REGISTERS];
    for (int64_t k = 0; k < g->n; k++) {
        sample_inputs(g, k, x);
        ent_angles_forward(&q->inp, &q->layout, g->w, g->context, x, r->angles + k * angles, r->angle + k * angles,
                           r->slope + k * angles);
    }
}

/* The engine's cotangent: head and loss of samples first..first+count-1 of the group, and back to the readouts. */
static void head_cotangent(void *context, int64_t first, int64_t count, const double *readouts, double *weights)
{
    const run *r = context;
    const ent_group *g = r->group;
    const ent_model_inp *inp = &r->model->inp;
    const int stride = r->masked->readouts;
    for (int64_t k = first; k < first + count; k++) {
        const double *z = readouts + (k - first) * stride;
        if (stride > 0) memcpy(r->readouts + k * stride, z, (size_t)stride * sizeof *z);
        ent_head_forward(inp, &r->model->layout, r->masked, g->context, g->w, z, g->outputs + k * inp->outputs);
        ent_group_loss(g, k);
        ent_head_weights(inp, r->masked, g->w, g->d_outputs + k * inp->outputs, weights + (k - first) * stride);
    }
}

/* A context without any register has no circuit to call the cotangent. */
static void bias_alone(run *r)
{
    double none = 0.0;
    for (int64_t k = 0; k < r->group->n; k++) head_cotangent(r, k, 1, &none, &none);
}

ent_status ent_quantum_gradient(ent_body *body, const ent_group *g, double *loss, double *gradient)
{
    quantum *q = (quantum *)body;
    const int angles = q->layout.angles;
    run r;
    ENT_TRY(run_make(q, g, &r));
    const ent_batch batch = {g->n, r.angles, g->w};
    double *grad_angles = q->trains_angles ? r.grad_angles : NULL;
    run_angles(&r);
    if (r.masked->readouts == 0) bias_alone(&r);
    ENT_TRY(ent_program_gradient(r.masked->program, &batch, head_cotangent, &r, gradient, grad_angles));
    for (int64_t k = 0; k < g->n; k++) {
        const double *x[ENT_MAX_REGISTERS];
        *loss += g->loss[k] * g->share;
        ent_head_backward(&q->inp, &q->layout, r.masked, g->context, r.readouts + k * r.masked->readouts,
                          g->d_outputs + k * q->inp.outputs, gradient);
        if (!grad_angles) continue;
        sample_inputs(g, k, x);
        ent_angles_backward(&q->inp, &q->layout, g->w, g->context, x, grad_angles + k * angles, r.angle + k * angles,
                            r.slope + k * angles, gradient);
    }
    return ENT_OK;
}

ent_status ent_quantum_predict(ent_body *body, const ent_group *g)
{
    quantum *q = (quantum *)body;
    run r;
    ENT_TRY(run_make(q, g, &r));
    const ent_batch batch = {g->n, r.angles, g->w};
    run_angles(&r);
    ENT_TRY(ent_program_forward(r.masked->program, &batch, r.readouts));
    for (int64_t k = 0; k < g->n; k++)
        ent_head_forward(&q->inp, &q->layout, r.masked, g->context, g->w, r.readouts + k * r.masked->readouts,
                         g->outputs + k * q->inp.outputs);
    return ENT_OK;
}
