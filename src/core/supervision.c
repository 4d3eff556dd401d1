/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/supervision.h"

#include <errno.h>

#include "base/macros.h"

/* Beyond that many doublings every delay is "never", and a factor of 1 changes nothing. */
enum { EXPONENT_MAX = 64 };

void supervision_done(Supervision *s)
{
    time_window_done(&s->restarts);
    time_window_done(&s->ooms);
}

int supervision_copy(const Supervision *s, Supervision *ret)
{
    Supervision copy = *s;

    if (time_window_copy(&s->restarts, &copy.restarts) < 0)
        return -ENOMEM;
    if (time_window_copy(&s->ooms, &copy.ooms) < 0) {
        time_window_done(&copy.restarts);
        return -ENOMEM;
    }
    *ret = copy;
    return 0;
}

const char *circuit_state_to_string(CircuitState state)
{
    static const char *const names[CIRCUIT_MAX] = {
            [CIRCUIT_CLOSED] = "closed",
            [CIRCUIT_OPEN] = "open",
            [CIRCUIT_HALF_OPEN] = "half_open",
    };

    return state >= 0 && state < CIRCUIT_MAX ? names[state] : NULL;
}

/* a * n; "never" when it would not fit. */
static usec_t multiply(usec_t a, uint64_t n)
{
    return n > 0 && a > USEC_INFINITY / n ? USEC_INFINITY : a * n;
}

static void count(uint64_t *n)
{
    if (*n < UINT64_MAX)
        (*n)++;
}

/* The moment `mono`, not before `now`, on both clocks. */
static Instant instant_at(Instant now, usec_t mono)
{
    return (Instant){.mono = mono, .real = usec_add(now.real, usec_sub(mono, now.mono))};
}

static BreakerKind breaker_of(FailureClass failure)
{
    switch (failure) {
    case FAILURE_CUDA:
    case FAILURE_DRIVER_RESET:
    case FAILURE_VRAM_OOM:
        return BREAKER_CUDA;
    default:
        return BREAKER_GENERAL;
    }
}

/* `delay` plus or minus `percent` of it, each value as likely as the others. */
static usec_t jitter(usec_t delay, uint64_t percent, uint64_t random)
{
    usec_t span, width;

    if (percent > 100)
        percent = 100;
    span = delay / 100 * percent + delay % 100 * percent / 100;
    width = usec_add(span, span);
    return usec_add(delay - span, width == USEC_INFINITY ? random : random % (width + 1));
}

static usec_t backoff_delay(const SupervisionSettings *settings, uint64_t restart, BreakerKind kind,
                            uint64_t random)
{
    usec_t delay = settings->backoff_initial_usec;

    for (uint64_t i = 1; i < restart && i <= EXPONENT_MAX; i++)
        delay = multiply(delay, settings->backoff_factor);
    if (kind == BREAKER_CUDA)
        delay = multiply(delay, settings->backoff_cuda_multiplier);
    delay = usec_min(delay, settings->backoff_max_usec);
    delay = jitter(delay, settings->backoff_jitter_percent, random);
    return usec_min(usec_max(delay, settings->backoff_min_usec), settings->backoff_max_usec);
}

/* Whether there are that many restarts that the breaker has to open. */
static bool watch_storm(Supervision *s, const SupervisionSettings *settings, Instant now,
                        SupervisionVerdict *v)
{
    bool storm;

    v->storm_restarts =
            time_window_count(&s->restarts, settings->storm_warning_window_usec, now.mono);
    storm = v->storm_restarts > settings->storm_warning_count;
    v->storm_warning = storm && !s->storm_warned;
    s->storm_warned = storm;
    return time_window_count(&s->restarts, settings->storm_breaker_window_usec, now.mono) >=
           settings->storm_breaker_count;
}

static void watch_ooms(Supervision *s, const SupervisionSettings *settings, FailureClass failure,
                       Instant now, SupervisionVerdict *v)
{
    bool storm;

    if (failure == FAILURE_OUT_OF_MEMORY || failure == FAILURE_VRAM_OOM)
        (void)time_window_add(&s->ooms, now.mono);
    v->ooms = time_window_count(&s->ooms, settings->oom_storm_window_usec, now.mono);
    storm = v->ooms >= settings->oom_storm_count;
    v->oom_storm = storm && !s->oom_storm_warned;
    s->oom_storm_warned = storm;
}

