/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/thorough.h"
#include "state-fixture.h"
#include "json/encode.h"
#include "json/reader.h"
#include "json/state_file.h"

/* A reload that is under way, and an engine that is to be judged, outlive the daemon. */

static char *copy(const char *s)
{
    char *c = strdup(s);

    assert_non_null(c);
    return c;
}

static EngineSpec *spec_of(StateSpec which)
{
    Pool *pool = pool_of(which, POOL_READY);
    EngineSpec *spec = TAKE_PTR(pool->spec);

    pool_free(pool);
    return spec;
}

/* In each phase, the states in which a pool can be saved. */
static const struct {
    ReloadPhase phase;
    PoolState state;
    bool next, previous;
} places[] = {
        {RELOAD_DRAINING, POOL_DRAINING, false, false},
        {RELOAD_DRAINING, POOL_DRAINING, true, false},
        {RELOAD_DRAINING, POOL_ADOPTING, true, false},
        {RELOAD_DRAINING, POOL_STOPPING, false, false},
        {RELOAD_DRAINING, POOL_FAILED, true, false},
        {RELOAD_STAGING, POOL_DRAINING, false, false},
        {RELOAD_STAGING, POOL_ADOPTING, false, false},
        {RELOAD_STAGING, POOL_STOPPING, false, false},
        {RELOAD_STAGING, POOL_FAILED, false, false},
        {RELOAD_LEAVING, POOL_STOPPING, true, false},
        {RELOAD_ARRIVING, POOL_PREFLIGHT, false, true},
        {RELOAD_ARRIVING, POOL_STARTING, false, true},
        {RELOAD_ARRIVING, POOL_WARMING, false, true},
        {RELOAD_ARRIVING, POOL_STOPPING, false, true},
        {RELOAD_ARRIVING, POOL_FAILED, false, true},
        {RELOAD_RETURNING, POOL_PREFLIGHT, false, false},
        {RELOAD_RETURNING, POOL_STARTING, false, false},
        {RELOAD_RETURNING, POOL_WARMING, false, false},
        {RELOAD_RETURNING, POOL_STOPPING, false, false},
        {RELOAD_RETURNING, POOL_FAILED, false, false},
};

static Pool *pool_at(size_t i)
{
    Pool *pool = pool_of(STATE_SPEC_LARGE, places[i].state);

    pool->operation = (PoolOperation){
            .kind = OPERATION_RELOAD, .id = 7, .started = {.real = 1700000000000000, .mono = 5}};
    pool->reload.phase = places[i].phase;
    pool->reload.model_ref = copy("hf:a/\"b\"\xc3\xa9");
    pool->reload.next = places[i].next ? spec_of(STATE_SPEC_SMALL) : NULL;
    pool->reload.previous = places[i].previous ? spec_of(STATE_SPEC_SMALL) : NULL;
    pool->judging = places[i].state == POOL_FAILED;
    if (places[i].phase == RELOAD_RETURNING) {
        pool->reload.failure = FAILURE_VRAM_OOM;
        pool->reload.error = longest_text('x');
    }
    return pool;
}

static void test_round_trip(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(places); i++) {
        _cleanup_(pool_freep) Pool *pool = pool_at(i), *read = NULL;
        _cleanup_free_ char *text = state_text(pool), *again = NULL;

        read = state_parse(text);
        assert_same(pool, read);
        again = state_text(read);
        assert_string_equal(text, again);
    }
}

/* What was ready when the reload ended, or never had one, has none. */
static void test_no_reload(void **state)
{
    static const PoolState states[] = {POOL_OFF,     POOL_READY,  POOL_BACKOFF,
                                       POOL_TRIPPED, POOL_FAILED, POOL_EXTERNAL};

    for (size_t i = 0; i < ELEMENTSOF(states); i++) {
        _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_SMALL, states[i]), *read = NULL;
        _cleanup_free_ char *text = NULL;

        pool->operation = (PoolOperation){.kind = OPERATION_RELOAD, .id = 7};
        pool->reload.phase = RELOAD_ARRIVING;
        pool->reload.model_ref = copy("hf:next");
        pool->reload.previous = spec_of(STATE_SPEC_LARGE);
        text = state_text(pool);
        read = state_parse(text);
        assert_int_equal(read->operation.kind, OPERATION_NONE);
        assert_int_equal(read->reload.phase, RELOAD_NONE);
        assert_null(read->reload.model_ref);
        assert_null(read->reload.previous);
    }
}

/* Whoever waits for an engine that is to be judged goes on waiting. */
static void test_judging(void **state)
{
    static const OperationKind kinds[] = {OPERATION_NONE, OPERATION_PRELOAD, OPERATION_RESTART,
                                          OPERATION_DRAIN};

    for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
        _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_SMALL, POOL_FAILED), *read = NULL;
        _cleanup_free_ char *text = NULL;

        pool->operation = (PoolOperation){.kind = kinds[i], .id = kinds[i] ? 7 : 0};
        pool->judging = true;
        pool->end.set_up = i % 2;
        pool->last_error_class = FAILURE_SIGNAL;
        text = state_text(pool);
        read = state_parse(text);
        assert_same(pool, read);
        /* Neither "exited with status 0" nor a signal. */
        assert_int_equal(read->end.exit_status, -1);
        assert_int_equal(read->end.signal, 0);
    }
}

