/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

enum {
    LOAD_PROCESSES_MAX = 64, /* of one engine; those beyond are not looked at */
};

/*
 * How far an engine is with reading its model, as the kernel sees it: the bytes that `main_pid` and
 * the other processes of its cgroup have read, or have mapped and touched, of files so far. Their
 * own program code is left out. Compare with the size of the model (load_model_size.h); for the
 * caller: keep the largest value seen (mapped pages can be taken back), and cap it at that size (a
 * file that several processes map, or one that is read twice, counts more than once).
 *
 * Of each process the largest counts of what it got through read(), from disks, and resident pages
 * of mapped files; the first two only where the kernel lets us see them (same user, or
 * CAP_SYS_PTRACE). The sum of that, or what the cgroup read from disks when that is more and the io
 * controller is on.
 *
 * Reads a few small files of /proc and /sys/fs/cgroup, three for each process: does not block,
 * about 30 µs for an engine with one process. Returns 0, -ESRCH (no such process), or another
 * negative errno.
 */
int load_read_bytes(pid_t main_pid, uint64_t *ret_bytes);
