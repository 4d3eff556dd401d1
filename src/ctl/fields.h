/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <stdint.h>

#include "base/macros.h"

/* A member of a status or an answer: its text, "" when it is null or not there; its number,
 * UINT64_MAX when it is; its truth; the object or the array in it, NULL when it is none. */
const char *status_string(json_object *status, const char *name);
uint64_t status_number(json_object *status, const char *name);
bool status_flag(json_object *status, const char *name);
json_object *status_object(json_object *status, const char *name);
json_object *status_array(json_object *status, const char *name);
