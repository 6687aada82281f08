/* A program: chunks of samples over threads, and sums of the chunks in the order of the batch.
 *
 * A chunk has a fixed number of samples and is computed by one thread in its own workspace.  Parameter gradients are
 * partial sums per chunk, added in the order of the chunks, so results do not depend on the number of threads. */
#include "engines.h"
#include "noise/noise_engines.h"
#include "shots.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <string.h>

#include "entente/memory.h"

struct ent_program {
    ent_shots *shots;     /* runs it instead of everything below, or NULL */
    const ent_team *team; /* with `handle`: runs it instead of an engine */
    void *handle;
    const ent_engine *engine;
    ent_plan_facts facts; /* of the plan */
    void *plan;
    int qubits, params, angles, readouts, threads, workers;
    void **worker;   /* [threads]; the first `workers` exist */
    double *partial; /* [partial_room] */
    int64_t partial_room;
    ent_program *few;    /* AUTO: the state engine for calls of few samples, or NULL */
    int64_t few_most[2]; /* the largest such number of samples: for a forward run, for a gradient */
    int ran, went_back;  /* whether the states have been touched: those of a forward run, and of a gradient */
};

double ent_state_bytes(int qubits, ent_precision precision)
{
    double bytes = 2.0 * (precision == ENT_SINGLE ? 4.0 : 8.0); /* re and im */
    for (int q = 0; q < qubits; q++) bytes *= 2.0;
    return bytes;
}

ent_status ent_engine_check_qubits(int qubits, ent_precision precision)
{
    char need[32];
    const double bytes = ent_state_bytes(qubits, precision);
    ENT_REQUIRE(qubits <= ENT_MAX_STATE_QUBITS, ENT_ENOMEM,
                "a circuit of %d qubits needs %.0f bytes (%s) for its state, more than any machine has", qubits,
                bytes, ent_bytes_text(bytes, need));
    return ENT_OK;
}

/* Whether a worker's states fit into free memory; once written to, they are no longer part of it. */
static ent_status check_memory(const ent_program *program, int gradient)
{
    const double *bytes = program->facts.bytes;
    const double there = (double)ent_memory_available_bytes(), held = program->ran ? bytes[0] : 0.0;
    if (bytes[gradient] - held <= there) return ENT_OK;
    return ent_memory_lacks(bytes[gradient], there + held, "%sa circuit of %d qubits",
                            gradient ? "the gradient of " : "", program->qubits);
}

/* *too_large: the states do not fit, so that another engine may still run; not set if an allocation fails. */
static ent_status plan_for(ent_program *program, const ent_engine *engine, const ent_circuit *circuit,
                           const ent_program_inp *inp, bool *too_large)
{
    program->engine = engine;
    *too_large = engine->whole_state && circuit->qubits > ENT_MAX_STATE_QUBITS;
    if (*too_large) return ent_engine_check_qubits(circuit->qubits, inp->precision);
    ENT_TRY(engine->plan_new(circuit, inp, &program->facts, &program->plan));
    const ent_status status = check_memory(program, 0);
    if (status != ENT_OK) {
        *too_large = true;
        engine->plan_free(program->plan);
        program->plan = NULL;
    }
    return status;
}

/* From this number of qubits on, one sample on all threads, in blocks, is faster than samples side by side. */
enum { STATE_FROM_QUBITS = 17 };

/* AUTO, for one register or several joined ones: try one engine after another. */
static ent_status plan_by_size(ent_program *program, const ent_circuit *circuit, const ent_program_inp *inp)
{
    const ent_engine *const order[] = {&ent_engine_state, &ent_engine_batch, &ent_engine_reference};
    ent_status status = ENT_OK;
    for (int k = circuit->qubits >= STATE_FROM_QUBITS ? 0 : 1; k < 3; k++) {
        bool too_large;
        status = plan_for(program, order[k], circuit, inp, &too_large);
        if (status == ENT_OK || (status == ENT_ENOMEM && !too_large)) break;
    }
    return status;
}

static ent_status plan_by_cost(ent_program *program, const ent_circuit *circuit, const ent_program_inp *inp,
                               const ent_engine_weight *weight)
{
    bool too_large;
    if (ent_engine_takes_pauli(circuit, weight)) {
        const ent_status status = plan_for(program, &ent_engine_pauli, circuit, inp, &too_large);
        if (status == ENT_OK || (status == ENT_ENOMEM && !too_large)) return status;
    }
    const ent_status status = plan_by_size(program, circuit, inp);
    return status != ENT_OK && *weight->reason ? ent_fail_in(status, "%s; and as a whole state", weight->reason)
                                               : status;
}

