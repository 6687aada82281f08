/* The Fubini-Study metric of a circuit's state: the state and its derivatives by the parameters run through the
 * circuit side by side, LANES samples at a time.  A rotation exp(-i t/2 P) acts on the state and on every
 * derivative that has begun; then dt/dk times its own derivative, -i P / 2 times the new state, is added to the
 * derivative by each parameter k of t.  Gates that only change the frame (lower.h) are the same for all of them and
 * leave scalar products alone. */
#include <math.h>
#include <string.h>

#include "engine/lower/lower.h"
#include "entente/engine.h"
#include "entente/memory.h"

enum { LANES = 8, MOST_QUBITS = 30 };

typedef struct {
    lower_list list;
    int64_t amplitudes;
    int first, count;
    double *vector; /* [1 + count][2][amplitudes][LANES]: the state, then its derivatives; real and imaginary parts */
    bool *begun;    /* [count] */
    double *along;  /* [count][2][LANES] <d_k psi|psi> */
} room;

static double *real_of(const room *r, int k)
{
    return r->vector + 2 * k * r->amplitudes * LANES;
}

static double *imaginary_of(const room *r, int k)
{
    return real_of(r, k) + r->amplitudes * LANES;
}

double ent_metric_bytes(int qubits, int count)
{
    return ldexp(2.0 * LANES * sizeof(double), qubits) * (1.0 + count);
}

/* ---- rotations ---- */

/* c, s [LANES]: cosine and sine of half the angle. */
static void turn_phases(const room *r, int k, const lower_rotation *by, const double *c, const double *s)
{
    for (int64_t p = 0; p < r->amplitudes; p++) {
        const double sign = lower_parity(by->row, (uint64_t)p) ? -1.0 : 1.0;
        double *restrict re = real_of(r, k) + p * LANES, *restrict im = imaginary_of(r, k) + p * LANES;
        for (int lane = 0; lane < LANES; lane++) {
            const double x = re[lane], y = im[lane], sine = sign * s[lane];
            re[lane] = c[lane] * x + sine * y;
            im[lane] = c[lane] * y - sine * x;
        }
    }
}

/* part: real_of or imaginary_of; both turn alike. */
static void turn_pairs(double *part, int64_t amplitudes, const lower_rotation *by, const double *c, const double *s)
{
    for (int64_t p = 0; p < amplitudes; p++) {
        if (lower_parity(by->row, (uint64_t)p)) continue;
        double *restrict a = part + p * LANES, *restrict b = part + (p ^ (int64_t)by->flip) * LANES;
        for (int lane = 0; lane < LANES; lane++) {
            const double x = a[lane], y = b[lane];
            a[lane] = c[lane] * x - s[lane] * y;
            b[lane] = s[lane] * x + c[lane] * y;
        }
    }
}

static void rotate(const room *r, int k, const lower_rotation *by, const double *c, const double *s)
{
    if (by->flip == 0) {
        turn_phases(r, k, by, c, s);
        return;
    }
    turn_pairs(real_of(r, k), r->amplitudes, by, c, s);
    turn_pairs(imaginary_of(r, k), r->amplitudes, by, c, s);
}

/* Derivative k += scale times that of the rotation by its angle, on the state after it. */
static void differentiate(const room *r, int k, const lower_rotation *by, double scale)
{
    const double *re = real_of(r, 0), *im = imaginary_of(r, 0);
    double *to_re = real_of(r, k), *to_im = imaginary_of(r, k);
    for (int64_t p = 0; p < r->amplitudes; p++) {
        const double half = lower_parity(by->row, (uint64_t)p) ? -0.5 * scale : 0.5 * scale;
        const int64_t from = (p ^ (int64_t)by->flip) * LANES, at = p * LANES;
        for (int lane = 0; lane < LANES; lane++) {
            to_re[at + lane] += by->flip == 0 ? half * im[from + lane] : -half * re[from + lane];
            to_im[at + lane] += by->flip == 0 ? -half * re[from + lane] : -half * im[from + lane];
        }
    }
}

static double angle_of(const room *r, const lower_rotation *by, const ent_batch *batch, const double *data)
{
    double angle = by->offset;
    for (int t = by->term; t >= 0; t = r->list.term[t].next) {
        const lower_term *term = &r->list.term[t];
        angle += term->scale * (term->source == ENT_ANGLE_DATA ? data[term->slot] : batch->params[term->slot]);
    }
    return angle;
}

