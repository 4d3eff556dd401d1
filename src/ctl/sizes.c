/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/sizes.h"

#include <inttypes.h>
#include <stdio.h>

void size_format(uint64_t bytes, char buffer[static SIZE_TEXT_MAX])
{
    const uint64_t mib = 1024 * 1024, gib = 1024 * mib;

    if (bytes == UINT64_MAX)
        (void)snprintf(buffer, SIZE_TEXT_MAX, "?");
    else if (bytes >= gib)
        (void)snprintf(buffer, SIZE_TEXT_MAX, "%.1f GiB", (double)bytes / (double)gib);
    else
        (void)snprintf(buffer, SIZE_TEXT_MAX, "%" PRIu64 " MiB", bytes / mib);
}
