/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "gpu/nvml_abi.h"

/*
 * Loads `library` and looks its functions up. Returns 0 and a handle for dlclose(3), or -ENOENT
 * with `why`, of that size, filled.
 */
int nvml_library_open(const char *library, NvmlFunctions *ret, void **ret_handle, char *why,
                      size_t size);
