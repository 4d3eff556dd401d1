/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/thorough.h"
#include "store-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poolmgr/limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/usec.h"
#include "store/handoff_watch.h"

/* What was told since the last look: "+name=text", "-name", "!name reason", "?trouble", each with a
 * newline. When `counts` is set, only the numbers of them. */
typedef struct Watched {
    Folder *folder; /* R is "r" in it */
    char path[128];
    RuntimeDir *dir;
    int fd;
    int engines_fd;
    sd_event *event;
    HandoffWatch *watch;
    bool counts;
    const char *postpone; /* texts of this kind */
    unsigned changed, gone, bad, trouble;
    char told[4096];
} Watched;

static void note(Watched *t, unsigned *counter, const char *format, ...) _printf_(3, 4);

static void note(Watched *t, unsigned *counter, const char *format, ...)
{
    size_t at = strlen(t->told);
    va_list ap;

    (*counter)++;
    if (t->counts)
        return;
    va_start(ap, format);
    (void)vsnprintf(t->told + at, sizeof(t->told) - at, format, ap);
    va_end(ap);
}

static void on_changed(const char *name, const char *text, size_t length, void *userdata)
{
    Watched *t = userdata;

    assert_int_equal(text[length], '\0');
    note(t, &t->changed, "+%s=%.64s\n", name, text);
    if (t->postpone && streq(text, t->postpone))
        handoff_watch_postpone(t->watch, name);
}

static void on_gone(const char *name, void *userdata)
{
    Watched *t = userdata;

    note(t, &t->gone, "-%s\n", name);
}

static void on_bad(const char *name, const char *reason, void *userdata)
{
    Watched *t = userdata;

    note(t, &t->bad, "!%s %s\n", name, reason);
}

static void on_trouble(const char *reason, void *userdata)
{
    Watched *t = userdata;

    /* The path is another each time. */
    assert_true(startswith(reason, t->path));
    note(t, &t->trouble, "?%s\n", reason + strlen(t->path));
}

static void on_lost(void *userdata)
{
    Watched *t = userdata;

    note(t, &t->trouble, "%s\n", "lost");
}

static const HandoffWatchCallbacks callbacks = {on_changed, on_gone, on_bad, on_trouble, on_lost};