static void breaker_open(Breaker *b, usec_t open_usec, Instant now)
{
    b->open = true;
    b->open_usec = open_usec;
    b->open_until = instant_at(now, usec_add(now.mono, open_usec));
}

/* How long a breaker is open that opens again: the limit ends the growth, it shortens nothing. */
static usec_t reopen_usec(const Breaker *b, const SupervisionSettings *settings)
{
    usec_t longer = multiply(b->open_usec, settings->breaker_factor);

    return usec_max(usec_min(longer, settings->breaker_open_max_usec), b->open_usec);
}

static void watch_breakers(Supervision *s, const SupervisionSettings *settings, bool storm,
                           Instant now, SupervisionVerdict *v)
{
    Breaker *own = &s->breakers[v->breaker];

    count(&own->failures);
    v->failures = own->failures;
    for (size_t i = 0; i < BREAKER_MAX; i++) {
        Breaker *b = &s->breakers[i];

        /* Whatever has failed was started after the open time, or was allowed before its end. */
        if (b->open && b->open_until.mono <= now.mono) {
            breaker_open(b, reopen_usec(b, settings), now);
            v->reopened = true;
        }
    }
    if (!own->open && (storm || own->failures >= settings->breaker_threshold)) {
        breaker_open(own, settings->breaker_open_usec, now);
        v->opened = true;
        v->storm_opened = storm;
    }
}

/* When the next start is, by breaker or backoff. */
static usec_t choose_start(Supervision *s, const SupervisionSettings *settings, Instant now,
                           uint64_t random, SupervisionVerdict *v)
{
    Instant open_until;

    v->restart = s->backoff_count;
    count(&v->restart);
    v->tripped = supervision_open_until(s, &open_until);
    if (v->tripped)
        return open_until.mono;
    v->delay_usec = backoff_delay(settings, v->restart, v->breaker, random);
    return usec_add(now.mono, v->delay_usec);
}

void supervision_failed(Supervision *s, const SupervisionSettings *settings, FailureClass failure,
                        Instant now, uint64_t random, SupervisionVerdict *ret)
{
    SupervisionVerdict v = {.breaker = breaker_of(failure)};
    usec_t wanted, start;
    bool storm;

    s->trial = s->allowed_once = false;
    storm = watch_storm(s, settings, now, &v);
    watch_ooms(s, settings, failure, now, &v);
    watch_breakers(s, settings, storm, now, &v);
    wanted = choose_start(s, settings, now, random, &v);
    start = time_window_next(&s->restarts, settings->restart_limit, settings->restart_window_usec,
                             now.mono, wanted);
    v.rate_limited = start > wanted;
    v.at = instant_at(now, start);
    s->pending = true;
    s->due = v.at;
    s->delay_usec = v.delay_usec;
    *ret = v;
}

usec_t supervision_deadline(const Supervision *s)
{
    return s->pending ? s->due.mono : USEC_INFINITY;
}

bool supervision_restarting(Supervision *s, Instant now)
{
    s->pending = s->allowed_once = false;
    s->trial = supervision_circuit(s, now) != CIRCUIT_CLOSED;
    count(&s->restart_count);
    count(&s->backoff_count);
    (void)time_window_add(&s->restarts, now.mono);
    return s->trial;
}

void supervision_cancel(Supervision *s)
{
    s->pending = s->trial = s->allowed_once = false;
    s->delay_usec = 0;
}

void supervision_ready(Supervision *s)
{
    s->delay_usec = 0;
}

/* Both breakers as new. Returns the SupervisionChanges made. */
static unsigned breakers_close(Supervision *s)
{
    unsigned changes = 0;

    for (size_t i = 0; i < BREAKER_MAX; i++) {
        if (s->breakers[i].failures > 0)
            changes |= SUPERVISION_ROW_ENDED;
        if (s->breakers[i].open)
            changes |= SUPERVISION_BREAKER_CLOSED;
        s->breakers[i] = (Breaker){0};
    }
    s->trial = false;
    return changes;
}

