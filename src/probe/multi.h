/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>
#include <systemd/sd-event.h>

#include "base/macros.h"

/* libcurl's multi interface on an event loop, which says when a socket is ready and time is up. */
typedef struct Multi Multi;

/*
 * A transfer ended, and `easy` is no longer part of the multi. Called from the loop, never from
 * within multi_add() or multi_remove(), neither of which may be called from it.
 */
typedef void (*MultiFunc)(CURL *easy, CURLcode code, void *userdata);

/*
 * There was no memory, or the kernel had no room for another socket, and libcurl does not say whose
 * transfer that has left without an end: all are to be removed now, or they may never end.
 */
typedef void (*MultiFailedFunc)(void *userdata);

/* Returns 0 or negative errno; -EOPNOTSUPP: this libcurl blocks on name lookups. */
int multi_new(sd_event *event, MultiFunc f, MultiFailedFunc failed, void *userdata, Multi **ret);
/* All transfers must have been removed. Returns NULL. */
Multi *multi_free(Multi *m);

/* Starts the transfer. Returns 0 or negative errno. */
int multi_add(Multi *m, CURL *easy);
/* Ends it; the function is not called for it. */
void multi_remove(Multi *m, CURL *easy);

DEFINE_CLEANUP(Multi *, multi_free)
