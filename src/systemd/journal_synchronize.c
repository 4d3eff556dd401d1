/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/journal_synchronize.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/macros.h"

/*
 * The varlink interface of systemd-journald: a JSON object and a NUL in either direction. Without
 * "offline" it also writes the files to the disk, which nobody here waits for; systemd 252 does not
 * know the parameter, and says so.
 */
#define METHOD "{\"method\":\"io.systemd.Journal.Synchronize\""

static const char *const calls[] = {METHOD ",\"parameters\":{\"offline\":false}}", METHOD "}"};

static int open_socket(const char *path, usec_t within_usec)
{
    const struct timeval within = {(time_t)(within_usec / USEC_PER_SEC),
                                   (suseconds_t)(within_usec % USEC_PER_SEC)};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &within, sizeof(within)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &within, sizeof(within)) < 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    return TAKE_FD(fd);
}

/* The answer is a few bytes, and comes at once when it comes. */
static int read_answer(int fd, char *buffer, size_t size)
{
    size_t length = 0;

    while (length == 0 || buffer[length - 1] != '\0') {
        ssize_t n;

        if (length == size)
            return -EPROTO;
        n = recv(fd, buffer + length, size - length, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (n == 0)
            return -EPROTO;
        length += (size_t)n;
    }
    return 0;
}

/* Returns 1 when done, 0 when the call was refused, or negative errno. */
static int call(int fd, const char *text)
{
    char answer[512];
    int r;

    if (send(fd, text, strlen(text) + 1, MSG_NOSIGNAL) != (ssize_t)strlen(text) + 1)
        return -EPROTO;
    r = read_answer(fd, answer, sizeof(answer));
    return r < 0 ? r : !strstr(answer, "\"error\"");
}

int journal_synchronize(const char *path, usec_t within_usec)
{
    _cleanup_close_ int fd = open_socket(path, within_usec);

    if (fd < 0)
        return fd;
    for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
        int r = call(fd, calls[i]);

        if (r != 0)
            return r < 0 ? r : 0;
    }
    return -EPROTO;
}
