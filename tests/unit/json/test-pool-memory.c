/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state-fixture.h"

#include <errno.h>

#include "json/encode.h"
#include "json/pool_memory.h"

static const char boot_id[] = "0123456789abcdef0123456789ABCDEF";

/* Everything is set. */
static PoolMemory *full_memory(void)
{
    _cleanup_(pool_freep) Pool *pool = pool_of(STATE_SPEC_LARGE, POOL_OFF);
    PoolMemory *memory = calloc(1, sizeof(*memory));

    assert_non_null(memory);
    memcpy(memory->boot_id, boot_id, sizeof(memory->boot_id));
    memory->generation = INT64_MAX;
    memory->spec = TAKE_PTR(pool->spec);
    fill_supervision(&memory->supervision, TIME_WINDOW_MAX);
    return memory;
}

static char *text_of(const PoolMemory *memory)
{
    char *text = NULL;
    size_t length;

    assert_int_equal(json_text(json_pool_memory(memory), true, &text, &length), 0);
    return text;
}

static void test_round_trip(void **state)
{
    _cleanup_(pool_memory_freep) PoolMemory *memory = full_memory(), *read = NULL;
    _cleanup_free_ char *text = text_of(memory);
    Error error = {0};

    if (pool_memory_parse(text, strlen(text), "p1", &read, &error) < 0)
        fail_msg("%s", error.text);
    assert_string_equal(read->boot_id, boot_id);
    assert_true(read->generation == INT64_MAX);
    assert_true(engine_spec_equal(read->spec, memory->spec));
    assert_same_supervision(&read->supervision, &memory->supervision);
}

/* Cut anywhere: refused, and nothing is returned. */
static void test_cut(void **state)
{
    _cleanup_(pool_memory_freep) PoolMemory *memory = full_memory();
    _cleanup_free_ char *text = text_of(memory);
    size_t length = strlen(text);

    for (size_t i = 0; i + 1 < length; i++) {
        char *cut = copy_exactly(text, i);
        PoolMemory *read = NULL;
        Error error = {0};

        assert_int_equal(pool_memory_parse(cut, i, "p1", &read, &error), -EINVAL);
        assert_true(error_is_set(&error));
        assert_null(read);
        free(cut);
    }
}

/* The text of a good file in which a member is another one, or missing (NULL). */
static char *text_with(const char *name, const char *value)
{
    _cleanup_(pool_memory_freep) PoolMemory *memory = full_memory();
    json_object *object = json_pool_memory(memory);
    char *text = NULL;
    size_t length;

    assert_non_null(object);
    json_object_object_del(object, name);
    if (value)
        assert_int_equal(json_object_object_add(object, name, json_tokener_parse(value)), 0);
    assert_int_equal(json_text(object, false, &text, &length), 0);
    return text;
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *value, *field, *part;
    } cases[] = {
            {"format", NULL, "format", "is required"},
            {"format", "2", "format", "got 2"},
            {"format", "\"1\"", "format", "got \"1\""},
            {"pool_id", NULL, "pool_id", "is required"},
            {"pool_id", "\"p2\"", "pool_id", "must be \"p1\""},
            {"boot_id", NULL, "boot_id", "is required"},
            {"boot_id", "7", "boot_id", "got 7"},
            {"generation", NULL, "generation", "is required"},
            {"generation", "-1", "generation", "got -1"},
            {"supervision", NULL, "supervision", "must be an object"},
            {"supervision", "[]", "supervision", "must be an object"},
            {"supervision", "{\"general_open\": 1}", "supervision.general_open", "got 1"},
            {"spec", NULL, "spec", "must be an object"},
            {"spec", "null", "spec", "must be an object"},
            {"spec", "{}", "spec.pool_id", "is required"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *text = text_with(cases[i].name, cases[i].value);
        PoolMemory *read = NULL;
        Error error = {0};

        assert_int_equal(pool_memory_parse(text, strlen(text), "p1", &read, &error), -EINVAL);
        assert_error(text, &error, PM_ERROR_INVALID_FIELD, cases[i].field, cases[i].part);
        assert_null(read);
    }
}

/* The file says one pool, its spec another one. */
static void test_other_pool(void **state)
{
    _cleanup_(pool_memory_freep) PoolMemory *memory = full_memory(), *read = NULL;
    _cleanup_free_ char *text = NULL;
    json_object *object = json_pool_memory(memory), *spec = NULL;
    Error error = {0};
    size_t length;

    assert_true(json_object_object_get_ex(object, "spec", &spec));
    assert_int_equal(json_object_object_add(spec, "pool_id", json_object_new_string("p2")), 0);
    assert_int_equal(json_text(object, false, &text, &length), 0);
    assert_int_equal(pool_memory_parse(text, length, "p1", &read, &error), -EINVAL);
    assert_error(text, &error, PM_ERROR_INVALID_FIELD, "spec.pool_id", "must be \"p1\"");
    assert_int_equal(pool_memory_parse("[]", 2, "p1", &read, NULL), -EINVAL);
    assert_null(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_round_trip),
            cmocka_unit_test(test_cut),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_other_pool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
