/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "manager/manager_internal.h"
#include "systemd/cgroup.h"
#include "systemd/journal.h"
#include "systemd/unit_fields.h"
#include "json/leases_file.h"
#include "json/state_file.h"

/*
 * Finding the engines of our last run again: the state files say what was, the service manager says
 * what is, and the machine puts the two together (EVENT_RECOVER).
 */

int recover_reject_file(const char *folder, const char *pool_id, const char *why)
{
    const char *what = streq(folder, "pools") ? "memory" : folder;
    const LogField fields[] = {{"POOL_ID", pool_id}};

    journal_send(LOG_WARNING, PM_MESSAGE_FILE_SET_ASIDE, fields, ELEMENTSOF(fields),
                 "Pool %s: its %s file is set aside as %s/%s.json.bad: %s", pool_id, what, folder,
                 pool_id, why);
    return -EBADMSG;
}

/* Replaces the empty pool of the registry by what the file says. */
static int take_over(Manager *m, Pool *loaded, Error *error)
{
    Pool *pool;
    int r = manager_ensure_pool(m, loaded->id, &pool, NULL, error);

    if (r < 0)
        return r;
    pool_take(pool, loaded);
    pool_shell_attach_beside(pool_shell(pool));
    return pool->operation.kind == OPERATION_NONE ? 0 : operation_restore(m, pool);
}

int recover_judge_file(const char *folder, const char *pool_id, int r, const Error *e)
{
    const char *why = error_is_set(e) ? e->text : strerror(-r);

    if (r >= 0)
        return 0;
    /* Our trouble, not the file's: it stays, and is read by the next daemon. */
    if (r == -ENOMEM || r == -EIO)
        return -ENOMEM;
    return recover_reject_file(folder, pool_id, why);
}

static int on_state(const char *pool_id, const char *text, size_t length, int error, void *userdata)
{
    _cleanup_(pool_freep) Pool *loaded = NULL;
    Error e = {.code = PM_ERROR_NONE};
    int r;

    if (!text)
        return recover_reject_file("state", pool_id, strerror(-error));
    r = state_file_parse(text, length, pool_id, &loaded, &e);
    if (r >= 0)
        r = take_over(userdata, loaded, &e);
    return recover_judge_file("state", pool_id, r, &e);
}

/* Which numbers were given out is lost: those from here on were not, so that nobody releases the
 * lease of somebody else. */
static void skip_lease_numbers(const Manager *m, Pool *pool)
{
    pool->leases.last_number = usec_to_ms(manager_now(m).real);
}

static int on_leases(const char *pool_id, const char *text, size_t length, int error,
                     void *userdata)
{
    Manager *m = userdata;
    Pool *pool = registry_get(&m->registry, pool_id);
    Error e = {.code = PM_ERROR_NONE};
    int r;

    if (!pool) {
        /* Its pool was forgotten, or its state file set aside. */
        (void)runtime_dir_remove_leases(m->runtime, pool_id);
        return 0;
    }
    if (!text) {
        skip_lease_numbers(m, pool);
        return recover_reject_file("leases", pool_id, strerror(-error));
    }
    r = recover_judge_file("leases", pool_id, leases_file_parse(text, length, pool, &e), &e);
    if (r < 0)
        skip_lease_numbers(m, pool);
    return r;
}

int recover_read_states(Manager *m)
{
    int r = persist_read_numbers(m);

    if (r >= 0)
        r = runtime_dir_read_states(m->runtime, on_state, m);
    return r < 0 ? r : runtime_dir_read_leases(m->runtime, on_leases, m);
}

static void remember_unknown(Manager *m, const UnitName *name)
{
    UnknownUnit *u;
    char unit[PM_UNIT_NAME_MAX + 1];
    Pool *pool;

    unit_name_format(name->pool_id, name->replica_id, name->generation, unit);
    for (u = m->unknown; u; u = u->next)
        if (streq(u->name, unit))
            return;
    u = calloc(1, sizeof(UnknownUnit));
    if (!u) {
        manager_out_of_memory(m);
        return;
    }
    (void)snprintf(u->name, sizeof(u->name), "%s", unit);
    u->next = m->unknown;
    m->unknown = u;
    /* Its number is taken: the next start of that pool must not meet it. */
    if (manager_ensure_pool(m, name->pool_id, &pool, NULL, NULL) >= 0 && !pool->spec &&
        pool->generation < name->generation)
        pool->generation = name->generation;
}

static bool unit_may_run(const UnitObservation *u)
{
    return u->active == UNIT_ACTIVE_ACTIVE || u->active == UNIT_ACTIVE_ACTIVATING ||
           u->active == UNIT_ACTIVE_DEACTIVATING || u->active == UNIT_ACTIVE_FAILED;
}

void recover_observed(Manager *m, const UnitName *name, const UnitObservation *u)
{
    Pool *pool = registry_get(&m->registry, name->pool_id);

    const Pool *engine = pool ? pool_engine(pool, name->generation) : NULL;

    if (engine && engine->spec && streq(engine->spec->replica_id, name->replica_id) &&
        pool_shell(engine))
        unit_observation_merge(&pool_shell(engine)->found, u);
    else if (unit_may_run(u))
        remember_unknown(m, name);
}

