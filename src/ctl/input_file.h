/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>

#include "base/error.h"

/*
 * Reads JSON of at most PM_BODY_MAX bytes from a file, or from standard input when `path` is "-".
 * *ret_text is it as it stands there, *ret_object what it says (NULL for null); what it must say
 * the daemon checks. Returns 0, or negative with `error` set.
 */
int input_file_read(const char *path, char **ret_text, json_object **ret_object, Error *error);
