/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>
/* after those that it needs */
#include <cmocka.h>

#include "fake-manager.h"
#include "systemd/inhibitor.h"
#include "systemd/journal.h"

#define LOGIND_INTERFACE "org.freedesktop.login1.Manager"
#define REFUSED          "org.freedesktop.login1.OperationInProgress"

typedef struct Fixture {
    FakeManager *logind;
    Inhibitor *inhibitor;
    unsigned begun, called_off;
    usec_t delay_max_usec;
} Fixture;

static void on_shutdown(bool begins, usec_t delay_max_usec, void *userdata)
{
    Fixture *f = userdata;

    if (begins) {
        f->begun++;
        f->delay_max_usec = delay_max_usec;
    } else {
        f->called_off++;
    }
}

static int set_up(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    journal_set_max_level(LOG_EMERG);
    f->logind = fake_new();
    assert_return_code(inhibitor_new(fake_client(f->logind), on_shutdown, f, &f->inhibitor), 0);
    fake_settle(f->logind);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *f = *state;

    inhibitor_free(f->inhibitor);
    fake_free(f->logind);
    free(f);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Answers with one end of a pipe and returns the other, which knows whether the first is held. */
static int give(Fixture *f, sd_bus_message *call)
{
    int ends[2];

    assert_return_code(pipe2(ends, O_CLOEXEC), errno);
    fake_reply(f->logind, call, "h", ends[1]);
    close(ends[1]);
    fake_settle(f->logind);
    return ends[0];
}

static bool is_held(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 0;
}

/* The only call of Inhibit. */
static sd_bus_message *inhibit_call(Fixture *f)
{
    sd_bus_message *m;

    fake_settle(f->logind);
    assert_int_equal(fake_count(f->logind, NULL), 1);
    m = fake_call(f->logind, "Inhibit", 0);
    fake_forget(f->logind);
    return m;
}

static int take(Fixture *f)
{
    inhibitor_take(f->inhibitor);
    return give(f, inhibit_call(f));
}

static void no_call(Fixture *f)
{
    fake_settle(f->logind);
    assert_int_equal(fake_count(f->logind, NULL), 0);
}

static void owner_changed(Fixture *f, const char *owner)
{
    sd_bus_message *m = fake_signal_new(f->logind, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                        "NameOwnerChanged");

    assert_true(sd_bus_message_append(m, "sss", "org.freedesktop.login1", "", owner) >= 0);
    fake_send(f->logind, m);
    fake_settle(f->logind);
}

static void prepare(Fixture *f, bool begins)
{
    sd_bus_message *m = fake_signal_new(f->logind, "/org/freedesktop/login1", LOGIND_INTERFACE,
                                        "PrepareForShutdown");

    assert_true(sd_bus_message_append(m, "b", begins) >= 0);
    fake_send(f->logind, m);
    fake_settle(f->logind);
}

/* Nothing is asked of logind before there is a reason. */
static void test_take_and_release(void **state)
{
    const char *what, *who, *why, *mode;
    Fixture *f = *state;
    sd_bus_message *m;
    int fd;

    no_call(f);
    inhibitor_take(f->inhibitor);
    m = inhibit_call(f);
    assert_string_equal(sd_bus_message_get_interface(m), LOGIND_INTERFACE);
    assert_int_equal(sd_bus_message_get_auto_start(m), 0);
    assert_true(sd_bus_message_read(m, "ssss", &what, &who, &why, &mode) > 0);
    assert_string_equal(what, "shutdown");
    assert_string_equal(who, "pool-managerd");
    assert_string_equal(mode, "delay");
    fd = give(f, m);
    assert_true(is_held(fd));
    inhibitor_take(f->inhibitor);
    no_call(f);
    inhibitor_release(f->inhibitor);
    assert_false(is_held(fd));
    inhibitor_release(f->inhibitor);
    close(fd);
    fd = take(f);
    assert_true(is_held(fd));
    close(fd);
}

/* logind answers too late: what it gives is not kept. */
static void test_released_before_the_answer(void **state)
{
    Fixture *f = *state;
    sd_bus_message *first;
    int fd;

    inhibitor_take(f->inhibitor);
    first = inhibit_call(f);
    inhibitor_release(f->inhibitor);
    fd = give(f, first);
    assert_false(is_held(fd));
    close(fd);

    inhibitor_take(f->inhibitor);
    first = inhibit_call(f);
    inhibitor_release(f->inhibitor);
    inhibitor_take(f->inhibitor);
    fd = give(f, inhibit_call(f));
    assert_true(is_held(fd));
    close(fd);
    fd = give(f, first);
    assert_false(is_held(fd));
    close(fd);
}

static void test_freed_while_held(void **state)
{
    Fixture *f = *state;
    int fd = take(f);

    f->inhibitor = inhibitor_free(f->inhibitor);
    assert_false(is_held(fd));
    close(fd);
}

/* Not there, and there later. */
static void test_absent(void **state)
{
    Fixture *f = *state;
    int fd;

    inhibitor_take(f->inhibitor);
    fake_reply_error(f->logind, inhibit_call(f), SD_BUS_ERROR_NAME_HAS_NO_OWNER, "nobody");
    no_call(f);
    owner_changed(f, ":1.7");
    fd = give(f, inhibit_call(f));
    assert_true(is_held(fd));
    close(fd);
}

/* The old one is let go when the new one is there. */
static void test_restarted(void **state)
{
    Fixture *f = *state;
    int old = take(f), new;
    sd_bus_message *m;

    owner_changed(f, "");
    no_call(f);
    owner_changed(f, ":1.7");
    m = inhibit_call(f);
    assert_true(is_held(old));
    new = give(f, m);
    assert_false(is_held(old));
    assert_true(is_held(new));
    inhibitor_release(f->inhibitor);
    assert_false(is_held(new));
    close(old);
    close(new);
    owner_changed(f, ":1.8");
    no_call(f);
}

/* The one from before is kept when the new one is refused. */
static void test_refused_after_restart(void **state)
{
    Fixture *f = *state;
    int old = take(f);

    owner_changed(f, ":1.7");
    fake_reply_error(f->logind, inhibit_call(f), SD_BUS_ERROR_ACCESS_DENIED, "no");
    no_call(f);
    assert_true(is_held(old));
    close(old);
}

/* An answer without a descriptor is no inhibitor and does no harm. */
static void test_nonsense(void **state)
{
    Fixture *f = *state;
    int fd;

    inhibitor_take(f->inhibitor);
    fake_reply(f->logind, inhibit_call(f), "s", "inhibited, I swear");
    no_call(f);
    inhibitor_release(f->inhibitor);
    fd = take(f);
    assert_true(is_held(fd));
    close(fd);
}

static void test_shutdown(void **state)
{
    const char *interface, *property;
    Fixture *f = *state;
    sd_bus_message *m;
    int fd = take(f);

    prepare(f, true);
    assert_int_equal(f->begun, 0);
    m = fake_call(f->logind, "Get", 0);
    assert_true(sd_bus_message_read(m, "ss", &interface, &property) > 0);
    assert_string_equal(interface, LOGIND_INTERFACE);
    assert_string_equal(property, "InhibitDelayMaxUSec");
    fake_reply(f->logind, m, "v", "t", (uint64_t)7000000);
    fake_settle(f->logind);
    assert_int_equal(f->begun, 1);
    assert_int_equal(f->delay_max_usec, 7000000);
    assert_true(is_held(fd));
    prepare(f, false);
    assert_int_equal(f->called_off, 1);
    assert_true(is_held(fd));
    close(fd);
}

/* How long it waits is not to be had: its default is assumed. */
static void test_delay_unknown(void **state)
{
    Fixture *f = *state;

    prepare(f, true);
    fake_reply_error(f->logind, fake_call(f->logind, "Get", 0), SD_BUS_ERROR_UNKNOWN_PROPERTY, "");
    fake_settle(f->logind);
    assert_int_equal(f->begun, 1);
    assert_int_equal(f->delay_max_usec, 5 * USEC_PER_SEC);
    fake_forget(f->logind);
    prepare(f, true);
    fake_reply(f->logind, fake_call(f->logind, "Get", 0), "v", "s", "a while");
    fake_settle(f->logind);
    assert_int_equal(f->begun, 2);
    assert_int_equal(f->delay_max_usec, 5 * USEC_PER_SEC);
}

/* Called off before that was known: it has not begun. */
static void test_called_off_at_once(void **state)
{
    Fixture *f = *state;
    sd_bus_message *m;

    prepare(f, true);
    m = fake_call(f->logind, "Get", 0);
    prepare(f, false);
    fake_reply(f->logind, m, "v", "t", (uint64_t)7000000);
    fake_settle(f->logind);
    assert_int_equal(f->begun, 0);
    assert_int_equal(f->called_off, 1);
}

/* While the host goes down logind gives none; it is asked again when it does not. */
static void test_refused_during_shutdown(void **state)
{
    Fixture *f = *state;
    int fd;

    inhibitor_take(f->inhibitor);
    fake_reply_error(f->logind, inhibit_call(f), REFUSED, "the host goes down");
    no_call(f);
    prepare(f, false);
    fd = give(f, inhibit_call(f));
    assert_true(is_held(fd));
    close(fd);
}

/* sd-bus answers what was asked with errors; nothing is left over. */
static void test_bus_lost(void **state)
{
    Fixture *f = *state;

    prepare(f, true);
    inhibitor_take(f->inhibitor);
    fake_settle(f->logind);
    fake_hang_up(f->logind);
    assert_int_equal(f->begun, 1);
    inhibitor_release(f->inhibitor);
    inhibitor_take(f->inhibitor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_take_and_release),
            TEST(test_released_before_the_answer),
            TEST(test_freed_while_held),
            TEST(test_absent),
            TEST(test_restarted),
            TEST(test_refused_after_restart),
            TEST(test_nonsense),
            TEST(test_shutdown),
            TEST(test_delay_unknown),
            TEST(test_called_off_at_once),
            TEST(test_refused_during_shutdown),
            TEST(test_bus_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
