/* Splits: each kind is what its paper says, a client is the same in every part, and every alpha ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/memory.h"
#include "entente/split.h"

#define OK(call) assert_int_equal((call), ENT_OK)

enum { N = 1209, STRATA = 4, MAX_CLIENTS = 1000 };

static int32_t stratum[N], group[N], client[N], other[N];
static int64_t size[MAX_CLIENTS], mix[MAX_CLIENTS][STRATA];

/* Classes of unequal size in no order, 13 groups. */
static int make_rows(void **state)
{
    (void)state;
    for (int k = 0; k < N; k++) {
        const int u = k * 7919 % 100;
        stratum[k] = u < 50 ? 0 : u < 80 ? 1 : u < 95 ? 2 : 3;
        group[k] = 100 - k * 31 % 13 * 5;
    }
    return 0;
}

static ent_split_rows rows_of(int part, int64_t n)
{
    return (ent_split_rows){.part = part, .n = n, .strata = STRATA, .stratum = stratum, .group = group};
}

static ent_split_inp split_inp(ent_split_kind kind, int clients, double alpha)
{
    return (ent_split_inp){.kind = kind, .clients = clients, .alpha = alpha, .shards = 2, .seed = 1};
}

static void count(int clients, int64_t n, const int32_t *of)
{
    memset(size, 0, sizeof size);
    memset(mix, 0, sizeof mix);
    for (int64_t k = 0; k < n; k++) {
        assert_in_range(of[k], 0, clients - 1);
        size[of[k]]++;
        mix[of[k]][stratum[k]]++;
    }
}

static void split_all(ent_split_inp inp)
{
    const ent_split_rows rows = rows_of(0, N);
    memset(client, 0xff, sizeof client);
    OK(ent_split(&inp, &rows, client));
    count(inp.clients, N, client);
}

static int empty_clients(int clients)
{
    int empty = 0;
    for (int c = 0; c < clients; c++) empty += size[c] == 0;
    return empty;
}

/* ---- computes ---- */

static void iid_sizes_and_mix(void **state)
{
    (void)state;
    split_all(split_inp(ENT_SPLIT_IID, 8, 0));
    for (int c = 0; c < 8; c++) {
        assert_in_range(size[c], N / 8, N / 8 + 1);
        assert_in_range(mix[c][0], 55, 95); /* 75.5 are expected */
    }
}

static void the_seed_decides(void **state)
{
    (void)state;
    for (int kind = ENT_SPLIT_IID; kind <= ENT_SPLIT_QUANTITY; kind++) {
        ent_split_inp inp = split_inp((ent_split_kind)kind, 8, 0.5);
        split_all(inp);
        memcpy(other, client, sizeof other);
        split_all(inp);
        assert_memory_equal(other, client, sizeof other);
        inp.seed = 2;
        split_all(inp);
        assert_memory_not_equal(other, client, sizeof other);
    }
}

/* Large alpha: equal shares.  Small alpha: nearly all of a class at one client. */
static void dirichlet_class_follows_alpha(void **state)
{
    (void)state;
    split_all(split_inp(ENT_SPLIT_DIRICHLET_CLASS, 8, 1e6));
    for (int c = 0; c < 8; c++)
        for (int s = 0; s < STRATA; s++) assert_true(llabs(8 * mix[c][s] - mix[0][s] * 8) <= 24);
    split_all(split_inp(ENT_SPLIT_DIRICHLET_CLASS, 8, 1e-4));
    for (int s = 0; s < STRATA; s++) {
        int64_t all = 0, largest = 0;
        for (int c = 0; c < 8; c++) {
            all += mix[c][s];
            if (mix[c][s] > largest) largest = mix[c][s];
        }
        assert_true((double)largest > 0.8 * (double)all);
    }
}

