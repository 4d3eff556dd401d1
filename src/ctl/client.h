/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "ctl/fields.h"
#include "ctl/options.h"
#include "json/reader.h"

/* The daemon, as poolctl reaches it. All these wait for answers; errors say what to do. */

/* How long the daemon may take for what it answers at once; and when somebody may have to type a
 * password first. */
#define CLIENT_TIMEOUT_USEC     ((uint64_t)10 * 1000 * 1000)
#define CLIENT_ACT_TIMEOUT_USEC ((uint64_t)240 * 1000 * 1000)

/* Opens the bus that the options name. Returns 0, or negative with `error` set. */
int client_connect(const Options *options, sd_bus **ret, Error *error);

/* Turns an error from the bus, or a negative errno, into one of the table. Returns what error_set()
 * does. */
int client_error(const Options *options, const sd_bus_error *bus_error, int r, Error *error);

typedef enum CallKind {
    CALL_LOOK, /* looking does not start a daemon that is down */
    CALL_ACT,  /* the caller may be asked for a password */
} CallKind;

/* A call of a method of the manager object, not sent yet. Returns 0, or negative with `error` set.
 */
int client_new_call(sd_bus *bus, CallKind kind, const char *member, sd_bus_message **ret,
                    Error *error);

/*
 * Calls a method of the manager object and waits for its reply. `types` and what follows are its
 * arguments, as sd_bus_message_append() takes them. Returns 0, or negative with `error` set.
 */
int client_call(const Options *options, sd_bus *bus, CallKind kind, sd_bus_message **ret_reply,
                Error *error, const char *member, const char *types, ...);

/*
 * The loop of a command that waits: the default one, with the bus attached. SIGINT and SIGTERM are
 * blocked, so that they can be sources. Returns 0 or negative errno.
 */
int client_loop(sd_bus *bus, sd_event **ret);
/* Calls `f` on SIGINT and SIGTERM. Returns 0 or negative errno. */
int client_on_interrupt(sd_event *event, sd_event_signal_handler_t f, void *userdata);

/* Calls `on_signal` for each signal `member` of the manager object, and `on_owner` when another
 * process, or none, is the daemon from then on. Returns 0 or negative errno. */
int client_watch(sd_bus *bus, const char *member, sd_bus_message_handler_t on_signal,
                 sd_bus_message_handler_t on_owner, void *userdata);

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

/* The daemon's configuration, as an object. Returns 0, or negative with `error` set. */
int client_describe_configuration(const Options *options, sd_bus *bus, json_object **ret,
                                  Error *error);

/* How the operation is, as an object. Returns 0, or negative with `error` set. */
int client_describe_operation(const Options *options, sd_bus *bus, uint64_t id, json_object **ret,
                              Error *error);

/* What is known of the GPUs, as an object. Returns 0, or negative with `error` set. */
int client_describe_devices(const Options *options, sd_bus *bus, json_object **ret, Error *error);

/* What a preload with that body would do, as an object. Returns 0, or negative with `error` set. */
int client_plan(const Options *options, sd_bus *bus, const char *pool_id, const char *prepared,
                json_object **ret, Error *error);

/* The object of a pool. Returns 0, or negative errno. */
int client_pool_path(const char *pool_id, char **ret);

/* Whether the word can be a pool's id. Returns 0, or -EINVAL with `error` set. */
int client_check_pool_id(const char *pool_id, Error *error);

#define _cleanup_bus_ _cleanup_(sd_bus_flush_close_unrefp)
