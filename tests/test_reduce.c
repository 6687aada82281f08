/* Reduction on one rank, against a plain pooled computation: two passes in long double, eigenvectors by Jacobi. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "entente/dataset.h"
#include "reduce_data.h"
#include "temp_folder.h"

#define OK(call) assert_int_equal((call), ENT_OK)

enum { D = 12, CLIENTS = 20, K = 5 };

static ent_comm *world;
static client_data data;

static int setup(void **state)
{
    (void)state;
    int client[CLIENTS];
    for (int c = 0; c < CLIENTS; c++) client[c] = c;
    data = clients_make(CLIENTS, client, D);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    clients_free(&data);
    return 0;
}

static ent_reduction_inp inp_of(ent_reduce_kind kind, int outputs)
{
    return (ent_reduction_inp){.kind = kind, .inputs = D, .outputs = outputs, .seed = 3, .name = "audio"};
}

static ent_reduction *fitted(ent_reduce_kind kind, int outputs)
{
    const ent_reduction_inp inp = inp_of(kind, outputs);
    ent_reduction *r = NULL;
    OK(ent_reduction_fit(world, &inp, &data.rows, &r));
    return r;
}

/* ---- the pooled computation ---- */

static double mean[D], deviation[D], correlation[D][D];
static int64_t count;

static void pool(void)
{
    static long double sum[D], moment[D][D];
    memset(sum, 0, sizeof sum);
    memset(moment, 0, sizeof moment);
    count = 0;
    const int64_t rows = data.first[CLIENTS];
    for (int64_t k = 0; k < rows; k++) {
        if (!data.use[k]) continue;
        count++;
        for (int j = 0; j < D; j++) sum[j] += (long double)data.x[k * D + j];
    }
    for (int64_t k = 0; k < rows; k++)
        for (int i = 0; i < D && data.use[k]; i++)
            for (int j = 0; j < D; j++)
                moment[i][j] += ((long double)data.x[k * D + i] - sum[i] / count) *
                                ((long double)data.x[k * D + j] - sum[j] / count);
    for (int i = 0; i < D; i++) {
        mean[i] = (double)(sum[i] / count);
        deviation[i] = i == 2 ? 0.0 : (double)sqrtl(moment[i][i] / count);
        for (int j = 0; j < D; j++)
            correlation[i][j] = i == 2 || j == 2 ? 0.0 : (double)(moment[i][j] / sqrtl(moment[i][i] * moment[j][j]));
    }
}

/* Cyclic Jacobi: a becomes diagonal, v[k] its eigenvectors in columns. */
static void jacobi(double a[D][D], double v[D][D])
{
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) v[i][j] = i == j;
    for (int sweep = 0; sweep < 60; sweep++)
        for (int p = 0; p < D; p++)
            for (int q = p + 1; q < D; q++) {
                if (fabs(a[p][q]) < 1e-300) continue;
                const double angle = 0.5 * atan2(2.0 * a[p][q], a[q][q] - a[p][p]), c = cos(angle), s = sin(angle);
                for (int k = 0; k < D; k++) {
                    const double x = a[k][p], y = a[k][q];
                    a[k][p] = c * x - s * y;
                    a[k][q] = s * x + c * y;
                }
                for (int k = 0; k < D; k++) {
                    const double x = a[p][k], y = a[q][k];
                    a[p][k] = c * x - s * y;
                    a[q][k] = s * x + c * y;
                }
                for (int k = 0; k < D; k++) {
                    const double x = v[k][p], y = v[k][q];
                    v[k][p] = c * x - s * y;
                    v[k][q] = s * x + c * y;
                }
            }
}

static int largest_left(double a[D][D], const int *taken)
{
    int best = -1;
    for (int k = 0; k < D; k++)
        if (!taken[k] && (best < 0 || a[k][k] > a[best][best])) best = k;
    return best;
}

/* ---- computes ---- */

static void moments_equal_the_pooled_ones(void **state)
{
    (void)state;
    pool();
    ent_reduction *r = fitted(ENT_REDUCE_LINEAR, 3);
    assert_true(r->outputs == D && !r->matrix && r->count == count);
    for (int j = 0; j < D; j++) {
        assert_true(fabs(r->mean[j] - mean[j]) <= 1e-12 * (fabs(mean[j]) + deviation[j]));
        if (j == 2)
            assert_true(r->inverse[j] == 0.0);
        else
            assert_true(fabs(r->inverse[j] * deviation[j] - 1.0) < 1e-10);
    }
    ent_reduction_free(r);
    ent_reduction_free(NULL);
}

