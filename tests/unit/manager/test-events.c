/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-fixture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "json/encode.h"

/* The ring of events. */

static void add(ManagerFixture *f, uint64_t number)
{
    char id[32];

    (void)snprintf(id, sizeof(id), "p%" PRIu64, number);
    events_add(f->m, "pool_removed", id, json_pool_id(id));
}

static void assert_event(ManagerFixture *f, uint64_t id)
{
    ManagerEvent event;
    char data[64], pool_id[32];

    assert_true(manager_get_event(f->m, id, &event));
    assert_true(event.id == id);
    assert_string_equal(event.type, "pool_removed");
    (void)snprintf(pool_id, sizeof(pool_id), "p%" PRIu64, id);
    assert_string_equal(event.pool_id, pool_id);
    (void)snprintf(data, sizeof(data), "{\"pool_id\":\"p%" PRIu64 "\"}", id);
    assert_string_equal(event.data, data); /* one line, without its end */
    assert_int_equal(event.length, strlen(data));
}

static void assert_none(ManagerFixture *f, uint64_t id)
{
    ManagerEvent event = {.id = 4711};

    assert_false(manager_get_event(f->m, id, &event));
    assert_true(event.id == 4711);
}

static void test_empty(void **state)
{
    ManagerFixture *f = *state;

    assert_int_equal(manager_first_event(f->m), 0);
    assert_int_equal(manager_last_event(f->m), 0);
    assert_none(f, 0);
    assert_none(f, 1);
    assert_none(f, EVENTS_MAX);
    assert_none(f, UINT64_MAX);
}

/* They count up from 1, and all are there until the ring is full. */
static void test_order(void **state)
{
    ManagerFixture *f = *state;

    for (uint64_t n = 1; n <= EVENTS_MAX; n++) {
        add(f, n);
        assert_int_equal(manager_first_event(f->m), 1);
        assert_int_equal(manager_last_event(f->m), n);
    }
    for (uint64_t n = 1; n <= EVENTS_MAX; n++)
        assert_event(f, n);
    assert_none(f, 0);
    assert_none(f, EVENTS_MAX + 1);
}

/* Then each new one takes the place of the oldest. */
static void test_overrun(void **state)
{
    enum { EVENTS = 3 * EVENTS_MAX + 17 };
    ManagerFixture *f = *state;

    for (uint64_t n = 1; n <= EVENTS; n++)
        add(f, n);
    assert_int_equal(manager_last_event(f->m), EVENTS);
    assert_int_equal(manager_first_event(f->m), EVENTS - EVENTS_MAX + 1);
    for (uint64_t n = 0; n < EVENTS + EVENTS_MAX + 2; n++) {
        if (n >= manager_first_event(f->m) && n <= EVENTS)
            assert_event(f, n);
        else
            assert_none(f, n);
    }
}

/* One that memory does not suffice for is lost, and takes no number. */
static void test_lost(void **state)
{
    ManagerFixture *f = *state;

    add(f, 1);
    events_add(f->m, "pool", "p", NULL);
    assert_int_equal(manager_last_event(f->m), 1);
    add(f, 2);
    assert_event(f, 1);
    assert_event(f, 2);
}

/* So that who comes back knows whether his numbers mean anything. */
static void test_run_id(void **state)
{
    ManagerFixture *f = *state;
    char before[RUN_ID_LENGTH + 1];
    const char *id = manager_run_id(f->m);

    assert_int_equal(strlen(id), RUN_ID_LENGTH);
    assert_int_equal(strspn(id, "0123456789abcdef"), RUN_ID_LENGTH);
    memcpy(before, id, sizeof(before));
    manager_die(f);
    manager_begin(f);
    assert_string_not_equal(before, manager_run_id(f->m));
    assert_int_equal(manager_last_event(f->m), 0);
}

/* What a listener has heard, as "type pool" one after the other. */
static void on_event(const ManagerEvent *event, void *userdata)
{
    char *heard = userdata;
    size_t n = strlen(heard);

    (void)snprintf(heard + n, 256 - n, "%s %s %" PRIu64 ";", event->type, event->pool_id,
                   event->id);
}

static void test_listeners(void **state)
{
    ManagerFixture *f = *state;
    char first[256] = "", second[256] = "";
    const ManagerListener listeners[] = {
            {.event_added = on_event, .userdata = first},
            {.event_added = NULL},
            {.event_added = on_event, .userdata = second},
    };

    for (size_t i = 0; i < ELEMENTSOF(listeners); i++)
        assert_int_equal(manager_add_listener(f->m, &listeners[i]), 0);
    (void)add_pool(f, "b");
    (void)add_pool(f, "a");
    assert_string_equal(first, "pool b 1;pool a 2;");
    assert_string_equal(first, second);
    for (size_t i = ELEMENTSOF(listeners); i < LISTENERS_MAX; i++)
        assert_int_equal(manager_add_listener(f->m, &listeners[1]), 0);
    assert_int_equal(manager_add_listener(f->m, &listeners[1]), -E2BIG);
}

/* A heartbeat alone changes nothing that is worth an event. */
static void test_only_changes(void **state)
{
    ManagerFixture *f = *state;
    uint64_t ms;
    bool is_new;

    (void)add_pool(f, "p");
    assert_int_equal(manager_last_event(f->m), 1);
    assert_int_equal(manager_heartbeat(f->m, "p", 4711, &ms, NULL), 0);
    settle(f);
    assert_int_equal(manager_last_event(f->m), 1);
    assert_int_equal(manager_update(f->m, "p",
                                    &(PoolUpdate){.given = POOL_FIELD_SLOTS_TOTAL,
                                                  .meta = {.slots_total = 3}},
                                    NULL, &is_new, NULL, NULL),
                     0);
    settle(f);
    assert_int_equal(manager_last_event(f->m), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            manager_test(test_empty),        manager_test(test_order),
            manager_test(test_overrun),      manager_test(test_lost),
            manager_test(test_run_id),       manager_test(test_listeners),
            manager_test(test_only_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
