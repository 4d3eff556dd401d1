/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervision-fixture.h"

static void assert_circuit(const Life *l, CircuitState wanted)
{
    assert_string_equal(circuit_state_to_string(supervision_circuit(&l->s, l->now)),
                        circuit_state_to_string(wanted));
}

/* B-SUPER-020, B-SUPER-021: the last of the failures in a row opens it, and nothing is started
 * before its time is over. */
static void test_opens(void **state)
{
    static const uint64_t thresholds[] = {1, 2, 5, 9};

    for (size_t i = 0; i < ELEMENTSOF(thresholds); i++) {
        _cleanup_(life_done) Life l = life_new();
        Instant until;

        l.settings.breaker_threshold = thresholds[i];
        for (uint64_t n = 1; n < thresholds[i]; n++) {
            fail_engine(&l, FAILURE_SIGNAL);
            assert_false(l.verdict.tripped || l.verdict.opened || l.verdict.reopened);
            assert_int_equal(l.verdict.failures, n);
            assert_circuit(&l, CIRCUIT_CLOSED);
            assert_false(supervision_open_until(&l.s, &until));
            assert_false(restart_engine(&l));
        }
        fail_engine(&l, FAILURE_SIGNAL);
        assert_true(l.verdict.tripped && l.verdict.opened);
        assert_false(l.verdict.reopened || l.verdict.storm_opened);
        assert_int_equal(l.verdict.failures, thresholds[i]);
        assert_usec(l.verdict.at.mono, l.now.mono + S(300));
        assert_usec(l.verdict.delay_usec, 0);
        assert_true(supervision_open_until(&l.s, &until));
        assert_usec(until.mono, l.now.mono + S(300));
        assert_usec(until.real, l.now.real + S(300));
        assert_circuit(&l, CIRCUIT_OPEN);
        pass(&l, S(300) - 1);
        assert_circuit(&l, CIRCUIT_OPEN);
        assert_true(supervision_deadline(&l.s) > l.now.mono);
    }
}

/* B-SUPER-022, B-SUPER-023: when its time is over, one start and no other. */
static void test_half_open(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    trip(&l);
    pass(&l, S(300));
    assert_circuit(&l, CIRCUIT_HALF_OPEN);
    assert_usec(supervision_deadline(&l.s), l.now.mono);
    assert_false(l.s.trial);
    assert_true(restart_engine(&l));
    assert_true(l.s.trial);
    assert_circuit(&l, CIRCUIT_HALF_OPEN);
    assert_usec(supervision_deadline(&l.s), USEC_INFINITY);
    assert_false(supervision_allow_once(&l.s, l.now));
    supervision_ready(&l.s);
    assert_true(l.s.trial); /* ready is not stable */
    assert_circuit(&l, CIRCUIT_HALF_OPEN);
}

/* B-SUPER-024: a stable run of the trial closes it, and what follows is as if it had never been. */
static void test_closes(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    trip(&l);
    assert_true(restart_engine(&l));
    assert_int_equal(run_well(&l, S(60) - 1), 0);
    assert_circuit(&l, CIRCUIT_HALF_OPEN);
    l.settings.breaker_stable_usec--; /* the same run goes on, for the last microsecond */
    assert_int_equal(supervision_stable(&l.s, &l.settings, l.now.mono - S(60) + 1, l.now),
                     SUPERVISION_ROW_ENDED | SUPERVISION_BREAKER_CLOSED);
    assert_circuit(&l, CIRCUIT_CLOSED);
    assert_false(l.s.trial);
    fail_engine(&l, FAILURE_SIGNAL);
    assert_false(l.verdict.tripped);
    assert_int_equal(l.verdict.failures, 1);
    assert_usec(l.verdict.delay_usec, MS(32000)); /* the backoff is not forgotten yet */
    (void)restart_engine(&l);
    crash_loop(&l, FAILURE_SIGNAL, 4);
    assert_true(l.verdict.opened);
    assert_usec(l.verdict.at.mono, l.now.mono + S(300)); /* the first time again, so not longer */
}

/* B-SUPER-025: a failing trial opens it again, each time for longer, whatever it failed of. */
static void test_reopens(void **state)
{
    static const FailureClass failures[] = {FAILURE_SIGNAL, FAILURE_CUDA, FAILURE_START_TIMEOUT,
                                            FAILURE_HEALTH_CHECK};
    usec_t span = S(300);
    _cleanup_(life_done) Life l = life_new();

    trip(&l);
    for (size_t i = 0; i < ELEMENTSOF(failures); i++) {
        assert_true(restart_engine(&l));
        if (i % 2)
            (void)run_well(&l, S(60) - 1); /* not quite stable */
        fail_engine(&l, failures[i]);
        assert_true(l.verdict.tripped && l.verdict.reopened);
        assert_false(l.verdict.opened || l.s.trial);
        span = usec_min(2 * span, S(3600));
        assert_usec(l.verdict.at.mono, l.now.mono + span);
        assert_circuit(&l, CIRCUIT_OPEN);
    }
    assert_true(restart_engine(&l));
    (void)run_well(&l, S(60));
    assert_circuit(&l, CIRCUIT_CLOSED);
}

