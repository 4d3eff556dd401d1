/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/names.h>

#include "base/text.h"
#include "core/container_plan.h"
#include "core/device_mask.h"
#include "core/probe_schedule.h"
#include "core/resource.h"
#include "core/unit_name.h"
#include "core/unit_plan_builder.h"
#include "core/unit_sandbox.h"

static void add_description(PlanBuilder *b, const Pool *pool)
{
    Text t = {0};
    _cleanup_free_ char *description = NULL;

    text_printf(&t, "LLM engine of pool %s (%s)", pool->id, pool->spec->engine);
    if (text_take(&t, &description) < 0)
        b->error = -ENOMEM;
    else
        plan_add_string(b, "Description", description);
}

/* The service manager takes a field as it is, but reads it back from its own file as words: what
 * stands behind a space would be a field of its own after its next reload. */
static void push_field(PlanBuilder *b, char ***list, const char *name, const char *value)
{
    _cleanup_free_ char *field = NULL;
    Text t = {0};

    text_printf(&t, "%s=%s", name, value);
    if (text_take(&t, &field) < 0) {
        b->error = -ENOMEM;
        return;
    }
    for (char *space = field; (space = strchr(space, ' '));)
        *space = '_';
    plan_push(b, list, field);
}

/* What journalctl can select an engine's lines by (contract: logs). */
static void add_journal_fields(PlanBuilder *b, const Pool *pool)
{
    char ***list = plan_add_list(b, "LogExtraFields", UNIT_PROPERTY_BYTES_ARRAY);

    plan_pushf(b, list, "POOL_ID=%s", pool->id);
    plan_pushf(b, list, "REPLICA_ID=%s", pool->spec->replica_id);
    plan_pushf(b, list, "POOL_GENERATION=%" PRIu64, pool->generation);
    push_field(b, list, "ENGINE_VERSION", pool->spec->engine_version);
    if (pool->correlation_id[0])
        push_field(b, list, "CORRELATION_ID", pool->correlation_id);
}

static void add_output(PlanBuilder *b, const Pool *pool, const PolicySettings *settings,
                       const UnitPlanContext *context)
{
    plan_add_string(b, "SyslogIdentifier", pool->id);
    /* What an engine prints may be what a client has asked it to say: "<0>" has no meaning there.
     */
    plan_add_bool(b, "SyslogLevelPrefix", false);
    if (settings->engine_log == ENGINE_LOG_FILE) {
        plan_add_string(b, "StandardOutputFileToAppend", context->log_file);
        plan_add_string(b, "StandardErrorFileToAppend", context->log_file);
    } else {
        plan_add_string(b, "StandardOutput", "journal");
        plan_add_string(b, "StandardError", "journal");
    }
    add_journal_fields(b, pool);
    if (settings->engine_log_burst > 0) {
        plan_add_u64(b, "LogRateLimitIntervalUSec", settings->engine_log_interval_usec);
        plan_add_u32(b, "LogRateLimitBurst", (uint32_t)settings->engine_log_burst);
    }
}

static void add_lifecycle(PlanBuilder *b, const EngineSpec *spec, const PolicySettings *settings)
{
    plan_add_string(b, "Type", "exec");
    plan_add_string(b, "Restart", "no"); /* the policy is ours */
    plan_add_string(b, "KillMode", "control-group");
    plan_add_string(b, "OOMPolicy", "kill");
    /* 0 would mean "for ever" once the service manager has reloaded its configuration. */
    plan_add_u64(b, "TimeoutStopUSec", usec_max(spec_stop_grace(spec, settings), USEC_PER_MSEC));
}

static void add_resources(PlanBuilder *b, const EngineSpec *spec)
{
    for (int i = 0; i < RESOURCE_MAX; i++)
        plan_add_u64(b, resource_property((Resource)i), resource_get(spec, (Resource)i));
    /* What the engine reads from disks tells how far it is with its model. */
    plan_add_bool(b, "IOAccounting", true);
}

static bool has_variable(char *const *env, const char *prefix)
{
    STRV_FOREACH (variable, env)
        if (startswith(*variable, prefix))
            return true;
    return false;
}

/* Many engines keep what they compile, and more, in the home folder. */
static void add_home(PlanBuilder *b, char ***list, const EngineSpec *spec)
{
    char folder[PM_STRING_MAX];

    unit_work_directory(spec, folder, sizeof(folder));
    if (!has_variable(spec->env, "HOME="))
        plan_pushf(b, list, "HOME=%s", folder);
}

