/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/pool.h"
#include "core/settings.h"

/* The settings of one pool: the daemon's, with the overrides of its spec (NULL: none). */
typedef struct ProbeSettings {
    const char *path;
    usec_t interval_usec;
    usec_t timeout_usec;
    usec_t try_timeout_usec;
    bool ramp;
    usec_t liveness_interval_usec;
    uint64_t liveness_failures;
} ProbeSettings;

void probe_settings(const EngineSpec *spec, const PolicySettings *settings, ProbeSettings *ret);

/*
 * The pause before the next try of an engine that has been awaited for `waited_usec`: with the ramp
 * 2 % of that, at least 2 ms, at most the interval; without it always the interval (contract:
 * preload health ramp).
 */
usec_t probe_pause(const ProbeSettings *s, usec_t waited_usec);

/*
 * The pause before the next check of a ready engine: up to an eighth shorter than the interval, by
 * `random`, so that the checks of many pools which began together do not stay together.
 */
usec_t probe_liveness_pause(const ProbeSettings *s, uint64_t random);

/* The same for one that was adopted, with all others of the host at one moment: anywhere within
 * the interval. */
usec_t probe_adopted_pause(const ProbeSettings *s, uint64_t random);

/* By how much the check after such a pause may be late: those of many pools cost less together than
 * one by one. */
usec_t probe_liveness_slack(const ProbeSettings *s);

usec_t spec_stop_grace(const EngineSpec *spec, const PolicySettings *settings);
