/* Linear algebra over GF(2) on random vectors, against what defines it. */
#include "check.h"

#include "core/gf2.h"
#include "entente/random.h"

enum { BITS = 20, TRIALS = 50 };

static void draw(int trial, int count, uint64_t *v)
{
    ent_random stream = ent_random_at(1, ENT_FOR_TEST, (uint64_t)trial, 0);
    for (int k = 0; k < count; k++) v[k] = ent_random_below(&stream, UINT64_C(1) << (trial % 2 ? BITS : BITS / 2));
}

/* Every vector added is the sum that the space says; each pivot is in one vector only; what is left has none. */
static void a_space_is_reduced(void **state)
{
    (void)state;
    for (int trial = 0; trial < TRIALS; trial++) {
        uint64_t v[BITS + 1], added[BITS], made_of, rest;
        ent_gf2 space = {0};
        draw(trial, BITS + 1, v);
        for (int k = 0; k < BITS; k++) {
            const int before = space.count;
            const bool is_new = ent_gf2_reduce(&space, v[k], NULL) != 0;
            assert_int_equal(trial % 3 ? ent_gf2_add(&space, v[k]) : ent_gf2_add_highest(&space, v[k]), is_new);
            assert_int_equal(space.count, before + is_new);
            if (is_new) added[before] = v[k];
        }
        ent_gf2_sort(&space, 0);
        for (int k = 0; k < space.count; k++) {
            assert_int_equal(ent_gf2_sum(added, space.count, space.made_of[k]), space.vector[k]);
            for (int j = 0; j < space.count; j++) assert_int_equal((space.vector[j] & space.pivot[k]) != 0, j == k);
            if (k > 0) assert_true(space.pivot[k - 1] < space.pivot[k]);
        }
        rest = ent_gf2_reduce(&space, v[BITS], &made_of);
        assert_int_equal(rest & space.pivots, 0);
        assert_int_equal(rest ^ ent_gf2_sum(added, space.count, made_of), v[BITS]);
    }
}

static void a_dual_basis_is_dual(void **state)
{
    (void)state;
    for (int trial = 0; trial < TRIALS; trial++) {
        uint64_t v[BITS], rows[BITS], dual[BITS];
        const int wanted = 1 + trial % BITS;
        int count = 0;
        ent_gf2 space = {0}, all = {0};
        draw(2 * trial + 1, BITS, v);
        for (int k = 0; k < BITS && count < wanted; k++)
            if (ent_gf2_add(&space, v[k])) rows[count++] = v[k];
        ent_gf2_dual(rows, count, BITS, dual);
        for (int j = 0; j < BITS; j++) {
            assert_true(ent_gf2_add(&all, dual[j])); /* a basis */
            for (int k = 0; k < count; k++) assert_int_equal(__builtin_parityll(rows[k] & dual[j]), j == k);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_space_is_reduced),
        cmocka_unit_test(a_dual_basis_is_dual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