/* The limit ends the growth; where a breaker opens for longer than that, it reopens for as long. */
static void test_reopens_for_at_most(void **state)
{
    static const usec_t limits[] = {S(1000), S(300), S(299), 0};
    static const usec_t second[] = {S(600), S(300), S(300), S(300)};
    static const usec_t third[] = {S(1000), S(300), S(300), S(300)};

    for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
        _cleanup_(life_done) Life l = life_new();

        l.settings.breaker_open_max_usec = limits[i];
        trip(&l);
        assert_usec(l.verdict.at.mono, l.now.mono + S(300));
        (void)restart_engine(&l);
        fail_engine(&l, FAILURE_SIGNAL);
        assert_usec(l.verdict.at.mono, l.now.mono + second[i]);
        for (size_t k = 0; k < 100; k++) {
            (void)restart_engine(&l);
            fail_engine(&l, FAILURE_SIGNAL);
            assert_usec(l.verdict.at.mono, l.now.mono + third[i]);
        }
    }
}

/* In a row: a stable run between the failures begins the count anew, a ready one does not. */
static void test_row(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    for (size_t i = 0; i < 20; i++) {
        crash_loop(&l, FAILURE_SIGNAL, 4);
        assert_int_equal(l.verdict.failures, 4);
        (void)restart_engine(&l);
        (void)run_well(&l, S(60));
    }
    for (size_t i = 0; i < 5; i++) {
        fail_engine(&l, FAILURE_SIGNAL);
        assert_int_equal(l.verdict.opened, i == 4);
        (void)restart_engine(&l);
        (void)run_well(&l, S(60) - 1);
    }
}

/* The failures of the GPU are counted apart, and open a breaker of their own. */
static void test_classes_apart(void **state)
{
    static const FailureClass gpu[] = {FAILURE_CUDA, FAILURE_DRIVER_RESET, FAILURE_VRAM_OOM};
    static const FailureClass other[] = {FAILURE_SIGNAL, FAILURE_OUT_OF_MEMORY};
    _cleanup_(life_done) Life l = life_new();

    l.settings.storm_breaker_count = 99;
    for (uint64_t n = 1; n <= 4; n++) {
        fail_engine(&l, gpu[n % 3]);
        assert_int_equal(l.verdict.failures, n);
        assert_false(l.verdict.tripped);
        (void)restart_engine(&l);
        fail_engine(&l, other[n % 2]);
        assert_int_equal(l.verdict.failures, n);
        assert_false(l.verdict.tripped);
        (void)restart_engine(&l);
    }
    fail_engine(&l, FAILURE_VRAM_OOM);
    assert_true(l.verdict.opened);
    assert_int_equal(l.verdict.breaker, BREAKER_CUDA);
    assert_true(l.s.breakers[BREAKER_CUDA].open);
    assert_false(l.s.breakers[BREAKER_GENERAL].open);
    assert_int_equal(l.s.breakers[BREAKER_GENERAL].failures, 4);

    /* The trial fails of something else: one is open for longer, the other has now opened too. */
    assert_true(restart_engine(&l));
    fail_engine(&l, FAILURE_SIGNAL);
    assert_true(l.verdict.opened && l.verdict.reopened);
    assert_int_equal(l.verdict.breaker, BREAKER_GENERAL);
    assert_usec(l.s.breakers[BREAKER_GENERAL].open_until.mono, l.now.mono + S(300));
    assert_usec(l.s.breakers[BREAKER_CUDA].open_until.mono, l.now.mono + S(600));
    assert_usec(l.verdict.at.mono, l.now.mono + S(600)); /* the later one decides */
    pass(&l, S(300));
    assert_circuit(&l, CIRCUIT_OPEN);
    assert_true(restart_engine(&l));
    assert_int_equal(run_well(&l, S(60)), SUPERVISION_ROW_ENDED | SUPERVISION_BREAKER_CLOSED);
    assert_circuit(&l, CIRCUIT_CLOSED);
}