static void open_all(Watched *t)
{
    assert_int_equal(runtime_dir_open(t->path, &t->dir), 0);
    t->fd = openat(t->folder->fd, "r", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_return_code(t->fd, errno);
    t->engines_fd = openat(t->fd, "engines", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_return_code(t->engines_fd, errno);
    assert_int_equal(handoff_watch_new(t->event, t->dir, &callbacks, t, &t->watch), 0);
}

static void close_all(Watched *t)
{
    t->watch = handoff_watch_free(t->watch);
    t->dir = runtime_dir_free(t->dir);
    close(t->fd);
    close(t->engines_fd);
}

static int watched_setup(void **state)
{
    Watched *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    folder_setup((void **)&t->folder);
    (void)snprintf(t->path, sizeof(t->path), "%s/r", t->folder->path);
    assert_return_code(sd_event_new(&t->event), errno);
    open_all(t);
    *state = t;
    return 0;
}

static int watched_teardown(void **state)
{
    Watched *t = *state;

    close_all(t);
    sd_event_unref(t->event);
    folder_teardown((void **)&t->folder);
    free(t);
    return 0;
}

static usec_t now_usec(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

/* Runs the loop until `counter` has reached `n`. */
static void await(Watched *t, const unsigned *counter, unsigned n)
{
    usec_t deadline = now_usec() + 30 * USEC_PER_SEC;

    while (*counter < n) {
        if (now_usec() > deadline)
            fail_msg("waited for %u, got %u; told: %s", n, *counter, t->told);
        assert_return_code(sd_event_run(t->event, USEC_PER_SEC), errno);
    }
}

/* Runs the loop until all that was done to the folder so far has been handled: events come in
 * order, and the last one is that of a file of our own making. Then `wanted` has been told. */
static void assert_told(Watched *t, const char *wanted)
{
    static const char end[] = "+zz-end.json=end\n-zz-end.json\n";
    char *at = NULL;
    unsigned gone;
    usec_t deadline = now_usec() + 30 * USEC_PER_SEC;

    put_file(t->engines_fd, "zz-end.json", "end");
    while (!(at = strstr(t->told, "+zz-end.json")) && now_usec() < deadline)
        assert_return_code(sd_event_run(t->event, USEC_PER_SEC), errno);
    assert_non_null(at);
    gone = t->gone + 1;
    assert_return_code(unlinkat(t->engines_fd, "zz-end.json", 0), errno);
    await(t, &t->gone, gone);
    at = strstr(t->told, end);
    assert_non_null(at);
    *at = '\0';
    assert_string_equal(t->told, wanted);
    t->told[0] = '\0';
}

/* What a scan tells. */
static void assert_scan(Watched *t, const char *wanted)
{
    handoff_watch_scan(t->watch);
    assert_string_equal(t->told, wanted);
    t->told[0] = '\0';
}

/* As those do who know how: another name first. */
static void rename_into(Watched *t, const char *name, const char *text)
{
    put_file(t->engines_fd, ".new", text);
    assert_return_code(renameat(t->engines_fd, ".new", t->engines_fd, name), errno);
}

static void remove_file(Watched *t, const char *name)
{
    assert_return_code(unlinkat(t->engines_fd, name, 0), errno);
}

static void test_files_come_and_go(void **state)
{
    Watched *t = *state;

    put_file(t->engines_fd, "a.json", "1");
    assert_told(t, "+a.json=1\n");
    rename_into(t, "b.json", "2");
    assert_told(t, "+b.json=2\n");
    put_file(t->engines_fd, "a.json", "3");
    assert_told(t, "+a.json=3\n");
    rename_into(t, "a.json", "4");
    assert_told(t, "+a.json=4\n");
    assert_return_code(renameat(t->engines_fd, "a.json", t->engines_fd, "c.json"), errno);
    assert_told(t, "-a.json\n+c.json=4\n");
    remove_file(t, "b.json");
    assert_return_code(renameat(t->engines_fd, "c.json", t->fd, "elsewhere"), errno);
    assert_told(t, "-b.json\n-c.json\n");
    assert_scan(t, "");

    /* In and out again before anybody looked. */
    put_file(t->engines_fd, "d.json", "1");
    remove_file(t, "d.json");
    assert_told(t, "");
    put_file(t->engines_fd, "d.json", "1");
    put_file(t->engines_fd, "d.json", "22");
    assert_told(t, "+d.json=22\n");
    put_file(t->engines_fd, "empty.json", "");
    assert_told(t, "+empty.json=\n");
}

static void test_other_names(void **state)
{
    static const char *const names[] = {".json", ".a.json", ".#pm-a.json.1.0", "a",    "a.jso",
                                        "json",  "a.JSON",  "a.json.bad",      "a.txt"};
    Watched *t = *state;

    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        put_file(t->engines_fd, names[i], "x");
    assert_told(t, "");
    assert_scan(t, "");

    /* Any other name will do, the id stands within. */
    put_file(t->engines_fd, "with space.json", "1");
    put_file(t->engines_fd, "\xff\n.json", "2");
    assert_told(t, "+with space.json=1\n+\xff\n.json=2\n");
    assert_scan(t, "");
}

static void test_first_scan(void **state)
{
    Watched *t = *state;

    close_all(t);
    t->told[0] = '\0';
    put_file(t->folder->fd, "r/engines/b.json", "2");
    put_file(t->folder->fd, "r/engines/a.json", "1");
    assert_return_code(mkdirat(t->folder->fd, "r/engines/c.json", 0755), errno);
    open_all(t);
    assert_string_equal(t->told, "");
    put_file(t->engines_fd, "d.json", "4");
    assert_scan(t, "+a.json=1\n+b.json=2\n!c.json is a folder\n+d.json=4\n");
    assert_scan(t, "");
    /* The event of d.json comes only now, and has nothing to tell any more. */
    assert_told(t, "");
}

static void test_scan_tells_differences(void **state)
{
    Watched *t = *state;

    put_file(t->engines_fd, "a.json", "1");
    put_file(t->engines_fd, "b.json", "2");
    put_file(t->engines_fd, "c.json", "3");
    put_file(t->engines_fd, "d.json", "4");
    assert_scan(t, "+a.json=1\n+b.json=2\n+c.json=3\n+d.json=4\n");
    remove_file(t, "a.json");
    remove_file(t, "d.json");
    put_file(t->engines_fd, "b.json", "22");
    put_file(t->engines_fd, "0.json", "0");
    assert_scan(t, "-a.json\n-d.json\n+0.json=0\n+b.json=22\n");
    assert_told(t, "");
}

/* What is being written is seen when it is closed. */
static void test_slow_writer(void **state)
{
    Watched *t = *state;
    int fd = openat(t->engines_fd, "a.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    assert_return_code(fd, errno);
    assert_int_equal(write(fd, "{\"half\"", 7), 7);
    assert_return_code(fchmod(fd, 0640), errno);
    assert_told(t, "");
    assert_int_equal(write(fd, ": 1}", 4), 4);
    assert_told(t, "");
    close(fd);
    assert_told(t, "+a.json={\"half\": 1}\n");

    /* A scan sees what is there by then, the rest comes later. */
    fd = openat(t->engines_fd, "b.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_int_equal(write(fd, "{\"half\"", 7), 7);
    assert_scan(t, "+b.json={\"half\"\n");
    assert_int_equal(write(fd, ": 1}", 4), 4);
    close(fd);
    assert_told(t, "+b.json={\"half\": 1}\n");
}

static void test_linked_files(void **state)
{
    Watched *t = *state;
    char link[64];
    int fd;

    put_file(t->engines_fd, ".new", "1");
    assert_return_code(linkat(t->engines_fd, ".new", t->engines_fd, "a.json", 0), errno);
    assert_told(t, "+a.json=1\n");

    fd = openat(t->engines_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EOPNOTSUPP)
        skip();
    assert_return_code(fd, errno);
    assert_int_equal(write(fd, "2", 1), 1);
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    assert_return_code(linkat(AT_FDCWD, link, t->engines_fd, "b.json", AT_SYMLINK_FOLLOW), errno);
    close(fd);
    assert_told(t, "");
    assert_scan(t, "+b.json=2\n");
}

static void set_time(Watched *t, const char *name)
{
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

    assert_return_code(utimensat(t->engines_fd, name, times, 0), errno);
}

/* Times may be too coarse to tell two versions apart, and lengths are often the same. */
static void test_same_stat(void **state)
{
    Watched *t = *state;

    put_file(t->engines_fd, "a.json", "one");
    set_time(t, "a.json");
    assert_told(t, "+a.json=one\n");
    put_file(t->engines_fd, "a.json", "two");
    set_time(t, "a.json");
    assert_told(t, "+a.json=two\n");
    put_file(t->engines_fd, "a.json", "six");
    set_time(t, "a.json");
    assert_scan(t, "+a.json=six\n");
    assert_told(t, "");

    /* The same again is a new version: whoever wrote it means it to be taken. */
    rename_into(t, "a.json", "six");
    assert_told(t, "+a.json=six\n");
}

static void put_large(Watched *t, const char *name, size_t n)
{
    _cleanup_free_ char *text = malloc(n + 1);

    assert_non_null(text);
    memset(text, 'x', n);
    text[n] = '\0';
    put_file(t->engines_fd, name, text);
}

static void put_socket(Watched *t, const char *name)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_return_code(fd, errno);
    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/%s", t->engines_fd, name);
    assert_return_code(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), errno);
    close(fd);
}

static const char all_bad[] = "!dir.json is a folder\n"
                              "!fifo.json is not a regular file\n"
                              "!large.json is larger than 1048576 bytes\n"
                              "!link.json is a symbolic link\n"
                              "!sock.json is not a regular file\n";

static void put_bad(Watched *t)
{
    assert_return_code(mkdirat(t->engines_fd, "dir.json", 0755), errno);
    assert_return_code(mkfifoat(t->engines_fd, "fifo.json", 0644), errno);
    put_large(t, "large.json", PM_BODY_MAX + 1);
    assert_return_code(symlinkat("good", t->engines_fd, "link.json"), errno);
    put_socket(t, "sock.json");
}

/* None is waited for, followed or believed, and each is told once. */
static void test_bad(void **state)
{
    Watched *t = *state;

    put_file(t->engines_fd, "good", "1");
    put_bad(t);
    assert_told(t, all_bad);
    assert_scan(t, "");

    /* What happens in a folder, or to what a link points to, is nothing new. */
    put_file(t->engines_fd, "dir.json/x.json", "1");
    put_file(t->engines_fd, "good", "2");
    assert_scan(t, "");
    assert_told(t, "");

    put_large(t, "large.json", PM_BODY_MAX + 2);
    assert_told(t, "!large.json is larger than 1048576 bytes\n");
    rename_into(t, "fifo.json", "1");
    rename_into(t, "link.json", "2");
    remove_file(t, "sock.json");
    remove_file(t, "dir.json/x.json");
    assert_return_code(unlinkat(t->engines_fd, "dir.json", AT_REMOVEDIR), errno);
    assert_told(t, "+fifo.json=1\n+link.json=2\n-sock.json\n-dir.json\n");
}

/* The same when they are found by a scan. */
static void test_bad_at_scan(void **state)
{
    Watched *t = *state;

    put_bad(t);
    assert_scan(t, all_bad);
    assert_scan(t, "");
    assert_told(t, "");
}

static void test_good_becomes_bad(void **state)
{
    Watched *t = *state;

    put_file(t->engines_fd, "a.json", "1");
    assert_told(t, "+a.json=1\n");
    remove_file(t, "a.json");
    assert_return_code(mkfifoat(t->engines_fd, "a.json", 0644), errno);
    assert_told(t, "!a.json is not a regular file\n");
    remove_file(t, "a.json");
    assert_told(t, "-a.json\n");
}

/* A file that could not be taken is told again when it may be taken now, and only then. */
static void test_postpone(void **state)
{
    Watched *t = *state;

    t->postpone = "later";
    put_file(t->engines_fd, "a.json", "later");
    put_file(t->engines_fd, "b.json", "later");
    put_file(t->engines_fd, "c.json", "now");
    put_file(t->engines_fd, "d.json", "later");
    assert_told(t, "+a.json=later\n+b.json=later\n+c.json=now\n+d.json=later\n");
    assert_scan(t, "");

    handoff_watch_resume(t->watch);
    assert_string_equal(t->told, "");
    await(t, &t->changed, t->changed + 3);
    assert_string_equal(t->told, "+a.json=later\n+b.json=later\n+d.json=later\n");
    t->told[0] = '\0';

    t->postpone = NULL;
    put_file(t->engines_fd, "a.json", "now");
    remove_file(t, "d.json");
    assert_told(t, "+a.json=now\n-d.json\n");
    handoff_watch_resume(t->watch);
    await(t, &t->changed, t->changed + 1);
    assert_string_equal(t->told, "+b.json=later\n");
    t->told[0] = '\0';
    handoff_watch_resume(t->watch);
    assert_scan(t, "");
    assert_told(t, "");
}

static void test_largest(void **state)
{
    Watched *t = *state;

    t->counts = true;
    put_large(t, "a.json", PM_BODY_MAX);
    await(t, &t->changed, 1);
    assert_int_equal(t->bad, 0);
}

/* Handles all events that have come so far. */
static void drain(Watched *t)
{
    int r;

    do
        r = sd_event_run(t->event, 0);
    while (r > 0);
    assert_int_equal(r, 0);
}

/* The daemon need not have every right that root has. */
static void test_unreadable(void **state)
{
    Watched *t = *state;

    if (geteuid() != 0)
        skip();
    put_file(t->engines_fd, "a.json", "1");
    assert_return_code(fchmodat(t->engines_fd, "a.json", 0600, 0), errno);
    assert_return_code(fchmod(t->folder->fd, 0755), errno);
    assert_return_code(seteuid(65534), errno);
    handoff_watch_scan(t->watch);
    drain(t);
    handoff_watch_scan(t->watch);
    assert_return_code(seteuid(0), errno);
    assert_string_equal(t->told, "!a.json cannot be read: Permission denied\n");
    t->told[0] = '\0';

    assert_return_code(fchmodat(t->engines_fd, "a.json", 0644, 0), errno);
    assert_told(t, "+a.json=1\n");
    assert_return_code(fchmodat(t->engines_fd, "a.json", 0640, 0), errno);
    assert_told(t, "");
}

static int write_own(Watched *t, const char *text)
{
    return runtime_dir_write_handoff(t->dir, "a", "r0", text);
}

static int remove_own(Watched *t)
{
    return runtime_dir_remove_handoff(t->dir, "a", "r0");
}

static void test_own_files_are_not_told(void **state)
{
    Watched *t = *state;

    assert_int_equal(write_own(t, "own"), 0);
    assert_told(t, "");
    assert_scan(t, "");
    assert_int_equal(write_own(t, "own again"), 0);
    assert_int_equal(runtime_dir_write_handoff(t->dir, "b", "r0", "own"), 0);
    assert_told(t, "");
    assert_int_equal(remove_own(t), 0);
    assert_told(t, "");
    assert_scan(t, "");
    assert_symlink(t->engines_fd, "engine.json", "b-r0.json");
}

/* Events of what we did come after it: they must not be taken for what others did, nor the other
 * way round. */
static void test_own_and_others(void **state)
{
    Watched *t = *state;

    assert_int_equal(write_own(t, "own"), 0);
    assert_int_equal(remove_own(t), 0);
    put_file(t->engines_fd, "a-r0.json", "theirs");
    assert_told(t, "+a-r0.json=theirs\n");

    assert_int_equal(write_own(t, "own"), 0);
    assert_told(t, "-a-r0.json\n");
    assert_int_equal(remove_own(t), 0);
    assert_told(t, "");

    put_file(t->engines_fd, "a-r0.json", "theirs");
    assert_int_equal(write_own(t, "own"), 0);
    assert_told(t, "");
    assert_scan(t, "");

    /* In place, and by another file. */
    put_file(t->engines_fd, "a-r0.json", "theirs");
    assert_told(t, "+a-r0.json=theirs\n");
    rename_into(t, "a-r0.json", "theirs too");
    assert_told(t, "+a-r0.json=theirs too\n");

    /* Whatever stands there routes requests to an engine that stops. */
    assert_int_equal(remove_own(t), 0);
    assert_told(t, "-a-r0.json\n");
    assert_int_equal(write_own(t, "own"), 0);
    remove_file(t, "a-r0.json");
    put_file(t->engines_fd, "a-r0.json", "own");
    assert_int_equal(write_own(t, "own"), 0);
    remove_file(t, "a-r0.json");
    assert_told(t, "");
    put_file(t->engines_fd, "a-r0.json", "own");
    assert_told(t, "+a-r0.json=own\n");

    /* What was ours and is put back by somebody is not. */
    assert_int_equal(write_own(t, "own"), 0);
    assert_return_code(linkat(t->engines_fd, "a-r0.json", t->engines_fd, ".kept", 0), errno);
    assert_int_equal(remove_own(t), 0);
    assert_told(t, "-a-r0.json\n");
    assert_return_code(renameat(t->engines_fd, ".kept", t->engines_fd, "a-r0.json"), errno);
    assert_told(t, "+a-r0.json=own\n");
}

/* A failed write leaves the one before as our own. */
static void test_own_write_fails(void **state)
{
    Watched *t = *state;
    struct rlimit saved, limit;
    int r, spare;

    assert_int_equal(write_own(t, "own"), 0);
    spare = fcntl(t->fd, F_DUPFD_CLOEXEC, 0);
    close(spare);
    assert_return_code(getrlimit(RLIMIT_NOFILE, &saved), errno);
    limit = saved;
    limit.rlim_cur = (rlim_t)spare;
    assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
    r = write_own(t, "own 2");
    assert_return_code(setrlimit(RLIMIT_NOFILE, &saved), errno);
    assert_int_equal(r, -EMFILE);
    assert_scan(t, "");
    assert_told(t, "");
}

/* The handoffs of an earlier run are told: only their contents say whose they are. */
static void test_own_of_earlier_run(void **state)
{
    Watched *t = *state;

    assert_int_equal(write_own(t, "own"), 0);
    close_all(t);
    open_all(t);
    assert_scan(t, "+a-r0.json=own\n");
    assert_int_equal(write_own(t, "own"), 0);
    assert_told(t, "-a-r0.json\n");
}

static void test_engine_json(void **state)
{
    Watched *t = *state;

    assert_return_code(symlinkat("x", t->engines_fd, "engine.json"), errno);
    assert_told(t, "");
    assert_scan(t, "");
    rename_into(t, "engine.json", "theirs");
    assert_told(t, "+engine.json=theirs\n");
    assert_int_equal(write_own(t, "own"), 0);
    assert_told(t, "");
    assert_file(t->engines_fd, "engine.json", "theirs");
    remove_file(t, "engine.json");
    assert_told(t, "-engine.json\n");
    assert_int_equal(write_own(t, "own"), 0);
    assert_told(t, "");
    assert_symlink(t->engines_fd, "engine.json", "a-r0.json");
}

static void put_number(Watched *t, unsigned number, const char *text)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "%05u.json", number);
    put_file(t->engines_fd, name, text);
}

