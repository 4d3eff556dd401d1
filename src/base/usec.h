/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Times and time spans in microseconds, with "never" as the largest value. */

typedef uint64_t usec_t;

#define USEC_INFINITY   UINT64_MAX
#define USEC_PER_MSEC   ((usec_t)1000)
#define USEC_PER_SEC    ((usec_t)1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)

/* One moment on both clocks: `mono` for deadlines, `real` (Unix time) for what people read. */
typedef struct Instant {
    usec_t mono;
    usec_t real;
} Instant;

/* a + b; "never" when it would not fit. */
static inline usec_t usec_add(usec_t a, usec_t b)
{
    return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}

/* a - b, not below 0; "never" stays "never". */
static inline usec_t usec_sub(usec_t a, usec_t b)
{
    if (a == USEC_INFINITY)
        return a;
    return a > b ? a - b : 0;
}

static inline usec_t usec_min(usec_t a, usec_t b)
{
    return a < b ? a : b;
}

static inline usec_t usec_max(usec_t a, usec_t b)
{
    return a > b ? a : b;
}

/* "never" when it would not fit. */
static inline usec_t usec_from_ms(uint64_t ms)
{
    return ms > USEC_INFINITY / USEC_PER_MSEC ? USEC_INFINITY : ms * USEC_PER_MSEC;
}

static inline uint64_t usec_to_ms(usec_t t)
{
    return t / USEC_PER_MSEC;
}
