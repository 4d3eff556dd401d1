/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>

#include "manager/declared.h"
#include "systemd/journal.h"

/* What is said when it is done. */
static const char *const sayings[DECLARED_ACTION_MAX] = {
        [DECLARED_WAIT] = "its declaration waits until what the pool is at is over",
        [DECLARED_NOTE] = "it is as it is declared",
        [DECLARED_KEEP] = "its next start is as declared; it is not started now",
        [DECLARED_START] = "it is started as declared",
        [DECLARED_RESUME] = "it is started as it was before the boot; its declaration is the same",
        [DECLARED_ADJUST] = "its declaration has changed; the engine runs on",
        [DECLARED_RELOAD] = "its declaration has changed; it is reloaded",
        [DECLARED_DRAIN] = "its engine is not to be there any more; it is drained",
        [DECLARED_STOP] = "its engine is not to be there any more; it is stopped",
        [DECLARED_DEREGISTER] = "its declaration is gone; it is deregistered",
        [DECLARED_FORGET] = "its declaration is gone; the pool stays, without it",
};

static void say(const DeclaredPool *d, int priority, const char *what, const char *why)
{
    const char *file = d->file.path ? d->file.path : d->record ? d->record->file : "";
    const LogField fields[] = {{"POOL_ID", d->id}};

    journal_send(priority, PM_MESSAGE_DECLARED_APPLIED, fields, ELEMENTSOF(fields),
                 "Pool %s: %s%s%s (%s)", d->id, what, why ? ": " : "", why ? why : "", file);
}

/* It is tried again when the files are read the next time. */
static void give_up(DeclaredPool *d, int r, const Error *error)
{
    d->due = false;
    say(d, LOG_ERR, "its declaration cannot be applied",
        error_is_set(error) ? error->text : strerror(-r));
}

/* A daemon that was killed may have left the pool's state and no record. */
static void applied(DeclaredPool *d)
{
    const Pool *pool = registry_get(&d->manager->registry, d->id);

    d->due = false;
    if (declared_record_note(d, pool && pool->declared) < 0)
        say(d, LOG_ERR, "what was applied cannot be noted", strerror(ENOMEM));
}

/* What the registry has of the declaration before, and this one does not give. */
static int update_entry(const DeclaredPool *d, Pool *pool)
{
    PoolUpdate update;

    if (!d->record)
        return 0;
    declared_update(d->record->applied.spec, d->file.declaration.spec, &update);
    return pool_update_apply(pool, &update, NULL);
}

static void replace_spec(Pool *pool, EngineSpec *spec)
{
    engine_spec_free(pool->spec);
    pool->spec = spec;
    (void)persist_state(pool_shell(pool)); /* else it is tried again */
    notify_pool_changed(pool_shell(pool));
}

static void keep(DeclaredPool *d)
{
    Error error = {.code = PM_ERROR_NONE};
    EngineSpec *spec;
    bool made;
    Pool *pool;
    int r = manager_ensure_pool(d->manager, d->id, &pool, &made, &error);

    if (r >= 0)
        r = update_entry(d, pool);
    if (r >= 0)
        r = engine_spec_copy(d->file.declaration.spec, &spec);
    if (r < 0) {
        give_up(d, r, &error);
        return;
    }
    pool->registered = true;
    if (made)
        pool->declared = true;
    pool_meta_from_spec(pool, spec);
    replace_spec(pool, spec);
    applied(d);
}

static void start(DeclaredPool *d, Pool *pool, const EngineSpec *from)
{
    _cleanup_spec_ EngineSpec *spec = NULL;
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation;
    int r = engine_spec_copy(from, &spec);

    if (r >= 0 && pool)
        r = update_entry(d, pool);
    if (r >= 0)
        r = manager_start_unattended(d->manager, &spec, d->file.warnings, &operation, &error);
    if (r < 0)
        give_up(d, r, &error);
    else
        applied(d);
}

static void adjust(DeclaredPool *d, Pool *pool)
{
    PoolShell *shell = pool_shell(pool);
    EngineSpec *spec = NULL;
    int r = declared_adjust(pool, d->record->applied.spec, d->file.declaration.spec, &spec);

    if (r >= 0)
        r = update_entry(d, pool);
    if (r < 0) {
        engine_spec_free(spec);
        give_up(d, r, NULL);
        return;
    }
    replace_spec(pool, spec);
    shell->kept_generation = 0; /* what outlives a reboot is this spec now */
    memory_keep(shell);
    applied(d);
    if (d->before && d->before->reached) {
        d->record->reached = true;
        declared_record_save(d);
    }
}

