/* The quantum model: a circuit for each context, run for all samples of a group at once.
 *
 * A group's circuits go through the engine as one batch; head and loss are computed sample by sample inside the
 * engine's cotangent, their gradients are added up afterwards in the order of the samples, so no thread can change a
 * bit.  Cost: the engine's, plus outputs * readouts and (linear maps) angles * inputs per sample. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "entente/memory.h"
#include "model.h"

/* The circuits of one device, made when a context is first met. */
typedef struct {
    const ent_device *device;
    ent_masked **masked; /* [2^registers] */
    int64_t used;        /* when it was last used */
} device_circuits;

enum { DEVICES_KEPT = 16 };

typedef struct {
    ent_body body;
    ent_model_inp inp;
    ent_layout layout;
    bool trains_angles;                 /* whether anything between the inputs and the circuit is trained */
    double *columns[ENT_MAX_REGISTERS]; /* of trainable maps, for the current parameters; else NULL */
    device_circuits device[DEVICES_KEPT];
    int devices, current; /* inp.device is that of `current` */
    int64_t uses;
} quantum;

/* One run of a group: its circuit, and the parts of its scratch memory. */
typedef struct {
    const quantum *model;
    const ent_group *group;
    ent_masked *masked;
    double *angles, *base, *slope, *grad_angles; /* [n][layout angles]; base: angles before the layers' factors */
    double *features, *d_features; /* [n][masked features]; in a prediction the readouts are in d_features */
} run;

static ent_status check_register(const ent_register *reg)
{
    const int angles = ent_ansatz_inputs(&reg->ansatz);
    ENT_REQUIRE(reg->scale > 0.0 && isfinite(reg->scale), ENT_EARG, "modality '%s': angle scale %g, want more than 0",
                reg->name, reg->scale);
    ENT_REQUIRE(reg->linear || reg->inputs == angles, ENT_EARG, "modality '%s': %lld numbers per sample, want %d",
                reg->name, (long long)reg->inputs, angles);
    return ENT_OK;
}

/* Devices that have q qubits of a register. */
static ent_status check_qubits(const ent_model_inp *inp, int q)
{
    int most = 0;
    for (int m = 0; m < inp->registers; m++) {
        const ent_ansatz *ansatz = &inp->reg[m].ansatz;
        const bool whole = ansatz->kind != ENT_ANSATZ_QASM && ansatz->encoding == ENT_ENCODE_AMPLITUDE;
        ENT_REQUIRE(
            !whole || q >= ansatz->qubits, ENT_EARG,
            "devices with %d qubits per register (devices.qubits), want the %d of '%s': amplitude encoding takes all",
            q, ansatz->qubits, inp->reg[m].name);
        const int kept = q < ansatz->qubits ? q : ansatz->qubits;
        if (kept > most) most = kept;
    }
    ENT_REQUIRE(inp->head == ENT_HEAD_LINEAR || most >= inp->outputs, ENT_EARG,
                "devices with %d qubits per register (devices.qubits), want %d with head direct: one for each output",
                q, inp->outputs);
    return ENT_OK;
}

static ent_status check_devices(const ent_model_inp *inp)
{
    for (int q = 1; q < 64; q++)
        if (inp->qubits_apart >> q & 1) ENT_TRY(check_qubits(inp, q));
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
    const bool probabilities = inp->read & ENT_READ_PROBABILITIES;
    ENT_REQUIRE(!probabilities ||
                    (inp->head == ENT_HEAD_LINEAR && !(inp->read & ~(unsigned)(ENT_READ_Z | ENT_READ_PROBABILITIES))),
                ENT_EARG, "readout of probabilities: want head linear, and no other readout");
    ENT_REQUIRE(!probabilities || direct <= ENT_MAX_PROBABILITY_QUBITS, ENT_EARG,
                "readout of probabilities: found a register of %d qubits, want at most %d", direct,
                ENT_MAX_PROBABILITY_QUBITS);
    ENT_TRY(ent_strings_check(inp));
    ENT_TRY(ent_fusion_check(inp));
    ENT_TRY(check_devices(inp));
    ENT_REQUIRE(qubits <= ENT_MAX_QUBITS, ENT_EARG, "%d qubits in all, want at most %d", qubits, ENT_MAX_QUBITS);
    ENT_REQUIRE(inp->head == ENT_HEAD_LINEAR || direct >= inp->outputs, ENT_EARG,
                "head direct with %d outputs needs a register of at least as many qubits; the largest has %d",
                inp->outputs, direct);
    return ENT_OK;
}

