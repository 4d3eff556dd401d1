/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/port_check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/macros.h"

/* With SO_REUSEADDR a listener is in the way, a connection that lingers in TIME_WAIT is not. */
static int try_bind(const struct sockaddr *address, socklen_t length)
{
    _cleanup_close_ int fd = -1;
    int on = 1;

    fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        return 0;
    return bind(fd, address, length) < 0 && errno == EADDRINUSE ? -EADDRINUSE : 0;
}

static int try_ipv4(struct in_addr address, uint16_t port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};

    return try_bind((const struct sockaddr *)&sa, sizeof(sa));
}

static int try_ipv6(struct in6_addr address, uint16_t port)
{
    struct sockaddr_in6 sa = {
            .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = address};

    return try_bind((const struct sockaddr *)&sa, sizeof(sa));
}

static uint16_t bound_port(const struct sockaddr *address, socklen_t length)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } got = {.ipv6 = {.sin6_port = 0}};
    socklen_t got_length = sizeof(got);
    _cleanup_close_ int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, address, length) < 0 || getsockname(fd, &got.any, &got_length) < 0)
        return 0;
    return ntohs(got.any.sa_family == AF_INET6 ? got.ipv6.sin6_port : got.ipv4.sin_port);
}

uint16_t port_find_free(const char *host)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 sa6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET6, host, &sa6.sin6_addr) == 1)
        return bound_port((const struct sockaddr *)&sa6, sizeof(sa6));
    if (strcasecmp(host, "localhost") != 0 && inet_pton(AF_INET, host, &sa.sin_addr) != 1)
        return 0;
    return bound_port((const struct sockaddr *)&sa, sizeof(sa));
}

int port_check_free(const char *host, uint16_t port)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (port == 0)
        return 0;
    if (strcasecmp(host, "localhost") == 0) {
        int r = try_ipv4((struct in_addr){htonl(INADDR_LOOPBACK)}, port);

        return r < 0 ? r : try_ipv6(in6addr_loopback, port);
    }
    if (inet_pton(AF_INET, host, &ipv4) == 1)
        return try_ipv4(ipv4, port);
    if (inet_pton(AF_INET6, host, &ipv6) == 1)
        return try_ipv6(ipv6, port);
    return 0;
}
