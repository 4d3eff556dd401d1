/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/log_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/macros.h"

typedef enum LogStreamKind {
    STREAM_FILE,   /* never blocks, as far as anybody can tell */
    STREAM_SOCKET, /* has a flag for each call */
    STREAM_PIPE,   /* or a terminal */
} LogStreamKind;

/* O_NONBLOCK is a flag of the open file, which is also that of a shell or another program: so the
 * pipe or terminal is opened a second time. Returns -1 where that is not allowed. */
static int reopen(int fd)
{
    char path[32];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void log_stream_open(LogStream *s, int fd)
{
    struct stat st;

    *s = (LogStream){.fd = fd, .kind = STREAM_FILE};
    if (fstat(fd, &st) < 0)
        return;
    if (S_ISSOCK(st.st_mode)) {
        s->kind = STREAM_SOCKET;
    } else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
        int own = reopen(fd);

        s->kind = STREAM_PIPE;
        s->owned = own >= 0;
        if (s->owned)
            s->fd = own;
    }
}

void log_stream_close(LogStream *s)
{
    if (s->owned)
        close(s->fd);
    free(s->rest);
    *s = (LogStream)LOG_STREAM_CLOSED;
}

/* How much was written, or negative errno. */
static ssize_t write_some(const LogStream *s, const char *data, size_t n)
{
    struct pollfd writable = {.fd = s->fd, .events = POLLOUT};
    ssize_t r;

    if (s->kind == STREAM_SOCKET) {
        r = send(s->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
        /* Without a description of our own: what poll() promises is room for so much. */
        if (s->kind == STREAM_PIPE && !s->owned) {
            if (poll(&writable, 1, 0) <= 0 || !(writable.revents & POLLOUT))
                return -EAGAIN;
            n = n < PIPE_BUF ? n : PIPE_BUF;
        }
        r = write(s->fd, data, n);
    }
    return r < 0 ? -errno : r;
}

/* All of it, or as much as there is room for. */
static size_t write_all(const LogStream *s, const char *data, size_t n, int *ret_error)
{
    size_t done = 0;

    *ret_error = 0;
    while (done < n && *ret_error == 0) {
        ssize_t r = write_some(s, data + done, n - done);

        if (r >= 0)
            done += (size_t)r;
        else if (r != -EINTR)
            *ret_error = (int)r;
    }
    return done;
}

int log_stream_write(LogStream *s, const char *line, size_t n)
{
    size_t done;
    int error;

    if (s->rest_length > 0) {
        done = write_all(s, s->rest, s->rest_length, &error);
        s->rest_length -= done;
        memmove(s->rest, s->rest + done, s->rest_length);
        if (s->rest_length > 0)
            return error;
    }
    done = write_all(s, line, n, &error);
    if (done == 0 || done == n)
        return error;
    /* The line has begun: its end comes before the next one, or that would be a part of it. */
    free(s->rest);
    s->rest = strndup(line + done, n - done);
    s->rest_length = s->rest ? n - done : 0;
    return 0;
}
