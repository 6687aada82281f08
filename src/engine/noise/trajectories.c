/* Trajectories: the mean over a fixed number of runs of the whole state, each with one Kraus operator drawn per
 * channel.
 *
 * The operators are drawn with probabilities that do not depend on the state, so that values and gradients are
 * unbiased:
 *   depolarising       with probability p one of all Pauli strings on the gate's qubits, the identity among them
 *   phase damping l    Z with probability (1 - sqrt(1 - l)) / 2
 *   amplitude damping  K0 + K1 or K0 - K1 with probability 1/2 each: the same channel as K0 and K1; the norm of the
 *                      state is 1 only on average
 * A gradient has its own random numbers: its weights are computed from the mean values of other runs, so that the
 * expectation of a product of both is the product of their expectations.  Numbers are functions of (seed, the draw of
 * ent_program_draw, sample, run, channel).  Double in both precisions.  Cost: each run costs one of the reference
 * engine.  Source: Dalibard, Castin, Molmer 1992; Nielsen and Chuang, theorem 8.2 (freedom of the operators). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/engines.h"
#include "engine/noise/noise_engines.h"
#include "entente/memory.h"
#include "entente/random.h"

#define REAL     double
#define NAMED(x) x##_double
#include "engine/reference_state.h"

enum { MOST_READ_WRONG = 12 };
/* Undoing a run divides by sqrt(1 - g) after each damping: by at most this in total. */
static const double MOST_GROWTH = 1e8;

typedef enum { STEP_GATE, STEP_DEPOLARIZE, STEP_DEPHASE, STEP_DAMP } step_kind;

typedef struct {
    step_kind kind;
    ent_gate gate; /* the gate; for channels its qubits, the same one twice if there is only one */
    bool several;
    double strength; /* probability of a Pauli, or of Z; or g */
} step;

/* Add to readout r: factor times inner readout `inner`, or just factor if that is -1. */
typedef struct {
    int readout, inner;
    double factor;
} mix;

typedef struct {
    ent_circuit *circuit; /* without gates; its readouts are those of the runs */
    int readouts;
    int64_t steps, step_room, mixes, mix_room, channels;
    step *step;
    mix *mix;
    const ent_qubit_noise *noise; /* only while the plan is built */
    int runs;
    uint64_t seed;
    ent_draws draws;
    const double *params; /* of the current call */
} plan_of_runs;

typedef struct {
    state_double ket, bra;
    double *inner, *values, *inner_weights, *weights; /* of one sample */
} worker_of_runs;

static ent_status no_memory(void)
{
    return ent_fail(ENT_ENOMEM, "trajectories: no memory");
}

/* ---- plan ---- */

static ent_status add_step(plan_of_runs *p, step s)
{
    if (s.kind != STEP_GATE && s.strength == 0.0) return ENT_OK;
    if (!ent_grow((void **)&p->step, &p->step_room, p->steps, sizeof *p->step)) return no_memory();
    p->step[p->steps++] = s;
    p->channels += s.kind != STEP_GATE;
    return ENT_OK;
}

static ent_status add_damping(plan_of_runs *p, int qubit, const ent_gate_noise *n)
{
    step s = {.kind = STEP_DAMP, .gate = {.qubit = {qubit, qubit}}, .strength = n->amplitude_damping};
    ENT_TRY(add_step(p, s));
    s.kind = STEP_DEPHASE;
    s.strength = 0.5 * (1.0 - sqrt(1.0 - n->phase_damping));
    return add_step(p, s);
}

static ent_status add_gate(void *context, const ent_gate *gate)
{
    plan_of_runs *p = context;
    const int qubits = ent_gate_describe(gate->kind)->qubits;
    if (qubits == 0) return ent_qft_spell_out(gate, add_gate, p);
    const bool several = qubits == 2;
    const int a = gate->qubit[0], b = several ? gate->qubit[1] : a;
    const ent_qubit_noise *on_a = &p->noise[a], *on_b = &p->noise[b];
    const ent_gate_noise *after_a = several ? &on_a->after_2q : &on_a->after_1q;
    const ent_gate_noise *after_b = several ? &on_b->after_2q : &on_b->after_1q;
    ENT_TRY(add_step(p, (step){.kind = STEP_GATE, .gate = *gate}));
    ENT_TRY(add_step(p, (step){.kind = STEP_DEPOLARIZE,
                               .gate = {.qubit = {a, b}},
                               .several = several,
                               .strength = fmax(after_a->depolarizing, after_b->depolarizing)}));
    if (several) ENT_TRY(add_damping(p, b, after_b));
    return add_damping(p, a, after_a);
}

