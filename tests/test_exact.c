/* Exact sums: against binary128, in any order, and with their range refused. */
#include "check.h"

#include "entente/exact.h"
#include "entente/random.h"

#ifdef __SIZEOF_FLOAT128__
__extension__ typedef __float128 quad;
#else
typedef long double quad; /* binary128 where there is no __float128 */
#endif

enum { TERMS = 5000 };

/* Terms of both signs over magnitudes 2^-70 .. 2^50. */
static void draw_terms(double *x)
{
    ent_random s = ent_random_at(1, ENT_FOR_TEST, 0, 0);
    for (int k = 0; k < TERMS; k++)
        x[k] = ldexp(2.0 * ent_random_uniform(&s) - 1.0, (int)ent_random_below(&s, 121) - 70);
}

static double sum_in_order(const double *x, const int64_t *order)
{
    ent_exact sum = {{0}};
    for (int64_t k = 0; k < TERMS; k++) check_ok(ent_exact_add(&sum, &x[order[k]], 1.0, 1));
    return ent_exact_value(&sum);
}

static void order_does_not_matter(void **state)
{
    (void)state;
    static double x[TERMS];
    static int64_t order[TERMS];
    draw_terms(x);
    for (int64_t k = 0; k < TERMS; k++) order[k] = k;
    const double first = sum_in_order(x, order);
    double plain = 0.0, shuffled = 0.0;
    for (int k = 0; k < TERMS; k++) plain += x[k];
    ent_random s = ent_random_at(2, ENT_FOR_TEST, 0, 0);
    for (int repeat = 0; repeat < 20; repeat++) {
        ent_random_permutation(&s, TERMS, order);
        assert_true(sum_in_order(x, order) == first);
    }
    for (int k = 0; k < TERMS; k++) shuffled += x[order[k]];
    assert_true(plain != shuffled); /* a plain sum of these terms does depend on their order */
}

/* Each term is off by at most 2^-61. */
static void sums_agree_with_binary128(void **state)
{
    (void)state;
    static double x[TERMS];
    draw_terms(x);
    quad wanted = 0;
    ent_exact sum = {{0}};
    for (int k = 0; k < TERMS; k++) {
        wanted += (quad)x[k];
        check_ok(ent_exact_add(&sum, &x[k], 1.0, 1));
        const double value = ent_exact_value(&sum), rounding = fabs((double)wanted) * 0x1p-53;
        check_near((double)(value - wanted), 0.0, rounding + (k + 1) * 0x1p-61);
    }
}

static void small_terms_survive_large_ones(void **state)
{
    (void)state;
    ent_exact sum = {{0}};
    const double large = 0x1p65, small = 0x1p-60;
    check_ok(ent_exact_add(&sum, &large, 1.0, 1));
    check_ok(ent_exact_add(&sum, &small, 3.0, 1));
    check_ok(ent_exact_add(&sum, &large, -1.0, 1));
    assert_true(ent_exact_value(&sum) == 0x3p-60);
}

static void negative_sums_are_right(void **state)
{
    (void)state;
    static const double values[] = {-1.0, -0x1p-60, -0x1.fffffffffffffp65, -123456.789, 0.0, -0.0, 0x1p-62, -0x1p-62};
    for (int k = 0; k < 8; k++) {
        ent_exact sum = {{0}};
        check_ok(ent_exact_add(&sum, &values[k], 1.0, 1));
        check_near(ent_exact_value(&sum), values[k], 0x1p-61);
        for (int j = 0; j < 3; j++) assert_true(sum.limb[j] >= 0 && sum.limb[j] <= UINT32_MAX);
    }
}

static void terms_are_rounded_to_nearest(void **state)
{
    (void)state;
    static const double quarters[] = {0.25, 0.75, 1.25, 1.75, 100.75}, wanted[] = {0.0, 1.0, 1.0, 2.0, 101.0};
    for (int k = 0; k < 5; k++)
        for (int sign = -1; sign <= 1; sign += 2) {
            ent_exact sum = {{0}};
            check_ok(ent_exact_add(&sum, &quarters[k], sign * 0x1p-60, 1));
            assert_true(ent_exact_value(&sum) == sign * wanted[k] * 0x1p-60);
        }
}

