/* Membership inference on scores whose figures are known. */
#include "check.h"

#include <stdlib.h>

#include "entente/random.h"
#include "privacy/membership.h"

enum { ROWS = 4000 };
static double score[ROWS];
static bool member[ROWS];
static int32_t kind[ROWS];

static ent_membership rows_of(int64_t n, int kinds)
{
    return (ent_membership){
        .n = n, .score = score, .member = member, .kind = kinds > 1 ? kind : NULL, .kinds = kinds};
}

/* Members' scores are normal with mean `shift` and a deviation, the others' standard normal. */
static void draw(int64_t n, double shift, double deviation)
{
    ent_random stream = ent_random_at(5, ENT_FOR_TEST, 0, 0);
    for (int64_t k = 0; k < n; k++) {
        member[k] = k % 3 != 0;
        kind[k] = (int32_t)(k / 3 % 2);
        score[k] = (member[k] ? deviation : 1.0) * ent_random_normal(&stream) + (member[k] ? shift : 0.0);
    }
}

static double phi(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

static void normal_scores_have_known_figures(void **state)
{
    (void)state;
    const double shift[] = {0.0, 0.5, 2.0};
    for (int k = 0; k < 3; k++)
        for (int ratio = 0; ratio < 2; ratio++) {
            draw(ROWS, shift[k], 1.0);
            const ent_membership rows = rows_of(ROWS, 1);
            ent_attack_figures f;
            check_ok(ent_membership_attack(&rows, ratio, 1, &f));
            assert_true(f.members == 2666 && f.others == 1334);
            check_near(f.area.value, phi(shift[k] / sqrt(2.0)), 0.03);
            check_near(f.advantage.value, 2.0 * phi(0.5 * shift[k]) - 1.0, 0.05);
            assert_true(f.area.low < f.area.value && f.area.value < f.area.high);
            assert_true(f.area.high - f.area.low < 0.06 && f.advantage.low <= f.advantage.high);
            if (ratio) continue;
            for (int p = 10; p < 100; p += 20) { /* Phi(shift + Phi^-1(x)) */
                double low = -8.0, high = 8.0;
                while (high - low > 1e-9)
                    phi(0.5 * (low + high)) < 0.01 * p ? (low = 0.5 * (low + high)) : (high = 0.5 * (low + high));
                check_near(f.roc[p], phi(shift[k] + low), 0.06);
            }
        }
}

/* If members' scores differ only in a smaller spread, no threshold finds them, but the ratio does. */
static void the_ratio_sees_spread(void **state)
{
    (void)state;
    ent_attack_figures threshold, ratio;
    draw(ROWS, 0.0, 0.2);
    const ent_membership rows = rows_of(ROWS, 1);
    check_ok(ent_membership_attack(&rows, false, 1, &threshold));
    check_ok(ent_membership_attack(&rows, true, 1, &ratio));
    check_near(threshold.area.value, 0.5, 0.03);
    assert_true(ratio.area.low > 0.8 && ratio.advantage.low > 0.55);
}

/* Classes with distant scores hide their members from a common threshold, but not from the ratio by class. */
static void the_ratio_goes_by_class(void **state)
{
    (void)state;
    ent_attack_figures threshold, ratio;
    draw(ROWS, 2.0, 1.0);
    for (int k = 0; k < ROWS; k++) score[k] += kind[k] ? 10.0 : 0.0;
    const ent_membership rows = rows_of(ROWS, 2);
    check_ok(ent_membership_attack(&rows, false, 1, &threshold));
    check_ok(ent_membership_attack(&rows, true, 1, &ratio));
    check_near(ratio.area.value, phi(sqrt(2.0)), 0.03);
    assert_true(threshold.area.value < 0.75);
}

/* Nothing is fitted to the rows on which it is measured: for pure noise the mean advantage is 0. */
static void no_advantage_where_there_is_none(void **state)
{
    (void)state;
    double mean[2] = {0.0, 0.0};
    enum { DRAWS = 60 };
    for (int d = 0; d < DRAWS; d++) {
        ent_random stream = ent_random_at(8, ENT_FOR_TEST, (uint64_t)d, 0);
        for (int k = 0; k < 60; k++) score[k] = ent_random_normal(&stream), member[k] = k % 2 == 0;
        const ent_membership rows = rows_of(60, 1);
        ent_attack_figures f;
        for (int ratio = 0; ratio < 2; ratio++) {
            check_ok(ent_membership_attack(&rows, ratio, (uint64_t)d, &f));
            mean[ratio] += f.advantage.value / DRAWS;
        }
    }
    check_near(mean[0], 0.0, 0.08); /* deviation of one draw about 0.13 */
    check_near(mean[1], 0.0, 0.08);
}

static void ties_and_certainty(void **state)
{
    (void)state;
    ent_attack_figures f;
    for (int k = 0; k < 40; k++) score[k] = 1.0, member[k] = k < 20;
    const ent_membership rows = rows_of(40, 1);
    check_ok(ent_membership_attack(&rows, false, 1, &f));
    check_near(f.area.value, 0.5, 1e-15);
    check_near(f.advantage.value, 0.0, 1e-15);
    for (int p = 0; p < ENT_ROC_POINTS; p++) check_near(f.roc[p], 0.01 * p, 1e-12);
    for (int k = 0; k < 40; k++) score[k] = member[k] ? 2.0 : 1.0;
    check_ok(ent_membership_attack(&rows, false, 1, &f));
    check_near(f.area.value, 1.0, 1e-15);
    check_near(f.advantage.value, 1.0, 1e-15);
    check_near(f.at_1_percent, 1.0, 1e-15);
}

static void bound_of_private_mechanisms(void **state)
{
    (void)state;
    check_near(ent_membership_bound(0.0, 0.0), 0.0, 1e-15);
    check_near(ent_membership_bound(log(3.0), 0.0), 0.5, 1e-15);
    check_near(ent_membership_bound(0.0, 0.1), 0.1, 1e-15);
    check_near(ent_membership_bound(INFINITY, 1e-5), 1.0, 1e-15);
}

static void refuses(void **state)
{
    (void)state;
    ent_attack_figures f;
    draw(40, 1.0, 1.0);
    for (int k = 0; k < 40; k++) member[k] = k > 2;
    const ent_membership rows = rows_of(40, 1);
    check_fails(ent_membership_attack(&rows, false, 1, &f), ENT_EDATA, "37 rows of the training and 3 others");
    for (int k = 0; k < 40; k++) member[k] = k > 20;
    check_every_allocation(ent_membership_attack(&rows, true, 1, &f), (void)0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_scores_have_known_figures),
        cmocka_unit_test(the_ratio_sees_spread),
        cmocka_unit_test(the_ratio_goes_by_class),
        cmocka_unit_test(no_advantage_where_there_is_none),
        cmocka_unit_test(ties_and_certainty),
        cmocka_unit_test(bound_of_private_mechanisms),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