static void remove_number(Watched *t, unsigned number)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "%05u.json", number);
    remove_file(t, name);
}

static void test_too_many(void **state)
{
    Watched *t = *state;

    if (thorough_stride() > 1)
        skip(); /* it is about a number, which no stride reaches */
    t->counts = true;
    for (unsigned i = 0; i < HANDOFF_FILES_MAX + 5; i++)
        put_number(t, i, "x");
    handoff_watch_scan(t->watch);
    assert_int_equal(t->changed, HANDOFF_FILES_MAX);
    assert_int_equal(t->trouble, 1);
    handoff_watch_scan(t->watch);
    put_number(t, 99998, "x");
    put_number(t, 0, "y"); /* those that are known are still watched */
    await(t, &t->changed, HANDOFF_FILES_MAX + 1);
    assert_int_equal(t->trouble, 1);

    /* Our own take no room and are not told. */
    assert_int_equal(write_own(t, "own"), 0);
    remove_number(t, 0);
    remove_number(t, 1);
    await(t, &t->changed, HANDOFF_FILES_MAX + 3);
    assert_int_equal(t->gone, 2);
    assert_int_equal(t->trouble, 1);
    for (unsigned i = 2; i < 6; i++)
        remove_number(t, i);
    await(t, &t->changed, HANDOFF_FILES_MAX + 7);

    /* When it begins anew it is told anew. */
    put_number(t, 99999, "x");
    await(t, &t->trouble, 2);
    assert_int_equal(t->changed, HANDOFF_FILES_MAX + 7);
    assert_int_equal(t->gone, 6);
    assert_int_equal(t->bad, 0);
}

