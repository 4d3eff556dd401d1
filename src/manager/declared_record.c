/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/messages.h>
#include <syslog.h>
#include <systemd/sd-id128.h>

#include "manager/declared.h"
#include "manager/log_catalog.h"
#include "systemd/journal.h"
#include "json/encode.h"

/*
 * What was applied of each declared pool's file, beside what is remembered of pools. Without a
 * state directory it lies in the runtime directory, and goes with the boot.
 */

#define FOLDER "declared"

static void on_written(const char *name, int error, void *userdata)
{
    const Manager *m = userdata;

    if (error < 0)
        journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS,
                    "%s/" FOLDER "/%s cannot be written: %s; it is tried again until it can be",
                    state_dir_path(m->declared->store), name, strerror(-error));
    else
        journal_say(LOG_NOTICE, PM_MESSAGE_STORAGE_WORKS,
                    "%s/" FOLDER " can be written again: all is saved",
                    state_dir_path(m->declared->store));
}

static int on_record(const char *pool_id, const char *text, size_t length, int error,
                     void *userdata)
{
    _cleanup_(declared_record_freep) DeclaredRecord *record = NULL;
    Error e = {.code = PM_ERROR_NONE};
    DeclaredPool *d;
    int r;

    if (!text)
        return recover_reject_file(FOLDER, pool_id, strerror(-error));
    r = declared_record_parse(text, length, pool_id, &record, &e);
    if (r >= 0)
        r = declared_ensure(userdata, pool_id, &d);
    if (r >= 0) {
        d->leaving = record->leaving;
        d->record = TAKE_PTR(record);
    }
    return recover_judge_file(FOLDER, pool_id, r, &e);
}

static int open_store(Manager *m, const char *path)
{
    int r = state_dir_open(path, FOLDER, m->event, on_written, m, &m->declared->store);

    return r < 0 ? r : state_dir_read_pools(m->declared->store, on_record, m);
}

int declared_records_open(Manager *m, const Settings *settings)
{
    sd_id128_t boot;
    int r = sd_id128_get_boot(&boot);

    if (r < 0)
        return r;
    (void)sd_id128_to_string(boot, m->declared->boot_id);
    /* Whoever opens the state directory for the pools has said why it cannot be used. */
    r = settings->state_directory[0] ? open_store(m, settings->state_directory) : -ENOENT;
    if (r >= 0 || r == -ENOMEM)
        return r;
    m->declared->store = state_dir_free(m->declared->store);
    return open_store(m, runtime_dir_path(m->runtime));
}

static void failed(const DeclaredPool *d, int error, const char *what)
{
    const LogField fields[] = {{"POOL_ID", d->id}};

    journal_send(LOG_ERR, PM_MESSAGE_POOL_TROUBLE, fields, ELEMENTSOF(fields), "Pool %s: %s: %s",
                 d->id, what, strerror(-error));
}

void declared_record_save(DeclaredPool *d)
{
    _cleanup_free_ char *text = NULL;
    size_t length;
    int r;

    d->record->leaving = d->leaving;
    r = json_text(json_declared_record(d->record), true, &text, &length);
    if (r >= 0)
        r = state_dir_write_pool(d->manager->declared->store, d->id, &text);
    if (r < 0)
        failed(d, r, "what was applied of its declaration cannot be written");
}

void declared_record_remove(DeclaredPool *d)
{
    int r;

    if (!d->record)
        return;
    d->record = declared_record_free(d->record);
    r = state_dir_remove_pool(d->manager->declared->store, d->id);
    if (r < 0)
        failed(d, r, "what was applied of its declaration cannot be removed");
}

int declared_record_note(DeclaredPool *d, bool made)
{
    _cleanup_(declared_record_freep) DeclaredRecord *record = calloc(1, sizeof(DeclaredRecord));
    const DeclaredRecord *before = d->record;
    const Declaration *next = &d->file.declaration;

    if (!record)
        return -ENOMEM;
    record->file = strdup(d->file.path);
    if (!record->file || engine_spec_copy(next->spec, &record->applied.spec) < 0)
        return -ENOMEM;
    record->applied.autostart = next->autostart;
    memcpy(record->boot_id, d->manager->declared->boot_id, sizeof(record->boot_id));
    record->owned = made;
    if (before) {
        record->owned = before->owned;
        record->reached = before->reached && engine_spec_equal(before->applied.spec, next->spec);
    }
    declared_record_free(d->before);
    d->before = TAKE_PTR(d->record);
    d->record = TAKE_PTR(record);
    d->leaving = false;
    declared_record_save(d);
    return 0;
}

void declared_record_take_back(DeclaredPool *d)
{
    if (!d->before) {
        declared_record_remove(d);
        return;
    }
    declared_record_free(d->record);
    d->record = TAKE_PTR(d->before);
    declared_record_save(d);
}
