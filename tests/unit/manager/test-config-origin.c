/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <json.h>

#include "base/strv.h"
#include "manager/config.h"
#include "manager/config_files.h"
#include "manager/config_table.h"

/* Where values come from, and which files are read. */

static char directory[] = "/tmp/test-config-origin-XXXXXX";
static char warnings[2048];

static int set_up(void **state)
{
    /* These are of the tests, not of the daemon. */
    assert_int_equal(unsetenv("POOL_MANAGERD_TEST_LONG"), 0);
    assert_int_equal(unsetenv("POOL_MANAGERD_TEST_SLOW"), 0);
    assert_non_null(mkdtemp(directory));
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command); /* NOLINT(cert-env33-c): the name is ours */
}

static void on_warning(const char *text, void *userdata)
{
    size_t n = strlen(warnings);

    (void)snprintf(warnings + n, sizeof(warnings) - n, "%s\n", text);
}

/* Writes a file of that name. Returns its path, in a static buffer. */
static const char *write_file(const char *name, const char *text)
{
    static char path[256];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    return path;
}

static int load(const char *text, char *const *overrides, Settings **ret, Error *error)
{
    const ConfigSources sources = {.file = write_file("test.conf", text), .overrides = overrides};

    warnings[0] = '\0';
    return settings_load(&sources, on_warning, NULL, ret, error);
}

static const ConfigOrigin *origin(const ConfigOrigin *origins, const char *section, const char *key)
{
    const ConfigKey *found = config_key_find(section, key);

    assert_non_null(found);
    return &origins[found - config_keys];
}

static void assert_origin(const ConfigOrigin *o, ConfigSource source, const char *where,
                          const char *value)
{
    assert_int_equal(o->source, source);
    assert_non_null(strstr(o->where, where));
    assert_string_equal(o->value, value);
}

static void test_origins(void **state)
{
    _cleanup_(settings_freep) Settings *s = NULL;
    char *overrides[] = {(char[]){"Liveness.Failures=9"}, NULL};

    assert_int_equal(setenv("POOL_MANAGERD_LOG_LEVEL", "debug", 1), 0);
    assert_int_equal(load("[Health]\n\nTimeoutSec=2min\n[Liveness]\nFailures=4\n"
                          "[Manager]\nLogLevel=err\n",
                          overrides, &s, NULL),
                     0);
    assert_int_equal(unsetenv("POOL_MANAGERD_LOG_LEVEL"), 0);
    assert_origin(origin(s->origins, "Health", "TimeoutSec"), CONFIG_SOURCE_FILE, "/test.conf:3",
                  "2min");
    assert_origin(origin(s->origins, "Liveness", "Failures"), CONFIG_SOURCE_COMMAND_LINE,
                  "command line", "9");
    assert_origin(origin(s->origins, "Manager", "LogLevel"), CONFIG_SOURCE_ENVIRONMENT,
                  "environment variable POOL_MANAGERD_LOG_LEVEL", "debug");
    assert_origin(origin(s->origins, "Health", "Path"), CONFIG_SOURCE_DEFAULT, "default",
                  "/health");
    assert_origin(origin(s->origins, "Manager", "RuntimeDirectory"), CONFIG_SOURCE_DEFAULT,
                  "default", "/run/pool-managerd");
    assert_int_equal(strv_length(s->files), 1);
    for (size_t i = 0; i < config_keys_count; i++) {
        assert_non_null(s->origins[i].value);
        assert_null(s->pending[i].value);
    }
    assert_null(settings_where(s, "Health", "Failures"));
}

/* Of what is wrong only in its meaning, too, an error says where it stands. */
static void test_error_says_where(void **state)
{
    Settings *s = NULL;
    Error error = {.code = PM_ERROR_NONE};

    assert_int_equal(load("[GPU]\n\nKernelLog=kmsg\n", NULL, &s, &error), -EINVAL);
    assert_non_null(strstr(error.text, "test.conf:3: KernelLog=kmsg: must be an absolute path"));
    assert_int_equal(setenv("POOL_MANAGERD_STATE_DIR", "state", 1), 0);
    assert_int_equal(load("", NULL, &s, &error), -EINVAL);
    assert_int_equal(unsetenv("POOL_MANAGERD_STATE_DIR"), 0);
    assert_non_null(strstr(error.text, "environment variable POOL_MANAGERD_STATE_DIR: "
                                       "StateDirectory=state: must be"));
    assert_null(s);
}

