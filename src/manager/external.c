/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/messages.h>
#include <stdio.h>
#include <syslog.h>

#include "manager/manager_internal.h"
#include "systemd/journal.h"
#include "json/requests.h"

/* Engines that somebody else started: by a request, or by a file in the handoff directory. */

/* Whether the pool may be served by an engine of somebody else. */
static int check_free(const Pool *pool, Error *error)
{
    if (!pool_has_engine(pool) && pool->state != POOL_PREFLIGHT && !pool->beside)
        return 0;
    return error_set(error, PM_ERROR_ALREADY_RUNNING, NULL,
                     "pool %s runs an engine of its own: stop it first", pool->id);
}

static int take_handoff(Manager *m, Handoff **handoff, bool is_file, const char *correlation_id,
                        bool *ret_new, Error *error)
{
    Event event = {.type = EVENT_HANDOFF, .handoff = {.is_file = is_file}};
    Pool *pool;
    bool is_new;
    int r = manager_ensure_pool(m, (*handoff)->pool_id, &pool, &is_new, error);

    if (r < 0)
        return r;
    r = check_free(pool, error);
    if (r < 0)
        return r;
    manager_set_correlation_id(pool, correlation_id);
    if (!is_file)
        pool->registered = true;
    event.handoff.handoff = TAKE_PTR(*handoff);
    if (manager_post(m, pool->id, &event) < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    *ret_new = is_new;
    return 0;
}

int manager_register_handoff(Manager *m, Handoff **handoff, const char *correlation_id,
                             bool *ret_new, Error *error)
{
    int r = manager_refuse_unrecovered(m, error);

    return r < 0 ? r : take_handoff(m, handoff, false, correlation_id, ret_new, error);
}

static HandoffFile **find_file(Manager *m, const char *name)
{
    HandoffFile **p = &m->handoff_files;

    while (*p && !streq((*p)->name, name))
        p = &(*p)->next;
    return p;
}

static const HandoffFile *file_of_pool(const Manager *m, const char *pool_id)
{
    const HandoffFile *f = m->handoff_files;

    while (f && (f->waits || !streq(f->pool_id, pool_id)))
        f = f->next;
    return f;
}

/* The file does not speak for its pool any more. */
static void drop_file(Manager *m, const char *name)
{
    HandoffFile **p = find_file(m, name), *f = *p;
    Event event = {.type = EVENT_HANDOFF_GONE};

    if (!f)
        return;
    *p = f->next;
    if (!f->waits) {
        (void)manager_post(m, f->pool_id, &event);
        external_retry(m);
    }
    free(f);
}

static int remember_file(Manager *m, const char *name, const char *pool_id, bool waits)
{
    size_t n = strlen(name) + 1;
    HandoffFile *f = calloc(1, sizeof(HandoffFile) + n);

    if (!f)
        return -ENOMEM;
    memcpy(f->name, name, n);
    f->waits = waits;
    (void)snprintf(f->pool_id, sizeof(f->pool_id), "%s", pool_id);
    f->next = m->handoff_files;
    m->handoff_files = f;
    return 0;
}

static void report_bad(const char *name, int priority, const char *reason)
{
    const LogField fields[] = {{"HANDOFF_FILE", name}};

    journal_send(priority, PM_MESSAGE_HANDOFF_IGNORED, fields, ELEMENTSOF(fields),
                 "The handoff file engines/%s is ignored: %s", name, reason);
}

/* One file for each pool: the first holds it. */
static int check_single(const Manager *m, const char *name, const Handoff *handoff, Error *error)
{
    const HandoffFile *other = file_of_pool(m, handoff->pool_id);

    if (!other || streq(other->name, name))
        return 0;
    return error_set(error, PM_ERROR_ALREADY_RUNNING, "pool_id", "pool %s belongs to engines/%s",
                     handoff->pool_id, other->name);
}

/* It waits until its pool is free; told again meanwhile, that is not worth a line. */
static void postpone(Manager *m, const char *name, const char *pool_id, const Error *error)
{
    const HandoffFile *known = *find_file(m, name);
    bool waited = known && known->waits;

    report_bad(name, waited ? LOG_DEBUG : LOG_WARNING, error->text);
    drop_file(m, name);
    if (remember_file(m, name, pool_id, true) < 0)
        manager_out_of_memory(m);
    else
        handoff_watch_postpone(m->handoffs, name);
}

/* The pool of a file that speaks for another one, or waits for it, is let go first. */
static void let_go(Manager *m, const char *name, const char *pool_id)
{
    const HandoffFile *known = *find_file(m, name);

    if (known && (known->waits || !streq(known->pool_id, pool_id)))
        drop_file(m, name);
}

/* One that an earlier run of ours has left for an engine that runs on; else somebody's mistake. */
static void report_managed(const Manager *m, const char *name, const char *pool_id)
{
    const Pool *pool = registry_get(&m->registry, pool_id);

    if (!pool || !pool_has_engine(pool))
        report_bad(name, LOG_WARNING,
                   "its provisioning_mode is \"managed\", which is said of engines that a "
                   "pool-managerd runs: leave it out for others");
}

static void on_changed(const char *name, const char *text, size_t length, void *userdata)
{
    Manager *m = userdata;
    _cleanup_(handoff_freep) Handoff *handoff = NULL;
    char pool_id[PM_ID_MAX + 1] = "";
    Error error = {.code = PM_ERROR_NONE};
    bool is_new;
    int r = handoff_parse(text, length, NULL, &handoff, NULL, &error);

    if (r >= 0 && handoff->managed) {
        report_managed(m, name, handoff->pool_id);
        drop_file(m, name);
        return;
    }
    if (r >= 0) {
        (void)snprintf(pool_id, sizeof(pool_id), "%s", handoff->pool_id);
        r = check_single(m, name, handoff, &error);
    }
    if (r >= 0)
        r = take_handoff(m, &handoff, true, NULL, &is_new, &error);
    if (error.code == PM_ERROR_ALREADY_RUNNING) {
        postpone(m, name, pool_id, &error);
        return;
    }
    if (r >= 0) {
        let_go(m, name, pool_id);
        r = *find_file(m, name) ? 0 : remember_file(m, name, pool_id, false);
    }
    if (r >= 0)
        return;
    if (r == -ENOMEM || error.code == PM_ERROR_INTERNAL) {
        manager_out_of_memory(m);
        return;
    }
    report_bad(name, LOG_WARNING, error_is_set(&error) ? error.text : strerror(-r));
    drop_file(m, name);
}

void external_retry(Manager *m)
{
    if (m->handoffs)
        handoff_watch_resume(m->handoffs);
}

static void on_gone(const char *name, void *userdata)
{
    drop_file(userdata, name);
}

static void on_bad(const char *name, const char *reason, void *userdata)
{
    char text[256];

    (void)snprintf(text, sizeof(text), "it %s", reason);
    report_bad(name, LOG_WARNING, text);
    drop_file(userdata, name);
}

static void on_trouble(const char *reason, void *userdata)
{
    journal_say(LOG_ERR, PM_MESSAGE_HANDOFFS_UNWATCHED, "The handoff directory: %s", reason);
}

static void on_lost(void *userdata)
{
    renew_begin(userdata);
}

void external_start(Manager *m)
{
    static const HandoffWatchCallbacks callbacks = {
            .changed = on_changed,
            .gone = on_gone,
            .bad = on_bad,
            .trouble = on_trouble,
            .lost = on_lost,
    };
    Event event = {.type = EVENT_HANDOFF_GONE};
    int r = handoff_watch_new(m->event, m->runtime, &callbacks, m, &m->handoffs);

    if (r == -ENOMEM) {
        manager_out_of_memory(m);
        return;
    }
    if (r < 0) {
        journal_say(LOG_ERR, PM_MESSAGE_HANDOFFS_UNWATCHED,
                    "The handoff directory cannot be watched, files that are put there have no "
                    "effect: %s",
                    strerror(-r));
        return;
    }
    handoff_watch_scan(m->handoffs);
    for (size_t i = m->registry.count; i > 0; i--) {
        const Pool *pool = m->registry.pools[i - 1];

        /* Its file went while we were away. */
        if (pool->state == POOL_EXTERNAL && pool->external_is_file && !file_of_pool(m, pool->id))
            (void)manager_post(m, pool->id, &event);
    }
}

void external_done(Manager *m)
{
    m->handoffs = handoff_watch_free(m->handoffs);
    while (m->handoff_files) {
        HandoffFile *f = m->handoff_files;

        m->handoff_files = f->next;
        free(f);
    }
}
