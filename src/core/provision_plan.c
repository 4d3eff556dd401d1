/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/provision_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <poolmgr/names.h>
#include <stdio.h>

#include "core/unit_plan_builder.h"

/* It may have to write a last block to a slow disk. */
static const usec_t STOP_GRACE_USEC = 10 * USEC_PER_SEC;

void provision_unit_name(const char *pool_id, uint64_t operation,
                         char buffer[static PM_UNIT_NAME_MAX + 1])
{
    (void)snprintf(buffer, PM_UNIT_NAME_MAX + 1, PM_PROVISION_PREFIX "%s:%" PRIu64 PM_UNIT_SUFFIX,
                   pool_id, operation);
}

static void add_description(PlanBuilder *b, const ProvisionRun *run)
{
    char description[64 + PM_ID_MAX];

    (void)snprintf(description, sizeof(description), "Model provisioner for pool %s", run->pool_id);
    plan_add_string(b, "Description", description);
}

static void add_words(PlanBuilder *b, const char *name, UnitPropertyType type,
                      const char *const *words)
{
    char ***list = plan_add_list(b, name, type);

    for (; *words; words++)
        plan_push(b, list, *words);
}

static void add_command(PlanBuilder *b, const ProvisionRun *run)
{
    /* Not an option: a provisioner of somebody else need not know it. */
    static const char *const environment[] = {PM_PROVISION_PROGRESS_ENV "=1", NULL};
    _cleanup_free_ char *reference = strdup(run->reference);
    char *arguments[] = {reference, NULL};

    if (!reference)
        b->error = -ENOMEM;
    plan_add_command(b, run->program, arguments, NULL);
    add_words(b, "Environment", UNIT_PROPERTY_STRV, environment);
}

static void add_lifecycle(PlanBuilder *b)
{
    plan_add_string(b, "Type", "oneshot");
    plan_add_bool(b, "RemainAfterExit", true); /* until its end was read */
    plan_add_string(b, "KillMode", "control-group");
    plan_add_string(b, "OOMPolicy", "kill");
    plan_add_u64(b, "TimeoutStopUSec", STOP_GRACE_USEC);
}

/* Both survive our restart in files. */
static void add_output(PlanBuilder *b, const ProvisionRun *run)
{
    char ***fields;

    plan_add_string(b, "StandardOutputFileToTruncate", run->output_file);
    plan_add_string(b, "StandardErrorFileToTruncate", run->error_file);
    plan_add_string(b, "SyslogIdentifier", "pool-provision");
    fields = plan_add_list(b, "LogExtraFields", UNIT_PROPERTY_BYTES_ARRAY);
    plan_pushf(b, fields, "POOL_ID=%s", run->pool_id);
}

/* What needs no privileges, so that the manager of a user can do it too. */
static void add_restrictions(PlanBuilder *b)
{
    static const char *const families[] = {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", NULL};
    static const char *const calls[] = {"@system-service", NULL};
    static const char *const architectures[] = {"native", NULL};

    plan_add_bool(b, "NoNewPrivileges", true);
    plan_add_bool(b, "LockPersonality", true);
    plan_add_bool(b, "MemoryDenyWriteExecute", true);
    plan_add_bool(b, "RestrictRealtime", true);
    plan_add_bool(b, "RestrictSUIDSGID", true);
    plan_add_u64(b, "RestrictNamespaces", 0); /* none is allowed */
    add_words(b, "RestrictAddressFamilies", UNIT_PROPERTY_ALLOW_LIST, families);
    add_words(b, "SystemCallFilter", UNIT_PROPERTY_ALLOW_LIST, calls);
    add_words(b, "SystemCallArchitectures", UNIT_PROPERTY_STRV, architectures);
}

static void add_isolation(PlanBuilder *b)
{
    /* Not private: a reference may name a file there. */
    static const char *const temporary[] = {"-/tmp", "-/var/tmp", NULL};

    plan_add_u64(b, "CapabilityBoundingSet", 0);
    plan_add_string(b, "ProtectSystem", "strict");
    plan_add_string(b, "ProtectHome", "read-only");
    add_words(b, "ReadWritePaths", UNIT_PROPERTY_STRV, temporary);
    plan_add_bool(b, "PrivateDevices", true);
    plan_add_bool(b, "ProtectClock", true);
    plan_add_bool(b, "ProtectControlGroups", true);
    plan_add_bool(b, "ProtectHostname", true);
    plan_add_bool(b, "ProtectKernelLogs", true);
    plan_add_bool(b, "ProtectKernelModules", true);
    plan_add_bool(b, "ProtectKernelTunables", true);
}

int provision_plan_new(const ProvisionRun *run, UnitPlan **ret)
{
    static const char *const cache[] = {"pool-managerd/models", NULL};
    _cleanup_(unit_plan_freep) UnitPlan *plan = calloc(1, sizeof(UnitPlan));
    PlanBuilder b = {.plan = plan};

    if (!plan)
        return -ENOMEM;
    (void)snprintf(plan->name, sizeof(plan->name), PM_PROVISION_PREFIX "%s:%" PRIu64 PM_UNIT_SUFFIX,
                   run->pool_id, run->operation);
    add_description(&b, run);
    add_command(&b, run);
    add_lifecycle(&b);
    add_output(&b, run);
    add_words(&b, "CacheDirectory", UNIT_PROPERTY_STRV, cache);
    add_restrictions(&b);
    if (!run->user_mode)
        add_isolation(&b);
    if (b.error < 0)
        return b.error;
    *ret = TAKE_PTR(plan);
    return 0;
}
