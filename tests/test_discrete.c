/* Discrete Gaussian noise: its law, exactly rounded changes, and its accountant against sums over all outcomes. */
#include "check.h"

#include <stdlib.h>

#include "privacy/discrete.h"

__extension__ typedef __int128 int128;

enum { WIDE = 200, OUTCOMES = 2 * WIDE + 1 };

/* chance[x + WIDE] of the sum of `shares` discrete Gaussians. */
static void law_of(int shares, double variance, double chance[OUTCOMES])
{
    double one[OUTCOMES], all = 0.0;
    for (int x = -WIDE; x <= WIDE; x++) all += one[x + WIDE] = exp(-(double)(x * x) / (2.0 * variance));
    for (int k = 0; k < OUTCOMES; k++) chance[k] = one[k] /= all;
    for (int share = 1; share < shares; share++) {
        double sum[OUTCOMES] = {0};
        for (int x = -WIDE; x <= WIDE; x++)
            for (int y = -WIDE; y <= WIDE; y++)
                if (x + y >= -WIDE && x + y <= WIDE) sum[x + y + WIDE] += chance[x + WIDE] * one[y + WIDE];
        memcpy(chance, sum, sizeof sum);
    }
}

/* ---- the sampler ---- */

static double chi_squared(const int64_t *x, int64_t n, double variance, int *bins)
{
    double chance[OUTCOMES], chi = 0.0;
    int64_t count[OUTCOMES] = {0}, rare = 0;
    law_of(1, variance, chance);
    for (int64_t k = 0; k < n; k++) {
        assert_true(x[k] >= -WIDE && x[k] <= WIDE);
        count[x[k] + WIDE]++;
    }
    double rest = 0.0;
    *bins = 0;
    for (int k = 0; k < OUTCOMES; k++) {
        const double wanted = (double)n * chance[k];
        if (wanted < 10.0) {
            rest += wanted;
            rare += count[k];
            continue;
        }
        chi += ((double)count[k] - wanted) * ((double)count[k] - wanted) / wanted;
        ++*bins;
    }
    assert_true(fabs((double)rare - rest) < 6.0 * sqrt(rest) + 6.0);
    return chi;
}

static void draws_follow_the_law(void **state)
{
    (void)state;
    enum { N = 100000 };
    static int64_t x[N];
    ent_gaussian key = {.system = true};
    check_ok(ent_gaussian_draw_key(&key));
    const uint64_t variance[] = {1, 2, 7, 30, 400};
    for (int k = 0; k < 10; k++) {
        const ent_gaussian seed = {.seed = 11}, *source = k < 5 ? &seed : &key;
        int bins;
        ent_discrete_fill(source, ENT_FOR_CLIENT_NOISE, (uint64_t)k, 3, variance[k % 5], N, x);
        const double chi = chi_squared(x, N, (double)variance[k % 5], &bins);
        check_near(chi, bins, 6.0 * sqrt(2.0 * bins)); /* six deviations */
    }
}

/* Of the size that clients add, and of their sum. */
static void large_noise_has_its_moments(void **state)
{
    (void)state;
    enum { N = 20000, SHARES = 5 };
    static int64_t x[N];
    static double sum[N];
    const ent_gaussian seed = {.seed = 5};
    const ent_discrete_grid grid = ent_discrete_grid_of(0.7, 0.31);
    double fourth = 0.0, square = 0.0, mean = 0.0;
    assert_true(grid.variance >= UINT64_C(1) << 46 && grid.variance <= UINT64_C(1) << 48);
    check_near(sqrt((double)grid.variance) * grid.unit, 0.31, 1e-12);
    for (int share = 0; share < SHARES; share++) {
        ent_discrete_fill(&seed, ENT_FOR_CLIENT_NOISE, (uint64_t)share, 0, grid.variance, N, x);
        for (int k = 0; k < N; k++) sum[k] += grid.unit * (double)x[k];
        for (int k = 0; k < N && share == 0; k++) {
            const double z = (double)x[k] / sqrt((double)grid.variance);
            mean += z / N, square += z * z / N, fourth += z * z * z * z / N;
        }
    }
    check_near(mean, 0.0, 0.04);
    check_near(square, 1.0, 0.06);
    check_near(fourth, 3.0, 0.4);
    square = 0.0;
    for (int k = 0; k < N; k++) square += sum[k] * sum[k] / N;
    check_near(square / (SHARES * 0.31 * 0.31), 1.0, 0.06);
}

