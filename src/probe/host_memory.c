/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/host_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { LINE_BYTES = 256 };

int host_memory_available(const char *meminfo, uint64_t *ret_bytes)
{
    FILE *f = fopen(meminfo, "re");
    char line[LINE_BYTES];
    int r = -ENODATA;
    uint64_t kib;

    if (!f)
        return -errno;
    while (r < 0 && fgets(line, sizeof(line), f))
        if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1 && kib <= UINT64_MAX / 1024)
            r = 0;
    (void)fclose(f);
    if (r >= 0)
        *ret_bytes = kib * 1024;
    return r;
}
