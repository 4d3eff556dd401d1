/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/usec.h"

/*
 * When something happened lately, on the monotonic clock, to count it over a sliding window.
 *
 * The window of `span_usec` that ends at `now` is half open: it holds what happened after
 * now - span_usec, and at `now` itself. What lies after `now` was noted in another boot and does
 * not count. A zeroed record is empty, and takes no memory of its own before something happens. It
 * is read back by adding its times one by one.
 */

enum {
    TIME_WINDOW_MAX = 64 /* times that are kept, hence what can be counted */
};

typedef struct TimeWindow {
    usec_t *times; /* TIME_WINDOW_MAX, the oldest first; NULL: nothing was ever noted */
    uint64_t count;
} TimeWindow;

/* Empties it, and frees what it has. */
void time_window_done(TimeWindow *w);

/* Returns 0 and a copy that shares nothing with `w`, or -ENOMEM. */
int time_window_copy(const TimeWindow *w, TimeWindow *ret);

/* Notes `now`. What lies after it is forgotten, and the oldest when there is no room. Returns 0, or
 * -ENOMEM with nothing changed, which only the first of a window does. */
int time_window_add(TimeWindow *w, usec_t now);

/* How often it happened in the window that ends at `now`: 0 to TIME_WINDOW_MAX. */
uint64_t time_window_count(const TimeWindow *w, usec_t span_usec, usec_t now);

/*
 * The first moment from `wanted` on at which one more leaves at most `limit` in the window; what
 * lies after `now` does not count. A limit of 0 is taken for 1, one over TIME_WINDOW_MAX for that.
 */
usec_t time_window_next(const TimeWindow *w, uint64_t limit, usec_t span_usec, usec_t now,
                        usec_t wanted);
