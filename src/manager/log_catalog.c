/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <poolmgr/messages.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include "core/spec_policy.h"
#include "core/status.h"
#include "manager/log_catalog.h"
#include "manager/log_fields.h"
#include "manager/manager_internal.h"

/* One MESSAGE_ID for each kind: stable, because alerts and catalogs are keyed by them. */
static const struct {
    int priority;
    const char *message_id;
} kinds[LOG_KIND_MAX] = {
        [LOG_PRELOAD_STARTED] = {LOG_INFO, "5a0b4b9e2c1d4f6f9d6f0a8f4be4c101"},
        [LOG_ENGINE_STARTED] = {LOG_INFO, "b0c5f3d2f1a94c8c8a1be0f5f0d7c202"},
        [LOG_ENGINE_READY] = {LOG_NOTICE, "2f6f4a3d9b7e4c0fa5c1d8e7b6a59303"},
        [LOG_PRELOAD_FAILED] = {LOG_ERR, "c7d1e5a6b8f94230914e7c6d5b4a3404"},
        [LOG_HEALTH_TIMEOUT] = {LOG_ERR, "8e9f0a1b2c3d4e5f8a6b7c8d9e0f1505"},
        [LOG_ENGINE_UNHEALTHY] = {LOG_ERR, "3d4c5b6a79884716a5b4c3d2e1f09606"},
        [LOG_ENGINE_CRASHED] = {LOG_ERR, "f1e2d3c4b5a64798897a6b5c4d3e2707"},
        [LOG_ENGINE_EXITED] = {LOG_NOTICE, "6b7a8998a7b64c5d8e4f3a2b1c0d9808"},
        [LOG_STOP_STARTED] = {LOG_INFO, "90a1b2c3d4e54f6897a8b9cadbecfd09"},
        [LOG_ENGINE_STOPPED] = {LOG_NOTICE, "0f1e2d3c4b5a46798a9b8c7d6e5f4a10"},
        [LOG_STOP_STUCK] = {LOG_CRIT, "a4b5c6d7e8f94a0b9c1d2e3f4a5b6c11"},
        [LOG_ENGINE_ADOPTED] = {LOG_NOTICE, "d8c7b6a594834271a0b9c8d7e6f5a412"},
        [LOG_EXTERNAL_REGISTERED] = {LOG_NOTICE, "4b8d1c6e2f7a4e0d9a3c5b7f9e1d2c18"},
        [LOG_EXTERNAL_LOST] = {LOG_ERR, "9e7c5a3b1d0f4c2e8b6d4f2a0c8e6a19"},
        [LOG_EXTERNAL_BACK] = {LOG_NOTICE, "1c3e5a7b9d2f4b6d8f0a2c4e6b8d0f20"},
        [LOG_EXTERNAL_GONE] = {LOG_NOTICE, "5f7d9b1a3c5e4f7a9c1e3b5d7f9a1c21"},
        [LOG_LEASES_EXPIRED] = {LOG_INFO, "8a6c4e2f0b1d4a3c9e7b5d3f1a0c2e22"},
        [LOG_DEREGISTERED] = {LOG_NOTICE, "2d4f6b8a0c1e4d3f9b7a5c3e1d0f2b23"},
        [LOG_RESTART_SCHEDULED] = {LOG_NOTICE, "6a8c0e2d4f1b4a3c9d5e7f9b1a3c5d26"},
        [LOG_RESTART_DUE] = {LOG_NOTICE, "0c2e4a6b8d1f4c3e9a5b7d9f1e3a5c27"},
        [LOG_BREAKER_OPENED] = {LOG_ERR, "4e6a8c0d2b1f4e5a9c7d9b1f3e5a7c28"},
        [LOG_BREAKER_HALF_OPEN] = {LOG_NOTICE, "8a0c2e4f6d1b4a7c9e5f7d9b1a3c5e29"},
        [LOG_BREAKER_CLOSED] = {LOG_NOTICE, "2c4e6a8b0d1f4c9e9a7b5d3f1e0a2c30"},
        [LOG_RESTART_STORM] = {LOG_CRIT, "b8d0f2a4c6e14b3d9f5a7c9e1d3f5b31"},
        [LOG_OOM_STORM] = {LOG_CRIT, "f2a4c6e8d0b14f5a9c7e5d3b1f0a2c32"},
        [LOG_DRAIN_STARTED] = {LOG_INFO, "7e9a1c3b5d7f4e9b8c2d4f6a8b0c1d24"},
        [LOG_DRAIN_FORCED] = {LOG_WARNING, "3b5d7f9a1c2e4d6b8f0a2c4e6d8b0f25"},
        [LOG_RELOAD_STARTED] = {LOG_INFO, "9d1b3f5a7c8e4a2d8f0b6c4e2a9d1b33"},
        [LOG_RELOAD_STAGING] = {LOG_INFO, "5e7a9c1d3b6f4c8e9a2d0f4b6c8e1a34"},
        [LOG_RELOADED] = {LOG_NOTICE, "1a3c5e7d9f2b4d6a8c0e2f4a6b8d0c35"},
        [LOG_RELOAD_ABORTED] = {LOG_ERR, "d3f5b7a9c1e24f8b9d6a4c2e0f8b6d36"},
        [LOG_RELOAD_FAILED] = {LOG_ERR, "a1c3e5f7b9d04c2e8f6a0b4d2c6e8f37"},
        [LOG_ROLLED_BACK] = {LOG_WARNING, "c5e7a9b1d3f54e7c9b8d6f4a2e0c8b38"},
        [LOG_RELOAD_BESIDE] = {LOG_INFO, "2f0c6d1b94e84a6fb7d35a80c1e9f264"},
        [LOG_RELOAD_PLAIN] = {LOG_NOTICE, "81d7b3e05a2c4f9e9c46f0d2b8a7153e"},
        [LOG_DRIVER_FAULT] = {LOG_ERR, "e9b1d3f5a7c84b6d9e0f2a4c6b8d1e39"},
        [LOG_GPU_MEMORY_HELD] = {LOG_ERR, "3f5b7d9e1a2c4d6f8b0e2a4c6d8f1b40"},
        [LOG_GPU_MEMORY_UNKNOWN] = {LOG_WARNING, "b7d9f1a3c5e84e6a9c0b2d4f6a8c1e41"},
        [LOG_STALE_EVENT] = {LOG_DEBUG, "17263544536271809fa0b1c2d3e4f513"},
};

