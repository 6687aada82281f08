/* The two sweeps over a plan for LANES samples.  Compiled once for each instruction set and precision, with REAL,
 * VECTOR_BYTES, NARROW, FORWARD_WIDTH, BACK_WIDTH and TABLE (the name of the table defined here) set by the build.
 *
 * A state is kept unnormalised, since rotations leave out their cosines; scale[node] is the pending factor.  It is
 * multiplied in when the state would leave the range of REAL.  No accuracy is lost: the growth is exact up to
 * rounding. */
#include "batch_passes.h"

/* Smallest pending scale allowed, so that products of two states stay in range. */
#define SMALLEST_SCALE (sizeof(REAL) == sizeof(double) ? (REAL)0x1p-400 : (REAL)0x1p-50)
/* Cosines are kept away from 0 by less than the rounding error. */
#define SMALLEST_COSINE (sizeof(REAL) == sizeof(double) ? 0x1p-60 : 0x1p-27)

static vec *ket_of(const batch_worker *w, const batch_node *node)
{
    return (vec *)w->ket + 2 * node->state;
}

static vec *bra_of(const batch_worker *w, const batch_node *node)
{
    return (vec *)w->bra + 2 * node->state;
}

/* scale[0] of the ket, [1] of the bra. */
static vec *scale_of(const batch_plan *plan, const batch_worker *w, const batch_node *node)
{
    return (vec *)w->scale + 2 * (node - plan->node);
}

static const vec (*halves(const batch_worker *w))[2]
{
    return (const vec(*)[2])w->half;
}

/* ---- angles ---- */

/* SMALLEST_COSINE with the sign of c, if |c| is below it. */
static vec kept_from_zero(vec c)
{
    const vec least = (vec){0} + (REAL)SMALLEST_COSINE, minus_zero = -(vec){0};
    const lane_bits near = (c < least) & (c > -least), sign = (lane_bits)c & (lane_bits)minus_zero;
    return (vec)(((lane_bits)c & ~near) | (((lane_bits)least | sign) & near));
}

static void set_half(const batch_plan *plan, batch_worker *w, int rotation, const wide *half)
{
    vec *into = (vec *)w->half + 2 * rotation, sine, cosine;
    sines_cosines(half, &sine, &cosine);
    if (plan->kind[rotation] == BATCH_TURN) {
        cosine = kept_from_zero(cosine);
        sine /= cosine;
    }
    into[0] = sine;
    into[1] = cosine;
}

/* angle += scale * the data of LANES samples, of which those beyond count are copies of the last one. */
static void add_data(dvec *angle, double scale, const double *from, int count, int stride)
{
    for (int k = 0; k < LANES / DOUBLES; k++) {
        dvec data = {0};
        for (int l = 0; l < DOUBLES; l++) {
            data[l] = *from;
            from += k * DOUBLES + l + 1 < count ? stride : 0;
        }
        angle[k] += scale * data;
    }
}

static void set_halves(const batch_plan *plan, batch_worker *w, const double *angles, int count)
{
    const int fresh = w->version != plan->version;
    for (int r = 0; r < plan->list.rotations; r++) {
        const lower_rotation *rotation = &plan->list.rotation[r];
        const int needed = rotation->data ? plan->kind[r] != BATCH_GONE : fresh && plan->kind[r] == BATCH_TURN;
        if (!needed) continue; /* phases shared by all samples are in a table */
        dvec angle[LANES / DOUBLES];
        for (int k = 0; k < LANES / DOUBLES; k++) angle[k] = (dvec){0} + plan->angle[r];
        for (int t = rotation->term; t >= 0; t = plan->list.term[t].next) {
            const lower_term *term = &plan->list.term[t];
            if (term->source == ENT_ANGLE_DATA)
                add_data(angle, term->scale, angles + term->slot, count, plan->angles);
        }
        for (int k = 0; k < LANES / DOUBLES; k++) angle[k] *= 0.5;
        wide half;
        memcpy(&half, angle, sizeof half);
        set_half(plan, w, r, &half);
    }
    w->version = plan->version;
}

/* ---- scales ---- */

