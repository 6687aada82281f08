/* Data sets: the contents of a file are checked before use; features are read only for present rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "entente/dataset.h"
#include "entente/h5.h"
#include "entente/memory.h"
#include "temp_folder.h"

#define OK(call)    assert_int_equal((call), ENT_OK)
#define LABEL(text) (&(ent_label_inp){.name = (text)})

enum { ROWS = 6, DIMENSION = 3 };

/* A small file with one detail that may be wrong. */
typedef struct {
    int64_t audio_rows, label_rows, split_rows;
    int32_t category[ROWS];
    double value[ROWS];
    uint8_t split[ROWS];
    float audio[ROWS][DIMENSION];
    bool no_split, no_group, no_present, no_value;
} example;

static example sound(void)
{
    example e = {.audio_rows = ROWS,
                 .label_rows = ROWS,
                 .split_rows = ROWS,
                 .category = {0, 2, 1, 0, 1, 2},
                 .value = {-3, 2.5, 0.5, -1, 0, 3},
                 .split = {0, 0, 0, 1, 2, 2}};
    for (int k = 0; k < ROWS * DIMENSION; k++) e.audio[k / DIMENSION][k % DIMENSION] = (float)k;
    e.audio[1][1] = NAN; /* row 1 is absent */
    return e;
}

static const char *write_example(const example *e)
{
    const char *path = in_temp_folder("a.h5");
    const uint8_t present[ROWS] = {1, 0, 1, 1, 1, 1};
    const int64_t group[ROWS] = {7, 7, 7, 8, -9, 9}, rows = ROWS;
    float text[ROWS][1] = {{0}};
    ent_h5 *file = NULL;
    OK(ent_h5_create(path, &file));
    OK(ent_h5_write(file, "/modality/text/features", ENT_H5_F32, 2, (int64_t[]){ROWS, 1}, text));
    OK(ent_h5_write(file, "/modality/audio/features", ENT_H5_F32, 2, (int64_t[]){e->audio_rows, DIMENSION},
                    e->audio));
    if (!e->no_present) OK(ent_h5_write(file, "/modality/audio/present", ENT_H5_U8, 1, &rows, present));
    OK(ent_h5_write(file, "/label/class", ENT_H5_I32, 1, &e->label_rows, e->category));
    if (!e->no_value) OK(ent_h5_write(file, "/label/value", ENT_H5_F64, 1, &rows, e->value));
    if (!e->no_split) OK(ent_h5_write(file, "/split", ENT_H5_U8, 1, &e->split_rows, e->split));
    if (!e->no_group) OK(ent_h5_write(file, "/group", ENT_H5_I64, 1, &rows, group));
    OK(ent_h5_write_attribute(file, "/", "licence", "CC0-1.0"));
    OK(ent_h5_finish(file));
    return path;
}

static ent_status try_open(const example *e, const char *label)
{
    ent_dataset *d = NULL;
    const ent_status status = ent_dataset_open(write_example(e), 0, NULL, LABEL(label), &d);
    if (status != ENT_OK) assert_null(d);
    ent_dataset_free(d);
    return status;
}

static ent_dataset *opened(const example *e, const char *label)
{
    const char *const order[] = {"text", "audio"};
    ent_dataset *d = NULL;
    OK(ent_dataset_open(write_example(e), 2, order, LABEL(label), &d));
    return d;
}

/* ---- computes ---- */

static void tables(void **state)
{
    (void)state;
    const example e = sound();
    ent_dataset *d = opened(&e, "class");
    assert_true(d->rows == ROWS && d->modalities == 2 && d->classes == 3);
    assert_string_equal(d->modality[1].name, "audio");
    assert_true(d->modality[0].dimension == 1 && d->modality[1].dimension == DIMENSION);
    assert_true(d->stored[0] == 3 && d->stored[1] == 1 && d->stored[5] == 3);
    assert_memory_equal(d->split, e.split, ROWS);
    assert_memory_equal(d->category, e.category, sizeof e.category);
    assert_memory_equal(d->value, e.value, sizeof e.value);
    assert_true(d->group[3] == 8 && d->group[4] == -9);
    assert_string_equal(d->licence, "CC0-1.0");
    assert_string_equal(d->name, "");
    ent_dataset_free(d);
    ent_dataset_free(NULL);
}

