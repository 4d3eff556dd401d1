/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/cmocka-all.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include "systemd/journal_socket.h"

/* journald, as far as it matters: a socket that is read, or not. */
typedef struct Journald {
    char folder[32];
    char path[64];
    int socket;
    int fd; /* of the writer */
} Journald;

static int journald_setup(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    Journald *j = calloc(1, sizeof(*j));

    assert_non_null(j);
    j->fd = -1;
    (void)strcpy(j->folder, "/tmp/test-journal-XXXXXX");
    assert_non_null(mkdtemp(j->folder));
    (void)snprintf(j->path, sizeof(j->path), "%s/socket", j->folder);
    (void)strcpy(address.sun_path, j->path);
    j->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_return_code(j->socket, errno);
    assert_return_code(bind(j->socket, (const struct sockaddr *)&address, sizeof(address)), errno);
    *state = j;
    return 0;
}

static int journald_teardown(void **state)
{
    Journald *j = *state;

    if (j->fd >= 0)
        close(j->fd);
    close(j->socket);
    (void)unlink(j->path);
    (void)rmdir(j->folder);
    free(j);
    return 0;
}

static int send_entry(Journald *j, const char *message, const LogField *fields, size_t n_fields)
{
    const LogEntry e = {
            .priority = LOG_WARNING,
            .message = message,
            .message_id = "0123456789abcdef0123456789abcdef",
            .fields = fields,
            .n_fields = n_fields,
    };

    return journal_socket_send(&j->fd, j->path, &e);
}

static void assert_datagram(const Journald *j, const char *expected, size_t n)
{
    char got[4096];
    ssize_t length = recv(j->socket, got, sizeof(got), 0);

    assert_int_equal(length, n);
    assert_memory_equal(got, expected, n);
}

static void test_entry(void **state)
{
    const LogField fields[] = {{"POOL_ID", "p"}, {"MODEL_ID", NULL}, {"LAST_ERROR", ""}};
    char expected[512];

    (void)snprintf(expected, sizeof(expected),
                   "MESSAGE=50 %% gr\xc3\xbc\xc3\x9f\nPRIORITY=4\nSYSLOG_IDENTIFIER=%s\n"
                   "MESSAGE_ID=0123456789abcdef0123456789abcdef\nPOOL_ID=p\nLAST_ERROR=\n",
                   program_invocation_short_name);
    assert_int_equal(send_entry(*state, "50 % gr\xc3\xbc\xc3\x9f", fields, ELEMENTSOF(fields)), 0);
    assert_datagram(*state, expected, strlen(expected));
}

/* Whatever an engine or a client says, it does not become a field or a line. */
static void test_forged(void **state)
{
    const LogField fields[] = {{"LAST_ERROR", "bad\nPRIORITY=0\n\x1b[2J\xff"}};
    char expected[512];

    (void)snprintf(expected, sizeof(expected),
                   "MESSAGE=a\\nMESSAGE_ID=b\\u0007\nPRIORITY=4\nSYSLOG_IDENTIFIER=%s\n"
                   "MESSAGE_ID=0123456789abcdef0123456789abcdef\n"
                   "LAST_ERROR=bad\\nPRIORITY=0\\n\\u001b[2J\xef\xbf\xbd\n",
                   program_invocation_short_name);
    assert_int_equal(send_entry(*state, "a\nMESSAGE_ID=b\a", fields, 1), 0);
    assert_datagram(*state, expected, strlen(expected));
}

/* What may have several lines is sent with its length. */
static void test_lines(void **state)
{
    static const char tail[] = "ENGINE_OUTPUT\n\x11\0\0\0\0\0\0\0one\nPRIORITY=0\\r\t\n";
    const LogField field = {"ENGINE_OUTPUT", "one\nPRIORITY=0\r\t", LOG_FIELD_LINES};
    char expected[512];
    int n = snprintf(expected, sizeof(expected),
                     "MESSAGE=m\nPRIORITY=4\nSYSLOG_IDENTIFIER=%s\n"
                     "MESSAGE_ID=0123456789abcdef0123456789abcdef\n",
                     program_invocation_short_name);

    memcpy(expected + n, tail, sizeof(tail) - 1);
    assert_int_equal(send_entry(*state, "m", &field, 1), 0);
    assert_datagram(*state, expected, (size_t)n + sizeof(tail) - 1);
}

static void test_cut(void **state)
{
    _cleanup_free_ char *long_message = malloc(LOG_VALUE_MAX + 2);
    static char got[2 * LOG_VALUE_MAX];
    const Journald *j = *state;
    ssize_t n;

    assert_non_null(long_message);
    memset(long_message, 'x', LOG_VALUE_MAX + 1);
    long_message[LOG_VALUE_MAX + 1] = '\0';
    assert_int_equal(send_entry(*state, long_message, NULL, 0), 0);
    n = recv(j->socket, got, sizeof(got) - 1, 0);
    assert_true(n > LOG_VALUE_MAX);
    assert_memory_equal(got + strlen("MESSAGE=") + LOG_VALUE_MAX, "…\nPRIORITY", 12);
}

/* journald hangs: the writer does not, and goes on when it is back. */
static void test_stuck(void **state)
{
    Journald *j = *state;
    unsigned sent = 0;
    char buffer[512];
    int r;

    while ((r = send_entry(j, "m", NULL, 0)) == 0)
        sent++;
    assert_int_equal(r, -EAGAIN);
    for (unsigned i = 0; i < sent; i++)
        assert_true(recv(j->socket, buffer, sizeof(buffer), 0) > 0);
    assert_int_equal(send_entry(j, "m", NULL, 0), 0);
}

static void test_none(void **state)
{
    Journald *j = *state;

    assert_return_code(unlink(j->path), errno);
    assert_int_equal(send_entry(j, "m", NULL, 0), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_entry, journald_setup, journald_teardown),
            cmocka_unit_test_setup_teardown(test_forged, journald_setup, journald_teardown),
            cmocka_unit_test_setup_teardown(test_lines, journald_setup, journald_teardown),
            cmocka_unit_test_setup_teardown(test_cut, journald_setup, journald_teardown),
            cmocka_unit_test_setup_teardown(test_stuck, journald_setup, journald_teardown),
            cmocka_unit_test_setup_teardown(test_none, journald_setup, journald_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