static unsigned queue_length(void)
{
    FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    char line[32];

    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    (void)fclose(f);
    return (unsigned)strtoul(line, NULL, 10);
}

/* The kernel loses events when too many are waiting; what they would have said is found out. */
static void test_overflow(void **state)
{
    Watched *t = *state;
    unsigned limit = queue_length();

    if (limit > 200000)
        skip();
    put_file(t->engines_fd, "changes.json", "old");
    put_file(t->engines_fd, "goes.json", "x");
    put_file(t->engines_fd, "stays.json", "x");
    assert_told(t, "+changes.json=old\n+goes.json=x\n+stays.json=x\n");

    /* Two names in turn, since the kernel merges equal events that follow each other. */
    for (unsigned i = 0; i <= limit / 2 + 1; i++) {
        put_file(t->engines_fd, "noise", "");
        put_file(t->engines_fd, ".noise", "");
    }
    put_file(t->engines_fd, "changes.json", "new");
    remove_file(t, "goes.json");
    put_file(t->engines_fd, "comes.json", "1");
    assert_int_equal(write_own(t, "own"), 0);
    await(t, &t->gone, t->gone + 1);
    assert_string_equal(t->told, "-goes.json\n+changes.json=new\n+comes.json=1\n");
    t->told[0] = '\0';
    assert_told(t, "");
}

