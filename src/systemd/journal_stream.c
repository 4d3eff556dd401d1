/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "systemd/journal_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <poolmgr/limits.h>
#include <poolmgr/messages.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "base/parse.h"
#include "systemd/journal.h"
#include "systemd/journal_stream_entry.h"
#include "systemd/journal_synchronize.h"
#include "thread/fair_lock.h"
#include "thread/thread.h"

enum {
    BATCH_BYTES = 32 * 1024,  /* lines that are written at once */
    STACK_BYTES = 512 * 1024, /* enough for the journal's library, also built with a sanitizer */
    STEPS_MAX = 1024,         /* entries that are passed over before the reader is looked for */
};

static const usec_t SETTLE_USEC = 200 * USEC_PER_MSEC;
static const usec_t QUIET_USEC = 50 * USEC_PER_MSEC;

/* Each thread holds one: what it says while it runs is bounded by this, not by who asks. */
static atomic_uint streams_open, tails_open;

/* Held by the one that reads: dozens of them would keep each processor from the loop. What wants
 * the end of what an engine said, and no more, has no need of it. */
static FairLock reading = FAIR_LOCK_INIT;

/* Belongs to its thread from the moment that there is one. */
typedef struct Stream {
    JournalQuery q; /* its strings are the next two */
    char pool_id[PM_ID_MAX + 1];
    char *directory;
    int fd; /* the write end, blocking */
    sd_journal *j;
    Text batch;
    uint64_t left; /* lines that may still be written */
    unsigned steps;
    sd_id128_t boot; /* this one, where the query has a time */
} Stream;

static atomic_uint *stream_counter(const JournalQuery *q)
{
    return q->settled ? &tails_open : &streams_open;
}

static Stream *stream_free(Stream *s)
{
    if (!s)
        return NULL;
    sd_journal_close(s->j);
    text_done(&s->batch);
    free(s->directory);
    /* Before the reader sees the end, so that who saw it can open another one. */
    atomic_fetch_sub(stream_counter(&s->q), 1);
    closep(&s->fd);
    free(s);
    return NULL;
}

DEFINE_CLEANUP(Stream *, stream_free)

static void stream_begin_reading(const Stream *s)
{
    if (!s->q.settled)
        fair_lock_take(&reading);
}

static void stream_pause_reading(const Stream *s)
{
    if (!s->q.settled)
        fair_lock_give(&reading);
}

/* Returns 0, or -EPIPE when nobody reads any more; `usec` is how long to wait for `also`, if any.
 */
static int poll_reader(const Stream *s, const struct pollfd *also, usec_t usec)
{
    struct pollfd fds[2] = {{.fd = s->fd}, {.fd = -1}};
    struct timespec timeout = {(time_t)(usec / USEC_PER_SEC), (long)(usec % USEC_PER_SEC) * 1000};

    if (also)
        fds[1] = *also;
    if (ppoll(fds, ELEMENTSOF(fds), usec == USEC_INFINITY ? NULL : &timeout, NULL) < 0)
        return -errno;
    return fds[0].revents != 0 ? -EPIPE : 0;
}

/* Passing over entries writes nothing, which is how else one learns that the reader is gone. */
static int stream_step(Stream *s)
{
    int r;

    if (++s->steps < STEPS_MAX)
        return 0;
    s->steps = 0;
    stream_pause_reading(s);
    r = poll_reader(s, NULL, 0);
    stream_begin_reading(s);
    return r;
}

static int stream_write(Stream *s)
{
    const char *data = s->batch.data;
    size_t left = s->batch.length;

    while (left > 0) {
        ssize_t n = write(s->fd, data, left);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            data += n;
            left -= (size_t)n;
        }
    }
    text_done(&s->batch);
    return 0;
}

static int stream_flush(Stream *s)
{
    int r;

    if (s->batch.length == 0)
        return 0;
    stream_pause_reading(s);
    r = stream_write(s);
    stream_begin_reading(s);
    return r;
}

static bool stream_is_too_old(const Stream *s)
{
    sd_id128_t boot;
    uint64_t usec;

    return s->q.since_usec > 0 && (sd_journal_get_monotonic_usec(s->j, &usec, &boot) < 0 ||
                                   !sd_id128_equal(boot, s->boot) || usec < s->q.since_usec);
}