static ent_status check_growth(const plan_of_runs *p)
{
    double logarithm = 0.0;
    for (int64_t k = 0; k < p->steps; k++)
        if (p->step[k].kind == STEP_DAMP) logarithm -= 0.5 * log1p(-p->step[k].strength);
    ENT_REQUIRE(
        logarithm <= log(MOST_GROWTH), ENT_EARG,
        "trajectories: found amplitude damping that leaves exp(-%.3g) of an amplitude over the whole circuit, "
        "want at least %g for gradients",
        logarithm, 1.0 / MOST_GROWTH);
    return ENT_OK;
}

static ent_status add_mix(plan_of_runs *p, int readout, const ent_pauli *string, double factor)
{
    int inner = -1;
    if (factor == 0.0) return ENT_OK;
    if (ent_bits_last(ent_bits_or(string->x, string->z)) >= 0) {
        inner = p->circuit->readouts;
        ENT_TRY(ent_circuit_read_pauli(p->circuit, string));
    }
    if (!ent_grow((void **)&p->mix, &p->mix_room, p->mixes, sizeof *p->mix)) return no_memory();
    p->mix[p->mixes++] = (mix){readout, inner, factor};
    return ENT_OK;
}

/* The product of (1 - p01 - p10) P + (p10 - p01) over the qubits of a string, expanded. */
static ent_status add_readout(plan_of_runs *p, int readout, const ent_pauli *string)
{
    int wrong[MOST_READ_WRONG], count = 0;
    for (int q = 0; q < p->circuit->qubits; q++) {
        if (!ent_bits_has(&string->x, q) && !ent_bits_has(&string->z, q)) continue;
        if (p->noise[q].p01 == 0.0 && p->noise[q].p10 == 0.0) continue;
        ENT_REQUIRE(count < MOST_READ_WRONG, ENT_EARG,
                    "trajectories: found a readout of more than %d qubits with readout errors, want at most that",
                    MOST_READ_WRONG);
        wrong[count++] = q;
    }
    for (int choice = 0; choice < 1 << count; choice++) {
        ent_pauli rest = *string;
        double factor = 1.0;
        for (int k = 0; k < count; k++) {
            const ent_qubit_noise *n = &p->noise[wrong[k]];
            factor *= choice >> k & 1 ? n->p10 - n->p01 : 1.0 - n->p01 - n->p10;
            if (!(choice >> k & 1)) continue;
            rest.x.word[wrong[k] / 64] &= ~(UINT64_C(1) << (wrong[k] % 64));
            rest.z.word[wrong[k] / 64] &= ~(UINT64_C(1) << (wrong[k] % 64));
        }
        ENT_TRY(add_mix(p, readout, &rest, factor));
    }
    return ENT_OK;
}

static void plan_free(void *plan)
{
    plan_of_runs *p = plan;
    if (!p) return;
    ent_circuit_free(p->circuit);
    ent_free(p->step);
    ent_free(p->mix);
    ent_free(p);
}

static ent_status fill(plan_of_runs *p, const ent_circuit *circuit)
{
    ENT_TRY(ent_circuit_new(circuit->qubits, circuit->params, circuit->angles, &p->circuit));
    for (int64_t g = 0; g < circuit->gates; g++) ENT_TRY(add_gate(p, &circuit->gate[g]));
    for (int r = 0; r < circuit->readouts; r++) ENT_TRY(add_readout(p, r, &circuit->readout[r]));
    return check_growth(p);
}

static ent_status plan_new(const ent_circuit *circuit, const ent_program_inp *inp, ent_plan_facts *facts, void **out)
{
    ENT_REQUIRE(inp->noise->trajectories >= 1, ENT_EARG, "trajectories: found %d of them, want 1 or more",
                inp->noise->trajectories);
    plan_of_runs *p = ent_alloc(1, sizeof *p);
    if (!p) return no_memory();
    *p = (plan_of_runs){.readouts = circuit->readouts,
                        .noise = inp->noise->qubit,
                        .runs = inp->noise->trajectories,
                        .seed = inp->noise->seed};
    const ent_status status = fill(p, circuit);
    p->noise = NULL; /* it may be freed */
    if (status != ENT_OK) {
        plan_free(p);
        return status;
    }
    const double state = ent_state_bytes(circuit->qubits, ENT_DOUBLE);
    *facts = (ent_plan_facts){"trajectories", 1, circuit->params, {state, 2.0 * state}, false};
    *out = p;
    return ENT_OK;
}

static void worker_free(void *worker)
{
    worker_of_runs *w = worker;
    if (!w) return;
    clear_double(&w->ket);
    clear_double(&w->bra);
    ent_free(w->inner);
    ent_free(w->values);
    ent_free(w->inner_weights);
    ent_free(w->weights);
    ent_free(w);
}