/* With noise: exact if possible, else by trajectories. */
static ent_status plan_noisy(ent_program *program, const ent_circuit *circuit, const ent_program_inp *inp)
{
    const char *isa;
    bool too_large = false;
    ENT_TRY(ent_isa_pick(inp->isa, &isa));
    ENT_REQUIRE(inp->engine == ENT_ENGINE_AUTO, ENT_EARG,
                "noise: found an engine that runs pure states, want engine auto, which takes density matrices or "
                "trajectories");
    if (inp->noise->method == ENT_NOISE_TRAJECTORIES)
        return plan_for(program, &ent_engine_trajectories, circuit, inp, &too_large);
    const ent_status status = plan_for(program, &ent_engine_noise, circuit, inp, &too_large);
    const bool other = status == ENT_EARG || (status == ENT_ENOMEM && too_large);
    if (inp->noise->method == ENT_NOISE_DENSITY || !other) return status;
    return plan_for(program, &ent_engine_trajectories, circuit, inp, &too_large);
}

static ent_status make_plan(ent_program *program, const ent_circuit *circuit, const ent_program_inp *inp,
                            const ent_engine_weight *weight)
{
    const char *isa;
    bool too_large;
    if (inp->noise) return plan_noisy(program, circuit, inp);
    ENT_TRY(ent_isa_pick(inp->isa, &isa)); /* even if the engine does not use it */
    switch (inp->engine) {
    case ENT_ENGINE_REFERENCE:
        return plan_for(program, &ent_engine_reference, circuit, inp, &too_large);
    case ENT_ENGINE_BATCH:
        return plan_for(program, &ent_engine_batch, circuit, inp, &too_large);
    case ENT_ENGINE_STATE:
        return plan_for(program, &ent_engine_state, circuit, inp, &too_large);
    case ENT_ENGINE_PAULI:
        return plan_for(program, &ent_engine_pauli, circuit, inp, &too_large);
    default:
        return plan_by_cost(program, circuit, inp, weight);
    }
}

/* AUTO chose the batch engine, whose lanes are samples and not filled by few of them: find the number of samples up
 * to which one after another on the state engine, whose lanes are amplitudes, is faster.  At most one group of the
 * batch engine. */
static ent_status plan_few(ent_program *program, const ent_circuit *circuit, const ent_program_inp *inp)
{
    if (program->engine != &ent_engine_batch || circuit->qubits >= STATE_FROM_QUBITS) return ENT_OK;
    ent_program_inp state = *inp;
    state.engine = ENT_ENGINE_STATE;
    state.team = NULL;
    ENT_TRY(ent_program_new(circuit, &state, &program->few));
    double group[2], one[2];
    int samples, single;
    program->engine->cost(program->plan, group, &samples);
    program->few->engine->cost(program->few->plan, one, &single);
    for (int k = inp->steady; k < 2; k++) program->few_most[k] = (int64_t)fmin(group[k] / one[k], samples);
    if (program->few_most[0] > 0 || program->few_most[1] > 0) return ENT_OK;
    ent_program_free(program->few);
    program->few = NULL;
    return ENT_OK;
}

/* Noise of strength 0 is no noise. */
static ent_status without_idle_noise(const ent_circuit *circuit, ent_program_inp *inp)
{
    if (!inp->noise) return ENT_OK;
    ENT_TRY(ent_noise_check(inp->noise->qubit, circuit->qubits));
    if (ent_noise_is_none(inp->noise->qubit, circuit->qubits)) inp->noise = NULL;
    return ENT_OK;
}

static ent_status program_of_shots(const ent_circuit *circuit, const ent_program_inp *inp, ent_program **out)
{
    ent_program *program = ent_alloc(1, sizeof *program);
    ENT_REQUIRE(program, ENT_ENOMEM, "program: no memory");
    *program = (ent_program){.qubits = circuit->qubits, .angles = circuit->angles, .readouts = circuit->readouts};
    const ent_status status = ent_shots_new(circuit, inp, &program->shots);
    if (status != ENT_OK) {
        ent_program_free(program);
        return status;
    }
    *out = program;
    return ENT_OK;
}