static int on_unknown_grace_over(sd_event_source *source, uint64_t usec, void *userdata)
{
    Manager *m = userdata;

    while (m->unknown) {
        UnknownUnit *u = m->unknown;

        journal_say(LOG_WARNING, PM_MESSAGE_UNIT_UNKNOWN,
                    "Stopping %s: it is an engine, and no pool knows it", u->name);
        (void)unit_client_stop(m->units, u->name);
        (void)unit_client_reset_failed(m->units, u->name);
        m->unknown = u->next;
        free(u);
    }
    return 0;
}

static void schedule_unknown(Manager *m)
{
    if (!m->unknown)
        return;
    for (const UnknownUnit *u = m->unknown; u; u = u->next)
        journal_say(LOG_WARNING, PM_MESSAGE_UNIT_UNKNOWN,
                    "Found %s, which no state file knows; it will be stopped in %" PRIu64 " ms",
                    u->name, usec_to_ms(m->unknown_unit_grace_usec));
    if (sd_event_add_time_relative(m->event, &m->unknown_timer, CLOCK_MONOTONIC,
                                   m->unknown_unit_grace_usec, USEC_PER_MSEC, on_unknown_grace_over,
                                   m) < 0)
        manager_out_of_memory(m);
}

/* The service manager may know a unit no more that had left processes behind. */
static void look_for_processes(const Manager *m, const Pool *pool, UnitObservation *u)
{
    char unit[PM_UNIT_NAME_MAX + 1];

    if (!pool->spec || !pool_has_engine(pool) || (u->fields & UNIT_FIELD_POPULATED) ||
        (u->load != UNIT_LOAD_NOT_FOUND && u->active != UNIT_ACTIVE_INACTIVE &&
         u->active != UNIT_ACTIVE_FAILED))
        return;
    unit_name_format(pool->id, pool->spec->replica_id, pool->generation, unit);
    u->populated = cgroup_is_populated(NULL, unit, m->user_mode, &u->left_pid);
    u->fields |= UNIT_FIELD_POPULATED;
}

static Event recover_event(const Manager *m, const Pool *engine)
{
    Event event = {.type = EVENT_RECOVER, .generation = engine->generation};

    if (pool_shell(engine))
        event.unit = pool_shell(engine)->found;
    if (event.unit.fields == 0) {
        event.unit.fields = UNIT_FIELD_LOAD;
        event.unit.load = UNIT_LOAD_NOT_FOUND;
    }
    look_for_processes(m, engine, &event.unit);
    if (pool_shell(engine))
        gpu_release_add_pid(pool_shell(engine), engine->held_pid);
    event.uses_gpu = gpu_release_concerns(m, engine);
    return event;
}

/* The engine beside may have taken the other's place by the time that it is its turn. */
static void recover_pool(Manager *m, const Pool *pool)
{
    Event event = recover_event(m, pool), beside = {.type = EVENT_RECOVER};
    bool has_beside = pool->beside;
    char id[PM_ID_MAX + 1];

    memcpy(id, pool->id, sizeof(id));
    if (has_beside)
        beside = recover_event(m, pool->beside);
    (void)manager_post(m, id, &event);
    if (has_beside)
        (void)manager_post(m, id, &beside);
}

/* Each pool learns what became of its unit while we were away. */
static void recover_pools(Manager *m)
{
    /* From the end: a pool that was to be deregistered goes on the way. */
    for (size_t i = m->registry.count; i > 0; i--) {
        const Pool *pool = m->registry.pools[i - 1];

        if (pool->spec || pool->state == POOL_EXTERNAL)
            recover_pool(m, pool);
    }
}

void recover_attached(Manager *m, int error, const char *error_text)
{
    if (error < 0) {
        journal_say(LOG_ERR, PM_MESSAGE_DAEMON_FAILED, "The service manager cannot be watched: %s",
                    error_text);
        m->recovered_func(error, m->recovered_userdata);
        return;
    }
    m->attached = true;
    memory_recover(m);
    recover_pools(m);
    turns_begin(m);
    staging_sweep(m);
    external_start(m);
    schedule_unknown(m);
    notify_arm(m);
}

/* Done when each engine that was ready has been probed once, and each that has ended is judged:
 * from then on the status can be believed. */
void recover_check_done(Manager *m)
{
    if (m->recovered || !m->attached)
        return;
    for (size_t i = 0; i < m->registry.count; i++) {
        const Pool *pool = m->registry.pools[i];

        if ((pool->state == POOL_ADOPTING && pool->probe_running) || pool->judging)
            return;
    }
    m->recovered = true;
    m->recovered_func(0, m->recovered_userdata);
}

int manager_start(Manager *m, ManagerRecoveredFunc recovered, void *userdata)
{
    int r;

    m->recovered_func = recovered;
    m->recovered_userdata = userdata;
    if (!m->user_mode)
        unit_fields_sweep(NULL);
    r = recover_read_states(m);
    return r < 0 ? r : unit_client_attach(m->units);
}

void recover_free(Manager *m)
{
    while (m->unknown) {
        UnknownUnit *u = m->unknown;

        m->unknown = u->next;
        free(u);
    }
    sd_event_source_disable_unref(m->unknown_timer);
}
