/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/load_sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/macros.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

enum {
    FILE_MAX = 16 * 1024, /* bytes that are read of one file of the kernel's */
    /* What an engine without a model has in its heap (llama-server 5 to 20 MiB, a small program in
     * Python 9 MiB), and of files that are not code: constants, locales, what it reads when it
     * starts (up to 2 MiB each). */
    OWN_HEAP_BYTES = 32 * 1024 * 1024,
    OWN_FILE_BYTES = 4 * 1024 * 1024,
};

static int read_text(const char *path, char buffer[static FILE_MAX])
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t n;

    if (fd < 0)
        return -errno;
    do {
        n = read(fd, buffer + length, FILE_MAX - 1 - length);
        if (n < 0)
            return -errno;
        length += (size_t)n;
    } while (n > 0);
    buffer[length] = '\0';
    return 0;
}

static int read_process_text(pid_t pid, const char *name, char buffer[static FILE_MAX])
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return read_text(path, buffer);
}

/* The number after the first `key`, white space skipped; 0 where there is none. */
static uint64_t number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t above(uint64_t a, uint64_t base)
{
    return a > base ? a - base : 0;
}

/* What a process has got of files. */
typedef struct Sample {
    uint64_t bytes;
    uint64_t program; /* how much of its program and libraries may be among what it mapped */
} Sample;

/*
 * The program is mapped from files and read from disks like a model is, and is left out of both:
 * its code, whose size the kernel tells, and a little for the rest. Who may not see what the
 * process reads sees it in the heap, which is where it goes.
 */
static int sample_process(pid_t pid, Sample *ret)
{
    char text[FILE_MAX];
    uint64_t program, mapped, heap, got;
    int r;

    r = read_process_text(pid, "status", text);
    if (r < 0)
        return r == -ENOENT ? -ESRCH : r;
    program = (number_after(text, "\nVmExe:") + number_after(text, "\nVmLib:")) * 1024 +
              OWN_FILE_BYTES;
    /* Files on a tmpfs are in the second one. */
    mapped = (number_after(text, "\nRssFile:") + number_after(text, "\nRssShmem:")) * 1024;
    heap = number_after(text, "\nRssAnon:") * 1024;
    if (read_process_text(pid, "io", text) >= 0) {
        mapped = max_u64(mapped, number_after(text, "\nread_bytes:"));
        got = above(number_after(text, "rchar:"), OWN_FILE_BYTES);
    } else {
        got = above(heap, OWN_HEAP_BYTES);
    }
    *ret = (Sample){.bytes = max_u64(got, above(mapped, program)), .program = program};
    return 0;
}

/* The folder of the process's cgroup, in the one hierarchy of cgroup v2. The root is no engine's.
 */
static int find_cgroup(pid_t pid, char path[static PATH_MAX])
{
    char text[FILE_MAX];
    const char *line;
    int r, length;

    r = read_process_text(pid, "cgroup", text);
    if (r < 0)
        return r;
    line = startswith(text, "0::/") ? text : strstr(text, "\n0::/");
    line = line ? strchr(line, '/') : NULL;
    if (!line || line[1] == '\n')
        return -ENOENT;
    length = snprintf(path, PATH_MAX, CGROUP_ROOT "%.*s", (int)strcspn(line, "\n"), line);
    return length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int read_cgroup_text(const char *folder, const char *name, char buffer[static FILE_MAX])
{
    char path[PATH_MAX + 32];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return read_text(path, buffer);
}

/* What the cgroup read from all disks together; 0 without the io controller. */
static uint64_t cgroup_disk_bytes(const char *folder)
{
    static const char key[] = " rbytes=";
    char text[FILE_MAX];
    uint64_t sum = 0;

    if (read_cgroup_text(folder, "io.stat", text) < 0)
        return 0;
    for (const char *at = text; (at = strstr(at, key)); at += strlen(key))
        sum += number_after(at, key);
    return sum;
}

/* Adds the processes of the cgroup, other than `main_pid`, to *sample. */
static void add_others(const char *folder, pid_t main_pid, Sample *sample)
{
    char text[FILE_MAX], *end = text;
    unsigned left = LOAD_PROCESSES_MAX - 1;

    if (read_cgroup_text(folder, "cgroup.procs", text) < 0)
        return;
    for (const char *at = text; left > 0; at = end) {
        long pid = strtol(at, &end, 10);
        Sample other;

        if (end == at)
            return;
        if (pid <= 0 || pid == main_pid)
            continue;
        left--;
        if (sample_process((pid_t)pid, &other) < 0)
            continue;
        sample->bytes += other.bytes;
        sample->program = max_u64(sample->program, other.program);
    }
}

int load_read_bytes(pid_t main_pid, uint64_t *ret_bytes)
{
    char folder[PATH_MAX];
    Sample sample;
    int r;

    if (main_pid <= 0)
        return -ESRCH;
    r = sample_process(main_pid, &sample);
    if (r < 0)
        return r;
    if (find_cgroup(main_pid, folder) >= 0) {
        add_others(folder, main_pid, &sample);
        sample.bytes = max_u64(sample.bytes, above(cgroup_disk_bytes(folder), sample.program));
    }
    *ret_bytes = sample.bytes;
    return 0;
}