/* The variance of a share under Dir(alpha) over K clients is (K - 1) / (K^2 (K alpha + 1)). */
static void dirichlet_class_has_the_variance_of_its_distribution(void **state)
{
    (void)state;
    enum { K = 5, SEEDS = 4000 };
    double squares = 0.0;
    for (int seed = 0; seed < SEEDS; seed++) {
        ent_split_inp inp = split_inp(ENT_SPLIT_DIRICHLET_CLASS, K, 0.5);
        inp.seed = (uint64_t)seed;
        split_all(inp);
        int64_t all = 0;
        for (int c = 0; c < K; c++) all += mix[c][0];
        for (int c = 0; c < K; c++) squares += pow((double)mix[c][0] / (double)all - 1.0 / K, 2) / (SEEDS * K);
    }
    assert_true(fabs(squares - (K - 1.0) / (K * K * (K * 0.5 + 1.0))) < 0.002);
}

static void dirichlet_client_has_equal_sizes(void **state)
{
    (void)state;
    const double alphas[] = {0.01, 0.5, 100.0};
    for (int k = 0; k < 3; k++) {
        split_all(split_inp(ENT_SPLIT_DIRICHLET_CLIENT, 8, alphas[k]));
        for (int c = 0; c < 8; c++) assert_in_range(size[c], N / 8, N / 8 + 1);
    }
}

/* Four equal classes.  At large alpha a client has a quarter of each; at small alpha its rows are of one class, until
 * that class has no rows left. */
static void dirichlet_client_follows_alpha(void **state)
{
    (void)state;
    for (int k = 0; k < N; k++) stratum[k] = k % STRATA;
    split_all(split_inp(ENT_SPLIT_DIRICHLET_CLIENT, 4, 1e6));
    for (int c = 0; c < 4; c++)
        for (int s = 0; s < STRATA; s++) assert_in_range(mix[c][s], 50, 100);
    double share = 0.0; /* of a client's largest class, on average */
    split_all(split_inp(ENT_SPLIT_DIRICHLET_CLIENT, 50, 1e-4));
    for (int c = 0; c < 50; c++) {
        int64_t largest = 0;
        for (int s = 0; s < STRATA; s++) largest = mix[c][s] > largest ? mix[c][s] : largest;
        share += (double)largest / (double)size[c] / 50.0;
    }
    assert_true(share > 0.7);
    make_rows(NULL);
}

static void shards_hold_few_classes(void **state)
{
    (void)state;
    split_all(split_inp(ENT_SPLIT_SHARDS, 10, 0));
    for (int c = 0; c < 10; c++) {
        int classes = 0;
        for (int s = 0; s < STRATA; s++) classes += mix[c][s] > 0;
        assert_in_range(classes, 1, 4); /* two shards, each across one border at most */
        assert_in_range(size[c], 2 * (N / 20), 2 * (N / 20 + 1));
    }
    int pure = 0;
    for (int c = 0; c < 10; c++)
        for (int s = 0; s < STRATA; s++) pure += mix[c][s] == size[c];
    assert_true(pure >= 2);
}

static void quantity_follows_alpha(void **state)
{
    (void)state;
    split_all(split_inp(ENT_SPLIT_QUANTITY, 8, 1e9));
    for (int c = 0; c < 8; c++) assert_in_range(size[c], N / 8 - 1, N / 8 + 2);
    split_all(split_inp(ENT_SPLIT_QUANTITY, 8, 0.05));
    int64_t largest = 0;
    for (int c = 0; c < 8; c++) largest = size[c] > largest ? size[c] : largest;
    assert_true(largest > N / 2);
    for (int c = 0; c < 8; c++) /* a client with many rows has all classes */
        if (size[c] > 300) assert_true(llabs(2 * mix[c][0] - size[c]) < size[c] / 5);
}

static void natural_keeps_groups_together(void **state)
{
    (void)state;
    int32_t *groups = NULL;
    int64_t n = 0;
    OK(ent_split_groups(1000, group, &groups, &n));
    assert_int_equal(n, 13);
    for (int64_t k = 1; k < n; k++) assert_true(groups[k - 1] < groups[k]);
    const ent_split_inp inp = split_inp(ENT_SPLIT_NATURAL, 5, 0);
    ent_split_rows rows = rows_of(0, N);
    rows.train_groups = n - 2; /* two groups do not train */
    rows.train_group = groups;
    OK(ent_split(&inp, &rows, client));
    for (int64_t k = 0; k < N; k++) {
        const int64_t place = (group[k] - groups[0]) / 5;
        assert_int_equal(client[k], place < n - 2 ? place % 5 : (place - (n - 2)) % 5);
    }
    ent_free(groups);
}

