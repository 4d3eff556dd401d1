/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provision/reference.h"

#include "../base/cmocka-all.h"
#include "provision/failure.h"

#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_paths(void **state)
{
    static const struct {
        const char *text, *path, *sha256;
    } cases[] = {
            {"/m", "/m", ""},
            {"/a b#c%20?d", "/a b#c%20?d", ""},
            {"/m#sha256=" DIGEST, "/m", DIGEST},
            {"file:/m", "/m", ""},
            {"file:///m", "/m", ""},
            {"file://localhost/m", "/m", ""},
            {"FILE://LOCALHOST/m", "/m", ""},
            {"file:///%61%2520%23%3f", "/a%20#?", ""},
            {"file:///%C3%BC#sha256=" DIGEST, "/\303\274", DIGEST},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(reference_done) Reference reference = {0};
        Error error = {0};

        assert_int_equal(reference_parse(cases[i].text, &reference, &error), 0);
        assert_int_equal(reference.kind, REFERENCE_PATH);
        assert_string_equal(reference.path, cases[i].path);
        assert_string_equal(reference.sha256, cases[i].sha256);
    }
}

static void test_refused(void **state)
{
    static const char *const cases[] = {
            "",
            "m",
            "./m",
            "~/m",
            "/a/../m",
            "/m\x7f",
            "/\xff",
            "file:",
            "file:m",
            "file:////../m",
            "file://h/m",
            "file://h",
            "file:///m%",
            "file:///m%4",
            "file:///m%zz",
            "file:///%00",
            "file:///%0a",
            "file:///%ff",
            "file:///%2e%2e/m",
            "file:///m?q",
            "file:///m#f",
            "http:",
            "http:/h/m",
            "http://",
            "http://h:x/m",
            "http://h/m#",
            "ftp://h/m",
            "data:,GGUF",
            "http://h/\x01",
            "/m#sha256=",
            "/m#sha256=x",
            "/m#sha256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0",
            "http://h/m#sha256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad#",
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char before[] = "as it was";
        Reference reference = {.path = before};
        Error error = {0};

        if (reference_parse(cases[i], &reference, &error) >= 0)
            fail_msg("\"%s\" was taken", cases[i]);
        assert_int_equal(failure_exit_status(&error), 2);
        assert_ptr_equal(reference.path, before);
    }
}

static void test_addresses(void **state)
{
    static const struct {
        const char *text, *url, *shown, *tail;
        bool is_https;
    } cases[] = {
            {"http://h/m.gguf", "http://h/m.gguf", "http://h/m.gguf", "m.gguf", false},
            {"HTTPS://h:8/a/m.gguf?t=s#sha256=" DIGEST, "https://h:8/a/m.gguf?t=s",
             "https://h:8/a/m.gguf?...", "m.gguf", true},
            {"http://u:p@h/.m", "http://u:p@h/.m", "http://h/.m", "_m", false},
            {"http://[::1]:8/a%2fb", "http://[::1]:8/a%2fb", "http://[::1]:8/a%2fb", "a_2fb",
             false},
            {"http://h", "http://h/", "http://h/", "model", false},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(reference_done) Reference reference = {0};
        Error error = {0};

        assert_int_equal(reference_parse(cases[i].text, &reference, &error), 0);
        assert_int_equal(reference.kind, REFERENCE_WEB);
        assert_string_equal(reference.address.url, cases[i].url);
        assert_string_equal(reference.address.shown, cases[i].shown);
        assert_string_equal(reference.address.tail, cases[i].tail);
        assert_int_equal(reference.address.is_https, cases[i].is_https);
        assert_int_equal(strlen(reference.address.key), CACHE_KEY_HEX);
    }
}

static void read_key(const char *text, char ret[CACHE_KEY_HEX + 1])
{
    _cleanup_(reference_done) Reference reference = {0};

    assert_int_equal(reference_parse(text, &reference, NULL), 0);
    memcpy(ret, reference.address.key, CACHE_KEY_HEX + 1);
}

/* Who asks, and for which digest, makes no other address; a query does. */
static void test_keys(void **state)
{
    static const char pinned[] = "http://h/m#sha256=" DIGEST;
    static const char *const same[] = {"http://u@h/m", "http://u:p@h/m", "http://h:80/m", pinned};
    static const char *const others[] = {"https://h/m", "http://h/m?q", "http://h/M",
                                         "http://h:81/m", "http://g/m"};
    char key[CACHE_KEY_HEX + 1], other[CACHE_KEY_HEX + 1];

    read_key("http://h/m", key);
    for (size_t i = 0; i < ELEMENTSOF(same); i++) {
        read_key(same[i], other);
        assert_string_equal(other, key);
    }
    for (size_t i = 0; i < ELEMENTSOF(others); i++) {
        read_key(others[i], other);
        assert_string_not_equal(other, key);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_paths),
            cmocka_unit_test(test_refused),
            cmocka_unit_test(test_addresses),
            cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
