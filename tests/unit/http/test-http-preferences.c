/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/macros.h"
#include "http/preferences.h"

/* Before cmocka.h, which wants them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_prefer(void **state)
{
    static const struct {
        const char *value;
        bool async, has_wait;
        uint64_t wait_sec;
    } cases[] = {
            {"respond-async", true, false, 0},
            {"Respond-Async", true, false, 0},
            {"respond-async;foo=bar", true, false, 0},
            {"wait=10", false, true, 10},
            {"wait = 10", false, true, 10},
            {"wait=\"10\"", false, true, 10},
            {"wait=10; x", false, true, 10},
            {"respond-async, wait=0", true, true, 0},
            {"return=minimal , respond-async,", true, false, 0},
            {"wait=1, wait=2", false, true, 1},
            {"x=\"a, respond-async, b\"", false, false, 0},
            {"x=\"\\\", respond-async\"", false, false, 0},
            {"wait=", false, false, 0},
            {"wait=-1", false, false, 0},
            {"wait=soon", false, false, 0},
            {"wait=99999999999999999999", false, false, 0},
            {"waiting=1", false, false, 0},
            {"respond-asynchronously", false, false, 0},
            {"", false, false, 0},
            {",,;=", false, false, 0},
            {"\"", false, false, 0},
            {"\"\\", false, false, 0},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Preferences p;

        preferences_init(&p);
        preferences_add_prefer(&p, cases[i].value);
        if (p.respond_async != cases[i].async || p.has_wait != cases[i].has_wait ||
            (p.has_wait && p.wait_sec != cases[i].wait_sec))
            fail_msg("%s", cases[i].value);
    }
}

static void test_several_prefer_headers(void **state)
{
    Preferences p;

    preferences_init(&p);
    preferences_add_prefer(&p, "wait=3");
    preferences_add_prefer(&p, "respond-async, wait=9");
    assert_true(p.respond_async && p.has_wait);
    assert_int_equal(p.wait_sec, 3);
}

static void test_accept(void **state)
{
    static const struct {
        const char *value;
        bool json;
    } cases[] = {
            {"application/json", true},
            {"application/x-ndjson", true},
            {"Application/JSON; charset=utf-8", true},
            {"application/*", true},
            {"*/*", false},
            {"text/plain", false},
            {"text/plain, application/json;q=0.9", false},
            {"text/plain;q=0.8, application/json;q=0.9", true},
            {"application/json, */*", true},
            {"application/json;q=0", false},
            {"application/json;q=0.000, text/html", false},
            {"image/png", false},
            {"", false},
            {";q=", false},
    };
    Preferences p;

    preferences_init(&p);
    assert_false(preferences_want_json(&p));
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        preferences_init(&p);
        preferences_add_accept(&p, cases[i].value);
        if (preferences_want_json(&p) != cases[i].json)
            fail_msg("%s", cases[i].value);
    }
}

static void test_long_items_are_left_out(void **state)
{
    char value[1024];
    Preferences p;

    memset(value, 'a', sizeof(value));
    memcpy(value + sizeof(value) - 16, ",respond-async", 15);
    preferences_init(&p);
    preferences_add_prefer(&p, value);
    assert_true(p.respond_async);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_prefer),
            cmocka_unit_test(test_several_prefer_headers),
            cmocka_unit_test(test_accept),
            cmocka_unit_test(test_long_items_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
