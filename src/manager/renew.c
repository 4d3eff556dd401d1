/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poolmgr/messages.h>
#include <syslog.h>
#include <time.h>

#include "manager/manager_internal.h"
#include "systemd/journal.h"

/*
 * Somebody has deleted the runtime directory, or a folder of it. All that stood there we know: what
 * a restarted daemon needs must not be missing for longer than it takes to write it.
 */

static const usec_t RENEW_RETRY_USEC = USEC_PER_SEC;

static void write_pool(PoolShell *shell)
{
    const Pool *pool = shell->pool;

    (void)persist_state(shell);
    (void)persist_leases(shell);
    if (pool_has_engine(pool) && pool->unit.main_pid > 0)
        persist_pid(shell, true);
    if (pool_has_handoff(pool))
        persist_handoff(shell, true);
}

static void write_all(Manager *m)
{
    persist_numbers(m);
    for (size_t i = 0; i < m->registry.count; i++)
        write_pool(pool_shell(m->registry.pools[i]));
}

static int on_renew(sd_event_source *source, uint64_t usec, void *userdata)
{
    Manager *m = userdata;
    int r = runtime_dir_renew(m->runtime);

    if (r < 0) {
        if (!m->renew_told)
            journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS,
                        "%s cannot be made again: %s; it is tried every second until it can be",
                        runtime_dir_path(m->runtime), strerror(-r));
        m->renew_told = true;
        (void)sd_event_source_set_time_relative(source, RENEW_RETRY_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    }
    m->renew_told = false;
    write_all(m);
    m->handoffs = handoff_watch_free(m->handoffs);
    external_start(m);
    for (size_t i = 0; i < m->n_listeners; i++)
        if (m->listeners[i]->runtime_renewed)
            m->listeners[i]->runtime_renewed(m->listeners[i]->userdata);
    journal_say(LOG_NOTICE, PM_MESSAGE_STORAGE_WORKS, "%s is there again, and what belongs there",
                runtime_dir_path(m->runtime));
    return 0;
}

void renew_begin(Manager *m)
{
    int r = 0;

    journal_say(LOG_ERR, PM_MESSAGE_STORAGE_FAILS,
                "%s, or a folder of it, was deleted or moved: it is made again",
                runtime_dir_path(m->runtime));
    if (m->renew_timer)
        r = sd_event_source_set_enabled(m->renew_timer, SD_EVENT_ONESHOT);
    else
        r = sd_event_add_time_relative(m->event, &m->renew_timer, CLOCK_MONOTONIC, 0, 1, on_renew,
                                       m);
    if (r < 0)
        manager_out_of_memory(m);
}

void renew_done(Manager *m)
{
    m->renew_timer = sd_event_source_disable_unref(m->renew_timer);
}
