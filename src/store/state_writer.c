/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/state_writer.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>

#include "store/atomic_file.h"
#include "thread/thread.h"

enum {
    STACK_BYTES = 128 * 1024,
};
static const usec_t RETRY_USEC = USEC_PER_SEC;

typedef struct Job {
    struct Job *next;
    char *text;
    bool failed;
    bool dropped; /* while it is written: it is not to be seen */
    char name[NAME_MAX + 1];
} Job;

struct StateWriter {
    int dir_fd;
    StateWriterFunc f;
    void *userdata;
    sd_event_source *source;
    int event_fd; /* something is to be told */
    int told;     /* the error that was told last, 0: none */

    pthread_t thread;
    bool has_thread;
    /* A name changes: what is removed does not come back. Taken before the other one. */
    pthread_mutex_t names;
    pthread_mutex_t mutex; /* for all that follows; never held while the disk is waited for */
    pthread_cond_t wake;   /* of the thread */
    pthread_cond_t idle;   /* all is done */
    Job *queue;            /* the oldest first */
    Job *current;
    bool unsynced; /* the folder is to be synced, once for all that has changed in it */
    bool busy;     /* with the disk */
    bool flushing;
    bool stopping;
    bool orphaned; /* the thread frees it */
    size_t given_up;
    int error; /* of the file below; 0: nothing has failed that was not made good */
    char error_name[NAME_MAX + 1];
};

static Job *job_free(Job *job)
{
    if (!job)
        return NULL;
    free(job->text);
    free(job);
    return NULL;
}

static Job **find(StateWriter *w, const char *name)
{
    Job **p;

    for (p = &w->queue; *p && !streq((*p)->name, name); p = &(*p)->next)
        ;
    return p;
}

static Job *take(Job **p)
{
    Job *job = *p;

    *p = job->next;
    job->next = NULL;
    return job;
}

/* Puts it behind the others. */
static void append(StateWriter *w, Job *job)
{
    Job **p;

    for (p = &w->queue; *p; p = &(*p)->next)
        ;
    *p = job;
}

static void destroy(StateWriter *w)
{
    while (w->queue)
        job_free(take(&w->queue));
    (void)pthread_mutex_destroy(&w->names);
    (void)pthread_mutex_destroy(&w->mutex);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_cond_destroy(&w->idle);
    closep(&w->event_fd);
    closep(&w->dir_fd);
    free(w);
}

/* Waits until `condition` is signalled; false: `deadline`, on the monotonic clock, is over. */
static bool wait_until(StateWriter *w, pthread_cond_t *condition, usec_t deadline)
{
    const struct timespec until = {
            .tv_sec = (time_t)(deadline / USEC_PER_SEC),
            .tv_nsec = (long)(deadline % USEC_PER_SEC * 1000),
    };

    return pthread_cond_timedwait(condition, &w->mutex, &until) != ETIMEDOUT;
}

static usec_t now_mono(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

static void begin_io(StateWriter *w)
{
    w->busy = true;
    (void)pthread_mutex_unlock(&w->mutex);
}

static void end_io(StateWriter *w)
{
    (void)pthread_mutex_lock(&w->mutex);
    w->busy = false;
}

/* Shows the file unless it was removed meanwhile. Returns 0 or negative errno. */
static int commit_current(StateWriter *w, const AtomicTemporary *temporary)
{
    bool dropped;
    int r = 0;

    (void)pthread_mutex_lock(&w->names);
    (void)pthread_mutex_lock(&w->mutex);
    dropped = w->current->dropped;
    (void)pthread_mutex_unlock(&w->mutex);
    if (dropped)
        atomic_file_discard(w->dir_fd, temporary);
    else
        r = atomic_file_commit(w->dir_fd, temporary, w->current->name);
    (void)pthread_mutex_unlock(&w->names);
    return r;
}

/* Does the job that was taken from the queue. */
static int do_current(StateWriter *w)
{
    const Job *job = w->current;
    AtomicTemporary temporary;
    int r;

    begin_io(w);
    r = atomic_file_prepare(w->dir_fd, job->name, job->text, strlen(job->text), &temporary);
    if (r >= 0)
        r = commit_current(w, &temporary);
    end_io(w);
    if (r >= 0)
        w->unsynced = true;
    return r;
}

/* What could not be done is done again, unless something else is to be done by now. */
static void put_back(StateWriter *w, Job *job)
{
    Job *newer = *find(w, job->name);

    if (newer)
        newer->failed = true;
    if (newer || job->dropped) {
        job_free(job);
    } else if (w->flushing) {
        w->given_up++;
        job_free(job);
    } else {
        job->failed = true;
        append(w, job);
    }
}

static bool any_failed(const StateWriter *w)
{
    const Job *job;

    for (job = w->queue; job && !job->failed; job = job->next)
        ;
    return job != NULL;
}

/* The loop is told when that begins or ends. */
static void note_error(StateWriter *w, int error, const char *name)
{
    if ((error < 0) == (w->error < 0))
        return;
    w->error = error;
    (void)snprintf(w->error_name, sizeof(w->error_name), "%s", name);
    (void)eventfd_write(w->event_fd, 1);
}

static void pause_after_failure(StateWriter *w)
{
    usec_t until = now_mono() + RETRY_USEC;

    while (!w->flushing && !w->stopping && wait_until(w, &w->wake, until))
        ;
}

static void sync_folder(StateWriter *w)
{
    int r;

    w->unsynced = false;
    begin_io(w);
    r = fsync(w->dir_fd) < 0 ? -errno : 0;
    end_io(w);
    if (r >= 0) {
        if (!any_failed(w))
            note_error(w, 0, "");
        return;
    }
    if (w->flushing)
        w->given_up++;
    else
        w->unsynced = true;
    note_error(w, r, "");
    pause_after_failure(w);
}

static void do_first(StateWriter *w)
{
    char name[NAME_MAX + 1];
    Job *job;
    int r;

    w->current = take(&w->queue);
    r = do_current(w);
    job = TAKE_PTR(w->current);
    if (r >= 0) {
        job_free(job);
        return;
    }
    memcpy(name, job->name, sizeof(name));
    put_back(w, job);
    if (any_failed(w) || w->flushing)
        note_error(w, r, name);
    if (w->unsynced)
        sync_folder(w);
    pause_after_failure(w);
}

static void *work(void *userdata)
{
    StateWriter *w = userdata;
    bool orphaned;

    (void)pthread_mutex_lock(&w->mutex);
    while (!w->stopping) {
        if (w->queue) {
            do_first(w);
        } else if (w->unsynced) {
            sync_folder(w);
        } else {
            (void)pthread_cond_broadcast(&w->idle);
            (void)pthread_cond_wait(&w->wake, &w->mutex);
        }
    }
    orphaned = w->orphaned;
    (void)pthread_mutex_unlock(&w->mutex);
    if (orphaned)
        destroy(w);
    return NULL;
}

static int on_event(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    char name[NAME_MAX + 1];
    StateWriter *w = userdata;
    eventfd_t value;
    int error;

    (void)eventfd_read(fd, &value);
    (void)pthread_mutex_lock(&w->mutex);
    error = w->error;
    memcpy(name, w->error_name, sizeof(name));
    (void)pthread_mutex_unlock(&w->mutex);
    if ((error < 0) != (w->told < 0))
        w->f(error < 0 ? name : NULL, error, w->userdata);
    w->told = error;
    return 0;
}

int state_writer_new(int dir_fd, sd_event *event, StateWriterFunc f, void *userdata,
                     StateWriter **ret)
{
    _cleanup_(state_writer_freep) StateWriter *w = calloc(1, sizeof(StateWriter));
    int r;

    if (!w) {
        close(dir_fd);
        return -ENOMEM;
    }
    w->dir_fd = dir_fd;
    w->f = f;
    w->userdata = userdata;
    (void)pthread_mutex_init(&w->names, NULL);
    (void)pthread_mutex_init(&w->mutex, NULL);
    thread_condition_init(&w->wake);
    thread_condition_init(&w->idle);
    w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->event_fd < 0)
        return -errno;
    r = sd_event_add_io(event, &w->source, w->event_fd, EPOLLIN, on_event, w);
    if (r >= 0)
        r = thread_start(STACK_BYTES, work, w, &w->thread);
    if (r < 0)
        return r;
    w->has_thread = true;
    *ret = TAKE_PTR(w);
    return 0;
}

