/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poolmgr/messages.h>
#include <poolmgr/names.h>
#include <stdio.h>
#include <sys/random.h>
#include <syslog.h>
#include <time.h>

#include "manager/log_catalog.h"
#include "manager/manager_internal.h"
#include "systemd/cgroup.h"
#include "systemd/journal.h"

Instant manager_now(const Manager *m)
{
    Instant now = {0};

    (void)sd_event_now(m->event, CLOCK_MONOTONIC, &now.mono);
    (void)sd_event_now(m->event, CLOCK_REALTIME, &now.real);
    return now;
}

/* Frees what an event that nobody handles would have handed over. */
static void event_drop(Event *event)
{
    if (event->type == EVENT_PRELOAD)
        event->command.spec = engine_spec_free(event->command.spec);
    else if (event->type == EVENT_RELOAD)
        event->command.reload = reload_request_free(event->command.reload);
    else if (event->type == EVENT_STAGED)
        free(event->staged.model_path);
    else if (event->type == EVENT_HANDOFF)
        event->handoff.handoff = handoff_free(event->handoff.handoff);
}

/* For the jitter of delays; any number will do when there is none to be had. */
static uint64_t random_number(void)
{
    uint64_t number = 0;

    (void)!getrandom(&number, sizeof(number), GRND_NONBLOCK);
    return number;
}

static void dispatch_one(Manager *m, QueuedEvent *q)
{
    Pool *pool = registry_get(&m->registry, q->pool_id);
    Effects effects = {.count = 0};
    PoolShell *shell;
    bool had_engine;

    if (!pool) {
        event_drop(&q->event);
        return;
    }
    shell = pool_shell(pool);
    had_engine = pool_has_engine(pool);
    pool_step(pool, &q->event, &m->policy, manager_now(m), random_number(), &effects);
    pool_shell_attach_beside(shell);
    pool_shell_follow_ports(shell);
    effects_apply(m, shell, &effects);
    pool_shell_bury(shell);
    shutdown_count(shell);
    if (had_engine && !pool_has_engine(pool))
        external_retry(m);
    if (shell->forget) {
        manager_forget_pool(m, shell);
        external_retry(m);
        return;
    }
    memory_keep(shell);
    pool_shell_follow_ports(shell);
    turn_follow(shell);
    if (pool->beside && pool_shell(pool->beside))
        turn_follow(pool_shell(pool->beside));
    pool_shell_arm(shell);
    load_watch(shell);
    if (pool->beside && pool_shell(pool->beside))
        load_watch(pool_shell(pool->beside));
    notify_pool_changed(shell);
}

static void dispatch(Manager *m)
{
    if (m->dispatching)
        return;
    m->dispatching = true;
    while (m->queue) {
        QueuedEvent *q = m->queue;

        m->queue = q->next;
        if (!m->queue)
            m->queue_end = &m->queue;
        dispatch_one(m, q);
        declared_look(m, q->pool_id);
        free(q);
    }
    m->dispatching = false;
}

void manager_out_of_memory(Manager *m)
{
    int code;

    if (sd_event_get_exit_code(m->event, &code) >= 0)
        return; /* it ends already */
    journal_say(
            LOG_ERR, PM_MESSAGE_DAEMON_FAILED,
            "Out of memory: what has happened cannot be kept. The daemon ends, for the next one "
            "to find out");
    (void)sd_event_exit(m->event, -ENOMEM);
}

int manager_post(Manager *m, const char *pool_id, Event *event)
{
    QueuedEvent *q = calloc(1, sizeof(QueuedEvent));

    if (!q) {
        event_drop(event);
        manager_out_of_memory(m);
        return -ENOMEM;
    }
    (void)snprintf(q->pool_id, sizeof(q->pool_id), "%s", pool_id);
    q->event = *event;
    *m->queue_end = q;
    m->queue_end = &q->next;
    dispatch(m);
    return 0;
}

