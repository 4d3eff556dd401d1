/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
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
    DIR *folder = opendir("/proc/self/fd");

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

static void write_pools(const Manager *m, Text *t)
{
    Instant now = manager_now(m);

    for (size_t name = 0; name < pool_metrics_names(); name++) {
        pool_metrics_describe(t, name);
        for (size_t i = 0; i < m->registry.count; i++) {
            const Pool *pool = m->registry.pools[i];

            pool_metrics_write(t, name, pool, &pool_shell(pool)->metrics, &m->policy, now);
        }
    }
}

void manager_write_metrics(const Manager *m, Text *text)
{
    /* Who counts something else adds a function here. */
    static void (*const parts[])(const Manager *m, Text *t) = {
            write_build,
            write_process,
            write_pools,
            devices_write_metrics,
            driver_fault_write_metrics,
    };

    for (size_t i = 0; i < ELEMENTSOF(parts); i++)
        parts[i](m, text);
}
