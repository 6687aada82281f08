/* Rotosolve: moves one angle after the other to the minimum of the loss.
 *
 * Exact: a rotation's angle t enters its channel, including the noise after it, through 1, cos t and sin t (that of a
 * controlled rotation also through cos t/2 and sin t/2), and the outputs of a model are linear in the readouts.  So
 * every output of every sample is a trigonometric polynomial in the angle, of degree D in its unit frequency (1, or
 * 1/2 if a controlled rotation uses the angle): D = 1 for one rotation, 2 for one controlled rotation, and the sum of
 * these if several gates use it.  Runs at 2 D + 1 points that divide the period evenly give its coefficients, exactly
 * except for rounding (and for shots or trajectories, if any).
 * Not exact: the loss is not a sinusoid of the angle, because cross-entropy is not linear in the outputs.  Its
 * minimum is the best point of a grid, with GRID points per run, refined to the nearby root of its derivative.
 * Cost: 2 D + 1 forward runs of the batch for each angle. */
#include <math.h>
#include <string.h>

#include "entente/memory.h"
#include "model.h"

enum { GRID = 8, MOST_STEPS = 60 };

static const double PI = 3.14159265358979323846;

/* How an angle enters the circuit. */
typedef struct {
    int degree;  /* in `unit`; 0: no gate uses it */
    double unit; /* frequency */
} dependence;

/* ---- which angles can be solved for ---- */

static bool is_controlled(ent_gate_kind kind)
{
    return kind == ENT_CRX || kind == ENT_CRY || kind == ENT_CRZ;
}

/* of [params]; *odd: a parameter with a factor that is not a whole number, or -1. */
static void find_dependence(const ent_circuit *circuit, dependence *of, int *odd)
{
    *odd = -1;
    for (int k = 0; k < circuit->params; k++) of[k] = (dependence){0, 1.0};
    for (int64_t g = 0; g < circuit->gates; g++) {
        const ent_gate *gate = &circuit->gate[g];
        if (gate->angle.source != ENT_ANGLE_PARAM) continue;
        dependence *d = &of[gate->angle.slot];
        const double factor = fabs(gate->angle.scale);
        if (factor != floor(factor) || factor > ENT_MAX_SOLVED) {
            *odd = gate->angle.slot;
            return;
        }
        if (is_controlled(gate->kind) && d->unit == 1.0) *d = (dependence){2 * d->degree, 0.5};
        if (d->degree <= 2 * ENT_MAX_SOLVED) d->degree += (int)(factor / d->unit);
    }
}

static const ent_block *block_of(const ent_model *model, int param)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(model, &block);
    for (int b = 0; b < blocks; b++)
        if (param >= block[b].first && param < block[b].first + block[b].count) return &block[b];
    return NULL;
}

/* of [params], allocated. */
static ent_status depend(ent_model *model, dependence **of)
{
    const ent_model_inp *inp = ent_model_description(model);
    ent_circuit *circuit;
    int odd;
    ENT_TRY(ent_model_circuit(inp, (UINT32_C(1) << inp->registers) - 1, &circuit));
    *of = ent_alloc(circuit->params, sizeof **of);
    if (!*of) {
        ent_circuit_free(circuit);
        return ent_fail(ENT_ENOMEM, "rotosolve: no memory");
    }
    find_dependence(circuit, *of, &odd);
    const int params = circuit->params;
    ent_circuit_free(circuit);
    for (int k = 0; k < params && odd < 0; k++)
        if ((*of)[k].degree * (*of)[k].unit > ENT_MAX_SOLVED) odd = k;
    if (odd < 0) return ENT_OK;
    ent_free(*of);
    *of = NULL;
    const ent_block *block = block_of(model, odd);
    return ent_fail(
        ENT_EARG,
        "angle %d of '%s': gates use it with a factor that is not a whole number, or more than %d times, which "
        "rotosolve cannot solve for",
        odd - block->first, block->name, ENT_MAX_SOLVED);
}

ent_status ent_model_rotosolve_check(ent_model *model)
{
    dependence *of;
    ENT_TRY(depend(model, &of));
    ent_free(of);
    return ENT_OK;
}

/* ---- the loss as a function of one angle ---- */

