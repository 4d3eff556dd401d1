/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/host_memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"

enum { LINE_BYTES = 256 };

/* "MemAvailable:    7 kB\n" */
static int read_line(const char *line, uint64_t *ret_bytes)
{
    static const char name[] = "MemAvailable:";
    unsigned long long kib;
    char *end;

    if (!startswith(line, name))
        return -ENODATA;
    errno = 0;
    kib = strtoull(line + strlen(name), &end, 10);
    if (errno != 0 || !streq(end, " kB\n") || kib > UINT64_MAX / 1024)
        return -ENODATA;
    *ret_bytes = kib * 1024;
    return 0;
}

int host_memory_available(const char *meminfo, uint64_t *ret_bytes)
{
    FILE *f = fopen(meminfo, "re");
    char line[LINE_BYTES];
    int r = -ENODATA;

    if (!f)
        return -errno;
    while (r < 0 && fgets(line, sizeof(line), f))
        r = read_line(line, ret_bytes);
    (void)fclose(f);
    return r;
}
