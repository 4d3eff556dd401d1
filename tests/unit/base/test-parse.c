/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmocka-all.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poolmgr/limits.h>

#include "base/parse.h"

static const uint64_t UNTOUCHED = 0x123456789abcdef;

static void test_u64(void **state)
{
    static const struct {
        const char *text;
        uint64_t min, max;
        int result;
        uint64_t value;
    } cases[] = {
            {"0", 0, UINT64_MAX, 0, 0},
            {"7", 0, UINT64_MAX, 0, 7},
            {"18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX},
            {"18446744073709551616", 0, UINT64_MAX, -ERANGE, 0},
            {"18446744073709551620", 0, UINT64_MAX, -ERANGE, 0},
            {"99999999999999999999999999", 0, UINT64_MAX, -ERANGE, 0},
            {"1", 1, 65535, 0, 1},
            {"65535", 1, 65535, 0, 65535},
            {"0", 1, 65535, -ERANGE, 0},
            {"65536", 1, 65535, -ERANGE, 0},
            {"", 0, UINT64_MAX, -EINVAL, 0},
            {"00", 0, UINT64_MAX, -EINVAL, 0},
            {"07", 0, UINT64_MAX, -EINVAL, 0},
            {"+7", 0, UINT64_MAX, -EINVAL, 0},
            {"-7", 0, UINT64_MAX, -EINVAL, 0},
            {" 7", 0, UINT64_MAX, -EINVAL, 0},
            {"7 ", 0, UINT64_MAX, -EINVAL, 0},
            {"7\n", 0, UINT64_MAX, -EINVAL, 0},
            {"7.0", 0, UINT64_MAX, -EINVAL, 0},
            {"0x7", 0, UINT64_MAX, -EINVAL, 0},
            {"7e2", 0, UINT64_MAX, -EINVAL, 0},
            {"\xd9\xa7", 0, UINT64_MAX, -EINVAL, 0}, /* a digit, but not one of ours */
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        uint64_t value = UNTOUCHED;
        int r = parse_u64(cases[i].text, cases[i].min, cases[i].max, &value);

        if (r != cases[i].result || value != (r < 0 ? UNTOUCHED : cases[i].value))
            fail_msg("\"%s\": %d, %" PRIu64, cases[i].text, r, value);
    }
}

static void test_bool(void **state)
{
    static const struct {
        const char *text;
        int result;
        bool value;
    } cases[] = {
            {"yes", 0, true},        {"true", 0, true},      {"on", 0, true},
            {"1", 0, true},          {"no", 0, false},       {"false", 0, false},
            {"off", 0, false},       {"0", 0, false},        {"Yes", 0, true},
            {"OFF", 0, false},       {"tRuE", 0, true},      {"", -EINVAL, false},
            {"y", -EINVAL, false},   {"2", -EINVAL, false},  {"yes ", -EINVAL, false},
            {" no", -EINVAL, false}, {"01", -EINVAL, false},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        for (int before = 0; before < 2; before++) {
            bool value = before;
            int r = parse_bool(cases[i].text, &value);

            if (r != cases[i].result || value != (r < 0 ? (bool)before : cases[i].value))
                fail_msg("\"%s\": %d, %d", cases[i].text, r, value);
        }
    }
}

static const struct {
    const char *text;
    int result;
    usec_t usec;
} spans[] = {
        {"0", 0, 0},
        {"5", 0, 5 * USEC_PER_SEC},
        {"007", 0, 7 * USEC_PER_SEC},
        {"1us", 0, 1},
        {"1usec", 0, 1},
        {"500ms", 0, 500 * USEC_PER_MSEC},
        {"500msec", 0, 500 * USEC_PER_MSEC},
        {"2s", 0, 2 * USEC_PER_SEC},
        {"2sec", 0, 2 * USEC_PER_SEC},
        {"1second", 0, USEC_PER_SEC},
        {"2 seconds", 0, 2 * USEC_PER_SEC},
        {"2m", 0, 2 * USEC_PER_MINUTE},
        {"2min", 0, 2 * USEC_PER_MINUTE},
        {"1minute", 0, USEC_PER_MINUTE},
        {"2 minutes", 0, 2 * USEC_PER_MINUTE},
        {"2h", 0, 120 * USEC_PER_MINUTE},
        {"2hr", 0, 120 * USEC_PER_MINUTE},
        {"1hour", 0, 60 * USEC_PER_MINUTE},
        {"2hours", 0, 120 * USEC_PER_MINUTE},
        {"1d", 0, 1440 * USEC_PER_MINUTE},
        {"1day", 0, 1440 * USEC_PER_MINUTE},
        {"2days", 0, 2880 * USEC_PER_MINUTE},
        {"1min 30s", 0, 90 * USEC_PER_SEC},
        {"1min30s", 0, 90 * USEC_PER_SEC},
        {"1 min  30 s", 0, 90 * USEC_PER_SEC},
        {"1min 30", 0, 90 * USEC_PER_SEC},
        {"5 5", 0, 10 * USEC_PER_SEC}, /* as systemd-analyze timespan reads it */
        {"0.5s", 0, 500 * USEC_PER_MSEC},
        {".5s", 0, 500 * USEC_PER_MSEC},
        {"1.5", 0, 1500 * USEC_PER_MSEC},
        {"1.5ms", 0, 1500},
        {"0.000001s", 0, 1},
        {"0.0000019s", 0, 1}, /* less than a microsecond is dropped */
        {"0.999999d", 0, 86399913600},
        {"infinity", 0, USEC_INFINITY},
        {"9223372036854s", 0, 9223372036854 * USEC_PER_SEC},
        {"9223372036855s", -ERANGE, 0},
        {"9223372036854s 1s", -ERANGE, 0},
        {"106751991d", 0, 106751991ULL * 1440 * USEC_PER_MINUTE},
        {"106751992d", -ERANGE, 0},
        {"99999999999999999999", -ERANGE, 0},
        {"99999999999999999999999us", -ERANGE, 0},
        {"", -EINVAL, 0},
        {" ", -EINVAL, 0},
        {" 5s", -EINVAL, 0},
        {"5s ", -EINVAL, 0},
        {"5 ", -EINVAL, 0},
        {"5\n", -EINVAL, 0},
        {"-5", -EINVAL, 0},
        {"+5", -EINVAL, 0},
        {".", -EINVAL, 0},
        {".s", -EINVAL, 0},
        {"s", -EINVAL, 0},
        {"5 parsecs", -EINVAL, 0},
        {"5S", -EINVAL, 0},
        {"5sm", -EINVAL, 0},
        {"5,5", -EINVAL, 0},
        {"1.5.5", -EINVAL, 0},
        {"1..5", -EINVAL, 0},
        {"1min, 30s", -EINVAL, 0},
        {"Infinity", -EINVAL, 0},
        {"infinity ", -EINVAL, 0},
        {"1 infinity", -EINVAL, 0},
        {"0x10", -EINVAL, 0},
        {"1e3", -EINVAL, 0},
};

static void test_span(void **state)
{
    for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
        usec_t usec = UNTOUCHED;
        int r = parse_span(spans[i].text, &usec);

        if (r != spans[i].result || usec != (r < 0 ? UNTOUCHED : spans[i].usec))
            fail_msg("\"%s\": %d, %" PRIu64, spans[i].text, r, usec);
    }
}