/* A start's or a run's time for people: "350 ms", "12.3 s", "2 h 5 min". */
static void format_span(usec_t span, char *buffer, size_t size)
{
    uint64_t ms = usec_to_ms(span);

    if (ms < 1000)
        (void)snprintf(buffer, size, "%" PRIu64 " ms", ms);
    else if (ms < 60000)
        (void)snprintf(buffer, size, "%" PRIu64 ".%" PRIu64 " s", ms / 1000, ms % 1000 / 100);
    else if (ms < 3600000)
        (void)snprintf(buffer, size, "%" PRIu64 " min %" PRIu64 " s", ms / 60000,
                       ms % 60000 / 1000);
    else
        (void)snprintf(buffer, size, "%" PRIu64 " h %" PRIu64 " min", ms / 3600000,
                       ms % 3600000 / 60000);
}

static bool is_circuit(LogKind kind)
{
    return kind == LOG_BREAKER_OPENED || kind == LOG_BREAKER_HALF_OPEN ||
           kind == LOG_BREAKER_CLOSED;
}

/* What was counted, and over how long, where the line is about that. */
typedef struct Count {
    uint64_t number;    /* 0: nothing */
    usec_t window_usec; /* 0: in a row */
} Count;

static Count count_of(const Pool *pool, LogKind kind, Instant now)
{
    const Supervision *s = &pool->supervision;
    const SupervisionSettings settings =
            spec_supervision(pool->spec, &pool_shell(pool)->manager->policy);
    Count c = {0};

    if (kind == LOG_RESTART_STORM) {
        c.window_usec = settings.storm_warning_window_usec;
        c.number = time_window_count(&s->restarts, c.window_usec, now.mono);
    } else if (kind == LOG_OOM_STORM) {
        c.window_usec = settings.oom_storm_window_usec;
        c.number = time_window_count(&s->ooms, c.window_usec, now.mono);
    } else if (kind == LOG_BREAKER_OPENED) {
        for (size_t i = 0; i < BREAKER_MAX; i++)
            if (s->breakers[i].open && s->breakers[i].failures > c.number)
                c.number = s->breakers[i].failures;
    }
    return c;
}

