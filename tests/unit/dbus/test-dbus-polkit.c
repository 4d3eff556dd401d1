/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus-fixture.h"

#include <poolmgr/names.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "dbus/authorize.h"

/* Who may do what: callers who are not root, in processes of their own, and a polkit that answers
 * as the test says. The real one is asked in tests/features/dbus/polkit.feature. */

#define NOBODY 65534

typedef enum Reaction {
    REACT_YES,
    REACT_NO,
    REACT_CHALLENGE,
    REACT_ERROR,
    REACT_NONSENSE,
    REACT_NOT, /* keeps the question */
} Reaction;

typedef struct FakePolkit {
    sd_bus *bus;
    Reaction reaction;
    unsigned questions;
    char question[256]; /* the last one, in words */
    char cancellation_id[64];
    char cancelled[64]; /* the id that was cancelled last */
} FakePolkit;

static int react(const FakePolkit *p, sd_bus_message *call)
{
    switch (p->reaction) {
    case REACT_ERROR:
        return sd_bus_reply_method_errorf(call, "org.freedesktop.PolicyKit1.Error.Failed", "ouch");
    case REACT_NONSENSE:
        return sd_bus_reply_method_return(call, "s", "perhaps");
    case REACT_NOT:
        return 1;
    case REACT_YES:
    case REACT_NO:
    case REACT_CHALLENGE:
        break;
    }
    return sd_bus_reply_method_return(call, "(bba{ss})", p->reaction == REACT_YES,
                                      p->reaction == REACT_CHALLENGE, 0);
}

static int on_check(sd_bus_message *call, FakePolkit *p)
{
    const char *kind, *key, *name, *action, *k1, *v1, *k2, *v2, *cancellation_id;
    uint32_t flags;

    assert_true(sd_bus_message_read(call, "(sa{sv})", &kind, 1, &key, "s", &name) > 0);
    assert_true(sd_bus_message_read(call, "sa{ss}us", &action, 2, &k1, &v1, &k2, &v2, &flags,
                                    &cancellation_id) > 0);
    assert_string_equal(kind, "system-bus-name");
    assert_string_equal(key, "name");
    assert_int_equal(name[0], ':');
    (void)snprintf(p->question, sizeof(p->question), "%s %s=%s %s=%s %u", action, k1, v1, k2, v2,
                   flags);
    (void)snprintf(p->cancellation_id, sizeof(p->cancellation_id), "%s", cancellation_id);
    p->questions++;
    return react(p, call);
}

static int on_cancel(sd_bus_message *call, FakePolkit *p)
{
    const char *id;

    assert_true(sd_bus_message_read(call, "s", &id) > 0);
    (void)snprintf(p->cancelled, sizeof(p->cancelled), "%s", id);
    return sd_bus_reply_method_return(call, "");
}

/* Not a vtable: sd-bus would keep it from answering nonsense. */
static int on_call(sd_bus_message *call, void *userdata, sd_bus_error *ret_error)
{
    if (sd_bus_message_is_method_call(call, "org.freedesktop.PolicyKit1.Authority",
                                      "CheckAuthorization"))
        return on_check(call, userdata);
    if (sd_bus_message_is_method_call(call, "org.freedesktop.PolicyKit1.Authority",
                                      "CancelCheckAuthorization"))
        return on_cancel(call, userdata);
    return 0;
}

static void polkit_open(const BusFixture *f, FakePolkit *p, Reaction reaction)
{
    *p = (FakePolkit){.bus = bus_fixture_connect(f), .reaction = reaction};
    assert_true(sd_bus_add_object(p->bus, NULL, "/org/freedesktop/PolicyKit1/Authority", on_call,
                                  p) >= 0);
    assert_true(sd_bus_request_name(p->bus, "org.freedesktop.PolicyKit1", 0) >= 0);
}

static void polkit_close(FakePolkit *p)
{
    p->bus = sd_bus_flush_close_unref(p->bus);
}

/* Somebody who is not root. */
typedef struct Other {
    pid_t pid;
    int answers;
    char text[1024];
    bool done;
} Other;

/* "yes", or the error's name without our prefix and its text. */
static void ask(sd_bus *bus, const char *member, bool interactive, int answers)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *call;

    if (sd_bus_message_new_method_call(bus, &call, PM_BUS_NAME, PM_OBJECT_PATH,
                                       PM_MANAGER_INTERFACE, member) < 0 ||
        sd_bus_message_append(call, "s", "chat") < 0 ||
        sd_bus_message_set_allow_interactive_authorization(call, interactive) < 0)
        _exit(1);
    if (sd_bus_call(bus, call, 0, &error, NULL) >= 0)
        dprintf(answers, "yes\n");
    else
        dprintf(answers, "%s: %s\n", error.name + strlen(PM_BUS_ERROR_PREFIX), error.message);
    sd_bus_error_free(&error);
    sd_bus_message_unref(call);
}

