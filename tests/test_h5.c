/* HDF5: written data is read back, the same content gives the same bytes, and no partly written file remains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "entente/h5.h"
#include "entente/memory.h"
#include "temp_folder.h"

#define OK(call) assert_int_equal((call), ENT_OK)

static int empty_folder(void **state)
{
    (void)state;
    temp_folder_files(1);
    ent_alloc_fail_at(0);
    return 0;
}

static void write_example(const char *path)
{
    ent_h5 *file = NULL;
    const double x[6] = {1, -2, 3.5, 1e300, 0, -0.0};
    const int32_t k[3] = {-5, 0, INT32_MAX};
    OK(ent_h5_create(path, &file));
    OK(ent_h5_write(file, "/deep/in/x", ENT_H5_F64, 2, (int64_t[]){3, 2}, x));
    OK(ent_h5_write(file, "/k", ENT_H5_I32, 1, (int64_t[]){3}, k));
    OK(ent_h5_write(file, "/large", ENT_H5_I64, 1, (int64_t[]){1}, (int64_t[]){INT64_C(1) << 40}));
    OK(ent_h5_write(file, "/none", ENT_H5_F32, 2, (int64_t[]){0, 4}, NULL));
    OK(ent_h5_write_text(file, "/text", "Grüße"));
    OK(ent_h5_write_attribute(file, "/", "name", "example"));
    OK(ent_h5_write_attribute(file, "/deep", "empty", ""));
    OK(ent_h5_finish(file));
}

static char *bytes_of(const char *path, size_t *count)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct stat state;
    assert_int_equal(fstat(fileno(file), &state), 0);
    *count = (size_t)state.st_size;
    char *bytes = malloc(*count + 1);
    assert_int_equal(fread(bytes, 1, *count, file), *count);
    fclose(file);
    return bytes;
}

static void put_bytes(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static ent_h5 *open_example(void)
{
    ent_h5 *file = NULL;
    write_example(in_temp_folder("a.h5"));
    OK(ent_h5_open(in_temp_folder("a.h5"), &file));
    return file;
}

/* ---- computes ---- */

static void reads_what_was_written(void **state)
{
    (void)state;
    ent_h5 *file = open_example();
    double x[6];
    int64_t k[3];
    OK(ent_h5_read(file, "/deep/in/x", ENT_H5_F64, 6, x));
    assert_true(x[0] == 1 && x[1] == -2 && x[2] == 3.5 && x[3] == 1e300 && x[4] == 0 && signbit(x[5]));
    OK(ent_h5_read(file, "/k", ENT_H5_I64, 3, k));
    assert_true(k[0] == -5 && k[1] == 0 && k[2] == INT32_MAX);
    OK(ent_h5_read(file, "/none", ENT_H5_F32, 0, x));
    ent_h5_close(file);
}

static void converts_numbers(void **state)
{
    (void)state;
    ent_h5 *file = open_example();
    double k[3];
    float x[6];
    OK(ent_h5_read(file, "/k", ENT_H5_F64, 3, k));
    assert_true(k[0] == -5 && k[2] == INT32_MAX);
    OK(ent_h5_read(file, "/deep/in/x", ENT_H5_F32, 6, x));
    assert_true(x[2] == 3.5f && isinf(x[3]));
    ent_h5_close(file);
}

static void reads_text(void **state)
{
    (void)state;
    ent_h5 *file = open_example();
    char *text = NULL;
    OK(ent_h5_read_text(file, "/text", &text));
    assert_string_equal(text, "Grüße");
    ent_free(text);
    OK(ent_h5_read_attribute(file, "/", "name", &text));
    assert_string_equal(text, "example");
    ent_free(text);
    OK(ent_h5_read_attribute(file, "/deep", "empty", &text));
    assert_string_equal(text, "");
    ent_free(text);
    ent_h5_close(file);
}

