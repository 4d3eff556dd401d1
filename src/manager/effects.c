/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/shortage.h"
#include "core/probe_schedule.h"
#include "manager/log_catalog.h"
#include "manager/manager_internal.h"
#include "manager/placement.h"
#include "manager/sandbox.h"
#include "systemd/unit_fields.h"
#include "json/encode.h"

/* Of a pool the files with the journal's fields of so many starts stay: the lines of the last ones
 * may not be in the journal yet, and two engines run during a blue-green reload. */
enum { GENERATIONS_WITH_FIELDS = 2 };

static void post_failure(Manager *m, const Pool *pool, EventType type, const char *what, int error)
{
    Event event = {.type = type, .generation = pool->generation};

    (void)snprintf(event.failure, sizeof(event.failure), "%s: %s", what, strerror(-error));
    (void)manager_post(m, pool->id, &event);
}

static void gather_facts(Manager *m, const Pool *pool)
{
    Event event = {.type = EVENT_FACTS, .facts = {.attempt = pool->attempt}};

    if (pool_shell(pool)) {
        turn_ask(pool_shell(pool));
        return;
    }
    (void)error_set(&event.facts.error, PM_ERROR_INTERNAL, NULL, "out of memory");
    (void)manager_post(m, pool->id, &event);
}

int effects_make_plan(Manager *m, const Pool *pool, const char *tensor_split, UnitPlan **ret)
{
    _cleanup_strv_free_ char **nodes = NULL;
    _cleanup_free_ char *log_file = NULL;
    UnitPlanContext context = {0};
    int r = runtime_dir_log_path(m->runtime, pool->id, &log_file);

    if (r >= 0)
        r = placement_nodes(m, pool, &nodes);
    context.log_file = log_file;
    context.devices = nodes;
    context.tensor_split = tensor_split;
    return r < 0 ? r : unit_plan_new(pool, &m->policy, &context, ret);
}

static int ask_for_unit(Manager *m, const Pool *pool)
{
    _cleanup_(unit_plan_freep) UnitPlan *plan = NULL;
    int r = effects_make_plan(m, pool, pool_shell(pool)->tensor_split, &plan);

    if (r >= 0)
        r = unit_client_start(m->units, plan);
    return r;
}

/* What systemd leaves behind of an engine that ended long enough ago for its last lines to be in
 * the journal. */
static void remove_fields(const Manager *m, const Pool *pool, uint64_t generation)
{
    char unit[PM_UNIT_NAME_MAX + 1];

    if (m->user_mode || !pool->spec || generation == 0)
        return;
    unit_name_format(pool->id, pool->spec->replica_id, generation, unit);
    unit_fields_remove(NULL, unit);
}

static void forget(Manager *m, PoolShell *shell, const Pool *pool)
{
    shell->forget = true;
    for (uint64_t back = 0; back < GENERATIONS_WITH_FIELDS && back < pool->generation; back++)
        remove_fields(m, pool, pool->generation - back);
}

void effects_start_unit(Manager *m, const Pool *pool)
{
    int r;

    if (pool->generation > GENERATIONS_WITH_FIELDS)
        remove_fields(m, pool, pool->generation - GENERATIONS_WITH_FIELDS);
    output_begin(pool_shell(pool));
    gpu_release_begin(pool_shell(pool));
    sandbox_log(pool);
    r = ask_for_unit(m, pool);
    if (r < 0)
        post_failure(m, pool, EVENT_START_FAILED, "the service manager cannot be asked", r);
}

/* An engine whose state is not saved could not be found again: rather none. */
static void start(Manager *m, PoolShell *shell, const Pool *engine)
{
    /* Until the registry lock is free, or we have again what we are short of. */
    if (shell->save_error == -EAGAIN || errno_is_shortage(shell->save_error))
        shell->start_waiting = engine->generation;
    else if (shell->save_error < 0)
        post_failure(m, engine, EVENT_START_FAILED, "its state file cannot be written",
                     shell->save_error);
    else
        effects_start_unit(m, engine);
}

static void post_probe(PoolShell *shell, uint64_t generation, bool good, const char *error)
{
    Event event = {
            .type = EVENT_PROBE,
            .generation = generation,
            .probe = {.good = good, .not_made = !good && !error},
    };

    if (error)
        (void)snprintf(event.probe.error, sizeof(event.probe.error), "%s", error);
    (void)manager_post(shell->manager, shell->pool->id, &event);
}

static void on_probe(bool good, const char *error, void *userdata)
{
    PoolShell *shell = userdata;

    shell->probe = NULL;
    post_probe(shell, shell->probe_generation, good, error);
}

