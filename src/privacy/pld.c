/* Privacy loss distributions of the sampled Gaussian mechanism.
 *
 * One round: P = (1 - q) N(0, s^2) + q N(1, s^2) with the client, Q = N(0, s^2) without it.  The loss of an outcome x of
 * the first of two distributions is log of its density over that of the second: for a client that is removed
 * l(x) = log(1 - q + q exp((2 x - 1) / (2 s^2))), x ~ P, which rises with x; for one that is added -l(x), x ~ Q.
 *
 * Losses are put on a grid: what both distributions have between two grid points is given to these two so that the masses
 * under both stay as they are (connecting the dots: the curve delta(exp(epsilon)) is convex, and is replaced by its
 * chords, so nothing is underestimated).  What is too far out for the grid counts as an infinite loss, or is moved up.
 *
 * Losses of independent rounds add up, so the distribution of their sum is a power of the Fourier transform.  The window
 * of the FFT holds all but exp(-TAIL) of it at either end, by Chernoff's bound, and this counts as infinite loss. */
#include <complex.h>
#include <fftw3.h>
#include <math.h>
#include <stdbool.h>

#include "entente/memory.h"
#include "privacy/pld.h"

static const double TAIL = 40.0;  /* of a window: exp(-40) = 4e-18 */
static const double REACH = 10.0; /* deviations of the noise that one round's grid covers */
enum { COARSE = 4096, FEWEST_BITS = 15, MOST_BITS = 20 };

/* One round's losses (first + k) step. */
typedef struct {
    double step;
    int64_t first, n;
    double *chance;
    double infinite;
} losses;

typedef struct {
    double q, s, low, high; /* outcomes from low to high are on the grid */
} round_of;

static double loss_of(const round_of *r, double x)
{
    const double u = (2.0 * x - 1.0) / (2.0 * r->s * r->s);
    if (r->q == 1.0) return u;
    return u < 600.0 ? log1p(r->q * expm1(u)) : log(r->q) + u;
}

/* The outcome of a loss, within low..high. */
static double outcome_of(const round_of *r, double loss)
{
    double u = loss - log(r->q); /* log((exp(loss) - (1 - q)) / q) */
    if (r->q < 1.0 && loss < 600.0) {
        const double rest = expm1(loss) + r->q;
        if (rest <= 0.0) return r->low;
        u = log(rest / r->q);
    }
    return fmin(fmax(r->s * r->s * u + 0.5, r->low), r->high);
}

/* N(mean, s^2) of a..b. */
static double mass(double a, double b, double mean, double s)
{
    const double root = sqrt(2.0) * s, x = (a - mean) / root, y = (b - mean) / root;
    if (x > 0.0) return 0.5 * (erfc(x) - erfc(y));
    if (y < 0.0) return 0.5 * (erfc(-y) - erfc(-x));
    return 0.5 * (erf(y) - erf(x));
}

/* Between grid points k and k + 1 the first distribution has mass `first`, the second `second`. */
static void connect(losses *out, int64_t k, double first, double second)
{
    const double loss = (double)(out->first + k) * out->step;
    double up = first;
    if (loss < 600.0) up = fmin(fmax((first - exp(loss) * second) / -expm1(-out->step), 0.0), first);
    out->chance[k] += first - up;
    out->chance[k + 1] += up;
}

/* Losses l(x) of a client that is removed. */
static void fill_removed(const round_of *r, losses *out)
{
    double x = r->low;
    for (int64_t k = 0; k + 1 < out->n; k++) {
        const double next = k + 2 == out->n ? r->high : outcome_of(r, (double)(out->first + k + 1) * out->step);
        const double without = mass(x, next, 0.0, r->s), with = mass(x, next, 1.0, r->s);
        connect(out, k, (1.0 - r->q) * without + r->q * with, without);
        x = next;
    }
    out->chance[1] += (1.0 - r->q) * mass(-INFINITY, r->low, 0.0, r->s) + r->q * mass(-INFINITY, r->low, 1.0, r->s);
    out->infinite = (1.0 - r->q) * mass(r->high, INFINITY, 0.0, r->s) + r->q * mass(r->high, INFINITY, 1.0, r->s);
}

