/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/macros.h"
#include "coverage.h"

void coverage_step(Coverage *c, const Pool *before, const Pool *pool, const Event *event,
                   const Effects *effects)
{
    c->steps++;
    c->events[event->type][before->state]++;
    if (before->state != pool->state)
        c->transitions[before->state][pool->state]++;
    if (before->reload.phase != pool->reload.phase)
        c->phases[before->reload.phase][pool->reload.phase]++;
    if (before->judging && !pool->judging)
        c->judged[pool->last_error_class]++;
    if (event->type == EVENT_RECOVER)
        c->phase_recoveries[before->reload.phase]++;
    if (event->type == EVENT_RECOVER)
        c->recoveries[before->state][unit_observation_verdict(&event->unit)]++;
    for (size_t i = 0; i < effects->count; i++) {
        const Effect *e = &effects->items[i];

        c->effects[e->type]++;
        if (e->type == EFFECT_LOG)
            c->logs[e->log.kind]++;
        if (e->type == EFFECT_END_OPERATION)
            c->results[e->result.kind][e->result.error.code]++;
    }
    if (effects->count > c->effects_max)
        c->effects_max = effects->count;
}

static const char *const effect_names[EFFECT_MAX] = {
        [EFFECT_GATHER_FACTS] = "gather facts",
        [EFFECT_SAVE] = "save",
        [EFFECT_SAVE_LEASES] = "save leases",
        [EFFECT_FORGET] = "forget",
        [EFFECT_START_UNIT] = "start unit",
        [EFFECT_STOP_UNIT] = "stop unit",
        [EFFECT_KILL_UNIT] = "kill unit",
        [EFFECT_RESET_FAILED] = "reset failed",
        [EFFECT_QUERY_UNIT] = "query unit",
        [EFFECT_STAGE] = "stage",
        [EFFECT_CANCEL_STAGE] = "cancel stage",
        [EFFECT_READ_OUTPUT] = "read output",
        [EFFECT_WRITE_PID] = "write pid",
        [EFFECT_REMOVE_PID] = "remove pid",
        [EFFECT_PROBE] = "probe",
        [EFFECT_CANCEL_PROBE] = "cancel probe",
        [EFFECT_WRITE_HANDOFF] = "write handoff",
        [EFFECT_REMOVE_HANDOFF] = "remove handoff",
        [EFFECT_EXCHANGE] = "exchange",
        [EFFECT_END_OPERATION] = "end operation",
        [EFFECT_LOG] = "log",
};

static const char *const log_names[LOG_KIND_MAX] = {
        [LOG_PRELOAD_STARTED] = "preload started",
        [LOG_ENGINE_STARTED] = "engine started",
        [LOG_ENGINE_READY] = "engine ready",
        [LOG_PRELOAD_FAILED] = "preload failed",
        [LOG_HEALTH_TIMEOUT] = "health timeout",
        [LOG_ENGINE_UNHEALTHY] = "engine unhealthy",
        [LOG_ENGINE_CRASHED] = "engine crashed",
        [LOG_ENGINE_EXITED] = "engine exited",
        [LOG_STOP_STARTED] = "stop started",
        [LOG_ENGINE_STOPPED] = "engine stopped",
        [LOG_STOP_STUCK] = "stop stuck",
        [LOG_ENGINE_ADOPTED] = "engine adopted",
        [LOG_EXTERNAL_REGISTERED] = "external registered",
        [LOG_EXTERNAL_LOST] = "external lost",
        [LOG_EXTERNAL_BACK] = "external back",
        [LOG_EXTERNAL_GONE] = "external gone",
        [LOG_LEASES_EXPIRED] = "leases expired",
        [LOG_DEREGISTERED] = "deregistered",
        [LOG_RESTART_SCHEDULED] = "restart scheduled",
        [LOG_RESTART_DUE] = "restart due",
        [LOG_BREAKER_OPENED] = "breaker opened",
        [LOG_BREAKER_HALF_OPEN] = "breaker half-open",
        [LOG_BREAKER_CLOSED] = "breaker closed",
        [LOG_RESTART_STORM] = "restart storm",
        [LOG_OOM_STORM] = "OOM storm",
        [LOG_DRAIN_STARTED] = "drain started",
        [LOG_DRAIN_FORCED] = "drain forced",
        [LOG_RELOAD_STARTED] = "reload started",
        [LOG_RELOAD_STAGING] = "reload staging",
        [LOG_RELOADED] = "reloaded",
        [LOG_RELOAD_ABORTED] = "reload aborted",
        [LOG_RELOAD_FAILED] = "reload failed",
        [LOG_ROLLED_BACK] = "rolled back",
        [LOG_RELOAD_BESIDE] = "reload beside",
        [LOG_RELOAD_PLAIN] = "reload plain",
        [LOG_DRIVER_FAULT] = "driver fault",
        [LOG_STALE_EVENT] = "stale event",
};

