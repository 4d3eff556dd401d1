/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/limits.h>
#include <poolmgr/messages.h>
#include <syslog.h>
#include <time.h>

#include "manager/manager_internal.h"
#include "systemd/journal.h"

/*
 * The registry lock as the front ends see it. We hold it only within one call, so that nobody here
 * ever waits for ourselves; those who wait, wait for another process, and for a bounded time.
 */

static const usec_t RETRY_USEC = 5 * USEC_PER_MSEC;
static const usec_t WAIT_USEC = PM_LOCK_WAIT_MS * USEC_PER_MSEC;

struct AccessWaiter {
    AccessWaiter *next; /* younger */
    Manager *manager;
    ManagerAccess access;
    usec_t until; /* monotonic */
    AccessFunc f;
    void *userdata;
};

/* Not the loop's, which is as old as the event that is being handled. */
static usec_t clock_now(void)
{
    struct timespec ts;

    if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
        return 0;
    return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

void access_drop_kept(Manager *m)
{
    if (!m->lock_kept)
        return;
    m->lock_kept = false;
    registry_lock_release(m->lock);
}

/* Takes the lock. Returns 0; -EAGAIN when another process holds it; or another negative errno. */
static int take(Manager *m, ManagerAccess access)
{
    int r = 0;

    if (access == MANAGER_WRITE)
        access_drop_kept(m);
    if (!m->lock_kept)
        r = registry_lock_try(m->lock, access == MANAGER_WRITE);
    if (r < 0)
        return r;
    m->lock_kept = false;
    m->locked = true;
    m->locked_access = access;
    return 0;
}

static int lock_error(int r, Error *error)
{
    const char *why = r == -EAGAIN ? "another process holds registry.lock in the runtime directory"
                                   : strerror(-r);

    journal_say(LOG_ERR, PM_MESSAGE_REGISTRY_LOCK, "registry lock failed: %s", why);
    (void)error_set(error, PM_ERROR_REGISTRY_LOCK, NULL, "registry lock failed: %s", why);
    return r;
}

int manager_lock(Manager *m, ManagerAccess access, Error *error)
{
    int r = take(m, access);

    return r < 0 ? lock_error(r, error) : 0;
}

void manager_unlock(Manager *m)
{
    if (!m->locked)
        return;
    m->locked = false;
    m->lock_kept = m->keeps_lock && m->locked_access == MANAGER_READ;
    if (!m->lock_kept)
        registry_lock_release(m->lock);
}

void manager_begin_reads(Manager *m)
{
    m->keeps_lock = true;
}

void manager_end_reads(Manager *m)
{
    m->keeps_lock = false;
    access_drop_kept(m);
}

static void arm(Manager *m)
{
    (void)sd_event_source_set_time_relative(m->access_timer, RETRY_USEC);
    (void)sd_event_source_set_enabled(m->access_timer,
                                      m->access_waiters ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

int manager_access(Manager *m, ManagerAccess access, AccessFunc f, void *userdata,
                   AccessWaiter **ret_waiter)
{
    AccessWaiter *w, **end;
    int r = take(m, access);

    if (r >= 0) {
        f(NULL, userdata);
        manager_unlock(m);
        return 1;
    }
    if (r != -EAGAIN) {
        Error error = {.code = PM_ERROR_NONE};

        (void)lock_error(r, &error);
        f(&error, userdata);
        return 1;
    }
    w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    *w = (AccessWaiter){
            .manager = m,
            .access = access,
            .until = usec_add(clock_now(), WAIT_USEC),
            .f = f,
            .userdata = userdata,
    };
    for (end = &m->access_waiters; *end; end = &(*end)->next)
        ;
    *end = w;
    arm(m);
    *ret_waiter = w;
    return 0;
}

AccessWaiter *access_waiter_free(AccessWaiter *w)
{
    AccessWaiter **p;

    if (!w)
        return NULL;
    for (p = &w->manager->access_waiters; *p && *p != w; p = &(*p)->next)
        ;
    if (*p)
        *p = w->next;
    free(w);
    return NULL;
}

/* The first of those who wait has its turn, or has waited long enough. Returns whether it is gone.
 */
static bool serve_first(Manager *m)
{
    AccessWaiter *w = m->access_waiters;
    AccessFunc f = w->f;
    void *userdata = w->userdata;
    Error error = {.code = PM_ERROR_NONE};
    int r = take(m, w->access);

    if (r == -EAGAIN && clock_now() < w->until)
        return false;
    access_waiter_free(w);
    if (r < 0)
        (void)lock_error(r, &error);
    f(r < 0 ? &error : NULL, userdata);
    manager_unlock(m);
    return true;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    Manager *m = userdata;

    while (m->access_waiters && serve_first(m))
        ;
    arm(m);
    return 0;
}

int access_new(Manager *m)
{
    int r = registry_lock_open(m->runtime, &m->lock);

    if (r >= 0)
        r = sd_event_add_time(m->event, &m->access_timer, CLOCK_MONOTONIC, USEC_INFINITY,
                              USEC_PER_MSEC, on_timer, m);
    if (r < 0)
        return r;
    (void)sd_event_source_set_description(m->access_timer, "registry-lock");
    return sd_event_source_set_enabled(m->access_timer, SD_EVENT_OFF);
}

void access_done(Manager *m)
{
    while (m->access_waiters)
        access_waiter_free(m->access_waiters);
    m->access_timer = sd_event_source_disable_unref(m->access_timer);
    m->lock = registry_lock_free(m->lock);
}
