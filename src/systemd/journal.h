/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/usec.h"

/*
 * Where log lines go. Native journal entries when stderr is connected to the journal
 * ($JOURNAL_STREAM, systemd.exec(5)) or `format` says so; else one JSON object a line on stderr,
 * field names in lower case; or plain text lines for a person at a terminal.
 */
typedef enum LogFormat {
    LOG_FORMAT_AUTO,
    LOG_FORMAT_JOURNAL,
    LOG_FORMAT_JSON,
    LOG_FORMAT_TEXT,
    LOG_FORMAT_MAX,
    LOG_FORMAT_INVALID = -EINVAL,
} LogFormat;

LogFormat log_format_from_string(const char *s); /* "auto", "journal", "json", "text" */
void journal_set_format(LogFormat format);
void journal_set_max_level(int priority); /* LOG_ERR … LOG_DEBUG of syslog(3) */

/*
 * Of lines of one kind about one pool, `burst` pass in each `interval_usec` (0 of either: all do);
 * then one line says how many more there were. What is critical always passes.
 */
void journal_set_rate_limit(usec_t interval_usec, uint64_t burst);

typedef enum LogFieldType {
    LOG_FIELD_TEXT,
    LOG_FIELD_NUMBER, /* decimal digits: a number in JSON */
    LOG_FIELD_LINES,  /* may have several lines, which stay apart in the journal */
} LogFieldType;

/* One field beside the message. */
typedef struct LogField {
    const char *name;  /* upper case, as in the journal */
    const char *value; /* NULL: left out */
    LogFieldType type;
} LogField;

/*
 * Writes one entry. `message_id`, of poolmgr/messages.h or log_catalog.c, tells kinds of events
 * apart. Whatever is in values, they stay values: control characters are escaped, what is too long
 * is cut. Never blocks and never fails: what nobody takes is dropped, and told of once that is
 * possible.
 */
void journal_send(int priority, const char *message_id, const LogField *fields, size_t n_fields,
                  const char *format, ...) _printf_(5, 6);

/* The same without fields. */
#define journal_say(priority, message_id, ...) \
    journal_send((priority), (message_id), NULL, 0, __VA_ARGS__)

/* Tells of what was held back, and lets go of what is open. For the end of the process. */
void journal_close(void);
