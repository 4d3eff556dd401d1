/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/strv.h"
#include "manager/config.h"
#include "manager/config_table.h"

static char directory[] = "/tmp/test-config-XXXXXX";
static char warnings[2048];

static void on_warning(const char *text, void *userdata)
{
    size_t n = strlen(warnings);

    (void)snprintf(warnings + n, sizeof(warnings) - n, "%s\n", text);
}

static void set_variable(const char *name, const char *value)
{
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static int set_up(void **state)
{
    /* These are of the tests, not of the daemon. */
    set_variable("POOL_MANAGERD_TEST_LONG", NULL);
    set_variable("POOL_MANAGERD_TEST_SLOW", NULL);
    assert_non_null(mkdtemp(directory));
    return 0;
}

static int tear_down(void **state)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/test.conf", directory);
    (void)unlink(path);
    return rmdir(directory);
}

/* Loads `text` as the file. The error is that of `error`. */
static int load(const char *text, char *const *overrides, Settings **ret, Error *error)
{
    char path[128];
    ConfigSources sources = {.file = path, .overrides = overrides};
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/test.conf", directory);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) >= 0, 1);
    assert_int_equal(fclose(f), 0);
    warnings[0] = '\0';
    return settings_load(&sources, on_warning, NULL, ret, error);
}

/* The contract's table of defaults; B-CONFIG-002. */
static void test_defaults(void **state)
{
    _cleanup_(settings_freep) Settings *s = NULL;

    assert_int_equal(load("", NULL, &s, NULL), 0);
    assert_string_equal(s->listen, "127.0.0.1:9200");
    assert_string_equal(s->runtime_directory, "/run/pool-managerd");
    assert_string_equal(s->state_directory, "/var/lib/pool-managerd");
    assert_int_equal(s->policy.health_interval_usec, 500 * USEC_PER_MSEC);
    assert_true(s->policy.health_ramp);
    assert_int_equal(s->policy.health_timeout_usec, 120 * USEC_PER_SEC);
    assert_int_equal(s->policy.health_try_timeout_usec, 2 * USEC_PER_SEC);
    assert_string_equal(s->policy.health_path, "/health");
    assert_int_equal(s->policy.liveness_interval_usec, 5 * USEC_PER_SEC);
    assert_int_equal(s->policy.liveness_failures, 3);
    assert_int_equal(s->policy.stop_grace_usec, 5 * USEC_PER_SEC);
    assert_int_equal(s->policy.engine_log, ENGINE_LOG_JOURNAL);
    assert_string_equal(warnings, "");
}

/* The same of the supervision; B-SUPER-010, B-SUPER-012, B-SUPER-020, B-SUPER-033 take theirs from
 * here. */
static void test_supervision_defaults(void **state)
{
    _cleanup_(settings_freep) Settings *s = NULL;
    const SupervisionSettings wanted = {
            .backoff_initial_usec = 1000 * USEC_PER_MSEC,
            .backoff_max_usec = 60000 * USEC_PER_MSEC,
            .backoff_min_usec = 500 * USEC_PER_MSEC,
            .backoff_factor = 2,
            .backoff_jitter_percent = 10,
            .backoff_cuda_multiplier = 2,
            .backoff_reset_usec = 300 * USEC_PER_SEC,
            .counter_reset_usec = 600 * USEC_PER_SEC,
            .breaker_threshold = 5,
            .breaker_open_usec = 300 * USEC_PER_SEC,
            .breaker_stable_usec = 60 * USEC_PER_SEC,
            .breaker_factor = 2,
            .breaker_open_max_usec = 3600 * USEC_PER_SEC,
            .restart_limit = 10,
            .restart_window_usec = 60 * USEC_PER_SEC,
            .storm_warning_count = 5,
            .storm_warning_window_usec = 60 * USEC_PER_SEC,
            .storm_breaker_count = 10,
            .storm_breaker_window_usec = 30 * USEC_PER_SEC,
            .oom_storm_count = 5,
            .oom_storm_window_usec = 60 * USEC_PER_SEC,
    };

    assert_int_equal(load("", NULL, &s, NULL), 0);
    assert_memory_equal(&s->policy.supervision, &wanted, sizeof(wanted));
}

