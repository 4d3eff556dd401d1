/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include "core/declared.h"

/* What becomes of a pool whose file is new, changed, gone or as it was. */

/* Changes of a spec, in letters: v(ersion), p(olicy), s(lots), m(ask), M: none, r(eplica). */
static EngineSpec *make(const char *changes)
{
    EngineSpec *spec = spec_full("p");

    for (const char *c = changes; *c; c++)
        switch (*c) {
        case 'v':
            free(spec->engine_version);
            spec->engine_version = text("b2");
            break;
        case 'p':
            spec->policy.numbers.breaker_threshold = 9;
            spec->health.failures = 9;
            break;
        case 's':
            spec->slots_total = 9;
            break;
        case 'm':
        case 'M':
            free(spec->device_mask);
            spec->device_mask = *c == 'm' ? text("GPU1") : NULL;
            break;
        case 'r':
            free(spec->replica_id);
            spec->replica_id = text("r1");
            break;
        default:
            fail();
        }
    return spec;
}

/* One case in words; NULL for a spec: there is none. */
typedef struct Case {
    const char *applied, *next; /* changes; autostart unless it begins with '-' */
    const char *runs;           /* the pool's spec; NULL: the pool is not registered */
    PoolState state;
    OperationKind operation;
    bool automatic, judging, new_boot, owned, reached, leaving;
    DeclaredAction action;
} Case;

static void declaration(const char *words, Declaration *ret)
{
    ret->autostart = words[0] != '-';
    ret->spec = make(words + (ret->autostart ? 0 : 1));
}

static DeclaredAction decide(const Case *c)
{
    Declaration applied = {0}, next = {0};
    DeclaredCase what = {
            .owned = c->owned,
            .reached = c->reached,
            .new_boot = c->new_boot,
            .leaving = c->leaving,
    };
    Pool *pool = NULL;
    DeclaredAction action;

    if (c->applied)
        declaration(c->applied, &applied);
    if (c->next)
        declaration(c->next, &next);
    if (c->runs) {
        pool = pool_with(make(c->runs));
        pool->state = c->state;
        pool->operation.kind = c->operation;
        pool->automatic = c->automatic;
        pool->judging = c->judging;
    }
    what.applied = c->applied ? &applied : NULL;
    what.next = c->next ? &next : NULL;
    what.pool = pool;
    action = declared_decide(&what);
    pool_free(pool);
    declaration_done(&applied);
    declaration_done(&next);
    return action;
}

static void check(const Case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        DeclaredAction action = decide(&cases[i]);

        if (action != cases[i].action)
            fail_msg("case %zu: %d, not %d", i, (int)action, (int)cases[i].action);
    }
}

#define RUNS(state_)     .runs = "", .state = POOL_##state_
#define check_all(cases) check(cases, ELEMENTSOF(cases))

static void test_new(void **state)
{
    static const Case cases[] = {
            {.next = "", .action = DECLARED_START},
            {.next = "-", .action = DECLARED_KEEP},
            {.next = "", RUNS(OFF), .action = DECLARED_START},
            {.next = "-", RUNS(OFF), .action = DECLARED_KEEP},
            {.next = "", RUNS(READY), .action = DECLARED_NOTE},
            /* Who says nothing of a mask means the one that the pool has. */
            {.next = "M", RUNS(READY), .action = DECLARED_NOTE},
            {.next = "v", RUNS(READY), .action = DECLARED_RELOAD},
            /* Nothing is known of what was declared before, so that no difference is small. */
            {.next = "s", RUNS(READY), .action = DECLARED_RELOAD},
            {.next = "", RUNS(EXTERNAL), .action = DECLARED_WAIT},
            {.next = "", RUNS(FAILED), .action = DECLARED_START},
            {.next = "", RUNS(TRIPPED), .action = DECLARED_START},
    };

    check_all(cases);
}

