/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/parse.h"
#include "manager/config_table.h"

#define AT(member)          offsetof(Settings, member)
#define SUPERVISION(member) AT(policy.supervision.member)
#define DAY                 (24 * 60 * USEC_PER_MINUTE)
#define MS                  USEC_PER_MSEC

/* The one set of defaults (contract: defaults). */
const ConfigKey config_keys[] = {
        {"Manager", "Listen", CONFIG_STRING, "127.0.0.1:9200", "POOL_MANAGERD_ADDR", AT(listen)},
        {"Manager", "RuntimeDirectory", CONFIG_STRING, NULL, "POOL_MANAGERD_RUNTIME_DIR",
         AT(runtime_directory)},
        {"Manager", "StateDirectory", CONFIG_STRING, NULL, "POOL_MANAGERD_STATE_DIR",
         AT(state_directory)},
        {"Manager", "LogFormat", CONFIG_CHOICE, "auto", "POOL_MANAGERD_LOG_FORMAT", AT(log_format),
         .choices = "auto|journal|json|text", .reload = true},
        {"Manager", "LogLevel", CONFIG_CHOICE, "info", "POOL_MANAGERD_LOG_LEVEL", AT(log_level),
         .choices = "err|warning|notice|info|debug", .reload = true},
        {"Manager", "LogRateLimitIntervalSec", CONFIG_SPAN, "10s", NULL, AT(log_interval_usec), 0,
         DAY, .reload = true},
        {"Manager", "LogRateLimitBurst", CONFIG_NUMBER, "100", NULL, AT(log_burst), 0, INT32_MAX,
         .reload = true},
        {"Manager", "UnknownUnitGraceSec", CONFIG_SPAN, "10s", NULL, AT(unknown_unit_grace_usec), 0,
         DAY, .reload = true},
        {"HTTP", "ConnectionsMax", CONFIG_NUMBER, "1024", NULL, AT(connections_max), 8, 65536},
        {"HTTP", "WaitingMax", CONFIG_NUMBER, "256", NULL, AT(waiting_max), 1, 65536},
        {"HTTP", "IdleTimeoutSec", CONFIG_SPAN, "30s", NULL, AT(idle_timeout_usec), USEC_PER_SEC,
         DAY},
        {"HTTP", "RequestTimeoutSec", CONFIG_SPAN, "20s", NULL, AT(request_timeout_usec), 100 * MS,
         DAY},
        {"HTTP", "WaitTimeoutSec", CONFIG_SPAN, "1h", NULL, AT(wait_timeout_usec), USEC_PER_SEC,
         DAY},
        {"Health", "IntervalSec", CONFIG_SPAN, "500ms", NULL, AT(policy.health_interval_usec), MS,
         DAY, .reload = true},
        {"Health", "Ramp", CONFIG_BOOL, "on", NULL, AT(policy.health_ramp), .reload = true},
        {"Health", "TimeoutSec", CONFIG_SPAN, "120s", NULL, AT(policy.health_timeout_usec), MS, DAY,
         .reload = true},
        {"Health", "TryTimeoutSec", CONFIG_SPAN, "2s", NULL, AT(policy.health_try_timeout_usec), MS,
         DAY, .reload = true},
        {"Health", "Path", CONFIG_STRING, "/health", NULL, AT(health_path), .reload = true},
        {"Liveness", "IntervalSec", CONFIG_SPAN, "5s", NULL, AT(policy.liveness_interval_usec), MS,
         DAY, .reload = true},
        {"Liveness", "Failures", CONFIG_NUMBER, "3", NULL, AT(policy.liveness_failures), 1, 1000,
         .reload = true},
        {"Engine", "StopGraceSec", CONFIG_SPAN, "5s", NULL, AT(policy.stop_grace_usec), 0, DAY,
         .reload = true},
        {"Backoff", "InitialSec", CONFIG_SPAN, "1s", NULL, SUPERVISION(backoff_initial_usec), MS,
         SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Backoff", "MaxSec", CONFIG_SPAN, "60s", NULL, SUPERVISION(backoff_max_usec), MS,
         SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Backoff", "MinSec", CONFIG_SPAN, "500ms", NULL, SUPERVISION(backoff_min_usec), 0,
         SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Backoff", "Factor", CONFIG_NUMBER, "2", NULL, SUPERVISION(backoff_factor), 1,
         SUPERVISION_FACTOR_MAX, .reload = true},
        {"Backoff", "JitterPercent", CONFIG_NUMBER, "10", NULL, SUPERVISION(backoff_jitter_percent),
         0, 100, .reload = true},
        {"Backoff", "CudaMultiplier", CONFIG_NUMBER, "2", NULL,
         SUPERVISION(backoff_cuda_multiplier), 1, SUPERVISION_FACTOR_MAX, .reload = true},
        {"Backoff", "ResetSec", CONFIG_SPAN, "300s", NULL, SUPERVISION(backoff_reset_usec), MS,
         SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Backoff", "RetryNoFit", CONFIG_BOOL, "no", NULL, AT(policy.retry_no_fit), .reload = true},
        {"Restart", "CounterResetSec", CONFIG_SPAN, "600s", NULL, SUPERVISION(counter_reset_usec),
         MS, SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Restart", "Limit", CONFIG_NUMBER, "10", NULL, SUPERVISION(restart_limit), 1,
         SUPERVISION_COUNT_MAX, .reload = true},
        {"Restart", "WindowSec", CONFIG_SPAN, "60s", NULL, SUPERVISION(restart_window_usec), MS,
         SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Breaker", "Failures", CONFIG_NUMBER, "5", NULL, SUPERVISION(breaker_threshold), 1,
         SUPERVISION_FAILURES_MAX, .reload = true},
        {"Breaker", "OpenSec", CONFIG_SPAN, "300s", NULL, SUPERVISION(breaker_open_usec), MS,
         SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Breaker", "StableSec", CONFIG_SPAN, "60s", NULL, SUPERVISION(breaker_stable_usec), MS,
         SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Breaker", "Factor", CONFIG_NUMBER, "2", NULL, SUPERVISION(breaker_factor), 1,
         SUPERVISION_FACTOR_MAX, .reload = true},
        {"Breaker", "MaxOpenSec", CONFIG_SPAN, "1h", NULL, SUPERVISION(breaker_open_max_usec), MS,
         SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Storm", "WarnRestarts", CONFIG_NUMBER, "5", NULL, SUPERVISION(storm_warning_count), 1,
         SUPERVISION_COUNT_MAX, .reload = true},
        {"Storm", "WarnWindowSec", CONFIG_SPAN, "60s", NULL, SUPERVISION(storm_warning_window_usec),
         MS, SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Storm", "BreakerRestarts", CONFIG_NUMBER, "10", NULL, SUPERVISION(storm_breaker_count), 1,
         SUPERVISION_COUNT_MAX, .reload = true},
        {"Storm", "BreakerWindowSec", CONFIG_SPAN, "30s", NULL,
         SUPERVISION(storm_breaker_window_usec), MS, SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Storm", "OomCount", CONFIG_NUMBER, "5", NULL, SUPERVISION(oom_storm_count), 1,
         SUPERVISION_COUNT_MAX, .reload = true},
        {"Storm", "OomWindowSec", CONFIG_SPAN, "60s", NULL, SUPERVISION(oom_storm_window_usec), MS,
         SUPERVISION_SPAN_MAX_USEC, .reload = true},
        {"Drain", "DeadlineSec", CONFIG_SPAN, "30s", NULL, AT(drain_deadline_usec), 0, DAY,
         .reload = true},
        {"Drain", "InhibitShutdown", CONFIG_BOOL, "on", NULL, AT(inhibit_shutdown), .reload = true},
        {"Reload", "ModelProvisioner", CONFIG_STRING, PM_PROVISION_PROGRAM, NULL,
         AT(model_provisioner), .reload = true},
        {"GPU", "Policy", CONFIG_CHOICE, "required", "POOL_MANAGERD_GPU_POLICY", AT(gpu_policy),
         .choices = "required|optional", .reload = true},
        {"GPU", "KernelLog", CONFIG_STRING, "/dev/kmsg", NULL, AT(kernel_log)},
        {"GPU", "NvmlLibrary", CONFIG_STRING, "libnvidia-ml.so.1", NULL, AT(nvml_library)},
        {"GPU", "RefreshSec", CONFIG_SPAN, "30s", NULL, AT(gpu_refresh_usec), USEC_PER_SEC, DAY,
         .reload = true},
        {"GPU", "AnswerSec", CONFIG_SPAN, "5s", NULL, AT(gpu_answer_usec), 100 * MS, DAY,
         .reload = true},
        {"GPU", "ReleaseSec", CONFIG_SPAN, "10s", NULL, AT(policy.gpu_release_usec), 0, DAY,
         .reload = true},
        {"Placement", "HeadroomMiB", CONFIG_NUMBER, "512", NULL, AT(headroom_mib), 0, 1024 * 1024,
         .reload = true},
        {"Placement", "HeadroomPercent", CONFIG_NUMBER, "5", NULL, AT(headroom_percent), 0, 99,
         .reload = true},
        {"Container", "Podman", CONFIG_STRING, "/usr/bin/podman", NULL, AT(container_podman),
         .reload = true},
        {"Container", "SeccompProfile", CONFIG_STRING, "/usr/share/containers/seccomp.json", NULL,
         AT(container_seccomp), .reload = true},
        {"Sandbox", "AllowRelax", CONFIG_CHOICE, "unprivileged", NULL, AT(allow_relax),
         .choices = "no|unprivileged|all", .reload = true},
        {"Sandbox", "IPAddressAllow", CONFIG_STRING, "", NULL, AT(ip_address_allow),
         .reload = true},
        {"Engine", "EngineLog", CONFIG_CHOICE, "journal", NULL, AT(engine_log),
         .choices = "journal|file", .reload = true},
        {"Engine", "LogRateLimitIntervalSec", CONFIG_SPAN, "30s", NULL,
         AT(policy.engine_log_interval_usec), MS, DAY, .reload = true},
        {"Engine", "LogRateLimitBurst", CONFIG_NUMBER, "10000", NULL, AT(policy.engine_log_burst),
         1, INT32_MAX, .reload = true},
};

const size_t config_keys_count = ELEMENTSOF(config_keys);

static void *member(const ConfigKey *key, const Settings *s)
{
    void *p;
    const char *at = (const char *)s + key->offset;

    /* Settings are written through their table only; the caller knows whether they may be. */
    memcpy(&p, &at, sizeof(p));
    return p;
}

static int set_string(const ConfigKey *key, Settings *s, const char *value)
{
    char **p = member(key, s), *copy = strdup(value);

    if (!copy)
        return -ENOMEM;
    free(*p);
    *p = copy;
    return 0;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t n = strlen(value);

    for (const char *c = choices; c; c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
        if (n > 0 && strncmp(c, value, n) == 0 && (c[n] == '|' || c[n] == '\0'))
            return true;
    return false;
}

static int set_span(const ConfigKey *key, Settings *s, const char *value, char expected[static 128])
{
    usec_t *p = member(key, s), span;

    if (parse_span(value, &span) == 0 && span >= key->min && span <= key->max) {
        *p = span;
        return 0;
    }
    (void)snprintf(expected, 128, "a time span from %" PRIu64 " ms to 1 d, such as 500ms or 2min",
                   usec_to_ms(key->min));
    return -EINVAL;
}

static int set_number(const ConfigKey *key, Settings *s, const char *value,
                      char expected[static 128])
{
    uint64_t *p = member(key, s);

    if (parse_u64(value, key->min, key->max, p) == 0)
        return 0;
    (void)snprintf(expected, 128, "a number from %" PRIu64 " to %" PRIu64, key->min, key->max);
    return -EINVAL;
}

int config_key_set(const ConfigKey *key, Settings *s, const char *value, char expected[static 128])
{
    switch (key->type) {
    case CONFIG_SPAN:
        return set_span(key, s, value, expected);
    case CONFIG_NUMBER:
        return set_number(key, s, value, expected);
    case CONFIG_BOOL:
        if (parse_bool(value, member(key, s)) == 0)
            return 0;
        (void)snprintf(expected, 128, "on or off");
        return -EINVAL;
    case CONFIG_CHOICE:
        if (is_choice(key->choices, value))
            return set_string(key, s, value);
        (void)snprintf(expected, 128, "one of %s", key->choices);
        return -EINVAL;
    case CONFIG_STRING:
        return set_string(key, s, value);
    }
    return -EINVAL;
}

bool config_key_equal(const ConfigKey *key, const Settings *a, const Settings *b)
{
    const void *x = member(key, a), *y = member(key, b);

    switch (key->type) {
    case CONFIG_SPAN:
    case CONFIG_NUMBER:
        return memcmp(x, y, sizeof(uint64_t)) == 0;
    case CONFIG_BOOL:
        return memcmp(x, y, sizeof(bool)) == 0;
    case CONFIG_STRING:
    case CONFIG_CHOICE:
        return streq_ptr(*(char *const *)x, *(char *const *)y);
    }
    return false;
}

int config_key_copy(const ConfigKey *key, Settings *s, const Settings *from)
{
    const char *string = config_key_string(key, from);

    switch (key->type) {
    case CONFIG_SPAN:
    case CONFIG_NUMBER:
        memcpy(member(key, s), member(key, from), sizeof(uint64_t));
        return 0;
    case CONFIG_BOOL:
        memcpy(member(key, s), member(key, from), sizeof(bool));
        return 0;
    case CONFIG_STRING:
    case CONFIG_CHOICE:
        return set_string(key, s, string ? string : "");
    }
    return 0;
}

const char *config_key_string(const ConfigKey *key, const Settings *s)
{
    bool is_string = key->type == CONFIG_STRING || key->type == CONFIG_CHOICE;

    return is_string ? *(char *const *)member(key, s) : NULL;
}

const ConfigKey *config_key_find(const char *section, const char *key)
{
    for (size_t i = 0; i < config_keys_count; i++)
        if (streq(config_keys[i].section, section) && streq(config_keys[i].key, key))
            return &config_keys[i];
    return NULL;
}
