/* The model as a whole: samples are grouped by context vector, each group is computed by the model's kind. */
#include <string.h>

#include "entente/blas.h"
#include "entente/memory.h"
#include "model.h"

/* Memory for `samples` samples of one call; grows, and is freed with the model. */
typedef struct {
    int64_t samples;
    int64_t *order;              /* [samples] picks, sorted by context */
    double *outputs, *d_outputs; /* [samples][outputs] */
    double *loss;                /* [samples] */
    double *scratch;             /* [samples][body room] */
} workspace;

struct ent_model {
    ent_model_inp inp;
    const ent_kind *kind;
    ent_body *body;
    workspace work;
};

static const ent_kind *const KIND[] = {
    [ENT_MODEL_QUANTUM] = &ent_kind_quantum,         [ENT_MODEL_LATE] = &ent_kind_late,
    [ENT_MODEL_LOGISTIC] = &ent_kind_logistic,       [ENT_MODEL_MLP] = &ent_kind_mlp,
    [ENT_MODEL_MULTILINEAR] = &ent_kind_multilinear,
};

const char *ent_model_kind_name(ent_model_kind kind)
{
    return KIND[kind]->name;
}

ent_status ent_model_check(const ent_model_inp *inp)
{
    const int kinds = sizeof KIND / sizeof *KIND;
    ENT_REQUIRE((int)inp->kind >= 0 && (int)inp->kind < kinds, ENT_EARG, "model kind %d", (int)inp->kind);
    ENT_REQUIRE(inp->registers >= 1 && inp->registers <= ENT_MAX_REGISTERS, ENT_EARG, "%d registers, want 1..%d",
                inp->registers, ENT_MAX_REGISTERS);
    ENT_REQUIRE(inp->outputs >= 1, ENT_EARG, "%d outputs, want 1 or more", inp->outputs);
    ENT_REQUIRE(!inp->squared || inp->outputs == 1, ENT_EARG, "%d outputs for a real label, want 1", inp->outputs);
    ENT_REQUIRE(!inp->token || (inp->kind == ENT_MODEL_QUANTUM && !inp->mma), ENT_EARG,
                "kind %s: trained angles in place of absent modalities (missing.policy token) need kind quantum",
                KIND[inp->kind]->name);
    ENT_REQUIRE(inp->mma || !inp->embed, ENT_EARG, "context vectors as an input of the head need mma");
    ENT_REQUIRE(inp->params == 0 || inp->kind == ENT_MODEL_MLP || inp->kind == ENT_MODEL_MULTILINEAR, ENT_EARG,
                "kind %s: found %d parameters to match, want 0: only mlp and multilinear have a width to choose",
                KIND[inp->kind]->name, inp->params);
    ENT_REQUIRE(!inp->device || inp->device->gradient != ENT_GRADIENT_SPSA || inp->device->spsa_step > 0.0, ENT_EARG,
                "gradient spsa with steps of %g, want more than 0", inp->device ? inp->device->spsa_step : 0.0);
    for (int m = 0; m < inp->registers; m++)
        ENT_REQUIRE(inp->reg[m].inputs >= 1, ENT_EARG, "modality '%s': no features", inp->reg[m].name);
    return ENT_OK;
}

ent_status ent_model_new(const ent_model_inp *inp, ent_model **out)
{
    ENT_TRY(ent_model_check(inp));
    ent_model *model = ent_alloc(1, sizeof *model);
    ENT_REQUIRE(model, ENT_ENOMEM, "model: no memory");
    model->inp = *inp;
    model->kind = KIND[inp->kind];
    const ent_status status = model->kind->make(inp, &model->body);
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
    ent_free(work->outputs);
    ent_free(work->d_outputs);
    ent_free(work->loss);
    ent_free(work->scratch);
    *work = (workspace){.samples = 0};
}

void ent_model_free(ent_model *model)
{
    if (!model) return;
    model->kind->free(model->body);
    workspace_clear(&model->work);
    ent_free(model);
}