static void describes_and_lists(void **state)
{
    (void)state;
    ent_h5 *file = open_example();
    ent_h5_shape shape;
    char **names = NULL;
    int64_t count = 0;
    OK(ent_h5_describe(file, "/deep/in/x", &shape));
    assert_true(shape.rank == 2 && shape.size[0] == 3 && shape.size[1] == 2 && shape.real);
    OK(ent_h5_describe(file, "/k", &shape));
    assert_true(shape.rank == 1 && shape.size[0] == 3 && !shape.real);
    assert_true(ent_h5_has(file, "/deep/in") && ent_h5_has(file, "/") && ent_h5_has(file, "/k"));
    assert_false(ent_h5_has(file, "/deep/out/x") || ent_h5_has(file, "/k/x") || ent_h5_has(file, "/j"));
    OK(ent_h5_names(file, "/", &names, &count));
    const char *const wanted[] = {"deep", "k", "large", "none", "text"};
    assert_int_equal(count, 5);
    for (int64_t j = 0; j < count; j++) assert_string_equal(names[j], wanted[j]);
    ent_h5_names_free(names, count);
    ent_h5_close(file);
}

static void rows_in_parts(void **state)
{
    (void)state;
    ent_h5 *file = NULL;
    float x[10][3], part[4][3];
    for (int k = 0; k < 30; k++) x[k / 3][k % 3] = (float)k;
    OK(ent_h5_create(in_temp_folder("rows.h5"), &file));
    OK(ent_h5_write(file, "/x", ENT_H5_F32, 2, (int64_t[]){10, 3}, NULL));
    OK(ent_h5_write_rows(file, "/x", ENT_H5_F32, 6, 4, x[6]));
    OK(ent_h5_write_rows(file, "/x", ENT_H5_F32, 0, 6, x[0]));
    OK(ent_h5_write_rows(file, "/x", ENT_H5_F32, 10, 0, x[0]));
    OK(ent_h5_finish(file));
    OK(ent_h5_open(in_temp_folder("rows.h5"), &file));
    OK(ent_h5_read_rows(file, "/x", ENT_H5_F32, 5, 4, part));
    assert_memory_equal(part, x[5], sizeof part);
    ent_h5_close(file);
}