static void free_circuits(const quantum *q, device_circuits *of)
{
    for (int64_t c = 0; of->masked && c < INT64_C(1) << q->inp.registers; c++) ent_masked_free(of->masked[c]);
    ent_free(of->masked);
    *of = (device_circuits){.masked = NULL};
}

/* Switch to the circuits of this device; the least recently used ones are evicted. */
static ent_status use_device(quantum *q, const ent_device *device)
{
    int k = 0, oldest = 0;
    while (k < q->devices && q->device[k].device != device) k++;
    for (int i = 1; i < q->devices; i++)
        if (q->device[i].used < q->device[oldest].used) oldest = i;
    if (k == DEVICES_KEPT) free_circuits(q, &q->device[k = oldest]);
    device_circuits *of = &q->device[k];
    if (!of->masked) {
        of->masked = ent_alloc(INT64_C(1) << q->inp.registers, sizeof *of->masked);
        ENT_REQUIRE(of->masked, ENT_ENOMEM, "model: no memory");
        of->device = device;
        if (k == q->devices) q->devices++;
    }
    of->used = ++q->uses;
    q->inp.device = device;
    q->current = k;
    return ENT_OK;
}

static ent_status masked_for(quantum *q, uint32_t context, ent_masked **masked)
{
    ent_masked **of = q->device[q->current].masked;
    if (!of[context]) ENT_TRY(ent_masked_new(&q->inp, &q->layout, context, &of[context]));
    *masked = of[context];
    return ENT_OK;
}

static ent_status fill_body(quantum *q)
{
    ent_masked *full;
    ENT_TRY(use_device(q, q->inp.device));
    ENT_TRY(masked_for(q, (UINT32_C(1) << q->inp.registers) - 1, &full));
    q->body.blocks = &q->layout.blocks;
    q->body.qubits = q->layout.qubits;
    q->body.room = 4 * q->layout.angles + 2 * ent_masked_most_features(&q->inp, &q->layout);
    snprintf(q->body.engine, sizeof q->body.engine, "%s", ent_program_engine(full->program));
    return ENT_OK;
}

static void body_free(ent_body *body)
{
    quantum *q = (quantum *)body;
    if (!q) return;
    for (int k = 0; k < q->devices; k++) free_circuits(q, &q->device[k]);
    for (int m = 0; m < q->inp.registers; m++) ent_free(q->columns[m]);
    ent_layout_clear(&q->layout);
    ent_free(q);
}

static ent_status make(const ent_model_inp *inp, ent_body **out)
{
    ENT_TRY(ent_quantum_check(inp));
    quantum *q = ent_alloc(1, sizeof *q);
    ENT_REQUIRE(q, ENT_ENOMEM, "model: no memory");
    q->inp = *inp;
    bool there = ent_layout_make(inp, &q->layout) == ENT_OK;
    for (int m = 0; m < inp->registers; m++) {
        q->trains_angles |= inp->token || inp->reg[m].linear || inp->reg[m].ansatz.own_angles;
        if (!inp->reg[m].linear) continue;
        q->columns[m] = ent_alloc(inp->reg[m].inputs * q->layout.reg[m].inputs, sizeof *q->columns[m]);
        there = there && q->columns[m];
    }
    const ent_status status = there ? fill_body(q) : ent_fail(ENT_ENOMEM, "model: no memory");
    if (status != ENT_OK) {
        body_free(&q->body);
        return status;
    }
    *out = &q->body;
    return ENT_OK;
}

static ent_status run_make(quantum *q, const ent_group *g, run *r)
{
    const int64_t angles = g->n * q->layout.angles;
    *r = (run){.model = q,
               .group = g,
               .angles = g->scratch,
               .base = g->scratch + angles,
               .slope = g->scratch + 2 * angles,
               .grad_angles = g->scratch + 3 * angles,
               .features = g->scratch + 4 * angles};
    ENT_TRY(use_device(q, g->samples->device ? g->samples->device : g->inp->device));
    ENT_TRY(masked_for(q, ent_mask_runs(&q->inp, g->context), &r->masked));
    r->d_features = r->features + g->n * r->masked->features;
    const uint64_t modality = (uint64_t)g->modality << 56; /* late fusion: separate models */
    const ent_draws draws = {g->samples->draw[0] ^ modality, g->samples->draw[1], g->index, g->samples->row};
    ent_program_draw(r->masked->program, &draws);
    return ENT_OK;
}

enum { AHEAD = 16 };

