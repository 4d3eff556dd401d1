/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/request.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poolmgr/limits.h>
#include <poolmgr/names.h>
#include <stdio.h>
#include <sys/socket.h>

/* Leaves with -ENOMEM, the only way in which an option that this libcurl knows fails. */
#define SET(easy, option, value)                               \
    do {                                                       \
        if (curl_easy_setopt(easy, option, value) != CURLE_OK) \
            return -ENOMEM;                                    \
    } while (false)

/* CURLOPT_HEADERFUNCTION: one line with its end. Anything but `n` ends the transfer. */
static size_t on_header_line(char *line, size_t size, size_t n, void *userdata)
{
    Progress *progress = userdata;

    return answer_feed(&progress->answer, line, size * n) ? size * n : 0;
}

/*
 * Whether this host has the address that a connection to ::1 comes from. Where it has not, trying
 * "localhost" there would hide what 127.0.0.1 says, which is what counts.
 */
static int check_ipv6_loopback(int fd, const struct curl_sockaddr *address)
{
    struct sockaddr_in6 sa = {};
    int on = 1;

    if (address->family != AF_INET6 || address->addrlen < sizeof(sa))
        return 0;
    memcpy(&sa, &address->addr, sizeof(sa));
    if (!IN6_IS_ADDR_LOOPBACK(&sa.sin6_addr))
        return 0;
    sa.sin6_port = 0;
    /* Leaves the choice of the port to connect(), which finds one more easily. */
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
        bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
        return -errno;
    return 0;
}

static int open_socket(const struct curl_sockaddr *address)
{
    _cleanup_close_ int fd = -1;
    int r;

    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return -errno;
    r = check_ipv6_loopback(fd, address);
    return r < 0 ? r : TAKE_FD(fd);
}

/* CURLOPT_OPENSOCKETFUNCTION: libcurl does not tell why it got no socket. */
static curl_socket_t on_open_socket(void *userdata, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    Progress *progress = userdata;
    int fd = open_socket(address);

    if (fd < 0)
        progress->socket_errno = -fd;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* CURLOPT_WRITEFUNCTION: a body is never wanted. */
static size_t on_body(char *data, size_t size, size_t n, void *userdata)
{
    return 0;
}

static int set_defaults(CURL *easy)
{
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_PROTOCOLS_STR, "http");
    SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    SET(easy, CURLOPT_PROXY, "");
    SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    SET(easy, CURLOPT_PATH_AS_IS, 1L);
    SET(easy, CURLOPT_USERAGENT, PM_DAEMON_NAME "/" PM_VERSION);
    /* A connection to the engine that was there before would say nothing about this one. */
    SET(easy, CURLOPT_FRESH_CONNECT, 1L);
    SET(easy, CURLOPT_FORBID_REUSE, 1L);
    /* Names are looked up in a thread; without this, giving up a try waits until the thread ends.
     */
    SET(easy, CURLOPT_QUICK_EXIT, 1L);
    SET(easy, CURLOPT_HEADERFUNCTION, on_header_line);
    SET(easy, CURLOPT_WRITEFUNCTION, on_body);
    SET(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    return 0;
}

int request_defaults_new(CURL **ret)
{
    _cleanup_(probe_request_freep) CURL *easy = NULL;
    int r;

    easy = curl_easy_init();
    if (!easy)
        return -ENOMEM;
    r = set_defaults(easy);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(easy);
    return 0;
}

static bool host_is_valid(const char *host)
{
    size_t n = strspn(host, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-_:%");

    if (n == 0 || n > PM_STRING_MAX || host[n] != '\0')
        return false;
    /* A percent sign only before the zone of an IPv6 address. */
    return !strchr(host, '%') || strchr(host, ':');
}

/* Visible ASCII only: what else there is must come percent-encoded. */
static bool path_is_valid(const char *path)
{
    size_t n = 0;

    while (path[n] > ' ' && path[n] <= '~')
        n++;
    return path[0] == '/' && path[n] == '\0' && n <= PM_STRING_MAX;
}

static int check_url(const char *url)
{
    CURLU *parsed = curl_url();
    CURLUcode code = CURLUE_OUT_OF_MEMORY;

    if (parsed)
        code = curl_url_set(parsed, CURLUPART_URL, url, CURLU_PATH_AS_IS);
    curl_url_cleanup(parsed);
    if (code == CURLUE_OUT_OF_MEMORY)
        return -ENOMEM;
    return code == CURLUE_OK ? 0 : -EINVAL;
}

static int make_url(const ProbeTarget *target, char **ret)
{
    _cleanup_free_ char *url = NULL;
    bool ipv6;
    int r;

    if (!host_is_valid(target->host) || target->port == 0 || !path_is_valid(target->path))
        return -EINVAL;
    ipv6 = strchr(target->host, ':');
    if (asprintf(&url, "http://%s%s%s:%u%s", ipv6 ? "[" : "", target->host, ipv6 ? "]" : "",
                 (unsigned)target->port, target->path) < 0) {
        url = NULL; /* undefined after a failure */
        return -ENOMEM;
    }
    r = check_url(url);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(url);
    return 0;
}

/* Milliseconds, rounded up; more than libcurl can count is as much as it can. */
static long timeout_ms(usec_t timeout_usec)
{
    usec_t ms = timeout_usec / USEC_PER_MSEC + (timeout_usec % USEC_PER_MSEC > 0);

    return ms > INT_MAX ? INT_MAX : (long)ms;
}

/* Whether libcurl knows the address of the host without a lookup. */
static bool is_known(const char *host)
{
    return strchr(host, ':') || host[strspn(host, "0123456789.")] == '\0' ||
           streq(host, "localhost");
}

static int set_target(CURL *easy, const ProbeTarget *target, Progress *progress, void *private)
{
    _cleanup_free_ char *url = NULL;
    int r;

    if (target->timeout_usec == 0)
        return -EINVAL;
    r = make_url(target, &url);
    if (r < 0)
        return r;
    SET(easy, CURLOPT_URL, url);
    /* Kept for a minute, for each port, the addresses would be gone through with each try. */
    if (is_known(target->host))
        SET(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    SET(easy, CURLOPT_TIMEOUT_MS, timeout_ms(target->timeout_usec));
    /* Connecting alone has a limit of its own, which is not meant to be lower. */
    SET(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms(target->timeout_usec));
    SET(easy, CURLOPT_HEADERDATA, progress);
    SET(easy, CURLOPT_OPENSOCKETDATA, progress);
    SET(easy, CURLOPT_PRIVATE, private);
    return 0;
}

int probe_request_new(CURL *defaults, const ProbeTarget *target, Progress *progress, void *private,
                      CURL **ret)
{
    _cleanup_(probe_request_freep) CURL *easy = NULL;
    int r;

    easy = curl_easy_duphandle(defaults);
    if (!easy)
        return -ENOMEM;
    r = set_target(easy, target, progress, private);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(easy);
    return 0;
}

CURL *probe_request_free(CURL *easy)
{
    curl_easy_cleanup(easy);
    return NULL;
}
