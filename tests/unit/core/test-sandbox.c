/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-fixture.h"
#include "spec-fixture.h"

#include <errno.h>

#include "../base/alloc-fixture.h"
#include "core/unit_plan.h"
#include "core/unit_sandbox.h"

static char network[] = "198.51.100.0/24";
static char *const addresses[] = {network, NULL};
static const PolicySettings policy = {.addresses = addresses};
static const UnitPlanContext context = {0};

static void plan_is(const EngineSpec *spec, const Wanted *wanted, size_t n)
{
    EngineSpec *copy = NULL;
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
    Pool *pool;

    assert_int_equal(engine_spec_copy(spec, &copy), 0);
    pool = pool_with(copy);
    assert_int_equal(unit_plan_new(pool, &policy, &context, &plan), 0);
    plan_check(plan, wanted, n);
    pool_free(pool);
}
#define PLAN_IS(spec, ...)                             \
    do {                                               \
        const Wanted _wanted[] = {__VA_ARGS__};        \
        plan_is((spec), _wanted, ELEMENTSOF(_wanted)); \
    } while (0)

static EngineSpec *spec_with_model(const char *model)
{
    EngineSpec *spec = spec_minimal("p");

    free(spec->model_path);
    spec->model_path = text(model);
    return spec;
}

static void push(char ***list, const char *s)
{
    assert_int_equal(strv_extend(list, s), 0);
}

/* Whatever a model consists of is there, and no more. */
static void test_models(void **state)
{
    static const struct {
        const char *model, *bound;
    } cases[] = {
            {"/home/me/m.gguf", "a(ssbt) [/home/me/m.gguf][/home/me/m.gguf]"},
            {"/models/vllm", "a(ssbt) [/models/vllm][/models/vllm]"},
            {"/m-00001-of-00002.gguf", "a(ssbt) [-/m-00001-of-00002.gguf][/m-00001-of-00002.gguf]"
                                       "[-/m-00002-of-00002.gguf][/m-00002-of-00002.gguf]"},
            {"/m-00001-of-99999.gguf", "a(ssbt) [/m-00001-of-99999.gguf][/m-00001-of-99999.gguf]"},
            {"/m-0001-of-0002.gguf", "a(ssbt) [/m-0001-of-0002.gguf][/m-0001-of-0002.gguf]"},
            {"/root/.cache/hub/models--a--b/snapshots/0f/",
             "a(ssbt) [/root/.cache/hub/models--a--b][/root/.cache/hub/models--a--b]"},
            {"/hub/models--a--b/x", "a(ssbt) [/hub/models--a--b/x][/hub/models--a--b/x]"},
            {"/hub/models--a", "a(ssbt) [/hub/models--a][/hub/models--a]"},
            {"org/name", NULL},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_spec_ EngineSpec *spec = spec_with_model(cases[i].model);

        PLAN_IS(spec, {"BindReadOnlyPaths", cases[i].bound});
    }
}

