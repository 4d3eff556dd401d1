/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "core/output_class.h"
#include "manager/log_catalog.h"
#include "manager/manager_internal.h"
#include "store/file_tail.h"
#include "systemd/journal_format.h"
#include "systemd/journal_stream.h"

/* What an engine said last, and what it tells of its end. */

enum {
    /* More than are kept: what explains an end stands before the traces of the calls that led to
     * it. */
    LINES_READ = 200,
    READS_MAX = 16, /* then the others on the loop have their turn */
};

typedef struct OutputReading {
    PoolShell *shell;
    uint64_t generation;
    int fd;
    sd_event_source *source;
    char line[OUTPUT_LOOKED_AT +
              1]; /* the one that is not yet complete; the rest of it is left out */
    size_t length;
    OutputTail tail;
} OutputReading;

static OutputReading *reading_free(OutputReading *r)
{
    if (!r)
        return NULL;
    sd_event_source_disable_unref(r->source);
    closep(&r->fd);
    free(r);
    return NULL;
}

static void end_line(OutputReading *r)
{
    _cleanup_(text_done) Text plain = {0};

    r->line[r->length] = '\0';
    r->length = 0;
    log_append_plain(&plain, r->line);
    if (!plain.failed && plain.data)
        output_tail_add(&r->tail, plain.data);
}

static void take(OutputReading *r, const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = data[i];

        if (c == '\0')
            c = '\xff'; /* is no character of a text either, and ends none */
        if (c == '\n')
            end_line(r);
        else if (r->length < OUTPUT_LOOKED_AT)
            r->line[r->length++] = c;
    }
}

/* Ends the reading, and tells: it and, by what follows, the pool may be gone afterwards. */
static void finish(OutputReading *r)
{
    PoolShell *shell = r->shell;
    Event event = {.type = EVENT_OUTPUT, .generation = r->generation};
    char text[OUTPUT_TEXT_MAX];

    if (r->length > 0)
        end_line(r);
    event.output.failure = r->tail.failure;
    memcpy(event.output.line, r->tail.line, sizeof(event.output.line));
    /* Whoever could not wait has logged the end without it. */
    if (shell->pool->judging && shell->pool->generation == r->generation) {
        output_tail_text(&r->tail, text);
        free(shell->last_output);
        shell->last_output = text[0] ? strdup(text) : NULL;
    }
    shell->output = reading_free(shell->output);
    (void)manager_post(shell->manager, shell->pool->id, &event);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    OutputReading *r = userdata;
    char buffer[4096];

    for (unsigned i = 0; i < READS_MAX; i++) {
        ssize_t n = read(fd, buffer, sizeof(buffer));

        if (n > 0) {
            take(r, buffer, (size_t)n);
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            finish(r);
            return 0;
        } else if (errno == EAGAIN) {
            return 0;
        }
    }
    return 0;
}

static int read_journal(OutputReading *r)
{
    const Manager *m = r->shell->manager;
    const JournalQuery q = {
            .pool_id = r->shell->pool->id,
            .generation = r->generation,
            /* Generations are counted anew where the state was lost. */
            .since_usec = r->shell->pool->started.mono,
            .lines = LINES_READ,
            .bare = true,
            .settled = true,
            .user_mode = m->user_mode,
    };
    int k = journal_stream_open(&q, &r->fd);

    if (k < 0)
        return k;
    k = sd_event_add_io(m->event, &r->source, r->fd, EPOLLIN, on_readable, r);
    if (k >= 0)
        (void)sd_event_source_set_description(r->source, "engine-output");
    return k;
}

static int read_file(OutputReading *r)
{
    _cleanup_free_ char *path = NULL;
    char buffer[FILE_TAIL_MAX];
    size_t length = 0;
    int k = runtime_dir_log_path(r->shell->manager->runtime, r->shell->pool->id, &path);

    if (k >= 0)
        k = file_tail_read(path, r->shell->output_start, buffer, &length);
    if (k < 0)
        return k;
    take(r, buffer, length);
    return 0;
}

/* Without memory there is nothing to read into: the end is judged without. */
static void post_nothing(PoolShell *shell)
{
    Event event = {.type = EVENT_OUTPUT, .generation = shell->pool->generation};

    (void)manager_post(shell->manager, shell->pool->id, &event);
}

void output_begin(PoolShell *shell)
{
    _cleanup_free_ char *path = NULL;

    shell->output_start = 0;
    if (shell->manager->policy.engine_log == ENGINE_LOG_FILE &&
        runtime_dir_log_path(shell->manager->runtime, shell->pool->id, &path) >= 0)
        shell->output_start = file_tail_position(path);
}

void output_read(PoolShell *shell)
{
    bool file = shell->manager->policy.engine_log == ENGINE_LOG_FILE;
    int k;

    output_done(shell);
    shell->output = calloc(1, sizeof(OutputReading));
    if (!shell->output) {
        post_nothing(shell);
        return;
    }
    shell->output->shell = shell;
    shell->output->generation = shell->pool->generation;
    shell->output->fd = -1;
    k = file ? read_file(shell->output) : read_journal(shell->output);
    if (k < 0 && k != -ENOENT)
        log_pool_errno(shell->pool, k, "the output of its engine cannot be read");
    if (k < 0 || file)
        finish(shell->output);
}

void output_exchange(PoolShell *a, PoolShell *b)
{
    OutputReading *reading = a->output;
    char *last = a->last_output;
    uint64_t start = a->output_start;

    a->output = b->output;
    a->last_output = b->last_output;
    a->output_start = b->output_start;
    b->output = reading;
    b->last_output = last;
    b->output_start = start;
    if (a->output)
        a->output->shell = a;
    if (b->output)
        b->output->shell = b;
}

void output_done(PoolShell *shell)
{
    shell->output = reading_free(shell->output);
    free(shell->last_output);
    shell->last_output = NULL;
}
