/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/journal_synchronize.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../base/cmocka-all.h"
#include "base/macros.h"

#define SHORT_USEC (50 * USEC_PER_MSEC)
#define LONG_USEC  (20 * USEC_PER_SEC)

/* A journal's service that takes one connection, and answers each call with the next of these; NULL
 * ends the connection. */
typedef struct Fixture {
    char path[64];
    int listener;
    const char *answers[4];
    char calls[4][128];
    pthread_t thread;
} Fixture;

/* One call is what there is up to the NUL. */
static bool read_call(int fd, char *buffer, size_t size)
{
    size_t n = 0;

    while (n < size && read(fd, buffer + n, 1) == 1)
        if (buffer[n++] == '\0')
            return true;
    return false;
}

static void *serve(void *userdata)
{
    Fixture *f = userdata;
    _cleanup_close_ int fd = accept(f->listener, NULL, NULL);

    for (size_t i = 0; fd >= 0 && read_call(fd, f->calls[i], sizeof(f->calls[i])); i++)
        if (!f->answers[i] || write(fd, f->answers[i], strlen(f->answers[i]) + 1) < 0)
            break;
    return NULL;
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_non_null(f);
    (void)snprintf(f->path, sizeof(f->path), "/tmp/test-journal-synchronize-%d", (int)getpid());
    (void)unlink(f->path);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(f->listener, errno);
    assert_return_code(bind(f->listener, (const struct sockaddr *)&address, sizeof(address)),
                       errno);
    assert_return_code(listen(f->listener, 1), errno);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;

    closep(&f->listener);
    assert_return_code(unlink(f->path), errno);
    free(f);
    return 0;
}

static int synchronize(Fixture *f)
{
    int r;

    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    r = journal_synchronize(f->path, LONG_USEC);
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    return r;
}

static void test_done(void **state)
{
    Fixture *f = *state;

    f->answers[0] = "{}";
    assert_int_equal(synchronize(f), 0);
    assert_string_equal(f->calls[0], "{\"method\":\"io.systemd.Journal.Synchronize\","
                                     "\"parameters\":{\"offline\":false}}");
    assert_string_equal(f->calls[1], "");
}

/* As systemd 252 answers. */
static void test_older(void **state)
{
    Fixture *f = *state;

    f->answers[0] = "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{"
                    "\"parameter\":\"offline\"}}";
    f->answers[1] = "{\"parameters\":{}}";
    assert_int_equal(synchronize(f), 0);
    assert_string_equal(f->calls[1], "{\"method\":\"io.systemd.Journal.Synchronize\"}");
}

static void test_refused(void **state)
{
    Fixture *f = *state;

    f->answers[0] = f->answers[1] = "{\"error\":\"org.varlink.service.MethodNotFound\"}";
    assert_int_equal(synchronize(f), -EPROTO);
}

static void test_too_long(void **state)
{
    Fixture *f = *state;
    char answer[4096];

    memset(answer, 'x', sizeof(answer));
    answer[sizeof(answer) - 1] = '\0';
    f->answers[0] = answer;
    assert_int_equal(synchronize(f), -EPROTO);
}

static void test_ends(void **state)
{
    Fixture *f = *state;

    assert_int_equal(synchronize(f), -EPROTO);
}

/* The connection waits in the queue of the listener. */
static void test_silent(void **state)
{
    Fixture *f = *state;

    assert_int_equal(journal_synchronize(f->path, SHORT_USEC), -ETIMEDOUT);
}

static void test_nobody(void **state)
{
    assert_int_equal(journal_synchronize("/nonexistent/socket", SHORT_USEC), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_done, setup, teardown),
            cmocka_unit_test_setup_teardown(test_older, setup, teardown),
            cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
            cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
            cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
            cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
            cmocka_unit_test(test_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