static const char *const event_names[EVENT_MAX] = {
        [EVENT_PRELOAD] = "preload",
        [EVENT_STOP] = "stop",
        [EVENT_RESTART] = "restart",
        [EVENT_DEREGISTER] = "deregister",
        [EVENT_DRAIN] = "drain",
        [EVENT_RELOAD] = "reload",
        [EVENT_STAGED] = "staged",
        [EVENT_OUTPUT] = "output",
        [EVENT_DRIVER_FAULT] = "driver fault",
        [EVENT_BREAKER_RESET] = "breaker reset",
        [EVENT_BREAKER_ALLOW] = "breaker allow",
        [EVENT_LEASES] = "leases",
        [EVENT_HANDOFF] = "handoff",
        [EVENT_HANDOFF_GONE] = "handoff gone",
        [EVENT_LOAD] = "load",
        [EVENT_FACTS] = "facts",
        [EVENT_START_FAILED] = "start failed",
        [EVENT_STOP_FAILED] = "stop failed",
        [EVENT_UNIT] = "unit",
        [EVENT_PROBE] = "probe",
        [EVENT_TIMER] = "timer",
        [EVENT_RECOVER] = "recover",
};

static const char *const verdict_names[] = {
        [UNIT_VERDICT_UNDECIDED] = "undecided", [UNIT_VERDICT_STARTING] = "starting",
        [UNIT_VERDICT_RUNNING] = "running",     [UNIT_VERDICT_STOPPING] = "stopping",
        [UNIT_VERDICT_ABANDONED] = "abandoned", [UNIT_VERDICT_ENDED] = "ended",
        [UNIT_VERDICT_GONE] = "gone",
};

static void print_pairs(const char *title, const uint64_t *counts, size_t rows, size_t columns,
                        const char *(*row_name)(size_t), const char *(*column_name)(size_t))
{
    printf("%s:\n", title);
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < columns; k++)
            if (counts[r * columns + k] > 0)
                printf("  %-10s %-26s %10" PRIu64 "\n", row_name(r), column_name(k),
                       counts[r * columns + k]);
}

static void print_list(const char *title, const uint64_t *counts, const char *const *names,
                       size_t n)
{
    printf("%s:\n", title);
    for (size_t i = 0; i < n; i++)
        printf("  %-26s %10" PRIu64 "\n", names[i], counts[i]);
}

static void print_names(const char *title, const uint64_t *counts, const char *(*name)(size_t),
                        size_t n)
{
    printf("%s:\n", title);
    for (size_t i = 0; i < n; i++)
        if (counts[i] > 0)
            printf("  %-26s %10" PRIu64 "\n", name(i), counts[i]);
}

static const char *state_name(size_t state)
{
    return pool_state_to_string((PoolState)state);
}

static const char *event_name(size_t event)
{
    return event_names[event];
}

static const char *verdict_name(size_t verdict)
{
    return verdict_names[verdict];
}