/* A member of the settings with the key that sets it, and a value that is no other's. */
#define KEY(section, key, text, member, value)                                     \
    {                                                                              \
        section, key, text, offsetof(Settings, policy.supervision.member), (value) \
    }

static const struct {
    const char *section, *key, *text;
    size_t offset;
    uint64_t value;
} supervision_keys[] = {
        KEY("Backoff", "InitialSec", "20ms", backoff_initial_usec, 20 * USEC_PER_MSEC),
        KEY("Backoff", "MaxSec", "21s", backoff_max_usec, 21 * USEC_PER_SEC),
        KEY("Backoff", "MinSec", "0", backoff_min_usec, 0),
        KEY("Backoff", "Factor", "3", backoff_factor, 3),
        KEY("Backoff", "JitterPercent", "0", backoff_jitter_percent, 0),
        KEY("Backoff", "CudaMultiplier", "4", backoff_cuda_multiplier, 4),
        KEY("Backoff", "ResetSec", "22s", backoff_reset_usec, 22 * USEC_PER_SEC),
        KEY("Restart", "CounterResetSec", "23s", counter_reset_usec, 23 * USEC_PER_SEC),
        KEY("Restart", "Limit", "63", restart_limit, 63),
        KEY("Restart", "WindowSec", "24s", restart_window_usec, 24 * USEC_PER_SEC),
        KEY("Breaker", "Failures", "1000", breaker_threshold, 1000),
        KEY("Breaker", "OpenSec", "1d", breaker_open_usec, 24 * 60 * USEC_PER_MINUTE),
        KEY("Breaker", "StableSec", "1ms", breaker_stable_usec, USEC_PER_MSEC),
        KEY("Breaker", "Factor", "1", breaker_factor, 1),
        KEY("Breaker", "MaxOpenSec", "28s", breaker_open_max_usec, 28 * USEC_PER_SEC),
        KEY("Storm", "WarnRestarts", "6", storm_warning_count, 6),
        KEY("Storm", "WarnWindowSec", "25s", storm_warning_window_usec, 25 * USEC_PER_SEC),
        KEY("Storm", "BreakerRestarts", "7", storm_breaker_count, 7),
        KEY("Storm", "BreakerWindowSec", "26s", storm_breaker_window_usec, 26 * USEC_PER_SEC),
        KEY("Storm", "OomCount", "8", oom_storm_count, 8),
        KEY("Storm", "OomWindowSec", "27s", oom_storm_window_usec, 27 * USEC_PER_SEC),
};

static uint64_t value_at(const Settings *s, size_t offset)
{
    uint64_t value;

    memcpy(&value, (const char *)s + offset, sizeof(value));
    return value;
}

/* Each key sets its own member, no other, and needs no restart of ours. */
static void test_supervision_keys(void **state)
{
    _cleanup_(settings_freep) Settings *before = NULL;

    assert_int_equal(load("", NULL, &before, NULL), 0);
    assert_int_equal(ELEMENTSOF(supervision_keys) * sizeof(uint64_t), sizeof(SupervisionSettings));
    for (size_t i = 0; i < ELEMENTSOF(supervision_keys); i++) {
        _cleanup_(settings_freep) Settings *s = NULL;
        _cleanup_free_ char *names = NULL;
        char text[128];

        (void)snprintf(text, sizeof(text), "[%s]\n%s=%s\n", supervision_keys[i].section,
                       supervision_keys[i].key, supervision_keys[i].text);
        assert_int_equal(load(text, NULL, &s, NULL), 0);
        assert_string_equal(warnings, "");
        for (size_t k = 0; k < ELEMENTSOF(supervision_keys); k++)
            assert_true(value_at(s, supervision_keys[k].offset) ==
                        (k == i ? supervision_keys[i].value
                                : value_at(before, supervision_keys[k].offset)));
        assert_int_equal(settings_keep_until_restart(s, before, &names), 0);
        assert_string_equal(names, "");
    }
}

