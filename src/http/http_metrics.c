/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/http_metrics.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/exposition.h"

/* The answers of one route with one status. What matches no route stands behind the last one. */
typedef struct AnswerTimes {
    struct AnswerTimes *next; /* with a higher status */
    unsigned status;
    Histogram times;
} AnswerTimes;

int http_metrics_new(HttpServer *s)
{
    s->answered = calloc(route_count() + 1, sizeof(AnswerTimes *));
    return s->answered ? 0 : -ENOMEM;
}

void http_metrics_done(HttpServer *s)
{
    for (size_t i = 0; s->answered && i <= route_count(); i++)
        while (s->answered[i]) {
            AnswerTimes *next = s->answered[i]->next;

            free(s->answered[i]);
            s->answered[i] = next;
        }
    free(s->answered);
    s->answered = NULL;
}

usec_t http_metrics_clock(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

/* NULL when out of memory. */
static AnswerTimes *times_of(AnswerTimes **p, unsigned status)
{
    AnswerTimes *times;

    while (*p && (*p)->status < status)
        p = &(*p)->next;
    if (*p && (*p)->status == status)
        return *p;
    times = calloc(1, sizeof(*times));
    if (!times)
        return NULL;
    times->status = status;
    times->next = *p;
    *p = times;
    return times;
}

void http_metrics_count(const HttpRequest *request)
{
    size_t i = request->route ? route_index(request->route) : route_count();
    AnswerTimes *times = times_of(&request->server->answered[i], request->answer.status);

    if (times)
        histogram_add(&times->times, usec_sub(http_metrics_clock(), request->started));
}

typedef void (*SampleFunc)(Text *text, MetricLabels labels, const Histogram *times);

static void write_count(Text *text, MetricLabels labels, const Histogram *times)
{
    metric_number(text, "http_requests_total", labels, histogram_count(times));
}

static void write_times(Text *text, MetricLabels labels, const Histogram *times)
{
    metric_histogram(text, "http_request_duration_seconds", labels, times, METRIC_SECONDS);
}

static void write_each(const HttpServer *s, Text *text, SampleFunc f)
{
    for (size_t i = 0; i <= route_count(); i++) {
        const Route *route = route_at(i);

        for (const AnswerTimes *each = s->answered[i]; each; each = each->next) {
            char status[16];
            const MetricLabel labels[] = {
                    /* No name that a client makes up becomes a series. */
                    {"method", route ? route->method : "none"},
                    {"route", route ? route->pattern : "none"},
                    {"status", status},
            };

            (void)snprintf(status, sizeof(status), "%u", each->status);
            f(text, (MetricLabels){labels, ELEMENTSOF(labels)}, &each->times);
        }
    }
}

void http_metrics_write(const HttpServer *s, Text *text)
{
    metric_describe(text, "http_requests_total", METRIC_COUNTER,
                    "HTTP requests that were answered, by the route that they matched.");
    write_each(s, text, write_count);
    metric_describe(text, "http_request_duration_seconds", METRIC_HISTOGRAM,
                    "HTTP requests from their first line to the beginning of the answer.");
    write_each(s, text, write_times);
}