static void same_content_is_the_same_bytes(void **state)
{
    (void)state;
    size_t n, m;
    write_example(in_temp_folder("a.h5"));
    sleep(1); /* a time stamp would differ */
    write_example(in_temp_folder("b.h5"));
    char *a = bytes_of(in_temp_folder("a.h5"), &n), *b = bytes_of(in_temp_folder("b.h5"), &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
}

static void replaces_a_file_only_when_finished(void **state)
{
    (void)state;
    ent_h5 *file = open_example(), *next = NULL;
    OK(ent_h5_create(in_temp_folder("a.h5"), &next));
    assert_int_equal(temp_folder_files(0), 2);
    ent_h5_close(next);
    assert_int_equal(temp_folder_files(0), 1);
    int32_t k[3];
    OK(ent_h5_read(file, "/k", ENT_H5_I32, 3, k));
    ent_h5_close(file);
    ent_h5_close(NULL);
}

static void reads_strings_of_variable_length(void **state)
{
    (void)state;
    SKIP_WITHOUT_REAL_DATA("mosi.h5");
    ent_h5 *file = NULL;
    char *text = NULL;
    OK(ent_h5_open(real_data("mosi.h5"), &file));
    OK(ent_h5_read_attribute(file, "/", "name", &text));
    assert_string_equal(text, "CMU-MOSI (utterances)");
    ent_free(text);
    ent_h5_close(file);
}

/* ---- refuses ---- */

static void refuses_open(const char *path, ent_status code, const char *text)
{
    ent_h5 *file = NULL;
    assert_int_equal(ent_h5_open(path, &file), code);
    assert_null(file);
    assert_non_null(strstr(ent_message(), path));
    if (!strstr(ent_message(), text)) fail_msg("'%s' lacks '%s'", ent_message(), text);
}

static void what_cannot_be_opened(void **state)
{
    (void)state;
    refuses_open(in_temp_folder("none.h5"), ENT_EIO, "No such file");
    refuses_open(temp_folder, ENT_EIO, "directory");
    assert_int_equal(mkfifo(in_temp_folder("pipe.h5"), 0600), 0);
    refuses_open(in_temp_folder("pipe.h5"), ENT_EIO, "not a regular file"); /* at once, without a writer */
    refuses_open("/dev/null", ENT_EIO, "not a regular file");
    put_bytes(in_temp_folder("zero.h5"), "", 0);
    refuses_open(in_temp_folder("zero.h5"), ENT_EFORMAT, "empty");
    put_bytes(in_temp_folder("text.h5"), "a,b,c\n1,2,3\n", 12);
    refuses_open(in_temp_folder("text.h5"), ENT_EFORMAT, "not an HDF5 file");
}

static void a_truncated_file_at_every_length(void **state)
{
    (void)state;
    size_t count;
    write_example(in_temp_folder("whole.h5"));
    char *bytes = bytes_of(in_temp_folder("whole.h5"), &count);
    for (size_t length = 1; length < count; length += length < 600 ? 1 : 37) {
        put_bytes(in_temp_folder("cut.h5"), bytes, length);
        refuses_open(in_temp_folder("cut.h5"), ENT_EFORMAT, "truncated or damaged");
    }
    put_bytes(in_temp_folder("cut.h5"), bytes, count - 1);
    refuses_open(in_temp_folder("cut.h5"), ENT_EFORMAT, "truncated or damaged");
    free(bytes);
}

/* Cut short, rewritten in place with other bytes of the same number, or grown: never zeros or a mixture.  A file that
 * was replaced by a new one of the same name is still complete. */
static void a_file_that_changes_while_it_is_open(void **state)
{
    (void)state;
    size_t count;
    double x[6];
    char *text;
    const char *path = in_temp_folder("live.h5");
    write_example(path);
    char *bytes = bytes_of(path, &count);
    for (int change = 0; change < 4; change++) {
        ent_h5 *file = NULL;
        unlink(path);
        put_bytes(path, bytes, count);
        OK(ent_h5_open(path, &file));
        OK(ent_h5_read(file, "/deep/in/x", ENT_H5_F64, 6, x));
        if (change == 0) assert_int_equal(truncate(path, 600), 0);
        if (change == 1) assert_int_equal(truncate(path, (off_t)count + 1), 0);
        if (change == 2) {
            usleep(20000); /* the clock of files is coarse */
            put_bytes(path, bytes, count);
        }
        if (change == 3) {
            put_bytes(in_temp_folder("new.h5"), bytes, 100);
            assert_int_equal(rename(in_temp_folder("new.h5"), path), 0);
        }
        const ent_status found[] = {ent_h5_read(file, "/deep/in/x", ENT_H5_F64, 6, x),
                                    ent_h5_read_rows(file, "/deep/in/x", ENT_H5_F64, 1, 1, x),
                                    ent_h5_read_text(file, "/text", &text)};
        for (int k = 0; k < 3; k++) assert_int_equal(found[k], change == 3 ? ENT_OK : ENT_EIO);
        if (change == 3)
            ent_free(text);
        else
            assert_non_null(strstr(ent_message(), "live.h5: the file has changed since it was opened: found "));
        ent_h5_close(file);
    }
    free(bytes);
}

static void refuses(ent_status found, ent_status code, const char *text)
{
    assert_int_equal(found, code);
    if (!strstr(ent_message(), text)) fail_msg("'%s' lacks '%s'", ent_message(), text);
}

static void reads_that_do_not_fit(void **state)
{
    (void)state;
    ent_h5 *file = open_example();
    double x[6];
    char *text = NULL, **names = NULL;
    int64_t count;
    ent_h5_shape shape;
    refuses(ent_h5_read(file, "/gone", ENT_H5_F64, 6, x), ENT_EFORMAT, "a.h5: no dataset /gone");
    refuses(ent_h5_read(file, "/deep/in/x", ENT_H5_F64, 5, x), ENT_EFORMAT, "has 6 numbers, want 5");
    refuses(ent_h5_read(file, "/deep/in/x", ENT_H5_I32, 6, x), ENT_EFORMAT, "holds real numbers");
    refuses(ent_h5_read(file, "/k", ENT_H5_U8, 3, x), ENT_EFORMAT, "out of range");
    refuses(ent_h5_read(file, "/large", ENT_H5_I32, 1, x), ENT_EFORMAT, "out of range");
    refuses(ent_h5_read(file, "/text", ENT_H5_U8, 1, x), ENT_EFORMAT, "has rank 0");
    refuses(ent_h5_read(file, "/deep", ENT_H5_U8, 1, x), ENT_EFORMAT, "/deep cannot be read");
    refuses(ent_h5_describe(file, "/text", &shape), ENT_EFORMAT, "has rank 0");
    refuses(ent_h5_read_rows(file, "/deep/in/x", ENT_H5_F64, 2, 2, x), ENT_EARG, "has 3 rows");
    refuses(ent_h5_read_rows(file, "/deep/in/x", ENT_H5_F64, -1, 2, x), ENT_EARG, "has 3 rows");
    refuses(ent_h5_read_text(file, "/k", &text), ENT_EFORMAT, "is not a single string");
    refuses(ent_h5_read_text(file, "/gone", &text), ENT_EFORMAT, "no dataset /gone");
    refuses(ent_h5_read_attribute(file, "/", "gone", &text), ENT_EFORMAT, "no attribute 'gone'");
    refuses(ent_h5_names(file, "/gone", &names, &count), ENT_EFORMAT, "no group /gone");
    refuses(ent_h5_names(file, "/k", &names, &count), ENT_EFORMAT, "/k is not a group");
    assert_null(text);
    ent_h5_close(file);
}

static void writes_that_do_not_fit(void **state)
{
    (void)state;
    ent_h5 *file = NULL;
    const float x[2] = {1, 2};
    char path[600];
    snprintf(path, sizeof path, "%s/no/such/a.h5", temp_folder);
    refuses(ent_h5_create(path, &file), ENT_EIO, "No such file or directory");
    OK(ent_h5_create(in_temp_folder("a.h5"), &file));
    OK(ent_h5_write(file, "/x", ENT_H5_F32, 1, (int64_t[]){2}, x));
    refuses(ent_h5_write(file, "/x", ENT_H5_F32, 1, (int64_t[]){2}, x), ENT_EIO, "/x cannot be written");
    refuses(ent_h5_write(file, "/y", ENT_H5_F32, 9, (int64_t[]){2}, x), ENT_EARG, "rank 9, want 1..8");
    refuses(ent_h5_write(file, "/y", ENT_H5_F32, 1, (int64_t[]){-2}, x), ENT_EARG, "size -2");
    refuses(ent_h5_write_rows(file, "/x", ENT_H5_F32, 1, 2, x), ENT_EARG, "has 2 rows");
    refuses(ent_h5_write_rows(file, "/y", ENT_H5_F32, 0, 1, x), ENT_EFORMAT, "no dataset /y");
    ent_h5_close(file);
    assert_int_equal(temp_folder_files(0), 0);
}

/* In a child process: with a limit of `limit` bytes per file, finishing fails and says why.  Exit code 0 if it
 * does. */
static int child_on_full_disk(rlim_t limit)
{
    static double x[5000];
    ent_h5 *file = NULL;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, limit});
    if (ent_h5_create(in_temp_folder("full.h5"), &file) != ENT_OK) return 1;
    if (ent_h5_write(file, "/x", ENT_H5_F64, 1, (int64_t[]){5000}, x) != ENT_OK) return 2;
    if (ent_h5_finish(file) != ENT_EIO) return 3;
    return strstr(ent_message(), "full.h5: cannot be written: File too large") ? 0 : 4;
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    for (rlim_t limit = 0; limit < 40000; limit += 1999) {
        const pid_t child = fork();
        if (child == 0) _exit(child_on_full_disk(limit));
        int result;
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_int_equal(result, 0);
        assert_int_equal(temp_folder_files(0), 0);
    }
}