ent_status ent_program_new(const ent_circuit *circuit, const ent_program_inp *given, ent_program **out)
{
    ent_program_inp own = *given, *inp = &own;
    ENT_TRY(without_idle_noise(circuit, inp));
    if (inp->shots != 0 || inp->shot_gradient == ENT_SHOTS_SHIFT) return program_of_shots(circuit, inp, out);
    ent_program *program = ent_alloc(1, sizeof *program);
    ENT_REQUIRE(program, ENT_ENOMEM, "program: no memory");
    *program = (ent_program){.qubits = circuit->qubits,
                             .params = circuit->params,
                             .angles = circuit->angles,
                             .readouts = circuit->readouts,
                             .threads = inp->threads > 0 ? inp->threads : omp_get_max_threads()};
    ent_engine_weight weight = {.pauli = INFINITY};
    const bool weigh = !inp->noise && inp->engine == ENT_ENGINE_AUTO && circuit->registers > 1;
    ent_status status = weigh ? ent_engine_weigh(circuit, false, &weight) : ENT_OK;
    const bool apart = inp->engine == ENT_ENGINE_PAULI || ent_engine_takes_pauli(circuit, &weight);
    if (status == ENT_OK && inp->team && !inp->noise)
        status = inp->team->open(inp->team, circuit, inp, apart, &program->handle);
    program->team = inp->team;
    if (status == ENT_OK && !program->handle) {
        status = make_plan(program, circuit, inp, &weight);
        if (status == ENT_OK && inp->engine == ENT_ENGINE_AUTO) status = plan_few(program, circuit, inp);
    }
    if (status == ENT_OK) {
        program->worker = ent_alloc(program->threads, sizeof *program->worker);
        if (!program->worker) status = ent_fail(ENT_ENOMEM, "program: no memory");
    }
    if (status != ENT_OK) {
        ent_program_free(program);
        return status;
    }
    *out = program;
    return ENT_OK;
}

void ent_program_free(ent_program *program)
{
    if (!program) return;
    for (int t = 0; t < program->workers; t++) program->engine->worker_free(program->worker[t]);
    ent_free(program->worker);
    ent_free(program->partial);
    if (program->plan) program->engine->plan_free(program->plan);
    if (program->handle) program->team->close(program->handle);
    ent_program_free(program->few);
    ent_shots_free(program->shots);
    ent_free(program);
}

const char *ent_program_engine(const ent_program *program)
{
    if (program->shots) return ent_shots_describe(program->shots);
    return program->handle ? program->team->describe(program->handle) : program->facts.name;
}

void ent_program_draw(ent_program *program, const ent_draws *draws)
{
    if (program->shots) ent_shots_draw(program->shots, draws);
    if (program->engine && program->engine->draw) program->engine->draw(program->plan, draws);
}

void ent_program_passes(const ent_program *program, int passes[2])
{
    passes[0] = passes[1] = 0;
    if (program->engine && program->engine->passes) program->engine->passes(program->plan, passes);
}

/* The number of threads that `chunks` chunks can use; creates their workspaces, on one thread. */
static ent_status make_workers(ent_program *program, int64_t chunks, int *threads)
{
    *threads = chunks < program->threads ? (int)chunks : program->threads;
    if (program->facts.inner_threads) *threads = 1;
    while (program->workers < *threads) {
        void *worker;
        ENT_TRY(program->engine->worker_new(program->plan, &worker));
        program->worker[program->workers++] = worker;
    }
    return ENT_OK;
}

/* The same for a gradient. */
static ent_status make_workers_back(ent_program *program, int64_t chunks, int *threads)
{
    if (!program->went_back) ENT_TRY(check_memory(program, 1));
    ENT_TRY(make_workers(program, chunks, threads));
    for (int t = 0; t < *threads && program->engine->worker_back; t++)
        ENT_TRY(program->engine->worker_back(program->plan, program->worker[t]));
    program->ran = program->went_back = 1;
    return ENT_OK;
}

static ent_status make_partials(ent_program *program, int64_t count)
{
    if (!program->partial || count > program->partial_room) {
        ent_free(program->partial);
        program->partial_room = 0;
        program->partial = ent_alloc(count, sizeof(double));
        ENT_REQUIRE(program->partial, ENT_ENOMEM, "gradient sums of %lld numbers: no memory", (long long)count);
        program->partial_room = count;
    } else if (count > 0) {
        memset(program->partial, 0, (size_t)count * sizeof(double));
    }
    return ENT_OK;
}

