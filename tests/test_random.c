/* Random numbers: Philox against its published vector and its definition, and the moments of every distribution. */
#include "check.h"

#include "entente/random.h"

__extension__ typedef unsigned __int128 uint128;

static ent_random stream(uint64_t seed)
{
    return ent_random_at(seed, ENT_FOR_TEST, 3, 5);
}

/* Philox4x64-10 from its definition (Salmon et al., SC'11, section 3.3). */
static void philox(uint64_t c[4], uint64_t k0, uint64_t k1)
{
    for (int round = 0; round < 10; round++) {
        const uint128 p0 = (uint128)UINT64_C(0xD2E7470EE14C6C93) * c[0];
        const uint128 p1 = (uint128)UINT64_C(0xCA5A826395121157) * c[2];
        const uint64_t next[4] = {(uint64_t)(p1 >> 64) ^ c[1] ^ k0, (uint64_t)p1, (uint64_t)(p0 >> 64) ^ c[3] ^ k1,
                                  (uint64_t)p0};
        memcpy(c, next, sizeof next);
        k0 += UINT64_C(0x9E3779B97F4A7C15);
        k1 += UINT64_C(0xBB67AE8584CAA73B);
    }
}

/* Random123's kat_vectors: philox4x64 10, counter and key zero. */
static void zero_key_gives_the_published_vector(void **state)
{
    (void)state;
    static const uint64_t published[4] = {UINT64_C(0x16554d9eca36314c), UINT64_C(0xdb20fe9d672d0fdc),
                                          UINT64_C(0xd7e772cee186176b), UINT64_C(0x7e68b68aec7ba23b)};
    const ent_random zero = {{0, 0}, {0, 0}, 0};
    uint64_t counter[4] = {0, 0, 0, 0};
    philox(counter, 0, 0);
    for (uint64_t k = 0; k < 4; k++) {
        assert_true(ent_random_bits(&zero, k) == published[k]);
        assert_true(counter[k] == published[k]);
    }
}

static void bits_are_philox_of_seed_purpose_a_b_index(void **state)
{
    (void)state;
    static const uint64_t indices[] = {0, 1, 2, 3, 4, 7, 1000003, UINT64_MAX};
    for (uint64_t seed = 0; seed < 5; seed++)
        for (int k = 0; k < 8; k++) {
            const uint64_t index = indices[k], a = seed * 77, b = UINT64_MAX - seed;
            const ent_random r = ent_random_at(seed, ENT_FOR_MASKS, a, b);
            uint64_t counter[4] = {a, b, index / 4, 0};
            philox(counter, seed, ENT_FOR_MASKS);
            assert_true(ent_random_bits(&r, index) == counter[index % 4]);
        }
}

/* The results of a seed depend on the values of the purposes. */
static void purposes_keep_their_numbers(void **state)
{
    (void)state;
    static const ent_purpose order[] = {ENT_FOR_SPLIT, ENT_FOR_MASKS,      ENT_FOR_INIT, ENT_FOR_COHORT,
                                        ENT_FOR_ORDER, ENT_FOR_PROJECTION, ENT_FOR_SYNTH};
    for (int k = 0; k < 7; k++) assert_int_equal(order[k], k + 1);
}

static void draws_do_not_depend_on_call_order(void **state)
{
    (void)state;
    enum { N = 64 };
    double forward[N];
    ent_random s = stream(1);
    for (int k = 0; k < N; k++) forward[k] = ent_random_uniform(&s);
    for (int k = N - 1; k >= 0; k--) {
        ent_random other = stream(2);
        ent_random_normal(&other);
        ent_random at = stream(1);
        at.next = (uint64_t)k;
        assert_true(ent_random_uniform(&at) == forward[k]);
    }
}

typedef double distribution(ent_random *, double);

static double uniform(ent_random *s, double unused)
{
    (void)unused;
    return ent_random_uniform(s);
}

static double normal(ent_random *s, double unused)
{
    (void)unused;
    return ent_random_normal(s);
}

static double gamma_of(ent_random *s, double shape)
{
    return exp(ent_random_log_gamma(s, shape));
}

/* Mean, variance and third central moment of 200 000 draws within `width` standard errors or so. */
static void check_moments(distribution *f, double argument, double mean, double variance, double third)
{
    enum { N = 200000 };
    double sum = 0.0, square = 0.0, cube = 0.0;
    ent_random s = stream(11);
    for (int k = 0; k < N; k++) {
        const double d = f(&s, argument) - mean;
        sum += d;
        square += d * d;
        cube += d * d * d;
    }
    const double error = sqrt(variance / N);
    check_near(sum / N, 0.0, 5.0 * error);
    check_near(square / N, variance, 0.03 * variance);
    check_near(cube / N, third, 0.1 * fabs(third) + 0.05 * variance * sqrt(variance));
}

