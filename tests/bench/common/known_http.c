/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "known_http.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"

int http_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        err(1, "socket");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

bool http_send(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, text, length, MSG_NOSIGNAL);

        if (n < 0)
            return false;
        text += n;
        length -= (size_t)n;
    }
    return true;
}

bool http_read(HttpReading *r)
{
    ssize_t n;

    if (r->length + 1 >= sizeof(r->text))
        errx(1, "more than %d bytes were sent", HTTP_BUFFER);
    n = read(r->fd, r->text + r->length, sizeof(r->text) - r->length - 1);
    if (n <= 0)
        return false;
    r->length += (size_t)n;
    r->text[r->length] = '\0';
    return true;
}

/* The value of a field of the head, which ends at `end`; NULL: it has none of that name. */
static const char *field(const HttpReading *r, const char *end, const char *name)
{
    size_t n = strlen(name);

    for (const char *line = strstr(r->text, "\r\n"); line && line < end;
         line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':')
            return line + 2 + n + 1;
    return NULL;
}

bool http_is_whole(const HttpReading *r)
{
    const char *end = r->length > 0 ? strstr(r->text, "\r\n\r\n") : NULL, *length;

    if (!end)
        return false;
    length = field(r, end, "Content-Length");
    if (length)
        return r->length - (size_t)(end + 4 - r->text) >= strtoul(length, NULL, 10);
    return field(r, end, "Transfer-Encoding") && strstr(end + 2, "\r\n0\r\n\r\n");
}

int http_status(const HttpReading *r)
{
    static const char begin[] = "HTTP/1.";

    if (r->length < sizeof(begin) + 4 || !startswith(r->text, begin))
        return 0;
    return (int)strtol(r->text + sizeof(begin), NULL, 10);
}

int http_ask(int port, const char *request, HttpReading *r)
{
    int status = 0;

    r->length = 0;
    r->fd = http_connect(port);
    if (r->fd < 0)
        return 0;
    if (http_send(r->fd, request, strlen(request))) {
        while (!http_is_whole(r) && http_read(r))
            ;
        status = http_status(r);
    }
    (void)close(r->fd);
    return status;
}
