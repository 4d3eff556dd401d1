/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/journal_stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "../base/cmocka-all.h"
#include "base/text.h"
#include "journal-writer.h"

#define ALL UINT64_MAX

enum { PATIENCE_MS = 20000 };

typedef struct Fixture {
    char folder[64];
    JournalWriter *writer;
} Fixture;

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    strcpy(f->folder, "/tmp/test-journal-stream-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->writer = journal_writer_new(f->folder, "test");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    DIR *d = opendir(f->folder);
    struct dirent *entry;

    journal_writer_free(f->writer);
    assert_non_null(d);
    while ((entry = readdir(d)))
        if (entry->d_name[0] != '.')
            assert_return_code(unlinkat(dirfd(d), entry->d_name, 0), errno);
    closedir(d);
    assert_return_code(rmdir(f->folder), errno);
    free(f);
    return 0;
}

/* From now on the journal is as it will stay. */
static void finish_writing(Fixture *f)
{
    f->writer = journal_writer_free(f->writer);
}

static int open_stream(const Fixture *f, JournalQuery q)
{
    int fd = -1;

    q.pool_id = q.pool_id ? q.pool_id : "p";
    q.directory = f->folder;
    assert_return_code(journal_stream_open(&q, &fd), 0);
    assert_true(fd >= 0);
    return fd;
}

static void await(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

/* Appends what there is; returns false at the end of the stream. */
static bool read_some(int fd, Text *t)
{
    char buffer[4096];
    ssize_t n;

    await(fd);
    n = read(fd, buffer, sizeof(buffer));
    assert_return_code(n, errno);
    text_append_bytes(t, buffer, (size_t)n);
    return n > 0;
}

static char *read_all(int fd)
{
    Text t = {0};
    char *all;

    while (read_some(fd, &t))
        ;
    close(fd);
    assert_int_equal(text_take(&t, &all), 0);
    return all;
}

static void assert_stream(const Fixture *f, JournalQuery q, const char *expected)
{
    _cleanup_free_ char *all = read_all(open_stream(f, q));

    assert_string_equal(all, expected);
}

static void add_numbered(Fixture *f, unsigned from, unsigned to)
{
    char message[32];

    for (unsigned i = from; i < to; i++) {
        (void)snprintf(message, sizeof(message), "line %u", i);
        journal_writer_add_output(f->writer, "p", 1, message);
    }
}

/* `text` is lines that end in "line <number>", and these are the numbers. */
static void assert_numbered(const char *text, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char expected[32];
        int length = snprintf(expected, sizeof(expected), "Z line %u\n", i);

        text = strchr(text, 'Z');
        assert_non_null(text);
        assert_int_equal(strncmp(text, expected, (size_t)length), 0);
        text += length;
    }
    assert_string_equal(text, "");
}

static void test_text(void **state)
{
    Fixture *f = *state;

    add_numbered(f, 0, 2);
    journal_writer_add_output(f->writer, "p", 1, "");
    finish_writing(f);
    assert_stream(f, (JournalQuery){.lines = ALL},
                  "2024-02-29T12:34:56.789Z line 0\n"
                  "2024-02-29T12:34:56.790Z line 1\n"
                  "2024-02-29T12:34:56.791Z \n");
}

static void test_json(void **state)
{
    static const char without_pid[] =
            "_TRANSPORT=stdout\nPOOL_ID=p\nPOOL_GENERATION=3\n_SYSTEMD_UNIT=pool@p:r0:g3.service\n";
    Fixture *f = *state;

    journal_writer_add_output(f->writer, "p", 2, "say \"it\"\t\\");
    journal_writer_add(f->writer, without_pid, "no pid", 6);
    finish_writing(f);
    assert_stream(f, (JournalQuery){.lines = ALL, .json = true},
                  "{\"time_ms\":1709210096789,\"generation\":2,\"pid\":77,"
                  "\"message\":\"say \\\"it\\\"\\t\\\\\"}\n"
                  "{\"time_ms\":1709210096790,\"generation\":3,\"pid\":null,"
                  "\"message\":\"no pid\"}\n");
}

