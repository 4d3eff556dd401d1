/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "core/classify.h"
#include "core/unit_plan.h"

/*
 * Programs that run once, each as a transient unit of Type=oneshot with RemainAfterExit=yes: so its
 * end can still be read by the next run of the daemon, and none is left once it was read.
 * Everything is asynchronous; calls that may have been lost are made again, and after the service
 * manager was away all units are read again.
 */
typedef struct Oneshots Oneshots;
typedef struct Oneshot Oneshot;

/*
 * How it ended. `end` is NULL when it did not run, or nobody knows how it ended: then `error_text`
 * says why, for people. The unit is gone by now, and so is the Oneshot when this returns. Called
 * from the loop only.
 */
typedef void (*OneshotFunc)(const UnitEnd *end, const char *error_text, void *userdata);

/* For units whose names begin with `prefix`. `bus` must outlive it. Returns 0 or negative errno. */
int oneshots_new(sd_bus *bus, const char *prefix, Oneshots **ret);

/* The units live on. */
Oneshots *oneshots_free(Oneshots *all);

/*
 * Starts the unit, or, where there is one of that name already, waits for that one. Returns 0;
 * -EINVAL for a name with another prefix, -EEXIST when it is waited for already, -ENOMEM, or what
 * sd-bus says.
 */
int oneshot_start(Oneshots *all, const UnitPlan *plan, OneshotFunc f, void *userdata,
                  Oneshot **ret);

/* Both return NULL, and the function is not called any more. The unit is stopped and removed: */
Oneshot *oneshot_cancel(Oneshot *o);
/* It lives on: */
Oneshot *oneshot_forget(Oneshot *o);

/* Stops and removes the units that nobody waits for, and that `is_wanted` does not want, by the
 * time the service manager lists them. Returns 0 or negative errno of sd-bus. */
typedef bool (*OneshotWantedFunc)(const char *unit, void *userdata);
int oneshots_sweep(Oneshots *all, OneshotWantedFunc is_wanted, void *userdata);

DEFINE_CLEANUP(Oneshots *, oneshots_free)
