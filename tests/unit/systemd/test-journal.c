/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/parse.h"
#include "systemd/journal_format.h"

/* 2024-02-29T12:34:56.789 UTC */
#define LEAP_DAY_USEC 1709210096789012U

static void assert_line(void (*append)(Text *t, const LogEntry *e), const LogEntry *e,
                        const char *expected)
{
    _cleanup_free_ char *line = NULL;
    Text t = {0};

    append(&t, e);
    assert_int_equal(text_take(&t, &line), 0);
    assert_string_equal(line, expected);
}

static void test_json(void **state)
{
    const LogField fields[] = {{"POOL_ID", "a"}, {"MODEL_ID", NULL}, {"LAST_ERROR", ""}};
    const LogEntry e = {
            .priority = LOG_INFO,
            .message = "engine is ready",
            .message_id = "0123456789abcdef0123456789abcdef",
            .real_usec = LEAP_DAY_USEC,
            .fields = fields,
            .n_fields = ELEMENTSOF(fields),
    };

    assert_line(log_entry_append_json, &e,
                "{\"timestamp\":\"2024-02-29T12:34:56.789Z\",\"priority\":6,\"level\":\"info\","
                "\"message\":\"engine is ready\","
                "\"message_id\":\"0123456789abcdef0123456789abcdef\","
                "\"pool_id\":\"a\",\"last_error\":\"\"}\n");
}

/* Numbers are numbers, and a pool that is called 7 is a text. */
static void test_json_types(void **state)
{
    const LogField fields[] = {
            {"POOL_ID", "7"},
            {"EXIT_CODE", "3", LOG_FIELD_NUMBER},
            {"ENGINE_OUTPUT", "a\n\tb", LOG_FIELD_LINES},
    };
    const LogEntry e = {
            .priority = LOG_ERR, .message = "m", .fields = fields, .n_fields = ELEMENTSOF(fields)};

    assert_line(log_entry_append_json, &e,
                "{\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"priority\":3,\"level\":\"err\","
                "\"message\":\"m\",\"pool_id\":\"7\",\"exit_code\":3,"
                "\"engine_output\":\"a\\n\\tb\"}\n");
}

/* A long value is cut between two characters. */
static void test_json_is_bounded(void **state)
{
    _cleanup_(text_done) Text t = {0};
    static char message[2 * LOG_VALUE_MAX];
    const LogEntry e = {.priority = LOG_ERR, .message = message};

    memset(message, 'x', LOG_VALUE_MAX - 1);
    (void)strcpy(message + LOG_VALUE_MAX - 1, "\xe2\x82\xac and more");
    log_entry_append_json(&t, &e);
    assert_false(t.failed);
    assert_true(utf8_is_valid(t.data, t.length));
    assert_non_null(strstr(t.data, "x\xe2\x82\xac…\"}\n"));
}

