/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/time_window.h"

#include <errno.h>

#include "base/macros.h"

/* How many of the times are not after `now`: they are the first ones. */
static uint64_t count_past(const TimeWindow *w, usec_t now)
{
    uint64_t n = w->count;

    while (n > 0 && w->times[n - 1] > now)
        n--;
    return n;
}

static int make_room(TimeWindow *w)
{
    if (!w->times)
        w->times = calloc(TIME_WINDOW_MAX, sizeof(w->times[0]));
    return w->times ? 0 : -ENOMEM;
}

void time_window_done(TimeWindow *w)
{
    free(w->times);
    *w = (TimeWindow){0};
}

int time_window_copy(const TimeWindow *w, TimeWindow *ret)
{
    TimeWindow copy = {0};

    if (w->count > 0) {
        if (make_room(&copy) < 0)
            return -ENOMEM;
        copy.count = w->count;
        memcpy(copy.times, w->times, w->count * sizeof(w->times[0]));
    }
    *ret = copy;
    return 0;
}

int time_window_add(TimeWindow *w, usec_t now)
{
    if (make_room(w) < 0)
        return -ENOMEM;
    w->count = count_past(w, now);
    if (w->count == TIME_WINDOW_MAX)
        memmove(w->times, w->times + 1, (size_t)--w->count * sizeof(w->times[0]));
    w->times[w->count++] = now;
    return 0;
}

uint64_t time_window_count(const TimeWindow *w, usec_t span_usec, usec_t now)
{
    uint64_t end = count_past(w, now), first = end;

    while (first > 0 && now - w->times[first - 1] < span_usec)
        first--;
    return end - first;
}

usec_t time_window_next(const TimeWindow *w, uint64_t limit, usec_t span_usec, usec_t now,
                        usec_t wanted)
{
    uint64_t n = count_past(w, now);

    if (limit == 0)
        limit = 1;
    if (limit > TIME_WINDOW_MAX)
        limit = TIME_WINDOW_MAX;
    /* With one more, the limit-th from the end must have left. */
    return n < limit ? wanted : usec_max(wanted, usec_add(w->times[n - limit], span_usec));
}