static void weights_round_once(void **state)
{
    (void)state;
    const double x[3] = {0.1, -0.7, 1e10};
    ent_exact sum[3] = {{{0}}, {{0}}, {{0}}};
    check_ok(ent_exact_add(sum, x, 3.0, 3));
    for (int k = 0; k < 3; k++) check_near(ent_exact_value(&sum[k]), x[k] * 3.0, 0x1p-61);
    check_ok(ent_exact_add(sum, x, 1.0, 0));
}

/* Terms of any magnitude, against binary128; the same bits in 20 orders. */
static void totals_have_any_range_and_no_order(void **state)
{
    (void)state;
    static double x[TERMS], shuffled[TERMS];
    static int64_t order[TERMS];
    static const int shifts[] = {0, 900, -900, 70};
    for (int s = 0; s < 4; s++) {
        draw_terms(x);
        quad wanted = 0;
        for (int k = 0; k < TERMS; k++) {
            x[k] = ldexp(x[k], shifts[s]);
            wanted += (quad)x[k];
            order[k] = k;
        }
        const double total = ent_exact_total(x, TERMS);
        check_near(ldexp(total - (double)wanted, -shifts[s]), 0.0, ldexp(fabs(total), -shifts[s]) * 0x1p-52);
        ent_random stream = ent_random_at(3, ENT_FOR_TEST, 0, 0);
        for (int repeat = 0; repeat < 20; repeat++) {
            ent_random_permutation(&stream, TERMS, order);
            for (int k = 0; k < TERMS; k++) shuffled[k] = x[order[k]];
            assert_true(ent_exact_total(shuffled, TERMS) == total);
        }
    }
}

static void totals_keep_nan(void **state)
{
    (void)state;
    static const double cancels[] = {INFINITY, 1.0, -INFINITY}, up[] = {1.0, INFINITY}, nan[] = {NAN, 1.0},
                        largest[] = {0x1.fffffffffffffp1023, 0x1.fffffffffffffp1023},
                        least[] = {0x1p-1074, 0x1p-1074};
    assert_true(isnan(ent_exact_total(cancels, 3)) && isnan(ent_exact_total(nan, 2)));
    assert_true(ent_exact_total(up, 2) == INFINITY && ent_exact_total(largest, 2) == INFINITY);
    assert_true(ent_exact_total(least, 2) == 0x1p-1073);
    assert_true(ent_exact_total(least, 0) == 0.0);
}

/* What comm does over ranks: add limb by limb, carry later.  A million sums of the extreme limbs. */
static void limbs_may_be_added_without_carries(void **state)
{
    (void)state;
    enum { PARTS = 1000000 };
    const double x = -0x1p-60;
    ent_exact one = {{0}}, total = {{0}};
    check_ok(ent_exact_add(&one, &x, 1.0, 1));
    for (int j = 0; j < 4; j++) total.limb[j] = one.limb[j] * PARTS;
    assert_true(ent_exact_value(&total) == -PARTS * 0x1p-60);
}

static void refuses_what_is_out_of_range_and_keeps_the_sum(void **state)
{
    (void)state;
    static const double bad[] = {NAN, INFINITY, -INFINITY, 0x1p66, -0x1p66, 1e300};
    for (int k = 0; k < 6; k++) {
        const double x[3] = {1.0, 2.0, bad[k]};
        ent_exact sum[3] = {{{1, 2, 3, 4}}, {{5, 6, 7, 8}}, {{9, 10, 11, 12}}};
        const ent_exact before[3] = {sum[0], sum[1], sum[2]};
        check_fails(ent_exact_add(sum, x, 1.0, 3), ENT_ENUMERIC, "term 2 of a sum");
        assert_memory_equal(sum, before, sizeof sum);
    }
    const double x = 0x1p60;
    ent_exact sum = {{0}};
    check_fails(ent_exact_add(&sum, &x, 64.0, 1), ENT_ENUMERIC, "below 2^66");
    check_fails(ent_exact_add(&sum, &x, NAN, 1), ENT_ENUMERIC, "nan");
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(order_does_not_matter),
    cmocka_unit_test(sums_agree_with_binary128),
    cmocka_unit_test(small_terms_survive_large_ones),
    cmocka_unit_test(negative_sums_are_right),
    cmocka_unit_test(terms_are_rounded_to_nearest),
    cmocka_unit_test(weights_round_once),
    cmocka_unit_test(limbs_may_be_added_without_carries),
    cmocka_unit_test(totals_have_any_range_and_no_order),
    cmocka_unit_test(totals_keep_nan),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(refuses_what_is_out_of_range_and_keeps_the_sum),
};
CHECK_MAIN(computes, refuses)