int manager_ensure_pool(Manager *m, const char *pool_id, Pool **ret, bool *ret_new, Error *error)
{
    Pool *pool;
    bool is_new;
    int r = registry_ensure(&m->registry, pool_id, &pool, &is_new);

    if (r == -EINVAL)
        return error_set(error, PM_ERROR_INVALID_ID, "pool_id",
                         "a pool id is 1 to 64 letters, digits, '.', '_' or '-', the first a "
                         "letter or digit");
    if (r == -E2BIG)
        return error_set(error, PM_ERROR_UNAVAILABLE, NULL, "there are %d pools already",
                         (int)PM_POOLS_MAX);
    if (r >= 0 && is_new)
        r = pool_shell_attach(m, pool);
    if (r < 0) {
        if (is_new)
            registry_remove(&m->registry, pool_id);
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    }
    if (is_new) {
        pool->generation = m->numbers.generation_floor;
        notify_pool_changed(pool_shell(pool));
    }
    *ret = pool;
    if (ret_new)
        *ret_new = is_new;
    return 0;
}

int manager_refuse_unrecovered(const Manager *m, Error *error)
{
    if (m->recovered)
        return 0;
    return error_set(error, PM_ERROR_UNAVAILABLE, NULL,
                     "the manager is still looking for the engines of its last run: try again");
}

int manager_find_pool(const Manager *m, const char *pool_id, Pool **ret, Error *error)
{
    Pool *pool = registry_get(&m->registry, pool_id);
    int r = manager_refuse_unrecovered(m, error);

    if (r < 0)
        return r;
    if (!pool)
        return error_set(error, PM_ERROR_POOL_NOT_FOUND, NULL, "pool %s not found", pool_id);
    *ret = pool;
    return 0;
}

void manager_set_correlation_id(Pool *pool, const char *id)
{
    (void)snprintf(pool->correlation_id, sizeof(pool->correlation_id), "%s", id ? id : "");
    if (pool->beside)
        manager_set_correlation_id(pool->beside, id);
}

/*
 * Its generations are not used again as long as the registry lives: a late word about a unit, or a
 * lease of it, must not be taken for one of a pool that is registered under the same name later.
 */
void manager_forget_pool(Manager *m, PoolShell *shell)
{
    char id[PM_ID_MAX + 1];
    Pool *pool = shell->pool;

    memcpy(id, pool->id, sizeof(id));
    if (pool_last_generation(pool) > m->numbers.generation_floor) {
        m->numbers.generation_floor = pool_last_generation(pool);
        persist_numbers(m);
    }
    /* Before its state: what nobody knows any more must not come back. */
    memory_forget(shell);
    persist_forget(shell);
    (void)registry_take(&m->registry, id);
    notify_pool_removed(shell);
    pool_shell_detach(pool);
    pool_free(pool);
}

const Pool *manager_get_pool(const Manager *m, const char *pool_id)
{
    return registry_get(&m->registry, pool_id);
}

size_t manager_count_pools(const Manager *m)
{
    return m->registry.count;
}

const Pool *manager_pool_at(const Manager *m, size_t index)
{
    return m->registry.pools[index];
}

bool manager_is_recovered(const Manager *m)
{
    return m->recovered;
}

/* A failed unit that is no pool's engine now has nobody who reads its end: it must not stay behind.
 */
static void reset_unknown(Manager *m, const UnitName *name, const UnitObservation *u)
{
    Pool *pool = registry_get(&m->registry, name->pool_id);
    const Pool *engine = pool ? pool_engine(pool, name->generation) : NULL;
    char unit[PM_UNIT_NAME_MAX + 1];

    if (!(u->fields & UNIT_FIELD_ACTIVE) || u->active != UNIT_ACTIVE_FAILED ||
        (engine && engine->spec))
        return;
    unit_name_format(name->pool_id, name->replica_id, name->generation, unit);
    (void)unit_client_reset_failed(m->units, unit);
}

/* The service manager may have given up on processes that hang in the kernel: a unit with those has
 * not ended. */
