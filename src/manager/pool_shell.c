/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <time.h>

#include "core/probe_schedule.h"
#include "manager/manager_internal.h"

PoolShell *pool_shell(const Pool *pool)
{
    return pool->userdata;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    PoolShell *shell = userdata;
    Event event = {.type = EVENT_TIMER, .generation = shell->pool->generation};

    shell->timer_usec = USEC_INFINITY;
    (void)manager_post(shell->manager, shell->pool->id, &event);
    return 0;
}

int pool_shell_attach(Manager *m, Pool *pool)
{
    PoolShell *shell = calloc(1, sizeof(PoolShell));
    int r;

    if (!shell)
        return -ENOMEM;
    shell->manager = m;
    shell->pool = pool;
    shell->timer_usec = USEC_INFINITY;
    shell->is_new = true;
    shell->turn.userdata = shell->port.userdata = shell;
    r = sd_event_add_time(m->event, &shell->timer, CLOCK_MONOTONIC, USEC_INFINITY, 1, on_timer,
                          shell);
    if (r >= 0)
        r = sd_event_source_set_enabled(shell->timer, SD_EVENT_OFF);
    if (r < 0) {
        sd_event_source_unref(shell->timer);
        free(shell);
        return r;
    }
    (void)sd_event_source_set_description(shell->timer, "pool-deadline");
    pool->userdata = shell;
    return 0;
}

void pool_shell_attach_beside(PoolShell *shell)
{
    Pool *beside = shell->pool->beside;

    if (beside && !pool_shell(beside) && pool_shell_attach(shell->manager, beside) < 0)
        manager_out_of_memory(shell->manager);
}

void pool_shell_follow_ports(PoolShell *shell)
{
    Pool *beside = shell->pool->beside;

    ports_set(&shell->manager->ports, &shell->port, pool_port(shell->pool));
    if (beside && pool_shell(beside))
        pool_shell_follow_ports(pool_shell(beside));
}

void pool_shell_bury(PoolShell *shell)
{
    if (shell->pool->gone)
        pool_shell_detach(shell->pool->gone);
    pool_bury(shell->pool);
}

void pool_shell_exchange(PoolShell *a, PoolShell *b)
{
    Probe *probe = a->probe;
    uint64_t generation = a->probe_generation;

    a->probe = b->probe;
    a->probe_generation = b->probe_generation;
    b->probe = probe;
    b->probe_generation = generation;
    probe_set_userdata(a->probe, a);
    probe_set_userdata(b->probe, b);
    output_exchange(a, b);
    turn_exchange(a, b);
    gpu_release_exchange(a, b);
}

void pool_shell_detach(Pool *pool)
{
    PoolShell *shell = pool_shell(pool);

    if (pool->beside)
        pool_shell_detach(pool->beside);
    if (!shell)
        return;
    turn_done(shell);
    ports_set(&shell->manager->ports, &shell->port, 0);
    probe_free(shell->probe);
    load_done(shell);
    staging_done(shell);
    output_done(shell);
    gpu_release_done(shell);
    persist_drop(shell);
    memory_drop(shell);
    pool_metrics_done(&shell->metrics);
    sd_event_source_disable_unref(shell->timer);
    free(shell);
    pool->userdata = NULL;
}

static usec_t slack_of(const PoolShell *shell)
{
    const Pool *pool = shell->pool;
    ProbeSettings probing;

    probe_settings(pool->state == POOL_EXTERNAL ? NULL : pool->spec, &shell->manager->policy,
                   &probing);
    return pool_deadline_slack(pool, probe_liveness_slack(&probing));
}

void pool_shell_arm(PoolShell *shell)
{
    usec_t due = pool_next_deadline(shell->pool);
    usec_t slack = usec_max(slack_of(shell), 1);

    if (due == shell->timer_usec && slack == shell->timer_slack_usec)
        return;
    shell->timer_usec = due;
    shell->timer_slack_usec = slack;
    if (due == USEC_INFINITY) {
        (void)sd_event_source_set_enabled(shell->timer, SD_EVENT_OFF);
        return;
    }
    (void)sd_event_source_set_time_accuracy(shell->timer, slack);
    (void)sd_event_source_set_time(shell->timer, due);
    (void)sd_event_source_set_enabled(shell->timer, SD_EVENT_ONESHOT);
}