/* What the supervision does. The restart that is pending is not before the limit of restarts allows
 * it: `now` tells how long that is, its delay alone does not. */
static void format_supervision(const Pool *pool, LogKind kind, Instant now, char *buffer,
                               size_t size)
{
    const Supervision *s = &pool->supervision;
    const Count count = count_of(pool, kind, now);
    char wait[48], window[48];

    format_span(usec_sub(s->due.mono, now.mono), wait, sizeof(wait));
    format_span(count.window_usec, window, sizeof(window));
    if (kind == LOG_RESTART_SCHEDULED)
        (void)snprintf(buffer, size, "Pool %s: restart %" PRIu64 " in %s", pool->id,
                       s->restart_count + 1, wait);
    else if (kind == LOG_RESTART_DUE)
        (void)snprintf(buffer, size, "Pool %s: restart %" PRIu64 " of the engine", pool->id,
                       s->restart_count);
    else if (kind == LOG_BREAKER_OPENED)
        (void)snprintf(buffer, size,
                       "Pool %s: the circuit breaker is open: no restart until a trial in %s "
                       "(last: %s)",
                       pool->id, wait, strempty(pool->last_error));
    else if (kind == LOG_BREAKER_HALF_OPEN)
        (void)snprintf(buffer, size, "Pool %s: the circuit breaker is half-open: one trial",
                       pool->id);
    else if (kind == LOG_BREAKER_CLOSED)
        (void)snprintf(buffer, size, "Pool %s: the circuit breaker is closed", pool->id);
    else if (kind == LOG_RESTART_STORM)
        (void)snprintf(buffer, size,
                       "Pool %s: restart storm: %" PRIu64 " restarts in %s (last: %s)", pool->id,
                       count.number, window, strempty(pool->last_error));
    else
        (void)snprintf(buffer, size,
                       "Pool %s: the engine ran out of memory %" PRIu64
                       " times in %s: give it more (resources.memory_max), a smaller model, or "
                       "fewer slots",
                       pool->id, count.number, window);
}

/* Which model a reload is to bring, as it was asked for. */
static const char *wanted_model(const Pool *pool)
{
    if (pool->reload.model_ref)
        return pool->reload.model_ref;
    if (pool->reload.next && pool->reload.next->model_id)
        return pool->reload.next->model_id;
    return pool->reload.next ? pool->reload.next->model_path : "that it has";
}

static const char *served_model(const Pool *pool)
{
    if (!pool->spec)
        return "";
    return pool->spec->model_id ? pool->spec->model_id : pool->spec->model_path;
}

/* The lines of one step are written when it is over: a reload that has ended is no more to be seen.
 */
static void format_reload(const Pool *pool, LogKind kind, const char *url, char *buffer,
                          size_t size)
{
    if (kind == LOG_RELOAD_STARTED)
        (void)snprintf(buffer, size, "Pool %s: reload with the model %s; %" PRIu64 " %s out",
                       pool->id, wanted_model(pool), pool->leases.count,
                       pool->leases.count == 1 ? "lease is" : "leases are");
    else if (kind == LOG_RELOAD_STAGING)
        (void)snprintf(buffer, size, "Pool %s: the model %s is being provided", pool->id,
                       wanted_model(pool));
    else if (kind == LOG_RELOADED)
        (void)snprintf(buffer, size, "Pool %s: reloaded, the model %s is served at %s", pool->id,
                       served_model(pool), url);
    else if (kind == LOG_RELOAD_ABORTED)
        (void)snprintf(buffer, size, "Pool %s: reload given up, the engine serves on: %s", pool->id,
                       strempty(pool->last_error));
    else if (kind == LOG_RELOAD_BESIDE)
        (void)snprintf(buffer, size,
                       "Pool %s: the new engine is started beside the one that serves", pool->id);
    else if (kind == LOG_RELOAD_PLAIN)
        (void)snprintf(buffer, size, "Pool %s: %s", pool->id, strempty(pool->operation_note));
    else if (kind == LOG_RELOAD_FAILED)
        (void)snprintf(
                buffer, size, "Pool %s: reload failed, the engine from before is started again: %s",
                pool->id, strempty(pool->reload.error ? pool->reload.error : pool->last_error));
    else
        (void)snprintf(
                buffer, size,
                "Pool %s: rolled back, the engine from before the reload is ready at %s (%s)",
                pool->id, url, strempty(pool->last_error));
}

