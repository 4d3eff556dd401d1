/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/manager_internal.h"

/* Whether the configuration lets `spec` relax what it relaxes. Returns 0, or -EINVAL with `error`
 * PM_ERROR_FORBIDDEN. */
int sandbox_check_allowed(const Manager *m, const EngineSpec *spec, Error *error);

/* Adds to `warnings` what the requester may not expect. Returns 0 or -ENOMEM. */
int sandbox_warn(const Manager *m, const EngineSpec *spec, char ***warnings);

/* One line in the log where the engine that is about to be started is not kept apart as others. */
void sandbox_log(const Pool *pool);
