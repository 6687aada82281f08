/* Accountants: published values, direct integration, the closed form of the Gaussian mechanism, and each other; all
 * patterns of a small tree; brute force on small circuits. */
#include "check.h"

#include "entente/privacy.h"
#include "entente/random.h"

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

/* The inverse of the curve, and the order of the two accountants. */
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

/* Round by round, in any order, the same as computed at once. */
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

/* ---- tree aggregation ---- */

/* By trying all patterns. */
static double worst_pattern(int rounds, int times, int apart)
{
    double worst = 0.0;
    for (unsigned pattern = 0; pattern < 1u << rounds; pattern++) {
        int last = -apart, taken = 0;
        bool fits = true;
        for (int r = 0; r < rounds; r++) {
            if (!(pattern >> r & 1)) continue;
            fits = fits && r - last >= apart;
            last = r;
            taken++;
        }
        if (!fits || taken > times) continue;
        double norm = 0.0;
        for (int size = 1; size <= rounds; size *= 2)
            for (int node = 0; node < rounds / size; node++) {
                int count = 0;
                for (int r = node * size; r < (node + 1) * size; r++) count += (int)(pattern >> r & 1);
                norm += count * count;
            }
        worst = fmax(worst, norm);
    }
    return worst;
}

static void trees_of_all_patterns(void **state)
{
    (void)state;
    for (int rounds = 1; rounds <= 13; rounds++)
        for (int times = 1; times <= 4; times++)
            for (int apart = 1; apart <= 5; apart++) {
                const double found = ent_privacy_tree_norm(rounds, times, apart);
                const double worst = worst_pattern(rounds, times, apart);
                assert_true(found >= worst);
                if (apart == 1 || times == 1) assert_true(found == worst);
                assert_true(found <= 1.25 * worst);
            }
}

/* tensorflow/privacy, privacy/analysis/tree_aggregation_accountant_test.py: test_max_tree_sensitivity_square_sum_*
 * (its min_separation is apart - 1); of the last the exact value is 88. */
static void published_trees(void **state)
{
    (void)state;
    assert_true(ent_privacy_tree_norm(8, 1, 8) == 4.0 && ent_privacy_tree_norm(9, 3, 4) == 11.0);
    assert_true(ent_privacy_tree_norm(7, 3, 3) == 9.0 && ent_privacy_tree_norm(8, 200, 1) == 120.0);
    assert_true(ent_privacy_tree_norm(11, 11, 1) == 127.0 && ent_privacy_tree_norm(19, 19, 1) == 503.0);
    assert_true(ent_privacy_tree_norm(19, 2, 1) == 18.0);
    check_near(ent_privacy_tree_norm(24, 8, 3) / 88.0, 1.0, 0.03);
    /* test_compute_eps_tree, the trainings of StackOverflow in arXiv 2103.00039: 1600 rounds, each client once, delta
     * 1e-6; with the older conversion of Mironov 2017, Proposition 3 */
    const double noise[] = {1.13, 8.83}, wanted[] = {19.74, 2.04};
    for (int k = 0; k < 2; k++) {
        const double norm = ent_privacy_tree_norm(1600, 1, 1);
        double least = INFINITY;
        for (double order = 1.01; order < 64.0; order *= 1.005)
            least = fmin(least, order * norm / (2.0 * noise[k] * noise[k]) + log(1e6) / (order - 1.0));
        check_near(least / wanted[k], 1.0, 0.005);
        assert_true(epsilon_of(ENT_ACCOUNTANT_RDP, 1.0, noise[k] / sqrt(norm), 1, 1e-6) < least);
        assert_true(epsilon_of(ENT_ACCOUNTANT_PLD, 1.0, noise[k] / sqrt(norm), 1, 1e-6) < least);
    }
}

/* ---- measured circuits ---- */

enum { DIM = 4 };
typedef struct {
    double re[DIM][DIM], im[DIM][DIM];
} density;

