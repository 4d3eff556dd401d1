/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-fixture.h"

#include <errno.h>
#include <stdio.h>

#include "../base/alloc-fixture.h"
#include "core/handoff.h"

static void test_new(void **state)
{
    Handoff *handoff = NULL;

    assert_int_equal(handoff_new(&handoff), 0);
    assert_null(handoff->url);
    assert_null(handoff->engine_version);
    assert_true(handoff->slots_total == SPEC_UNSET);
    assert_true(handoff->slots_free == SPEC_UNSET);
    assert_false(handoff->managed);
    assert_null(handoff_free(handoff));
    assert_null(handoff_free(NULL));
}

static void test_urls(void **state)
{
    static const struct {
        const char *url, *host;
        uint16_t port;
    } cases[] = {
            {"http://127.0.0.1:8080", "127.0.0.1", 8080},
            {"http://127.0.0.1:8080/", "127.0.0.1", 8080},
            {"http://127.0.0.1:8080/v1?a=b#c", "127.0.0.1", 8080},
            {"http://127.0.0.1", "127.0.0.1", 80},
            {"http://127.0.0.1/", "127.0.0.1", 80},
            {"http://127.0.0.1?a:b", "127.0.0.1", 80},
            {"http://127.0.0.1#a:b", "127.0.0.1", 80},
            {"http://localhost:1", "localhost", 1},
            {"http://engine-1.example_net.test:65535/x:y", "engine-1.example_net.test", 65535},
            {"http://[::1]:8080", "::1", 8080},
            {"http://[::1]", "::1", 80},
            {"http://[::1]/x]:9", "::1", 80},
            {"http://[fe80::1%eth0]:9000/", "fe80::1%eth0", 9000},
            {"http://[::ffff:127.0.0.1]:9000", "::ffff:127.0.0.1", 9000},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_(handoff_freep) Handoff *handoff = handoff_at("http://other:7");
        const char *expected;
        int r = handoff_set_url(handoff, cases[i].url, &expected);

        if (r != 0)
            fail_msg("%s: %d", cases[i].url, r);
        assert_string_equal(handoff->url, cases[i].url);
        assert_string_equal(handoff->host, cases[i].host);
        assert_int_equal(handoff->port, cases[i].port);
    }
}

static void assert_refused(const char *url)
{
    _cleanup_(handoff_freep) Handoff *handoff = handoff_at("http://other:7");
    const char *expected = NULL;
    int r = handoff_set_url(handoff, url, &expected);

    if (r != -EINVAL)
        fail_msg("\"%s\" is taken: host \"%s\", port %u", url, handoff->host,
                 (unsigned)handoff->port);
    assert_string_equal(expected, "must be a URL such as http://127.0.0.1:8080");
    assert_string_equal(handoff->url, "http://other:7");
    assert_string_equal(handoff->host, "other");
    assert_int_equal(handoff->port, 7);
}

static void test_bad_urls(void **state)
{
    static const char *const urls[] = {
            "",
            "http",
            "http:",
            "http:/",
            "http://",
            "http:///",
            "http:///path",
            "http://?",
            "http://#",
            "http:// ",
            "HTTP://127.0.0.1",
            "https://127.0.0.1",
            "unix:/run/x",
            "file:///etc/passwd",
            "127.0.0.1:8080",
            "//127.0.0.1:8080",
            " http://127.0.0.1",
            "http://127.0.0.1 ",
            "http://127.0.0.1:8080 ",
            "http://127.0.0.1:8080/a b",
            "http://127.0.0.1:8080/\n",
            "http://127.0.0.1\r\nHost: x",
            "http://127.0.0.1:8080/\x7f",
            "http://127.0.0.1:8080/\xc3\xa9",
            "http://\xc3\xa9",
            /* ports */
            "http://127.0.0.1:",
            "http://127.0.0.1:/",
            "http://127.0.0.1:0",
            "http://127.0.0.1:65536",
            "http://127.0.0.1:99999",
            "http://127.0.0.1:00080",
            "http://127.0.0.1:080800",
            "http://127.0.0.1:000080",
            "http://127.0.0.1:184467440737095516160",
            "http://127.0.0.1:+80",
            "http://127.0.0.1:-1",
            "http://127.0.0.1:0x50",
            "http://127.0.0.1:8o8",
            "http://127.0.0.1:80:80",
            "http://127.0.0.1:a",
            "http://127.0.0.1::8080",
            /* hosts */
            "http://:8080",
            "http://user@127.0.0.1",
            "http://user:secret@127.0.0.1:80",
            "http://127.0.0.1\\@other",
            "http://127.0.0.1%00",
            "http://a%20b",
            "http://a,b",
            "http://a;b",
            "http://a*b",
            "http://$HOME",
            "http://a'b",
            "http://\"a\"",
            "http://<a>",
            "http://a|b",
            "http://a&b",
            "http://(a)",
            "http://a=b",
            "http://a~b",
            /* brackets */
            "http://[",
            "http://[]",
            "http://[]:80",
            "http://[::1",
            "http://[::1/]",
            "http://::1",
            "http://::1]:80",
            "http://[::1]]",
            "http://[[::1]]",
            "http://[::1]80",
            "http://[::1]:",
            "http://[::1]:0",
            "http://[::1]a:80",
            "http://[::1:80",
            "http://[a b]:80",
            "http://[::1?]:80",
            "http://[\x01]:80",
            "http://a[::1]:80",
            "http://127.0.0.1[",
    };

    for (size_t i = 0; i < ELEMENTSOF(urls); i++)
        assert_refused(urls[i]);
}

/* No byte but those of a name, whatever it is, gets into the host. */
static void test_every_byte(void **state)
{
    static const char allowed[] =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

    for (int c = 1; c < 256; c++) {
        char url[] = "http://a?b:80/";

        url[8] = (char)c;
        if (strchr(allowed, c) || strchr("/?#", c))
            continue;
        if (c == ':') /* another port, which is none */
            continue;
        assert_refused(url);
    }
}

static void test_long_hosts(void **state)
{
    char url[300];
    _cleanup_(handoff_freep) Handoff *handoff = handoff_at("http://other:7");
    const char *expected;

    (void)snprintf(url, sizeof(url), "http://%0255d:80", 0);
    assert_int_equal(handoff_set_url(handoff, url, &expected), 0);
    assert_int_equal(strlen(handoff->host), 255);
    (void)snprintf(url, sizeof(url), "http://%0256d:80", 0);
    assert_refused(url);
}

static void test_out_of_memory(void **state)
{
    _cleanup_(handoff_freep) Handoff *handoff = handoff_at("http://other:7");
    const char *expected;
    int r;

    FOR_EACH_FAILED_ALLOCATION(r = handoff_set_url(handoff, "http://new:8", &expected), {
        assert_int_equal(r, -ENOMEM);
        assert_string_equal(handoff->url, "http://other:7");
        assert_string_equal(handoff->host, "other");
        assert_int_equal(handoff->port, 7);
    });
    assert_int_equal(r, 0);
    assert_string_equal(handoff->host, "new");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_new),        cmocka_unit_test(test_urls),
            cmocka_unit_test(test_bad_urls),   cmocka_unit_test(test_every_byte),
            cmocka_unit_test(test_long_hosts), cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
