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
/* after those that it needs */
#include <cmocka.h>

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
                "{\"timestamp\":\"2024-02-29T12:34:56.789Z\",\"level\":\"info\","
                "\"message\":\"engine is ready\","
                "\"message_id\":\"0123456789abcdef0123456789abcdef\","
                "\"pool_id\":\"a\",\"last_error\":\"\"}\n");
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

        (void)snprintf(expected, sizeof(expected),
                       "{\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"level\":\"err\","
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
    journal_log(LOG_INFO, "not this one");
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
    journal_log(LOG_INFO, "hello");
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
    journal_log(LOG_INFO, "hello");
    captured(&c, line, sizeof(line));
    assert_non_null(strstr(line, "hello"));
    /* Now it is ours: the line goes to the journal's socket, whether or not there is one here. */
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    assert_return_code(setenv("JOURNAL_STREAM", stream, true), errno);
    journal_set_format(LOG_FORMAT_AUTO);
    journal_log(LOG_INFO, "hello");
    captured(&c, line, sizeof(line));
    capture_end(&c);
    assert_return_code(unsetenv("JOURNAL_STREAM"), errno);
    assert_string_equal(line, "");
}

/* Nobody reads: lines are dropped rather than waited for. */
static void test_full_pipe_does_not_block(void **state)
{
    char filler[4096];
    Captured c = capture();

    memset(filler, 'x', sizeof(filler));
    while (write(c.pipe[1], filler, sizeof(filler)) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
    assert_return_code(fcntl(c.pipe[1], F_SETFL, 0), errno);
    journal_set_format(LOG_FORMAT_TEXT);
    journal_log(LOG_INFO, "dropped");
    capture_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_json),
            cmocka_unit_test(test_json_escapes),
            cmocka_unit_test(test_text),
            cmocka_unit_test(test_levels),
            cmocka_unit_test(test_format_names),
            cmocka_unit_test(test_stderr),
            cmocka_unit_test(test_auto_is_json_on_a_pipe),
            cmocka_unit_test(test_auto_checks_whose_stream_it_is),
            cmocka_unit_test(test_full_pipe_does_not_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
