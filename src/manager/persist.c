/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poolmgr/messages.h>
#include <syslog.h>
#include <time.h>

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
        (void)sd_event_add_time_relative(m->event, &m->save_timer, CLOCK_MONOTONIC, pause,
                                         USEC_PER_MSEC, on_retry, m);
        return;
    }
    (void)sd_event_source_set_time_relative(m->save_timer, pause);
    (void)sd_event_source_set_enabled(m->save_timer, SD_EVENT_ONESHOT);
}

static usec_t retry_pause(int error)
{
    return error == -EAGAIN ? LOCK_RETRY_USEC : DISK_RETRY_USEC;
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
    if (r < 0)
        arm(m, retry_pause(r));
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
    Manager *m = userdata;
    PoolShell *shell = m->unsaved;

    if (m->numbers_unsaved)
        persist_numbers(m);
    m->unsaved = NULL; /* what fails again comes back */
    while (shell) {
        PoolShell *next = shell->unsaved_next;
        unsigned what = shell->unsaved;

        shell->unsaved = 0;
        if (what & SAVE_STATE)
            (void)persist_state(shell);
        if (what & SAVE_LEASES)
            (void)persist_leases(shell);
        shell = next;
    }
    return 0;
}

int persist_read_numbers(Manager *m)
{
    _cleanup_free_ char *text = NULL;
    Error error = {.code = PM_ERROR_NONE};
    size_t length;
    int r = runtime_dir_read_registry(m->runtime, &text, &length);

    if (r == -ENOENT)
        return 0;
    if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
        return r; /* our trouble, not the file's */
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
}
