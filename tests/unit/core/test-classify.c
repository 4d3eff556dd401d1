/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/cmocka-all.h"

#include <signal.h>
#include <stdio.h>

#include "core/classify.h"

/* contract, section 5: last_error_class */
static void test_names(void **state)
{
    static const char *const names[] = {
            "process_exit",  "signal",        "health_check_failure", "cuda_error", "vram_oom",
            "out_of_memory", "driver_reset",  "start_timeout",        "exec_setup", "preflight",
            "provision",     "drain_timeout",
    };
    static const char *const strange[] = {"", "none", "Signal", "signal ", "cuda"};

    assert_int_equal(ELEMENTSOF(names), FAILURE_MAX - 1);
    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        FailureClass c = (FailureClass)(i + 1);

        assert_string_equal(failure_class_to_string(c), names[i]);
        assert_int_equal(failure_class_from_string(names[i]), c);
    }
    for (size_t i = 0; i < ELEMENTSOF(strange); i++)
        assert_int_equal(failure_class_from_string(strange[i]), FAILURE_INVALID);
    assert_null(failure_class_to_string(FAILURE_NONE));
    assert_null(failure_class_to_string(FAILURE_MAX));
    assert_null(failure_class_to_string(FAILURE_INVALID));
}

static const struct {
    int32_t code, status;
    UnitResult result;
    UnitEnd end;
    const char *text;
} ends[] = {
        {CLD_EXITED, 0, UNIT_RESULT_SUCCESS, {FAILURE_NONE, false, 0, 0}, "exited with status 0"},
        {CLD_EXITED,
         1,
         UNIT_RESULT_EXIT_CODE,
         {FAILURE_PROCESS_EXIT, false, 1, 0},
         "exited with status 1"},
        {CLD_EXITED,
         143,
         UNIT_RESULT_EXIT_CODE,
         {FAILURE_PROCESS_EXIT, false, 143, 0},
         "exited with status 143"},
        {CLD_EXITED,
         203,
         UNIT_RESULT_EXIT_CODE,
         {FAILURE_EXEC_SETUP, true, 203, 0},
         "could not be executed: the binary is missing, is not executable, or is not a program of "
         "this machine (status 203)"},
        {CLD_KILLED,
         SIGKILL,
         UNIT_RESULT_SIGNAL,
         {FAILURE_SIGNAL, false, -1, SIGKILL},
         "was killed by signal SIGKILL"},
        {CLD_KILLED,
         SIGKILL,
         UNIT_RESULT_TIMEOUT,
         {FAILURE_SIGNAL, false, -1, SIGKILL},
         "was killed by signal SIGKILL"},
        {CLD_KILLED,
         SIGTERM,
         UNIT_RESULT_SUCCESS,
         {FAILURE_SIGNAL, false, -1, SIGTERM},
         "was killed by signal SIGTERM"},
        {CLD_DUMPED,
         SIGSEGV,
         UNIT_RESULT_CORE_DUMP,
         {FAILURE_SIGNAL, false, -1, SIGSEGV},
         "was killed by signal SIGSEGV"},
        {CLD_KILLED,
         64,
         UNIT_RESULT_SIGNAL,
         {FAILURE_SIGNAL, false, -1, 64},
         "was killed by signal 64"},
        {CLD_KILLED,
         SIGKILL,
         UNIT_RESULT_OOM_KILL,
         {FAILURE_OUT_OF_MEMORY, false, -1, SIGKILL},
         "was killed because memory ran out, its memory_max or the host's"},
        /* a child was killed for memory, and the engine left by itself */
        {CLD_EXITED,
         1,
         UNIT_RESULT_OOM_KILL,
         {FAILURE_OUT_OF_MEMORY, false, 1, 0},
         "was killed because memory ran out, its memory_max or the host's"},
        {0,
         0,
         UNIT_RESULT_RESOURCES,
         {FAILURE_EXEC_SETUP, true, -1, 0},
         "could not be executed: the service manager lacks resources"},
        {0,
         0,
         UNIT_RESULT_SUCCESS, /* a unit that is gone */
         {FAILURE_PROCESS_EXIT, false, -1, 0},
         "ended; how is not on record"},
        {0,
         0,
         UNIT_RESULT_TIMEOUT,
         {FAILURE_PROCESS_EXIT, false, -1, 0},
         "ended; how is not on record"},
};

