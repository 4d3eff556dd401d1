/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poolmgr/limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Whether a process is left in the cgroup of an engine unit, as the kernel says (cgroups(7),
 * cgroup.events). `root` is where the hierarchy is mounted, NULL: where this host has it; `unit` a
 * valid unit name. What cannot be read, because the cgroup is gone or there is no cgroup v2, is
 * empty. *ret_pid is one of those processes, 0 when none can be named.
 *
 * For what the service manager does not tell: that it has given up on a process which hangs in the
 * kernel, when the main process has ended.
 */
bool cgroup_is_populated(const char *root, const char *unit, bool user_mode, pid_t *ret_pid);

/*
 * The engine unit in whose cgroup the process is, as the kernel says (cgroups(7),
 * /proc/PID/cgroup); `proc` is that folder, NULL: the host's. False: it is in none, or is gone.
 */
bool cgroup_unit_of(const char *proc, uint64_t pid, char unit[static PM_UNIT_NAME_MAX + 1]);