/* Column j of z [n][width] over the rows that are present: its mean and variance. */
static void column_moments(const double *z, int width, int j, double *average, double *variance)
{
    double sum = 0.0, squares = 0.0;
    for (int64_t k = 0; k < data.rows.first[CLIENTS]; k++) {
        if (!data.rows.use[k]) continue;
        sum += z[k * width + j];
        squares += z[k * width + j] * z[k * width + j];
    }
    *average = sum / (double)count;
    *variance = squares / (double)count - *average * *average;
}

/* The same axes as pca, each score with variance 1. */
static void pca_linear_has_axes_of_variance_one(void **state)
{
    (void)state;
    pool();
    ent_reduction *r = fitted(ENT_REDUCE_PCA_LINEAR, K), *plain = fitted(ENT_REDUCE_PCA, K);
    const int64_t rows = data.rows.first[CLIENTS];
    double *z = ent_alloc(rows * K, sizeof *z), average, variance;
    ent_reduction_apply(r, rows, data.rows.x, z);
    for (int k = 0; k < K; k++) {
        column_moments(z, K, k, &average, &variance);
        assert_true(fabs(average) < 1e-9 && fabs(variance - 1.0) < 1e-9);
        assert_true(r->explained[k] == plain->explained[k]);
        const double ratio = sqrt(plain->explained[0] / plain->explained[k]);
        for (int j = 0; j < D; j++) assert_true(fabs(r->matrix[k * D + j] - ratio * plain->matrix[k * D + j]) < 1e-9);
    }
    ent_free(z);
    ent_reduction_free(r);
    ent_reduction_free(plain);
}

/* Features beyond the clip are cut, also before a projection; those inside keep their bits. */
static void far_features_are_cut(void **state)
{
    (void)state;
    ent_reduction_inp inp = inp_of(ENT_REDUCE_LINEAR, D);
    ent_reduction *plain = fitted(ENT_REDUCE_LINEAR, D), *r = NULL;
    const int64_t rows = data.rows.first[CLIENTS];
    double *z = ent_alloc(rows * D, sizeof *z), *cut = ent_alloc(rows * D, sizeof *cut);
    inp.clip = 0.5;
    OK(ent_reduction_fit(world, &inp, &data.rows, &r));
    ent_reduction_apply(plain, rows, data.rows.x, z);
    ent_reduction_apply(r, rows, data.rows.x, cut);
    int64_t beyond = 0;
    for (int64_t k = 0; k < rows * D; k++) {
        if (!data.rows.use[k / D]) continue;
        beyond += fabs(z[k]) > 0.5;
        assert_true(cut[k] == fmin(fmax(z[k], -0.5), 0.5));
    }
    assert_true(beyond > rows);
    ent_reduction_free(r);
    inp.kind = ENT_REDUCE_RANDOM;
    inp.outputs = 1;
    OK(ent_reduction_fit(world, &inp, &data.rows, &r));
    double sum = 0.0, found;
    int64_t row = 0;
    while (!data.rows.use[row]) row++;
    for (int j = 0; j < D; j++) sum += r->matrix[j] * cut[row * D + j];
    ent_reduction_apply(r, 1, data.rows.x + row * D, &found);
    assert_true(found == sum);
    ent_reduction_free(r);
    ent_reduction_free(plain);
    ent_free(z);
    ent_free(cut);
}

static void axes_equal_the_pooled_ones(void **state)
{
    (void)state;
    pool();
    double v[D][D];
    int taken[D] = {0};
    double largest = 0.0;
    jacobi(correlation, v);
    ent_reduction *r = fitted(ENT_REDUCE_PCA, K);
    for (int k = 0; k < K; k++) {
        const int from = largest_left(correlation, taken);
        const double value = correlation[from][from];
        int at = 0;
        taken[from] = 1;
        if (k == 0) largest = value;
        for (int j = 0; j < D; j++)
            if (fabs(v[j][from]) > fabs(v[at][from])) at = j;
        const double sign = v[at][from] < 0.0 ? -1.0 : 1.0;
        assert_true(fabs(r->explained[k] - value / (D - 1)) < 1e-10);
        for (int j = 0; j < D; j++)
            assert_true(fabs(r->matrix[k * D + j] - sign * v[j][from] / sqrt(largest)) < 1e-10);
    }
    ent_reduction_free(r);
}

