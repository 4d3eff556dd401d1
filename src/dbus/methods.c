/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/methods.h"

#include <errno.h>

#include "dbus/methods_run.h"

#define POOL   "pool_id\0"
#define RELOAD POOL "new_model_ref\0drain_deadline_ms\0prepared\0strategy\0"

const Method methods[] = {
        {"Preload", "Preload", "ss", "t", POOL "prepared\0operation\0", "preload", METHOD_WRITE,
         false, run_preload,
         "Starts an engine; `prepared` is the JSON text of the body of a preload"},
        {"PreloadAndWait", "PreloadAndWait", "ss", "s", POOL "prepared\0answer\0", "preload",
         METHOD_WRITE, true, run_preload, "The same; answers when the engine is ready"},
        {"Plan", "Plan", "ss", "s", POOL "prepared\0plan\0", "preload", METHOD_READ, false,
         run_plan,
         "Says what a preload with that body would do now, as JSON text; changes nothing"},
        {"Stop", "Stop", "s", "t", POOL "operation\0", "stop", METHOD_WRITE, false, run_stop,
         "Stops the engine"},
        {"StopAndWait", "StopAndWait", "s", "s", POOL "answer\0", "stop", METHOD_WRITE, true,
         run_stop, "The same; answers when the engine's last process is gone"},
        {"Drain", "Drain", "st", "t", POOL "deadline_ms\0operation\0", "drain", METHOD_WRITE, false,
         run_drain,
         "Grants no more leases, waits for those that are out, at most so long (unset: as it is "
         "configured), and stops the engine"},
        {"DrainAndWait", "DrainAndWait", "st", "s", POOL "deadline_ms\0answer\0", "drain",
         METHOD_WRITE, true, run_drain, "The same; answers when the engine's last process is gone"},
        {"Reload", "Reload", "sstss", "t", RELOAD "operation\0", "reload", METHOD_WRITE, false,
         run_reload,
         "Puts another engine in the place of the one that is ready, `prepared` as for Preload, or "
         "the same (\"\") with the model that `new_model_ref` names; leases are waited for at most "
         "so long (unset: as it is configured); `strategy` is drain (\"\") or blue-green"},
        {"ReloadAndWait", "ReloadAndWait", "sstss", "s", RELOAD "answer\0", "reload", METHOD_WRITE,
         true, run_reload,
         "The same; answers when the new engine is ready, or the one from before is again"},
        {"Restart", "Restart", "s", "t", POOL "operation\0", "restart", METHOD_WRITE, false,
         run_restart, "Starts the engine that the pool had last, after stopping it where it runs"},
        {"RestartAndWait", "RestartAndWait", "s", "s", POOL "answer\0", "restart", METHOD_WRITE,
         true, run_restart, "The same; answers when the engine is ready"},
        {"Register", "Register", "s", "b", POOL "new\0", "register", METHOD_WRITE, false,
         run_register, "Makes an entry for the pool, where there is none"},
        {"Deregister", "Deregister", "sb", "t", POOL "force\0operation\0", "deregister",
         METHOD_WRITE, false, run_deregister,
         "Removes the pool; with `force` it stops the engine before, where one runs"},
        {"DeregisterAndWait", "DeregisterAndWait", "sb", "s", POOL "force\0answer\0", "deregister",
         METHOD_WRITE, true, run_deregister, "The same; answers when the pool is gone"},
        {"Update", "Update", "ss", "bas", POOL "patch\0new\0warnings\0", "update", METHOD_WRITE,
         false, run_update,
         "Changes what the registry says of the pool; `patch` is the JSON text of a merge"},
        {"SetResources", "SetResources", "ss", "as", POOL "resources\0warnings\0", "set-property",
         METHOD_WRITE, false, run_set_resources,
         "Changes limits of the engine that runs and of those after it; `resources` is JSON text "
         "as "
         "in a preload, null takes one away"},
        {"RegisterHandoff", "RegisterHandoff", "ss", "bas", POOL "handoff\0new\0warnings\0",
         "handoff", METHOD_WRITE, false, run_register_handoff,
         "Registers an engine that somebody else started; `handoff` is its handoff's JSON text"},
        {"Heartbeat", "Heartbeat", "st", "t", POOL "timestamp_ms\0recorded_ms\0", "heartbeat",
         METHOD_WRITE, false, run_heartbeat,
         "Records a sign of life, of that moment in Unix milliseconds (unset: now)"},
        {"AcquireLease", "AcquireLease", "sstb", "stt",
         POOL "owner\0ttl_ms\0enforce_slots\0lease_id\0active_leases\0generation\0", "lease",
         METHOD_WRITE, false, run_acquire_lease,
         "Takes a lease, which ends with the caller's connection; owner and ttl_ms may be unset"},
        {"ReleaseLease", "ReleaseLease", "ss", "t", POOL "lease_id\0active_leases\0", "release",
         METHOD_WRITE, false, run_release_lease,
         "Gives a lease back; the connection that holds it may always do so"},
        {"ReleaseAnonymousLease", "ReleaseAnonymousLease", "s", "t", POOL "active_leases\0",
         "release", METHOD_WRITE, false, run_release_anonymous_lease,
         "Gives the oldest lease back that has neither owner nor holder, if there is one"},
        {"ResetBreaker", "ResetBreaker", "s", "", POOL, "breaker", METHOD_WRITE, false,
         run_reset_breaker, "Closes the circuit breaker"},
        {"AllowRestart", "AllowRestart", "s", "", POOL, "breaker", METHOD_WRITE, false,
         run_allow_restart, "Allows one restart while the circuit breaker is open"},
        {"OpenLogs", "OpenLogs", "sttbb", "h", POOL "lines\0generation\0follow\0json\0pipe\0",
         "logs", METHOD_READ, false, run_open_logs,
         "Opens the output of the pool's engines: the last `lines` (unset: all) of the generation "
         "(0: of all), and with `follow` what comes until the pipe is closed"},
        {"GetHealth", "GetHealth", "s", "s", POOL "health\0", NULL, METHOD_READ, false,
         run_get_health, "The pool's health, as JSON text"},
        {"DescribePool", "Describe", "s", "s", POOL "status\0", NULL, METHOD_READ, false,
         run_describe_pool, "The pool's status, as JSON text"},
        {"GetPool", NULL, "s", "o", POOL "pool\0", NULL, METHOD_READ, false, run_get_pool,
         "The pool's object"},
        {"ListPools", NULL, "", "a(sso)", "pools\0", NULL, METHOD_READ, false, run_list_pools,
         "Id, state and object of each pool, sorted by id"},
        {"Describe", NULL, "", "s", "status\0", NULL, METHOD_READ, false, run_describe,
         "The status of all pools, as the JSON text of an array"},
        {"DescribeDevices", NULL, "", "s", "devices\0", NULL, METHOD_DEVICES, false,
         run_describe_devices,
         "The GPUs of the host, with the processes on them and whose engines these are, as JSON "
         "text"},
        {"GetOperation", NULL, "t", "s", "operation\0description\0", NULL, METHOD_FREE, false,
         run_get_operation,
         "What became of an operation, as JSON text; known until ten minutes after its end"},
        {"DescribeConfiguration", NULL, "", "s", "configuration\0", NULL, METHOD_FREE, false,
         run_describe_configuration,
         "The configuration, as JSON text: each key with its value and where that comes from; "
         "and the declared pools"},
        {"ListEvents", NULL, "t", "sta(tsss)", "after\0run_id\0first\0events\0", NULL, METHOD_FREE,
         false, run_list_events,
         "The events after that id, as many as fit into an answer, each with id, type, pool and "
         "JSON text; `first` is the oldest event that is kept"},
        {0},
};

