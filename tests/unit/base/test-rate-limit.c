/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <stdio.h>

#include "base/rate_limit.h"

#define SECOND USEC_PER_SEC

static RateLimit *limit_new(usec_t interval_usec, uint64_t burst)
{
    RateLimit *l = calloc(1, sizeof(*l));

    assert_non_null(l);
    l->interval_usec = interval_usec;
    l->burst = burst;
    return l;
}

/* How many of `n` pass. */
static unsigned passed(RateLimit *l, const char *kind, const char *scope, usec_t now, unsigned n)
{
    unsigned count = 0;

    for (unsigned i = 0; i < n; i++)
        count += rate_limit_pass(l, kind, scope, now);
    return count;
}

static void test_no_limit(void **state)
{
    _cleanup_free_ RateLimit *no_interval = limit_new(0, 1), *no_burst = limit_new(SECOND, 0);
    RateLimitKey key;

    assert_int_equal(passed(no_interval, "k", "", 5, 1000), 1000);
    assert_int_equal(passed(no_burst, "k", "", 5, 1000), 1000);
    assert_false(rate_limit_take(no_burst, USEC_INFINITY, &key));
}

static void test_window(void **state)
{
    _cleanup_free_ RateLimit *l = limit_new(SECOND, 3);
    RateLimitKey key;

    assert_int_equal(passed(l, "k", "p", 10 * SECOND, 5), 3);
    /* The window is from its first, not from its last. */
    assert_int_equal(passed(l, "k", "p", 11 * SECOND - 1, 2), 0);
    assert_false(rate_limit_take(l, 11 * SECOND - 1, &key));
    assert_true(rate_limit_take(l, 11 * SECOND, &key));
    assert_string_equal(key.kind, "k");
    assert_string_equal(key.scope, "p");
    assert_int_equal(key.suppressed, 4);
    assert_false(rate_limit_take(l, 11 * SECOND, &key));
    assert_int_equal(passed(l, "k", "p", 11 * SECOND, 5), 3);
}

/* What has suppressed nothing has nothing to tell, and begins anew. */
static void test_quiet_window(void **state)
{
    _cleanup_free_ RateLimit *l = limit_new(SECOND, 3);
    RateLimitKey key;

    for (usec_t now = SECOND; now < 10 * SECOND; now += SECOND)
        assert_int_equal(passed(l, "k", "p", now, 3), 3);
    assert_false(rate_limit_take(l, USEC_INFINITY, &key));
}

static void test_pairs_are_apart(void **state)
{
    _cleanup_free_ RateLimit *l = limit_new(SECOND, 1);
    char kind[] = "k"; /* of another address */

    assert_int_equal(passed(l, "k", "a", 5, 2), 1);
    assert_int_equal(passed(l, "k", "b", 5, 2), 1);
    assert_int_equal(passed(l, "l", "a", 5, 2), 1);
    assert_int_equal(passed(l, kind, "a", 5, 2), 0);
    assert_int_equal(l->suppressing, 3);
}

static void test_taken_at_the_end(void **state)
{
    _cleanup_free_ RateLimit *l = limit_new(SECOND, 1);
    RateLimitKey key;
    uint64_t suppressed = 0;

    (void)passed(l, "k", "a", 5, 3);
    (void)passed(l, "k", "b", 5, 4);
    while (rate_limit_take(l, USEC_INFINITY, &key))
        suppressed += key.suppressed;
    assert_int_equal(suppressed, 5);
    assert_int_equal(l->suppressing, 0);
}

/* More pairs than places: the oldest goes, those that have something to tell stay. */
static void test_full(void **state)
{
    _cleanup_free_ RateLimit *l = limit_new(SECOND, 1);
    char scope[16];

    assert_int_equal(passed(l, "k", "told", 1, 2), 1);
    for (unsigned i = 0; i < 2 * RATE_LIMIT_KEYS; i++) {
        (void)snprintf(scope, sizeof(scope), "p%u", i);
        assert_int_equal(passed(l, "k", scope, 2 + i, 1), 1);
    }
    assert_int_equal(passed(l, "k", "told", 3, 1), 0);
    assert_int_equal(passed(l, "k", scope, 3, 1), 0); /* the youngest is there still */
    assert_int_equal(passed(l, "k", "p0", 3, 1), 1);  /* the oldest is not */
}

/* Each place is taken by one that suppresses: the next pair is not counted, and passes. */
static void test_full_of_suppressing(void **state)
{
    _cleanup_free_ RateLimit *l = limit_new(SECOND, 1);
    char scope[16];

    for (unsigned i = 0; i < RATE_LIMIT_KEYS; i++) {
        (void)snprintf(scope, sizeof(scope), "p%u", i);
        assert_int_equal(passed(l, "k", scope, 1, 2), 1);
    }
    assert_int_equal(l->suppressing, RATE_LIMIT_KEYS);
    assert_int_equal(passed(l, "k", "another", 1, 3), 3);
}

static void test_long_scope(void **state)
{
    _cleanup_free_ RateLimit *l = limit_new(SECOND, 1);
    char scope[PM_ID_MAX + 10];

    memset(scope, 'x', sizeof(scope));
    scope[sizeof(scope) - 1] = '\0';
    assert_int_equal(passed(l, "k", scope, 1, 2), 1);
    assert_int_equal(l->suppressing, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_no_limit),
            cmocka_unit_test(test_window),
            cmocka_unit_test(test_quiet_window),
            cmocka_unit_test(test_pairs_are_apart),
            cmocka_unit_test(test_taken_at_the_end),
            cmocka_unit_test(test_full),
            cmocka_unit_test(test_full_of_suppressing),
            cmocka_unit_test(test_long_scope),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