static void a_client_is_the_same_in_every_part(void **state)
{
    (void)state;
    const ent_split_kind kinds[] = {ENT_SPLIT_DIRICHLET_CLASS, ENT_SPLIT_SHARDS};
    for (int j = 0; j < 2; j++) {
        const ent_split_inp inp = split_inp(kinds[j], 6, 0.5);
        const ent_split_rows train = rows_of(0, N), test = rows_of(2, N);
        int64_t at_train[MAX_CLIENTS][STRATA];
        OK(ent_split(&inp, &train, client));
        count(6, N, client);
        memcpy(at_train, mix, sizeof mix);
        OK(ent_split(&inp, &test, other));
        count(6, N, other);
        assert_memory_equal(at_train, mix, sizeof mix);
        assert_memory_not_equal(client, other, sizeof client);
    }
}

static void a_client_has_the_same_share_in_every_part(void **state)
{
    (void)state;
    const ent_split_inp inp = split_inp(ENT_SPLIT_QUANTITY, 6, 0.5);
    const ent_split_rows train = rows_of(0, N), test = rows_of(2, N / 3);
    int64_t at_train[6];
    OK(ent_split(&inp, &train, client));
    count(6, N, client);
    memcpy(at_train, size, sizeof at_train);
    OK(ent_split(&inp, &test, other));
    count(6, N / 3, other);
    for (int c = 0; c < 6; c++) assert_true(llabs(at_train[c] - 3 * size[c]) <= 6);
}

static void a_client_has_the_same_mix_in_every_part(void **state)
{
    (void)state;
    const ent_split_inp inp = split_inp(ENT_SPLIT_DIRICHLET_CLIENT, 3, 0.3);
    const ent_split_rows train = rows_of(0, N), test = rows_of(2, N);
    OK(ent_split(&inp, &train, client));
    OK(ent_split(&inp, &test, other));
    count(3, N, client);
    double distance = 0.0;
    int64_t at_train[3][STRATA];
    memcpy(at_train, mix, sizeof at_train);
    count(3, N, other);
    for (int c = 0; c < 3; c++)
        for (int s = 0; s < STRATA; s++) distance += fabs((double)(mix[c][s] - at_train[c][s])) / N;
    assert_true(distance < 0.1);
}

static void every_kind_ends_at_the_extremes(void **state)
{
    (void)state;
    const double alphas[] = {1e-300, 0.01, 1e12};
    for (int kind = ENT_SPLIT_IID; kind <= ENT_SPLIT_QUANTITY; kind++)
        for (int j = 0; j < 3; j++) {
            split_all(split_inp((ent_split_kind)kind, 1000, alphas[j]));
            split_all(split_inp((ent_split_kind)kind, 1, alphas[j]));
            assert_int_equal(size[0], N);
        }
}

static void fewer_rows_than_clients(void **state)
{
    (void)state;
    for (int kind = ENT_SPLIT_IID; kind <= ENT_SPLIT_QUANTITY; kind++) {
        const ent_split_inp inp = split_inp((ent_split_kind)kind, 20, 0.5);
        const ent_split_rows rows = rows_of(1, 7), none = rows_of(1, 0);
        OK(ent_split(&inp, &rows, client));
        count(20, 7, client);
        assert_true(empty_clients(20) >= 13);
        OK(ent_split(&inp, &none, client));
    }
}