static void outputs_keep_their_share_of_the_variance(void **state)
{
    (void)state;
    ent_reduction *r = fitted(ENT_REDUCE_PCA, K);
    double second[K][K] = {{0}}, first[K] = {0}, z[K];
    for (int64_t k = 0; k < data.first[CLIENTS]; k++) {
        if (!data.use[k]) continue;
        ent_reduction_apply(r, 1, data.x + k * D, z);
        for (int i = 0; i < K; i++) {
            first[i] += z[i] / (double)r->count;
            for (int j = 0; j < K; j++) second[i][j] += z[i] * z[j] / (double)r->count;
        }
    }
    for (int i = 0; i < K; i++) {
        assert_true(fabs(first[i]) < 1e-10);
        for (int j = 0; j < K; j++)
            assert_true(fabs(second[i][j] - (i == j) * r->explained[i] / r->explained[0]) < 1e-10);
    }
    ent_reduction_free(r);
}

/* One feature is constant and one twice another: ten axes have variance; the others are 0 instead of noise. */
static void axes_without_variance_are_zero(void **state)
{
    (void)state;
    ent_reduction *r = fitted(ENT_REDUCE_PCA, D);
    double share = 0.0;
    for (int k = 0; k < D; k++) share += r->explained[k];
    assert_true(fabs(share - 1.0) < 1e-12);
    for (int j = 0; j < 2 * D; j++) assert_true(r->matrix[(D - 2) * D + j] == 0.0);
    assert_true(r->matrix[(D - 3) * D] != 0.0);
    ent_reduction_free(r);
}

static void only_constant_features(void **state)
{
    (void)state;
    const double x[4] = {3, 3, 3, 3};
    const uint8_t use[4] = {1, 1, 1, 1};
    const int64_t first[2] = {0, 4};
    const ent_client_rows rows = {.clients = 1, .first = first, .x = x, .use = use};
    const ent_reduction_inp inp = {.kind = ENT_REDUCE_PCA, .inputs = 1, .outputs = 1, .name = "flat"};
    ent_reduction *r = NULL;
    double z[4] = {9, 9, 9, 9};
    OK(ent_reduction_fit(world, &inp, &rows, &r));
    assert_true(r->mean[0] == 3.0 && r->inverse[0] == 0.0 && r->matrix[0] == 0.0 && r->explained[0] == 0.0);
    ent_reduction_apply(r, 4, x, z);
    assert_true(z[0] == 0.0 && z[3] == 0.0);
    ent_reduction_free(r);
}

/* What a float cannot hold: an offset far above the spread; a constant whose mean is rounded (7 times 0.1 / 7). */
static void offsets_and_constants_of_doubles(void **state)
{
    (void)state;
    enum { N = 49 };
    double x[N][4], z[N][4], from[N];
    uint8_t use[N];
    double mean_of = 0.0, squares = 0.0;
    for (int k = 0; k < N; k++) {
        use[k] = 1;
        from[k] = k * 11 % 16 / 8.0;
        mean_of += from[k] / N;
        x[k][0] = 1e8 + from[k];
        x[k][1] = -1e12 + from[k];
        x[k][2] = 0.1;
        x[k][3] = 1e99 * (k % 2);
    }
    for (int k = 0; k < N; k++) squares += (from[k] - mean_of) * (from[k] - mean_of) / N;
    const int64_t first[3] = {0, 7, N};
    const ent_client_rows rows = {.clients = 2, .first = first, .x = x[0], .use = use};
    const ent_reduction_inp inp = {.kind = ENT_REDUCE_NONE, .inputs = 4, .outputs = 4, .name = "offset"};
    ent_reduction *r = NULL;
    OK(ent_reduction_fit(world, &inp, &rows, &r));
    ent_reduction_apply(r, N, x[0], z[0]);
    for (int k = 0; k < N; k++) {
        const double wanted = (from[k] - mean_of) / sqrt(squares);
        assert_true(fabs(z[k][0] - wanted) < 1e-6 && fabs(z[k][1] - wanted) < 1e-3);
        assert_true(z[k][2] == 0.0 && fabs(fabs(z[k][3]) - 1.0) < 0.03);
    }
    assert_true(r->mean[2] == 0.1 && r->inverse[2] == 0.0);
    ent_reduction_free(r);
}

