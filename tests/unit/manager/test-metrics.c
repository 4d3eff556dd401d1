/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>

/* What is scraped of a manager. */

static char *scrape(const ManagerFixture *f)
{
    MetricsCursor cursor = {.begun = false};
    Text t = {.data = NULL};
    char *text;

    assert_true(manager_write_metrics(f->m, &cursor, SIZE_MAX, &t));
    assert_int_equal(text_take(&t, &text), 0);
    return text;
}

static void assert_line(const char *text, const char *wanted)
{
    char line[256];

    (void)snprintf(line, sizeof(line), "\n%s\n", wanted);
    if (!strstr(text, line))
        fail_msg("there is no %s in\n%s", wanted, text);
}

/* The value of the sample of that name, which has no labels. */
static double value_of(const char *text, const char *name)
{
    char start[128];
    const char *found;

    (void)snprintf(start, sizeof(start), "\n%s ", name);
    found = strstr(text, start);
    if (!found)
        fail_msg("there is no %s in\n%s", name, text);
    return found ? strtod(found + strlen(start), NULL) : 0;
}

static void test_process(void **state)
{
    ManagerFixture *f = *state;
    _cleanup_free_ char *text = scrape(f), *again = NULL;
    double now = (double)time(NULL);
    int fd;

    assert_line(text, "pool_managerd_build_info{version=\"" PM_VERSION "\"} 1");
    assert_true(value_of(text, "process_resident_memory_bytes") > 100000);
    assert_true(value_of(text, "process_cpu_seconds_total") > 0);
    assert_true(value_of(text, "process_start_time_seconds") > now - 60);
    assert_true(value_of(text, "process_start_time_seconds") < now + 1);
    assert_true(value_of(text, "process_max_fds") >= value_of(text, "process_open_fds"));
    fd = dup(STDERR_FILENO);
    again = scrape(f);
    assert_true(value_of(again, "process_open_fds") > value_of(text, "process_open_fds"));
    close(fd);
}

/* The series of a pool come and go with it, and a new one under its name begins with 0. */
static void test_pools(void **state)
{
    ManagerFixture *f = *state;
    _cleanup_free_ char *both = NULL, *one = NULL, *after = NULL;
    Operation *o;

    becomes_ready(f, add_engine(f, "p", &o));
    (void)add_pool(f, "q");
    both = scrape(f);
    assert_line(both, "preload_success_total{pool_id=\"p\"} 1\n"
                      "preload_success_total{pool_id=\"q\"} 0");
    assert_line(both, "pool_state{pool_id=\"p\",state=\"ready\"} 1");
    assert_line(both, "pool_state{pool_id=\"q\",state=\"off\"} 1");
    assert_int_equal(manager_deregister(f->m, "q", false, NULL, &o, NULL), 0);
    one = scrape(f);
    assert_null(strstr(one, "\"q\""));
    crashes(f, registry_get(&f->m->registry, "p"));
    assert_int_equal(manager_deregister(f->m, "p", false, NULL, &o, NULL), 0);
    settle(f);
    (void)add_pool(f, "p");
    after = scrape(f);
    assert_line(after, "preload_success_total{pool_id=\"p\"} 0");
}

/* Writes on in pieces of a few lines; before piece `n`, `id` (NULL: nobody) is gone. */
static char *scrape_in_pieces(const ManagerFixture *f, size_t n, const char *id)
{
    MetricsCursor cursor = {.begun = false};
    Text all = {.data = NULL};
    char *text;
    bool done = false;

    for (size_t i = 0; !done; i++) {
        Text piece = {.data = NULL};
        Operation *o;

        if (id && i == n)
            assert_int_equal(manager_deregister(f->m, id, false, NULL, &o, NULL), 0);
        done = manager_write_metrics(f->m, &cursor, 200, &piece);
        text_append_bytes(&all, piece.data ? piece.data : "", piece.length);
        text_done(&piece);
    }
    assert_int_equal(text_take(&all, &text), 0);
    return text;
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

/* Pieces are together what is written at once, and whoever goes in between takes nobody with him.
 */
static void test_pieces(void **state)
{
    static const char first[] = "# HELP preload_success_total";
    ManagerFixture *f = *state;
    _cleanup_free_ char *at_once = NULL, *pieces = NULL, *changed = NULL;

    (void)add_pool(f, "a");
    (void)add_pool(f, "b");
    (void)add_pool(f, "c");
    at_once = scrape(f);
    pieces = scrape_in_pieces(f, 0, NULL);
    assert_non_null(strstr(at_once, first));
    assert_non_null(strstr(pieces, first));
    assert_string_equal(strstr(pieces, first), strstr(at_once, first));
    assert_int_equal(count_of(pieces, "# TYPE process_open_fds "), 1);
    for (size_t i = 1; i < 8; i++) {
        free(changed);
        changed = scrape_in_pieces(f, i, "b");
        assert_int_equal(count_of(changed, "active_leases{pool_id=\"a\"} "), 1);
        assert_int_equal(count_of(changed, "active_leases{pool_id=\"c\"} "), 1);
        assert_int_equal(count_of(changed, "preload_success_total{pool_id=\"c\"} "), 1);
        (void)add_pool(f, "b");
    }
}

/* What is under the registry lock is not waited for. */
static void test_lock(void **state)
{
    ManagerFixture *f = *state;
    _cleanup_free_ char *text = NULL;

    (void)add_pool(f, "p");
    others_lock(f, F_WRLCK);
    text = scrape(f);
    assert_line(text, "active_leases{pool_id=\"p\"} 0");
    others_unlock(f);
}

/* Each run of the daemon counts from 0. */
static void test_next_run(void **state)
{
    ManagerFixture *f = *state;
    _cleanup_free_ char *before = NULL, *after = NULL;
    Operation *o;

    becomes_ready(f, add_engine(f, "p", &o));
    crashes(f, registry_get(&f->m->registry, "p"));
    before = scrape(f);
    assert_line(before, "engine_crash_total{pool_id=\"p\",reason=\"signal\"} 1");
    settle(f);
    manager_die(f);
    manager_begin(f);
    after = scrape(f);
    assert_line(after, "engine_crash_total{pool_id=\"p\",reason=\"signal\"} 0");
    assert_line(after, "preload_success_total{pool_id=\"p\"} 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_process), manager_test(test_pools),    manager_test(test_pieces),
            manager_test(test_lock),    manager_test(test_next_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
