/* The operations of a form for LANES samples, and their derivatives.  Compiled once for each instruction set and
 * precision, with REAL, VECTOR_BYTES and TABLE (the name of what it defines) given by the build. */
#include "engine/lower/vector.h"
#include "engine/pauli/pauli_kernels.h"

/* ---- forward ---- */

/* Of LANES samples, of which those beyond count are copies of the last one. */
static void load_wave(const pauli_plan *plan, const pauli_wave *wave, const double *angles, int count, vec *node)
{
    const pauli_angle *angle = &plan->late.angle[wave->angle];
    wide t;
    for (int l = 0; l < LANES; l++) {
        t[l] = angle->scale * angles[angle->slot] + angle->offset;
        angles += l + 1 < count ? plan->angles : 0;
    }
    vec *at = node + wave->node;
    sines_cosines(&t, &at[PAULI_WAVE_SIN], &at[PAULI_WAVE_COS]);
    at[PAULI_WAVE_MINUS_SIN] = -at[PAULI_WAVE_SIN];
}

static void load(const pauli_plan *plan, const pauli_worker *w, const double *angles, int count)
{
    vec *node = w->node;
    node[0] = (vec){0} + (REAL)1;
    for (int64_t k = 0; k < plan->form.atoms; k++) {
        const pauli_input *input = &plan->input[k];
        if (input->value < 0)
            node[input->node] = (vec){0} + (REAL)input->sign;
        else
            node[input->node] = (REAL)input->sign * ((const vec *)w->value[input->part])[input->value];
    }
    for (int64_t k = 0; k < plan->form.waves; k++) load_wave(plan, &plan->form.wave[k], angles, count, node);
}

static vec sum(const pauli_plan *plan, const pauli_op *op, const vec *node)
{
    const REAL *coefficient = (const REAL *)plan->coefficient + op->a;
    const pauli_entry *entry = plan->form.entry + op->a;
    vec even = {0}, odd = {0};
    int k = 0;
    for (; k + 1 < op->b; k += 2) {
        even += coefficient[k] * node[entry[k].node];
        odd += coefficient[k + 1] * node[entry[k + 1].node];
    }
    if (k < op->b) even += coefficient[k] * node[entry[k].node];
    return even + odd;
}

static void forward(const pauli_plan *plan, pauli_worker *w, const double *angles, int count, double *expectations)
{
    vec *node = w->node;
    load(plan, w, angles, count);
    for (const pauli_op *op = plan->form.op; op < plan->form.op + plan->form.ops; op++) switch (op->kind) {
        case PAULI_TIMES:
            node[op->out] = node[op->a] * node[op->b];
            break;
        case PAULI_SUM:
            node[op->out] = sum(plan, op, node);
            break;
        case PAULI_COMPLEX:
            node[op->out + 1] = node[op->a] * node[op->d] + node[op->b] * node[op->c];
            node[op->out] = node[op->a] * node[op->c] - node[op->b] * node[op->d];
            break;
        case PAULI_REAL:
            node[op->out] = node[op->a] * node[op->c] - node[op->b] * node[op->d];
            break;
        }
    for (int r = 0; r < plan->readouts; r++) {
        const vec value = node[plan->form.readout[r]];
        for (int l = 0; l < count; l++) expectations[l * plan->readouts + r] = (double)value[l];
    }
}

/* ---- back ---- */

/* Entries of bar are set to zero once they are read, so that all are zero at the end. */
static vec take(vec *bar, int node)
{
    const vec value = bar[node];
    bar[node] = (vec){0};
    return value;
}

static void sum_back(const pauli_plan *plan, const pauli_op *op, const vec *node, vec *bar, vec *slope)
{
    const REAL *coefficient = (const REAL *)plan->coefficient + op->a;
    const pauli_entry *entry = plan->form.entry + op->a;
    const vec by = take(bar, op->out);
    for (int k = 0; k < op->b; k++) {
        slope[op->a + k] += by * node[entry[k].node];
        bar[entry[k].node] += coefficient[k] * by;
    }
}

/* From the derivatives with respect to the real and the imaginary part to those with respect to the factors. */
static void complex_back(const pauli_op *op, const vec *re, const vec *im, const vec *node, vec *bar)
{
    const vec a = node[op->a], b = node[op->b], c = node[op->c], d = node[op->d];
    bar[op->a] += *re * c + *im * d;
    bar[op->b] += *im * c - *re * d;
    bar[op->c] += *re * a + *im * b;
    bar[op->d] += *im * a - *re * b;
}

static void operate_back(const pauli_plan *plan, const pauli_op *op, const vec *node, vec *bar, vec *slope)
{
    const vec none = {0};
    vec re, im;
    switch (op->kind) {
    case PAULI_TIMES:
        re = take(bar, op->out);
        bar[op->a] += re * node[op->b];
        bar[op->b] += re * node[op->a];
        break;
    case PAULI_SUM:
        sum_back(plan, op, node, bar, slope);
        break;
    case PAULI_COMPLEX:
        re = take(bar, op->out);
        im = take(bar, op->out + 1);
        complex_back(op, &re, &im, node, bar);
        break;
    case PAULI_REAL:
        re = take(bar, op->out);
        complex_back(op, &re, &none, node, bar);
        break;
    }
}

static void wave_back(const pauli_plan *plan, int64_t k, int count, pauli_worker *w)
{
    const pauli_wave *wave = &plan->form.wave[k];
    const vec *node = (const vec *)w->node + wave->node;
    vec *bar = w->bar;
    const vec by_cos = take(bar, wave->node + PAULI_WAVE_COS), by_sin = take(bar, wave->node + PAULI_WAVE_SIN),
              by_minus_sin = take(bar, wave->node + PAULI_WAVE_MINUS_SIN);
    const vec slope = node[PAULI_WAVE_COS] * (by_sin - by_minus_sin) - node[PAULI_WAVE_SIN] * by_cos;
    for (int l = 0; l < count; l++) w->wave[l * plan->form.waves + k] = (double)slope[l];
}

static void backward(const pauli_plan *plan, pauli_worker *w, int count, const double *weights)
{
    vec *bar = w->bar;
    for (int r = 0; r < plan->readouts; r++) {
        vec weight = {0};
        for (int l = 0; l < count; l++) weight[l] = (REAL)weights[l * plan->readouts + r];
        bar[plan->form.readout[r]] += weight;
    }
    for (int64_t k = plan->form.ops - 1; k >= 0; k--) operate_back(plan, &plan->form.op[k], w->node, bar, w->slope);
    for (int k = 0; k < plan->parts; k++) memset(w->value[k], 0, (size_t)plan->part[k].values * sizeof(vec));
    for (int64_t k = 0; k < plan->form.atoms; k++) {
        const pauli_input *input = &plan->input[k];
        const vec value = take(bar, input->node);
        if (input->value >= 0) ((vec *)w->value[input->part])[input->value] += (REAL)input->sign * value;
    }
    for (int64_t k = 0; k < plan->form.waves; k++) wave_back(plan, k, count, w);
    bar[0] = (vec){0};
}

static void collect(const pauli_plan *plan, pauli_worker *w, double *total)
{
    vec *slope = w->slope;
    for (int64_t k = 0; k < plan->form.entries; k++) {
        double sum_of_lanes = 0.0;
        for (int l = 0; l < LANES; l++) sum_of_lanes += (double)slope[k][l];
        total[k] += sum_of_lanes;
        slope[k] = (vec){0};
    }
}

const pauli_kernels TABLE = {.lanes = LANES, .forward = forward, .backward = backward, .collect = collect};
