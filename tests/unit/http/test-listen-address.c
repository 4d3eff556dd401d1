/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#include "http/listen_address.h"

static void test_good(void **state)
{
    static const struct {
        const char *text, *again;
        bool local;
    } cases[] = {
            {"127.0.0.1:9200", "127.0.0.1:9200", true},
            {"localhost:1", "127.0.0.1:1", true},
            {"127.9.8.7:65535", "127.9.8.7:65535", true},
            {"0.0.0.0:9200", "0.0.0.0:9200", false},
            {"192.168.1.2:80", "192.168.1.2:80", false},
            {"[::1]:9200", "[::1]:9200", true},
            {"[::]:9200", "[::]:9200", false},
            {"[::ffff:127.0.0.1]:9200", "[::ffff:127.0.0.1]:9200", true},
            {"[::ffff:10.0.0.1]:9200", "[::ffff:10.0.0.1]:9200", false},
            {"[2001:db8:1:2:3:4:5:6]:9200", "[2001:db8:1:2:3:4:5:6]:9200", false},
            {"unix:/run/x y.sock", "unix:/run/x y.sock", true},
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char text[LISTEN_ADDRESS_TEXT_MAX];
        ListenAddress a;

        assert_int_equal(listen_address_parse(cases[i].text, &a, NULL), 0);
        assert_string_equal(listen_address_text(&a, text), cases[i].again);
        assert_int_equal(listen_address_is_local(&a), cases[i].local);
    }
}

static void test_bad(void **state)
{
    static const char *const cases[] = {
            "",
            ":",
            ":9200",
            "9200",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:0",
            "127.0.0.1:65536",
            "127.0.0.1:-1",
            "127.0.0.1:+1",
            "127.0.0.1: 1",
            "127.0.0.1:1 ",
            " 127.0.0.1:1",
            "127.0.0.1:0x50",
            "127.1:80",
            "256.0.0.1:80",
            "example.org:80",
            "LOCALHOST:80",
            "*:80",
            "::1:9200",
            "[::1]",
            "[::1]9200",
            "[::1:9200",
            "[]:9200",
            "[:9200",
            "]:9200",
            "[127.0.0.1]:9200",
            "[::1%lo]:9200",
            "[::1]]:9200",
            "unix:",
            "unix:relative",
            "unix:/",
            "unix:/a/../b",
            "unix:@abstract",
            "tcp://127.0.0.1:9200",
            "this.name.is.much.longer.than.any.address.can.ever.become.in.its.life:80",
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        Error error = {.code = PM_ERROR_NONE};
        ListenAddress a;

        if (listen_address_parse(cases[i], &a, &error) != -EINVAL)
            fail_msg("accepted: %s", cases[i]);
        assert_int_equal(error.code, PM_ERROR_INVALID_FIELD);
        assert_string_equal(error.field, "address");
        assert_non_null(strstr(error.text, cases[i]));
        assert_non_null(strstr(error.text, "unix:/path"));
    }
}

static void test_path_length(void **state)
{
    char text[256] = "unix:/";
    ListenAddress a;

    memset(text + 6, 'x', 106);
    text[6 + 106] = '\0';
    assert_int_equal(listen_address_parse(text, &a, NULL), 0);
    memset(text + 6, 'x', 107);
    text[6 + 107] = '\0';
    assert_int_equal(listen_address_parse(text, &a, NULL), -EINVAL);
}

static void test_open_tcp(void **state)
{
    char text[LISTEN_ADDRESS_TEXT_MAX];
    struct sockaddr_storage got;
    socklen_t length = sizeof(got);
    ListenAddress a;
    Error error = {.code = PM_ERROR_NONE};
    int first = -1, second = -1, probe;

    /* Any free port. */
    assert_int_equal(listen_address_parse("127.0.0.1:1", &a, NULL), 0);
    probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(probe >= 0);
    assert_int_equal(listen(probe, 1), 0);
    assert_int_equal(getsockname(probe, (struct sockaddr *)&got, &length), 0);
    assert_int_equal(listen_address_of_socket(probe, &a), 0);
    assert_false(listen_address_is_local(&a));
    assert_int_equal(listen_address_open(&a, &second, &error), -EADDRINUSE);
    assert_int_equal(second, -1);
    assert_non_null(strstr(error.text, listen_address_text(&a, text)));
    close(probe);
    assert_int_equal(listen_address_open(&a, &first, NULL), 0);
    assert_int_equal(listen_address_of_socket(first, &a), 0);
    close(first);
}

static ListenAddress make_path(char directory[64], const char *name)
{
    char text[128];
    ListenAddress a;

    (void)snprintf(directory, 64, "/tmp/test-listen-XXXXXX");
    assert_non_null(mkdtemp(directory));
    (void)snprintf(text, sizeof(text), "unix:%s/%s", directory, name);
    assert_int_equal(listen_address_parse(text, &a, NULL), 0);
    return a;
}

static const char *path_of(const ListenAddress *a)
{
    static struct sockaddr_un u;

    memcpy(&u, &a->address, sizeof(u));
    return u.sun_path;
}

static void test_open_unix(void **state)
{
    char directory[64];
    ListenAddress a = make_path(directory, "s");
    Error error = {.code = PM_ERROR_NONE};
    int first = -1, second = -1;
    struct stat st;

    (void)umask(0077);
    assert_int_equal(listen_address_open(&a, &first, NULL), 0);
    (void)umask(0022);
    assert_int_equal(stat(path_of(&a), &st), 0);
    assert_int_equal(st.st_mode, S_IFSOCK | 0660);
    assert_int_equal(listen_address_open(&a, &second, &error), -EADDRINUSE);
    assert_non_null(strstr(error.text, directory));
    /* Nobody listens any more: the file is stale. */
    close(first);
    assert_int_equal(listen_address_open(&a, &second, NULL), 0);
    close(second);
    assert_int_equal(unlink(path_of(&a)), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void test_open_unix_full_backlog(void **state)
{
    char directory[64];
    ListenAddress a = make_path(directory, "s");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), other = -1, clients[8];
    size_t n = 0;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a.address, a.length), 0);
    assert_int_equal(listen(fd, 0), 0);
    for (bool full = false; !full && n < ELEMENTSOF(clients); n++) {
        clients[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        full = connect(clients[n], (struct sockaddr *)&a.address, a.length) < 0;
    }
    assert_int_equal(listen_address_open(&a, &other, NULL), -EADDRINUSE);
    while (n > 0)
        close(clients[--n]);
    close(fd);
    assert_int_equal(unlink(path_of(&a)), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void test_open_unix_other_file(void **state)
{
    char directory[64];
    ListenAddress a = make_path(directory, "f");
    Error error = {.code = PM_ERROR_NONE};
    FILE *file = fopen(path_of(&a), "we");
    int fd = -1;

    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(listen_address_open(&a, &fd, &error), -EEXIST);
    assert_non_null(strstr(error.text, "no socket"));
    assert_int_equal(access(path_of(&a), F_OK), 0);
    assert_int_equal(unlink(path_of(&a)), 0);
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(listen_address_open(&a, &fd, &error), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_good),
            cmocka_unit_test(test_bad),
            cmocka_unit_test(test_path_length),
            cmocka_unit_test(test_open_tcp),
            cmocka_unit_test(test_open_unix),
            cmocka_unit_test(test_open_unix_full_backlog),
            cmocka_unit_test(test_open_unix_other_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
