/* Accountants: published values, direct integration, the closed form of the Gaussian mechanism, and each other. */
#include "check.h"

#include "entente/privacy.h"

static double epsilon_of(ent_accountant accountant, double rate, double noise, int64_t steps, double delta)
{
    const ent_mechanism m = {.rate = rate, .noise = noise, .steps = steps};
    double epsilon;
    check_ok(ent_privacy_epsilon(accountant, &m, delta, &epsilon));
    return epsilon;
}

static double delta_of(ent_accountant accountant, double rate, double noise, int64_t steps, double epsilon)
{
    const ent_mechanism m = {.rate = rate, .noise = noise, .steps = steps};
    double delta;
    check_ok(ent_privacy_delta(accountant, &m, epsilon, &delta));
    return delta;
}

/* ---- Renyi divergences ---- */

/* google/differential-privacy, dp_accounting/rdp/rdp_privacy_accountant_test.py,
 * test_compute_rdp_poisson_sampled_gaussian: 50 rounds, rate 0.01, noise 2.5.  Its value at order 1.5 is a bound, 3 %
 * above the integral: left out. */
static void divergences_are_those_of_dp_accounting(void **state)
{
    (void)state;
    const double order[] = {2.5, 5, 50, 100};
    const double wanted[] = {1.08548710e-03, 2.18075656e-03, 2.38460375e-02, 1.67416308e+02};
    for (int k = 0; k < 4; k++) check_near(50.0 * ent_privacy_renyi(0.01, 2.5, order[k]) / wanted[k], 1.0, 2e-4);
}

/* Whole orders by the binomial theorem: arXiv 1908.10530, section 3.3. */
static double binomial(double q, double s, int order)
{
    double sum = 0.0;
    for (int k = 0; k <= order; k++)
        sum += exp(lgamma(order + 1.0) - lgamma(k + 1.0) - lgamma(order - k + 1.0) + (order - k) * log1p(-q) +
                   k * log(q) + k * (k - 1.0) / (2.0 * s * s));
    return log(sum) / (order - 1.0);
}

static void whole_orders_by_the_binomial_theorem(void **state)
{
    (void)state;
    const double rate[] = {0.001, 0.01, 0.2, 0.9}, noise[] = {0.5, 1.0, 4.0};
    const int order[] = {2, 3, 8, 12};
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < 3; b++)
            for (int c = 0; c < 4; c++) {
                const double wanted = binomial(rate[a], noise[b], order[c]);
                check_near(ent_privacy_renyi(rate[a], noise[b], order[c]), wanted, 1e-9 * wanted + 2e-15);
            }
    assert_true(ent_privacy_renyi(1e-7, 1.0, 27.0) > 0.0); /* where the sum cancels to nothing */
    check_near(ent_privacy_renyi(1e-7, 1.0, 2.0), 1e-14 * expm1(1.0), 1e-20);
}

/* The conversion: dp_accounting's test_compute_epsilon_delta_gaussian has (1, 1e-6) at noise 4.530877117, and
 * test_compute_epsilon_delta_pure_dp 1.32783806176 of 1.1 at order 32. */
static void conversion_of_published_values(void **state)
{
    (void)state;
    check_near(ent_privacy_convert(32.0, 1.1, 1e-5), 1.32783806176, 1e-9);
    check_near(epsilon_of(ENT_ACCOUNTANT_RDP, 1.0, 4.530877117, 1, 1e-6), 1.0, 2e-3);
}

/* Digits of MNIST in TensorFlow Privacy's tutorial (batches of 256 of 60000, delta 1e-5), found with the older
 * conversion of Mironov 2017, Proposition 3. */
