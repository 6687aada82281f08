/* The missing protocol: rates, levels, parts, and rows in which nothing would be left. */
#include "check.h"

#include <stdlib.h>

#include "entente/missing.h"

enum { N = 20000, M = 3, ALL = 7 };

static int64_t row[N];
static int32_t client[N];
static uint32_t stored[N], context[N], other[N];

static int make_rows(void **state)
{
    (void)state;
    for (int k = 0; k < N; k++) {
        row[k] = 3 * k;
        client[k] = k % 2000;
        stored[k] = ALL;
    }
    return 0;
}

static void draw(ent_missing_inp inp, int part, uint32_t *out)
{
    ent_missing_draw(&inp, part, M, &(ent_missing_rows){N, row, client, stored, out});
}

static double share_without(int m)
{
    int count = 0;
    for (int k = 0; k < N; k++) count += !(context[k] >> m & 1);
    return (double)count / N;
}

static void rates_of_samples(void **state)
{
    (void)state;
    draw((ent_missing_inp){.rate = {0.0, 0.3, 1.0}, .empty = ENT_ALLOW, .seed = 1}, ENT_TRAIN, context);
    assert_true(share_without(0) == 0.0 && share_without(2) == 1.0);
    assert_true(fabs(share_without(1) - 0.3) < 0.015);
}

static void modalities_are_drawn_independently(void **state)
{
    (void)state;
    int both = 0;
    draw((ent_missing_inp){.rate = {0.5, 0.5, 0.5}, .empty = ENT_ALLOW, .seed = 1}, ENT_TRAIN, context);
    for (int k = 0; k < N; k++) both += (context[k] & 3) == 0;
    assert_true(abs(4 * both - N) < N / 20);
}

static void a_client_lacks_it_altogether(void **state)
{
    (void)state;
    draw((ent_missing_inp){.level = ENT_LEVEL_CLIENT, .rate = {0.3, 0.3, 0.3}, .seed = 5}, ENT_TRAIN, context);
    for (int k = 2000; k < N; k++) assert_int_equal(context[k], context[k - 2000]);
    assert_true(fabs(share_without(0) - (0.3 - 0.027 / 3.0)) < 0.04); /* keep_one gives a third of 0.3^3 back */
    draw((ent_missing_inp){.level = ENT_LEVEL_CLIENT, .rate = {0.3, 0.3, 0.3}, .seed = 5}, ENT_TEST, other);
    assert_memory_equal(context, other, sizeof context); /* the client is the same in every part */
}

/* Every client has one modality, in proportion to 1 - rate, the same one in every part. */
static void exclusive_clients_have_one_modality(void **state)
{
    (void)state;
    const double rates[3][M] = {{0.0, 0.0, 0.0}, {0.0, 0.5, 1.0}, {1.0, 1.0, 1.0}};
    const double kept[3][M] = {{1.0 / 3, 1.0 / 3, 1.0 / 3}, {2.0 / 3, 1.0 / 3, 0.0}, {1.0 / 3, 1.0 / 3, 1.0 / 3}};
    for (int k = 0; k < 3; k++) {
        ent_missing_inp inp = {.level = ENT_LEVEL_EXCLUSIVE, .seed = 5};
        memcpy(inp.rate, rates[k], sizeof rates[k]);
        draw(inp, ENT_TRAIN, context);
        for (int i = 0; i < N; i++) assert_int_equal(__builtin_popcount(context[i]), 1);
        for (int i = 2000; i < N; i++) assert_int_equal(context[i], context[i - 2000]);
        for (int m = 0; m < M; m++) assert_true(fabs(1.0 - share_without(m) - kept[k][m]) < 0.04);
        draw(inp, ENT_TEST, other);
        assert_memory_equal(context, other, sizeof context);
        inp.where = ENT_WHERE_TRAIN;
        draw(inp, ENT_TEST, other);
        assert_memory_equal(stored, other, sizeof stored);
    }
}

/* If the file lacks the client's modality in a row, the client cannot use the row. */
static void exclusive_rows_without_it_are_skipped(void **state)
{
    (void)state;
    ent_missing_inp inp = {.level = ENT_LEVEL_EXCLUSIVE, .seed = 5};
    draw(inp, ENT_TRAIN, context);
    for (int i = 0; i < N; i++) stored[i] = 3;
    for (int empty = 0; empty < 3; empty++) {
        inp.empty = (ent_missing_empty)empty;
        draw(inp, ENT_TRAIN, other);
        for (int i = 0; i < N; i++)
            assert_int_equal(other[i], context[i] != 4 ? context[i] : inp.empty == ENT_ALLOW ? 0 : ENT_ROW_SKIPPED);
    }
    for (int i = 0; i < N; i++) stored[i] = ALL;
}