StateWriter *state_writer_free(StateWriter *w)
{
    bool orphaned;

    if (!w)
        return NULL;
    w->source = sd_event_source_disable_unref(w->source);
    if (!w->has_thread) {
        destroy(w);
        return NULL;
    }
    (void)pthread_mutex_lock(&w->mutex);
    w->stopping = w->flushing = true;
    /* It may be held up by the disk for long. */
    orphaned = w->orphaned = w->busy;
    (void)pthread_cond_signal(&w->wake);
    if (orphaned)
        (void)pthread_detach(w->thread);
    (void)pthread_mutex_unlock(&w->mutex);
    if (orphaned)
        return NULL;
    (void)pthread_join(w->thread, NULL);
    destroy(w);
    return NULL;
}

static int job_new(const char *name, char *text, Job **ret)
{
    Job *job = calloc(1, sizeof(Job));

    if (!job)
        return -ENOMEM;
    (void)snprintf(job->name, sizeof(job->name), "%s", name);
    job->text = text;
    *ret = job;
    return 0;
}

int state_writer_put(StateWriter *w, const char *name, char **text)
{
    Job *job;
    int r = 0;

    (void)pthread_mutex_lock(&w->mutex);
    job = *find(w, name);
    if (job) {
        free(job->text);
        job->text = *text;
    } else {
        r = job_new(name, *text, &job);
        if (r >= 0)
            append(w, job);
    }
    if (r >= 0)
        *text = NULL;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->mutex);
    return r;
}

/* Nothing is to be written to the file. */
static void drop_jobs(StateWriter *w, const char *name)
{
    Job **queued = find(w, name);

    if (*queued)
        job_free(take(queued));
    if (w->current && streq(w->current->name, name))
        w->current->dropped = true;
}

int state_writer_remove(StateWriter *w, const char *name)
{
    int r;

    (void)pthread_mutex_lock(&w->names);
    (void)pthread_mutex_lock(&w->mutex);
    drop_jobs(w, name);
    (void)pthread_mutex_unlock(&w->mutex);
    r = unlinkat(w->dir_fd, name, 0) < 0 ? -errno : 0;
    (void)pthread_mutex_unlock(&w->names);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    (void)pthread_mutex_lock(&w->mutex);
    w->unsynced = true;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->mutex);
    return 0;
}

size_t state_writer_flush(StateWriter *w, usec_t within)
{
    usec_t deadline = usec_add(now_mono(), within);
    size_t unsaved;

    (void)pthread_mutex_lock(&w->mutex);
    w->flushing = true;
    (void)pthread_cond_signal(&w->wake);
    while ((w->queue || w->unsynced || w->busy) && wait_until(w, &w->idle, deadline))
        ;
    unsaved = w->given_up + (w->current != NULL);
    for (const Job *job = w->queue; job; job = job->next)
        unsaved++;
    (void)pthread_mutex_unlock(&w->mutex);
    return unsaved;
}