static void pure(ent_random *stream, const double *like, double mixed, double amplitude[2 * DIM])
{
    double norm = 0.0;
    for (int k = 0; k < 2 * DIM; k++) {
        amplitude[k] = mixed * ent_random_normal(stream) + (like ? like[k] : 0.0);
        norm += amplitude[k] * amplitude[k];
    }
    for (int k = 0; k < 2 * DIM; k++) amplitude[k] /= sqrt(norm);
}

static density density_of(const double a[2 * DIM])
{
    density rho;
    for (int i = 0; i < DIM; i++)
        for (int j = 0; j < DIM; j++) {
            rho.re[i][j] = a[2 * i] * a[2 * j] + a[2 * i + 1] * a[2 * j + 1];
            rho.im[i][j] = a[2 * i + 1] * a[2 * j] - a[2 * i] * a[2 * j + 1];
        }
    return rho;
}

/* rho -> (1 - p) rho + p (I / 2, with the qubit of `bit` traced out): X, Y and Z with chance p / 4 each. */
static density depolarize(const density *rho, int bit, double p)
{
    density out;
    for (int i = 0; i < DIM; i++)
        for (int j = 0; j < DIM; j++) {
            const double sign = ((i ^ j) & bit) ? -1.0 : 1.0, keep = 1.0 - 0.75 * p + 0.25 * p * sign;
            const double flip = 0.25 * p * (1.0 + sign);
            out.re[i][j] = keep * rho->re[i][j] + flip * rho->re[i ^ bit][j ^ bit];
            out.im[i][j] = keep * rho->im[i][j] + flip * rho->im[i ^ bit][j ^ bit];
        }
    return out;
}

/* Outcomes of the qubits, after noise on each: two, or the first of them. */
static void outcomes_of(const double amplitude[2 * DIM], int qubits, double p, double chance[DIM])
{
    density rho = density_of(amplitude);
    rho = depolarize(&rho, 1, p);
    rho = depolarize(&rho, 2, p);
    for (int k = 0; k < DIM; k++) chance[k] = 0.0;
    for (int k = 0; k < DIM; k++) chance[qubits == 2 ? k : k % 2] += rho.re[k][k];
}

static double overlap(const double *a, const double *b)
{
    double re = 0.0, im = 0.0;
    for (int k = 0; k < DIM; k++) {
        re += a[2 * k] * b[2 * k] + a[2 * k + 1] * b[2 * k + 1];
        im += a[2 * k] * b[2 * k + 1] - a[2 * k + 1] * b[2 * k];
    }
    return re * re + im * im;
}

/* delta over all sequences of outcomes. */
static double delta_of_shots(const double *p, const double *q, int outcomes, int shots, double epsilon, double at_p,
                             double at_q)
{
    if (shots == 0) return fmax(0.0, at_p - exp(epsilon) * at_q);
    double delta = 0.0;
    for (int k = 0; k < outcomes; k++)
        delta += delta_of_shots(p, q, outcomes, shots - 1, epsilon, at_p * p[k], at_q * q[k]);
    return delta;
}

static double measured(int shots, int qubits, double p, double distance, double delta)
{
    const ent_measurement m = {.shots = shots, .qubits = qubits, .depolarizing = p, .distance = distance};
    double epsilon;
    check_ok(ent_privacy_measured(&m, delta, &epsilon));
    return epsilon;
}

