/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervision-fixture.h"

#include <inttypes.h>

const SupervisionSettings contract_settings = {
        .backoff_initial_usec = MS(1000),
        .backoff_max_usec = MS(60000),
        .backoff_min_usec = MS(500),
        .backoff_factor = 2,
        .backoff_jitter_percent = 0,
        .backoff_cuda_multiplier = 2,
        .backoff_reset_usec = S(300),
        .counter_reset_usec = S(600),
        .breaker_threshold = 5,
        .breaker_open_usec = S(300),
        .breaker_stable_usec = S(60),
        .breaker_factor = 2,
        .breaker_open_max_usec = S(3600),
        .restart_limit = 10,
        .restart_window_usec = S(60),
        .storm_warning_count = 5,
        .storm_warning_window_usec = S(60),
        .storm_breaker_count = 10,
        .storm_breaker_window_usec = S(30),
        .oom_storm_count = 5,
        .oom_storm_window_usec = S(60),
};

Life life_new(void)
{
    return (Life){
            .settings = contract_settings,
            .now = {.mono = S(5000), .real = S(1700000000)},
    };
}

void life_done(Life *l)
{
    supervision_done(&l->s);
}

void pass(Life *l, usec_t span_usec)
{
    l->now.mono += span_usec;
    l->now.real += span_usec;
}

void fail_engine(Life *l, FailureClass failure)
{
    supervision_failed(&l->s, &l->settings, failure, l->now, l->random, &l->verdict);
    assert_true(l->s.pending);
    assert_usec(supervision_deadline(&l->s), l->verdict.at.mono);
    assert_usec(l->s.delay_usec, l->verdict.delay_usec);
    assert_true(l->verdict.at.mono >= l->now.mono);
    assert_usec(l->verdict.at.real - l->now.real, l->verdict.at.mono - l->now.mono);
}

bool restart_engine(Life *l)
{
    assert_true(supervision_deadline(&l->s) != USEC_INFINITY);
    pass(l, usec_sub(supervision_deadline(&l->s), l->now.mono));
    return supervision_restarting(&l->s, l->now);
}

void crash_loop(Life *l, FailureClass failure, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (i > 0)
            (void)restart_engine(l);
        fail_engine(l, failure);
    }
}

unsigned run_well(Life *l, usec_t span_usec)
{
    usec_t since = l->now.mono, next;
    unsigned changes = 0;

    supervision_ready(&l->s);
    while (next = supervision_next_change(&l->s, &l->settings, since), next <= since + span_usec) {
        unsigned each;

        assert_true(next > l->now.mono);
        pass(l, next - l->now.mono - 1);
        assert_int_equal(supervision_stable(&l->s, &l->settings, since, l->now), 0);
        pass(l, 1);
        each = supervision_stable(&l->s, &l->settings, since, l->now);
        assert_int_not_equal(each, 0);
        changes |= each;
    }
    pass(l, since + span_usec - l->now.mono);
    assert_int_equal(supervision_stable(&l->s, &l->settings, since, l->now), 0);
    return changes;
}

void trip(Life *l)
{
    crash_loop(l, FAILURE_PROCESS_EXIT, l->settings.breaker_threshold);
    assert_true(l->verdict.opened);
}

void assert_usec_at(usec_t found, usec_t wanted, const char *file, int line)
{
    if (found != wanted) {
        print_error("%" PRIu64 " is not %" PRIu64 "\n", found, wanted);
        _fail(file, line);
    }
}
