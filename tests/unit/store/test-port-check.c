/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/macros.h"
#include "store/port_check.h"

/* A listener on a port of its own, or -1 where the host has no such address. */
static int listen_on(const char *address, int option, uint16_t *ret_port)
{
    struct sockaddr_storage storage = {};
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&storage;
    socklen_t length = sizeof(storage);
    int fd, on = 1;

    if (inet_pton(AF_INET, address, &ipv4->sin_addr) == 1)
        ipv4->sin_family = AF_INET;
    else if (inet_pton(AF_INET6, address, &ipv6->sin6_addr) == 1)
        ipv6->sin6_family = AF_INET6;
    fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (option > 0)
        assert_return_code(setsockopt(fd, SOL_SOCKET, option, &on, sizeof(on)), errno);
    if (bind(fd, (struct sockaddr *)&storage, sizeof(storage)) < 0) {
        close(fd);
        return -1;
    }
    assert_return_code(listen(fd, 1), errno);
    assert_return_code(getsockname(fd, (struct sockaddr *)&storage, &length), errno);
    *ret_port = ntohs(ipv4->sin_port); /* at the same place in both */
    return fd;
}

/* Containers often have no IPv6, not even on loopback. */
static bool has_ipv6(void)
{
    uint16_t port;
    _cleanup_close_ int fd = listen_on("::1", 0, &port);

    return fd >= 0;
}

enum {
    TRIES = 20,
};

/*
 * `check` is taken while a listener is there and free once it is gone, in one try out of many:
 * another program may get the port in between.
 */
static void check_taken(const char *address, int option, const char *check)
{
    for (unsigned i = 0; i < TRIES; i++) {
        uint16_t port = 0;
        int fd = listen_on(address, option, &port);

        assert_return_code(fd, errno);
        if (port_check_free(check, port) != -EADDRINUSE)
            fail_msg("%s is not taken by %s", check, address);
        close(fd);
        if (port_check_free(check, port) == 0)
            return;
    }
    fail_msg("%s stays taken by %s", check, address);
}

static void test_taken(void **state)
{
    static const struct {
        const char *listen;
        int option;
        const char *check;
    } table[] = {
            {"127.0.0.1", 0, "127.0.0.1"},
            {"127.0.0.1", SO_REUSEADDR, "127.0.0.1"},
            /* Such listeners would let an engine in beside them, and share its requests. */
            {"127.0.0.1", SO_REUSEPORT, "127.0.0.1"},
            {"127.0.0.1", 0, "localhost"},
            {"127.0.0.1", 0, "LocalHost"},
            {"127.0.0.1", 0, "0.0.0.0"},
            {"0.0.0.0", 0, "127.0.0.1"},
            {"::1", 0, "::1"},
            {"::1", 0, "0:0::1"},
            {"::1", 0, "localhost"},
            {"::", 0, "::1"},
            {"::", 0, "127.0.0.1"}, /* dual stack */
            {"127.0.0.1", 0, "::"},
    };

    bool ipv6 = has_ipv6();

    for (size_t i = 0; i < ELEMENTSOF(table); i++)
        if (ipv6 || (!strchr(table[i].listen, ':') && !strchr(table[i].check, ':')))
            check_taken(table[i].listen, table[i].option, table[i].check);
}

/* Whether other addresses of a port that is taken are free. */
static bool try_other_addresses(void)
{
    uint16_t port = 0;
    int fd = listen_on("127.0.0.1", 0, &port), r;

    assert_return_code(fd, errno);
    r = port_check_free("127.0.0.2", port);
    if (r == 0)
        r = port_check_free("::1", port);
    close(fd);
    return r == 0;
}

static void test_other_addresses(void **state)
{
    unsigned i = 0;

    while (!try_other_addresses())
        assert_true(++i < TRIES);
}

/* Whether a port is free although a server that was stopped left its side of a connection there. */
static bool try_lingering_connection(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint16_t port = 0;
    int server = listen_on("127.0.0.1", SO_REUSEADDR, &port), client, accepted;
    char c;

    sa.sin_port = htons(port);
    client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(connect(client, (struct sockaddr *)&sa, sizeof(sa)), errno);
    accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    assert_return_code(accepted, errno);
    close(server);
    close(accepted); /* first, so this side is the one that lingers, for a minute */
    assert_int_equal(read(client, &c, 1), 0);
    close(client);
    return port_check_free("127.0.0.1", port) == 0;
}

static void test_lingering_connection(void **state)
{
    unsigned i = 0;

    while (!try_lingering_connection())
        assert_true(++i < TRIES);
}

static void test_cannot_tell(void **state)
{
    static const char *const hosts[] = {
            "",           "example.invalid", "[127.0.0.1]", "127.1",      "192.0.2.1",
            "fe80::1%lo", "2001:db8::1",     "localhost.x", "127.0.0.1 ", "not an address"};
    uint16_t port = 0;
    int fd = listen_on("127.0.0.1", 0, &port);

    assert_return_code(fd, errno);
    for (size_t i = 0; i < ELEMENTSOF(hosts); i++)
        if (port_check_free(hosts[i], port) != 0)
            fail_msg("%s", hosts[i]);
    assert_int_equal(port_check_free("127.0.0.1", 0), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_taken),
            cmocka_unit_test(test_other_addresses),
            cmocka_unit_test(test_lingering_connection),
            cmocka_unit_test(test_cannot_tell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