/* Losses -l(x) of a client that is added. */
static void fill_added(const round_of *r, losses *out)
{
    double x = r->high;
    for (int64_t k = 0; k + 1 < out->n; k++) {
        const double next = k + 2 == out->n ? r->low : outcome_of(r, -(double)(out->first + k + 1) * out->step);
        const double without = mass(next, x, 0.0, r->s), with = mass(next, x, 1.0, r->s);
        connect(out, k, without, (1.0 - r->q) * without + r->q * with);
        x = next;
    }
    out->chance[1] += mass(r->high, INFINITY, 0.0, r->s);
    out->infinite = mass(-INFINITY, r->low, 0.0, r->s);
}

static round_of round_make(const ent_mechanism *m)
{
    return (round_of){.q = m->rate, .s = m->noise, .low = -REACH * m->noise, .high = 1.0 + REACH * m->noise};
}

static ent_status losses_make(const round_of *r, bool added, double step, losses *out)
{
    const double a = loss_of(r, r->low), b = loss_of(r, r->high);
    const double low = added ? -b : a, high = added ? -a : b;
    *out = (losses){.step = step, .first = (int64_t)floor(low / step)};
    out->n = (int64_t)ceil(high / step) - out->first + 1;
    if (out->n < 2) out->n = 2;
    out->chance = ent_alloc(out->n, sizeof *out->chance);
    ENT_REQUIRE(out->chance, ENT_ENOMEM, "privacy losses: no memory");
    added ? fill_added(r, out) : fill_removed(r, out);
    return ENT_OK;
}

/* log E[exp(t loss)], of losses that are finite. */
static double log_moment(const losses *l, double t)
{
    double largest = -INFINITY, sum = 0.0;
    for (int64_t k = 0; k < l->n; k++)
        if (l->chance[k] > 0.0) largest = fmax(largest, t * (double)(l->first + k) * l->step);
    for (int64_t k = 0; k < l->n; k++) sum += exp(t * (double)(l->first + k) * l->step - largest) * l->chance[k];
    return largest + log(sum);
}

/* All but exp(-TAIL) of the sum of `steps` losses is above *low, and below *high. */
static void window_of(const losses *l, int64_t steps, double *low, double *high)
{
    *high = (double)steps * (double)(l->first + l->n - 1) * l->step;
    *low = (double)steps * (double)l->first * l->step;
    for (double t = 1e-4; t < 1e5; t *= 1.6) {
        *high = fmin(*high, ((double)steps * log_moment(l, t) + TAIL) / t);
        *low = fmax(*low, -((double)steps * log_moment(l, -t) + TAIL) / t);
    }
}

static double deviation_of(const losses *l)
{
    double mean = 0.0, square = 0.0;
    for (int64_t k = 0; k < l->n; k++) mean += (double)(l->first + k) * l->step * l->chance[k];
    for (int64_t k = 0; k < l->n; k++) {
        const double off = (double)(l->first + k) * l->step - mean;
        square += off * off * l->chance[k];
    }
    return sqrt(square);
}

/* The grid: 1/32 of one round's deviation, as far as the window has room for it; and where the windows begin.  Windows are
 * found on a coarse grid that the final one divides by a power of two: its distribution spreads wider, not less. */
static ent_status choose_grid(const ent_mechanism *m, int ways, double *step, int *bits, double low[2])
{
    const round_of r = round_make(m);
    double width = 0.0, deviation = INFINITY;
    *step = (loss_of(&r, r.high) - loss_of(&r, r.low)) / COARSE;
    for (int way = 0; way < ways; way++) {
        losses coarse;
        double high;
        ENT_TRY(losses_make(&r, way == 1, *step, &coarse));
        window_of(&coarse, m->steps, &low[way], &high);
        width = fmax(width, high - low[way]);
        deviation = fmin(deviation, deviation_of(&coarse));
        ent_free(coarse.chance);
    }
    while (*step > deviation / 32.0 && width / *step < ldexp(0.4, MOST_BITS)) *step *= 0.5;
    while (width / *step > ldexp(0.9, MOST_BITS)) *step *= 2.0;
    *bits = FEWEST_BITS;
    while (width / *step > ldexp(0.9, *bits)) ++*bits;
    return ENT_OK;
}

