/* Figures of predictions against counts by hand. */
#include "check.h"

#include "entente/metrics.h"
#include "entente/random.h"

static void classes_by_hand(void **state)
{
    (void)state;
    /* truth 0 0 0 1 1 2; predicted 0 0 1 1 2 2 */
    const int32_t truth[6] = {0, 0, 0, 1, 1, 2};
    const double logit[18] = {2, 1, 0, 3, 0, 0, 0, 1, 0, 0, 5, 1, 0, 0, 1, -3, -2, -1};
    ent_metrics m;
    check_ok(ent_metrics_compute(&(ent_predictions){6, 3, logit, truth, NULL, false}, &m));
    check_near(m.accuracy, 4.0 / 6, 1e-15);
    /* F1: 0: 2*2/(3+2) = 0.8; 1: 2*1/(2+2) = 0.5; 2: 2*1/(1+2) = 2/3 */
    check_near(m.f1_macro, (0.8 + 0.5 + 2.0 / 3) / 3, 1e-15);
    check_near(m.f1_weighted, (3 * 0.8 + 2 * 0.5 + 2.0 / 3) / 6, 1e-15);
    assert_true(isnan(m.accuracy_nonzero) && isnan(m.mae) && isnan(m.pearson) && isnan(m.accuracy7));
    assert_true(m.loss > 0);
}

static void confusion_by_hand(void **state)
{
    (void)state;
    const int32_t truth[6] = {0, 0, 0, 1, 1, 2};
    const double logit[18] = {2, 1, 0, 3, 0, 0, 0, 1, 0, 0, 5, 1, 0, 0, 1, -3, -2, -1};
    const int64_t want[9] = {2, 1, 0, 0, 1, 1, 0, 0, 1};
    int64_t found[9];
    ent_predictions_confusion(&(ent_predictions){6, 3, logit, truth, NULL, false}, found);
    assert_memory_equal(found, want, sizeof want);
}

/* Confidences 3/4 (right, wrong: one bin, where they cancel in part), 9/10 right and 1/2 wrong. */
static void calibration_by_hand(void **state)
{
    (void)state;
    const int32_t truth[4] = {0, 0, 1, 0};
    const double logit[8] = {log(3), 0, 0, log(3), 0, log(9), -1e-9, 1e-9};
    ent_metrics m;
    check_ok(ent_metrics_compute(&(ent_predictions){4, 2, logit, truth, NULL, false}, &m));
    check_near(m.calibration, ((0.75 + 0.75 - 1.0) + (1.0 - 0.9) + 0.5) / 4, 1e-8);
}

static void two_classes_without_zero(void **state)
{
    (void)state;
    const int32_t truth[4] = {1, 1, 0, 1};
    const double value[4] = {0.0, 2.0, -1.0, 0.0}, logit[8] = {1, 0, 0, 1, 1, 0, 0, 1};
    ent_metrics m;
    check_ok(ent_metrics_compute(&(ent_predictions){4, 2, logit, truth, value, true}, &m));
    check_near(m.accuracy, 0.75, 1e-15);
    check_near(m.accuracy_nonzero, 1.0, 1e-15);
}

static void real_label_by_hand(void **state)
{
    (void)state;
    const double truth[5] = {-2.6, 0.0, 1.4, 3.0, -0.4}, y[5] = {-3.5, -0.2, 1.6, 2.4, 0.1};
    ent_metrics m;
    check_ok(ent_metrics_compute(&(ent_predictions){5, 0, y, NULL, truth, true}, &m));
    check_near(m.mae, (0.9 + 0.2 + 0.2 + 0.6 + 0.5) / 5, 1e-15);
    check_near(m.loss, (0.81 + 0.04 + 0.04 + 0.36 + 0.25) / 5, 1e-15);
    check_near(m.accuracy, 3.0 / 5, 1e-15); /* signs: right, wrong (0 counts as not negative), right, right, wrong */
    check_near(m.accuracy_nonzero, 3.0 / 4, 1e-15); /* the second is left out */
    check_near(m.accuracy7, 3.0 / 5, 1e-15);        /* -3 -3, -0 0, 2 1, 2 3, 0 -0 */
    check_near(m.accuracy5, 4.0 / 5, 1e-15);        /* -2 -2, -0 0, 2 1, 2 2, 0 -0 */
    double my = 0, mt = 0, yy = 0, tt = 0, yt = 0;
    for (int k = 0; k < 5; k++) my += y[k] / 5, mt += truth[k] / 5;
    for (int k = 0; k < 5; k++)
        yy += (y[k] - my) * (y[k] - my), tt += (truth[k] - mt) * (truth[k] - mt), yt += (y[k] - my) * (truth[k] - mt);
    check_near(m.pearson, yt / sqrt(yy * tt), 1e-14);
}