static void a_real_label(void **state)
{
    (void)state;
    const example e = sound();
    ent_dataset *d = opened(&e, "value");
    assert_true(d->classes == 0 && !d->category);
    assert_memory_equal(d->value, e.value, sizeof e.value);
    ent_dataset_free(d);
}

static void what_may_be_missing(void **state)
{
    (void)state;
    example e = sound();
    e.no_group = e.no_present = e.no_value = true;
    ent_dataset *d = NULL;
    OK(ent_dataset_open(write_example(&e), 0, NULL, LABEL("class"), &d));
    assert_true(!d->group && !d->value && d->stored[1] == 3);
    assert_string_equal(d->modality[0].name, "audio"); /* all, by name */
    ent_dataset_free(d);
    OK(ent_dataset_open(write_example(&e), 0, NULL, NULL, &d));
    assert_true(d->classes == 0 && !d->category && !d->value);
    ent_dataset_free(d);
}

/* Classes are those that occur, under the numbers that the file gives them. */
static void gaps_in_class_numbers(void **state)
{
    (void)state;
    example e = sound();
    memset(e.category, 0, sizeof e.category);
    ent_dataset *d = opened(&e, "class");
    assert_true(d->classes == 1 && d->class_name[0] == 0);
    ent_dataset_free(d);
    const int32_t number[ROWS] = {1000000, 3, 10, 3, 3, 10}, place[ROWS] = {2, 0, 1, 0, 0, 1};
    memcpy(e.category, number, sizeof number);
    d = opened(&e, "class");
    assert_true(d->classes == 3 && d->class_name[0] == 3 && d->class_name[1] == 10 && d->class_name[2] == 1000000);
    assert_memory_equal(d->category, place, sizeof place);
    ent_dataset_free(d);
}

static ent_dataset *as_task(const example *e, const char *label, ent_task task)
{
    ent_dataset *d = NULL;
    OK(ent_dataset_open(write_example(e), 0, NULL, &(ent_label_inp){.name = label, .task = task}, &d));
    return d;
}

static void the_task_says_what_a_label_is(void **state)
{
    (void)state;
    example e = sound();
    ent_dataset *d = as_task(&e, "class", ENT_TASK_REGRESSION);
    for (int k = 0; k < ROWS; k++) assert_true(d->value[k] == e.category[k]);
    assert_true(d->classes == 0 && !d->category && !d->sentiment);
    ent_dataset_free(d);
    const double whole[ROWS] = {4, 0, 4, 0, 7, 7}, sentiment[ROWS] = {-3, 0, 1.5, 3, 0, 0};
    memcpy(e.value, whole, sizeof whole);
    d = as_task(&e, "value", ENT_TASK_CLASSIFICATION);
    assert_true(d->classes == 3 && d->category[4] == 2 && d->class_name[2] == 7);
    ent_dataset_free(d);
    d = as_task(&e, "value", ENT_TASK_AUTO); /* not called class */
    assert_true(d->classes == 0 && !d->sentiment);
    ent_dataset_free(d);
    memcpy(e.value, sentiment, sizeof sentiment);
    d = as_task(&e, "value", ENT_TASK_AUTO);
    assert_true(d->sentiment);
    ent_dataset_free(d);
    e.value[3] = 3.5;
    d = as_task(&e, "value", ENT_TASK_AUTO);
    assert_false(d->sentiment);
    ent_dataset_free(d);
}