static ent_status worker_back(const void *plan, void *worker)
{
    worker_of_runs *w = worker;
    if (w->bra.re) return ENT_OK;
    return init_double(((const plan_of_runs *)plan)->circuit->qubits, &w->bra) ? ENT_OK : no_memory();
}

static ent_status worker_new(const void *plan, void **out)
{
    const plan_of_runs *p = plan;
    worker_of_runs *w = ent_alloc(1, sizeof *w);
    if (!w) return no_memory();
    w->inner = ent_alloc(p->circuit->readouts, sizeof(double));
    w->inner_weights = ent_alloc(p->circuit->readouts, sizeof(double));
    w->values = ent_alloc(p->readouts, sizeof(double));
    w->weights = ent_alloc(p->readouts, sizeof(double));
    if (!w->inner || !w->inner_weights || !w->values || !w->weights || !init_double(p->circuit->qubits, &w->ket)) {
        worker_free(w);
        return no_memory();
    }
    *out = w;
    return ENT_OK;
}

static ent_status prepare(void *plan, const double *params)
{
    ((plan_of_runs *)plan)->params = params;
    return ENT_OK;
}

static void draw(void *plan, const ent_draws *draws)
{
    ((plan_of_runs *)plan)->draws = *draws;
}

/* ---- one run ---- */

/* The random numbers of one run: number k for channel k. */
typedef struct {
    ent_random stream;
    uint64_t first;
} numbers;

static numbers numbers_of(const plan_of_runs *p, int64_t sample, bool gradient, int run)
{
    const uint64_t at = ent_draws_number(&p->draws, sample);
    return (numbers){ent_random_at(p->seed, ENT_FOR_TRAJECTORY, p->draws.a, p->draws.b),
                     ((2 * at + gradient) * (uint64_t)p->runs + (uint64_t)run) * (uint64_t)p->channels};
}

static double number(const numbers *n, int64_t channel)
{
    return ((double)(ent_random_bits(&n->stream, n->first + (uint64_t)channel) >> 11) + 0.5) * 0x1p-53;
}

static void apply_pauli(state_double *s, int letter, int qubit)
{
    static const ent_gate_kind kinds[] = {ENT_X, ENT_Y, ENT_Z};
    double matrix[32];
    if (letter == 0) return;
    const ent_gate gate = {.kind = kinds[letter - 1], .qubit = {qubit, qubit}};
    const int d = ent_gate_matrix(gate.kind, 0.0, matrix);
    apply_double(s, &gate, matrix, d, 0);
}

/* The string that a depolarising channel applies: letters of qubit 0 and 1 in base 4; 0 for none. */
static int pauli_drawn(const step *s, double u)
{
    if (u >= s->strength) return 0;
    const int strings = s->several ? 16 : 4, k = (int)(u / s->strength * strings);
    return k < strings ? k : strings - 1;
}

typedef enum { ALONG, BACK_KET, BACK_BRA } direction;

/* K0 +- K1; backwards its inverse for the ket, its adjoint for the bra. */
static void apply_damping(state_double *s, const step *at, double u, direction way)
{
    const double g = at->strength, root = sqrt(1.0 - g), jump = u < 0.5 ? sqrt(g) : -sqrt(g);
    const double along[8] = {1.0, 0.0, jump, 0.0, 0.0, 0.0, root, 0.0};
    const double inverse[8] = {1.0, 0.0, -jump / root, 0.0, 0.0, 0.0, 1.0 / root, 0.0};
    apply_double(s, &at->gate, way == BACK_KET ? inverse : along, 2, way == BACK_BRA);
}

/* All channels but damping are their own inverse and adjoint, up to the order of two commuting letters. */
static void apply_channel(state_double *s, const step *at, double u, direction way)
{
    if (at->kind == STEP_DAMP) {
        apply_damping(s, at, u, way);
    } else if (at->kind == STEP_DEPHASE) {
        if (u < at->strength) apply_pauli(s, 3, at->gate.qubit[0]);
    } else {
        const int string = pauli_drawn(at, u);
        apply_pauli(s, string & 3, at->gate.qubit[0]);
        apply_pauli(s, string >> 2, at->gate.qubit[1]);
    }
}