typedef struct {
    ent_model *model;
    const ent_samples *samples;
    const int64_t *pick;
    int64_t n;
    int outputs;
    uint64_t runs;           /* so far, for their random numbers */
    double *place;           /* [samples n][outputs] of one run */
    double *sampled;         /* [2 degree + 1][n][outputs] */
    double *polynomial;      /* [2 degree + 1][n][outputs]: constant, then cosine and sine of each frequency */
    double *basis, *d_basis; /* [2 degree + 1] */
    double *output, *d_output, *slope; /* [outputs] */
} search;

static void search_clear(search *s)
{
    ent_free(s->place);
    ent_free(s->sampled);
    ent_free(s->polynomial);
    ent_free(s->basis);
    ent_free(s->d_basis);
    ent_free(s->output);
    ent_free(s->d_output);
    ent_free(s->slope);
}

static ent_status search_make(search *s, int degree)
{
    const int64_t width = s->n * s->outputs, points = 2 * degree + 1;
    s->place = ent_alloc(s->samples->n * s->outputs, sizeof(double));
    s->sampled = ent_alloc(points * width, sizeof(double));
    s->polynomial = ent_alloc(points * width, sizeof(double));
    s->basis = ent_alloc(points, sizeof(double));
    s->d_basis = ent_alloc(points, sizeof(double));
    s->output = ent_alloc(s->outputs, sizeof(double));
    s->d_output = ent_alloc(s->outputs, sizeof(double));
    s->slope = ent_alloc(s->outputs, sizeof(double));
    ENT_REQUIRE(s->place && s->sampled && s->polynomial && s->basis && s->d_basis && s->output && s->d_output &&
                    s->slope,
                ENT_ENOMEM, "rotosolve: no memory for %lld samples", (long long)s->n);
    return ENT_OK;
}

static int64_t sample_at(const search *s, int64_t k)
{
    return s->pick ? s->pick[k] : k;
}

static ent_status run_at(search *s, const double *w, double *outputs)
{
    ent_samples seen = *s->samples;
    seen.draw[1] ^= ++s->runs << 32;
    ENT_TRY(ent_model_outputs(s->model, w, &seen, s->n, s->pick, s->place));
    for (int64_t k = 0; k < s->n; k++)
        memcpy(outputs + k * s->outputs, s->place + sample_at(s, k) * s->outputs,
               (size_t)s->outputs * sizeof *outputs);
    return ENT_OK;
}

/* 1, cos x, sin x, cos 2x, ...; or their derivatives. */
static void make_basis(int degree, double x, bool derivative, double *basis)
{
    basis[0] = derivative ? 0.0 : 1.0;
    for (int d = 1; d <= degree; d++) {
        basis[2 * d - 1] = derivative ? -d * sin(d * x) : cos(d * x);
        basis[2 * d] = derivative ? d * cos(d * x) : sin(d * x);
    }
}

/* The polynomials in unit * (angle - w[param]). */
static ent_status sample_angle(search *s, const dependence *by, int param, double *w)
{
    const int points = 2 * by->degree + 1;
    const int64_t width = s->n * s->outputs;
    const double there = w[param];
    for (int j = 0; j < points; j++) {
        w[param] = there + 2.0 * PI * j / points / by->unit;
        const ent_status status = run_at(s, w, s->sampled + j * width);
        w[param] = there;
        ENT_TRY(status);
    }
    memset(s->polynomial, 0, (size_t)(points * width) * sizeof *s->polynomial);
    for (int j = 0; j < points; j++) {
        make_basis(by->degree, 2.0 * PI * j / points, false, s->basis);
        for (int d = 0; d < points; d++) {
            const double factor = s->basis[d] * (d == 0 ? 1.0 : 2.0) / points;
            for (int64_t k = 0; k < width; k++) s->polynomial[d * width + k] += factor * s->sampled[j * width + k];
        }
    }
    return ENT_OK;
}

/* to [outputs] of pick k. */
static void evaluate(const search *s, const double *basis, int points, int64_t k, double *to)
{
    const int64_t width = s->n * s->outputs;
    for (int o = 0; o < s->outputs; o++) {
        to[o] = 0.0;
        for (int d = 0; d < points; d++) to[o] += basis[d] * s->polynomial[d * width + k * s->outputs + o];
    }
}

static double loss_of(const search *s, int64_t k)
{
    const ent_samples *samples = s->samples;
    const bool squared = ent_model_description(s->model)->squared;
    const int64_t sample = sample_at(s, k);
    const int32_t category = squared ? 0 : samples->category[sample];
    const double weight = squared || !samples->class_weight ? 1.0 : samples->class_weight[category];
    const double loss =
        ent_loss(squared, s->outputs, s->output, category, squared ? samples->value[sample] : 0.0, s->d_output);
    for (int o = 0; o < s->outputs; o++) s->d_output[o] *= weight;
    return weight * loss;
}

