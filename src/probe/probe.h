/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/macros.h"
#include "base/usec.h"

/*
 * Health checks: GET over HTTP/1.x through libcurl's multi interface on the event loop. Never
 * blocks: numeric addresses and "localhost" (both loopback addresses are tried) need no lookup,
 * other names are looked up in a thread of libcurl's.
 */
typedef struct Prober Prober;
typedef struct Probe Probe;

typedef struct ProbeTarget {
    const char *host;    /* name or address; an IPv6 address without brackets */
    uint16_t port;       /* not 0 */
    const char *path;    /* starts with '/'; visible ASCII, PM_STRING_MAX bytes at most; may have a
                            query */
    usec_t timeout_usec; /* for the whole try, lookup to last byte of the header; not 0 */
} ProbeTarget;

/*
 * The end of a try. `good`: the answer's status was 200 (B-PRELOAD-012, B-PRELOAD-014: over
 * HTTP/1.0 or 1.1), and `error` is NULL. Else `error` says what was wrong, for people: "connection
 * refused", "answered with status 503", "no answer within 2 s". Neither good nor an `error`: there
 * was no try, for want of descriptors or memory of our own. The probe is gone when this is
 * called; do not free it. It may start other probes, cancel them, and free the prober.
 */
typedef void (*ProbeFunc)(bool good, const char *error, void *userdata);

/* Returns 0 or negative errno; -EOPNOTSUPP: this build of libcurl would block in name lookups. */
int prober_new(sd_event *event, Prober **ret);
/* Cancels what runs; their functions are not called. */
Prober *prober_free(Prober *p);

/*
 * Starts one try. It is decided at the end of the header: the body of the answer is not read.
 * Headers are bounded (64 KiB), redirects are not followed, no proxy is used, no signal is raised.
 * `f` is called once, never from within. Copies what it needs of `target`.
 *
 * Returns 0, -EINVAL (a target that breaks the rules above), or another negative errno.
 */
int probe_start(Prober *p, const ProbeTarget *target, ProbeFunc f, void *userdata, Probe **ret);

/* The function is called with this from now on. NULL is no probe. */
void probe_set_userdata(Probe *probe, void *userdata);

/* Cancels: the function is not called. Returns NULL. */
Probe *probe_free(Probe *probe);

DEFINE_CLEANUP(Prober *, prober_free)