static void test_id(void **state)
{
    char id[PM_ID_MAX + 2] = "";

    assert_false(id_is_valid(NULL));
    assert_false(id_is_valid(""));
    for (int c = 1; c < 256; c++) {
        bool alphanumeric = c < 128 && isalnum(c);

        (void)memcpy(id, (char[]){(char)c, 0}, 2);
        assert_true(id_is_valid(id) == alphanumeric);
        (void)memcpy(id, (char[]){'a', (char)c, 'b', 0}, 4);
        assert_true(id_is_valid(id) == (alphanumeric || c == '.' || c == '_' || c == '-'));
    }

    memset(id, 'x', PM_ID_MAX);
    id[PM_ID_MAX] = '\0';
    assert_true(id_is_valid(id));
    id[PM_ID_MAX] = 'x';
    assert_false(id_is_valid(id));
}

static void test_utf8_examples(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool valid;
    } cases[] = {
            {"", 0, true},
            {"abc", 3, true},
            {"a\0b", 3, false},
            {"\xc3\xa9", 2, true},
            {"\xc3", 1, false},
            {"\xc3\xa9\xc3", 3, false},
            {"\xc3z", 2, false},
            {"\x80", 1, false},
            {"a\xbf", 2, false},
            {"\xc0\x80", 2, false},         /* U+0000 in two bytes */
            {"\xc1\xbf", 2, false},         /* U+007F in two */
            {"\xe0\x9f\xbf", 3, false},     /* U+07FF in three */
            {"\xf0\x8f\xbf\xbf", 4, false}, /* U+FFFF in four */
            {"\xed\x9f\xbf", 3, true},      /* U+D7FF */
            {"\xed\xa0\x80", 3, false},     /* U+D800, a surrogate */
            {"\xed\xbf\xbf", 3, false},     /* U+DFFF, the last one */
            {"\xee\x80\x80", 3, true},      /* U+E000 */
            {"\xf4\x8f\xbf\xbf", 4, true},  /* U+10FFFF */
            {"\xf4\x90\x80\x80", 4, false}, /* U+110000 */
            {"\xf5\x80\x80\x80", 4, false},
            {"\xf8\x88\x80\x80\x80", 5, false},
            {"\xff", 1, false},
            {"\xfe", 1, false},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *exact = copy_exactly(cases[i].bytes, cases[i].n);

        if (utf8_is_valid(exact, cases[i].n) != cases[i].valid)
            fail_msg("case %zu", i);
    }
}

