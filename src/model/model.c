/* The model as a whole: samples are grouped by context vector, each group runs the circuit of its context.
 *
 * A group's circuits go through the engine as one batch; head and loss are computed sample by sample inside the
 * engine's cotangent, their gradients are added up afterwards in the order of the samples, so no thread can change a
 * bit.  Cost: the engine's, plus outputs * readouts and (linear maps) angles * inputs a sample. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/random.h"
#include "model.h"

/* Room for `samples` samples of one call; grows, is never given back before the model is. */
typedef struct {
    int64_t samples;
    int64_t *order;                       /* [samples] picks, sorted by context */
    double *angles, *slope, *grad_angles; /* [samples][layout angles] */
    double *readouts;                     /* [samples][readouts] */
    double *outputs, *d_outputs;          /* [samples][outputs] */
    double *loss;                         /* [samples] */
} workspace;

struct ent_model {
    ent_model_inp inp;
    ent_layout layout;
    bool any_linear;
    ent_masked **masked; /* [2^registers], made when a context is first met */
    workspace work;
};

/* One group of samples in one call. */
typedef struct {
    ent_model *model;
    const ent_masked *masked;
    uint32_t context;
    const double *w;
    const ent_samples *samples;
    const int64_t *index; /* sample numbers of the group */
    double share;         /* 1 / samples of the call */
    int64_t first;        /* the group's place in the workspace */
} group;

static ent_status check_register(const ent_register *reg)
{
    const int angles = ent_ansatz_angles(&reg->ansatz);
    ENT_REQUIRE(reg->scale > 0.0 && isfinite(reg->scale), ENT_EARG, "modality '%s': angle scale %g, want more than 0",
                reg->name, reg->scale);
    ENT_REQUIRE(reg->linear || reg->inputs == angles, ENT_EARG, "modality '%s': %lld numbers a sample, want %d",
                reg->name, (long long)reg->inputs, angles);
    ENT_REQUIRE(reg->inputs >= 1, ENT_EARG, "modality '%s': no features", reg->name);
    return ENT_OK;
}

