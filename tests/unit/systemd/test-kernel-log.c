/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/kernel_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../base/cmocka-all.h"
#include "base/text.h"

static const uint64_t PATIENCE_USEC = 20000000;

typedef struct Fixture {
    char path[64];
    sd_event *event;
    KernelLog *log;
    int writer;
    Text got; /* messages, each with a '|' behind it */
} Fixture;

static void on_message(const char *message, void *userdata)
{
    Fixture *f = userdata;

    text_printf(&f->got, "%s|", message);
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    (void)snprintf(f->path, sizeof(f->path), "/tmp/test-kernel-log-%d", (int)getpid());
    (void)unlink(f->path);
    assert_return_code(mkfifo(f->path, 0600), errno);
    assert_return_code(sd_event_new(&f->event), 0);
    assert_return_code(kernel_log_new(f->event, f->path, on_message, f, &f->log), 0);
    f->writer = open(f->path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    assert_return_code(f->writer, errno);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;

    closep(&f->writer);
    f->log = kernel_log_free(f->log);
    sd_event_unref(f->event);
    text_done(&f->got);
    assert_return_code(unlink(f->path), errno);
    free(f);
    return 0;
}

static void say(Fixture *f, const char *text)
{
    assert_int_equal(write(f->writer, text, strlen(text)), strlen(text));
}

/* Until all that was written is read, of which `expected` is the messages. */
static void assert_got(Fixture *f, const char *expected)
{
    while (!f->got.data || f->got.length < strlen(expected))
        assert_true(sd_event_run(f->event, PATIENCE_USEC) > 0);
    while (sd_event_run(f->event, 0) > 0)
        ;
    assert_string_equal(f->got.data, expected);
}

static void test_lines(void **state)
{
    Fixture *f = *state;

    say(f, "one\n");
    assert_got(f, "one|");
    say(f, "two\n\nthree\nfo");
    assert_got(f, "one|two||three|");
    say(f, "ur\n");
    assert_got(f, "one|two||three|four|");
}

/* Who writes may go, and another come. */
static void test_writers(void **state)
{
    Fixture *f = *state;

    say(f, "one\n");
    closep(&f->writer);
    assert_got(f, "one|");
    f->writer = open(f->path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    assert_return_code(f->writer, errno);
    say(f, "two\n");
    assert_got(f, "one|two|");
}

static void test_long_line(void **state)
{
    char line[KERNEL_LOG_RECORD_MAX];
    Fixture *f = *state;

    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    for (unsigned i = 0; i < 3; i++) {
        say(f, line);
        assert_true(sd_event_run(f->event, PATIENCE_USEC) > 0);
    }
    say(f, "\nshort\n");
    assert_got(f, "short|");
}

static void test_records(void **state)
{
    static const struct {
        const char *record;
        const char *message; /* NULL: none */
    } rows[] = {
            {"6,339,5140900,-;NET: Registered protocol family 10\n SUBSYSTEM=net\n DEVICE=x\n",
             "NET: Registered protocol family 10"},
            {"3,1,2,-,caller=T1;NVRM: Xid (PCI:0000:01:00): 79\n",
             "NVRM: Xid (PCI:0000:01:00): 79"},
            {"0,0,0,-;a;b", "a;b"},
            {"7,0,0,c;", ""},
            /* programs: user, daemon */
            {"12,340,5690716,-;NVRM: Xid (PCI:0000:01:00): 79\n", NULL},
            {"30,340,5690716,-;NVRM: Xid (PCI:0000:01:00): 79\n", NULL},
            {"", NULL},
            {";", NULL},
            {"x;y", NULL},
            {"6;y", NULL},
            {"6,1,2,-", NULL},
            {"-1,1,2,-;y", NULL},
            {"99999999999999999999,1,2,-;y", NULL},
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        _cleanup_free_ char *record = strdup(rows[i].record);
        const char *message = kernel_log_record_message(record);

        if (rows[i].message)
            assert_string_equal(message, rows[i].message);
        else
            assert_null(message);
    }
}

static void test_no_log(void **state)
{
    Fixture *f = *state;
    KernelLog *log = NULL;

    assert_int_equal(kernel_log_new(f->event, "/nonexistent/kmsg", on_message, f, &log), -ENOENT);
    assert_int_equal(kernel_log_new(f->event, "/tmp", on_message, f, &log), -EINVAL);
    assert_int_equal(kernel_log_new(f->event, "/proc/version", on_message, f, &log), -EINVAL);
    assert_null(log);
    assert_null(kernel_log_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
            cmocka_unit_test_setup_teardown(test_writers, setup, teardown),
            cmocka_unit_test_setup_teardown(test_long_line, setup, teardown),
            cmocka_unit_test(test_records),
            cmocka_unit_test_setup_teardown(test_no_log, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