static void numbers_are_functions_of_their_place(void **state)
{
    (void)state;
    const ent_gaussian seed = {.seed = 5};
    int64_t a[100], b[100], other[100];
    ent_discrete_fill(&seed, ENT_FOR_CLIENT_NOISE, 1, 2, 1000, 100, a);
    ent_discrete_fill(&seed, ENT_FOR_CLIENT_NOISE, 1, 2, 1000, 40, b);
    ent_discrete_fill(&seed, ENT_FOR_CLIENT_NOISE, 2, 2, 1000, 100, other);
    assert_memory_equal(a, b, 40 * sizeof *b);
    assert_true(memcmp(a, other, sizeof a) != 0);
}

/* ---- the grid ---- */

static void rounded_changes_have_no_larger_norm(void **state)
{
    (void)state;
    enum { N = 50 };
    for (int turn = 0; turn < 200; turn++) {
        double x[N], norm = 0.0;
        int64_t units[N];
        const double clip = turn % 2 ? 0.7 : 3.0e-3, deviation = clip * (turn % 3 ? 0.4 : 1e-5);
        const ent_discrete_grid grid = ent_discrete_grid_of(clip, deviation);
        ent_random stream = ent_random_at(3, ENT_FOR_TEST, (uint64_t)turn, 0);
        const int used = turn < 100 ? N : 1;
        for (int k = 0; k < N; k++) x[k] = k < used ? ent_random_normal(&stream) : 0.0;
        for (int k = 0; k < N; k++) norm += x[k] * x[k];
        for (int k = 0; k < N; k++) x[k] *= clip * (1.0 + 1e-15) / sqrt(norm);
        ent_discrete_round(&grid, N, x, units);
        int128 square = 0;
        for (int k = 0; k < N; k++) {
            square += (int128)units[k] * units[k];
            check_near((double)units[k], x[k] / grid.unit, 1.0 + 1e-8 * fabs(x[k] / grid.unit));
            assert_true(fabs((double)units[k]) <= fabs(x[k] / grid.unit));
        }
        assert_true(square <= (int128)grid.norm * grid.norm);
        assert_true((double)grid.norm * grid.unit <= clip);
        assert_true(log2(grid.unit) == rint(log2(grid.unit)));
    }
}

/* ---- the accountant ---- */

/* Renyi divergence of the sum of noise from the same sum, shifted. */
static double divergence(const double chance[OUTCOMES], int moved, double order)
{
    double sum = 0.0;
    for (int x = -WIDE / 2; x <= WIDE / 2; x++)
        if (chance[x + WIDE] > 1e-290 && chance[x + moved + WIDE] > 1e-290)
            sum += exp(order * log(chance[x + moved + WIDE]) + (1.0 - order) * log(chance[x + WIDE]));
    return log(sum) / (order - 1.0);
}

/* The bound of Kairouz, Liu, Steinke holds also where the sum is far from a discrete Gaussian. */
static void divergences_stay_below_the_bound(void **state)
{
    (void)state;
    const uint64_t variance[] = {1, 2, 5, 20};
    const double order[] = {1.5, 2.0, 4.0, 9.0};
    for (int shares = 1; shares <= 4; shares++)
        for (int v = 0; v < 4; v++)
            for (int moved = 1; moved <= 2; moved++)
                for (int k = 0; k < 4; k++) {
                    double chance[OUTCOMES];
                    law_of(shares, (double)variance[v], chance);
                    const double noise = ent_discrete_noise(shares, variance[v], moved, 1);
                    const double found = divergence(chance, moved, order[k]), most = order[k] / (2.0 * noise * noise);
                    assert_true(found <= most * (1.0 + 1e-9));
                    const double plain = order[k] * moved * moved / (2.0 * shares * (double)variance[v]);
                    if (variance[v] > 1) check_near(most / plain, 1.0, 0.01); /* the bound costs next to nothing */
                }
    const ent_discrete_grid grid = ent_discrete_grid_of(0.5, 1.3 * 0.5 / sqrt(12.0));
    assert_true(ent_discrete_noise(12, grid.variance, (double)grid.norm, 100000) >= 1.3);
}