static int in_range(const vec *scale)
{
    int fine = 1;
    for (int l = 0; l < LANES; l++) fine &= (*scale)[l] >= SMALLEST_SCALE || (*scale)[l] <= -SMALLEST_SCALE;
    return fine;
}

static void multiply_in(vec *state, int64_t amplitudes, vec *scale)
{
    multiply(state, amplitudes, scale);
    *scale = (vec){0} + (REAL)1;
}

static vec cosines(const batch_worker *w, const batch_turn *turn)
{
    vec product = (vec){0} + (REAL)1;
    for (int k = 0; k < turn->in.bits; k++) product *= halves(w)[turn->rotation[k]][1];
    return product;
}

/* Whether the turn can be done with this scale of the state, or after multiplying it in. */
static int scale_admits(vec *state, int64_t amplitudes, vec *scale, const vec *by)
{
    vec next = *scale * *by;
    if (in_range(&next)) return 1;
    multiply_in(state, amplitudes, scale);
    return in_range(by);
}

/* ---- turns ---- */

static void do_turn(const batch_plan *plan, const batch_worker *w, const batch_node *node, const batch_turn *turn)
{
    vec *state = ket_of(w, node), *scale = scale_of(plan, w, node);
    const vec by = cosines(w, turn);
    const vec *half[BATCH_BLOCK];
    for (int k = 0; k < turn->in.bits; k++) half[k] = halves(w)[turn->rotation[k]];
    if (!scale_admits(state, INT64_C(1) << node->bits, scale, &by)) { /* one at a time, which is rare */
        for (int k = 0; k < turn->in.bits; k++) {
            scale_admits(state, INT64_C(1) << node->bits, scale, &half[k][1]);
            turn_near(state, &turn->in, 0, turn->in.blocks, k, half + k, 1);
            *scale *= half[k][1];
        }
        return;
    }
    const int far = (int64_t)sizeof(vec) << (node->bits + 1) >= FAR_FORWARD_BYTES;
    const int64_t together = turn->stages == 1 ? turn->in.blocks : 1;
    for (int64_t h = 0; h < turn->in.blocks; h += together)
        for (int s = 0, first = 0; s < turn->stages; first += turn->width[s++])
            (far && s == 0 ? turn_far : turn_near)(state, &turn->in, h, h + together, first, half + first,
                                                   turn->width[s]);
    *scale *= by;
}

static void do_back(const batch_plan *plan, const batch_worker *w, const batch_node *node, const batch_turn *turn)
{
    vec *ket = ket_of(w, node), *bra = bra_of(w, node), *scale = scale_of(plan, w, node);
    const int64_t amplitudes = INT64_C(1) << node->bits;
    const vec by = cosines(w, turn);
    const vec *half[BATCH_BLOCK];
    vec *slope[BATCH_BLOCK];
    for (int k = 0; k < turn->in.bits; k++) {
        half[k] = halves(w)[turn->rotation[k]];
        slope[k] = (vec *)w->slope + turn->rotation[k];
        *slope[k] = (vec){0};
    }
    const int ket_fine = scale_admits(ket, amplitudes, &scale[0], &by);
    if (!scale_admits(bra, amplitudes, &scale[1], &by) || !ket_fine) {
        for (int k = 0; k < turn->in.bits; k++) {
            scale_admits(ket, amplitudes, &scale[0], &half[k][1]);
            scale_admits(bra, amplitudes, &scale[1], &half[k][1]);
            back_near(ket, bra, &turn->in, 0, turn->in.blocks, k, half + k, slope + k, 1);
            *slope[k] *= scale[0] * scale[1];
            scale[0] *= half[k][1];
            scale[1] *= half[k][1];
        }
        return;
    }
    const int64_t together = turn->stages == 1 ? turn->in.blocks : 1;
    const int far = amplitudes * 2 * (int64_t)sizeof(vec) >= FAR_BACK_BYTES;
    for (int64_t h = 0; h < turn->in.blocks; h += together)
        for (int s = 0, first = 0; s < turn->stages; first += turn->width[s++])
            (far && s == 0 ? back_far : back_near)(ket, bra, &turn->in, h, h + together, first, half + first,
                                                   slope + first, turn->width[s]);
    vec factor = scale[0] * scale[1]; /* as when the derivative was taken: after the rotations before it */
    for (int k = 0; k < turn->in.bits; k++) {
        *slope[k] *= factor;
        factor *= half[k][1] * half[k][1];
    }
    scale[0] *= by;
    scale[1] *= by;
}