static bool stream_wants(const Stream *s)
{
    return journal_entry_is_wanted(s->j, &s->q) && !stream_is_too_old(s);
}

/* An entry that cannot be read, in a damaged file, is left out: the others are still worth
 * reading. */
static int stream_send_entry(Stream *s)
{
    int r;

    if (!stream_wants(s))
        return stream_step(s);
    r = journal_entry_append(s->j, &s->q, &s->batch);
    if (r < 0)
        return r == -ENOMEM ? r : 0;
    if (!s->q.follow)
        s->left--;
    return s->batch.length >= BATCH_BYTES ? stream_flush(s) : 0;
}

/* Sends what there is, from the entry that the journal stands at, or from the one after it. */
static int stream_send_available(Stream *s, bool at_entry)
{
    int r = at_entry ? 1 : sd_journal_next(s->j);

    while (r > 0 && s->left > 0) {
        r = stream_send_entry(s);
        if (r >= 0)
            r = sd_journal_next(s->j);
    }
    return r < 0 ? r : stream_flush(s);
}

/* Goes back over the last q.lines entries. Returns 1 at the first of them, 0 before it (the first
 * entries of all are fewer, or too old), or negative errno. */
static int stream_go_back(Stream *s)
{
    uint64_t found = 0;
    int r;

    r = sd_journal_seek_tail(s->j);
    while (r >= 0 && found < s->q.lines) {
        r = sd_journal_previous(s->j);
        if (r > 0 && stream_is_too_old(s))
            return 0;
        if (r == 0)
            return sd_journal_seek_head(s->j);
        if (r > 0) {
            found += stream_wants(s);
            r = stream_step(s);
        }
    }
    return r < 0 ? r : 1;
}

/* Moves to the first entry to look at. Returns 1; 0 when it is the next one; or negative errno. */
static int stream_seek(Stream *s)
{
    int r;

    if (s->q.lines > 0 && s->q.lines != UINT64_MAX)
        return stream_go_back(s);
    if (s->q.lines == 0) {
        r = sd_journal_seek_tail(s->j);
        if (r >= 0)
            r = sd_journal_previous(s->j);
        if (r != 0)
            return r < 0 ? r : 0;
        /* Nothing yet, and beyond the tail there never will be: what comes, comes after the head */
    }
    r = sd_journal_seek_head(s->j);
    return r < 0 ? r : 0;
}

static usec_t monotonic_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

/* Returns once the journal may have grown, or -EPIPE as soon as nobody reads any more. */
static int stream_wait(Stream *s)
{
    int fd = sd_journal_get_fd(s->j), events = sd_journal_get_events(s->j), r;
    struct pollfd journal = {.fd = fd, .events = (short)events};
    uint64_t until;

    if (fd < 0 || events < 0)
        return fd < 0 ? fd : events;
    r = sd_journal_get_timeout(s->j, &until);
    if (r < 0)
        return r;
    stream_pause_reading(s);
    r = poll_reader(s, &journal, until == USEC_INFINITY ? until : usec_sub(until, monotonic_now()));
    stream_begin_reading(s);
    return r < 0 ? r : sd_journal_process(s->j);
}

/* That of the newest entry, which is of a moment ago: the one that the kernel tells is another
 * where a container has been given one of its own. */
static int stream_find_boot(Stream *s)
{
    uint64_t usec;
    int r;

    r = sd_journal_seek_tail(s->j);
    if (r >= 0)
        r = sd_journal_previous(s->j);
    return r > 0 ? sd_journal_get_monotonic_usec(s->j, &usec, &s->boot) : r;
}

static int stream_open_journal(Stream *s)
{
    int r;

    if (s->directory)
        r = sd_journal_open_directory(&s->j, s->directory, 0);
    else
        r = sd_journal_open(&s->j, SD_JOURNAL_LOCAL_ONLY);
    if (r >= 0)
        r = sd_journal_set_data_threshold(s->j, JOURNAL_STREAM_MESSAGE_MAX + 64);
    if (r >= 0 && s->q.since_usec > 0)
        r = stream_find_boot(s);
    if (r >= 0)
        r = journal_query_add_matches(s->j, &s->q);
    /* Watched from here on, so that nothing is missed between the last entry and the first wait. */
    if (r >= 0 && s->q.follow)
        r = sd_journal_get_fd(s->j);
    return r < 0 ? r : 0;
}