/* What a reload takes over at once, and what it keeps for a restart. */
static void test_pending(void **state)
{
    _cleanup_(settings_freep) Settings *a = NULL, *b = NULL, *c = NULL;
    _cleanup_free_ char *names = NULL, *none = NULL;

    assert_int_equal(load("[HTTP]\nWaitingMax=100\n", NULL, &a, NULL), 0);
    assert_int_equal(load("[Health]\nTimeoutSec=1s\n[Manager]\nListen=[::1]:1\n"
                          "[HTTP]\nWaitingMax=7\n",
                          NULL, &b, NULL),
                     0);
    assert_int_equal(settings_keep_until_restart(b, a, &names), 0);
    assert_string_equal(names, "Manager.Listen, HTTP.WaitingMax");
    assert_int_equal(b->policy.health_timeout_usec, USEC_PER_SEC);
    assert_int_equal(b->waiting_max, 100);
    assert_string_equal(b->listen, "127.0.0.1:9200");
    assert_origin(origin(b->origins, "HTTP", "WaitingMax"), CONFIG_SOURCE_FILE, "test.conf:2",
                  "100");
    assert_origin(origin(b->pending, "HTTP", "WaitingMax"), CONFIG_SOURCE_FILE, "test.conf:6", "7");
    assert_origin(origin(b->pending, "Manager", "Listen"), CONFIG_SOURCE_FILE, "test.conf:4",
                  "[::1]:1");
    assert_null(origin(b->pending, "Health", "TimeoutSec")->value);
    /* Taken back in the file, there is nothing left to wait for. */
    assert_int_equal(load("[HTTP]\nWaitingMax=100\n", NULL, &c, NULL), 0);
    assert_int_equal(settings_keep_until_restart(c, b, &none), 0);
    assert_string_equal(none, "");
    assert_null(origin(c->pending, "HTTP", "WaitingMax")->value);
}

static json_object *member(json_object *o, const char *name)
{
    json_object *value = NULL;

    assert_true(json_object_object_get_ex(o, name, &value));
    return value;
}

static void test_describe(void **state)
{
    _cleanup_(settings_freep) Settings *a = NULL, *b = NULL;
    _cleanup_free_ char *text = NULL, *names = NULL;
    json_object *o, *key;
    size_t length;

    assert_int_equal(load("", NULL, &a, NULL), 0);
    assert_int_equal(load("[Manager]\nListen=[::1]:1\n", NULL, &b, NULL), 0);
    assert_int_equal(settings_keep_until_restart(b, a, &names), 0);
    assert_int_equal(settings_describe(b, &text, &length), 0);
    assert_int_equal(strlen(text), length);
    o = json_tokener_parse(text);
    assert_int_equal(json_object_array_length(member(o, "keys")), config_keys_count);
    assert_int_equal(json_object_array_length(member(o, "files")), 1);
    key = json_object_array_get_idx(member(o, "keys"), 0);
    assert_string_equal(json_object_get_string(member(key, "key")), "Listen");
    assert_string_equal(json_object_get_string(member(key, "value")), "127.0.0.1:9200");
    assert_string_equal(json_object_get_string(member(key, "source")), "default");
    assert_true(json_object_get_boolean(member(key, "needs_restart")));
    key = member(key, "pending");
    assert_string_equal(json_object_get_string(member(key, "value")), "[::1]:1");
    assert_string_equal(json_object_get_string(member(key, "source")), "file");
    json_object_put(o);
}

/* What is printed is a file that says the same. */
static void test_text(void **state)
{
    _cleanup_(settings_freep) Settings *a = NULL, *b = NULL;
    _cleanup_free_ char *text = NULL;

    assert_int_equal(load("[Storm]\nOomCount=9\n[Engine]\nEngineLog=file\n", NULL, &a, NULL), 0);
    assert_int_equal(settings_text(a, &text), 0);
    assert_non_null(strstr(text, "/test.conf:2\nOomCount=9\n"));
    assert_int_equal(load(text, NULL, &b, NULL), 0);
    assert_string_equal(warnings, "");
    for (size_t i = 0; i < config_keys_count; i++)
        assert_true(config_key_equal(&config_keys[i], a, b));
}

