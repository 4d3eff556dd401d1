/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "probe/answer.h"

/* Feeds `text` line by line until no more is wanted. */
static Answer feed(const char *text)
{
    Answer a = {};

    for (const char *s = text; *s;) {
        const char *end = strchr(s, '\n');
        size_t n = end ? (size_t)(end - s) + 1 : strlen(s);

        if (!answer_feed(&a, s, n))
            break;
        s += n;
    }
    return a;
}

static void test_status_lines(void **state)
{
    static const struct {
        const char *text;
        AnswerState state;
        unsigned status;
    } table[] = {
            {"HTTP/1.1 200 OK\r\n\r\n", ANSWER_COMPLETE, 200}, /* B-PRELOAD-014 */
            {"HTTP/1.0 200 OK\r\n\r\n", ANSWER_COMPLETE, 200}, /* B-PRELOAD-014 */
            {"HTTP/1.1 200\r\n\r\n", ANSWER_COMPLETE, 200},
            {"HTTP/1.1 200 \r\n\r\n", ANSWER_COMPLETE, 200},
            {"HTTP/1.0 200\n\n", ANSWER_COMPLETE, 200},
            {"HTTP/1.1 503 Loading\r\nServer: x\r\n\r\n", ANSWER_COMPLETE, 503},
            {"HTTP/1.1 204 No Content\r\n\r\n", ANSWER_COMPLETE, 204},
            {"HTTP/1.1 999 \r\n\r\n", ANSWER_COMPLETE, 999},
            /* Interim answers are not the answer. */
            {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", ANSWER_COMPLETE, 200},
            {"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 503 No\r\n\r\n", ANSWER_COMPLETE, 503},
            {"HTTP/1.1 102 Wait\r\n\r\n", ANSWER_STATUS_LINE, 102},
            {"HTTP/1.1 100 Continue\r\n\r\nSSH-2.0-x\r\n", ANSWER_NOT_HTTP, 100},
            /* Not over yet. */
            {"", ANSWER_STATUS_LINE, 0},
            {"HTTP/1.1 200 OK\r\n", ANSWER_FIELDS, 200},
            {"HTTP/1.1 200 OK\r\nServer: x\r\n", ANSWER_FIELDS, 200},
            /* Not HTTP/1.0 or 1.1. */
            {"HTTP/1.2 200 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/2 200 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/2.0 200 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/0.9 200 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"http/1.1 200 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP 200 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/1.1  200 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/1.1\t200 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/1.1 20\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/1.1 2000 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/1.1 200OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/1.1 +20 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/1.1 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"HTTP/1.1\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {" HTTP/1.1 200 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
            {"\r\nHTTP/1.1 200 OK\r\n\r\n", ANSWER_NOT_HTTP, 0},
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        Answer a = feed(table[i].text);

        if (a.state != table[i].state || a.status != table[i].status)
            fail_msg("\"%s\": state %d status %u", table[i].text, a.state, a.status);
    }
}

/* Fields of 1024 bytes after a status line of 17. */
static Answer feed_fields(size_t count, size_t last)
{
    char field[1024];
    Answer a = {};

    memset(field, 'x', sizeof(field));
    field[sizeof(field) - 1] = '\n';
    assert_true(answer_feed(&a, "HTTP/1.1 200 OK\r\n", 17));
    for (size_t i = 0; i < count; i++)
        assert_true(answer_feed(&a, field, sizeof(field)));
    (void)answer_feed(&a, field, last);
    return a;
}

static void test_header_bound(void **state)
{
    Answer a;

    a = feed_fields(63, 1024 - 17 - 2);
    assert_false(answer_feed(&a, "\r\n", 2));
    assert_int_equal(a.state, ANSWER_COMPLETE);
    assert_int_equal(a.header_bytes, ANSWER_HEADER_MAX);

    a = feed_fields(63, 1024 - 17 - 1);
    assert_int_equal(a.state, ANSWER_FIELDS);
    assert_false(answer_feed(&a, "\r\n", 2));
    assert_int_equal(a.state, ANSWER_TOO_LARGE);

    a = (Answer){};
    assert_false(answer_feed(&a, "HTTP", SIZE_MAX));
    assert_int_equal(a.state, ANSWER_TOO_LARGE);
}

static void test_interim_answers_count(void **state)
{
    static const char interim[] = "HTTP/1.1 102 Wait\r\n";
    Answer a = {};
    size_t n = 0;

    while (answer_feed(&a, interim, strlen(interim)) && answer_feed(&a, "\r\n", 2))
        n++;
    assert_int_equal(a.state, ANSWER_TOO_LARGE);
    assert_int_equal(n, ANSWER_HEADER_MAX / (strlen(interim) + 2));
}

static void test_nothing_after_the_end(void **state)
{
    Answer a = feed("HTTP/1.1 200 OK\r\n\r\n");

    assert_false(answer_feed(&a, "HTTP/1.1 503 No\r\n", 17));
    assert_int_equal(a.state, ANSWER_COMPLETE);
    assert_int_equal(a.status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_status_lines),
            cmocka_unit_test(test_header_bound),
            cmocka_unit_test(test_interim_answers_count),
            cmocka_unit_test(test_nothing_after_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