/* The mean loss at x = unit * (angle - current angle), or its derivative. */
static double mean_loss(search *s, const dependence *by, double x, bool derivative)
{
    const int points = 2 * by->degree + 1;
    double sum = 0.0;
    make_basis(by->degree, x, false, s->basis);
    make_basis(by->degree, x, true, s->d_basis);
    for (int64_t k = 0; k < s->n; k++) {
        evaluate(s, s->basis, points, k, s->output);
        const double loss = loss_of(s, k);
        if (!derivative) {
            sum += loss;
            continue;
        }
        evaluate(s, s->d_basis, points, k, s->slope);
        for (int o = 0; o < s->outputs; o++) sum += s->d_output[o] * s->slope[o];
    }
    return sum / (double)s->n;
}

/* The root of the derivative between x, where it is not 0, and its neighbour downhill: false position, with the value
 * at an end that stays twice halved (Dowell and Jarratt 1971, the Illinois algorithm). */
static double find_root(search *s, const dependence *by, double x, double step)
{
    const double slope = mean_loss(s, by, x, true);
    double low = slope > 0.0 ? x - step : x, high = slope > 0.0 ? x : x + step;
    double at_low = slope > 0.0 ? mean_loss(s, by, low, true) : slope;
    double at_high = slope > 0.0 ? slope : mean_loss(s, by, high, true);
    if (!(at_low < 0.0 && at_high > 0.0)) return x;
    double root = x;
    for (int k = 0, stays = 0; k < MOST_STEPS; k++) {
        const double before = root;
        root = low + (high - low) * (at_low / (at_low - at_high));
        const double there = mean_loss(s, by, root, true);
        if (there == 0.0 || root == before || root <= low || root >= high) break;
        if (there < 0.0) {
            low = root;
            at_low = there;
            at_high *= stays > 0 ? 0.5 : 1.0;
            stays = 1;
        } else {
            high = root;
            at_high = there;
            at_low *= stays < 0 ? 0.5 : 1.0;
            stays = -1;
        }
    }
    return root;
}

/* The x within half a period of 0 at which the loss is smallest; 0 unless it is smaller elsewhere. */
static double find_minimum(search *s, const dependence *by)
{
    const int points = GRID * (2 * by->degree + 1);
    const double step = 2.0 * PI / points, now = mean_loss(s, by, 0.0, false);
    double best = 0.0, least = now;
    for (int j = 1; j < points; j++) {
        const double x = step * (j <= points / 2 ? j : j - points), loss = mean_loss(s, by, x, false);
        if (loss < least) {
            least = loss;
            best = x;
        }
    }
    const double found = remainder(find_root(s, by, best, step), 2.0 * PI);
    return mean_loss(s, by, found, false) < now ? found : 0.0;
}

/* ---- the sweep ---- */

static ent_status sweep(search *s, const dependence *of, const uint8_t *trains, double *w)
{
    const ent_block *block;
    const int blocks = ent_model_blocks(s->model, &block);
    for (int b = 0; b < blocks; b++) {
        if (!trains[b] || (block[b].role != ENT_ROLE_CIRCUIT && block[b].role != ENT_ROLE_FUSION)) continue;
        for (int k = block[b].first; k < block[b].first + block[b].count; k++) {
            if (of[k].degree == 0) continue;
            ENT_TRY(sample_angle(s, &of[k], k, w));
            w[k] += find_minimum(s, &of[k]) / of[k].unit;
        }
    }
    return ENT_OK;
}

ent_status ent_model_rotosolve(ent_model *model, const ent_samples *samples, int64_t n, const int64_t *pick,
                               const uint8_t *trains, double *w)
{
    dependence *of;
    int most = 0;
    search s = {
        .model = model, .samples = samples, .pick = pick, .n = n, .outputs = ent_model_description(model)->outputs};
    ENT_TRY(depend(model, &of));
    for (int k = 0; k < ent_model_params(model); k++) most = of[k].degree > most ? of[k].degree : most;
    ent_status status = search_make(&s, most);
    if (status == ENT_OK) status = sweep(&s, of, trains, w);
    search_clear(&s);
    ent_free(of);
    return status;
}
