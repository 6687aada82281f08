/* Epsilon, delta and noise by either accountant. */
#include <math.h>
#include <stdbool.h>

#include "entente/memory.h"
#include "entente/privacy.h"
#include "privacy/pld.h"

static const double MOST_NOISE = 1e6, LEAST_NOISE = 1e-2, LEAST_PLD_DELTA = 1e-12;

const char *ent_accountant_name(ent_accountant accountant)
{
    return accountant == ENT_ACCOUNTANT_RDP ? "rdp" : "pld";
}

static ent_status check_delta(ent_accountant accountant, double delta)
{
    ENT_REQUIRE(delta > 0.0 && delta < 1.0, ENT_EARG, "delta: found %g, want a number between 0 and 1", delta);
    ENT_REQUIRE(accountant == ENT_ACCOUNTANT_RDP || delta >= LEAST_PLD_DELTA, ENT_EARG,
                "delta: found %g, want at least %g with the accountant pld; rdp takes any", delta, LEAST_PLD_DELTA);
    return ENT_OK;
}

/* Orders 1 + 0.02 1.1^k, to 1000; fewer with little noise, whose divergences of high order are useless. */
static double order_at(int k)
{
    return 1.0 + 0.02 * pow(1.1, k);
}
enum { ORDERS = 114 };

static int orders_of(double noise)
{
    const double most = fmax(10.0, 1000.0 * fmin(1.0, 4.0 * noise * noise));
    int orders = 0;
    while (orders < ORDERS && order_at(orders) <= most) orders++;
    return orders;
}

struct ent_ledger {
    ent_accountant accountant;
    double rate, noise;
    int orders;
    double renyi[ORDERS]; /* of one round */
    ent_pld pld;
    int64_t most; /* the number of rounds that pld was made for */
};

ent_status ent_ledger_new(ent_accountant accountant, double rate, double noise, ent_ledger **out)
{
    ENT_REQUIRE(rate >= 0.0 && rate <= 1.0, ENT_EARG, "sampling rate: found %g, want 0 to 1", rate);
    ENT_REQUIRE(noise >= 0.0 && isfinite(noise), ENT_EARG, "noise multiplier: found %g, want at least 0", noise);
    ent_ledger *l = ent_alloc(1, sizeof *l);
    ENT_REQUIRE(l, ENT_ENOMEM, "accountant: no memory");
    *l = (ent_ledger){.accountant = accountant, .rate = rate, .noise = noise, .orders = orders_of(noise)};
    if (noise < LEAST_NOISE) l->accountant = ENT_ACCOUNTANT_RDP; /* an epsilon of thousands with either accountant */
    if (l->accountant == ENT_ACCOUNTANT_RDP)
        for (int k = 0; k < l->orders; k++) l->renyi[k] = ent_privacy_renyi(rate, noise, order_at(k));
    *out = l;
    return ENT_OK;
}

void ent_ledger_free(ent_ledger *l)
{
    if (!l) return;
    ent_pld_clear(&l->pld);
    ent_free(l);
}

/* Made for a power of two of rounds, so that the result does not depend on earlier calls. */
static ent_status make_room(ent_ledger *l, int64_t steps)
{
    int64_t most = 1;
    while (most < steps) most *= 2;
    if (most == l->most) return ENT_OK;
    ent_pld_clear(&l->pld);
    l->most = 0;
    ENT_TRY(ent_pld_make(l->rate, l->noise, most, &l->pld));
    l->most = most;
    return ENT_OK;
}

static double renyi_epsilon(const ent_ledger *l, int64_t steps, double delta)
{
    double least = INFINITY;
    for (int k = 0; k < l->orders; k++)
        least = fmin(least, ent_privacy_convert(order_at(k), (double)steps * l->renyi[k], delta));
    return fmax(least, 0.0);
}

/* The conversion, solved for delta. */
static double renyi_delta(const ent_ledger *l, int64_t steps, double epsilon)
{
    double least = 0.0;
    for (int k = 0; k < l->orders; k++) {
        const double order = order_at(k), over = (double)steps * l->renyi[k] - epsilon + log1p(-1.0 / order);
        least = fmin(least, (order - 1.0) * over - log(order));
    }
    return exp(least);
}

