/* What every test includes: cmocka, and comparisons that it lacks. */
#ifndef ENTENTE_TESTS_CHECK_H
#define ENTENTE_TESTS_CHECK_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "entente/memory.h"
#include "entente/status.h"

/* |found - wanted| <= tolerance; NaN is near nothing. */
#define check_near(found, wanted, tolerance) check_near_at((found), (wanted), (tolerance), __FILE__, __LINE__)
static inline void check_near_at(double found, double wanted, double tolerance, const char *file, int line)
{
    if (fabs(found - wanted) <= tolerance) return;
    print_error("%.17g, want %.17g to %g (off by %g)\n", found, wanted, tolerance, found - wanted);
    _fail(file, line);
}

#define check_ok(call) check_ok_at((call), __FILE__, __LINE__)
static inline void check_ok_at(ent_status status, const char *file, int line)
{
    if (status == ENT_OK) return;
    print_error("status %d: %s\n", (int)status, ent_message());
    _fail(file, line);
}

/* The call fails with `code`, and its message holds `part`. */
#define check_fails(call, code, part) check_fails_at((call), (code), (part), __FILE__, __LINE__)
static inline void check_fails_at(ent_status status, ent_status code, const char *part, const char *file, int line)
{
    if (status == code && strstr(ent_message(), part)) return;
    print_error("status %d with '%s', want %d with '%s'\n", (int)status, ent_message(), (int)code, part);
    _fail(file, line);
}

/* Under valgrind, which preloads a library of its own. */
static inline bool check_in_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded && strstr(preloaded, "vgpreload");
}

/* The number of turns of a test that takes every path many times: with sanitizers a quarter of `turns`; under
 * valgrind, which is slower, a sixteenth. */
static inline int check_turns(int turns)
{
#ifdef __SANITIZE_ADDRESS__
    const int fewer = turns / 4;
#else
    const int fewer = check_in_valgrind() ? turns / 16 : turns;
#endif
    return fewer > 0 ? fewer : 1;
}

/* Run `call` with the k-th allocation failing for k = 1, 2, .. until it succeeds; every failure before must be
 * ENT_ENOMEM and is followed by `after_failure`. */
#define check_every_allocation(call, after_failure)                                                                  \
    do {                                                                                                             \
        for (int64_t k_ = 1;; k_++) {                                                                                \
            ent_alloc_fail_at(k_);                                                                                   \
            const ent_status status_ = (call);                                                                       \
            ent_alloc_fail_at(0);                                                                                    \
            if (status_ == ENT_OK) {                                                                                 \
                assert_true(k_ > 1);                                                                                 \
                break;                                                                                               \
            }                                                                                                        \
            assert_int_equal(status_, ENT_ENOMEM);                                                                   \
            after_failure;                                                                                           \
        }                                                                                                            \
    } while (0)

/* main: the group of what the module computes, then the group of what it refuses. */
#define CHECK_MAIN(computes, refuses)                                                                                \
    int main(void)                                                                                                   \
    {                                                                                                                \
        int failed = cmocka_run_group_tests_name("computes", computes, NULL, NULL);                                  \
        failed += cmocka_run_group_tests_name("refuses", refuses, NULL, NULL);                                       \
        return failed;                                                                                               \
    }

#endif
