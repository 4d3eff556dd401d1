/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/times.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/macros.h"

void span_format(uint64_t ms, char buffer[static SPAN_TEXT_MAX])
{
    static const struct {
        uint64_t ms;
        const char *name;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    size_t i = 0;
    uint64_t rest;

    while (i + 1 < ELEMENTSOF(units) && ms < units[i].ms)
        i++;
    rest = ms % units[i].ms;
    /* Seconds with milliseconds are more than anybody wants to know. */
    if (i + 2 < ELEMENTSOF(units) && rest >= units[i + 1].ms)
        snprintf(buffer, SPAN_TEXT_MAX, "%" PRIu64 "%s %" PRIu64 "%s", ms / units[i].ms,
                 units[i].name, rest / units[i + 1].ms, units[i + 1].name);
    else
        snprintf(buffer, SPAN_TEXT_MAX, "%" PRIu64 "%s", ms / units[i].ms, units[i].name);
}

void timestamp_format(uint64_t ms, char buffer[static TIMESTAMP_TEXT_MAX])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    if (!localtime_r(&seconds, &tm) ||
        strftime(buffer, TIMESTAMP_TEXT_MAX, "%a %Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        snprintf(buffer, TIMESTAMP_TEXT_MAX, "%" PRIu64 " ms", ms);
}

uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
