/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those that it needs */
#include <cmocka.h>

#include "../base/alloc-fixture.h"
#include "core/provision_plan.h"
#include "plan-fixture.h"

static const ProvisionRun system_run = {
        .pool_id = "p",
        .operation = 1207,
        .program = "/usr/libexec/provision",
        .reference = "https://models/a$b.gguf?c=%20d",
        .output_file = "/run/p.out",
        .error_file = "/run/p.err",
};

/* What a user's manager can do too. */
static const Wanted common[] = {
        {"Description", "s Model provisioner for pool p"},
        {"Type", "s oneshot"},
        {"RemainAfterExit", "b true"},
        {"Restart", NULL},
        {"KillMode", "s control-group"},
        {"OOMPolicy", "s kill"},
        {"TimeoutStopUSec", "t 10000000"},
        {"Slice", NULL},
        /* The reference is the only argument (contract: model provisioner). */
        {"ExecStart", "a(sasb) [/usr/libexec/provision][https://models/a$$b.gguf?c=%20d]"},
        {"Environment", "as [POOL_MANAGERD_PROVISION_PROGRESS=1]"},
        {"StandardOutputFileToTruncate", "s /run/p.out"},
        {"StandardErrorFileToTruncate", "s /run/p.err"},
        {"LogExtraFields", "aay [POOL_ID=p]"},
        {"CacheDirectory", "as [pool-managerd/models]"},
        {"DynamicUser", NULL},
        {"NoNewPrivileges", "b true"},
        {"RestrictNamespaces", "t 0"},
        {"RestrictAddressFamilies", "(bas) [AF_UNIX][AF_INET][AF_INET6][AF_NETLINK]"},
        {"SystemCallFilter", "(bas) [@system-service]"},
        {"SystemCallArchitectures", "as [native]"},
};

static void test_system(void **state)
{
    static const Wanted wanted[] = {
            {"CapabilityBoundingSet", "t 0"},
            {"ProtectSystem", "s strict"},
            {"ProtectHome", "s read-only"},
            {"PrivateTmp", NULL},
            {"ReadWritePaths", "as [-/tmp][-/var/tmp]"},
            {"PrivateDevices", "b true"},
    };
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;

    assert_int_equal(provision_plan_new(&system_run, &plan), 0);
    assert_string_equal(plan->name, "pool-provision@p:1207.service");
    plan_check(plan, common, ELEMENTSOF(common));
    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

static void test_user(void **state)
{
    static const Wanted wanted[] = {
            {"CapabilityBoundingSet", NULL}, {"ProtectSystem", NULL},
            {"ProtectHome", NULL},           {"PrivateTmp", NULL},
            {"ProtectKernelModules", NULL},
    };
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
    ProvisionRun run = system_run;

    run.user_mode = true;
    assert_int_equal(provision_plan_new(&run, &plan), 0);
    plan_check(plan, common, ELEMENTSOF(common));
    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

static void test_out_of_memory(void **state)
{
    UnitPlan *plan = NULL;
    int r = 0;

    FOR_EACH_FAILED_ALLOCATION(r = provision_plan_new(&system_run, &plan), {
        assert_int_equal(r, -ENOMEM);
        assert_null(plan);
    });
    assert_int_equal(r, 0);
    unit_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_system),
            cmocka_unit_test(test_user),
            cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
