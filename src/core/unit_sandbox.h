/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/settings.h"
#include "core/unit_plan_builder.h"

enum {
    UNIT_USER_NAME_MAX = 31, /* what all of useradd(8) and systemd take */
};

/* What keeps an engine apart from the rest of the host (contract: devices and isolation). */
void plan_add_sandbox(PlanBuilder *b, const EngineSpec *spec, const PolicySettings *settings);

/* The user of the pool's engines, when the spec names none: one that both engines of a reload
 * have, and no other pool's. */
void unit_user_name(const EngineSpec *spec, char buffer[static UNIT_USER_NAME_MAX + 1]);

/* Their folder, in which they are started: absolute, and theirs alone. */
void unit_work_directory(const EngineSpec *spec, char *buffer, size_t size);

/* What a model at `path` consists of, as far as its name tells; what "-" stands before may be
 * missing. NULL for a name that is no path. Returns 0 or -ENOMEM. */
int unit_model_paths(const char *path, char ***ret);

/* Whether the engine does not see what is there on the host: a home folder, or /tmp. */
bool unit_sandbox_hides(const EngineSpec *spec, const char *path);