static void test_same(void **state)
{
    static const Case cases[] = {
            /* Whatever somebody has made of it in this boot. */
            {"", "", .action = DECLARED_NOTHING},
            {"", "", RUNS(OFF), .action = DECLARED_NOTHING},
            {"", "", RUNS(FAILED), .action = DECLARED_NOTHING},
            {"", "", .runs = "v", .state = POOL_READY, .action = DECLARED_NOTHING},
            {"", "", RUNS(DRAINING), .action = DECLARED_NOTHING},
            /* The boot asks for it. */
            {"", "", .new_boot = true, .action = DECLARED_START},
            {"-", "-", .new_boot = true, .action = DECLARED_KEEP},
            {"", "", RUNS(OFF), .new_boot = true, .action = DECLARED_START},
            {"", "", RUNS(OFF), .new_boot = true, .reached = true, .action = DECLARED_RESUME},
            {"", "", .runs = "v", .state = POOL_OFF, .new_boot = true, .reached = true,
             .action = DECLARED_RESUME},
            {"-", "-", RUNS(OFF), .new_boot = true, .action = DECLARED_NOTE},
            {"", "", .runs = "v", .state = POOL_READY, .new_boot = true, .action = DECLARED_NOTE},
            {"", "", RUNS(EXTERNAL), .new_boot = true, .action = DECLARED_WAIT},
    };

    check_all(cases);
}

static void test_changed_without_engine(void **state)
{
    static const Case cases[] = {
            /* Stopped by hand: it stays so, with another spec for its next start. */
            {"", "v", RUNS(OFF), .action = DECLARED_KEEP},
            {"", "-", RUNS(OFF), .action = DECLARED_KEEP},
            /* It was not to run, and is now. */
            {"-", "", RUNS(OFF), .action = DECLARED_START},
            {"-", "-v", RUNS(OFF), .action = DECLARED_KEEP},
            /* In the next boot nobody has stopped it. */
            {"", "v", RUNS(OFF), .new_boot = true, .action = DECLARED_START},
            {"", "v", RUNS(OFF), .new_boot = true, .reached = true, .action = DECLARED_START},
            /* Whoever mends the file of an engine that fails wants it tried. */
            {"", "v", RUNS(FAILED), .action = DECLARED_START},
            {"", "v", RUNS(FAILED), .judging = true, .action = DECLARED_WAIT},
            {"-", "-v", RUNS(FAILED), .action = DECLARED_KEEP},
            {"", "s", RUNS(BACKOFF), .action = DECLARED_START},
            {"-", "-s", RUNS(TRIPPED), .action = DECLARED_START},
            {"", "v", .action = DECLARED_START},
            {"", "v", RUNS(OFF), .operation = OPERATION_STOP, .action = DECLARED_WAIT},
    };

    check_all(cases);
}

static void test_changed_with_engine(void **state)
{
    static const Case cases[] = {
            {"", "ps", RUNS(READY), .action = DECLARED_ADJUST},
            {"", "-", RUNS(READY), .action = DECLARED_NOTE},
            {"", "p", RUNS(WARMING), .automatic = true, .operation = OPERATION_PRELOAD,
             .action = DECLARED_ADJUST},
            /* Small is what differs in the file, not what differs from what runs. */
            {"", "s", .runs = "v", .state = POOL_READY, .action = DECLARED_ADJUST},
            {"", "v", RUNS(READY), .action = DECLARED_RELOAD},
            {"-", "-v", RUNS(READY), .action = DECLARED_RELOAD},
            {"", "vs", RUNS(READY), .action = DECLARED_RELOAD},
            {"", "v", .runs = "v", .state = POOL_READY, .action = DECLARED_NOTE},
            /* A reload keeps mask and replica. */
            {"", "m", RUNS(READY), .action = DECLARED_DRAIN},
            {"", "M", .runs = "v", .state = POOL_READY, .action = DECLARED_DRAIN},
            {"M", "Mv", RUNS(READY), .action = DECLARED_RELOAD},
            {"", "r", RUNS(READY), .action = DECLARED_DRAIN},
            /* Nobody waits for a start of ours; who waits for another is waited for. */
            {"", "v", RUNS(WARMING), .automatic = true, .operation = OPERATION_PRELOAD,
             .action = DECLARED_STOP},
            {"", "v", RUNS(STARTING), .action = DECLARED_STOP},
            {"", "v", RUNS(STARTING), .operation = OPERATION_PRELOAD, .action = DECLARED_WAIT},
            {"", "v", RUNS(READY), .operation = OPERATION_RELOAD, .action = DECLARED_WAIT},
            {"", "v", RUNS(ADOPTING), .action = DECLARED_WAIT},
            {"", "v", RUNS(DRAINING), .operation = OPERATION_DRAIN, .action = DECLARED_WAIT},
            {"", "v", RUNS(STOPPING), .action = DECLARED_WAIT},
            {"", "v", RUNS(EXTERNAL), .action = DECLARED_WAIT},
    };

    check_all(cases);
}