/* ---- phases ---- */

static void do_phase(const batch_plan *plan, const batch_worker *w, const batch_node *node, const batch_step *step)
{
    const int64_t amplitudes = INT64_C(1) << node->bits;
    if (step->table) shared_phase(ket_of(w, node), amplitudes, step->table);
    for (int k = 0; k < step->lanes; k++)
        lane_phase(ket_of(w, node), amplitudes, &plan->lane[step->lane + k], halves(w), 0);
}

/* The derivatives 2 Re <bra| -i Z/2 |ket> = Im <bra| Z |ket> and undo the phases; the shared ones in the pass of
 * the last sum. */
static void undo_phase(const batch_plan *plan, const batch_worker *w, const batch_node *node, const batch_step *step)
{
    vec *ket = ket_of(w, node), *bra = bra_of(w, node);
    const vec *scale = scale_of(plan, w, node), factor = scale[0] * scale[1];
    const int64_t amplitudes = INT64_C(1) << node->bits;
    int wanted = 0; /* sums with a gradient come first */
    while (wanted < step->sums && plan->sum[step->sum + wanted].wanted) wanted++;
    for (int k = 0; k < wanted; k++) {
        const batch_sum *sum = &plan->sum[step->sum + k];
        vec result[BATCH_MAX_BITS];
        signed_sums(ket, bra, k == wanted - 1 ? step->table : NULL, sum, w->tree, result);
        for (int j = 0; j < sum->rows; j++) ((vec *)w->slope)[sum->target[j]] = result[j] * factor;
    }
    if (step->table && wanted == 0) {
        take_back_all(ket, amplitudes, step->table);
        take_back_all(bra, amplitudes, step->table);
    }
    for (int k = 0; k < step->lanes; k++) {
        lane_phase(ket, amplitudes, &plan->lane[step->lane + k], halves(w), 1);
        lane_phase(bra, amplitudes, &plan->lane[step->lane + k], halves(w), 1);
    }
}

/* ---- sweeps ---- */

static void start(const batch_plan *plan, const batch_worker *w, const batch_node *node)
{
    vec *ket = ket_of(w, node);
    const vec one = (vec){0} + (REAL)1;
    if (node->left < 0) {
        memset(ket, 0, 4 * sizeof *ket);
        ket[0] = one;
    } else {
        const batch_node *left = &plan->node[node->left], *right = &plan->node[node->right];
        const vec scale = *scale_of(plan, w, left) * *scale_of(plan, w, right);
        product(ket_of(w, left), left->bits, ket_of(w, right), right->bits, &scale, ket);
    }
    *scale_of(plan, w, node) = one;
}

static void forward(const batch_plan *plan, batch_worker *w, const double *angles, int count, double *expectations)
{
    set_halves(plan, w, angles, count);
    vec *value = w->value;
    for (const batch_node *node = plan->node; node < plan->node + plan->nodes; node++) {
        start(plan, w, node);
        for (const batch_step *step = plan->step + node->step; step < plan->step + node->step + node->steps; step++) {
            if (step->turns == 0) do_phase(plan, w, node, step);
            for (int k = 0; k < step->turns; k++) do_turn(plan, w, node, &plan->turn[step->turn + k]);
        }
        const vec scale = *scale_of(plan, w, node), square = scale * scale;
        for (int k = node->read; k < node->read + node->reads; k++)
            if (!plan->read[k].tiled) read_strings(ket_of(w, node), &plan->read[k], &square, value);
        for (int k = node->tile; k < node->tile + node->tiles; k++)
            read_tile(ket_of(w, node), &plan->tile[k], plan->read, &square, value);
        for (int k = node->sum; k < node->sum + node->sums; k++) {
            vec result[BATCH_MAX_BITS];
            signed_sums(ket_of(w, node), NULL, NULL, &plan->sum[k], w->tree, result);
            for (int j = 0; j < plan->sum[k].rows; j++) value[plan->sum[k].target[j]] = result[j] * scale * scale;
        }
    }
    for (int l = 0; l < count && expectations; l++)
        for (int r = 0; r < plan->list.readouts; r++)
            expectations[l * plan->list.readouts + r] = plan->list.sign[r] *
                                                        (plan->value[r] < 0 ? 1.0 : (double)value[plan->value[r]][l]);
}