static void distributions_have_their_moments(void **state)
{
    (void)state;
    check_moments(uniform, 0.0, 0.5, 1.0 / 12.0, 0.0);
    check_moments(normal, 0.0, 0.0, 1.0, 0.0);
    static const double shapes[] = {0.3, 0.9, 1.0, 2.5, 40.0};
    for (int k = 0; k < 5; k++) check_moments(gamma_of, shapes[k], shapes[k], shapes[k], 2.0 * shapes[k]);
}

/* Every count's share among 400 000 draws against its probability, by chi-squared over those of 20 or more expected.
 */
static void binomials_have_their_distribution(void **state)
{
    (void)state;
    enum { N = 400000, MOST = 4000 };
    static const struct {
        int64_t n;
        double p;
    } of[] = {{1, 0.3}, {10, 0.5}, {30, 0.2}, {30, 0.95}, {100, 0.1}, {100, 0.5}, {1000, 0.3}, {3000, 0.999}};
    for (size_t c = 0; c < sizeof of / sizeof *of; c++) {
        int *seen = ent_alloc(MOST, sizeof *seen), classes = 0;
        double chi = 0.0;
        ent_random s = ent_random_at(21, ENT_FOR_TEST, c, 0);
        for (int k = 0; k < N; k++) {
            const int64_t x = ent_random_binomial(&s, of[c].n, of[c].p);
            assert_true(x >= 0 && x <= of[c].n);
            seen[x]++;
        }
        for (int64_t k = 0; k <= of[c].n; k++) {
            const double n = (double)of[c].n, x = (double)k, p = of[c].p;
            const double expected =
                N * exp(lgamma(n + 1) - lgamma(x + 1) - lgamma(n - x + 1) + x * log(p) + (n - x) * log(1 - p));
            if (expected < 20.0) continue;
            chi += pow(seen[k] - expected, 2.0) / expected;
            classes++;
        }
        assert_true(classes >= 2);
        check_near(chi, classes, 5.0 * sqrt(2.0 * classes) + 5.0);
        ent_free(seen);
    }
    ent_random s = stream(3);
    assert_int_equal(ent_random_binomial(&s, 7, 0.0), 0);
    assert_int_equal(ent_random_binomial(&s, 7, 1.0), 7);
    assert_int_equal(ent_random_binomial(&s, 0, 0.4), 0);
}

static void uniform_stays_inside(void **state)
{
    (void)state;
    ent_random s = stream(4);
    for (int k = 0; k < 100000; k++) {
        const double u = ent_random_uniform(&s);
        assert_true(u > 0.0 && u < 1.0);
    }
}

/* E log Gamma(shape) is the digamma function; at 0.01 the variate itself is below 1e-300 now and then. */
static void log_gamma_is_right_at_small_shapes(void **state)
{
    (void)state;
    enum { N = 200000 };
    const double digamma = -100.56088545786867, trigamma = 10001.621213528313;
    double sum = 0.0, lowest = 0.0;
    ent_random s = stream(5);
    for (int k = 0; k < N; k++) {
        const double x = ent_random_log_gamma(&s, 0.01);
        assert_true(isfinite(x));
        sum += x;
        lowest = fmin(lowest, x);
    }
    check_near(sum / N, digamma, 5.0 * sqrt(trigamma / N));
    assert_true(lowest < -745.0); /* below the smallest double's logarithm */
}

static void below_is_uniform(void **state)
{
    (void)state;
    enum { N = 120000 };
    int count[6] = {0};
    ent_random s = stream(6);
    for (int k = 0; k < N; k++) {
        const uint64_t draw = ent_random_below(&s, 6);
        assert_true(draw < 6);
        count[draw]++;
    }
    for (int k = 0; k < 6; k++) check_near(count[k], N / 6.0, 5.0 * sqrt(N / 6.0));
    assert_int_equal(ent_random_below(&s, 1), 0);
}

/* With n = 3/4 of 2^64, a draw without rejection would be below 2^62 half of the time instead of a third. */
static void below_is_uniform_near_the_whole_range(void **state)
{
    (void)state;
    enum { N = 30000 };
    int low = 0;
    ent_random s = stream(7);
    for (int k = 0; k < N; k++) low += ent_random_below(&s, UINT64_C(3) << 62) < UINT64_C(1) << 62;
    check_near(low, N / 3.0, 5.0 * sqrt(N * 2.0 / 9.0));
}

static void check_dirichlet(ent_random *s, double alpha, int n)
{
    double share[100], sum = 0.0;
    ent_random_dirichlet(s, alpha, n, share);
    for (int j = 0; j < n; j++) {
        assert_true(share[j] >= 0.0 && share[j] <= 1.0);
        sum += share[j];
    }
    check_near(sum, 1.0, 1e-14 * n);
}