/* Others' lines lie between those of the pool, and are not counted. */
static void test_last_lines(void **state)
{
    static const struct {
        uint64_t lines;
        unsigned first; /* of the numbers that come */
    } rows[] = {{0, 50}, {1, 49}, {7, 43}, {49, 1}, {50, 0}, {51, 0}, {1000000, 0}, {ALL, 0}};
    Fixture *f = *state;

    for (unsigned i = 0; i < 50; i++) {
        add_numbered(f, i, i + 1);
        journal_writer_add_output(f->writer, "other", 1, "not of this pool");
        journal_writer_add(f->writer, "POOL_ID=p\n_SYSTEMD_UNIT=pool-managerd.service\n", "own", 3);
    }
    finish_writing(f);
    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        _cleanup_free_ char *all = read_all(open_stream(f, (JournalQuery){.lines = rows[i].lines}));

        assert_numbered(all, rows[i].first, 50);
    }
}

static void test_bare(void **state)
{
    Fixture *f = *state;

    add_numbered(f, 0, 3);
    finish_writing(f);
    assert_stream(f, (JournalQuery){.lines = 2, .bare = true}, "line 1\nline 2\n");
}

/* By the monotonic clock, on which the first entry is at 1 ms, as all the others 1 ms later. */
static void test_since(void **state)
{
    Fixture *f = *state;

    add_numbered(f, 0, 5);
    finish_writing(f);
    assert_stream(f, (JournalQuery){.lines = ALL, .since_usec = 1000, .bare = true},
                  "line 0\nline 1\nline 2\nline 3\nline 4\n");
    assert_stream(f, (JournalQuery){.lines = ALL, .since_usec = 3001, .bare = true},
                  "line 3\nline 4\n");
    assert_stream(f, (JournalQuery){.lines = 10, .since_usec = 3000, .bare = true},
                  "line 2\nline 3\nline 4\n");
    assert_stream(f, (JournalQuery){.lines = 2, .since_usec = 3000, .bare = true},
                  "line 3\nline 4\n");
    assert_stream(f, (JournalQuery){.lines = 2, .since_usec = 5001}, "");
}

/* What another boot has left counts for nothing, whatever its clock said. */
static void test_since_boot(void **state)
{
    Fixture *f = *state;

    add_numbered(f, 0, 3);
    journal_writer_set_boot(f->writer, "fedcba9876543210fedcba9876543210");
    add_numbered(f, 3, 5);
    finish_writing(f);
    assert_stream(f, (JournalQuery){.lines = 10, .since_usec = 1, .bare = true},
                  "line 3\nline 4\n");
    assert_stream(f, (JournalQuery){.lines = 10, .bare = true},
                  "line 0\nline 1\nline 2\nline 3\nline 4\n");
}

/* Whether or not there is a journal's service to ask; as many as there are other streams. */
static void test_settled(void **state)
{
    int fds[JOURNAL_STREAMS_MAX + 1];
    Fixture *f = *state;

    add_numbered(f, 0, 3);
    finish_writing(f);
    for (size_t i = 0; i < ELEMENTSOF(fds); i++)
        fds[i] = open_stream(f, (JournalQuery){.lines = 2, .bare = true, .settled = true});
    assert_stream(f, (JournalQuery){.lines = 1, .bare = true}, "line 2\n");
    for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
        _cleanup_free_ char *all = read_all(fds[i]);

        assert_string_equal(all, "line 1\nline 2\n");
    }
}