/* Prefetch the first numbers of a sample that will be read soon: mini-batches are drawn from all rows of a client,
 * and half of the time of a small map would be spent waiting for them. */
static void fetch_ahead(const run *r, int64_t k, int m)
{
    enum { LINE = 64, LINES = 4 };
    if (k >= r->group->n) return;
    const char *x = (const char *)ent_group_x(r->group, k, m);
    const int64_t bytes = r->model->inp.reg[m].inputs * (int64_t)sizeof(double);
    for (int line = 0; x && line < LINES && line * LINE < bytes; line++) __builtin_prefetch(x + line * LINE);
}

/* Whether register m runs without data in this group. */
static bool has_token(const run *r, int m)
{
    return r->model->inp.token && !(r->group->context >> m & 1);
}

/* Register m's data angles of the group's samples; the stride between samples is that of all data angles. */
static void register_angles(const run *r, int m)
{
    const quantum *q = r->model;
    const ent_group *g = r->group;
    const ent_register *reg = &q->inp.reg[m];
    const ent_register_layout *at = &q->layout.reg[m];
    double *angles = r->angles + at->first_angle, *slope = r->slope + at->first_angle;
    double *base = r->base + at->first_angle;
    for (int64_t k = 0; k < AHEAD; k++) fetch_ahead(r, k, m);
    if (reg->linear) ent_angles_prepare(reg, at, g->w, q->columns[m]);
    for (int64_t k = 0; k < g->n; k++) {
        const double *x = ent_group_x(g, k, m);
        fetch_ahead(r, k + AHEAD, m);
        if (has_token(r, m))
            memcpy(angles, g->w + at->token, (size_t)at->inputs * sizeof *angles);
        else if (reg->linear)
            ent_angles_linear(reg, at, q->columns[m], g->w, x, angles, slope);
        else if (ent_group_encoded(g, k, m))
            memcpy(angles, x, (size_t)at->inputs * sizeof *x);
        else
            ent_angles_encode(reg, at->inputs, x, angles);
        if (reg->ansatz.own_angles) ent_angles_spread(at, g->w, base, angles);
        ent_angles_derive(reg, angles);
        angles += q->layout.angles;
        base += q->layout.angles;
        slope += q->layout.angles;
    }
}

static void run_angles(const run *r)
{
    for (int m = 0; m < r->model->inp.registers; m++)
        if (ent_mask_runs(&r->model->inp, r->group->context) >> m & 1) register_angles(r, m);
}

/* From the data angles' gradient to the factors of register m, and to that of its angles before them. */
static void factors_backward(const run *r, int m, double *gradient)
{
    const int angles = r->model->layout.angles;
    const ent_register_layout *at = &r->model->layout.reg[m];
    for (int64_t k = 0; k < r->group->n; k++)
        ent_angles_gather(at, r->group->w, r->base + k * angles + at->first_angle,
                          r->grad_angles + k * angles + at->first_angle, gradient);
}

/* From the data angles' gradient to the token of register m. */
static void token_backward(const run *r, int m, double *gradient)
{
    const quantum *q = r->model;
    const ent_register_layout *at = &q->layout.reg[m];
    for (int64_t k = 0; k < r->group->n; k++) {
        const int64_t first = k * q->layout.angles + at->first_angle;
        ent_angles_underive(&q->inp.reg[m], r->angles + first, r->grad_angles + first);
        for (int a = 0; a < at->inputs; a++) gradient[at->token + a] += r->grad_angles[first + a];
    }
}

/* From the data angles' gradient to the trainable map of register m. */
static void map_backward(const run *r, int m, double *gradient)
{
    const quantum *q = r->model;
    const ent_register_layout *at = &q->layout.reg[m];
    const int angles = q->layout.angles;
    const double *x[ENT_ANGLES_TOGETHER];
    for (int64_t k = 0; k < r->group->n; k += ENT_ANGLES_TOGETHER) {
        const int64_t left = r->group->n - k;
        const int count = left < ENT_ANGLES_TOGETHER ? (int)left : ENT_ANGLES_TOGETHER;
        double *d_z = r->grad_angles + k * angles + at->first_angle;
        const double *slope = r->slope + k * angles + at->first_angle;
        for (int i = 0; i < count; i++) {
            x[i] = ent_group_x(r->group, k + i, m);
            ent_angles_underive(&q->inp.reg[m], r->angles + (k + i) * angles + at->first_angle, d_z + i * angles);
            for (int a = 0; a < at->inputs; a++) d_z[i * angles + a] *= slope[i * angles + a];
        }
        ent_angles_backward(&q->inp.reg[m], at, count, x, d_z, angles, gradient);
    }
}

