/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/probe_schedule.h"

enum {
    RAMP_DIVISOR = 50, /* 2 % */
    JITTER_DIVISOR = 8,
    SLACK_DIVISOR = 20,
};
static const usec_t SLACK_MAX_USEC = 250 * USEC_PER_MSEC;
static const usec_t RAMP_MIN_USEC = 2 * USEC_PER_MSEC;

static usec_t override_ms(uint64_t ms, usec_t setting)
{
    return ms == SPEC_UNSET ? setting : ms * USEC_PER_MSEC;
}

void probe_settings(const EngineSpec *spec, const PolicySettings *settings, ProbeSettings *ret)
{
    static const uint64_t unset = SPEC_UNSET;
    const char *path = spec ? spec->health.path : NULL;
    uint64_t failures = spec ? spec->health.failures : unset;

    *ret = (ProbeSettings){
            .path = path ? path : settings->health_path,
            .interval_usec = override_ms(spec ? spec->health.interval_ms : unset,
                                         settings->health_interval_usec),
            .timeout_usec = override_ms(spec ? spec->health.timeout_ms : unset,
                                        settings->health_timeout_usec),
            .try_timeout_usec = settings->health_try_timeout_usec,
            .ramp = settings->health_ramp,
            .liveness_interval_usec = settings->liveness_interval_usec,
            .liveness_failures = failures == unset ? settings->liveness_failures : failures,
    };
}

usec_t probe_pause(const ProbeSettings *s, usec_t waited_usec)
{
    if (!s->ramp)
        return s->interval_usec;
    return usec_min(usec_max(waited_usec / RAMP_DIVISOR, RAMP_MIN_USEC), s->interval_usec);
}

static usec_t shortened(usec_t interval, usec_t most, uint64_t random)
{
    return interval - random % (most + 1);
}

usec_t probe_liveness_pause(const ProbeSettings *s, uint64_t random)
{
    return shortened(s->liveness_interval_usec, s->liveness_interval_usec / JITTER_DIVISOR, random);
}

usec_t probe_adopted_pause(const ProbeSettings *s, uint64_t random)
{
    return shortened(s->liveness_interval_usec, s->liveness_interval_usec, random);
}

usec_t probe_liveness_slack(const ProbeSettings *s)
{
    return usec_min(s->liveness_interval_usec / SLACK_DIVISOR, SLACK_MAX_USEC);
}

usec_t spec_stop_grace(const EngineSpec *spec, const PolicySettings *settings)
{
    return override_ms(spec->stop_grace_ms, settings->stop_grace_usec);
}
