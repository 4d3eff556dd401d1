/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/cmocka-all.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "systemd/log_stream.h"

typedef struct Reader {
    int fd[2]; /* to read from, to write to */
    LogStream stream;
} Reader;

static void open_pipe(Reader *r)
{
    assert_return_code(pipe2(r->fd, O_CLOEXEC), errno);
    assert_return_code(fcntl(r->fd[0], F_SETFL, O_NONBLOCK), errno);
    log_stream_open(&r->stream, r->fd[1]);
}

static void open_sockets(Reader *r)
{
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, r->fd), errno);
    assert_return_code(fcntl(r->fd[0], F_SETFL, O_NONBLOCK), errno);
    log_stream_open(&r->stream, r->fd[1]);
}

static void reader_close(Reader *r)
{
    log_stream_close(&r->stream);
    close(r->fd[0]);
    close(r->fd[1]);
}

/* Reads all that there is; checks that each line is `line`, whole. Returns how many there were. */
static unsigned read_lines(const Reader *r, const char *line)
{
    size_t n = strlen(line), at = 0;
    char buffer[4096];
    ssize_t got;

    while ((got = read(r->fd[0], buffer, sizeof(buffer))) > 0)
        for (ssize_t i = 0; i < got; i++, at++)
            if (buffer[i] != line[at % n])
                fail_msg("byte %zu is '%c', not '%c'", at, buffer[i], line[at % n]);
    assert_int_equal(at % n, 0);
    return (unsigned)(at / n);
}

static unsigned write_until_full(Reader *r, const char *line)
{
    unsigned written = 0;
    int error;

    while ((error = log_stream_write(&r->stream, line, strlen(line))) == 0)
        written++;
    assert_int_equal(error, -EAGAIN);
    return written;
}

/* 16 pages are no multiple of this: the last line that goes in does so in part. */
static char line[3001];

/* Nobody reads, then somebody does: no line is there in part, and none was waited for. */
static void check_stuck(Reader *r)
{
    unsigned written, seen;

    written = write_until_full(r, line);
    assert_true(written > 1);
    /* The end of the last line is in memory yet: it comes before the next. */
    for (seen = 0; seen < written;) {
        size_t n = 0;
        static char all[1024 * 1024];
        ssize_t got;

        while ((got = read(r->fd[0], all + n, sizeof(all) - n)) > 0)
            n += (size_t)got;
        assert_int_equal(log_stream_write(&r->stream, line, strlen(line)), 0);
        written++;
        while ((got = read(r->fd[0], all + n, sizeof(all) - n)) > 0)
            n += (size_t)got;
        assert_int_equal(n % strlen(line), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(all[i], line[i % strlen(line)]);
        seen = (unsigned)(n / strlen(line));
    }
    assert_int_equal(seen, written);
}

static void test_pipe(void **state)
{
    Reader r;

    open_pipe(&r);
    /* Others may share the pipe: they are not surprised. */
    assert_int_equal(fcntl(r.fd[1], F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(log_stream_write(&r.stream, "one\n", 4), 0);
    assert_int_equal(log_stream_write(&r.stream, "one\n", 4), 0);
    assert_int_equal(read_lines(&r, "one\n"), 2);
    check_stuck(&r);
    assert_int_equal(fcntl(r.fd[1], F_GETFL) & O_NONBLOCK, 0);
    reader_close(&r);
}

static void test_socket(void **state)
{
    Reader r;

    open_sockets(&r);
    check_stuck(&r);
    reader_close(&r);
}

/* A pipe that may not be opened again, as that of another user. */
static void test_shared_pipe(void **state)
{
    Reader r;

    open_pipe(&r);
    close(r.stream.fd);
    r.stream.fd = r.fd[1];
    r.stream.owned = false;
    check_stuck(&r);
    reader_close(&r);
}

static void test_nobody_there(void **state)
{
    Reader r;

    open_sockets(&r);
    close(r.fd[0]);
    r.fd[0] = dup(r.fd[1]);
    assert_int_equal(log_stream_write(&r.stream, "one\n", 4), -EPIPE);
    reader_close(&r);
}

/* A file that somebody appends to stays so: it is not opened anew at its beginning. */
static void test_file(void **state)
{
    char path[] = "/tmp/test-log-stream-XXXXXX", got[32] = "";
    LogStream s = LOG_STREAM_CLOSED;
    int fd = mkstemp(path);

    assert_return_code(fd, errno);
    (void)unlink(path);
    assert_int_equal(write(fd, "first\n", 6), 6);
    log_stream_open(&s, fd);
    assert_int_equal(log_stream_write(&s, "second\n", 7), 0);
    log_stream_close(&s);
    assert_int_equal(pread(fd, got, sizeof(got) - 1, 0), 13);
    assert_string_equal(got, "first\nsecond\n");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_pipe),        cmocka_unit_test(test_socket),
            cmocka_unit_test(test_shared_pipe), cmocka_unit_test(test_nobody_there),
            cmocka_unit_test(test_file),
    };

    memset(line, 'x', sizeof(line) - 2);
    line[sizeof(line) - 2] = '\n';
    return cmocka_run_group_tests(tests, NULL, NULL);
}