ent_status ent_ledger_epsilon(ent_ledger *l, int64_t steps, double delta, double *epsilon)
{
    ENT_REQUIRE(steps >= 0, ENT_EARG, "rounds: found %lld, want at least 0", (long long)steps);
    ENT_TRY(check_delta(l->accountant, delta));
    if (l->rate == 0.0 || steps == 0) {
        *epsilon = 0.0;
    } else if (l->accountant == ENT_ACCOUNTANT_RDP) {
        *epsilon = renyi_epsilon(l, steps, delta);
    } else {
        ENT_TRY(make_room(l, steps));
        *epsilon = ent_pld_epsilon(&l->pld, steps, delta);
    }
    return ENT_OK;
}

ent_status ent_ledger_delta(ent_ledger *l, int64_t steps, double epsilon, double *delta)
{
    ENT_REQUIRE(steps >= 0, ENT_EARG, "rounds: found %lld, want at least 0", (long long)steps);
    ENT_REQUIRE(epsilon >= 0.0, ENT_EARG, "epsilon: found %g, want at least 0", epsilon);
    if (l->rate == 0.0 || steps == 0) {
        *delta = 0.0;
    } else if (l->accountant == ENT_ACCOUNTANT_RDP) {
        *delta = renyi_delta(l, steps, epsilon);
    } else {
        ENT_TRY(make_room(l, steps));
        *delta = ent_pld_delta(&l->pld, steps, epsilon);
    }
    return ENT_OK;
}

ent_status ent_privacy_epsilon(ent_accountant accountant, const ent_mechanism *m, double delta, double *epsilon)
{
    ent_ledger *ledger;
    ENT_TRY(ent_ledger_new(accountant, m->rate, m->noise, &ledger));
    const ent_status status = ent_ledger_epsilon(ledger, m->steps, delta, epsilon);
    ent_ledger_free(ledger);
    return status;
}

ent_status ent_privacy_delta(ent_accountant accountant, const ent_mechanism *m, double epsilon, double *delta)
{
    ent_ledger *ledger;
    ENT_TRY(ent_ledger_new(accountant, m->rate, m->noise, &ledger));
    const ent_status status = ent_ledger_delta(ledger, m->steps, epsilon, delta);
    ent_ledger_free(ledger);
    return status;
}

/* Where a power law through both ends takes the value epsilon, moved slightly towards the end not moved last. */
static double guess(const double noise[2], const double found[2], double epsilon, bool up)
{
    const double slope = log(found[1] / found[0]) / log(noise[1] / noise[0]);
    const double there = noise[0] * exp(log(epsilon / found[0]) / slope) * (up ? 1.00004 : 1.0 / 1.00004);
    return there > noise[0] && there < noise[1] ? there : sqrt(noise[0] * noise[1]); /* NaN too */
}

/* noise[0] is too small, noise[1] large enough; found: their epsilons. */
static ent_status close_in(ent_accountant accountant, ent_mechanism m, double epsilon, double delta, double noise[2],
                           double found[2])
{
    bool up = true;
    for (int turn = 0; noise[1] > noise[0] * 1.0001; turn++) {
        double here;
        m.noise = turn % 4 == 3 ? sqrt(noise[0] * noise[1]) : guess(noise, found, epsilon, up);
        ENT_TRY(ent_privacy_epsilon(accountant, &m, delta, &here));
        const int end = here <= epsilon;
        noise[end] = m.noise;
        found[end] = here;
        up = !end;
    }
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
    if (accountant == ENT_ACCOUNTANT_PLD) { /* rdp is cheap, and its noise is an upper bound */
        const ent_status reached = ent_privacy_noise(ENT_ACCOUNTANT_RDP, mechanism, epsilon, delta, &most);
        m.noise = reached == ENT_OK ? most : MOST_NOISE;
        ENT_TRY(ent_privacy_epsilon(accountant, &m, delta, &found));
        if (reached != ENT_OK || found > epsilon) most = MOST_NOISE;
    }
    double ends[2] = {LEAST_NOISE, most}, epsilons[2] = {INFINITY, found};
    ENT_TRY(close_in(accountant, m, epsilon, delta, ends, epsilons));
    *noise = ends[1];
    return ENT_OK;
}
