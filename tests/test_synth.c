/* The synthetic data set: the same bytes from the same seed, and a label that needs products of modalities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>

#include "entente/h5.h"
#include "entente/memory.h"
#include "entente/synth.h"
#include "temp_folder.h"

#define OK(call) assert_int_equal((call), ENT_OK)

static ent_dataset *made(const ent_synth_inp *inp)
{
    ent_dataset *d = NULL;
    OK(ent_synth_write(inp, in_temp_folder("s.h5"), 1));
    OK(ent_dataset_open(in_temp_folder("s.h5"), 0, NULL, &(ent_label_inp){.name = "class"}, &d));
    return d;
}

/* ---- a linear classifier by least squares, and its accuracy on the test rows ---- */

enum { MAX_COLUMNS = 64 };

/* Solve a w = b by Gaussian elimination with pivots; b becomes w. */
static void solve(int n, double a[MAX_COLUMNS][MAX_COLUMNS], double b[MAX_COLUMNS])
{
    for (int c = 0; c < n; c++) {
        int p = c;
        for (int r = c + 1; r < n; r++)
            if (fabs(a[r][c]) > fabs(a[p][c])) p = r;
        for (int k = 0; k < n; k++) {
            const double swap = a[c][k];
            a[c][k] = a[p][k];
            a[p][k] = swap;
        }
        const double swap = b[c];
        b[c] = b[p];
        b[p] = swap;
        for (int r = 0; r < n; r++) {
            if (r == c) continue;
            const double f = a[r][c] / a[c][c];
            for (int k = c; k < n; k++) a[r][k] -= f * a[c][k];
            b[r] -= f * b[c];
        }
    }
    for (int c = 0; c < n; c++) b[c] /= a[c][c];
}

static double dot(int n, const double *x, const double *y)
{
    double sum = 0.0;
    for (int k = 0; k < n; k++) sum += x[k] * y[k];
    return sum;
}

/* x [rows][columns], whose last column is 1. */
static double linear_accuracy(const ent_dataset *d, int columns, const double *x)
{
    static double a[MAX_COLUMNS][MAX_COLUMNS], w[MAX_COLUMNS];
    memset(a, 0, sizeof a);
    memset(w, 0, sizeof w);
    for (int64_t k = 0; k < d->rows; k++) {
        const double *row = x + k * columns;
        for (int i = 0; i < columns && d->split[k] == ENT_TRAIN; i++) {
            for (int j = 0; j < columns; j++) a[i][j] += row[i] * row[j];
            w[i] += row[i] * (d->category[k] - 0.5);
        }
    }
    solve(columns, a, w);
    int right = 0, all = 0;
    for (int64_t k = 0; k < d->rows; k++) {
        if (d->split[k] != ENT_TEST) continue;
        all++;
        right += (dot(columns, x + k * columns, w) > 0.0) == d->category[k];
    }
    return (double)right / all;
}

static double *features(const ent_dataset *d, const char *name, int64_t *dimension)
{
    int64_t *row = ent_alloc(d->rows, sizeof *row);
    for (int64_t k = 0; k < d->rows; k++) row[k] = k;
    int m = 0;
    while (strcmp(d->modality[m].name, name) != 0) m++;
    *dimension = d->modality[m].dimension;
    double *x = ent_alloc(d->rows * *dimension, sizeof *x);
    double *wide = ent_alloc(d->rows * *dimension, sizeof *wide);
    OK(ent_dataset_features(d, m, d->rows, row, NULL, NULL, x));
    for (int64_t k = 0; k < d->rows * *dimension; k++) wide[k] = x[k];
    ent_free(x);
    ent_free(row);
    return wide;
}

/* Bit m: use modality m of these. */
static const char *const names[] = {"text", "audio", "vision"};

