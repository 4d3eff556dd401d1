/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/parse.h"
#include "http/listen_address.h"

/* The storage as what it holds; the memory is aligned for all of them. */
typedef union AnyAddress {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
} AnyAddress;

static AnyAddress get_address(const ListenAddress *a)
{
    AnyAddress u;

    u.storage = a->address;
    return u;
}

static int bad_address(const char *s, const char *why, Error *error)
{
    return error_set(error, PM_ERROR_INVALID_FIELD, "address",
                     "\"%s\" %s; use for example 127.0.0.1:9200, [::1]:9200 or unix:/path", s, why);
}

static int parse_unix(const char *s, const char *path, ListenAddress *ret, Error *error)
{
    AnyAddress u = {.un.sun_family = AF_UNIX};

    if (!path_is_absolute_and_plain(path) || path[1] == '\0')
        return bad_address(s, "needs an absolute path without \"..\" after unix:", error);
    if (strlen(path) >= sizeof(u.un.sun_path))
        return bad_address(s, "is too long a path for a socket: at most 107 bytes", error);
    memcpy(u.un.sun_path, path, strlen(path) + 1);
    ret->address = u.storage;
    ret->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
    return 0;
}

static int parse_host(const char *s, const char *host, bool brackets, uint16_t port,
                      ListenAddress *ret, Error *error)
{
    AnyAddress u = {.storage.ss_family = AF_UNSPEC};

    if (brackets) {
        if (inet_pton(AF_INET6, host, &u.in6.sin6_addr) != 1)
            return bad_address(s, "does not have an IPv6 address in its brackets", error);
        u.in6.sin6_family = AF_INET6;
        u.in6.sin6_port = htons(port);
        ret->length = sizeof(u.in6);
    } else {
        const char *numeric = streq(host, "localhost") ? "127.0.0.1" : host;

        if (strchr(host, ':'))
            return bad_address(s, "has an IPv6 address without brackets", error);
        if (inet_pton(AF_INET, numeric, &u.in.sin_addr) != 1)
            return bad_address(s, "does not have an IP address, and names are not looked up",
                               error);
        u.in.sin_family = AF_INET;
        u.in.sin_port = htons(port);
        ret->length = sizeof(u.in);
    }
    ret->address = u.storage;
    return 0;
}

int listen_address_parse(const char *s, ListenAddress *ret, Error *error)
{
    char host[INET6_ADDRSTRLEN + sizeof("[]")];
    const char *colon = strrchr(s, ':');
    bool brackets;
    uint64_t port;
    size_t n;

    if (startswith(s, "unix:"))
        return parse_unix(s, s + strlen("unix:"), ret, error);
    if (!colon || (s[0] == '[' && colon[-1] != ']'))
        return bad_address(s, "has no port", error);
    if (parse_u64(colon + 1, 1, UINT16_MAX, &port) < 0)
        return bad_address(s, "does not have a port from 1 to 65535", error);
    n = (size_t)(colon - s);
    if (n == 0)
        return bad_address(s, "has no host (0.0.0.0 or [::] is every address)", error);
    if (n >= sizeof(host))
        return bad_address(s, "does not have an IP address, and names are not looked up", error);
    brackets = s[0] == '[';
    (void)snprintf(host, sizeof(host), "%.*s", (int)(brackets ? n - 2 : n), s + brackets);
    return parse_host(s, host, brackets, (uint16_t)port, ret, error);
}

int listen_address_of_socket(int fd, ListenAddress *ret)
{
    AnyAddress u = {.storage.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(u);

    if (getsockname(fd, &u.any, &length) < 0)
        return -errno;
    if (u.any.sa_family != AF_INET && u.any.sa_family != AF_INET6 && u.any.sa_family != AF_UNIX)
        return -EINVAL;
    ret->address = u.storage;
    ret->length = length;
    return 0;
}

/* Whether somebody accepts connections there. */
static bool is_served(const AnyAddress *u, socklen_t length)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    /* EAGAIN: its backlog is full, so there is one. Whatever else fails is no proof of absence. */
    return fd < 0 || connect(fd, &u->any, length) == 0 ||
           (errno != ECONNREFUSED && errno != ENOENT);
}