enum { ROWS = 997, CLASSES = 3 };

/* Rows of the same part in 20 orders: every figure to the last bit. */
static void check_no_order(int classes)
{
    static double output[ROWS * CLASSES], value[ROWS], shuffled[ROWS * CLASSES], moved[ROWS];
    static int32_t category[ROWS], dealt[ROWS];
    static int64_t order[ROWS];
    const int outputs = classes > 0 ? classes : 1;
    ent_random s = ent_random_at(4, ENT_FOR_TEST, (uint64_t)classes, 0);
    for (int k = 0; k < ROWS * outputs; k++) output[k] = 6.0 * ent_random_uniform(&s) - 3.0;
    for (int k = 0; k < ROWS; k++) {
        value[k] = 6.0 * ent_random_uniform(&s) - 3.0;
        category[k] = (int32_t)ent_random_below(&s, CLASSES);
        order[k] = k;
    }
    ent_metrics first, other;
    check_ok(ent_metrics_compute(&(ent_predictions){ROWS, classes, output, category, value, true}, &first));
    for (int repeat = 0; repeat < 20; repeat++) {
        ent_random_permutation(&s, ROWS, order);
        for (int k = 0; k < ROWS; k++) {
            memcpy(shuffled + k * outputs, output + order[k] * outputs, (size_t)outputs * sizeof *output);
            moved[k] = value[order[k]];
            dealt[k] = category[order[k]];
        }
        check_ok(ent_metrics_compute(&(ent_predictions){ROWS, classes, shuffled, dealt, moved, true}, &other));
        for (int m = 0; m < ENT_METRIC_COUNT; m++) {
            const double a = ent_metric_value(&first, m), b = ent_metric_value(&other, m);
            if (a != b && !(isnan(a) && isnan(b))) fail_msg("%s: %.17g and %.17g", ent_metric_at(m)->name, a, b);
        }
    }
}

static void the_order_of_samples_does_not_matter(void **state)
{
    (void)state;
    check_no_order(0);
    check_no_order(CLASSES);
}

/* Squares that are above the largest number, where their correlation is not. */
static void large_labels_correlate(void **state)
{
    (void)state;
    const double value[3] = {1e100, 2e100, 3e100}, y[3] = {2e100, 3e100, 4e100};
    ent_metrics m;
    check_ok(ent_metrics_compute(&(ent_predictions){3, 0, y, NULL, value, false}, &m));
    check_near(m.pearson, 1.0, 1e-14);
    check_near(m.mae / 1e100, 1.0, 1e-14);
}

static void nan_outputs_give_nan_figures(void **state)
{
    (void)state;
    const int32_t truth[2] = {0, 1};
    const double logit[4] = {NAN, 0, 1, 2};
    ent_metrics m;
    check_ok(ent_metrics_compute(&(ent_predictions){2, 2, logit, truth, NULL, false}, &m));
    assert_true(isnan(m.loss) && isnan(m.calibration));
}

static void nothing_and_constant_predictions(void **state)
{
    (void)state;
    const double value[3] = {1, 2, 3}, y[3] = {1, 1, 1};
    ent_metrics m;
    check_ok(ent_metrics_compute(&(ent_predictions){0, 2, NULL, NULL, NULL, false}, &m));
    assert_true(m.n == 0 && isnan(m.accuracy) && isnan(m.loss));
    check_ok(ent_metrics_compute(&(ent_predictions){3, 0, y, NULL, value, false}, &m));
    assert_true(isnan(m.pearson));
    check_near(m.mae, 1.0, 1e-15);
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    const double value[1] = {1}, y[1] = {1};
    ent_metrics m;
    check_every_allocation(ent_metrics_compute(&(ent_predictions){1, 0, y, NULL, value, true}, &m), (void)0);
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(classes_by_hand),
        cmocka_unit_test(confusion_by_hand),
        cmocka_unit_test(calibration_by_hand),
        cmocka_unit_test(two_classes_without_zero),
        cmocka_unit_test(real_label_by_hand),
        cmocka_unit_test(nothing_and_constant_predictions),
        cmocka_unit_test(the_order_of_samples_does_not_matter),
        cmocka_unit_test(large_labels_correlate),
        cmocka_unit_test(nan_outputs_give_nan_figures),
    };
    const struct CMUnitTest refuses[] = {cmocka_unit_test(every_failing_allocation_is_survived)};
    int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);
    return failed + cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);
}