static void published_trainings(void **state)
{
    (void)state;
    /* opacus/tests/accountants_test.py, test_rdp_accountant */
    check_near(epsilon_of(ENT_ACCOUNTANT_RDP, 0.04, 1.5, 2250, 1e-5) / 7.32911117143, 1.0, 0.01);
    const double noise[] = {1.3, 1.1, 0.7}, epochs[] = {15, 60, 45}, wanted[] = {1.19, 3.01, 7.10};
    for (int k = 0; k < 3; k++) {
        const double rate = 256.0 / 60000.0, steps = ceil(epochs[k] / rate);
        double least = INFINITY;
        for (double order = 1.1; order < 64.0; order += order < 10.9 ? 0.1 : 1.0)
            least = fmin(least, steps * ent_privacy_renyi(rate, noise[k], order) + log(1e5) / (order - 1.0));
        check_near(least / wanted[k], 1.0, 0.01);
        assert_true(epsilon_of(ENT_ACCOUNTANT_RDP, rate, noise[k], (int64_t)steps, 1e-5) < least);
    }
}

/* ---- Privacy loss distributions ---- */

static void published_losses(void **state)
{
    (void)state;
    /* Koskela et al., DPBayes/PLD-Accountant: tests/test_compute_delta.py, test_get_delta_R_regression_valid_params.
     */
    check_near(delta_of(ENT_ACCOUNTANT_PLD, 0.01, 2.0, 10000, 1.0) / 0.010224911209191894, 1.0, 1e-3);
    check_near(delta_of(ENT_ACCOUNTANT_PLD, 0.01, 2.0, 10000, 0.8) / 0.022850339595771204, 1.0, 1e-3);
    check_near(delta_of(ENT_ACCOUNTANT_PLD, 0.01, 1.0, 10000, 1.0) / 0.2391763947364977, 1.0, 1e-3);
    check_near(delta_of(ENT_ACCOUNTANT_PLD, 0.02, 2.0, 10000, 1.0) / 0.14991732969314892, 1.0, 1e-3);
    check_near(delta_of(ENT_ACCOUNTANT_PLD, 0.01, 2.0, 100000, 1.0) / 0.39205728853284305, 1.0, 1e-3);
    /* dp_accounting/pld/pld_privacy_accountant_test.py, test_poisson_subsampled_gaussian and test_gaussian_basic. */
    check_near(delta_of(ENT_ACCOUNTANT_PLD, 0.2, 0.5, 3, 1.0) / 0.15594, 1.0, 1e-3);
    check_near(delta_of(ENT_ACCOUNTANT_PLD, 1.0, sqrt(3.0), 3, 1.0) / 0.126936, 1.0, 1e-3);
}

static double phi(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

/* Balle and Wang 2018, arXiv 1805.06530, Theorem 8: steps of noise s are one of noise s / sqrt(steps). */
static void gaussian_in_closed_form(void **state)
{
    (void)state;
    const double noise[] = {0.3, 1.0, 5.0, 40.0}, epsilon[] = {0.0, 0.1, 1.0, 8.0};
    const int64_t steps[] = {1, 10, 1000};
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < 4; b++)
            for (int c = 0; c < 3; c++) {
                const double mu = sqrt((double)steps[c]) / noise[a], e = epsilon[b];
                const double wanted = phi(mu / 2 - e / mu) - exp(e) * phi(-mu / 2 - e / mu);
                const double found = delta_of(ENT_ACCOUNTANT_PLD, 1.0, noise[a], steps[c], e);
                if (wanted < 1e-12) continue;
                assert_true(found >= wanted * (1.0 - 1e-9) - 1e-13);
                check_near(found / wanted, 1.0, 5e-3);
                assert_true(delta_of(ENT_ACCOUNTANT_RDP, 1.0, noise[a], steps[c], e) >= wanted);
            }
}

typedef struct {
    double q, s;
} sampled;

static double with(const sampled *m, double x)
{
    const double there = exp(-0.5 * (x - 1) * (x - 1) / (m->s * m->s)), not = exp(-0.5 * x * x / (m->s * m->s));
    return ((1 - m->q) * not +m->q * there) / (m->s * sqrt(2 * M_PI));
}