/* Engines that somebody else started. */
static void format_external(const Pool *pool, LogKind kind, const char *url, char *buffer,
                            size_t size)
{
    if (kind == LOG_EXTERNAL_REGISTERED)
        (void)snprintf(buffer, size,
                       "Pool %s: registered as ready at %s, an engine of somebody else", pool->id,
                       url);
    else if (kind == LOG_EXTERNAL_LOST)
        (void)snprintf(buffer, size,
                       "Pool %s: the engine of somebody else at %s does not answer: %s", pool->id,
                       url, strempty(pool->last_error));
    else if (kind == LOG_EXTERNAL_BACK)
        (void)snprintf(buffer, size, "Pool %s: the engine of somebody else at %s answers again",
                       pool->id, url);
    else
        (void)snprintf(buffer, size, "Pool %s: the handoff file of its engine was removed",
                       pool->id);
}

static void format_leases(const Pool *pool, LogKind kind, char *buffer, size_t size)
{
    if (kind == LOG_LEASES_EXPIRED)
        (void)snprintf(buffer, size, "Pool %s: leases have expired, %" PRIu64 " left", pool->id,
                       pool->leases.count);
    else if (kind == LOG_DRAIN_STARTED)
        (void)snprintf(buffer, size, "Pool %s: draining, %" PRIu64 " %s out", pool->id,
                       pool->leases.count, pool->leases.count == 1 ? "lease is" : "leases are");
    else
        (void)snprintf(buffer, size,
                       "Pool %s: the drain's deadline is over with %" PRIu64
                       " %s out; stopping the engine all the same",
                       pool->id, pool->drain_leases, pool->drain_leases == 1 ? "lease" : "leases");
}

/* What a start of an engine is a part of. */
static const char *start_name(const Pool *pool)
{
    if ((pool->automatic && pool->operation.kind == OPERATION_NONE) ||
        pool->operation.kind == OPERATION_RESTART)
        return "restart";
    if (pool->reload.phase == RELOAD_RETURNING)
        return "rollback";
    return pool->operation.kind == OPERATION_RELOAD || pool->role == ROLE_ARRIVING ? "reload"
                                                                                   : "preload";
}

static void format_start(const Pool *pool, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "Pool %s: %s begins: %s %s, model %s", pool->id, start_name(pool),
                   pool->spec ? pool->spec->engine : "",
                   pool->spec ? pool->spec->engine_version : "",
                   pool->spec ? pool->spec->model_path : "");
}

/* One that we had to stop is told of by why, others by how. */
static void format_crash(const Pool *pool, const char *how, const char *since, char *buffer,
                         size_t size)
{
    if (pool->stop_reason == STOP_NONE)
        (void)snprintf(buffer, size, "Pool %s: the engine %s after %s", pool->id, how, since);
    else
        (void)snprintf(buffer, size, "Pool %s: the engine has failed after %s: %s", pool->id, since,
                       strempty(pool->last_error));
}

static void format_gpu_memory(const Pool *pool, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "Pool %s: the engine has ended, but %s", pool->id,
                   strempty(pool->release.held));
}