const ent_model_inp *ent_model_description(const ent_model *model)
{
    return &model->inp;
}

int ent_model_params(const ent_model *model)
{
    return model->body->blocks->params;
}

int ent_model_qubits(const ent_model *model)
{
    return model->body->qubits;
}

int ent_model_blocks(const ent_model *model, const ent_block **blocks)
{
    *blocks = model->body->blocks->block;
    return model->body->blocks->count;
}

const char *ent_model_engine(const ent_model *model)
{
    return model->body->engine;
}

void ent_model_init(const ent_model *model, uint64_t seed, double *w)
{
    ent_blocks_start(model->body->blocks, seed, w);
}

uint32_t ent_model_encodes(const ent_model *model)
{
    const bool circuits = model->inp.kind == ENT_MODEL_QUANTUM || model->inp.kind == ENT_MODEL_LATE;
    uint32_t which = 0;
    for (int m = 0; m < model->inp.registers && circuits; m++)
        if (!model->inp.reg[m].linear) which |= UINT32_C(1) << m;
    return which;
}

void ent_model_encode(const ent_model *model, int m, int64_t n, double *x)
{
    const ent_register *reg = &model->inp.reg[m];
    if (ent_model_encodes(model) >> m & 1) ent_angles_encode(reg, n * reg->inputs, x, x);
}

static ent_status workspace_grow(ent_model *model, int64_t samples)
{
    workspace *work = &model->work;
    if (samples <= work->samples) return ENT_OK;
    workspace_clear(work);
    work->order = ent_alloc(samples, sizeof *work->order);
    work->outputs = ent_alloc(samples * model->inp.outputs, sizeof(double));
    work->d_outputs = ent_alloc(samples * model->inp.outputs, sizeof(double));
    work->loss = ent_alloc(samples, sizeof(double));
    work->scratch = ent_alloc(samples * model->body->room, sizeof(double));
    if (!work->order || !work->outputs || !work->d_outputs || !work->loss || !work->scratch) {
        workspace_clear(work);
        return ent_fail(ENT_ENOMEM, "model: no memory for a batch of %lld samples", (long long)samples);
    }
    work->samples = samples;
    return ENT_OK;
}

const double *ent_group_x(const ent_group *g, int64_t k, int m)
{
    const ent_samples *s = g->samples;
    const int modality = g->modality + m;
    const int64_t sample = g->index[k];
    if (s->absent[modality] && !(s->context[sample] >> modality & 1)) return s->absent[modality];
    return s->x[modality] ? s->x[modality] + sample * g->inp->reg[m].inputs : NULL;
}

bool ent_group_encoded(const ent_group *g, int64_t k, int m)
{
    const ent_samples *s = g->samples;
    const int modality = g->modality + m;
    return s->encoded >> modality & 1 && ent_group_x(g, k, m) != s->absent[modality];
}