/* One whose leases were not back in time has touched nothing. */
static void on_reloaded(const OperationResult *result, const char *pool_id, void *userdata)
{
    DeclaredPool *d = userdata;
    const Pool *pool = registry_get(&d->manager->registry, pool_id);

    d->waiter = NULL;
    if (!error_is_set(&result->error) || !pool || pool->state != POOL_READY ||
        pool->last_error_class != FAILURE_DRAIN_TIMEOUT)
        return;
    declared_record_take_back(d);
    say(d, LOG_WARNING, "its declaration is tried again at the next reload of the daemon",
        result->error.text);
}

static int make_request(const EngineSpec *spec, ReloadRequest **ret)
{
    _cleanup_(reload_request_freep) ReloadRequest *request = calloc(1, sizeof(ReloadRequest));

    if (!request)
        return -ENOMEM;
    request->strategy = RELOAD_DRAIN;
    request->model_ref = strdup(spec->model_id ? spec->model_id : spec->model_path);
    if (!request->model_ref || engine_spec_copy(spec, &request->spec) < 0)
        return -ENOMEM;
    *ret = TAKE_PTR(request);
    return 0;
}

static void reload(DeclaredPool *d)
{
    _cleanup_(reload_request_freep) ReloadRequest *request = NULL;
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation;
    int r = make_request(d->file.declaration.spec, &request);

    if (r >= 0)
        r = manager_reload(d->manager, d->id, &request, SPEC_UNSET, d->file.warnings, NULL,
                           &operation, &error);
    if (r < 0) {
        give_up(d, r, &error);
        return;
    }
    applied(d);
    d->waiter = operation_waiter_free(d->waiter);
    if (operation_wait(operation, on_reloaded, d, &d->waiter) < 0)
        d->waiter = NULL;
}

/* The engine goes first; what comes then is decided when it is gone. */
static void leave(DeclaredPool *d, bool drain)
{
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation;
    int r;

    d->leaving = d->waits = true;
    if (d->record)
        declared_record_save(d);
    r = drain ? manager_drain(d->manager, d->id, SPEC_UNSET, NULL, &operation, &error)
              : manager_stop(d->manager, d->id, NULL, &operation, &error);
    if (r < 0)
        give_up(d, r, &error);
}

static void deregister(DeclaredPool *d)
{
    Error error = {.code = PM_ERROR_NONE};
    Operation *operation;
    int r = manager_deregister(d->manager, d->id, false, NULL, &operation, &error);

    if (r < 0) {
        give_up(d, r, &error);
        return;
    }
    declared_record_remove(d);
    declared_drop(d);
}

/* What stays is somebody else's. */
static void disown(Pool *pool)
{
    if (!pool || !pool->declared)
        return;
    pool->declared = false;
    (void)persist_state(pool_shell(pool)); /* else it is tried again */
}

static DeclaredAction decide(const DeclaredPool *d, const Pool *pool)
{
    const DeclaredRecord *record = d->record;
    const DeclaredCase c = {
            .applied = record ? &record->applied : NULL,
            .next = d->file.path ? &d->file.declaration : NULL,
            .pool = pool,
            .owned = record && record->owned,
            .reached = record && record->reached,
            .new_boot = !record || !streq(record->boot_id, d->manager->declared->boot_id),
            .leaving = d->leaving,
    };

    return declared_decide(&c);
}

/* That it waits is said once, and not when it waits for what we have begun. */
static bool is_worth_saying(DeclaredPool *d, DeclaredAction action)
{
    if (action != DECLARED_WAIT)
        return action != DECLARED_NOTHING;
    if (d->told || d->leaving)
        return false;
    d->told = true;
    return true;
}

void declared_step(DeclaredPool *d)
{
    Pool *pool = registry_get(&d->manager->registry, d->id);
    DeclaredAction action = decide(d, pool);

    if (is_worth_saying(d, action))
        say(d, action == DECLARED_NOTE ? LOG_INFO : LOG_NOTICE, sayings[action], NULL);
    switch (action) {
    case DECLARED_WAIT:
        d->waits = true;
        break;
    case DECLARED_NOTE:
        applied(d);
        break;
    case DECLARED_KEEP:
        keep(d);
        break;
    case DECLARED_START:
        start(d, pool, d->file.declaration.spec);
        break;
    case DECLARED_RESUME:
        start(d, pool, pool->spec);
        break;
    case DECLARED_ADJUST:
        adjust(d, pool);
        break;
    case DECLARED_RELOAD:
        reload(d);
        break;
    case DECLARED_DRAIN:
    case DECLARED_STOP:
        leave(d, action == DECLARED_DRAIN);
        break;
    case DECLARED_DEREGISTER:
        deregister(d);
        break;
    case DECLARED_FORGET:
        disown(pool);
        declared_record_remove(d);
        declared_drop(d);
        break;
    case DECLARED_NOTHING:
    case DECLARED_ACTION_MAX:
        d->due = false;
        break;
    }
}