static void test_file(void **state)
{
    _cleanup_(settings_freep) Settings *s = NULL;

    assert_int_equal(load("# a comment\n[Health]\nIntervalSec=20ms\nRamp=off\nPath=/ready\n\n"
                          "[Engine]\nEngineLog=file\nStopGraceSec = 0\n[Liveness]\nFailures=7\n",
                          NULL, &s, NULL),
                     0);
    assert_int_equal(s->policy.health_interval_usec, 20 * USEC_PER_MSEC);
    assert_false(s->policy.health_ramp);
    assert_string_equal(s->policy.health_path, "/ready");
    assert_int_equal(s->policy.engine_log, ENGINE_LOG_FILE);
    assert_int_equal(s->policy.stop_grace_usec, 0);
    assert_int_equal(s->policy.liveness_failures, 7);
    assert_string_equal(warnings, "");
}

/* Files, then the environment, then the command line; B-CONFIG-001. */
static void test_order(void **state)
{
    _cleanup_(settings_freep) Settings *from_file = NULL, *from_environment = NULL, *both = NULL;
    char *overrides[] = {(char[]){"Manager.Listen=127.0.0.1:3"}, NULL};
    const char *text = "[Manager]\nListen=127.0.0.1:1\n";

    assert_int_equal(load(text, NULL, &from_file, NULL), 0);
    assert_string_equal(from_file->listen, "127.0.0.1:1");
    assert_int_equal(setenv("POOL_MANAGERD_ADDR", "127.0.0.1:2", 1), 0);
    assert_int_equal(load(text, NULL, &from_environment, NULL), 0);
    assert_string_equal(from_environment->listen, "127.0.0.1:2");
    assert_int_equal(load(text, overrides, &both, NULL), 0);
    assert_string_equal(both->listen, "127.0.0.1:3");
    assert_int_equal(unsetenv("POOL_MANAGERD_ADDR"), 0);
}

static void test_unknown_variable_warns(void **state)
{
    _cleanup_(settings_freep) Settings *s = NULL;

    set_variable("POOL_MANAGERD_ADRR", "127.0.0.1:1");
    assert_int_equal(load("", NULL, &s, NULL), 0);
    set_variable("POOL_MANAGERD_ADRR", NULL);
    assert_non_null(strstr(warnings, "environment variable POOL_MANAGERD_ADRR was ignored"));
    assert_non_null(strstr(warnings, "did you mean POOL_MANAGERD_ADDR=?"));
    assert_null(strstr(warnings, "127.0.0.1:1"));
    assert_string_equal(s->listen, "127.0.0.1:9200");
}