static void test_ends(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
        UnitObservation u = {.exec_main_code = ends[i].code,
                             .exec_main_status = ends[i].status,
                             .result = ends[i].result};
        UnitEnd end = unit_end_classify(&u);
        char buffer[256];

        if (end.failure != ends[i].end.failure || end.set_up != ends[i].end.set_up ||
            end.exit_status != ends[i].end.exit_status || end.signal != ends[i].end.signal)
            fail_msg("case %zu: class %d, set-up %d, status %d, signal %d", i, (int)end.failure,
                     end.set_up, end.exit_status, end.signal);
        unit_end_describe(&end, buffer, sizeof(buffer));
        assert_string_equal(buffer, ends[i].text);
    }
}

/* contract, decision 7: 0 is a graceful exit, 200 to 243 are set-up errors */
static void test_every_exit_status(void **state)
{
    for (int status = 0; status < 256; status++) {
        UnitObservation u = {.exec_main_code = CLD_EXITED,
                             .exec_main_status = status,
                             .result = status ? UNIT_RESULT_EXIT_CODE : UNIT_RESULT_SUCCESS};
        UnitEnd end = unit_end_classify(&u);
        bool set_up = status >= 200 && status <= 243;
        char buffer[256], number[32];

        assert_int_equal(end.failure, set_up        ? FAILURE_EXEC_SETUP
                                      : status == 0 ? FAILURE_NONE
                                                    : FAILURE_PROCESS_EXIT);
        assert_int_equal(end.set_up, set_up);
        assert_int_equal(end.exit_status, status);
        unit_end_describe(&end, buffer, sizeof(buffer));
        assert_true(startswith(buffer, set_up ? "could not be executed: " : "exited with "));
        (void)snprintf(number, sizeof(number), "status %d", status);
        assert_non_null(strstr(buffer, number));
    }
}

/* What stands in systemd.exec(5) for the status, in words of ours. */
static void test_set_up_texts(void **state)
{
    static const struct {
        int status;
        const char *word;
    } cases[] = {
            {200, "working directory"},
            {203, "binary"},
            {209, "standard output"},
            {217, "user"},
            {226, "model"},
            {228, "system-call filter"},
            {243, "credential"},
            {201, "systemd.exec(5)"},
            {242, "systemd.exec(5)"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        UnitEnd end = {FAILURE_EXEC_SETUP, true, cases[i].status, 0};
        char buffer[256];

        unit_end_describe(&end, buffer, sizeof(buffer));
        if (!strstr(buffer, cases[i].word))
            fail_msg("%d: %s", cases[i].status, buffer);
    }
}

/* The C library knows the names too. */
static void test_signal_names(void **state)
{
    static const int known[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGABRT, SIGBUS,
                                SIGFPE,  SIGKILL, SIGSEGV, SIGPIPE, SIGALRM, SIGTERM,
                                SIGUSR1, SIGUSR2, SIGTRAP, SIGXCPU, SIGXFSZ, SIGSYS};

    for (size_t i = 0; i < ELEMENTSOF(known); i++)
        assert_non_null(signal_name(known[i]));
    for (int signal = -2; signal < 200; signal++) {
        const char *name = signal_name(signal), *abbreviation = sigabbrev_np(signal);

        if (!name)
            continue;
        assert_true(startswith(name, "SIG"));
        assert_non_null(abbreviation);
        assert_string_equal(name + strlen("SIG"), abbreviation);
    }
    assert_null(signal_name(0));
    assert_null(signal_name(-1));
    assert_null(signal_name(SIGRTMAX));
    assert_null(signal_name(INT32_MAX));
    assert_null(signal_name(INT32_MIN));
}

static void test_describe_keeps_to_the_buffer(void **state)
{
    const UnitEnd end = {FAILURE_PROCESS_EXIT, false, 3, 0};
    static const char whole[] = "exited with status 3";

    for (size_t size = 1; size <= sizeof(whole); size++) {
        _cleanup_free_ char *buffer = copy_exactly(whole, size);

        unit_end_describe(&end, buffer, size);
        assert_int_equal(strlen(buffer), size - 1);
        assert_memory_equal(buffer, whole, size - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_names),
            cmocka_unit_test(test_ends),
            cmocka_unit_test(test_every_exit_status),
            cmocka_unit_test(test_set_up_texts),
            cmocka_unit_test(test_signal_names),
            cmocka_unit_test(test_describe_keeps_to_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