static void features_of_present_rows(void **state)
{
    (void)state;
    const example e = sound();
    ent_dataset *d = opened(&e, "class");
    const int64_t row[] = {0, 1, 2, 5};
    const uint32_t present[] = {3, 1, 2, 1};
    double x[4][DIMENSION];
    memset(x, 0xff, sizeof x);
    OK(ent_dataset_features(d, 1, 4, row, present, NULL, x[0]));
    const double zero[DIMENSION] = {0};
    for (int j = 0; j < DIMENSION; j++) assert_true(x[0][j] == e.audio[0][j] && x[2][j] == e.audio[2][j]);
    assert_memory_equal(x[1], zero, sizeof zero);
    assert_memory_equal(x[3], zero, sizeof zero);
    OK(ent_dataset_features(d, 1, 2, (int64_t[]){0, 2}, NULL, (int64_t[]){3, 1}, x[0])); /* where they are wanted */
    for (int j = 0; j < DIMENSION; j++) assert_true(x[3][j] == e.audio[0][j] && x[1][j] == e.audio[2][j]);
    OK(ent_dataset_features(d, 1, 0, row, NULL, NULL, x[0]));
    ent_dataset_free(d);
}

/* Rows one after the other, more than a block holds; close together; far apart; and one twice. */
static void features_in_blocks(void **state)
{
    (void)state;
    enum { N = 3000, D = 1000 };
    ent_h5 *file = NULL;
    const int64_t rows = N;
    double *x = ent_alloc((int64_t)N * D, sizeof *x), *out = ent_alloc((int64_t)N * D, sizeof *out);
    uint8_t *split = ent_alloc(N, 1);
    int64_t row[N], n = 0;
    for (int64_t k = 0; k < (int64_t)N * D; k++) x[k] = (double)k;
    OK(ent_h5_create(in_temp_folder("big.h5"), &file));
    OK(ent_h5_write(file, "/modality/m/features", ENT_H5_F64, 2, (int64_t[]){N, D}, x));
    OK(ent_h5_write(file, "/split", ENT_H5_U8, 1, &rows, split));
    OK(ent_h5_finish(file));
    ent_dataset *d = NULL;
    OK(ent_dataset_open(in_temp_folder("big.h5"), 0, NULL, NULL, &d));
    for (int64_t k = 0; k < N; k += k < 2300 ? 1 : k < 2700 ? 15 : 40) row[n++] = k;
    row[n - 1] = row[n - 2];
    OK(ent_dataset_features(d, 0, n, row, NULL, NULL, out));
    for (int64_t k = 0; k < n; k++) assert_memory_equal(out + k * D, x + row[k] * D, D * sizeof *x);
    ent_dataset_free(d);
    ent_free(split);
    ent_free(out);
    ent_free(x);
}

static void mosi(void **state)
{
    (void)state;
    SKIP_WITHOUT_REAL_DATA("mosi.h5");
    const char *const wanted[] = {"text", "audio", "vision"};
    ent_dataset *d = NULL;
    int64_t part[3] = {0}, row[2199];
    OK(ent_dataset_open(real_data("mosi.h5"), 3, wanted, LABEL("class"), &d));
    assert_true(d->rows == 2199 && d->classes == 2 && d->value && d->group && d->modality[1].dimension == 73);
    for (int64_t k = 0; k < d->rows; k++) {
        part[d->split[k]]++;
        row[k] = k;
        assert_int_equal(d->category[k], d->value[k] >= 0);
    }
    assert_true(part[0] == 1209 && part[1] == 238 && part[2] == 752);
    double *x = ent_alloc(2199, 100 * sizeof *x);
    for (int m = 0; m < 3; m++) OK(ent_dataset_features(d, m, d->rows, row, d->stored, NULL, x));
    ent_free(x);
    ent_dataset_free(d);
}

static void mosei_video(void **state)
{
    (void)state;
    SKIP_WITHOUT_REAL_DATA("mosei_video.h5");
    ent_dataset *d = NULL;
    OK(ent_dataset_open(real_data("mosei_video.h5"), 0, NULL, LABEL("class3"), &d));
    assert_true(d->rows == 899 && d->modalities == 3 && d->classes == 3);
    assert_true(d->modality[1].dimension == 768);
    ent_dataset_free(d);
}

/* ---- refuses ---- */

static void refuses(ent_status found, ent_status code, const char *text)
{
    assert_int_equal(found, code);
    if (!strstr(ent_message(), text)) fail_msg("'%s' lacks '%s'", ent_message(), text);
    if (!strstr(ent_message(), temp_folder)) fail_msg("'%s' does not name the file", ent_message());
}

