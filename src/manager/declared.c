/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/declared.h"

#include <errno.h>
#include <poolmgr/messages.h>
#include <poolmgr/names.h>
#include <stdio.h>
#include <syslog.h>

#include "base/sorted.h"
#include "systemd/journal.h"

/*
 * The pools that files declare (contract: declared pools): reads the files, and takes one step
 * after the other until each pool is as its file says. What the next step is the policy decides
 * (core/declared.h).
 */

enum {
    STEPS_MAX = 64, /* pools in one turn of the loop */
};
static const usec_t FLUSH_USEC = 2 * USEC_PER_SEC;

static const char *id_of(const void *item)
{
    return ((const DeclaredPool *)item)->id;
}

DeclaredPool *declared_find(const Manager *m, const char *pool_id)
{
    const struct DeclaredPools *all = m->declared;
    bool found;
    size_t i = sorted_search(all->items, all->count, id_of, pool_id, &found);

    return found ? all->items[i] : NULL;
}

int declared_ensure(Manager *m, const char *pool_id, DeclaredPool **ret)
{
    struct DeclaredPools *all = m->declared;
    bool found;
    size_t i = sorted_search(all->items, all->count, id_of, pool_id, &found);
    DeclaredPool **items, *d;

    if (found) {
        *ret = all->items[i];
        return 0;
    }
    items = sorted_reserve(all->items, all->count, &all->allocated);
    if (!items)
        return -ENOMEM;
    all->items = items;
    d = calloc(1, sizeof(DeclaredPool));
    if (!d)
        return -ENOMEM;
    d->manager = m;
    (void)snprintf(d->id, sizeof(d->id), "%s", pool_id);
    memmove(items + i + 1, items + i, (all->count - i) * sizeof(DeclaredPool *));
    items[i] = d;
    all->count++;
    *ret = d;
    return 0;
}

void declared_free(DeclaredPool *d)
{
    operation_waiter_free(d->waiter);
    declared_file_done(&d->file);
    declared_record_free(d->record);
    declared_record_free(d->before);
    free(d);
}

void declared_drop(DeclaredPool *d)
{
    struct DeclaredPools *all = d->manager->declared;
    bool found;
    size_t i = sorted_search(all->items, all->count, id_of, d->id, &found);

    if (found) {
        all->count--;
        memmove(all->items + i, all->items + i + 1, (all->count - i) * sizeof(DeclaredPool *));
    }
    declared_free(d);
}

static int on_step(sd_event_source *source, void *userdata)
{
    Manager *m = userdata;
    struct DeclaredPools *all = m->declared;
    size_t steps = 0;

    /* From the end: a pool whose file is gone goes on the way. */
    for (size_t i = all->count; i > 0 && steps < STEPS_MAX; i--)
        if (all->items[i - 1]->due && !all->items[i - 1]->waits) {
            declared_step(all->items[i - 1]);
            steps++;
        }
    if (steps == STEPS_MAX)
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

int declared_start(Manager *m, const Settings *settings)
{
    int r;

    m->declared = calloc(1, sizeof(struct DeclaredPools));
    if (!m->declared)
        return -ENOMEM;
    r = sd_event_add_defer(m->event, &m->declared->step, on_step, m);
    if (r >= 0)
        r = sd_event_source_set_enabled(m->declared->step, SD_EVENT_OFF);
    return r < 0 ? r : declared_records_open(m, settings);
}

void declared_done(Manager *m)
{
    struct DeclaredPools *all = m->declared;

    if (!all)
        return;
    for (size_t i = 0; i < all->count; i++)
        declared_free(all->items[i]);
    free(all->items);
    if (all->store && state_dir_flush(all->store, FLUSH_USEC) > 0)
        journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS,
                    "What was applied of declared pools could not be written to %s",
                    state_dir_path(all->store));
    state_dir_free(all->store);
    strv_free(all->problems);
    sd_event_source_disable_unref(all->step);
    free(all);
    m->declared = NULL;
}

