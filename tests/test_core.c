/* Core: status and its message, memory, clock. */
#include "check.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "entente/atomic_file.h"
#include "entente/clock.h"
#include "entente/visible.h"

/* Status. */

static ent_status inner(int value)
{
    ENT_REQUIRE(value > 0, ENT_EDATA, "value %d, want more than 0", value);
    return ENT_OK;
}

static ent_status outer(int value, int *reached)
{
    ENT_TRY(inner(value));
    *reached = 1;
    return ENT_OK;
}

static void messages_nest(void **state)
{
    (void)state;
    assert_int_equal(ent_fail(ENT_EFORMAT, "byte %d is %#x", 7, 0xffu), ENT_EFORMAT);
    assert_string_equal(ent_message(), "byte 7 is 0xff");
    assert_int_equal(ent_fail_in(ENT_EFORMAT, "dataset '%s'", "features"), ENT_EFORMAT);
    assert_int_equal(ent_fail_in(ENT_EIO, "file %s", "a.h5"), ENT_EIO);
    assert_string_equal(ent_message(), "file a.h5: dataset 'features': byte 7 is 0xff");
}

static void message_may_be_its_own_argument(void **state)
{
    (void)state;
    ent_fail(ENT_EARG, "first");
    ent_fail(ENT_EARG, "second after %s", ent_message());
    assert_string_equal(ent_message(), "second after first");
}

static void control_characters_are_written_out(void **state)
{
    (void)state;
    char out[16];
    ent_fail(ENT_EARG, "%s", "a\x1b[2Jb \xc2\x9bm \xe2\x80\xae x\x7f \xff \xc3\xa9\n\t");
    assert_string_equal(ent_message(), "a\\x1b[2Jb \\xc2\\x9bm \\xe2\\x80\\xae x\\x7f \\xff \xc3\xa9\n\t");
    ent_fail_in(ENT_EARG, "%s", "\r"); /* an escaped character is not escaped again */
    assert_memory_equal(ent_message(), "\\x0d: a\\x1b[2Jb", 14);
    assert_string_equal(ent_visible("0123456789\xc3\xa9\xc3\xa9\xc3\xa9", "", out, sizeof out),
                        "0123456789\xc3\xa9\xc3\xa9"); /* no half of a character */
    assert_string_equal(ent_visible("\xc0\x80\xed\xa0\x80", "", out, sizeof out), "\\xc0\\x80\\xed");
    assert_int_equal(ent_visible_bytes("\xf0\x9f\x8e\xb5"), 4);
    assert_int_equal(ent_visible_bytes("\xf4\x90\x80\x80"), 0);
}

static void require_and_try_return_early(void **state)
{
    (void)state;
    int reached = 0;
    check_fails(outer(-3, &reached), ENT_EDATA, "value -3, want more than 0");
    assert_false(reached);
    check_ok(outer(1, &reached));
    assert_true(reached);
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    static char text[10000];
    memset(text, 'a', sizeof text - 1);
    ent_fail(ENT_EARG, "%s", text);
    assert_true(strlen(ent_message()) >= 1000 && strlen(ent_message()) < 9000);
    for (int k = 0; k < 5; k++) ent_fail_in(ENT_EARG, "%s", text);
    assert_true(strlen(ent_message()) < 9000);
}

/* In a child, so that the abort does not end the test. */
static void assertion_aborts(void **state)
{
    (void)state;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr)) _exit(1);
        ENT_ASSERT(1 + 1 == 2);
        ENT_ASSERT(1 + 1 == 3);
        _exit(0);
    }
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGABRT);
}

/* Memory. */

static int is_zero(const unsigned char *bytes, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (bytes[k] != 0) return 0;
    return 1;
}

static void memory_is_aligned_and_zeroed(void **state)
{
    (void)state;
    for (int64_t count = 0; count < 300; count += 7) {
        unsigned char *memory = ent_alloc(count, 3);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 64, 0);
        assert_true(is_zero(memory, 3 * (size_t)count));
        memset(memory, 0xff, 3 * (size_t)count); /* so that a reused block would show it */
        ent_free(memory);
    }
    ent_free(NULL);
    ent_free(ent_alloc(5, 0));
}

static void copies_hold_what_was_copied(void **state)
{
    (void)state;
    const double from[3] = {1.0, -2.0, 0.5};
    double *to = ent_copy(from, 3, sizeof *to);
    assert_memory_equal(to, from, sizeof from);
    ent_free(to);
    ent_free(ent_copy(NULL, 0, 8));
    char *text = ent_text("a text");
    assert_string_equal(text, "a text");
    ent_free(text);
}

static void bytes_are_written_with_units(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(ent_bytes_text(0, text), "0 bytes");
    assert_string_equal(ent_bytes_text(1023, text), "1023 bytes");
    assert_string_equal(ent_bytes_text(1024, text), "1.0 KiB");
    assert_string_equal(ent_bytes_text(1536, text), "1.5 KiB");
    assert_string_equal(ent_bytes_text(3.2 * 1073741824.0, text), "3.2 GiB");
    assert_string_equal(ent_bytes_text(0x1p60, text), "1.0 EiB");
    assert_string_equal(ent_bytes_text(0x1p73, text), "8192.0 EiB");
    assert_non_null(ent_bytes_text(1e308, text)); /* has to fit, or to be cut */
}

