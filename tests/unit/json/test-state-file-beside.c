/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/thorough.h"
#include "state-fixture.h"
#include "json/encode.h"
#include "json/leases_file.h"
#include "json/reader.h"
#include "json/state_file.h"

/* Two engines of one pool, and the leases of both, outlive the daemon. */

static EngineSpec *spec_of(StateSpec which)
{
    Pool *pool = pool_of(which, POOL_READY);
    EngineSpec *spec = TAKE_PTR(pool->spec);

    pool_free(pool);
    return spec;
}

static Pool *beside_of(PoolRole role, PoolState state)
{
    Pool *pool = pool_of(STATE_SPEC_SMALL, state);

    pool->role = role;
    pool->generation = 2;
    pool->judging = state == POOL_FAILED;
    pool->drain_deadline = role == ROLE_LEAVING ? 12345 : USEC_INFINITY;
    return pool;
}

static Pool *pool_with(PoolRole role, PoolState state)
{
    Pool *pool = pool_of(STATE_SPEC_LARGE, POOL_READY);

    pool->generation = role == ROLE_ARRIVING ? 1 : 3;
    pool->last_generation = 3;
    pool->beside = beside_of(role, state);
    if (role != ROLE_ARRIVING)
        return pool;
    pool->operation = (PoolOperation){
            .kind = OPERATION_RELOAD, .id = 7, .started = {.real = 1700000000000000, .mono = 5}};
    pool->reload.phase = RELOAD_BESIDE;
    pool->reload.strategy = RELOAD_BLUE_GREEN;
    pool->reload.free_port = 40001;
    pool->reload.within_usec = 30000000;
    pool->reload.model_ref = strdup("hf:next");
    pool->reload.next = spec_of(STATE_SPEC_SMALL);
    return pool;
}

static const PoolState states[] = {POOL_PREFLIGHT, POOL_STARTING, POOL_WARMING, POOL_DRAINING,
                                   POOL_STOPPING,  POOL_ADOPTING, POOL_FAILED};

static void test_round_trip(void **state)
{
    for (size_t i = 0; i < 2 * ELEMENTSOF(states); i++) {
        PoolRole role = i % 2 ? ROLE_ARRIVING : ROLE_LEAVING;
        _cleanup_(pool_freep) Pool *pool = pool_with(role, states[i / 2]), *read = NULL;
        _cleanup_free_ char *text = state_text(pool), *again = NULL;

        read = state_parse(text);
        assert_non_null(read->beside);
        assert_int_equal(read->beside->role, role);
        assert_int_equal(read->beside->state, states[i / 2]);
        assert_int_equal(read->beside->generation, 2);
        assert_int_equal(read->beside->drain_deadline, pool->beside->drain_deadline);
        assert_true(engine_spec_equal(read->beside->spec, pool->beside->spec));
        assert_string_equal(read->beside->meta.device_mask, read->meta.device_mask);
        assert_int_equal(read->reload.phase, pool->reload.phase);
        assert_int_equal(read->reload.strategy, pool->reload.strategy);
        assert_int_equal(read->reload.free_port, pool->reload.free_port);
        assert_int_equal(read->reload.within_usec, pool->reload.within_usec);
        assert_int_equal(read->operation.kind, pool->operation.kind);
        again = state_text(read);
        assert_string_equal(text, again);
    }
}

/* A stop whose own engine is gone waits for the other one still. */
static void test_waiting_operation(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(ROLE_LEAVING, POOL_STOPPING), *read = NULL;
    _cleanup_free_ char *text = NULL;

    pool->state = POOL_OFF;
    pool->operation = (PoolOperation){.kind = OPERATION_STOP, .id = 7};
    text = state_text(pool);
    read = state_parse(text);
    assert_int_equal(read->operation.kind, OPERATION_STOP);
}