static void none_standardises(void **state)
{
    (void)state;
    pool();
    ent_reduction *r = fitted(ENT_REDUCE_NONE, D);
    double z[2 * D];
    ent_reduction_apply(r, 2, data.x + D, z);
    for (int j = 0; j < D; j++) {
        if (j == 2) continue;
        const double wanted = ((double)data.x[2 * D + j] - mean[j]) / deviation[j];
        assert_true(fabs(z[D + j] - wanted) < 1e-9 * (1.0 + fabs(mean[j]) / deviation[j]));
    }
    ent_reduction_free(r);
}

static void random_projects_with_the_seed(void **state)
{
    (void)state;
    enum { N = 400 };
    ent_reduction *a = fitted(ENT_REDUCE_RANDOM, N), *b = fitted(ENT_REDUCE_RANDOM, N), *c = NULL;
    ent_reduction_inp inp = inp_of(ENT_REDUCE_RANDOM, N);
    inp.name = "vision";
    OK(ent_reduction_fit(world, &inp, &data.rows, &c));
    assert_memory_equal(a->matrix, b->matrix, N * D * sizeof *a->matrix);
    assert_memory_not_equal(a->matrix, c->matrix, N * D * sizeof *a->matrix);
    double squares = 0.0;
    for (int k = 0; k < N * D; k++) squares += a->matrix[k] * a->matrix[k] / N;
    assert_true(fabs(squares - 1.0) < 0.05);
    ent_reduction_free(a);
    ent_reduction_free(b);
    ent_reduction_free(c);
}

/* Features near the ends of what a float holds. */
static void scales_of_any_size(void **state)
{
    (void)state;
    enum { N = 50 };
    const float scale[3] = {1e-38f, 1.0f, 1e37f};
    double x[N][3];
    uint8_t use[N];
    for (int k = 0; k < N; k++) {
        use[k] = 1;
        for (int j = 0; j < 3; j++) x[k][j] = scale[j] * (float)(k % 7 * (j + 1) % 5);
    }
    const int64_t first[2] = {0, N};
    const ent_client_rows rows = {.clients = 1, .first = first, .x = x[0], .use = use};
    const ent_reduction_inp inp = {.kind = ENT_REDUCE_PCA, .inputs = 3, .outputs = 2, .name = "wide"};
    ent_reduction *r = NULL;
    OK(ent_reduction_fit(world, &inp, &rows, &r));
    for (int j = 0; j < 3; j++) {
        double m = 0.0, s = 0.0;
        for (int k = 0; k < N; k++) m += (double)x[k][j] / N;
        for (int k = 0; k < N; k++)
            s += ((double)x[k][j] / scale[j] - m / scale[j]) * ((double)x[k][j] / scale[j] - m / scale[j]) / N;
        assert_true(fabs(r->inverse[j] * scale[j] * sqrt(s) - 1.0) < 1e-10);
    }
    ent_reduction_free(r);
}

/* More features than a block of second moments has rows. */
static void many_features(void **state)
{
    (void)state;
    enum { MANY = 600 };
    int client[CLIENTS];
    for (int c = 0; c < CLIENTS; c++) client[c] = c;
    client_data many = clients_make(CLIENTS, client, MANY);
    ent_reduction_inp inp = inp_of(ENT_REDUCE_PCA, K);
    ent_reduction *r = NULL;
    inp.inputs = MANY;
    OK(ent_reduction_fit(world, &inp, &many.rows, &r));
    assert_true(axis_residual(r, &many.rows) < 1e-10);
    ent_reduction_free(r);
    inp.outputs = MANY; /* more than rows: the rest is rounding, of either sign */
    OK(ent_reduction_fit(world, &inp, &many.rows, &r));
    int64_t axes = 0;
    for (int64_t k = 0; k < MANY; k++) axes += r->matrix[k * MANY] != 0.0;
    assert_true(r->count < MANY && axes == r->count - 1);
    ent_reduction_free(r);
    clients_free(&many);
}

static void real_features(void **state)
{
    (void)state;
    SKIP_WITHOUT_REAL_DATA("mosei_video.h5");
    enum { TEXT = 768, AXES = 4 };
    const char *const wanted[] = {"text"};
    ent_dataset *d = NULL;
    ent_reduction *r = NULL;
    OK(ent_dataset_open(real_data("mosei_video.h5"), 1, wanted, NULL, &d));
    int64_t first[8], *row = ent_alloc(d->rows, sizeof *row);
    uint8_t *use = ent_alloc(d->rows, 1);
    double *x = ent_alloc(d->rows * TEXT, sizeof *x);
    for (int64_t k = 0; k < d->rows; k++) {
        row[k] = k;
        use[k] = d->split[k] == ENT_TRAIN && d->stored[k];
    }
    OK(ent_dataset_features(d, 0, d->rows, row, d->stored, NULL, x));
    for (int c = 0; c <= 7; c++) first[c] = d->rows * c / 7;
    const ent_client_rows rows = {.clients = 7, .first = first, .x = x, .use = use};
    const ent_reduction_inp inp = {.kind = ENT_REDUCE_PCA, .inputs = TEXT, .outputs = AXES, .name = "text"};
    OK(ent_reduction_fit(world, &inp, &rows, &r));
    assert_true(axis_residual(r, &rows) < 1e-10);
    ent_reduction_free(r);
    ent_free(x);
    ent_free(use);
    ent_free(row);
    ent_dataset_free(d);
}