/* Whether a run since `ready_since` is that long at `now`. */
static bool is_reached(usec_t ready_since, usec_t span_usec, Instant now)
{
    usec_t end = usec_add(ready_since, span_usec);

    return end != USEC_INFINITY && end <= now.mono;
}

unsigned supervision_stable(Supervision *s, const SupervisionSettings *settings, usec_t ready_since,
                            Instant now)
{
    unsigned changes = 0;

    if (is_reached(ready_since, settings->breaker_stable_usec, now))
        changes |= breakers_close(s);
    if (s->backoff_count > 0 && is_reached(ready_since, settings->backoff_reset_usec, now)) {
        s->backoff_count = 0;
        changes |= SUPERVISION_BACKOFF_RESET;
    }
    if (s->restart_count > 0 && is_reached(ready_since, settings->counter_reset_usec, now)) {
        s->restart_count = 0;
        changes |= SUPERVISION_COUNTER_RESET;
    }
    return changes;
}

usec_t supervision_next_change(const Supervision *s, const SupervisionSettings *settings,
                               usec_t ready_since)
{
    usec_t span = USEC_INFINITY;

    for (size_t i = 0; i < BREAKER_MAX; i++)
        if (s->breakers[i].failures > 0)
            span = settings->breaker_stable_usec;
    if (s->backoff_count > 0)
        span = usec_min(span, settings->backoff_reset_usec);
    if (s->restart_count > 0)
        span = usec_min(span, settings->counter_reset_usec);
    return usec_add(ready_since, span);
}

bool supervision_reset(Supervision *s, Instant now)
{
    bool was_open = breakers_close(s) & SUPERVISION_BREAKER_CLOSED;

    s->backoff_count = 0;
    supervision_done(s);
    s->storm_warned = s->oom_storm_warned = s->allowed_once = false;
    if (s->pending) {
        s->due = now;
        s->delay_usec = 0;
    }
    return was_open;
}

bool supervision_allow_once(Supervision *s, Instant now)
{
    if (!s->pending || supervision_circuit(s, now) == CIRCUIT_CLOSED)
        return false;
    s->allowed_once = true;
    s->due = now;
    return true;
}

CircuitState supervision_circuit(const Supervision *s, Instant now)
{
    Instant until;

    if (!supervision_open_until(s, &until))
        return CIRCUIT_CLOSED;
    return s->trial || until.mono <= now.mono ? CIRCUIT_HALF_OPEN : CIRCUIT_OPEN;
}

bool supervision_open_until(const Supervision *s, Instant *ret)
{
    const Breaker *last = NULL;

    for (size_t i = 0; i < BREAKER_MAX; i++) {
        const Breaker *b = &s->breakers[i];

        if (b->open && (!last || b->open_until.mono > last->open_until.mono))
            last = b;
    }
    if (!last)
        return false;
    *ret = last->open_until;
    return true;
}

uint64_t supervision_rate(const Supervision *s, const SupervisionSettings *settings, Instant now)
{
    return time_window_count(&s->restarts, settings->restart_window_usec, now.mono);
}

/* A deadline that was set `span_usec` ahead, on the clock of this boot. */
static Instant rebase(Instant deadline, usec_t span_usec, Instant now)
{
    usec_t left = usec_min(usec_sub(deadline.real, now.real), span_usec);

    return instant_at(now, usec_add(now.mono, left));
}

void supervision_rebooted(Supervision *s, Instant now)
{
    Instant open_until;

    for (size_t i = 0; i < BREAKER_MAX; i++) {
        Breaker *b = &s->breakers[i];

        b->open_until = rebase(b->open_until, b->open_usec, now);
    }
    supervision_done(s);
    s->storm_warned = s->oom_storm_warned = s->trial = false;
    if (!s->allowed_once && supervision_open_until(s, &open_until))
        s->due = open_until;
    else
        s->due = rebase(s->due, s->delay_usec, now);
}
