/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-fixture.h"
#include "spec-fixture.h"

#include <errno.h>

#include "../base/alloc-fixture.h"
#include "base/text.h"
#include "core/container_plan.h"
#include "core/unit_plan.h"

#define UNIT   "pool@p:r0:g7.service"
#define FOLDER "pool-engines/p-p-69d8be0f47652035.7"
#define PLACES                                                             \
    "[/bin/podman][--root=/run/" FOLDER "/storage][--runroot=/run/" FOLDER \
    "/run][--tmpdir=/run/" FOLDER "/tmp]"
#define RUN                                                                               \
    "[run][--rm][--cgroups=disabled][--log-driver=passthrough][--no-hosts][--pull=never]" \
    "[--name=p.r0.g7]"
#define LIMITS                                                        \
    "[--cap-drop=all][--security-opt=no-new-privileges][--read-only]" \
    "[--read-only-tmpfs=false][--tmpfs=/tmp:mode=1777,notmpcopyup]"   \
    "[--tmpfs=/run:mode=755,notmpcopyup][--network=host][--security-opt=seccomp=/s.json]"

static const PolicySettings policy = {.container_podman = "/bin/podman",
                                      .container_seccomp = "/s.json"};
static char node[] = "/dev/nvidia0";
static char *const devices[] = {node, NULL};

static void command_is(const Pool *pool, char *const *nodes, const char *wanted)
{
    _cleanup_strv_free_ char **argv = NULL;
    _cleanup_free_ char *shown = NULL;
    Text t = {0};

    assert_int_equal(container_command(pool, &policy, nodes, UNIT, &argv), 0);
    STRV_FOREACH (word, argv)
        text_printf(&t, "[%s]", *word);
    assert_int_equal(text_take(&t, &shown), 0);
    assert_string_equal(shown, wanted);
}

/* B-SEC-010, B-SEC-011, B-SEC-012 */
static void test_rootfs(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));

    pool->spec->container.rootfs = text("/srv/own");
    command_is(pool, NULL,
               PLACES RUN LIMITS "[--pids-limit=-1][--volume=/models/m.gguf:/models/m.gguf:ro]"
                                 "[--env=HOME=/tmp][--entrypoint=/bin/engine][--rootfs][/srv/own]");
}

static void test_all_options(void **state)
{
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    EngineSpec *spec = pool->spec;

    spec->container.rootfs = text("/srv/own");
    spec->resources.tasks_max = 5;
    assert_int_equal(strv_extend(&spec->flags, "$x"), 0);
    assert_int_equal(strv_extend(&spec->env, "A=b c"), 0);
    assert_int_equal(strv_extend(&spec->credentials, "key=/etc/key"), 0);
    assert_int_equal(strv_extend(&spec->sandbox.read_only_paths, "/ro"), 0);
    assert_int_equal(strv_extend(&spec->sandbox.read_write_paths, "/rw"), 0);
    free(spec->model_path);
    spec->model_path = text("/m-00001-of-00002.gguf");
    command_is(pool, devices,
               PLACES RUN LIMITS
               "[--volume=/m-00001-of-00002.gguf:/m-00001-of-00002.gguf:ro]"
               "[--volume=/m-00002-of-00002.gguf:/m-00002-of-00002.gguf:ro]"
               "[--volume=/ro:/ro:ro][--volume=/rw:/rw:rw][--env=HOME=/tmp][--env=A=b c]"
               "[--device=/dev/nvidia0][--mount=type=bind,src=/run/credentials/" UNIT
               ",dst=/run/credentials/engine,ro=true]"
               "[--env=CREDENTIALS_DIRECTORY=/run/credentials/engine][--entrypoint=/bin/engine]"
               "[--rootfs][/srv/own][$x]");
}

/* The unit is without what would keep podman from making a container, which has it then. */
static void test_unit(void **state)
{
    static const Wanted wanted[] = {
            {"DynamicUser", "b true"},
            {"NoNewPrivileges", "b true"},
            {"CapabilityBoundingSet", "t 0"},
            {"IPAddressDeny", "a(iayu) [any]"},
            {"SystemCallFilter", NULL},
            {"RestrictNamespaces", NULL},
            {"ProtectKernelTunables", NULL},
            {"ProtectProc", "s default"},
            {"RuntimeDirectory", "as [" FOLDER "]"},
            {"RuntimeDirectoryMode", "u 448"},
            {"BindReadOnlyPaths", "a(ssbt) [/models/m.gguf][/models/m.gguf][/srv/own][/srv/own]"},
    };
    _cleanup_(pool_freep) Pool *pool = pool_with(spec_minimal("p"));
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
    static const UnitPlanContext context = {0};
    int r;

    pool->spec->container.rootfs = text("/srv/own");
    FOR_EACH_FAILED_ALLOCATION(r = unit_plan_new(pool, &policy, &context, &plan), {
        assert_int_equal(r, -ENOMEM);
        assert_null(plan);
    });
    assert_int_equal(r, 0);
    plan_check(plan, wanted, ELEMENTSOF(wanted));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_rootfs),
            cmocka_unit_test(test_all_options),
            cmocka_unit_test(test_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
