/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#define MEMINFO "/proc/meminfo"

/* What the host can give to a new process without swapping, by its own estimate (MemAvailable of
 * proc_meminfo(5)). Returns 0; -ENODATA when the file does not say; or negative errno. */
int host_memory_available(const char *meminfo, uint64_t *ret_bytes);