static double delta_of(const double chance[OUTCOMES], int moved, double epsilon)
{
    double delta = 0.0;
    for (int x = -WIDE / 2; x <= WIDE / 2; x++)
        delta += fmax(0.0, chance[x + moved + WIDE] - exp(epsilon) * chance[x + WIDE]);
    return delta;
}

static double phi(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

/* Of the normal mechanism: Balle and Wang 2018, arXiv 1805.06530, Theorem 8. */
static double normal_delta(double mu, double epsilon)
{
    return phi(mu / 2 - epsilon / mu) - exp(epsilon) * phi(-mu / 2 - epsilon / mu);
}

static double epsilon_at(double delta, double (*of)(const void *, double), const void *what)
{
    double low = 0.0, high = 60.0;
    for (int k = 0; k < 60; k++) {
        const double middle = 0.5 * (low + high);
        *(of(what, middle) > delta ? &low : &high) = middle;
    }
    return high;
}

typedef struct {
    double chance[OUTCOMES], mu;
    int moved;
} mechanism;

static double discrete(const void *what, double epsilon)
{
    const mechanism *m = what;
    return delta_of(m->chance, m->moved, epsilon);
}

static double continuous(const void *what, double epsilon)
{
    return normal_delta(((const mechanism *)what)->mu, epsilon);
}

/* Canonne, Kamath, Steinke: nearly the same epsilon as with normal noise of the same variance. */
static void epsilon_is_never_much_worse_than_normal(void **state)
{
    (void)state;
    const double variance[] = {1.0, 4.0, 20.0, 100.0}, delta[] = {1e-3, 1e-6, 1e-9};
    for (int shares = 1; shares <= 3; shares += 2)
        for (int v = 0; v < 4; v++)
            for (int d = 0; d < 3; d++) {
                mechanism m = {.moved = 1, .mu = 1.0 / sqrt(shares * variance[v])};
                law_of(shares, variance[v], m.chance);
                const double here = epsilon_at(delta[d], discrete, &m), normal = epsilon_at(delta[d], continuous, &m);
                assert_true(here <= normal * 1.05 + 1e-6);
            }
}

/* The distance in every outcome of one and of two numbers, and delta by it. */
static void distance_from_the_rounded_normal_law(void **state)
{
    (void)state;
    const double variance[] = {10.0, 50.0, 90.0};
    for (int v = 0; v < 3; v++) {
        double chance[OUTCOMES], most = 0.0;
        const double s = sqrt(variance[v]);
        law_of(1, variance[v], chance);
        for (int x = -WIDE; x <= WIDE; x++) {
            if ((double)(x * x) > variance[v] * (1.0 + 20.0 + 200.0) || fabs(x / s) > 7.0) continue;
            const double rounded = fabs((double)x) > 1.0 ? phi((0.5 - abs(x)) / s) - phi((-0.5 - abs(x)) / s)
                                                         : phi((x + 0.5) / s) - phi((x - 0.5) / s);
            most = fmax(most, fabs(log(chance[x + WIDE] / rounded)));
        }
        const double bound = ent_discrete_distance(variance[v], 1);
        assert_true(most > 0.0 && most <= bound);
        for (double epsilon = 0.0; epsilon < 3.0; epsilon += 0.25)
            assert_true(delta_of(chance, 1, epsilon + 2.0 * bound) <= normal_delta(1.0 / s, epsilon) * exp(bound));
    }
    assert_true(ent_discrete_distance(0x1p46, 100000) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_follow_the_law),
        cmocka_unit_test(large_noise_has_its_moments),
        cmocka_unit_test(numbers_are_functions_of_their_place),
        cmocka_unit_test(rounded_changes_have_no_larger_norm),
        cmocka_unit_test(divergences_stay_below_the_bound),
        cmocka_unit_test(epsilon_is_never_much_worse_than_normal),
        cmocka_unit_test(distance_from_the_rounded_normal_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