/* At alpha 0.001 all variates of a small set underflow at once, now and then. */
static void dirichlet_adds_up_at_any_alpha(void **state)
{
    (void)state;
    static const double alphas[] = {0.001, 0.01, 0.5, 1.0, 100.0};
    ent_random s = stream(8);
    for (int k = 0; k < 5; k++)
        for (int n = 1; n <= 100; n = 3 * n + 1)
            for (int repeat = 0; repeat < 50; repeat++) check_dirichlet(&s, alphas[k], n);
}

/* Var share_j = (1/n)(1 - 1/n) / (n alpha + 1). */
static void dirichlet_has_its_variance(void **state)
{
    (void)state;
    enum { N = 20000, PARTS = 4 };
    ent_random s = stream(9);
    double square = 0.0;
    for (int k = 0; k < N; k++) {
        double share[PARTS];
        ent_random_dirichlet(&s, 0.5, PARTS, share);
        square += (share[2] - 0.25) * (share[2] - 0.25);
    }
    const double wanted = 0.25 * 0.75 / (PARTS * 0.5 + 1.0);
    check_near(square / N, wanted, 0.04 * wanted);
}

static void permutation_is_one(void **state)
{
    (void)state;
    ent_random s = stream(10);
    for (int64_t n = 0; n <= 200; n += 20) {
        int64_t order[200];
        char seen[200] = {0};
        ent_random_permutation(&s, n, order);
        for (int64_t k = 0; k < n; k++) {
            assert_true(order[k] >= 0 && order[k] < n && !seen[order[k]]);
            seen[order[k]] = 1;
        }
    }
}

/* All 24 orders of 4, equally often. */
static void permutations_are_uniform(void **state)
{
    (void)state;
    enum { N = 48000 };
    int count[256] = {0}, kinds = 0;
    ent_random s = stream(12);
    for (int k = 0; k < N; k++) {
        int64_t order[4];
        ent_random_permutation(&s, 4, order);
        count[order[0] * 64 + order[1] * 16 + order[2] * 4 + order[3]]++;
    }
    for (int k = 0; k < 256; k++) {
        if (count[k] == 0) continue;
        kinds++;
        check_near(count[k], N / 24.0, 5.0 * sqrt(N / 24.0));
    }
    assert_int_equal(kinds, 24);
}

/* Published values of FNV-1a, 64 bits. */
static void hash_is_fnv_1a(void **state)
{
    (void)state;
    assert_true(ent_hash_text("") == UINT64_C(0xcbf29ce484222325));
    assert_true(ent_hash_text("a") == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(ent_hash_text("foobar") == UINT64_C(0x85944171f73967e8));
}

/* Nothing here returns a status; streams must not overlap. */
static void streams_differ_in_every_word(void **state)
{
    (void)state;
    const ent_random all[] = {ent_random_at(1, ENT_FOR_SPLIT, 0, 0), ent_random_at(2, ENT_FOR_SPLIT, 0, 0),
                              ent_random_at(1, ENT_FOR_MASKS, 0, 0), ent_random_at(1, ENT_FOR_SPLIT, 1, 0),
                              ent_random_at(1, ENT_FOR_SPLIT, 0, 1)};
    for (int a = 0; a < 5; a++)
        for (int b = 0; b < a; b++)
            for (uint64_t k = 0; k < 8; k++) assert_true(ent_random_bits(&all[a], k) != ent_random_bits(&all[b], k));
}

/* As one by one. */
static void words_are_those_of_the_stream(void **state)
{
    (void)state;
    const ent_random stream = ent_random_at(9, ENT_FOR_TEST, 3, 4);
    uint64_t word[11];
    ent_random_words(&stream, 8, 11, word);
    for (uint64_t k = 0; k < 11; k++) assert_true(word[k] == ent_random_bits(&stream, 8 + k));
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(zero_key_gives_the_published_vector),
    cmocka_unit_test(bits_are_philox_of_seed_purpose_a_b_index),
    cmocka_unit_test(words_are_those_of_the_stream),
    cmocka_unit_test(purposes_keep_their_numbers),
    cmocka_unit_test(draws_do_not_depend_on_call_order),
    cmocka_unit_test(distributions_have_their_moments),
    cmocka_unit_test(binomials_have_their_distribution),
    cmocka_unit_test(uniform_stays_inside),
    cmocka_unit_test(log_gamma_is_right_at_small_shapes),
    cmocka_unit_test(below_is_uniform),
    cmocka_unit_test(below_is_uniform_near_the_whole_range),
    cmocka_unit_test(dirichlet_adds_up_at_any_alpha),
    cmocka_unit_test(dirichlet_has_its_variance),
    cmocka_unit_test(permutation_is_one),
    cmocka_unit_test(permutations_are_uniform),
    cmocka_unit_test(hash_is_fnv_1a),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(streams_differ_in_every_word),
};
CHECK_MAIN(computes, refuses)
