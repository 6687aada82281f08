/* Sine and cosine of the batch engine's kernels, in the precision REAL that the build gives. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/lower/vector.h"

static double uniform(double size)
{
    return size * (2.0 * drand48() - 1.0);
}

/* Distance from `want` in units of the last place of REAL. */
static double ulps(REAL got, double want)
{
    const double place = ldexp(1.0, ilogb(want) + 1 - (sizeof(REAL) == sizeof(double) ? 53 : 24));
    return fabs((double)got - want) / place;
}

static void assert_close(const wide *angle)
{
    vec sine, cosine;
    sines_cosines(angle, &sine, &cosine);
    for (int l = 0; l < LANES; l++)
        if (!(ulps(sine[l], sin((*angle)[l])) <= 2.0 && ulps(cosine[l], cos((*angle)[l])) <= 2.0))
            fail_msg("%.17g: sine %.17g, cosine %.17g", (*angle)[l], (double)sine[l], (double)cosine[l]);
}

static void test_random_angles(void **state)
{
    (void)state;
    srand48(1);
    for (int k = 0; k < 400000; k++) {
        wide angle;
        for (int l = 0; l < LANES; l++) angle[l] = uniform(ldexp(1.0, k % 40 - 20)); /* also beyond the fast range */
        assert_close(&angle);
    }
}

/* Next to the zeros, where the reduction by pi/2 cancels. */
static void test_quarter_turns(void **state)
{
    (void)state;
    for (int k = 1; k < 40000; k++) {
        wide angle;
        for (int l = 0; l < LANES; l++) angle[l] = (l & 1 ? -1.57079632679489661923 : 1.57079632679489661923) * k;
        assert_close(&angle);
    }
}

static void test_signs_and_zero(void **state)
{
    (void)state;
    vec sine, cosine;
    const wide zero = {0};
    sines_cosines(&zero, &sine, &cosine);
    for (int l = 0; l < LANES; l++) assert_true(sine[l] == 0 && cosine[l] == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_angles), cmocka_unit_test(test_quarter_turns),
                                       cmocka_unit_test(test_signs_and_zero)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
