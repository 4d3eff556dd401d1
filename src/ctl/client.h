/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <systemd/sd-bus.h>

#include "ctl/options.h"
#include "json/reader.h"

/* The daemon, as poolctl reaches it. All these wait for answers; errors say what to do. */

/* How long a question may take that the daemon answers at once. */
#define CLIENT_TIMEOUT_USEC ((uint64_t)10 * 1000 * 1000)

/* Opens the bus that the options name. Returns 0, or negative with `error` set. */
int client_connect(const Options *options, sd_bus **ret, Error *error);

/* Turns an error from the bus, or a negative errno, into one of the table. Returns what error_set()
 * does. */
int client_error(const Options *options, const sd_bus_error *bus_error, int r, Error *error);

/* A call of a method of the manager object, not sent yet. Returns 0, or negative with `error` set.
 */
int client_new_call(sd_bus *bus, const char *member, sd_bus_message **ret, Error *error);

/*
 * Reads what the daemon says of itself, which may be longer than what it takes from others. Returns
 * 0, or negative with `error` set.
 */
int client_read_json(const char *text, json_object **ret, Error *error);

/* The statuses: of all pools, an array; of one, an object. Returns 0, or negative with `error` set.
 */
int client_describe_pools(const Options *options, sd_bus *bus, json_object **ret, Error *error);
int client_describe_pool(const Options *options, sd_bus *bus, const char *pool_id,
                         json_object **ret, Error *error);

/* Whether the word can be a pool's id. Returns 0, or -EINVAL with `error` set. */
int client_check_pool_id(const char *pool_id, Error *error);

/* A member of a status: its text, "" when it is null; its number, UINT64_MAX when it is null; its
 * truth. */
const char *status_string(json_object *status, const char *name);
uint64_t status_number(json_object *status, const char *name);
bool status_flag(json_object *status, const char *name);

#define _cleanup_bus_ _cleanup_(sd_bus_flush_close_unrefp)