/* A fifo has no end, and nobody may write to it: it is read as an empty file. */
static void test_fifo(void **state)
{
    _cleanup_(settings_freep) Settings *s = NULL;
    char path[128];
    ConfigSources sources = {.file = path};

    (void)snprintf(path, sizeof(path), "%s/fifo", directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    warnings[0] = '\0';
    assert_int_equal(settings_load(&sources, on_warning, NULL, &s, NULL), 0);
    assert_string_equal(warnings, "");
    assert_int_equal(unlink(path), 0);
}

static void test_unknown_key_warns(void **state)
{
    _cleanup_(settings_freep) Settings *s = NULL;

    assert_int_equal(load("[Health]\nTimeoutSecs=3s\n", NULL, &s, NULL), 0);
    assert_non_null(strstr(warnings, "test.conf:2: unknown key TimeoutSecs in section [Health]"));
    assert_non_null(strstr(warnings, "did you mean [Health] TimeoutSec=?"));
    assert_int_equal(s->policy.health_timeout_usec, 120 * USEC_PER_SEC);
}

static const struct {
    const char *text;
    const char *part; /* of the error */
} bad[] = {
        {"[Health]\nTimeoutSec=soon\n", "test.conf:2: TimeoutSec=soon: must be a time span"},
        {"[Health]\n\nTimeoutSec=\n", "test.conf:3: TimeoutSec=: must be"},
        {"[Health]\nIntervalSec=0\n", "must be a time span from 1 ms"},
        {"[Health]\nIntervalSec=2d\n", "to 1 d"},
        {"[Health]\nIntervalSec=-1s\n", "IntervalSec=-1s"},
        {"[Health]\nIntervalSec=infinity\n", "IntervalSec=infinity"},
        {"[Health]\nRamp=maybe\n", "Ramp=maybe: must be on or off"},
        {"[Health]\nPath=health\n", "must start with /"},
        {"[Reload]\nModelProvisioner=provision\n", "must be the absolute path of a program"},
        {"[Reload]\nModelProvisioner=/usr/../provision\n", "must be the absolute path"},
        {"[Liveness]\nFailures=0\n", "must be a number from 1 to 1000"},
        {"[Liveness]\nFailures=three\n", "must be a number from 1 to 1000"},
        {"[Engine]\nEngineLog=syslog\n", "must be one of journal|file"},
        {"[Engine]\nEngineLog=jour\n", "must be one of journal|file"},
        {"[Engine]\nEngineLog=\n", "must be one of journal|file"},
        {"[Backoff]\nInitialSec=0\n", "InitialSec=0: must be a time span from 1 ms"},
        {"[Backoff]\nMaxSec=0\n", "MaxSec=0: must be a time span from 1 ms"},
        {"[Backoff]\nFactor=0\n", "must be a number from 1 to 100"},
        {"[Backoff]\nFactor=1.5\n", "Factor=1.5: must be a number from 1 to 100"},
        {"[Backoff]\nJitterPercent=101\n", "must be a number from 0 to 100"},
        {"[Backoff]\nJitterPercent=10%\n", "must be a number from 0 to 100"},
        {"[Backoff]\nCudaMultiplier=0\n", "must be a number from 1 to 100"},
        {"[Backoff]\nResetSec=2d\n", "to 1 d"},
        {"[Restart]\nLimit=0\n", "must be a number from 1 to 63"},
        {"[Restart]\nLimit=64\n", "must be a number from 1 to 63"},
        {"[Restart]\nWindowSec=0\n", "must be a time span from 1 ms"},
        {"[Breaker]\nFailures=0\n", "must be a number from 1 to 1000"},
        {"[Breaker]\nOpenSec=0\n", "must be a time span from 1 ms"},
        {"[Breaker]\nFactor=101\n", "must be a number from 1 to 100"},
        {"[Storm]\nWarnRestarts=64\n", "must be a number from 1 to 63"},
        {"[Storm]\nBreakerRestarts=0\n", "must be a number from 1 to 63"},
        {"[Storm]\nOomCount=64\n", "must be a number from 1 to 63"},
        {"[Storm]\nOomWindowSec=0\n", "must be a time span from 1 ms"},
        {"[Manager]\nRuntimeDirectory=run\n", "must be an absolute path"},
        {"[Manager]\nStateDirectory=state\n", "must be an absolute path, or empty for none"},
        {"[Manager]\nStateDirectory=/var/../state\n",
         "must be an absolute path, or empty for none"},
        {"[Manager]\nthis is no key\n", "test.conf:2: this is neither [Section] nor Key=value"},
};

/* What systemd says, or what it would have said. */
static void test_state_directory(void **state)
{
    static const struct {
        bool user_mode;
        const char *state_directory, *xdg_state_home, *home, *expected;
    } cases[] = {
            {false, NULL, "/x", "/h", "/var/lib/pool-managerd"},
            {false, "", NULL, NULL, "/var/lib/pool-managerd"},
            {false, "/s", NULL, NULL, "/s"},
            {false, "/s:/t", NULL, NULL, "/s"},
            {true, "/s", "/x", "/h", "/s"},
            {true, NULL, "/x", "/h", "/x/pool-managerd"},
            {true, NULL, NULL, "/h", "/h/.local/state/pool-managerd"},
            {true, NULL, NULL, NULL, ""},
    };
    const char *set = getenv("HOME");
    _cleanup_free_ char *home = strdup(set ? set : "/");

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        const ConfigSources sources = {.file = "/dev/null", .user_mode = cases[i].user_mode};
        _cleanup_(settings_freep) Settings *s = NULL;

        set_variable("STATE_DIRECTORY", cases[i].state_directory);
        set_variable("XDG_STATE_HOME", cases[i].xdg_state_home);
        set_variable("XDG_RUNTIME_DIR", "/run/user/1");
        set_variable("HOME", cases[i].home);
        assert_int_equal(settings_load(&sources, on_warning, NULL, &s, NULL), 0);
        assert_string_equal(s->state_directory, cases[i].expected);
    }
    set_variable("STATE_DIRECTORY", NULL);
    set_variable("XDG_STATE_HOME", NULL);
    set_variable("XDG_RUNTIME_DIR", NULL);
    set_variable("HOME", home);
}