static void strata_of_real_labels(void **state)
{
    (void)state;
    const double mosi[] = {-2.8, 2.4, 0.6, -1.2};
    const ent_strata s = ent_split_strata(4, mosi);
    assert_true(s.count == 6 && s.width == 1.0 && s.first == -3.0);
    assert_true(ent_split_stratum(&s, -2.6) == 0 && ent_split_stratum(&s, -2.4) == 1);
    assert_true(ent_split_stratum(&s, 0.6) == 4 && ent_split_stratum(&s, 9.0) == 5 &&
                ent_split_stratum(&s, -9.0) == 0);
    const double wide[] = {-1e308, 1e308, 0.0};
    const ent_strata w = ent_split_strata(3, wide);
    assert_true(w.count == 1000 && isfinite(w.width));
    assert_true(ent_split_stratum(&w, -1e308) == 0 && ent_split_stratum(&w, 1e308) == 999);
    assert_in_range(ent_split_stratum(&w, 0.0), 499, 500);
    const ent_strata one = ent_split_strata(0, NULL);
    assert_int_equal(ent_split_stratum(&one, 5.0), 0);
}

/* ---- refuses ---- */

static void refuses(ent_split_inp inp, ent_split_rows rows, ent_status code, const char *text)
{
    assert_int_equal(ent_split(&inp, &rows, client), code);
    if (!strstr(ent_message(), text)) fail_msg("'%s' lacks '%s'", ent_message(), text);
}

static void arguments_out_of_range(void **state)
{
    (void)state;
    const ent_split_rows rows = rows_of(0, N);
    ent_split_rows bad = rows;
    ent_split_inp shards = split_inp(ENT_SPLIT_SHARDS, 4, 0);
    shards.shards = 0;
    refuses(split_inp(ENT_SPLIT_IID, 0, 0), rows, ENT_EARG, "0 clients");
    refuses(split_inp(ENT_SPLIT_DIRICHLET_CLASS, 4, 0.0), rows, ENT_EARG, "alpha 0");
    refuses(split_inp(ENT_SPLIT_DIRICHLET_CLIENT, 4, NAN), rows, ENT_EARG, "alpha nan");
    refuses(split_inp(ENT_SPLIT_QUANTITY, 4, INFINITY), rows, ENT_EARG, "alpha inf");
    refuses(shards, rows, ENT_EARG, "0 shards");
    bad.strata = 3;
    refuses(split_inp(ENT_SPLIT_SHARDS, 4, 0), bad, ENT_EARG, "is in stratum 3, want 0..2");
    bad = rows;
    bad.group = NULL;
    refuses(split_inp(ENT_SPLIT_NATURAL, 4, 0), bad, ENT_EDATA, "no groups");
}

static void the_kth_allocation_fails(void **state)
{
    (void)state;
    for (int kind = ENT_SPLIT_IID; kind <= ENT_SPLIT_NATURAL; kind++) {
        const ent_split_inp inp = split_inp((ent_split_kind)kind, 8, 0.5);
        const ent_split_rows rows = rows_of(0, N);
        int64_t k = 1;
        for (;; k++) {
            ent_alloc_fail_at(k);
            const ent_status status = ent_split(&inp, &rows, client);
            ent_alloc_fail_at(0);
            if (status == ENT_OK) break;
            assert_int_equal(status, ENT_ENOMEM);
        }
        assert_true(k > 1);
    }
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(iid_sizes_and_mix),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(dirichlet_class_follows_alpha),
        cmocka_unit_test(dirichlet_class_has_the_variance_of_its_distribution),
        cmocka_unit_test(dirichlet_client_has_equal_sizes),
        cmocka_unit_test(dirichlet_client_follows_alpha),
        cmocka_unit_test(shards_hold_few_classes),
        cmocka_unit_test(quantity_follows_alpha),
        cmocka_unit_test(natural_keeps_groups_together),
        cmocka_unit_test(a_client_is_the_same_in_every_part),
        cmocka_unit_test(a_client_has_the_same_share_in_every_part),
        cmocka_unit_test(a_client_has_the_same_mix_in_every_part),
        cmocka_unit_test(every_kind_ends_at_the_extremes),
        cmocka_unit_test(fewer_rows_than_clients),
        cmocka_unit_test(strata_of_real_labels),
    };
    const struct CMUnitTest refusing[] = {
        cmocka_unit_test(arguments_out_of_range),
        cmocka_unit_test(the_kth_allocation_fails),
    };
    int failed = cmocka_run_group_tests_name("split computes", computes, make_rows, NULL);
    return failed + cmocka_run_group_tests_name("split refuses", refusing, make_rows, NULL);
}