static void format_message(const Pool *pool, LogKind kind, const UnitEnd *end, usec_t run,
                           Instant now, char *buffer, size_t size)
{
    static const EngineSpec none = {.engine = NULL};
    const EngineSpec *spec = pool->spec ? pool->spec : &none;
    char how[160] = "", since[48], url[256] = "";

    format_span(run, since, sizeof(since));
    if (end)
        unit_end_describe(end, how, sizeof(how));
    if (pool->external)
        (void)snprintf(url, sizeof(url), "%s", pool->external->url);
    else if (pool->spec)
        spec_url(spec, url, sizeof(url));
    switch (kind) {
    case LOG_PRELOAD_STARTED:
        format_start(pool, buffer, size);
        break;
    case LOG_ENGINE_STARTED:
        (void)snprintf(buffer, size, "Pool %s: engine started with pid %d, waiting for %s",
                       pool->id, (int)pool->unit.main_pid, url);
        break;
    case LOG_ENGINE_READY:
        (void)snprintf(buffer, size, "Pool %s: ready at %s after %s", pool->id, url, since);
        break;
    case LOG_PRELOAD_FAILED:
        (void)snprintf(buffer, size, "Pool %s: %s failed: %s", pool->id, start_name(pool),
                       strempty(pool->last_error));
        break;
    case LOG_HEALTH_TIMEOUT:
    case LOG_ENGINE_UNHEALTHY:
        (void)snprintf(buffer, size, "Pool %s: %s; stopping it", pool->id,
                       strempty(pool->last_error));
        break;
    case LOG_ENGINE_CRASHED:
        format_crash(pool, how, since, buffer, size);
        break;
    case LOG_ENGINE_EXITED:
        (void)snprintf(buffer, size, "Pool %s: the engine left by itself with status 0 after %s",
                       pool->id, since);
        break;
    case LOG_STOP_STARTED:
        (void)snprintf(buffer, size, "Pool %s: stopping the engine", pool->id);
        break;
    case LOG_ENGINE_STOPPED:
        (void)snprintf(buffer, size, "Pool %s: engine stopped after %s (it %s)", pool->id, since,
                       how);
        break;
    case LOG_STOP_STUCK:
        (void)snprintf(buffer, size, "Pool %s: %s", pool->id, strempty(pool->last_error));
        break;
    case LOG_ENGINE_ADOPTED:
        (void)snprintf(buffer, size, "Pool %s: found again, ready at %s, pid %d, up for %s",
                       pool->id, url, (int)pool->unit.main_pid, since);
        break;
    case LOG_EXTERNAL_REGISTERED:
    case LOG_EXTERNAL_LOST:
    case LOG_EXTERNAL_BACK:
    case LOG_EXTERNAL_GONE:
        format_external(pool, kind, url, buffer, size);
        break;
    case LOG_LEASES_EXPIRED:
    case LOG_DRAIN_STARTED:
    case LOG_DRAIN_FORCED:
        format_leases(pool, kind, buffer, size);
        break;
    case LOG_DEREGISTERED:
        (void)snprintf(buffer, size, "Pool %s: deregistered", pool->id);
        break;
    case LOG_RESTART_SCHEDULED:
    case LOG_RESTART_DUE:
    case LOG_BREAKER_OPENED:
    case LOG_BREAKER_HALF_OPEN:
    case LOG_BREAKER_CLOSED:
    case LOG_RESTART_STORM:
    case LOG_OOM_STORM:
        format_supervision(pool, kind, now, buffer, size);
        break;
    case LOG_RELOAD_STARTED:
    case LOG_RELOAD_STAGING:
    case LOG_RELOADED:
    case LOG_RELOAD_ABORTED:
    case LOG_RELOAD_FAILED:
    case LOG_ROLLED_BACK:
    case LOG_RELOAD_BESIDE:
    case LOG_RELOAD_PLAIN:
        format_reload(pool, kind, url, buffer, size);
        break;
    case LOG_DRIVER_FAULT:
        (void)snprintf(buffer, size, "Pool %s: %s; stopping the engine", pool->id,
                       strempty(pool->last_error));
        break;
    case LOG_GPU_MEMORY_HELD:
    case LOG_GPU_MEMORY_UNKNOWN:
        format_gpu_memory(pool, buffer, size);
        break;
    case LOG_STALE_EVENT:
        (void)snprintf(buffer, size, "Pool %s: dropped an event of another generation", pool->id);
        break;
    case LOG_KIND_MAX:
        abort();
    }
}

/* From which state to which the circuit goes, of the lines that tell of that. */
static void circuit_change(const Pool *pool, LogKind kind, const char **ret_old,
                           const char **ret_new)
{
    PoolShell *shell = pool_shell(pool);
    CircuitState now = CIRCUIT_CLOSED, before = CIRCUIT_HALF_OPEN;

    if (!is_circuit(kind))
        return;
    if (kind == LOG_BREAKER_OPENED) {
        now = CIRCUIT_OPEN;
        before = CIRCUIT_CLOSED;
    } else if (kind == LOG_BREAKER_HALF_OPEN) {
        now = CIRCUIT_HALF_OPEN;
        before = CIRCUIT_OPEN;
    }
    /* Else it is the first of this run of the daemon, and the usual one is meant. */
    if (shell->circuit_told != 0)
        before = (CircuitState)(shell->circuit_told - 1);
    shell->circuit_told = (unsigned)now + 1;
    *ret_old = circuit_state_to_string(before);
    *ret_new = circuit_state_to_string(now);
}

