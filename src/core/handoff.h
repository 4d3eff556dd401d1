/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "core/spec.h"

/*
 * An engine that somebody else started, as its handoff describes it (contract: Handoff). Strings
 * are NULL when unset, but url, host, pool_id and replica_id never are.
 */
typedef struct Handoff {
    char *pool_id;
    char *replica_id;
    char *url; /* as it was given */
    char *host;
    uint16_t port;
    char *engine;
    char *engine_version;
    char *device_mask;
    char *model_path;
    char *model_id;
    uint64_t slots_total; /* SPEC_UNSET: not given */
    uint64_t slots_free;
    bool managed; /* its provisioning mode says that a pool-managerd runs it */
} Handoff;

/* Returns 0 and a handoff with everything unset, or -ENOMEM. */
int handoff_new(Handoff **ret);

Handoff *handoff_free(Handoff *handoff);

/*
 * Sets url, host and port from "http://host[:port][/path]"; an IPv6 host stands in brackets.
 * Returns 0; -EINVAL with *ret_expected saying what was expected, as the rest of a sentence; or
 * -ENOMEM.
 */
int handoff_set_url(Handoff *handoff, const char *url, const char **ret_expected);

DEFINE_CLEANUP(Handoff *, handoff_free)