static void test_relaxed(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");
    Sandbox *s = &spec->sandbox;

    s->user = text("alice");
    push(&s->supplementary_groups, "render");
    push(&s->capabilities, "CAP_IPC_LOCK");
    push(&s->capabilities, "CAP_SYS_NICE");
    push(&s->read_only_paths, "/srv/ro");
    push(&s->read_write_paths, "/srv/rw");
    push(&s->system_calls, "@mount");
    push(&s->address_families, "AF_RDS");
    push(&s->addresses, "192.0.2.1");
    s->protect_home = PROTECT_HOME_READ_ONLY;
    s->protect_system = PROTECT_SYSTEM_NO;
    s->root_directory = text("/srv/root");
    for (int i = 0; i < SANDBOX_PIECES; i++)
        s->pieces[i] = FLAG_OFF;
    PLAN_IS(spec, {"User", "s alice"}, {"DynamicUser", NULL}, {"RemoveIPC", NULL},
            {"SupplementaryGroups", "as [render]"}, {"CapabilityBoundingSet", "t 8404992"},
            {"AmbientCapabilities", "t 8404992"},
            {"BindReadOnlyPaths", "a(ssbt) [/models/m.gguf][/models/m.gguf][/srv/ro][/srv/ro]"},
            {"BindPaths", "a(ssbt) [/srv/rw][/srv/rw]"},
            {"SystemCallFilter", "(bas) [@system-service][~@privileged][@mount]"},
            {"RestrictAddressFamilies", "(bas) [AF_UNIX][AF_INET][AF_INET6][AF_NETLINK][AF_RDS]"},
            {"IPAddressAllow", "a(iayu) [localhost][127.0.0.1][198.51.100.0/24][192.0.2.1]"},
            {"ProtectHome", "s read-only"}, {"TemporaryFileSystem", NULL},
            {"ProtectSystem", "s no"}, {"ProtectProc", "s default"},
            {"RootDirectory", "s /srv/root"}, {"NoNewPrivileges", "b true"});
    for (int i = 0; i < SANDBOX_PIECES; i++)
        if (i != SANDBOX_PROTECT_PROC)
            PLAN_IS(spec, {sandbox_piece_property((SandboxPiece)i), NULL});
}

/* "All that there are" is no filter at all, not a list of them. */
static void test_no_filter(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");

    push(&spec->sandbox.system_calls, "@known");
    PLAN_IS(spec, {"SystemCallFilter", NULL}, {"SystemCallErrorNumber", NULL},
            {"NoNewPrivileges", "b true"});
}

/* Python compiles while it runs. */
static void test_engines_that_make_code(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");
    SandboxRelaxation relaxed[SANDBOX_RELAXATIONS_MAX];

    PLAN_IS(spec, {"MemoryDenyWriteExecute", "b true"});
    free(spec->engine);
    spec->engine = text("vllm");
    PLAN_IS(spec, {"MemoryDenyWriteExecute", NULL});
    assert_int_equal(sandbox_relaxations(&spec->sandbox, spec->engine, relaxed), 0);
    spec->sandbox.pieces[SANDBOX_MEMORY_DENY_WRITE_EXECUTE] = FLAG_ON;
    PLAN_IS(spec, {"MemoryDenyWriteExecute", "b true"});
}

/* The engine's own address is its own; all of them are nobody's. */
static void test_host_addresses(void **state)
{
    static const struct {
        const char *host, *allowed;
    } cases[] = {
            {"192.0.2.7", "a(iayu) [localhost][192.0.2.7][198.51.100.0/24]"},
            {"2001:db8::7", "a(iayu) [localhost][2001:db8::7][198.51.100.0/24]"},
            {"0.0.0.0", "a(iayu) [localhost][198.51.100.0/24]"},
            {"::", "a(iayu) [localhost][198.51.100.0/24]"},
            {"gpu1.example", "a(iayu) [localhost][198.51.100.0/24]"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_spec_ EngineSpec *spec = spec_minimal("p");

        free(spec->host);
        spec->host = text(cases[i].host);
        PLAN_IS(spec, {"IPAddressAllow", cases[i].allowed}, {"IPAddressDeny", "a(iayu) [any]"});
    }
}

/* A user's name is short, plain, and that of one pool. */
static void test_user_names(void **state)
{
    static const char *const ids[][2] = {
            {"a-b", "c"},
            {"a", "b-c"},
            {"A-b", "c"},
            {"averyveryverylongname", "r0"},
            {"averyveryverylongname", "r1"},
            {"1", "r0"},
            {"a.b_c", "r0"},
    };
    char names[ELEMENTSOF(ids)][UNIT_USER_NAME_MAX + 1];

    for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
        _cleanup_spec_ EngineSpec *spec = spec_minimal(ids[i][0]);

        free(spec->replica_id);
        spec->replica_id = text(ids[i][1]);
        unit_user_name(spec, names[i]);
        assert_true(strlen(names[i]) <= UNIT_USER_NAME_MAX);
        assert_int_equal(names[i][strspn(names[i], "abcdefghijklmnopqrstuvwxyz0123456789-")], 0);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
    }
    assert_true(startswith(names[3], "p-averyveryver-"));
}