static void the_kth_allocation_fails(void **state)
{
    (void)state;
    ent_h5 *file = open_example();
    char **names = NULL, *text = NULL;
    int64_t count = 0, k = 1;
    for (;; k++) {
        ent_alloc_fail_at(k);
        const ent_status status = ent_h5_names(file, "/", &names, &count);
        ent_alloc_fail_at(0);
        if (status == ENT_OK) break;
        assert_int_equal(status, ENT_ENOMEM);
        assert_null(names);
    }
    assert_true(k > 4);
    ent_h5_names_free(names, count);
    ent_alloc_fail_at(1);
    assert_int_equal(ent_h5_read_text(file, "/text", &text), ENT_ENOMEM);
    ent_alloc_fail_at(0);
    ent_h5_close(file);
}

static void no_memory_for_a_file(void **state)
{
    (void)state;
    for (int64_t k = 1; k <= 5; k++) {
        ent_h5 *file = NULL;
        ent_alloc_fail_at(k);
        assert_int_equal(ent_h5_create(in_temp_folder("b.h5"), &file), ENT_ENOMEM);
        ent_alloc_fail_at(0);
        assert_null(file);
        assert_int_equal(temp_folder_files(0), 0);
    }
    ent_h5 *file = NULL;
    OK(ent_h5_create(in_temp_folder("b.h5"), &file));
    ent_alloc_fail_at(1);
    assert_int_equal(ent_h5_finish(file), ENT_ENOMEM);
    ent_alloc_fail_at(0);
    assert_int_equal(temp_folder_files(0), 0);
}