/* ---- refuses ---- */

static void refuses(ent_reduction_inp inp, ent_client_rows rows, ent_status code, const char *text)
{
    ent_reduction *r = NULL;
    assert_int_equal(ent_reduction_fit(world, &inp, &rows, &r), code);
    assert_null(r);
    if (!strstr(ent_message(), text)) fail_msg("'%s' lacks '%s'", ent_message(), text);
}

static void arguments_out_of_range(void **state)
{
    (void)state;
    refuses(inp_of(ENT_REDUCE_PCA, D + 1), data.rows, ENT_EARG, "modality 'audio': 12 features, want at least 13");
    refuses(inp_of(ENT_REDUCE_NONE, D - 1), data.rows, ENT_EARG, "modality 'audio': 12 features, want 11");
    refuses(inp_of(ENT_REDUCE_RANDOM, 0), data.rows, ENT_EARG, "0 outputs");
}

static void no_rows(void **state)
{
    (void)state;
    const ent_client_rows none = {.clients = 0};
    ent_client_rows unused = data.rows;
    unused.use = ent_alloc(data.first[CLIENTS], 1);
    refuses(inp_of(ENT_REDUCE_PCA, K), none, ENT_EDATA, "modality 'audio': no client has");
    refuses(inp_of(ENT_REDUCE_PCA, K), unused, ENT_EDATA, "modality 'audio': no client has");
    ent_free((void *)unused.use);
}

static void numbers_that_are_not_finite(void **state)
{
    (void)state;
    int64_t k = 0;
    while (!data.use[k]) k++;
    const double kept = data.x[k * D + 4];
    data.x[k * D + 4] = NAN;
    refuses(inp_of(ENT_REDUCE_LINEAR, D), data.rows, ENT_ENUMERIC, "modality 'audio', feature 4: nan");
    data.x[k * D + 4] = kept;
}

static void the_kth_allocation_fails(void **state)
{
    (void)state;
    const ent_reduction_inp inp = inp_of(ENT_REDUCE_PCA, K);
    ent_reduction *r = NULL;
    int64_t k = 1;
    for (;; k++) {
        ent_alloc_fail_at(k);
        const ent_status status = ent_reduction_fit(world, &inp, &data.rows, &r);
        ent_alloc_fail_at(0);
        if (status == ENT_OK) break;
        assert_int_equal(status, ENT_ENOMEM);
        assert_null(r);
    }
    assert_true(k > 12);
    ent_reduction_free(r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(moments_equal_the_pooled_ones),
        cmocka_unit_test(axes_equal_the_pooled_ones),
        cmocka_unit_test(pca_linear_has_axes_of_variance_one),
        cmocka_unit_test(far_features_are_cut),
        cmocka_unit_test(outputs_keep_their_share_of_the_variance),
        cmocka_unit_test(axes_without_variance_are_zero),
        cmocka_unit_test(only_constant_features),
        cmocka_unit_test(offsets_and_constants_of_doubles),
        cmocka_unit_test(none_standardises),
        cmocka_unit_test(random_projects_with_the_seed),
        cmocka_unit_test(scales_of_any_size),
        cmocka_unit_test(many_features),
        cmocka_unit_test(real_features),
    };
    const struct CMUnitTest refusing[] = {
        cmocka_unit_test(arguments_out_of_range),
        cmocka_unit_test(no_rows),
        cmocka_unit_test(numbers_that_are_not_finite),
        cmocka_unit_test(the_kth_allocation_fails),
    };
    if (ent_comm_start(&argc, &argv, &world) != ENT_OK) return 1;
    int failed = cmocka_run_group_tests_name("reduce computes", computes, setup, teardown);
    failed += cmocka_run_group_tests_name("reduce refuses", refusing, setup, teardown);
    ent_comm_finish(world);
    return failed;
}