static void other_run(const BusFixture *f, uid_t uid, const char *member, bool interactive,
                      int answers)
{
    sd_bus *bus;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Connections of the test that it closes must not stay open here. */
    if (dup2(answers, STDERR_FILENO + 1) < 0 || close_range(STDERR_FILENO + 2, ~0U, 0) < 0)
        _exit(1);
    answers = STDERR_FILENO + 1;
    if (setresuid(uid, uid, uid) < 0 || sd_bus_new(&bus) < 0 ||
        sd_bus_set_address(bus, f->address) < 0 || sd_bus_set_bus_client(bus, true) < 0 ||
        sd_bus_start(bus) < 0)
        _exit(1);
    ask(bus, member, interactive, answers);
    sd_bus_flush_close_unref(bus);
    _exit(0);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    Other *other = userdata;
    ssize_t n;

    n = read(fd, other->text + strlen(other->text), sizeof(other->text) - 1 - strlen(other->text));
    assert_true(n >= 0);
    if (n == 0) {
        other->done = true;
        assert_true(sd_event_source_set_enabled(source, SD_EVENT_OFF) >= 0);
    }
    return 0;
}

static void user_start(const BusFixture *f, uid_t uid, const char *member, bool interactive,
                       Other *ret)
{
    int answers[2];

    *ret = (Other){.pid = -1};
    assert_int_equal(pipe(answers), 0);
    ret->pid = fork();
    assert_true(ret->pid >= 0);
    if (ret->pid == 0)
        other_run(f, uid, member, interactive, answers[1]);
    close(answers[1]);
    ret->answers = answers[0];
    assert_true(sd_event_add_io(f->event, NULL, answers[0], EPOLLIN, on_readable, ret) >= 0);
}

static void other_start(const BusFixture *f, const char *member, bool interactive, Other *ret)
{
    user_start(f, NOBODY, member, interactive, ret);
}

static const char *other_wait(const BusFixture *f, Other *other)
{
    while (!other->done)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    close(other->answers);
    assert_int_equal(waitpid(other->pid, NULL, 0), other->pid);
    return other->text;
}

static void wait_for_questions(const BusFixture *f, const FakePolkit *p, unsigned count)
{
    while (p->questions < count)
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
}

/* What is said to somebody who asks that way. */
static void assert_answer(const BusFixture *f, const char *member, bool interactive,
                          const char *start, const char *part)
{
    Other other;
    const char *answer;

    other_start(f, member, interactive, &other);
    answer = other_wait(f, &other);
    if (strncmp(answer, start, strlen(start)) != 0 || !strstr(answer, part))
        fail_msg("\"%s\" is not \"%s…%s\"", answer, start, part);
}

static void assert_nothing_done(const BusFixture *f)
{
    assert_string_equal(fake_manager_take_asked(f->manager), "");
    assert_int_equal(fake_manager_count_operations(f->manager), 0);
    assert_int_equal(manager_count_pools(f->manager), 0);
}

static void test_allowed(void **state)
{
    const BusFixture *f = *state;
    FakePolkit polkit;

    polkit_open(f, &polkit, REACT_YES);
    assert_answer(f, "Register", false, "yes", "");
    assert_string_equal(polkit.question,
                        "org.llamaorch.PoolManager1.register pool=chat verb=register 0");
    assert_string_equal(fake_manager_take_asked(f->manager), "register chat");
    assert_answer(f, "ResetBreaker", true, "yes", "");
    assert_string_equal(polkit.question,
                        "org.llamaorch.PoolManager1.breaker pool=chat verb=breaker 1");
    assert_answer(f, "GetPool", false, "yes", "");
    assert_int_equal(polkit.questions, 2);
    polkit_close(&polkit);
}

static void test_denied(void **state)
{
    const BusFixture *f = *state;
    FakePolkit polkit;

    polkit_open(f, &polkit, REACT_NO);
    assert_answer(f, "Register", false, "Forbidden", "PoolManager1.register on pool \"chat\"");
    assert_answer(f, "Stop", false, "Forbidden", "user 65534");
    polkit.reaction = REACT_CHALLENGE;
    assert_answer(f, "Register", true, "Forbidden", "authenticate as an administrator");
    assert_nothing_done(f);
    polkit_close(&polkit);
}

static void test_root_is_not_asked_about(void **state)
{
    const BusFixture *f = *state;
    FakePolkit polkit;
    sd_bus_message *reply;

    polkit_open(f, &polkit, REACT_NO);
    reply = bus_fixture_ask(f, "Register", "s", "chat");
    assert_null(sd_bus_message_get_error(reply));
    sd_bus_message_unref(reply);
    assert_int_equal(polkit.questions, 0);
    polkit_close(&polkit);
}

static void test_no_polkit(void **state)
{
    const BusFixture *f = *state;

    assert_answer(f, "Register", false, "Forbidden", "polkit cannot be asked");
    assert_answer(f, "ListPools", false, "", "expecting ''"); /* it takes no argument */
    assert_nothing_done(f);
}

