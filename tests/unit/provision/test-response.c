/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/response.h"

#include <stdio.h>

#include "../base/cmocka-all.h"
#include "provision/failure.h"

#define NONE RECORD_UNKNOWN

static ResponseVerdict judge(const Response *response, const Asked *asked, uint64_t *ret_total)
{
    Error error = {0};
    ResponseVerdict verdict = response_judge(response, asked, ret_total, &error);

    assert_int_equal(error_is_set(&error), verdict == RESPONSE_FAILED);
    return verdict;
}

static void test_whole(void **state)
{
    static const struct {
        uint64_t length;
        bool end_is_marked, digest_known;
        ResponseVerdict verdict;
    } cases[] = {
            {10, false, false, RESPONSE_WHOLE},  {NONE, true, false, RESPONSE_WHOLE},
            {NONE, false, true, RESPONSE_WHOLE}, {NONE, false, false, RESPONSE_FAILED},
            {0, false, false, RESPONSE_WHOLE},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        const PartRecord part = {.total = 99};
        const Response response = {.status = 200,
                                   .content_length = cases[i].length,
                                   .end_is_marked = cases[i].end_is_marked};
        const Asked asked = {.shown = "http://h/m",
                             .offset = i % 2 ? 5 : 0,
                             .part = &part,
                             .digest_known = cases[i].digest_known};
        uint64_t total = 7;

        assert_int_equal(judge(&response, &asked, &total), cases[i].verdict);
        assert_true(total == (cases[i].verdict == RESPONSE_WHOLE ? cases[i].length : 7));
    }
}

static void test_part(void **state)
{
    static const struct {
        const char *range, *etag, *day;
        ResponseVerdict verdict;
    } cases[] = {
            {"bytes 5-9/10", "", "", RESPONSE_CONTINUES},
            {"bytes 5-9/10", "\"1\"", "today", RESPONSE_CONTINUES},
            {"Bytes 5-9/*", "", "", RESPONSE_CONTINUES},
            {"bytes 5-9/10", "\"2\"", "", RESPONSE_RESTART},
            {"bytes 5-9/10", "", "tomorrow", RESPONSE_RESTART},
            {"bytes 5-9/11", "", "", RESPONSE_RESTART},
            {"bytes 4-9/10", "", "", RESPONSE_RESTART},
            {"bytes 6-9/10", "", "", RESPONSE_RESTART},
            {"bytes */10", "", "", RESPONSE_RESTART},
            {"bytes -5/10", "", "", RESPONSE_RESTART},
            {"bytes 5-9", "", "", RESPONSE_RESTART},
            {"bytes 5-9/", "", "", RESPONSE_RESTART},
            {"bytes 5-9/-1", "", "", RESPONSE_RESTART},
            {"bytes 5-9/99999999999999999999", "", "", RESPONSE_RESTART},
            {"bytes 00000000000000000000000005-9/10", "", "", RESPONSE_RESTART},
            {"bytes 0000000000000000000000000000000000000000000000000000005-9/10", "", "",
             RESPONSE_RESTART},
            {"bytes", "", "", RESPONSE_RESTART},
            {"lines 5-9/10", "", "", RESPONSE_RESTART},
            {"", "", "", RESPONSE_RESTART},
            {NULL, "", "", RESPONSE_RESTART},
    };
    const PartRecord part = {.validators = {"\"1\"", "today"}, .total = 10};
    const Asked asked = {.shown = "http://h/m", .offset = 5, .part = &part};

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Response response = {.status = 206, .content_range = cases[i].range};
        uint64_t total = 7;

        (void)snprintf(response.validators.etag, VALIDATOR_MAX, "%s", cases[i].etag);
        (void)snprintf(response.validators.last_modified, VALIDATOR_MAX, "%s", cases[i].day);
        if (judge(&response, &asked, &total) != cases[i].verdict)
            fail_msg("Content-Range \"%s\" was judged wrongly", cases[i].range);
        assert_int_equal(total, cases[i].verdict == RESPONSE_CONTINUES ? 10 : 7);
    }
}

static void test_part_not_asked_for(void **state)
{
    const Response response = {.status = 206, .content_range = "bytes 0-9/10"};
    uint64_t total;

    assert_int_equal(judge(&response, &(Asked){.shown = ""}, &total), RESPONSE_FAILED);
}

static void test_nothing_missing(void **state)
{
    const PartRecord part = {.total = NONE};
    const Asked asked = {.shown = "", .offset = 10, .part = &part};
    Response response = {.status = 416, .content_range = "bytes */10"};
    uint64_t total;

    assert_int_equal(judge(&response, &asked, &total), RESPONSE_COMPLETE);
    response.content_range = "bytes */9";
    assert_int_equal(judge(&response, &asked, &total), RESPONSE_RESTART);
    response.content_range = NULL;
    assert_int_equal(judge(&response, &asked, &total), RESPONSE_RESTART);
    assert_int_equal(judge(&response, &(Asked){.shown = ""}, &total), RESPONSE_FAILED);
}

static void test_unchanged(void **state)
{
    const Response response = {.status = 304};
    uint64_t total;

    assert_int_equal(judge(&response, &(Asked){.shown = "", .unless_unchanged = true}, &total),
                     RESPONSE_UNCHANGED);
    assert_int_equal(judge(&response, &(Asked){.shown = ""}, &total), RESPONSE_FAILED);
}

/* Which refusals may be gone later. */
static void test_refusals(void **state)
{
    static const int temporary[] = {408, 425, 429, 500, 502, 503, 504, 507, 520, 599};

    for (int status = 100; status < 700; status++) {
        const Response response = {.status = status};
        bool expected = false;
        Error error = {0};
        uint64_t total;

        if (status == 200 || status >= 600)
            continue;
        for (size_t i = 0; i < ELEMENTSOF(temporary); i++)
            expected = expected || temporary[i] == status;
        if (status > 504 && status != 505)
            expected = true;
        assert_int_equal(response_judge(&response, &(Asked){.shown = "http://h/m"}, &total, &error),
                         RESPONSE_FAILED);
        assert_int_equal(failure_exit_status(&error), expected ? 75 : 1);
        assert_non_null(strstr(error.text, "http://h/m"));
    }
}

static void test_strong_validators(void **state)
{
    assert_null(validators_strong(&(Validators){"", ""}));
    assert_null(validators_strong(&(Validators){"W/\"1\"", ""}));
    assert_string_equal(validators_strong(&(Validators){"\"1\"", "today"}), "\"1\"");
    assert_string_equal(validators_strong(&(Validators){"W/\"1\"", "today"}), "today");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_whole),
            cmocka_unit_test(test_part),
            cmocka_unit_test(test_part_not_asked_for),
            cmocka_unit_test(test_nothing_missing),
            cmocka_unit_test(test_unchanged),
            cmocka_unit_test(test_refusals),
            cmocka_unit_test(test_strong_validators),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
