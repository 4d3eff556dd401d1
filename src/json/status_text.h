/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/text.h"
#include "core/status.h"

/* Appends the JSON text that json_status() would have in one line, without making an object of it:
 * a status is what is asked for most, and a list has thousands. */
void json_write_status(Text *t, const PoolStatus *status);
