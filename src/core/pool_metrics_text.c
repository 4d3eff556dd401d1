/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/exposition.h"
#include "core/pool_metrics.h"
#include "core/spec_policy.h"

/* What the samples of one name and one pool are made of. */
typedef struct Source {
    Text *text;
    const char *name;
    const Pool *pool;
    const PoolMetrics *metrics;
    const PolicySettings *settings;
    Instant now;
} Source;

static void write_one(const Source *s, uint64_t value)
{
    const MetricLabel label = {"pool_id", s->pool->id};

    metric_number(s->text, s->name, (MetricLabels){&label, 1}, value);
}

static void write_labelled(const Source *s, const char *label, const char *text, uint64_t value)
{
    const MetricLabel labels[] = {{"pool_id", s->pool->id}, {label, text}};

    metric_number(s->text, s->name, (MetricLabels){labels, ELEMENTSOF(labels)}, value);
}

static void write_count(const Source *s, unsigned which)
{
    write_one(s, s->metrics->counts[which]);
}

static const char *reason_to_string(size_t reason)
{
    if (reason == FAILURE_NONE)
        return "other";
    if (reason == REASON_CANCELLED)
        return "cancelled";
    if (reason == REASON_STOP_FAILED)
        return "stop_failed";
    return failure_class_to_string((FailureClass)reason);
}

/* Also those that are 0: a counter that begins with 1 has not increased for whoever reads it. */
static void write_failures(const Source *s, unsigned which)
{
    const uint64_t *failures = s->metrics->failures[which];

    for (size_t i = 0; s->pool->spec && i < REASON_MAX; i++)
        write_labelled(s, "reason", reason_to_string(i), failures ? failures[i] : 0);
}

static void write_drains(const Source *s, unsigned which)
{
    static const char *const outcomes[DRAIN_OUTCOME_MAX] = {
            [DRAIN_COMPLETED] = "completed",
            [DRAIN_FORCED] = "forced",
            [DRAIN_CANCELLED] = "cancelled",
            [DRAIN_FAILED] = "failed",
    };

    for (size_t i = 0; s->pool->spec && i < DRAIN_OUTCOME_MAX; i++)
        write_labelled(s, "outcome", outcomes[i], s->metrics->drains[i]);
}

static void write_times(const Source *s, unsigned which)
{
    static const Histogram empty;
    const Histogram *times = s->metrics->times[which];
    const MetricLabel label = {"pool_id", s->pool->id};

    if (s->pool->spec)
        metric_histogram(s->text, s->name, (MetricLabels){&label, 1}, times ? times : &empty,
                         METRIC_MILLISECONDS);
}

/* What is not known has no sample. */
static void write_known(const Source *s, uint64_t value)
{
    if (value != SPEC_UNSET)
        write_one(s, value);
}

static void write_slots_total(const Source *s, unsigned which)
{
    write_known(s, s->pool->meta.slots_total);
}

static void write_slots_free(const Source *s, unsigned which)
{
    write_known(s, pool_slots_free(s->pool));
}

static void write_leases(const Source *s, unsigned which)
{
    write_one(s, s->pool->leases.count);
}

static void write_circuit(const Source *s, unsigned which)
{
    write_one(s, supervision_circuit(&s->pool->supervision, s->now));
}

static void write_rate(const Source *s, unsigned which)
{
    const SupervisionSettings settings = spec_supervision(s->pool->spec, s->settings);

    write_one(s, supervision_rate(&s->pool->supervision, &settings, s->now));
}

static void write_state(const Source *s, unsigned which)
{
    const char *shown = pool_state_shown(s->pool);

    for (PoolState i = 0; i < POOL_STATE_MAX; i++) {
        const char *state = pool_state_to_string(i);

        write_labelled(s, "state", state, streq(state, shown));
    }
}