/* x [n] -> the distribution of the sum of `steps` of it, modulo n. */
static ent_status fold(int64_t n, int64_t steps, double *x)
{
    complex double *f = fftw_malloc((size_t)(n / 2 + 1) * sizeof *f);
    ENT_REQUIRE(f, ENT_ENOMEM, "privacy losses: no memory");
    fftw_plan there, back;
#pragma omp critical(fftw_planner)
    {
        there = fftw_plan_dft_r2c_1d((int)n, x, (fftw_complex *)f, FFTW_ESTIMATE);
        back = fftw_plan_dft_c2r_1d((int)n, (fftw_complex *)f, x, FFTW_ESTIMATE);
    }
    fftw_execute(there);
    for (int64_t k = 0; k <= n / 2; k++) {
        const double size = pow(cabs(f[k]), (double)steps), angle = carg(f[k]) * (double)steps;
        f[k] = size * (cos(angle) + I * sin(angle)) / (double)n;
    }
    fftw_execute(back);
#pragma omp critical(fftw_planner)
    {
        fftw_destroy_plan(there);
        fftw_destroy_plan(back);
    }
    fftw_free(f);
    return ENT_OK;
}

static int64_t modulo(int64_t a, int64_t n)
{
    return (a % n + n) % n;
}

static ent_status compose(const ent_mechanism *m, int way, double low, ent_pld *out)
{
    const round_of r = round_make(m);
    losses one;
    ENT_TRY(losses_make(&r, way == 1, out->step, &one));
    out->first[way] = (int64_t)floor(low / out->step);
    double *sum = ent_alloc(out->n, sizeof *sum);
    out->chance[way] = ent_alloc(out->n, sizeof *sum);
    ent_status status = sum && out->chance[way] ? ENT_OK : ent_fail(ENT_ENOMEM, "privacy losses: no memory");
    if (status == ENT_OK) {
        for (int64_t k = 0; k < one.n; k++) sum[modulo(one.first + k, out->n)] += one.chance[k];
        status = fold(out->n, m->steps, sum);
    }
    for (int64_t k = 0; status == ENT_OK && k < out->n; k++)
        out->chance[way][k] = fmax(sum[modulo(out->first[way] + k, out->n)], 0.0);
    out->infinite[way] = -expm1((double)m->steps * log1p(-one.infinite)) + 2.0 * exp(-TAIL);
    ent_free(one.chance);
    ent_free(sum);
    return status;
}

ent_status ent_pld_make(const ent_mechanism *mechanism, ent_pld *out)
{
    const int ways = mechanism->rate == 1.0 ? 1 : 2;
    int bits;
    double low[2];
    *out = (ent_pld){.n = 0};
    ENT_TRY(choose_grid(mechanism, ways, &out->step, &bits, low));
    out->n = INT64_C(1) << bits;
    ent_status status = ENT_OK;
    for (int way = 0; way < ways && status == ENT_OK; way++) status = compose(mechanism, way, low[way], out);
    if (status != ENT_OK) ent_pld_clear(out);
    return status;
}

void ent_pld_clear(ent_pld *pld)
{
    for (int way = 0; way < 2; way++) ent_free(pld->chance[way]);
    *pld = (ent_pld){.n = 0};
}

static double loss_at(const ent_pld *pld, int way, int64_t k)
{
    return (double)(pld->first[way] + k) * pld->step;
}

double ent_pld_delta(const ent_pld *pld, double epsilon)
{
    double largest = 0.0;
    for (int way = 0; way < 2 && pld->chance[way]; way++) {
        double delta = pld->infinite[way];
        for (int64_t k = pld->n - 1; k >= 0 && loss_at(pld, way, k) > epsilon; k--)
            delta -= pld->chance[way][k] * expm1(epsilon - loss_at(pld, way, k));
        largest = fmax(largest, delta);
    }
    return fmin(largest, 1.0);
}

/* delta(epsilon) = infinite + above - exp(epsilon) weighted, with the sums of chance and of chance exp(-loss) over the
 * losses above epsilon; from above to the first that is too much. */
static double epsilon_of(const ent_pld *pld, int way, double delta)
{
    double above = 0.0, weighted = 0.0; /* of chance exp(top - loss), so that nothing overflows */
    const double top = loss_at(pld, way, pld->n - 1), wanted = delta - pld->infinite[way];
    if (wanted < 0.0) return INFINITY;
    for (int64_t k = pld->n - 1; k >= 0; k--) {
        const double loss = loss_at(pld, way, k), below = loss - pld->step;
        above += pld->chance[way][k];
        weighted += pld->chance[way][k] * exp(fmin(top - loss, 700.0));
        if (above > wanted && above - weighted * exp(below - top) > wanted)
            return fmax(log((above - wanted) / weighted) + top, 0.0);
        if (below < 0.0) break;
    }
    return 0.0;
}

double ent_pld_epsilon(const ent_pld *pld, double delta)
{
    const double removed = epsilon_of(pld, 0, delta);
    return pld->chance[1] ? fmax(removed, epsilon_of(pld, 1, delta)) : removed;
}
