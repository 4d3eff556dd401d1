/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

enum {
    LOAD_PROCESSES_MAX = 64, /* of one engine; those beyond are not looked at */
};

/*
 * How far an engine is with reading its model, as the kernel sees it: the bytes that `main_pid` and
 * the other processes of its cgroup have read, or have mapped and touched, of files so far. Compare
 * with the size of the model (load_model_size.h). An estimate: it may fall (pages are taken back,
 * buffers are freed), so keep the largest value seen; and it may exceed the size (a file that two
 * processes map, or that is read twice, counts twice), so cap it there.
 *
 * Of each process counts the largest of
 *  - resident pages of mapped files, tmpfs included, or what it read from disks: less the program
 *    itself, so that an engine without a model is at 0 (for llama-server that is 24 MiB);
 *  - what it got through read(), beyond 4 MiB. The kernel shows this, and the reads from disks,
 *    only to the same user and to CAP_SYS_PTRACE; to others, its heap beyond 32 MiB stands in for
 *    it, as what is read is kept there (llama-server without mmap).
 * So for models of less than some 100 MiB it says too little, never that they are there too early.
 * The sum of that; or what the cgroup read from disks, when that is more and the io controller is
 * on for it.
 *
 * Reads small files of /proc and /sys/fs/cgroup, three for each process and two more: does not
 * block, about 100 µs for an engine with one process. Returns 0, -ESRCH (no such process), or
 * another negative errno.
 */
int load_read_bytes(pid_t main_pid, uint64_t *ret_bytes);