static double accuracy_of_features(const ent_dataset *d, unsigned which)
{
    double *x = ent_alloc(d->rows * MAX_COLUMNS, sizeof *x);
    int columns = 1;
    int64_t dimension[3] = {0};
    for (int m = 0; m < 3; m++) {
        ent_free(features(d, names[m], &dimension[m]));
        if (which >> m & 1) columns += (int)dimension[m];
    }
    int first = 0;
    for (int m = 0; m < 3; m++) {
        if (!(which >> m & 1)) continue;
        double *part = features(d, names[m], &dimension[m]);
        for (int64_t k = 0; k < d->rows; k++)
            memcpy(x + k * columns + first, part + k * dimension[m], (size_t)dimension[m] * sizeof *x);
        first += (int)dimension[m];
        ent_free(part);
    }
    for (int64_t k = 0; k < d->rows; k++) x[k * columns + columns - 1] = 1.0;
    const double accuracy = linear_accuracy(d, columns, x);
    ent_free(x);
    return accuracy;
}

/* The first n numbers of a hidden dataset. */
static double *hidden(const ent_dataset *d, const char *name, int64_t n)
{
    char path[128];
    double *x = ent_alloc(n, sizeof *x);
    snprintf(path, sizeof path, "/hidden/%s", name);
    OK(ent_h5_read(d->file, path, ENT_H5_F64, n, x));
    return x;
}

/* A linear classifier on h_0, h_1, h_2 and their products; `seen`: on h as the features show it, by projection. */
static double accuracy_of_products(const ent_dataset *d, bool seen)
{
    enum { COLUMNS = 7 };
    double *h = hidden(d, "h", d->rows * 3), *x = ent_alloc(d->rows * COLUMNS, sizeof *x);
    for (int m = 0; m < 3 && seen; m++) {
        char name[64];
        int64_t n;
        double *part = features(d, names[m], &n);
        snprintf(name, sizeof name, "direction/%s", names[m]);
        double *direction = hidden(d, name, n);
        for (int64_t k = 0; k < d->rows; k++) h[3 * k + m] = dot((int)n, part + k * n, direction);
        ent_free(part);
        ent_free(direction);
    }
    for (int64_t k = 0; k < d->rows; k++) {
        const double *g = h + 3 * k;
        const double row[COLUMNS] = {g[0], g[1], g[2], g[0] * g[1], g[1] * g[2], g[2] * g[0], 1.0};
        memcpy(x + k * COLUMNS, row, sizeof row);
    }
    const double accuracy = linear_accuracy(d, COLUMNS, x);
    ent_free(x);
    ent_free(h);
    return accuracy;
}

/* ---- computes ---- */

static void tables_are_as_asked_for(void **state)
{
    (void)state;
    ent_synth_inp inp = ent_synth_default();
    inp.classes = 3;
    ent_dataset *d = made(&inp);
    int64_t part[3] = {0}, category[3] = {0};
    for (int64_t k = 0; k < d->rows; k++) {
        part[d->split[k]]++;
        category[d->category[k]]++;
        assert_in_range(d->group[k], 0, inp.groups - 1);
        assert_int_equal(d->stored[k], 7);
    }
    assert_true(d->rows == 2000 && part[0] == 1400 && part[1] == 200 && part[2] == 400);
    for (int c = 0; c < 3; c++) assert_in_range(category[c], 666, 667);
    assert_string_equal(d->licence, "CC0-1.0");
    assert_string_equal(d->source,
                        "synthetic: entente synth --rows 2000 --modalities text:12,audio:10,vision:8 --classes 3 "
                        "--groups 40 --own 1 --cross 2 --noise 0.3 --group-shift 0.3 --missing 0 --seed 1");
    ent_dataset_free(d);
}

static ent_dataset *made_with(double cross, double noise)
{
    ent_synth_inp inp = ent_synth_default();
    inp.cross = cross;
    inp.noise = noise;
    return made(&inp);
}

static void the_score_is_its_formula(void **state)
{
    (void)state;
    ent_dataset *d = made_with(2.0, 0.3);
    double *h = hidden(d, "h", d->rows * 3), *shift = hidden(d, "group", 40);
    for (int64_t k = 0; k < d->rows; k++) {
        const double *g = h + 3 * k;
        const double products = (g[0] * g[1] + g[1] * g[2] + g[2] * g[0]) / sqrt(3.0);
        assert_true(fabs(g[0] + 2.0 * products + 0.3 * shift[d->group[k]] - d->value[k]) < 1e-5);
    }
    ent_free(h);
    ent_free(shift);
    ent_dataset_free(d);
}