static void test_hidden_places(void **state)
{
    static const struct {
        const char *path;
        bool hidden;
    } cases[] = {
            {"/home/me/x.gguf", true},
            {"/home", true},
            {"/homes/x", false},
            {"/root/x", true},
            {"/run/user/1000/x", true},
            {"/tmp/x", true},
            {"/var/tmp/x", true},
            {"/var/lib/x", false},
            {"/home/me/models/x", false},    /* read_only_paths */
            {"/home/me/modelsx", true},      /* only looks like it */
            {"/home/me/data/x", false},      /* read_write_paths */
            {"/home/me/bin/libx.so", false}, /* beside the program */
            {"/home/me/m.gguf", false},      /* the model */
    };
    _cleanup_spec_ EngineSpec *spec = spec_with_model("/home/me/m.gguf");

    free(spec->binary_path);
    spec->binary_path = text("/home/me/bin/engine");
    push(&spec->sandbox.read_only_paths, "/home/me/models/");
    push(&spec->sandbox.read_write_paths, "/home/me/data");
    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        if (unit_sandbox_hides(spec, cases[i].path) != cases[i].hidden)
            fail_msg("%s", cases[i].path);
    PLAN_IS(spec, {"BindReadOnlyPaths", "a(ssbt) [/home/me/m.gguf][/home/me/m.gguf]"
                                        "[/home/me/bin][/home/me/bin]"
                                        "[/home/me/models/][/home/me/models/]"});
    spec->sandbox.protect_home = PROTECT_HOME_READ_ONLY;
    assert_false(unit_sandbox_hides(spec, "/home/me/x.gguf"));
    assert_true(unit_sandbox_hides(spec, "/tmp/x"));
    spec->sandbox.root_directory = text("/srv/root");
    assert_false(unit_sandbox_hides(spec, "/tmp/x"));
}

/* It may be read-only: where a pool's cache is mounted must not have to be in it. */
static void test_root_image(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_with_model("/models/m.gguf");

    spec->sandbox.root_image = text("/srv/root.raw");
    PLAN_IS(spec, {"RootImage", "s /srv/root.raw"}, {"MountAPIVFS", "b true"},
            {"TemporaryFileSystem", "a(ss) [/home][mode=755,ro][/root][mode=755,ro]"
                                    "[/run/user][mode=755,ro][/var/cache][mode=755,ro]"});
    spec->sandbox.protect_home = PROTECT_HOME_READ_ONLY;
    PLAN_IS(spec, {"TemporaryFileSystem", "a(ss) [/var/cache][mode=755,ro]"});
}

/* What a user of its own always has. */
static void test_contradictions(void **state)
{
    static const struct {
        Sandbox sandbox;
        const char *key;
    } cases[] = {
            {{.user = NULL}, NULL},
            {{.pieces = {[SANDBOX_PRIVATE_TMP] = FLAG_OFF}}, "private_tmp"},
            {{.pieces = {[SANDBOX_RESTRICT_SUID_SGID] = FLAG_OFF}}, "restrict_suid_sgid"},
            {{.pieces = {[SANDBOX_PROTECT_CLOCK] = FLAG_OFF}}, NULL},
            {{.protect_home = PROTECT_HOME_NO}, "protect_home"},
            {{.protect_home = PROTECT_HOME_READ_ONLY}, NULL},
            {{.protect_system = PROTECT_SYSTEM_FULL}, "protect_system"},
    };
    char root[] = "/srv/root", user[] = "alice";
    const char *must = NULL;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Sandbox named = cases[i].sandbox;

        named.user = user;
        assert_true(streq_ptr(sandbox_contradiction(&cases[i].sandbox, &must), cases[i].key));
        assert_null(sandbox_contradiction(&named, &must));
    }
    assert_string_equal(
            sandbox_contradiction(&(Sandbox){.root_directory = root, .root_image = root}, &must),
            "root_image");
}

