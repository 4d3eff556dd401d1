/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include <errno.h>

#include "../base/alloc-fixture.h"
#include "core/reload.h"

static void replace(char **at, const char *s)
{
    free(*at);
    *at = s ? text(s) : NULL;
}

static void test_names(void **state)
{
    assert_string_equal(reload_strategy_to_string(RELOAD_DRAIN), "drain");
    assert_string_equal(reload_strategy_to_string(RELOAD_BLUE_GREEN), "blue-green");
    assert_null(reload_strategy_to_string(RELOAD_STRATEGY_MAX));
    assert_null(reload_strategy_to_string(RELOAD_STRATEGY_INVALID));
    for (ReloadPhase phase = RELOAD_NONE; phase < RELOAD_PHASE_MAX; phase++)
        assert_non_null(reload_phase_to_string(phase));
    assert_string_equal(reload_phase_to_string(RELOAD_ARRIVING), "arriving");
    assert_null(reload_phase_to_string(RELOAD_PHASE_MAX));
    assert_null(reload_phase_to_string(RELOAD_PHASE_INVALID));
}

static void test_request_free(void **state)
{
    ReloadRequest *request = calloc(1, sizeof(ReloadRequest));

    assert_non_null(request);
    request->model_ref = text("hf:next");
    request->spec = spec_full("p");
    assert_null(reload_request_free(request));
    assert_null(reload_request_free(NULL));
}

static void test_done(void **state)
{
    Reload reload = {
            .phase = RELOAD_ARRIVING,
            .model_ref = text("hf:next"),
            .next = spec_minimal("p"),
            .previous = spec_full("p"),
            .error = text("broken"),
            .failure = FAILURE_CUDA,
    };

    reload_done(&reload);
    assert_int_equal(reload.phase, RELOAD_NONE);
    assert_null(reload.model_ref);
    assert_null(reload.next);
    assert_null(reload.previous);
    assert_null(reload.error);
    assert_int_equal(reload.failure, FAILURE_NONE);
    reload_done(&reload);
}

/* Mask and replica: of the running engine, of the request, what is kept; NULL: it is refused. */
static const struct {
    const char *mask, *asked_mask, *replica, *asked_replica, *refused;
} kept[] = {
        {NULL, NULL, "r0", "r0", NULL},
        {"0", NULL, "r0", "r0", NULL},
        {"0", "0", "r1", "r1", NULL},
        {"0", NULL, "r1", "r0", NULL}, /* the default: it was left out */
        {"0", "1", "r0", "r0", "prepared.device_mask"},
        {NULL, "1", "r0", "r0", "prepared.device_mask"},
        {"0", "", "r0", "r0", "prepared.device_mask"},
        {"0", NULL, "r0", "r1", "prepared.replica_id"},
        {"0", NULL, "r1", "r2", "prepared.replica_id"},
};

static void test_keep(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(kept); i++) {
        _cleanup_spec_ EngineSpec *current = spec_minimal("p"), *next = spec_full("p");
        Error error = {.code = PM_ERROR_NONE};
        int r;

        replace(&current->device_mask, kept[i].mask);
        replace(&current->replica_id, kept[i].replica);
        replace(&next->device_mask, kept[i].asked_mask);
        replace(&next->replica_id, kept[i].asked_replica);
        r = reload_keep(current, current->device_mask, next, &error);
        if (kept[i].refused) {
            assert_int_equal(r, -EINVAL);
            assert_int_equal(error.code, PM_ERROR_INVALID_FIELD);
            assert_string_equal(error.field, kept[i].refused);
            assert_true(startswith(error.text, kept[i].refused));
            continue;
        }
        assert_int_equal(r, 0);
        assert_true(streq_ptr(next->device_mask, kept[i].mask));
        assert_string_equal(next->replica_id, kept[i].replica);
        /* And nothing else. */
        assert_string_equal(next->engine_digest, "sha256:0");
    }
}

static void test_keep_without_memory(void **state)
{
    _cleanup_spec_ EngineSpec *current = spec_full("p"), *next = spec_minimal("p");
    Error error = {.code = PM_ERROR_NONE};
    int r = 0;

    replace(&current->replica_id, "r7");
    FOR_EACH_FAILED_ALLOCATION(r = reload_keep(current, current->device_mask, next, &error), {
        assert_true(r < 0);
        assert_int_equal(error.code, PM_ERROR_INTERNAL);
    });
    assert_int_equal(r, 0);
    assert_string_equal(next->device_mask, "GPU0");
    assert_string_equal(next->replica_id, "r7");
}

