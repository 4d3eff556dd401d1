/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-fixture.h"
#include "spec-fixture.h"

#include <errno.h>

#include "../base/alloc-fixture.h"
#include "base/parse.h"
#include "base/text.h"
#include "core/unit_plan.h"

static const PolicySettings system_policy = {.stop_grace_usec = 5 * USEC_PER_SEC};
static const PolicySettings user_policy = {.stop_grace_usec = 5 * USEC_PER_SEC, .user_mode = true};
static const PolicySettings file_policy = {.stop_grace_usec = 5 * USEC_PER_SEC,
                                           .engine_log = ENGINE_LOG_FILE};
static char node[] = "/dev/nvidia3", shared[] = "/dev/nvidiactl";
static char *const devices[] = {node, shared, NULL};
static const UnitPlanContext context = {.log_file = "/run/pool-managerd/engine-p.log",
                                        .devices = devices};

static UnitPlan *plan_of(const Pool *pool, const PolicySettings *policy)
{
    UnitPlan *plan = NULL;

    assert_int_equal(unit_plan_new(pool, policy, &context, &plan), 0);
    return plan;
}

static void test_minimal(void **state)
{
    static const Wanted wanted[] = {
            {"Description", "s LLM engine of pool p (llamacpp)"},
            {"Slice", "s pools.slice"},
            {"Type", "s exec"},
            {"Restart", "s no"},
            {"KillMode", "s control-group"},
            {"OOMPolicy", "s kill"},
            {"TimeoutStopUSec", "t 5000000"},
            {"ExecStart", "a(sasb) [/bin/engine]"}, /* B-PRELOAD-001 */
            {"Environment", "as [HOME=/var/cache/pool-engines/p/r0]"},
            {"DevicePolicy", NULL}, /* no mask: no restriction */
            {"DeviceAllow", NULL},
            {"LoadCredential", NULL},
            {"SyslogIdentifier", "s p"},
            {"SyslogLevelPrefix", "b false"},
            {"LogRateLimitIntervalUSec", NULL},
            {"LogRateLimitBurst", NULL},
            {"StandardOutput", "s journal"},
            {"StandardError", "s journal"},
            {"StandardOutputFileToAppend", NULL},
            {"StandardErrorFileToAppend", NULL},
            {"LogExtraFields",
             "aay [POOL_ID=p][REPLICA_ID=r0][POOL_GENERATION=7][ENGINE_VERSION=b1]"},
            {"MemoryMax", NULL},
            {"MemoryHigh", NULL},
            {"CPUWeight", NULL},
            {"TasksMax", NULL},
            {"IOWeight", NULL},
            {"IOAccounting", "b true"},
            {"NoNewPrivileges", "b true"},
            {"DynamicUser", "b true"},
            {"CapabilityBoundingSet", "t 0"},
            /* B-SEC-001 */
            {"User", "s p-p-69d8be0f47652035"},
            {"RemoveIPC", "b true"},
            /* B-SEC-002 */
            {"CacheDirectory", "as [pool-engines/p/r0]"},
            {"CacheDirectoryMode", "u 448"},
            {"WorkingDirectory", "s /var/cache/pool-engines/p/r0"},
            {"UMask", "u 63"},
            /* B-SEC-003 */
            {"AmbientCapabilities", "t 0"},
            {"SystemCallFilter", "(bas) [@system-service][~@privileged]"},
            {"SystemCallErrorNumber", "i 1"},
            {"SystemCallArchitectures", "as [native]"},
            {"RestrictAddressFamilies", "(bas) [AF_UNIX][AF_INET][AF_INET6][AF_NETLINK]"},
            {"RestrictNamespaces", "t 67108864"},
            {"RestrictRealtime", "b true"},
            {"RestrictSUIDSGID", "b true"},
            {"LockPersonality", "b true"},
            {"MemoryDenyWriteExecute", "b true"},
            {"PrivateDevices", NULL}, /* would hide GPUs */
            {"PrivateTmp", "b true"},
            {"ProtectClock", "b true"},
            {"ProtectControlGroups", "b true"},
            {"ProtectHome", "s tmpfs"},
            {"TemporaryFileSystem",
             "a(ss) [/home][mode=755,ro][/root][mode=755,ro][/run/user][mode=755,ro]"},
            {"ProtectHostname", "b true"},
            {"ProtectKernelLogs", "b true"},
            {"ProtectKernelModules", "b true"},
            {"ProtectKernelTunables", "b true"},
            {"ProtectProc", "s invisible"},
            {"ProtectSystem", "s strict"},
            {"KeyringMode", "s private"},
            {"IPAddressDeny", "a(iayu) [any]"},
            {"IPAddressAllow", "a(iayu) [localhost][127.0.0.1]"},
            {"BindReadOnlyPaths", "a(ssbt) [/models/m.gguf][/models/m.gguf]"},
            {"BindPaths", NULL},
            {"RootDirectory", NULL},
            {"SupplementaryGroups", NULL},
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    _cleanup_(unit_plan_freep) UnitPlan *plan = plan_of(pool, &system_policy);

    assert_string_equal(plan->name, "pool@p:r0:g7.service");
    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

static void test_everything(void **state)
{
    static const Wanted wanted[] = {
            /* B-PRELOAD-002 */
            {"ExecStart", "a(sasb) [/bin/engine][--model][/models/m.gguf]"},
            {"TimeoutStopUSec", "t 1500000"},
            /* B-DEVICE-012 */
            {"Environment",
             "as [HOME=/var/cache/pool-engines/p/r0][A=b=c][EMPTY=][CUDA_DEVICE_ORDER=PCI_BUS_ID]"
             "[CUDA_VISIBLE_DEVICES=0]"},
            {"DevicePolicy", "s closed"}, /* B-DEVICE-011 */
            {"DeviceAllow", "a(ss) [/dev/nvidia3][rw][/dev/nvidiactl][rw]"},
            {"LoadCredential", "a(ss) [key][/etc/key][other][/etc/a=b]"},
            {"MemoryMax", "t 1073741824"},
            {"MemoryHigh", "t 536870912"},
            {"CPUWeight", "t 200"},
            {"TasksMax", "t 64"},
            {"IOWeight", "t 300"},
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p"));
    _cleanup_(unit_plan_freep) UnitPlan *plan = plan_of(pool, &system_policy);

    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

/* B-PRELOAD-003 */
static void test_log_file(void **state)
{
    static const Wanted wanted[] = {
            {"StandardOutputFileToAppend", "s /run/pool-managerd/engine-p.log"},
            {"StandardErrorFileToAppend", "s /run/pool-managerd/engine-p.log"},
            {"StandardOutput", NULL},
            {"StandardError", NULL},
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    _cleanup_(unit_plan_freep) UnitPlan *plan = plan_of(pool, &file_policy);

    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

/* Whoever chooses the texts does not choose fields. */
static void test_journal_fields(void **state)
{
    static const PolicySettings policy = {.stop_grace_usec = USEC_PER_SEC,
                                          .engine_log_interval_usec = 30 * USEC_PER_SEC,
                                          .engine_log_burst = 10000};
    static const Wanted wanted[] = {
            {"LogExtraFields",
             "aay [POOL_ID=p][REPLICA_ID=r0][POOL_GENERATION=7][ENGINE_VERSION=b1]"
             "[CORRELATION_ID=it_POOL_ID=q_\"%n$X]"},
            {"LogRateLimitIntervalUSec", "t 30000000"},
            {"LogRateLimitBurst", "u 10000"},
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;

    (void)strcpy(pool->correlation_id, "it POOL_ID=q \"%n$X");
    plan = plan_of(pool, &policy);
    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

/* The user's own service manager cannot change users or mounts, or keep anybody off a device. */
static void test_user_mode(void **state)
{
    static const Wanted wanted[] = {
            {"NoNewPrivileges", "b true"},
            {"DynamicUser", NULL},
            {"CapabilityBoundingSet", NULL},
            {"BindReadOnlyPaths", NULL},
            {"IPAddressDeny", NULL},
            {"ProtectSystem", NULL},
            {"PrivateTmp", NULL},
            {"CacheDirectory", NULL},
            {"User", NULL},
            {"LockPersonality", "b true"},
            {"SystemCallFilter", "(bas) [@system-service][~@privileged]"},
            {"Type", "s exec"},
            {"DevicePolicy", NULL},
            {"DeviceAllow", NULL},
            {"Environment",
             "as [A=b=c][EMPTY=][CUDA_DEVICE_ORDER=PCI_BUS_ID][CUDA_VISIBLE_DEVICES=0]"},
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p"));
    _cleanup_(unit_plan_freep) UnitPlan *plan = plan_of(pool, &user_policy);

    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

/* systemd reads "$$" as "$" and everything else behind a "$" as a variable. */
static void test_dollars_are_doubled(void **state)
{
    static const char *const flags[] = {"$", "$HOME", "a$b", "${X}", "$$", "x$", "", "a b;'\"\\%n"};
    static const Wanted wanted[] = {
            {"ExecStart",
             "a(sasb) [/bin/engine][$$][$$HOME][a$$b][$${X}][$$$$][x$$][][a b;'\"\\%n]"},
            {"Environment",
             "as [HOME=/var/cache/pool-engines/p/r0][PRICE=$5]"}, /* not expanded there */
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;

    for (size_t i = 0; i < ELEMENTSOF(flags); i++)
        assert_int_equal(strv_extend(&pool->spec->flags, flags[i]), 0);
    assert_int_equal(strv_extend(&pool->spec->env, "PRICE=$5"), 0);
    plan = plan_of(pool, &system_policy);
    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

/* A state file of an earlier version may have brought it; the preflight refuses it before. */
static void test_no_mask_at_all(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    UnitPlan *plan = NULL;

    pool->spec->device_mask = text("0;1");
    assert_int_equal(unit_plan_new(pool, &system_policy, &context, &plan), -EINVAL);
    assert_null(plan);
}

/* "At once" as well: 0 would be read as "never" after a daemon-reload. */
static void test_no_stop_grace(void **state)
{
    static const Wanted wanted[] = {{"TimeoutStopUSec", "t 1000"}};
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;

    pool->spec->stop_grace_ms = 0;
    plan = plan_of(pool, &system_policy);
    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

/* A model that is no path but a name of something is not bound. */
static void test_model_without_a_path(void **state)
{
    static const Wanted wanted[] = {{"BindReadOnlyPaths", NULL}, {"DynamicUser", "b true"}};
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;

    free(pool->spec->model_path);
    pool->spec->model_path = text("org/model");
    plan = plan_of(pool, &system_policy);
    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

/* The bus ends a connection that sends a broken character, so nothing may be cut within one. */
static void test_long_engine_name(void **state)
{
    for (size_t shift = 0; shift < 4; shift++) {
        _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
        _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
        char engine[PM_STRING_MAX] = "xxx";
        const UnitProperty *description;

        for (size_t i = shift; i + 4 < sizeof(engine); i += 4)
            memcpy(engine + i, "\xf0\x9f\x98\x80", 5);
        free(pool->spec->engine);
        pool->spec->engine = text(engine);
        plan = plan_of(pool, &system_policy);
        description = plan_find(plan, "Description");
        assert_true(description && utf8_is_valid(description->string, strlen(description->string)));
    }
}

/* On the bus it is always …USec, and each property is set once. */
static void test_property_names(void **state)
{
    const PolicySettings *const policies[] = {&system_policy, &user_policy, &file_policy};

    for (size_t k = 0; k < ELEMENTSOF(policies); k++) {
        _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p"));
        _cleanup_(unit_plan_freep) UnitPlan *plan = plan_of(pool, policies[k]);

        for (size_t i = 0; i < plan->count; i++) {
            const char *name = plan->properties[i].name;
            size_t n = strlen(name);

            assert_ptr_equal(plan_find(plan, name), &plan->properties[i]);
            if (n >= 4 && streq(name + n - 3, "Sec") && name[n - 4] != 'U')
                fail_msg("%s", name);
        }
    }
}

static void test_out_of_memory(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_full("p"));
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
    int r;

    FOR_EACH_FAILED_ALLOCATION(r = unit_plan_new(pool, &system_policy, &context, &plan), {
        assert_int_equal(r, -ENOMEM);
        assert_null(plan);
    });
    assert_int_equal(r, 0);
    assert_null(unit_plan_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_minimal),
            cmocka_unit_test(test_everything),
            cmocka_unit_test(test_log_file),
            cmocka_unit_test(test_journal_fields),
            cmocka_unit_test(test_user_mode),
            cmocka_unit_test(test_dollars_are_doubled),
            cmocka_unit_test(test_no_mask_at_all),
            cmocka_unit_test(test_no_stop_grace),
            cmocka_unit_test(test_model_without_a_path),
            cmocka_unit_test(test_long_engine_name),
            cmocka_unit_test(test_property_names),
            cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
