/* The operations of a register for LANES samples, forward and back.  Compiled once for each instruction set and
 * precision, with REAL, VECTOR_BYTES and TABLE (the name of what it defines) given by the build. */
#include "engine/lower/vector.h"
#include "engine/noise/noise_kernels.h"

/* ---- angles ---- */

/* Of LANES samples, of which those beyond count are copies of the last one. */
static void data_angle(const pauli_angle *angle, const double *from, int stride, int count, wide *t)
{
    for (int l = 0; l < LANES; l++) {
        (*t)[l] = angle->scale * from[angle->slot] + angle->offset;
        from += l + 1 < count ? stride : 0;
    }
}

static void set_angles(const noise_register *reg, noise_worker *w, const double *angles, int count)
{
    vec *turned = w->turned;
    for (int k = 0; k < reg->angles; k++) {
        const pauli_angle *angle = &reg->angle[k];
        if (angle->data) {
            wide t;
            data_angle(angle, angles, reg->slots, count, &t);
            sines_cosines(&t, &turned[2 * k + 1], &turned[2 * k]);
        } else {
            turned[2 * k] = (vec){0} + (REAL)reg->turned[k][0];
            turned[2 * k + 1] = (vec){0} + (REAL)reg->turned[k][1];
        }
    }
}

/* ---- forward ---- */

static void turn(const noise_op *op, const vec *turned, vec *v)
{
    const vec c = turned[2 * op->angle], s = turned[2 * op->angle + 1];
    for (const noise_pair *p = op->pair; p < op->pair + op->count; p++) {
        const vec a = v[p->a], b = v[p->b];
        v[p->a] = c * a - s * b;
        v[p->b] = c * b + s * a;
    }
}

static void scale(const noise_op *op, vec *v)
{
    for (int64_t k = 0; k < op->count; k++) v[op->pair[k].a] *= (REAL)op->factor[k];
}

static void spill(const noise_op *op, vec *v)
{
    const REAL keep = (REAL)op->keep, gain = (REAL)op->spill;
    for (const noise_pair *p = op->pair; p < op->pair + op->count; p++) v[p->a] = keep * v[p->a] + gain * v[p->b];
}

static void put_aside(const noise_register *reg, const noise_op *op, noise_worker *w)
{
    if (op->aside < 0) return;
    const size_t bytes = (size_t)reg->strings * sizeof(vec);
    memcpy((char *)w->aside + (size_t)op->aside * bytes, w->ket, bytes);
}

static void forward(const noise_register *reg, noise_worker *w, const double *angles, int count)
{
    vec *ket = w->ket, *value = w->value;
    set_angles(reg, w, angles, count);
    memset(ket, 0, (size_t)reg->strings * sizeof *ket);
    for (int k = 0; k < reg->ones; k++) ket[reg->one[k]] = (vec){0} + (REAL)1;
    for (int k = 0; k < reg->ops; k++) {
        const noise_op *op = &reg->op[k];
        put_aside(reg, op, w);
        if (op->kind == NOISE_TURN)
            turn(op, w->turned, ket);
        else if (op->kind == NOISE_SCALE)
            scale(op, ket);
        else
            spill(op, ket);
    }
    for (int k = 0; k < reg->values; k++) value[k] = (REAL)reg->value[k].sign * ket[reg->value[k].index];
}

/* ---- back ---- */

/* The derivative of the angle, from ket and bra after the rotation, which is then undone for both. */
static vec turn_back(const noise_op *op, const vec *turned, vec *ket, vec *bra)
{
    const vec c = turned[2 * op->angle], s = turned[2 * op->angle + 1];
    vec slope = {0};
    for (const noise_pair *p = op->pair; p < op->pair + op->count; p++) {
        const vec ka = ket[p->a], kb = ket[p->b], ba = bra[p->a], bb = bra[p->b];
        slope += bb * ka - ba * kb;
        ket[p->a] = c * ka + s * kb;
        ket[p->b] = c * kb - s * ka;
        bra[p->a] = c * ba + s * bb;
        bra[p->b] = c * bb - s * ba;
    }
    return slope;
}

static void scale_back(const noise_op *op, vec *ket, vec *bra)
{
    const double *inverse = op->factor + op->count;
    for (int64_t k = 0; k < op->count; k++) {
        bra[op->pair[k].a] *= (REAL)op->factor[k];
        ket[op->pair[k].a] *= (REAL)inverse[k];
    }
}

static void spill_back(const noise_op *op, vec *ket, vec *bra)
{
    const REAL keep = (REAL)op->keep, gain = (REAL)op->spill, inverse = (REAL)(1.0 / op->keep);
    for (const noise_pair *p = op->pair; p < op->pair + op->count; p++) {
        const vec by = bra[p->a];
        bra[p->b] += gain * by;
        bra[p->a] = keep * by;
        ket[p->a] = inverse * (ket[p->a] - gain * ket[p->b]);
    }
}

static void backward(const noise_register *reg, noise_worker *w)
{
    vec *ket = w->ket, *bra = w->bra, *slope = w->slope;
    const vec *value = w->value;
    const size_t bytes = (size_t)reg->strings * sizeof *bra;
    memset(bra, 0, bytes);
    if (reg->angles > 0) memset(slope, 0, (size_t)reg->angles * sizeof *slope);
    for (int k = 0; k < reg->values; k++) bra[reg->value[k].index] += (REAL)reg->value[k].sign * value[k];
    for (int k = reg->ops - 1; k >= 0; k--) {
        const noise_op *op = &reg->op[k];
        if (op->kind == NOISE_TURN)
            slope[op->angle] += turn_back(op, w->turned, ket, bra);
        else if (op->kind == NOISE_SCALE)
            scale_back(op, ket, bra);
        else
            spill_back(op, ket, bra);
        if (op->aside >= 0) memcpy(ket, (const char *)w->aside + (size_t)op->aside * bytes, bytes);
    }
}

static void read_slope(const noise_worker *w, int angle, double *lanes)
{
    const vec from = ((const vec *)w->slope)[angle];
    for (int l = 0; l < LANES; l++) lanes[l] = (double)from[l];
}

const noise_kernels TABLE = {.lanes = LANES, .forward = forward, .backward = backward, .slope = read_slope};
