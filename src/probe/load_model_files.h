/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* What model_size_start() does, here and now: it may hang. Returns 0 with *ret_bytes at least 1, or
 * negative errno as there. */
int model_files_sum(const char *path, uint64_t *ret_bytes);
