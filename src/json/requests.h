/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"
#include "core/handoff.h"
#include "core/lease.h"
#include "core/pool_update.h"
#include "core/reload.h"

/*
 * The bodies of the smaller requests. All are strict as json_read() is; an empty text is an empty
 * object where nothing is required. `ret_warnings` (NULL allowed) gets sentences about unknown
 * fields. Each returns 0, -EINVAL with `error` naming the field, or -ENOMEM with `error` set.
 */

/* PATCH of a pool. Free it with pool_meta_done(&ret->meta), on success only. */
int pool_update_parse(const char *text, size_t length, PoolUpdate *ret, char ***ret_warnings,
                      Error *error);

/*
 * A handoff. `pool_id` is the one of the request, which the body's must equal; NULL: the body's, or
 * the default.
 */
int handoff_parse(const char *text, size_t length, const char *pool_id, Handoff **ret,
                  char ***ret_warnings, Error *error);

/* {owner?, ttl_ms?} */
typedef struct LeaseBody {
    char *owner; /* NULL: anonymous */
    uint64_t ttl_ms;
} LeaseBody;
int lease_body_parse(const char *text, size_t length, LeaseBody *ret, char ***ret_warnings,
                     Error *error);
void lease_body_done(LeaseBody *body);

/* {timestamp_ms?}; *ret_ms is SPEC_UNSET when it is left out. */
int heartbeat_parse(const char *text, size_t length, uint64_t *ret_ms, char ***ret_warnings,
                    Error *error);

/* How long leases are waited for, at most. */
#define DRAIN_MS_MAX ((uint64_t)24 * 60 * 60 * 1000)

/* {deadline_ms?}; *ret_ms is SPEC_UNSET when it is left out. */
int drain_parse(const char *text, size_t length, uint64_t *ret_ms, char ***ret_warnings,
                Error *error);

/*
 * {new_model_ref, drain_deadline_ms?, prepared?, strategy?} of the pool of the request. `prepared`
 * is read and refused as json/prepared_engine.h has it; *ret_deadline_ms is SPEC_UNSET when it is
 * left out.
 */
int reload_parse(const char *text, size_t length, const char *pool_id, ReloadRequest **ret,
                 uint64_t *ret_deadline_ms, char ***ret_warnings, Error *error);

/* A request without parameters: the text must be empty or an object. */
int empty_body_parse(const char *text, size_t length, char ***ret_warnings, Error *error);