static void test_no_descriptors(void **state)
{
    Watched *t = *state;
    struct rlimit saved, limit;
    int spare;

    drain(t); /* The loop closes some that it needs for a new watch only. */
    put_file(t->engines_fd, "a.json", "1");
    spare = fcntl(t->fd, F_DUPFD_CLOEXEC, 0);
    close(spare);
    assert_return_code(getrlimit(RLIMIT_NOFILE, &saved), errno);
    limit = saved;
    limit.rlim_cur = (rlim_t)spare;
    assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
    handoff_watch_scan(t->watch);
    drain(t);
    handoff_watch_scan(t->watch);
    assert_return_code(setrlimit(RLIMIT_NOFILE, &saved), errno);
    assert_string_equal(t->told, "?/engines cannot be read: Too many open files; it is tried again "
                                 "every second until it can be\n");
    await(t, &t->changed, 1);
    assert_int_equal(t->trouble, 1);
}

/* That all is handled some time, and nothing comes by itself. */
static void assert_idle(Watched *t)
{
    for (unsigned i = 0; i < 20; i++)
        assert_return_code(sd_event_run(t->event, 0), errno);
    assert_int_equal(sd_event_run(t->event, 0), 0);
}

static const char was_lost[] = "lost\n";

static void assert_lost(Watched *t, const char *before)
{
    char wanted[512];

    await(t, &t->trouble, 1);
    (void)snprintf(wanted, sizeof(wanted), "%s%s", before, was_lost);
    assert_string_equal(t->told, wanted);
    assert_idle(t);
    handoff_watch_scan(t->watch);
    assert_string_equal(t->told, wanted);
    assert_int_equal(t->trouble, 1);
}