int main(void)
{
    const struct CMUnitTest computes[] = {
        cmocka_unit_test_teardown(reads_what_was_written, empty_folder),
        cmocka_unit_test_teardown(converts_numbers, empty_folder),
        cmocka_unit_test_teardown(reads_text, empty_folder),
        cmocka_unit_test_teardown(describes_and_lists, empty_folder),
        cmocka_unit_test_teardown(rows_in_parts, empty_folder),
        cmocka_unit_test_teardown(same_content_is_the_same_bytes, empty_folder),
        cmocka_unit_test_teardown(replaces_a_file_only_when_finished, empty_folder),
        cmocka_unit_test_teardown(reads_strings_of_variable_length, empty_folder),
    };
    const struct CMUnitTest refusing[] = {
        cmocka_unit_test_teardown(what_cannot_be_opened, empty_folder),
        cmocka_unit_test_teardown(a_truncated_file_at_every_length, empty_folder),
        cmocka_unit_test_teardown(a_file_that_changes_while_it_is_open, empty_folder),
        cmocka_unit_test_teardown(reads_that_do_not_fit, empty_folder),
        cmocka_unit_test_teardown(writes_that_do_not_fit, empty_folder),
        cmocka_unit_test_teardown(a_full_disk_leaves_nothing, empty_folder),
        cmocka_unit_test_teardown(the_kth_allocation_fails, empty_folder),
        cmocka_unit_test_teardown(no_memory_for_a_file, empty_folder),
    };
    int failed = cmocka_run_group_tests_name("h5 computes", computes, temp_folder_make, temp_folder_remove);
    return failed + cmocka_run_group_tests_name("h5 refuses", refusing, temp_folder_make, temp_folder_remove);
}