static void test_which_entries(void **state)
{
    static const char *const others[] = {
            /* the daemon, the service manager, and a program that only says it is of the pool */
            "POOL_ID=p\nPOOL_GENERATION=1\n_SYSTEMD_UNIT=pool-managerd.service\n",
            "POOL_ID=p\nUNIT=pool@p:r0:g1.service\n_SYSTEMD_UNIT=init.scope\n",
            ("POOL_ID=p\nPOOL_GENERATION=1\n_UID=1000\n_SYSTEMD_UNIT=user@1000.service\n"
             "_SYSTEMD_USER_UNIT=pool@p:r0:g1.service\n_SYSTEMD_USER_SLICE=pools.slice\n"),
            "POOL_ID=p\nPOOL_GENERATION=1\n",
            "POOL_ID=p\nPOOL_GENERATION=1\n_SYSTEMD_UNIT=pool@p2:r0:g1.service\n",
            "POOL_ID=p\nPOOL_GENERATION=1\n_SYSTEMD_UNIT=pool@p:r0:gx.service\n",
    };
    Fixture *f = *state;

    journal_writer_add_output(f->writer, "p", 1, "first");
    for (size_t i = 0; i < ELEMENTSOF(others); i++)
        journal_writer_add(f->writer, others[i], "stranger", 8);
    journal_writer_add_output(f->writer, "p", 2, "second");
    journal_writer_add_output(f->writer, "p", 12, "twelfth");
    finish_writing(f);
    assert_stream(f, (JournalQuery){.lines = ALL},
                  "2024-02-29T12:34:56.789Z first\n"
                  "2024-02-29T12:34:56.796Z second\n"
                  "2024-02-29T12:34:56.797Z twelfth\n");
    assert_stream(f, (JournalQuery){.lines = ALL, .generation = 2},
                  "2024-02-29T12:34:56.796Z second\n");
    assert_stream(f, (JournalQuery){.lines = 5, .generation = 1},
                  "2024-02-29T12:34:56.789Z first\n");
    assert_stream(f, (JournalQuery){.lines = ALL, .generation = 3}, "");
    assert_stream(f, (JournalQuery){.lines = ALL, .pool_id = "nobody"}, "");
}

static void test_user_mode(void **state)
{
    Fixture *f = *state;
    char newer[512];

    journal_writer_add_user_output(f->writer, "p", 1, getuid(), "mine");
    journal_writer_add_user_output(f->writer, "q", 1, getuid(), "of another pool");
    journal_writer_add_user_output(f->writer, "p", 1, getuid() + 1, "of another user");
    journal_writer_add_output(f->writer, "p", 1, "of the system");
    /* with POOL_ID, and another slice */
    (void)snprintf(newer, sizeof(newer),
                   "POOL_ID=p\nPOOL_GENERATION=2\n_UID=%u\n"
                   "_SYSTEMD_USER_UNIT=pool@p:r0:g2.service\n_SYSTEMD_USER_SLICE=app.slice\n",
                   getuid());
    journal_writer_add(f->writer, newer, "mine too", 8);
    finish_writing(f);
    assert_stream(f, (JournalQuery){.lines = ALL, .user_mode = true},
                  "2024-02-29T12:34:56.789Z mine\n"
                  "2024-02-29T12:34:56.793Z mine too\n");
    assert_stream(f, (JournalQuery){.lines = 1, .user_mode = true, .generation = 1},
                  "2024-02-29T12:34:56.789Z mine\n");
}

static void test_bad_bytes(void **state)
{
    static const char fields[] =
            "POOL_ID=p\nPOOL_GENERATION=1\n_PID=7\n_SYSTEMD_UNIT=pool@p:r0:g1.service\n";
    static const char bad[] = "a\xff\0b\x1b[31m\nc\xe2\x82";
    Fixture *f = *state;

    journal_writer_add(f->writer, fields, bad, sizeof(bad) - 1);
    finish_writing(f);
    assert_stream(f, (JournalQuery){.lines = ALL},
                  "2024-02-29T12:34:56.789Z a\xef\xbf\xbd\xef\xbf\xbd"
                  "b\\u001b[31m\\nc\xef\xbf\xbd\xef\xbf\xbd\n");
    assert_stream(f, (JournalQuery){.lines = ALL, .json = true},
                  "{\"time_ms\":1709210096789,\"generation\":1,\"pid\":7,\"message\":"
                  "\"a\\ufffd\\ufffdb\\u001b[31m\\nc\\ufffd\\ufffd\"}\n");
}