static int64_t chunk_count(const ent_program *program, int64_t samples)
{
    const int chunk = program->facts.chunk;
    return (samples + chunk - 1) / chunk;
}

static void forward_chunk(const ent_program *program, int worker, const ent_batch *batch, int64_t first,
                          double *expectations)
{
    const int64_t chunk = program->facts.chunk, left = batch->samples - first;
    program->engine->forward(program->plan, program->worker[worker], batch, first, left < chunk ? left : chunk,
                             expectations + first * program->readouts);
}

ent_status ent_program_forward(ent_program *program, const ent_batch *batch, double *expectations)
{
    if (program->readouts == 0 || batch->samples == 0) return ENT_OK;
    if (program->shots) return ent_shots_forward(program->shots, batch, expectations);
    if (program->handle) return program->team->forward(program->handle, batch, expectations);
    if (batch->samples <= program->few_most[0]) return ent_program_forward(program->few, batch, expectations);
    const ent_engine *engine = program->engine;
    const int64_t chunk = program->facts.chunk, chunks = chunk_count(program, batch->samples);
    int threads;
    ENT_TRY(make_workers(program, chunks, &threads));
    if (engine->prepare) ENT_TRY(engine->prepare(program->plan, batch->params));
    program->ran = 1;
    if (threads == 1) { /* a parallel region of one thread costs as much as a circuit of one qubit */
        for (int64_t c = 0; c < chunks; c++) forward_chunk(program, 0, batch, c * chunk, expectations);
        return ENT_OK;
    }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int64_t c = 0; c < chunks; c++) forward_chunk(program, omp_get_thread_num(), batch, c * chunk, expectations);
    return ENT_OK;
}

typedef struct {
    ent_pull pull;
    double *grad_angles;
    int64_t partials;
} gradient_out;

static void gradient_chunk(const ent_program *program, int worker, const ent_batch *batch, int64_t c,
                           const gradient_out *out)
{
    const int64_t chunk = program->facts.chunk, left = batch->samples - c * chunk;
    program->engine->gradient(program->plan, program->worker[worker], batch,
                              (ent_chunk){c * chunk, left < chunk ? left : chunk}, &out->pull,
                              program->partial + c * out->partials, out->grad_angles);
}

ent_status ent_program_gradient(ent_program *program, const ent_batch *batch, ent_cotangent *cotangent, void *context,
                                double *grad_params, double *grad_angles)
{
    if (program->readouts == 0 || batch->samples == 0) {
        if (grad_angles) memset(grad_angles, 0, (size_t)(batch->samples * program->angles) * sizeof(double));
        return ENT_OK;
    }
    if (program->shots)
        return ent_shots_gradient(program->shots, batch, cotangent, context, grad_params, grad_angles);
    if (program->handle)
        return program->team->gradient(program->handle, batch, cotangent, context, grad_params, grad_angles);
    if (batch->samples <= program->few_most[1])
        return ent_program_gradient(program->few, batch, cotangent, context, grad_params, grad_angles);
    const ent_engine *engine = program->engine;
    const int64_t chunks = chunk_count(program, batch->samples);
    const int64_t partials = program->facts.partials;
    int threads;
    ENT_TRY(make_workers_back(program, chunks, &threads));
    ENT_TRY(make_partials(program, chunks * partials));
    if (engine->prepare) ENT_TRY(engine->prepare(program->plan, batch->params));
    if (grad_angles) memset(grad_angles, 0, (size_t)(batch->samples * program->angles) * sizeof(double));
    const gradient_out out = {{cotangent, context}, grad_angles, partials};
    if (threads == 1)
        for (int64_t c = 0; c < chunks; c++) gradient_chunk(program, 0, batch, c, &out);
    else
#pragma omp parallel for schedule(dynamic) num_threads(threads)
        for (int64_t c = 0; c < chunks; c++) gradient_chunk(program, omp_get_thread_num(), batch, c, &out);
    for (int64_t c = 1; c < chunks; c++)
        for (int64_t k = 0; k < partials; k++) program->partial[k] += program->partial[c * partials + k];
    for (int k = 0; k < program->params; k++) grad_params[k] += program->partial[k];
    if (engine->collect) engine->collect(program->plan, program->partial + program->params, grad_params);
    return ENT_OK;
}