static void test_folder_deleted(void **state)
{
    Watched *t = *state;

    put_file(t->engines_fd, "a.json", "1");
    assert_told(t, "+a.json=1\n");
    remove_file(t, "a.json");
    assert_return_code(unlinkat(t->fd, "engines", AT_REMOVEDIR), errno);
    assert_lost(t, "-a.json\n");
}

static void test_folder_moved(void **state)
{
    Watched *t = *state;

    put_file(t->engines_fd, "a.json", "1");
    put_file(t->engines_fd, "b.json", "2");
    assert_told(t, "+a.json=1\n+b.json=2\n");
    assert_return_code(renameat(t->fd, "engines", t->fd, "elsewhere"), errno);
    assert_return_code(mkdirat(t->fd, "engines", 0755), errno);
    assert_lost(t, "-a.json\n-b.json\n");
}

static void test_runtime_dir_moved(void **state)
{
    Watched *t = *state;

    put_file(t->engines_fd, "a.json", "1");
    assert_told(t, "+a.json=1\n");
    assert_return_code(renameat(t->folder->fd, "r", t->folder->fd, "elsewhere"), errno);
    assert_lost(t, "-a.json\n");
}

static void test_other_events_of_parent(void **state)
{
    Watched *t = *state;

    assert_int_equal(runtime_dir_write_pid(t->dir, "engines", 1), 0);
    assert_int_equal(runtime_dir_remove_pid(t->dir, "engines"), 0);
    assert_return_code(mkdirat(t->fd, "x", 0755), errno);
    assert_return_code(unlinkat(t->fd, "x", AT_REMOVEDIR), errno);
    assert_told(t, "");
    assert_int_equal(t->trouble, 0);
    assert_idle(t);
}