static double without(const sampled *m, double x)
{
    return exp(-0.5 * x * x / (m->s * m->s)) / (m->s * sqrt(2 * M_PI));
}

/* delta of one or two rounds by summing max(0, p - exp(epsilon) q) over a grid of outcomes. */
static double integrate(const sampled *m, int steps, double epsilon, int points)
{
    const double low = -9 * m->s, h = (1 + 18 * m->s) / points;
    double removed = 0.0, added = 0.0;
    for (int i = 0; i < points; i++)
        for (int j = 0; j < (steps == 2 ? points : 1); j++) {
            double p = with(m, low + (i + 0.5) * h), q = without(m, low + (i + 0.5) * h), area = h;
            if (steps == 2) {
                p *= with(m, low + (j + 0.5) * h);
                q *= without(m, low + (j + 0.5) * h);
                area *= h;
            }
            removed += area * fmax(p - exp(epsilon) * q, 0.0);
            added += area * fmax(q - exp(epsilon) * p, 0.0);
        }
    return fmax(removed, added);
}

static void by_direct_integration(void **state)
{
    (void)state;
    const sampled m[] = {{0.01, 1.1}, {0.2, 0.6}, {0.7, 2.0}};
    const double epsilon[] = {0.0, 0.02, 0.3, 1.5};
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 4; b++) {
            const double one = integrate(&m[a], 1, epsilon[b], 200000);
            const double two = integrate(&m[a], 2, epsilon[b], 1000);
            if (one > 1e-9) check_near(delta_of(ENT_ACCOUNTANT_PLD, m[a].q, m[a].s, 1, epsilon[b]) / one, 1.0, 2e-3);
            if (two > 1e-9) check_near(delta_of(ENT_ACCOUNTANT_PLD, m[a].q, m[a].s, 2, epsilon[b]) / two, 1.0, 5e-3);
        }
}

/* The curve the other way round, and the order of the two accountants. */
static void losses_are_below_renyi(void **state)
{
    (void)state;
    const struct {
        double rate, noise;
        int64_t steps;
        double delta;
    } c[] = {{0.01, 1.1, 10000, 1e-5}, {0.001, 1.0, 500, 1e-6},  {0.1, 2.0, 100, 1e-5},     {1.0, 10.0, 50, 1e-5},
             {0.5, 0.4, 3, 1e-3},      {0.01, 4.0, 10000, 1e-5}, {0.004, 0.7, 10500, 1e-5}, {1e-4, 0.5, 100, 1e-8}};
    for (size_t k = 0; k < sizeof c / sizeof *c; k++) {
        const double pld = epsilon_of(ENT_ACCOUNTANT_PLD, c[k].rate, c[k].noise, c[k].steps, c[k].delta);
        const double rdp = epsilon_of(ENT_ACCOUNTANT_RDP, c[k].rate, c[k].noise, c[k].steps, c[k].delta);
        assert_true(pld > 0.0 && pld <= rdp && rdp < 2.0 * pld + 1.0);
        check_near(delta_of(ENT_ACCOUNTANT_PLD, c[k].rate, c[k].noise, c[k].steps, pld) / c[k].delta, 1.0, 1e-6);
        check_near(delta_of(ENT_ACCOUNTANT_RDP, c[k].rate, c[k].noise, c[k].steps, rdp) / c[k].delta, 1.0, 1e-6);
    }
    assert_true(epsilon_of(ENT_ACCOUNTANT_PLD, 0.0, 1.0, 100, 1e-5) == 0.0);
    assert_true(epsilon_of(ENT_ACCOUNTANT_PLD, 0.5, 1.0, 0, 1e-5) == 0.0);
    assert_true(isinf(epsilon_of(ENT_ACCOUNTANT_PLD, 0.5, 0.0, 1, 1e-5)));
}

