/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json/fields.h"

/* Tables that requests and runtime files share. */

/* The members of a PoolMeta (contract: PATCH). */
extern const FieldTable meta_table;

/* Reads a handoff (contract: Handoff) without its ids' defaults and its url, see handoff_read(). */
struct Handoff;

/* The object of a handoff. `prefix`, `warnings` and what is returned: as in fields_read(). */
int handoff_read(json_object *object, const char *prefix, struct Handoff **ret, Warnings *warnings,
                 Error *error);

/* The object that handoff_read() makes an equal handoff of. NULL when out of memory. */
json_object *handoff_write(const struct Handoff *handoff);

/* A negative slots_free counts as 0 (B-REG-064). */
void clamp_slots_free(json_object *object);