static void available_memory_obeys_a_limit(void **state)
{
    (void)state;
    assert_true(ent_memory_available_bytes() > 0);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        /* 1: less than the process has, so nothing is left; before that once, as valgrind has nothing left either */
        const rlim_t limits[] = {(rlim_t)1 << 50, 1};
        int64_t available[2];
        for (int k = 0; k < 2; k++) {
            setrlimit(RLIMIT_AS, &(struct rlimit){limits[k], RLIM_INFINITY});
            available[k] = ent_memory_available_bytes();
        }
        _exit(available[0] > 0 && available[1] == 0 ? 0 : 1);
    }
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
}

/* Another user who may write to the folder must not be able to choose where the bytes go. */
static void temporary_names_cannot_be_predicted(void **state)
{
    (void)state;
    char folder[] = "/tmp/entente-core-XXXXXX", path[64], foreseen[256], victim[64], host[65] = "";
    struct stat made;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/out", folder);
    snprintf(victim, sizeof victim, "%s/victim", folder);
    gethostname(host, sizeof host - 1);
    snprintf(foreseen, sizeof foreseen, "%s.part-%s-%ld", path, host, (long)getpid());
    assert_int_equal(symlink(victim, foreseen), 0);
    ent_atomic_file *file[2];
    for (int k = 0; k < 2; k++) assert_int_equal(ent_atomic_file_new(path, &file[k]), ENT_OK);
    assert_string_not_equal(ent_atomic_file_name(file[0]), ent_atomic_file_name(file[1]));
    assert_memory_equal(ent_atomic_file_name(file[0]), foreseen, strlen(foreseen));
    assert_int_equal(lstat(ent_atomic_file_name(file[0]), &made), 0);
    assert_true(S_ISREG(made.st_mode));
    assert_int_equal(ent_atomic_file_write(file[1], "x", 1), ENT_OK);
    ent_atomic_file_free(file[0]);
    assert_int_equal(ent_atomic_file_finish(file[1]), ENT_OK);
    assert_int_equal(access(victim, F_OK), -1);
    assert_int_equal(unlink(foreseen) | unlink(path) | rmdir(folder), 0);
}

static void clock_advances(void **state)
{
    (void)state;
    double last = ent_clock_s();
    for (int k = 0; k < 1000; k++) {
        const double now = ent_clock_s();
        assert_true(now >= last);
        last = now;
    }
    char text[32];
    int year, month, day, hour, minute, second;
    assert_int_equal(
        sscanf(ent_clock_date(text), "%4d-%2d-%2dT%2d:%2d:%2dZ", &year, &month, &day, &hour, &minute, &second), 6);
    assert_int_equal(strlen(text), 20);
    assert_true(year >= 2025 && text[19] == 'Z');
}

static void refuses_sizes_that_do_not_exist(void **state)
{
    (void)state;
    assert_null(ent_alloc(-1, 1));
    assert_null(ent_alloc(INT64_MIN, 1));
    assert_null(ent_alloc(INT64_MAX, 8));
    assert_null(ent_alloc(INT64_C(1) << 61, 8));
    assert_null(ent_alloc(1, SIZE_MAX));
    assert_null(ent_alloc(1, SIZE_MAX - 63));
}

static void fails_the_kth_allocation(void **state)
{
    (void)state;
    for (int64_t k = 1; k <= 4; k++) {
        ent_alloc_fail_at(k);
        for (int64_t j = 1; j <= 6; j++) {
            void *memory = ent_alloc(1, 1);
            if (j == k) assert_null(memory);
            if (j != k) assert_non_null(memory);
            ent_free(memory);
        }
    }
    ent_alloc_fail_at(1);
    ent_alloc_fail_at(0);
    char *text = ent_text("not failed");
    assert_non_null(text);
    ent_free(text);
    ent_alloc_fail_at(1);
    assert_null(ent_text("failed"));
    ent_alloc_fail_at(1);
    assert_null(ent_copy("failed", 6, 1));
}

static const struct CMUnitTest computes[] = {
    cmocka_unit_test(messages_nest),
    cmocka_unit_test(message_may_be_its_own_argument),
    cmocka_unit_test(control_characters_are_written_out),
    cmocka_unit_test(require_and_try_return_early),
    cmocka_unit_test(long_messages_are_cut),
    cmocka_unit_test(assertion_aborts),
    cmocka_unit_test(memory_is_aligned_and_zeroed),
    cmocka_unit_test(copies_hold_what_was_copied),
    cmocka_unit_test(bytes_are_written_with_units),
    cmocka_unit_test(available_memory_obeys_a_limit),
    cmocka_unit_test(temporary_names_cannot_be_predicted),
    cmocka_unit_test(clock_advances),
};
static const struct CMUnitTest refuses[] = {
    cmocka_unit_test(refuses_sizes_that_do_not_exist),
    cmocka_unit_test(fails_the_kth_allocation),
};
CHECK_MAIN(computes, refuses)