/* The engine has gone for what comes now. */
static void test_leaving(void **state)
{
    static const Case cases[] = {
            {"", "m", RUNS(OFF), .leaving = true, .action = DECLARED_START},
            {"-", "-m", RUNS(OFF), .leaving = true, .action = DECLARED_START},
            {"", "m", RUNS(STOPPING), .leaving = true, .operation = OPERATION_DRAIN,
             .action = DECLARED_WAIT},
            /* The file is back while its engine was going. */
            {"", "", RUNS(OFF), .leaving = true, .action = DECLARED_START},
            {"", "", RUNS(DRAINING), .leaving = true, .operation = OPERATION_DRAIN,
             .action = DECLARED_WAIT},
            {"", "", RUNS(READY), .leaving = true, .action = DECLARED_NOTE},
            {"-", "-", RUNS(OFF), .leaving = true, .new_boot = true, .action = DECLARED_KEEP},
    };

    check_all(cases);
}

static void test_gone(void **state)
{
    static const Case cases[] = {
            {.action = DECLARED_NOTHING},
            {RUNS(READY), .action = DECLARED_NOTHING},
            {"", .action = DECLARED_FORGET},
            {"", RUNS(READY), .owned = true, .action = DECLARED_DRAIN},
            {"", RUNS(READY), .action = DECLARED_DRAIN},
            {"-", RUNS(READY), .action = DECLARED_DRAIN},
            {"", RUNS(READY), .operation = OPERATION_RELOAD, .action = DECLARED_WAIT},
            {"", RUNS(DRAINING), .operation = OPERATION_DRAIN, .action = DECLARED_WAIT},
            {"", RUNS(STOPPING), .action = DECLARED_WAIT},
            {"", RUNS(ADOPTING), .action = DECLARED_WAIT},
            {"", RUNS(BACKOFF), .owned = true, .action = DECLARED_DRAIN},
            {"", RUNS(STARTING), .action = DECLARED_STOP},
            {"", RUNS(PREFLIGHT), .automatic = true, .operation = OPERATION_PRELOAD,
             .action = DECLARED_STOP},
            {"", RUNS(STARTING), .operation = OPERATION_PRELOAD, .action = DECLARED_WAIT},
            {"", RUNS(OFF), .owned = true, .action = DECLARED_DEREGISTER},
            {"", RUNS(OFF), .action = DECLARED_FORGET},
            {"", RUNS(FAILED), .owned = true, .action = DECLARED_DEREGISTER},
            {"", RUNS(FAILED), .owned = true, .judging = true, .action = DECLARED_WAIT},
            {"", RUNS(EXTERNAL), .owned = true, .action = DECLARED_FORGET},
            {"", RUNS(OFF), .owned = true, .new_boot = true, .action = DECLARED_DEREGISTER},
    };

    check_all(cases);
}

/* What is adjusted is what the file changes; the rest stays as somebody has made it. */
static void test_adjust(void **state)
{
    _cleanup_spec_ EngineSpec *applied = make(""), *next = make("ps");
    Pool *pool = pool_with(make("v"));
    EngineSpec *spec;
    PoolUpdate update;

    pool->spec->vram_bytes = 77;
    assert_int_equal(declared_adjust(pool, applied, next, &spec), 0);
    assert_string_equal(spec->engine_version, "b2");
    assert_int_equal(spec->vram_bytes, 77);
    assert_int_equal(spec->slots_total, 9);
    assert_int_equal(spec->health.failures, 9);
    assert_string_equal(spec->health.path, "/up");
    assert_int_equal(spec->policy.numbers.breaker_threshold, 9);
    engine_spec_free(spec);
    declared_update(applied, next, &update);
    assert_int_equal(update.given, POOL_FIELD_SLOTS_TOTAL);
    assert_int_equal(update.meta.slots_total, 9);
    pool_free(pool);
}

/* A mask that is not declared any more goes from the registry, too. */
static void test_update_of_mask(void **state)
{
    _cleanup_spec_ EngineSpec *with = make(""), *without = make("M");
    PoolUpdate update;

    declared_update(with, without, &update);
    assert_int_equal(update.given, POOL_FIELD_DEVICE_MASK);
    assert_null(update.meta.device_mask);
    declared_update(without, with, &update);
    assert_int_equal(update.given, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_new),
            cmocka_unit_test(test_same),
            cmocka_unit_test(test_changed_without_engine),
            cmocka_unit_test(test_changed_with_engine),
            cmocka_unit_test(test_leaving),
            cmocka_unit_test(test_gone),
            cmocka_unit_test(test_adjust),
            cmocka_unit_test(test_update_of_mask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
