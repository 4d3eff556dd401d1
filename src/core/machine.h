/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/effect.h"
#include "core/event.h"
#include "core/pool.h"
#include "core/settings.h"

/*
 * The state machine: what happens to `pool` through `event` at the moment `now`. Changes the pool,
 * and appends to `effects` (empty at the call) what should be done outside. Pure: the same
 * arguments give the same outcome. An event of another generation changes nothing but is noted as
 * LOG_STALE_EVENT. `random` is any number, each as likely: for the jitter of delays.
 */
void pool_step(Pool *pool, Event *event, const PolicySettings *settings, Instant now,
               uint64_t random, Effects *effects);