static const struct {
    const char *name;
    MetricType type;
    const char *help;
    void (*write)(const Source *s, unsigned which);
    unsigned which;
} names[] = {
        {"preload_success_total", METRIC_COUNTER, "Preloads whose engine became ready.",
         write_count, POOL_COUNT_PRELOADED},
        {"preload_failure_total", METRIC_COUNTER,
         "Preloads that failed or were cancelled; one that was refused, as the pool was busy, is "
         "not counted.",
         write_failures, POOL_FAILURE_PRELOAD},
        {"restart_total", METRIC_COUNTER, "Restarts of the engine by the supervision.", write_count,
         POOL_COUNT_RESTARTED},
        {"restart_scheduled_total", METRIC_COUNTER,
         "Restarts that the supervision has put off for a backoff delay, by what made them "
         "necessary.",
         write_failures, POOL_FAILURE_RESTART_SCHEDULED},
        {"engine_crash_total", METRIC_COUNTER,
         "Engines that had been ready and ended, or had to be ended, unasked.", write_failures,
         POOL_FAILURE_CRASH},
        {"gpu_memory_held_total", METRIC_COUNTER,
         "Engines that have ended and whose memory of GPUs did not come back in time.", write_count,
         POOL_COUNT_GPU_MEMORY_HELD},
        {"circuit_breaker_open_total", METRIC_COUNTER,
         "How often the circuit breaker has opened, again after a trial included.", write_count,
         POOL_COUNT_BREAKER_OPENED},
        {"restart_storm_total", METRIC_COUNTER, "Restart storms that were reported.", write_count,
         POOL_COUNT_RESTART_STORM},
        {"pool_drain_total", METRIC_COUNTER, "Drains that have ended, by how.", write_drains, 0},
        {"pool_drain_force_stop_total", METRIC_COUNTER,
         "Drains whose deadline was over with leases still out.", write_count,
         POOL_COUNT_DRAIN_FORCED},
        {"pool_reload_success_total", METRIC_COUNTER, "Reloads whose new engine became ready.",
         write_count, POOL_COUNT_RELOADED},
        {"pool_reload_failure_total", METRIC_COUNTER,
         "Reloads that failed or were cancelled, with or without a way back.", write_failures,
         POOL_FAILURE_RELOAD},
        {"slots_total", METRIC_GAUGE, "Slots of the engine, where they are known.",
         write_slots_total, 0},
        {"slots_free", METRIC_GAUGE, "Slots that nobody uses, where they are known.",
         write_slots_free, 0},
        {"active_leases", METRIC_GAUGE, "Leases that are out.", write_leases, 0},
        {"circuit_breaker_state", METRIC_GAUGE,
         "State of the circuit breaker: 0 closed, 1 open, 2 half-open.", write_circuit, 0},
        {"restart_rate", METRIC_GAUGE,
         "Restarts by the supervision in the sliding window of the restart limit.", write_rate, 0},
        {"pool_state", METRIC_GAUGE, "1 for the state in which the pool is, 0 for the others.",
         write_state, 0},
        {"backoff_delay_ms", METRIC_HISTOGRAM,
         "Delays that were chosen before restarts, in milliseconds.", write_times,
         POOL_TIME_BACKOFF},
        {"pool_drain_duration_ms", METRIC_HISTOGRAM,
         "Drains from the request to their end, however that was, in milliseconds.", write_times,
         POOL_TIME_DRAIN},
        {"pool_reload_duration_ms", METRIC_HISTOGRAM,
         "Reloads from the request to their end, however that was, in milliseconds.", write_times,
         POOL_TIME_RELOAD},
        {"engine_start_duration_ms", METRIC_HISTOGRAM,
         "Starts of engines from the request to the service manager until they were ready, in "
         "milliseconds.",
         write_times, POOL_TIME_START},
};

size_t pool_metrics_names(void)
{
    return ELEMENTSOF(names);
}

void pool_metrics_describe(Text *t, size_t i)
{
    metric_describe(t, names[i].name, names[i].type, names[i].help);
}

void pool_metrics_write(Text *t, size_t i, const Pool *pool, const PoolMetrics *m,
                        const PolicySettings *settings, Instant now)
{
    const Source s = {t, names[i].name, pool, m, settings, now};

    names[i].write(&s, names[i].which);
}
