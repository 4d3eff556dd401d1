/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <syslog.h>
#include <time.h>

#include "manager/manager_internal.h"
#include "systemd/inhibitor.h"
#include "systemd/journal.h"

/*
 * While leases of our engines are out, a shutdown of the host is held up; when it comes, the pools
 * are drained, and with the last lease it goes on.
 */

/* Of what logind allows, for the engines that are stopped at the deadline, and for us to be told.
 */
static const usec_t MARGIN_USEC = USEC_PER_SEC;
/* Who takes and releases leases all the time does not make logind work all the time. */
static const usec_t LINGER_USEC = USEC_PER_SEC;

static int on_linger_over(sd_event_source *source, uint64_t usec, void *userdata)
{
    Manager *m = userdata;

    inhibitor_release(m->inhibitor);
    return 0;
}

static bool host_goes_down(const Manager *m)
{
    return m->shutdown_deadline != USEC_INFINITY;
}

static void release_later(Manager *m)
{
    int enabled = SD_EVENT_OFF;

    (void)sd_event_source_get_enabled(m->linger_timer, &enabled);
    if (enabled == SD_EVENT_OFF) {
        (void)sd_event_source_set_time_relative(m->linger_timer, LINGER_USEC);
        (void)sd_event_source_set_enabled(m->linger_timer, SD_EVENT_ONESHOT);
    }
}

static void hold(Manager *m)
{
    bool wanted = m->inhibit_shutdown && m->leases_out > 0;

    if (!m->inhibitor)
        return;
    if (!wanted && m->inhibit_shutdown && !host_goes_down(m)) {
        release_later(m);
        return;
    }
    (void)sd_event_source_set_enabled(m->linger_timer, SD_EVENT_OFF);
    if (wanted)
        inhibitor_take(m->inhibitor);
    else
        inhibitor_release(m->inhibitor);
}

static void drain(Manager *m, const Pool *pool)
{
    usec_t within = usec_sub(m->shutdown_deadline, manager_now(m).mono);
    Error error = {.code = PM_ERROR_NONE};
    Operation *o;

    if (pool->state != POOL_READY || pool->operation.kind != OPERATION_NONE)
        return;
    if (manager_drain(m, pool->id, usec_to_ms(within), NULL, &o, &error) < 0)
        journal_log(LOG_ERR, "Pool %s: not drained before the host goes down: %s", pool->id,
                    error.text);
}

static void begin(Manager *m, usec_t delay_max_usec)
{
    usec_t margin = usec_min(delay_max_usec / 4, MARGIN_USEC);
    usec_t within = usec_min(delay_max_usec - margin, m->drain_deadline_usec);

    journal_send(LOG_NOTICE, "d3a9471e5c2840b6b7f08e21c6954a13", NULL, 0,
                 "The host shuts down: draining all pools within %" PRIu64 " ms, %" PRIu64
                 " leases are out",
                 usec_to_ms(within), m->leases_out);
    m->shutdown_deadline = usec_add(manager_now(m).mono, within);
    for (size_t i = 0; i < m->registry.count; i++)
        drain(m, m->registry.pools[i]);
}

static void on_shutdown(bool begins, usec_t delay_max_usec, void *userdata)
{
    Manager *m = userdata;

    if (begins && m->inhibit_shutdown) {
        begin(m, delay_max_usec);
    } else if (!begins && host_goes_down(m)) {
        m->shutdown_deadline = USEC_INFINITY;
        journal_send(LOG_NOTICE, "47c0e8b2f61d4d95a03b9c7e5d1f82a6", NULL, 0,
                     "The host does not shut down after all; drained pools stay off");
    }
    hold(m);
}

void shutdown_count(PoolShell *shell)
{
    Manager *m = shell->manager;
    const Pool *pool = shell->pool;
    uint64_t leases = pool_has_engine(pool) ? pool->leases.count : 0;

    if (pool->beside)
        leases += pool->beside->leases.count;
    if (leases != shell->leases_counted) {
        m->leases_out = m->leases_out - shell->leases_counted + leases;
        shell->leases_counted = leases;
        hold(m);
    }
    if (host_goes_down(m)) /* one that has become ready meanwhile */
        drain(m, pool);
}

void shutdown_settings_changed(Manager *m)
{
    hold(m);
}

int shutdown_new(Manager *m, sd_bus *bus)
{
    int r;

    m->shutdown_deadline = USEC_INFINITY;
    if (m->user_mode)
        return 0;
    r = sd_event_add_time_relative(m->event, &m->linger_timer, CLOCK_MONOTONIC, LINGER_USEC,
                                   USEC_PER_MSEC, on_linger_over, m);
    if (r >= 0)
        r = sd_event_source_set_enabled(m->linger_timer, SD_EVENT_OFF);
    if (r < 0)
        return r;
    (void)sd_event_source_set_description(m->linger_timer, "shutdown-linger");
    return inhibitor_new(bus, on_shutdown, m, &m->inhibitor);
}

void shutdown_done(Manager *m)
{
    inhibitor_free(m->inhibitor);
    sd_event_source_disable_unref(m->linger_timer);
}
