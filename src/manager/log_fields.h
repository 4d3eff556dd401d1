/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/pool.h"
#include "systemd/journal.h"

enum {
    LOG_FIELDS_MAX = 32, /* of one line */
    LOG_NUMBERS_MAX = 16,
};

/* The fields of one line about a pool. It points to the pool and to itself: neither may go or move
 * before the line is written. */
typedef struct LogFields {
    LogField items[LOG_FIELDS_MAX];
    size_t count;
    char numbers[LOG_NUMBERS_MAX][24];
    size_t numbers_count;
    char unit[PM_UNIT_NAME_MAX + 1];
} LogFields;

/* What stands in every line about a pool, as far as it is known. */
void log_fields_init(LogFields *f, const Pool *pool);

/* Another one, which a value of NULL leaves out. Too many are a bug and abort. */
void log_fields_add(LogFields *f, const char *name, const char *value, LogFieldType type);
void log_fields_add_number(LogFields *f, const char *name, uint64_t value);