/* Random pairs of states of two qubits, near and far, as density matrices. */
static void small_circuits_by_brute_force(void **state)
{
    (void)state;
    const double p[] = {0.02, 0.2, 0.7};
    ent_random stream = ent_random_at(4, ENT_FOR_TEST, 0, 0);
    for (int turn = 0; turn < 120; turn++) {
        double a[2 * DIM], b[2 * DIM], here[DIM], there[DIM];
        const int qubits = 1 + turn % 2, shots = 1 + turn % 6;
        pure(&stream, NULL, 1.0, a);
        pure(&stream, a, turn % 3 ? 0.1 : 1.0, b);
        const double distance = sqrt(1.0 - overlap(a, b));
        outcomes_of(a, qubits, p[turn % 3], here);
        outcomes_of(b, qubits, p[turn % 3], there);
        for (double delta = 1e-6; delta < 0.5; delta *= 10.0) {
            const double epsilon = measured(shots, qubits, p[turn % 3], fmin(distance, 1.0), delta);
            assert_true(delta_of_shots(here, there, 1 << qubits, shots, epsilon, 1.0, 1.0) <= delta * (1 + 1e-9));
            assert_true(delta_of_shots(there, here, 1 << qubits, shots, epsilon, 1.0, 1.0) <= delta * (1 + 1e-9));
        }
    }
}

/* One qubit, 0 and 1: the bound is reached. */
static void opposite_bits_reach_the_bound(void **state)
{
    (void)state;
    for (int shots = 1; shots <= 10; shots++) {
        const double p = 0.3, here[] = {1.0 - p / 2, p / 2}, there[] = {p / 2, 1.0 - p / 2};
        for (double delta = 1e-6; delta < 0.5; delta *= 10.0) {
            const double epsilon = measured(shots, 1, p, 1.0, delta);
            const double found = delta_of_shots(here, there, 2, shots, epsilon, 1.0, 1.0);
            if (epsilon > 0.0) check_near(found / delta, 1.0, 1e-5);
        }
    }
    check_near(measured(1, 1, 0.3, 1.0, 1e-12), log(1.7 / 0.3), 1e-6);
    check_near(measured(3, 2, 0.3, 1.0, 1e-12), 6.0 * log(1.7 / 0.3), 1e-6);
    check_near(measured(1, 1, 0.3, 0.25, 1e-12), log(1.0 + 0.25 * 2.0 * 0.7 / 0.3), 1e-6); /* Zhou and Ying */
    assert_true(isinf(measured(5, 1, 0.0, 0.5, 0.9)) && measured(5, 1, 0.0, 0.5, 0.97) == 0.0);
    assert_true(measured(5, 3, 1.0, 1.0, 1e-9) == 0.0 && measured(5, 3, 0.5, 0.0, 1e-9) == 0.0);
    assert_true(measured(1000, 1, 0.3, 0.01, 1e-5) < measured(10000, 1, 0.3, 0.01, 1e-5));
    const ent_measurement m = {.shots = 20, .qubits = 1, .depolarizing = 0.1, .distance = 1.0};
    double out;
    check_every_allocation(ent_privacy_measured(&m, 1e-5, &out), (void)0);
}

static void refuses(void **state)
{
    (void)state;
    double nothing;
    ent_measurement bad = {.shots = 0, .qubits = 1, .depolarizing = 0.1, .distance = 1.0};
    check_fails(ent_privacy_measured(&bad, 1e-5, &nothing), ENT_EARG, "shots: found 0, want 1 to 100000");
    bad.shots = 5, bad.qubits = 0;
    check_fails(ent_privacy_measured(&bad, 1e-5, &nothing), ENT_EARG, "measured qubits: found 0, want 1 to 64");
    bad.qubits = 1, bad.depolarizing = NAN;
    check_fails(ent_privacy_measured(&bad, 1e-5, &nothing), ENT_EARG, "depolarizing: found nan, want 0 to 1");
    bad.depolarizing = 0.1, bad.distance = 1.1;
    check_fails(ent_privacy_measured(&bad, 1e-5, &nothing), ENT_EARG, "distance: found 1.1, want 0 to 1");
    bad.distance = 1.0;
    check_fails(ent_privacy_measured(&bad, 1.0, &nothing), ENT_EARG, "delta: found 1, want");
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
        cmocka_unit_test(trees_of_all_patterns),
        cmocka_unit_test(published_trees),
        cmocka_unit_test(small_circuits_by_brute_force),
        cmocka_unit_test(opposite_bits_reach_the_bound),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
