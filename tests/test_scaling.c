/* The model of a scaling study: known coefficients come back, none is negative, and nothing is fitted that the points
 * do not determine. */
#include "check.h"

#include <math.h>

#include "report/scaling.h"

enum { MOST = 16 };

/* Points on 1, 2, 4, ... ranks of a known model; noise[k] is a relative error. */
static int points_of(const scaling_model *m, int n, bool weak, const double *noise, scaling_point *point)
{
    for (int k = 0; k < n; k++) {
        const double p = ldexp(1.0, k), work = weak ? p : 1.0, bytes = k == 0 ? 0.0 : 1e6 * (1.0 + 3.0 * (k % 3));
        point[k] =
            (scaling_point){p, work, bytes, scaling_predict(m, p, work, bytes) * (1.0 + (noise ? noise[k] : 0.0))};
    }
    return n;
}

static double part(double wanted, double share)
{
    return share * fabs(wanted);
}

static void four_terms_come_back(void **state)
{
    (void)state;
    const scaling_model known = {.serial_s = 0.2, .parallel_s = 30.0, .latency_s = 0.004, .byte_s = 3e-9};
    scaling_point point[MOST];
    scaling_model found;
    const int n = points_of(&known, 10, false, NULL, point);
    assert_int_equal(scaling_fit(n, point, &found), ENT_OK);
    check_near(found.serial_s, known.serial_s, part(known.serial_s, 1e-6));
    check_near(found.parallel_s, known.parallel_s, part(known.parallel_s, 1e-6));
    check_near(found.latency_s, known.latency_s, part(known.latency_s, 1e-6));
    check_near(found.byte_s, known.byte_s, part(known.byte_s, 1e-6));
    assert_int_equal(found.terms, 4);
    assert_true(found.error < 1e-9);
}

static void noise_moves_them_little(void **state)
{
    (void)state;
    static const double noise[MOST] = {0.01, -0.008, 0.005, -0.01, 0.007, -0.004, 0.009, -0.006, 0.003, -0.002};
    const scaling_model known = {.serial_s = 0.2, .parallel_s = 30.0};
    scaling_point point[MOST];
    scaling_model found;
    const int n = points_of(&known, 8, false, noise, point);
    assert_int_equal(scaling_fit(n, point, &found), ENT_OK);
    check_near(found.parallel_s, 30.0, 0.9);
    check_near(scaling_predict(&found, 1024.0, 1.0, 1e6), 0.2 + 30.0 / 1024.0, 0.035);
    assert_true(found.error < 0.01);
}

/* A time that shrinks faster than 1/p would need a negative serial part. */
static void no_term_is_negative(void **state)
{
    (void)state;
    scaling_point point[6];
    scaling_model found;
    for (int k = 0; k < 6; k++) point[k] = (scaling_point){ldexp(1.0, k), 1.0, 0.0, 10.0 / pow(2.0, 1.2 * k)};
    assert_int_equal(scaling_fit(6, point, &found), ENT_OK);
    assert_true(found.serial_s >= 0.0 && found.parallel_s > 0.0 && found.latency_s >= 0.0 && found.byte_s >= 0.0);
    assert_int_equal(found.terms, 1);
}

static void as_few_terms_as_the_points_allow(void **state)
{
    (void)state;
    const scaling_model known = {.serial_s = 1.0, .parallel_s = 8.0, .latency_s = 0.1, .byte_s = 1e-8};
    scaling_point point[MOST];
    scaling_model found;
    for (int n = 1; n <= 6; n++) {
        points_of(&known, n, false, NULL, point);
        assert_int_equal(scaling_fit(n, point, &found), ENT_OK);
        assert_int_equal(found.points, n);
        assert_true(found.terms <= (n < 3 ? n : n - 1) && found.terms >= 1);
    }
}

/* Weak scaling: the parallel part is constant, so it cannot be distinguished from the serial one, and one term
 * suffices. */
static void perfect_weak_scaling_is_one_term(void **state)
{
    (void)state;
    const scaling_model known = {.parallel_s = 5.0};
    scaling_point point[MOST];
    scaling_model found;
    points_of(&known, 6, true, NULL, point);
    assert_int_equal(scaling_fit(6, point, &found), ENT_OK);
    assert_int_equal(found.terms, 1);
    check_near(found.serial_s + found.parallel_s, 5.0, 1e-9);
    check_near(scaling_predict(&found, 64.0, 64.0, 0.0), 5.0, 1e-9);
}

static void refuses(void **state)
{
    (void)state;
    scaling_model found;
    const scaling_point good = {1.0, 1.0, 0.0, 1.0}, bad[] = {{0.5, 1.0, 0.0, 1.0},
                                                              {1.0, 0.0, 0.0, 1.0},
                                                              {1.0, 1.0, -1.0, 1.0},
                                                              {1.0, 1.0, 0.0, 0.0},
                                                              {1.0, 1.0, 0.0, NAN}};
    assert_int_equal(scaling_fit(0, &good, &found), ENT_EARG);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) assert_int_equal(scaling_fit(1, &bad[k], &found), ENT_EARG);
}

/* Series: repeats are summed up by their median, efficiency is against the fewest ranks. */
static void series_of_repeats(void **state)
{
    (void)state;
    scaling_rows rows = {.n = 0};
    scaling_series *list;
    int count;
    static const double seconds[2][3] = {{4.0, 8.0, 5.0}, {2.0, 9.0, 3.0}};
    for (int r = 0; r < 2; r++)
        for (int k = 0; k < 3; k++) {
            scaling_row row = {.what = "clients",
                               .mode = "strong",
                               .name = "x",
                               .ranks = 1 << r,
                               .threads = 1,
                               .clients = 8,
                               .repeat = k,
                               .work = 100.0,
                               .seconds = seconds[r][k]};
            assert_int_equal(scaling_rows_add(&rows, &row), ENT_OK);
        }
    assert_int_equal(scaling_series_make(&rows, &list, &count), ENT_OK);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].points, 2);
    check_near(list[0].point[0].median_s, 5.0, 1e-12);
    check_near(list[0].point[1].low_s, 2.0, 1e-12);
    check_near(list[0].point[1].high_s, 9.0, 1e-12);
    check_near(list[0].point[1].efficiency, 5.0 / (2.0 * 3.0), 1e-12);
    check_near(list[0].extra_p[0], 4.0, 1e-12);
    scaling_series_free(list, count);
    scaling_rows_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(four_terms_come_back),
                                       cmocka_unit_test(noise_moves_them_little),
                                       cmocka_unit_test(no_term_is_negative),
                                       cmocka_unit_test(as_few_terms_as_the_points_allow),
                                       cmocka_unit_test(perfect_weak_scaling_is_one_term),
                                       cmocka_unit_test(refuses),
                                       cmocka_unit_test(series_of_repeats)};
    return cmocka_run_group_tests_name("scaling", tests, NULL, NULL);
}
