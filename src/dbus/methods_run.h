/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"

struct Command;

/*
 * What the methods do, with the lock of their row of the table held. Each answers the call, or has
 * the command wait for an operation; or returns negative errno, mostly with `error` set, and
 * nothing has changed. Arguments are in the command, checked for their size only.
 */

int run_preload(struct Command *c, Error *error);
int run_plan(struct Command *c, Error *error);
int run_stop(struct Command *c, Error *error);
int run_drain(struct Command *c, Error *error);
int run_reload(struct Command *c, Error *error);
int run_restart(struct Command *c, Error *error);
int run_deregister(struct Command *c, Error *error);

int run_register(struct Command *c, Error *error);
int run_set_resources(struct Command *c, Error *error);
int run_update(struct Command *c, Error *error);
int run_register_handoff(struct Command *c, Error *error);
int run_heartbeat(struct Command *c, Error *error);
int run_reset_breaker(struct Command *c, Error *error);
int run_allow_restart(struct Command *c, Error *error);

int run_acquire_lease(struct Command *c, Error *error);
int run_release_lease(struct Command *c, Error *error);
int run_release_anonymous_lease(struct Command *c, Error *error);

int run_open_logs(struct Command *c, Error *error);
int run_get_health(struct Command *c, Error *error);
int run_describe_pool(struct Command *c, Error *error);
int run_get_pool(struct Command *c, Error *error);
int run_list_pools(struct Command *c, Error *error);
int run_describe(struct Command *c, Error *error);
int run_describe_configuration(struct Command *c, Error *error);
int run_get_operation(struct Command *c, Error *error);
int run_describe_devices(struct Command *c, Error *error);
int run_list_events(struct Command *c, Error *error);