ent_status ent_model_check(const ent_model_inp *inp)
{
    ENT_REQUIRE(inp->registers >= 1 && inp->registers <= ENT_MAX_REGISTERS, ENT_EARG, "%d registers, want 1..%d",
                inp->registers, ENT_MAX_REGISTERS);
    ENT_REQUIRE(inp->outputs >= 1, ENT_EARG, "%d outputs, want 1 or more", inp->outputs);
    ENT_REQUIRE(!inp->squared || inp->outputs == 1, ENT_EARG, "%d outputs for a real label, want 1", inp->outputs);
    ENT_REQUIRE(inp->mma || !inp->embed, ENT_EARG, "context vectors as an input of the head want mma");
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

ent_status ent_model_new(const ent_model_inp *inp, ent_model **out)
{
    ENT_TRY(ent_model_check(inp));
    ent_model *model = ent_alloc(1, sizeof *model);
    ENT_REQUIRE(model, ENT_ENOMEM, "model: no memory");
    model->inp = *inp;
    ent_layout_make(inp, &model->layout);
    for (int m = 0; m < inp->registers; m++) model->any_linear |= inp->reg[m].linear;
    model->masked = ent_alloc(INT64_C(1) << inp->registers, sizeof *model->masked);
    const uint32_t full = (UINT32_C(1) << inp->registers) - 1;
    ent_status status = model->masked ? ent_masked_new(inp, &model->layout, full, &model->masked[full])
                                      : ent_fail(ENT_ENOMEM, "model: no memory");
    if (status != ENT_OK) {
        ent_model_free(model);
        return status;
    }
    *out = model;
    return ENT_OK;
}

static void workspace_clear(workspace *work)
{
    ent_free(work->order);
    ent_free(work->angles);
    ent_free(work->slope);
    ent_free(work->grad_angles);
    ent_free(work->readouts);
    ent_free(work->outputs);
    ent_free(work->d_outputs);
    ent_free(work->loss);
    *work = (workspace){.samples = 0};
}

void ent_model_free(ent_model *model)
{
    if (!model) return;
    for (int64_t c = 0; model->masked && c < INT64_C(1) << model->inp.registers; c++)
        ent_masked_free(model->masked[c]);
    ent_free(model->masked);
    workspace_clear(&model->work);
    ent_free(model);
}

int ent_model_params(const ent_model *model)
{
    return model->layout.params;
}

int ent_model_qubits(const ent_model *model)
{
    return model->layout.qubits;
}

int ent_model_blocks(const ent_model *model, const ent_block **blocks)
{
    *blocks = model->layout.block;
    return model->layout.blocks;
}

const char *ent_model_engine(const ent_model *model)
{
    return ent_program_engine(model->masked[(UINT32_C(1) << model->inp.registers) - 1]->program);
}

/* How a block starts: by its name's last part. */
static double initial(const ent_block *block, ent_random *stream, int outputs)
{
    const char *name = block->name;
    if (strstr(name, "/bias") || strncmp(name, "head/embed", 10) == 0) return 0.0;
    if (strstr(name, "/circuit")) return 0.78539816339744830962 * (2.0 * ent_random_uniform(stream) - 1.0);
    if (strncmp(name, "fusion/", 7) == 0) return 0.1 * ent_random_normal(stream);
    return ent_random_normal(stream) / sqrt((double)block->count / outputs);
}

void ent_model_init(const ent_model *model, uint64_t seed, double *w)
{
    for (int b = 0; b < model->layout.blocks; b++) {
        const ent_block *block = &model->layout.block[b];
        ent_random stream = ent_random_at(seed, ENT_FOR_INIT, ent_hash_text(block->name), 0);
        int outputs = model->inp.outputs; /* rows of a linear map, for its fan-in */
        for (int m = 0; m < model->inp.registers; m++)
            if (block->first == model->layout.reg[m].map_weight) outputs = model->layout.reg[m].angles;
        for (int k = 0; k < block->count; k++) w[block->first + k] = initial(block, &stream, outputs);
    }
}

static int most_readouts(const ent_model *model)
{
    return model->masked[(UINT32_C(1) << model->inp.registers) - 1]->readouts;
}

static ent_status workspace_grow(ent_model *model, int64_t samples)
{
    workspace *work = &model->work;
    if (samples <= work->samples) return ENT_OK;
    workspace_clear(work);
    const int angles = model->layout.angles, outputs = model->inp.outputs;
    work->order = ent_alloc(samples, sizeof *work->order);
    work->angles = ent_alloc(samples * angles, sizeof(double));
    work->slope = ent_alloc(samples * angles, sizeof(double));
    work->grad_angles = ent_alloc(samples * angles, sizeof(double));
    work->readouts = ent_alloc(samples * most_readouts(model), sizeof(double));
    work->outputs = ent_alloc(samples * outputs, sizeof(double));
    work->d_outputs = ent_alloc(samples * outputs, sizeof(double));
    work->loss = ent_alloc(samples, sizeof(double));
    if (!work->order || !work->angles || !work->slope || !work->grad_angles || !work->readouts || !work->outputs ||
        !work->d_outputs || !work->loss) {
        workspace_clear(work);
        return ent_fail(ENT_ENOMEM, "model: no memory for a batch of %lld samples", (long long)samples);
    }
    work->samples = samples;
    return ENT_OK;
}

static void sample_inputs(const group *g, int64_t k, const double *x[ENT_MAX_REGISTERS])
{
    const ent_model_inp *inp = &g->model->inp;
    for (int m = 0; m < inp->registers; m++)
        x[m] = g->samples->x[m] ? g->samples->x[m] + g->index[k] * inp->reg[m].inputs : NULL;
}

static void group_angles(const group *g, int64_t n)
{
    ent_model *model = g->model;
    const int angles = model->layout.angles;
    const double *x[ENT_MAX_REGISTERS];
    for (int64_t k = 0; k < n; k++) {
        sample_inputs(g, k, x);
        ent_angles_forward(&model->inp, &model->layout, g->w, g->context, x,
                           model->work.angles + (g->first + k) * angles, model->work.slope + (g->first + k) * angles);
    }
}

/* The engine's cotangent: head and loss of samples first..first+count-1 of the group, and back to the readouts. */
static void head_cotangent(void *context, int64_t first, int64_t count, const double *readouts, double *weights)
{
    const group *g = context;
    const ent_model_inp *inp = &g->model->inp;
    workspace *work = &g->model->work;
    const int stride = g->masked->readouts;
    for (int64_t k = first; k < first + count; k++) {
        const double *z = readouts + (k - first) * stride;
        double *outputs = work->outputs + (g->first + k) * inp->outputs;
        double *d_outputs = work->d_outputs + (g->first + k) * inp->outputs;
        const int64_t sample = g->index[k];
        if (stride > 0)
            memcpy(work->readouts + (g->first + k) * most_readouts(g->model), z, (size_t)stride * sizeof *z);
        ent_head_forward(inp, &g->model->layout, g->masked, g->context, g->w, z, outputs);
        work->loss[g->first + k] = ent_loss(inp->squared, inp->outputs, outputs,
                                            inp->squared ? 0 : g->samples->category[sample],
                                            inp->squared ? g->samples->value[sample] : 0.0, d_outputs);
        for (int o = 0; o < inp->outputs; o++) d_outputs[o] *= g->share;
        ent_head_weights(inp, g->masked, g->w, d_outputs, weights + (k - first) * stride);
    }
}

/* A context without any register has no circuit to call the cotangent. */
static void bias_alone(group *g, int64_t n)
{
    double none = 0.0;
    for (int64_t k = 0; k < n; k++) head_cotangent(g, k, 1, &none, &none);
}

static ent_status group_gradient(group *g, int64_t n, double *loss, double *gradient)
{
    ent_model *model = g->model;
    const workspace *work = &model->work;
    const int angles = model->layout.angles;
    double *grad_angles = model->any_linear ? work->grad_angles + g->first * angles : NULL;
    const ent_batch batch = {n, work->angles + g->first * angles, g->w};
    group_angles(g, n);
    if (g->masked->readouts == 0) bias_alone(g, n);
    ENT_TRY(ent_program_gradient(g->masked->program, &batch, head_cotangent, g, gradient, grad_angles));
    for (int64_t k = 0; k < n; k++) {
        const double *x[ENT_MAX_REGISTERS];
        *loss += work->loss[g->first + k] * g->share;
        ent_head_backward(&model->inp, &model->layout, g->masked, g->context,
                          work->readouts + (g->first + k) * most_readouts(model),
                          work->d_outputs + (g->first + k) * model->inp.outputs, gradient);
        if (!grad_angles) continue;
        sample_inputs(g, k, x);
        ent_angles_backward(&model->inp, &model->layout, g->context, x, grad_angles + k * angles,
                            work->slope + (g->first + k) * angles, gradient);
    }
    return ENT_OK;
}

static ent_status group_predict(group *g, int64_t n, double *outputs)
{
    ent_model *model = g->model;
    const workspace *work = &model->work;
    const ent_batch batch = {n, work->angles + g->first * model->layout.angles, g->w};
    double *readouts = work->readouts + g->first * most_readouts(model);
    group_angles(g, n);
    ENT_TRY(ent_program_forward(g->masked->program, &batch, readouts));
    for (int64_t k = 0; k < n; k++)
        ent_head_forward(&model->inp, &model->layout, g->masked, g->context, g->w, readouts + k * g->masked->readouts,
                         outputs + g->index[k] * model->inp.outputs);
    return ENT_OK;
}

/* Sort picks by context, stable: a counting pass over the contexts that occur, lowest first. */
static void sort_by_context(const ent_model *model, const ent_samples *samples, int64_t n, const int64_t *pick,
                            int64_t *order)
{
    int64_t done = 0;
    uint32_t lowest = 0;
    while (done < n) {
        uint32_t next = UINT32_MAX;
        for (int64_t k = 0; k < n; k++) {
            const int64_t sample = pick ? pick[k] : k;
            const uint32_t context = ent_mask_context(&model->inp, samples->context[sample]);
            if (context == lowest) order[done++] = sample;
            if (context > lowest && context < next) next = context;
        }
        lowest = next;
    }
}

static ent_status masked_for(ent_model *model, uint32_t context, const ent_masked **masked)
{
    if (!model->masked[context])
        ENT_TRY(ent_masked_new(&model->inp, &model->layout, context, &model->masked[context]));
    *masked = model->masked[context];
    return ENT_OK;
}

/* Call predict or gradient (`loss` and `result` of it) for every group of the picks. */
static ent_status for_groups(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                             const int64_t *pick, double *loss, double *result)
{
    ENT_TRY(workspace_grow(model, n));
    const int64_t *order = model->work.order;
    sort_by_context(model, samples, n, pick, model->work.order);
    for (int64_t first = 0, end; first < n; first = end) {
        const uint32_t context = ent_mask_context(&model->inp, samples->context[order[first]]);
        for (end = first + 1; end < n; end++)
            if (ent_mask_context(&model->inp, samples->context[order[end]]) != context) break;
        group g = {.model = model,
                   .context = context,
                   .w = w,
                   .samples = samples,
                   .index = order + first,
                   .share = 1.0 / (double)n,
                   .first = first};
        ENT_TRY(masked_for(model, context, &g.masked));
        ENT_TRY(loss ? group_gradient(&g, end - first, loss, result) : group_predict(&g, end - first, result));
    }
    return ENT_OK;
}

ent_status ent_model_gradient(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                              const int64_t *pick, double *loss, double *gradient)
{
    double sum = 0.0;
    memset(gradient, 0, (size_t)model->layout.params * sizeof *gradient);
    ENT_TRY(for_groups(model, w, samples, n, pick, &sum, gradient));
    *loss = sum;
    return ENT_OK;
}

/* In pieces, so that memory does not grow with the data set. */
ent_status ent_model_predict(ent_model *model, const double *w, const ent_samples *samples, double *outputs)
{
    enum { PIECE = 4096 };
    for (int64_t first = 0; first < samples->n; first += PIECE) {
        ent_samples piece = *samples;
        piece.n = samples->n - first < PIECE ? samples->n - first : PIECE;
        piece.context += first;
        for (int m = 0; m < model->inp.registers; m++)
            if (piece.x[m]) piece.x[m] += first * model->inp.reg[m].inputs;
        ENT_TRY(for_groups(model, w, &piece, piece.n, NULL, NULL, outputs + first * model->inp.outputs));
    }
    return ENT_OK;
}
