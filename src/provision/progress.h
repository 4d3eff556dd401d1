/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macros.h"
#include "base/usec.h"

/* How far the work is, as lines of JSON for whoever runs this program. */
typedef struct Progress {
    bool enabled;
    usec_t next_usec; /* no line before this moment of the monotonic clock */
} Progress;

#define PROGRESS_TOTAL_UNKNOWN UINT64_MAX

/*
 * Writes {"phase":…,"percent":…,"bytes":…,"total":…} to standard error when progress is enabled and
 * the last line is at least half a second ago. `phase` is "wait" (another process fetches the same
 * file), "download", "digest" or "retry". Without a total, percent and total are null.
 */
void progress_report(Progress *p, const char *phase, uint64_t bytes, uint64_t total);