/* A file must be seen within 100 ms; the middle one of many tries says how it is. */
static void test_speed(void **state)
{
    enum { TRIES = 51 };
    Watched *t = *state;
    unsigned late = 0;

    t->counts = true;
    for (unsigned i = 1; i <= TRIES; i++) {
        usec_t begin;

        put_file(t->engines_fd, ".new", "x");
        begin = now_usec();
        assert_return_code(renameat(t->engines_fd, ".new", t->engines_fd, "a.json"), errno);
        await(t, &t->changed, i);
        late += now_usec() - begin > 100 * USEC_PER_MSEC;
    }
    assert_true(late <= TRIES / 2);
}

enum {
    NAMES = 6,
    STEPS = 20000,
};

#define NOTHING "nothing"

/* What was told last about each name. */
typedef struct Model {
    char text[NAMES][32];
} Model;

static void model_set(void *userdata, const char *name, const char *text)
{
    Model *model = userdata;

    /* "p-r<n>.json" */
    (void)snprintf(model->text[name[3] - '0'], sizeof(model->text[0]), "%s", text);
}

static void model_changed(const char *name, const char *text, size_t length, void *userdata)
{
    model_set(userdata, name, text);
}

static void model_gone(const char *name, void *userdata)
{
    assert_string_not_equal(((const Model *)userdata)->text[name[3] - '0'], NOTHING);
    model_set(userdata, name, NOTHING);
}

static void model_bad(const char *name, const char *reason, void *userdata)
{
    model_set(userdata, name, reason);
}

static void model_trouble(const char *reason, void *userdata)
{
    fail_msg("%s", reason);
}

typedef struct Others {
    int dir_fd;
    atomic_bool done;
} Others;

static void others_step(int dir_fd, unsigned step, unsigned random)
{
    char name[32], other[32], text[32];
    int fd;

    (void)snprintf(name, sizeof(name), "p-r%u.json", random % NAMES);
    (void)snprintf(other, sizeof(other), "p-r%u.json", random / NAMES % NAMES);
    (void)snprintf(text, sizeof(text), "theirs %u", step % 10);
    switch (random / 64 % 6) {
    case 0:
        (void)unlinkat(dir_fd, name, 0);
        break;
    case 1:
        (void)renameat(dir_fd, name, dir_fd, other);
        break;
    case 2:
        (void)mkfifoat(dir_fd, name, 0644);
        break;
    case 3:
        put_file(dir_fd, ".others", text);
        (void)renameat(dir_fd, ".others", dir_fd, name);
        break;
    default:
        fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0644);
        if (fd < 0)
            break;
        (void)!write(fd, text, strlen(text));
        close(fd);
    }
}

