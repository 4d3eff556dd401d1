/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/error.h"

/* Where to listen, and the sockets for it. */
typedef struct ListenAddress {
    struct sockaddr_storage address; /* AF_INET, AF_INET6 or AF_UNIX */
    socklen_t length;
} ListenAddress;

/*
 * Reads "127.0.0.1:9200", "[::1]:9200", "localhost:9200" (which is 127.0.0.1) or "unix:/path". The
 * port is 1 to 65535; the path is absolute and fits a socket's address (107 bytes). Other names are
 * refused: what they resolve to may change, and resolving blocks. Returns 0, or -EINVAL with
 * `error` (PM_ERROR_INVALID_FIELD, field "address") set.
 */
int listen_address_parse(const char *s, ListenAddress *ret, Error *error);

/* The address that `fd`, of whatever origin, is bound to. Returns 0, -EINVAL for a family that is
 * none of the above, or what getsockname(2) answers. */
int listen_address_of_socket(int fd, ListenAddress *ret);

/*
 * Opens a listening socket there: non-blocking, close-on-exec, with the longest backlog. A socket
 * file is made with mode 0660; one that is there already is replaced when nobody listens on it any
 * more, any other file is not touched. Returns 0, or negative errno with `error` set: -EADDRINUSE
 * when somebody else listens there, -EEXIST for a file that is no socket.
 */
int listen_address_open(const ListenAddress *a, int *ret_fd, Error *error);

/* Whether only this host can reach it: loopback or a Unix socket. */
bool listen_address_is_local(const ListenAddress *a);

enum {
    LISTEN_ADDRESS_TEXT_MAX = 128, /* bytes, the NUL included */
};

/* As listen_address_parse() reads it. Returns `buffer`. */
const char *listen_address_text(const ListenAddress *a, char buffer[LISTEN_ADDRESS_TEXT_MAX]);