void ent_group_loss(const ent_group *g, int64_t k)
{
    const ent_model_inp *inp = g->inp;
    const int64_t sample = g->index[k];
    double *d_outputs = g->d_outputs + k * inp->outputs, *outputs = g->outputs + k * inp->outputs;
    const double *offset = inp->squared ? NULL : g->samples->class_offset;
    for (int o = 0; o < inp->outputs && offset; o++) outputs[o] += offset[o];
    g->loss[k] = ent_loss(inp->squared, inp->outputs, outputs, inp->squared ? 0 : g->samples->category[sample],
                          inp->squared ? g->samples->value[sample] : 0.0, d_outputs);
    const double *weights = inp->squared ? NULL : g->samples->class_weight;
    const double weight = weights ? weights[g->samples->category[sample]] : 1.0;
    g->loss[k] *= weight;
    for (int o = 0; o < inp->outputs; o++) d_outputs[o] *= weight * g->share;
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

ent_status ent_model_groups(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                            const int64_t *pick, ent_group_visit *visit, void *context)
{
    ENT_TRY(workspace_grow(model, n));
    const workspace *work = &model->work;
    sort_by_context(model, samples, n, pick, work->order);
    for (int64_t first = 0, end; first < n; first = end) {
        const uint32_t modalities = ent_mask_context(&model->inp, samples->context[work->order[first]]);
        for (end = first + 1; end < n; end++)
            if (ent_mask_context(&model->inp, samples->context[work->order[end]]) != modalities) break;
        const ent_group g = {.inp = &model->inp,
                             .context = modalities,
                             .w = w,
                             .samples = samples,
                             .n = end - first,
                             .index = work->order + first,
                             .share = 1.0 / (double)n,
                             .outputs = work->outputs,
                             .d_outputs = work->d_outputs,
                             .loss = work->loss,
                             .scratch = work->scratch};
        ENT_TRY(visit(model, &g, context));
    }
    return ENT_OK;
}

const ent_kind *ent_model_kind_of(const ent_model *model, ent_body **body)
{
    *body = model->body;
    return model->kind;
}

/* Copy the group's outputs to the places of its samples. */
static ent_status predict_group(ent_model *model, const ent_group *g, void *outputs)
{
    const int width = g->inp->outputs;
    ENT_TRY(model->kind->predict(model->body, g));
    for (int64_t k = 0; k < g->n; k++)
        memcpy((double *)outputs + g->index[k] * width, g->outputs + k * width, (size_t)width * sizeof(double));
    return ENT_OK;
}

typedef struct {
    double loss, *gradient;
} sums;

static ent_status differentiate_group(ent_model *model, const ent_group *g, void *context)
{
    sums *to = context;
    return model->kind->gradient(model->body, g, &to->loss, to->gradient);
}

static ent_status on_one_thread(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                                const int64_t *pick, ent_group_visit *visit, void *context)
{
    if (!model->kind->blas) return ent_model_groups(model, w, samples, n, pick, visit, context);
    int threads;
    ENT_TRY(ent_blas_begin(&threads));
    const ent_status status = ent_model_groups(model, w, samples, n, pick, visit, context);
    ent_blas_end(threads);
    return status;
}

ent_status ent_model_gradient(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                              const int64_t *pick, double *loss, double *gradient)
{
    sums to = {0.0, gradient};
    const ent_device *device = samples->device ? samples->device : model->inp.device;
    if (device && device->gradient == ENT_GRADIENT_SPSA)
        return ent_spsa_gradient(model, w, samples, n, pick, loss, gradient);
    memset(gradient, 0, (size_t)ent_model_params(model) * sizeof *gradient);
    ENT_TRY(on_one_thread(model, w, samples, n, pick, differentiate_group, &to));
    *loss = to.loss;
    return ENT_OK;
}

/* By the kind's gradient, which applies the weights of the classes. */
ent_status ent_model_loss(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                          const int64_t *pick, double *loss)
{
    sums to = {0.0, ent_alloc(ent_model_params(model), sizeof(double))};
    ENT_REQUIRE(to.gradient, ENT_ENOMEM, "model: no memory for a gradient");
    const ent_status status = on_one_thread(model, w, samples, n, pick, differentiate_group, &to);
    ent_free(to.gradient);
    *loss = to.loss;
    return status;
}

ent_status ent_model_outputs(ent_model *model, const double *w, const ent_samples *samples, int64_t n,
                             const int64_t *pick, double *outputs)
{
    return on_one_thread(model, w, samples, n, pick, predict_group, outputs);
}

/* In pieces, so that memory does not grow with the data set. */
ent_status ent_model_predict(ent_model *model, const double *w, const ent_samples *samples, double *outputs)
{
    enum { PIECE = 4096 };
    for (int64_t first = 0; first < samples->n; first += PIECE) {
        int64_t pick[PIECE], n = samples->n - first < PIECE ? samples->n - first : PIECE;
        for (int64_t k = 0; k < n; k++) pick[k] = first + k;
        ENT_TRY(on_one_thread(model, w, samples, n, pick, predict_group, outputs));
    }
    return ENT_OK;
}