static void *others_run(void *userdata)
{
    Others *others = userdata;
    unsigned seed = 4711;

    for (unsigned i = 0; i < STEPS / thorough_stride(); i++)
        others_step(others->dir_fd, i, (unsigned)rand_r(&seed) >> 4);
    others->done = true;
    return NULL;
}

/* Whether `told` is what the watch should have told last. */
static void assert_is_there(int dir_fd, const char *name, const char *told)
{
    char text[32] = "";
    struct stat st;
    int fd;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        assert_int_equal(errno, ENOENT);
        assert_string_equal(told, NOTHING);
    } else if (S_ISFIFO(st.st_mode)) {
        assert_string_equal(told, "is not a regular file");
    } else {
        fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
        assert_return_code(fd, errno);
        assert_return_code(read(fd, text, sizeof(text) - 1), errno);
        close(fd);
        /* Our own is told when others gave it another name. */
        if (!streq(text, "own") || !streq(told, NOTHING))
            assert_string_equal(told, text);
    }
}

/* Whatever others and we do to the same names, in the end what was told is what is there. */
static void test_races(void **state)
{
    static const HandoffWatchCallbacks model_callbacks = {model_changed, model_gone, model_bad,
                                                          model_trouble};
    Watched *t = *state;
    Others others = {.dir_fd = t->engines_fd};
    unsigned seed = 42, steps = 0;
    HandoffWatch *watch = NULL;
    pthread_t thread;
    Model model;

    for (unsigned i = 0; i < NAMES; i++)
        (void)snprintf(model.text[i], sizeof(model.text[i]), NOTHING);
    assert_int_equal(handoff_watch_new(t->event, t->dir, &model_callbacks, &model, &watch), 0);
    t->counts = true;
    assert_int_equal(pthread_create(&thread, NULL, others_run, &others), 0);
    while (!others.done) {
        unsigned random = (unsigned)rand_r(&seed) >> 4;
        char replica[8];

        (void)snprintf(replica, sizeof(replica), "r%u", random % NAMES);
        if (random / 64 % 2)
            (void)runtime_dir_write_handoff(t->dir, "p", replica, "own");
        else
            (void)runtime_dir_remove_handoff(t->dir, "p", replica);
        for (unsigned i = 0; i < random / 128 % 8; i++)
            assert_return_code(sd_event_run(t->event, 0), errno);
        steps++;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    drain(t);
    assert_true(steps > 100);
    for (unsigned i = 0; i < NAMES; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "p-r%u.json", i);
        assert_is_there(t->engines_fd, name, model.text[i]);
    }
    handoff_watch_free(watch);
}

static void test_freed(void **state)
{
    Watched *t = *state;

    put_file(t->engines_fd, "a.json", "1");
    t->watch = handoff_watch_free(t->watch);
    assert_null(t->watch);
    assert_null(handoff_watch_free(NULL));
    assert_idle(t);
    assert_string_equal(t->told, "");
}

#define WATCHED_TEST(f) cmocka_unit_test_setup_teardown(f, watched_setup, watched_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WATCHED_TEST(test_files_come_and_go),
            WATCHED_TEST(test_other_names),
            WATCHED_TEST(test_first_scan),
            WATCHED_TEST(test_scan_tells_differences),
            WATCHED_TEST(test_slow_writer),
            WATCHED_TEST(test_linked_files),
            WATCHED_TEST(test_same_stat),
            WATCHED_TEST(test_bad),
            WATCHED_TEST(test_bad_at_scan),
            WATCHED_TEST(test_good_becomes_bad),
            WATCHED_TEST(test_postpone),
            WATCHED_TEST(test_largest),
            WATCHED_TEST(test_unreadable),
            WATCHED_TEST(test_own_files_are_not_told),
            WATCHED_TEST(test_own_and_others),
            WATCHED_TEST(test_own_write_fails),
            WATCHED_TEST(test_own_of_earlier_run),
            WATCHED_TEST(test_engine_json),
            WATCHED_TEST(test_too_many),
            WATCHED_TEST(test_overflow),
            WATCHED_TEST(test_no_descriptors),
            WATCHED_TEST(test_folder_deleted),
            WATCHED_TEST(test_folder_moved),
            WATCHED_TEST(test_runtime_dir_moved),
            WATCHED_TEST(test_other_events_of_parent),
            WATCHED_TEST(test_speed),
            WATCHED_TEST(test_races),
            WATCHED_TEST(test_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