static void row_k_does_not_depend_on_its_neighbours(void **state)
{
    (void)state;
    const ent_missing_inp inp = {.rate = {0.5, 0.5, 0.5}, .seed = 9};
    draw(inp, ENT_TRAIN, context);
    for (int k = 0; k < N; k += 777) {
        uint32_t one;
        ent_missing_draw(&inp, ENT_TRAIN, M, &(ent_missing_rows){1, row + k, client + k, stored + k, &one});
        assert_int_equal(one, context[k]);
    }
    ent_missing_inp reseeded = inp;
    reseeded.seed = 10;
    draw(reseeded, ENT_TRAIN, other);
    assert_memory_not_equal(context, other, sizeof context);
}

/* Client 0 and row 0 have streams of their own. */
static void levels_do_not_share_numbers(void **state)
{
    (void)state;
    for (int k = 0; k < 2000; k++) row[k] = client[k];
    draw((ent_missing_inp){.level = ENT_LEVEL_CLIENT, .rate = {0.5, 0.5, 0.5}, .empty = ENT_ALLOW}, 0, context);
    draw((ent_missing_inp){.level = ENT_LEVEL_SAMPLE, .rate = {0.5, 0.5, 0.5}, .empty = ENT_ALLOW}, 0, other);
    int same = 0;
    for (int k = 0; k < 2000; k++) same += context[k] == other[k];
    assert_in_range(same, 150, 350); /* one in eight by chance */
    make_rows(NULL);
}

static void parts(void **state)
{
    (void)state;
    ent_missing_inp inp = {.level = ENT_LEVEL_FIXED, .fixed = 2, .where = ENT_WHERE_TRAIN};
    draw(inp, ENT_TRAIN, context);
    assert_int_equal(context[7], 5);
    draw(inp, ENT_VALIDATION, context);
    assert_int_equal(context[7], ALL);
    inp.where = ENT_WHERE_TEST;
    draw(inp, ENT_TRAIN, context);
    assert_int_equal(context[7], ALL);
    draw(inp, ENT_VALIDATION, context);
    assert_int_equal(context[7], 5);
    inp.where = ENT_WHERE_BOTH;
    draw(inp, ENT_TEST, context);
    assert_int_equal(context[7], 5);
}

static void keep_one_keeps_each_equally_often(void **state)
{
    (void)state;
    int kept[8] = {0};
    draw((ent_missing_inp){.rate = {1, 1, 1}, .empty = ENT_KEEP_ONE, .seed = 2}, ENT_TRAIN, context);
    for (int k = 0; k < N; k++) kept[context[k]]++;
    assert_int_equal(kept[1] + kept[2] + kept[4], N);
    for (int m = 0; m < M; m++) assert_true(abs(3 * kept[1 << m] - N) < N / 25);
}

/* The numbers that decide which modalities are lost do not decide which one is kept. */
static void keep_one_does_not_follow_the_rates(void **state)
{
    (void)state;
    int kept[8] = {0}, all = 0;
    ent_missing_inp inp = {.rate = {0.2, 0.9, 0.9}, .empty = ENT_SKIP, .seed = 2};
    draw(inp, ENT_TRAIN, other);
    inp.empty = ENT_KEEP_ONE;
    draw(inp, ENT_TRAIN, context);
    for (int k = 0; k < N; k++) {
        if (other[k] != ENT_ROW_SKIPPED) continue;
        kept[context[k]]++;
        all++;
    }
    for (int m = 0; m < M; m++) assert_true(abs(3 * kept[1 << m] - all) < all / 6);
}

static void keep_one_of_what_a_row_has(void **state)
{
    (void)state;
    for (int k = 0; k < N; k++) stored[k] = 6;
    draw((ent_missing_inp){.rate = {0, 1, 1}, .empty = ENT_KEEP_ONE, .seed = 2}, ENT_TRAIN, context);
    for (int k = 0; k < N; k++) assert_true(context[k] == 2 || context[k] == 4);
    draw((ent_missing_inp){.rate = {0, 1, 1}, .empty = ENT_SKIP, .seed = 2}, ENT_TRAIN, context);
    assert_true(context[0] == ENT_ROW_SKIPPED);
    draw((ent_missing_inp){.rate = {0, 1, 1}, .empty = ENT_ALLOW, .seed = 2}, ENT_TRAIN, context);
    assert_int_equal(context[0], 0);
    make_rows(NULL);
}

static void a_row_with_nothing(void **state)
{
    (void)state;
    stored[4] = 0;
    draw((ent_missing_inp){.empty = ENT_KEEP_ONE}, ENT_TRAIN, context);
    assert_true(context[4] == ENT_ROW_SKIPPED && context[5] == ALL);
    draw((ent_missing_inp){.empty = ENT_KEEP_ONE, .where = ENT_WHERE_TEST}, ENT_TRAIN, context);
    assert_true(context[4] == ENT_ROW_SKIPPED);
    draw((ent_missing_inp){.empty = ENT_ALLOW}, ENT_TRAIN, context);
    assert_int_equal(context[4], 0);
    stored[4] = ALL;
}

