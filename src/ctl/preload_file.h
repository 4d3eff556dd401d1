/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"

/*
 * Reads the text of a preload from a file, or from standard input when `path` is "-": JSON of at
 * most PM_BODY_MAX bytes. What it must say the daemon checks. *ret_pool_id is the id in it, NULL
 * when it has none. Returns 0, or negative with `error` set.
 */
int preload_file_read(const char *path, char **ret_text, char **ret_pool_id, Error *error);
