/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>

#include "base/macros.h"
#include "probe/answer.h"
#include "probe/probe.h"

/* libcurl's handles for health checks. */

/* A handle with all that every try has in common. Returns 0, or negative errno. */
int request_defaults_new(CURL **ret);

/* What a request finds out on its way. Starts zeroed. */
typedef struct Progress {
    Answer answer;
    int socket_errno; /* why a socket could not be had, or 0 */
} Progress;

/*
 * A copy of `defaults` that asks `target`, fills `progress` and ends once its answer wants no more.
 * `private` comes back from CURLINFO_PRIVATE. `progress` must live as long as the handle. Returns
 * 0, -EINVAL as probe_start() or -ENOMEM.
 */
int probe_request_new(CURL *defaults, const ProbeTarget *target, Progress *progress, void *private,
                      CURL **ret);

CURL *probe_request_free(CURL *easy);

DEFINE_CLEANUP(CURL *, probe_request_free)
