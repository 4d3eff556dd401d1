/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/pool.h"

typedef enum StatusType {
    STATUS_STRING, /* const char *, NULL: unset */
    STATUS_BOOL,   /* bool, never unset */
    STATUS_NUMBER, /* uint64_t, SPEC_UNSET: unset */
    STATUS_OBJECT, /* const char *, the text of a JSON object; NULL: unset */
} StatusType;

/* One field of a status: contract, section "Status". */
typedef struct StatusValue {
    const char *name;     /* on the wire, snake_case */
    const char *property; /* on the bus, CamelCase */
    StatusType type;
    unsigned name_length; /* of `name` */
    union {
        const char *string; /* STRING and OBJECT */
        bool boolean;
        uint64_t number;
    };
} StatusValue;

enum { STATUS_FIELDS = 36 };

/* A status: its strings live as long as the pool is not changed, or in the struct itself. */
typedef struct PoolStatus {
    StatusValue values[STATUS_FIELDS];
    char unit_name[PM_UNIT_NAME_MAX + 1];
    char url[PM_STRING_MAX];
    char load[96];
    char relaxed[SANDBOX_TEXT_MAX];
} PoolStatus;

/* What the outside sees of a pool at `now`. The fields stand in the order of the contract. */
void pool_status(const Pool *pool, Instant now, PoolStatus *ret);

/* The value named `name` on the wire, or NULL when there is no such field. */
const StatusValue *pool_status_find(const PoolStatus *status, const char *name);

/* How much of its model a starting engine has read: 0 to 99; SPEC_UNSET: not known, or not
 * starting. */
uint64_t pool_load_percent(const Pool *pool);

/* "http://host:port" of the spec's engine, an IPv6 host in brackets. */
void spec_url(const EngineSpec *spec, char *buffer, size_t size);