/* Each key of its own, and whether it may give the engine what other users have not. */
static void test_relaxations(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_minimal("p");
    SandboxRelaxation relaxed[SANDBOX_RELAXATIONS_MAX];
    char list[SANDBOX_TEXT_MAX];
    size_t n, privileged = 0;

    assert_int_equal(sandbox_relaxations(&spec->sandbox, "llamacpp", relaxed), 0);
    spec->sandbox.pieces[SANDBOX_PRIVATE_DEVICES] = FLAG_ON; /* stricter */
    push(&spec->sandbox.supplementary_groups, "render");
    assert_int_equal(sandbox_relaxations(&spec->sandbox, "llamacpp", relaxed), 1);
    assert_false(relaxed[0].privileged);
    push(&spec->sandbox.supplementary_groups, "docker");
    push(&spec->sandbox.capabilities, "CAP_BPF");
    push(&spec->sandbox.read_only_paths, "/a");
    push(&spec->sandbox.read_write_paths, "/a");
    push(&spec->sandbox.system_calls, "bpf");
    push(&spec->sandbox.address_families, "AF_PACKET");
    push(&spec->sandbox.addresses, "any");
    spec->sandbox.user = text("alice");
    spec->sandbox.root_image = text("/a.raw");
    spec->sandbox.protect_home = PROTECT_HOME_NO;
    spec->sandbox.protect_system = PROTECT_SYSTEM_FULL;
    for (int i = 0; i < SANDBOX_PIECES; i++)
        spec->sandbox.pieces[i] = FLAG_OFF;
    n = sandbox_relaxations(&spec->sandbox, "llamacpp", relaxed);
    assert_int_equal(n, SANDBOX_RELAXATIONS_MAX - 1); /* private_devices is off by itself */
    for (size_t i = 0; i < n; i++) {
        privileged += relaxed[i].privileged;
        assert_true(relaxed[i].effect[0] != '\0');
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(relaxed[i].key, relaxed[k].key);
    }
    assert_int_equal(privileged, 4); /* user, root_image, supplementary_groups, capabilities */
    sandbox_text(&spec->sandbox, "llamacpp", list);
    assert_true(startswith(list, "user root_image protect_home protect_system lock_personality "));
    assert_true(strlen(list) < sizeof(list) - 1);
}

static void test_capabilities(void **state)
{
    assert_int_equal(capability_number("CAP_CHOWN"), 0);
    assert_int_equal(capability_number("CAP_SYS_ADMIN"), 21);
    assert_int_equal(capability_number("CAP_CHECKPOINT_RESTORE"), 40);
    assert_int_equal(capability_number("SYS_ADMIN"), -1);
    assert_int_equal(capability_number("CAP_"), -1);
    assert_int_equal(capability_number("cap_chown"), -1);
}

static void test_copy_out_of_memory(void **state)
{
    _cleanup_spec_ EngineSpec *spec = spec_full("p"), *copy = NULL;
    int r;

    FOR_EACH_FAILED_ALLOCATION(r = engine_spec_copy(spec, &copy), {
        assert_int_equal(r, -ENOMEM);
        assert_null(copy);
    });
    assert_int_equal(r, 0);
    assert_true(engine_spec_equal(spec, copy));
    assert_ptr_not_equal(spec->sandbox.addresses, copy->sandbox.addresses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_models),         cmocka_unit_test(test_relaxed),
            cmocka_unit_test(test_no_filter),      cmocka_unit_test(test_engines_that_make_code),
            cmocka_unit_test(test_host_addresses), cmocka_unit_test(test_user_names),
            cmocka_unit_test(test_hidden_places),  cmocka_unit_test(test_root_image),
            cmocka_unit_test(test_contradictions), cmocka_unit_test(test_relaxations),
            cmocka_unit_test(test_capabilities),   cmocka_unit_test(test_copy_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