static void never_gives_what_is_not_stored(void **state)
{
    (void)state;
    for (int k = 0; k < N; k++) stored[k] = (uint32_t)k % 8;
    for (int level = 0; level < 3; level++)
        for (int empty = 0; empty < 3; empty++) {
            draw((ent_missing_inp){.level = (ent_missing_level)level,
                                   .rate = {0.5, 0.9, 0.2},
                                   .fixed = 5,
                                   .empty = (ent_missing_empty)empty},
                 ENT_TRAIN, context);
            for (int k = 0; k < N; k++) assert_true(context[k] == ENT_ROW_SKIPPED || (context[k] & ~stored[k]) == 0);
        }
    make_rows(NULL);
}

/* Probability p per modality; if both would be lost, one is kept: p^2 / 2 more for each. */
static void dropout_frequencies(void **state)
{
    (void)state;
    enum { DRAWS = 40000 };
    const double p = 0.3;
    int count[8] = {0};
    for (int64_t k = 0; k < DRAWS; k++) count[ent_modality_dropout(7, p, 5, k % 3, 11, k)]++;
    assert_int_equal(count[1] + count[4] + count[5], DRAWS);
    const double both = (1 - p) * (1 - p), one = p * (1 - p) + p * p / 2;
    check_near(count[5] / (double)DRAWS, both, 4 * sqrt(both * (1 - both) / DRAWS));
    check_near(count[1] / (double)DRAWS, one, 4 * sqrt(one * (1 - one) / DRAWS));
    check_near(count[4] / (double)DRAWS, one, 4 * sqrt(one * (1 - one) / DRAWS));
}

/* Each of seed, client, pass and row changes some of the draws: about half of them agree by chance. */
static void dropout_is_a_function_of_its_arguments(void **state)
{
    (void)state;
    enum { DRAWS = 1000 };
    int same[5] = {0};
    for (int64_t k = 0; k < DRAWS; k++) {
        const uint32_t found = ent_modality_dropout(1, 0.5, 3, 4, 6, k);
        same[0] += found == ent_modality_dropout(1, 0.5, 3, 4, 6, k);
        same[1] += found == ent_modality_dropout(2, 0.5, 3, 4, 6, k);
        same[2] += found == ent_modality_dropout(1, 0.5, 3, 5, 6, k);
        same[3] += found == ent_modality_dropout(1, 0.5, 3, 4, 7, k);
        same[4] += found == ent_modality_dropout(1, 0.5, 3, 4, 6, k + DRAWS);
    }
    assert_int_equal(same[0], DRAWS);
    for (int j = 1; j < 5; j++) check_near(same[j] / (double)DRAWS, 0.25 * 0.25 + 2 * 0.375 * 0.375, 0.08);
}

static void dropout_at_its_ends(void **state)
{
    (void)state;
    for (uint32_t has = 0; has < 8; has++)
        for (int64_t k = 0; k < 50; k++) {
            assert_int_equal(ent_modality_dropout(1, 0.0, has, 0, 0, k), has);
            const uint32_t left = ent_modality_dropout(1, 1.0, has, 0, 0, k);
            assert_true((left & ~has) == 0 && (left & (left - 1)) == 0 && (left != 0) == (has != 0));
        }
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(rates_of_samples),
        cmocka_unit_test(modalities_are_drawn_independently),
        cmocka_unit_test(a_client_lacks_it_altogether),
        cmocka_unit_test(exclusive_clients_have_one_modality),
        cmocka_unit_test(exclusive_rows_without_it_are_skipped),
        cmocka_unit_test(row_k_does_not_depend_on_its_neighbours),
        cmocka_unit_test(levels_do_not_share_numbers),
        cmocka_unit_test(parts),
        cmocka_unit_test(dropout_frequencies),
        cmocka_unit_test(dropout_is_a_function_of_its_arguments),
        cmocka_unit_test(dropout_at_its_ends),
    };
    const struct CMUnitTest refusing[] = {
        cmocka_unit_test(keep_one_keeps_each_equally_often), cmocka_unit_test(keep_one_does_not_follow_the_rates),
        cmocka_unit_test(keep_one_of_what_a_row_has),        cmocka_unit_test(a_row_with_nothing),
        cmocka_unit_test(never_gives_what_is_not_stored),
    };
    int failed = cmocka_run_group_tests_name("missing computes", computes, make_rows, NULL);
    return failed + cmocka_run_group_tests_name("missing refuses to take all", refusing, make_rows, NULL);
}