static void test_json_escapes(void **state)
{
    static const struct {
        const char *message;
        const char *expected;
    } rows[] = {
            {"plain", "plain"},
            {"a\"b\\c/d", "a\\\"b\\\\c/d"},
            {"one\ntwo\r\t", "one\\ntwo\\r\\t"},
            {"\x01\x1b[31m\x7f", "\\u0001\\u001b[31m\\u007f"},
            {"\xc2\x9b", "\\u009b"},
            {"\xc2\xa0", "\xc2\xa0"},
            {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
            {"\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80"},
            {"bad \xff\xfe end", "bad \\ufffd\\ufffd end"},
            {"cut \xe2\x82", "cut \\ufffd\\ufffd"},
            {"lone \x80", "lone \\ufffd"},
            {"overlong \xc0\xaf", "overlong \\ufffd\\ufffd"},
            {"surrogate \xed\xa0\x80", "surrogate \\ufffd\\ufffd\\ufffd"},
            {"", ""},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        const LogEntry e = {.priority = LOG_ERR, .message = rows[i].message};
        char expected[256];

        (void)snprintf(
                expected, sizeof(expected),
                "{\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"priority\":3,\"level\":\"err\","
                "\"message\":\"%s\"}\n",
                rows[i].expected);
        assert_line(log_entry_append_json, &e, expected);
    }
}

static void test_text(void **state)
{
    const LogField fields[] = {{"POOL_ID", "a"}, {"MODEL_ID", NULL}, {"EXIT_CODE", "3\n\x1b"}};
    LogEntry e = {
            .priority = LOG_WARNING,
            .message = "two\nlines, \"quoted\" \\ \xff",
            .message_id = "0123456789abcdef0123456789abcdef",
            .fields = fields,
            .n_fields = ELEMENTSOF(fields),
    };

    assert_line(log_entry_append_text, &e,
                "warning: two\\nlines, \"quoted\" \\ \xef\xbf\xbd (pool_id=a "
                "exit_code=3\\n\\u001b)\n");
    e.n_fields = 0;
    e.message = "short";
    assert_line(log_entry_append_text, &e, "warning: short\n");
}

static void test_levels(void **state)
{
    assert_string_equal(log_level_to_string(LOG_EMERG), "emerg");
    assert_string_equal(log_level_to_string(LOG_CRIT), "crit");
    assert_string_equal(log_level_to_string(LOG_DEBUG), "debug");
    assert_string_equal(log_level_to_string(LOG_DEBUG + 1), "debug");
    assert_string_equal(log_level_to_string(-1), "emerg");
}

static void test_format_names(void **state)
{
    assert_int_equal(log_format_from_string("auto"), LOG_FORMAT_AUTO);
    assert_int_equal(log_format_from_string("journal"), LOG_FORMAT_JOURNAL);
    assert_int_equal(log_format_from_string("json"), LOG_FORMAT_JSON);
    assert_int_equal(log_format_from_string("text"), LOG_FORMAT_TEXT);
    assert_int_equal(log_format_from_string("JSON"), LOG_FORMAT_INVALID);
    assert_int_equal(log_format_from_string(""), LOG_FORMAT_INVALID);
}

/* A pipe in the place of stderr while the entry is written. */
typedef struct Captured {
    int saved;
    int pipe[2];
} Captured;

static Captured capture(void)
{
    Captured c = {.saved = dup(STDERR_FILENO)};

    assert_return_code(pipe2(c.pipe, O_NONBLOCK), errno);
    assert_return_code(dup2(c.pipe[1], STDERR_FILENO), errno);
    return c;
}

static void capture_end(Captured *c)
{
    assert_return_code(dup2(c->saved, STDERR_FILENO), errno);
    close(c->saved);
    close(c->pipe[0]);
    close(c->pipe[1]);
}

/* What was written, "" for nothing. */
static void captured(const Captured *c, char *buffer, size_t size)
{
    ssize_t n = read(c->pipe[0], buffer, size - 1);

    buffer[n > 0 ? n : 0] = '\0';
}

static void test_stderr(void **state)
{
    const LogField field = {"POOL_ID", "a"};
    char line[512], second[512];
    Captured c = capture();

    journal_set_format(LOG_FORMAT_TEXT);
    journal_set_max_level(LOG_NOTICE);
    journal_send(LOG_NOTICE, NULL, &field, 1, "%d of %s", 2, "three");
    captured(&c, line, sizeof(line));
    journal_say(LOG_INFO, NULL, "not this one");
    captured(&c, second, sizeof(second));
    capture_end(&c);
    assert_string_equal(line, "notice: 2 of three (pool_id=a)\n");
    assert_string_equal(second, "");
}

static void test_auto_is_json_on_a_pipe(void **state)
{
    char line[512];
    Captured c = capture();

    assert_return_code(unsetenv("JOURNAL_STREAM"), errno);
    journal_set_format(LOG_FORMAT_AUTO);
    journal_set_max_level(LOG_INFO);
    journal_say(LOG_INFO, NULL, "hello");
    captured(&c, line, sizeof(line));
    capture_end(&c);
    assert_true(startswith(line, "{\"timestamp\":\"2"));
    assert_non_null(strstr(line, ",\"level\":\"info\",\"message\":\"hello\"}\n"));
}

/* $JOURNAL_STREAM of somebody else: systemd sets it for the first process, which may hand another
 * stderr to the next. */
static void test_auto_checks_whose_stream_it_is(void **state)
{
    char stream[64], line[512];
    Captured c = capture();
    struct stat st;

    assert_return_code(fstat(STDERR_FILENO, &st), errno);
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
                   (uintmax_t)st.st_ino + 1);
    assert_return_code(setenv("JOURNAL_STREAM", stream, true), errno);
    journal_set_format(LOG_FORMAT_AUTO);
    journal_say(LOG_INFO, NULL, "hello");
    captured(&c, line, sizeof(line));
    assert_non_null(strstr(line, "hello"));
    /* Now it is ours: the line goes to the journal's socket, whether or not there is one here. */
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    assert_return_code(setenv("JOURNAL_STREAM", stream, true), errno);
    journal_set_format(LOG_FORMAT_AUTO);
    journal_say(LOG_INFO, NULL, "hello");
    captured(&c, line, sizeof(line));
    capture_end(&c);
    assert_return_code(unsetenv("JOURNAL_STREAM"), errno);
    assert_string_equal(line, "");
}