/* Without noise a feature vector is its direction times h. */
static void features_follow_their_direction(void **state)
{
    (void)state;
    ent_dataset *d = made_with(2.0, 0.0);
    int64_t n;
    double *x = features(d, "audio", &n), *h = hidden(d, "h", d->rows * 3), *u = hidden(d, "direction/audio", 10);
    assert_true(fabs(dot(10, u, u) - 1.0) < 1e-12);
    for (int64_t k = 0; k < d->rows * n; k++) assert_true(fabs(x[k] - u[k % n] * h[3 * (k / n) + 1]) < 1e-6);
    ent_free(x);
    ent_free(h);
    ent_free(u);
    ent_dataset_free(d);
}

/* Mean over five seeds: the purpose of this data set. */
static void the_label_needs_products_of_modalities(void **state)
{
    (void)state;
    double knows_h = 0.0, sees_h = 0.0, all = 0.0, one[3] = {0.0};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        ent_synth_inp inp = ent_synth_default();
        inp.seed = seed;
        ent_dataset *d = made(&inp);
        knows_h += accuracy_of_products(d, false) / 5.0;
        sees_h += accuracy_of_products(d, true) / 5.0;
        all += accuracy_of_features(d, 7) / 5.0;
        for (int m = 0; m < 3; m++) one[m] += accuracy_of_features(d, 1u << m) / 5.0;
        ent_dataset_free(d);
    }
    print_message("knows h %.3f, sees h %.3f, linear: all %.3f, text %.3f, audio %.3f, vision %.3f\n", knows_h,
                  sees_h, all, one[0], one[1], one[2]);
    assert_true(knows_h > 0.9 && sees_h > 0.8);
    assert_true(one[0] > 0.62 && one[1] < 0.6 && one[2] < 0.6);
    assert_true(all < sees_h - 0.1 && all > 0.6);
}

static void the_same_seed_is_the_same_file(void **state)
{
    (void)state;
    static char a[400000], b[400000];
    ent_synth_inp inp = ent_synth_default();
    OK(ent_synth_write(&inp, in_temp_folder("a.h5"), 0));
    OK(ent_synth_write(&inp, in_temp_folder("b.h5"), 0));
    FILE *first = fopen(in_temp_folder("a.h5"), "rb"), *second = fopen(in_temp_folder("b.h5"), "rb");
    const size_t n = fread(a, 1, sizeof a, first), m = fread(b, 1, sizeof b, second);
    fclose(first);
    fclose(second);
    assert_true(n == m && n > 250000 && n < sizeof a);
    assert_memory_equal(a, b, n);
}

static void absent_features_are_not_numbers(void **state)
{
    (void)state;
    ent_synth_inp inp = ent_synth_default();
    inp.missing = 0.25;
    ent_dataset *d = made(&inp);
    int64_t absent = 0;
    double value[12];
    for (int64_t k = 0; k < d->rows; k++) absent += !(d->stored[k] & 1);
    assert_in_range(absent, 420, 580);
    int64_t k = 0;
    while (d->stored[k] & 1) k++;
    assert_int_equal(ent_dataset_features(d, 0, 1, &k, NULL, NULL, value), ENT_EDATA);
    inp.missing = 1.0;
    ent_dataset_free(d);
    d = made(&inp);
    for (k = 0; k < d->rows; k++) assert_int_equal(d->stored[k], 0);
    ent_dataset_free(d);
}

static void one_modality_and_many(void **state)
{
    (void)state;
    ent_synth_inp inp = {.rows = 10, .modalities = 1, .dimension = {1}, .classes = 2, .groups = 1, .own = 1.0};
    ent_dataset *d = made(&inp);
    assert_true(d->rows == 10 && d->modalities == 1);
    assert_string_equal(d->modality[0].name, "m0");
    ent_dataset_free(d);
    inp.modalities = ENT_MAX_MODALITIES;
    inp.rows = 5000; /* more than a block */
    for (int m = 0; m < ENT_MAX_MODALITIES; m++) inp.dimension[m] = m + 1;
    d = made(&inp);
    assert_int_equal(d->modalities, ENT_MAX_MODALITIES);
    int64_t row[2] = {0, 4999};
    double x[2] = {0, 0};
    OK(ent_dataset_features(d, 0, 2, row, NULL, NULL, x));
    double *h = hidden(d, "h", 5000 * ENT_MAX_MODALITIES);
    for (int k = 0; k < 2; k++) /* without noise, in one dimension: h or -h */
        assert_true(fabs(fabs(x[k]) - fabs(h[row[k] * ENT_MAX_MODALITIES])) < 1e-6);
    ent_free(h);
    ent_dataset_free(d);
}

