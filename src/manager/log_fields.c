/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/log_fields.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/unit_name.h"

void log_fields_add(LogFields *f, const char *name, const char *value, LogFieldType type)
{
    if (!value)
        return;
    if (f->count >= LOG_FIELDS_MAX)
        abort();
    f->items[f->count++] = (LogField){name, value, type};
}

void log_fields_add_number(LogFields *f, const char *name, uint64_t value)
{
    char *text;

    if (f->numbers_count >= LOG_NUMBERS_MAX)
        abort();
    text = f->numbers[f->numbers_count++];
    (void)snprintf(text, sizeof(f->numbers[0]), "%" PRIu64, value);
    log_fields_add(f, name, text, LOG_FIELD_NUMBER);
}

static void add_text(LogFields *f, const char *name, const char *value)
{
    log_fields_add(f, name, value && value[0] ? value : NULL, LOG_FIELD_TEXT);
}

static void add_count(LogFields *f, const char *name, uint64_t value)
{
    if (value > 0)
        log_fields_add_number(f, name, value);
}

void log_fields_init(LogFields *f, const Pool *pool)
{
    const EngineSpec *spec = pool->spec;

    *f = (LogFields){.count = 0};
    if (spec && pool->generation && !pool->external)
        unit_name_format(pool->id, spec->replica_id, pool->generation, f->unit);
    add_text(f, "POOL_ID", pool->id);
    add_count(f, "POOL_GENERATION", pool->generation);
    /* Lets "journalctl -u UNIT" show what we say of it, systemd.journal-fields(7). */
    add_text(f, "OBJECT_SYSTEMD_UNIT", f->unit);
    add_text(f, "ENGINE", spec ? spec->engine : NULL);
    add_text(f, "ENGINE_VERSION", pool->meta.engine_version);
    add_text(f, "DEVICE_MASK", pool->meta.device_mask);
    add_text(f, "MODEL_ID", spec ? spec->model_id : NULL);
    add_count(f, "CRASH_COUNT", pool->crash_count);
    add_count(f, "RESTART_COUNT", pool->supervision.restart_count);
    if (pool->supervision.pending) {
        log_fields_add_number(f, "BACKOFF_MS", usec_to_ms(pool->supervision.delay_usec));
        log_fields_add_number(f, "NEXT_RESTART_AT", usec_to_ms(pool->supervision.due.real));
    }
    add_count(f, "ACTIVE_LEASES", pool->leases.count);
    add_text(f, "LAST_ERROR", pool->last_error);
    if (pool->last_error)
        add_text(f, "LAST_ERROR_CLASS", failure_class_to_string(pool->last_error_class));
    add_text(f, "CORRELATION_ID", pool->correlation_id);
}