/* An engine that has ended, whose memory of a GPU is waited for. */
static void test_releasing(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_SMALL, POOL_STOPPING), *read = NULL;
    _cleanup_free_ char *text = NULL;

    pool->releasing = true;
    pool->held_pid = 4711;
    text = state_text(pool);
    read = state_parse(text);
    assert_same(pool, read);
}

/* What was saved by a version that knew none of them. */
static void test_older_version(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_SMALL, POOL_READY), *read = NULL;
    json_object *file = json_state_file(pool);
    _cleanup_free_ char *text = NULL;
    size_t length;

    assert_non_null(file);
    json_object_object_del(file, "reload");
    json_object_object_del(file, "judging");
    json_object_object_del(file, "releasing");
    json_object_object_del(file, "held_pid");
    json_object_object_del(file, "end_set_up");
    assert_int_equal(json_text(file, true, &text, &length), 0);
    read = state_parse(text);
    assert_same(pool, read);
}

enum {
    DRAINING_AT = 1,
    LEAVING_AT = 9,
    ARRIVING_AT = 12,
    JUDGED_AT = 14,
};

/* A member of a good file replaced by the JSON text `value`, or taken away where that is NULL. */
static const struct {
    size_t place;
    const char *member, *value, *field, *part;
} refused[] = {
        {DRAINING_AT, "reload", NULL, "reload", "must have a phase"},
        {DRAINING_AT, "reload", "{}", "reload.phase", "is required"},
        {DRAINING_AT, "reload", "{\"phase\": \"dancing\", \"model_ref\": \"m\"}", "reload.phase",
         "got \"dancing\""},
        {DRAINING_AT, "reload", "{\"phase\": \"none\", \"model_ref\": \"m\"}", "reload",
         "must have a phase"},
        {DRAINING_AT, "reload", "{\"phase\": \"draining\"}", "reload", "and a model_ref"},
        {DRAINING_AT, "reload",
         "{\"phase\": \"draining\", \"model_ref\": \"m\", \"failure\": \"meteor\"}",
         "reload.failure", "got \"meteor\""},
        {DRAINING_AT, "reload_next", "{}", "reload_next.pool_id", "is required"},
        {DRAINING_AT, "reload_next", "7", "reload_next", "must be an object or null"},
        {LEAVING_AT, "reload_next", NULL, "reload_next", "is required while the old engine leaves"},
        {LEAVING_AT, "reload_next", "null", "reload_next", "is required"},
        {LEAVING_AT, "reload_next",
         "{\"pool_id\": \"p2\", \"binary_path\": \"/bin/x\", \"flags\": [], \"host\": \"::1\","
         "\"port\": 1, \"model_path\": \"m\", \"engine_version\": \"v\"}",
         "reload_next.pool_id", "must be \"p1\", got \"p2\""},
        {ARRIVING_AT, "reload_previous", NULL, "reload_previous",
         "is required while the new engine arrives"},
        {ARRIVING_AT, "reload_previous", "[]", "reload_previous", "must be an object or null"},
        {ARRIVING_AT, "judging", "1", "judging", "must be true or false"},
        {ARRIVING_AT, "judging", "true", "judging", "must be false in the state warming"},
        {ARRIVING_AT, "releasing", "true", "releasing", "must be false in the state warming"},
        {ARRIVING_AT, "held_pid", "-1", "held_pid", "must be"},
        {JUDGED_AT, "spec", "null", "spec", "is required"},
};

static void test_refused(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
        _cleanup_(pool_freep) Pool *pool = pool_at(refused[i].place), *read = NULL;
        json_object *file = json_state_file(pool), *value = NULL;
        _cleanup_free_ char *text = NULL;
        Error error = {.code = PM_ERROR_NONE};
        size_t length;

        assert_non_null(file);
        json_object_object_del(file, refused[i].member);
        if (refused[i].value) {
            assert_int_equal(json_read(refused[i].value, strlen(refused[i].value), &value, NULL),
                             0);
            assert_int_equal(json_object_object_add(file, refused[i].member, value), 0);
        }
        assert_int_equal(json_text(file, false, &text, &length), 0);
        if (state_file_parse(text, length, "p1", &read, &error) != -EINVAL)
            fail_msg("%s = %s was taken", refused[i].member,
                     refused[i].value ? refused[i].value : "nothing");
        assert_error(refused[i].member, &error, PM_ERROR_INVALID_FIELD, refused[i].field,
                     refused[i].part);
        assert_null(read);
    }
}

/* Damaged at any byte: refused or read, never a crash, and nothing is leaked. */
static void test_damaged(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_at(ARRIVING_AT);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_no_reload),
            cmocka_unit_test(test_judging),       cmocka_unit_test(test_releasing),
            cmocka_unit_test(test_older_version), cmocka_unit_test(test_refused),
            cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
