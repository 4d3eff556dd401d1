/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/progress_text.h"

#include <stdio.h>

static PoolProgress pool(const char *id, const char *state, const char *load)
{
    PoolProgress p;

    pool_progress_init(&p, id);
    (void)snprintf(p.state, sizeof(p.state), "%s", state);
    pool_progress_set_load(&p, load);
    return p;
}

static void assert_line(const PoolProgress *pools, size_t n, uint64_t elapsed_ms, const char *line)
{
    _cleanup_free_ char *shown = NULL;
    Text text = {0};

    progress_text(pools, n, elapsed_ms, &text);
    assert_int_equal(text_take(&text, &shown), 0);
    assert_string_equal(shown, line);
}

static void test_one(void **state)
{
    static const struct {
        const char *state, *load;
        uint64_t elapsed_ms;
        const char *line;
    } cases[] = {
            {"", "", 0, "p: waiting, 0s"},
            {"warming", "", 999, "p: warming, 0s"},
            {"warming", "", 3999, "p: warming, 3s"},
            {"warming", "{\"phase\":\"warming\",\"percent\":null,\"eta_ms\":null}", 61000,
             "p: warming, 1min 1s"},
            {"warming", "{\"phase\":\"loading\",\"percent\":45,\"eta_ms\":12345}", 10000,
             "p: loading, 45 % of the model read, 10s, about 12s to go"},
            {"warming", "{\"phase\":\"loading\",\"percent\":99,\"eta_ms\":1}", 10000,
             "p: loading, 99 % of the model read, 10s, about 1s to go"},
            {"stopping", "no JSON", 1000, "p: stopping, 1s"},
            {"stopping", "[1]", 1000, "p: stopping, 1s"},
            {"stopping", "{}", 1000, "p: stopping, 1s"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        PoolProgress p = pool("p", cases[i].state, cases[i].load);

        assert_line(&p, 1, cases[i].elapsed_ms, cases[i].line);
    }
}

static void test_health_check(void **state)
{
    PoolProgress p = pool("p", "warming", "");

    (void)snprintf(p.health_check_error, sizeof(p.health_check_error), "HTTP status 503");
    assert_line(&p, 1, 1000, "p: warming, 1s, health check: HTTP status 503");
}

static void set_operation(PoolProgress *p, const char *text)
{
    json_object *view = json_tokener_parse(text);

    pool_progress_set_operation(p, view);
    json_object_put(view);
}

/* What a pool is reloaded with is being provided while it is draining. */
static void test_staging(void **state)
{
    PoolProgress pools[] = {pool("a", "draining", ""), pool("b", "warming", "")};

    set_operation(&pools[0], "{\"phase\":\"draining\",\"percent\":null}");
    assert_line(pools, 1, 1000, "a: draining, 1s");
    set_operation(&pools[0], "{\"phase\":\"staging\",\"percent\":null}");
    assert_line(pools, 1, 1000, "a: staging, 1s");
    set_operation(&pools[0], "{\"phase\":\"staging\",\"percent\":42}");
    pool_progress_set_load(&pools[0], "");
    assert_line(pools, 1, 1000, "a: staging, 42 % of the model provided, 1s");
    assert_line(pools, 2, 1000, "0 of 2, 1s; a: staging, 42 %; b: warming");
    set_operation(&pools[0], "{\"phase\":\"stopping\",\"percent\":100}");
    assert_line(pools, 1, 1000, "a: draining, 1s");
    set_operation(&pools[0], "{}");
    assert_line(pools, 1, 1000, "a: draining, 1s");
}

static void test_several(void **state)
{
    PoolProgress pools[] = {
            pool("a", "warming", "{\"phase\":\"warming\",\"percent\":5,\"eta_ms\":9000}"),
            pool("b", "", ""),
            pool("c", "stopping", ""),
    };

    assert_line(pools, 3, 2500, "0 of 3, 2s; a: warming, 5 %; b: waiting; c: stopping");
    pools[1].ended = true;
    assert_line(pools, 3, 2500, "1 of 3, 2s; a: warming, 5 %; c: stopping");
    pools[0].ended = true;
    assert_line(pools, 3, 2500, "2 of 3, 2s; c: stopping");
    pools[2].ended = true;
    assert_line(pools, 3, 2500, "");
}

static void test_load_is_forgotten(void **state)
{
    PoolProgress p = pool("p", "warming", "{\"phase\":\"loading\",\"percent\":5,\"eta_ms\":1}");

    assert_string_equal(pool_progress_phase(&p), "loading");
    pool_progress_set_load(&p, "");
    assert_string_equal(pool_progress_phase(&p), "warming");
    assert_true(p.percent == UINT64_MAX && p.eta_ms == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_one),
            cmocka_unit_test(test_health_check),
            cmocka_unit_test(test_staging),
            cmocka_unit_test(test_several),
            cmocka_unit_test(test_load_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
