/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/exposition.h"

enum {
    NUMBER_SIZE = 32, /* of 64 bits in decimal, a point and the NUL */
    MS_DIGITS = 3,    /* microseconds are so many decimal places of milliseconds, */
    SECONDS_DIGITS = 6,
};

static const char *const types[METRIC_TYPE_MAX] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
};

/* Writes value / 10^digits from the end of the buffer to its front, without zeros that say nothing.
 * Returns where it begins. By hand, because a scrape has tens of thousands of numbers. */
static const char *format_decimal(uint64_t value, unsigned digits, char buffer[NUMBER_SIZE])
{
    char *s = buffer + NUMBER_SIZE - 1;

    *s = '\0';
    while (digits > 0 && value % 10 == 0) {
        value /= 10;
        digits--;
    }
    for (unsigned i = 0; value > 0 || i <= digits; i++) {
        if (i > 0 && i == digits)
            *--s = '.';
        *--s = (char)('0' + value % 10);
        value /= 10;
    }
    return s;
}

/* `quote`: also what would end the value of a label. By hand: strcspn() makes a table of what it
 * looks for, for each of tens of thousands of short texts. */
static void append_escaped(Text *t, const char *s, bool quote)
{
    for (;;) {
        size_t n = 0;

        while (s[n] && s[n] != '\\' && s[n] != '\n' && (s[n] != '"' || !quote))
            n++;
        text_append_bytes(t, s, n);
        s += n;
        if (!*s)
            return;
        text_append(t, *s == '\n' ? "\\n" : *s == '"' ? "\\\"" : "\\\\");
        s++;
    }
}

void metric_describe(Text *t, const char *name, MetricType type, const char *help)
{
    text_append(t, "# HELP ");
    text_append(t, name);
    text_append(t, " ");
    append_escaped(t, help, false);
    text_append(t, "\n# TYPE ");
    text_append(t, name);
    text_append(t, " ");
    text_append(t, types[type]);
    text_append(t, "\n");
}

static void append_label(Text *t, const char *before, const char *name, const char *value)
{
    text_append(t, before);
    text_append(t, name);
    text_append(t, "=\"");
    append_escaped(t, value, true);
    text_append(t, "\"");
}

/* A line up to its labels, without the brace behind them. */
static void append_start(Text *t, const char *name, const char *suffix, MetricLabels labels)
{
    text_append(t, name);
    text_append(t, suffix);
    for (size_t i = 0; i < labels.count; i++)
        append_label(t, i == 0 ? "{" : ",", labels.items[i].name, labels.items[i].value);
}

static void append_sample(Text *t, const char *name, const char *suffix, MetricLabels labels,
                          const char *value)
{
    append_start(t, name, suffix, labels);
    text_append(t, labels.count > 0 ? "} " : " ");
    text_append(t, value);
    text_append(t, "\n");
}

void metric_number(Text *t, const char *name, MetricLabels labels, uint64_t value)
{
    metric_decimal(t, name, labels, value, 0);
}

void metric_decimal(Text *t, const char *name, MetricLabels labels, uint64_t value, unsigned digits)
{
    char buffer[NUMBER_SIZE];

    append_sample(t, name, "", labels, format_decimal(value, digits, buffer));
}

/* Appends `n` of the bytes from `start` on once more. */
static void append_again(Text *t, size_t start, size_t n)
{
    text_reserve(t, n);
    if (!t->failed)
        text_append_bytes(t, t->data + start, n);
}

void metric_histogram(Text *t, const char *name, MetricLabels labels, const Histogram *h,
                      MetricUnit unit)
{
    char bound[NUMBER_SIZE], number[NUMBER_SIZE];
    size_t start = t->length, n = 0;
    uint64_t count = 0;

    for (size_t i = 0; i <= HISTOGRAM_BUCKETS; i++) {
        const char *le = "+Inf";

        if (i < HISTOGRAM_BUCKETS)
            le = format_decimal(histogram_bound_ms(i), unit == METRIC_SECONDS ? MS_DIGITS : 0,
                                bound);
        count += h->buckets[i];
        /* All lines begin alike. */
        if (i == 0) {
            append_start(t, name, "_bucket", labels);
            text_append(t, labels.count == 0 ? "{le=\"" : ",le=\"");
            n = t->length - start;
        } else {
            append_again(t, start, n);
        }
        text_append(t, le);
        text_append(t, "\"} ");
        text_append(t, format_decimal(count, 0, number));
        text_append(t, "\n");
    }
    append_sample(t, name, "_sum", labels,
                  format_decimal(h->sum_usec, unit == METRIC_SECONDS ? SECONDS_DIGITS : MS_DIGITS,
                                 number));
    append_sample(t, name, "_count", labels, format_decimal(count, 0, number));
}
