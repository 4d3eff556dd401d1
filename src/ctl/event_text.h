/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/text.h"

/*
 * What an event says, for people, in one line: "state warming -> ready, pid 123". `before` is the
 * pool's status before (NULL: unknown), `data` what the event carries. Empty when nothing has
 * changed that is worth a line.
 */
void event_text(const char *type, json_object *before, json_object *data, Text *text);