/* A mask is told to the engine here, and to the kernel by add_devices(). */
static void add_mask(PlanBuilder *b, char ***list, const EngineSpec *spec)
{
    _cleanup_free_ char *visible = NULL;
    DeviceMask mask;
    int r;

    r = device_mask_parse(spec->device_mask, "device_mask", &mask, NULL);
    if (r >= 0)
        r = device_mask_visible(&mask, &visible);
    if (r < 0) {
        b->error = r;
        return;
    }
    plan_push(b, list, DEVICE_MASK_ORDER "=PCI_BUS_ID"); /* that of nvidia-smi and NVML */
    plan_pushf(b, list, DEVICE_MASK_VISIBLE "=%s", visible);
}

static void add_environment(PlanBuilder *b, const EngineSpec *spec, bool user_mode)
{
    char ***list;

    if (user_mode && !spec->env && !spec->device_mask)
        return;
    list = plan_add_list(b, "Environment", UNIT_PROPERTY_STRV);
    if (!user_mode)
        add_home(b, list, spec);
    STRV_FOREACH (variable, spec->env)
        plan_push(b, list, *variable);
    if (spec->device_mask)
        add_mask(b, list, spec);
}

static bool is_contained(const EngineSpec *spec)
{
    return spec->container.rootfs != NULL;
}

/* The engine's own environment and devices are the container's. */
static void add_container(PlanBuilder *b, const Pool *pool, const PolicySettings *settings,
                          const UnitPlanContext *context, const char *const *split)
{
    _cleanup_strv_free_ char **argv = NULL;
    char folder[CONTAINER_DIRECTORY_MAX];
    char ***list;

    if (b->error == 0)
        b->error = container_command(pool, settings, context->devices, b->plan->name, &argv);
    if (b->error < 0 || !argv)
        return;
    plan_add_command(b, argv[0], argv + 1, split);
    container_directory(pool, folder);
    plan_pushf(b, plan_add_list(b, "RuntimeDirectory", UNIT_PROPERTY_STRV), "%s", folder);
    plan_add_u32(b, "RuntimeDirectoryMode", 0700);
    list = plan_add_list(b, "Environment", UNIT_PROPERTY_STRV);
    plan_pushf(b, list, "HOME=/run/%s", folder);
    plan_pushf(b, list, "XDG_RUNTIME_DIR=/run/%s", folder);
    plan_push(b, list, "CONTAINERS_CONF=" PM_CONTAINERS_CONF);
}

/* Whatever the engine does with what it is told: the kernel keeps it off other GPUs. A user's own
 * manager cannot. */
static void add_devices(PlanBuilder *b, const EngineSpec *spec, char *const *devices,
                        bool user_mode)
{
    char ***list;

    if (!spec->device_mask || user_mode)
        return;
    plan_add_string(b, "DevicePolicy", "closed");
    list = plan_add_list(b, "DeviceAllow", UNIT_PROPERTY_STRING_PAIRS);
    STRV_FOREACH (device, devices) {
        plan_push(b, list, *device);
        plan_push(b, list, "rw");
    }
}

int unit_plan_new(const Pool *pool, const PolicySettings *settings, const UnitPlanContext *context,
                  UnitPlan **ret)
{
    _cleanup_(unit_plan_freep) UnitPlan *plan = calloc(1, sizeof(UnitPlan));
    PlanBuilder b = {.plan = plan};
    const char *const split[] = {context->tensor_split ? "--tensor-split" : NULL,
                                 context->tensor_split, NULL};

    if (!plan)
        return -ENOMEM;
    unit_name_format(pool->id, pool->spec->replica_id, pool->generation, plan->name);
    add_description(&b, pool);
    plan_add_string(&b, "Slice", PM_SLICE);
    add_lifecycle(&b, pool->spec, settings);
    if (is_contained(pool->spec)) {
        add_container(&b, pool, settings, context, split);
    } else {
        plan_add_command(&b, pool->spec->binary_path, pool->spec->flags, split);
        add_environment(&b, pool->spec, settings->user_mode);
    }
    plan_add_pairs(&b, "LoadCredential", pool->spec->credentials);
    add_output(&b, pool, settings, context);
    add_resources(&b, pool->spec);
    plan_add_sandbox(&b, pool->spec, settings);
    add_devices(&b, pool->spec, context->devices, settings->user_mode);
    if (b.error < 0)
        return b.error;
    *ret = TAKE_PTR(plan);
    return 0;
}
