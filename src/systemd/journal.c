/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <poolmgr/messages.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>

#include "base/parse.h"
#include "base/rate_limit.h"
#include "systemd/journal_socket.h"
#include "systemd/log_stream.h"

static LogFormat log_format = LOG_FORMAT_AUTO;
static int log_max_level = LOG_INFO;
static RateLimit rate_limit;
static int journal_fd = -1;
static LogStream sink = LOG_STREAM_CLOSED;
static uint64_t lost; /* lines that nobody has taken */

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
    log_stream_close(&sink); /* what stderr is may be another thing now */
    log_format = format;
}

void journal_set_rate_limit(usec_t interval_usec, uint64_t burst)
{
    rate_limit.interval_usec = interval_usec;
    rate_limit.burst = burst;
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

static int write_stderr(const LogEntry *e, LogFormat format)
{
    _cleanup_(text_done) Text t = {0};

    if (sink.fd < 0)
        log_stream_open(&sink, STDERR_FILENO);
    if (format == LOG_FORMAT_JSON)
        log_entry_append_json(&t, e);
    else
        log_entry_append_text(&t, e);
    return t.failed ? -ENOMEM : log_stream_write(&sink, t.data, t.length);
}

static usec_t clock_usec(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

static int write_entry(int priority, const char *message_id, const LogField *fields,
                       size_t n_fields, const char *message)
{
    const LogEntry e = {
            .priority = priority,
            .message = message,
            .message_id = message_id,
            .real_usec = clock_usec(CLOCK_REALTIME),
            .fields = fields,
            .n_fields = n_fields,
    };

    if (format_in_use() == LOG_FORMAT_JOURNAL)
        return journal_socket_send(&journal_fd, JOURNAL_NATIVE_SOCKET, &e);
    return write_stderr(&e, format_in_use());
}

static void tell_lost(void)
{
    char message[96], count[24];
    const LogField field = {"LOST_COUNT", count, LOG_FIELD_NUMBER};

    if (lost == 0)
        return;
    (void)snprintf(count, sizeof(count), "%" PRIu64, lost);
    (void)snprintf(message, sizeof(message), "%s lines of the log are lost: nobody took them",
                   count);
    if (write_entry(LOG_WARNING, PM_MESSAGE_LOG_LOST, &field, 1, message) >= 0)
        lost = 0;
}

static void write_or_count(int priority, const char *message_id, const LogField *fields,
                           size_t n_fields, const char *message)
{
    tell_lost();
    if (lost > 0 || write_entry(priority, message_id, fields, n_fields, message) < 0)
        lost++;
}

/* Kinds without an id of their own are told apart by their text. */
static bool is_message_id(const char *kind)
{
    return strlen(kind) == 32 && kind[strspn(kind, "0123456789abcdef")] == '\0';
}

/* Of those kinds and pools whose time is over at `now`. */
static void tell_suppressed(usec_t now)
{
    RateLimitKey key;

    while (rate_limit_take(&rate_limit, now, &key)) {
        char count[24], message[192];
        const LogField fields[] = {
                {"POOL_ID", key.scope[0] ? key.scope : NULL},
                {"SUPPRESSED_COUNT", count, LOG_FIELD_NUMBER},
                {"SUPPRESSED_MESSAGE_ID", is_message_id(key.kind) ? key.kind : NULL},
        };

        (void)snprintf(count, sizeof(count), "%" PRIu64, key.suppressed);
        (void)snprintf(message, sizeof(message),
                       "%s%s%sSuppressed %s more lines of one kind in %" PRIu64
                       " ms ([Manager] LogRateLimitBurst=)",
                       key.scope[0] ? "Pool " : "", key.scope, key.scope[0] ? ": " : "", count,
                       usec_to_ms(rate_limit.interval_usec));
        write_or_count(LOG_WARNING, PM_MESSAGE_LOG_SUPPRESSED, fields, ELEMENTSOF(fields), message);
    }
}

static const char *scope_of(const LogField *fields, size_t n_fields)
{
    for (size_t i = 0; i < n_fields; i++)
        if (fields[i].value && streq(fields[i].name, "POOL_ID"))
            return fields[i].value;
    return "";
}

void journal_send(int priority, const char *message_id, const LogField *fields, size_t n_fields,
                  const char *format, ...)
{
    _cleanup_free_ char *message = NULL;
    usec_t now = clock_usec(CLOCK_MONOTONIC);
    va_list ap;
    int r;

    if (priority > log_max_level)
        return;
    tell_suppressed(now);
    if (priority > LOG_CRIT && !rate_limit_pass(&rate_limit, message_id ? message_id : format,
                                                scope_of(fields, n_fields), now))
        return;
    va_start(ap, format);
    r = vasprintf(&message, format, ap);
    va_end(ap);
    if (r < 0) {
        message = NULL;
        lost++;
        return;
    }
    write_or_count(priority, message_id, fields, n_fields, message);
}

void journal_close(void)
{
    tell_suppressed(USEC_INFINITY);
    tell_lost();
    log_stream_close(&sink);
    if (journal_fd >= 0)
        close(TAKE_FD(journal_fd));
}