static const char *phase_name(size_t phase)
{
    return reload_phase_to_string((ReloadPhase)phase);
}

static const char *failure_name(size_t failure)
{
    return failure == FAILURE_NONE ? "none" : failure_class_to_string((FailureClass)failure);
}

static const char *operation_name(size_t kind)
{
    return operation_kind_to_string((OperationKind)kind);
}

static const char *code_name(size_t code)
{
    return code == PM_ERROR_NONE ? "success" : pm_error_info((PmErrorCode)code)->code;
}

void coverage_print(const Coverage *c)
{
    print_pairs("Transitions", c->transitions[0], POOL_STATE_MAX, POOL_STATE_MAX, state_name,
                state_name);
    print_pairs("Events, by the state that they met", c->events[0], EVENT_MAX, POOL_STATE_MAX,
                event_name, state_name);
    print_pairs("Recoveries: saved state, verdict on the unit", c->recoveries[0], POOL_STATE_MAX,
                ELEMENTSOF(verdict_names), state_name, verdict_name);
    print_pairs("Operations, by their results", c->results[0], OPERATION_MAX, PM_ERROR_MAX,
                operation_name, code_name);
    print_pairs("Reloads, by their phases", c->phases[0], RELOAD_PHASE_MAX, RELOAD_PHASE_MAX,
                phase_name, phase_name);
    print_names("Recoveries, by the phase of a reload", c->phase_recoveries, phase_name,
                RELOAD_PHASE_MAX);
    print_names("Ends, by what they were judged", c->judged, failure_name, FAILURE_MAX);
    print_list("Effects", c->effects, effect_names, EFFECT_MAX);
    print_list("Log lines", c->logs, log_names, LOG_KIND_MAX);
    printf("At most %zu effects in one step (there is room for %d).\n", c->effects_max,
           (int)EFFECTS_MAX);
    printf("Units that the service manager gave up with a process left: %" PRIu64 ".\n",
           c->left_running);
}

static const PoolState expected_transitions[][2] = {
        {POOL_OFF, POOL_PREFLIGHT},      {POOL_FAILED, POOL_PREFLIGHT},
        {POOL_PREFLIGHT, POOL_OFF},      {POOL_PREFLIGHT, POOL_FAILED},
        {POOL_PREFLIGHT, POOL_STARTING}, {POOL_STARTING, POOL_WARMING},
        {POOL_STARTING, POOL_STOPPING},  {POOL_STARTING, POOL_FAILED},
        {POOL_STARTING, POOL_OFF},       {POOL_WARMING, POOL_READY},
        {POOL_WARMING, POOL_STOPPING},   {POOL_WARMING, POOL_FAILED},
        {POOL_WARMING, POOL_OFF},        {POOL_READY, POOL_STOPPING},
        {POOL_READY, POOL_OFF},          {POOL_READY, POOL_ADOPTING},
        {POOL_ADOPTING, POOL_READY},     {POOL_ADOPTING, POOL_STOPPING},
        {POOL_ADOPTING, POOL_FAILED},    {POOL_STOPPING, POOL_OFF},
        {POOL_STOPPING, POOL_FAILED},    {POOL_STOPPING, POOL_PREFLIGHT},
        {POOL_OFF, POOL_EXTERNAL},       {POOL_FAILED, POOL_EXTERNAL},
        {POOL_EXTERNAL, POOL_OFF},       {POOL_READY, POOL_DRAINING},
        {POOL_DRAINING, POOL_STOPPING},  {POOL_DRAINING, POOL_FAILED},
        {POOL_DRAINING, POOL_ADOPTING},  {POOL_READY, POOL_FAILED},
        {POOL_STARTING, POOL_BACKOFF},   {POOL_FAILED, POOL_BACKOFF},
        {POOL_FAILED, POOL_TRIPPED},     {POOL_PREFLIGHT, POOL_BACKOFF},
        {POOL_BACKOFF, POOL_PREFLIGHT},  {POOL_TRIPPED, POOL_PREFLIGHT},
        {POOL_BACKOFF, POOL_OFF},        {POOL_TRIPPED, POOL_OFF},
        {POOL_ADOPTING, POOL_DRAINING},  {POOL_DRAINING, POOL_READY},
        {POOL_STARTING, POOL_PREFLIGHT}, {POOL_WARMING, POOL_PREFLIGHT},
};