static void test_reset(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    assert_false(supervision_reset(&l.s, l.now));
    assert_usec(supervision_deadline(&l.s), USEC_INFINITY); /* it starts nothing */
    trip(&l);
    pass(&l, S(10));
    assert_true(supervision_reset(&l.s, l.now));
    assert_circuit(&l, CIRCUIT_CLOSED);
    assert_usec(supervision_deadline(&l.s), l.now.mono);
    assert_usec(l.s.due.real, l.now.real);
    assert_int_equal(l.s.restart_count, 4);
    assert_false(restart_engine(&l)); /* an ordinary one */
    fail_engine(&l, FAILURE_SIGNAL);
    assert_usec(l.verdict.delay_usec, MS(2000)); /* the second since then */
    assert_int_equal(l.verdict.failures, 1);

    /* Of a trial that runs: it is none any more. */
    (void)restart_engine(&l);
    crash_loop(&l, FAILURE_SIGNAL, 4);
    assert_true(restart_engine(&l));
    assert_true(supervision_reset(&l.s, l.now));
    assert_false(l.s.trial);
    assert_circuit(&l, CIRCUIT_CLOSED);
    assert_usec(supervision_deadline(&l.s), USEC_INFINITY);

    /* Of a delay: the operator does not wait. */
    fail_engine(&l, FAILURE_SIGNAL);
    assert_false(supervision_reset(&l.s, l.now));
    assert_usec(supervision_deadline(&l.s), l.now.mono);
    assert_usec(l.s.delay_usec, 0);
}

/* One trial at once; it changes nothing when it fails before the time is over. */
static void test_allow_once(void **state)
{
    _cleanup_(life_done) Life l = life_new();
    usec_t until;

    assert_false(supervision_allow_once(&l.s, l.now));
    fail_engine(&l, FAILURE_SIGNAL);
    assert_false(supervision_allow_once(&l.s, l.now)); /* a backoff needs no permission */
    (void)restart_engine(&l);
    crash_loop(&l, FAILURE_SIGNAL, 4);
    until = l.verdict.at.mono;
    pass(&l, S(10));
    assert_true(supervision_allow_once(&l.s, l.now));
    assert_true(l.s.allowed_once);
    assert_usec(supervision_deadline(&l.s), l.now.mono);
    assert_usec(l.s.due.real, l.now.real);
    assert_circuit(&l, CIRCUIT_OPEN);
    assert_true(restart_engine(&l));
    assert_false(l.s.allowed_once);
    assert_circuit(&l, CIRCUIT_HALF_OPEN);
    pass(&l, S(10));
    fail_engine(&l, FAILURE_SIGNAL);
    assert_true(l.verdict.tripped);
    assert_false(l.verdict.opened || l.verdict.reopened);
    assert_usec(l.verdict.at.mono, until);

    /* Once is once, and the time over is the time over. */
    assert_true(supervision_allow_once(&l.s, l.now));
    assert_true(restart_engine(&l));
    pass(&l, until - l.now.mono);
    fail_engine(&l, FAILURE_SIGNAL);
    assert_true(l.verdict.reopened);
    assert_usec(l.verdict.at.mono, l.now.mono + S(600));

    /* It runs well. */
    assert_true(supervision_allow_once(&l.s, l.now));
    assert_true(restart_engine(&l));
    assert_int_equal(run_well(&l, S(60)), SUPERVISION_ROW_ENDED | SUPERVISION_BREAKER_CLOSED);
    assert_circuit(&l, CIRCUIT_CLOSED);
}

/* A permission ends with the pending start, whatever becomes of that. */
static void test_cancel(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    trip(&l);
    assert_true(supervision_allow_once(&l.s, l.now));
    supervision_cancel(&l.s);
    assert_false(l.s.allowed_once);
    assert_circuit(&l, CIRCUIT_OPEN);
    assert_false(supervision_allow_once(&l.s, l.now));

    life_done(&l);
    l = life_new();
    trip(&l);
    assert_true(supervision_allow_once(&l.s, l.now));
    assert_true(supervision_reset(&l.s, l.now));
    assert_false(l.s.allowed_once);

    life_done(&l);
    l = life_new();
    trip(&l);
    assert_true(supervision_allow_once(&l.s, l.now));
    fail_engine(&l, FAILURE_SIGNAL); /* another had been started by hand */
    assert_false(l.s.allowed_once);
    assert_usec(l.verdict.at.mono, l.now.mono + S(300));

    life_done(&l);
    l = life_new();
    trip(&l);
    (void)restart_engine(&l);
    supervision_cancel(&l.s);
    assert_false(l.s.trial);
    assert_circuit(&l, CIRCUIT_HALF_OPEN); /* nothing was shown by that start */
}

/* An engine started by hand shows as much as a trial. */
static void test_started_by_hand(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    trip(&l);
    supervision_cancel(&l.s);
    pass(&l, S(100));
    assert_int_equal(run_well(&l, S(60)), SUPERVISION_ROW_ENDED | SUPERVISION_BREAKER_CLOSED);
    assert_circuit(&l, CIRCUIT_CLOSED);

    life_done(&l);
    l = life_new();
    trip(&l);
    supervision_cancel(&l.s);
    pass(&l, S(400));
    fail_engine(&l, FAILURE_SIGNAL);
    assert_true(l.verdict.reopened);
}