/* One byte more than fits, with a character of two bytes at the border. */
static void test_long_message(void **state)
{
    static const char fields[] =
            "POOL_ID=p\nPOOL_GENERATION=1\n_SYSTEMD_UNIT=pool@p:r0:g1.service\n";
    static const char start[] = "2024-02-29T12:34:56.789Z ", end[] = "aa [cut at 64 KiB]\n";
    _cleanup_free_ char *message = malloc(4 * JOURNAL_STREAM_MESSAGE_MAX);
    _cleanup_free_ char *all = NULL, *whole = NULL;
    Fixture *f = *state;
    size_t length;

    assert_non_null(message);
    memset(message, 'a', 4 * JOURNAL_STREAM_MESSAGE_MAX);
    message[JOURNAL_STREAM_MESSAGE_MAX - 1] = '\xc3';
    message[JOURNAL_STREAM_MESSAGE_MAX] = '\xbc';
    journal_writer_add(f->writer, fields, message, 4 * JOURNAL_STREAM_MESSAGE_MAX);
    memset(message, 'b', JOURNAL_STREAM_MESSAGE_MAX);
    journal_writer_add(f->writer, fields, message, JOURNAL_STREAM_MESSAGE_MAX);
    finish_writing(f);
    all = read_all(open_stream(f, (JournalQuery){.lines = ALL}));
    length = strcspn(all, "\n") + 1;
    assert_int_equal(length, strlen(start) + JOURNAL_STREAM_MESSAGE_MAX - 3 + strlen(end));
    assert_memory_equal(all + length - strlen(end), end, strlen(end));
    whole = strdup(all + length + strlen(start));
    assert_int_equal(strlen(whole), JOURNAL_STREAM_MESSAGE_MAX + 1);
    assert_int_equal(strspn(whole, "b"), JOURNAL_STREAM_MESSAGE_MAX);
}

static void read_until(int fd, Text *t, const char *end)
{
    while (!t->data || !strstr(t->data, end))
        assert_true(read_some(fd, t));
}

static void test_follow(void **state)
{
    Fixture *f = *state;
    Text t = {0};
    int fd;

    add_numbered(f, 0, 3);
    /* What a stream has shown is in the file. */
    fd = open_stream(f, (JournalQuery){.lines = ALL, .follow = true});
    read_until(fd, &t, "line 2\n");
    close(fd);
    text_done(&t);
    fd = open_stream(f, (JournalQuery){.lines = 2, .follow = true});
    read_until(fd, &t, "line 2\n");
    add_numbered(f, 3, 4);
    read_until(fd, &t, "line 3\n");
    journal_writer_add_output(f->writer, "q", 1, "of the other");
    add_numbered(f, 4, 6);
    read_until(fd, &t, "line 5\n");
    assert_string_equal(strstr(t.data, "line"), strstr(t.data, "line 1\n"));
    assert_non_null(strstr(t.data, "line 3\n2024-02-29T12:34:56.794Z line 4\n"));
    close(fd);
    text_done(&t);
}

/* Adds lines until one comes: when the stream has found the end of the journal is not to be seen.
 */
static void assert_only_new(Fixture *f, const char *pool_id)
{
    int fd = open_stream(f, (JournalQuery){.lines = 0, .follow = true, .pool_id = pool_id});
    struct pollfd p = {.fd = fd, .events = POLLIN};
    Text t = {0};

    while (poll(&p, 1, 10) == 0)
        journal_writer_add_output(f->writer, pool_id, 2, "new");
    read_until(fd, &t, "\n");
    assert_null(strstr(t.data, "line"));
    close(fd);
    text_done(&t);
}

static void test_follow_from_the_end(void **state)
{
    Fixture *f = *state;
    Text t = {0};
    int fd;

    add_numbered(f, 0, 3);
    fd = open_stream(f, (JournalQuery){.lines = ALL, .follow = true});
    read_until(fd, &t, "line 2\n");
    close(fd);
    text_done(&t);
    assert_only_new(f, "p");
    assert_only_new(f, "q");
}

/* A new file is found, as after a rotation. */
static void test_follow_into_a_new_file(void **state)
{
    Fixture *f = *state;
    JournalWriter *second;
    Text t = {0};
    int fd;

    add_numbered(f, 0, 2);
    fd = open_stream(f, (JournalQuery){.lines = ALL, .follow = true});
    read_until(fd, &t, "line 1\n");
    second = journal_writer_new(f->folder, "second");
    for (int i = 0; i < 3; i++)
        journal_writer_add(second, "", "to be later than what is there", 1);
    journal_writer_add_output(second, "p", 2, "from the second file");
    read_until(fd, &t, "from the second file\n");
    close(fd);
    text_done(&t);
    journal_writer_free(second);
}

