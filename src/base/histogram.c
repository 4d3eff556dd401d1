/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/histogram.h"

static const uint64_t bounds_ms[HISTOGRAM_BUCKETS] = {
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000, 120000, 300000,
};

uint64_t histogram_bound_ms(size_t bucket)
{
    return bounds_ms[bucket];
}

void histogram_add(Histogram *h, usec_t span)
{
    size_t i = 0;

    while (i < HISTOGRAM_BUCKETS && span > usec_from_ms(bounds_ms[i]))
        i++;
    h->buckets[i]++;
    h->sum_usec = usec_add(h->sum_usec, span);
}

uint64_t histogram_count(const Histogram *h)
{
    uint64_t count = 0;

    for (size_t i = 0; i <= HISTOGRAM_BUCKETS; i++)
        count += h->buckets[i];
    return count;
}
