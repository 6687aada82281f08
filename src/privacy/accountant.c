/* Epsilon, delta and noise by either accountant. */
#include <math.h>

#include "entente/privacy.h"
#include "privacy/pld.h"

static const double MOST_NOISE = 1e6, LEAST_NOISE = 1e-2, LEAST_PLD_DELTA = 1e-12;

const char *ent_accountant_name(ent_accountant accountant)
{
    return accountant == ENT_ACCOUNTANT_RDP ? "rdp" : "pld";
}

static ent_status check_mechanism(const ent_mechanism *m)
{
    ENT_REQUIRE(m->rate >= 0.0 && m->rate <= 1.0, ENT_EARG, "sampling rate: found %g, want 0 to 1", m->rate);
    ENT_REQUIRE(m->noise >= 0.0 && isfinite(m->noise), ENT_EARG, "noise multiplier: found %g, want at least 0",
                m->noise);
    ENT_REQUIRE(m->steps >= 0, ENT_EARG, "rounds: found %lld, want at least 0", (long long)m->steps);
    return ENT_OK;
}

static ent_status check_delta(ent_accountant accountant, double delta)
{
    ENT_REQUIRE(delta > 0.0 && delta < 1.0, ENT_EARG, "delta: found %g, want a number between 0 and 1", delta);
    ENT_REQUIRE(accountant == ENT_ACCOUNTANT_RDP || delta >= LEAST_PLD_DELTA, ENT_EARG,
                "delta: found %g, want at least %g with the accountant pld; rdp takes any", delta, LEAST_PLD_DELTA);
    return ENT_OK;
}

/* Orders 1 + 0.02 1.1^k, to 1000. */
static double order_at(int k)
{
    return 1.0 + 0.02 * pow(1.1, k);
}
enum { ORDERS = 114 };

static double renyi_epsilon(const ent_mechanism *m, double delta)
{
    double least = INFINITY;
    for (int k = 0; k < ORDERS; k++) {
        const double renyi = (double)m->steps * ent_privacy_renyi(m->rate, m->noise, order_at(k));
        least = fmin(least, ent_privacy_convert(order_at(k), renyi, delta));
    }
    return fmax(least, 0.0);
}

/* The conversion, solved for delta. */
static double renyi_delta(const ent_mechanism *m, double epsilon)
{
    double least = 0.0;
    for (int k = 0; k < ORDERS; k++) {
        const double order = order_at(k), renyi = (double)m->steps * ent_privacy_renyi(m->rate, m->noise, order);
        least = fmin(least, (order - 1.0) * (renyi - epsilon + log1p(-1.0 / order)) - log(order));
    }
    return exp(least);
}

ent_status ent_privacy_epsilon(ent_accountant accountant, const ent_mechanism *m, double delta, double *epsilon)
{
    ENT_TRY(check_mechanism(m));
    ENT_TRY(check_delta(accountant, delta));
    if (m->rate == 0.0 || m->steps == 0) {
        *epsilon = 0.0;
    } else if (m->noise < LEAST_NOISE) {
        *epsilon = m->noise == 0.0 ? INFINITY : renyi_epsilon(m, delta); /* a loss of thousands, whoever counts it */
    } else if (accountant == ENT_ACCOUNTANT_RDP) {
        *epsilon = renyi_epsilon(m, delta);
    } else {
        ent_pld pld;
        ENT_TRY(ent_pld_make(m, &pld));
        *epsilon = ent_pld_epsilon(&pld, delta);
        ent_pld_clear(&pld);
    }
    return ENT_OK;
}

ent_status ent_privacy_delta(ent_accountant accountant, const ent_mechanism *m, double epsilon, double *delta)
{
    ENT_TRY(check_mechanism(m));
    ENT_REQUIRE(epsilon >= 0.0, ENT_EARG, "epsilon: found %g, want at least 0", epsilon);
    if (m->rate == 0.0 || m->steps == 0) {
        *delta = 0.0;
    } else if (m->noise < LEAST_NOISE) {
        *delta = 1.0;
    } else if (accountant == ENT_ACCOUNTANT_RDP) {
        *delta = renyi_delta(m, epsilon);
    } else {
        ent_pld pld;
        ENT_TRY(ent_pld_make(m, &pld));
        *delta = ent_pld_delta(&pld, epsilon);
        ent_pld_clear(&pld);
    }
    return ENT_OK;
}

/* low has too little noise, high enough. */
static ent_status bisect(ent_accountant accountant, ent_mechanism m, double epsilon, double delta, double low,
                         double high, double *noise)
{
    while (high > low * 1.0001) {
        double found;
        m.noise = sqrt(low * high);
        ENT_TRY(ent_privacy_epsilon(accountant, &m, delta, &found));
        if (found <= epsilon)
            high = m.noise;
        else
            low = m.noise;
    }
    *noise = high;
    return ENT_OK;
}

ent_status ent_privacy_noise(ent_accountant accountant, const ent_mechanism *mechanism, double epsilon, double delta,
                             double *noise)
{
    ent_mechanism m = *mechanism;
    double most = MOST_NOISE, found;
    ENT_REQUIRE(epsilon > 0.0 && isfinite(epsilon), ENT_EARG, "epsilon: found %g, want a number above 0", epsilon);
    m.noise = MOST_NOISE;
    ENT_TRY(ent_privacy_epsilon(accountant, &m, delta, &found));
    ENT_REQUIRE(
        found <= epsilon, ENT_EARG,
        "epsilon %g at delta %g cannot be reached in %lld rounds: with a noise multiplier of %g it is still %g",
        epsilon, delta, (long long)m.steps, m.noise, found);
    if (accountant == ENT_ACCOUNTANT_PLD) { /* rdp is cheap, and wants no less */
        ent_status reached = ent_privacy_noise(ENT_ACCOUNTANT_RDP, mechanism, epsilon, delta, &most);
        m.noise = reached == ENT_OK ? most : MOST_NOISE;
        ENT_TRY(ent_privacy_epsilon(accountant, &m, delta, &found));
        if (reached != ENT_OK || found > epsilon) most = MOST_NOISE;
    }
    return bisect(accountant, m, epsilon, delta, LEAST_NOISE, most, noise);
}