/* ---- refuses ---- */

static void refuses(ent_synth_inp inp, const char *text)
{
    assert_int_equal(ent_synth_write(&inp, in_temp_folder("r.h5"), 0), ENT_EARG);
    if (!strstr(ent_message(), text)) fail_msg("'%s' lacks '%s'", ent_message(), text);
}

static void arguments_out_of_range(void **state)
{
    (void)state;
    const ent_synth_inp good = ent_synth_default();
    ent_synth_inp bad = good;
    bad.rows = 9;
    refuses(bad, "9 rows, want at least 10");
    bad = good, bad.modalities = 17;
    refuses(bad, "17 modalities, want 1..16");
    bad = good, bad.dimension[1] = 0;
    refuses(bad, "modality 1 has dimension 0");
    bad = good, bad.classes = 1;
    refuses(bad, "1 classes");
    bad = good, bad.groups = 0;
    refuses(bad, "0 groups");
    bad = good, bad.noise = -1.0;
    refuses(bad, "noise -1");
    bad = good, bad.missing = NAN;
    refuses(bad, "missing nan, want 0..1");
    bad = good, bad.names = (const char *const[]){"a", "a/b", "c"};
    refuses(bad, "modality name: found 'a/b' with '/' at byte 1");
    bad.names = (const char *const[]){"a", "b", "a"};
    refuses(bad, "'a' is named twice");
    bad.names = (const char *const[]){"", "b", "a"};
    refuses(bad, "modality name: found '' of 0 bytes");
    assert_int_equal(access(in_temp_folder("r.h5"), F_OK), -1);
}

static void a_file_that_exists(void **state)
{
    (void)state;
    const ent_synth_inp inp = ent_synth_default();
    OK(ent_synth_write(&inp, in_temp_folder("e.h5"), 0));
    assert_int_equal(ent_synth_write(&inp, in_temp_folder("e.h5"), 0), ENT_EIO);
    assert_non_null(strstr(ent_message(), "e.h5: exists"));
    OK(ent_synth_write(&inp, in_temp_folder("e.h5"), 1));
}

static int child_on_full_disk(void)
{
    const ent_synth_inp inp = ent_synth_default();
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){100000, 100000});
    return ent_synth_write(&inp, in_temp_folder("full.h5"), 0) == ENT_EIO ? 0 : 1;
}

static void a_full_disk(void **state)
{
    (void)state;
    const int files = temp_folder_files(0);
    const pid_t child = fork();
    if (child == 0) _exit(child_on_full_disk());
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(temp_folder_files(0), files);
}

static void the_kth_allocation_fails(void **state)
{
    (void)state;
    ent_synth_inp inp = ent_synth_default();
    inp.rows = 20;
    const int files = temp_folder_files(0);
    int64_t k = 1;
    for (;; k++) {
        ent_alloc_fail_at(k);
        const ent_status status = ent_synth_write(&inp, in_temp_folder("k.h5"), 0);
        ent_alloc_fail_at(0);
        if (status == ENT_OK) break;
        assert_int_equal(status, ENT_ENOMEM);
        assert_int_equal(temp_folder_files(0), files);
    }
    assert_true(k > 15);
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(tables_are_as_asked_for),         cmocka_unit_test(the_score_is_its_formula),
        cmocka_unit_test(features_follow_their_direction), cmocka_unit_test(the_label_needs_products_of_modalities),
        cmocka_unit_test(the_same_seed_is_the_same_file),  cmocka_unit_test(absent_features_are_not_numbers),
        cmocka_unit_test(one_modality_and_many),
    };
    const struct CMUnitTest refusing[] = {
        cmocka_unit_test(arguments_out_of_range),
        cmocka_unit_test(a_file_that_exists),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(the_kth_allocation_fails),
    };
    int failed = cmocka_run_group_tests_name("synth computes", computes, temp_folder_make, temp_folder_remove);
    return failed + cmocka_run_group_tests_name("synth refuses", refusing, temp_folder_make, temp_folder_remove);
}
