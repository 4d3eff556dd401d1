/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "base/shortage.h"
#include "manager/log_catalog.h"
#include "manager/manager_internal.h"
#include "systemd/journal.h"
#include "json/encode.h"
#include "json/leases_file.h"

/*
 * What a restarted manager needs, on disk. What cannot be written now, because another process
 * holds the registry lock or the file system is full, is written as soon as it can be: the pool is
 * in a list until then.
 */

static const usec_t LOCK_RETRY_USEC = 10 * USEC_PER_MSEC;
static const usec_t DISK_RETRY_USEC = USEC_PER_SEC;
static const usec_t SHORTAGE_RETRY_USEC = 100 * USEC_PER_MSEC;

typedef int (*WriteFunc)(RuntimeDir *r, const char *pool_id, const char *text);

/* Whoever reads the files under the lock must not see them change. */
static int lock_to_write(Manager *m)
{
    int r;

    if (m->locked)
        return m->locked_access == MANAGER_WRITE ? 0 : -EAGAIN;
    access_drop_kept(m);
    r = registry_lock_try(m->lock, true);
    /* An unusable lock file must not cost us the registry. */
    return r == -EAGAIN ? r : 0;
}

static void unlock_after_write(Manager *m)
{
    if (!m->locked)
        registry_lock_release(m->lock);
}

/* Takes `object` over. */
static int write_object(Manager *m, const char *pool_id, json_object *object, bool pretty,
                        WriteFunc write)
{
    _cleanup_free_ char *text = NULL;
    size_t length;
    int r = json_text(object, pretty, &text, &length);

    if (r < 0)
        return r;
    r = lock_to_write(m);
    if (r < 0)
        return r;
    r = write(m->runtime, pool_id, text);
    unlock_after_write(m);
    return r;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata);

static void arm(Manager *m, usec_t pause)
{
    if (!m->save_timer) {
        if (sd_event_add_time_relative(m->event, &m->save_timer, CLOCK_MONOTONIC, pause,
                                       USEC_PER_MSEC, on_retry, m) < 0)
            manager_out_of_memory(m);
        return;
    }
    (void)sd_event_source_set_time_relative(m->save_timer, pause);
    (void)sd_event_source_set_enabled(m->save_timer, SD_EVENT_ONESHOT);
}

static usec_t retry_pause(int error)
{
    if (error == -EAGAIN)
        return LOCK_RETRY_USEC;
    return errno_is_shortage(error) ? SHORTAGE_RETRY_USEC : DISK_RETRY_USEC;
}

static void remember(PoolShell *shell, SaveWhat what, int error)
{
    Manager *m = shell->manager;

    if (!shell->unsaved) {
        shell->unsaved_next = m->unsaved;
        m->unsaved = shell;
    }
    shell->unsaved |= (unsigned)what;
    arm(m, retry_pause(error));
}

static void unlink_unsaved(PoolShell *shell)
{
    PoolShell **p;

    for (p = &shell->manager->unsaved; *p && *p != shell; p = &(*p)->unsaved_next)
        ;
    if (*p)
        *p = shell->unsaved_next;
}

static void forget_unsaved(PoolShell *shell, SaveWhat what)
{
    if (!(shell->unsaved & (unsigned)what))
        return;
    shell->unsaved &= ~(unsigned)what;
    if (!shell->unsaved)
        unlink_unsaved(shell);
}

void persist_drop(PoolShell *shell)
{
    if (shell->unsaved)
        unlink_unsaved(shell);
    shell->unsaved = 0;
}

/* Files the outcome of writing `what`. */
static int written(PoolShell *shell, SaveWhat what, int r, const char *failure)
{
    if (r >= 0) {
        forget_unsaved(shell, what);
        return 0;
    }
    if (r != -EAGAIN && !(shell->unsaved & (unsigned)what))
        log_pool_errno(shell->pool, r, failure);
    shell->manager->storage_fails = shell->manager->storage_fails || r != -EAGAIN;
    remember(shell, what, r);
    return r;
}