/* Whether the port was the pool's before this reading: then the other one is to choose another. */
static bool is_settled(const DeclaredPool *d, const DeclaredFile *file)
{
    const EngineSpec *next = file->declaration.spec, *applied;

    if (!d || !d->record || !next)
        return false;
    applied = d->record->applied.spec;
    return applied->port == next->port && streq(applied->host, next->host);
}

static void say(const Manager *m, const DeclaredFiles *files)
{
    size_t bad = 0;

    STRV_FOREACH (p, files->problems)
        journal_say(LOG_WARNING, PM_MESSAGE_DECLARED_BAD, "%s", *p);
    for (size_t i = 0; i < files->count; i++) {
        const DeclaredFile *f = &files->items[i];
        const LogField fields[] = {{"POOL_ID", f->pool_id}};

        STRV_FOREACH (w, f->warnings)
            journal_send(LOG_WARNING, PM_MESSAGE_DECLARED_DOUBT, fields, ELEMENTSOF(fields), "%s",
                         *w);
        if (f->problem)
            journal_send(LOG_ERR, PM_MESSAGE_DECLARED_BAD, fields, ELEMENTSOF(fields),
                         "%s; pool %s stays as it is", f->problem, f->pool_id);
        bad += f->problem != NULL;
    }
    if (files->count > 0 || m->declared->count > 0)
        journal_say(LOG_NOTICE, PM_MESSAGE_DECLARED_READ,
                    "%zu declared pool(s) were read, of which %zu cannot be used", files->count,
                    bad);
}

/* Hands the files over to the pools that they declare. */
static int take_files(Manager *m, DeclaredFiles *files)
{
    for (size_t i = 0; i < m->declared->count; i++)
        declared_file_done(&m->declared->items[i]->file);
    for (size_t i = 0; i < files->count; i++) {
        DeclaredFile *f = &files->items[i];
        DeclaredPool *d;

        if (f->masked)
            continue;
        if (declared_ensure(m, f->pool_id, &d) < 0)
            return -ENOMEM;
        d->file = *f;
        *f = (DeclaredFile){.path = NULL};
    }
    return 0;
}

/* What has become of each pool's file is looked at; a pool of which nothing is known goes. */
static void look_at_all(Manager *m, bool incomplete)
{
    struct DeclaredPools *all = m->declared;

    for (size_t i = all->count; i > 0; i--) {
        DeclaredPool *d = all->items[i - 1];

        d->due = d->file.path ? d->file.declaration.spec != NULL : d->record && !incomplete;
        d->waits = d->told = false;
        if (!d->file.path && !d->record)
            declared_drop(d);
    }
    (void)sd_event_source_set_enabled(all->step, SD_EVENT_ONESHOT);
}

static int read_files(Manager *m, DeclaredFiles *files)
{
    int r = declared_files_read(m->user_mode, files);

    if (r < 0)
        return r;
    for (size_t i = 0; i < files->count; i++)
        files->items[i].settled =
                is_settled(declared_find(m, files->items[i].pool_id), &files->items[i]);
    return declared_files_check_ports(files);
}

void manager_read_declared(Manager *m)
{
    DeclaredFiles files = {.count = 0};
    int r;

    if (!m->recovered)
        return; /* they are read then */
    r = read_files(m, &files);
    if (r >= 0) {
        say(m, &files);
        strv_free(m->declared->problems);
        m->declared->problems = TAKE_PTR(files.problems);
        r = take_files(m, &files);
    }
    if (r >= 0)
        look_at_all(m, files.incomplete);
    else
        journal_say(LOG_ERR, PM_MESSAGE_DECLARED_BAD,
                    "Out of memory: declared pools stay as they are");
    declared_files_done(&files);
}

void declared_look(Manager *m, const char *pool_id)
{
    const Pool *pool = registry_get(&m->registry, pool_id);
    DeclaredPool *d = declared_find(m, pool_id);

    if (!d)
        return;
    if (d->record && !d->record->reached && pool && pool->state == POOL_READY &&
        declared_is_engine(pool, d->record->applied.spec)) {
        d->record->reached = true;
        declared_record_save(d);
    }
    if (!d->due)
        return;
    d->waits = false;
    (void)sd_event_source_set_enabled(m->declared->step, SD_EVENT_ONESHOT);
}