/* RFC 3629. Returns how many bytes it took. */
static size_t utf8_encode(uint32_t c, char bytes[static 4])
{
    if (c < 0x80) {
        bytes[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        bytes[0] = (char)(0xc0 | c >> 6);
        bytes[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        bytes[0] = (char)(0xe0 | c >> 12);
        bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    bytes[0] = (char)(0xf0 | c >> 18);
    bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
    bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
    bytes[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static void test_utf8_every_character(void **state)
{
    for (uint32_t c = 1; c < 0x120000; c++) {
        char bytes[4];
        size_t n = utf8_encode(c, bytes);
        bool valid = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

        if (utf8_is_valid(bytes, n) != valid)
            fail_msg("U+%04" PRIX32, c);
        for (size_t cut = 1; cut < n; cut++)
            if (utf8_is_valid(bytes, cut))
                fail_msg("U+%04" PRIX32 " cut to %zu", c, cut);
    }
}

static void test_utf8_repair(void **state)
{
    static const struct {
        const char *text, *repaired;
    } cases[] = {
            {"", ""},
            {"abc", "abc"},
            {"a\xc3\xa9", "a\xc3\xa9"},
            {"a\xc3", "a"},
            {"\xf0\x9f\x98", ""},
            {"a\xf0\x9f\x98\x80\xf0\x9f\x98", "a\xf0\x9f\x98\x80"},
            {"a\x80z", "a?z"},
            {"\xff", "?"},
            {"\xe2\x82z\xe2\x82", "??z"},
            {"\xed\xa0\x80", "???"},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *s = copy_exactly(cases[i].text, strlen(cases[i].text) + 1);

        utf8_repair(s);
        assert_string_equal(s, cases[i].repaired);
    }
}

static void test_path(void **state)
{
    static const struct {
        const char *path;
        bool good;
    } cases[] = {
            {"/", true},         {"/a", true},     {"/a/b.c", true},   {"//a//", true},
            {"/a/./b", true},    {"/a/...", true}, {"/..a", true},     {"/a../b", true},
            {"/.../..b", true},  {"", false},      {"a", false},       {"./a", false},
            {"../a", false},     {"/..", false},   {"/../", false},    {"/a/..", false},
            {"/a/../b", false},  {"//..", false},  {"/..a/..", false}, {"/.../..", false},
            {"/..../..", false},
    };
    char path[PATH_MAX + 1];

    for (size_t i = 0; i < ELEMENTSOF(cases); i++)
        if (path_is_absolute_and_plain(cases[i].path) != cases[i].good)
            fail_msg("\"%s\"", cases[i].path);

    memset(path, '/', sizeof(path));
    path[PATH_MAX - 1] = '\0';
    assert_true(path_is_absolute_and_plain(path));
    path[PATH_MAX - 1] = '/';
    path[PATH_MAX] = '\0';
    assert_false(path_is_absolute_and_plain(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_u64),           cmocka_unit_test(test_bool),
            cmocka_unit_test(test_span),          cmocka_unit_test(test_id),
            cmocka_unit_test(test_utf8_examples), cmocka_unit_test(test_utf8_every_character),
            cmocka_unit_test(test_utf8_repair),   cmocka_unit_test(test_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
