/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/usec.h"

enum {
    HISTOGRAM_BUCKETS = 17, /* with a bound; one more is for what is beyond them */
};

/* How long things took. A zeroed one is empty. */
typedef struct Histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS + 1]; /* each counts its own, not those below */
    usec_t sum_usec;
} Histogram;

/* The bound of a bucket, which belongs to it: 1 ms to 300000 ms (contract: metrics). */
uint64_t histogram_bound_ms(size_t bucket);

void histogram_add(Histogram *h, usec_t span);

/* How many spans were added. */
uint64_t histogram_count(const Histogram *h);