/* The engine's cotangent: head and loss of samples first..first+count-1 of the group, then back to the readouts. */
static void head_cotangent(void *context, int64_t first, int64_t count, const double *readouts, double *weights)
{
    const run *r = context;
    const ent_group *g = r->group;
    const ent_model_inp *inp = &r->model->inp;
    const int stride = r->masked->readouts;
    for (int64_t k = first; k < first + count; k++) {
        double *features = r->features + k * r->masked->features,
               *d_features = r->d_features + k * r->masked->features;
        ent_features_forward(r->masked, readouts + (k - first) * stride, features);
        ent_head_forward(inp, &r->model->layout, r->masked, g->context, g->w, features,
                         g->outputs + k * inp->outputs);
        ent_group_loss(g, k);
        ent_head_weights(inp, r->masked, g->d_outputs + k * inp->outputs, d_features);
        ent_features_backward(r->masked, d_features, weights + (k - first) * stride);
    }
}

/* A context without any register has no circuit to call the cotangent. */
static void bias_alone(run *r)
{
    double none = 0.0;
    for (int64_t k = 0; k < r->group->n; k++) head_cotangent(r, k, 1, &none, &none);
}

static ent_status differentiate(ent_body *body, const ent_group *g, double *loss, double *gradient)
{
    quantum *q = (quantum *)body;
    run r;
    ENT_TRY(run_make(q, g, &r));
    const ent_batch batch = {g->n, r.angles, g->w};
    double *grad_angles = q->trains_angles ? r.grad_angles : NULL;
    run_angles(&r);
    ent_head_prepare(&q->inp, r.masked, g->w);
    if (r.masked->readouts == 0) bias_alone(&r);
    ENT_TRY(ent_program_gradient(r.masked->program, &batch, head_cotangent, &r, gradient, grad_angles));
    for (int64_t k = 0; k < g->n; k++) *loss += g->loss[k] * g->share;
    ent_head_backward(&q->inp, &q->layout, r.masked, g->context, g->n, r.features, g->d_outputs, gradient);
    for (int m = 0; m < q->inp.registers; m++) {
        if (!(ent_mask_runs(&q->inp, g->context) >> m & 1)) continue;
        if (q->inp.reg[m].ansatz.own_angles) factors_backward(&r, m, gradient);
        if (has_token(&r, m))
            token_backward(&r, m, gradient);
        else if (q->inp.reg[m].linear)
            map_backward(&r, m, gradient);
    }
    return ENT_OK;
}

static ent_status predict(ent_body *body, const ent_group *g)
{
    quantum *q = (quantum *)body;
    run r;
    ENT_TRY(run_make(q, g, &r));
    const ent_batch batch = {g->n, r.angles, g->w};
    run_angles(&r);
    ent_head_prepare(&q->inp, r.masked, g->w);
    ENT_TRY(ent_program_forward(r.masked->program, &batch, r.d_features));
    for (int64_t k = 0; k < g->n; k++) {
        ent_features_forward(r.masked, r.d_features + k * r.masked->readouts, r.features);
        ent_head_forward(&q->inp, &q->layout, r.masked, g->context, g->w, r.features,
                         g->outputs + k * q->inp.outputs);
    }
    return ENT_OK;
}

static ent_status metric_of(ent_body *body, const ent_group *g, int m, double *metric)
{
    quantum *q = (quantum *)body;
    const ent_register_layout *at = &q->layout.reg[m];
    ent_ansatz ansatz = q->inp.reg[m].ansatz;
    ent_circuit *circuit = NULL;
    run r;
    ENT_TRY(run_make(q, g, &r));
    const int count = ent_ansatz_params(&ansatz);
    const ent_batch batch = {g->n, r.angles, g->w};
    register_angles(&r, m);
    ansatz.layers = ent_device_layers(q->inp.device, ansatz.layers);
    ENT_TRY(ent_circuit_new(at->qubits, q->layout.blocks.params, q->layout.angles, &circuit));
    ent_status status = ent_ansatz_append(&ansatz, 0, at->circuit, at->first_angle, circuit);
    if (status == ENT_OK) status = ent_device_keep(&q->inp, UINT32_C(1) << m, NULL, &circuit);
    if (status == ENT_OK) status = ent_circuit_metric(circuit, &batch, at->circuit, count, metric);
    ent_circuit_free(circuit);
    return status;
}

const ent_kind ent_kind_quantum = {"quantum", make, body_free, predict, differentiate, metric_of, false};
