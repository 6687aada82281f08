/* What the outcomes of one sample's circuit give away.
 *
 * Measured bits pass a channel that replaces each with chance p by a random one: of K bits, the chance of an outcome
 * given another is between (p / 2)^K and (1 - p / 2)^K.  Two inputs whose states have trace distance D have outcomes
 * of total variation at most D.  So after the channel no outcome is more likely than exp(e) times, where exp(e) = 1 +
 * D ((2 / p - 1)^K - 1), and the total variation is at most t = D times that of K bits that all differ.  (For K = 1
 * the first is the bound of Zhou and Ying 2017, "Differential privacy in quantum computation"; the contraction:
 * Hirche, Rouze, Franca 2022, arXiv 2202.10717.)
 *
 * The hockey-stick divergence of one shot is convex in exp(epsilon), at most t at epsilon 0, and 0 from e on: it lies
 * below the chord, which is that of three outcomes of loss e, 0 and -e.  Pairs that dominate one shot dominate all of
 * them (Zhu, Dong, Wang 2022, arXiv 2106.08567), so the sum of the losses of such shots bounds delta. */
#include <math.h>

#include "entente/memory.h"
#include "entente/privacy.h"

static const double RARE = -80.0; /* logarithm of the chances that are not followed */

static double log_binomial(int64_t n, int64_t k, double log_p, double log_q)
{
    const double a = (double)n, b = (double)k;
    return lgamma(a + 1.0) - lgamma(b + 1.0) - lgamma(a - b + 1.0) + (k > 0 ? b * log_p : 0.0) +
           (n > k ? (a - b) * log_q : 0.0);
}

/* One shot: the largest loss, and the total variation. */
typedef struct {
    double loss, variation;
} shot;

static shot shot_of(const ent_measurement *m)
{
    const double half = 0.5 * m->depolarizing, odds = m->qubits * log((1.0 - half) / half);
    double apart = 0.0;
    for (int wrong = 0; 2 * wrong < m->qubits; wrong++) {
        const double likely = log_binomial(m->qubits, wrong, log(half), log1p(-half));
        apart += exp(likely) * -expm1((2 * wrong - m->qubits) * odds / m->qubits);
    }
    const double more = odds < 700.0 ? log1p(m->distance * expm1(odds)) : odds + log(m->distance);
    return (shot){.loss = more, .variation = m->distance * fmin(apart, 1.0)};
}

/* Chances of losses (k - shots) loss, k = 0..2 shots, of which `rest` is left out. */
typedef struct {
    int64_t shots;
    double *chance, loss, rest;
} losses;

static void add_losses(losses *l, int64_t decided, double log_chance, double log_up, double log_down)
{
    for (int64_t up = 0; up <= decided; up++) {
        const double here = log_chance + log_binomial(decided, up, log_up, log_down);
        if (here < RARE)
            l->rest += exp(here);
        else
            l->chance[2 * up - decided + l->shots] += exp(here);
    }
}

static ent_status losses_make(const ent_measurement *m, losses *l)
{
    const shot one = shot_of(m);
    const double grown =
        exp(-one.loss); /* a shot decides with chance t (1 + grown) / (1 - grown), else says nothing */
    const double decides = fmin(1.0, one.variation * (1.0 + grown) / -expm1(-one.loss));
    const double log_up = -log1p(grown), log_down = log_up - one.loss;
    *l = (losses){.shots = m->shots, .loss = one.loss, .chance = ent_alloc(2 * m->shots + 1, sizeof *l->chance)};
    ENT_REQUIRE(l->chance, ENT_ENOMEM, "privacy of %lld shots: no memory", (long long)m->shots);
    for (int64_t decided = 0; decided <= m->shots; decided++) {
        const double here = log_binomial(m->shots, decided, log(decides), log1p(-decides));
        if (here < RARE)
            l->rest += exp(here);
        else
            add_losses(l, decided, here, log_up, log_down);
    }
    return ENT_OK;
}

static double delta_of(const losses *l, double epsilon)
{
    double delta = l->rest;
    for (int64_t k = 2 * l->shots; k >= 0; k--) {
        const double over = (double)(k - l->shots) * l->loss - epsilon;
        if (over <= 0.0) break;
        delta += l->chance[k] * -expm1(-over);
    }
    return fmin(delta, 1.0);
}

static ent_status check(const ent_measurement *m, double delta)
{
    ENT_REQUIRE(m->shots >= 1 && m->shots <= 100000, ENT_EARG, "shots: found %lld, want 1 to 100000",
                (long long)m->shots);
    ENT_REQUIRE(m->qubits >= 1 && m->qubits <= 64, ENT_EARG, "measured qubits: found %d, want 1 to 64", m->qubits);
    ENT_REQUIRE(m->depolarizing >= 0.0 && m->depolarizing <= 1.0, ENT_EARG, "depolarizing: found %g, want 0 to 1",
                m->depolarizing);
    ENT_REQUIRE(m->distance >= 0.0 && m->distance <= 1.0, ENT_EARG, "distance: found %g, want 0 to 1", m->distance);
    ENT_REQUIRE(delta > 0.0 && delta < 1.0, ENT_EARG, "delta: found %g, want a number between 0 and 1", delta);
    return ENT_OK;
}

ent_status ent_privacy_measured(const ent_measurement *m, double delta, double *epsilon)
{
    ENT_TRY(check(m, delta));
    const double without_noise = m->distance < 1.0 ? -expm1((double)m->shots * log1p(-m->distance)) : 1.0;
    *epsilon = 0.0;
    if (without_noise <= delta || m->depolarizing == 1.0) return ENT_OK;
    *epsilon = INFINITY;
    if (m->depolarizing == 0.0) return ENT_OK;
    losses l;
    ENT_TRY(losses_make(m, &l));
    double low = 0.0, high = (double)m->shots * l.loss;
    if (delta_of(&l, 0.0) <= delta) high = 0.0;
    if (delta_of(&l, high) <= delta) {
        for (int turn = 0; turn < 100 && high - low > 1e-12 * high; turn++) {
            const double middle = 0.5 * (low + high);
            *(delta_of(&l, middle) > delta ? &low : &high) = middle;
        }
        *epsilon = high;
    }
    ent_free(l.chance);
    return ENT_OK;
}