static void probe(Manager *m, PoolShell *shell)
{
    const Pool *pool = shell->pool;
    ProbeSettings settings;
    ProbeTarget target;
    int r;

    probe_settings(pool->state == POOL_EXTERNAL ? NULL : pool->spec, &m->policy, &settings);
    target = (ProbeTarget){
            .host = pool_host(pool),
            .port = pool_port(pool),
            .path = settings.path,
            .timeout_usec = settings.try_timeout_usec,
    };
    shell->probe = probe_free(shell->probe);
    shell->probe_generation = pool->generation;
    r = probe_start(m->prober, &target, on_probe, shell, &shell->probe);
    if (r < 0)
        post_probe(shell, pool->generation, false, r == -EINVAL ? strerror(-r) : NULL);
}

static void unit_call(Manager *m, const Pool *pool, EffectType type)
{
    char name[PM_UNIT_NAME_MAX + 1];
    int r;

    unit_name_format(pool->id, pool->spec->replica_id, pool->generation, name);
    switch (type) {
    case EFFECT_STOP_UNIT:
        r = unit_client_stop(m->units, name);
        if (r < 0)
            post_failure(m, pool, EVENT_STOP_FAILED, "the service manager cannot be asked", r);
        return;
    case EFFECT_KILL_UNIT:
        r = unit_client_kill(m->units, name, SIGKILL);
        break;
    case EFFECT_RESET_FAILED:
        r = unit_client_reset_failed(m->units, name);
        break;
    default:
        r = unit_client_query(m->units, name);
        break;
    }
    if (r == -ENOMEM)
        manager_out_of_memory(m);
    else if (r < 0)
        log_pool_errno(pool, r, "the service manager cannot be asked");
}

/* `pool`: the engine that is meant, which may be beside the one that serves; `own`: the shell of
 * the pool that is in the registry. */
static void effect_apply(Manager *m, PoolShell *own, Pool *pool, const Effect *e)
{
    PoolShell *shell = pool_shell(pool);

    switch (e->type) {
    case EFFECT_GATHER_FACTS:
        gather_facts(m, pool);
        break;
    case EFFECT_SAVE:
        (void)persist_state(own);
        break;
    case EFFECT_SAVE_LEASES:
        (void)persist_leases(own);
        break;
    case EFFECT_FORGET:
        forget(m, shell, pool);
        break;
    case EFFECT_START_UNIT:
        start(m, own, pool);
        break;
    case EFFECT_STOP_UNIT:
    case EFFECT_KILL_UNIT:
    case EFFECT_RESET_FAILED:
    case EFFECT_QUERY_UNIT:
        unit_call(m, pool, e->type);
        break;
    case EFFECT_STAGE:
        staging_begin(shell);
        break;
    case EFFECT_CANCEL_STAGE:
        staging_cancel(shell);
        break;
    case EFFECT_READ_OUTPUT:
        output_read(shell);
        break;
    case EFFECT_CHECK_GPU:
        gpu_release_check(shell);
        break;
    case EFFECT_WRITE_PID:
        gpu_release_add_pid(shell, (uint64_t)pool->unit.main_pid);
        persist_pid(shell, true);
        break;
    case EFFECT_REMOVE_PID:
        persist_pid(shell, false);
        break;
    case EFFECT_PROBE:
        probe(m, shell);
        break;
    case EFFECT_CANCEL_PROBE:
        shell->probe = probe_free(shell->probe);
        break;
    case EFFECT_WRITE_HANDOFF:
        devices_notice(m);
        driver_fault_ready(m, pool);
        persist_handoff(shell, true);
        break;
    case EFFECT_REMOVE_HANDOFF:
        persist_handoff(shell, false);
        break;
    case EFFECT_EXCHANGE:
        pool_shell_exchange(shell, pool_shell(pool_beside(pool)));
        break;
    case EFFECT_END_OPERATION:
        operation_end(m, pool, &e->result);
        break;
    case EFFECT_LOG:
        log_pool(pool, e->log.kind, e->log.has_end ? &e->log.end : NULL, manager_now(m));
        break;
    case EFFECT_MAX:
        abort();
    }
}

void effects_apply(Manager *m, PoolShell *shell, const Effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        const Effect *e = &effects->items[i];
        Pool *pool = e->beside ? pool_beside(shell->pool) : shell->pool;

        pool_metrics_count(&shell->metrics, pool, e, manager_now(m));
        effect_apply(m, shell, pool, e);
    }
}
