/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "daemon/listen.h"
#include "http/listen_address.h"

static int check_reach(const ListenAddress *address, bool has_token, Error *error)
{
    char text[LISTEN_ADDRESS_TEXT_MAX];

    if (has_token || listen_address_is_local(address))
        return 0;
    return error_set(error, PM_ERROR_INVALID_FIELD, "address",
                     "%s: others than this host could start programs here: set "
                     "LLORCH_API_TOKEN, or listen on loopback or a unix socket",
                     listen_address_text(address, text));
}

int listen_check(const char *listen, bool has_token, Error *error)
{
    _cleanup_free_ char *addresses = strdup(listen);
    char *save = NULL;
    int r = 0;

    if (!addresses)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    for (char *a = strtok_r(addresses, " ", &save); a && r >= 0; a = strtok_r(NULL, " ", &save)) {
        ListenAddress address;

        r = listen_address_parse(a, &address, error);
        if (r >= 0)
            r = check_reach(&address, has_token, error);
    }
    return r;
}

static int listen_on(HttpServer *server, const char *text, Error *error)
{
    _cleanup_close_ int fd = -1;
    ListenAddress address;
    int r = listen_address_parse(text, &address, error);

    if (r >= 0)
        r = listen_address_open(&address, &fd, error);
    if (r < 0)
        return r;
    r = http_server_listen(server, fd);
    if (r < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "%s: cannot be served: %s", text,
                         strerror(-r));
    fd = -1;
    return 0;
}

static int listen_handed_over(HttpServer *server, int fd, bool has_token, Error *error)
{
    ListenAddress address;
    int r = listen_address_of_socket(fd, &address);

    if (r >= 0) {
        r = check_reach(&address, has_token, error);
        if (r < 0)
            return r;
        r = http_server_listen(server, fd);
    }
    if (r < 0)
        return error_set(error, PM_ERROR_INTERNAL, NULL,
                         "socket %d of the socket unit cannot be served: %s", fd, strerror(-r));
    return 0;
}

static int listen_activated(HttpServer *server, int n, bool has_token, Error *error)
{
    int r = 0;

    for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n && r >= 0; fd++)
        r = listen_handed_over(server, fd, has_token, error);
    return r;
}

int listen_own(HttpServer *server, const char *runtime_directory, Error *error)
{
    _cleanup_free_ char *own = NULL;

    if (asprintf(&own, "unix:%s/http.sock", runtime_directory) < 0) {
        own = NULL; /* undefined after a failure */
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    }
    return listen_on(server, own, error);
}

int listen_all(HttpServer *server, const char *listen, const char *runtime_directory,
               bool has_token, Error *error)
{
    _cleanup_free_ char *addresses = strdup(listen);
    char *save = NULL;
    int n = sd_listen_fds(1), r = 0;

    if (n > 0)
        return listen_activated(server, n, has_token, error);
    if (!addresses)
        return error_set(error, PM_ERROR_INTERNAL, NULL, "out of memory");
    for (char *a = strtok_r(addresses, " ", &save); a && r >= 0; a = strtok_r(NULL, " ", &save))
        r = listen_on(server, a, error);
    return r < 0 ? r : listen_own(server, runtime_directory, error);
}
