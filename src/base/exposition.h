/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/histogram.h"
#include "base/text.h"

/* The text format of Prometheus, version 0.0.4: what is appended is a whole line, or several. */

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef enum MetricType {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    METRIC_TYPE_MAX,
} MetricType;

/* The value may be any text. */
typedef struct MetricLabel {
    const char *name;
    const char *value;
} MetricLabel;

/* Of a sample; {NULL, 0}: none. A histogram adds one of its own to its buckets. */
typedef struct MetricLabels {
    const MetricLabel *items;
    size_t count;
} MetricLabels;

/* The unit of the bounds and of the sum of a histogram. */
typedef enum MetricUnit {
    METRIC_MILLISECONDS,
    METRIC_SECONDS,
} MetricUnit;

/* What comes before the samples of a name, once. */
void metric_describe(Text *t, const char *name, MetricType type, const char *help);

void metric_number(Text *t, const char *name, MetricLabels labels, uint64_t value);

/* value / 10^digits, at most 19 digits, all of them exact. */
void metric_decimal(Text *t, const char *name, MetricLabels labels, uint64_t value,
                    unsigned digits);

/* The buckets, which count those below here, the sum and the count. */
void metric_histogram(Text *t, const char *name, MetricLabels labels, const Histogram *h,
                      MetricUnit unit);