/* Samples at..at+LANES-1; beyond the last one, the last again. */
static void run(room *r, const ent_batch *batch, int angles, int64_t at)
{
    memset(r->vector, 0, (size_t)((1 + r->count) * 2 * r->amplitudes * LANES) * sizeof *r->vector);
    memset(r->begun, 0, (size_t)r->count * sizeof *r->begun);
    for (int lane = 0; lane < LANES; lane++) r->vector[lane] = 1.0;
    for (int g = 0; g < r->list.rotations; g++) {
        const lower_rotation *by = &r->list.rotation[g];
        double c[LANES], s[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            const int64_t sample = at + lane < batch->samples ? at + lane : batch->samples - 1;
            const double angle = angle_of(r, by, batch, batch->angles ? batch->angles + sample * angles : NULL);
            c[lane] = cos(0.5 * angle);
            s[lane] = sin(0.5 * angle);
        }
        rotate(r, 0, by, c, s);
        for (int k = 0; k < r->count; k++)
            if (r->begun[k]) rotate(r, 1 + k, by, c, s);
        for (int t = by->term; t >= 0; t = r->list.term[t].next) {
            const lower_term *term = &r->list.term[t];
            const int k = term->slot - r->first;
            if (term->source != ENT_ANGLE_PARAM || k < 0 || k >= r->count) continue;
            differentiate(r, 1 + k, by, term->scale);
            r->begun[k] = true;
        }
    }
}

/* ---- scalar products ---- */

/* Real and imaginary part of <a|b>, [2][LANES]. */
static void scalar_product(const room *r, int a, int b, double *sum)
{
    const double *re_a = real_of(r, a), *im_a = imaginary_of(r, a), *re_b = real_of(r, b), *im_b = imaginary_of(r, b);
    memset(sum, 0, 2 * LANES * sizeof *sum);
    for (int64_t p = 0; p < r->amplitudes * LANES; p += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            sum[lane] += re_a[p + lane] * re_b[p + lane] + im_a[p + lane] * im_b[p + lane];
            sum[LANES + lane] += re_a[p + lane] * im_b[p + lane] - im_a[p + lane] * re_b[p + lane];
        }
}

static void add_products(const room *r, int lanes, double *metric)
{
    for (int k = 0; k < r->count; k++)
        if (r->begun[k]) scalar_product(r, 1 + k, 0, r->along + 2 * LANES * k);
    for (int i = 0; i < r->count; i++)
        for (int j = i; j < r->count; j++) {
            const double *a = r->along + 2 * LANES * i, *b = r->along + 2 * LANES * j;
            double product[2 * LANES], sum = 0.0;
            if (!r->begun[i] || !r->begun[j]) continue;
            scalar_product(r, 1 + i, 1 + j, product);
            for (int lane = 0; lane < lanes; lane++)
                sum += product[lane] - a[lane] * b[lane] - a[LANES + lane] * b[LANES + lane];
            metric[i * r->count + j] += sum;
            if (j > i) metric[j * r->count + i] += sum;
        }
}

static ent_status room_make(const ent_circuit *circuit, int first, int count, room *r)
{
    ENT_REQUIRE(first >= 0 && count >= 0 && first <= circuit->params - count, ENT_EARG,
                "metric of parameters %d..%d of a circuit with %d", first, first + count - 1, circuit->params);
    ENT_REQUIRE(circuit->qubits <= MOST_QUBITS, ENT_EARG, "metric of %d qubits, want at most %d", circuit->qubits,
                MOST_QUBITS);
    *r = (room){.amplitudes = INT64_C(1) << circuit->qubits, .first = first, .count = count};
    ENT_TRY(ent_lower(circuit, NULL, &r->list));
    r->begun = ent_alloc(count, sizeof *r->begun);
    r->along = ent_alloc(2 * LANES * (int64_t)count, sizeof *r->along);
    r->vector = ent_alloc((1 + (int64_t)count) * 2 * LANES, sizeof *r->vector * (size_t)r->amplitudes);
    char text[32];
    ENT_REQUIRE(r->begun && r->along && r->vector, ENT_ENOMEM, "metric of %d qubits by %d parameters: no %s",
                circuit->qubits, count, ent_bytes_text(ent_metric_bytes(circuit->qubits, count), text));
    return ENT_OK;
}

ent_status ent_circuit_metric(const ent_circuit *circuit, const ent_batch *batch, int first, int count,
                              double *metric)
{
    room r = {.list = {0}};
    const ent_status status = room_make(circuit, first, count, &r);
    for (int64_t at = 0; at < batch->samples && status == ENT_OK; at += LANES) {
        run(&r, batch, circuit->angles, at);
        add_products(&r, batch->samples - at < LANES ? (int)(batch->samples - at) : LANES, metric);
    }
    ent_lower_clear(&r.list);
    ent_free(r.begun);
    ent_free(r.along);
    ent_free(r.vector);
    return status;
}