static void look_for_processes(Manager *m, const UnitName *name, UnitObservation *u)
{
    Pool *pool = registry_get(&m->registry, name->pool_id);
    const Pool *engine = pool ? pool_engine(pool, name->generation) : NULL;
    UnitObservation known = {0};
    char unit[PM_UNIT_NAME_MAX + 1];

    if (engine && pool_has_engine(engine))
        known = engine->unit;
    (void)unit_observation_merge(&known, u);
    if (!unit_observation_is_doubtful(&known))
        return;
    unit_name_format(name->pool_id, name->replica_id, name->generation, unit);
    u->populated = cgroup_is_populated(NULL, unit, m->user_mode, &u->left_pid);
    u->fields |= UNIT_FIELD_POPULATED;
}

static bool uses_gpu(const Manager *m, const UnitName *name)
{
    Pool *pool = registry_get(&m->registry, name->pool_id);

    return pool && gpu_release_concerns(m, pool_engine(pool, name->generation));
}

static void on_observed(const UnitName *name, const UnitObservation *u, void *userdata)
{
    Manager *m = userdata;
    Event event = {.type = EVENT_UNIT, .generation = name->generation, .unit = *u};

    look_for_processes(m, name, &event.unit);
    event.uses_gpu = uses_gpu(m, name);
    if (!m->attached) {
        recover_observed(m, name, &event.unit);
        return;
    }
    reset_unknown(m, name, u);
    (void)manager_post(m, name->pool_id, &event);
}

static void post_unit_failure(Manager *m, const UnitName *name, EventType type, const char *why)
{
    Event event = {.type = type, .generation = name->generation};

    (void)snprintf(event.failure, sizeof(event.failure), "%s", why);
    (void)manager_post(m, name->pool_id, &event);
}

static void on_start_failed(const UnitName *name, const char *error_text, void *userdata)
{
    post_unit_failure(userdata, name, EVENT_START_FAILED, error_text);
}

static void on_stop_failed(const UnitName *name, const char *error_text, void *userdata)
{
    post_unit_failure(userdata, name, EVENT_STOP_FAILED, error_text);
}

/* All that a unit tells while it runs comes with the signals of its start; that its job is gone
 * comes after the job. */
static bool runs_as_known(const UnitObservation *u, uint32_t job)
{
    static const unsigned needed =
            UNIT_FIELD_ACTIVE | UNIT_FIELD_JOB | UNIT_FIELD_MAIN_PID | UNIT_FIELD_INVOCATION_ID;

    return (u->fields & needed) == needed && (u->job == 0 || u->job == job) && u->main_pid > 0 &&
           unit_observation_verdict(u) == UNIT_VERDICT_RUNNING;
}

static UnitKnown on_known(const UnitName *name, uint32_t job, void *userdata)
{
    const Manager *m = userdata;
    Pool *pool = registry_get(&m->registry, name->pool_id);
    const Pool *engine = pool ? pool_engine(pool, name->generation) : NULL;

    if (!m->attached || !engine || !engine->spec ||
        !streq(engine->spec->replica_id, name->replica_id))
        return UNIT_KNOWN_LITTLE;
    if (!pool_has_engine(engine))
        return UNIT_KNOWN_ENDED;
    return runs_as_known(&engine->unit, job) ? UNIT_KNOWN_RUNNING : UNIT_KNOWN_LITTLE;
}

static void on_attached(int error, const char *error_text, void *userdata)
{
    recover_attached(userdata, error, error_text);
}

static const UnitClientCallbacks unit_callbacks = {
        .observed = on_observed,
        .start_failed = on_start_failed,
        .stop_failed = on_stop_failed,
        .known = on_known,
        .attached = on_attached,
};

