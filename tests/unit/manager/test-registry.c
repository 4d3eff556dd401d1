/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <stdio.h>

/* What the front ends do to the entries of the registry, and read of them. */

static const PoolUpdate slots = {.given = POOL_FIELD_SLOTS_TOTAL, .meta = {.slots_total = 2}};

/* B-REG-080, B-REG-081, B-REG-082 */
static void test_register(void **state)
{
    ManagerFixture *f = *state;
    bool is_new = false;

    assert_int_equal(manager_register(f->m, "p", NULL, &is_new, NULL), 0);
    assert_true(is_new);
    assert_int_equal(manager_register(f->m, "p", NULL, &is_new, NULL), 0);
    assert_false(is_new);
    assert_int_equal(manager_count_pools(f->m), 1);
    assert_true(has_file(f, "state/p.json"));
}

/* Nothing that is no id becomes an entry, or a file. */
static void test_bad_ids(void **state)
{
    static const char *const ids[] = {"", ".", "..", "../x", "a/b", "a b", "-a", "\xc3\xa9"};
    ManagerFixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
        Error error = {.code = PM_ERROR_NONE};
        bool is_new;

        assert_int_equal(manager_register(f->m, ids[i], NULL, &is_new, &error), -EINVAL);
        assert_int_equal(error.code, PM_ERROR_INVALID_ID);
        assert_int_equal(manager_update(f->m, ids[i], &slots, NULL, &is_new, NULL, NULL), -EINVAL);
    }
    assert_int_equal(manager_count_pools(f->m), 0);
}

/* B-REG-112: an update makes the entry; one that is refused leaves none behind. */
static void test_update(void **state)
{
    const PoolUpdate free_only = {.given = POOL_FIELD_SLOTS_FREE, .meta = {.slots_free = 1}};
    ManagerFixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};
    bool is_new = false;

    assert_int_equal(manager_update(f->m, "p", &free_only, NULL, &is_new, NULL, &error), -EINVAL);
    assert_string_equal(error.field, "slots_free");
    assert_null(manager_get_pool(f->m, "p"));
    assert_false(has_file(f, "state/p.json"));

    assert_int_equal(manager_update(f->m, "p", &slots, NULL, &is_new, NULL, NULL), 0);
    assert_true(is_new);
    assert_int_equal(manager_update(f->m, "p", &free_only, NULL, &is_new, NULL, NULL), 0);
    assert_false(is_new);
    assert_int_equal(manager_get_pool(f->m, "p")->meta.slots_total, 2);
    assert_int_equal(manager_get_pool(f->m, "p")->meta.slots_free, 1);
}