/* Each line stands for itself, indented or not; one that is too long is none. */
static void test_lines(void **state)
{
    _cleanup_(settings_freep) Settings *s = NULL;
    Settings *none = NULL;
    Error error = {.code = PM_ERROR_NONE};
    char text[512];

    assert_int_equal(load("[Health]\n  Path=/a ; why\n\tIntervalSec=10ms", NULL, &s, NULL), 0);
    assert_string_equal(s->health_path, "/a");
    assert_int_equal(s->policy.health_interval_usec, 10 * USEC_PER_MSEC);
    (void)snprintf(text, sizeof(text), "[Health]\nPath=/%0300d\n", 0);
    assert_int_equal(load(text, NULL, &none, &error), -EINVAL);
    assert_non_null(strstr(error.text, "test.conf:2: the line is longer than 198 bytes"));
    (void)snprintf(text, sizeof(text), "[Health]\nPath=/%0193d", 0);
    settings_free(s);
    s = NULL;
    assert_int_equal(load(text, NULL, &s, &error), 0);
    assert_int_equal(strlen(s->health_path), 194);
}

static void test_unreadable(void **state)
{
    const ConfigSources sources = {.file = directory};
    Settings *s = NULL;
    Error error = {.code = PM_ERROR_NONE};

    assert_int_equal(settings_load(&sources, on_warning, NULL, &s, &error), -EINVAL);
    assert_non_null(strstr(error.text, "cannot be read: Is a directory"));
}

static const struct {
    const char *text, *part; /* of the warning */
} unknown[] = {
        {"[Health]\nTimeoutSecs=1\n", "test.conf:2: unknown key TimeoutSecs in section [Health] "
                                      "was ignored; did you mean [Health] TimeoutSec=?"},
        {"[Helth]\nTimeoutSec=1\n", "did you mean [Health] TimeoutSec=?"},
        {"[Braker]\nFailures=1\n", "did you mean [Breaker] Failures=?"},
        {"[Manager]\nStopGraceSec=1\n", "did you mean [Engine] StopGraceSec=?"},
        {"Listen=x\n", "test.conf:1: key Listen before the first section was ignored; did you "
                       "mean [Manager] Listen=?"},
        {"[Manager]\nNothingOfTheKind=1\n", "in section [Manager] was ignored\n"},
};

static void test_unknown(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
        _cleanup_(settings_freep) Settings *s = NULL;

        assert_int_equal(load(unknown[i].text, NULL, &s, NULL), 0);
        if (!strstr(warnings, unknown[i].part))
            fail_msg("\"%s\" does not say \"%s\"", warnings, unknown[i].part);
    }
}

static void test_unknown_override(void **state)
{
    char *overrides[] = {(char[]){"Helth.Ramp=off"}, NULL};
    Settings *s = NULL;
    Error error = {.code = PM_ERROR_NONE};

    assert_int_equal(load("", overrides, &s, &error), -EINVAL);
    assert_string_equal(error.text,
                        "--set Helth.Ramp=off: there is no such key; did you mean Health.Ramp=?");
}

/* Our own of the files that are found, by name. */
static void assert_found(char *const *paths, const char *const *wanted)
{
    STRV_FOREACH (p, paths) {
        if (!startswith(*p, directory))
            continue;
        assert_non_null(*wanted);
        assert_string_equal(strrchr(*p, '/') + 1, *wanted);
        wanted++;
    }
    assert_null(*wanted);
}

static void test_files(void **state)
{
    static const char *const wanted[] = {"pool-managerd.conf", "10-a.conf", "20-b.conf", NULL};
    _cleanup_strv_free_ char **paths = NULL;
    char folder[256];

    assert_int_equal(setenv("XDG_CONFIG_HOME", directory, 1), 0);
    (void)snprintf(folder, sizeof(folder), "%s/pool-managerd", directory);
    assert_int_equal(mkdir(folder, 0700), 0);
    (void)snprintf(folder, sizeof(folder), "%s/pool-managerd/pool-managerd.conf.d", directory);
    assert_int_equal(mkdir(folder, 0700), 0);
    (void)write_file("pool-managerd/pool-managerd.conf.d/20-b.conf", "");
    (void)write_file("pool-managerd/pool-managerd.conf.d/10-a.conf", "");
    (void)write_file("pool-managerd/pool-managerd.conf.d/30-c.conf.old", "");
    (void)write_file("pool-managerd/pool-managerd.conf", "");
    assert_int_equal(config_files_find(true, &paths), 0);
    assert_found(paths, wanted);
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_origins),
            cmocka_unit_test(test_error_says_where),
            cmocka_unit_test(test_pending),
            cmocka_unit_test(test_describe),
            cmocka_unit_test(test_text),
            cmocka_unit_test(test_lines),
            cmocka_unit_test(test_unreadable),
            cmocka_unit_test(test_unknown),
            cmocka_unit_test(test_unknown_override),
            cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests_name("config-origin", tests, set_up, tear_down);
}
