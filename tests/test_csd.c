/* The guard and its readers: the end of the guard's process is an error here, and nothing leaks. */
#include "check.h"

#include <signal.h>
#include <stdlib.h>

#include "entente/clock.h"
#include "entente/csd.h"
#include "entente/folds.h"
#include "temp_folder.h"

static const double TIMES[6] = {0, 1, 1, 2.5, 2.5, 4};

static ent_guard *start(double timeout_s)
{
    ent_guard *guard = NULL;
    ent_guard_inp inp = ent_guard_default();
    inp.timeout_s = timeout_s;
    check_ok(ent_guard_start(&inp, &guard));
    return guard;
}

/* Ids "-b[3]", "-b[12]", "video", "video2" under a root of any name; features of rank 3 in one of them. */
static const char *write_example(void)
{
    const char *path = in_temp_folder("a.csd");
    const int64_t flat[] = {3, 2}, deep[] = {3, 1, 2};
    const double x[6] = {1, 2, 3, 4, 5, 6};
    const int32_t k[6] = {-1, -2, -3, -4, -5, -6};
    ent_h5 *file = NULL;
    const char *const ids[] = {"-b[3]", "-b[12]", "video", "video2"};
    check_ok(ent_h5_create(path, &file));
    for (int i = 0; i < 4; i++) {
        char name[128];
        snprintf(name, sizeof name, "/Any root/data/%s/intervals", ids[i]);
        check_ok(ent_h5_write(file, name, ENT_H5_F64, 2, flat, TIMES));
        snprintf(name, sizeof name, "/Any root/data/%s/features", ids[i]);
        if (i == 0)
            check_ok(ent_h5_write(file, name, ENT_H5_I32, 3, deep, k));
        else
            check_ok(ent_h5_write(file, name, ENT_H5_F64, 2, flat, x));
    }
    check_ok(ent_h5_finish(file));
    return path;
}

static ent_csd open_example(ent_guard *guard)
{
    ent_csd csd;
    check_ok(ent_csd_open(guard, write_example(), &csd));
    return csd;
}

/* ---- computes ---- */

static void reads_through_the_guard(void **state)
{
    (void)state;
    ent_guard *guard = start(30.0);
    ent_csd csd = open_example(guard);
    double times[6], x[6];
    int64_t steps = 0;
    assert_string_equal(csd.root, "Any root");
    assert_int_equal(csd.ids, 4);
    assert_int_equal(csd.dimension, 2);
    const int64_t i = ent_csd_find(&csd, "-b[3]");
    check_ok(ent_csd_steps(&csd, i, &steps));
    assert_int_equal(steps, 3);
    check_ok(ent_csd_intervals(&csd, i, 0, 3, times));
    assert_memory_equal(times, TIMES, sizeof times);
    check_ok(ent_csd_features(&csd, i, 1, 2, x));
    assert_true(x[0] == -3 && x[3] == -6);
    ent_csd_close(&csd);
    ent_guard_stop(guard);
}

static void finds_ids(void **state)
{
    (void)state;
    ent_guard *guard = start(30.0);
    ent_csd csd = open_example(guard);
    int64_t count;
    assert_string_equal(csd.id[ent_csd_parts(&csd, "-b", &count)], "-b[12]");
    assert_int_equal(count, 2);
    ent_csd_parts(&csd, "video", &count);
    assert_int_equal(count, 0);
    assert_int_equal(ent_csd_find(&csd, "vide"), -1);
    assert_int_equal(ent_csd_video_bytes("-b[12]"), 2);
    assert_int_equal(ent_csd_video_bytes("b[]"), 3);
    assert_int_equal(ent_csd_video_bytes("[1]"), 3);
    assert_int_equal(ent_csd_video_bytes("a[1]b"), 5);
    assert_int_equal(ent_csd_video_bytes("a[b[7]"), 3);
    ent_csd_close(&csd);
    ent_guard_stop(guard);
}

static void deals_by_rows(void **state)
{
    (void)state;
    const int64_t rows[6] = {50, 50, 50, 50, 50, 50};
    int part[6], count[3] = {0};
    check_ok(ent_folds_deal(4, (double[]){2, 1, 0}, 6, rows, part));
    for (int k = 0; k < 6; k++) count[part[k]]++;
    assert_true(count[0] == 4 && count[1] == 2 && count[2] == 0);
}

