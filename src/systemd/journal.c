/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "base/parse.h"
#include "systemd/journal_format.h"

static LogFormat log_format = LOG_FORMAT_AUTO;
static int log_max_level = LOG_INFO;

static const char *const format_names[] = {
        [LOG_FORMAT_AUTO] = "auto",
        [LOG_FORMAT_JOURNAL] = "journal",
        [LOG_FORMAT_JSON] = "json",
        [LOG_FORMAT_TEXT] = "text",
};

LogFormat log_format_from_string(const char *s)
{
    for (LogFormat f = 0; f < LOG_FORMAT_MAX; f++)
        if (streq(format_names[f], s))
            return f;
    return LOG_FORMAT_INVALID;
}

void journal_set_format(LogFormat format)
{
    log_format = format;
}

void journal_set_max_level(int priority)
{
    log_max_level = priority;
}

/* Whether $JOURNAL_STREAM names the file that stderr is. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char actual[64];
    struct stat st;

    if (!stream || fstat(STDERR_FILENO, &st) < 0)
        return false;
    (void)snprintf(actual, sizeof(actual), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return streq(actual, stream);
}

static LogFormat format_in_use(void)
{
    if (log_format == LOG_FORMAT_AUTO) {
        if (stderr_is_journal())
            log_format = LOG_FORMAT_JOURNAL;
        else
            log_format = isatty(STDERR_FILENO) ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON;
    }
    return log_format;
}

/* NAME=value in memory of its own, at the end of `iov`. */
static void add_iovec(struct iovec *iov, size_t *n, const char *name, const char *value)
{
    char *line;
    int length = asprintf(&line, "%s=%s", name, value);

    if (length >= 0)
        iov[(*n)++] = (struct iovec){.iov_base = line, .iov_len = (size_t)length};
}

static void write_journal(const LogEntry *e)
{
    const char priority[] = {(char)('0' + e->priority), '\0'};
    struct iovec *iov = calloc(e->n_fields + 3, sizeof(*iov));
    size_t n = 0;

    if (!iov)
        return;
    add_iovec(iov, &n, "MESSAGE", e->message);
    add_iovec(iov, &n, "PRIORITY", priority);
    if (e->message_id)
        add_iovec(iov, &n, "MESSAGE_ID", e->message_id);
    for (size_t i = 0; i < e->n_fields; i++)
        if (e->fields[i].value)
            add_iovec(iov, &n, e->fields[i].name, e->fields[i].value);
    (void)sd_journal_sendv(iov, (int)n);
    for (size_t i = 0; i < n; i++)
        free(iov[i].iov_base);
    free(iov);
}

static void write_stderr(const LogEntry *e, LogFormat format)
{
    struct pollfd writable = {.fd = STDERR_FILENO, .events = POLLOUT};
    _cleanup_(text_done) Text t = {0};

    if (format == LOG_FORMAT_JSON)
        log_entry_append_json(&t, e);
    else
        log_entry_append_text(&t, e);
    /* Nobody may be reading the other end of a pipe: a lost line is better than a loop that stands
     * still. */
    if (t.failed || poll(&writable, 1, 0) <= 0 || !(writable.revents & POLLOUT))
        return;
    if (write(STDERR_FILENO, t.data, t.length) < 0)
        return;
}

void journal_send(int priority, const char *message_id, const LogField *fields, size_t n_fields,
                  const char *format, ...)
{
    _cleanup_free_ char *message = NULL;
    struct timespec now = {0};
    LogEntry e;
    va_list ap;
    int r;

    if (priority > log_max_level)
        return;
    va_start(ap, format);
    r = vasprintf(&message, format, ap);
    va_end(ap);
    if (r < 0) {
        message = NULL;
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    e = (LogEntry){
            .priority = priority,
            .message = message,
            .message_id = message_id,
            .real_usec = (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000,
            .fields = fields,
            .n_fields = n_fields,
    };
    if (format_in_use() == LOG_FORMAT_JOURNAL)
        write_journal(&e);
    else
        write_stderr(&e, format_in_use());
}
