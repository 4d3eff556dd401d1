/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "fixture.h"

#include "base/strv.h"

/* The pool's mask is the registry's; what an engine was started with is its spec's. */

static void set_mask(Fixture *f, const char *mask)
{
    free(f->pool->meta.device_mask);
    f->pool->meta.device_mask = mask ? strdup(mask) : NULL;
}

static EngineSpec *spec_with_mask(const char *mask)
{
    EngineSpec *spec = spec_sample();

    spec->device_mask = mask ? strdup(mask) : NULL;
    return spec;
}

/* B-DEVICE-013: an update of a running pool waits for the next start, whatever it comes from. */
static void test_next_start(void **state)
{
    static const char *const masks[] = {"1", "GPU0,GPU2", NULL};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(masks); i++) {
        fresh(f, POOL_READY);
        assert_false(pool_mask_waits(f->pool));
        set_mask(f, "0");
        assert_true(pool_mask_waits(f->pool));
        restart_engine(f);
        observe(f, unit_left(CLD_EXITED, 0));
        set_mask(f, masks[i]);
        assert_int_equal(f->pool->state, POOL_PREFLIGHT);
        facts_good(f);
        assert_int_equal(f->pool->state, POOL_STARTING);
        assert_true(streq_ptr(f->pool->spec->device_mask, masks[i]));
        assert_false(pool_mask_waits(f->pool));
    }
}

/* A preload without a mask leaves the pool's; with one it replaces it. */
static void test_preload(void **state)
{
    static const struct {
        const char *pool, *asked, *becomes;
    } rows[] = {{"0", NULL, "0"}, {"0", "1", "1"}, {NULL, "1", "1"}, {NULL, NULL, NULL}};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        fresh(f, POOL_OFF);
        set_mask(f, rows[i].pool);
        preload_spec(f, spec_with_mask(rows[i].asked));
        facts_good(f);
        assert_int_equal(f->pool->state, POOL_STARTING);
        assert_true(streq_ptr(f->pool->spec->device_mask, rows[i].becomes));
        assert_true(streq_ptr(f->pool->meta.device_mask, rows[i].becomes));
    }
}

/* Who asks again for what runs is told that it does, with the mask or without. */
static void test_preload_again(void **state)
{
    Fixture *f = *state;

    fresh(f, POOL_OFF);
    set_mask(f, "0");
    preload_spec(f, spec_with_mask(NULL));
    facts_good(f);
    observe(f, unit_running());
    probe(f, true);
    assert_int_equal(f->pool->state, POOL_READY);
    preload_spec(f, spec_with_mask(NULL));
    expect(f, POOL_READY, "end:preload:unchanged");
    preload_spec(f, spec_with_mask("0"));
    expect(f, POOL_READY, "end:preload:unchanged");
    preload_spec(f, spec_with_mask("1"));
    expect(f, POOL_READY, "end:preload:ALREADY_RUNNING");
    assert_string_equal(f->pool->spec->device_mask, "0");
}

/* The mask of an engine that somebody else runs is not that of ours. */
static void test_after_external(void **state)
{
    static const char *const masks[] = {"0", NULL};
    Fixture *f = *state;

    for (size_t i = 0; i < ELEMENTSOF(masks); i++) {
        Handoff *handoff = handoff_sample("http://127.0.0.1:9");

        handoff->device_mask = strdup("7");
        fresh(f, POOL_OFF);
        preload_spec(f, spec_with_mask(masks[i]));
        facts_bad(f);
        register_handoff(f, handoff, true);
        assert_int_equal(f->pool->state, POOL_EXTERNAL);
        assert_string_equal(f->pool->meta.device_mask, "7");
        handoff_gone(f);
        assert_int_equal(f->pool->state, POOL_OFF);
        assert_true(streq_ptr(f->pool->meta.device_mask, masks[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            pool_test(test_next_start),
            pool_test(test_preload),
            pool_test(test_preload_again),
            pool_test(test_after_external),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