int manager_new(sd_event *event, sd_bus *bus, RuntimeDir **runtime, const Settings *settings,
                Manager **ret)
{
    _cleanup_(manager_freep) Manager *m = calloc(1, sizeof(Manager));
    int r;

    if (!m)
        return -ENOMEM;
    m->event = sd_event_ref(event);
    m->started_real = manager_now(m).real;
    m->queue_end = &m->queue;
    m->runtime = TAKE_PTR(*runtime);
    m->user_mode = settings->policy.user_mode;
    r = manager_set_settings(m, settings);
    if (r >= 0)
        r = access_new(m);
    if (r >= 0)
        r = events_new(m);
    if (r >= 0)
        r = notify_new(m);
    if (r >= 0)
        r = prober_new(event, &m->prober);
    if (r >= 0)
        r = unit_client_new(bus, &unit_callbacks, m, &m->units);
    if (r >= 0)
        r = shutdown_new(m, bus);
    if (r >= 0)
        r = oneshots_new(bus, PM_PROVISION_PREFIX, &m->provisioners);
    if (r >= 0)
        r = driver_fault_start(m, settings->kernel_log);
    if (r >= 0)
        r = devices_start(m, settings->nvml_library);
    if (r >= 0)
        r = memory_start(m, settings->state_directory);
    if (r >= 0)
        r = declared_start(m, settings);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(m);
    return 0;
}

static void queue_free(Manager *m)
{
    while (m->queue) {
        QueuedEvent *q = m->queue;

        m->queue = q->next;
        event_drop(&q->event);
        free(q);
    }
}

Manager *manager_free(Manager *m)
{
    if (!m)
        return NULL;
    persist_flush(m);
    driver_fault_done(m);
    m->turns_open = false;
    for (size_t i = 0; i < m->registry.count; i++)
        pool_shell_detach(m->registry.pools[i]);
    registry_done(&m->registry);
    devices_done(m);
    declared_done(m);
    queue_free(m);
    operations_free(m);
    recover_free(m);
    renew_done(m);
    external_done(m);
    events_done(m);
    persist_done(m);
    memory_done(m);
    access_done(m);
    shutdown_done(m);
    unit_client_free(m->units);
    oneshots_free(m->provisioners);
    prober_free(m->prober);
    runtime_dir_free(m->runtime);
    sd_event_source_disable_unref(m->notify);
    sd_event_unref(m->event);
    free(m->health_path);
    strv_free(m->addresses);
    strv_free(m->container);
    free(m->model_provisioner);
    free(m->configuration);
    free(m);
    return NULL;
}

int manager_set_settings(Manager *m, const Settings *settings)
{
    _cleanup_free_ char *path = strdup(settings->policy.health_path);
    _cleanup_free_ char *provisioner = strdup(settings->model_provisioner);
    _cleanup_free_ char *description = NULL;
    _cleanup_strv_free_ char **addresses = NULL, **container = NULL;
    size_t length;

    if (!path || !provisioner || strv_copy(settings->addresses, &addresses) < 0 ||
        strv_extend(&container, settings->container_podman) < 0 ||
        strv_extend(&container, settings->container_seccomp) < 0 ||
        settings_describe(settings, &description, &length) < 0)
        return -ENOMEM;
    free(m->configuration);
    m->configuration = TAKE_PTR(description);
    free(m->health_path);
    m->health_path = TAKE_PTR(path);
    free(m->model_provisioner);
    m->model_provisioner = TAKE_PTR(provisioner);
    m->policy = settings->policy;
    m->policy.health_path = m->health_path;
    strv_free(m->addresses);
    m->addresses = TAKE_PTR(addresses);
    m->policy.addresses = m->addresses;
    strv_free(m->container);
    m->container = TAKE_PTR(container);
    m->policy.container_podman = m->container[0];
    m->policy.container_seccomp = m->container[1];
    m->sandbox_relax = settings->sandbox_relax;
    m->unknown_unit_grace_usec = settings->unknown_unit_grace_usec;
    m->gpu_required = settings->gpu_required;
    m->headroom = (SplitHeadroom){settings->headroom_mib << 20, settings->headroom_percent};
    m->gpu_refresh_usec = settings->gpu_refresh_usec;
    m->gpu_answer_usec = settings->gpu_answer_usec;
    m->drain_deadline_usec = settings->drain_deadline_usec;
    m->inhibit_shutdown = settings->inhibit_shutdown;
    shutdown_settings_changed(m);
    return 0;
}