static const ReloadPhase expected_phases[][2] = {
        {RELOAD_NONE, RELOAD_DRAINING},      {RELOAD_NONE, RELOAD_STAGING},
        {RELOAD_NONE, RELOAD_LEAVING},       {RELOAD_DRAINING, RELOAD_NONE},
        {RELOAD_DRAINING, RELOAD_STAGING},   {RELOAD_DRAINING, RELOAD_LEAVING},
        {RELOAD_DRAINING, RELOAD_RETURNING}, {RELOAD_STAGING, RELOAD_NONE},
        {RELOAD_STAGING, RELOAD_LEAVING},    {RELOAD_STAGING, RELOAD_RETURNING},
        {RELOAD_LEAVING, RELOAD_NONE},       {RELOAD_LEAVING, RELOAD_ARRIVING},
        {RELOAD_ARRIVING, RELOAD_NONE},      {RELOAD_ARRIVING, RELOAD_RETURNING},
        {RELOAD_RETURNING, RELOAD_NONE},     {RELOAD_NONE, RELOAD_BESIDE},
        {RELOAD_STAGING, RELOAD_BESIDE},     {RELOAD_BESIDE, RELOAD_NONE},
        {RELOAD_BESIDE, RELOAD_DRAINING},    {RELOAD_BESIDE, RELOAD_LEAVING},
        {RELOAD_BESIDE, RELOAD_ARRIVING},    {RELOAD_BESIDE, RELOAD_RETURNING},
};

static const struct {
    PoolState state;
    UnitVerdict verdict;
} expected_recoveries[] = {
        {POOL_OFF, UNIT_VERDICT_GONE},          {POOL_FAILED, UNIT_VERDICT_GONE},
        {POOL_FAILED, UNIT_VERDICT_ENDED},      {POOL_STARTING, UNIT_VERDICT_GONE},
        {POOL_STARTING, UNIT_VERDICT_ENDED},    {POOL_STARTING, UNIT_VERDICT_UNDECIDED},
        {POOL_STARTING, UNIT_VERDICT_STARTING}, {POOL_STARTING, UNIT_VERDICT_RUNNING},
        {POOL_STARTING, UNIT_VERDICT_STOPPING}, {POOL_READY, UNIT_VERDICT_RUNNING},
        {POOL_READY, UNIT_VERDICT_STOPPING},    {POOL_READY, UNIT_VERDICT_ENDED},
        {POOL_READY, UNIT_VERDICT_GONE},        {POOL_STOPPING, UNIT_VERDICT_RUNNING},
        {POOL_STOPPING, UNIT_VERDICT_STOPPING}, {POOL_STOPPING, UNIT_VERDICT_ENDED},
        {POOL_STOPPING, UNIT_VERDICT_GONE},     {POOL_STOPPING, UNIT_VERDICT_ABANDONED},
};