/* The weights of the values; lanes beyond count have none. */
static void set_weights(const batch_plan *plan, batch_worker *w, const double *weights, int count)
{
    vec *value = w->value;
    memset(value, 0, (size_t)plan->values * sizeof *value);
    for (int r = 0; r < plan->list.readouts; r++)
        for (int l = 0; l < count && plan->value[r] >= 0; l++)
            value[plan->value[r]][l] += (REAL)(plan->list.sign[r] * weights[l * plan->list.readouts + r]);
}

static void start_back(const batch_plan *plan, batch_worker *w, const batch_node *node)
{
    vec weight[BATCH_MAX_BITS];
    for (int k = 0; k < node->sums; k++) {
        const batch_sum *sum = &plan->sum[node->sum + k];
        for (int j = 0; j < sum->rows; j++) weight[j] = ((vec *)w->value)[sum->target[j]];
        observe(ket_of(w, node), bra_of(w, node), sum, weight, w->tree, k > 0);
    }
    if (node->sums == 0) memset(bra_of(w, node), 0, sizeof(vec) << (node->bits + 1));
    for (int k = node->read; k < node->read + node->reads; k++)
        if (!plan->read[k].tiled)
            observe_strings(ket_of(w, node), bra_of(w, node), &plan->read[k], (const vec *)w->value);
    for (int k = node->tile; k < node->tile + node->tiles; k++)
        observe_tile(ket_of(w, node), bra_of(w, node), &plan->tile[k], plan->read, (const vec *)w->value);
    vec *scale = scale_of(plan, w, node);
    scale[1] = scale[0];
}

static void end_back(const batch_plan *plan, batch_worker *w, const batch_node *node)
{
    const batch_node *left = &plan->node[node->left], *right = &plan->node[node->right];
    const vec *scale = scale_of(plan, w, node);
    vec *left_scale = scale_of(plan, w, left), *right_scale = scale_of(plan, w, right);
    const vec for_left = scale[1] * right_scale[0], for_right = scale[1] * left_scale[0];
    contract(bra_of(w, node), ket_of(w, left), left->bits, ket_of(w, right), right->bits, &for_left, &for_right,
             bra_of(w, left), bra_of(w, right));
    left_scale[1] = right_scale[1] = (vec){0} + (REAL)1;
}

static void backward(const batch_plan *plan, batch_worker *w, const double *weights, int count)
{
    if (weights) set_weights(plan, w, weights, count);
    for (const batch_node *node = plan->node + plan->nodes - 1; node >= plan->node; node--) {
        if (node->parent < 0) start_back(plan, w, node);
        for (int s = node->steps - 1; s >= 0; s--) {
            const batch_step *step = &plan->step[node->step + s];
            for (int k = 0; k < step->backs; k++) do_back(plan, w, node, &plan->turn[step->back + k]);
            if (step->backs == 0) undo_phase(plan, w, node, step);
        }
        if (node->left >= 0) end_back(plan, w, node);
    }
}

static void read_slope(const batch_worker *w, int rotation, double *lanes)
{
    const vec from = ((const vec *)w->slope)[rotation];
    for (int l = 0; l < LANES; l++) lanes[l] = (double)from[l];
}

const batch_kernels TABLE = {.shape = {.lanes = LANES,
                                       .real_bytes = sizeof(REAL),
                                       .forward_width = FORWARD_WIDTH,
                                       .back_width = BACK_WIDTH,
                                       .forward_block = 7,
                                       .back_block = 6},
                             .forward = forward,
                             .backward = backward,
                             .slope = read_slope};
