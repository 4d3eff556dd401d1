/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/text.h"
#include "base/usec.h"
#include "systemd/journal.h"

enum {
    LOG_VALUE_MAX = 8 * 1024 /* bytes of a message or a field; the rest is cut, with a mark */
};

/* One log entry, before it is put into words. */
typedef struct LogEntry {
    int priority; /* LOG_EMERG … LOG_DEBUG */
    const char *message;
    const char *message_id; /* NULL: none */
    usec_t real_usec;
    const LogField *fields;
    size_t n_fields;
} LogEntry;

/* "err", "warning", … as journalctl -p takes them. */
const char *log_level_to_string(int priority);

/* Appends the entry as one line, the newline included: a JSON object, or for people. */
void log_entry_append_json(Text *t, const LogEntry *e);
void log_entry_append_text(Text *t, const LogEntry *e);

/* The parts that lines are made of. The moment: RFC 3339, UTC, milliseconds. */
void log_append_timestamp(Text *t, usec_t real_usec);
/* `s` with control characters escaped and bytes that are no UTF-8 replaced by U+FFFD: for people,
 * and as a JSON string with its quotes. */
void log_append_plain(Text *t, const char *s);
void log_append_json_string(Text *t, const char *s);
/* A value of an entry: as log_append_plain(), but what is too long is cut, and LOG_FIELD_LINES keep
 * tabs and the ends of their lines. */
void log_append_value(Text *t, const char *s, LogFieldType type);