static const struct {
    const char *text; /* instead of it */
    const char *by;
    const char *field, *part;
} refused[] = {
        {"\"role\": \"arriving\"", "\"role\": \"serving\"", "beside.role", "arriving"},
        {"\"generation\": 2", "\"generation\": 1", "beside.generation", "not that of"},
        {"\"generation\": 2", "\"generation\": 0", "beside.generation", "at least 1"},
        {"\"role\": \"serving\"", "\"role\": \"leaving\"", "role", "serving"},
        {"\"role\": \"arriving\"", "\"role\": \"leaving\"", "beside", "are required"},
        {"\"state\": \"warming\"", "\"state\": \"off\"", "beside.state", "got off"},
        {"\"beside_spec\"", "\"nothing\"", "beside_spec", "is required"},
        {"\"beside\": {", "\"beside\": 1, \"nothing\": {", "beside", "must be an object"},
        {"\"beside\": {", "\"nothing\": {", "beside", "are required"},
};

/* A copy of `text` with the first `from` replaced. */
static char *replaced(const char *text, const char *from, const char *by)
{
    const char *at = strstr(text, from);
    char *copy = NULL;

    assert_non_null(at);
    assert_true(asprintf(&copy, "%.*s%s%s", (int)(at - text), text, by, at + strlen(from)) > 0);
    return copy;
}

static void test_refused(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(ROLE_ARRIVING, POOL_WARMING);
    _cleanup_free_ char *text = state_text(pool);

    for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
        _cleanup_free_ char *damaged = replaced(text, refused[i].text, refused[i].by);
        _cleanup_(pool_freep) Pool *read = NULL;
        Error error = {.code = PM_ERROR_NONE};

        if (state_file_parse(damaged, strlen(damaged), "p1", &read, &error) != -EINVAL)
            fail_msg("%s was taken", refused[i].by);
        assert_error(refused[i].by, &error, PM_ERROR_INVALID_FIELD, refused[i].field,
                     refused[i].part);
    }
}

/* Damaged at any byte: refused or read, never a crash, and nothing is leaked. */
static void test_damaged(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(ROLE_ARRIVING, POOL_WARMING);
    _cleanup_free_ char *text = state_text(pool);
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i += thorough_stride()) {
        _cleanup_(pool_freep) Pool *read = NULL;
        char bit = (char)(1 << (i % 8)), before = text[i];
        int r;

        text[i] = (char)(before ^ bit);
        r = state_file_parse(text, length, "p1", &read, NULL);
        assert_true(r == 0 || r == -EINVAL);
        assert_int_equal(read != NULL, r == 0);
        text[i] = before;
    }
}

static void lease(Pool *engine, const char *owner)
{
    Lease *lease = calloc(1, sizeof(Lease));

    assert_non_null(lease);
    lease->number = engine->leases.last_number + 1;
    lease->owner = strdup(owner);
    lease->expires = USEC_INFINITY;
    lease_append(engine, lease);
}

/* Also when the two have changed places since, which the other file was too late to tell. */
static void test_leases(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(ROLE_LEAVING, POOL_DRAINING), *same = NULL,
                               *exchanged = NULL;
    _cleanup_free_ char *text = NULL;
    size_t length;

    lease(pool, "new");
    lease(pool->beside, "old");
    lease(pool->beside, "older");
    assert_int_equal(json_text(json_leases_file(pool), false, &text, &length), 0);
    same = pool_with(ROLE_LEAVING, POOL_DRAINING);
    assert_int_equal(leases_file_parse(text, length, same, NULL), 0);
    assert_int_equal(same->leases.count, 1);
    assert_string_equal(same->leases.first->owner, "new");
    assert_int_equal(same->beside->leases.count, 2);
    assert_string_equal(same->beside->leases.first->owner, "old");

    exchanged = pool_with(ROLE_LEAVING, POOL_DRAINING);
    pool_exchange_engines(exchanged, exchanged->beside);
    assert_int_equal(leases_file_parse(text, length, exchanged, NULL), 0);
    assert_int_equal(exchanged->leases.count, 2);
    assert_int_equal(exchanged->beside->leases.count, 1);

    for (size_t i = 0; i < length; i += thorough_stride()) {
        _cleanup_(pool_freep) Pool *again = pool_with(ROLE_LEAVING, POOL_DRAINING);
        char before = text[i];

        text[i] = (char)(before ^ (char)(1 << (i % 8)));
        (void)leases_file_parse(text, length, again, NULL);
        text[i] = before;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_round_trip), cmocka_unit_test(test_waiting_operation),
            cmocka_unit_test(test_refused),    cmocka_unit_test(test_damaged),
            cmocka_unit_test(test_leases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
