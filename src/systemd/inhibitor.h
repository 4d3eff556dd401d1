/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "base/macros.h"
#include "base/usec.h"

/*
 * A delay inhibitor of logind (systemd-inhibit(1)): while it is held, the shutdown of the host
 * waits for us, for as long as logind's InhibitDelayMaxSec= allows. A host without logind is as
 * good: its shutdown does not wait. logind is not started for it; it is asked once it is there.
 */
typedef struct Inhibitor Inhibitor;

/*
 * The host is about to shut down, held up by delay inhibitors for at most `delay_max_usec`; or,
 * with `begins` false, it does not shut down after all.
 */
typedef void (*ShutdownFunc)(bool begins, usec_t delay_max_usec, void *userdata);

/* `bus`, the system's, must outlive the inhibitor, which is not held as yet. Returns 0 or negative
 * errno. */
int inhibitor_new(sd_bus *bus, ShutdownFunc f, void *userdata, Inhibitor **ret);
Inhibitor *inhibitor_free(Inhibitor *i);

/*
 * Asks logind for it, in the background, until inhibitor_release(). That it is refused is logged;
 * it is asked for again when logind is there again, or when a shutdown was called off. Both do
 * nothing when it is so already.
 */
void inhibitor_take(Inhibitor *i);
void inhibitor_release(Inhibitor *i);

DEFINE_CLEANUP(Inhibitor *, inhibitor_free)