/* Opens a stream as soon as one of the places is free. */
static int open_when_possible(const Fixture *f)
{
    const JournalQuery q = {.pool_id = "p", .lines = 0, .follow = true, .directory = f->folder};
    int fd = -1, r;

    while ((r = journal_stream_open(&q, &fd)) == -EBUSY)
        (void)sched_yield();
    assert_return_code(r, 0);
    return fd;
}

/* Each of the threads waits for news, and none comes: they end because their readers do. */
static void test_as_many_as_allowed(void **state)
{
    const JournalQuery q = {.pool_id = "p", .follow = true, .directory = "/nonexistent"};
    Fixture *f = *state;
    int fds[JOURNAL_STREAMS_MAX], fd = -1;

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
            fds[i] = open_when_possible(f);
        assert_int_equal(journal_stream_open(&q, &fd), -EBUSY);
        assert_int_equal(fd, -1);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
            close(fds[i]);
    }
    for (size_t i = 0; i < ELEMENTSOF(fds); i++)
        fds[i] = open_when_possible(f);
    for (size_t i = 0; i < ELEMENTSOF(fds); i++)
        close(fds[i]);
}

/* Much more than the pipe holds: the thread waits for the reader, and nothing is lost. */
static void test_slow_reader(void **state)
{
    enum { LINES = 5000 };
    _cleanup_free_ char *all = NULL;
    Fixture *f = *state;
    int fd, waiting = 0;

    add_numbered(f, 0, LINES);
    finish_writing(f);
    fd = open_stream(f, (JournalQuery){.lines = ALL});
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    await(fd);
    while (waiting < fcntl(fd, F_GETPIPE_SZ)) {
        assert_return_code(ioctl(fd, FIONREAD, &waiting), errno);
        (void)sched_yield();
    }
    all = read_all(fd);
    assert_numbered(all, 0, LINES);
}

/* Closing early while the thread is blocked in the full pipe. */
static void test_reader_leaves_a_full_pipe(void **state)
{
    Fixture *f = *state;
    int fds[JOURNAL_STREAMS_MAX];

    add_numbered(f, 0, 5000);
    finish_writing(f);
    for (int i = 0; i < 4; i++) {
        int fd = open_stream(f, (JournalQuery){.lines = ALL, .follow = true});

        await(fd);
        close(fd);
    }
    for (size_t i = 0; i < ELEMENTSOF(fds); i++)
        fds[i] = open_when_possible(f);
    for (size_t i = 0; i < ELEMENTSOF(fds); i++)
        close(fds[i]);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {"", "../p", "a b", "p\nMESSAGE=x"};
    Fixture *f = *state;
    int fd = -1;

    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        const JournalQuery q = {.pool_id = bad[i], .lines = ALL, .directory = f->folder};

        assert_int_equal(journal_stream_open(&q, &fd), -EINVAL);
        assert_int_equal(fd, -1);
    }
}

static void test_no_journal(void **state)
{
    const JournalQuery q = {
            .pool_id = "p", .lines = ALL, .follow = true, .directory = "/nonexistent"};
    _cleanup_free_ char *all = NULL;
    int fd = -1;

    assert_return_code(journal_stream_open(&q, &fd), 0);
    all = read_all(fd);
    assert_string_equal(all, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_text),
            TEST(test_json),
            TEST(test_last_lines),
            TEST(test_bare),
            TEST(test_since),
            TEST(test_since_boot),
            TEST(test_settled),
            TEST(test_which_entries),
            TEST(test_user_mode),
            TEST(test_bad_bytes),
            TEST(test_long_message),
            TEST(test_follow),
            TEST(test_follow_from_the_end),
            TEST(test_follow_into_a_new_file),
            TEST(test_as_many_as_allowed),
            TEST(test_slow_reader),
            TEST(test_reader_leaves_a_full_pipe),
            TEST(test_refused),
            TEST(test_no_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