/* A start waits until its state is on disk: an engine whose state is lost could not be found again.
 */
static void start_waiting(PoolShell *shell)
{
    const Pool *engine = pool_engine(shell->pool, shell->start_waiting);

    shell->start_waiting = 0;
    if (engine && engine->state == POOL_STARTING)
        effects_start_unit(shell->manager, engine);
}

int persist_state(PoolShell *shell)
{
    Manager *m = shell->manager;
    int r = write_object(m, shell->pool->id, json_state_file(shell->pool), true,
                         runtime_dir_write_state);

    shell->save_error = r < 0 ? r : 0;
    r = written(shell, SAVE_STATE, r, "its state file cannot be written");
    if (r >= 0 && shell->start_waiting)
        start_waiting(shell);
    return r;
}

int persist_leases(PoolShell *shell)
{
    int r = write_object(shell->manager, shell->pool->id, json_leases_file(shell->pool), false,
                         runtime_dir_write_leases);

    return written(shell, SAVE_LEASES, r, "its leases file cannot be written");
}

void persist_pid(PoolShell *shell, bool runs)
{
    const Pool *pool = shell->pool;
    RuntimeDir *runtime = shell->manager->runtime;
    int r = runs ? runtime_dir_write_pid(runtime, pool->id, pool->unit.main_pid)
                 : runtime_dir_remove_pid(runtime, pool->id);

    (void)written(shell, SAVE_PID, r,
                  runs ? "its pid file cannot be written" : "its pid file cannot be removed");
}

static int write_handoff(PoolShell *shell)
{
    _cleanup_free_ char *text = NULL;
    const Pool *pool = shell->pool;
    size_t length;
    int r = json_text(json_handoff(pool), true, &text, &length);

    if (r >= 0)
        r = runtime_dir_write_handoff(shell->manager->runtime, pool->id, pool->spec->replica_id,
                                      text);
    return r;
}

void persist_handoff(PoolShell *shell, bool serves)
{
    const Pool *pool = shell->pool;
    int r = 0;

    if (serves)
        r = write_handoff(shell);
    else if (pool->spec)
        r = runtime_dir_remove_handoff(shell->manager->runtime, pool->id, pool->spec->replica_id);
    (void)written(shell, SAVE_HANDOFF, r,
                  serves ? "its handoff file cannot be written"
                         : "its handoff file cannot be removed");
}

static int remove_files(Manager *m, const char *pool_id, const char *replica_id)
{
    const int results[] = {
            replica_id[0] ? runtime_dir_remove_handoff(m->runtime, pool_id, replica_id) : 0,
            runtime_dir_remove_pid(m->runtime, pool_id),
            runtime_dir_remove_leases(m->runtime, pool_id),
            runtime_dir_remove_state(m->runtime, pool_id),
    };

    for (size_t i = 0; i < ELEMENTSOF(results); i++)
        if (results[i] < 0)
            return results[i];
    return 0;
}

/* A state file that stays would bring the pool back with the next daemon. */
static void remember_left(Manager *m, const char *pool_id, const char *replica_id, int error)
{
    LeftFiles *left = calloc(1, sizeof(LeftFiles));

    if (!left) {
        manager_out_of_memory(m);
        return;
    }
    (void)snprintf(left->pool_id, sizeof(left->pool_id), "%s", pool_id);
    (void)snprintf(left->replica_id, sizeof(left->replica_id), "%s", replica_id);
    left->next = m->left_files;
    m->left_files = left;
    m->storage_fails = true;
    arm(m, retry_pause(error));
}

void persist_forget(PoolShell *shell)
{
    const Pool *pool = shell->pool;
    const char *replica_id = pool->spec ? pool->spec->replica_id : "";
    int r = remove_files(shell->manager, pool->id, replica_id);

    if (r >= 0)
        return;
    log_pool_errno(pool, r, "its files cannot be removed");
    remember_left(shell->manager, pool->id, replica_id, r);
}

