/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "provision/clock.h"

#define INTERVAL_USEC (USEC_PER_SEC / 2)

void progress_report(Progress *p, const char *phase, uint64_t bytes, uint64_t total)
{
    char line[160];
    usec_t now;
    int n;

    if (!p->enabled)
        return;
    now = clock_mono_usec();
    if (now < p->next_usec)
        return;
    p->next_usec = usec_add(now, INTERVAL_USEC);

    if (total == PROGRESS_TOTAL_UNKNOWN)
        n = snprintf(line, sizeof(line),
                     "{\"phase\":\"%s\",\"percent\":null,\"bytes\":%" PRIu64 ",\"total\":null}\n",
                     phase, bytes);
    else
        n = snprintf(line, sizeof(line),
                     "{\"phase\":\"%s\",\"percent\":%d,\"bytes\":%" PRIu64 ",\"total\":%" PRIu64
                     "}\n",
                     phase, total > 0 ? (int)(100.0 * (double)bytes / (double)total) : 100, bytes,
                     total);
    /* In one piece, so that lines of others do not come between. Nobody has to listen. */
    if (n > 0 && (size_t)n < sizeof(line))
        (void)!write(STDERR_FILENO, line, (size_t)n);
}
