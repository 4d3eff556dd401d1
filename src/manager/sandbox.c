/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/sandbox.h"

#include <errno.h>
#include <inttypes.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>

#include "core/unit_name.h"
#include "systemd/journal.h"

int sandbox_check_allowed(const Manager *m, const EngineSpec *spec, Error *error)
{
    SandboxRelaxation relaxed[SANDBOX_RELAXATIONS_MAX];
    size_t n = sandbox_relaxations(&spec->sandbox, spec->engine, relaxed);
    char field[PM_ERROR_FIELD_MAX + 1];

    if (m->user_mode && spec->container.rootfs)
        return error_set(error, PM_ERROR_INVALID_FIELD, "container",
                         "container: only the daemon of the system runs engines in containers; "
                         "leave it out");
    for (size_t i = 0; i < n; i++) {
        if (m->sandbox_relax == SANDBOX_RELAX_ALL ||
            (m->sandbox_relax == SANDBOX_RELAX_UNPRIVILEGED && !relaxed[i].privileged))
            continue;
        (void)snprintf(field, sizeof(field), "sandbox.%s", relaxed[i].key);
        return error_set(error, PM_ERROR_FORBIDDEN, field,
                         "%s: the configuration of this host forbids it ([Sandbox] AllowRelax=%s); "
                         "leave it out, or ask the administrator for AllowRelax=%s",
                         field, m->sandbox_relax == SANDBOX_RELAX_NO ? "no" : "unprivileged",
                         relaxed[i].privileged ? "all" : "unprivileged");
    }
    return 0;
}

/* Whether `host` is for programs of this host only. */
static bool is_local(const char *host)
{
    return startswith(host, "127.") || streq(host, "::1") || streq(host, "localhost");
}

int sandbox_warn(const Manager *m, const EngineSpec *spec, char ***warnings)
{
    if (m->user_mode || is_local(spec->host) || m->policy.addresses || spec->sandbox.addresses)
        return 0;
    return strv_extendf(warnings,
                        "host: the engine is to listen on %s, but only this host may talk to it: "
                        "name the others in sandbox.ip_address_allow, or in [Sandbox] "
                        "IPAddressAllow= of the configuration",
                        spec->host);
}

void sandbox_log(const Pool *pool)
{
    SandboxRelaxation relaxed[SANDBOX_RELAXATIONS_MAX];
    size_t n = sandbox_relaxations(&pool->spec->sandbox, pool->spec->engine, relaxed);
    char generation[24], unit[PM_UNIT_NAME_MAX + 1], list[SANDBOX_TEXT_MAX];

    if (n == 0)
        return;
    unit_name_format(pool->id, pool->spec->replica_id, pool->generation, unit);
    (void)snprintf(generation, sizeof(generation), "%" PRIu64, pool->generation);
    sandbox_text(&pool->spec->sandbox, pool->spec->engine, list);
    const LogField fields[] = {
            {"POOL_ID", pool->id},
            {"POOL_GENERATION", generation},
            {"OBJECT_SYSTEMD_UNIT", unit},
            {"SANDBOX_RELAXED", list},
    };

    journal_send(LOG_WARNING, PM_MESSAGE_SANDBOX_RELAXED, fields, ELEMENTSOF(fields),
                 "Pool %s: the engine starts with a relaxed sandbox: %s", pool->id, list);
}