static const struct {
    OperationKind kind;
    PmErrorCode code;
} expected_results[] = {
        {OPERATION_PRELOAD, PM_ERROR_NONE},      {OPERATION_PRELOAD, PM_ERROR_PRELOAD_FAILED},
        {OPERATION_PRELOAD, PM_ERROR_BUSY},      {OPERATION_PRELOAD, PM_ERROR_ALREADY_RUNNING},
        {OPERATION_PRELOAD, PM_ERROR_CANCELLED}, {OPERATION_PRELOAD, PM_ERROR_STOP_FAILED},
        {OPERATION_STOP, PM_ERROR_NONE},         {OPERATION_STOP, PM_ERROR_NO_ENGINE},
        {OPERATION_STOP, PM_ERROR_BUSY},         {OPERATION_STOP, PM_ERROR_STOP_FAILED},
        {OPERATION_RESTART, PM_ERROR_NONE},      {OPERATION_RESTART, PM_ERROR_PRELOAD_FAILED},
        {OPERATION_RESTART, PM_ERROR_BUSY},      {OPERATION_RESTART, PM_ERROR_ALREADY_RUNNING},
        {OPERATION_RESTART, PM_ERROR_CANCELLED}, {OPERATION_RESTART, PM_ERROR_NO_ENGINE},
        {OPERATION_DEREGISTER, PM_ERROR_NONE},   {OPERATION_DEREGISTER, PM_ERROR_BUSY},
        {OPERATION_DRAIN, PM_ERROR_NONE},        {OPERATION_DRAIN, PM_ERROR_BUSY},
        {OPERATION_DRAIN, PM_ERROR_NO_ENGINE},   {OPERATION_DRAIN, PM_ERROR_CANCELLED},
        {OPERATION_RELOAD, PM_ERROR_NONE},       {OPERATION_RELOAD, PM_ERROR_RELOAD_FAILED},
        {OPERATION_RELOAD, PM_ERROR_BUSY},       {OPERATION_RELOAD, PM_ERROR_NO_ENGINE},
        {OPERATION_RELOAD, PM_ERROR_CANCELLED},  {OPERATION_RELOAD, PM_ERROR_STOP_FAILED},
};

static unsigned missing(bool seen, const char *what, const char *first, const char *second)
{
    if (seen)
        return 0;
    fprintf(stderr, "never seen: %s %s%s%s\n", what, first, second[0] ? ", " : "", second);
    return 1;
}

static unsigned reload_missing(const Coverage *c)
{
    unsigned n = 0;

    for (size_t i = 0; i < ELEMENTSOF(expected_phases); i++) {
        ReloadPhase from = expected_phases[i][0], to = expected_phases[i][1];

        n += missing(c->phases[from][to] > 0, "reload", reload_phase_to_string(from),
                     reload_phase_to_string(to));
    }
    for (size_t i = RELOAD_NONE; i < RELOAD_PHASE_MAX; i++)
        n += missing(c->phase_recoveries[i] > 0, "recovery in a reload",
                     reload_phase_to_string((ReloadPhase)i), "");
    n += missing(c->rolled_back > 0, "reload that was", "rolled back", "");
    n += missing(c->unchanged > 0, "reload that changed", "nothing", "");
    return n;
}

unsigned coverage_missing(const Coverage *c)
{
    unsigned n = reload_missing(c);

    for (size_t i = 0; i < ELEMENTSOF(expected_transitions); i++) {
        PoolState from = expected_transitions[i][0], to = expected_transitions[i][1];

        n += missing(c->transitions[from][to] > 0, "transition", pool_state_to_string(from),
                     pool_state_to_string(to));
    }
    for (size_t i = 0; i < ELEMENTSOF(expected_recoveries); i++) {
        PoolState state = expected_recoveries[i].state;
        UnitVerdict verdict = expected_recoveries[i].verdict;

        n += missing(c->recoveries[state][verdict] > 0, "recovery", pool_state_to_string(state),
                     verdict_names[verdict]);
    }
    for (size_t i = 0; i < ELEMENTSOF(expected_results); i++) {
        OperationKind kind = expected_results[i].kind;
        PmErrorCode code = expected_results[i].code;

        n += missing(c->results[kind][code] > 0, "result", operation_kind_to_string(kind),
                     code_name(code));
    }
    for (size_t i = 0; i < EFFECT_MAX; i++)
        n += missing(c->effects[i] > 0, "effect", effect_names[i], "");
    for (size_t i = 0; i < LOG_KIND_MAX; i++)
        n += missing(c->logs[i] > 0, "log line", log_names[i], "");
    return n;
}