static void shapes_that_disagree(void **state)
{
    (void)state;
    example e = sound();
    e.label_rows = ROWS - 1;
    refuses(try_open(&e, "class"), ENT_EFORMAT, "a.h5: /modality/audio/features has 6 rows, /label/class has 5");
    e = sound();
    e.audio_rows = ROWS - 1;
    refuses(try_open(&e, "class"), ENT_EFORMAT, "/modality/audio/features has 5 rows, /modality/text/features has 6");
    e = sound();
    e.split_rows = 2;
    refuses(try_open(&e, "class"), ENT_EFORMAT, "/split has 2");
    e = sound();
    e.audio_rows = 0;
    refuses(try_open(&e, "class"), ENT_EFORMAT, "/modality/audio/features has 0 rows of 3 features");
}

static void what_is_missing(void **state)
{
    (void)state;
    example e = sound();
    e.no_split = true;
    refuses(try_open(&e, "class"), ENT_EFORMAT, "a.h5: no dataset /split");
    ent_h5 *file = NULL;
    ent_dataset *d = NULL;
    OK(ent_h5_create(in_temp_folder("none.h5"), &file));
    OK(ent_h5_finish(file));
    refuses(ent_dataset_open(in_temp_folder("none.h5"), 0, NULL, NULL, &d), ENT_EFORMAT,
            "none.h5: not a data set: it has no group /modality");
    refuses(ent_dataset_open(in_temp_folder("gone.h5"), 0, NULL, NULL, &d), ENT_EIO, "No such file");
    OK(ent_h5_create(in_temp_folder("flat.h5"), &file));
    OK(ent_h5_write(file, "/modality/a/features", ENT_H5_F32, 1, (int64_t[]){2}, (float[]){1, 2}));
    OK(ent_h5_finish(file));
    refuses(ent_dataset_open(in_temp_folder("flat.h5"), 0, NULL, NULL, &d), ENT_EFORMAT,
            "/modality/a/features has rank 1, want 2");
    OK(ent_h5_create(in_temp_folder("deep.h5"), &file));
    OK(ent_h5_write(file, "/modality/a/features", ENT_H5_F32, 3, (int64_t[]){2, 1, 1}, (float[]){1, 2}));
    OK(ent_h5_finish(file));
    refuses(ent_dataset_open(in_temp_folder("deep.h5"), 0, NULL, NULL, &d), ENT_EFORMAT, "has rank 3, want 2");
}

static void names_that_it_lacks(void **state)
{
    (void)state;
    const example e = sound();
    const char *path = write_example(&e);
    ent_dataset *d = NULL;
    const char *const unknown[] = {"text", "vision"}, *const twice[] = {"text", "text"}, *const path_like[] = {"a/b"};
    refuses(ent_dataset_open(path, 2, unknown, NULL, &d), ENT_EARG, "no modality 'vision'; it has: audio, text");
    refuses(ent_dataset_open(path, 2, twice, NULL, &d), ENT_EARG, "modality 'text' is named twice");
    refuses(ent_dataset_open(path, 1, path_like, NULL, &d), ENT_EARG, "no modality 'a/b'");
    refuses(ent_dataset_open(path, 0, NULL, LABEL("mood"), &d), ENT_EARG, "no label 'mood'; it has: class, value");
}

static void labels_out_of_range(void **state)
{
    (void)state;
    example e = sound();
    e.category[4] = -1;
    refuses(try_open(&e, "class"), ENT_EDATA, "/label/class, row 4: class -1, want a whole number 0..2147483647");
    ent_dataset *d = NULL;
    e = sound();
    const ent_label_inp known = {.name = "class", .classes = 2, .class_name = (int32_t[]){0, 1}};
    refuses(ent_dataset_open(write_example(&e), 0, NULL, &known, &d), ENT_EDATA,
            "class 2, the trained model knows: 0, 1");
    e.value[1] = 0.5;
    const ent_label_inp classes = {.name = "value", .task = ENT_TASK_CLASSIFICATION};
    refuses(ent_dataset_open(write_example(&e), 0, NULL, &classes, &d), ENT_EDATA, "want a whole number");
    e = sound();
    e.value[2] = INFINITY;
    refuses(try_open(&e, "value"), ENT_EDATA, "/label/value, row 2: inf, want a finite number");
    e = sound();
    e.split[5] = 3;
    refuses(try_open(&e, "class"), ENT_EDATA, "/split, row 5: part 3, want 0..2");
}