/* Nobody reads: lines are dropped rather than waited for, and told of when somebody reads again. */
static void test_full_pipe_does_not_block(void **state)
{
    char filler[4096], line[1024];
    Captured c = capture();

    /* What earlier tests have lost is told first. */
    journal_set_format(LOG_FORMAT_TEXT);
    journal_say(LOG_INFO, "before", "before");
    captured(&c, line, sizeof(line));
    memset(filler, 'x', sizeof(filler));
    while (write(c.pipe[1], filler, sizeof(filler)) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
    assert_return_code(fcntl(c.pipe[1], F_SETFL, 0), errno);
    journal_say(LOG_INFO, "lost", "dropped");
    journal_say(LOG_INFO, "lost", "dropped too");
    while (read(c.pipe[0], filler, sizeof(filler)) > 0)
        ;
    journal_say(LOG_INFO, "lost", "not dropped");
    captured(&c, line, sizeof(line));
    capture_end(&c);
    assert_string_equal(line,
                        "warning: 2 lines of the log are lost: nobody took them (lost_count=2)\n"
                        "info: not dropped\n");
}

/* What is said too often is counted; what is critical, of another kind or about another pool is not
 * held up by it. */
static void test_rate_limit(void **state)
{
    const LogField a = {"POOL_ID", "a"}, b = {"POOL_ID", "b"};
    static const char kind[] = "0123456789abcdef0123456789abcdef";
    char said[2048];
    Captured c = capture();

    journal_set_format(LOG_FORMAT_TEXT);
    journal_set_rate_limit(USEC_PER_MINUTE, 2);
    for (unsigned i = 1; i <= 5; i++)
        journal_send(LOG_ERR, kind, &a, 1, "%u", i);
    journal_send(LOG_ERR, kind, &b, 1, "another pool");
    journal_send(LOG_ERR, NULL, &a, 1, "another kind");
    journal_send(LOG_CRIT, kind, &a, 1, "critical");
    journal_close();
    captured(&c, said, sizeof(said));
    capture_end(&c);
    journal_set_rate_limit(0, 0);
    assert_string_equal(said, "err: 1 (pool_id=a)\nerr: 2 (pool_id=a)\n"
                              "err: another pool (pool_id=b)\nerr: another kind (pool_id=a)\n"
                              "crit: critical (pool_id=a)\n"
                              "warning: Pool a: Suppressed 3 more lines of one kind in 60000 ms "
                              "([Manager] LogRateLimitBurst=) (pool_id=a suppressed_count=3 "
                              "suppressed_message_id=0123456789abcdef0123456789abcdef)\n");
}

/* The line comes as soon as anything is logged after the time is over. */
static void test_rate_limit_is_told(void **state)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    char said[1024];
    Captured c = capture();

    journal_set_format(LOG_FORMAT_TEXT);
    journal_set_rate_limit(USEC_PER_MSEC, 1);
    for (unsigned i = 0; i < 3; i++)
        journal_say(LOG_INFO, "often", "said");
    captured(&c, said, sizeof(said));
    (void)nanosleep(&pause, NULL);
    journal_say(LOG_INFO, "another", "later");
    captured(&c, said, sizeof(said));
    capture_end(&c);
    journal_set_rate_limit(0, 0);
    assert_true(startswith(said, "warning: Suppressed "));
    assert_non_null(strstr(said, "\ninfo: later\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_json),
            cmocka_unit_test(test_json_types),
            cmocka_unit_test(test_json_is_bounded),
            cmocka_unit_test(test_json_escapes),
            cmocka_unit_test(test_text),
            cmocka_unit_test(test_levels),
            cmocka_unit_test(test_format_names),
            cmocka_unit_test(test_stderr),
            cmocka_unit_test(test_auto_is_json_on_a_pipe),
            cmocka_unit_test(test_auto_checks_whose_stream_it_is),
            cmocka_unit_test(test_full_pipe_does_not_block),
            cmocka_unit_test(test_rate_limit),
            cmocka_unit_test(test_rate_limit_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