/* Contract, decision 8: every flag equal to the old path, or ending in "=" and it. */
static void test_set_model(void **state)
{
    static const char *const flags[][2] = {
            {"/models/m.gguf", "/next/n"},
            {"--model=/models/m.gguf", "--model=/next/n"},
            {"=/models/m.gguf", "=/next/n"},
            {"a=b=/models/m.gguf", "a=b=/next/n"},
            {"--model", "--model"},
            {"x/models/m.gguf", "x/models/m.gguf"},
            {"/models/m.gguf.bak", "/models/m.gguf.bak"},
            {"--x=/models/m.gguf,y", "--x=/models/m.gguf,y"},
            {"--x=/models/M.gguf", "--x=/models/M.gguf"},
            {"models/m.gguf", "models/m.gguf"},
            {"", ""},
    };
    _cleanup_spec_ EngineSpec *spec = spec_full("p"), *before = NULL;

    spec->flags = strv_free(spec->flags);
    for (size_t i = 0; i < ELEMENTSOF(flags); i++)
        assert_int_equal(strv_extend(&spec->flags, flags[i][0]), 0);
    assert_int_equal(engine_spec_copy(spec, &before), 0);
    assert_int_equal(engine_spec_set_model(spec, "/next/n", "hf:next"), 0);
    for (size_t i = 0; i < ELEMENTSOF(flags); i++)
        assert_string_equal(spec->flags[i], flags[i][1]);
    assert_null(spec->flags[ELEMENTSOF(flags)]);
    assert_string_equal(spec->model_path, "/next/n");
    assert_string_equal(spec->model_id, "hf:next");
    /* There and back again. */
    assert_int_equal(engine_spec_set_model(spec, "/models/m.gguf", "model"), 0);
    assert_true(engine_spec_equal(spec, before));
}

/* A reference that is only a path is no name. */
static void test_set_model_id(void **state)
{
    static const struct {
        const char *ref, *id;
    } table[] = {
            {"/next/n", NULL},      {"file:/next/n", NULL}, {"file:///next/n", NULL},
            {"hf:a/b", "hf:a/b"},   {"name", "name"},       {"https://h/n", "https://h/n"},
            {"files/n", "files/n"},
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        _cleanup_spec_ EngineSpec *spec = spec_full("p");

        assert_int_equal(engine_spec_set_model(spec, "/next/n", table[i].ref), 0);
        assert_true(streq_ptr(spec->model_id, table[i].id));
    }
}

static void test_set_model_without_flags(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");

    assert_int_equal(engine_spec_set_model(spec, "/next/n", "next"), 0);
    assert_null(spec->flags);
    assert_string_equal(spec->model_path, "/next/n");
}

/* All or nothing. */
static void test_set_model_without_memory(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_full("p"), *before = spec_full("p");
    int r = 0;

    assert_int_equal(strv_extend(&spec->flags, "--model=/models/m.gguf"), 0);
    assert_int_equal(strv_extend(&before->flags, "--model=/models/m.gguf"), 0);
    FOR_EACH_FAILED_ALLOCATION(r = engine_spec_set_model(spec, "/next/n", "next"), {
        assert_int_equal(r, -ENOMEM);
        assert_true(engine_spec_equal(spec, before));
    });
    assert_int_equal(r, 0);
    assert_string_equal(spec->flags[2], "--model=/next/n");
}

static void test_has_model(void **state)
{
    static const struct {
        const char *ref;
        bool same;
    } table[] = {
            {"/models/m.gguf", true},
            {"file:/models/m.gguf", true},
            {"file:///models/m.gguf", true},
            {"model", true},
            {"file://models/m.gguf", false},
            {"file:model", false},
            {"/models/m.gguf/", false},
            {"/models/m.ggu", false},
            {"//models/m.gguf", false},
            {"///models/m.gguf", false},
            {"models/m.gguf", false},
            {"file:/models/m.gguf#sha256=0", false},
            {"Model", false},
            {"file:", false},
            {"", false},
    };
    _cleanup_spec_ EngineSpec *spec = spec_full("p"), *unnamed = spec_minimal("p");

    for (size_t i = 0; i < ELEMENTSOF(table); i++)
        if (engine_spec_has_model(spec, table[i].ref) != table[i].same)
            fail_msg("%s", table[i].ref);
    assert_true(engine_spec_has_model(unnamed, "/models/m.gguf"));
    assert_false(engine_spec_has_model(unnamed, "model"));
}

/* The copy is the same, and shares nothing. */
static void test_copy(void **state)
{
    EngineSpec *(*const make[])(const char *) = {spec_minimal, spec_full};

    for (size_t i = 0; i < ELEMENTSOF(make); i++) {
        _cleanup_spec_ EngineSpec *copy = NULL, *same = make[i]("p");
        EngineSpec *spec = make[i]("p");

        assert_int_equal(engine_spec_copy(spec, &copy), 0);
        assert_true(engine_spec_equal(spec, copy));
        (void)engine_spec_free(spec);
        assert_true(engine_spec_equal(copy, same));
    }
}

static void test_copy_without_memory(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_full("p"), *same = spec_full("p");
    EngineSpec *copy = NULL;
    int r = 0;

    FOR_EACH_FAILED_ALLOCATION(r = engine_spec_copy(spec, &copy), {
        assert_int_equal(r, -ENOMEM);
        assert_null(copy);
        assert_true(engine_spec_equal(spec, same));
    });
    assert_int_equal(r, 0);
    assert_true(engine_spec_equal(copy, same));
    engine_spec_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_names),
            cmocka_unit_test(test_request_free),
            cmocka_unit_test(test_done),
            cmocka_unit_test(test_keep),
            cmocka_unit_test(test_keep_without_memory),
            cmocka_unit_test(test_set_model),
            cmocka_unit_test(test_set_model_id),
            cmocka_unit_test(test_set_model_without_flags),
            cmocka_unit_test(test_set_model_without_memory),
            cmocka_unit_test(test_has_model),
            cmocka_unit_test(test_copy),
            cmocka_unit_test(test_copy_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