static void features_that_are_not_finite(void **state)
{
    (void)state;
    example e = sound();
    e.audio[4][2] = -INFINITY;
    ent_dataset *d = opened(&e, "class");
    const int64_t row[] = {0, 1, 2, 3, 4, 5};
    double x[ROWS][DIMENSION];
    refuses(ent_dataset_features(d, 1, ROWS, row, d->stored, NULL, x[0]), ENT_EDATA,
            "modality 'audio', row 4, column 2: -inf, want a finite number");
    refuses(ent_dataset_features(d, 1, ROWS, row, NULL, NULL, x[0]), ENT_EDATA, "row 1, column 1: nan");
    refuses(ent_dataset_features(d, 1, 1, (int64_t[]){ROWS}, NULL, NULL, x[0]), ENT_EARG, "has 6 rows");
    ent_dataset_free(d);
}

static void the_kth_allocation_fails(void **state)
{
    (void)state;
    const example e = sound();
    const char *path = write_example(&e);
    const char *const order[] = {"text", "audio"};
    ent_dataset *d = NULL;
    int64_t k = 1;
    for (;; k++) {
        ent_alloc_fail_at(k);
        const ent_status status = ent_dataset_open(path, 2, order, LABEL("class"), &d);
        ent_alloc_fail_at(0);
        if (status == ENT_OK) break;
        assert_int_equal(status, ENT_ENOMEM);
        assert_null(d);
    }
    assert_true(k > 15);
    assert_string_equal(d->licence, "CC0-1.0");
    double x[DIMENSION];
    ent_alloc_fail_at(1);
    refuses(ent_dataset_features(d, 1, 1, (int64_t[]){0}, NULL, NULL, x), ENT_ENOMEM, "no memory");
    ent_alloc_fail_at(0);
    ent_dataset_free(d);
}

/* Every 50th length of a real file, and the last bytes one by one. */
static void a_truncated_data_set(void **state)
{
    (void)state;
    const example e = sound();
    const char *path = write_example(&e);
    char name[600];
    snprintf(name, sizeof name, "%s", path);
    FILE *file = fopen(name, "rb");
    char bytes[32768];
    const size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t length = 0; length < count; length += length + 100 < count ? 50 : 1) {
        ent_dataset *d = NULL;
        file = fopen(name, "wb");
        assert_int_equal(fwrite(bytes, 1, length, file), length);
        fclose(file);
        refuses(ent_dataset_open(name, 0, NULL, LABEL("class"), &d), ENT_EFORMAT, "a.h5: ");
    }
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(a_real_label),
        cmocka_unit_test(what_may_be_missing),
        cmocka_unit_test(gaps_in_class_numbers),
        cmocka_unit_test(the_task_says_what_a_label_is),
        cmocka_unit_test(features_of_present_rows),
        cmocka_unit_test(features_in_blocks),
        cmocka_unit_test(mosi),
        cmocka_unit_test(mosei_video),
    };
    const struct CMUnitTest refusing[] = {
        cmocka_unit_test(shapes_that_disagree),         cmocka_unit_test(what_is_missing),
        cmocka_unit_test(names_that_it_lacks),          cmocka_unit_test(labels_out_of_range),
        cmocka_unit_test(features_that_are_not_finite), cmocka_unit_test(the_kth_allocation_fails),
        cmocka_unit_test(a_truncated_data_set),
    };
    int failed = cmocka_run_group_tests_name("dataset computes", computes, temp_folder_make, temp_folder_remove);
    return failed + cmocka_run_group_tests_name("dataset refuses", refusing, temp_folder_make, temp_folder_remove);
}