/* B-REG-083, B-REG-084, B-REG-085 */
static void test_deregister(void **state)
{
    ManagerFixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};
    Operation *o = NULL;

    (void)add_pool(f, "p");
    assert_int_equal(manager_deregister(f->m, "p", false, NULL, &o, &error), 0);
    assert_true(o->ended);
    assert_null(o->outcome.error);
    assert_null(manager_get_pool(f->m, "p"));
    assert_false(has_file(f, "state/p.json"));
    assert_true(manager_deregister(f->m, "p", false, NULL, &o, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_POOL_NOT_FOUND);

    (void)add_external(f, "p");
    assert_true(manager_deregister(f->m, "p", false, NULL, &o, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_ALREADY_RUNNING);
    assert_non_null(manager_get_pool(f->m, "p"));
    assert_int_equal(manager_deregister(f->m, "p", true, NULL, &o, &error), 0);
    assert_null(manager_get_pool(f->m, "p"));
}

/* B-REG-020, B-REG-021, B-REG-022 */
static void test_heartbeat(void **state)
{
    ManagerFixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};
    uint64_t ms = 0, now;

    assert_true(manager_heartbeat(f->m, "p", 1, &ms, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_POOL_NOT_FOUND);
    assert_int_equal(add_pool(f, "p")->last_heartbeat_real, 0);
    assert_int_equal(manager_heartbeat(f->m, "p", 1700000000123, &ms, NULL), 0);
    assert_int_equal(ms, 1700000000123);
    now = usec_to_ms(manager_now(f->m).real);
    assert_int_equal(manager_heartbeat(f->m, "p", SPEC_UNSET, &ms, NULL), 0);
    assert_true(ms >= now && ms < now + 10000);
}

static void assert_text(int r, char *text, size_t length, const char *wanted)
{
    assert_int_equal(r, 0);
    assert_int_equal(strlen(text), length);
    if (!startswith(text, wanted))
        fail_msg("%s does not start with %s", text, wanted);
    free(text);
}

/* B-REG-120, B-REG-121, B-REG-123 */
static void test_describe(void **state)
{
    ManagerFixture *f = *state;
    char *text = NULL;
    const char *a, *b, *c;
    size_t n;
    int r;

    r = manager_describe_pools(f->m, &text, &n);
    assert_text(r, text, n, "[]\n");
    assert_int_equal(manager_describe_pool(f->m, "p", &text, &n), -ENOENT); /* B-REG-003 */
    assert_int_equal(manager_describe_health(f->m, "p", &text, &n), -ENOENT);
    assert_int_equal(manager_describe_operation(f->m, 4711, &text, &n), -ENOENT);

    (void)add_pool(f, "b");
    (void)add_pool(f, "c");
    (void)add_pool(f, "a");
    assert_int_equal(manager_describe_pools(f->m, &text, &n), 0);
    a = strstr(text, "{\"pool_id\":\"a\"");
    b = strstr(text, "{\"pool_id\":\"b\"");
    c = strstr(text, "{\"pool_id\":\"c\"");
    assert_true(a && b && c && a < b && b < c);
    free(text);
    r = manager_describe_pool(f->m, "a", &text, &n);
    assert_text(r, text, n, "{\"pool_id\":\"a\",\"replica_id\":null,\"state\":\"off\"");
    r = manager_describe_health(f->m, "a", &text, &n); /* B-REG-004 */
    assert_text(r, text, n, "{\"live\":false,\"ready\":false,\"draining\":false");
}

/* B-REG-090, B-REG-091, B-REG-092, B-REG-093, B-REG-094, B-REG-095, B-REG-096 as a front end sees
 * them. */
static void test_leases(void **state)
{
    const LeaseRequest anybody = {.ttl_ms = SPEC_UNSET},
                       held = {.holder = ":1.7", .ttl_ms = SPEC_UNSET};
    ManagerFixture *f = *state;
    LeaseGrant first, second;
    Error error = {.code = PM_ERROR_NONE};
    uint64_t active = 4711;

    assert_true(manager_acquire_lease(f->m, "p", &anybody, &first, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_POOL_NOT_FOUND);
    (void)add_pool(f, "q");
    assert_true(manager_acquire_lease(f->m, "q", &anybody, &first, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_NOT_READY);

    (void)add_external(f, "p");
    assert_int_equal(manager_acquire_lease(f->m, "p", &anybody, &first, NULL), 0);
    assert_int_equal(first.active_leases, 1);
    assert_int_equal(first.generation, 1);
    assert_int_equal(manager_acquire_lease(f->m, "p", &held, &second, NULL), 0);
    assert_int_equal(second.active_leases, 2);
    assert_int_equal(manager_release_lease(f->m, "p", first.id, &active, NULL), 0);
    assert_int_equal(active, 1);
    assert_true(manager_release_lease(f->m, "p", first.id, &active, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_LEASE_NOT_FOUND);
    assert_true(manager_release_lease(f->m, "q", second.id, &active, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_LEASE_NOT_FOUND);
    assert_int_equal(manager_release_anonymous_lease(f->m, "p", &active, NULL), 0);
    assert_int_equal(active, 1); /* there is none, and that is no error */
    manager_release_holder(f->m, ":1.7");
    assert_int_equal(manager_get_pool(f->m, "p")->leases.count, 0);
    assert_int_equal(manager_release_anonymous_lease(f->m, "p", &active, NULL), 0);
    assert_int_equal(active, 0);
}

/* A lease with a time to live ends by itself. */
static void test_lease_expires(void **state)
{
    const LeaseRequest brief = {.ttl_ms = 30};
    ManagerFixture *f = *state;
    const Pool *pool = add_external(f, "p");
    usec_t deadline = loop_deadline(f);
    LeaseGrant grant;

    assert_int_equal(manager_acquire_lease(f->m, "p", &brief, &grant, NULL), 0);
    while (pool->leases.count > 0)
        run_once(f, deadline);
    assert_in_file(f, "leases/p.json", "\"leases\":[]");
}

static void test_breaker(void **state)
{
    ManagerFixture *f = *state;
    Error error = {.code = PM_ERROR_NONE};

    assert_true(manager_reset_breaker(f->m, "p", NULL, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_POOL_NOT_FOUND);
    (void)add_pool(f, "p");
    assert_int_equal(manager_reset_breaker(f->m, "p", NULL, &error), 0);
    assert_true(manager_allow_restart(f->m, "p", NULL, &error) < 0);
    assert_int_equal(error.code, PM_ERROR_BREAKER_CLOSED);
}

/* An operation reads the same until it is forgotten. */
static void test_operation(void **state)
{
    ManagerFixture *f = *state;
    Operation *o = NULL;
    char wanted[96], *text = NULL;
    size_t n;
    int r;

    (void)add_engine(f, "p", &o);
    (void)snprintf(wanted, sizeof(wanted),
                   "{\"id\":%u,\"kind\":\"preload\",\"pool_id\":\"p\",\"phase\":\"starting\","
                   "\"percent\":null,\"started_ms\":",
                   (unsigned)operation_id(o));
    r = manager_describe_operation(f->m, operation_id(o), &text, &n);
    assert_text(r, text, n, wanted);
    fake_settle(f->systemd);
    fake_reply_error(f->systemd, fake_call(f->systemd, "StartTransientUnit", 0),
                     "org.freedesktop.DBus.Error.AccessDenied", "no");
    fake_settle(f->systemd);
    assert_int_equal(manager_describe_operation(f->m, operation_id(o), &text, &n), 0);
    assert_non_null(strstr(text, "\"phase\":\"failed\""));
    assert_non_null(strstr(text, "\"result\":{\"error\":\"preload failed: "));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_register),  manager_test(test_bad_ids),
            manager_test(test_update),    manager_test(test_deregister),
            manager_test(test_heartbeat), manager_test(test_describe),
            manager_test(test_leases),    manager_test(test_lease_expires),
            manager_test(test_breaker),   manager_test(test_operation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