static void run_forward(const plan_of_runs *p, const double *data, const numbers *n, state_double *ket)
{
    int64_t channel = 0;
    memset(ket->re, 0, (size_t)ket->amplitudes * sizeof *ket->re);
    memset(ket->im, 0, (size_t)ket->amplitudes * sizeof *ket->im);
    ket->re[0] = 1.0;
    for (int64_t k = 0; k < p->steps; k++) {
        const step *s = &p->step[k];
        double matrix[32];
        if (s->kind != STEP_GATE) {
            apply_channel(ket, s, number(n, channel++), ALONG);
            continue;
        }
        const int d = ent_gate_matrix(s->gate.kind, ent_angle_value(&s->gate.angle, p->params, data), matrix);
        apply_double(ket, &s->gate, matrix, d, 0);
    }
}

/* Backwards from ket and bra after the run; adds the derivatives times `share`. */
static void run_backward(const plan_of_runs *p, worker_of_runs *w, const double *data, const numbers *n, double share,
                         double *grad_params, double *grad_data)
{
    state_double *ket = &w->ket, *bra = &w->bra;
    int64_t channel = p->channels;
    for (int64_t k = p->steps - 1; k >= 0; k--) {
        const step *s = &p->step[k];
        const ent_angle *angle = &s->gate.angle;
        double matrix[32];
        if (s->kind != STEP_GATE) {
            const double u = number(n, --channel);
            apply_channel(ket, s, u, BACK_KET);
            apply_channel(bra, s, u, BACK_BRA);
            continue;
        }
        double *slots = angle->source == ENT_ANGLE_PARAM  ? grad_params
                        : angle->source == ENT_ANGLE_DATA ? grad_data
                                                          : NULL;
        if (slots) {
            const int d = ent_gate_generator(s->gate.kind, matrix);
            slots[angle->slot] += share * angle->scale * generator_double(ket, bra, &s->gate, matrix, d);
        }
        const int d = ent_gate_matrix(s->gate.kind, ent_angle_value(angle, p->params, data), matrix);
        apply_double(ket, &s->gate, matrix, d, 1);
        apply_double(bra, &s->gate, matrix, d, 1);
    }
}

/* ---- samples ---- */

/* values [readouts]: the mean over the runs. */
static void sample_forward(const plan_of_runs *p, worker_of_runs *w, const ent_batch *batch, int64_t sample,
                           double *values)
{
    memset(w->inner, 0, (size_t)p->circuit->readouts * sizeof *w->inner);
    for (int run = 0; run < p->runs; run++) {
        const numbers n = numbers_of(p, sample, false, run);
        run_forward(p, ent_sample_angles(batch, p->circuit->angles, sample), &n, &w->ket);
        for (int r = 0; r < p->circuit->readouts; r++)
            w->inner[r] += expectation_double(&p->circuit->readout[r], &w->ket);
    }
    for (int r = 0; r < p->readouts; r++) values[r] = 0.0;
    for (const mix *m = p->mix; m < p->mix + p->mixes; m++)
        values[m->readout] += m->inner < 0 ? m->factor : m->factor * (w->inner[m->inner] / p->runs);
}

static void forward(const void *plan, void *worker, const ent_batch *batch, int64_t first, int64_t count,
                    double *expectations)
{
    const plan_of_runs *p = plan;
    for (int64_t k = 0; k < count; k++) sample_forward(p, worker, batch, first + k, expectations + k * p->readouts);
}

static void gradient(const void *plan, void *worker, const ent_batch *batch, ent_chunk chunk, const ent_pull *pull,
                     double *partial, double *grad_angles)
{
    const plan_of_runs *p = plan;
    worker_of_runs *w = worker;
    for (int64_t k = chunk.first; k < chunk.first + chunk.count; k++) {
        const double *data = ent_sample_angles(batch, p->circuit->angles, k);
        double *grad_data = ent_sample_slopes(grad_angles, p->circuit->angles, k);
        sample_forward(p, w, batch, k, w->values);
        pull->cotangent(pull->context, k, 1, w->values, w->weights);
        memset(w->inner_weights, 0, (size_t)p->circuit->readouts * sizeof *w->inner_weights);
        for (const mix *m = p->mix; m < p->mix + p->mixes; m++)
            if (m->inner >= 0) w->inner_weights[m->inner] += m->factor * w->weights[m->readout];
        for (int run = 0; run < p->runs; run++) {
            const numbers n = numbers_of(p, k, true, run);
            run_forward(p, data, &n, &w->ket);
            observe_double(p->circuit, w->inner_weights, &w->ket, &w->bra);
            run_backward(p, w, data, &n, 1.0 / p->runs, partial, grad_data);
        }
    }
}

const ent_engine ent_engine_trajectories = {.name = "trajectories",
                                            .whole_state = 1,
                                            .worker_back = worker_back,
                                            .prepare = prepare,
                                            .draw = draw,
                                            ENT_ENGINE_FUNCTIONS};
