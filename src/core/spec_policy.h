/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/settings.h"
#include "core/spec.h"

/* The settings with what the spec says otherwise (contract: PreparedEngine, policy). `spec` NULL:
 * the settings. */
SupervisionSettings spec_supervision(const EngineSpec *spec, const PolicySettings *settings);

/* Whether a start that somebody has asked for and that does not fit is tried again. */
bool spec_retries_no_fit(const EngineSpec *spec, const PolicySettings *settings);

/* Whether the supervision may start the engine again. `spec` NULL: yes. */
bool spec_allows_restart(const EngineSpec *spec);