/* Removes a socket file that nobody serves any more. */
static int remove_stale(const AnyAddress *u, socklen_t length)
{
    struct stat st;

    if (lstat(u->un.sun_path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    if (is_served(u, length))
        return -EADDRINUSE;
    return unlink(u->un.sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int bind_unix(int fd, const AnyAddress *u, socklen_t length)
{
    int r = remove_stale(u, length);

    if (r < 0)
        return r;
    /* The file is born with the mode of the socket, less the umask: at no time is it wider. */
    if (fchmod(fd, 0660) < 0 || bind(fd, &u->any, length) < 0)
        return -errno;
    return chmod(u->un.sun_path, 0660) < 0 ? -errno : 0;
}

static int bind_inet(int fd, const AnyAddress *u, socklen_t length)
{
    int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        return -errno;
    return bind(fd, &u->any, length) < 0 ? -errno : 0;
}

static int open_failed(const ListenAddress *a, int r, Error *error)
{
    char text[LISTEN_ADDRESS_TEXT_MAX];

    listen_address_text(a, text);
    if (r == -EADDRINUSE)
        (void)error_set(error, PM_ERROR_UNAVAILABLE, "address",
                        "cannot listen on %s: another program does; stop it or choose another "
                        "address",
                        text);
    else if (r == -EEXIST)
        (void)error_set(error, PM_ERROR_UNAVAILABLE, "address",
                        "cannot listen on %s: a file that is no socket is there; remove it or "
                        "choose another path",
                        text);
    else
        (void)error_set(error, PM_ERROR_UNAVAILABLE, "address", "cannot listen on %s: %s", text,
                        strerror(-r));
    return r;
}

int listen_address_open(const ListenAddress *a, int *ret_fd, Error *error)
{
    _cleanup_close_ int fd = -1;
    AnyAddress u = get_address(a);
    int r;

    fd = socket(u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return open_failed(a, -errno, error);
    r = u.any.sa_family == AF_UNIX ? bind_unix(fd, &u, a->length) : bind_inet(fd, &u, a->length);
    if (r >= 0 && listen(fd, SOMAXCONN) < 0)
        r = -errno;
    if (r < 0)
        return open_failed(a, r, error);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

bool listen_address_is_local(const ListenAddress *a)
{
    AnyAddress u = get_address(a);

    switch (u.any.sa_family) {
    case AF_UNIX:
        return true;
    case AF_INET:
        return ntohl(u.in.sin_addr.s_addr) >> 24 == 127;
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&u.in6.sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&u.in6.sin6_addr) && u.in6.sin6_addr.s6_addr[12] == 127);
    default:
        return false;
    }
}

const char *listen_address_text(const ListenAddress *a, char buffer[LISTEN_ADDRESS_TEXT_MAX])
{
    AnyAddress u = get_address(a);
    char host[INET6_ADDRSTRLEN];

    switch (u.any.sa_family) {
    case AF_UNIX:
        (void)snprintf(buffer, LISTEN_ADDRESS_TEXT_MAX, "unix:%s", u.un.sun_path);
        break;
    case AF_INET:
        (void)snprintf(buffer, LISTEN_ADDRESS_TEXT_MAX, "%s:%u",
                       inet_ntop(AF_INET, &u.in.sin_addr, host, sizeof(host)),
                       ntohs(u.in.sin_port));
        break;
    case AF_INET6:
        (void)snprintf(buffer, LISTEN_ADDRESS_TEXT_MAX, "[%s]:%u",
                       inet_ntop(AF_INET6, &u.in6.sin6_addr, host, sizeof(host)),
                       ntohs(u.in6.sin6_port));
        break;
    default:
        (void)snprintf(buffer, LISTEN_ADDRESS_TEXT_MAX, "?");
    }
    return buffer;
}
