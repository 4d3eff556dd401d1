/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stddef.h>

#include "base/macros.h"

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

/* One field beside the message. */
typedef struct LogField {
    const char *name;  /* upper case, as in the journal */
    const char *value; /* NULL: left out */
} LogField;

/*
 * Writes one entry. `message_id` is 32 hex digits or NULL. Control characters in values are escaped
 * in text and JSON. Never fails: what cannot be written is dropped.
 */
void journal_send(int priority, const char *message_id, const LogField *fields, size_t n_fields,
                  const char *format, ...) _printf_(5, 6);

/* The same without fields. */
#define journal_log(priority, ...) journal_send((priority), NULL, NULL, 0, __VA_ARGS__)