static void test_bad_values(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        Settings *s = NULL;
        Error error = {.code = PM_ERROR_NONE};

        assert_int_equal(load(bad[i].text, NULL, &s, &error), -EINVAL);
        assert_null(s);
        if (!strstr(error.text, bad[i].part))
            fail_msg("\"%s\" does not say \"%s\"", error.text, bad[i].part);
    }
}

static void test_bad_command_line(void **state)
{
    static char texts[][32] = {"Manager", "Manager.Listen", "Manager.Nothing=1",
                               "Health.Ramp=maybe"};

    for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
        char *overrides[] = {texts[i], NULL};
        Settings *s = NULL;
        Error error = {.code = PM_ERROR_NONE};

        assert_int_equal(load("", overrides, &s, &error), -EINVAL);
        assert_true(error_is_set(&error));
    }
}

static void test_missing_file(void **state)
{
    const ConfigSources sources = {.file = "/nonexistent/pool-managerd.conf"};
    Settings *s = NULL;
    Error error = {.code = PM_ERROR_NONE};

    assert_true(settings_load(&sources, on_warning, NULL, &s, &error) < 0);
    assert_non_null(strstr(error.text, "/nonexistent/pool-managerd.conf: cannot be read"));
}

static void test_needing_restart(void **state)
{
    _cleanup_(settings_freep) Settings *a = NULL, *b = NULL;
    _cleanup_free_ char *same = NULL, *names = NULL;

    assert_int_equal(load("", NULL, &a, NULL), 0);
    assert_int_equal(load("[Manager]\nListen=[::1]:1\n[HTTP]\nWaitingMax=3\n[Health]\nRamp=off\n",
                          NULL, &b, NULL),
                     0);
    assert_int_equal(settings_keep_until_restart(a, a, &same), 0);
    assert_string_equal(same, "");
    assert_int_equal(settings_keep_until_restart(b, a, &names), 0);
    assert_string_equal(names, "Manager.Listen, HTTP.WaitingMax");
}

/* Whatever stands in the table as a default must be a value that the table takes. */
static void test_table(void **state)
{
    for (size_t i = 0; i < config_keys_count; i++) {
        const ConfigKey *key = &config_keys[i];

        assert_ptr_equal(config_key_find(key->section, key->key), key);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(config_keys[j].offset, key->offset);
    }
    assert_null(config_key_find("Health", "Listen"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_defaults),
            cmocka_unit_test(test_supervision_defaults),
            cmocka_unit_test(test_supervision_keys),
            cmocka_unit_test(test_file),
            cmocka_unit_test(test_order),
            cmocka_unit_test(test_unknown_variable_warns),
            cmocka_unit_test(test_fifo),
            cmocka_unit_test(test_unknown_key_warns),
            cmocka_unit_test(test_state_directory),
            cmocka_unit_test(test_bad_values),
            cmocka_unit_test(test_bad_command_line),
            cmocka_unit_test(test_missing_file),
            cmocka_unit_test(test_needing_restart),
            cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests_name("config", tests, set_up, tear_down);
}
