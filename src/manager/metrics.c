/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/exposition.h"
#include "manager/manager_internal.h"

/*
 * What is asked for by those who watch the daemon (contract: metrics). Everything is known already,
 * or the kernel knows it of this process: nothing is waited for.
 */

enum {
    USEC_DIGITS = 6, /* microseconds are so many decimal places of seconds */
};

static const MetricLabels no_labels = {NULL, 0};

static void write_build(const Manager *m, Text *t)
{
    static const MetricLabel version = {"version", PM_VERSION};

    metric_describe(t, "pool_managerd_build_info", METRIC_GAUGE,
                    "1, with the version of the daemon as a label.");
    metric_number(t, "pool_managerd_build_info", (MetricLabels){&version, 1}, 1);
}

/* 0: it cannot be found out. */
static uint64_t resident_bytes(void)
{
    char line[128];
    char *rest = line;
    uint64_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (!file)
        return 0;
    if (fgets(line, sizeof(line), file)) {
        (void)strtoull(rest, &rest, 10); /* the size of the address space */
        pages = strtoull(rest, NULL, 10);
    }
    (void)fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* 0: it cannot be found out. */
static uint64_t open_fds(void)
{
    uint64_t count = 0;
    struct stat st;
    DIR *folder;

    /* Linux 6.2 and later say it at once. */
    if (stat("/proc/self/fd", &st) >= 0 && st.st_size > 0)
        return (uint64_t)st.st_size;
    folder = opendir("/proc/self/fd");

    if (!folder)
        return 0;
    for (const struct dirent *each; (each = readdir(folder));)
        count += each->d_name[0] != '.';
    (void)closedir(folder);
    return count - 1; /* without the one of this folder */
}

static uint64_t max_fds(void)
{
    struct rlimit limit = {0};

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

static usec_t cpu_usec(void)
{
    struct timespec used = {0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (usec_t)used.tv_sec * USEC_PER_SEC + (usec_t)used.tv_nsec / 1000;
}

/* The names that every exporter of Prometheus uses for its own process. */
static void write_process(const Manager *m, Text *t)
{
    const struct {
        const char *name;
        MetricType type;
        const char *help;
        uint64_t value;
        unsigned digits;
    } all[] = {
            {"process_cpu_seconds_total", METRIC_COUNTER, "CPU time that the daemon has used.",
             cpu_usec(), USEC_DIGITS},
            {"process_start_time_seconds", METRIC_GAUGE, "When the daemon was started, Unix time.",
             m->started_real, USEC_DIGITS},
            {"process_resident_memory_bytes", METRIC_GAUGE, "Memory of the daemon itself.",
             resident_bytes(), 0},
            {"process_open_fds", METRIC_GAUGE, "Files that the daemon has open.", open_fds(), 0},
            {"process_max_fds", METRIC_GAUGE, "Files that the daemon may have open.", max_fds(), 0},
    };

    for (size_t i = 0; i < ELEMENTSOF(all); i++) {
        metric_describe(t, all[i].name, all[i].type, all[i].help);
        metric_decimal(t, all[i].name, no_labels, all[i].value, all[i].digits);
    }
}

/* What stands before the samples of pools, and behind them. Who counts something else adds a
 * function here. */
typedef void (*WriteFunc)(const Manager *m, Text *t);
static const WriteFunc before[] = {write_build, write_process};
static const WriteFunc after[] = {devices_write_metrics, driver_fault_write_metrics};

static void write_each(const Manager *m, Text *t, const WriteFunc *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        parts[i](m, t);
}

/* The samples of the cursor's name, from its pool on. Returns whether that were all. */
static bool write_name(const Manager *m, MetricsCursor *cursor, size_t size, Text *t)
{
    Instant now = manager_now(m);
    size_t i = 0;

    if (cursor->pool_id[0])
        i = registry_after(&m->registry, cursor->pool_id);
    else
        pool_metrics_describe(t, cursor->name);
    for (; i < m->registry.count; i++) {
        const Pool *pool = m->registry.pools[i];

        pool_metrics_write(t, cursor->name, pool, &pool_shell(pool)->metrics, &m->policy, now);
        if (t->length < size)
            continue;
        memcpy(cursor->pool_id, pool->id, sizeof(cursor->pool_id));
        return false;
    }
    cursor->pool_id[0] = '\0';
    return true;
}

bool manager_write_metrics(const Manager *m, MetricsCursor *cursor, size_t size, Text *text)
{
    if (!cursor->begun)
        write_each(m, text, before, ELEMENTSOF(before));
    cursor->begun = true;
    for (; cursor->name < pool_metrics_names() && !text->failed; cursor->name++)
        if (text->length >= size || !write_name(m, cursor, size, text))
            return false;
    write_each(m, text, after, ELEMENTSOF(after));
    return true;
}