static void test_polkit_that_fails(void **state)
{
    const BusFixture *f = *state;
    FakePolkit polkit;

    polkit_open(f, &polkit, REACT_ERROR);
    assert_answer(f, "Register", false, "Forbidden", "only root may: ouch");
    while (!polkit.cancelled[0]) /* it may have failed for being slow */
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    assert_string_equal(polkit.cancelled, polkit.cancellation_id);
    polkit.reaction = REACT_NONSENSE;
    assert_answer(f, "Register", false, "Forbidden", "malformed");
    assert_nothing_done(f);
    polkit_close(&polkit);
}

static void test_polkit_that_dies(void **state)
{
    const BusFixture *f = *state;
    FakePolkit polkit;
    Other other;

    polkit_open(f, &polkit, REACT_NOT);
    other_start(f, "Register", false, &other);
    wait_for_questions(f, &polkit, 1);
    polkit_close(&polkit);
    assert_non_null(strstr(other_wait(f, &other), "only root may"));
    assert_nothing_done(f);
}

static void test_caller_that_leaves(void **state)
{
    const BusFixture *f = *state;
    FakePolkit polkit;
    Other other;

    polkit_open(f, &polkit, REACT_NOT);
    other_start(f, "Register", true, &other);
    wait_for_questions(f, &polkit, 1);
    assert_string_equal(polkit.cancelled, "");
    assert_int_equal(kill(other.pid, SIGKILL), 0);
    while (!polkit.cancelled[0])
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    assert_string_equal(polkit.cancelled, polkit.cancellation_id);
    (void)other_wait(f, &other);
    assert_nothing_done(f);
    polkit_close(&polkit);
}

/* What is said to that user. */
static void assert_user_answer(const BusFixture *f, uid_t uid, const char *start)
{
    Other other;
    const char *answer;

    user_start(f, uid, "Register", false, &other);
    answer = other_wait(f, &other);
    if (strncmp(answer, start, strlen(start)) != 0)
        fail_msg("\"%s\" is not \"%s…\"", answer, start);
}

/* Those who are not root cannot keep root or each other out by asking much. */
static void test_many_questions(void **state)
{
    const BusFixture *f = *state;
    /* Debian's base-passwd has them all; the bus knows nobody who is not in the user database. */
    static const uid_t users[] = {NOBODY, 1, 2, 3};
    static Other others[QUESTIONS_MAX];
    FakePolkit polkit;
    sd_bus_message *reply;

    assert_int_equal(ELEMENTSOF(users) * QUESTIONS_OF_USER_MAX, QUESTIONS_MAX);
    polkit_open(f, &polkit, REACT_NOT);
    for (unsigned i = 0; i < QUESTIONS_MAX; i++) {
        user_start(f, users[i / QUESTIONS_OF_USER_MAX], "Register", false, &others[i]);
        wait_for_questions(f, &polkit, i + 1);
        if (i + 1 == QUESTIONS_OF_USER_MAX)
            assert_user_answer(f, NOBODY, "Unavailable");
    }
    assert_user_answer(f, 4, "Unavailable");
    reply = bus_fixture_ask(f, "Register", "s", "chat");
    assert_null(sd_bus_message_get_error(reply));
    sd_bus_message_unref(reply);
    polkit_close(&polkit);
    for (size_t i = 0; i < QUESTIONS_MAX; i++)
        assert_non_null(strstr(other_wait(f, &others[i]), "only root may"));
    polkit_open(f, &polkit, REACT_YES);
    assert_user_answer(f, NOBODY, "yes");
    polkit_close(&polkit);
}

static void test_daemon_that_ends(void **state)
{
    BusFixture *f = *state;
    FakePolkit polkit;
    Other other;

    polkit_open(f, &polkit, REACT_NOT);
    other_start(f, "Register", false, &other);
    wait_for_questions(f, &polkit, 1);
    f->server = dbus_server_free(f->server);
    while (!polkit.cancelled[0])
        assert_true(sd_event_run(f->event, UINT64_MAX) >= 0);
    assert_string_equal(polkit.cancelled, polkit.cancellation_id);
    assert_int_equal(kill(other.pid, SIGKILL), 0);
    (void)other_wait(f, &other);
    polkit_close(&polkit);
}

static void test_daemon_of_a_user(void **state)
{
    BusFixture *f = *state;
    FakePolkit polkit;

    f->server = dbus_server_free(f->server);
    assert_true(dbus_server_new(f->server_bus, f->manager, true, &f->server) >= 0);
    bus_fixture_request_name(f);
    polkit_open(f, &polkit, REACT_YES);
    assert_answer(f, "Register", false, "Forbidden", "run it as one of them");
    assert_int_equal(polkit.questions, 0);
    polkit_close(&polkit);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bus_fixture_setup, bus_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_allowed),
            TEST(test_denied),
            TEST(test_root_is_not_asked_about),
            TEST(test_no_polkit),
            TEST(test_polkit_that_fails),
            TEST(test_polkit_that_dies),
            TEST(test_caller_that_leaves),
            TEST(test_many_questions),
            TEST(test_daemon_that_ends),
            TEST(test_daemon_of_a_user),
    };

    if (getuid() != 0) {
        print_message("only root can ask as somebody else\n");
        return 77; /* meson: skipped */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
