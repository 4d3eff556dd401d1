/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/*
 * Preloaded, it lets the wall clock of the process be off by as many seconds as stand in the file
 * SHIFT_CLOCK_FILE, which the test changes while the process runs. The monotonic clock is not
 * touched. What waits for a time of the wall clock in the kernel is not either.
 */

static const _Atomic int64_t *shift;

__attribute__((constructor)) static void open_shift(void)
{
    const char *path = getenv("SHIFT_CLOCK_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *shared;

    if (fd < 0)
        return;
    shared = mmap(NULL, sizeof(*shift), PROT_READ, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (shared != MAP_FAILED)
        shift = shared;
}

static int64_t seconds(void)
{
    return shift ? atomic_load(shift) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    static int (*next)(clockid_t, struct timespec *);
    int r;

    if (!next)
        next = (int (*)(clockid_t, struct timespec *))(uintptr_t)dlsym(RTLD_NEXT, "clock_gettime");
    r = next(clock, ts);
    if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        ts->tv_sec += seconds();
    return r;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;

    if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
        return -1;
    *tv = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec ts = {0};

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    if (ret)
        *ret = ts.tv_sec;
    return ts.tv_sec;
}