/* Round by round, in whatever order, as from nothing. */
static void a_ledger_goes_round_by_round(void **state)
{
    (void)state;
    const int64_t steps[] = {1, 2, 3, 100, 101, 7, 0};
    for (int a = 0; a < ENT_ACCOUNTANTS; a++) {
        ent_ledger *ledger;
        check_ok(ent_ledger_new((ent_accountant)a, 0.05, 0.9, &ledger));
        for (int k = 0; k < 7; k++) {
            double found;
            check_ok(ent_ledger_epsilon(ledger, steps[k], 1e-5, &found));
            assert_true(found == epsilon_of((ent_accountant)a, 0.05, 0.9, steps[k], 1e-5));
        }
        ent_ledger_free(ledger);
    }
    const ent_mechanism m = {.rate = 0.5, .noise = 2.0, .steps = 3};
    double out;
    check_every_allocation(ent_privacy_epsilon(ENT_ACCOUNTANT_PLD, &m, 1e-5, &out), (void)0);
}

static void noise_for_epsilon(void **state)
{
    (void)state;
    for (int k = 0; k < ENT_ACCOUNTANTS; k++) {
        const ent_mechanism m = {.rate = 0.02, .steps = 200};
        double noise;
        check_ok(ent_privacy_noise((ent_accountant)k, &m, 1.5, 1e-5, &noise));
        const double found = epsilon_of((ent_accountant)k, 0.02, noise, 200, 1e-5);
        assert_true(found <= 1.5 && found > 1.497);
    }
}

static void refuses(void **state)
{
    (void)state;
    ent_mechanism m = {.rate = 0.1, .noise = 1.0, .steps = 10};
    double out;
    check_fails(ent_privacy_epsilon(ENT_ACCOUNTANT_RDP, &m, 0.0, &out), ENT_EARG, "delta: found 0, want");
    check_fails(ent_privacy_epsilon(ENT_ACCOUNTANT_RDP, &m, 1.0, &out), ENT_EARG, "delta: found 1, want");
    check_fails(ent_privacy_epsilon(ENT_ACCOUNTANT_RDP, &m, NAN, &out), ENT_EARG, "delta: found nan");
    check_fails(ent_privacy_epsilon(ENT_ACCOUNTANT_PLD, &m, 1e-14, &out), ENT_EARG, "want at least 1e-12");
    check_fails(ent_privacy_delta(ENT_ACCOUNTANT_PLD, &m, -1.0, &out), ENT_EARG, "epsilon: found -1");
    check_fails(ent_privacy_noise(ENT_ACCOUNTANT_PLD, &m, 0.0, 1e-5, &out), ENT_EARG, "epsilon: found 0");
    check_fails(ent_privacy_noise(ENT_ACCOUNTANT_PLD, &m, 1e-9, 1e-9, &out), ENT_EARG,
                "cannot be reached in 10 rounds");
    m.rate = 1.5;
    check_fails(ent_privacy_epsilon(ENT_ACCOUNTANT_RDP, &m, 1e-5, &out), ENT_EARG, "sampling rate: found 1.5");
    m = (ent_mechanism){.rate = 0.1, .noise = -1.0, .steps = 10};
    check_fails(ent_privacy_epsilon(ENT_ACCOUNTANT_RDP, &m, 1e-5, &out), ENT_EARG, "noise multiplier: found -1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divergences_are_those_of_dp_accounting),
        cmocka_unit_test(whole_orders_by_the_binomial_theorem),
        cmocka_unit_test(conversion_of_published_values),
        cmocka_unit_test(published_trainings),
        cmocka_unit_test(published_losses),
        cmocka_unit_test(gaussian_in_closed_form),
        cmocka_unit_test(by_direct_integration),
        cmocka_unit_test(losses_are_below_renyi),
        cmocka_unit_test(a_ledger_goes_round_by_round),
        cmocka_unit_test(noise_for_epsilon),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
