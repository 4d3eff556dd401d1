/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "core/spec.h"
#include "json/fields.h"

/* The members of `sandbox` in PreparedEngine. Their offsets are those in an EngineSpec. */
extern const FieldTable sandbox_table;

/*
 * What holds between them, with a sentence in `warnings` for each piece that they relax and for
 * what the engine will not find where its flags say. `prefix` comes before the names of the spec's
 * fields. Returns 0; -EINVAL with `error` naming the field; -ENOMEM with `error` set.
 */
int sandbox_check(const EngineSpec *spec, const char *prefix, Warnings *warnings, Error *error);
