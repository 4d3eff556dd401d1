/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "base/error.h"

/*
 * Whether the sender of a call may do what it asks for. Root may, and so may the user that the
 * daemon runs as; about anybody else polkit is asked, on the system bus: the action
 * org.llamaorch.PoolManager1.<verb> with the details "pool" and "verb". Where polkit does not
 * answer, nobody else may. Nothing here waits.
 */
typedef struct Authorization Authorization;

/* To polkit at one time. The bus lets one connection wait for 128 answers in all, and those of the
 * service manager must not be lost; nor may one user keep the others from being asked about. */
enum {
    QUESTIONS_MAX = 32,
    QUESTIONS_OF_USER_MAX = 8,
};

struct DbusServer;

/* The outcome: `error` NULL is yes. Called once, from the loop; the authorization is gone then. */
typedef void (*AuthorizationFunc)(const Error *error, void *userdata);

/*
 * Asks about `call`, of which a reference is kept. `verb` ("preload") and `pool_id` must live as
 * long as the authorization. Returns 0 or negative errno.
 */
int authorization_start(struct DbusServer *s, sd_bus_message *call, const char *verb,
                        const char *pool_id, AuthorizationFunc f, void *userdata,
                        Authorization **ret);

/* Stops asking, and tells polkit so: the function is not called. Takes NULL, returns NULL. */
Authorization *authorization_free(Authorization *a);