/* Another pool of that name has files of its own. */
static int retry_left_one(Manager *m, const LeftFiles *left)
{
    const Pool *pool = registry_get(&m->registry, left->pool_id);

    if (!pool)
        return remove_files(m, left->pool_id, left->replica_id);
    return pool_has_handoff(pool) || !left->replica_id[0]
                   ? 0
                   : runtime_dir_remove_handoff(m->runtime, left->pool_id, left->replica_id);
}

static void retry_left(Manager *m)
{
    LeftFiles *left = m->left_files;

    m->left_files = NULL; /* what fails again comes back */
    while (left) {
        LeftFiles *next = left->next;
        int r = retry_left_one(m, left);

        if (r < 0)
            remember_left(m, left->pool_id, left->replica_id, r);
        free(left);
        left = next;
    }
}

static int write_registry(RuntimeDir *r, const char *pool_id, const char *text)
{
    return runtime_dir_write_registry(r, text);
}

void persist_numbers(Manager *m)
{
    int r = write_object(m, NULL, json_registry_file(&m->numbers), true, write_registry);

    if (r < 0 && r != -EAGAIN && !m->numbers_unsaved)
        journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS, "registry.json cannot be written: %s",
                    strerror(-r));
    m->numbers_unsaved = r < 0;
    m->storage_fails = m->storage_fails || (r < 0 && r != -EAGAIN);
    if (r < 0)
        arm(m, retry_pause(r));
}

static void tell_saved(Manager *m)
{
    if (!m->storage_fails || m->unsaved || m->numbers_unsaved || m->left_files)
        return;
    m->storage_fails = false;
    journal_say(LOG_NOTICE, PM_MESSAGE_STORAGE_WORKS, "%s can be written again: all is saved",
                runtime_dir_path(m->runtime));
}

static void write_unsaved(Manager *m)
{
    PoolShell *shell = m->unsaved;

    if (m->numbers_unsaved)
        persist_numbers(m);
    retry_left(m);
    m->unsaved = NULL; /* what fails again comes back */
    while (shell) {
        PoolShell *next = shell->unsaved_next;
        unsigned what = shell->unsaved;

        shell->unsaved = 0;
        if (what & SAVE_STATE)
            (void)persist_state(shell);
        if (what & SAVE_LEASES)
            (void)persist_leases(shell);
        if (what & SAVE_PID)
            persist_pid(shell, pool_has_engine(shell->pool) && shell->pool->unit.main_pid > 0);
        if (what & SAVE_HANDOFF)
            persist_handoff(shell, pool_has_handoff(shell->pool));
        shell = next;
    }
    tell_saved(m);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
    write_unsaved(userdata);
    return 0;
}

void persist_flush(Manager *m)
{
    if (m->unsaved || m->numbers_unsaved || m->left_files)
        write_unsaved(m);
}

int persist_read_numbers(Manager *m)
{
    _cleanup_free_ char *text = NULL;
    Error error = {.code = PM_ERROR_NONE};
    size_t length;
    int r = runtime_dir_read_registry(m->runtime, &text, &length);

    if (r == -ENOENT)
        return 0;
    if (errno_is_shortage(r))
        return r;
    if (r >= 0)
        r = registry_file_parse(text, length, &m->numbers, &error);
    if (r < 0) {
        journal_send(LOG_WARNING, PM_MESSAGE_FILE_SET_ASIDE, NULL, 0,
                     "registry.json is set aside as registry.json.bad: %s",
                     error_is_set(&error) ? error.text : strerror(-r));
        (void)runtime_dir_reject_registry(m->runtime);
    }
    m->last_operation_id = m->numbers.operation_floor;
    return 0;
}

void persist_done(Manager *m)
{
    m->save_timer = sd_event_source_disable_unref(m->save_timer);
    while (m->left_files) {
        LeftFiles *left = m->left_files;

        m->left_files = left->next;
        free(left);
    }
}