const Method *method_find(const char *name, bool of_pool)
{
    for (const Method *m = methods; m->name; m++)
        if (streq_ptr(of_pool ? m->pool_name : m->name, name))
            return m;
    return NULL;
}

bool method_takes_pool(const Method *method)
{
    return streq(method->names, POOL);
}

static void method_entry(const Method *m, bool of_pool, sd_bus_message_handler_t handler,
                         sd_bus_vtable *ret)
{
    /* Who may call is decided in authorize.c: without UNPRIVILEGED sd-bus would ask the bus about
     * the caller itself, and wait for the answer. */
    static const sd_bus_vtable template =
            SD_BUS_METHOD(NULL, NULL, NULL, NULL, SD_BUS_VTABLE_UNPRIVILEGED);

    *ret = template;
    ret->x.method.member = of_pool ? m->pool_name : m->name;
    ret->x.method.signature = of_pool ? m->in + 1 : m->in;
    ret->x.method.result = m->out;
    ret->x.method.names = of_pool ? m->names + sizeof(POOL) - 1 : m->names;
    ret->x.method.handler = handler;
}

int methods_vtable_new(VtablePart head, bool of_pool, sd_bus_message_handler_t handler,
                       VtablePart tail, sd_bus_vtable **ret)
{
    sd_bus_vtable *vtable, *end;
    size_t count = 0;

    for (const Method *m = methods; m->name; m++)
        count += !of_pool || m->pool_name;
    vtable = calloc(head.count + count + tail.count, sizeof(*vtable));
    if (!vtable)
        return -ENOMEM;
    memcpy(vtable, head.entries, head.count * sizeof(*vtable));
    end = vtable + head.count;
    for (const Method *m = methods; m->name; m++)
        if (!of_pool || m->pool_name)
            method_entry(m, of_pool, handler, end++);
    memcpy(end, tail.entries, tail.count * sizeof(*vtable));
    *ret = vtable;
    return 0;
}
