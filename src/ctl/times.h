/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Times as people read them. */

enum {
    SPAN_TEXT_MAX = 32,
    TIMESTAMP_TEXT_MAX = 64,
};

/* The two largest units: "2d 3h", "3min 2s", "850ms". */
void span_format(uint64_t ms, char buffer[static SPAN_TEXT_MAX]);

/* Unix milliseconds as "Fri 2025-11-21 12:52:03 UTC", in the local time zone. */
void timestamp_format(uint64_t ms, char buffer[static TIMESTAMP_TEXT_MAX]);

/* The clock on the wall in Unix milliseconds. */
uint64_t now_ms(void);
