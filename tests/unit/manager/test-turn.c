/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../gpu/gpu-fixture.h"
#include "manager-fixture.h"

#include <stdio.h>

/* Starts on a host with two GPUs, whose driver says what is free on the first. */

#define MIB ((uint64_t)1 << 20)

typedef struct TurnFixture {
    ManagerFixture *f;
    GpuFolder *driver;
} TurnFixture;

static void set_free(const TurnFixture *t, unsigned mib)
{
    char text[256];

    (void)snprintf(
            text, sizeof(text),
            "gpu 0000:41:00.0 GPU-aaaa 8192 %u one\ngpu 0000:c1:00.0 GPU-bbbb 8192 8000 two\n",
            mib);
    gpu_folder_set_driver(t->driver, text);
}

static int setup(void **state)
{
    TurnFixture *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    gpu_folder_setup((void **)&t->driver);
    set_free(t, 8000);
    manager_setup((void **)&t->f);
    manager_die(t->f);
    free(t->f->settings->nvml_library);
    t->f->settings->nvml_library = strdup(FAKE_NVML_LIBRARY);
    assert_non_null(t->f->settings->nvml_library);
    manager_begin(t->f);
    await_devices(t->f);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    TurnFixture *t = *state;

    manager_teardown((void **)&t->f);
    gpu_folder_teardown((void **)&t->driver);
    free(t);
    return 0;
}

/* Preloads an engine on the first GPU that needs so much of it. */
static Pool *preload(const TurnFixture *t, const char *id, const char *mask, uint64_t vram_bytes)
{
    static uint16_t port = 9;
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation;
    EngineSpec *spec = NULL;

    assert_int_equal(engine_spec_new(&spec), 0);
    spec->pool_id = strdup(id);
    spec->replica_id = strdup("r0");
    spec->binary_path = strdup("/bin/true");
    spec->host = strdup("192.0.2.1"); /* not of this host: nobody listens there */
    spec->port = port++;
    spec->model_path = strdup("a-model");
    spec->engine = strdup("llamacpp");
    spec->engine_version = strdup("b1");
    spec->vram_bytes = vram_bytes;
    spec->device_mask = mask ? strdup(mask) : NULL;
    if (manager_preload(t->f->m, &spec, NULL, NULL, &operation, &error) < 0)
        fail_msg("%s", error.text);
    return registry_get(&t->f->m->registry, id);
}

static void await(const TurnFixture *t, const Pool *pool, PoolState state)
{
    usec_t deadline = loop_deadline(t->f);

    while (pool->state != state)
        run_once(t->f, deadline);
}

static void assert_waits(const Pool *pool, const char *other)
{
    const PoolShell *shell = pool_shell(pool);
    const char *found = turn_waits_for(shell->manager, shell);

    if (!streq_ptr(found, other))
        fail_msg("%s waits for %s", pool->id, found ? found : "nobody");
}

static void test_one_after_the_other(void **state)
{
    const TurnFixture *t = *state;
    const Pool *a = preload(t, "a", "0", MIB), *b = preload(t, "b", "GPU0", MIB),
               *all = preload(t, "all", NULL, MIB), *other = preload(t, "other", "1", MIB),
               *none = preload(t, "none", NULL, 0);

    await(t, a, POOL_STARTING);
    assert_waits(b, "a");
    assert_waits(all, "a");
    /* It came after the one that needs both. */
    assert_waits(other, "all");
    await(t, none, POOL_STARTING);
    assert_int_equal(b->state, POOL_PREFLIGHT);
    becomes_ready(t->f, a);
    await(t, b, POOL_STARTING);
    crashes(t->f, b);
    await(t, all, POOL_STARTING);
    assert_waits(other, "all");
    becomes_ready(t->f, all);
    await(t, other, POOL_STARTING);
}

/* What was known a moment before is not what the engine that is ready now has left. */
static void test_memory_is_looked_at_anew(void **state)
{
    const TurnFixture *t = *state;
    const Pool *a = preload(t, "a", "0", 4000 * MIB), *b = preload(t, "b", "0", 4000 * MIB);

    await(t, a, POOL_STARTING);
    set_free(t, 4000);
    becomes_ready(t->f, a);
    await(t, b, POOL_FAILED);
    assert_non_null(strstr(b->last_error, "4000 MiB of GPU memory, and 3288 MiB of it"));
}

static void test_stop_while_it_waits(void **state)
{
    const TurnFixture *t = *state;
    const Pool *a = preload(t, "a", "0", MIB), *b = preload(t, "b", "0", MIB),
               *c = preload(t, "c", "0", MIB);
    Operation *operation;

    await(t, a, POOL_STARTING);
    assert_int_equal(manager_stop(t->f->m, "b", NULL, &operation, NULL), 0);
    assert_int_equal(b->state, POOL_OFF);
    assert_waits(b, NULL);
    assert_waits(c, "a");
    becomes_ready(t->f, a);
    await(t, c, POOL_STARTING);
    assert_int_equal(b->state, POOL_OFF);
}

/* Forced, while it looks for its facts, and while another one waits for it. */
static void test_deregistered_on_the_way(void **state)
{
    const TurnFixture *t = *state;
    const Pool *a, *b;
    Operation *operation;

    devices_expire(t->f->m);
    a = preload(t, "a", "0", MIB);
    assert_int_equal(a->state, POOL_PREFLIGHT);
    b = preload(t, "b", "0", MIB);
    assert_waits(b, "a");
    assert_int_equal(manager_deregister(t->f->m, "a", true, NULL, &operation, NULL), 0);
    await(t, b, POOL_STARTING);
}

/* A wait is on disk, and goes on in the same order. */
static void test_next_run(void **state)
{
    const TurnFixture *t = *state;
    const Pool *a, *b;

    a = preload(t, "a", "0", MIB);
    b = preload(t, "b", "0", MIB);
    await(t, a, POOL_STARTING);
    assert_waits(b, "a");
    assert_in_file(t->f, "state/b.json", "\"state\": \"preflight\"");
    manager_die(t->f);
    manager_begin(t->f);
    a = registry_get(&t->f->m->registry, "a");
    b = registry_get(&t->f->m->registry, "b");
    assert_int_equal(b->operation.kind, OPERATION_PRELOAD);
    /* Its unit is not there any more, and then its GPU is looked at. */
    await(t, a, POOL_FAILED);
    await(t, b, POOL_STARTING);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_one_after_the_other),
            TEST(test_memory_is_looked_at_anew),
            TEST(test_stop_while_it_waits),
            TEST(test_deregistered_on_the_way),
            TEST(test_next_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