/* ---- refuses ---- */

/* A signal to a working guard, as if libhdf5 had crashed. */
static void a_guard_that_is_ended(void **state)
{
    (void)state;
    ent_guard *guard = start(30.0);
    ent_csd csd = open_example(guard);
    int64_t steps = -1;
    kill(ent_guard_process(guard), SIGKILL);
    check_fails(ent_csd_steps(&csd, 0, &steps), ENT_EFORMAT, "libhdf5 was ended by signal 9");
    assert_true(strstr(ent_message(), "a.csd: damaged HDF5 file") && strstr(ent_message(), "-b[12]"));
    assert_true(ent_guard_ended(guard) && steps == -1);
    check_fails(ent_csd_steps(&csd, 1, &steps), ENT_EFORMAT, "not read");
    ent_csd_close(&csd);
    ent_guard_stop(guard);
}

/* Seconds that suffice for a guard that answers: many times what a first reading takes on this machine, which may be
 * slow or run under valgrind. */
static double ample_s(void)
{
    const double began = ent_clock_s();
    ent_guard *guard = start(30.0);
    ent_csd csd = open_example(guard);
    ent_csd_close(&csd);
    ent_guard_stop(guard);
    return 0.2 + 20.0 * (ent_clock_s() - began);
}

static void a_guard_that_is_silent(void **state)
{
    (void)state;
    const double limit = ample_s();
    ent_guard *guard = start(limit);
    ent_csd csd = open_example(guard);
    double times[6];
    char wanted[64];
    snprintf(wanted, sizeof wanted, "gave no answer for %g s", limit);
    kill(ent_guard_process(guard), SIGSTOP);
    check_fails(ent_csd_intervals(&csd, 0, 0, 3, times), ENT_EFORMAT, wanted);
    assert_true(ent_guard_ended(guard));
    ent_csd_close(&csd);
    ent_guard_stop(guard);
}

static void too_many_files(void **state)
{
    (void)state;
    ent_guard *guard = start(30.0);
    int file;
    const char *path = write_example();
    for (int k = 0; k < ENT_GUARD_FILES; k++) check_ok(ent_guard_open(guard, path, &file));
    check_fails(ent_guard_open(guard, path, &file), ENT_EARG, "more than 32 files");
    ent_guard_stop(guard);
}

static void without_memory(void **state)
{
    (void)state;
    ent_csd csd;
    const char *path = write_example();
    for (int64_t k = 1;; k++) {
        ent_guard *guard = start(30.0);
        ent_alloc_fail_at(k);
        const ent_status status = ent_csd_open(guard, path, &csd);
        ent_alloc_fail_at(0);
        if (status == ENT_OK) ent_csd_close(&csd);
        ent_guard_stop(guard);
        if (status == ENT_OK) break;
        assert_int_equal(status, ENT_ENOMEM);
        assert_true(k < 100);
    }
    const char *lists = in_temp_folder("folds");
    FILE *file = fopen(lists, "w");
    fputs("train: a b\ntest: c", file);
    fclose(file);
    ent_folds folds;
    check_every_allocation(ent_folds_load(lists, &folds), assert_null(folds.id));
    ent_folds_free(&folds);
}

static const struct CMUnitTest COMPUTES[] = {cmocka_unit_test(reads_through_the_guard), cmocka_unit_test(finds_ids),
                                             cmocka_unit_test(deals_by_rows)};
static const struct CMUnitTest REFUSES[] = {cmocka_unit_test(a_guard_that_is_ended),
                                            cmocka_unit_test(a_guard_that_is_silent),
                                            cmocka_unit_test(too_many_files), cmocka_unit_test(without_memory)};

int main(void)
{
    int failed = cmocka_run_group_tests_name("computes", COMPUTES, temp_folder_make, temp_folder_remove);
    failed += cmocka_run_group_tests_name("refuses", REFUSES, temp_folder_make, temp_folder_remove);
    return failed;
}
