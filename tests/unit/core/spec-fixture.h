/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../base/cmocka-all.h"

#include "core/pool.h"

/* A copy of `s`. The caller frees it. */
char *text(const char *s);
SpecSplit split_of(const uint64_t *ratios, size_t count);

/* A spec of that pool with what is required: replica r0, /bin/engine on 127.0.0.1:8080. */
EngineSpec *spec_minimal(const char *pool_id);

/* One with every member set. */
EngineSpec *spec_full(const char *pool_id);

/* A pool at generation 7 that owns `spec`, as a preload of it leaves it. */
Pool *pool_with(EngineSpec *spec);

/* A handoff of pool p, replica r0, of which nothing else is known. */
Handoff *handoff_at(const char *url);

/* A loaded and active unit with this main process. */
UnitObservation unit_running(pid_t pid);