/* Where the journal's service cannot be asked, as by a user with systemd 252, its files tell. */
static int stream_await_quiet(Stream *s)
{
    usec_t until = usec_add(monotonic_now(), SETTLE_USEC), left;
    int r = sd_journal_get_fd(s->j);

    while (r >= 0 && (left = usec_sub(until, monotonic_now())) > 0) {
        r = sd_journal_wait(s->j, left < QUIET_USEC ? left : QUIET_USEC);
        if (r == SD_JOURNAL_NOP)
            break;
    }
    return r < 0 ? r : 0;
}

/* Files that came while it was waited for are found by opening the journal afterwards. */
static int stream_open_settled(Stream *s)
{
    bool known = s->q.settled && journal_synchronize(JOURNAL_SOCKET, SETTLE_USEC) >= 0;
    int r = stream_open_journal(s);

    if (r >= 0 && s->q.settled && !known)
        r = stream_await_quiet(s);
    return r;
}

static int stream_run(Stream *s)
{
    int r;

    r = stream_open_settled(s);
    if (r >= 0)
        r = stream_seek(s);
    if (r >= 0)
        r = stream_send_available(s, r > 0);
    while (r >= 0 && s->q.follow) {
        r = stream_wait(s);
        if (r >= 0)
            r = stream_send_available(s, false);
    }
    return r;
}

static void *stream_thread(void *userdata)
{
    /* The error is the same for descriptors, of which there are more. */
    static const char inotify_hint[] = " (a stream that follows takes an inotify instance of this "
                                       "user: see the sysctl fs.inotify.max_user_instances)";
    Stream *s = userdata;
    int r;

    stream_begin_reading(s);
    r = stream_run(s);
    stream_pause_reading(s);
    /* A reader that is gone does not miss anything. */
    if (r < 0 && poll_reader(s, NULL, 0) >= 0) {
        const LogField fields[] = {{"POOL_ID", s->pool_id}};

        journal_send(LOG_WARNING, PM_MESSAGE_OUTPUT_UNREADABLE, fields, ELEMENTSOF(fields),
                     "the output of pool %s could not be read from the journal: %s%s", s->pool_id,
                     strerror(-r), r == -EMFILE ? inotify_hint : "");
    }
    stream_free(s);
    return NULL;
}

/* Takes one of the places and the write end, which is closed on failure. */
static int stream_new(const JournalQuery *q, int fd, Stream **ret)
{
    _cleanup_(stream_freep) Stream *s = calloc(1, sizeof(*s));

    if (!s) {
        close(fd);
        return -ENOMEM;
    }
    s->fd = fd;
    s->q = *q;
    if (atomic_fetch_add(stream_counter(q), 1) >=
        (q->settled ? JOURNAL_TAILS_MAX : JOURNAL_STREAMS_MAX))
        return -EBUSY;
    (void)snprintf(s->pool_id, sizeof(s->pool_id), "%s", q->pool_id);
    s->q.pool_id = s->pool_id;
    s->left = q->follow ? UINT64_MAX : q->lines;
    if (q->directory) {
        s->directory = strdup(q->directory);
        if (!s->directory)
            return -ENOMEM;
    }
    *ret = TAKE_PTR(s);
    return 0;
}

int journal_stream_open(const JournalQuery *q, int *ret_fd)
{
    _cleanup_(stream_freep) Stream *s = NULL;
    _cleanup_close_ int reader = -1;
    int fds[2], r;

    if (!id_is_valid(q->pool_id))
        return -EINVAL;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    reader = fds[0];
    /* Only the reader's end: the thread may block, that is what it is for. */
    if (fcntl(reader, F_SETFL, O_NONBLOCK) < 0) {
        r = -errno;
        close(fds[1]);
        return r;
    }
    r = stream_new(q, fds[1], &s);
    if (r < 0)
        return r;
    r = thread_start(STACK_BYTES, stream_thread, s, NULL);
    if (r < 0)
        return r;
    s = NULL; /* the thread's */
    *ret_fd = TAKE_FD(reader);
    return 0;
}