/* The monotonic clock begins anew, the wall clock says how much is left; at most the whole span. */
static void test_rebooted(void **state)
{
    static const struct {
        bool tripped;
        usec_t off, from_now; /* how long it was off, when it is due */
        bool back;            /* the wall clock went back by that instead */
    } cases[] = {
            {true, 0, S(300), false},   {true, S(100), S(200), false}, {true, S(300), 0, false},
            {true, S(999), 0, false},   {true, S(100), S(300), true},  {false, 0, S(8), false},
            {false, S(5), S(3), false}, {false, S(9), 0, false},       {false, S(1000), S(8), true},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(life_done) Life l = life_new();

        crash_loop(&l, FAILURE_SIGNAL, cases[i].tripped ? 5 : 4);
        l.now.mono = S(7);
        if (cases[i].back)
            l.now.real -= cases[i].off;
        else
            l.now.real += cases[i].off;
        supervision_rebooted(&l.s, l.now);
        if (supervision_deadline(&l.s) != l.now.mono + cases[i].from_now)
            fail_msg("case %zu", i);
        assert_usec(l.s.due.real, l.now.real + cases[i].from_now);
        assert_circuit(&l, !cases[i].tripped        ? CIRCUIT_CLOSED
                           : cases[i].from_now == 0 ? CIRCUIT_HALF_OPEN
                                                    : CIRCUIT_OPEN);
        assert_int_equal(supervision_rate(&l.s, &l.settings, l.now), 0);
        assert_int_equal(restart_engine(&l), cases[i].tripped);
        fail_engine(&l, FAILURE_SIGNAL);
        assert_int_equal(l.verdict.reopened, cases[i].tripped);
        assert_int_equal(l.verdict.failures, cases[i].tripped ? 6 : 5);
    }
}

/* What a reboot ends, and what not. */
static void test_rebooted_meanwhile(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    trip(&l);
    assert_true(supervision_allow_once(&l.s, l.now));
    l.now.mono = S(7);
    supervision_rebooted(&l.s, l.now);
    assert_usec(supervision_deadline(&l.s), l.now.mono); /* it is still allowed */
    assert_circuit(&l, CIRCUIT_OPEN);
    assert_true(restart_engine(&l));
    supervision_rebooted(&l.s, l.now);
    assert_false(l.s.trial); /* the engine is gone */
    assert_usec(supervision_deadline(&l.s), USEC_INFINITY);
}

/* Times of the other boot mean nothing, also when they lie in the past by this clock. */
static void test_rebooted_windows(void **state)
{
    _cleanup_(life_done) Life l = life_new();

    l.settings.backoff_max_usec = S(1);
    l.settings.breaker_threshold = 9;
    crash_loop(&l, FAILURE_OUT_OF_MEMORY, 8);
    assert_true(l.s.storm_warned && l.s.oom_storm_warned);
    supervision_rebooted(&l.s, l.now);
    assert_int_equal(supervision_rate(&l.s, &l.settings, l.now), 0);
    assert_false(l.s.storm_warned || l.s.oom_storm_warned);
    fail_engine(&l, FAILURE_OUT_OF_MEMORY);
    assert_int_equal(l.verdict.storm_restarts, 0);
    assert_int_equal(l.verdict.ooms, 1);
}

static void test_names(void **state)
{
    assert_string_equal(circuit_state_to_string(CIRCUIT_CLOSED), "closed");
    assert_string_equal(circuit_state_to_string(CIRCUIT_OPEN), "open");
    assert_string_equal(circuit_state_to_string(CIRCUIT_HALF_OPEN), "half_open");
    assert_null(circuit_state_to_string(CIRCUIT_MAX));
    assert_null(circuit_state_to_string(CIRCUIT_INVALID));
    assert_int_equal(CIRCUIT_CLOSED, 0); /* the values of the metric */
    assert_int_equal(CIRCUIT_OPEN, 1);
    assert_int_equal(CIRCUIT_HALF_OPEN, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_opens),
            cmocka_unit_test(test_half_open),
            cmocka_unit_test(test_closes),
            cmocka_unit_test(test_reopens),
            cmocka_unit_test(test_reopens_for_at_most),
            cmocka_unit_test(test_row),
            cmocka_unit_test(test_classes_apart),
            cmocka_unit_test(test_reset),
            cmocka_unit_test(test_allow_once),
            cmocka_unit_test(test_cancel),
            cmocka_unit_test(test_started_by_hand),
            cmocka_unit_test(test_rebooted),
            cmocka_unit_test(test_rebooted_meanwhile),
            cmocka_unit_test(test_rebooted_windows),
            cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