/* The last words of the engine, once: they are of the end that this line tells of. */
static char *take_output(const Pool *pool, LogKind kind)
{
    if (kind != LOG_ENGINE_CRASHED && kind != LOG_PRELOAD_FAILED)
        return NULL;
    return TAKE_PTR(pool_shell(pool)->last_output);
}

/* Memory that runs out takes other engines along sooner or later: somebody has to look. */
static int priority_of(const Pool *pool, LogKind kind)
{
    if ((kind == LOG_ENGINE_CRASHED || kind == LOG_PRELOAD_FAILED) &&
        (pool->last_error_class == FAILURE_OUT_OF_MEMORY ||
         pool->last_error_class == FAILURE_VRAM_OOM))
        return LOG_CRIT;
    return kinds[kind].priority;
}

static void add_end(LogFields *f, const UnitEnd *end, usec_t run)
{
    if (end->exit_status >= 0)
        log_fields_add_number(f, "EXIT_CODE", (uint64_t)end->exit_status);
    log_fields_add(f, "SIGNAL", signal_name(end->signal), LOG_FIELD_TEXT);
    log_fields_add_number(f, "UPTIME_SECONDS", run / USEC_PER_SEC);
}

static void add_circuit(LogFields *f, const Pool *pool, LogKind kind, Instant now)
{
    const char *old_state = NULL, *new_state = NULL;
    const Count count = count_of(pool, kind, now);

    circuit_change(pool, kind, &old_state, &new_state);
    log_fields_add(f, "OLD_STATE", old_state, LOG_FIELD_TEXT);
    log_fields_add(f, "NEW_STATE", new_state, LOG_FIELD_TEXT);
    if (count.number > 0)
        log_fields_add_number(f, "FAILURE_COUNT", count.number);
    if (count.window_usec > 0)
        log_fields_add_number(f, "TIME_WINDOW", count.window_usec / USEC_PER_SEC);
}

void log_pool(const Pool *pool, LogKind kind, const UnitEnd *end, Instant now)
{
    _cleanup_free_ char *output = take_output(pool, kind);
    usec_t run = pool->generation ? usec_sub(now.mono, pool->started.mono) : 0;
    char message[1024];
    LogFields f;

    format_message(pool, kind, end, run, now, message, sizeof(message));
    log_fields_init(&f, pool);
    if (end)
        add_end(&f, end, run);
    if (kind == LOG_ENGINE_READY)
        log_fields_add_number(&f, "DURATION_MS", usec_to_ms(run));
    add_circuit(&f, pool, kind, now);
    log_fields_add(&f, "ENGINE_OUTPUT", output, LOG_FIELD_LINES);
    journal_send(priority_of(pool, kind), kinds[kind].message_id, f.items, f.count, "%s", message);
}

void log_operation(const Pool *pool, const OperationResult *result)
{
    const char *kind = operation_kind_to_string(result->kind);
    bool failed = error_is_set(&result->error);
    char took[48];
    LogFields f;

    format_span(result->duration_usec, took, sizeof(took));
    log_fields_init(&f, pool);
    log_fields_add(&f, "OPERATION", kind, LOG_FIELD_TEXT);
    log_fields_add_number(&f, "OPERATION_ID", result->id);
    log_fields_add_number(&f, "DURATION_MS", usec_to_ms(result->duration_usec));
    journal_send(LOG_INFO, PM_MESSAGE_OPERATION_ENDED, f.items, f.count,
                 "Pool %s: %s %s after %s%s%s", pool->id, kind, failed ? "has failed" : "is done",
                 took, failed ? ": " : "", failed ? result->error.text : "");
}

void log_pool_say(const Pool *pool, int priority, const char *message_id, const char *format, ...)
{
    char text[1024];
    LogFields f;
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    log_fields_init(&f, pool);
    journal_send(priority, message_id, f.items, f.count, "Pool %s: %s", pool->id, text);
}

void log_pool_errno(const Pool *pool, int error, const char *what)
{
    log_pool_say(pool, LOG_ERR, PM_MESSAGE_POOL_TROUBLE, "%s: %s", what, strerror(-error));
}
